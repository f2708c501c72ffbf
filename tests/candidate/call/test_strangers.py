"""Functions as strangers write them: other layouts, other names, what they return named by what they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep import check
from tests.candidate.call.test_named import core, tried
from tests.candidate.conftest import Files


def channels_before_samples(dout: Any, inp: Any, weights: Any, stride: int, padding: int) -> Any:
    x, g = inp.swapaxes(0, 1), dout.swapaxes(0, 1)
    dx, dw, db = core(x, weights.swapaxes(0, 1), g, stride, padding)
    return dx.swapaxes(0, 1), dw.swapaxes(0, 1), db


def keyed_by_parameters(top: Any, fmap: Any, krnl: Any, stride: int = 1) -> Any:
    dx, dw, _ = core(fmap, krnl, top, stride)
    return {"d_krnl": dw, "fmap": dx}


@pytest.mark.parametrize(
    ("function", "how"),
    [
        (channels_before_samples, "pictures (C, N, H, W), kernels (C, F, K, L)"),
        (keyed_by_parameters, "pictures (N, C, H, W), kernels (F, C, K, L), no padding"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_all_gradients_are_found_and_right(function: Callable[..., Any], how: str) -> None:
    reason, results = tried(function)
    assert how in reason
    computed = [{found.name for found in result.grades} for result in results if result.ok]
    assert len(computed) >= 4
    assert all({"dW", "dA_prev"} <= names for names in computed)
    assert not [result.outcome for result in results if result.failed]


def cropped_by_minus(x: Any, w: Any, upstream: Any, spec: dict[str, int]) -> Any:
    p = spec["pad"]
    around = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dx, dw, db = core(around, w, upstream, spec["stride"])
    return dx[:, :, p:-p, p:-p], dw, db


def test_an_empty_array_is_the_wrong_gradient_and_not_one_that_is_missing() -> None:
    _, results = tried(cropped_by_minus)
    wrong = [result for result in results if result.failed]
    assert wrong
    assert all(result.wrong("dA_prev") for result in wrong)
    assert {result.right.problem.geometry.padding for result in wrong} == {((0, 0), (0, 0))}


SET_UP = """
import copy
import numpy as np

class Descent:
    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum = lr, momentum
    def update(self, w, grad):
        return w - self.lr * grad

class ConvLayer:
    def __init__(self, n_filters, kernel_size, input_shape):
        self.n_filters, self.k, self.input_shape = n_filters, kernel_size, input_shape
    def initialize(self, optimizer):
        self.weights = np.zeros((self.n_filters, self.input_shape[0], self.k, self.k))
        self.rule = copy.copy(optimizer)
    def forward(self, X):
        self.X = X
        k, (n, _, h, w) = self.k, X.shape
        out = np.zeros((n, self.n_filters, h - k + 1, w - k + 1))
        for i in range(h - k + 1):
            for j in range(w - k + 1):
                window = X[:, :, i:i + k, j:j + k]
                out[:, :, i, j] = np.tensordot(window, self.weights, ([1, 2, 3], [1, 2, 3]))
        return out
    def backward(self, grad):
        k, dX, dW = self.k, np.zeros_like(self.X), np.zeros_like(self.weights)
        for i in range(grad.shape[2]):
            for j in range(grad.shape[3]):
                at = np.s_[:, :, i:i + k, j:j + k]
                dW += np.tensordot(grad[:, :, i, j], self.X[at], (0, 0))
                dX[at] += np.tensordot(grad[:, :, i, j], self.weights, (1, 0))
        self.weights = self.rule.update(self.weights, dW)
        return dX
"""


def test_what_our_optimizer_did_tells_the_gradient_right_or_wrong(files: Files) -> None:
    path = files.write("mine.py", SET_UP)
    right = check(f"{path}:ConvLayer")
    assert right.ok
    assert {found.name for result in right.swept.results for found in result.grades} == {"dW", "dA_prev"}
    averaged = files.write("other.py", SET_UP.replace("weights, dW)", "weights, dW / len(grad))"))
    wrong = check(f"{averaged}:ConvLayer")
    assert [finding.id for finding in wrong.diagnosis] == ["averaged"]


def test_an_object_of_options_is_written_as_one_makes_it() -> None:
    from convstep.candidate.call.containers import built

    assert repr(built([((".pad",), 0), ((".stride",), 2)])) == "types.SimpleNamespace(pad=0, stride=2)"
