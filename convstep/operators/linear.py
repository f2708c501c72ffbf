"""A linear (affine, dense, fully connected) layer: `out = x @ w + b`, and its backward by the recipe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
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

    The arguments are the forward's, and dout as its output; dx, dw, db are as x, w, b.
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


def _at_once(dout: Array, x: Array, w: Array, b: Array) -> tuple[Array, Array, Array]:
    """All samples and outputs at once."""
    rows = x.reshape(len(x), -1)
    dx = (dout @ w.T).reshape(x.shape)
    dw = rows.T @ dout
    db = dout.sum(axis=0)
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


MISTAKES = Mistakes(
    """
db-wrong-axis: db is summed over the wrong axis  [Kulbear/deep-learning-coursera#8; HomericIntelligence/Odyssey#2724]
    The bias of an output is added for each sample, so its gradient is the sum over samples. Summed over
    outputs it has one number a sample: the wrong shape, or, where there are as many samples as outputs, wrong
    numbers. Summed over everything it is one number, which NumPy then adds to all of b without a word. Write
    dout.sum(axis=0).
  db 沿错误的轴求和:
    每个样本都加上同一个偏置，所以它的梯度是对样本求和。对输出求和得到的是每个样本一个数：形状不对；样本数等
    于输出数时形状碰巧对，数却是错的。对全部求和只得到一个数，NumPy 会一声不响地把它加到整个 b 上。应该写
    dout.sum(axis=0)。
  + db = dout.sum(axis=1)

  + db = dout.sum(axis=1, keepdims=True)
  # as a column | 成为一列
  + db = dout.mean(axis=1)
  # the mean over outputs | 对输出取了平均
  + db = dout.sum()
  # over everything | 对全部求和
  - db = np.zeros(b.shape)
  + db = np.zeros(N)
  # as long as there are samples | 长度是样本数
  - db = np.zeros(b.shape)
  + db = np.zeros(rows.shape[1])
  # as long as a row of x | 与 x 的一行一样长
  - db = np.zeros(b.shape)
  + db = np.zeros(N)
  - db[i_m] += dz
  + db[i_n] += dz
  # one number at a time | 一次一个数
  - db[i_m] += dz
  + db += dz
  # over everything, for each output | 每个输出都得到全部之和
db-not-summed: db is not summed over the samples
    Each sample moves the loss through the same b, so its gradient is a sum over samples. Left as it is, dout has
    one row a sample. b - lr * db then broadcasts to a matrix, and from there on every sample has a bias of its
    own. With one sample the numbers are right, but not the shape. Write dout.sum(axis=0).
  db 没有对样本求和:
    每个样本都通过同一个 b 影响损失，所以它的梯度是对样本求和。原样不动的话，dout 每个样本一行。接着 b - lr * db
    会广播成一个矩阵，从此每个样本都有了自己的偏置。只有一个样本时数是对的，形状不对。应该写 dout.sum(axis=0)。
  + db = dout.copy()

  + db = dout[0]
  # the first sample's stands for all | 只取了第一个样本的
  - db = np.zeros(b.shape)
  + db = np.zeros(dout.shape)
  - db[i_m] += dz
  + db[i_n, i_m] += dz
  # one number at a time | 一次一个数
wrong-shape: db has an axis too many
    keepdims=True leaves the axis that was summed, with length 1: db is (1, M) where b is (M,). b - lr * db then has
    two axes, and the next b.shape[0] is 1. The numbers are right. Write dout.sum(axis=0), or reshape to b.shape.
  db 多了一个轴:
    keepdims=True 把求和的那个轴以长度 1 留了下来：b 是 (M,)，db 却是 (1, M)。接着 b - lr * db 就有了两个轴，下一次
    b.shape[0] 就是 1。数是对的。应该写 dout.sum(axis=0)，或者把形状变回 b.shape。
  + db = dout.sum(axis=0, keepdims=True)
transposes-swapped: a factor is transposed that should not be, or the other way round  [jcjohnson/pytorch-examples#28; udacity/sdc-issue-reports#65; hunkim/DeepLearningZeroToAll#25]
    out is (N, M), w is (D, M), x is (N, D): dx = dout @ w.T and dw = x.T @ dout are the only products whose shapes
    fit. Where a layer has as many outputs as inputs, other products fit too, and are wrong. So a test should
    have three different sizes.
  该转置的没有转置，或者反过来:
    out 是 (N, M)，w 是 (D, M)，x 是 (N, D)：形状能对上的只有 dx = dout @ w.T 和 dw = x.T @ dout。输出数等于输入数
    时，别的乘法形状也对得上，结果却是错的。所以测试应该取三个不同的大小。
  - dx = (dout @ w.T).reshape(x.shape)
  + dx = (dout @ w).reshape(x.shape)
  # in dx | 在 dx 里
  - dx = (dout @ w.T).reshape(x.shape)
  + dx = np.einsum("no,oi->ni", dout, w)
  # in dx, by np.einsum | 在 dx 里，用 np.einsum
  + dw = dout.T @ rows
  # in dw | 在 dw 里
  + dw = rows @ dout
  # in dw, without a transpose | 在 dw 里，没有转置
overwrite: the gradient is assigned instead of added
    The loop meets each number of dw and db once a sample, and each of dx once an output, and these add up. With =
    the last turn wins: dw and db are those of the last sample alone. With one sample and one output it is right.
    Write +=.
  梯度被赋值，而不是累加:
    循环里，dw 和 db 的每个数每个样本遇到一次，dx 的每个数每个输出遇到一次，这些要累加。用 = 的话，最后一轮说了算：
    dw 和 db 只剩最后一个样本的。只有一个样本、一个输出时它是对的。应该写 +=。
  + dw[:, i_m] = rows[i_n] * dz
  # in dw | 在 dw 里
  + db[i_m] = dz
  # in db | 在 db 里
  + drows[i_n] = w[:, i_m] * dz
  # in dx | 在 dx 里
  + dw[:, i_m] = rows[i_n] * dz
  + drows[i_n] = w[:, i_m] * dz
  + db[i_m] = dz
  # in all three | 三处都是
averaged-twice: the gradients are divided by the number of samples once too often  [hunkim/DeepLearningZeroToAll#173]
    A mean loss has one factor 1/N. It stands in dout already if the loss put it there, and in dw and db if the
    course divides here; in both places it makes 1/N of 1/N. Training still works, N times as slowly. With one
    sample it is right. Divide in one place.
  梯度多除了一次样本数:
    平均损失只有一个 1/N。如果损失里已经除过，它就在 dout 里；如果课程约定在这里除，它就在 dw 和 db 里；两处都除就成
    了 1/N 的 1/N。训练还能进行，只是慢了 N 倍。只有一个样本时它是对的。只在一处除。
  + dw = rows.T @ dout / len(x)
  + db = dout.sum(axis=0) / len(x)

  + dw = rows.T @ dout / len(x)
  # in dw only | 只在 dw 里
  + dx = (dout @ w.T).reshape(x.shape) / len(x)
  + dw = rows.T @ dout / len(x)
  + db = dout.sum(axis=0) / len(x)
  # in dout already, and so in dx too | 在 dout 里就除了，dx 也跟着除了
  + dw = rows.T @ dout / len(x) ** 2
  + db = dout.sum(axis=0) / len(x) ** 2
  # by its square | 除以它的平方
  + db = dout.mean(axis=0)
  # in db only | 只在 db 里
dx-averaged: dx is divided by the number of samples
    The mean over the samples belongs to what all samples share, dw and db. A row of dx belongs to one sample and
    is no sum over samples. Divided here, the layer below gets 1/N of its gradient and, if all layers do so, the
    one below that 1/N of 1/N. With one sample it is right. Write dout @ w.T.
  dx 除以了样本数:
    对样本取平均只适用于所有样本共用的 dw 和 db。dx 的一行属于一个样本，并不是对样本求和。在这里除的话，下面一层只得到
    梯度的 1/N，如果每层都这样，再下面一层就是 1/N 的 1/N。只有一个样本时它是对的。应该写 dout @ w.T。
  - dx = (dout @ w.T).reshape(x.shape)
  + dx = (dout @ w.T).reshape(x.shape) / len(x)
dx-not-reshaped: dx has the shape of the flattened x
    The forward flattens each sample to a row, and the gradient has to go back to the shape that x had. (N, D) is
    enough only where x has two axes. With pictures below this layer the next backward fails, or broadcasts. Write
    dx.reshape(x.shape).
  dx 的形状是展平后的 x 的形状:
    前向把每个样本展平成一行，梯度要变回 x 原来的形状。只有 x 是两个轴时 (N, D) 才够。如果这一层下面是图片，下一个
    反向就会出错，或者被广播。应该写 dx.reshape(x.shape)。
  + dx = drows
  # one number at a time | 一次一个数
  - dx = (dout @ w.T).reshape(x.shape)
  + dx = dout @ w.T
bias-in-dx: the bias is in dx
    b is added after the product, so moving x does not move it: dx has no b in it. It comes from doing the
    forward's line once more with dout for x. While b is zero, as it is at the start of training and in many
    tests, nothing shows. Write dout @ w.T.
  dx 里混进了偏置:
    b 是在乘积之后加上的，x 怎么动都不影响它：dx 里没有 b。这往往是把前向那一行照搬过来、用 dout 代替 x 的结果。只要
    b 是零（训练开始时和很多测试里都是），就看不出来。应该写 dout @ w.T。
  - dx = (dout @ w.T).reshape(x.shape)
  + dx = ((dout + b) @ w.T).reshape(x.shape)

  + drows[i_n] += w[:, i_m] * dz + b[i_m]
  # one number at a time | 一次一个数
""",
    linear_backward,
    _at_once,
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
    called=r"(?!.*(relu|activation|norm|non_?linear|bilinear|temporal|embed))"
    r".*(affine|linear|dense|fully|mat_?mul_?add|(?<![a-z])fc(?![a-z]))",
    words={
        "x": "a_prev a input inputs inp z",
        "w": "weight weights theta kernel",
        "b": "bias biases",
    },
    mistakes=MISTAKES,
)
