"""Every window a row of a matrix: two matrix products and a col2im, sample by sample."""

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
    "stride-ignored:dA",
    "stride-one-axis:rows-only",
    "stride-one-axis:columns-only",
    "dA-not-padded:raises",
    "overwrite-dW:last-sample",
    "overwrite-dA:fancy-index",
    "overwrite-db:last-sample",
    "kernel-flipped:both",
    "kernel-transposed:reshape",
    "axes-swapped:window",
    "axes-swapped:stride",
    "dZ-transposed:reshape",
    "dZ-channel-fixed:first",
    "one-channel-only:dA-first",
    "one-channel-only:dW-last",
    "integer-truncation:rounded-once",
    "groups-ignored:first-channels",
    "groups-ignored:interleaved",
    "dilation-ignored:both",
    "dilation-ignored:columns",
    "batch-one-sample:first",
    "batch-one-sample:last",
    "batch-one-sample:whole",
    "batch-hardcoded:reshape-to-10",
    "loop-range:early-rows",
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
    """Matrix products over index arrays; see `common` for layouts."""
    n_samples, h_out, w_out, c_out = dZ.shape
    f_h, f_w, c_k, _ = W.shape
    (s_h, s_w), (d_h, d_w) = stride, dilation
    A_pad = common.padded(A, padding, bug)
    dA_pad = common.room(A, padding, bug)
    dW = W.astype(float) if bug == "starts-from-input:dW" else np.zeros(W.shape)
    db = np.zeros(c_out)

    if bug == "axes-swapped:stride":
        s_h, s_w = s_w, s_h
    if bug == "stride-ignored:both":
        s_h = s_w = 1
    if bug == "stride-one-axis:rows-only":
        s_w = 1
    if bug == "stride-one-axis:columns-only":
        s_h = 1
    if bug == "dilation-ignored:both":
        d_h = d_w = 1
    if bug == "dilation-ignored:columns":
        d_w = 1
    # (H_out, 1, F_h, 1) and (1, W_out, 1, F_w): together every window's cells
    rows = (np.arange(h_out)[:, None] * s_h + np.arange(f_h) * d_h)[:, None, :, None]
    columns = (np.arange(w_out)[:, None] * s_w + np.arange(f_w) * d_w)[None, :, None, :]
    if bug == "axes-swapped:window":
        rows = (np.arange(w_out)[:, None] * s_h + np.arange(f_h) * d_h)[None, :, :, None]
        columns = (np.arange(h_out)[:, None] * s_w + np.arange(f_w) * d_w)[:, None, None, :]
    to_rows, to_columns = rows, columns
    if bug == "stride-ignored:dA":
        to_rows = (np.arange(h_out)[:, None] + np.arange(f_h) * d_h)[:, None, :, None]
        to_columns = (np.arange(w_out)[:, None] + np.arange(f_w) * d_w)[None, :, None, :]

    if bug == "batch-hardcoded:reshape-to-10":
        dZ = dZ.reshape(10, h_out, w_out, c_out)
    samples = range(n_samples)
    if bug == "batch-one-sample:first":
        samples = range(1)
    if bug == "batch-one-sample:last":
        samples = range(n_samples - 1, n_samples)
    for n in samples:
        dz_sample = dZ.sum(axis=0) if bug == "batch-one-sample:whole" else dZ[n]
        if bug == "dZ-transposed:reshape":
            dz_sample = dz_sample.transpose(1, 0, 2).reshape(h_out, w_out, c_out)
        if bug == "dZ-channel-fixed:first":
            dz_sample = np.repeat(dz_sample[:, :, :1], c_out, axis=2)
        if bug == "loop-range:early-rows":
            dz_sample = np.concatenate([dz_sample[:-1], np.zeros_like(dz_sample[-1:])])
        dz_rows = dz_sample.reshape(h_out * w_out, c_out)
        dA_sample = dA_pad[n]
        dW_sample = np.zeros(W.shape)
        per_group = c_out // groups
        for group in range(groups):
            filters = np.arange(group * per_group, (group + 1) * per_group)
            channels = slice(group * c_k, (group + 1) * c_k)
            if bug == "groups-ignored:first-channels":
                channels = slice(0, c_k)
            if bug == "groups-ignored:interleaved":
                filters = np.arange(group, c_out, groups)
            cols = A_pad[n, :, :, channels][rows, columns].reshape(h_out * w_out, f_h * f_w * c_k)
            kernels = W[:, :, :, filters]
            if bug == "kernel-flipped:both":
                kernels = kernels[::-1, ::-1]
            if bug == "kernel-transposed:reshape":
                kernels = kernels.transpose(1, 0, 2, 3)
            matrix = kernels.reshape(f_h * f_w * c_k, per_group)
            dz = dz_rows[:, filters]
            dW_sample[:, :, :, filters] = (cols.T @ dz).reshape(f_h, f_w, c_k, per_group)
            dcols = dz @ matrix.T
            if bug == "one-channel-only:dA-first":
                dcols = np.outer(dz[:, 0], matrix[:, 0]) * (group == 0)
            dcols = dcols.reshape(h_out, w_out, f_h, f_w, c_k)
            target = dA_sample[:, :, channels]
            if bug == "overwrite-dA:fancy-index":
                target[to_rows, to_columns] += dcols  # a repeated index is written, not added
            else:
                np.add.at(target, (to_rows, to_columns), dcols)
        if bug == "one-channel-only:dW-last":
            dW_sample[:, :, :, :-1] = 0
        if bug == "overwrite-dW:last-sample":
            dW = dW_sample
        elif bug != "gradient-not-returned:dW":
            dW += dW_sample
        if bug == "overwrite-db:last-sample":
            db = dz_rows.sum(axis=0)
        else:
            db += dz_rows.sum(axis=0)
    if bug == "batch-one-sample:whole":
        db = dZ.sum(axis=(0, 1, 2))
    if bug in (*common.BIAS_BUGS, "starts-from-input:db"):
        db = common.bias_gradient(dZ, b, bug)
    dA = common.cropped(dA_pad, A, padding, bug)
    if bug == "integer-truncation:rounded-once":
        whole_dA, whole_dW = np.zeros(A.shape, int), np.zeros(W.shape, int)
        whole_dA[...], whole_dW[...] = dA, dW
        return whole_dA, whole_dW, db
    return dA, dW, db
