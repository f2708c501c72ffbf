"""Runs in the child: an array put in the place of another one, and a function in that of another."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from convstep.candidate.verdicts.calls import Path
from convstep.operators.operator import Array


def put(result: Any, owner: Any, path: Path, value: Array) -> Any:
    """Put an array where another one was returned, or is held; what is returned now.

    Its path is in the result, if its first word is "", else in the object whose method was called.
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


def recode(function: FunctionType, made: Callable[..., Any]) -> None:
    """Give a function without closure the code of a call of what `made` makes of it, for all who hold it."""
    was = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    was.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(was, function)
    del was.__dict__["__wrapped__"]
    key = f"_convstep_{id(function)}_"
    function.__globals__[key] = made(was)
    call: dict[str, Any] = {}
    exec(f"def call(*places, **named): return {key}(*places, **named)", call)
    function.__code__, function.__defaults__, function.__kwdefaults__ = call["call"].__code__, None, None
    vars(function)["__wrapped__"] = was  # its signature, its source
