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
from convstep.oracle.run_file import Run


@functools.cache
def small(overflowing: bool = False) -> Captured:
    """Four layers of a batch of two; or the same, and one dW that leaves float32.

    All that it adds up is of one sign: so it is -inf in any order, and NaN in none.
    """
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
            second.bias.fill_(-1e27)
            third.weight.mul_(1e-25)
            fourth.weight.abs_()
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
    by = layers[0].by if layers else "PyTorch 0.0"
    captured = Captured(CaptureLog([layer.name for layer in layers], {}, by))
    captured._log.closed = True
    captured._final, captured._run = list(layers), Run(layers, by, skipped)
    return captured


@functools.cache
def repeated() -> Captured:
    """Two layers, one of them called twice in each of two backward passes, and one that is frozen."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    first, second = torch.nn.Conv2d(2, 2, 3, padding=1), torch.nn.Conv2d(2, 3, 2, bias=False)
    frozen = torch.nn.Conv2d(3, 1, 1)
    model = torch.nn.ModuleDict({"twice": first, "once": second, "frozen": frozen})
    with convstep.capture(model) as captured:
        for _ in range(2):
            seen = second(first(first(torch.randn(2, 2, 5, 6))))
            seen.square().sum().backward()
            with torch.no_grad():
                frozen(seen)
    return captured


def alone(captured: Captured, layer: str = "1") -> Captured:
    """One call of it as a capture of its own."""
    return captured_of([captured.layer(layer)])
