"""Runs in the child: an autograd of the candidate's own file, where `out.backward()` fills `x.grad`."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convstep.candidate.call.words import roles_of
from convstep.candidate.load.lookup import held_by

_HELD = ("data", "value", "val", "array")
_GRADIENTS = ("grad", "g", "gradient", "adjoint", "diff")
_INPUTS = ("inputs", "parents", "children", "prev", "_prev", "operands", "sources")
"""What a node calls its array, its gradient and the nodes that it was made of; as in `used.py`."""


@functools.lru_cache(8)
def tape_of(function: Callable[..., Any]) -> type | None:
    """The class of a function's file that keeps an array, its gradient and its way back; None without one."""
    plain: Any = inspect.unwrap(getattr(function, "__func__", function))
    if isinstance(plain, type):
        plain = next((each for each in vars(plain).values() if inspect.isfunction(each)), plain)
    found = [each for each in list(getattr(plain, "__globals__", {}).values()) if held_by(each)]
    return min(found, key=lambda kind: len(kind.__mro__), default=None)


def boxed(kind: type, array: Any) -> Any:
    """A box with an array whose gradient is wanted."""
    wants = [name for name in inspect.signature(kind).parameters if name.startswith("requires_grad")]
    return kind(array, **dict.fromkeys(wants, True))


def array_in(box: Any) -> Any:
    """The array in a box; anything else as it is."""
    name = held_by(type(box))
    if not name and not hasattr(box, "shape"):  # of a node without a backward of its own
        name = next((each for each in _HELD if hasattr(getattr(box, each, None), "shape")), "")
    return getattr(box, name) if name else box


class Node(np.ndarray[Any, Any]):
    """An array as a node of a graph: itself, and its value under whatever name."""

    @property
    def value(self) -> Any:
        """The array alone."""
        return self.view(np.ndarray)

    val = array = data = value


def node_of(function: Callable[..., Any], array: Any, inputs: Sequence[Any] = ()) -> Any:
    """An array as a node of a graph, made of others or of none; its gradient begins at zero.

    One that is made of none is of the class that the function's file has for it, if it has one.
    """
    plain: Any = inspect.unwrap(getattr(function, "__func__", function))
    tensor = hasattr(array, "detach")
    for kind in () if tensor or inputs else list(getattr(plain, "__globals__", {}).values()):
        code = getattr(getattr(kind, "__init__", None), "__code__", None) if isinstance(kind, type) else None
        names = {*getattr(code, "co_names", ()), *getattr(kind, "__annotations__", {})}
        if names & {*_GRADIENTS} and names & {*_HELD}:
            with contextlib.suppress(Exception):
                return kind(array)
    made = array if tensor else np.asarray(array).view(Node)
    for name in _GRADIENTS:
        setattr(made, name, array * 0)
    for name in _INPUTS:
        setattr(made, name, list(inputs))
    return made


def gradient_of(node: Any) -> Any:
    """What was put into a node as its gradient; None if it is still zero."""
    found = (array_in(getattr(node, name, None)) for name in _GRADIENTS)
    return next((each for each in found if hasattr(each, "shape") and bool((each != 0).any())), None)


def hand_back(node: Any, gradient: Any) -> None:
    """Put the gradient from above into an output, whatever it is called there."""
    for name in _GRADIENTS:
        if not callable(getattr(node, name, None)):
            with contextlib.suppress(AttributeError, RuntimeError):  # of what cannot have it, or not this
                setattr(node, name, gradient)


def pulled_back(out: Any, dZ: Any, boxes: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients of boxes, by name, once a gradient was handed back from what was made of them.

    It is handed to `backward`, which may want it as an array or in a box; where that takes none, it is what
    the output has as its own, whatever `backward` would begin with.
    """
    first = next(iter(inspect.signature(out.backward).parameters.values()), None)
    takes = first is not None and "dZ" in roles_of(first.name)
    kept = {name: copy.deepcopy(box.grad) for name, box in boxes.items()}
    failed: Exception | None = None
    for form in (np.asarray, functools.partial(boxed, type(out))):
        try:
            if takes:
                out.backward(form(dZ))
            else:
                _beginning_with(out, form(dZ))
        except Exception as error:
            failed = failed or error
            for name, box in boxes.items():
                box.grad = kept[name]
            continue
        return {name: array_in(box.grad) for name, box in boxes.items()}
    assert failed is not None
    raise failed


def _beginning_with(out: Any, dZ: Any) -> None:
    """Call a `backward` that takes nothing, and puts ones into the output's gradient, or keeps one there."""
    kind = type(out)
    fixed = property(lambda box: dZ, lambda box, value: None)
    out.__class__ = type(
        kind.__name__, (kind,), {"grad": fixed, "__slots__": (), "__module__": kind.__module__}
    )
    try:
        out.backward()
    finally:
        out.__class__ = kind
