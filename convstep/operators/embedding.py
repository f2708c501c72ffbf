"""An embedding: a row of a table for each word, and its gradient, which adds up for words that repeat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Operator, OperatorProblem


def embedding_forward(x: Array, w: Array) -> Array:
    """The row of each word.

    Args:
        x: whole numbers below V, of any shape, such as `(N, T)`.
        w: the table, `(V, D)`.

    Returns:
        The shape of x and one axis more, D.
    """
    return w[x]


def embedding_backward(dout: Array, x: Array, w: Array) -> Array:
    """Each `dout`, as the output, is added to the row that it came from; a row used twice gets two.

    dw is as w, of which only the shape matters; words have no gradient.
    """
    dw = np.zeros(w.shape)
    for i in np.ndindex(x.shape):
        dw[x[i]] += dout[i]
    return dw


def _at_once(dout: Array, x: Array, w: Array) -> Array:
    """By the ufunc's own loop, which adds for each index anew."""
    dw = np.zeros(w.shape)
    np.add.at(dw, x, dout)
    return dw


def _by_sentence(dout: Array, x: Array, w: Array) -> Array:
    """The words of a sentence at once, one sentence after the other."""
    dw = np.zeros(w.shape)
    for i_n in range(len(x)):
        np.add.at(dw, x[i_n], dout[i_n])
    return dw


def _by_column(dout: Array, x: Array, w: Array) -> Array:
    """The first words of all sentences, then the second ones."""
    dw = np.zeros(w.shape)
    for t in range(x.shape[-1]):
        np.add.at(dw, x[..., t], dout[..., t, :])
    return dw


def _by_word(dout: Array, x: Array, w: Array) -> Array:
    """For each word, all places where it stands."""
    dw = np.zeros(w.shape)
    for word in np.unique(x):
        dw[word] = dout[x == word].sum(axis=0)
    return dw


def small() -> OperatorProblem:
    """Two sentences of three words of four; word 1 stands there three times, word 2 never."""
    x = np.array([[1, 3, 1], [0, 1, 3]])
    w = np.array([[1, 0], [2, -1], [0, 3], [-1, 1]], float)
    dout = np.array([[[1, 2], [3, -1], [4, 0]], [[-2, 1], [5, 1], [1, 2]]], float)
    return OperatorProblem({"x": x, "w": w}, {"dout": dout})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, tuple[int, ...], int, int], ...] = (
        ("a word repeats in a sentence", (2, 3), 4, 2),
        ("a single word", (1, 1), 3, 2),
        ("a word repeats in another sentence", (2, 2), 5, 3),
        ("no word repeats", (2, 2), 6, 2),
        ("all words are the same", (2, 3), 3, 4),
        ("x has one axis", (5,), 4, 3),
        ("x has three axes", (2, 2, 3), 5, 2),
        ("rows have one number", (3, 4), 5, 1),
        ("the table has one row", (2, 2), 1, 3),
    )
    for about, shape, V, D in told:
        yield _problem(rng, about, shape, V, D)
    while True:
        shape = tuple(int(n) for n in rng.integers(1, 5, int(rng.integers(1, 4))))
        yield _problem(rng, "", shape, int(rng.integers(1, 8)), int(rng.integers(1, 5)))


def _problem(rng: np.random.Generator, about: str, shape: tuple[int, ...], V: int, D: int) -> OperatorProblem:
    x = rng.integers(0, V, shape)
    if about == "a word repeats in a sentence":
        x[0, 2] = x[0, 0]
    elif about == "a word repeats in another sentence":
        x[:] = rng.permutation(V)[: x.shape[1]]
    elif about == "no word repeats":
        x[:] = rng.permutation(V)[: x.size].reshape(shape)
    elif about == "all words are the same":
        x[:] = x[0, 0]
    arrays = {"x": x, "w": rng.standard_normal((V, D))}
    return OperatorProblem(arrays, {"dout": rng.standard_normal((*shape, D))}, about=about)


MISTAKES = Mistakes(
    """
repeats-lost: of a word that repeats, only one gradient is kept  [HIPS/autograd#39; mxnet#9172; pytorch#1528; nn-zero-to-hero#57; pytensor PR#2242]
    dw[x] += dout reads all rows, adds, and writes them back: where a row is asked for twice, both sums begin
    from the old row and the second is written over the first. NumPy says so of += with an array of indices.
    A test in which no word repeats passes. Write np.add.at(dw, x, dout).
  重复的词只留下了一个梯度:
    dw[x] += dout 先把所有行读出来，加好，再写回去：同一行出现两次时，两个和都从旧的那一行算起，后一个盖掉前一个。
    NumPy 对用下标数组的 += 就是这样规定的。如果测试里没有重复的词，就能通过。应该写 np.add.at(dw, x, dout)。
  - np.add.at(dw, x, dout)
  + dw[x] += dout

  - np.add.at(dw, x[i_n], dout[i_n])
  + dw[x[i_n]] += dout[i_n]
  # within a sentence | 在一个句子之内
  - np.add.at(dw, x[..., t], dout[..., t, :])
  + dw[x[..., t]] += dout[..., t, :]
  # within a column | 在一列之内
overwrite: the gradient is assigned instead of added
    A row that is used by several words gets the sum of their gradients. With = the last of them wins, and the
    gradients of the others are lost. Row by row, a test in which no word repeats passes; where the whole table
    is assigned in each turn, only the last turn is left. Write +=, or np.add.at where the index is an array.
  梯度被赋值，而不是累加:
    好几个词用了同一行时，这一行得到的是它们的梯度之和。用 = 的话，最后一个说了算，其余的都丢了。逐行赋值时，没有重复的词
    的测试能通过；每一轮都给整张表赋值的话，就只剩最后一轮。应该写 +=；下标是数组时写 np.add.at。
  + dw[x[i]] = dout[i]

  - np.add.at(dw, x, dout)
  + dw[x] = dout
  # all words at once | 所有的词一次完成
  - np.add.at(dw, x[i_n], dout[i_n])
  + dw[x[i_n]] = dout[i_n]
  # the words of a sentence at once | 一个句子的词一次完成
  - np.add.at(dw, x[..., t], dout[..., t, :])
  + dw[:] = 0
  + np.add.at(dw, x[..., t], dout[..., t, :])
  # the last column alone is left | 只剩最后一列
averaged: the gradients of a row are averaged instead of added
    The loss depends on a row through each place where its word stands, and these add up. A mean makes
    frequent words learn as slowly as rare ones. If the loss is a mean, its 1/N is in dout already. Where each
    word stands once, a mean of its gradients is right. Write a sum.
  一行的梯度被取了平均，而不是相加:
    损失通过这个词出现的每一处依赖于这一行，这些要相加。取平均会让常见的词学得跟罕见的词一样慢。如果损失是平均值，
    1/N 已经在 dout 里了。每个词只出现一次时，对它的梯度取平均碰巧是对的。应该求和。
  - dw[word] = dout[x == word].sum(axis=0)
  + dw[word] = dout[x == word].mean(axis=0)
  # over the places of a word | 对一个词的各处
  - dw[word] = dout[x == word].sum(axis=0)
  + dw[word] = dout[x == word].sum(axis=0) / len(np.unique(x))
  # over the distinct words | 对不同的词
  + dw[x[i]] += dout[i] / x.size
  # over all words | 对所有的词
  + dw[x[i]] += dout[i] / len(x)
  # over the sentences | 对句子
  + dw[x[i]] += dout[i] / x.shape[-1]
  # over the words of a sentence | 对一个句子的词
off-by-one-row: each gradient goes to the row beside its own
    Words are counted from 0 here and from 1 there: often row 0 is kept for padding in one of them. The rows
    are right but one place off, and at an end of the table the index wraps around or is out of range. The
    backward has to use the same index as the forward.
  每个梯度都进了旁边那一行:
    一处从 0 数词，另一处从 1 数：常见的原因是其中一处把第 0 行留给了填充。数都对，只是错了一行；到了表的一端，下标
    会绕回去或者越界。反向要用与前向相同的下标。
  + dw[x[i] - 1] += dout[i]
  # the row above | 上面一行
  + dw[x[i] + 1] += dout[i]
  # the row below | 下面一行
  + dw[(x[i] + 1) % len(w)] += dout[i]
  # the row below, and the first after the last | 下面一行，最后一行之后是第一行
  - dw[x[i]] += dout[i]
  + if x[i] > 0:
  +     dw[x[i] - 1] += dout[i]
  # the row above, and the first is lost | 上面一行，第一行丢了
count-ignored: each word that occurs is counted once
    The distinct words are gone through, and each gets the gradient of the first place where it stands. The other
    places are left out. A test in which no word repeats passes. Add up all places where x == word.
  出现的每个词只算了一次:
    遍历的是不同的词，每个词只得到它第一次出现那一处的梯度，其余各处都漏掉了。如果测试里没有重复的词，就能通过。
    应该把 x == word 的各处都加起来。
  - dw[word] = dout[x == word].sum(axis=0)
  + dw[word] = dout[x == word][0]
dout-missing: the places of a word are counted, and dout is not used
    How often a word stands there is the gradient of the sum of all outputs. The gradient of the loss is the sum of
    what comes from above at these places. It is right only where all of dout is 1. Add dout[i], not 1.
  只数了词出现的次数，没有用 dout:
    一个词出现的次数，是所有输出之和的梯度。损失的梯度则是从上面传来的、这些位置的梯度之和。只有 dout 全是 1 时它
    才对。应该加上 dout[i]，而不是 1。
  - dw[x[i]] += dout[i]
  + dw[x[i]] += 1
first-step-lost: the first word of each sentence is left out
    A loop over the steps that begins at 1 belongs to what needs a step before it. Here every step has a row of its
    own, the first one too. Write range(T).
  每个句子的第一个词漏掉了:
    从 1 开始的时间循环，是给需要前一步的量用的。这里每一步都有自己的一行，第一步也一样。应该写 range(T)。
  - for t in range(x.shape[-1]):
  + for t in range(1, x.shape[-1]):
""",
    embedding_backward,
    _at_once,
    _by_sentence,
    _by_column,
    _by_word,
)

ALSO_RIGHT = Mistakes(
    """
padding-index: row 0 has no gradient, as that of a padding index
    Sentences of unequal length are filled up with an index that is no word, often 0, and its row is not to learn:
    PyTorch has padding_idx for that. If 0 is a word like all others here, its gradient is missing.
  第 0 行没有梯度，像填充下标那样:
    长短不一的句子用一个不是词的下标补齐，常用 0，它那一行不该学习：PyTorch 为此有 padding_idx。如果这里的 0 和别的
    一样是词，那么它的梯度就漏掉了。
  - return dw
  + dw[0] = 0
  + return dw
""",
    embedding_backward,
)

OPERATOR = Operator(
    name="embedding",
    title="an embedding",
    forward=embedding_forward,
    backward=embedding_backward,
    gradients=("dw",),
    axes={"x": "*", "w": "VD", "out": "*D"},
    torch="F.embedding(x, w)",
    small=small,
    problems=problems,
    called=r"(?!.*(posit|dot|bag)).*embed|.*backward\(d_?wte, (?!d_?wpe)",
    words={
        "x": "indices index idx ids tokens words inp input inputs",
        "w": "weight weights table emb embeddings wte",
    },
    mistakes=MISTAKES,
    also_right=ALSO_RIGHT,
)
