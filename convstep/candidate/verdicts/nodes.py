"""Runs in the child: an autograd engine's class of nodes, recognised by what it does with numbers."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from convstep.candidate.call.words import roles_of
from convstep.candidate.load import names
from convstep.frozen import frozen
from convstep.steps.cells import Array

ARRAYS = {"shape", "ndim", "zeros_like", "ones_like", "reshape", "asarray", "array", "transpose", "ndarray"}
"""What a class names whose nodes hold arrays."""
GRADIENT = re.compile(r"_?(grad\w*|g|d|dv|bar|adj\w*|deriv\w*|delta|diff|dout|dx)$", re.I)
"""What a node calls its gradient."""
WANTED = re.compile(r"_?(requires?_?grad\w*|autograd|needs?_?grad\w*|track\w*|require_gradient)", re.I)
"""What says at a node's making that its gradient is wanted."""
PLAIN = 1.625
"""A number that no class has by itself."""


@frozen(eq=False)
class Nodes:
    """A class whose objects hold a number or an array, and the gradient that a walk back puts there."""

    kind: type
    value_name: str
    """What a node calls its number or array."""
    arrays: bool
    """Whether that is an array."""
    back: Callable[..., Any]
    """Walks back from a node."""
    back_name: str
    """What that is called."""
    above: bool
    """Whether it may be handed a gradient from above."""
    needs_above: bool
    """Whether it must be."""
    lists: tuple[tuple[list[Any], list[Any]], ...] = ()
    """The lists of its file or class, such as a tape, and what they hold when nothing was done."""

    def made(self, value: Array, *, wanted: bool = True) -> Any:
        """A node of a number or an array, whose gradient is wanted or not."""
        return _made(self.kind, np.array(value) if self.arrays else float(value), wanted=wanted)

    def is_one(self, value: object) -> bool:
        """Whether it is a node."""
        return isinstance(value, self.kind)

    def value(self, node: Any) -> Array:
        """What a node holds, as float64; a TypeError or ValueError if it is no real number."""
        held = np.asarray(_inside(node, self))
        if held.dtype.kind not in "fiu":
            raise TypeError(held.dtype)
        return held.astype(np.float64)

    def coarse(self, node: Any) -> bool:
        """Whether it computes in less than float64."""
        held = np.asarray(_inside(node, self))
        return held.dtype.kind == "f" and held.dtype.itemsize < 8

    def gradient(self, node: Any) -> Array | None:
        """The gradient that was put into a node; None if it has none yet."""
        for name in sorted(filter(GRADIENT.match, _attributes(node)), key=_rank):
            with contextlib.suppress(Exception):  # a property of somebody's own, which may raise
                found = getattr(node, name)
                array = np.asarray(None if isinstance(found, bool) else _inside(found, self))
                if array.dtype.kind in "fiu":
                    return array.astype(np.float64)
        return None

    def begin_anew(self) -> None:
        """Empty what its file keeps of earlier graphs."""
        for each, before in self.lists:
            each[:] = before


def raised_by_making(kind: type) -> Exception | None:
    """What making a node raises; None if nothing."""
    try:
        _made(kind, PLAIN)
    except Exception as error:  # whatever somebody's own code raises
        return error
    return None


def nodes_of(kind: type, namespace: Mapping[str, Any]) -> Nodes | None:
    """A class of nodes; None if it is none, as far as making one shows."""
    back = _way_back(kind, namespace)
    if back is None:
        return None
    function, above, needs_above = back
    name = ""
    for value in (PLAIN, np.array(PLAIN)):
        with contextlib.suppress(Exception):  # whatever somebody's own code raises
            name = name or _holding(_made(kind, value), np.array(PLAIN))
    if not name:
        return None
    lists = tuple(
        (value, list(value))
        for value in [*namespace.values(), *vars(kind).values()]
        if type(value) is list and not any(isinstance(one, (int, float, str)) for one in value)
    )
    return Nodes(kind, name, _of_arrays(kind, name), function, function.__name__, above, needs_above, lists)


def _made(kind: type, value: Any, *, wanted: bool = True) -> Any:
    listed = inspect.signature(kind).parameters.values()
    told = {one.name: wanted for one in listed if WANTED.fullmatch(one.name)}
    return kind(value, **told)


def _way_back(kind: type, namespace: Mapping[str, Any]) -> tuple[Callable[..., Any], bool, bool] | None:
    """What walks back from a node: its method, or a function of its file, or a method of a tape there."""
    for name in sorted(dir(kind), key=lambda one: (one != "backward", one)):
        if name[:1] != "_" and names.looks_backward(name) and "zero" not in name and "require" not in name:
            function = getattr(kind, name)
            taken = _taken(function, 1) if inspect.isfunction(function) else None
            if taken is not None:
                return (function, *taken)
    for name, value in namespace.items():
        if inspect.isfunction(value) and names.looks_backward(name) and (taken := _taken(value, 1)):
            return (value, *taken)
        method = getattr(value, "backward", None)
        if inspect.ismethod(method) and not isinstance(value, type) and (taken := _taken(method, 1)):
            return (method, *taken)
    return None


def _taken(function: Callable[..., Any], nodes: int) -> tuple[bool, bool] | None:
    """Whether a gradient may and must be handed over after so many nodes; None if it takes something else."""
    places = [
        one
        for one in inspect.signature(function).parameters.values()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    needed = [one for one in places if one.default is one.empty]
    if len(places) < nodes or len(needed) > nodes + 1 or len(needed) < nodes:
        return None
    above = len(places) > nodes and "dZ" in roles_of(places[nodes].name)
    return (above, len(needed) > nodes) if above or len(needed) == nodes else None


def _attributes(node: object) -> Iterator[str]:
    for kind in type(node).__mro__:
        slots = vars(kind).get("__slots__", ())
        yield from [slots] if isinstance(slots, str) else slots
        yield from (name for name, value in vars(kind).items() if isinstance(value, property))
    yield from getattr(node, "__dict__", {})


def _rank(name: str) -> tuple[bool, bool, int]:
    return name != "grad", "grad" not in name, len(name)


def _inside(value: Any, nodes: Nodes) -> Any:
    """The number or array in a node, or in a node's node; anything else as it is."""
    for _ in range(3):
        if not isinstance(value, nodes.kind):
            break
        value = getattr(value, nodes.value_name)
    return value


def _holding(node: object, value: Array) -> str:
    """Under which name a new node holds what it was made of; "" if it does not."""
    found = []
    for name in _attributes(node):
        held = None
        with contextlib.suppress(Exception):  # a property of somebody's own, which may raise
            held = getattr(node, name)
        if isinstance(held, (float, np.ndarray, np.generic)):
            array = np.asarray(held)
            if array.shape == value.shape and array.dtype.kind == "f" and np.allclose(array, value, 1e-2):
                found.append(name)
    first = ("data", "value", "val", "array", "_data")
    return min(found, key=lambda name: first.index(name) if name in first else len(first), default="")


def _of_arrays(kind: type, name: str) -> bool:
    """Whether nodes are meant to hold arrays: a number becomes one, or the class speaks of their shapes."""
    value = np.arange(6.0).reshape(2, 3) / 7 + 0.3
    try:
        if _holding(_made(kind, value), value) != name:
            return False
        with contextlib.suppress(Exception):
            if isinstance(getattr(_made(kind, PLAIN), name), np.ndarray):
                return True
    except Exception:  # whatever somebody's own code raises
        return False
    named: set[str] = set()
    for each in vars(kind).values():
        code = getattr(getattr(each, "fget", each), "__code__", None)
        named |= {*getattr(code, "co_names", ())}
        for inner in getattr(code, "co_consts", ()):
            named |= {*getattr(inner, "co_names", ())}
    return bool(named & ARRAYS)
