"""A step's reads and writes are the loop's."""

import numpy as np
from hypothesis import given, settings

from convstep.conv.backward import conv2d_backward_steps
from convstep.conv.problem import Problem
from convstep.conv.step import Run, quiet
from tests.strategies import problems, tried


@settings(max_examples=tried(60), deadline=None)
@given(problem=problems())
def test_what_a_step_says_it_reads_and_adds_is_what_the_loop_does(problem: Problem) -> None:
    run, cache = Run.begin(problem), {"A_prev": problem.A_prev, "W": problem.W, "b": problem.b}
    arrays = {
        "A_prev_pad": problem.A_prev_pad, "W": problem.W, "dZ": problem.dZ,
        "dW": run.dW, "dA_prev_pad": run.dA_prev_pad, "db": run.db,
    }  # fmt: skip
    geometry = problem.geometry
    with quiet():
        for step in conv2d_backward_steps(
            problem.dZ, cache, geometry.stride, geometry.padding, geometry.dilation, geometry.groups
        ):
            accesses = run.step(step.loop_index).accesses()
            for access in accesses:
                array = arrays[access.array]
                assert array is not None
                if access.writes:
                    array[access.region] = array[access.region] + access.value
                else:
                    np.testing.assert_array_equal(array[access.region], access.value)
            for name in ("dW", "dA_prev_pad", "db"):
                ours, theirs = arrays[name], getattr(step, name)
                assert (ours is None) == (theirs is None)
                assert ours is None or ours.tobytes() == theirs.tobytes()
