"""The convolution of the article, whose steps have a debugger, a timeline and a referee of their own.

It stands among the operators as the one with an accelerator: above some thousand steps its backward takes
whole arrays, with the bits of the loop. Its mistakes are patches of its own kind, in the candidate's room.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.conv.backward import conv2d_backward
from convstep.conv.forward import expected_forward
from convstep.conv.problem import Problem
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem, Pair, random_pair


def forward(
    A_prev: Array, W: Array, b: Array, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    """See `convstep.conv2d_forward`: `(N, H, W, C_in)` and `(C_out, F_h, F_w, C_in // groups)` to Z.

    Options are pairs, of rows and of columns; the padding is the same at both ends.
    """
    return expected_forward(Problem(A_prev, W, b, None, stride, padding, dilation, groups))


def backward(
    dZ: Array, A_prev: Array, W: Array, b: Array, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[Array, Array | None, Array]:
    """See `convstep.conv2d_backward`; dW, db, dA_prev."""
    cache = {"A_prev": A_prev, "W": W, "b": b}
    dW, db, dA_prev = conv2d_backward(dZ, cache, stride, padding, dilation, groups)
    return dW, db, dA_prev


def small() -> OperatorProblem:
    """A picture of 4x5 whole numbers, two 3x3 filters, stride 1."""
    A_prev = np.arange(20.0).reshape(1, 4, 5, 1) % 7 - 3
    W = np.arange(18.0).reshape(2, 3, 3, 1) % 5 - 2
    dZ = np.arange(12.0).reshape(1, 2, 3, 2) % 4 - 1
    return OperatorProblem({"A_prev": A_prev, "W": W, "b": np.array([1.0, 0.0])}, {"dZ": dZ}, _options())


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, Pair, Pair, Pair, Pair, int, int, int], ...] = (
        # sizes, kernel, stride, padding, samples, channels, filters
        ("stride 1, no padding", (3, 4), (2, 2), (1, 1), (0, 0), 1, 2, 3),
        ("the picture is padded", (4, 5), (3, 3), (1, 1), (1, 1), 1, 2, 3),
        ("several pictures", (3, 4), (2, 2), (1, 1), (0, 0), 2, 2, 3),
        ("stride 2, and windows overlap", (5, 7), (3, 3), (2, 2), (0, 0), 1, 2, 3),
        ("windows tile the picture", (4, 6), (2, 2), (2, 2), (0, 0), 1, 2, 3),
        ("a row and a column are left over", (6, 6), (3, 3), (2, 2), (0, 0), 1, 2, 3),
        ("stride 2 and padded", (5, 6), (3, 3), (2, 2), (1, 1), 1, 2, 3),
        ("the kernel is not square", (4, 5), (2, 3), (1, 1), (0, 0), 1, 2, 3),
        ("strides differ", (5, 6), (2, 2), (2, 1), (0, 0), 1, 2, 3),
        ("as many channels as filters", (4, 5), (3, 3), (1, 1), (1, 1), 1, 3, 3),
        ("two cells of padding", (4, 5), (3, 3), (1, 1), (2, 2), 1, 1, 2),
        ("a kernel of one cell", (3, 4), (1, 1), (1, 1), (0, 0), 1, 2, 3),
    )
    for about, sizes, size, stride, padding, *channels in told:
        yield _problem(rng, about, sizes, size, channels, _options(stride, padding))
    while True:
        size, dilation = random_pair(rng, 1, 4), random_pair(rng, 1, 3)
        reach = tuple(d * (f - 1) + 1 for f, d in zip(size, dilation, strict=True))
        sizes = reach[0] + int(rng.integers(0, 4)), reach[1] + int(rng.integers(0, 4))
        groups = int(rng.integers(1, 3))
        channels = [int(rng.integers(1, 3)), *(groups * int(n) for n in rng.integers(1, 3, 2))]
        options = _options(random_pair(rng, 1, 4), random_pair(rng, 0, 3), dilation, groups)
        yield _problem(rng, "", sizes, size, channels, options)


def _options(
    stride: Pair = (1, 1), padding: Pair = (0, 0), dilation: Pair = (1, 1), groups: int = 1
) -> dict[str, Pair | int]:
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


def _problem(
    rng: np.random.Generator,
    about: str,
    sizes: Pair,
    size: Pair,
    channels: list[int],
    options: dict[str, Pair | int],
) -> OperatorProblem:
    N, C_in, C_out = channels
    groups = int(options["groups"])  # type: ignore[arg-type]
    A_prev, W = rng.standard_normal((N, *sizes, C_in)), rng.standard_normal((C_out, *size, C_in // groups))
    problem = Problem(A_prev, W, None, None, **options)  # type: ignore[arg-type]
    arrays = {"A_prev": A_prev, "W": W, "b": rng.standard_normal(C_out)}
    return OperatorProblem(arrays, {"dZ": rng.standard_normal(problem.dZ.shape)}, options, about)


OPERATOR = Operator(
    name="conv2d",
    title="a convolution",
    forward=forward,
    backward=backward,
    gradients=("dW", "db", "dA_prev"),
    outputs=("Z",),
    axes={"A_prev": "NHWC", "W": "OhwI", "b": "O", "Z": "NPQO"},
    torch="F.conv2d(A_prev.permute(0, 3, 1, 2), W.permute(0, 3, 1, 2), b, stride, padding, dilation, groups)"
    ".permute(0, 2, 3, 1)",
    small=small,
    problems=problems,
    conventions=(
        Convention("cs231n", {"A_prev": "NCHW", "W": "OIhw", "Z": "NOPQ"}),
        Convention("coursera", {"W": "hwIO", "b": "111O"}),
        Convention("alx", {"W": "hwIO"}),
        Convention("column of biases", {"A_prev": "NCHW", "W": "OIhw", "Z": "NOPQ", "b": "O1"}),
    ),
    words={
        "A_prev": "a_prev x a input inputs inp img image",
        "W": "w weight weights kernel kernels filters",
        "b": "bias biases",
        "stride": "strides s",
        "padding": "pad p",
        "dilation": "dilations",
        "dZ": "dz dout dy",
    },
)
