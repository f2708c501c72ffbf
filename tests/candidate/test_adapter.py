"""Layer classes leave their gradients in attributes: a short adapter calls them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convstep import CandidateError, Problem, assert_correct, check
from tests.candidate.conftest import Files

LAYER = """
import numpy as np

class Conv2D:
    def __init__(self, filters, kernel, stride, padding):
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, A):
        self.A = A

    def backward(self, dZ):
        s, p, (f_h, f_w) = self.stride, self.padding, self.kernel
        A = np.pad(self.A, ((0, 0), (p, p), (p, p), (0, 0)))
        dA, self.dW = np.zeros(A.shape), np.zeros(self.W.shape)
        self.db = dZ.SUM(axis=(0, 1, 2))
        for i in range(dZ.shape[1]):
            for j in range(dZ.shape[2]):
                window = np.s_[:, i * s : i * s + f_h, j * s : j * s + f_w]
                self.dW += np.einsum("nf,nhwc->fhwc", dZ[:, i, j], A[window])
                dA[window] += np.einsum("nf,fhwc->nhwc", dZ[:, i, j], self.W)
        return dA[:, p : p + self.A.shape[1], p : p + self.A.shape[2]]
"""
ADAPTER = """
def call(Conv2D, problem):
    sides = set(sum(problem.padding, ()))
    if problem.A_prev.ndim == 3 or problem.groups > 1 or problem.dilation != (1, 1):
        raise NotImplementedError
    if len(sides) > 1 or problem.stride[0] != problem.stride[1]:
        raise NotImplementedError("one padding, one stride")
    layer = Conv2D(problem.W.shape[0], problem.W.shape[1:3], problem.stride[0], sides.pop())
    layer.W = problem.W
    layer.forward(problem.A_prev)
    dA_prev = layer.backward(problem.dZ)
    return layer.dW, layer.db, dA_prev
"""


@pytest.mark.parametrize(("how", "bug"), [("sum", ""), ("mean", "db-mean")])
def test_a_layer_class_is_checked_through_its_adapter(files: Files, how: str, bug: str) -> None:
    layer = files.write("layers.py", LAYER.replace("SUM", how))
    adapter = files.write("adapter.py", ADAPTER)
    verdict = check(f"{layer}:Conv2D", adapter=f"{adapter}:call")
    assert verdict.convention == "problem"
    assert verdict.ok == (not bug)
    assert [finding.id for finding in verdict.diagnosis][:1] == ([bug] if bug else [])
    assert verdict.swept.refused > 0  # what the layer cannot do is no mistake
    assert verdict.swept.candidate.source.startswith("class Conv2D")
    if bug:
        assert f"--adapter {adapter}:call" in str(verdict)


def test_a_class_of_this_process_too() -> None:
    class Layer:
        def backward(self, problem: Problem) -> Any:
            from convstep import conv2d_backward

            p = problem
            found = conv2d_backward(p.dZ, p.cache, p.stride, p.padding, p.dilation, p.groups)
            self.dW, self.db = found[0], found[1]
            return found[2]

    def call(kind: type[Layer], problem: Problem) -> Any:
        layer = kind()
        dA_prev = layer.backward(problem)
        return layer.dW, layer.db, np.asarray(dA_prev)

    assert_correct(Layer, adapter=call)
    with pytest.raises(CandidateError, match="both as text or both as functions"):
        check(Layer, adapter="adapter.py:call")


def test_a_class_without_an_adapter_is_told_about_them(files: Files) -> None:
    layer = files.write("layers.py", LAYER)
    with pytest.raises(CandidateError, match=r"^Conv2D is a class; .* add --adapter FILE.py:FUNCTION"):
        check(f"{layer}:Conv2D")
