"""Two thousand random geometries: torch within rounding, the plain loop and the timeline to the bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from convstep.conv.backward import conv2d_backward
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from tests.conv.loop import Bits, bits, states
from tests.conv.torch_reference import close, torch_result
from tests.strategies import SELDOM, random_problem, tried

BATCHES, PER_BATCH = 20, 100
"""All of them with CONVSTEP_THOROUGH=1, else a quarter."""


@SELDOM
@pytest.mark.parametrize("seed", range(tried(BATCHES)))
def test_gradients_are_right_at_every_geometry_and_every_position(seed: int) -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    for _ in range(PER_BATCH):
        problem = random_problem(rng)
        expected = states(problem)
        check_gradients(problem, expected[-1])
        timeline = Timeline(problem)
        for position in rng.integers(0, problem.total_steps + 1, 4).tolist():
            timeline.seek(position)
            found = bits(timeline.dW, timeline.db, timeline.dA_prev_pad)
            assert found == expected[position], (problem, position)


def check_gradients(problem: Problem, expected: Bits) -> None:
    dW, db, dA_prev = conv2d_backward(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    timeline = Timeline(problem)
    timeline.seek(timeline.total)
    assert bits(dW, db, timeline.dA_prev_pad) == expected, problem
    assert dA_prev.tobytes() == timeline.dA_prev.tobytes(), problem
    theirs = torch_result(problem)
    relative = 1e-9 if problem.dtype == np.float64 else 1e-3
    assert close(dW, theirs.dW, relative), problem
    assert close(dA_prev, theirs.dA_prev, relative), problem
    assert db is None or close(db, theirs.db, relative), problem


def test_the_random_geometries_cover_what_they_should() -> None:
    rng = np.random.default_rng(0)
    drawn = [random_problem(rng) for _ in range(200)]
    geometries = [problem.geometry for problem in drawn]
    assert any(g.kernel_shape[1:3] == (1, 1) for g in geometries)
    assert any(g.stride[0] > g.reach[0] for g in geometries)
    assert any(g.remainder != (0, 0) for g in geometries)
    assert any(g.padding[0][0] != g.padding[0][1] for g in geometries)
    assert any(g.groups > 1 and g.kernel_shape[3] > 1 for g in geometries)
    assert any(g.batch is not None and g.batch > 1 for g in geometries)
    assert any(p.b is None for p in drawn)
    assert {str(p.dtype) for p in drawn} == {"float32", "float64"}
    assert sum(g.input_shape[0] != g.input_shape[1] for g in geometries) > 100
