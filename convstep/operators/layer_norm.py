"""Layer normalisation: each sample made to have mean 0 and variance 1 over its features."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem


def layer_norm_forward(x: Array, gamma: Array, beta: Array, eps: float) -> Array:
    """Each sample less its mean, over its standard deviation.

    Args:
        x: `(…, D)`: samples `(N, D)`, or words of sentences `(B, T, D)`.
        gamma: `(D,)`, the new scale.
        beta: `(D,)`, the new mean.
        eps: what is added to the variance.

    Returns:
        As x.
    """
    rows = x.reshape(-1, len(gamma))
    mean = rows.mean(axis=1, keepdims=True)
    centred = rows - mean
    var = (centred**2).mean(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    y = gamma * x_hat + beta
    return y.reshape(x.shape)


def layer_norm_backward(
    dout: Array, x: Array, gamma: Array, beta: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The forward's lines from last to first; statistics along a row, parameters along a column.

    The arguments are the forward's, and dout as x; dx, dgamma, dbeta are as x, gamma, beta.
    """
    rows = x.reshape(-1, len(gamma))
    D = len(gamma)
    mean = rows.mean(axis=1, keepdims=True)
    centred = rows - mean
    var = (centred**2).mean(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    dy = dout.reshape(-1, len(gamma))
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    dx_hat = dy * gamma
    dcentred = dx_hat / std
    dstd = -(dx_hat * centred).sum(axis=1, keepdims=True) / std**2
    dvar = dstd / (2 * std)
    dcentred += dvar * 2 * centred / D
    dmean = -dcentred.sum(axis=1, keepdims=True)
    drows = dcentred + dmean / D
    dx = drows.reshape(x.shape)
    return dx, dgamma, dbeta


def in_one_line(dout: Array, x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """The same with the three paths put together; see `layer_norm_backward`."""
    rows = x.reshape(-1, len(gamma))
    D = len(gamma)
    std = np.sqrt(rows.var(axis=1, keepdims=True) + eps)
    x_hat = (rows - rows.mean(axis=1, keepdims=True)) / std
    dy = dout.reshape(-1, len(gamma))
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    dx_hat = dy * gamma
    through_mean = dx_hat.sum(axis=1, keepdims=True) / D
    through_variance = x_hat * (dx_hat * x_hat).sum(axis=1, keepdims=True) / D
    drows = (dx_hat - through_mean - through_variance) / std
    dx = drows.reshape(x.shape)
    return dx, dgamma, dbeta


def small() -> OperatorProblem:
    """Two samples of four features: the first has mean 2 and variance 4, the second mean 0 and variance 1."""
    x = np.array([[0, 4, 0, 4], [1, -1, -1, 1]], float)
    arrays = {"x": x, "gamma": np.array([2.0, 1.0, -1.0, 3.0]), "beta": np.array([1.0, 0.0, -1.0, 2.0])}
    dout = np.array([[1, 2, 3, 0], [-1, 1, 2, -2]], float)
    return OperatorProblem(arrays, {"dout": dout}, {"eps": 0.0})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, tuple[int, ...], float, bool], ...] = (
        ("a few samples", (3, 4), 1e-5, False),
        ("gamma is 1", (3, 4), 1e-5, True),
        ("one sample", (1, 4), 1e-5, False),
        ("two features", (3, 2), 1e-5, False),
        ("as many samples as features", (3, 3), 1e-5, False),
        ("x has three axes", (2, 3, 4), 1e-5, False),
        ("as many sentences as words and features", (3, 3, 3), 1e-5, False),
        ("eps is large", (3, 4), 0.1, False),
        ("x has four axes", (2, 1, 3, 4), 1e-5, False),
    )
    for about, sizes, eps, plain in told:
        yield _problem(rng, about, sizes, eps, plain)
    while True:
        sizes = tuple(int(n) for n in rng.integers(1, 5, int(rng.integers(2, 5))))
        sizes = (*sizes[:-1], sizes[-1] + 1)
        yield _problem(rng, "", sizes, float(rng.choice([1e-5, 1e-3, 0.1])), bool(rng.integers(0, 6) == 0))


def _problem(
    rng: np.random.Generator, about: str, sizes: tuple[int, ...], eps: float, plain: bool
) -> OperatorProblem:
    x = 2 * rng.standard_normal(sizes) + rng.standard_normal(sizes[:-1])[..., None]
    gamma = np.ones(sizes[-1]) if plain else rng.uniform(0.5, 2.5, sizes[-1]) * rng.choice([-1, 1], sizes[-1])
    arrays = {"x": x, "gamma": gamma, "beta": rng.standard_normal(sizes[-1])}
    return OperatorProblem(arrays, {"dout": rng.standard_normal(sizes)}, {"eps": eps}, about)


MISTAKES = Mistakes(
    """
variance-path-missing: the path through the variance is missing  [openxla/xla PR#8225]
    Every feature takes part in the variance of its sample, so each one moves all the others of the row. What flows
    back through it is x_hat times the mean of dx_hat * x_hat, along the row.
  少了经过方差的那条路:
    样本的每个特征都参与计算它的方差，所以动一个特征，同一行的其他特征都跟着变。经过它传回来的是 x_hat 乘以
    dx_hat * x_hat 沿这一行的平均值。
  - dcentred += dvar * 2 * centred / D
  + pass  # the line is missing

mean-path-missing: the path through the mean is missing  [openxla/xla PR#8225]
    The mean of a row is taken from all its features, so each dx gets an equal share of what flows back through it.
    Without it the dx of a row no longer add up to 0, which is quickly checked.
  少了经过均值的那条路:
    一行的每个特征都参与计算这一行的均值，所以经过均值传回来的梯度要平均分给每个 dx。少了它，一行的 dx 加起来就
    不再是 0，这一点很容易检查。
  + drows = dcentred

gamma-missing: gamma is left out  [Knet.jl#288]
    out = gamma * x_hat + beta, so what reaches x_hat is dout * gamma, on every path. gamma has one number a feature,
    so it has to be multiplied before anything is summed along the row. Where gamma is 1, nothing shows.
  漏了 gamma:
    out = gamma * x_hat + beta，所以传到 x_hat 的是 dout * gamma，每条路都是。每个特征有自己的 gamma，所以必须先乘
    再沿行求和。gamma 全是 1 时什么也看不出来。
  + dx_hat = dy
  # on every path | 每条路都漏了
  - dx_hat = dy * gamma
  - through_mean = dx_hat.sum(axis=1, keepdims=True) / D
  - through_variance = x_hat * (dx_hat * x_hat).sum(axis=1, keepdims=True) / D
  - drows = (dx_hat - through_mean - through_variance) / std
  + through_mean = dy.sum(axis=1, keepdims=True) / D
  + through_variance = x_hat * (dy * x_hat).sum(axis=1, keepdims=True) / D
  + drows = gamma * (dy - through_mean - through_variance) / std
  # it is multiplied at the end, after the sums | 求和之后才乘
  + through_variance = x_hat * (dy * x_hat).sum(axis=1, keepdims=True) / D
  # on the path through the variance | 只漏在经过方差的那条路上
  + through_mean = dy.sum(axis=1, keepdims=True) / D
  # on the path through the mean | 只漏在经过均值的那条路上
  + dcentred = dy / std
  # on the direct path | 只漏在直接的那条路上

dgamma-from-x: dgamma is summed with another array than x_hat
    gamma is multiplied by x_hat, the normalised input, so dgamma is the sum of dout * x_hat over the samples. With x,
    or with x less its mean, the numbers have another scale.
  dgamma 求和时乘的不是 x_hat:
    与 gamma 相乘的是归一化之后的 x_hat，所以 dgamma 是 dout * x_hat 对样本求和。乘的若是 x，或只减了均值的 x，数值
    的尺度就不对。
  + dgamma = (dy * rows).sum(axis=0)
  # with x | 乘的是 x
  + dgamma = (dy * centred).sum(axis=0)
  # with x less its mean | 乘的是减去均值的 x
  + dgamma = (dy * (gamma * x_hat + beta)).sum(axis=0)
  # with the output | 乘的是输出

n-for-d: it is divided by the number of samples, not of features
    Mean and variance are taken along a row of D features, so what flows back through them is divided by D. N belongs
    to batch normalisation, from which such code is often copied. Where N and D are alike, nothing shows.
  除以的是样本数，而不是特征数:
    均值和方差是沿一行的 D 个特征算的，所以经过它们传回来的要除以 D。N 是批归一化里的，这种代码常常是从那里抄来
    的。N 和 D 相同时什么也看不出来。
  + D = len(rows)
  # everywhere | 处处如此
  + D = len(x)
  # with the length of the first axis | 用的是第一个轴的长度
  + drows = dcentred + dmean / len(rows)
  # through the mean | 只在经过均值的路上
  + dcentred += dvar * 2 * centred / len(rows)
  # through the variance | 只在经过方差的路上

not-divided-by-n: sums stand where means belong
    Mean and variance are divided by the number of features D, and so are the gradients that come back through them.
  该取平均的地方只求了和:
    均值和方差都除以了特征数 D，经过它们传回来的梯度也要除以 D。
  + drows = dcentred + dmean
  # through the mean | 经过均值的路
  + dcentred += dvar * 2 * centred
  # through the variance | 经过方差的路
  + dcentred += dvar * 2 * centred
  + drows = dcentred + dmean
  # through both | 两条路都是
  + through_mean = dx_hat.sum(axis=1, keepdims=True)
  + through_variance = x_hat * (dx_hat * x_hat).sum(axis=1, keepdims=True)
  # through both, each apart | 两条路都是，各自算
  + through_variance = x_hat * (dx_hat * x_hat).sum(axis=1, keepdims=True)
  # through the variance, each apart | 只在经过方差的路上，各自算
  - drows = (dx_hat - through_mean - through_variance) / std
  + drows = (dx_hat / D - through_mean - through_variance) / std
  # the direct path is divided, and not multiplied before | 直接的路除了个数，却没有先乘

divided-by-variance: it is divided by the variance, not by its root
    x_hat = (x - mean) / std, where std is the root of the variance. Divided by the variance itself dx is too small
    or too large by one factor of std.
  除以的是方差，而不是标准差:
    x_hat = (x - mean) / std，std 是方差的平方根。若除以方差本身，dx 就差了一个 std 的倍数。
  + dcentred = dx_hat / std**2
  # on the direct path | 在直接的路上
  - drows = (dx_hat - through_mean - through_variance) / std
  + drows = (dx_hat - through_mean - through_variance) / std**2
  # in all of dx | 整个 dx
  + drows = dx_hat / std**2 + dvar * 2 * centred / D + dmean / D
  # on the direct path, and not in the mean's | 在直接的路上，经过均值的路没有
  + dstd = -(dx_hat * centred).sum(axis=1, keepdims=True) / std
  # one factor of std is missing on the path through the variance | 经过方差的路上少除了一个 std
  + dstd = -(dx_hat * centred).sum(axis=1, keepdims=True)
  # both factors of std are missing on the path through the variance | 经过方差的路上两个 std 都没有除
  + dvar = dstd / (2 * var)
  # where the root is differentiated | 对平方根求导的地方

unbiased-variance: the variance is divided by D - 1  [nnabla PR#379]
    The forward divides the sum of squares by D. With D - 1 in the backward, everything that holds std is off, most
    where there are few features. torch.Tensor.std and var divide by one less unless they are told otherwise.
  方差除以了 D - 1:
    正向传播里平方和除以的是 D。反向传播里用 D - 1，凡是含有 std 的都不对，特征越少差得越多。torch.Tensor.std 和
    var 不特别说明的话，就是除以少一个的数。
  + var = (centred**2).sum(axis=1, keepdims=True) / (D - 1)
  # wherever the variance stands | 凡是用到方差的地方
  + dcentred += dvar * 2 * centred / (D - 1)
  # where it is differentiated | 只在对它求导的地方

eps-missing: eps is left out
    The forward takes the root of the variance plus eps. Without eps the backward is that of another function: a
    little off, and nan where a row holds one number only.
  漏了 eps:
    正向传播是对方差加 eps 开平方。反向传播里漏掉 eps，求的就是另一个函数的梯度：差一点点，一行全是同一个数时就是
    nan。
  + std = np.sqrt(var)

  + drows = dx_hat / np.sqrt(var) + dvar * 2 * centred / D + dmean / D
  # on the direct path | 在直接的路上
  + dstd = -(dx_hat * centred).sum(axis=1, keepdims=True) / var
  # on the path through the variance | 在经过方差的路上
  + dstd = -(dx_hat * centred).sum(axis=1, keepdims=True) / var
  + dvar = dstd / (2 * np.sqrt(var))
  # all along the path through the variance | 在经过方差的路上，处处如此
  - drows = (dx_hat - through_mean - through_variance) / std
  + drows = (dx_hat - through_mean - through_variance) / np.sqrt(rows.var(axis=1, keepdims=True))
  # where dx is divided | 只在 dx 除以它的地方

wrong-axis: it is summed over the wrong axis  [FlagGems#5392; 1 of 20 course repositories]
    Statistics belong to a sample: they are sums along a row, axis 1. The parameters belong to a feature: their
    gradients are sums down a column, axis 0. Where both sizes are alike, even the shapes are right.
  沿错误的轴求和:
    统计量属于样本：沿一行（第 1 轴）求和。参数属于特征：它们的梯度沿一列（第 0 轴）求和。两个尺寸相同时，连形状都
    是对的。
  + mean = rows.mean(axis=0, keepdims=True)
  + centred = rows - mean
  + var = (centred**2).mean(axis=0, keepdims=True)
  # the statistics, as in batch normalisation | 统计量，像批归一化那样
  + dgamma = (dy * x_hat).reshape(x.shape)
  # gamma's is not summed | gamma 的没有求和
  + dbeta = dout.copy()
  # beta's is not summed | beta 的没有求和
  + dmean = -dcentred.sum(axis=0, keepdims=True)
  # what flows back through the mean | 经过均值传回来的
  + through_mean = dx_hat.mean(axis=0)
  # what flows back through the mean, with the number of samples | 经过均值传回来的，个数也用样本数
  + dstd = -(dx_hat * centred).sum(axis=0, keepdims=True) / std**2
  # what flows back through the variance | 经过方差传回来的
  + dstd = -(dx_hat * centred).sum(axis=0, keepdims=True) / std**2
  + dmean = -dcentred.sum(axis=0, keepdims=True)
  # what flows back through both | 经过两者传回来的
  + dmean = np.broadcast_to(-(dx_hat / std).reshape(x.shape).sum(axis=0), x.shape).reshape(rows.shape)
  # what flows back through the mean, on the direct path | 直接经过均值传回来的
  + dmean = -(np.ones(x.shape) * dx_hat.reshape(x.shape).sum(axis=0)).reshape(rows.shape) / std
  # what flows back through the mean, on the direct path, divided afterwards | 直接经过均值传回来的，求和之后才除
  - drows = (dx_hat - through_mean - through_variance) / std
  + g, n = dx_hat.reshape(x.shape), x_hat.reshape(x.shape)
  + drows = (g - g.mean(axis=0) - n * (g * n).mean(axis=0)).reshape(rows.shape) / std
  # both means in one line, over the samples | 一行公式里的两个均值，沿样本
  - drows = (dx_hat - through_mean - through_variance) / std
  + drows = (dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)) / std
  # both means in one line, over all that is no feature | 一行公式里的两个均值，沿特征以外的所有轴
  - drows = (dx_hat - through_mean - through_variance) / std
  + drows = (dx_hat - dx_hat.sum(axis=0) / D - x_hat * (dx_hat * x_hat).sum(axis=0) / D) / std
  # both sums in one line, over all that is no feature | 一行公式里的两个和，沿特征以外的所有轴
  - drows = (dx_hat - through_mean - through_variance) / std
  + g, n = dx_hat.reshape(x.shape), x_hat.reshape(x.shape)
  + means = g.mean(axis=1, keepdims=True), (g * n).mean(axis=1, keepdims=True)
  + drows = (g - means[0] - n * means[1]).reshape(rows.shape) / std
  # both means in one line, over axis 1 of whatever x has | 一行公式里的两个均值，不管 x 有几个轴都沿第 1 轴
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

rank-2-assumed: it is right for two axes only  [FlagGems#5392]
    Normalised is the last axis, whatever comes before it. Code that sums over axis 0 for the parameters keeps the
    words of a sentence apart where x is (B, T, D), so that dgamma and dbeta get the shape (T, D).
  只有两个轴时才对:
    归一化的是最后一个轴，前面有多少个轴都行。参数的梯度若只沿第 0 轴求和，x 是 (B, T, D) 时一句话里的各个词就没有
    加在一起，dgamma 和 dbeta 的形状就成了 (T, D)。
  + dbeta = dout.sum(axis=0)
  + dgamma = (dout * x_hat.reshape(x.shape)).sum(axis=0)

  - drows = (dx_hat - through_mean - through_variance) / std
  + drows = (dx_hat - (through_mean + through_variance) * D / x.shape[1]) / std
  # x.shape[1] for the number of features | 用 x.shape[1] 当特征数

wrong-shape: a gradient has an axis too many  [2 of 20 course repositories]
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
  + dstd = (dx_hat * centred).sum(axis=1, keepdims=True) / std**2
  # through the variance | 经过方差的
  + dmean = dcentred.sum(axis=1, keepdims=True)
  # through the mean | 经过均值的

dbeta-averaged: a parameter's gradient is averaged over the samples
    beta is added for each sample, so its gradient is the sum of dout over the samples; gamma's is a sum too. What
    averages is the loss, and that is in dout already.
  参数的梯度对样本取了平均:
    每个样本都加了 beta，所以它的梯度是 dout 对样本求和；gamma 的也是求和。取平均的是损失函数，那已经包含在 dout
    里了。
  + dbeta = dy.mean(axis=0)
  # of beta | beta 的
  + dbeta = dy.sum(axis=0) / len(x)
  # of beta, by the length of x | beta 的，除以 x 的长度
  + dgamma = (dy * x_hat).mean(axis=0)
  # of gamma | gamma 的
  + dgamma = (dy * x_hat).sum(axis=0) / len(x)
  # of gamma, by the length of x | gamma 的，除以 x 的长度

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
    layer_norm_backward,
    in_one_line,
)

OPERATOR = Operator(
    name="layer-norm",
    title="layer normalization",
    forward=layer_norm_forward,
    backward=layer_norm_backward,
    gradients=("dx", "dgamma", "dbeta"),
    axes={"x": "*D", "gamma": "D", "beta": "D", "out": "*D"},
    torch="F.layer_norm(x, gamma.shape, gamma, beta, eps)",
    small=small,
    problems=problems,
    conventions=(
        Convention("row", {"gamma": "1D", "beta": "1D"}),
        Convention("columns", {"x": "DN", "out": "DN", "gamma": "D1", "beta": "D1"}),
    ),
    called=r".*(layer_?norm|(?<![a-z])ln(?![a-z])|ln_)",
    words={
        "x": "a input inputs inp z x_in",
        "gamma": "a_2 w weight scale g",
        "beta": "b_2 b bias shift",
        "eps": "epsilon e",
    },
    mistakes=MISTAKES,
)
