from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv import timeline as timeline_module
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from tests.conv.loop import Bits, PlainLoop, bits, states
from tests.strategies import problems, tried

MOVES = st.lists(
    st.sampled_from(("next", "back", "next_addition", "back_addition"))
    | st.tuples(st.just("seek"), st.floats(0, 1)),
    max_size=40,
)


def small(**changes: Any) -> Problem:
    rng = np.random.default_rng(2)
    arrays: dict[str, Any] = {
        "A_prev": rng.standard_normal((4, 5, 2)),
        "W": rng.standard_normal((3, 2, 3, 2)),
        "b": rng.standard_normal(3),
        "dZ": rng.standard_normal((3, 3, 3)),
    }
    return Problem(**(arrays | changes))


def bits_of(timeline: Timeline) -> Bits:
    return bits(timeline.dW, timeline.db, timeline.dA_prev_pad)


class Model:
    """What a timeline must be after any moves: a position, some additions, and nothing else."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.states = states(problem)
        self.total, self.per_step = problem.total_steps, 2 if problem.b is None else 3
        self.position, self.additions = 0, 0

    def move(self, move: str | tuple[str, float], timeline: Timeline) -> None:
        """Make one move here and there, and compare what it returns."""
        match move:
            case "next":
                step = timeline.next()
                assert (step is None) == (self.position == self.total)
                self.position, self.additions = min(self.position + 1, self.total), 0
                assert step is None or step.index == self.position - 1
            case "back":
                moved = timeline.back() is not None
                assert moved == bool(self.position or self.additions)
                self.position -= moved and not self.additions
                self.additions = 0
            case "next_addition":
                assert timeline.next_addition() == (self.position < self.total)
                if self.position < self.total:
                    self.additions += 1
            case "back_addition":
                assert timeline.back_addition() == bool(self.position or self.additions)
                if not self.additions and self.position:
                    self.position, self.additions = self.position - 1, self.per_step
                self.additions = max(self.additions - 1, 0)
            case (_, share):
                self.position, self.additions = round(share * self.total), 0
                timeline.seek(self.position)
        if self.additions == self.per_step:
            self.position, self.additions = self.position + 1, 0

    def check(self, timeline: Timeline) -> None:
        """The state, the step looked at and what it wrote over are those of this position."""
        assert (timeline.position, timeline.additions) == (self.position, self.additions)
        if not self.additions:
            assert bits_of(timeline) == self.states[self.position]
        else:
            assert bits_of(timeline) == PlainLoop(self.problem).run(self.position, self.additions).bits
        assert bits(*timeline.settled_copy()) == self.states[self.position]
        looked_at = self.position if self.additions else max(self.position - 1, 0)
        assert timeline.step.index == looked_at
        self.check_overwritten(timeline, looked_at)

    def check_overwritten(self, timeline: Timeline, looked_at: int) -> None:
        made = self.additions or (self.per_step if self.position else 0)
        names = ["dW", "dA_prev_pad", "db"][:made]
        assert list(timeline.overwritten) == names
        before = PlainLoop(self.problem).run(looked_at)
        for name, change in timeline.overwritten.items():
            assert change.gradient == name
            expected = getattr(before, name)[change.region]
            assert change.before.tobytes() == expected.tobytes()
            assert change.before.shape == expected.shape


@settings(max_examples=tried(250))
@given(problems(), MOVES, st.sampled_from((1, 3, 4096)))
def test_any_sequence_of_moves_gives_the_bits_of_the_plain_loop(
    problem: Problem, moves: list[str | tuple[str, float]], history: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline_module, "MOST_BEHIND", history)
        timeline, model = Timeline(problem), Model(problem)
        held = timeline.dW, timeline.db, timeline.dA_prev_pad
        for move in moves:
            model.move(move, timeline)
            model.check(timeline)
        assert all(
            a is b for a, b in zip((timeline.dW, timeline.db, timeline.dA_prev_pad), held, strict=True)
        )


def test_stepping_back_to_the_start_gives_every_state_in_reverse(monkeypatch: pytest.MonkeyPatch) -> None:
    for history in (3, 4096):
        monkeypatch.setattr(timeline_module, "MOST_BEHIND", history)
        problem = small()
        expected = states(problem)
        timeline = Timeline(problem)
        timeline.seek(timeline.total)
        for position in range(timeline.total - 1, -1, -1):
            step = timeline.back()
            assert step is not None
            assert step.index == max(position - 1, 0)
            assert bits_of(timeline) == expected[position]
        assert timeline.back() is None


def test_seek_gives_the_same_bits_as_stepping() -> None:
    problem = small()
    expected = states(problem)
    timeline = Timeline(problem)
    rng = np.random.default_rng(0)
    for position in rng.permutation(problem.total_steps + 1).tolist():
        timeline.seek(position)
        assert timeline.position == position
        assert bits_of(timeline) == expected[position]


def test_a_new_timeline_previews_step_0_with_every_gradient_zero() -> None:
    timeline = Timeline(small())
    assert (timeline.position, timeline.total, timeline.additions) == (0, 27, 0)
    assert timeline.step.index == 0
    assert not timeline.overwritten
    assert not timeline.dW.any()
    assert not timeline.dA_prev_pad.any()
    assert timeline.back() is None
    assert not timeline.back_addition()


def test_the_end_is_the_whole_gradient_and_nothing_is_beyond_it() -> None:
    timeline = Timeline(small(padding=1, dZ=None))
    timeline.seek(timeline.total)
    loop = PlainLoop(timeline.problem).run()
    assert timeline.dA_prev.tobytes() == loop.dA_prev.tobytes()
    assert timeline.dA_prev.shape == timeline.problem.A_prev.shape
    assert timeline.next() is None
    assert not timeline.next_addition()
    assert timeline.step.index == timeline.total - 1
    assert bits_of(timeline) == loop.bits


@pytest.mark.parametrize("position", [-1, 28, 10**20])
def test_seeking_where_nothing_is_raises_and_moves_nothing(position: int) -> None:
    timeline = Timeline(small())
    timeline.seek(5)
    timeline.next_addition()
    before = bits_of(timeline)
    with pytest.raises(ValueError, match=f"position {position} does not exist; positions go from 0 to 27"):
        timeline.seek(position)
    assert (timeline.position, timeline.additions) == (5, 1)
    assert bits_of(timeline) == before


@pytest.mark.parametrize("position", [1.0, "3", None])
def test_seeking_something_that_is_no_position_raises(position: Any) -> None:
    timeline = Timeline(small())
    with pytest.raises(TypeError):
        timeline.seek(position)
    assert timeline.position == 0


def test_numpys_integers_are_positions() -> None:
    timeline = Timeline(small())
    timeline.seek(np.int64(4))  # type: ignore[arg-type]
    assert type(timeline.position) is int
    assert timeline.position == 4


def test_additions_come_in_the_loops_order() -> None:
    timeline = Timeline(small())
    assert timeline.additions_per_step == 3
    for made, name in enumerate(("dW", "dA_prev_pad", "db"), start=1):
        assert timeline.next_addition()
        assert list(timeline.overwritten)[-1] == name
        assert timeline.additions == made % 3
    assert timeline.position == 1


def test_without_a_bias_a_step_has_two_additions() -> None:
    timeline = Timeline(small(b=None))
    assert timeline.additions_per_step == 2
    assert timeline.db is None
    assert timeline.next_addition()
    assert timeline.next_addition()
    assert (timeline.position, timeline.additions) == (1, 0)
    assert list(timeline.overwritten) == ["dW", "dA_prev_pad"]


def test_next_completes_the_step_under_way_and_back_drops_it() -> None:
    problem = small()
    expected = states(problem)
    timeline = Timeline(problem)
    timeline.seek(4)
    timeline.next_addition()
    timeline.next()
    assert (timeline.position, timeline.additions) == (5, 0)
    assert bits_of(timeline) == expected[5]
    timeline.next_addition()
    timeline.next_addition()
    step = timeline.back()
    assert step is not None
    assert step.index == 4
    assert (timeline.position, timeline.additions) == (5, 0)
    assert bits_of(timeline) == expected[5]


def test_history_beyond_its_limit_is_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_module, "MOST_BEHIND", 3)
    problem = small()
    expected = states(problem)
    timeline = Timeline(problem)
    timeline.seek(20)
    timeline.seek(19)
    timeline.seek(2)
    assert bits_of(timeline) == expected[2]
    timeline.seek(20)
    for _ in range(10):
        timeline.back()
        assert timeline.overwritten, "the screen shows before and after at every position"
    assert bits_of(timeline) == expected[10]


def test_dropping_additions_leaves_something_to_step_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_module, "MOST_BEHIND", 1)
    timeline = Timeline(small())
    timeline.seek(5)
    timeline.back_addition()
    timeline.back()
    assert (timeline.position, timeline.additions) == (4, 0)
    assert list(timeline.overwritten) == ["dW", "dA_prev_pad", "db"]
    timeline.back()
    assert bits_of(timeline) == states(timeline.problem)[3]


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, -0.0, 1.7e308])
def test_back_restores_what_no_subtraction_could(strange: float) -> None:
    dZ = np.array(small().dZ)
    dZ[1, 1, :] = strange
    problem = small(dZ=dZ, A_prev=np.where(np.arange(40).reshape(4, 5, 2) % 7 == 0, strange, 1e-30))
    expected = states(problem)
    timeline = Timeline(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        timeline.seek(timeline.total)
        assert bits_of(timeline) == expected[-1]
        for position in range(timeline.total - 1, -1, -1):
            for _ in range(3):
                timeline.back_addition()
            assert bits_of(timeline) == expected[position]
