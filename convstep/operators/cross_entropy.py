"""Cross-entropy of probabilities: from what a softmax has made of scores to one loss, the mean over the samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convstep.operators import losses
from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem


def cross_entropy_forward(x: Array, y: Array) -> Array:
    """The mean over the samples of -log(probability of the label).

    Args:
        x: probabilities, `(N, C)`, above 0.
        y: labels, whole numbers below C, `(N,)`.

    Returns:
        The loss, one number.
    """
    N = len(x)
    loss = np.zeros(())
    for i_n in range(N):
        loss -= np.log(x[i_n, y[i_n]]) / N
    return loss


def cross_entropy_backward(dout: Array, x: Array, y: Array) -> Array:
    """With labels as rows of zeros with a one: the loss has one number a sample, log of the label's probability.

    dout, one number, is the gradient of the loss: 1 if nothing comes after it. dx is as x; labels have none.
    """
    N = len(x)
    rows = np.eye(x.shape[1])[y]
    share = -dout / N
    dx = rows * share / x
    return dx


def small() -> OperatorProblem:
    """Two samples, three classes; one over each probability is a whole number or ends soon."""
    x = np.array([[0.5, 0.25, 0.25], [0.2, 0.4, 0.4]])
    return OperatorProblem({"x": x, "y": np.array([0, 1])}, {"dout": np.array(1.0)})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    return losses.problems(rng, _problem)


def _problem(rng: np.random.Generator, about: str, N: int, C: int) -> OperatorProblem:
    problem = losses.of_scores(rng, about, N, C)
    probs = losses.probabilities(problem.arrays["x"])
    return replace(problem, arrays={"x": probs, "y": problem.arrays["y"]})


MISTAKES = Mistakes(
    """
not-averaged: the gradient is not divided by the number of samples
    The loss is the mean over the samples, so each has one Nth of it. Without 1/N the gradient is N times too
    large and grows with the batch. With one sample it is right. Divide once, here or where it is used.
  梯度没有除以样本数:
    损失是对样本取的平均值，每个样本占 N 分之一。没有 1/N 的话，梯度大了 N 倍，而且随批量增长。只有一个样本时它是
    对的。只除一次，在这里或者在用它的地方。
  - share = -dout / N
  + share = -dout

"""
    + losses.AVERAGED_TWICE
    + """\
  - share = -dout / N
  + share = -dout / N / N
"""
    + losses.BY_CLASSES
    + """\
  - share = -dout / N
  + share = -dout / x.shape[1]

  - share = -dout / N
  + share = -dout / x.size
  # by samples and classes | 除以样本数乘以类别数
sign: the sign is wrong
    The loss is minus the logarithm, and it falls when the label's probability rises: its gradient is negative at
    the label, and 0 elsewhere. Otherwise descent goes uphill. Write -1 / p, or -y / p.
  符号错了:
    损失是负的对数，标签的概率升高，它就下降：标签处的梯度是负的，其余各处是 0。否则下降就成了上升。应该写 -1 / p，
    或者 -y / p。
  - share = -dout / N
  + share = dout / N
not-over-probability: it is not divided by the probability
    The slope of log(p) is 1 / p: the smaller the label's probability, the steeper the loss. Without it every sample
    counts the same, however wrong it is, and the softmax before it takes the wrong thing for its gradient. With a
    softmax, the probability is what its derivative cancels, and p - y is left of both together.
  没有除以概率:
    log(p) 的斜率是 1 / p：标签的概率越小，损失越陡。没有它，每个样本不管错得多厉害分量都一样，前面的 softmax 拿到的
    也不是它的梯度。和 softmax 合在一起时，概率正好被它的导数约掉，两者合起来只剩 p - y。
  - dx = rows * share / x
  + dx = rows * share

  - dx = rows * share / x
  + dx = rows * share * np.log(x)
  # the logarithm itself takes its place | 对数本身取代了它
every-class: all classes are taken for the label's
    The loss has the logarithm of one probability a sample, that of its label. The others have no gradient: their
    cells are 0. Choose with x[np.arange(N), y], or multiply by rows of zeros with a one.
  把每个类别都当成了标签:
    每个样本的损失里只有一个概率的对数，就是它的标签的。其余的没有梯度：那些格子是 0。应该用 x[np.arange(N), y] 来
    选，或者乘以只有一个 1 的行。
  - dx = rows * share / x
  + dx = share / x

binary-form: each class is treated as a yes or no of its own
    (1 - y) / (1 - p) belongs to binary cross-entropy, whose loss has log(1 - p) as well. With several classes of
    which one is right, the loss has only log(p) of the label, and what is not the label has no gradient here.
    Write -y / p.
  把每个类别当成了单独的是与否:
    (1 - y) / (1 - p) 属于二元交叉熵，它的损失里还有 log(1 - p)。多个类别里只有一个正确时，损失只有标签的 log(p)，
    不是标签的在这里没有梯度。应该写 -y / p。
  - dx = rows * share / x
  + dx = share * (rows / x - (1 - rows) / (1 - x))
"""
    + losses.DOUT_IGNORED
    + """\
  - share = -dout / N
  + share = -1 / N
""",
    cross_entropy_backward,
)

OPERATOR = Operator(
    name="cross-entropy",
    title="cross-entropy of probabilities",
    forward=cross_entropy_forward,
    backward=cross_entropy_backward,
    gradients=("dx",),
    axes={"x": "NC", "y": "N", "loss": ""},
    torch="F.nll_loss(torch.log(x), y)",
    small=small,
    problems=problems,
    outputs=("loss",),
    conventions=(Convention("columns", {"x": "CN"}),),
    called=r"(?!.*(binary|sigmoid|softmax|logits|(?<![a-z])bce|temporal))"
    r".*(cross_?entropy|(?<![a-z])nll_?(loss|backward|grad)|negative_log_likelihood)",
    words={
        "x": "p prob probs probabilities y_pred pred preds prediction predictions y_hat yhat output outputs a al",
        "y": "label labels target targets t y_true gt",
    },
    mistakes=MISTAKES,
)
