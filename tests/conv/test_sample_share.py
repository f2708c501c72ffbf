"""A sample's share of dW and db: what it alone added, to the bit, wherever the pass stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv.backward import conv2d_backward_steps
from convstep.conv.problem import Problem
from convstep.conv.sample_share import KEPT, SampleShare
from convstep.conv.timeline import Timeline
from tests.conv.loop import PlainLoop
from tests.strategies import draw_problem, tried

Array = npt.NDArray[Any]
Share = tuple[Array, Array | None]


@st.composite
def batches(draw: st.DrawFn) -> Problem:
    """Two to four samples of every geometry."""

    def pair(low: int, high: int) -> tuple[int, int]:
        return draw(st.integers(low, high)), draw(st.integers(low, high))

    return draw_problem(
        np.random.default_rng(draw(st.integers(0, 2**16), label="seed")),
        kernel=pair(1, 3),
        stride=pair(1, 2),
        dilation=pair(1, 2),
        padding=(pair(0, 2), pair(0, 2)),
        groups=draw(st.integers(1, 2)),
        per_group=pair(1, 2),
        output=pair(1, 3),
        spare=pair(0, 1),
        batch=draw(st.integers(2, 4), label="batch"),
        bias=draw(st.booleans(), label="bias"),
        dtype=draw(st.sampled_from((np.float64, np.float32)), label="dtype"),
    )


def shares(problem: Problem) -> list[Share]:
    """By position, what the sample of the last step has added, summed in the loop's order from zero."""
    dW, db = np.zeros_like(problem.W), None if problem.b is None else np.zeros_like(problem.b)
    found: list[Share] = [(dW.copy(), None if db is None else db.copy())]
    i_n = 0
    with np.errstate(all="ignore"):
        for step in conv2d_backward_steps(
            problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
        ):
            if step.i_n != i_n:
                i_n = step.i_n
                dW[:] = 0
                if db is not None:
                    db[:] = 0
            dW[step.i_c] += step.input_slice * step.dz
            if db is not None:
                db[step.i_c] += step.dz
            found.append((dW.copy(), None if db is None else db.copy()))
    return found


def assert_same_bits(alone: Timeline, expected: Share) -> None:
    dW, db = expected
    assert alone.dW.tobytes() == dW.tobytes()
    assert (alone.db is None) == (db is None)
    assert alone.db is None or db is None or alone.db.tobytes() == db.tobytes()


def one_sample(problem: Problem, sample: int) -> Problem:
    geometry = problem.stride, problem.padding, problem.dilation, problem.groups
    return Problem(problem.A_prev[sample], problem.W, problem.b, problem.dZ[sample], *geometry)


@settings(max_examples=tried(60))
@given(problem=batches(), data=st.data())
def test_share_is_the_sum_of_the_sample_s_own_additions_wherever_one_goes(
    problem: Problem, data: st.DataObject
) -> None:
    expected = shares(problem)
    timeline = Timeline(problem)
    share = SampleShare(timeline)
    for position in data.draw(st.lists(st.integers(0, problem.total_steps), min_size=1, max_size=6)):
        timeline.seek(position)
        assert_same_bits(share.follow(), expected[position])
        for move in data.draw(st.text("nNsS", max_size=4)):
            {"n": timeline.next, "N": timeline.back}.get(
                move, timeline.next_write if move == "s" else timeline.back_write
            )()
            alone = share.follow()
            if not timeline.made:
                assert_same_bits(alone, expected[timeline.position])
            assert alone.step.loop_index[1:] == timeline.step.loop_index[1:]
            assert alone.made == timeline.made


@settings(max_examples=tried(40))
@given(problem=batches(), data=st.data())
def test_share_between_two_additions_is_that_of_the_loop_over_the_sample_alone(
    problem: Problem, data: st.DataObject
) -> None:
    timeline = Timeline(problem)
    timeline.seek(data.draw(st.integers(0, problem.total_steps - 1)))
    made = data.draw(st.integers(1, len(timeline.layout.written) - 1))
    for _ in range(made):
        timeline.next_write()
    share = SampleShare(timeline)
    per_sample = problem.total_steps // problem.geometry.samples
    sample, steps = divmod(timeline.position, per_sample)
    loop = PlainLoop(one_sample(problem, sample)).run(steps, made)
    assert share.sample == sample
    assert_same_bits(share.follow(), (loop.dW, None if problem.b is None else loop.db))


@pytest.fixture(scope="module")
def three() -> Problem:
    numbers = np.random.default_rng(3)
    return Problem(numbers.standard_normal((3, 4, 5, 2)), numbers.standard_normal((3, 2, 3, 2)), None, None)


def test_shares_of_all_samples_make_up_the_whole(three: Problem) -> None:
    timeline = Timeline(three)
    share, found = SampleShare(timeline), []
    for sample in range(3):
        timeline.seek((sample + 1) * three.total_steps // 3)
        found.append(share.follow().dW.copy())
        if sample == 0:
            assert found[0].tobytes() == timeline.dW.tobytes()
    np.testing.assert_allclose(sum(found), timeline.dW, rtol=1e-12)


def test_no_more_than_two_samples_are_kept_and_a_step_back_over_the_border_finds_its_own(
    three: Problem,
) -> None:
    timeline = Timeline(three)
    share, per_sample = SampleShare(timeline), three.total_steps // 3
    timeline.seek(per_sample)
    first = share.follow()
    timeline.next()
    assert share.follow() is not first
    timeline.back()
    assert share.follow() is first
    timeline.seek(three.total_steps)
    share.follow()
    assert len(share._passes) == KEPT


def test_what_a_far_share_needs_can_be_built_beforehand(three: Problem) -> None:
    timeline = Timeline(three)
    share = SampleShare(timeline)
    assert list(share.prepare(three.total_steps))[-1:] in ([], [1.0])
    assert share.prepared(three.total_steps)
    timeline.seek(three.total_steps)
    assert_same_bits(share.follow(), shares(three)[-1])


def test_not_a_number_in_one_sample_stays_with_it() -> None:
    A_prev = np.ones((2, 3, 3, 1))
    A_prev[0, 1, 1, 0] = np.nan
    problem = Problem(A_prev, np.ones((1, 2, 2, 1)), None, None)
    timeline = Timeline(problem)
    timeline.seek(problem.total_steps)
    assert np.isnan(timeline.dW).any()
    assert not np.isnan(SampleShare(timeline).follow().dW).any()
