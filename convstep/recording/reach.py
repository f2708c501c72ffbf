"""Reach: the arrays that values lead to, through containers, objects and what stands before them."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from convstep.steps.cells import Array

Entries = Callable[[Any], Iterator[tuple[str, Any]]]
DEEP = 6
"""How far one looks into containers and objects: a network's layers' gradients' arrays lie four deep."""
MANY = 1000
"""Entries of a container that are looked at."""
MOST = 10_000
"""Containers and objects that are looked into, the nearest ones."""
_PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None), range, slice})
"""Types of what leads nowhere."""


def named_arrays(value: Any, name: str = "") -> Iterator[tuple[str, Array]]:
    """The arrays in containers and objects, the nearest first, each by what is written to reach it.

    >>> [name for name, _ in named_arrays({"W": np.zeros(2), "layers": [np.ones(3)]}, "cache")]
    ["cache['W']", "cache['layers'][0]"]
    """
    return _reached(value, name, entries)


def arrays_behind(values: list[Any]) -> Iterator[Array]:
    """The arrays that can be reached from some values, also through methods, closures and iterators."""
    for _, array in _reached(values, "", _everything):
        # one of a class of its own is in the same memory
        yield array if type(array) is np.ndarray else array.view(np.ndarray)


def _reached(value: Any, name: str, inside: Entries) -> Iterator[tuple[str, Array]]:
    # with the objects that each is in, so that a parent that a child knows is not entered again
    todo: deque[tuple[str, Any, tuple[Any, ...]]] = deque([(name, value, ())])
    left = MOST
    while todo and left:
        path, one, around = todo.popleft()
        if isinstance(one, np.ndarray):
            yield path, one
        elif len(around) < DEEP and all(one is not outer for outer in around):
            left -= 1
            own = (*around, one)
            todo.extend(
                (f"{path}{key}", inner, own) for key, inner in inside(one) if type(inner) not in _PLAIN
            )


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """What a container or an object holds, by what is written to reach it."""
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", inner) for key, inner in list(value.items())[:MANY])
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{number}]", inner) for number, inner in enumerate(value[:MANY]))
    elif not isinstance(value, (type, ModuleType, FunctionType)) and hasattr(value, "__dict__"):
        yield from ((f".{name}", inner) for name, inner in list(vars(value).items())[:MANY])


def _everything(value: Any) -> Iterator[tuple[str, Any]]:
    yield from entries(value)
    yield from (("", inner) for inner in _behind(value))


def _behind(value: Any) -> Iterator[Any]:
    """What something writes into that holds no arrays itself."""
    if isinstance(value, np.flatiter):
        yield value.base
    elif isinstance(value, memoryview):
        yield value.obj
    elif isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, (MethodType, BuiltinMethodType)):
        yield value.__self__
    elif isinstance(value, FunctionType):
        for cell in value.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty one
                yield cell.cell_contents
