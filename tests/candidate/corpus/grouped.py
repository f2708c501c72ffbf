"""A loop over the taps of the kernel, everything else one einsum, channels split into groups."""

from __future__ import annotations

import numpy as np

from tests.candidate.corpus import common
from tests.candidate.corpus.common import Array, Gradients, Padding, Pair

BUGS = (
    *common.PAD_BUGS,
    *common.CROP_BUGS,
    *common.BIAS_BUGS,
    *common.START_BUGS,
    "stride-ignored:both",
    "stride-ignored:dW",
    "stride-one-axis:rows-only",
    "stride-one-axis:columns-only",
    "dA-not-padded:raises",
    "overwrite-dA:last-tap",
    "dW-flipped",
    "kernel-flipped:both",
    "kernel-transposed:index",
    "axes-swapped:stride",
    "dZ-channel-fixed:first",
    "groups-ignored:first-channels",
    "groups-ignored:interleaved",
    "dilation-ignored:both",
    "dilation-ignored:rows",
    "dilation-ignored:columns",
    "batch-one-sample:whole",
    "loop-range:early-rows",
    "loop-range:early-columns",
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
    """Strided slices of the padded input, one per tap; see `common` for layouts."""
    n_samples, h_out, w_out, c_out = dZ.shape
    f_h, f_w, c_k, _ = W.shape
    (s_h, s_w), (d_h, d_w) = stride, dilation
    if bug == "stride-one-axis:rows-only":
        s_w = 1
    if bug == "stride-one-axis:columns-only":
        s_h = 1
    if bug == "axes-swapped:stride":
        s_h, s_w = s_w, s_h
    if bug == "stride-ignored:both":
        s_h = s_w = 1
    if bug in ("dilation-ignored:both", "dilation-ignored:rows"):
        d_h = 1
    if bug in ("dilation-ignored:both", "dilation-ignored:columns"):
        d_w = 1
    A_pad, dA_pad = common.padded(A, padding, bug), common.room(A, padding, bug)
    dW = W.astype(float) if bug == "starts-from-input:dW" else np.zeros(W.shape)
    used = dZ
    if bug == "dZ-channel-fixed:first":
        used = np.repeat(dZ[..., :1], c_out, axis=3)
    if bug == "batch-one-sample:whole":
        used = np.broadcast_to(dZ.sum(axis=0), dZ.shape)
    if bug == "loop-range:early-rows":
        used, h_out = used[:, :-1], h_out - 1
    if bug == "loop-range:early-columns":
        used, w_out = used[:, :, :-1], w_out - 1
    order = _filters_by_group(c_out, groups, bug)
    dz = used[..., order].reshape(n_samples, h_out, w_out, groups, c_out // groups)
    kernels = W[..., order].reshape(f_h, f_w, c_k, groups, c_out // groups)
    channels = np.arange(groups * c_k).reshape(groups, c_k)
    if bug == "groups-ignored:first-channels":
        channels = np.repeat(channels[:1], groups, axis=0)

    for k_h in range(f_h):
        for k_w in range(f_w):
            top, left = k_h * d_h, k_w * d_w
            seen = A_pad[:, top : top + s_h * h_out : s_h, left : left + s_w * w_out : s_w]
            if bug == "stride-ignored:dW":
                seen = A_pad[:, top : top + h_out, left : left + w_out]
            seen = seen[:, :h_out, :w_out][..., channels]
            dW[k_h, k_w][:, order] += np.einsum("nhwgc,nhwgo->cgo", seen, dz).reshape(c_k, c_out)
            kernel = kernels[k_w, k_h] if bug == "kernel-transposed:index" else kernels[k_h, k_w]
            if bug == "kernel-flipped:both":
                kernel = kernels[f_h - 1 - k_h, f_w - 1 - k_w]
            part = np.einsum("nhwgo,cgo->nhwgc", dz, kernel)
            rows = slice(top, top + s_h * (h_out - 1) + 1, s_h)
            columns = slice(left, left + s_w * (w_out - 1) + 1, s_w)
            for group in range(groups):
                if bug == "overwrite-dA:last-tap":
                    dA_pad[:, rows, columns, channels[group]] = part[..., group, :]
                else:
                    dA_pad[:, rows, columns, channels[group]] += part[..., group, :]
    if bug == "dW-flipped":
        dW = dW[::-1, ::-1]
    return common.cropped(dA_pad, A, padding, bug), dW, common.bias_gradient(dZ, b, bug)


def _filters_by_group(c_out: int, groups: int, bug: str) -> Array:
    """The order in which a reshape to (groups, filters of a group) finds them."""
    if bug == "groups-ignored:interleaved":
        return np.arange(c_out).reshape(c_out // groups, groups).T.ravel()
    return np.arange(c_out)
