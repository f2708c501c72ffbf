"""Views that reach beyond their array, as `as_strided` makes them of wrong sizes without a word."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np

_seen: list[int] = []


def watch() -> None:
    """Note from now on where NumPy's `as_strided` is asked for more than there is."""
    original = np.lib.stride_tricks.as_strided
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def as_strided(x: Any, *given: Any, **named: Any) -> Any:
        view = original(x, *given, **named)
        owner = x  # the view's own base is none of NumPy's arrays
        while isinstance(getattr(owner, "base", None), np.ndarray):
            owner = owner.base
        if isinstance(owner, np.ndarray) and view.size and not _within(view, owner):
            _seen.append(sys._getframe(1).f_lineno)
        return view

    np.lib.stride_tricks.as_strided = as_strided


def taken() -> int:
    """The line that made the first view beyond its array since this was asked last; 0 if none did."""
    line = _seen[0] if _seen else 0
    _seen.clear()
    return line


def _within(view: Any, owner: Any) -> bool:
    """Whether a view lies in the memory of an array."""
    low, high = _ends(view)
    first, last = _ends(owner)
    return first <= low and high <= last


def _ends(array: Any) -> tuple[int, int]:
    """The first byte of an array, and the one after its last."""
    low = high = array.__array_interface__["data"][0]
    for size, step in zip(array.shape, array.strides, strict=True):
        low, high = low + min(0, (size - 1) * step), high + max(0, (size - 1) * step)
    return low, high + array.itemsize
