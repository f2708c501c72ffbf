"""dA as a full correlation of the zero-inserted dZ with rotated kernels; dW as a correlation too."""

from __future__ import annotations

import numpy as np

from tests.candidate.corpus import common
from tests.candidate.corpus.common import Array, Gradients, Padding, Pair

BUGS = (
    *common.PAD_BUGS,
    *common.CROP_BUGS,
    *common.BIAS_BUGS,
    "starts-from-input:db",
    "kernel-flipped:not-rotated",
    "kernel-flipped:rotated-in-rows-only",
    "kernel-transposed:array",
    "dW-flipped",
    "dZ-not-dilated:short",
    "dZ-not-dilated:filled",
    "remainder-lost:small",
    "remainder-lost:shifted",
    "remainder-lost:dW-large",
    "stride-one-axis:rows-only",
    "stride-one-axis:columns-only",
    "axes-swapped:stride",
    "dZ-transposed:array",
    "one-channel-only:dA-last",
    "batch-one-sample:input-first",
    "groups-ignored:first-channels",
    "dilation-ignored:both",
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
    """Two correlations; see `common` for layouts."""
    c_out = dZ.shape[3]
    f_h, f_w, c_k, _ = W.shape
    if bug == "dilation-ignored:both":
        dilation = (1, 1)
    A_pad = common.padded(A, padding, bug)
    per_group = c_out // groups
    dZ_used = dZ.transpose(0, 2, 1, 3) if bug == "dZ-transposed:array" else dZ
    spread = _spread(dZ_used, stride, bug)

    dA_pad: Array = np.zeros(common.padded(A, padding, "" if bug.startswith("input") else bug).shape)
    dW_parts = []
    for group in range(groups):
        channels = slice(group * c_k, (group + 1) * c_k)
        if bug == "groups-ignored:first-channels":
            channels = slice(0, c_k)
        filters = slice(group * per_group, (group + 1) * per_group)
        kernels = W[:, :, :, filters]
        if bug == "one-channel-only:dA-last":
            kernels = kernels * (np.arange(c_out)[filters] == c_out - 1)
        dz = spread
        if bug.startswith("dZ-not-dilated"):
            dz = dZ
        full = _full(dz[:, :, :, filters], kernels, dilation, bug)
        dA_pad_part = _with_remainder(full, dA_pad.shape, bug)
        if dA_pad_part.shape[1:3] != dA_pad.shape[1:3]:  # a lost remainder: as small as it came out
            dA_pad = dA_pad[:, : dA_pad_part.shape[1], : dA_pad_part.shape[2]]
            dA_pad = np.pad(dA_pad, _missing(dA_pad_part.shape, dA_pad.shape))
        dA_pad[:, :, :, channels] += dA_pad_part
        seen = A_pad[:, :, :, channels]
        if bug == "batch-one-sample:input-first":
            seen = np.broadcast_to(seen[:1], seen.shape)
        dW_parts.append(_correlated(seen, spread[:, :, :, filters], dilation))
    dW = np.concatenate(dW_parts, axis=3)
    if bug != "remainder-lost:dW-large":
        dW = dW[:f_h, :f_w]
    if bug == "dW-flipped":
        dW = dW[::-1, ::-1]
    if bug.startswith("remainder-lost:small") or bug == "dZ-not-dilated:short":
        (top, bottom), (left, right) = padding
        dA = dA_pad[:, top : dA_pad.shape[1] - bottom, left : dA_pad.shape[2] - right]
    else:
        dA = common.cropped(dA_pad, A, padding, bug)
    if bug == "dZ-padded-by-p":
        dA = _padded_by_p(spread, A, W, padding, dilation, groups)
    return dA, dW, common.bias_gradient(dZ, b, bug)


def _spread(dZ: Array, stride: Pair, bug: str) -> Array:
    """dZ with stride - 1 zeros between its values."""
    n, h_out, w_out, c_out = dZ.shape
    s_h, s_w = stride
    if bug == "stride-one-axis:rows-only":
        s_w = 1
    if bug == "stride-one-axis:columns-only":
        s_h = 1
    if bug == "axes-swapped:stride":
        s_h, s_w = s_w, s_h
    spread = np.zeros((n, (h_out - 1) * s_h + 1, (w_out - 1) * s_w + 1, c_out), dZ.dtype)
    spread[:, ::s_h, ::s_w] = dZ
    return spread


def _full(dz: Array, kernels: Array, dilation: Pair, bug: str) -> Array:
    """The full correlation of dz with the rotated kernels, output channels summed."""
    if bug == "kernel-transposed:array":
        kernels = kernels.transpose(1, 0, 2, 3)
    f_h, f_w, c_k, _ = kernels.shape
    d_h, d_w = dilation
    rotated = kernels[::-1, ::-1]
    if bug == "kernel-flipped:not-rotated":
        rotated = kernels
    if bug == "kernel-flipped:rotated-in-rows-only":
        rotated = kernels[::-1]
    h, w = common.reach(f_h, d_h) - 1, common.reach(f_w, d_w) - 1
    around = np.pad(dz, ((0, 0), (h, h), (w, w), (0, 0)))
    rows, columns = around.shape[1] - h, around.shape[2] - w
    full = np.zeros((len(dz), rows, columns, c_k))
    for k_h in range(f_h):
        for k_w in range(f_w):
            top, left = k_h * d_h, k_w * d_w
            full += around[:, top : top + rows, left : left + columns] @ rotated[k_h, k_w].T
    return full


def _padded_by_p(spread: Array, A: Array, W: Array, padding: Padding, dilation: Pair, groups: int) -> Array:
    """The same correlation of dz with p zeros around it; without padding, with as many as it takes."""
    f_h, f_w, c_k, c_out = W.shape
    _, height, width, _ = A.shape
    h, w = common.reach(f_h, dilation[0]) - 1, common.reach(f_w, dilation[1]) - 1
    (top, _), (left, _) = padding
    around = np.pad(spread, ((0, 0), (top or h, height + h), (left or w, width + w), (0, 0)))
    dA = np.zeros(A.shape)
    rotated = W[::-1, ::-1]
    for c in range(c_out):
        first = c // (c_out // groups) * c_k
        for k_h in range(f_h):
            for k_w in range(f_w):
                i, j = k_h * dilation[0], k_w * dilation[1]
                seen = around[:, i : i + height, j : j + width, c, np.newaxis]
                dA[:, :, :, first : first + c_k] += seen * rotated[k_h, k_w, :, c]
    return dA


def _missing(wanted: tuple[int, ...], given: tuple[int, ...]) -> tuple[Pair, ...]:
    rows, columns = wanted[1] - given[1], wanted[2] - given[2]
    return (0, 0), (0, max(rows, 0)), (0, max(columns, 0)), (0, 0)


def _with_remainder(full: Array, shape: tuple[int, ...], bug: str) -> Array:
    """The rows and columns below and right of the last window, which no window saw."""
    if bug in ("remainder-lost:small", "dZ-not-dilated:short"):
        return full
    widths = _missing(shape, full.shape)
    if bug == "remainder-lost:shifted":
        widths = tuple((after, before) for before, after in widths)
    return np.pad(full, widths)


def _correlated(A_pad: Array, spread: Array, dilation: Pair) -> Array:
    """All offsets at which spread fits into A_pad, every dilation-th: `(F_h, F_w, C_k, C)`."""
    _, rows, columns, c = spread.shape
    n_h = (A_pad.shape[1] - rows) // dilation[0] + 1
    n_w = (A_pad.shape[2] - columns) // dilation[1] + 1
    dW = np.zeros((n_h, n_w, A_pad.shape[3], c))
    for k_h in range(n_h):
        for k_w in range(n_w):
            top, left = k_h * dilation[0], k_w * dilation[1]
            part = A_pad[:, top : top + rows, left : left + columns]
            dW[k_h, k_w] = np.einsum("nhwc,nhwo->co", part, spread)
    return dW
