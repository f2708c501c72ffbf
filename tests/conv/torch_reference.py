"""The same convolution in PyTorch: forward and gradients, channels last."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from convstep.conv.problem import Problem

Array = npt.NDArray[Any]


class TorchResult(NamedTuple):
    """Output and gradients, in the article's layout."""

    Z: Array
    dW: Array
    db: Array
    dA_prev: Array


def torch_result(problem: Problem) -> TorchResult:
    """What PyTorch computes in float64, whatever the problem's dtype: see `TorchOracle.expected`."""
    (top, bottom), (left, right) = problem.padding
    batch = problem.A_prev.ndim == 4
    A_prev = _channels_first(problem.A_prev if batch else problem.A_prev[None]).requires_grad_()
    W = _channels_first(problem.W).requires_grad_()
    b = torch.tensor(np.zeros(len(problem.W)) if problem.b is None else problem.b.astype(np.float64))
    b.requires_grad_()
    padded = torch.nn.functional.pad(A_prev, (left, right, top, bottom))
    Z = torch.nn.functional.conv2d(
        padded, W, b, stride=problem.stride, dilation=problem.dilation, groups=problem.groups
    )
    dZ = _channels_first(problem.dZ if batch else problem.dZ[None])
    dW, db, dA_prev = torch.autograd.grad(Z, (W, b, A_prev), dZ)
    samples = slice(None) if batch else 0
    return TorchResult(
        _channels_last(Z)[samples], _channels_last(dW), db.numpy(), _channels_last(dA_prev)[samples]
    )


def _channels_first(array: Array) -> torch.Tensor:
    # in torch's own order: its float64 kernels return garbage for grouped weights in another
    return torch.tensor(np.moveaxis(array, -1, 1).astype(np.float64, order="C"))


def _channels_last(tensor: torch.Tensor) -> Array:
    found: Array = np.moveaxis(tensor.detach().numpy(), 1, -1)
    return found


def close(actual: Array, expected: Array, relative: float) -> bool:
    """Whether two arrays differ by no more than a share of the larger one's magnitude."""
    scale = max(float(np.abs(expected).max()), 1e-3)
    return actual.shape == expected.shape and float(np.abs(actual - expected).max()) <= relative * scale
