"""A log that goes through a pipe or a file comes back as it was, and nothing else is believed."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convstep.recording.columns import UnsayableError, column
from convstep.recording.forms import DEEPEST
from convstep.recording.transfer import made_of, packed, unpacked
from tests.strategies import SELDOM

NUMBERS = st.sampled_from(["<f4", ">f8", "<i2", "u1", "?", "<c16"])
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.binary()
    | arrays.arrays(NUMBERS, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0))
    | arrays.arrays("<f4", ()).map(lambda array: array[()]),
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=40,
)


def identical(one: Any, other: Any) -> bool:
    """Whether two values are the same to the bit, and of the same kinds."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (np.ndarray, np.generic)):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict):
        return identical([*one.items()], [*other.items()])
    if isinstance(one, (float, complex)):
        return np.asarray(one).tobytes() == np.asarray(other).tobytes()
    return bool(one == other)


def arrays_of(value: Any) -> dict[str, Any]:
    """A value as arrays that can be written."""
    return {name: np.array(array) for name, array in packed(column([value])).items()}


@SELDOM
@given(PLAIN)
def test_what_was_packed_comes_back_to_the_bit(value: Any) -> None:
    held = arrays_of(value)
    assert all(array.dtype == np.uint8 for array in held.values())
    file = io.BytesIO()
    np.savez(file, **held)
    file.seek(0)
    with np.load(file, allow_pickle=False) as read:
        (again,) = unpacked(dict(read))
        assert identical(again[0], value)


@given(PLAIN, st.data())
def test_whatever_was_damaged_is_a_value_error_or_another_value(value: Any, data: st.DataObject) -> None:
    held = arrays_of(value)
    name = data.draw(st.sampled_from(sorted(held)))
    array = held[name]
    match data.draw(st.sampled_from(["gone", "shorter", "other", "axes", "table", "specs"])):
        case "gone":
            del held[name]
        case "shorter":
            held[name] = array[:-1]
        case "other":
            held[name] = data.draw(arrays.arrays(array.dtype, array.shape))
        case "axes":
            held[name] = array.reshape(1, -1)
        case "table":
            form, table, specs = json.loads(held["form"].tobytes())
            if table:
                row = data.draw(st.sampled_from(table))
                row[data.draw(st.sampled_from([0, 1]))] = data.draw(LIES)
            held["form"] = np.frombuffer(json.dumps([form, table, specs]).encode(), np.uint8)
        case _:
            form, table, specs = json.loads(held["form"].tobytes())
            data.draw(st.sampled_from([*_lists(specs)]))[0] = data.draw(LIES)
            held["form"] = np.frombuffer(json.dumps([form, table, specs]).encode(), np.uint8)
    with contextlib.suppress(ValueError):
        for each in unpacked(held):
            made_of(each)


LIES: st.SearchStrategy[Any] = st.sampled_from(
    [-1, 0, 1, 7, 2**40, 2**70, 0.5, None, "", "O", "<U9", "V0", "<i8", "|u1", "rows", "lists", "mixed", []]
)
"""What somebody may write who means no good."""


def _lists(value: Any) -> Iterator[list[Any]]:
    if type(value) is list and value:
        yield value
        for each in value:
            yield from _lists(each)


def test_a_count_that_lies_takes_no_room() -> None:
    held = arrays_of([(), [], {}, None])
    form, table, specs = json.loads(held["form"].tobytes())
    for row in table:
        row[1] = 1 << 45
    held["form"] = np.frombuffer(json.dumps([form, table, specs]).encode(), np.uint8)
    with pytest.raises(ValueError, match="no plain value"):
        unpacked(held)


@pytest.mark.parametrize("value", [object(), {1, 2}, [np.array([object()])], [len], [1, [slice(3)]]])
def test_what_has_no_plain_form_is_refused(value: Any) -> None:
    with pytest.raises(UnsayableError):
        column([value])


def test_values_that_lie_too_deep_are_refused() -> None:
    value: list[Any] = []
    for _ in range(DEEPEST):
        value = [value]
    with pytest.raises(UnsayableError):
        column([value])


def test_a_text_that_repeats_is_kept_once() -> None:
    held = arrays_of(["a long text that stands in every step"] * 1000)
    assert sum(array.nbytes for array in held.values()) < 6000


@SELDOM
@given(st.lists(PLAIN, max_size=40), st.data())
def test_a_part_of_a_column_is_that_part_of_its_values(values: list[Any], data: st.DataObject) -> None:
    (again,) = unpacked({name: np.array(array) for name, array in packed(column(values)).items()})
    low = data.draw(st.integers(0, len(values)))
    high = data.draw(st.integers(low, len(values)))
    for each in (column(values), again):
        assert len(each) == len(values)
        assert identical(each[low:high], values[low:high])
        assert identical([each[at] for at in range(len(each))], values)
        assert identical(list(each), values)
