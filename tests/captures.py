"""What `capture` saw of small models, for tests of what is made of it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import pytest

import convstep
from convstep.conv.problem import Problem
from convstep.oracle.capture_log import CaptureLog, Convolution, Seen
from convstep.oracle.captured import Captured, CapturedLayer, Skipped


@functools.cache
def small(overflowing: bool = False) -> Captured:
    """Four layers of a batch of two; or the same with a loss and a kernel that leave float32."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    first = torch.nn.Conv2d(2, 4, 3, padding=1)
    second = torch.nn.Conv2d(4, 4, 3, stride=2, groups=2)
    third = torch.nn.Conv2d(4, 3, 1, bias=False)
    fourth = torch.nn.Conv2d(3, 2, 2, dilation=2, padding="same")
    model = torch.nn.Sequential(first, second, third, fourth)
    if overflowing:
        with torch.no_grad():
            second.weight.mul_(1e25)
            third.weight.mul_(1e-25)
    with convstep.capture(model) as captured:
        (model(torch.randn(2, 2, 7, 9)).sum() * (1e15 if overflowing else 1)).backward()
    return captured


def layer_of(problem: Problem, name: str, **arrays: Any) -> CapturedLayer:
    """A problem as `capture` would have seen it, without torch; with other arrays where some are given."""
    (top, _), (left, _) = problem.padding
    A_prev, W, b, dZ = (arrays.get(each, getattr(problem, each)) for each in ("A_prev", "W", "b", "dZ"))
    convolution = Convolution(
        name, 0, A_prev, W, b, problem.stride, (top, left), problem.dilation, problem.groups, 2.0**-52, {},
        Seen(0, 0, None),
    )  # fmt: skip
    gradients = {"dW": W, "dA_prev": A_prev}
    return CapturedLayer(name, 0, 0, convolution, dZ, gradients, frozenset(), 1, "PyTorch 0.0")


def captured_of(layers: Sequence[CapturedLayer], skipped: Sequence[Skipped] = ()) -> Captured:
    """A capture of these layers, its block over."""
    captured = Captured(CaptureLog([layer.name for layer in layers], {}, "PyTorch 0.0"))
    captured._log.closed = True
    captured._final, captured._skipped = list(layers), list(skipped)
    return captured
