"""What the calls of every operator share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Gradients = dict[str, Any]
Call = Callable[[Any, Any], Gradients | None]


def tensor(array: Any) -> Any:
    """The array as a tensor of its own."""
    return torch.from_numpy(np.array(array))


def last(array: Any) -> Any:
    """NCHW as NHWC."""
    return array.transpose(0, 2, 3, 1).copy()


def first(array: Any) -> Any:
    """NHWC as NCHW."""
    return array.transpose(0, 3, 1, 2)


def torch_gradients(output: Any, dout: Any, **leaves: Any) -> dict[str, Any]:
    """The gradients of the leaves under the given names."""
    output.backward(dout)
    return {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def leaf(array: Any) -> Any:
    """The array as a tensor that wants a gradient."""
    return torch.tensor(array, requires_grad=True)
