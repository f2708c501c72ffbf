"""What if: a pass with other numbers is a fresh pass on them, and says what became another number by that."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.candidate.operators.shown import shown
from convstep.conv.forward_timeline import ForwardTimeline
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.replay.edits import Edit, Edits, Numbers
from convstep.view.grid.panel import Cell, Panel
from convstep.view.panels.forward import ForwardStage, other_way
from convstep.view.panels.recording import RecordingStage
from convstep.view.panels.stage import Stage
from convstep.view.panels.unedited import CHANGED, EDITED
from convstep.view.scene.staged import Input
from tests.strategies import problems


def cell_text(panel: Panel, cell: Cell) -> str:
    return "" if panel.differing is None or not panel.differing[cell] else panel.differing_mark


@given(problems(), st.data())
def test_after_any_edits_and_undos_every_state_is_that_of_a_fresh_problem(
    problem: Problem, data: st.DataObject
) -> None:
    stage: Stage | ForwardStage = Stage.on(problem)
    edits, arrays = Edits(), {name: np.array(problem.cache.get(name, problem.dZ)) for name in ("A_prev", "W")}
    arrays["dZ"] = np.array(problem.dZ)
    history = [arrays]
    for _ in range(data.draw(st.integers(1, 4))):
        stage.run.seek(data.draw(st.integers(0, stage.run.total)))
        undo = data.draw(st.booleans())
        if edits.made and undo:
            edits = edits.back()
            history.pop()
        else:
            name = data.draw(st.sampled_from(["A_prev", "W", "dZ"]))
            now = {key: value.copy() for key, value in history[-1].items()}
            index = tuple(data.draw(st.integers(0, length - 1)) for length in now[name].shape)
            before, number = (
                now[name][index],
                problem.dtype.type(data.draw(st.sampled_from([0, 1e3, np.nan]))),
            )
            edits = edits.with_edit(Edit(name, index, before, number))
            now[name][index] = number
            history.append(now)
        stage = stage.with_numbers(edits.numbers)
        if data.draw(st.booleans()):
            turned = other_way(stage)
            assert isinstance(turned, Stage | ForwardStage)
            stage = turned
        run = stage.run
        fresh_problem = problem.with_arrays(**history[-1])
        fresh: Any = Timeline(fresh_problem) if isinstance(run, Timeline) else ForwardTimeline(fresh_problem)
        position = data.draw(st.integers(0, run.total))
        run.seek(position)
        fresh.seek(position)
        for name, array in fresh.arrays.items():
            assert array.tobytes() == run.arrays[name].tobytes(), name


@pytest.mark.parametrize("position", [0, 3, 137, 256])
@pytest.mark.parametrize("forward", [False, True])
def test_marks_stand_on_what_was_edited_and_on_what_is_another_number(
    position: int, *, forward: bool
) -> None:
    problem = catalog.load("digit")
    stage = ForwardStage.on(problem) if forward else Stage.on(problem)
    edited = stage.with_numbers({"A_prev": {(0, 1, 0): np.float64(5)}})
    original = ForwardTimeline(problem) if forward else Timeline(problem)
    for made in (0, 1):
        for run in (edited.run, original):
            run.seek(position)
            if made:
                run.next_write()
        for panel in edited.scene().panels:
            before = original.arrays[panel.face.name][
                tuple(slice(None) if held is None else held for held in panel.face.fixed)
            ].reshape(panel.face.shape)
            for row, column in np.ndindex(panel.face.shape):
                cell = Cell(row, column)
                differs = panel.face.values[cell] != before[cell]
                is_input = panel.face.name == "A_prev_pad"
                assert panel.marks.get(cell, "") == (EDITED if differs and is_input else "")
                assert cell_text(panel, cell) == (CHANGED if differs and not is_input else "")
                assert ("(unedited" in edited.cell_words(panel, cell)) == differs


def test_only_inputs_are_edited_and_padding_is_none() -> None:
    stage = Stage.on(catalog.load("digit"))
    panels = {panel.face.name: panel for panel in stage.scene().panels}
    found = stage.input_at(panels["A_prev_pad"], Cell(2, 3))
    assert isinstance(found, Input)
    assert (found.array, found.cell) == ("A_prev", (1, 2, 0))
    assert str(stage.input_at(panels["A_prev_pad"], Cell(0, 3))).startswith("this cell is padding")
    assert isinstance(stage.input_at(panels["W"], Cell(0, 0)), Input)
    assert isinstance(stage.input_at(panels["dZ"], Cell(0, 0)), Input)
    assert stage.input_at(panels["dW"], Cell(0, 0)) is None
    assert stage.input_at(panels["dA_prev_pad"], Cell(1, 1)) is None


def test_a_dZ_that_was_drawn_is_drawn_until_it_is_edited_itself() -> None:
    problem = catalog.load("digit")
    drawn = Problem(problem.A_prev, problem.W, problem.b, None)
    stage = Stage.on(drawn)
    assert stage.with_numbers({"W": {(0, 0, 0, 0): np.float64(1)}}).remarks() == stage.remarks() != []
    assert stage.with_numbers({"dZ": {(0, 0, 0): np.float64(1)}}).remarks() == []


def test_one_sample_s_share_is_held_against_its_share_without_the_edits() -> None:
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((2, 5, 4, 1)), rng.standard_normal((2, 3, 3, 1)), None, None)
    stage = Stage.on(problem)
    stage.toggle_share()
    edited = stage.with_numbers({"A_prev": {(0, 1, 1, 0): np.float64(9)}})
    for sample, changed in ((0, True), (1, False)):
        position = problem.total_steps * (sample + 1) // 2
        assert edited.prepared(position)
        edited.run.seek(position)
        shown = next(panel for panel in edited.scene().panels if panel.face.name == "dW")
        assert (shown.differing is not None) == changed


def test_of_a_function_what_was_handed_in_is_edited_and_what_it_makes_says_what_was() -> None:
    found = shown("max-pool")
    stage = RecordingStage(found.recorded.recording, running=found.running(found.recorded.recording))
    stage.run.seek(4)
    panels = {panel.face.name: panel for panel in stage.scene().panels}
    there = stage.input_at(panels["dout"], Cell(1, 1))
    assert isinstance(there, Input)
    assert (there.array, there.cell, there.number.item()) == ("dout", (0, 0, 1, 1), 4)
    assert stage.input_at(panels["dx_pad"], Cell(0, 0)) is None
    said = str(stage.input_at(panels["x_pad"], Cell(0, 0)))
    assert re.fullmatch(
        r"x_pad is made at line \d+; what was handed in can be changed: dout, x \(a shows them\)", said
    )
    numbers: Numbers = {"dout": {(0, 0, 1, 1): np.float64(50)}}
    recording = found.with_numbers(numbers)
    edited = stage.anew(recording, numbers, found.running(recording))
    edited.run.seek(recording.total)
    compared = edited.compared()
    assert compared is not None
    assert edited.running is not None
    assert edited.running.by_slopes(edited.running.at(recording.total)).ok  # type: ignore[arg-type]
    code = edited.case("max-pool", "max-pool --call f(1)").text()
    assert "50.0" in code  # the numbers as they are now, whatever call was typed
    exec(compile(code, "case.py", "exec"), {})
    (changed,) = [panel for panel in edited.scene().panels if panel.differing is not None]
    assert changed.face.name == "dx_pad"
    assert changed.differing is not None
    assert changed.differing.sum() == 1
