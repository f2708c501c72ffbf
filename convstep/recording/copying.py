"""Copying arguments: what a function writes into its arguments stays with the copy."""

from __future__ import annotations

import copy
import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np

from convstep.recording.addresses import bounds_of, root_of
from convstep.recording.reach import named_arrays
from convstep.steps.cells import Array


def copied(values: Any) -> Any:
    """Values of any kind with arrays of their own, laid out as those are, and sharing memory as those do.

    The order in which NumPy adds depends on strides; so a copy has the strides of what it is a copy of. What
    refuses to be copied is taken as it is.
    """
    memo: dict[int, Any] = {}
    memory: dict[int, Array] = {}
    found = [array for _, array in named_arrays(values)]  # kept, so that no id is used twice
    for array in found:
        if type(array) is np.ndarray and id(array) not in memo and not array.dtype.hasobject:
            memo[id(array)] = _like(array, memory)
    return _deep(values, memo)


def _deep(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # a lock, a generator: whatever it says
        if isinstance(value, tuple):
            return tuple(_deep(one, memo) for one in value)
        if isinstance(value, list):
            return [_deep(one, memo) for one in value]
        if isinstance(value, Mapping):
            return {key: _deep(one, memo) for key, one in value.items()}
        return value


def _like(array: Array, memory: dict[int, Array]) -> Array:
    """A copy with the same strides, in a copy of the same memory."""
    root = root_of(array)
    low, high = bounds_of(root)
    held = memory.get(id(root))
    if held is None:
        if root.flags.c_contiguous or root.flags.f_contiguous:
            held = root.copy(order="K")
        else:
            held = np.frombuffer(ctypes.string_at(low, high - low), root.dtype).copy()
        memory[id(root)] = held
    if root is array and held.shape == array.shape:
        made = held
    else:
        place = array.__array_interface__["data"][0] - low
        buffer = held if held.flags.c_contiguous else held.T
        made = np.ndarray(array.shape, array.dtype, buffer, place, array.strides)
    made.flags.writeable = array.flags.writeable
    return made
