"""Candidates made of torch operations: unfold and fold, transposed convolution, an autograd Function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tests.candidate.corpus.common import Pair

FOLD_BUGS = (
    "padding-not-cropped",
    "stride-ignored:both",
    "kernel-transposed:reshape",
    "dilation-ignored:both",
    "groups-ignored:first-channels",
    "db-wrong-axes:per-sample",
    "overwrite-dW:last-sample",
    "averaged:samples",
    "batch-one-sample:last",
    "wrong-order:swapped-pair",
)
DECONV_BUGS = (
    "remainder-lost:small",
    "remainder-lost:shifted",
    "remainder-lost:dW-large",
    "kernel-flipped:both",
    "dW-flipped",
    "stride-one-axis:rows-only",
    "dZ-not-dilated:short",
    "db-mean:everything",
    "dilation-ignored:both",
)
FUNCTION_BUGS = (
    "kernel-flipped:both",
    "stride-ignored:dW",
    "crop-zero-slice:empty",
    "crop-offset:origin",
    "db-mean:everything",
    "forward-wrong:bias-forgotten",
    "forward-wrong:kernel-flipped",
    "forward-wrong:stride-ignored-in-columns",
    "mutates-input:grad_output",
)


def pair(value: int | Pair) -> Pair:
    """torch takes an int for both axes."""
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def fold(bug: str = "") -> Callable[..., Any]:
    """im2col by torch's own unfold and fold."""

    def backward(
        grad_output: Tensor,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: int | Pair,
        padding: int | Pair,
        dilation: int | Pair,
        groups: int,
    ) -> Any:
        n, c_in, height, width = input.shape
        c_out, c_k, f_h, f_w = weight.shape
        (s_h, s_w), (d_h, d_w), (p_h, p_w) = pair(stride), pair(dilation), pair(padding)
        h_out, w_out = grad_output.shape[2:]
        if bug == "stride-ignored:both":
            s_h = s_w = 1
        if bug == "dilation-ignored:both":
            d_h = d_w = 1
        # the extent that the windows tile, so that unfold gives h_out x w_out of them
        tall, wide = (h_out - 1) * s_h + d_h * (f_h - 1) + 1, (w_out - 1) * s_w + d_w * (f_w - 1) + 1
        padded = functional.pad(input, (p_w, p_w, p_h, p_h))
        columns = functional.unfold(padded[:, :, :tall, :wide], (f_h, f_w), (d_h, d_w), 0, (s_h, s_w))
        columns = columns.view(n, c_in, f_h * f_w, h_out * w_out)
        per_group = c_out // groups
        rows = grad_output.reshape(n, c_out, h_out * w_out)
        grad_padded = torch.zeros_like(padded)
        grad_weight = torch.zeros_like(weight)
        for g in range(groups):
            filters, channels = slice(g * per_group, (g + 1) * per_group), slice(g * c_k, (g + 1) * c_k)
            if bug == "groups-ignored:first-channels":
                channels = slice(0, c_k)
            seen = columns[:, channels].reshape(n, c_k * f_h * f_w, -1)
            per_sample = torch.einsum("nol,nkl->nok", rows[:, filters], seen)
            if bug in ("overwrite-dW:last-sample", "batch-one-sample:last"):
                per_sample = per_sample[-1:]
            grad_weight[filters] = per_sample.sum(0).view(per_group, c_k, f_h, f_w)
            kernels = weight[filters]
            if bug == "kernel-transposed:reshape":
                kernels = kernels.transpose(2, 3)
            matrix = kernels.reshape(per_group, c_k * f_h * f_w)
            spread = torch.einsum("nol,ok->nkl", rows[:, filters], matrix)
            grad_padded[:, channels, :tall, :wide] += functional.fold(
                spread, (tall, wide), (f_h, f_w), (d_h, d_w), 0, (s_h, s_w)
            )
        grad_input = grad_padded[:, :, p_h : p_h + height, p_w : p_w + width]
        if bug == "padding-not-cropped":
            grad_input = grad_padded
        if bug == "batch-one-sample:last":
            grad_input = torch.cat([torch.zeros_like(grad_input[:-1]), grad_input[-1:]])
        grad_bias = None
        if bias is not None:
            grad_bias = grad_output.sum((2, 3) if bug == "db-wrong-axes:per-sample" else (0, 2, 3))
            if bug == "batch-one-sample:last":
                grad_bias = grad_output[-1].sum((1, 2))
        if bug == "averaged:samples":
            return grad_input / n, grad_weight / n, None if grad_bias is None else grad_bias / n
        if bug == "wrong-order:swapped-pair":
            return grad_weight, grad_input, grad_bias
        return grad_input, grad_weight, grad_bias

    return backward


def deconv(bug: str = "") -> Callable[..., Any]:
    """dA by conv_transpose2d, dW by conv2d with stride and dilation exchanged."""

    def backward(
        grad_output: Tensor,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: int | Pair,
        padding: int | Pair,
        dilation: int | Pair,
        groups: int,
    ) -> Any:
        (s_h, s_w), (p_h, p_w) = pair(stride), pair(padding)
        dilation = (1, 1) if bug == "dilation-ignored:both" else pair(dilation)
        if bug == "stride-one-axis:rows-only":
            s_w = 1
        height, width = input.shape[2:]
        c_out, c_k, f_h, f_w = weight.shape
        kernel = weight.flip(2, 3) if bug == "kernel-flipped:both" else weight
        spacing = (1, 1) if bug == "dZ-not-dilated:short" else (s_h, s_w)
        grad_padded = functional.conv_transpose2d(
            grad_output, kernel, stride=spacing, groups=groups, dilation=dilation
        )
        bottom = height + 2 * p_h - grad_padded.shape[2]
        right = width + 2 * p_w - grad_padded.shape[3]
        if bug == "remainder-lost:shifted":
            grad_padded = functional.pad(grad_padded, (right, 0, bottom, 0))
        elif bug not in ("remainder-lost:small", "dZ-not-dilated:short"):
            grad_padded = functional.pad(grad_padded, (0, right, 0, bottom))
        rows, columns = grad_padded.shape[2:]
        grad_input = grad_padded[:, :, p_h : rows - p_h, p_w : columns - p_w]

        per_group = c_out // groups
        padded = functional.pad(input, (p_w, p_w, p_h, p_h))
        parts = []
        for g in range(groups):
            seen = padded[:, g * c_k : (g + 1) * c_k].transpose(0, 1)
            dz = grad_output[:, g * per_group : (g + 1) * per_group].transpose(0, 1)
            parts.append(functional.conv2d(seen, dz, stride=dilation, dilation=(s_h, s_w)).transpose(0, 1))
        grad_weight = torch.cat(parts)
        if bug != "remainder-lost:dW-large":
            grad_weight = grad_weight[:, :, :f_h, :f_w]
        if bug == "dW-flipped":
            grad_weight = grad_weight.flip(2, 3)
        if bias is None:
            return grad_input, grad_weight, None
        mean = bug == "db-mean:everything"
        return grad_input, grad_weight, grad_output.mean((0, 2, 3)) if mean else grad_output.sum((0, 2, 3))

    return backward


def function(bug: str = "") -> type[torch.autograd.Function]:
    """`apply(input, weight, bias, stride, padding, dilation, groups)`."""

    class Conv2d(torch.autograd.Function):
        """A convolution with its own backward, tap by tap."""

        @staticmethod
        def forward(
            ctx: Any,
            input: Tensor,
            weight: Tensor,
            bias: Tensor | None,
            stride: int | Pair = 1,
            padding: int | Pair = 0,
            dilation: int | Pair = 1,
            groups: int = 1,
        ) -> Tensor:
            ctx.save_for_backward(input, weight, bias)
            ctx.geometry = pair(stride), pair(padding), pair(dilation), groups
            if bug == "forward-wrong:bias-forgotten":
                bias = None
            if bug == "forward-wrong:kernel-flipped":
                weight = weight.flip(2, 3)
            if bug == "forward-wrong:stride-ignored-in-columns":
                wrong = functional.conv2d(
                    input, weight, bias, (pair(stride)[0], 1), padding, dilation, groups
                )
                right = functional.conv2d(input, weight, bias, stride, padding, dilation, groups)
                return wrong[:, :, :, : right.shape[3]].clone()
            return functional.conv2d(input, weight, bias, stride, padding, dilation, groups)

        @staticmethod
        def backward(ctx: Any, *grad_outputs: Tensor) -> Any:
            (grad_output,) = grad_outputs
            input, weight, bias = ctx.saved_tensors
            (s_h, s_w), (p_h, p_w), (d_h, d_w), groups = ctx.geometry
            n, c_in, height, width = input.shape
            c_out, c_k, f_h, f_w = weight.shape
            h_out, w_out = grad_output.shape[2:]
            padded = functional.pad(input, (p_w, p_w, p_h, p_h)).view(n, groups, c_k, height + 2 * p_h, -1)
            grad_padded = torch.zeros_like(padded)
            dz = grad_output.reshape(n, groups, c_out // groups, h_out, w_out)
            kernels = weight.view(groups, c_out // groups, c_k, f_h, f_w)
            grad_kernels = torch.zeros_like(kernels)
            for k_h in range(f_h):
                for k_w in range(f_w):
                    top, left = k_h * d_h, k_w * d_w
                    rows = slice(top, top + (h_out - 1) * s_h + 1, s_h)
                    columns = slice(left, left + (w_out - 1) * s_w + 1, s_w)
                    seen = padded[:, :, :, rows, columns]
                    if bug == "stride-ignored:dW":
                        seen = padded[:, :, :, top : top + h_out, left : left + w_out]
                    tap = kernels[..., k_h, k_w]
                    if bug == "kernel-flipped:both":
                        tap = kernels[..., f_h - 1 - k_h, f_w - 1 - k_w]
                    grad_padded[:, :, :, rows, columns] += torch.einsum("ngohw,goc->ngchw", dz, tap)
                    grad_kernels[..., k_h, k_w] = torch.einsum("ngohw,ngchw->goc", dz, seen)
            whole = grad_padded.reshape(n, c_in, height + 2 * p_h, width + 2 * p_w)
            grad_input = whole[:, :, p_h : p_h + height, p_w : p_w + width]
            if bug == "crop-zero-slice:empty":
                grad_input = whole[:, :, p_h:-p_h, p_w:-p_w]
            if bug == "crop-offset:origin":
                grad_input = whole[:, :, :height, :width]
            grad_bias = None
            if bias is not None:
                grad_bias = grad_output.sum((0, 2, 3))
                if bug == "db-mean:everything":
                    grad_bias = grad_output.mean((0, 2, 3))
            if bug == "mutates-input:grad_output":
                grad_output.zero_()
            return grad_input, grad_kernels.reshape(weight.shape), grad_bias, None, None, None, None

    return Conv2d
