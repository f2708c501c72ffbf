from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv import magnitude
from convstep.conv.magnitude import gradient_magnitudes, quick_magnitudes, reached_magnitudes, work
from convstep.conv.problem import Problem
from tests.conv.loop import PlainLoop
from tests.strategies import problems


def largest(values: object) -> float:
    return float(np.abs(np.asarray(values)).max())


@given(problems())
def test_magnitudes_are_those_of_the_finished_gradients(problem: Problem) -> None:
    found, end = gradient_magnitudes(problem), PlainLoop(problem).run()
    tolerance = 1e-4 if problem.dtype == np.float32 else 1e-9
    for name, values in (("dW", end.dW), ("db", end.db), ("dA_prev", end.dA_prev_pad)):
        scale = max(1.0, largest(values))
        assert found[name] == pytest.approx(largest(values), abs=tolerance * scale), name


@given(problems(), st.sampled_from(["A_prev", "W", "dZ"]), st.sampled_from([np.nan, np.inf, -np.inf, 1e308]))
def test_nan_and_infinities_are_data(problem: Problem, name: str, value: float) -> None:
    arrays = {key: np.array(getattr(problem, key)) for key in ("A_prev", "W", "dZ")}
    with np.errstate(over="ignore"):
        arrays[name].flat[0] = value
    spoiled = Problem(arrays["A_prev"], arrays["W"], problem.b, arrays["dZ"], problem.stride, problem.padding,
                      problem.dilation, problem.groups)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for found in (gradient_magnitudes(spoiled), quick_magnitudes(spoiled)):
            assert all(magnitude >= 0 for magnitude in found.values())
        assert all(np.isfinite(found) for found in gradient_magnitudes(spoiled).values())


@given(problems())
def test_quick_magnitudes_are_exact_for_what_is_given(problem: Problem) -> None:
    found = quick_magnitudes(problem)
    for name in ("A_prev", "W", "dZ"):
        assert found[name] == largest(getattr(problem, name))
    assert {"dW", "db", "dA_prev"} <= set(found)


def test_work_counts_the_products_of_one_gradient() -> None:
    problem = Problem(np.ones((5, 6, 4)), np.ones((6, 2, 3, 2)), None, None, groups=2)
    loop = PlainLoop(problem)
    counted = []
    loop.run(seen=lambda: counted.append(2 * 3 * 2))
    assert work(problem) == sum(counted)


@given(problems())
def test_few_steps_are_measured_on_the_way_many_when_they_are_done(problem: Problem) -> None:
    loop = PlainLoop(problem)
    most = dict.fromkeys(("dW", "dA_prev") if problem.b is None else ("dW", "db", "dA_prev"), 0.0)

    def look() -> None:
        running = {"dW": loop.dW, "db": loop.db, "dA_prev": loop.dA_prev_pad}
        most.update({name: max(before, largest(running[name])) for name, before in most.items()})

    loop.run(seen=look)
    assert reached_magnitudes(problem) == {"db": 0.0} | most
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(magnitude, "STEPWISE", problem.total_steps - 1)
        assert reached_magnitudes(problem) == gradient_magnitudes(problem)
