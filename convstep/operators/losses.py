"""What the losses share: their problems, and the mistakes that are made in the mean over the samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from convstep.operators.operator import Array, OperatorProblem

AVERAGED_TWICE = """\
averaged-twice: the gradient is divided by the number of samples twice
    The mean has one factor 1/N. Here it stands in two places, as when the loss divides and the layer divides
    again, and learning gets slower as the batch grows. With one sample it is right. Keep one of the two.
  梯度除了两次样本数:
    平均值只有一个 1/N。这里有两处都除了，比如损失除了一次，层里又除了一次，于是批量越大学得越慢。只有一个样本时它
    是对的。两处只留一处。
"""
"""Of dividing by N twice, all but its variants."""
BY_CLASSES = """\
averaged-by-classes: the gradient is divided by the number of classes
    The mean is over samples, and classes are no samples: the label picks one of them. It is right only where there
    are as many of both. np.mean over the whole array divides by N * C. Divide by len(x).
  梯度除以的是类别数:
    平均是对样本取的，类别不是样本：标签只挑出其中一个。只有样本数等于类别数时它才对。对整个数组用 np.mean 则除以了
    N * C。应该除以 len(x)。
"""
"""Of dividing by another size."""
DOUT_IGNORED = """\
dout-ignored: the loss's own gradient is not multiplied in
    If something comes after the loss (a weight, a second loss, loss scaling), dout is not 1 and belongs to every
    number here. While dout is 1, nothing shows. Write dx * dout / N.
  没有乘上损失自己的梯度:
    如果损失之后还有东西（权重、另一个损失、损失缩放），dout 就不是 1，这里的每个数都要乘上它。只要 dout 是 1 就看
    不出来。应该写 dx * dout / N。
"""
"""Of leaving out the gradient from above."""

TOLD: tuple[tuple[str, int, int], ...] = (
    ("a few numbers", 2, 3),
    ("one sample", 1, 4),
    ("two classes", 3, 2),
    ("as many samples as classes", 3, 3),
    ("all labels are the same", 3, 4),
    ("the loss is scaled", 2, 3),
    ("many classes", 2, 9),
)
"""What a problem tells apart, samples, classes."""


def problems(
    rng: np.random.Generator,
    problem: Callable[[np.random.Generator, str, int, int], OperatorProblem],
    told: tuple[tuple[str, int, int], ...] = TOLD,
) -> Iterator[OperatorProblem]:
    """See `Operator.problems`; each is drawn by `problem`, those `told` first, which tell mistakes apart."""
    for about, N, C in told:
        yield problem(rng, about, N, C)
    while True:
        yield problem(rng, "", int(rng.integers(1, 6)), int(rng.integers(2, 8)))


def of_scores(rng: np.random.Generator, about: str, N: int, C: int) -> OperatorProblem:
    """Scores `(N, C)` with their labels `(N,)`, and the gradient of the loss."""
    x, y = rng.standard_normal((N, C)), rng.integers(0, C, N)
    dout = 1.0
    if about == "all labels are the same":
        y[:] = y[0]
    if about == "the loss is scaled" or (not about and rng.random() < 0.5):
        dout = float(rng.standard_normal())
    return OperatorProblem({"x": x, "y": y}, {"dout": np.array(dout)}, about=about)


def probabilities(x: Array) -> Array:
    """What a softmax makes of scores, `(N, C)` both."""
    exps = np.exp(x - x.max(axis=1, keepdims=True))
    found: Array = exps / exps.sum(axis=1, keepdims=True)
    return found
