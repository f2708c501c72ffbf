"""`convstep.record`: run a function once, and step what it did."""

from __future__ import annotations

import copy
import ctypes
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from convstep.recording.addresses import bounds_of, root_of
from convstep.recording.reach import named_arrays
from convstep.recording.recorder import Edited, run
from convstep.recording.recording import Recording
from convstep.steps.cells import Array


def copied(values: Any) -> Any:
    """Values of any kind with arrays of their own, as far as they can be copied, sharing memory as before.

    With the strides of what they are copies of, on which the order depends in which NumPy adds.
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


def record(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Recording:
    """Run a function over NumPy arrays once and keep every step of it, to be stepped both ways.

    It is given copies of its arguments, laid out as they are, and so leaves them alone. If it raises, or
    does not end, what was recorded until then can be stepped, and `ended` says why it ended.

    Args:
        function: a function, method, class or callable object, written in Python.
        *args: its arguments.
        **kwargs: its keyword arguments.

    Raises:
        RecordingError: its source is not known, or it is not written in Python; one sentence.
    """
    return record_call(function, args, kwargs)


def record_call(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    numbers: Edited = MappingProxyType({}),  # it cannot be changed
) -> Recording:
    """The same, with other numbers in some cells of its arguments' copies; see `recorder.run`."""
    owner = getattr(function, "__self__", None)
    made = (
        copied((owner, args, kwargs))
        if owner is not None and not isinstance(owner, type)
        else (owner, *copied((args, kwargs)))
    )
    if owner is not None and not isinstance(owner, type) and hasattr(function, "__func__"):
        function = function.__func__.__get__(made[0])
    done = run(function, made[1], made[2], numbers=numbers)
    return Recording(done.log, done.source.text, done.name, done.result)
