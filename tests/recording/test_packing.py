"""A log that goes through a pipe or a file comes back as it was, and nothing else is believed."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convstep.recording.packing import UnsayableError, packed
from convstep.recording.plain import DEEPEST
from convstep.recording.unpacking import unpacked

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


@given(PLAIN)
def test_what_was_packed_comes_back_to_the_bit(value: Any) -> None:
    held = packed(value)
    assert all(array.dtype.kind in "iuf" for array in held.values())
    file = io.BytesIO()
    np.savez(file, **held)  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file, allow_pickle=False) as read:
        assert identical(unpacked(dict(read)), value)


@given(PLAIN, st.data())
def test_whatever_was_damaged_is_a_value_error_or_another_value(value: Any, data: st.DataObject) -> None:
    held = packed(value)
    name = data.draw(st.sampled_from(sorted(held)))
    array = held[name]
    match data.draw(st.sampled_from(["gone", "shorter", "other", "axes"])):
        case "gone":
            del held[name]
        case "shorter":
            held[name] = array[:-1]
        case "other":
            held[name] = data.draw(arrays.arrays(array.dtype, array.shape))
        case _:
            held[name] = array.reshape(1, -1)
    with contextlib.suppress(ValueError):
        unpacked(held)


@pytest.mark.parametrize("value", [object(), {1, 2}, [np.array([object()])], [len], [1, [slice(3)]]])
def test_what_has_no_plain_form_is_refused(value: Any) -> None:
    with pytest.raises(UnsayableError):
        packed(value)


def test_values_that_lie_too_deep_are_refused() -> None:
    value: list[Any] = []
    for _ in range(DEEPEST):
        value = [value]
    with pytest.raises(UnsayableError):
        packed(value)


def test_a_text_that_repeats_is_kept_once() -> None:
    held = packed(["a long text that stands in every step"] * 1000)
    assert sum(array.nbytes for array in held.values()) < 6000
