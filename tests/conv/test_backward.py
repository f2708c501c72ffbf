from __future__ import annotations

import inspect
import warnings
from collections import deque
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv import backward
from convstep.conv.backward import Steps, conv2d_backward, conv2d_backward_steps
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.step import Gradients
from tests.conv.loop import PlainLoop, bits, states
from tests.conv.torch_reference import close, torch_result
from tests.strategies import problems

BY_EITHER_WAY = st.sampled_from([0, backward.LOOP_UP_TO])
"""Steps up to which the loop is walked: none, or all that these small problems have."""


def arguments(problem: Problem) -> tuple[Any, ...]:
    return (
        problem.dZ,
        problem.cache,
        problem.stride,
        problem.padding,
        problem.dilation,
        problem.groups,
    )


def example(**changes: Any) -> Problem:
    rng = np.random.default_rng(11)
    given_arrays: dict[str, Any] = {
        "A_prev": rng.standard_normal((2, 4, 5, 2)),
        "W": rng.standard_normal((4, 2, 3, 1)),
        "b": rng.standard_normal(4),
        "dZ": rng.standard_normal((2, 3, 3, 4)),
        "stride": (2, 1),
        "padding": ((1, 1), (0, 0)),
        "groups": 2,
    }
    return Problem(**(given_arrays | changes))


def drain(steps: Steps) -> Gradients:
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            gradients: Gradients = finished.value
            return gradients


@given(problems())
def test_backward_is_torchs_gradient(problem: Problem) -> None:
    dW, db, dA_prev = conv2d_backward(*arguments(problem))
    theirs = torch_result(problem)
    relative = 1e-12 if problem.dtype == np.float64 else 1e-4
    assert close(dW, theirs.dW, relative)
    assert close(dA_prev, theirs.dA_prev, relative)
    assert (db is None) == (problem.b is None)
    assert db is None or close(db, theirs.db, relative)
    assert {g.dtype for g in (dW, db, dA_prev) if g is not None} == {problem.dtype}


@given(problems(), BY_EITHER_WAY)
def test_backward_has_the_bits_of_the_loop_without_yield(problem: Problem, loop_up_to: int) -> None:
    loop = PlainLoop(problem).run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backward, "LOOP_UP_TO", loop_up_to)
        dW, db, dA_prev = conv2d_backward(*arguments(problem))
    assert dW.tobytes() == loop.dW.tobytes()
    assert dA_prev.tobytes() == loop.dA_prev.tobytes()
    assert dA_prev.shape == problem.A_prev.shape
    assert (db is None) == (problem.b is None)
    assert db is None or db.tobytes() == loop.db.tobytes()


@pytest.mark.parametrize(("rows", "walked"), [(4, True), (5, False)])
def test_the_loop_is_walked_up_to_a_size_and_whole_arrays_are_added_beyond(
    rows: int, walked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    A_prev, W, b, dZ = (np.ones(shape) for shape in ((rows, 64, 1), (16, 1, 1, 1), (16,), (rows, 64, 16)))
    problem = Problem(A_prev, W, b, dZ)
    expected = PlainLoop(problem).run()
    loop = Mock(wraps=backward._loop)
    monkeypatch.setattr(backward, "_loop", loop)
    dW, _, dA_prev = conv2d_backward(*arguments(problem))
    assert loop.called == walked, problem.total_steps
    assert (dW.tobytes(), dA_prev.tobytes()) == (expected.dW.tobytes(), expected.dA_prev.tobytes())
    assert sum(1 for _ in conv2d_backward_steps(*arguments(problem))) == problem.total_steps


@given(problems())
def test_every_step_has_the_bits_of_the_loop_without_yield(problem: Problem) -> None:
    expected = states(problem)
    steps = conv2d_backward_steps(*arguments(problem))
    for position, step in enumerate(steps, start=1):
        assert bits(step.dW, step.db, step.dA_prev_pad) == expected[position]
    assert position == problem.total_steps == len(expected) - 1


def test_steps_come_in_the_loops_order_with_what_they_read() -> None:
    problem = example()
    seen = []
    for number, step in enumerate(conv2d_backward_steps(*arguments(problem))):
        assert step.index == number
        assert step.loop_index == (step.i_n, step.i_h, step.i_w, step.i_c)
        assert step.dz == problem.dZ[step.loop_index]
        assert np.shares_memory(step.kernel, step.run.problem.W)
        assert step.kernel.tobytes() == problem.W[step.i_c].tobytes()
        i_n, rows, columns, channels = step.window
        assert step.input_slice.tobytes() == problem.A_prev_pad[i_n, rows, columns, channels].tobytes()
        assert step.input_slice.shape == step.kernel.shape
        seen.append(step.loop_index)
    assert seen == list(np.ndindex(2, 3, 3, 4))


def test_gradients_are_live_and_the_same_objects_at_every_step() -> None:
    steps = conv2d_backward_steps(*arguments(example()))
    first = next(steps)
    held = first.dW, first.db, first.dA_prev_pad
    for step in steps:
        assert all(a is b for a, b in zip((step.dW, step.db, step.dA_prev_pad), held, strict=True))
    assert bits(*held) == PlainLoop(example()).run().bits


def test_a_drained_generator_returns_the_gradients() -> None:
    problem = example()
    gradients = drain(conv2d_backward_steps(*arguments(problem)))
    assert isinstance(gradients, Gradients)
    for ours, theirs in zip(gradients, conv2d_backward(*arguments(problem)), strict=True):
        assert ours is not None
        assert theirs is not None
        assert ours.tobytes() == theirs.tobytes()
    assert gradients.dA_prev.shape == problem.A_prev.shape


def test_steps_are_lazy() -> None:
    steps = conv2d_backward_steps(*arguments(example()))
    step = next(steps)
    assert np.count_nonzero(step.dW[1:]) == 0
    assert step.index == 0
    assert inspect.isgenerator(steps)


def test_a_caller_that_changes_its_arrays_later_changes_nothing() -> None:
    problem = example()
    cache = {name: np.array(array) for name, array in problem.cache.items()}
    steps = conv2d_backward_steps(np.array(problem.dZ), cache, *arguments(problem)[2:])
    next(steps)
    for array in cache.values():
        array[...] = np.nan
    assert bits(*_last(steps)) == PlainLoop(problem).run().bits


def _last(steps: Steps) -> tuple[Any, Any, Any]:
    step = deque(steps, maxlen=1).pop()
    return step.dW, step.db, step.dA_prev_pad


def test_a_cache_without_b_gives_no_db() -> None:
    problem = example(b=None)
    cache = {"A_prev": problem.A_prev, "W": problem.W}
    steps = conv2d_backward_steps(problem.dZ, cache, *arguments(problem)[2:])
    assert all(step.db is None for step in steps)
    assert conv2d_backward(problem.dZ, cache, *arguments(problem)[2:]).db is None


@pytest.mark.parametrize("loop_up_to", [0, backward.LOOP_UP_TO])
@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7e308])
def test_strange_values_flow_as_in_the_loop_and_without_a_warning(
    strange: float, loop_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backward, "LOOP_UP_TO", loop_up_to)
    A_prev, dZ = np.array(example().A_prev), np.array(example().dZ)
    A_prev[0, 1, 1] = strange
    dZ[1, 1, 1] = strange
    problem = example(A_prev=A_prev, dZ=dZ)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dW, db, dA_prev = conv2d_backward(*arguments(problem))
    loop = PlainLoop(problem).run()
    assert (dW.tobytes(), dA_prev.tobytes()) == (loop.dW.tobytes(), loop.dA_prev.tobytes())
    assert db is not None
    assert db.tobytes() == loop.db.tobytes()


def test_a_worked_example_by_hand() -> None:
    A_prev = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])[..., None]
    W = np.array([[10.0, 20.0]]).reshape(1, 1, 2, 1)
    dZ = np.array([[1.0, -1.0], [2.0, 0.5]])[..., None]
    dW, db, dA_prev = conv2d_backward(dZ, {"A_prev": A_prev, "W": W, "b": np.zeros(1)}, 1, 0)
    # dW[k] = sum of dZ * the cell k to the right: 1-2+8+2.5 and 2-3+10+3
    assert dW.ravel().tolist() == [9.5, 12.0]
    assert db is not None
    assert db.tolist() == [2.5]
    assert dA_prev[..., 0].tolist() == [[10.0, 10.0, -20.0], [20.0, 45.0, 10.0]]


@pytest.mark.parametrize("empty", ["A_prev", "W", "dZ"])
def test_an_empty_array_is_refused_by_both_in_the_same_words(empty: str) -> None:
    problem = example()
    given_arrays = {name: getattr(problem, name) for name in ("A_prev", "W", "b", "dZ")}
    given_arrays[empty] = given_arrays[empty][:0]
    sentences = set()
    for function in (conv2d_backward, conv2d_backward_steps):
        with pytest.raises(ProblemError, match=f"{empty} is empty") as refused:
            function(given_arrays["dZ"], given_arrays, *arguments(problem)[2:])
        sentences.add(str(refused.value))
    assert len(sentences) == 1
