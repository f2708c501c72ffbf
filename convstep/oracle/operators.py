"""PyTorch's outputs and gradients of any operator that is one expression of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from convstep.oracle.pytorch import leaf, plain_autograd, torch_module
from convstep.steps.cells import Array


def torch_run(
    expression: str,
    arrays: Mapping[str, Array],
    options: Mapping[str, Any],
    upstream: Iterable[Array],
    gradients: Iterable[str],
) -> tuple[tuple[Array, ...], dict[str, Array]]:
    """Evaluate an expression and let autograd go back through it, in float64.

    Args:
        expression: of the arrays and options by name, `torch` and `F`; a tensor, or several. It is code,
            and is run.
        arrays: by name; those of integers have no gradient.
        options: by name.
        upstream: the gradients of the outputs, in their order.
        gradients: what is wanted: "dx" is the gradient by the array "x". An array that takes no part has
            zeros.

    Returns:
        The outputs, and the gradients by name.

    Raises:
        OracleUnavailable: torch is missing or broken.
    """
    torch = torch_module()
    wanted = {name: name.removeprefix("d") for name in gradients}
    with plain_autograd(torch):
        leaves = {name: leaf(_wide(array)) for name, array in arrays.items()}
        names = {**options, **leaves, "torch": torch, "F": torch.nn.functional}
        made = eval(expression, names)
        outputs = tuple(made) if isinstance(made, tuple | list) else (made,)
        found = torch.autograd.grad(
            outputs,
            [leaves[array] for array in wanted.values()],
            [torch.from_numpy(np.array(one, np.float64)) for one in upstream],
            allow_unused=True,
            materialize_grads=True,
        )
    return (
        tuple(np.array(output.detach().numpy()) for output in outputs),
        {name: np.array(one.numpy()) for name, one in zip(wanted, found, strict=True)},
    )


def _wide(array: Array) -> Array:
    array = np.asarray(array)
    return array.astype({"f": np.float64, "i": np.int64, "u": np.int64}.get(array.dtype.kind, array.dtype))
