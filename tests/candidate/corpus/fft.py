"""Both correlations as products of Fourier transforms."""

from __future__ import annotations

import numpy as np

from tests.candidate.corpus import common
from tests.candidate.corpus.common import Array, Gradients, Padding, Pair

BUGS = (
    "kernel-flipped:conjugated",
    "dW-flipped",
    "crop-offset:origin",
    "dZ-not-dilated:filled",
    "conjugate-missing",
)


def backward(
    dZ: Array,
    A: Array,
    W: Array,
    b: Array,
    stride: Pair,
    padding: Padding,
    dilation: Pair = (1, 1),
    groups: int = 1,
    bug: str = "",
) -> Gradients:
    """No window and no loop over positions; see `common` for layouts."""
    n, h_out, w_out, c_out = dZ.shape
    f_h, f_w, c_k, _ = W.shape
    A_pad = common.padded(A, padding)
    size = A_pad.shape[1] + f_h * dilation[0], A_pad.shape[2] + f_w * dilation[1]
    if bug == "conjugate-missing":
        size = A_pad.shape[1:3]
    spread, dilated = np.zeros((n, *size, c_out)), np.zeros((*size, c_k, c_out))
    spread[:, : h_out * stride[0] : stride[0], : w_out * stride[1] : stride[1]][:, :h_out, :w_out] = dZ
    dilated[: f_h * dilation[0] : dilation[0], : f_w * dilation[1] : dilation[1]] = W
    dz_waves = np.fft.fft2(spread, axes=(1, 2))
    input_waves = np.fft.fft2(A_pad, s=size, axes=(1, 2))
    kernel_waves = np.fft.fft2(dilated, axes=(0, 1))
    for_dA = dz_waves
    if bug == "dZ-not-dilated:filled":
        for_dA = np.fft.fft2(dZ, s=size, axes=(1, 2))
    if bug == "kernel-flipped:conjugated":
        around = [(dilation[0] * (f_h - 1), size[0]), (dilation[1] * (f_w - 1), size[1])]
        shift_h, shift_w = (np.exp(-2j * np.pi * np.fft.fftfreq(m) * k) for k, m in around)
        kernel_waves = np.conj(kernel_waves) * (shift_h[:, None] * shift_w)[..., None, None]
    per_group = c_out // groups
    mirrored = dz_waves if bug == "conjugate-missing" else np.conj(dz_waves)
    dA_parts, dW_parts = [], []
    for group in range(groups):
        filters = slice(group * per_group, (group + 1) * per_group)
        channels = slice(group * c_k, (group + 1) * c_k)
        dA_parts.append(np.einsum("nhwo,hwco->nhwc", for_dA[..., filters], kernel_waves[..., filters]))
        dW_parts.append(np.einsum("nhwc,nhwo->hwco", input_waves[..., channels], mirrored[..., filters]))
    dA_pad = np.fft.ifft2(np.concatenate(dA_parts, axis=3), axes=(1, 2)).real
    dA_pad = dA_pad[:, : A_pad.shape[1], : A_pad.shape[2]]
    offsets = np.fft.ifft2(np.concatenate(dW_parts, axis=3), axes=(0, 1)).real
    dW = offsets[: f_h * dilation[0] : dilation[0], : f_w * dilation[1] : dilation[1]]
    if bug == "dW-flipped":
        dW = dW[::-1, ::-1]
    return common.cropped(dA_pad, A, padding, bug), dW, common.bias_gradient(dZ, b)
