"""What a wrong result is instead is said where numbers show it, and nothing where they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.draws import held
from convstep.candidate.verdicts.marks import Mark
from convstep.candidate.verdicts.slopes import Clock


def said_of(forward: Callable[..., Any], backward: Callable[..., Any], *arrays: Any) -> list[str]:
    """What is said of each result that differs, after the numbers of a cell."""
    call = Called.kept(forward, *arrays)
    ran = call.like()
    out, cache = ran.make()
    above = [np.random.default_rng(5).standard_normal(out.shape)] if np.ndim(out) else []
    pair = Pair.of(call, ran, (out, cache), Called(backward, [*above, cache]))
    ends = held(pair, (None, None), Clock.of(30)).ends
    marks: list[Mark] = [one.mark for one in ends if one.mark.kind == "differs"]
    return [mark.how.partition("by central differences of ")[2].partition("; ")[2] for mark in marks]


def leaky_forward(x):  # type: ignore[no-untyped-def]
    return np.where(x > 0, x, 0.1 * x), x


def leaky_backward(dout, x):  # type: ignore[no-untyped-def]
    return dout * (x > 0)


def leaky_constant_backward(dout, x):  # type: ignore[no-untyped-def]
    return np.where(x > 0, dout, 0.1)


def sigmoid_forward(z):  # type: ignore[no-untyped-def]
    return 1 / (1 + np.exp(-z)), z


def sigmoid_backward(dout, z):  # type: ignore[no-untyped-def]
    return dout * z * (1 - z)


def softmax_forward(x):  # type: ignore[no-untyped-def]
    e = np.exp(x)
    p = e / e.sum(1, keepdims=True)
    return p, p


def softmax_backward(dout, p):  # type: ignore[no-untyped-def]
    return dout * p * (1 - p)


def rms_forward(x, w):  # type: ignore[no-untyped-def]
    r = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)
    return x * r * w, (x, w, r)


def rms_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, w, r = cache
    return dout * w * r, (dout * x * r).sum(0)


def rnn_forward(x, wx, wh):  # type: ignore[no-untyped-def]
    h, hs = np.zeros((x.shape[1], len(wh))), []
    for each in x:
        h = np.tanh(each @ wx + h @ wh)
        hs.append(h)
    return np.array(hs), (x, wx, wh, np.array(hs))


def rnn_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, wx, _, hs = cache
    da = dout * (1 - hs**2)
    dwx = np.einsum("tnd,tnh->dh", x, da)
    return da @ wx.T, dwx, np.einsum("tnk,tnh->kh", hs[:-1], da[1:])


def swish_forward(x):  # type: ignore[no-untyped-def]
    return x * np.exp(x), x


def swish_backward(dout, x):  # type: ignore[no-untyped-def]
    return dout * x * np.exp(x)


def residual_forward(x, w):  # type: ignore[no-untyped-def]
    return x + np.tanh(x * w), (x, w)


def residual_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, w = cache
    d = dout * (1 - np.tanh(x * w) ** 2)
    return d * w, d * x


def hinge_forward(s, y):  # type: ignore[no-untyped-def]
    rows = np.arange(len(y))
    margins = np.maximum(0, s - s[rows, y][:, None] + 1)
    margins[rows, y] = 0
    return margins.sum(), (margins, y)


def hinge_backward(cache):  # type: ignore[no-untyped-def]
    return (cache[0] > 0).astype(float)


def hinge_label_backward(cache):  # type: ignore[no-untyped-def]
    d = (cache[0] > 0).astype(float)
    d[np.arange(len(d)), cache[1]] = -1.0
    return d


def cube_forward(x, gamma):  # type: ignore[no-untyped-def]
    return gamma * x**3, (x, gamma)


def cube_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, _ = cache
    return 3 * dout * x**2, dout * x**3


def ridge_forward(w, x):  # type: ignore[no-untyped-def]
    return np.sum(np.sin(x @ w)) + 0.3 * np.sum(w * w), (w, x)


def ridge_backward(cache):  # type: ignore[no-untyped-def]
    w, x = cache
    dw = x.T @ np.cos(x @ w)
    return dw, np.cos(x @ w) @ w.T


def odd_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, gamma = cache
    return 3 * dout * x**2 * gamma + 0.1 * np.sin(x), dout * x**3


def square_forward(x):  # type: ignore[no-untyped-def]
    return x * x, x


def square_but_one_backward(dout, x):  # type: ignore[no-untyped-def]
    d = 2 * dout * x
    d[0] = np.sin(d[1])
    return d


@pytest.mark.parametrize(("forward", "backward", "shapes", "words"), [
    (leaky_forward, leaky_backward, [(3, 4)], ["`0.1 * x` in line"]),
    (leaky_forward, leaky_constant_backward, [(3, 4)], ["the cells in which `x` is negative", "it is 0.1"]),
    (sigmoid_forward, sigmoid_backward, [(3, 4)], ["with what sigmoid_forward returns in the place of `z`"]),
    (softmax_forward, softmax_backward, [(3, 4)], ["to the same cell of the output"]),
    (rms_forward, rms_backward, [(4, 3), (3,)], ["rms_forward with `r` held as it is"]),
    (rnn_forward, rnn_backward, [(3, 2, 4), (4, 5), (5, 5)], ["`h @ wh` in line"]),
    (swish_forward, swish_backward, [(3, 4)], ["`x` in line", "the one at place 1 of 3, held"]),
    (residual_forward, residual_backward, [(3, 4), (3, 4)], ["with `dout` added it is the gradient"]),
    (hinge_forward, hinge_backward, [(4, 3), 3], ["`s[rows, y]` in line"]),
    (hinge_forward, hinge_label_backward, [(4, 3), 3], ["only in cells in which the column is"]),
    (cube_forward, cube_backward, [(3, 4), (4,)], ["times `gamma` it is the gradient"]),
    (ridge_forward, ridge_backward, [(4, 3), (5, 4)], ["with 0.6 times `w` added"]),
])  # fmt: skip
def test_a_wrong_result_is_said_to_be_what_it_is(
    forward: Callable[..., Any], backward: Callable[..., Any], shapes: list[Any], words: list[str]
) -> None:
    rng = np.random.default_rng(3)
    arrays = [rng.integers(0, one, 4) if isinstance(one, int) else rng.standard_normal(one) for one in shapes]
    said = said_of(forward, backward, *arrays)
    assert said
    assert all(word in said[0] for word in words), said


def test_a_number_that_another_draw_would_not_have_is_not_said() -> None:
    said = said_of(square_forward, square_but_one_backward, np.random.default_rng(3).standard_normal(6))
    assert said == ["it is off in the cells in which the index along axis 0 is 0, and in no other"]


def test_nothing_is_said_of_what_no_reason_explains() -> None:
    rng = np.random.default_rng(3)
    said = said_of(cube_forward, odd_backward, rng.standard_normal((3, 4)), rng.standard_normal((3, 4)))
    assert said == [""]
