"""Cross-entropy of probabilities: from what a softmax has made of scores to one loss, the mean over the samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import mistakes
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

    Args:
        dout: one number, the gradient of the loss; 1 if nothing comes after it.
        x: `(N, C)`.
        y: `(N,)`; labels have no gradient.

    Returns:
        dx, `(N, C)`.
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
    told: tuple[tuple[str, int, int], ...] = (
        ("a few numbers", 2, 3),
        ("one sample", 1, 4),
        ("two classes", 3, 2),
        ("as many samples as classes", 3, 3),
        ("all labels are the same", 3, 4),
        ("the loss is scaled", 2, 3),
        ("many classes", 2, 9),
    )
    for about, N, C in told:
        yield _problem(rng, about, N, C)
    while True:
        yield _problem(rng, "", int(rng.integers(1, 6)), int(rng.integers(2, 8)))


def _problem(rng: np.random.Generator, about: str, N: int, C: int) -> OperatorProblem:
    exps, y = np.exp(rng.standard_normal((N, C))), rng.integers(0, C, N)
    dout = 1.0
    if about == "all labels are the same":
        y[:] = y[0]
    if about == "the loss is scaled" or (not about and rng.random() < 0.5):
        dout = float(rng.standard_normal())
    x = exps / exps.sum(axis=1, keepdims=True)
    return OperatorProblem({"x": x, "y": y}, {"dout": np.array(dout)}, about=about)


MISTAKES = mistakes(
    """
not-averaged: the gradient is not divided by the number of samples
    The loss is the mean over the samples, so each has one Nth of it. Without 1/N the gradient is N times too
    large and grows with the batch. With one sample it is right. Divide once, here or where it is used.
  梯度没有除以样本数:
    损失是对样本取的平均值，每个样本占 N 分之一。没有 1/N 的话，梯度大了 N 倍，而且随批量增长。只有一个样本时它是
    对的。只除一次，在这里或者在用它的地方。
  - share = -dout / N
  + share = -dout

averaged-twice: the gradient is divided by the number of samples twice
    The mean has one factor 1/N. Here it stands in two places, as when the loss divides and the layer divides
    again, and learning gets slower as the batch grows. With one sample it is right. Keep one of the two.
  梯度除了两次样本数:
    平均值只有一个 1/N。这里有两处都除了，比如损失除了一次，层里又除了一次，于是批量越大学得越慢。只有一个样本时它
    是对的。两处只留一处。
  - share = -dout / N
  + share = -dout / N / N
averaged-by-classes: the gradient is divided by the number of classes
    The mean is over samples, and classes are no samples: the label picks one of them. It is right only where there
    are as many of both. np.mean over the whole array divides by N * C. Divide by len(x).
  梯度除以的是类别数:
    平均是对样本取的，类别不是样本：标签只挑出其中一个。只有样本数等于类别数时它才对。对整个数组用 np.mean 则除以了
    N * C。应该除以 len(x)。
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
dout-ignored: the loss's own gradient is not multiplied in
    If something comes after the loss (a weight, a second loss, loss scaling), dout is not 1 and belongs to every
    number here. While dout is 1, nothing shows. Write dx * dout / N.
  没有乘上损失自己的梯度:
    如果损失之后还有东西（权重、另一个损失、损失缩放），dout 就不是 1，这里的每个数都要乘上它。只要 dout 是 1 就看
    不出来。应该写 dx * dout / N。
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
