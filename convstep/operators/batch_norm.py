"""Batch normalisation in training: each feature made to have mean 0 and variance 1 over the batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem


def batch_norm_forward(x: Array, gamma: Array, beta: Array, eps: float) -> Array:
    """Each feature, or channel of pictures, less its mean, over its standard deviation.

    Args:
        x: `(N, D)`, or `(N, D, H, W)`, whose statistics go over H and W too.
        gamma: `(D,)`, the new scale.
        beta: `(D,)`, the new mean.
        eps: what is added to the variance.

    Returns:
        As x.
    """
    channels_last = np.moveaxis(x, 1, -1)
    rows = channels_last.reshape(-1, len(gamma))
    mean = rows.mean(axis=0)
    centred = rows - mean
    var = (centred**2).mean(axis=0)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    y = gamma * x_hat + beta
    out = np.moveaxis(y.reshape(channels_last.shape), -1, 1)
    return out


def batch_norm_backward(
    dout: Array, x: Array, gamma: Array, beta: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The forward's lines from last to first; x reaches the output on three paths, which add up.

    The arguments are the forward's, and dout as x; dx, dgamma, dbeta are as x, gamma, beta.
    """
    channels_last = np.moveaxis(x, 1, -1)
    rows = channels_last.reshape(-1, len(gamma))
    M = len(rows)
    mean = rows.mean(axis=0)
    centred = rows - mean
    var = (centred**2).mean(axis=0)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    dy = np.moveaxis(dout, 1, -1).reshape(-1, len(gamma))
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    dx_hat = dy * gamma
    dcentred = dx_hat / std
    dstd = -(dx_hat * centred).sum(axis=0) / std**2
    dvar = dstd / (2 * std)
    dcentred += dvar * 2 * centred / M
    dmean = -dcentred.sum(axis=0)
    drows = dcentred + dmean / M
    dx = np.moveaxis(drows.reshape(channels_last.shape), -1, 1)
    return dx, dgamma, dbeta


def in_one_line(dout: Array, x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """The same with the three paths put together; see `batch_norm_backward`."""
    channels_last = np.moveaxis(x, 1, -1)
    rows = channels_last.reshape(-1, len(gamma))
    M = len(rows)
    std = np.sqrt(rows.var(axis=0) + eps)
    x_hat = (rows - rows.mean(axis=0)) / std
    dy = np.moveaxis(dout, 1, -1).reshape(-1, len(gamma))
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    drows = gamma / (M * std) * (M * dy - dbeta - x_hat * dgamma)
    dx = np.moveaxis(drows.reshape(channels_last.shape), -1, 1)
    return dx, dgamma, dbeta


def _by_axes(dout: Array, x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """The same without rows: sums over all axes but the second; see `batch_norm_backward`."""
    axes = (0, *range(2, x.ndim))
    M = x.size // len(gamma)
    centred = x - x.mean(axis=axes, keepdims=True)
    std = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    over = axes
    dbeta = dout.sum(axis=over)
    dgamma = (dout * centred / std).sum(axis=over)
    dx_hat = dout * gamma.reshape(1, -1, *(1,) * (x.ndim - 2))
    dvar = -(dx_hat * centred / (2 * std**3)).sum(axis=over, keepdims=True)
    dmean = -(dx_hat / std).sum(axis=over, keepdims=True)
    dx = dx_hat / std + dvar * 2 * centred / M + dmean / M
    return dx, dgamma, dbeta


def small() -> OperatorProblem:
    """Four samples of two features: the first has mean 2 and variance 4, the second mean 0 and variance 9."""
    x = np.array([[0, 3], [4, -3], [0, 3], [4, -3]], float)
    arrays = {"x": x, "gamma": np.array([2.0, 3.0]), "beta": np.array([1.0, -1.0])}
    dout = np.array([[1, 2], [3, 0], [-1, 1], [0, -2]], float)
    return OperatorProblem(arrays, {"dout": dout}, {"eps": 0.0})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, tuple[int, ...], float, bool], ...] = (
        ("a few samples", (4, 3), 1e-5, False),
        ("gamma is 1", (4, 3), 1e-5, True),
        ("two samples", (2, 3), 1e-5, False),
        ("as many features as samples", (3, 3), 1e-5, False),
        ("pictures that are not square", (2, 3, 2, 4), 1e-5, False),
        ("as many channels as samples, rows and columns", (3, 3, 3, 3), 1e-5, False),
        ("one picture", (1, 2, 3, 2), 1e-5, False),
        ("eps is large", (4, 3), 0.1, False),
        ("one feature", (5, 1), 1e-5, False),
    )
    for about, sizes, eps, plain in told:
        yield _problem(rng, about, sizes, eps, plain)
    while True:
        sizes = tuple(int(n) for n in rng.integers(1, 5, 4 if rng.integers(0, 2) else 2))
        sizes = (sizes[0] + 1, *sizes[1:])
        yield _problem(rng, "", sizes, float(rng.choice([1e-5, 1e-3, 0.1])), bool(rng.integers(0, 6) == 0))


def _problem(
    rng: np.random.Generator, about: str, sizes: tuple[int, ...], eps: float, plain: bool
) -> OperatorProblem:
    x = 2 * rng.standard_normal(sizes) + rng.standard_normal(sizes[1])[:, *(None,) * (len(sizes) - 2)]
    gamma = np.ones(sizes[1]) if plain else rng.uniform(0.5, 2.5, sizes[1]) * rng.choice([-1, 1], sizes[1])
    arrays = {"x": x, "gamma": gamma, "beta": rng.standard_normal(sizes[1])}
    return OperatorProblem(arrays, {"dout": rng.standard_normal(sizes)}, {"eps": eps}, about)


MISTAKES = Mistakes(
    """
variance-path-missing: the path through the variance is missing  [deeplearning4j PR#8379; mxnet#1053; mlpack PR#2474]
    Every sample takes part in the variance, so each one moves all the others of its feature. Without this path
    dx is nearly right in a large batch, where one sample hardly moves the variance, and far off in a small one.
    Its contribution is dvar * 2 * (x - mean) / M.
  少了经过方差的那条路:
    每个样本都参与计算方差，所以动一个样本，同一特征的其他样本都跟着变。少了这条路，批次大时 dx 几乎是对的（一个
    样本几乎动不了方差），批次小时就差得远。这条路的贡献是 dvar * 2 * (x - mean) / M。
  - dcentred += dvar * 2 * centred / M
  + pass  # the line is missing

mean-path-missing: the path through the mean is missing  [darknet#1723; mlpack PR#2474]
    The mean is taken from every sample, so each dx gets an equal share of what flows back through it: minus the
    mean of the others' gradients. Without it the dx of a feature no longer add up to 0, which is quickly checked.
  少了经过均值的那条路:
    每个样本都减去了均值，所以经过均值传回来的梯度要平均分给每个 dx。少了它，一个特征的 dx 加起来就不再是 0，
    这一点很容易检查。
  + drows = dcentred

gamma-missing: gamma is left out  [Knet.jl#288]
    out = gamma * x_hat + beta, so what reaches x_hat is dout * gamma, on every path. Where gamma is 1, as it is
    before training, nothing shows: test with another.
  漏了 gamma:
    out = gamma * x_hat + beta，所以传到 x_hat 的是 dout * gamma，每条路都是。训练之前 gamma 是 1，什么也看不出
    来：测试时请换一个值。
  + dx_hat = dy
  # on every path | 每条路都漏了
  + dstd = -(dy * centred).sum(axis=0) / std**2
  # on the path through the variance | 只漏在经过方差的那条路上
  + dcentred = dy / std
  # on the direct path | 只漏在直接的那条路上
  + drows = dy / std + dvar * 2 * centred / M + dmean / M
  # on the direct path, and not in the mean's | 只漏在直接的那条路上，经过均值的路没有
  + dmean = -(dy / std).sum(axis=0)
  # on the path through the mean | 只漏在经过均值的那条路上

dgamma-from-x: dgamma is summed with another array than x_hat
    gamma is multiplied by x_hat, the normalised input, so dgamma is the sum of dout * x_hat. With x, or with x less
    its mean, the numbers have another scale.
  dgamma 求和时乘的不是 x_hat:
    与 gamma 相乘的是归一化之后的 x_hat，所以 dgamma 是 dout * x_hat 之和。乘的若是 x，或只减了均值的 x，数值的
    尺度就不对。
  + dgamma = (dy * rows).sum(axis=0)
  # with x | 乘的是 x
  + dgamma = (dy * centred).sum(axis=0)
  # with x less its mean | 乘的是减去均值的 x
  + dgamma = (dy * (gamma * x_hat + beta)).sum(axis=0)
  # with the output | 乘的是输出

not-divided-by-n: sums stand where means belong  [deeplearning4j PR#8379]
    Mean and variance are divided by the number of values M, and so are the gradients that come back through them.
    M is N for vectors, and N * H * W for pictures.
  该取平均的地方只求了和:
    均值和方差都除以了个数 M，经过它们传回来的梯度也要除以 M。向量时 M 是 N，图片时 M 是 N * H * W。
  + drows = dcentred + dmean
  # through the mean | 经过均值的路
  + dcentred += dvar * 2 * centred
  # through the variance | 经过方差的路
  + dcentred += dvar * 2 * centred
  + drows = dcentred + dmean
  # through both | 两条路都是
  + M = len(x)
  # of pictures, only N is counted | 图片只数了 N
  + M = len(rows) // len(x)
  # of pictures, only H * W is counted | 图片只数了 H * W
  + dcentred += dvar * 2 * centred / len(x)
  # of pictures, only N is counted, through the variance | 经过方差的路上，图片只数了 N
  - drows = gamma / (M * std) * (M * dy - dbeta - x_hat * dgamma)
  + drows = gamma / (M * std) * (dy - dbeta - x_hat * dgamma)
  # the direct path is divided, and not multiplied before | 直接的路除了个数，却没有先乘

divided-by-variance: it is divided by the variance, not by its root
    x_hat = (x - mean) / std, where std is the root of the variance. Divided by the variance itself dx is too small
    or too large by one factor of std.
  除以的是方差，而不是标准差:
    x_hat = (x - mean) / std，std 是方差的平方根。若除以方差本身，dx 就差了一个 std 的倍数。
  + dcentred = dx_hat / std**2
  # on the direct path | 在直接的路上
  - drows = gamma / (M * std) * (M * dy - dbeta - x_hat * dgamma)
  + drows = gamma / (M * std**2) * (M * dy - dbeta - x_hat * dgamma)
  # in all of dx | 整个 dx
  + drows = dx_hat / std**2 + dvar * 2 * centred / M + dmean / M
  # on the direct path, and not in the mean's | 在直接的路上，经过均值的路没有
  + dstd = -(dx_hat * centred).sum(axis=0) / std
  # one factor of std is missing on the path through the variance | 经过方差的路上少除了一个 std
  + dstd = -(dx_hat * centred).sum(axis=0)
  # both factors of std are missing on the path through the variance | 经过方差的路上两个 std 都没有除
  + dvar = dstd / (2 * var)
  # where the root is differentiated | 对平方根求导的地方
  + dcentred = dx_hat / std**2
  + dstd = -(dx_hat * centred).sum(axis=0) / std**4
  + dvar = dstd / (2 * std**2)
  # wherever std stands in dx | dx 里凡是用到标准差的地方

unbiased-variance: the variance is divided by N - 1  [nnabla PR#379; nn-zero-to-hero#59]
    The forward divides the sum of squares by N (PyTorch keeps the other only for running_var). With N - 1 in
    the backward, everything that holds std is off, most in small batches.
  方差除以了 N - 1:
    正向传播里平方和除以的是 N（PyTorch 只在 running_var 里用另一种）。反向传播里用 N - 1，凡是含有 std 的都不
    对，批次越小差得越多。
  + var = (centred**2).sum(axis=0) / (M - 1)
  # wherever the variance stands | 凡是用到方差的地方
  + dcentred += dvar * 2 * centred / (M - 1)
  # where it is differentiated | 只在对它求导的地方
  + dcentred += dvar * 2 * centred / (M - 1)
  + drows = dcentred + dmean / (M - 1)
  # where it and the mean are differentiated | 对它和均值求导的地方

eps-missing: eps is left out
    The forward takes the root of the variance plus eps, so that a feature that never changes is divided by
    something. Without eps the backward is that of another function: a little off, and nan where the variance is 0.
  漏了 eps:
    正向传播是对方差加 eps 开平方，这样从不变化的特征也不会除以零。反向传播里漏掉 eps，求的就是另一个函数的梯
    度：差一点点，方差为 0 时就是 nan。
  + std = np.sqrt(var)

  - drows = gamma / (M * std) * (M * dy - dbeta - x_hat * dgamma)
  + drows = gamma / (M * np.sqrt(rows.var(axis=0))) * (M * dy - dbeta - x_hat * dgamma)
  # where dx is divided | 只在 dx 除以它的地方
  + drows = dx_hat / np.sqrt(var) + dvar * 2 * centred / M + dmean / M
  # on the direct path | 在直接的路上
  + dstd = -(dx_hat * centred).sum(axis=0) / var
  # on the path through the variance | 在经过方差的路上
  + dstd = -(dx_hat * centred).sum(axis=0) / var
  + dvar = dstd / (2 * np.sqrt(var))
  # all along the path through the variance | 在经过方差的路上，处处如此
  + dvar = dstd / (2 * np.sqrt(var))
  # where the root is differentiated | 对平方根求导的地方

wrong-axis: it is summed over the wrong axis
    gamma and beta have one number a feature, and every sample uses it: their gradients are sums over samples,
    axis 0. Over axis 1 there is one number a sample; where both sizes are alike even the shape is right.
  沿错误的轴求和:
    每个特征有一个 gamma 和一个 beta，所有样本共用：它们的梯度是对样本（第 0 轴）求和。沿第 1 轴求和，得到的是
    每个样本一个数；两个尺寸相同时，连形状都是对的。
  + dbeta = dy.sum(axis=1)
  + dgamma = (dy * x_hat).sum(axis=1)
  # of gamma and beta | gamma 和 beta 的
  + dbeta = dy.sum(axis=1)
  # of beta alone | 只有 beta 的
  + dgamma = (dy * x_hat).sum(axis=1)
  # of gamma alone | 只有 gamma 的
  + dbeta = dy.sum()
  # over everything, of beta | 对全部求和，beta 的
  + dgamma = (dy * x_hat).sum()
  # over everything, of gamma | 对全部求和，gamma 的
  + dgamma = dout * np.moveaxis(x_hat.reshape(channels_last.shape), -1, 1)
  # gamma's is not summed | gamma 的没有求和
  + dbeta = dout.copy()
  # beta's is not summed | beta 的没有求和
  + over = tuple(range(2, x.ndim))
  # over rows and columns alone | 只对行和列
  - dvar = -(dx_hat * centred / (2 * std**3)).sum(axis=over, keepdims=True)
  + dvar = -(dx_hat * centred / (2 * std**3)).sum(axis=tuple(range(2, x.ndim)), keepdims=True)
  # over rows and columns alone, of the variance | 只对行和列，方差的
  - dmean = -(dx_hat / std).sum(axis=over, keepdims=True)
  + dmean = -(dx_hat / std).sum(axis=tuple(range(2, x.ndim)), keepdims=True)
  # over rows and columns alone, of the mean | 只对行和列，均值的
  + over = (0, 1, 2)
  # over samples, channels and rows | 对样本、通道和行
  + over = (0, 1, 3)
  # over samples, channels and columns | 对样本、通道和列
  + over = (1, 2, 3)
  # over channels, rows and columns | 对通道、行和列
  + dstd = -(dx_hat * centred).sum(axis=1) / std**2
  # of the standard deviation | 标准差的
  + dmean = -dcentred.sum(axis=1)
  # of the mean | 均值的
  + dmean = -dcentred.sum(axis=1, keepdims=True)
  # of the mean, kept as a column | 均值的，保留成一列
  + dmean = -(dx_hat / std).sum(axis=1, keepdims=True)
  # of the mean on the direct path, kept as a column | 直接路上的均值的，保留成一列
  - drows = gamma / (M * std) * (M * dy - dbeta - x_hat * dgamma)
  + dx_hat = dy * gamma
  + drows = (dx_hat - dx_hat.sum(axis=1, keepdims=True) / M - x_hat * (dx_hat * x_hat).mean(axis=0)) / std
  # of the mean in one line, kept as a column | 一行公式里的均值，保留成一列
  - drows = gamma / (M * std) * (M * dy - dbeta - x_hat * dgamma)
  + dx_hat = dy * gamma
  + means = dx_hat.mean(axis=1, keepdims=True), (dx_hat * x_hat).mean(axis=1, keepdims=True)
  + drows = (dx_hat - means[0] - x_hat * means[1]) / std
  # of both means in one line | 一行公式里的两个均值
  - drows = gamma / (M * std) * (M * dy - dbeta - x_hat * dgamma)
  + D = len(gamma)
  + drows = gamma / (D * std) * (D * dy - dbeta - x_hat * dgamma)
  # the features are counted for the samples | 把特征数当成了样本数
  + dcentred += dvar * 2 * centred / len(gamma)
  + drows = dcentred + dmean / len(gamma)
  # the features are counted for the samples, path by path | 每条路上都把特征数当成了样本数

axes-swapped: pictures are reshaped without moving their channels  [5 of 44 course repositories, before they put it right]
    Statistics of pictures go over N, H and W. A reshape to (N * H * W, C) is right only after the channels have been
    moved to the end; without that it mixes channels and positions, and the shape shows nothing.
  没有把通道移到最后就变了形:
    图片的统计量是沿 N、H、W 求的。要先把通道移到最后，才能变形成 (N * H * W, C)；不移的话，通道和位置就混在一起
    了，而形状什么也看不出来。
  + dy = dout.reshape(-1, len(gamma))
  # dout on its way in | dout 进来时
  + dx = drows.reshape(x.shape)
  # dx on its way out | dx 出去时
  + dy = dout.reshape(len(gamma), -1).T
  # dout on its way in, a row for each channel | dout 进来时，每个通道一行
  + dy = np.swapaxes(dout, 1, -1).reshape(-1, len(gamma))
  # dout on its way in, where rows and columns change places | dout 进来时，行和列换了位置
  + dx = np.swapaxes(drows.reshape(np.swapaxes(x, 1, -1).shape), 1, -1)
  # dx on its way out, where rows and columns change places | dx 出去时，行和列换了位置
  + dx = drows.T.reshape(x.shape)
  # dx on its way out, a row for each channel | dx 出去时，每个通道一行
  + dy = dout.reshape(-1, len(gamma))
  + dx = drows.reshape(x.shape)
  # both | 两处都是

wrong-shape: a gradient has an axis too many  [2 of 46 course repositories]
    With keepdims=True the sums have shape (1, D), while gamma and beta are (D,). NumPy broadcasts this quietly, and an
    update then turns the parameter itself into a (1, D) array.
  梯度多了一个轴:
    用 keepdims=True，和的形状是 (1, D)，而 gamma 和 beta 是 (D,)。NumPy 悄悄地广播，更新之后参数本身也变成了
    (1, D)。
  + dbeta = dy.sum(axis=0, keepdims=True)
  + dgamma = (dy * x_hat).sum(axis=0, keepdims=True)
  # of gamma and beta | gamma 和 beta 的
  + dbeta = dy.sum(axis=0, keepdims=True)
  # of beta alone | 只有 beta 的
  + dgamma = (dy * x_hat).sum(axis=0, keepdims=True)
  # of gamma alone | 只有 gamma 的

sign-of-variance-path: a path has the wrong sign
    The derivative of 1 / std is -1 / std**2, and the mean is subtracted from x. Without the minus, what should be
    taken away is added.
  有一条路的符号反了:
    1 / std 的导数是 -1 / std**2，而均值是从 x 中减去的。漏了负号，本该减去的就变成了加上。
  + dstd = (dx_hat * centred).sum(axis=0) / std**2
  # through the variance | 经过方差的
  + dmean = dcentred.sum(axis=0)
  # through the mean | 经过均值的

dbeta-averaged: a parameter's gradient is averaged over the batch
    beta is added for each sample, so its gradient is the sum of dout over the batch; gamma's is a sum too. What
    averages is the loss, and that is in dout already.
  参数的梯度对批次取了平均:
    每个样本都加了 beta，所以它的梯度是 dout 对批次求和；gamma 的也是求和。取平均的是损失函数，那已经包含在 dout
    里了。
  + dbeta = dy.mean(axis=0)
  # of beta | beta 的
  + dgamma = (dy * x_hat).mean(axis=0)
  # of gamma | gamma 的

overwrite: a parameter's gradient is assigned instead of added
    Each row moves the loss through the same beta and gamma, so their gradients are sums over the rows. With = in
    the loop the last row wins. With one row it is right. Write +=.
  参数的梯度被赋值，而不是累加:
    每一行都通过同一个 beta 和 gamma 影响损失，所以它们的梯度是对各行求和。循环里用 = 的话，只剩最后一行的。只有一行时
    它是对的。应该写 +=。
  + dbeta = dy[-1]
  # of beta | beta 的
  + dgamma = dy[-1] * x_hat[-1]
  # of gamma | gamma 的
  + dbeta = dy[-1]
  + dgamma = dy[-1] * x_hat[-1]
  # of both | 两者的
""",
    batch_norm_backward,
    in_one_line,
    _by_axes,
)

OPERATOR = Operator(
    name="batch-norm",
    title="batch normalization",
    forward=batch_norm_forward,
    backward=batch_norm_backward,
    gradients=("dx", "dgamma", "dbeta"),
    axes={"x": "NC*", "gamma": "C", "beta": "C", "out": "NC*"},
    torch="F.batch_norm(x, None, None, gamma, beta, True, 0.0, eps or 1e-300)",
    small=small,
    problems=problems,
    conventions=(
        Convention("row", {"gamma": "1C", "beta": "1C"}),
        Convention("picture", {"gamma": "1C11", "beta": "1C11"}),
        Convention("NHWC", {"x": "N*C", "out": "N*C"}),
    ),
    called=r"(?!.*(layer|group|instance|affine|conv|linear|relu)).*(batch_?norm|(?<![a-z])bn(?![a-z])|bn_)",
    words={
        "x": "a input inputs inp z x_in",
        "gamma": "a_2 w weight scale bw g",
        "beta": "b_2 b bias shift bb",
        "eps": "epsilon e",
    },
    mistakes=MISTAKES,
)
