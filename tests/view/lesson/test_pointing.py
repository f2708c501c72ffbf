"""Marks on panels: what a lesson points at and what a learner chose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.lessons.lesson import PagePlace
from convstep.lessons.questions import CellsQuestion
from convstep.lessons.tensors import Cells, parse_cells, shapes
from convstep.operators.operator import OperatorProblem
from convstep.operators.registry import operator_named
from convstep.view.grid.faces import face
from convstep.view.grid.panel import Cell, Panel
from convstep.view.lesson.pointing import (
    CHOSEN,
    MISSED,
    POINTED,
    SURPLUS,
    Marks,
    pointed,
    pointed_at,
    show_faces,
    with_chosen,
)
from convstep.view.panels.conv2d_cells import cell_of, panel_of
from convstep.view.panels.recording import RecordingStage
from convstep.view.panels.stage import Stage
from tests.lessons.texts import question
from tests.strategies import problems, tried


def test_a_place_in_a_recording_brings_in_what_it_points_at_and_turns_to_its_face() -> None:
    x, ones = np.arange(16.0).reshape(2, 2, 2, 2), np.ones(2)
    problem = OperatorProblem({"x": x, "gamma": ones, "beta": 0 * ones}, {"dout": x**2}, {"eps": 1.0})
    stage = RecordingStage(operator_named("batch-norm").record(problem))
    stage.recording.seek(stage.recording.total)
    assert "x" not in {panel.face.name for panel in stage.scene().panels}
    show_faces(stage, PagePlace(14, marks=(Cells("x", ((1, 0, 1, 1),)),), focus="dout"))
    shown = {panel.face.name: panel for panel in stage.scene().panels}
    assert {"x", "dout"} <= {*shown}
    assert shown["x"].face.find((1, 0, 1, 1)) == (1, 1)
    assert pointed_at(stage, shown["x"], Cell(1, 0)) == ("x", (1, 0, 1, 0))
    show_faces(stage, PagePlace(14))
    assert "x" not in {panel.face.name for panel in stage.scene().panels}


def cells_question() -> CellsQuestion:
    found = question("```ask cells\non: dA_prev_pad\n```")
    assert isinstance(found, CellsQuestion)
    return found


def test_marks_are_by_tensor_and_index() -> None:
    first, second = (0, 0, 0, 0), (0, 1, 0, 0)
    marks = (Cells("dW", (first,)), Cells("db", ((1,),)), Cells("dW", (second,)))
    assert pointed(PagePlace(marks=marks)) == {"dW": {first: POINTED, second: POINTED}, "db": {(1,): POINTED}}


def test_what_a_learner_chose_lies_over_what_the_lesson_points_at() -> None:
    asked = cells_question()
    right, other, *_ = sorted(asked.cells)
    wrong = (4, 5, 0)
    lesson: Marks = {"dA_prev_pad": {right: POINTED, wrong: POINTED}, "dW": {(0, 0, 0, 0): POINTED}}
    open_marks = with_chosen(lesson, asked, [right, wrong], revealed=False)
    assert open_marks["dA_prev_pad"] == {right: CHOSEN, wrong: CHOSEN}
    assert open_marks["dW"] == lesson["dW"]
    shown = with_chosen(lesson, asked, [right, wrong], revealed=True)["dA_prev_pad"]
    assert (shown[right], shown[wrong], shown[other]) == (CHOSEN, SURPLUS, MISSED)
    assert set(shown) == asked.cells | {wrong}
    assert lesson["dA_prev_pad"][right] == POINTED


@given(problems(), st.data())
@settings(max_examples=tried(40))
def test_a_cell_of_a_panel_is_the_cell_that_its_name_says(problem: Problem, data: st.DataObject) -> None:
    timeline = Timeline(problem)
    timeline.seek(data.draw(st.integers(0, timeline.total)))
    scene = Stage(timeline).scene()
    for tensor in ("dA_prev_pad", "dW", "dZ", "W", "A_prev_pad"):
        panel = panel_of(scene, tensor)
        assert panel is not None
        rows, columns = panel.face.shape
        cell = Cell(data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1)))
        name, index = cell_of(panel, cell, problem.geometry)
        assert name == tensor
        assert all(0 <= at < length for at, length in zip(index, shapes(problem)[name], strict=True))
        (same,) = parse_cells(f"{name}[{', '.join(map(str, index))}]", problem, 1).indices
        assert same == index


def test_beside_a_candidate_dA_prev_stands_for_the_padded_one() -> None:
    problem = Problem(np.ones((3, 4, 1)), np.ones((1, 2, 2, 1)), None, None, padding=((1, 0), (2, 0)))
    scene = Stage(Timeline(problem)).scene()
    cropped = Panel("candidate", face("dA_prev", np.zeros((3, 4, 1)), (None, None, 0)), 1.0)
    beside = replace(scene, panels=(cropped,))
    assert panel_of(beside, "dA_prev_pad") is cropped
    assert panel_of(beside, "dW") is None
    assert cell_of(cropped, Cell(1, 3), problem.geometry) == ("dA_prev_pad", (2, 5, 0))


@pytest.mark.parametrize("tensor", ["Z", "dX", ""])
def test_what_is_not_shown_has_no_panel(tensor: str) -> None:
    scene = Stage(Timeline(Problem([[[1.0]]], [[[[1.0]]]], None, [[[1.0]]]))).scene()
    assert panel_of(scene, tensor) is None
