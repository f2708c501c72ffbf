"""The layers that are measured."""

from __future__ import annotations

import numpy as np

from convstep.conv.problem import Problem

STEM, QUICK_STEM = 224, 56
"""Input rows and columns of a ResNet's first layer, and of a small one for a quick look."""


def layer(size: int, c_in: int, filters: int, kernel: int, stride: int = 1, padding: int = 0) -> Problem:
    """A square layer of random float64 numbers, what `convstep new` makes."""
    rng = np.random.default_rng(0)
    problem = Problem(
        rng.standard_normal((size, size, c_in)),
        rng.standard_normal((filters, kernel, kernel, c_in)),
        rng.standard_normal(filters),
        None,
        stride,
        padding,
    )
    assert problem.A_prev_pad is not None  # padded once, before anything is timed
    return problem


def stem(quick: bool) -> Problem:
    """The ResNet stem: 64 filters 7x7, stride 2, padding 3."""
    return layer(QUICK_STEM if quick else STEM, 3, 64, 7, 2, 3)
