"""Checkpoints: any position from any other, to the bit, within the budget."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv import blocks
from convstep.conv import checkpoints as checkpoints_module
from convstep.conv import timeline as timeline_module
from convstep.conv.checkpoints import LEAST_BUDGET, Checkpoints, default_budget
from convstep.conv.problem import Problem
from convstep.conv.step import Run
from convstep.conv.timeline import Timeline
from tests.conv.loop import Bits, PlainLoop, bits, states
from tests.strategies import SELDOM, draw_problem, problems, some, tried

SHARES = (0.0, 0.2, 0.5, 1.0)
"""Budgets for one checkpoint, a few, every other row, every row."""


def tall_problem(rng: np.random.Generator, **changes: Any) -> Problem:
    """Enough output rows that checkpoints can stand apart."""

    def pair(low: int, high: int) -> tuple[int, int]:
        first, second = rng.integers(low, high, 2, endpoint=True).tolist()
        return first, second

    fields: dict[str, Any] = {
        "kernel": pair(1, 4),
        "stride": pair(1, 3),
        "dilation": pair(1, 3),
        "padding": (pair(0, 2), pair(0, 2)),
        "groups": int(rng.integers(1, 3)),
        "per_group": pair(1, 2),
        "output": (int(rng.integers(1, 8)), int(rng.integers(1, 4))),
        "spare": pair(0, 2),
        "batch": None if rng.random() < 0.5 else int(rng.integers(1, 4)),
        "bias": bool(rng.random() < 0.7),
        "dtype": np.float64 if rng.random() < 0.7 else np.float32,
    }
    return draw_problem(rng, **(fields | changes))


def run_bits(run: Run) -> Bits:
    return bits(run.dW, run.db, run.dA_prev_pad)


def timeline_bits(timeline: Timeline) -> Bits:
    return bits(timeline.dW, timeline.db, timeline.dA_prev_pad)


def steps_per_row(problem: Problem) -> int:
    _, w_out, c_out = problem.geometry.output_shape
    return w_out * c_out


def output_rows(problem: Problem) -> int:
    return problem.geometry.samples * problem.geometry.output_shape[0]


def built(problem: Problem, budget: int | None) -> Checkpoints:
    points = Checkpoints(problem, budget)
    for _ in points.build(problem.total_steps):
        pass
    return points


def budget_of(problem: Problem, share: float) -> int:
    """Between what one checkpoint takes and what one at every row takes."""
    least, most = (built(problem, budget).kept_bytes for budget in (0, None))
    return int(least + share * (most - least))


@pytest.fixture(autouse=True, params=[0, blocks.TOGETHER], ids=["tap by tap", "row by row"])
def together(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers go row by row; here they also go as large ones do."""
    monkeypatch.setattr(blocks, "TOGETHER", request.param)


# --- restoring ----------------------------------------------------------------------------


@SELDOM
@settings(max_examples=tried(160))
@given(problems(), st.sampled_from(SHARES), st.sampled_from((1, 300, 10**9)), st.integers(0, 2**16))
def test_any_position_is_restored_from_any_other(
    problem: Problem, share: float, chunk: int, seed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints_module, "CHUNK", chunk)
        expected = states(problem)
        points, run, standing = Checkpoints(problem, budget_of(problem, share)), Run.begin(problem), 0
        rng = np.random.default_rng(seed)
        for position in [*rng.permutation(problem.total_steps + 1).tolist(), problem.total_steps, 0]:
            points.restore(run, standing, position)
            standing = position
            assert run_bits(run) == expected[position], position


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("chunk", [1, 10**9])
@pytest.mark.parametrize("seed", some(range(6), 5))
def test_every_pair_of_positions_is_a_way_that_works(
    seed: int, chunk: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints_module, "CHUNK", chunk)
    rng = np.random.default_rng(seed)
    problem = tall_problem(rng, output=(5, 2), per_group=(2, 1), groups=1, batch=(None, 2)[seed % 2])
    expected = states(problem)
    for start in range(0, len(expected), 3):
        points, run = Checkpoints(problem, budget_of(problem, share)), Run.begin(problem)
        standing = 0
        for position in range(0, len(expected), 2):
            for target in (start, position):
                points.restore(run, standing, target)
                standing = target
                assert run_bits(run) == expected[target], (start, position, target)


@pytest.mark.parametrize("most", [0, 2, 16])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stride": (1, 3)},
        {"stride": (2, 1), "dilation": (1, 2)},
        {"stride": (1, 2), "dilation": (2, 3), "kernel": (2, 3)},
        {"stride": (4, 4), "kernel": (2, 2), "spare": (3, 3)},
        {"kernel": (1, 1)},
        {"batch": 2, "groups": 2, "kernel": (4, 2)},
        {"kernel": (2, 6), "padding": ((2, 0), (3, 1))},
    ],
    ids=str,
)
def test_within_a_row_the_columns_behind_come_from_its_end(
    changes: dict[str, Any], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints_module, "MOST_BEYOND", most)
    fields: dict[str, Any] = {
        "kernel": (3, 3),
        "stride": (1, 1),
        "dilation": (1, 1),
        "groups": 1,
        "batch": None,
        "output": (4, 9),
    }
    problem = tall_problem(np.random.default_rng(7), **(fields | changes))
    expected, points, run, standing = states(problem), Checkpoints(problem), Run.begin(problem), 0
    for position in [*range(0, len(expected), 3), *range(len(expected) - 1, 0, -5)]:
        points.restore(run, standing, position)
        standing = position
        assert run_bits(run) == expected[position], position


def test_what_no_window_reaches_stays_zero_between_samples() -> None:
    """Rows left over at the bottom of a sample stand between it and the next."""
    problem = tall_problem(
        np.random.default_rng(0), kernel=(2, 2), stride=(4, 3), spare=(3, 2), batch=3, output=(3, 2)
    )
    assert problem.geometry.remainder[0] == 3
    expected = states(problem)
    points, run, standing = Checkpoints(problem), Run.begin(problem), 0
    for position in (problem.total_steps, 5, problem.total_steps - 1, 0, problem.total_steps // 2, 1):
        points.restore(run, standing, position)
        standing = position
        assert run_bits(run) == expected[position]


# --- what is kept -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_no_more_is_kept_than_the_budget_unless_one_checkpoint_is_more(seed: int) -> None:
    problem = tall_problem(np.random.default_rng(seed))
    least = built(problem, 0).kept_bytes
    for budget in (0, 1, least, least + 1, 2 * least, 5 * least, default_budget(problem)):
        assert built(problem, budget).kept_bytes <= max(budget, least)


def test_a_budget_buys_a_spacing() -> None:
    problem = tall_problem(np.random.default_rng(1), output=(8, 3), batch=2, kernel=(3, 3))
    rows = output_rows(problem)
    spacings = [Checkpoints(problem, budget_of(problem, share)).spacing for share in SHARES]
    assert spacings[0] == rows
    assert spacings[-1] == 1
    assert spacings == sorted(spacings, reverse=True)
    assert len(set(spacings)) == len(SHARES)


def test_the_default_budget_is_twice_the_arrays_and_never_tiny() -> None:
    small = tall_problem(np.random.default_rng(0))
    assert default_budget(small) == LEAST_BUDGET
    large = Problem(np.zeros((300, 400, 2)), np.zeros((1, 2, 2, 2)), None, None)
    assert default_budget(large) == 2 * (large.A_prev.nbytes + large.W.nbytes + large.dZ.nbytes)


def test_history_stays_within_twice_the_arrays_of_a_layer_that_is_walked_through() -> None:
    problem = Problem(np.ones((40, 50, 3)), np.ones((16, 3, 3, 3)), np.zeros(16), None)
    budget = 2 * sum(a.nbytes for a in (problem.A_prev, problem.W, problem.dZ) if a is not None)
    Timeline(problem).next()  # what is made once
    gc.collect()
    tracemalloc.start()
    try:
        timeline = Timeline(problem, budget)
        running = tracemalloc.get_traced_memory()[0]
        timeline.seek(timeline.total)
        for position in (timeline.total // 2, 3, timeline.total - 100):
            timeline.seek(position)
            for _ in range(100):
                timeline.back()
            for _ in range(200):
                timeline.next()
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - running
    finally:
        tracemalloc.stop()
    assert timeline.history_bytes <= budget
    assert 0 < held <= 1.05 * timeline.history_bytes, "what Python itself needs is counted"


def test_history_bytes_count_the_checkpoints_and_the_overwritten_values() -> None:
    timeline = Timeline(tall_problem(np.random.default_rng(2), output=(6, 3)))
    assert timeline.history_bytes == 0
    timeline.next()
    after_a_step = timeline.history_bytes
    kept = [write.before for write in timeline.event.writes if write.before is not None]
    assert after_a_step >= sum(values.nbytes for values in kept)
    timeline.seek(0)
    for _ in timeline.prepare(timeline.total):
        pass
    assert timeline.history_bytes > timeline.dA_prev_pad.nbytes


# --- building -----------------------------------------------------------------------------


def test_an_early_position_is_not_built_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "CHUNK", 1)
    problem = tall_problem(np.random.default_rng(4), output=(7, 3), batch=None)
    points, run = Checkpoints(problem), Run.begin(problem)
    assert points.reached == 0
    assert points.kept_bytes == 0
    points.restore(run, 0, 2 * steps_per_row(problem) + 1)
    assert points.reached == 2
    assert points.at_hand(3 * steps_per_row(problem) - 1)
    assert not points.at_hand(3 * steps_per_row(problem))


def test_what_takes_no_time_to_build_counts_as_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = tall_problem(np.random.default_rng(4), output=(7, 3), batch=None)
    assert Timeline(problem).prepared(problem.total_steps)
    monkeypatch.setattr(checkpoints_module, "CHUNK", 1)
    monkeypatch.setattr(timeline_module, "NEAR", 2)
    timeline = Timeline(problem)
    assert timeline.prepared(2)
    assert not timeline.prepared(problem.total_steps)
    for _ in timeline.prepare(problem.total_steps):
        pass
    assert timeline.prepared(problem.total_steps)


def test_a_small_budget_does_not_make_an_early_position_build_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "CHUNK", 1)
    problem = tall_problem(np.random.default_rng(4), output=(7, 3), batch=None)
    points = Checkpoints(problem, 0)
    points.restore(Run.begin(problem), 0, steps_per_row(problem))
    assert points.reached == 1


def test_building_yields_growing_shares_up_to_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "CHUNK", 1)
    problem = tall_problem(np.random.default_rng(5), output=(6, 2), batch=2)
    shares = list(Timeline(problem).prepare(problem.total_steps))
    assert shares == sorted(shares)
    assert len(set(shares)) == len(shares) > 5
    assert 0 < shares[0] < shares[-1] <= 1
    points = Checkpoints(problem)
    assert list(points.build(problem.total_steps))[-1] == 1
    assert list(points.build(problem.total_steps)) == []


def test_preparing_can_be_abandoned_and_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "CHUNK", 1)
    problem = tall_problem(np.random.default_rng(6), output=(7, 2), batch=2, kernel=(3, 2), stride=(1, 1))
    expected, timeline = states(problem), Timeline(problem)
    for position in (5, problem.total_steps, 9, problem.total_steps // 2, problem.total_steps):
        preparing = timeline.prepare(position)
        next(preparing, None)
        next(preparing, None)
        del preparing
        target = (position * 7) % (problem.total_steps + 1)
        timeline.seek(target)
        assert timeline_bits(timeline) == expected[target]


@pytest.mark.parametrize("seed", range(5))
def test_another_thread_may_build_while_this_one_seeks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "CHUNK", 1)
    rng = np.random.default_rng(seed)
    problem = tall_problem(rng, output=(30, 2), batch=2)
    expected, timeline = states(problem), Timeline(problem, (None, budget_of(problem, 0.2))[seed % 2])
    failures: list[BaseException] = []

    def build() -> None:
        try:
            shares = list(timeline.prepare(problem.total_steps))
            assert shares == sorted(shares)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        position = int(rng.integers(0, problem.total_steps + 1))
        timeline.seek(position)
        assert timeline_bits(timeline) == expected[position]
    for thread in threads:
        thread.join()
    assert failures == []
    for position in rng.integers(0, problem.total_steps + 1, 40).tolist():
        timeline.seek(position)
        assert timeline_bits(timeline) == expected[position]


# --- walking ------------------------------------------------------------------------------

WALKS, GEOMETRIES, MOVES = 4, 50, 50
"""All of the geometries with CONVSTEP_THOROUGH=1, else a quarter."""
KINDS = ("next", "back", "next_addition", "back_addition", "seek", "nearby", "run", "run_back")
ODDS = (20, 20, 12, 12, 16, 12, 4, 4)


@pytest.mark.parametrize("seed", range(WALKS))
def test_ten_thousand_random_moves_never_differ_by_a_bit(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(tried(GEOMETRIES)):
        monkeypatch.setattr(checkpoints_module, "CHUNK", int(rng.choice((1, 2_000, 10**9))))
        for limit, values in (("NEAR", (0, 3, 64)), ("BEHIND", (1, 4, 256)), ("MOST_BEHIND", (1, 5, 4096))):
            monkeypatch.setattr(timeline_module, limit, int(rng.choice(values)))
        problem = tall_problem(rng)
        budget = budget_of(problem, float(rng.choice(SHARES)))
        Walk(problem, Timeline(problem, budget), rng).go(MOVES)


class Walk:
    """Moves a timeline about and holds it against the loop after every move."""

    def __init__(self, problem: Problem, timeline: Timeline, rng: np.random.Generator) -> None:
        self.problem, self.timeline, self.rng = problem, timeline, rng
        self.expected = states(problem)
        self.position = self.additions = 0

    def go(self, moves: int) -> None:
        odds = np.array(ODDS) / sum(ODDS)
        made = []
        for kind in self.rng.choice(KINDS, moves, p=odds).tolist():
            made.append((self.position, self.additions, kind))
            self.move(kind)
            assert (self.timeline.position, self.timeline.made) == (self.position, self.additions), made
            assert timeline_bits(self.timeline) == self.expected_bits(), (self.problem, made)
            assert bits(*self.timeline.settled_copy()) == self.expected[self.position], (self.problem, made)

    def expected_bits(self) -> Bits:
        if not self.additions:
            return self.expected[self.position]
        return PlainLoop(self.problem).run(self.position, self.additions).bits

    def move(self, kind: str) -> None:
        total, per_step = self.timeline.total, len(self.timeline.layout.written)
        match kind:
            case "next":
                self.timeline.next()
                self.position, self.additions = min(self.position + 1, total), 0
            case "back":
                self.timeline.back()
                self.position -= self.position > 0 and not self.additions
                self.additions = 0
            case "next_addition":
                self.additions += self.timeline.next_write()
                self.position += self.additions == per_step
                self.additions %= per_step
            case "back_addition":
                if self.timeline.back_write():
                    whole = self.position * per_step + self.additions - 1
                    self.position, self.additions = divmod(whole, per_step)
            case _:
                self.position, self.additions = self.target(kind), 0
                self.timeline.seek(self.position)

    def target(self, kind: str) -> int:
        total = self.timeline.total
        if kind == "nearby":
            return int(np.clip(self.position + self.rng.integers(-6, 7), 0, total))
        return {"run": total, "run_back": 0}.get(kind, int(self.rng.integers(0, total + 1)))
