"""A linear (affine, dense, fully connected) layer: `out = x @ w + b`, and its backward by the recipe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem


def linear_forward(x: Array, w: Array, b: Array) -> Array:
    """Each sample times each column of w.

    Args:
        x: `(N, d_1, …, d_k)`, whose axes after the first make D together.
        w: `(D, M)`.
        b: `(M,)`.

    Returns:
        `(N, M)`.
    """
    rows = x.reshape(len(x), -1)
    N, M = len(rows), len(b)
    out = np.zeros((N, M))
    for i_n in range(N):
        for i_m in range(M):
            out[i_n, i_m] = np.sum(rows[i_n] * w[:, i_m]) + b[i_m]
    return out


def linear_backward(dout: Array, x: Array, w: Array, b: Array) -> tuple[Array, Array, Array]:
    """The forward's loop once more: what was read gets the other factor times `dout`.

    Args:
        dout: `(N, M)`.
        x: `(N, d_1, …, d_k)`.
        w: `(D, M)`.
        b: `(M,)`.

    Returns:
        dx, dw, db, shaped as x, w, b.
    """
    rows = x.reshape(len(x), -1)
    N, M = dout.shape
    drows = np.zeros(rows.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for i_n in range(N):
        for i_m in range(M):
            dz = dout[i_n, i_m]
            dw[:, i_m] += rows[i_n] * dz
            drows[i_n] += w[:, i_m] * dz
            db[i_m] += dz
    dx = drows.reshape(x.shape)
    return dx, dw, db


def small() -> OperatorProblem:
    """Two samples of three numbers, two outputs."""
    x = np.array([[1, 2, -1], [0, 3, 1]], float)
    w = np.array([[1, -1], [2, 0], [0, 3]], float)
    return OperatorProblem(
        {"x": x, "w": w, "b": np.array([1.0, -2.0])}, {"dout": np.array([[1, 2], [-1, 3]], float)}
    )


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, tuple[int, ...], int], ...] = (
        ("a few numbers", (2, 3), 4),
        ("one sample", (1, 3), 2),
        ("one output", (3, 2), 1),
        ("as many inputs as outputs", (2, 3), 3),
        ("as many samples as inputs and outputs", (3, 3), 3),
        ("x has more than two axes", (2, 3, 2), 4),
        ("x is a batch of pictures", (2, 2, 3, 2), 3),
    )
    for about, sizes, outputs in told:
        yield _problem(rng, about, sizes, outputs)
    while True:
        rank = int(rng.integers(2, 5))
        yield _problem(rng, "", tuple(int(n) for n in rng.integers(1, 5, rank)), int(rng.integers(1, 6)))


def _problem(rng: np.random.Generator, about: str, sizes: tuple[int, ...], outputs: int) -> OperatorProblem:
    x, w = rng.standard_normal(sizes), rng.standard_normal((int(np.prod(sizes[1:])), outputs))
    arrays = {"x": x, "w": w, "b": rng.standard_normal(outputs)}
    return OperatorProblem(arrays, {"dout": rng.standard_normal((sizes[0], outputs))}, about=about)


MISTAKES = mistakes(
    """
db-wrong-axis: db is summed over the wrong axis  [Kulbear/deep-learning-coursera#8; HomericIntelligence/Odyssey#2724]
    The bias of an output is added for each sample, so its gradient is the sum over samples. Summed over
    outputs it has one number a sample: the wrong shape, or, where there are as many samples as outputs, wrong
    numbers.
  db 沿错误的轴求和:
    每个样本都加上同一个偏置，所以它的梯度是对样本求和。对输出求和得到的是每个样本一个数：形状不对；样本数等
    于输出数时形状碰巧对，数却是错的。
  - db = np.zeros(b.shape)
  + db = np.zeros(N)
  - db[i_m] += dz
  + db[i_n] += dz
""",
    linear_backward,
)

OPERATOR = Operator(
    name="linear",
    title="a linear layer",
    forward=linear_forward,
    backward=linear_backward,
    gradients=("dx", "dw", "db"),
    axes={"x": "N*", "w": "DM", "b": "M", "out": "NM"},
    torch="F.linear(x.flatten(1), w.T, b)",
    small=small,
    problems=problems,
    conventions=(
        Convention("coursera", {"x": "DN", "w": "MD", "b": "M1", "out": "MN"}, {"dw": "N", "db": "N"}),
        Convention("columns", {"x": "DN", "w": "MD", "b": "M1", "out": "MN"}),
        Convention("torch", {"w": "MD"}),
        Convention("cmu", {"w": "MD", "b": "M1"}),
    ),
    called=r".*(affine|linear|dense|fully|(?<![a-z])fc(?![a-z]))",
    words={
        "x": "a_prev a input inputs inp z",
        "w": "weight weights theta kernel",
        "b": "bias biases",
    },
    mistakes=MISTAKES,
)
