"""Random problems of given sizes, checked before a single number is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convstep.language import tr

if TYPE_CHECKING:
    from convstep.conv.geometry import Geometry, Padding, Pair
    from convstep.conv.problem import Problem

LARGEST = 8 * 2**30
"""Bytes of arrays and gradients beyond which nothing is drawn."""
WHOLE = 3
"""Whole numbers are drawn from -3 to 3: products and sums that a person can follow in the head."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """A convolution in numbers, as a person gives them."""

    input: tuple[int, int, int]
    """Height, width and channels of one sample."""
    filters: int
    """Output channels."""
    kernel: Pair
    """Rows and columns."""
    stride: int | Pair = 1
    """As a `Problem` takes it."""
    padding: str | int | Pair | Padding = 0
    """As a `Problem` takes it."""
    dilation: int | Pair = 1
    """As a `Problem` takes it."""
    groups: int = 1
    """Channel groups."""
    batch: int | None = None
    """Samples; None for arrays without a batch axis."""
    dtype: str = "float64"
    """"float32" or "float64"."""
    seed: int = 0
    """The same seed draws the same numbers."""
    bias: bool = True
    """Whether there is a `b`."""
    whole: bool = False
    """Small whole numbers, none of them zero, instead of standard-normal ones."""


def draw_problem(sizes: Sizes, largest: int = LARGEST) -> Problem:
    """A problem of random numbers; the same sizes draw the same ones.

    Args:
        sizes: of the arrays.
        largest: bytes of arrays and gradients beyond which nothing is drawn.

    Raises:
        ProblemError: the sizes contradict each other, or need more memory than makes sense.
    """
    import numpy as np

    from convstep.conv.problem import Problem

    numbers = {name: getattr(sizes, name) for name in ("stride", "padding", "dilation", "groups")}
    found = _geometry(sizes, numbers, largest)
    rng = np.random.default_rng(sizes.seed)
    dtype = np.dtype(sizes.dtype)
    batch = () if found.batch is None else (found.batch,)
    c_out = found.kernel_shape[0]
    shapes = [(*batch, *found.input_shape), found.kernel_shape, (c_out,), (*batch, *found.output_shape)]
    if sizes.whole:
        some = np.array([*range(-WHOLE, 0), *range(1, WHOLE + 1)], dtype)
        A_prev, W, b, dZ = (rng.choice(some, shape) for shape in shapes)
    else:
        A_prev, W, b, dZ = (rng.standard_normal(shape, dtype) for shape in shapes)
    return Problem(A_prev, W, b if sizes.bias else None, dZ, **numbers)


def _geometry(sizes: Sizes, numbers: dict[str, Any], largest: int) -> Geometry:
    """The geometry of these sizes, by the rules of every problem and before any array is drawn."""
    import numpy as np

    from convstep.conv import validation
    from convstep.conv.validation import ProblemError

    for name, least in {"filters": 1, "batch": 1, "seed": 0}.items():
        if (value := getattr(sizes, name)) is not None and value < least:
            raise ProblemError(
                tr("{name} is {value}; it must be at least {least}", name=name, value=value, least=least)
            )
    if min(sizes.kernel) < 1:
        raise ProblemError(
            tr(
                "kernel is {kernel}; both sides must be at least 1",
                kernel=validation.shape_text(sizes.kernel),
            )
        )
    batch = () if sizes.batch is None else (sizes.batch,)
    c_k = max(1, sizes.input[2] // max(1, sizes.groups))
    shapes = {"A_prev": (*batch, *sizes.input), "W": (sizes.filters, *sizes.kernel, c_k)}
    itemsize = np.dtype(sizes.dtype).itemsize
    _check_memory(itemsize * sum(2 * math.prod(shape) for shape in shapes.values()), largest)
    for name, shape in shapes.items():
        validation.check_axes(name, shape)
    found = validation.geometry(shapes, validation.Hyperparameters(**numbers))
    padded, output = (found.samples * math.prod(s) for s in (found.padded_shape, found.output_shape))
    A_prev, W = (math.prod(shapes[name]) for name in ("A_prev", "W"))
    _check_memory(itemsize * (2 * W + A_prev + 2 * padded + output), largest)
    return found


def _check_memory(size: int, largest: int) -> None:
    from convstep.conv.validation import ProblemError

    if size > largest:
        unit, name = (2**30, "GiB") if largest >= 2**30 else (2**20, "MiB")
        raise ProblemError(
            tr(
                "these sizes need {size:,.0f} {unit} of memory; at most {most} {unit} are drawn: "
                "use smaller sizes",
                size=size / unit,
                most=largest // unit,
                unit=name,
            )
        )
