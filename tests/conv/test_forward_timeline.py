from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convstep.conv import forward_timeline, step_values
from convstep.conv.forward import conv2d_forward
from convstep.conv.forward_timeline import ForwardTimeline
from convstep.conv.problem import Problem
from convstep.replay.search import Found, search
from convstep.replay.stops import parse_stop
from convstep.steps.stepped import Matching, Stepped
from tests.strategies import problems, tried

Array = npt.NDArray[Any]

MOVES = st.lists(
    st.sampled_from(("next", "back", "next_write", "back_write"))
    | st.tuples(st.just("seek"), st.floats(0, 1)),
    max_size=40,
)


def loop_of(problem: Problem) -> Array:
    """What the readable loop makes of a problem."""
    p = problem
    hyper = p.stride, p.padding, p.dilation, p.groups
    made: Array = conv2d_forward(p.A_prev, p.W, p.b, *hyper)["Z"]
    return made


class Model:
    """What a forward timeline must be: the first cells of the loop's Z, a sum without bias, and zeros."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.Z = problem, loop_of(problem).reshape(-1)
        self.sums = loop_of(Problem(problem.A_prev, problem.W, None, None, *_hyper(problem))).reshape(-1)
        self.total, self.per_step = problem.total_steps, 1 if problem.b is None else 2
        self.position, self.made = 0, 0

    def state(self, position: int, made: int) -> Array:
        """Z after so many steps, and so many writes of the next one."""
        Z = np.where(np.arange(self.total) < position, self.Z, np.zeros_like(self.Z))
        if made:
            Z[position] = self.sums[position] if made < self.per_step else self.Z[position]
        return Z

    def move(self, move: str | tuple[str, float], run: ForwardTimeline) -> None:
        """Make one move here and there, and compare what it returns."""
        match move:
            case "next":
                assert (run.next() is None) == (self.position == self.total)
                self.position, self.made = min(self.position + 1, self.total), 0
            case "back":
                moved = bool(self.position or self.made)
                assert (run.back() is not None) == moved
                self.position, self.made = self.position - (moved and not self.made), 0
            case "next_write":
                assert run.next_write() == (self.position < self.total)
                self.made += self.position < self.total
            case "back_write":
                assert run.back_write() == bool(self.position or self.made)
                if self.position and not self.made:
                    self.position, self.made = self.position - 1, self.per_step
                self.made = max(self.made - 1, 0)
            case (_, share):
                self.position, self.made = round(share * self.total), 0
                run.seek(self.position)
        if self.made == self.per_step:
            self.position, self.made = self.position + 1, 0

    def check(self, run: ForwardTimeline) -> None:
        """The state, and the event of the step that is looked at."""
        assert (run.position, run.made) == (self.position, self.made)
        assert run.arrays["Z"].tobytes() == self.state(self.position, self.made).tobytes()
        event, at = run.event, self.position if self.made else max(self.position - 1, 0)
        assert event.index == at
        assert event.made == (self.made or (self.per_step if self.position else 0))
        assert [loop.at for loop in event.loops] == list(self.problem.geometry.place_of(at))
        assert [access.array for access in event.reads] == ["A_prev_pad", "W", "b"][: 1 + self.per_step]
        for access in event.reads:
            np.testing.assert_array_equal(access.value, run.arrays[access.array][access.region])
        assert [write.kind for write in event.writes] == ["assigns", "adds"][: self.per_step]
        for made, write in enumerate(event.writes):
            for held, after in ((write.before, made), (write.after, made + 1)):
                cells = self.state(at, after).reshape(self.problem.dZ.shape)[write.region]
                assert held is not None
                assert held.tobytes() == cells.tobytes()


def _hyper(problem: Problem) -> tuple[Any, ...]:
    return problem.stride, problem.padding, problem.dilation, problem.groups


@settings(max_examples=tried(250))
@given(problems(), MOVES, st.integers(1, 40))
def test_any_sequence_of_moves_gives_the_bits_of_the_readable_loop(
    problem: Problem, moves: list[str | tuple[str, float]], products: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forward_timeline, "PRODUCTS", products)
        patch.setattr(step_values, "CELLS", products)
        run, model = ForwardTimeline(problem), Model(problem)
        Z = run.Z
        model.check(run)
        for move in moves:
            model.move(move, run)
            model.check(run)
        run.seek(run.total)
        assert run.Z is Z
        assert Z.tobytes() == model.Z.tobytes()


@settings(max_examples=tried(60))
@given(
    st.integers(1, 600), st.integers(1, 3), st.integers(1, 5), st.booleans(), st.sampled_from((1, 2)),
    st.sampled_from((np.float32, np.float64)), st.integers(0, 2**16),
)  # fmt: skip
@example(512, 3, 3, False, 1, np.float32, 0)
def test_a_far_seek_adds_long_windows_in_the_loops_order(
    channels: int, height: int, width: int, wide: bool, groups: int, dtype: Any, seed: int
) -> None:
    """NumPy adds long rows in pairs: the whole-array way has to pair as the loop's `np.sum` does."""
    rng = np.random.default_rng(seed)
    A_prev = (rng.standard_normal((height + 1, width + 2, channels * groups)) * 1e3).astype(dtype)
    W = rng.standard_normal((2 * groups, height, width, channels)).astype(dtype)
    problem = Problem(A_prev, W, np.ones(2 * groups, dtype) if wide else None, None, 1, 0, 1, groups)
    run = ForwardTimeline(problem)
    run.seek(run.total)
    assert run.Z.tobytes() == loop_of(problem).tobytes()


def small(bias: bool = True, **changes: Any) -> Problem:
    rng = np.random.default_rng(3)
    b = rng.standard_normal(3) if bias else None
    return Problem(rng.standard_normal((4, 5, 2)), rng.standard_normal((3, 2, 3, 2)), b, None, **changes)


def test_it_is_what_a_debugger_steps() -> None:
    run = ForwardTimeline(small())
    stepped: Stepped = run
    assert isinstance(stepped, Matching)
    assert math.prod(stepped.layout.counts[name] for name in ("i_n", "i_h", "i_w", "i_c")) == stepped.total
    assert run.next() is not None
    assert "ForwardTimeline(position 1 of 27, at i_h 0, i_w 0, i_c 0)" in repr(run)
    with pytest.raises(ValueError, match="position 28 does not exist; positions go from 0 to 27"):
        run.seek(28)


@pytest.mark.parametrize("batch", [None, 2])
def test_one_step_writes_a_cell(batch: int | None) -> None:
    problem = small()
    if batch:
        problem = Problem(np.stack([problem.A_prev] * batch), problem.W, problem.b, None)
    run = ForwardTimeline(problem)
    found = [list(run.touching("Z", cell)) for cell in np.ndindex(problem.dZ.shape)]
    assert found == [[step] for step in range(run.total)]
    with pytest.raises(ValueError, match="'dW' cannot be watched; only Z can"):
        run.touching("dW", (0, 0, 0, 0))
    with pytest.raises(ValueError, match="does not exist"):
        run.touching("Z", (9,) * problem.dZ.ndim)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "abs(Z) > 1.5", "Z < 0 and i_c == 1", "b > 0 and any(x > 1)", "all(w < 2) and Z > 1", "4,*,1",
        "watch Z[2,1,0]",
    ],
)  # fmt: skip
def test_a_search_finds_what_walking_finds(text: str, backwards: bool) -> None:
    problem = small(padding=2)
    run = ForwardTimeline(problem)
    stop = parse_stop(text, run.layout)
    walked = ForwardTimeline(problem)
    hits = []
    while walked.next() is not None:
        if stop.hit_by(walked.event, walked.layout):
            hits.append(walked.position)
    assert hits
    start = run.total // 2
    ahead = [at for at in hits if (at < start if backwards else at > start)]
    found = [at for at in search(run, start, [stop], backwards=backwards) if isinstance(at, Found)]
    assert [at.position for at in found] == (ahead[-1:] if backwards else ahead[:1])


def test_without_a_bias_a_condition_on_it_says_why_not() -> None:
    with pytest.raises(ValueError, match="there is no b: the problem has no bias"):
        parse_stop("b > 0", ForwardTimeline(small(bias=False)).layout)


def test_nan_and_inf_are_data(recwarn: pytest.WarningsRecorder) -> None:
    problem = Problem(np.array([[[np.nan], [np.inf], [1e308]]]), np.full((1, 1, 1, 1), -1e10), [1.0], None)
    run = ForwardTimeline(problem)
    walked = [run.next() and run.Z[0, at, 0] for at in range(3)]
    np.testing.assert_array_equal(walked, [np.nan, -np.inf, -np.inf])
    run.seek(0)
    run.seek(3)
    np.testing.assert_array_equal(run.Z.reshape(-1), walked)
    assert not recwarn.list


def test_a_far_seek_says_how_far_it_is_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward_timeline, "PRODUCTS", 36)
    monkeypatch.setattr(forward_timeline, "AT_ONCE", 36)
    run = ForwardTimeline(small())
    assert not run.prepared(27)
    shares = list(run.prepare(27))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) == 9
    assert run.position == 0
    assert run.prepared(27)
    assert list(run.prepare(27)) == []
