"""Cells as NumPy writes them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.lessons.errors import LessonError
from convstep.lessons.page_place import face_of, on_face
from convstep.lessons.tensors import (
    array_shape,
    in_padding,
    name_example,
    parse_cell,
    parse_cells,
    shapes,
    untouched,
)
from tests.strategies import problems, tried

PROBLEM = Problem(
    np.ones((5, 4, 2)), np.ones((3, 2, 3, 2)), np.ones(3), None, padding=((1, 0), (0, 2)), stride=2
)


@st.composite
def slices(draw: st.DrawFn, length: int) -> str:
    def end() -> str:
        return draw(st.sampled_from(["", *map(str, range(-length, length + 1))]))

    step = draw(st.sampled_from(["", ":", ":1", ":2", ":3"]))
    return draw(st.sampled_from([f"{end()}:{end()}{step}", str(draw(st.integers(-length, length - 1)))]))


@given(problems(), st.data())
@settings(max_examples=tried(200))
def test_cells_are_those_that_numpy_takes(problem: Problem, data: st.DataObject) -> None:
    names = [*shapes(problem), "A_prev", "dA_prev"]
    name = data.draw(st.sampled_from(names))
    shape = array_shape(name, problem)
    assert shape is not None
    parts = [data.draw(slices(n)) for n in shape[: data.draw(st.integers(1, len(shape)))]]
    text = f"{name}[{', '.join(parts)}]"
    numbers = np.arange(np.prod(shape)).reshape(shape)
    taken = set(np.atleast_1d(eval(f"numbers[{', '.join(parts)}]", {"numbers": numbers})).ravel().tolist())
    if not taken:
        with pytest.raises(LessonError, match="selects none"):
            parse_cells(text, problem, 1)
        return
    cells = parse_cells(text, problem, 1)
    if name.endswith("A_prev"):
        crop = (..., *problem.geometry.crop, slice(None))
        padded = np.full(problem.A_prev_pad.shape, -1)
        padded[crop] = numbers
        assert cells.tensor == f"{name}_pad"
        numbers = padded
    assert {numbers[index] for index in cells.indices} == taken
    assert len(cells.indices) == len(taken)


@given(problems())
@settings(max_examples=tried(60))
def test_untouched_cells_get_nothing_and_padding_is_what_the_crop_leaves_out(problem: Problem) -> None:
    ones = problem.with_arrays(W=np.ones_like(problem.W), dZ=np.ones_like(problem.dZ))
    timeline = Timeline(ones)
    timeline.seek(timeline.total)
    assert untouched(problem.geometry) == {
        tuple(map(int, at)) for at in np.argwhere(timeline.dA_prev_pad == 0)
    }
    timeline.dA_prev[...] = -1
    assert in_padding(problem.geometry) == {
        tuple(map(int, at)) for at in np.argwhere(timeline.dA_prev_pad != -1)
    }


@given(problems())
@settings(max_examples=tried(40))
def test_the_example_of_a_cell_exists_and_is_on_its_own_face(problem: Problem) -> None:
    tensor, index = parse_cell(name_example(problem), problem, 1)
    assert on_face(index, face_of(tensor, index))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dX[0]", "'dX[0]' does not name cells; write dA_prev_pad[1, 1, 0], or one of"),
        ("Z", "'Z' does not name cells"),
        ("", "'' does not name cells"),
        ("dW[0", "does not name cells"),
        ("dW[0]]", "does not name cells"),
        ("dW[0, 0, 0, 0, 0]", "has 5 indices, but dW has 4 axes"),
        ("dW[3]", "does not exist: 3 is out of range, it goes from 0 to 2"),
        ("dW[-4]", "does not exist: -4 is out of range"),
        ("dW[1:1]", "'1:1' in 'dW[1:1]' selects none of the 3 cells"),
        ("dW[::0]", "selects none"),
        ("dW[0,,1]", "'' in 'dW[0,,1]' is not an index"),
        ("dW[i_c]", "'i_c' in 'dW[i_c]' is not an index"),
        ("dW[1.5]", "is not an index"),
        ("dW[...]", "is not an index"),
        ("dW[9999999]", "is not an index"),
    ],
)
def test_what_are_no_cells_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(LessonError, match=re.escape(sentence)) as caught:
        parse_cells(text, PROBLEM, 42)
    assert caught.value.line == 42


def test_too_many_cells_are_refused() -> None:
    problem = Problem(np.ones((150, 150, 1)), np.ones((1, 1, 1, 1)), None, None)
    with pytest.raises(LessonError, match="is more than 20,000 cells"):
        parse_cells("dZ", problem, 1)


def test_without_a_bias_there_is_no_db() -> None:
    with pytest.raises(LessonError, match="does not name cells"):
        parse_cells("db[0]", Problem(np.ones((3, 3, 1)), np.ones((1, 2, 2, 1)), None, None), 1)


def test_one_cell_needs_all_its_numbers() -> None:
    assert parse_cell("dA_prev[ 0 ,-1, 1]", PROBLEM, 1) == ("dA_prev_pad", (1, 3, 1))
    with pytest.raises(LessonError, match="is not a single cell"):
        parse_cell("dW[0, 0, 0]", PROBLEM, 1)


def test_cells_have_a_name() -> None:
    assert str(parse_cells("db[1]", PROBLEM, 1)) == "db[1]"
    assert str(parse_cells("db", PROBLEM, 1)) == "3 cells of db"
