"""Softmax with cross-entropy: from scores of classes to one loss, the mean over the samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.operators import losses
from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem

LARGE = "logits of 1000"
"""Of a problem that overflows."""


def softmax_cross_entropy_forward(x: Array, y: Array) -> Array:
    """The mean over the samples of -log(probability of the label).

    Args:
        x: scores (logits), `(N, C)`.
        y: labels, whole numbers below C, `(N,)`.

    Returns:
        The loss, one number.
    """
    N = len(x)
    loss = np.zeros(())
    for i_n in range(N):
        shifted = x[i_n] - x[i_n].max()
        log_probs = shifted - np.log(np.sum(np.exp(shifted)))
        loss -= log_probs[y[i_n]] / N
    return loss


def softmax_cross_entropy_backward(dout: Array, x: Array, y: Array) -> Array:
    """The probabilities, less 1 at the label; each sample has one Nth of the loss.

    dout, one number, is the gradient of the loss: 1 if nothing comes after it. dx is as x; labels have none.
    """
    N = len(x)
    dx = np.zeros(x.shape)
    for i_n in range(N):
        exps = np.exp(x[i_n] - x[i_n].max())
        probs = exps / exps.sum()
        dx[i_n] = probs * dout / N
        dx[i_n, y[i_n]] -= dout / N
    return dx


def _at_once(dout: Array, x: Array, y: Array) -> Any:
    """All samples at once."""
    N = len(x)
    exps = np.exp(x - x.max(axis=1, keepdims=True))
    probs = exps / exps.sum(axis=1, keepdims=True)
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx *= dout / N
    return dx


def _through_log_softmax(dout: Array, x: Array, y: Array) -> Any:
    """In two layers: log-softmax, and the mean of what it says of the labels."""
    N = len(x)
    shifted = x - x.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dlog_probs = np.zeros(x.shape)
    dlog_probs[np.arange(N), y] = -dout / N
    dx = dlog_probs - np.exp(log_probs) * dlog_probs.sum(axis=1, keepdims=True)
    return dx


def small() -> OperatorProblem:
    """Two samples, three classes, whole scores of which two are the same."""
    x = np.array([[2, 1, 0], [1, 1, 3]], float)
    return OperatorProblem({"x": x, "y": np.array([0, 1])}, {"dout": np.array(1.0)})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    return losses.problems(rng, _problem, (*losses.TOLD[:-1], (LARGE, 3, 4), losses.TOLD[-1]))


def _problem(rng: np.random.Generator, about: str, N: int, C: int) -> OperatorProblem:
    problem = losses.of_scores(rng, about, N, C)
    if about != LARGE and (about or rng.random() >= 0.2):
        return problem
    x, y = problem.arrays["x"], problem.arrays["y"].copy()
    x = 1000 * x + np.where(np.arange(N) % 2, -1000, 1000)[:, np.newaxis]
    y[0] = x[0].argmin()
    return replace(problem, arrays={"x": x, "y": y})


MISTAKES = Mistakes(
    """
loss-overflows: the loss is inf or nan at large logits  [31 of 46 published CS231n softmax_loss]
    Subtracting the largest logit keeps exp from overflowing, but a class far below the largest still has
    probability 0, and log(0) is -inf. The gradient needs no logarithm, so this does not harm it. The loss should be
    computed from the logits: shifted - log(sum(exp(shifted))), whose log never meets 0.
  logits 很大时损失是 inf 或 nan:
    减去最大的 logit 能防止 exp 溢出，但远小于最大值的类别概率仍然是 0，而 log(0) 是 -inf。梯度用不到对数，所以
    不受它影响。损失应该直接由 logits 计算：shifted - log(sum(exp(shifted)))，这里的 log 不会遇到 0。
gradient-overflows: large logits overflow
    exp(710) is inf in float64, exp(89) in float32, and inf / inf is nan; through a logarithm, exp(x - inf) is 0.
    Each sample's own largest logit has to be subtracted first, which changes no probability. The largest of all
    samples is not enough: a sample far below it has only zeros left, and 0 / 0 is nan too. It shows at large
    logits alone. Write x - x.max(axis=1, keepdims=True).
  logits 很大时溢出:
    float64 里 exp(710) 是 inf，float32 里 exp(89) 就是，而 inf / inf 是 nan；经过对数的话，exp(x - inf) 是 0。要先减去
    每个样本自己最大的 logit，这样概率不变。减去所有样本中最大的还不够：远小于它的样本只剩下零，0 / 0 也是 nan。只有
    logits 很大时才看得出来。应该写 x - x.max(axis=1, keepdims=True)。
  - exps = np.exp(x - x.max(axis=1, keepdims=True))
  + exps = np.exp(x)

  - exps = np.exp(x - x.max(axis=1, keepdims=True))
  + exps = np.exp(x - x.max())
  # the largest of all samples is subtracted | 减去的是所有样本中最大的
  - exps = np.exp(x - x.max(axis=1, keepdims=True))
  + exps = np.exp(x - x.mean(axis=1, keepdims=True))
  # the mean is subtracted | 减去的是平均值
  + shifted = x
  # through the logarithm | 经过对数
  + exps = np.exp(x[i_n])
  # one sample at a time | 一次一个样本
not-averaged: the gradient is not divided by the number of samples  [swift-apis PR#42; victorlempitsky/Mate#2]
    The loss is the mean over the samples, so each has one Nth of it. Without 1/N the gradient is N times too
    large and grows with the batch. With one sample it is right. Some courses take A - Y here and divide dw and
    db instead: then it is their convention. Divide once, here or there.
  梯度没有除以样本数:
    损失是对样本取的平均值，每个样本占 N 分之一。没有 1/N 的话，梯度大了 N 倍，而且随批量增长。只有一个样本时它是
    对的。有些课程在这里只算 A - Y，到 dw 和 db 才除：那是它们的约定。只在一处除，这里或者那里。
  + dx *= dout

  + dx[i_n] = probs * dout
  + dx[i_n, y[i_n]] -= dout
  # one sample at a time | 一次一个样本
"""
    + losses.AVERAGED_TWICE
    + """\
  - dx *= dout / N
  + dx *= dout / N
  + dx /= N
"""
    + losses.BY_CLASSES
    + """\
  + dx *= dout / x.shape[1]

  + dx *= dout / x.size
  # by samples and classes | 除以样本数乘以类别数
one-not-subtracted: the 1 at the label is not subtracted
    The gradient is p - y: the probabilities, less 1 at the label. Without the 1 every number is positive, and no
    score is ever pushed up, not even the right one. Each row of dx should sum to 0. Write
    dx[np.arange(N), y] -= 1.
  标签处没有减去 1:
    梯度是 p - y：概率，在标签处减去 1。不减的话所有数都是正的，没有一个分数会被推高，连正确的那个也不会。dx 的每
    一行之和应该是 0。应该写 dx[np.arange(N), y] -= 1。
  - dx[np.arange(N), y] -= 1

  - dx[np.arange(N), y] -= 1
  + dx[np.arange(N), y] = -1
  # -1 takes the probability's place | -1 取代了概率
  - dx[i_n, y[i_n]] -= dout / N
  # one sample at a time | 一次一个样本
label-column-for-every-row: the 1 is subtracted in whole columns
    dx[:, y] is every row of the columns y: each sample loses 1 at the labels of all others as well. Pairs of
    a row and its label are meant. With one sample it is right. Write dx[np.arange(N), y] -= 1.
  1 从整列里减去了:
    dx[:, y] 是 y 这些列的每一行：每个样本在其他样本的标签处也被减了 1。应该取的是行与它的标签配成的对。只有一个
    样本时它是对的。应该写 dx[np.arange(N), y] -= 1。
  - dx[np.arange(N), y] -= 1
  + dx[:, y] -= 1

  - dx[np.arange(N), y] -= 1
  + dx[:, y[0]] -= 1
  # the column of the first label alone | 只是第一个标签那一列
sign: the sign is wrong
    The loss is minus the logarithm, and it falls when the label's score rises: the gradient is negative at the
    label, between -1/N and 0, and positive elsewhere. Otherwise descent goes uphill. Write p - y, not y - p
    or p + y.
  符号错了:
    损失是负的对数，标签的分数升高，它就下降：标签处的梯度是负的，在 -1/N 与 0 之间，其余各处是正的。否则下降就成了
    上升。应该写 p - y，而不是 y - p 或 p + y。
  + dx *= -dout / N
  # of all of it | 全部反号
  + dx[np.arange(N), y] += 1
  # of the 1 at the label | 标签处的 1
diagonal-only: only the diagonal of softmax's derivative is used  [Odyssey#2134; RubixML PR#438]
    s * (1 - s) is how a probability moves with its own score. But all scores move every probability, since they
    share one sum: the others contribute -s_i * s_j, and leaving these out gives zeros, or other wrong numbers,
    beside the label. Softmax and cross-entropy together are p - y, and no s * (1 - s) is left in it.
  只用了 softmax 导数的对角线:
    s * (1 - s) 说的是一个概率怎样随它自己的分数变化。但每个分数都会改变所有的概率，因为它们共用一个总和：其余的项是
    -s_i * s_j。漏掉它们，标签以外的地方就成了零或者别的错数。softmax 和交叉熵合起来就是 p - y，里面不再有
    s * (1 - s)。
  - dx = probs.copy()
  - dx[np.arange(N), y] -= 1
  + dx = np.zeros(x.shape)
  + dx[np.arange(N), y] = probs[np.arange(N), y] - 1

  + dx *= probs * (1 - probs) * dout / N
  # times p - y, which has it already | 乘在已经包含它的 p - y 上
log-softmax-output-subtracted: log-softmax's own output is subtracted where softmax times a sum belongs  [mlpack#2360 and PR#2364]
    The gradient of log-softmax is dy - softmax * sum(dy): the probabilities, which are exp of the output, times the
    sum of what comes from above. Subtracting the output itself, or the probabilities without the sum, is neither.
    Each row of dx should sum to 0, which shows it at once.
  减去的是 log-softmax 自己的输出，而应该减去 softmax 乘以总和:
    log-softmax 的梯度是 dy - softmax * sum(dy)：概率（即输出的 exp）乘以上面传来的梯度之和。减去输出本身，或者减去
    没有乘总和的概率，都不对。dx 的每一行之和应该是 0，一看便知。
  - dx = dlog_probs - np.exp(log_probs) * dlog_probs.sum(axis=1, keepdims=True)
  + dx = dlog_probs - log_probs

  - dx = dlog_probs - np.exp(log_probs) * dlog_probs.sum(axis=1, keepdims=True)
  + dx = dlog_probs - log_probs * dlog_probs.sum(axis=1, keepdims=True)
  # times the sum | 乘了总和

  - dx = dlog_probs - np.exp(log_probs) * dlog_probs.sum(axis=1, keepdims=True)
  + dx = dlog_probs - np.exp(log_probs)
  # the probabilities, without the sum | 减去概率，没有乘总和
wrong-axis: the softmax is taken over the samples instead of over the classes
    The probabilities of one sample add up to 1 over its classes, axis 1 of (N, C). Over axis 0 the samples compete
    with each other, and over the whole array everything does. Write axis=1, keepdims=True.
  softmax 是对样本取的，而不是对类别:
    一个样本的各类概率之和是 1，也就是 (N, C) 的轴 1。沿轴 0 就成了样本之间相互竞争，对整个数组则是全都相互竞争。
    应该写 axis=1, keepdims=True。
  - probs = exps / exps.sum(axis=1, keepdims=True)
  + probs = exps / exps.sum(axis=0, keepdims=True)

  - probs = exps / exps.sum(axis=1, keepdims=True)
  + probs = exps / exps.sum()
  # over the whole array | 对整个数组
"""
    + losses.DOUT_IGNORED
    + """\
  + dx *= 1 / N
""",
    softmax_cross_entropy_backward,
    _at_once,
    _through_log_softmax,
)


def _probabilities(x: Array) -> Array | None:
    """What a softmax makes of scores; None where a probability is 0, which tells of no score any more."""
    probs = losses.probabilities(x)
    return probs if probs.all() else None


OPERATOR = Operator(
    name="softmax-cross-entropy",
    title="softmax with cross-entropy",
    forward=softmax_cross_entropy_forward,
    backward=softmax_cross_entropy_backward,
    gradients=("dx",),
    axes={"x": "NC", "y": "N", "loss": ""},
    torch="F.cross_entropy(x, y)",
    small=small,
    problems=problems,
    outputs=("loss",),
    conventions=(
        Convention("columns", {"x": "CN"}),
        Convention("of probabilities", made={"x": _probabilities}),
        Convention("of probabilities in columns", {"x": "CN"}, made={"x": _probabilities}),
    ),
    called=r"(?!.*(binary|sigmoid|(?<![a-z])bce|temporal)).*"
    r"(softmax.*(loss|cross|entropy|(?<![a-z])ce(?![a-z]))|cross_?entropy)"
    r"|softmax_?(backward|grad)\((y|t|labels?|targets?|y_true), \w*cache\)",
    words={
        "x": "z logits scores a input inputs pred preds prediction predictions y_pred y_hat yhat p prob probs"
        " probabilities output outputs al",
        "y": "label labels target targets t y_true gt",
    },
    mistakes=MISTAKES,
)
