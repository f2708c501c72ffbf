"""`convstep new`: a random problem of the sizes on the command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from convstep.examples.drawn import Sizes, draw_problem

if TYPE_CHECKING:
    from convstep.conv.problem import Problem


def default_name(given: argparse.Namespace) -> str:
    """A file name that says the shapes: `conv-7x10x3-4of3x3.npz`."""
    kernel = "x".join(map(str, given.kernel))
    return f"conv-{'x'.join(map(str, given.input))}-{given.filters}of{kernel}.npz"


def new_problem(given: argparse.Namespace) -> Problem:
    """A problem of standard-normal numbers; the same arguments draw the same ones.

    Args:
        given: the options of `convstep new`, as parsed.

    Raises:
        ProblemError: the sizes contradict each other, or need more memory than makes sense.
    """
    return draw_problem(
        Sizes(
            input=given.input,
            filters=given.filters,
            kernel=given.kernel,
            stride=given.stride,
            padding=given.padding,
            dilation=given.dilation,
            groups=given.groups,
            batch=given.batch,
            dtype=given.dtype,
            seed=given.seed,
            bias=not given.no_bias,
        )
    )
