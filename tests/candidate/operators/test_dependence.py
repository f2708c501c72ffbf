"""What a wrong gradient depends on is found by calling again, and said where no mistake has its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.candidate.operators.dependence import _apart
from convstep.operators.registry import operator_named
from tests.strategies import SELDOM


def linear_backward(dout: Any, x: Any, w: Any, b: Any) -> Any:
    return dout @ w.T + np.tanh(b).sum(), x.T @ dout, dout.sum(axis=0)


def affine_backward(dout: Any, x: Any, w: Any, b: Any) -> Any:
    return np.cos(x) @ w @ w.T, x.T @ dout, dout.sum(axis=0)


def dense_backward(dout: Any, x: Any, w: Any, b: Any) -> Any:
    return dout @ w.T + np.sin(dout) @ w.T, x.T @ dout, dout.sum(axis=0)


@SELDOM
@pytest.mark.parametrize(("candidate", "id", "said"), [
    (linear_backward, "bias-in-dx", "dx is right where b is zero: b has no part in it"),
    (affine_backward, "dout-ignored", "dx is the same whatever dout is"),
    (dense_backward, "unknown", "not a known mistake: dx is wrong"),
])  # fmt: skip
def test_what_it_depends_on_amiss_is_said(candidate: Callable[..., Any], id: str, said: str) -> None:
    verdict = convstep.check(candidate)
    (finding,) = verdict.diagnosis
    assert (finding.id, finding.gradients) == (id, ("dx",))
    assert finding.message.startswith(said)


def test_what_a_gradient_never_depends_on_is_known_of_each_operator() -> None:
    assert _apart(operator_named("linear")) == {("dx", "x"), ("dx", "b"), ("dw", "w"), ("dw", "b")} | {
        ("db", name) for name in "xwb"
    }
    assert _apart(operator_named("max-pool")) == set()
    assert ("dx", "gamma") not in _apart(operator_named("layer-norm"))
    assert {("dx", "beta"), ("dgamma", "gamma")} <= _apart(operator_named("layer-norm"))


class Linear:
    """Updates itself before it hands its gradient on."""

    def __init__(self, W, b):  # type: ignore[no-untyped-def]
        self.W, self.b = W, b

    def forward(self, x):  # type: ignore[no-untyped-def]
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):  # type: ignore[no-untyped-def]
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        self.W -= 0.1 * self.dW
        return dout @ self.W.T


@SELDOM
def test_what_comes_from_weights_that_are_already_updated_is_said() -> None:
    first, *others = convstep.check(Linear).diagnosis
    assert (first.id, first.gradients) == ("updated-weights", ("dx",))
    assert first.message.endswith("it comes from w as already updated by this call")
    assert {finding.id for finding in others} == {"mutates-input"}


class LayerNormFunction:
    @staticmethod
    def forward(ctx, x, weight, bias):  # type: ignore[no-untyped-def]
        std = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        ctx.save_for_backward((x - x.mean(-1, keepdims=True)) / std, std, weight)
        return ctx.saved_tensors[0] * weight + bias

    @staticmethod
    def backward(ctx, grad_output):  # type: ignore[no-untyped-def]
        x_hat, std, weight = ctx.saved_tensors
        d = grad_output * weight
        means = d.mean(-1, keepdims=True), (d * x_hat).mean(-1, keepdims=True)
        return (
            (d - means[0] - x_hat * means[1]) / std,
            grad_output * x_hat,
            grad_output.reshape(-1, weight.size).sum(0),
        )


def test_what_a_function_returns_is_in_the_order_of_its_forwards_parameters() -> None:
    (finding,) = convstep.check(LayerNormFunction.backward).diagnosis
    assert (finding.id, finding.gradients) == ("wrong-axis", ("dgamma",))
