"""One sample's share of dW and db on the panels, and the way from sample to sample."""

from __future__ import annotations

import numpy as np
import pytest

from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.examples import catalog
from convstep.replay.stop_kinds import Watchpoint
from convstep.view.grid.panel import WRITES, Cell, title_of
from convstep.view.layout.arrange import arrange
from convstep.view.panels import conv2d, conv2d_cells
from convstep.view.panels.problem_words import problem_facts
from convstep.view.panels.stage import Stage
from convstep.view.scene.card import draw_card
from tests.conv.test_sample_share import one_sample
from tests.view.panels.test_stage import made, stage_at

SHARED = ("kernel_gradient", "bias_gradient")
HERE = 200
"""A position in the second of two samples."""


def toggle_share(stage: Stage) -> str:
    stage.share, said = conv2d.toggled(stage.share, stage.timeline)
    return said


def in_sample(stage: Stage, by: int) -> int | str:
    timeline = stage.timeline
    return conv2d_cells.in_sample(timeline.step.loop_index, by, timeline.problem.geometry)


def sharing(problem: Problem, position: int, additions: int = 0) -> Stage:
    stage = stage_at(problem, position, additions)
    toggle_share(stage)
    return stage


@pytest.mark.parametrize("additions", [0, 1, 2])
@pytest.mark.parametrize("position", [0, 1, 144, 145, HERE, 287])
def test_share_panels_are_those_of_the_sample_alone(position: int, additions: int) -> None:
    problem = made()
    per_sample = problem.total_steps // 2
    stage = sharing(problem, position, additions)
    sample = stage.timeline.step.i_n
    alone = stage_at(one_sample(problem, sample), position - sample * per_sample, additions).scene()
    scene, whole = stage.scene(), stage_at(problem, position, additions).scene()
    for key in SHARED:
        shown, expected = scene.panel(key), alone.panel(key)
        assert shown.face.values.tobytes() == expected.face.values.tobytes()
        assert (shown.face.fixed, shown.changed, shown.now) == (
            expected.face.fixed, expected.changed, expected.now
        )  # fmt: skip
        assert shown.caption == shown.part == f"sample {sample}'s share"
        assert all(str(sample) in title for title in shown.titles)
    for panel in whole.panels:
        if panel.key not in SHARED:
            assert scene.panel(panel.key).face.values.tobytes() == panel.face.values.tobytes()
            assert (scene.panel(panel.key).caption, scene.panel(panel.key).part) == (panel.caption, "")


def test_a_share_that_is_larger_than_every_sum_has_room() -> None:
    once = made()
    A_prev, dZ = np.stack([once.A_prev[0]] * 2), np.stack([once.dZ[0], -2 * once.dZ[0]])
    problem = made(A_prev=A_prev, dZ=dZ)
    stage = sharing(problem, problem.total_steps)
    for key in SHARED:
        panel = stage.scene().panel(key)
        assert np.abs(panel.face.values).max() <= panel.most
    assert stage.scene().panel("bias_gradient").most > stage.limits["db"]


def test_toggling_twice_shows_the_sums_again_and_says_so() -> None:
    stage = stage_at(made(), HERE)
    before = stage.scene().panel("kernel_gradient").face.values.copy()
    assert toggle_share(stage) == "dW and db: what sample 1 alone has added so far"
    assert (stage.scene().panel("kernel_gradient").face.values != before).any()
    assert toggle_share(stage) == "dW and db: the running sums of the whole batch"
    after = stage.scene().panel("kernel_gradient")
    np.testing.assert_array_equal(after.face.values, before)
    assert (after.use, after.caption, after.part) == (WRITES, "", "")


@pytest.mark.parametrize("room", [10, 14, 18, 40])
def test_every_title_tells_a_share_from_the_sum_of_all(room: int) -> None:
    shared, whole = sharing(made(), HERE).scene(), stage_at(made(), HERE).scene()
    for key in SHARED:
        share, total = title_of(shared.panel(key), room), title_of(whole.panel(key), room)
        assert "i_n 1" in share or "sample 1's share" in share
        assert "all" in total or "sum of 2" in total


@pytest.mark.parametrize("additions", [0, 1, 2])
def test_the_card_has_the_numbers_of_the_share_and_says_so(additions: int) -> None:
    stage = sharing(made(), HERE, additions)
    scene = stage.scene()
    to_kernels, to_input, to_bias = scene.additions
    for addition, key in ((to_kernels, "kernel_gradient"), (to_bias, "bias_gradient")):
        shown = scene.panel(key).face.values
        now = addition.after if addition.done else addition.before
        height, width = now.shape
        block = shown[addition.span.top :, addition.span.left :][:height, :width]
        np.testing.assert_array_equal(now, block)
    for width in (30, 60, 90):
        headings = [line for line in draw_card(scene, width, 12).plain.split("\n") if "+=" in line]
        assert ["i_n 1" in heading for heading in headings] == [True, False, True], headings
    assert to_input.part == ()
    assert stage_at(made(), HERE, additions).scene().additions[0].part == ()


def test_share_without_a_batch_is_everything_and_without_a_bias_there_is_dW_alone() -> None:
    stage = stage_at(catalog.load("digit"), 5)
    assert "no batch axis" in toggle_share(stage)
    assert stage.share is None
    assert toggle_share(stage_at(made(b=None), HERE)).startswith("dW: what sample 1 alone")


def test_stops_and_causes_of_a_share_are_those_of_the_gradient_s_own_cell() -> None:
    shared, whole = sharing(made(), HERE), stage_at(made(), HERE)
    for key in SHARED:
        cell = Cell(1, 0)
        panel = shared.scene().panel(key)
        stop = conv2d_cells.stop_at(panel, cell, shared.geometry)
        assert isinstance(stop, Watchpoint)
        assert stop == conv2d_cells.stop_at(whole.scene().panel(key), cell, whole.geometry)
        shared.stops.add(stop)
        assert shared.scene().panel(key).stops == {(1, 0)}
        made_of = conv2d_cells.cell_of(panel, cell, shared.geometry)
        cause, expected = (
            conv2d_cells.provenance_at(stage.timeline.problem, *made_of) for stage in (shared, whole)
        )
        assert (cause.name, len(cause)) == (expected.name, len(expected))


@pytest.mark.parametrize("size", [(80, 20), (120, 36), (200, 46)])
def test_share_stands_where_the_sums_stood(size: tuple[int, int]) -> None:
    shared, whole = (stage.scene().panels for stage in (sharing(made(), HERE), stage_at(made(), HERE)))
    places = arrange(*size, shared).places
    assert set(places) == set(arrange(*size, whole).places)


def test_further_faces_beside_a_share_are_shares_too() -> None:
    stage = sharing(made(), HERE)
    stage.beside = {"kernel_gradient": 1}
    assert stage.scene().panel("kernel_gradient-1").part == "sample 1's share"


@pytest.mark.parametrize(("additions", "by"), [(0, -1), (1, -1), (0, 1), (2, 1)])
def test_same_place_of_another_sample(additions: int, by: int) -> None:
    problem = made(A_prev=np.ones((3, 6, 9, 4)))
    per_sample = problem.total_steps // 3
    stage = stage_at(problem, per_sample + 7, additions)
    i_n, *place = stage.timeline.step.loop_index
    position = in_sample(stage, by)
    assert isinstance(position, int)
    assert list(stage_at(problem, position).timeline.step.loop_index) == [i_n + by, *place]


def test_no_sample_before_the_first_and_after_the_last() -> None:
    problem = made()
    assert in_sample(stage_at(problem, 0), -1) == "this is the first of 2 samples"
    assert in_sample(stage_at(problem, 0), 1) == problem.total_steps // 2 + 1
    assert in_sample(stage_at(problem, problem.total_steps), 1) == "this is the last of 2 samples"
    assert "no batch axis" in str(in_sample(stage_at(catalog.load("digit"), 5), 1))


def test_recorded_gradients_are_the_last_fact_of_a_problem() -> None:
    problem = made()
    recorded = Recorded("PyTorch during training", {"db": np.ones(6)}, 2**-52)
    assert problem_facts(problem.with_recorded(recorded)) == [*problem_facts(problem), "recorded gradients"]
