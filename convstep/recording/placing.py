"""Placing: where the cells of a view lie in the array that owns them, by the addresses alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from convstep.frozen import NamedTuple
from convstep.recording.log import View
from convstep.steps.cells import Array
from convstep.steps.event import Region


class Placed(NamedTuple):
    """Cells of an owner."""

    region: Region
    """The smallest box that holds them, or with a step the very cells; slices go upwards."""
    cells: Array | None
    """Which of the box they are, in its shape; None for all of it."""


def places_of(view: View) -> npt.NDArray[np.int64]:
    """Where each cell of an array lies, in its shape: bytes from its storage's beginning."""
    places = np.array(view.offset, np.int64)
    for length, stride in zip(view.shape, view.strides, strict=True):
        places = places[..., np.newaxis] + np.arange(length) * stride
    return places


def placed(view: View, owner: View) -> Placed:
    """The cells of a view in an owner, of numbers of the same size."""
    found = _box(view.offset, view.shape, view.strides, owner)
    return Placed(found, None) if found is not None else scattered(places_of(view).ravel(), owner)


def scattered(offsets: npt.NDArray[np.int64], owner: View) -> Placed:
    """Cells of the owner anywhere; `offsets` in bytes from its storage's beginning."""
    if not offsets.size:
        return Placed(tuple(slice(0, 0, 1) for _ in owner.shape), None)
    index = _index_of(offsets, owner)
    lows, highs = [int(at.min()) for at in index], [int(at.max()) for at in index]
    region = tuple(slice(low, high + 1, 1) for low, high in zip(lows, highs, strict=True))
    mask = np.zeros([high - low + 1 for low, high in zip(lows, highs, strict=True)], bool)
    mask[tuple(at - low for at, low in zip(index, lows, strict=True))] = True
    if mask.size == 1:
        return Placed(tuple(lows), None)
    return Placed(region, None if mask.all() else mask)


def _box(offset: int, shape: Sequence[int], strides: Sequence[int], owner: View) -> Region | None:
    """The region of cells that lie along axes of the owner; None where they do not."""
    if 0 in shape:
        return tuple(slice(0, 0, 1) for _ in owner.shape)
    start = [int(at) for at in _index_of(np.array(offset, np.int64), owner)]
    region: list[int | slice] = [*start]
    # the axis that moves furthest first, as memory is laid out
    axes = sorted(range(len(owner.shape)), key=lambda axis: -abs(owner.strides[axis]))
    for length, stride in zip(shape, strides, strict=True):
        if length == 1:
            continue
        axis = next(
            (a for a in axes if owner.shape[a] > 1 and owner.strides[a] and not stride % owner.strides[a]),
            None,
        )
        if axis is None or not stride or isinstance(region[axis], slice):
            return None
        step = stride // owner.strides[axis]
        last = start[axis] + step * (length - 1)
        if not 0 <= last < owner.shape[axis]:
            return None
        low, high = min(start[axis], last), max(start[axis], last)
        region[axis] = slice(low, high + 1, abs(step))
    return tuple(region)


def _index_of(offsets: npt.NDArray[np.int64], owner: View) -> list[npt.NDArray[np.int64]]:
    """From offsets to the owner's indices, an array for each axis."""
    rest = offsets - owner.offset
    # axes that run backwards are counted from their other end
    for length, stride in zip(owner.shape, owner.strides, strict=True):
        if stride < 0:
            rest = rest - stride * (length - 1)
    found: list[npt.NDArray[np.int64]] = [np.zeros_like(offsets)] * len(owner.shape)
    axes = sorted(range(len(owner.shape)), key=lambda axis: -abs(owner.strides[axis]))
    for axis in axes:
        length, stride = owner.shape[axis], abs(owner.strides[axis])
        if length <= 1 or not stride:
            continue
        at, rest = np.divmod(rest, stride)
        found[axis] = (length - 1 - at) if owner.strides[axis] < 0 else at
    return found
