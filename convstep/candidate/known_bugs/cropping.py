"""How a flawed backward gets dA_prev out of its padded buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.known_bugs.mistakes import Mistakes, Refit
from convstep.conv.geometry import Geometry, Padding

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """The array that windows were written to."""

    dA: Array
    """`(N, rows, columns, C_in)`."""
    padding: Padding
    """The padding that its owner believes it has."""
    geometry: Geometry
    """The problem's integers."""


def cropped(buffer: Buffer, mistakes: Mistakes) -> Array:
    """The buffer without what its owner takes for the padding; real slices, empty ones included.

    Args:
        buffer: the padded gradient.
        mistakes: `crop` and `refit` matter.

    Raises:
        ValueError: the slice is assigned to an array of another shape.
    """
    dA = buffer.dA
    (top, bottom), (left, right) = buffer.padding
    height, width, _ = buffer.geometry.input_shape
    if mistakes.refit == "rows before":
        missing = [height + top + bottom - dA.shape[1], width + left + right - dA.shape[2]]
        dA = np.pad(dA, ((0, 0), (max(missing[0], 0), 0), (max(missing[1], 0), 0), (0, 0)))
    inside = slice(top, top + height), slice(left, left + width)
    minus = slice(top, -bottom), slice(left, -right)
    match mistakes.crop:
        case "none":
            return dA
        case "[p:-p]":
            return dA[:, *minus]
        case "[p:-p] on H":
            return dA[:, minus[0], inside[1]]
        case "[p:-p] on W":
            return dA[:, inside[0], minus[1]]
        case "[p:-p] assigned":
            return _assigned(dA[:, *minus], buffer.geometry)
        case "[p:size-p]":
            return dA[:, top : max(dA.shape[1] - bottom, 0), left : max(dA.shape[2] - right, 0)]
        case "outer [p:-p]":
            (top, bottom), (left, right) = buffer.geometry.padding
            return dA[:, top:-bottom, left:-right]
        case "outer [p:size-p]":
            (top, bottom), (left, right) = buffer.geometry.padding
            return dA[:, top : max(dA.shape[1] - bottom, 0), left : max(dA.shape[2] - right, 0)]
        case "[1:-1]":
            return dA[:, 1:-1, 1:-1]
        case "[1:-1] assigned":
            return _assigned(dA[:, 1:-1, 1:-1], buffer.geometry)
        case "[p:]":
            return dA[:, top:, left:]
        case "H and W swapped":
            return dA[:, top : top + width, left : left + height]
        case "[:H]":
            return dA[:, :height, :width]
        case "[:H] on H":
            return dA[:, :height, inside[1]]
        case "[:H] on W":
            return dA[:, inside[0], :width]
        case "[-H:]":
            return dA[:, -height:, -width:]
        case "[-H:] on H":
            return dA[:, -height:, inside[1]]
        case "[-H:] on W":
            return dA[:, inside[0], -width:]
        case "":
            return dA[:, *inside]
        case _:
            return _along_other_axes(buffer, mistakes.crop.removeprefix("axes "))


def _along_other_axes(buffer: Buffer, axes: str) -> Array:
    """A crop along two axes that need not be H and W.

    Args:
        buffer: the padded gradient.
        axes: e.g. "N, H"; a third word is "guarded", `[p:-p]` only where p > 0, or "started",
            `[p:p+H, p:p+W]`.
    """
    full = dict.fromkeys("NHWC", slice(None))
    for letter, (before, after), size in zip(
        axes[:4:3], buffer.padding, buffer.geometry.input_shape[:2], strict=True
    ):
        end = before + size if axes.endswith("started") else -after
        full[letter] = slice(before, None if axes.endswith("guarded") and not after else end)
    return buffer.dA[tuple(full.values())]


def refitted(dA: Array, geometry: Geometry, refit: Refit) -> Array:
    """A gradient of the wrong size brought to the input's by zeros, or assigned to it.

    Raises:
        ValueError: it is assigned to an array of another shape.
    """
    if refit in ("", "rows before"):
        return dA
    height, width, _ = geometry.input_shape
    if refit == "assigned":
        return _assigned(dA, geometry)
    dA = dA[:, :height, :width]
    missing = height - dA.shape[1], width - dA.shape[2]
    before = {
        "zeros after": (0, 0),
        "zeros before": missing,
        "zeros around": (missing[0] // 2, missing[1] // 2),
    }[refit]
    fitted = np.zeros((len(dA), height, width, dA.shape[3]))
    fitted[:, before[0] : before[0] + dA.shape[1], before[1] : before[1] + dA.shape[2]] = dA
    return fitted


def _assigned(dA: Array, geometry: Geometry) -> Array:
    """`dA_prev[i_n] = …`, for every sample."""
    target = np.zeros((geometry.samples, *geometry.input_shape))
    target[...] = dA
    return target
