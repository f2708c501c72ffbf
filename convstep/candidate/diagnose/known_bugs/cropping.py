"""How a flawed backward gets dA_prev out of its padded buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes, Refit
from convstep.conv.geometry import Geometry, Padding, Pair

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
    dA, geometry = buffer.dA, buffer.geometry
    if mistakes.crop.startswith("axes "):
        return _along_other_axes(buffer, mistakes.crop.removeprefix("axes "))
    height, width, _ = geometry.input_shape
    if mistakes.refit == "rows before":
        wanted = [have + sum(p) for have, p in zip((height, width), buffer.padding, strict=True)]
        missing = [max(full - size, 0) for full, size in zip(wanted, dA.shape[1:3], strict=True)]
        dA = np.pad(dA, ((0, 0), (missing[0], 0), (missing[1], 0), (0, 0)))
    if mistakes.crop == "H and W swapped":
        height, width = width, height
    form, _, axis = mistakes.crop.removesuffix(" assigned").partition(" on ")
    padding = geometry.padding if form.startswith("outer ") else buffer.padding
    form = form.removeprefix("outer ")
    rows = _slice(form if axis != "W" else "", padding[0], height, dA.shape[1])
    columns = _slice(form if axis != "H" else "", padding[1], width, dA.shape[2])
    part = dA[:, rows, columns]
    return _assigned(part, geometry) if mistakes.crop.endswith(" assigned") else part


def _slice(form: str, padding: Pair, wanted: int, size: int) -> slice:
    """The slice along one axis, of `size` cells, that people write to keep `wanted` of them."""
    before, after = padding
    match form:
        case "none":
            return slice(None)
        case "[p:-p]":
            return slice(before, -after)
        case "[p:size-p]":
            return slice(before, max(size - after, 0))
        case "[1:-1]":
            return slice(1, -1)
        case "[p:]":
            return slice(before, None)
        case "[:H]":
            return slice(wanted)
        case "[-H:]":
            return slice(-wanted, None)
        case _:
            return slice(before, before + wanted)


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
