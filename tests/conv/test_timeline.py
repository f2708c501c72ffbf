from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv import timeline as timeline_module
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.steps.stepped import Stepped
from tests.conv.loop import Bits, PlainLoop, bits, states
from tests.strategies import problems, tried

MOVES = st.lists(
    st.sampled_from(("next", "back", "next_write", "back_write"))
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
            case "next_write":
                assert timeline.next_write() == (self.position < self.total)
                if self.position < self.total:
                    self.additions += 1
            case "back_write":
                assert timeline.back_write() == bool(self.position or self.additions)
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
        assert (timeline.position, timeline.made) == (self.position, self.additions)
        if not self.additions:
            assert bits_of(timeline) == self.states[self.position]
        else:
            assert bits_of(timeline) == PlainLoop(self.problem).run(self.position, self.additions).bits
        assert bits(*timeline.settled_copy()) == self.states[self.position]
        looked_at = self.position if self.additions else max(self.position - 1, 0)
        assert timeline.step.index == looked_at
        self.check_event(timeline, looked_at)

    def check_event(self, timeline: Timeline, looked_at: int) -> None:
        """The step's place in the loops, and every write with the loop's cells before and after it."""
        event, geometry = timeline.event, self.problem.geometry
        assert event.index == looked_at
        place = [(loop.name, loop.at) for loop in event.loops]
        assert place == [*timeline.step.loop_index._asdict().items()][geometry.batch is None :]
        assert math.prod(loop.count for loop in event.loops) == self.total
        assert event.made == (self.additions or (self.per_step if self.position else 0))
        assert [access.array for access in event.reads] == ["A_prev_pad", "W", "dZ"]
        assert [access.array for access in event.writes] == ["dW", "dA_prev_pad", "db"][: self.per_step]
        for access in event.reads:
            np.testing.assert_array_equal(access.value, timeline.arrays[access.array][access.region])
        before, after = PlainLoop(self.problem).run(looked_at), PlainLoop(self.problem).run(looked_at + 1)
        for access in event.writes:
            for held, loop in ((access.before, before), (access.after, after)):
                cells = getattr(loop, access.array)
                whole = cells.reshape(timeline.arrays[access.array].shape)
                assert held is not None
                assert held.tobytes() == whole[access.region].tobytes()
                assert held.shape == np.shape(access.value)


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
    assert (timeline.position, timeline.total, timeline.made) == (0, 27, 0)
    assert timeline.step.index == 0
    assert not timeline.event.made
    assert not timeline.dW.any()
    assert not timeline.dA_prev_pad.any()
    assert timeline.back() is None
    assert not timeline.back_write()


def test_the_end_is_the_whole_gradient_and_nothing_is_beyond_it() -> None:
    timeline = Timeline(small(padding=1, dZ=None))
    timeline.seek(timeline.total)
    loop = PlainLoop(timeline.problem).run()
    assert timeline.dA_prev.tobytes() == loop.dA_prev.tobytes()
    assert timeline.dA_prev.shape == timeline.problem.A_prev.shape
    assert timeline.next() is None
    assert not timeline.next_write()
    assert timeline.step.index == timeline.total - 1
    assert bits_of(timeline) == loop.bits


@pytest.mark.parametrize("position", [-1, 28, 10**20])
def test_seeking_where_nothing_is_raises_and_moves_nothing(position: int) -> None:
    timeline = Timeline(small())
    timeline.seek(5)
    timeline.next_write()
    before = bits_of(timeline)
    with pytest.raises(ValueError, match=f"position {position} does not exist; positions go from 0 to 27"):
        timeline.seek(position)
    assert (timeline.position, timeline.made) == (5, 1)
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


def test_writes_come_in_the_loops_order() -> None:
    timeline = Timeline(small())
    for made, name in enumerate(("dW", "dA_prev_pad", "db"), start=1):
        assert timeline.next_write()
        event = timeline.event
        assert event.writes[event.made - 1].array == name
        assert timeline.made == made % 3
    assert timeline.position == 1


def test_without_a_bias_a_step_has_two_writes() -> None:
    timeline = Timeline(small(b=None))
    assert timeline.db is None
    assert timeline.next_write()
    assert timeline.next_write()
    assert (timeline.position, timeline.made) == (1, 0)
    assert [access.array for access in timeline.event.writes] == ["dW", "dA_prev_pad"]
    assert "db" not in timeline.arrays


@given(problems(), st.integers(0, 2**16))
def test_the_steps_touching_a_cell_are_those_whose_event_covers_it(problem: Problem, seed: int) -> None:
    timeline: Stepped = Timeline(problem)
    covered: dict[str, list[tuple[int, npt.NDArray[Any]]]] = {}
    while timeline.next() is not None:
        for write in timeline.event.writes:
            marks = np.zeros(timeline.arrays[write.array].shape, bool)
            marks[write.region] = True
            covered.setdefault(write.array, []).append((timeline.position - 1, marks))
    rng = np.random.default_rng(seed)
    for name, steps in covered.items():
        cell = tuple(int(rng.integers(length)) for length in timeline.arrays[name].shape)
        assert list(timeline.touching(name, cell)) == [step for step, marks in steps if marks[cell]]


def test_what_no_step_writes_is_not_touched() -> None:
    timeline = Timeline(small(b=None))
    for name, cell, sentence in (
        ("W", (0, 0, 0, 0), "only dW, dA_prev_pad can"),
        ("db", (0,), "no bias"),
        ("dW", (0, 0), "has 2 indices"),
        ("dW", (3, 0, 0, 0), "it goes from 0 to 2"),
    ):
        with pytest.raises(ValueError, match=sentence):
            timeline.touching(name, cell)


def test_next_completes_the_step_under_way_and_back_drops_it() -> None:
    problem = small()
    expected = states(problem)
    timeline = Timeline(problem)
    timeline.seek(4)
    timeline.next_write()
    timeline.next()
    assert (timeline.position, timeline.made) == (5, 0)
    assert bits_of(timeline) == expected[5]
    timeline.next_write()
    timeline.next_write()
    step = timeline.back()
    assert step is not None
    assert step.index == 4
    assert (timeline.position, timeline.made) == (5, 0)
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
        assert timeline.event.made, "the screen shows before and after at every position"
    assert bits_of(timeline) == expected[10]


def test_dropping_additions_leaves_something_to_step_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_module, "MOST_BEHIND", 1)
    timeline = Timeline(small())
    timeline.seek(5)
    timeline.back_write()
    timeline.back()
    assert (timeline.position, timeline.made) == (4, 0)
    assert timeline.event.made == 3
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
                timeline.back_write()
            assert bits_of(timeline) == expected[position]
