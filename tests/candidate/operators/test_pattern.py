"""What an operator's problems are said to have in common is true of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from convstep.candidate.operators.pattern import FEATURES, has
from convstep.operators.operator import OperatorProblem
from convstep.operators.registry import operator_named


def _windows(problem: OperatorProblem) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """How many there are, how large and how far apart they are, along each axis."""
    options, x, dout = problem.options, problem.arrays["x"], problem.upstream["dout"]
    counts = (x if "output_padding" in options else dout).shape[2:]
    size = options["size"] if "size" in options else problem.arrays["w"].shape[2:]
    return counts, size, tuple(np.broadcast_to(options["stride"], len(counts)))


def _share_a_cell(problem: OperatorProblem) -> bool:
    counts, size, stride = _windows(problem)
    cells = np.zeros([(n - 1) * s + f for n, f, s in zip(counts, size, stride, strict=True)], int)
    for at in np.ndindex(counts):
        cells[tuple(slice(i * s, i * s + f) for i, f, s in zip(at, size, stride, strict=True))] += 1
    return bool(cells.max() > 1)


@pytest.mark.parametrize("name", ["max-pool", "avg-pool", "conv1d", "conv-transpose2d"])
def test_windows_overlap_where_two_of_them_have_a_cell_in_common(name: str) -> None:
    problems = list(itertools.islice(operator_named(name).problems(np.random.default_rng(0)), 60))
    overlap = [_share_a_cell(problem) for problem in problems]
    assert [has(FEATURES["the windows overlap"], one) for one in problems] == overlap
    assert [has(FEATURES["the windows do not overlap"], one) for one in problems] == [
        not one for one in overlap
    ]
    assert {*overlap} == {True, False}


def test_nothing_is_left_over_in_a_transposed_convolution() -> None:
    """Its windows lie in the output, and all of them are written."""
    problems = itertools.islice(operator_named("conv-transpose2d").problems(np.random.default_rng(0)), 30)
    assert not any(has(FEATURES["something is left over at the end"], one) for one in problems)
