"""Nested loops, filters outermost and columns before rows: another order than the article's."""

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
    "stride-ignored:dA",
    "stride-one-axis:rows-only",
    "stride-one-axis:columns-only",
    "dZ-index-strided:raises",
    "dZ-index-strided:guarded",
    "input-not-padded:clipped",
    "dA-not-padded:raises",
    "dA-not-padded:clipped",
    "overwrite-dW:last-window",
    "overwrite-dA:last-window",
    "overwrite-db:last-window",
    "dW-flipped",
    "kernel-flipped:both",
    "kernel-transposed:slice",
    "axes-swapped:window",
    "axes-swapped:extent",
    "axes-swapped:stride",
    "dZ-transposed:index",
    "mask-from-gradient",
    "dZ-channel-fixed:first",
    "dZ-channel-fixed:last",
    "one-channel-only:dW-first",
    "one-channel-only:dW-last",
    "one-channel-only:dA-first",
    "one-channel-only:dA-last",
    "one-channel-only:lands-in-first",
    "one-channel-only:all-last",
    "integer-truncation:every-step",
    "integer-truncation:raises",
    "integer-truncation:int-input",
    "groups-ignored:first-channels",
    "groups-ignored:interleaved",
    "dilation-ignored:both",
    "dilation-ignored:rows",
    "batch-one-sample:first",
    "batch-one-sample:last",
    "batch-one-sample:input-first",
    "batch-hardcoded:loop-of-2",
    "loop-range:input",
    "loop-range:unpadded",
    "loop-range:early-rows",
    "loop-range:early-columns",
    "gradient-not-returned:dW",
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
    """One scalar of dZ at a time; see `common` for layouts."""
    n_samples, h_out, w_out, c_out = dZ.shape
    _, height, width, _ = A.shape
    f_h, f_w, c_k, _ = W.shape
    (s_h, s_w), (d_h, d_w) = stride, dilation
    A_pad = common.padded(A, padding, bug)
    dA_pad = common.room(A, padding, bug)
    dW = np.zeros(W.shape)
    db = np.zeros(c_out)
    if bug == "starts-from-input:dW":
        dW = W.astype(float)
    if bug in ("integer-truncation:every-step", "integer-truncation:raises"):
        dW, dA_pad, db = np.zeros(W.shape, int), np.zeros(A_pad.shape, int), np.zeros(c_out, int)
    if bug == "integer-truncation:int-input":
        dW, dA_pad = np.zeros_like(W), np.zeros_like(A_pad)
    if bug == "axes-swapped:stride":
        s_h, s_w = s_w, s_h
    if bug == "stride-one-axis:rows-only":
        s_w = 1
    if bug == "stride-one-axis:columns-only":
        s_h = 1
    if bug == "dilation-ignored:both":
        d_h = d_w = 1
    if bug == "dilation-ignored:rows":
        d_h = 1
    rows, columns, samples, filters = range(h_out), range(w_out), range(n_samples), range(c_out)
    if bug == "loop-range:input":
        rows, columns = range(height), range(width)
    if bug == "loop-range:unpadded":
        rows = range((height - common.reach(f_h, d_h)) // s_h + 1)
        columns = range((width - common.reach(f_w, d_w)) // s_w + 1)
    if bug == "loop-range:early-rows":
        rows = range(h_out - 1)
    if bug == "loop-range:early-columns":
        columns = range(w_out - 1)
    if bug == "axes-swapped:extent":
        rows, columns = columns, rows
    if bug == "batch-one-sample:first":
        samples = range(1)
    if bug == "batch-one-sample:last":
        samples = range(n_samples - 1, n_samples)
    if bug == "batch-hardcoded:loop-of-2":
        samples = range(2)
    if bug == "one-channel-only:all-last":
        filters = range(c_out - 1, c_out)

    for c in filters:
        group = c // (c_out // groups)
        if bug == "groups-ignored:first-channels":
            group = 0
        if bug == "groups-ignored:interleaved":
            group = c % groups
        channels = slice(group * c_k, (group + 1) * c_k)
        kernel = W[:, :, :, c]
        if bug == "kernel-flipped:both":
            kernel = kernel[::-1, ::-1]
        if bug == "kernel-transposed:slice":
            kernel = kernel.transpose(1, 0, 2)
        for n in samples:
            for j in columns:
                for i in rows:
                    top, left = i * s_h, j * s_w
                    if bug == "stride-ignored:both":
                        top, left = i, j
                    if bug == "axes-swapped:window":
                        top, left = j * s_h, i * s_w
                    seen_top, seen_left = (i, j) if bug == "stride-ignored:dW" else (top, left)
                    if bug == "stride-ignored:dA":
                        top, left = i, j

                    if bug == "dZ-index-strided:raises":
                        dz = dZ[n, i * s_h, j * s_w, c]
                    elif bug == "dZ-index-strided:guarded":
                        inside = i * s_h < h_out and j * s_w < w_out
                        dz = dZ[n, i * s_h, j * s_w, c] if inside else 0.0
                    elif bug == "dZ-transposed:index":
                        dz = dZ[n, j, i, c]
                    elif bug == "mask-from-gradient":
                        dz = dZ[n, i, j, c] * (dZ[n, i, j, c] > 0)
                    elif bug == "dZ-channel-fixed:first":
                        dz = dZ[n, i, j, 0]
                    elif bug == "dZ-channel-fixed:last":
                        dz = dZ[n, i, j, c_out - 1]
                    else:
                        dz = dZ[n, i, j, c]

                    source = 0 if bug == "batch-one-sample:input-first" else n
                    x = A_pad[
                        source,
                        seen_top : seen_top + common.reach(f_h, d_h) : d_h,
                        seen_left : seen_left + common.reach(f_w, d_w) : d_w,
                        channels,
                    ]
                    if bug == "input-not-padded:clipped":
                        dW[: x.shape[0], : x.shape[1], :, c] += x * dz
                    elif bug == "overwrite-dW:last-window":
                        dW[:, :, :, c] = x * dz
                    elif bug in ("integer-truncation:every-step", "integer-truncation:int-input"):
                        dW[:, :, :, c] = dW[:, :, :, c] + x * dz
                    elif bug == "one-channel-only:dW-first":
                        dW[:, :, :, c] += x * dz * (c == 0)
                    elif bug == "one-channel-only:dW-last":
                        dW[:, :, :, c] += x * dz * (c == c_out - 1)
                    elif bug == "one-channel-only:lands-in-first":
                        dW[:, :, :, 0] += x * dz
                    elif bug == "gradient-not-returned:dW":
                        dw = np.copy(dW[:, :, :, c])
                        dw += x * dz
                    else:
                        dW[:, :, :, c] += x * dz

                    window = dA_pad[
                        n,
                        top : top + common.reach(f_h, d_h) : d_h,
                        left : left + common.reach(f_w, d_w) : d_w,
                        channels,
                    ]
                    if bug == "dA-not-padded:clipped":
                        window += kernel[: window.shape[0], : window.shape[1]] * dz
                    elif bug == "overwrite-dA:last-window":
                        window[...] = kernel * dz
                    elif bug in ("integer-truncation:every-step", "integer-truncation:int-input"):
                        window[...] = window + kernel * dz
                    elif bug == "one-channel-only:dA-first":
                        window += kernel * dz * (c == 0)
                    elif bug == "one-channel-only:dA-last":
                        window += kernel * dz * (c == c_out - 1)
                    else:
                        window += kernel * dz

                    if bug == "overwrite-db:last-window":
                        db[c] = dz
                    else:
                        db[c] += dz
    if bug == "dW-flipped":
        dW = dW[::-1, ::-1]
    if bug in (*common.BIAS_BUGS, "starts-from-input:db"):
        db = common.bias_gradient(dZ, b, bug)
    return common.cropped(dA_pad, A, padding, bug), dW, db
