"""Small candidates of the article's kind for the tests of the screen, and stand-ins that never call."""

from __future__ import annotations

import functools
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep import conv2d_backward
from convstep.candidate.call.worker import Worker
from convstep.candidate.conv_verdict import verdict_of
from convstep.candidate.step.stepping import Beside, CandidateTimeline
from convstep.candidate.verdict import Verdict
from convstep.conv.problem import Problem
from tests.waiting import GENEROUS

Array = npt.NDArray[Any]
Gradients = tuple[Array, Array, Array]


def stride_ignored(dZ: Array, cache: dict[str, Array], stride: int, padding: int) -> Gradients:
    A_prev, W = cache["A_prev"], cache["W"]
    f_h, f_w = W.shape[1:3]
    A_pad = np.pad(A_prev, ((padding, padding), (padding, padding), (0, 0)))
    dA, dW = np.zeros_like(A_pad), np.zeros_like(W)
    for h, w, c in np.ndindex(dZ.shape):
        dW[c] += A_pad[h : h + f_h, w : w + f_w] * dZ[h, w, c]
        dA[h : h + f_h, w : w + f_w] += W[c] * dZ[h, w, c]
    inside = dA[padding : padding + A_prev.shape[0], padding : padding + A_prev.shape[1]]
    return dW, dZ.sum((0, 1)), inside


def overwriting(dZ: Array, cache: dict[str, Array], stride: int, padding: int) -> Gradients:
    A_prev, W = cache["A_prev"], cache["W"]
    f_h, f_w = W.shape[1:3]
    A_pad = np.pad(A_prev, ((padding, padding), (padding, padding), (0, 0)))
    _, db, dA = conv2d_backward(dZ, cache, stride, padding)
    dW = np.zeros_like(W)
    for h, w, c in np.ndindex(dZ.shape):
        y, x = h * stride, w * stride
        dW[c] = A_pad[y : y + f_h, x : x + f_w] * dZ[h, w, c]
    return dW, db, dA  # type: ignore[return-value]


def misshapen(dZ: Array, cache: dict[str, Array], stride: int, padding: int) -> Gradients:
    dW, db, dA = stride_ignored(dZ, cache, stride, padding)
    return dW, db[:, np.newaxis], dA


def right(dZ: Array, cache: dict[str, Array], stride: int, padding: int) -> Gradients:
    return conv2d_backward(dZ, cache, stride, padding)  # type: ignore[return-value]


@functools.cache
def verdict(function: Any) -> Verdict:
    """What is found of a candidate; found once."""
    with Worker.of_function(function) as worker:
        return verdict_of(worker)


def failing_problem(function: Any) -> Problem:
    found = verdict(function).failing
    assert found is not None
    return found


class Silent(CandidateTimeline):
    """Never answers before it is released, which closing does; then it says that it ended."""

    def __init__(self, verdict: Verdict, problem: Problem) -> None:
        super().__init__(None, verdict, problem)  # type: ignore[arg-type]
        self.released, self.asked = threading.Event(), threading.Event()
        self.waited_in_vain = False
        """Whether somebody waited until there was no point."""

    def _ask(self, first: int, last: int, *, alone: bool = False) -> Beside:
        self.asked.set()
        self._wait()
        ended = Beside({}, dict.fromkeys(self.probe.right.gradients, "its process ended"))
        return self._answers.setdefault((first, last, alone), ended)

    def wrong_steps(self, found: Any, stop: Any = None) -> None:
        stop()

    def next_divergent(self, position: int) -> int | None:
        self._wait()
        return None

    def _wait(self) -> None:
        if not self.released.wait(GENEROUS):
            self.waited_in_vain = True

    def close(self) -> None:
        self.released.set()
