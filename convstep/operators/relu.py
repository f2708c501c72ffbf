"""ReLU: what is positive passes, forward and backward."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Operator, OperatorProblem


def relu_forward(x: Array) -> Array:
    """Zero where x, of any shape, is negative."""
    return np.maximum(x, 0)


def relu_backward(dout: Array, x: Array) -> Array:
    """Where x passed, `dout`, as x, passes; where x was not positive, nothing does: dx, as x."""
    mask = x > 0
    dx = dout * mask
    return dx


def _with_zeros(dout: Array, x: Array) -> Array:
    """A copy, in which what did not pass is set to zero."""
    dx = dout.copy()
    dx[x <= 0] = 0
    return dx


def _chosen(dout: Array, x: Array) -> Array:
    """One of two for each number."""
    dx = np.where(x > 0, dout, 0)
    return dx


def small() -> OperatorProblem:
    """Whole numbers of both signs, one of them 0."""
    x = np.array([[1, -2, 3], [0, 4, -1]], float)
    return OperatorProblem({"x": x}, {"dout": np.array([[2, 1, -3], [4, -1, 5]], float)})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("a few numbers", (2, 3)),
        ("x has one axis", (6,)),
        ("some inputs are exactly 0", (3, 4)),
        ("no input is positive", (2, 3)),
        ("x is a batch of pictures", (2, 2, 3, 3)),
    )
    for about, shape in told:
        yield _problem(rng, about, shape)
    while True:
        yield _problem(rng, "", tuple(int(n) for n in rng.integers(1, 5, int(rng.integers(1, 5)))))


def _problem(rng: np.random.Generator, about: str, shape: tuple[int, ...]) -> OperatorProblem:
    """Random numbers; of several, both signs, also where `dout` has the other one."""
    x, dout = rng.standard_normal(shape), rng.standard_normal(shape)
    size = np.arange(x.size).reshape(shape)
    x, dout = np.copysign(x, 1 - 2 * (size & 1)), np.copysign(dout, 1 - (size & 2))
    if about == "some inputs are exactly 0" or (not about and rng.random() < 0.2):
        x[size % 3 == 0] = 0
    if about == "no input is positive":
        x = -np.abs(x)
    return OperatorProblem({"x": x}, {"dout": dout}, about=about)


MISTAKES = Mistakes(
    """
writes-into-dout: it writes into the caller's dout  [14 of 46 published CS231n solutions; BVLC/caffe#2015]
    dx = dout does not copy: it is a second name for the caller's array, and dx[x <= 0] = 0 then changes
    dout itself. The numbers that are returned do not show it, and no test of them does. It shows where
    somebody uses dout again: in a second branch of the network, in a residual connection, or in the next
    test. Write dx = dout * (x > 0), or dx = dout.copy() first.
  写进了调用者的 dout:
    dx = dout 并不复制：它只是调用者那个数组的另一个名字，接着 dx[x <= 0] = 0 改的就是 dout 本身。从返回的数里看
    不出来，只比较这些数的测试也看不出来。等到有人再用到 dout 时问题才会出现：网络的另一条分支、残差连接，或者下一个测试。
    应该写 dx = dout * (x > 0)，或者先 dx = dout.copy()。
mask-from-gradient: the mask is taken from the gradient instead of from the input  [exacity/deeplearningbook-chinese#127; denggaoshan/DeepLearningStudy#1]
    What passes is decided in the forward, by the sign of x. Here dout is asked for its own sign: negative
    gradients are lost, and gradients of inputs that never passed come through. It is what the forward does,
    done to dout. It is wrong wherever the signs of x and dout differ, and a test in which all of dout is 1
    sees only one half of it. Write dout * (x > 0).
  掩码取自梯度，而不是输入:
    哪些数能通过是前向时由 x 的符号决定的。这里看的却是 dout 自己的符号：负的梯度丢了，没有通过的输入却得到了
    梯度。这等于把前向对 dout 又做了一遍。凡是 x 与 dout 符号不同的地方都错；如果测试里的 dout 全是 1，只能看到
    其中一半。应该写 dout * (x > 0)。
  + mask = dout > 0

  - dx[x <= 0] = 0
  + dx[dout <= 0] = 0
  # zeros written into a copy | 在副本里写零
mask-missing: the gradient passes everywhere, as if there were no ReLU
    dout is returned as it came. Where x was negative the output does not depend on it, so its gradient is 0.
    A test whose inputs are all positive does not see it. Write dout * (x > 0).
  梯度处处通过，好像没有 ReLU 一样:
    dout 原样返回了。x 为负的地方，输出与它无关，所以那里的梯度是 0。如果测试的输入全是正数，就看不出来。
    应该写 dout * (x > 0)。
  + dx = dout.copy()
mask-inverted: the gradient passes where the input did not
    The condition is the wrong way round: what is kept belongs to the inputs that the forward set to zero, and
    what is set to zero belongs to those that passed. With x[...] = 0 the condition names what is lost, x <= 0;
    with a product it names what is kept, x > 0.
  没通过的地方反而有梯度:
    条件写反了：留下的是前向时被置零的那些输入的梯度，被置零的却是通过了的那些。写成 dx[条件] = 0 时，条件说的是
    要丢掉的，即 x <= 0；写成乘积时，条件说的是要留下的，即 x > 0。
  + mask = x <= 0

  + mask = x < 0
  # without 0 | 不含 0
  - dx[x <= 0] = 0
  + dx[x > 0] = 0
  # zeros written into a copy | 在副本里写零
  - dx[x <= 0] = 0
  + dx[x >= 0] = 0
  # zeros written into a copy, also at 0 | 在副本里写零，0 处也写
  - dx = np.where(x > 0, dout, 0)
  + dx = np.where(x > 0, 0, dout)
  # np.where with its branches swapped | np.where 的两个分支对调了
multiplied-by-output: dout is multiplied by the output instead of by the slope
    The output of a positive x is x, but its slope is 1: a step of x moves the output by just as much. Times the
    output, each gradient is as many times too large as its input. It shows unless the inputs are 1. Write
    dout * (x > 0).
  dout 乘的是输出，而不是斜率:
    正的 x 的输出是 x，但斜率是 1：x 动多少，输出就动多少。乘上输出以后，每个梯度都放大了它的输入那么多倍。只要
    输入不是 1 就看得出来。应该写 dout * (x > 0)。
  + dx = dout * np.maximum(x, 0)

  - dx = dout * mask
  + dx = np.sign(dout) * np.maximum(x, 0)
  # and of dout the sign is left | 而 dout 只剩下符号
dout-missing: the slope is returned without dout
    0 and 1 are the slope of ReLU alone. The gradient of the loss is that slope times what comes from above, by
    the chain rule. It is right only where dout is 1. Write dout * (x > 0).
  返回了斜率，没有乘 dout:
    0 和 1 只是 ReLU 自己的斜率。按链式法则，损失的梯度是这个斜率乘以从上面传来的梯度。只有 dout 为 1 时它才对。
    应该写 dout * (x > 0)。
  + dx = mask.astype(dout.dtype)

  - dx = dout * mask
  + dx = np.maximum(x, 0)
  # the forward's own output in its place | 取代它的是前向自己的输出
""",
    relu_backward,
    _with_zeros,
    _chosen,
)

ALSO_RIGHT = Mistakes(
    """
mask-includes-zero: the gradient passes where the input is exactly 0  [PyTorch's tutorial; iamtrask/Grokking-Deep-Learning PR#13]
    ReLU has a corner at 0: its slope is 0 on the left and 1 on the right, and either is a right choice there.
    PyTorch, TensorFlow and the courses take 0, which is written x > 0 (or dx[x <= 0] = 0), so that a comparison
    with them differs at exact zeros: after another ReLU, with zero padding, with weights that begin at zero.
  输入恰好为 0 时梯度也通过了:
    ReLU 在 0 处有个拐角：左边斜率是 0，右边是 1，在那里取哪一个都对。PyTorch、TensorFlow 和各门课程都取 0，写成
    x > 0（或 dx[x <= 0] = 0），所以与它们比较时，输入恰好为 0 的地方会不同：前面还有一个 ReLU、用零填充、权重从零
    开始，都会遇到。
  + mask = x >= 0

  - dx[x <= 0] = 0
  + dx[x < 0] = 0
  # zeros written into a copy | 在副本里写零
half-at-zero: half of the gradient passes where the input is exactly 0
    ReLU has a corner at 0: its slope is 0 on the left and 1 on the right, and what lies between is a right choice
    there, too. Half comes from (np.sign(x) + 1) / 2. PyTorch takes 0, so that a comparison with it differs at
    exact zeros.
  输入恰好为 0 时梯度通过了一半:
    ReLU 在 0 处有个拐角：左边斜率是 0，右边是 1，在那里取两者之间的值也对。一半来自 (np.sign(x) + 1) / 2。PyTorch
    取 0，所以与它比较时，输入恰好为 0 的地方会不同。
  + mask = (np.sign(x) + 1) / 2
""",
    relu_backward,
    _with_zeros,
)

OPERATOR = Operator(
    name="relu",
    title="ReLU",
    forward=relu_forward,
    backward=relu_backward,
    gradients=("dx",),
    axes={"x": "*", "out": "*"},
    torch="F.relu(x)",
    small=small,
    problems=problems,
    called=r"(?!.*(leaky|(?<![a-z])prelu|relu6|affine|conv|linear|pool|norm|(?<![a-z])(fc|bn)(?![a-z]))).*relu",
    words={"x": "z input inputs inp"},
    mistakes=MISTAKES,
    also_right=ALSO_RIGHT,
)
