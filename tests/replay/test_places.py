from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from convstep.examples import catalog
from convstep.replay.places import example_place, parse_place, place_argument
from tests.strategies import problems

DIGIT = catalog.load("digit").geometry
BATCH = Problem(np.ones((3, 5, 6, 2)), np.ones((4, 2, 2, 2)), None, None).geometry


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("0", 0), ("137", 137), ("256", 256), ("  12 ", 12), ("007", 7),
        ("start", 0), ("end", 256), (" END ", 256), ("Start", 0),
        ("0%", 0), ("100%", 256), ("50%", 128), ("12.5 %", 32), ("53%", 136), ("0.1%", 0),
        ("0,0,0", 1), ("4,2,0", 137), ("4, 2, 0", 137), ("(4, 2, 0)", 137), ("4 2 0", 137), ("7,7,3", 256),
        ("4,2", 137), ("4,", None), ("1,0", 33), ("0,0,1,2", 7),
    ],
)  # fmt: skip
def test_every_form_of_a_place(text: str, position: int | None) -> None:
    if position is None:
        with pytest.raises(ValueError, match="is not a place"):
            parse_place(text, DIGIT)
    else:
        assert parse_place(text, DIGIT) == position


@pytest.mark.parametrize(
    ("text", "position"), [("0,0,0,0", 1), ("1,0,0,0", 81), ("2,3,4,3", 240), ("1,2", 121), ("1,0,1", 85)]
)
def test_with_a_batch_the_sample_comes_first(text: str, position: int) -> None:
    assert BATCH.total_steps == 240
    assert parse_place(text, BATCH) == position


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("257", ["257", "256"]),
        ("101%", ["101%", "256"]),
        ("8,0,0", ["i_h is 8", "0 to 7"]),
        ("0,9,0", ["i_w is 9", "0 to 7"]),
        ("0,0,4", ["i_c is 4", "0 to 3"]),
        ("1,0,0,0", ["i_n is 1", "0 to 0"]),
        ("1,2,3,4,5", ["5 numbers", "3: i_h, i_w, i_c"]),
        ("", ["''", "0 to 256"]),
        ("-1", ["'-1'", "0 to 256"]),
        ("four", ["'four'", "0 to 256", "4,0,0"]),
        ("9" * 5000, ["is not a place"]),
        ("9" * 400 + "%", ["is not a place"]),
        ("0," + "9" * 5000, ["is not a place"]),
        ("1.5", ["'1.5'", "0 to 256"]),
        ("1,x", ["'1,x'", "0 to 256"]),
        ("nan%", ["'nan%'", "256"]),
    ],
)
def test_errors_name_what_was_asked_and_what_there_is(text: str, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the words are checked below
        parse_place(text, DIGIT)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "words"), [("3,0", ["i_n is 3", "0 to 2"]), ("0,4", ["i_h is 4", "0 to 3"])]
)
def test_errors_with_a_batch(text: str, words: list[str]) -> None:
    with pytest.raises(ValueError, match="it goes from") as caught:
        parse_place(text, BATCH)
    assert all(word in str(caught.value) for word in words)


def geometry_of(problem: Problem) -> Geometry:
    return problem.geometry


@given(problems().map(geometry_of), st.data())
def test_argument_leads_back_to_its_position(geometry: Geometry, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, geometry.total_steps))
    assert parse_place(place_argument(position, geometry), geometry) == position


@given(problems().map(geometry_of))
def test_example_is_a_place_of_this_very_loop(geometry: Geometry) -> None:
    assert 1 <= parse_place(example_place(geometry), geometry) <= geometry.total_steps


@given(problems().map(geometry_of), st.text(max_size=12))
def test_anything_typed_is_a_place_or_a_sentence(geometry: Geometry, text: str) -> None:
    position = 0
    with contextlib.suppress(ValueError):
        position = parse_place(text, geometry)
    assert 0 <= position <= geometry.total_steps
