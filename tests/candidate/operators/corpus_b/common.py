"""What the calls of corpus B share: a problem, torch's own gradients, and gradients under names."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

Problem = SimpleNamespace
Gradients = dict[str, np.ndarray[Any, Any]]
Call = Callable[[Any, Problem], Gradients | None]

Draw = np.random.Generator


def gradients(run: Callable[..., torch.Tensor], dout: Any, **inputs: Any) -> Gradients:
    """What torch's autograd says to `run` of the inputs, under the names `dx`, `dw` and so on."""
    leaves = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in inputs.items()}
    run(*leaves.values()).backward(torch.from_numpy(dout.copy()))  # type: ignore[no-untyped-call]
    return {f"d{name}": np.asarray(leaf.grad) for name, leaf in leaves.items()}


def named(names: str, values: Any) -> Gradients:
    """The values under the names, in their order; a tensor as an array."""
    return {name: np.asarray(value) for name, value in zip(names.split(), values, strict=True)}


def tensors(*arrays: Any) -> list[torch.Tensor]:
    """Tensors over the same memory: who writes into one, writes into the caller's array."""
    return [torch.from_numpy(array) for array in arrays]
