"""`convstep.record`: run a function once, and step what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from convstep.recording.copying import copied
from convstep.recording.recorder import Edited, run
from convstep.recording.recording import Recording


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
