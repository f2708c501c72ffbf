"""Layouts: a problem's arrays with their axes in another order, or without those of length 1.

A layout is a word: N sample, H row, W column, C channel of the input (and of dZ and Z, where it is the
output's), O filter, I input channel of a filter, 1 an axis of length 1. Axes in brackets are one: N(CHW)
is a row for each sample. Ours are NHWC, OHWI and O.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array

BIASES = ("O", "O1", "1O", "O11", "1O11", "111O", "11O", "")
"""Layouts of biases; "" is none."""

PLANES, NUMBERS, FILTERS = "planes", "numbers", "filters"
LISTS = {
    PLANES: "lists of planes",
    NUMBERS: "lists of numbers",
    FILTERS: "a list of filters",
}
"""What lists hold: arrays of two axes; numbers; or, of the kernels alone, an array for each filter."""


@frozen()
class Layouts:
    """How somebody's arrays lie."""

    A: str = "NHWC"
    """The input and its gradient; dZ and Z have the same axes."""
    W: str = "OHWI"
    """The kernels and their gradient."""
    b: str = "O"
    """The bias and its gradient; "" for a number, where there is one filter."""
    Z: str = ""
    """dZ and the output, where they have other axes than the input; else ""."""

    __repr__ = brief

    @property
    def batched(self) -> bool:
        """Whether pictures always have a batch axis."""
        return "N" in self.A

    @property
    def one_filter(self) -> bool:
        """Whether there is never more than one filter."""
        return "O" not in self.W or "C" not in (self.Z or self.A)

    def cannot_say(self, geometry: Geometry) -> str:
        """What of a geometry has no place in these arrays; "" if all of it has."""
        if geometry.batch is not None and "N" not in self.A:
            return tr("a batch")
        if "C" not in self.A and geometry.input_shape[2] > 1:
            return tr("several input channels")
        if "I" not in self.W and geometry.kernel_shape[3] > 1:
            return tr("several input channels")
        return tr("several filters") if self.one_filter and geometry.kernel_shape[0] > 1 else ""

    def theirs(self, name: str, array: Array) -> Array:
        """An array of ours in their layout: contiguous, and a copy.

        It is `A_prev`, `dZ`, `Z`, `W`, `b` or a gradient; pictures have a batch axis or none.
        """
        kind = _KIND[name]
        ours, wanted = _OURS[kind], getattr(self, kind) or self.A
        if kind == "b":
            wanted = self.b
            return np.array(array).reshape([-1 if axis == "O" else 1 for axis in wanted])
        if array.ndim == len(ours) - 1:  # no batch
            array = array[np.newaxis]
        axes = axes_of(wanted)
        kept = [axis for axis in ours if axis in axes]
        full = array.reshape([size for size, axis in zip(array.shape, ours, strict=True) if axis in kept])
        moved = np.array(full.transpose([kept.index(axis) for axis in axes]), order="C")
        return moved if axes == wanted else moved.reshape(_flat(wanted, axes, moved.shape))

    def ours(self, name: str, array: Array, geometry: Geometry) -> Array:
        """A gradient or an output of theirs in our layout; as it is where it has another number of axes."""
        kind = _KIND[name]
        ours, given = _OURS[kind], getattr(self, kind) or self.A
        if (axes := axes_of(given)) != given:
            pictures = geometry.input_shape if kind == "A" else geometry.output_shape
            shape = geometry.kernel_shape if kind == "W" else (geometry.batch or 1, *pictures[-3:])
            full = [dict(zip(ours, shape, strict=True))[axis] for axis in axes]
            if array.shape != _flat(given, axes, full):
                return array
            array, given = array.reshape(full), axes
        if kind == "b":
            given = self.b
            alike = array.ndim == len(given) and all(
                size == 1 for size, axis in zip(array.shape, given, strict=True) if axis == "1"
            )
            return array.reshape(-1) if alike else array
        if array.ndim != len(given):
            return array
        kept = [axis for axis in ours if axis in given]
        moved: Array = array.transpose([given.index(axis) for axis in kept])
        if kind in "AZ" and geometry.batch is None:
            if "N" in given and moved.shape[0] != 1:
                return moved
            moved, ours = (moved[0] if "N" in given else moved), ours[1:]
            kept = [axis for axis in kept if axis != "N"]
        sizes = dict(zip(kept, moved.shape, strict=True))
        return moved.reshape([sizes.get(axis, 1) for axis in ours])

    def cell(self, name: str, index: tuple[int, ...]) -> tuple[int, ...]:
        """A cell of ours, with or without the batch axis, as their own code would index it."""
        kind = _KIND[name]
        ours, given = _OURS[kind], axes_of(getattr(self, kind) or (kind == "Z" and self.A) or "")
        if kind in "AZ" and len(index) == len(ours) - 1:
            index = (0, *index)
        places = dict(zip(ours, index, strict=True))
        return tuple(places.get(axis, 0) for axis in given or ours)


@dataclass(slots=True, eq=False)
class Inputs:
    """A problem's arrays as a call lays them out, and its integers; copies, free to be changed."""

    A_prev: Any
    """The input."""
    W: Any
    """The kernels."""
    b: Any
    """The bias; zeros where a convention must have one and the problem has none."""
    dZ: Any
    """The upstream gradient."""
    stride: Any
    """An int where both are equal and the call allows it, else `(h, w)`."""
    padding: Any
    """The same."""
    dilation: Any
    """The same."""
    groups: int
    """Channel groups."""
    problem: Problem
    """The problem itself."""


def in_lists(name: str, array: Array, held: str) -> Any:
    """An array in lists.

    Args:
        name: which: "A_prev", "W", "b" or "dZ".
        array: it, as it lies.
        held: what the lists hold; one of `LISTS`.
    """
    if held == NUMBERS or (name == "b" and array.ndim == 1):
        return array.tolist()
    if held == FILTERS:
        return [*array] if name == "W" and array.ndim > 2 else array
    return [in_lists(name, part, held) for part in array] if array.ndim > 2 else array


def axes_of(layout: str) -> str:
    """The axes of a layout, each by itself."""
    return re.sub(r"[()]", "", layout)


def sides_of(layout: str) -> list[str]:
    """The axes along each side of an array: ["N", "CHW"]."""
    return [many or one for many, one in re.findall(r"\((\w+)\)|(\w)", layout)]


def _flat(layout: str, axes: str, shape: Sequence[int]) -> tuple[int, ...]:
    sizes = dict(zip(axes, shape, strict=True))
    return tuple(math.prod(sizes[axis] for axis in side) for side in sides_of(layout))


_OURS = {"A": "NHWC", "Z": "NHWC", "W": "OHWI", "b": "O"}
_KIND = {"A_prev": "A", "dA_prev": "A", "dZ": "Z", "Z": "Z", "W": "W", "dW": "W", "b": "b", "db": "b"}
