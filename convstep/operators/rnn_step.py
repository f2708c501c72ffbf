"""One step of a vanilla (Elman) RNN: `next_h = tanh(x @ wx + prev_h @ wh + b)`, and its backward by the recipe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem


def rnn_step_forward(x: Array, prev_h: Array, wx: Array, wh: Array, b: Array) -> Array:
    """The input and the state before it, each times its weights, through tanh.

    Args:
        x: `(N, D)`, the input of this step.
        prev_h: `(N, H)`, the state before it.
        wx: `(D, H)`.
        wh: `(H, H)`, from the state before to the next.
        b: `(H,)`.

    Returns:
        next_h, `(N, H)`.
    """
    N, H = prev_h.shape
    next_h = np.zeros((N, H))
    for i_n in range(N):
        for i_h in range(H):
            z = np.sum(x[i_n] * wx[:, i_h]) + np.sum(prev_h[i_n] * wh[:, i_h]) + b[i_h]
            next_h[i_n, i_h] = np.tanh(z)
    return next_h


def rnn_step_backward(
    dnext_h: Array, x: Array, prev_h: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """The slope of tanh, which next_h tells, times `dnext_h`; then two linear layers that share it.

    The arguments are the forward's, and dnext_h as its output; the gradients are as x, prev_h, wx, wh, b.
    """
    N, H = dnext_h.shape
    next_h = np.tanh(x @ wx + prev_h @ wh + b)
    dx = np.zeros(x.shape)
    dprev_h = np.zeros(prev_h.shape)
    dwx = np.zeros(wx.shape)
    dwh = np.zeros(wh.shape)
    db = np.zeros(b.shape)
    for i_n in range(N):
        for i_h in range(H):
            dz = dnext_h[i_n, i_h] * (1 - next_h[i_n, i_h] ** 2)
            dx[i_n] += wx[:, i_h] * dz
            dprev_h[i_n] += wh[:, i_h] * dz
            dwx[:, i_h] += x[i_n] * dz
            dwh[:, i_h] += prev_h[i_n] * dz
            db[i_h] += dz
    return dx, dprev_h, dwx, dwh, db


def _at_once(
    dnext_h: Array, x: Array, prev_h: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """All samples and units at once."""
    next_h = np.tanh(x @ wx + prev_h @ wh + b)
    slope = 1 - next_h**2
    dz = dnext_h * slope
    dx = dz @ wx.T
    dprev_h = dz @ wh.T
    dwx = x.T @ dz
    dwh = prev_h.T @ dz
    db = dz.sum(axis=0)
    return dx, dprev_h, dwx, dwh, db


def small() -> OperatorProblem:
    """Two samples of three numbers, a state of two, and before tanh 0, -1, 1 and 2."""
    return OperatorProblem(
        {
            "x": np.array([[1, 2, -1], [0, 1, 1]], float),
            "prev_h": np.array([[1, 0], [-1, 1]], float),
            "wx": np.array([[1, -1], [0, 1], [1, 0]], float),
            "wh": np.array([[1, -1], [2, 1]], float),
            "b": np.array([-1.0, -1.0]),
        },
        {"dnext_h": np.array([[1, 2], [-1, 3]], float)},
    )


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    for about, samples, inputs, units in (
        ("two samples", 2, 3, 4),
        ("one sample", 1, 3, 2),
        ("a state of one number", 3, 2, 1),
        ("as many inputs as state units", 2, 3, 3),
        ("as many samples as inputs and state units", 3, 3, 3),
    ):
        yield _problem(rng, about, samples, inputs, units)
    first = _problem(rng, "the state before is zero", 2, 3, 4)
    first.arrays["prev_h"][:] = 0
    yield first
    while True:
        samples, inputs, units = (int(n) for n in rng.integers(1, 6, 3))
        yield _problem(rng, "", samples, inputs, units)


def _problem(rng: np.random.Generator, about: str, samples: int, inputs: int, units: int) -> OperatorProblem:
    arrays = {
        "x": rng.standard_normal((samples, inputs)),
        "prev_h": np.tanh(rng.standard_normal((samples, units))),
        "wx": rng.standard_normal((inputs, units)) / 2,
        "wh": rng.standard_normal((units, units)) / 2,
        "b": rng.standard_normal(units) / 2,
    }
    return OperatorProblem(arrays, {"dnext_h": rng.standard_normal((samples, units))}, about=about)


MISTAKES = Mistakes(
    """
tanh-slope-missing: the slope of tanh is missing
    dnext_h is the gradient after tanh, and everything below needs it before tanh: times 1 - next_h**2, once, at
    the start. Without it every share of a gradient is too large, and most where the state is near 1 or -1. Where the
    state is near 0 the slope is near 1, and little shows. Write dz = dnext_h * (1 - next_h**2).
  漏了 tanh 的导数:
    dnext_h 是 tanh 之后的梯度，下面用到的都是 tanh 之前的：一开始就要乘一次 1 - next_h**2。不乘的话，每一份梯度都太大，
    状态接近 1 或 -1 的地方差得最多。状态接近 0 时导数接近 1，几乎看不出来。应该写 dz = dnext_h * (1 - next_h**2)。
  - dz = dnext_h * slope
  + dz = dnext_h.copy()

  + dz = dnext_h[i_n, i_h]
  # one number at a time | 一次一个数
slope-of-preactivation: the slope of tanh is taken at the wrong side of tanh
    1 - h**2 is the slope only if h is what tanh returned. Of the number that went in, 1 - z**2 can be as negative as
    it likes, where the slope of tanh never is; and 1 - np.tanh(next_h)**2 takes tanh twice. Both are nearly right
    while the numbers are near 0. Write 1 - next_h**2, or 1 - np.tanh(z)**2.
  tanh 的导数取在了 tanh 的另一侧:
    只有当 h 是 tanh 的返回值时，1 - h**2 才是导数。用送进 tanh 的数，1 - z**2 可以是很大的负数，而 tanh 的导数从不为
    负；1 - np.tanh(next_h)**2 则取了两次 tanh。数接近 0 时两种写法都差不多对。应该写 1 - next_h**2，或者
    1 - np.tanh(z)**2。
  + slope = 1 - (x @ wx + prev_h @ wh + b) ** 2
  # of what went in | 用送进去的数
  + slope = 1 - np.tanh(next_h) ** 2
  # tanh twice | 两次 tanh
slope-of-prev-h: the slope of tanh is taken from prev_h instead of next_h
    prev_h came out of the tanh of the step before. The tanh of this step returned next_h, and its slope is
    1 - next_h**2. The two have the same shape, so nothing complains; in the first step, where prev_h is zero, the
    slope is 1 everywhere, as if there were no tanh. Write 1 - next_h**2.
  tanh 的导数用了 prev_h 而不是 next_h:
    prev_h 是上一步的 tanh 的输出。这一步的 tanh 返回的是 next_h，它的导数是 1 - next_h**2。两者形状相同，所以不会报错；
    在第一步 prev_h 是零，导数处处是 1，就像没有 tanh 一样。应该写 1 - next_h**2。
  + slope = 1 - prev_h**2

  + dz = dnext_h[i_n, i_h] * (1 - prev_h[i_n, i_h] ** 2)
  # one number at a time | 一次一个数
wrong-slope: another function's slope is taken for that of tanh
    The slope of tanh is 1 - next_h**2. next_h * (1 - next_h) is that of a sigmoid, and 1 - next_h has lost the
    square: for a negative state it is larger than 1, which no slope of tanh is. Write 1 - next_h**2.
  把别的函数的导数当成了 tanh 的导数:
    tanh 的导数是 1 - next_h**2。next_h * (1 - next_h) 是 sigmoid 的导数；1 - next_h 少了平方：状态为负时它大于 1，而
    tanh 的导数从不大于 1。应该写 1 - next_h**2。
  + slope = next_h * (1 - next_h)
  # that of a sigmoid | sigmoid 的
  + slope = 1 - next_h
  # without the square | 没有平方
dprev-h-zero: dprev_h stays zero
    prev_h goes into this step through wh, so it has a gradient: dz @ wh.T. Made with np.zeros and never filled, it
    ends the way back through time here: over a sequence each step then learns from its own loss alone. With a
    single step nobody uses it, and no other gradient shows it. Write dprev_h = dz @ wh.T.
  dprev_h 一直是零:
    prev_h 通过 wh 进入这一步，所以它有梯度：dz @ wh.T。用 np.zeros 建好却从不填写，沿时间往回的路就断在这里：对一个序
    列，每一步就只从自己的损失里学习。只有一步时没人用它，别的梯度也看不出来。应该写 dprev_h = dz @ wh.T。
  - dprev_h = dz @ wh.T
  + dprev_h = np.zeros_like(prev_h)
dprev-h-wrong-weights: dprev_h is made with wx instead of wh
    prev_h was multiplied by wh, and its gradient goes back through wh; wx is the way to x. The shapes fit only where
    there are as many inputs as state units. Write dprev_h = dz @ wh.T.
  dprev_h 用了 wx 而不是 wh:
    prev_h 乘的是 wh，它的梯度也要经过 wh 回去；wx 是通往 x 的路。只有输入数等于状态数时形状才对得上。应该写
    dprev_h = dz @ wh.T。
  + dprev_h = dz @ wx.T

  + dprev_h[i_n] += wx[:, i_h] * dz
  # one number at a time | 一次一个数
dwh-from-wrong-state: dwh is made from something else than prev_h
    wh was multiplied by prev_h, so dwh is prev_h.T @ dz. next_h is what came out, one step later; it has the same
    shape, so nothing complains. x is the factor of wx, and fits only where there are as many inputs as state units.
    Write dwh = prev_h.T @ dz.
  dwh 用的不是 prev_h:
    wh 乘的是 prev_h，所以 dwh 是 prev_h.T @ dz。next_h 是输出，晚了一步；形状相同，所以不会报错。x 是 wx 的因子，只有
    输入数等于状态数时形状才对得上。应该写 dwh = prev_h.T @ dz。
  + dwh = next_h.T @ dz
  # from next_h | 用 next_h
  + dwh = x.T @ dz
  # from x | 用 x
  + dwh[:, i_h] += next_h[i_n] * dz
  # from next_h, one number at a time | 用 next_h，一次一个数
transposes-swapped: a factor is transposed that should not be, or the other way round
    wh is square, so dz @ wh and dz.T @ prev_h fit as well as dz @ wh.T and prev_h.T @ dz, and no shape tells. wx is
    square only where there are as many inputs as state units. With a state of one number it is right. Write
    dprev_h = dz @ wh.T, dwh = prev_h.T @ dz, dx = dz @ wx.T, dwx = x.T @ dz.
  该转置的没有转置，或者反过来:
    wh 是方阵，所以 dz @ wh 和 dz.T @ prev_h 的形状也对得上，和 dz @ wh.T、prev_h.T @ dz 一样，从形状看不出来。只有输入
    数等于状态数时 wx 才是方阵。状态只有一个数时它是对的。应该写 dprev_h = dz @ wh.T，dwh = prev_h.T @ dz，
    dx = dz @ wx.T，dwx = x.T @ dz。
  + dprev_h = dz @ wh
  # in dprev_h | 在 dprev_h 里
  + dwh = dz.T @ prev_h
  # in dwh | 在 dwh 里
  + dx = dz @ wx
  # in dx | 在 dx 里
  + dwx = dz.T @ x
  # in dwx | 在 dwx 里
  + dprev_h[i_n] += wh[i_h] * dz
  # in dprev_h, one number at a time | 在 dprev_h 里，一次一个数
db-wrong-axis: db is summed over the wrong axis
    The bias of a state unit is added for each sample, so its gradient is the sum over samples. Summed over units it
    has one number a sample: the wrong shape, or, where there are as many samples as units, wrong numbers. Summed
    over everything it is one number, which NumPy then adds to all of b without a word. Write dz.sum(axis=0).
  db 沿错误的轴求和:
    每个样本都加上同一个偏置，所以它的梯度是对样本求和。对状态求和得到的是每个样本一个数：形状不对；样本数等于状态数时
    形状碰巧对，数却是错的。对全部求和只得到一个数，NumPy 会一声不响地把它加到整个 b 上。应该写 dz.sum(axis=0)。
  + db = dz.sum(axis=1)

  + db = dz.sum()
  # over everything | 对全部求和
db-not-summed: db is not summed over the samples
    Each sample moves the loss through the same b, so its gradient is a sum over samples. Left as it is, dz has one
    row a sample. b - lr * db then broadcasts to a matrix. With one sample the numbers are right, but not the shape.
    Write dz.sum(axis=0).
  db 没有对样本求和:
    每个样本都通过同一个 b 影响损失，所以它的梯度是对样本求和。原样不动的话，dz 每个样本一行。接着 b - lr * db 会广播成
    一个矩阵。只有一个样本时数是对的，形状不对。应该写 dz.sum(axis=0)。
  + db = dz.copy()
wrong-shape: db has an axis too many
    keepdims=True leaves the axis that was summed, with length 1: db is (1, H) where b is (H,). The numbers are
    right. Write dz.sum(axis=0), or reshape to b.shape.
  db 多了一个轴:
    keepdims=True 把求和的那个轴以长度 1 留了下来：b 是 (H,)，db 却是 (1, H)。数是对的。应该写 dz.sum(axis=0)，或者把形
    状变回 b.shape。
  + db = dz.sum(axis=0, keepdims=True)
overwrite: the gradient is assigned instead of added
    The loop meets each number of dwx, dwh and db once a sample, and each of dx and dprev_h once a state unit, and
    these add up. With = the last turn wins. With one sample and one unit it is right. Write +=.
  梯度被赋值，而不是累加:
    循环里，dwx、dwh 和 db 的每个数每个样本遇到一次，dx 和 dprev_h 的每个数每个状态遇到一次，这些要累加。用 = 的话，最后
    一轮说了算。只有一个样本、一个状态时它是对的。应该写 +=。
  + dwx[:, i_h] = x[i_n] * dz
  + dwh[:, i_h] = prev_h[i_n] * dz
  + db[i_h] = dz
  # in dwx, dwh and db | 在 dwx、dwh 和 db 里
  + dx[i_n] = wx[:, i_h] * dz
  + dprev_h[i_n] = wh[:, i_h] * dz
  # in dx and dprev_h | 在 dx 和 dprev_h 里
averaged: the gradients are divided by the number of samples
    The mean over the samples belongs to the loss, and stands in dnext_h if the loss put it there. Some courses
    divide here instead; in both places it makes 1/N of 1/N. With one sample it is right. Divide in one place.
  梯度除以了样本数:
    对样本取平均是损失的事，如果损失里已经除过，它就在 dnext_h 里。有的课程约定在这里除；两处都除就成了 1/N 的 1/N。只有
    一个样本时它是对的。只在一处除。
  + dwx = x.T @ dz / len(x)
  + dwh = prev_h.T @ dz / len(x)
  + db = dz.sum(axis=0) / len(x)

  + db = dz.mean(axis=0)
  # in db only | 只在 db 里
writes-into-dnext-h: it writes into the caller's dnext_h
    dnext_h *= 1 - next_h**2 does not make a new array: it changes the caller's. The numbers that are returned are
    right, so every gradient test passes. Over a sequence dnext_h is often a view of dh, and dh then is no longer the
    gradient from above. Write dz = dnext_h * (1 - next_h**2).
  它写进了调用者的 dnext_h:
    dnext_h *= 1 - next_h**2 不会建新数组：它改动的是调用者的。返回的数是对的，所以所有梯度测试都能通过。对一个序列，
    dnext_h 往往是 `dh` 的视图，之后的 `dh` 就不再是来自上面的梯度了。应该写 dz = dnext_h * (1 - next_h**2)。
  - dz = dnext_h * slope
  + dnext_h *= slope
  + dz = dnext_h
""",
    rnn_step_backward,
    _at_once,
)


def _from_columns(arrays: dict[str, Array]) -> dict[str, object]:
    """As the deep learning specialisation has it: samples in columns, the weights in a dict, a softmax on top."""
    units = arrays["prev_h"].shape[1]
    parameters = {"Wax": arrays["wx"].T, "Waa": arrays["wh"].T, "ba": arrays["b"][:, None]}
    parameters |= {"Wya": np.zeros((2, units)), "by": np.zeros((2, 1))}
    return {"xt": arrays["x"].T, "a_prev": arrays["prev_h"].T, "parameters": parameters}


def _to_rows(gradients: dict[str, Array]) -> dict[str, Array]:
    """The gradients of such parameters as those of ours."""
    names = {"dx": "dxt", "dprev_h": "da_prev", "dwx": "dWax", "dwh": "dWaa"}
    return {**{ours: gradients[name].T for ours, name in names.items()}, "db": gradients["dba"].ravel()}


OPERATOR = Operator(
    name="rnn-step",
    title="one step of a vanilla RNN",
    forward=rnn_step_forward,
    backward=rnn_step_backward,
    outputs=("next_h",),
    gradients=("dx", "dprev_h", "dwx", "dwh", "db"),
    axes={"x": "ND", "prev_h": "NH", "wx": "DH", "wh": "KH", "b": "H", "next_h": "NH"},
    torch="torch.tanh(x @ wx + prev_h @ wh + b)",
    small=small,
    problems=problems,
    conventions=(
        Convention("coursera", lay=_from_columns, read=_to_rows, upstream={"dnext_h": "da_next"}),
        Convention("columns", {"x": "DN", "prev_h": "HN", "wx": "HD", "wh": "HK", "b": "H1", "next_h": "HN"}),
        Convention("torch", {"wx": "HD", "wh": "HK"}),
        Convention("cmu", {"wx": "HD", "wh": "HK"}, {"dwx": "N", "dwh": "N", "db": "N"}),
    ),
    called=r"(?!.*(lstm|gru)).*(rnn|recurrent|elman).*(step|cell)",
    words={
        "x": "xt input inputs inp h_prev_l",
        "prev_h": "h_prev a_prev prev_a h_prev_t h0 hidden",
        "wx": "wax w_ih w_xh u",
        "wh": "waa w_hh w v",
        "b": "ba bh bias b_ih c",
        "next_h": "h_next a_next h h_t",
        "dnext_h": "dh_next da_next dh dh_t delta",
    },
    mistakes=MISTAKES,
)
