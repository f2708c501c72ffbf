"""The scene of a candidate beside the reference: what stands in its panels, and what is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from convstep.candidate.call.worker import Worker
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.view.candidate.candidate_panels import KEYS, keys_of
from convstep.view.candidate.compare_card import Share, draw_shares
from convstep.view.candidate.diagnosis import draw_diagnosis, subtitle
from convstep.view.candidate.stage import CandidateStage
from convstep.view.grid.panel import Cell, Panel
from convstep.view.panels import conv2d_cells
from convstep.view.panels.conv2d_cells import Choice
from tests import candidates
from tests.strategies import SELDOM


class Bench:
    """A reference and a candidate at one position."""

    def __init__(self, function: Any, problem: Problem) -> None:
        self.worker = Worker.of_function(function)
        self.candidate = CandidateTimeline(self.worker, candidates.verdict(function), problem)
        self.timeline = Timeline(problem)
        self.stage = CandidateStage(self.timeline, self.candidate.probe.right)

    def at(self, position: int, additions: int = 0) -> Bench:
        self.timeline.seek(position)
        for _ in range(additions):
            self.timeline.next_write()
        after = self.candidate.at(position + 1) if additions else None
        self.stage.take(self.candidate.at(position), after)
        step = self.timeline.step.index
        self.stage.added = step, self.candidate.contribution(step)
        return self

    def panel(self, key: str) -> Panel:
        return self.stage.scene().panel(key)

    def card(self, width: int = 60, height: int = 40) -> str:
        return draw_shares(self.stage.scene(), self.stage.shares(), width, height).plain


def strided(seed: int = 0, channels: int = 2, filters: int = 2, padding: int = 1) -> Problem:
    numbers = np.random.default_rng(seed)
    return Problem(
        numbers.standard_normal((5, 4, channels)),
        numbers.standard_normal((filters, 2, 3, channels)),
        numbers.standard_normal(filters),
        None,
        stride=2,
        padding=padding,
    )


@pytest.fixture(scope="module")
def wrong() -> Iterator[Bench]:
    bench = Bench(candidates.stride_ignored, strided())
    yield bench
    bench.worker.close()


def test_each_gradient_has_three_panels_of_one_face(wrong: Bench) -> None:
    scene = wrong.at(7).stage.scene()
    for name in KEYS:
        reference, candidate, difference = (scene.panel(key) for key in keys_of(name))
        assert reference.face.fixed == candidate.face.fixed == difference.face.fixed
        assert reference.window == candidate.window == difference.window
        with np.errstate(all="ignore"):
            assert np.allclose(candidate.face.values - reference.face.values, difference.face.values)


def test_differing_cells_are_those_where_the_two_are_apart(wrong: Bench) -> None:
    for position in (0, 1, 5, wrong.timeline.total):
        scene = wrong.at(position).stage.scene()
        for name in KEYS:
            reference, candidate, difference = (scene.panel(key) for key in keys_of(name))
            apart = ~np.isclose(candidate.face.values, reference.face.values, atol=1e-5)
            assert candidate.differing is not None
            assert (candidate.differing == apart).all()
            assert difference.sparse
            assert reference.differing is None


def test_standing_counts_cells_of_whole_gradients(wrong: Bench) -> None:
    assert wrong.at(1).stage.standing() == "agrees so far"
    whole = wrong.at(wrong.timeline.total)
    answer = whole.stage.answer
    assert answer is not None
    cells = int(answer.differing["dW"].sum())
    assert f"dW {cells} of {answer.differing['dW'].size}" in whole.stage.standing()
    assert whole.stage.standing().endswith("db agrees")


def test_window_is_framed_in_coordinates_without_padding(wrong: Bench) -> None:
    wrong.at(1)  # the first window begins in the padding above and on the left
    window = wrong.panel("input_gradient").window
    assert window is not None
    assert (list(window.rows), list(window.columns)) == ([0], [0, 1])


def test_an_answer_about_another_place_is_marked_as_old(wrong: Bench) -> None:
    wrong.at(5)
    wrong.timeline.seek(6)
    assert not wrong.stage.up_to_date
    assert all("…" in title for title in wrong.panel("input_gradient_candidate").titles)
    assert wrong.stage.standing() == "waiting for the candidate …"
    assert "…" in wrong.card()


def test_additions_under_way_are_compared_one_by_one(wrong: Bench) -> None:
    problem = strided()
    bench = Bench(candidates.right, problem)
    try:
        for additions in (1, 2):
            assert bench.at(4, additions).stage.standing() == "agrees so far"
    finally:
        bench.worker.close()


def test_faces_go_together_and_every_filter_can_be_chosen(wrong: Bench) -> None:
    wrong.at(5)
    seen = set()
    for _ in range(4):
        wrong.stage.choice = conv2d_cells.chosen(
            wrong.stage.choice,
            wrong.panel("kernel_gradient_difference"),
            1,
            wrong.stage.geometry,
        )
        labels = {wrong.panel(key).face.label for key in keys_of("dW")}
        assert len(labels) == 1
        seen |= labels
    assert len(seen) == 4
    wrong.stage.choice = conv2d_cells.chosen(
        wrong.stage.choice, wrong.panel("input_gradient_candidate"), 1, wrong.stage.geometry
    )
    channels = {wrong.panel(key).face.fixed[-1] for key in (*keys_of("dA_prev"), "input")}
    assert len(channels) == 1


def test_card_shows_both_contributions_and_what_is_written_elsewhere(wrong: Bench) -> None:
    card = wrong.at(5).card()
    assert "reference change" in card
    assert "candidate change" in card
    assert "change: reference" in wrong.card(58, 40)  # the numbers of one cell
    for width in (20, 24, 30, 34, 58):
        bias = wrong.card(width, 40).partition("db[")[2]
        assert "ref" in bias, "numbers have words at every width"
        assert "cand" in bias
        assert all(len(line) <= width for line in bias.splitlines())
    assert "≠ dA_prev[" in card
    assert "= db[0] += dz" in card
    shares = {share.target.split("[")[0]: share for share in wrong.stage.shares()}
    right = wrong.candidate.probe.expected(4, 5)
    actual = wrong.candidate.contribution(4).gradients
    for name, share in shares.items():
        apart = ~np.isclose(actual[name], right[name], atol=1e-5)
        assert share.count == apart.sum()
    assert any(share.elsewhere for share in shares.values())
    assert f"and {shares['dA_prev'].elsewhere} cells elsewhere" in card


@SELDOM
def test_card_lists_all_cells_elsewhere_where_there_is_room_and_says_that_there_are_more(
    wrong: Bench,
) -> None:
    shares = wrong.at(5).stage.shares()
    most = sum(share.elsewhere for share in shares)
    assert max(share.elsewhere for share in shares) > 3, "more than a short list names"
    tall, cut = 0, 0
    for height in range(8, 70):
        lines = wrong.card(58, height).splitlines()
        assert len(lines) <= height
        named = sum(line.startswith("  ≠ ") for line in lines)
        if any("elsewhere:" in line for line in lines):
            cut += named < most
            assert named == most or "  …" in lines, height
        tall = max(tall, named)
    assert tall == most
    assert cut, "there are heights at which not all have room"


def test_a_change_of_one_cell_is_labelled_at_every_width(wrong: Bench) -> None:
    share = Share("db[0]", "dz", np.array([[0.36]]), np.array([[0.3600001]]), np.ones((1, 1), np.bool_))
    scene = wrong.at(5).stage.scene()
    for width in range(28, 70):
        line = draw_shares(scene, [share], width, 20).plain.splitlines()[-1]
        assert re.fullmatch(r"  (change: reference|change: ref|ref) 0\.36, (candidate|cand) 0\.3600001", line)
        assert len(line) <= width


def test_tiny_changes_of_a_narrow_kernel_keep_their_digits(wrong: Bench) -> None:
    expected = np.array([[3.6e-10], [0.0], [-1.25e-10]])
    share = Share("dW[0]", "x * dz", expected, 2 * expected, expected != 0)
    zero = Share("dW[0]", "x * dz", expected, 0 * expected, expected != 0)
    for width in range(40, 70):
        assert draw_shares(wrong.at(5).stage.scene(), [zero], width, 20).plain.count("≠0") == 2
        lines = draw_shares(wrong.at(5).stage.scene(), [share], width, 20).plain.splitlines()
        assert max(map(len, lines)) <= width
        head = next(number for number, line in enumerate(lines) if "×1e-10" in line)
        assert lines[head].count("×1e-10") == 2
        assert [line.replace("≠", " ").split() for line in lines[head + 1 : head + 4]] == [
            ["3.6000", "7.2000"], ["0", "0"], ["-1.2500", "-2.5000"],
        ]  # fmt: skip


@pytest.mark.parametrize("size", [(29, 4), (31, 8), (38, 12), (42, 20), (58, 30)])
def test_card_keeps_to_its_room_and_names_every_addition(wrong: Bench, size: tuple[int, int]) -> None:
    lines = wrong.at(5).card(*size).splitlines()
    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]
    for name in ("dW", "dA_prev", "db"):
        assert any(line[2:].startswith(name) for line in lines)


def test_what_cannot_be_shown_says_why_in_the_panel() -> None:
    bench = Bench(candidates.misshapen, strided())
    try:
        bench.at(3)
        assert bench.panel("bias_gradient_candidate").note == "its shape is 2x1, not 2"
        assert bench.panel("input_gradient_candidate").note == ""
        assert "db: its shape is 2x1, not 2" in bench.stage.standing()
        assert "its shape is 2x1, not 2" in bench.card()
    finally:
        bench.worker.close()


def test_overwriting_shows_its_running_state_and_what_each_step_changes() -> None:
    problem = candidates.failing_problem(candidates.overwriting)
    bench = Bench(candidates.overwriting, problem)
    try:
        bench.at(3)
        titles = bench.panel("kernel_gradient_candidate").titles
        assert "modelled" in titles[0]
        assert all(title.startswith("dW") and "model" in title for title in titles)
        assert len(titles[-1]) <= len("dA_prev model")
        assert "dW" in bench.stage.standing()
        share = bench.stage.shares()[0]
        assert share.actual is not None
        change = bench.candidate.at(3).gradients["dW"] - bench.candidate.at(2).gradients["dW"]
        step = bench.timeline.step
        assert np.allclose(share.actual, change[step.i_c][..., 0])
    finally:
        bench.worker.close()


def test_the_faces_of_the_first_divergence_are_chosen() -> None:
    problem = strided(channels=3)
    bench = Bench(candidates.stride_ignored, problem)
    try:
        found = bench.candidate.first_divergence()
        assert found is not None
        bench.stage.look_at(found)
        bench.at(found.step + 1)
        panel = bench.panel(keys_of(found.gradient)[2])
        assert panel.differing is not None
        assert panel.differing.any()
    finally:
        bench.worker.close()


def test_stops_stand_on_the_padded_gradient(wrong: Bench) -> None:
    panel = wrong.at(5).panel("input_gradient_difference")
    stop = conv2d_cells.stop_at(panel, Cell(1, 2), wrong.stage.geometry)
    assert stop is not None
    assert "dA_prev_pad[2, 3" in stop.target
    made = wrong.stage.stops.add(stop)
    assert wrong.panel("input_gradient").stops == {(1, 2)}
    wrong.stage.stops.remove(made.id)


def test_a_cell_is_told_in_both(wrong: Bench) -> None:
    panel = wrong.at(wrong.timeline.total).panel("input_gradient")
    assert "candidate" in wrong.stage.cell_words(panel, Cell(0, 0))
    assert wrong.stage.cell_words(wrong.panel("upstream"), Cell(0, 0)).startswith("dZ[0, 0, 0] = ")


def test_diagnosis_names_the_line_to_mend_and_fits() -> None:
    verdict = candidates.verdict(candidates.stride_ignored)
    assert subtitle(verdict) == "wrong only when stride > 1"
    for width, height in ((30, 6), (34, 20), (60, 40)):
        lines = draw_diagnosis(verdict, width, height).plain.splitlines()
        assert len(lines) <= height
        assert max(map(len, lines)) <= width
    assert "+ h_start, w_start = i_h * s_h, i_w * s_w" in draw_diagnosis(verdict, 60, 40).plain
    assert "d shows all" in draw_diagnosis(verdict, 30, 6).plain


def test_a_right_candidate_is_said_to_be_right() -> None:
    verdict = candidates.verdict(candidates.right)
    assert subtitle(verdict) == "no mistake found"
    assert draw_diagnosis(verdict, 60, 10).plain.startswith("✓")


def test_faces_of_what_the_step_reads_turn_by_their_own_channel(wrong: Bench) -> None:
    wrong.at(5)
    before = wrong.panel("input"), wrong.panel("kernel_gradient")
    wrong.stage.choice = conv2d_cells.chosen(wrong.stage.choice, before[0], 1, wrong.stage.geometry)
    try:
        assert wrong.panel("input").face.fixed[-1] != before[0].face.fixed[-1]
        assert wrong.panel("kernel_gradient").face.fixed[0] == before[1].face.fixed[0]
    finally:
        wrong.stage.choice = Choice()
