"""Edits: what may be typed for a number, and what is in force after edits were made and taken back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.replay.edits import Edit, Edits, number_of, plain, put, same


@pytest.mark.parametrize(
    ("text", "dtype", "value"),
    [
        ("0.1", "float32", np.float32(0.1)),
        ("-3/4", "float64", -0.75),
        ("2 * -3 + 1", "float64", -5.0),
        ("-0", "float64", -0.0),
        ("-inf", "float32", -math.inf),
        ("9007199254740993", "int64", 9007199254740993),
        ("255", "uint8", 255),
        ("6/2", "int32", 3),
        ("True", "bool", True),
    ],
)
def test_a_number_is_held_as_the_array_holds_it(text: str, dtype: str, value: Any) -> None:
    held = number_of(text, np.dtype(dtype))
    assert same(held, np.dtype(dtype).type(value))


@pytest.mark.parametrize(
    ("text", "dtype", "said"),
    [
        ("1e39", "float32", "the array is float32: apart from 0, nan and inf it holds magnitudes from"),
        ("1e-60", "float32", "the array is float32"),
        ("1e5", "float16", "the array is float16"),
        ("256", "uint8", "the array is uint8: it holds whole numbers from 0 to 255"),
        ("0.5", "int64", "the array is int64"),
        ("nan", "int64", "the array is int64"),
        ("2", "bool", "the array is bool: it holds whole numbers from 0 to 1"),
        ("1/0", "float64", "it divides by 0"),
        ("1 < 2", "float64", "a number is wanted"),
        ("", "float64", "nothing was typed; a number looks like"),
        ("nought", "float64", "no such name; a number looks like 0.5, -3/4, nan"),
        ("__import__('os')", "float64", "no such function"),
    ],
)
def test_what_is_no_number_or_cannot_be_held_is_refused_in_a_sentence(
    text: str, dtype: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        number_of(text, np.dtype(dtype))


@given(st.floats(), st.sampled_from(["float16", "float32", "float64"]))
def test_a_number_in_full_is_read_as_the_same_number(value: float, dtype: str) -> None:
    with np.errstate(all="ignore"):
        held = np.dtype(dtype).type(value)
    back = number_of(plain(held), np.dtype(dtype))
    assert same(back, held) or (np.isnan(back) and np.isnan(held))


@given(
    st.lists(st.tuples(st.sampled_from(["edit", "back", "on"]), st.integers(0, 3), st.integers(-2, 2))),
)
def test_what_is_in_force_is_what_was_written_into_the_array(steps: list[tuple[str, int, int]]) -> None:
    """An array that is written into, with a copy kept before each write, is the model."""
    original = np.zeros(4)
    edits, states, at = Edits(), [original], 0
    for what, cell, number in steps:
        if what == "edit":
            now = states[at].copy()
            edits = edits.with_edit(Edit("x", (cell,), now[cell], np.float64(number)))
            now[cell] = number
            states, at = [*states[: at + 1], now], at + 1
        elif what == "back" and edits.made:
            edits, at = edits.back(), at - 1
        elif what == "on" and edits.undone:
            edits, at = edits.on(), at + 1
    assert put(original, edits.numbers.get("x", {})).tobytes() == states[at].tobytes()
    assert edits.count == sum(one != other for one, other in zip(states[at], original, strict=True))
    assert len(edits.undone) == len(states) - 1 - at
