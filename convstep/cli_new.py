"""`convstep new`: a random problem of given sizes, checked before a single number is drawn."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convstep.conv.geometry import Geometry
    from convstep.conv.problem import Problem

LARGEST = 8 * 2**30
"""Bytes of arrays and gradients beyond which nothing is drawn."""


def default_name(given: argparse.Namespace) -> str:
    """A file name that says the shapes: `conv-7x10x3-4of3x3.npz`."""
    kernel = "x".join(map(str, given.kernel))
    return f"conv-{'x'.join(map(str, given.input))}-{given.filters}of{kernel}.npz"


def new_problem(given: argparse.Namespace) -> Problem:
    """A problem of standard-normal numbers; the same arguments draw the same ones.

    Args:
        given: `input`, `filters`, `kernel`, `stride`, `padding`, `dilation`, `groups`, `batch`,
            `dtype`, `seed` and `no_bias`, as parsed.

    Raises:
        ProblemError: the sizes contradict each other, or need more memory than there is sense in.
    """
    import numpy as np

    from convstep.conv.problem import Problem

    numbers = {name: getattr(given, name) for name in ("stride", "padding", "dilation", "groups")}
    found = _geometry(given, numbers)
    rng = np.random.default_rng(given.seed)
    batch = () if found.batch is None else (found.batch,)
    c_out = found.kernel_shape[0]
    shapes = [(*batch, *found.input_shape), found.kernel_shape, (c_out,), (*batch, *found.output_shape)]
    A_prev, W, b, dZ = (rng.standard_normal(shape, np.dtype(given.dtype)) for shape in shapes)  # noqa: N806
    return Problem(A_prev, W, None if given.no_bias else b, dZ, **numbers)


def _geometry(given: argparse.Namespace, numbers: dict[str, Any]) -> Geometry:
    """The geometry of these sizes, by the rules of every problem and before any array is drawn."""
    import numpy as np

    from convstep.conv import validation
    from convstep.conv.validation import ProblemError

    for name, least in {"filters": 1, "batch": 1, "seed": 0}.items():
        if (value := getattr(given, name)) is not None and value < least:
            raise ProblemError(f"{name} is {value}; it must be at least {least}")
    if min(given.kernel) < 1:
        raise ProblemError(f"kernel is {'x'.join(map(str, given.kernel))}; both sides must be at least 1")
    batch = () if given.batch is None else (given.batch,)
    c_k = max(1, given.input[2] // max(1, given.groups))
    shapes = {"A_prev": (*batch, *given.input), "W": (given.filters, *given.kernel, c_k)}
    itemsize = np.dtype(given.dtype).itemsize
    _check_memory(itemsize * sum(2 * math.prod(shape) for shape in shapes.values()))
    # one value seen in every cell: all the checks of a problem, none of its memory
    cells = {name: np.broadcast_to(np.ones((), given.dtype), shape) for name, shape in shapes.items()}
    arrays = {name: validation.array(name, values) for name, values in cells.items()}
    found = validation.geometry(arrays, validation.Hyperparameters(**numbers))
    padded, output = (found.samples * math.prod(s) for s in (found.padded_shape, found.output_shape))
    _check_memory(itemsize * (2 * arrays["W"].size + arrays["A_prev"].size + 2 * padded + output))
    return found


def _check_memory(size: int) -> None:
    from convstep.conv.validation import ProblemError

    if size > LARGEST:
        raise ProblemError(
            f"these sizes need {size / 2**30:,.0f} GiB of memory and at most "
            f"{LARGEST // 2**30} GiB are drawn; use smaller sizes"
        )
