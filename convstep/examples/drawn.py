"""Random problems of given sizes, checked before a single number is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from convstep.frozen import frozen
from convstep.language import tr

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from convstep.conv.geometry import Geometry, Padding, Pair
    from convstep.conv.problem import Problem

LARGEST = 8 * 2**30
"""Bytes of arrays and gradients beyond which nothing is drawn."""
WHOLE = 3
"""Whole numbers are drawn from -3 to 3: products and sums that a person can follow in the head."""
DIGIT = 9
"""Telling numbers have one digit."""
TRIES = 20
"""How often telling numbers are drawn, to find some in which no two steps add the same."""
MOST_STEPS = 1000
"""Steps up to which that is looked at."""


@frozen()
class Sizes:
    """A convolution in numbers, as a person gives them."""

    input: tuple[int, int, int]
    """Height, width and channels of one sample."""
    filters: int
    kernel: Pair
    stride: int | Pair = 1
    """As a `Problem` takes it."""
    padding: str | int | Pair | Padding = 0
    dilation: int | Pair = 1
    groups: int = 1
    batch: int | None = None
    """Samples; None for arrays without a batch axis."""
    dtype: str = "float64"
    """"float32" or "float64"."""
    seed: int = 0
    """The same seed draws the same numbers."""
    bias: bool = True
    whole: bool = False
    """Small whole numbers, none of them zero, instead of standard-normal ones."""
    telling: bool = False
    """Whole numbers of one digit, none of them zero, as different as they can be: no two steps of a
    filter add the same where the sizes allow it."""


def draw_problem(
    sizes: Sizes, largest: int = LARGEST, given: Mapping[str, npt.NDArray[Any]] | None = None
) -> Problem:
    """A problem drawn the same for the same sizes, but for what is given; ProblemError if it cannot be."""
    import numpy as np

    from convstep.conv.problem import Problem

    numbers = {name: getattr(sizes, name) for name in ("stride", "padding", "dilation", "groups")}
    found = _geometry(sizes, numbers, largest)
    rng = np.random.default_rng(sizes.seed)
    c_out = found.kernel_shape[0]
    shapes = [
        (*found.lead, *found.input_shape),
        found.kernel_shape,
        (c_out,),
        (*found.lead, *found.output_shape),
    ]
    whole = [*range(-WHOLE, 0), *range(1, WHOLE + 1)]

    def drawn(shape: tuple[int, ...]) -> npt.NDArray[Any]:
        return rng.choice(whole, shape) if sizes.whole else rng.standard_normal(shape, np.dtype(sizes.dtype))

    def made() -> Problem:
        values = _telling(rng, *shapes) if sizes.telling else map(drawn, shapes)
        arrays = dict(zip(("A_prev", "W", "b", "dZ"), values, strict=True)) | dict(given or {})
        if not sizes.bias:
            del arrays["b"]
        typed = {name: _held(name, values, sizes.dtype) for name, values in arrays.items()}
        return Problem(typed["A_prev"], typed["W"], typed.get("b"), typed["dZ"], **numbers)

    if not sizes.telling or found.total_steps > MOST_STEPS:
        return made()
    return _most_telling(made() for _ in range(TRIES))


def _held(name: str, values: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    """The array in the problem's dtype, which has room for all that is finite in it."""
    import numpy as np

    from convstep.conv.validation import ProblemError

    with np.errstate(over="ignore"):
        held = values.astype(dtype)
    if not np.array_equal(np.isfinite(held), np.isfinite(values)):
        raise ProblemError(f"{name} has numbers that are too large for {dtype}; use --dtype float64")
    return held


def _telling(rng: np.random.Generator, *shapes: tuple[int, ...]) -> list[npt.NDArray[Any]]:
    """Whole numbers of one digit, the same as seldom as there is room for: A_prev, W, b and dZ.

    Those of a filter by themselves, its kernel's and its dZ's: that is where steps could add the same.
    """
    import numpy as np

    def drawn(cells: int) -> npt.NDArray[Any]:
        most = min(max(-(-cells // 2), WHOLE), DIGIT)
        some = np.array([*range(-most, 0), *range(1, most + 1)])
        return np.concatenate([rng.permutation(some) for _ in range(-(-cells // len(some)))])[:cells]

    A_prev, W, b, dZ = shapes
    kernels = [drawn(math.prod(W[1:])) for _ in range(W[0])]
    planes = [drawn(math.prod(dZ[:-1])) for _ in range(dZ[-1])]
    return [
        drawn(math.prod(A_prev)).reshape(A_prev),
        np.reshape(kernels, W),
        drawn(*b),
        np.stack(planes, axis=-1).reshape(dZ),
    ]


def _most_telling(problems: Iterator[Problem]) -> Problem:
    """The first in which no two steps of a filter add the same; else that in which the fewest do."""
    from convstep.conv.backward import conv2d_backward_steps

    least, best = math.inf, None
    for problem in problems:
        added: list[set[tuple[int, bytes]]] = [set(), set()]
        for step in conv2d_backward_steps(problem.dZ, problem.cache, *problem.numbers):
            added[0].add((step.i_c, (step.input_slice * step.dz).tobytes()))
            added[1].add((step.i_c, (step.kernel * step.dz).tobytes()))
        alike = 2 * problem.total_steps - sum(map(len, added))
        if alike < least:
            least, best = alike, problem
        if not alike:
            break
    assert best is not None
    return best


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
        said = "kernel is {kernel}; both sides must be at least 1"
        raise ProblemError(tr(said, kernel=validation.shape_text(sizes.kernel)))
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
        said = (
            "these sizes need {size:,.0f} {unit} of memory; at most {most} {unit} are drawn: "
            "use smaller sizes"
        )
        raise ProblemError(tr(said, size=size / unit, most=largest // unit, unit=name))
