"""Runs in the child: an array put in the place of another one, in what was returned or in an object."""

from __future__ import annotations

from typing import Any

import numpy as np

from convstep.candidate.verdicts.calls import Path
from convstep.operators.operator import Array


def put(result: Any, owner: Any, path: Path, value: Array) -> Any:
    """Put an array where another one was returned, or is held.

    Args:
        result: what was returned.
        owner: the object whose method was called.
        path: where the other one is: in the result, if its first word is "".
        value: the array.

    Returns:
        What is returned now.
    """
    if path == ("",):
        return _as(result, value)
    if path[0] == "":
        return _within(result, path[1:], value)
    _within(owner, path[1:], value)
    return result


def _within(held: Any, path: Path, value: Array) -> Any:
    """The same, with an array in the place of another one; containers that can be are changed in place."""
    step, rest = path[0], path[1:]
    if step.startswith("."):
        old = getattr(held, step[1:])
        setattr(held, step[1:], _within(old, rest, value) if rest else _as(old, value))
        return held
    key: Any = step[1:-1]
    key = int(key) if isinstance(held, (tuple, list)) else next(one for one in held if f"[{one!r}]" == step)
    new = _within(held[key], rest, value) if rest else _as(held[key], value)
    if isinstance(held, tuple):
        parts = [*held[:key], new, *held[key + 1 :]]
        return type(held)(*parts) if hasattr(held, "_fields") else tuple(parts)
    held[key] = new
    return held


def _as(old: Any, value: Array) -> Any:
    """An array of the kind that stood there."""
    if hasattr(old, "detach"):
        return old.new_tensor(value)
    return value.astype(old.dtype) if isinstance(old, np.ndarray) else value
