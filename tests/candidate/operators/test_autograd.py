"""The mistakes of autograd Functions are named, also those whose shapes PyTorch refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import convstep
from convstep.candidate.operators.evidence import summed_to
from tests.strategies import SELDOM, some

FUNCTIONS = """
import torch
import torch.nn.functional as F
from torch.autograd import Function

class ReLU(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)
    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        grad = grad_output.clone()
        grad[x <= 0] = 0
        return grad

class Linear(Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.t() + bias
    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output @ weight, grad_output.t() @ x, grad_output.sum(0)

class SoftmaxCrossEntropy(Function):
    @staticmethod
    def forward(ctx, logits, target):
        log_probs = F.log_softmax(logits, dim=1)
        ctx.save_for_backward(log_probs, target)
        return F.nll_loss(log_probs, target)
    @staticmethod
    def backward(ctx, grad_output):
        log_probs, target = ctx.saved_tensors
        grad = log_probs.exp()
        grad[torch.arange(len(target)), target] -= 1
        return grad_output * grad / len(target), None

class MaxPool2d(Function):
    @staticmethod
    def forward(ctx, x, kernel_size, stride):
        out, at = F.max_pool2d(x, kernel_size, stride, return_indices=True)
        ctx.save_for_backward(at)
        ctx.shape = x.shape
        return out
    @staticmethod
    def backward(ctx, grad_output):
        at, = ctx.saved_tensors
        N, C, H, W = ctx.shape
        grad = grad_output.new_zeros(N, C, H * W)
        grad.scatter_add_(2, at.flatten(2), grad_output.flatten(2))
        return grad.view(ctx.shape), None, None

class AvgPool2d(Function):
    @staticmethod
    def forward(ctx, x, kernel_size, stride):
        ctx.kernel_size, ctx.stride, ctx.shape = kernel_size, stride, x.shape
        return F.avg_pool2d(x, kernel_size, stride)
    @staticmethod
    def backward(ctx, grad_output):
        k, s = ctx.kernel_size, ctx.stride
        grad = grad_output.new_zeros(ctx.shape)
        for i in range(grad_output.shape[2]):
            for j in range(grad_output.shape[3]):
                grad[:, :, i*s:i*s+k, j*s:j*s+k] += grad_output[:, :, i:i+1, j:j+1] / (k * k)
        return grad, None, None

class LayerNorm(Function):
    @staticmethod
    def forward(ctx, x, weight, bias, eps=1e-5):
        rstd = (x.var(-1, unbiased=False, keepdim=True) + eps).rsqrt()
        x_hat = (x - x.mean(-1, keepdim=True)) * rstd
        ctx.save_for_backward(x_hat, rstd, weight)
        return x_hat * weight + bias
    @staticmethod
    def backward(ctx, dy):
        x_hat, rstd, weight = ctx.saved_tensors
        g = dy * weight
        dx = rstd * (g - g.mean(-1, keepdim=True) - x_hat * (g * x_hat).mean(-1, keepdim=True))
        axes = tuple(range(dy.dim() - 1))
        return dx, (dy * x_hat).sum(axes), dy.sum(axes), None
"""

MISTAKES = [
    ("ReLU", "grad[x <= 0] = 0", "grad[grad_output <= 0] = 0", "mask-from-gradient"),
    ("ReLU", "grad_output.clone()", "grad_output", "writes-into-dout"),
    ("Linear", "grad_output.t() @ x", "grad_output.t() @ x / len(x)", "averaged-twice"),
    ("Linear", "grad_output.sum(0)", "grad_output.sum(1)", "db-wrong-axis"),
    ("Linear", "grad_output.t() @ x", "x.t() @ grad_output", "transposes-swapped"),
    ("SoftmaxCrossEntropy", "grad_output * grad / len(target)", "grad_output * grad", "not-averaged"),
    ("SoftmaxCrossEntropy", "grad_output * grad / len(target)", "grad / len(target)", "dout-ignored"),
    ("SoftmaxCrossEntropy", "target] -= 1", "target] += 1", "sign"),
    ("MaxPool2d", "scatter_add_", "scatter_", "overwrite"),
    ("AvgPool2d", " / (k * k)", "", "not-divided"),
    ("AvgPool2d", "] += grad", "] = grad", "overwrite"),
    ("LayerNorm", " - x_hat * (g * x_hat).mean(-1, keepdim=True)", "", "variance-path-missing"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "right", "wrong", "mistake"), some(MISTAKES, 12))
def test_it_is_named(tmp_path: Path, function: str, right: str, wrong: str, mistake: str) -> None:
    head, name, body = FUNCTIONS.partition(f"class {function}(Function)")
    (tmp_path / "functions.py").write_text(head + name + body.replace(right, wrong, 1))
    verdict = convstep.check(f"{tmp_path}/functions.py:{function}")
    ids = {*verdict.mistakes, *(note.partition(":")[0] for note in verdict.notes)}
    assert mistake in ids, str(verdict)


@SELDOM
@pytest.mark.parametrize("function", some(dict.fromkeys(each[0] for each in MISTAKES), 3))
def test_the_right_one_is_right(tmp_path: Path, function: str) -> None:
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    verdict = convstep.check(f"{tmp_path}/functions.py:{function}")
    assert verdict.ok, str(verdict)


@SELDOM
def test_the_tutorials_relu_is_right_with_a_word_on_zero(tmp_path: Path) -> None:
    (tmp_path / "functions.py").write_text(FUNCTIONS.replace("grad[x <= 0] = 0", "grad[x < 0] = 0"))
    verdict = convstep.check(f"{tmp_path}/functions.py:ReLU")
    assert verdict.ok, str(verdict)
    assert any(note.startswith("mask-includes-zero: ") for note in verdict.notes)


def test_a_gradient_is_summed_to_its_array_as_pytorch_does() -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    assert np.array_equal(summed_to(array, (4,)), array.sum((0, 1)))
    assert np.array_equal(summed_to(array, (3, 1)), array.sum((0, 2))[:, np.newaxis])
    assert summed_to(array, (2, 4)).shape == (2, 3, 4)
    assert summed_to(array, (1, 2, 3, 4)).shape == (2, 3, 4)
