"""Tensors of a convolution, copied in the article's layout; torch is imported inside functions only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.language import tr
from convstep.oracle.capture_calls import Call
from convstep.oracle.capture_log import Convolution, Seen
from convstep.steps.cells import Array

if TYPE_CHECKING:
    from torch import Tensor

TF32_EPS = 2.0**-9
"""TF32 rounds both factors to 11 bits: their product is as far off as if this were its eps."""


def array_of(tensor: Tensor, dtype: Any = None, *, flat: bool = False) -> Array:
    """A copy that is seen in the article's layout; half precisions as float32, which holds them exactly.

    It is converted to `dtype` first, as autocast does; `flat` makes of one axis a convolution of height 1.
    """
    import torch

    plain = tensor.detach()
    if dtype is not None and plain.dtype != dtype:
        plain = plain.to(dtype)
    if plain.dtype not in (torch.float32, torch.float64):
        plain = plain.float()
    if not plain.is_cpu:
        plain = plain.cpu()
    if plain.is_neg():
        plain = plain.resolve_neg()
    array = plain.numpy()
    if plain.data_ptr() == tensor.data_ptr():
        array = array.copy("K")
    if array.ndim > 1 and flat:
        array = array[..., np.newaxis, :]
    if array.ndim >= 3:  # the axes are moved, the numbers are not: that would take longer than all the rest
        array = array.transpose(0, 2, 3, 1) if array.ndim == 4 else array.transpose(1, 2, 0)
    array.setflags(write=False)
    return array


def node_of(Z: Tensor) -> Any:
    """The convolution's node in the graph; an image without a batch axis was given one, and it is gone."""
    node: Any = Z.grad_fn
    if node is not None and "Squeeze" in node.name():
        node = node.next_functions[0][0]
    return node if node is not None and "ConvolutionBackward" in node.name() else None


def eps_of(Z: Tensor) -> float:
    """Of the precision that an output was convolved in."""
    import torch

    if Z.is_cuda and Z.dtype == torch.float32 and torch.backends.cudnn.allow_tf32:
        return TF32_EPS
    return float(torch.finfo(Z.dtype).eps)


def bytes_of(call: Call, image: Tensor, Z: Tensor) -> int:
    """What a call and one backward pass through it take."""
    import torch

    parameters = [each for each in (call.weight, call.bias) if each is not None]
    count = image.numel() * (1 + call.input.requires_grad) + Z.numel()
    count += sum(each.numel() * (1 + each.requires_grad) for each in parameters)
    return count * (8 if Z.dtype == torch.float64 else 4)


def seen_in(Z: Tensor, flat: bool) -> Seen:
    """The NaN and inf of an output; it is copied only where there are any."""
    import torch

    plain = Z.detach()
    half = plain.dtype not in (torch.float32, torch.float64)
    # a sum of numbers one of which is not finite is not finite; where it overflows, a closer look is taken
    if math.isfinite(plain.sum(dtype=torch.float32 if half else None).item()):
        return Seen(0, 0, None)
    values = array_of(plain, flat=flat)
    bad = np.argwhere(~np.isfinite(values))
    first = tuple(int(i) for i in bad[0]) if len(bad) else None
    return Seen(int(np.isnan(values).sum()), int(np.isinf(values).sum()), first)


def cropped(dA: Array, convolution: Convolution) -> Array:
    """`dA_prev` of what may have been padded before it was convolved: at the end, by one cell, for "same"."""
    height, width, _ = convolution.A_prev.shape[-3:]
    return dA[..., :height, :width, :]


def geometry_of(call: Call, flat: bool) -> dict[str, Any]:
    """The numbers of a call for both axes, as a `Convolution` has them."""
    padding = call.padding
    return {
        "stride": _pair(call.stride, flat, 1),
        "padding": padding if isinstance(padding, str) else _pair(padding, flat, 0),
        "dilation": _pair(call.dilation, flat, 1),
        "groups": int(call.groups),
    }


def _pair(given: Any, flat: bool, along: int) -> tuple[int, int]:
    """For both axes; `along` is that of the height that a convolution along one axis gets."""
    numbers = [int(each) for each in given] if isinstance(given, (list, tuple)) else [int(given)]
    return (along if flat else numbers[0], numbers[-1])


def cannot_be_read(Z: Tensor) -> str:
    """Why the call of an output cannot be captured, what follows its name; empty if it can."""
    import torch

    if torch._C._functorch.is_functorch_wrapped_tensor(Z):
        return tr(
            "ran under torch.func (grad, vmap and the like), whose tensors have no numbers to keep; compute "
            "the loss without it and call loss.backward()"
        )
    if Z.is_meta:
        return tr("ran on the meta device, without numbers; move the model to a device first")
    if Z.is_complex():
        return tr("convolved complex numbers; convstep opens only real ones")
    if not Z.numel():
        return tr("ran on an empty batch; give it one with samples")
    return ""
