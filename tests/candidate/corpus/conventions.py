"""The six calling conventions around a core, and the mistakes that live in the call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from convstep import Problem
from tests.candidate.corpus.common import Array, Core, Gradients, Padding, Pair

Candidate = Callable[..., Any]

CALL_BUGS = (
    "averaged:samples",
    "averaged:positions",
    "averaged:samples-and-positions",
    "batch-hardcoded:buffer-of-2",
    "state-kept:dW",
    "state-kept:db",
    "state-kept:all",
    "mutates-input:dZ",
    "mutates-input:A_prev",
    "mutates-input:W",
    "integer-truncation:result",
    "gradient-not-returned:db",
    "wrong-order:last-first",
    "wrong-order:swapped-pair",
    "db-shape:repeated",
    "db-shape:column",
    "db-shape:kept-axes",
)
ALX_BUGS = ("same-padding-off-by-one",)


class Call:
    """One candidate's core with its mistake; keeps what a module's globals would keep."""

    def __init__(self, core: Core, bug: str) -> None:
        self._core = core
        self._bug = bug
        self._kept: dict[tuple[str, tuple[int, ...]], Array] = {}

    def gradients(
        self,
        dZ: Array,
        A: Array,
        W: Array,
        b: Array,
        stride: Pair,
        padding: Padding,
        dilation: Pair = (1, 1),
        groups: int = 1,
    ) -> Gradients:
        """`(dA, dW, db)` in the canonical layout, from views on the caller's own arrays."""
        bug = self._bug
        dA, dW, db = self._core(dZ, A, W, b, stride, padding, dilation, groups, bug)
        n, h_out, w_out, _ = dZ.shape
        if bug.startswith("averaged"):
            share = {"samples": n, "positions": h_out * w_out, "samples-and-positions": n * h_out * w_out}
            ratio = share.get(bug.split(":")[1], n)
            dA, dW, db = dA / ratio, dW / ratio, db / ratio
        if bug == "batch-hardcoded:buffer-of-2":
            buffer = np.zeros((2, *dA.shape[1:]))
            for i in range(2):
                buffer[i] = dA[i]
            dA = buffer
        if bug == "integer-truncation:result":
            dA, dW, db = dA.astype(int), dW.astype(int), db.astype(int)
        if bug == "gradient-not-returned:db":
            db = np.zeros_like(db)
        if bug in ("state-kept:dW", "state-kept:all"):
            dW = self._accumulated("dW", dW)
        if bug in ("state-kept:db", "state-kept:all"):
            db = self._accumulated("db", db)
        if bug == "mutates-input:dZ":
            dZ[...] = 0  # "clear the gradient", of the caller
        if bug == "mutates-input:A_prev":
            A[...] = dA  # dA was allocated as dA = A_prev, without a copy
        if bug == "mutates-input:W":
            W[...] = W[::-1, ::-1].copy()  # rotated for the correlation, and left so
        return dA, dW, db

    def bias(self, db: Array, like: Array, dZ: Array) -> Array:
        """db in its convention's shape, that of `like`, when it has one value per filter."""
        if self._bug == "db-shape:repeated":
            return np.zeros(dZ.shape[1:]) + db
        if self._bug == "db-shape:column":
            return db.reshape(-1, 1)
        if self._bug == "db-shape:kept-axes":
            return db.reshape(1, -1, 1)
        return db.reshape(like.shape) if db.shape == (like.size,) else db

    def ordered(self, first: Any, second: Any, third: Any) -> tuple[Any, Any, Any]:
        """The convention's order, or another."""
        if self._bug == "wrong-order:last-first":
            return third, first, second
        if self._bug == "wrong-order:swapped-pair":
            return second, first, third
        return first, second, third

    def _accumulated(self, name: str, gradient: Array) -> Array:
        total = self._kept.setdefault((name, gradient.shape), np.zeros(gradient.shape))
        total += gradient
        return total.copy()


def make(convention: str, core: Core, bug: str = "") -> Candidate:
    """A plain function as people of this convention write it."""
    return _MAKERS[convention](Call(core, bug), bug)


def _article(call: Call, bug: str) -> Candidate:
    def conv2d_backward(dZ: Array, cache: dict[str, Array], stride: int, padding: int) -> Any:
        A_prev, W, b = cache["A_prev"], cache["W"], cache["b"]
        dA, dW, db = call.gradients(
            dZ[None], A_prev[None], W.transpose(1, 2, 3, 0), b, (stride, stride), ((padding,) * 2,) * 2
        )
        return call.ordered(dW.transpose(3, 0, 1, 2), call.bias(db, b, dZ[None]), dA[0])

    return conv2d_backward


def _coursera(call: Call, bug: str) -> Candidate:
    def conv_backward(dZ: Array, cache: tuple[Any, ...]) -> Any:
        (A_prev, W, b, hparameters) = cache
        stride, pad = hparameters["stride"], hparameters["pad"]
        dA, dW, db = call.gradients(dZ, A_prev, W, b, (stride, stride), ((pad, pad), (pad, pad)))
        return call.ordered(dA, dW, call.bias(db, b, dZ))

    return conv_backward


def _cs231n(call: Call, bug: str) -> Candidate:
    def conv_backward_naive(dout: Array, cache: tuple[Any, ...]) -> Any:
        x, w, b, conv_param = cache
        stride, pad = conv_param["stride"], conv_param["pad"]
        dZ = dout.transpose(0, 2, 3, 1)
        dA, dW, db = call.gradients(
            dZ,
            x.transpose(0, 2, 3, 1),
            w.transpose(2, 3, 1, 0),
            b,
            (stride, stride),
            ((pad, pad), (pad, pad)),
        )
        return call.ordered(dA.transpose(0, 3, 1, 2), dW.transpose(3, 2, 0, 1), call.bias(db, b, dZ))

    return conv_backward_naive


def _alx(call: Call, bug: str) -> Candidate:
    def same(cells: int, taps: int, step: int) -> int:
        if bug == "same-padding-off-by-one":
            return ((cells - 1) * step + taps - cells) // 2 + 1
        return math.ceil(((cells - 1) * step + taps - cells) / 2)

    def conv_backward(
        dZ: Array, A_prev: Array, W: Array, b: Array, padding: str = "same", stride: Pair = (1, 1)
    ) -> Any:
        ph = pw = 0
        if padding == "same":
            ph = same(A_prev.shape[1], W.shape[0], stride[0])
            pw = same(A_prev.shape[2], W.shape[1], stride[1])
        dA, dW, db = call.gradients(dZ, A_prev, W, b, stride, ((ph, ph), (pw, pw)))
        return call.ordered(dA, dW, call.bias(db, b, dZ))

    return conv_backward


def _torch(call: Call, bug: str) -> Candidate:
    def backward(
        grad_output: torch.Tensor,
        input: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        stride: int | Pair,
        padding: int | Pair,
        dilation: int | Pair,
        groups: int,
    ) -> Any:
        dZ = grad_output.detach().numpy().transpose(0, 2, 3, 1)
        A = input.detach().numpy().transpose(0, 2, 3, 1)
        W = weight.detach().numpy().transpose(2, 3, 1, 0)
        b = np.zeros(len(weight)) if bias is None else bias.detach().numpy()
        p_h, p_w = _pair(padding)
        dA, dW, db = call.gradients(
            dZ, A, W, b, _pair(stride), ((p_h, p_h), (p_w, p_w)), _pair(dilation), groups
        )
        return call.ordered(
            _tensor(dA.transpose(0, 3, 1, 2), weight),
            _tensor(dW.transpose(3, 2, 0, 1), weight),
            None if bias is None else _tensor(call.bias(db, b, dZ), weight),
        )

    return backward


def _problem(call: Call, bug: str) -> Candidate:
    def backward(problem: Problem) -> Any:
        batch = problem.A_prev.ndim == 4
        dZ = problem.dZ if batch else problem.dZ[None]
        A = problem.A_prev if batch else problem.A_prev[None]
        b = np.zeros(len(problem.W)) if problem.b is None else problem.b
        W = problem.W.transpose(1, 2, 3, 0)
        dA, dW, db = call.gradients(
            dZ, A, W, b, problem.stride, problem.padding, problem.dilation, problem.groups
        )
        return call.ordered(
            dW.transpose(3, 0, 1, 2),
            None if problem.b is None else call.bias(db, b, dZ),
            dA if batch else dA[0],
        )

    return backward


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _tensor(array: Array, like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(np.ascontiguousarray(array)).to(like.dtype)


_MAKERS: dict[str, Callable[[Call, str], Candidate]] = {
    "article": _article,
    "coursera": _coursera,
    "cs231n": _cs231n,
    "alx": _alx,
    "torch": _torch,
    "problem": _problem,
}
CONVENTIONS = tuple(_MAKERS)
