"""What every form shares: padding, cropping, the bias gradient, and the mistakes made there.

The canonical layout is NHWC; W is `(F_h, F_w, C_in // groups, C_out)`, padding
`((top, bottom), (left, right))`. A bug is "id" or "id:variant".
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pair = tuple[int, int]
Padding = tuple[Pair, Pair]
Gradients = tuple[Array, Array, Array]


class Core(Protocol):
    """One way to write the backward pass; returns `(dA, dW, db)`."""

    def __call__(
        self,
        dZ: Array,
        A: Array,
        W: Array,
        b: Array,
        stride: Pair,
        padding: Padding,
        dilation: Pair = (1, 1),
        groups: int = 1,
        bug: str = "",
    ) -> Gradients: ...


PAD_BUGS = (
    "input-not-padded",
    "pad-mode:edge",
    "pad-mode:reflect",
    "padding-hardcoded:everywhere",
    "axes-swapped:padding",
)
CROP_BUGS = (
    "padding-not-cropped",
    "crop-zero-slice:empty",
    "crop-zero-slice:assigned",
    "crop-offset:origin",
    "crop-offset:far",
    "crop-offset:rows",
    "crop-wrong-axes:0-1",
    "crop-wrong-axes:2-3",
    "crop-wrong-axes:0-3",
    "crop-wrong-axes:3-1",
    "padding-hardcoded:crop",
    "gradient-not-returned:dA",
)
BIAS_BUGS = (
    "db-wrong-axes:rows",
    "db-wrong-axes:per-sample",
    "db-wrong-axes:per-column",
    "db-wrong-axes:everything",
    "db-mean:everything",
    "db-mean:positions",
)
START_BUGS = ("starts-from-input:dW", "starts-from-input:dA", "starts-from-input:db")


def padded(A: Array, padding: Padding, bug: str = "") -> Array:
    """`A` with zeros around each sample: `(N, H, W, C)` -> `(N, H + p, W + p, C)`."""
    if bug.startswith("input-not-padded"):
        return A
    around = padding
    if bug == "padding-hardcoded:everywhere":
        around = ((1, 1), (1, 1))
    if bug == "axes-swapped:padding":
        around = (padding[1], padding[0])
    widths = ((0, 0), *around, (0, 0))
    if bug == "pad-mode:edge":
        return np.pad(A, widths, mode="edge")
    if bug == "pad-mode:reflect":
        return np.pad(A, widths, mode="reflect")
    return np.pad(A, widths)


def room(A: Array, padding: Padding, bug: str = "") -> Array:
    """The accumulator of dA, padded as A is."""
    if bug.startswith("dA-not-padded"):
        return np.zeros(A.shape)
    if bug == "starts-from-input:dA":
        return padded(A, padding).astype(float)
    if bug.startswith("input-not-padded"):
        bug = ""
    return np.zeros(padded(A, padding, bug).shape)


def cropped(dA_pad: Array, A: Array, padding: Padding, bug: str = "") -> Array:
    """The padding taken off again."""
    (top, bottom), (left, right) = padding
    _, height, width, _ = A.shape
    if bug == "padding-hardcoded:everywhere":
        (top, bottom), (left, right) = (1, 1), (1, 1)
    if bug == "axes-swapped:padding":
        (left, right), (top, bottom) = padding
    if bug == "crop-ends-early":
        (top, bottom), (left, right) = padding
        return dA_pad[:, top : A.shape[1] - bottom, left : A.shape[2] - right]
    if bug == "padding-not-cropped" or bug.startswith("dA-not-padded"):
        return dA_pad
    if bug == "padding-hardcoded:crop":
        return dA_pad[:, 1:-1, 1:-1, :]
    if bug == "crop-zero-slice:empty":
        return dA_pad[:, top:-bottom, left:-right, :]
    if bug == "crop-offset:origin":
        return dA_pad[:, :height, :width, :]
    if bug == "crop-offset:far":
        return dA_pad[:, -height:, -width:, :]
    if bug == "crop-offset:rows":
        return dA_pad[:, :height, left : left + width, :]
    if bug.startswith("crop-wrong-axes"):
        first, second = (int(axis) for axis in bug.split(":")[1].split("-"))
        cut = [slice(None)] * 4
        cut[first] = slice(top, dA_pad.shape[first] - bottom)
        cut[second] = slice(left, dA_pad.shape[second] - right)
        return dA_pad[tuple(cut)]
    dA = np.zeros(A.shape)
    for n in range(len(A)):
        sample = dA_pad[n]
        if bug == "crop-zero-slice:assigned":
            dA[n] = sample[top:-bottom, left:-right, :]
        elif bug == "gradient-not-returned:dA":
            sample = sample[top : top + height, left : left + width, :]
        else:
            dA[n] = sample[top : top + height, left : left + width, :]
    return dA


def bias_gradient(dZ: Array, b: Array, bug: str = "") -> Array:
    """`(C_out,)`: the sum of dZ over samples and positions."""
    c_out = dZ.shape[3]
    if bug == "starts-from-input:db":
        return np.asarray(b + dZ.sum(axis=(0, 1, 2)))
    if bug == "db-wrong-axes:rows":
        return np.asarray(dZ.sum(axis=(0, 2, 3)))
    if bug == "db-wrong-axes:per-sample":
        return np.asarray(dZ.sum(axis=(1, 2)))
    if bug == "db-wrong-axes:per-column":
        return np.asarray(dZ.sum(axis=(0, 1)))
    if bug == "db-wrong-axes:everything":
        return np.full(c_out, dZ.sum())
    if bug == "db-mean:everything":
        return np.asarray(dZ.mean(axis=(0, 1, 2)))
    if bug == "db-mean:positions":
        return np.asarray(dZ.sum(axis=0).mean(axis=(0, 1)))
    return np.asarray(dZ.sum(axis=(0, 1, 2)))


def reach(taps: int, dilation: int) -> int:
    """Cells one window spans along an axis."""
    return dilation * (taps - 1) + 1
