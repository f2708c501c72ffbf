"""Describe a function that is already in memory as a candidate: its file, its lines, its text."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convstep.candidate.call.child import describe
from convstep.candidate.call.served import Served
from convstep.candidate.load.lookup import is_autograd


def served_function(function: Callable[..., Any]) -> Served:
    """A live function, with what can be told about it."""
    inner = _written(function)
    kind = _kind(inner)
    namespace = _namespace(inner)
    name = name_of(function)
    file, first_line, source = "", 0, ""
    with contextlib.suppress(TypeError, OSError):
        file = inspect.getsourcefile(inner) or ""
        lines, first_line = inspect.getsourcelines(inner)
        source = "".join(lines)
    described = describe(function, kind, name, namespace)
    return Served(function, namespace, replace(described, file=file, first_line=first_line, source=source))


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called; an object that can be called goes by its class."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    return str(name or type(function).__qualname__)


def _written(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that somebody wrote: inside decorators and partials, or an object's `__call__`."""
    inner: Callable[..., Any] = inspect.unwrap(function)
    if isinstance(inner, functools.partial):
        return _written(inner.func)
    if inspect.isroutine(inner) or isinstance(inner, type):
        return inner
    called: Callable[..., Any] = inspect.unwrap(type(inner).__call__)
    return called


def _kind(function: Callable[..., Any]) -> str:
    if isinstance(function, type):
        return "autograd" if is_autograd(function) else "class"
    return "method" if inspect.ismethod(function) else "function"


def _namespace(function: Callable[..., Any]) -> dict[str, Any]:
    """The names around a function: its module's, or its class's own module's."""
    plain = getattr(function, "__func__", function)
    if hasattr(plain, "__globals__"):
        return dict(plain.__globals__)
    import sys

    module = sys.modules.get(getattr(function, "__module__", "") or "")
    return dict(vars(module)) if module is not None else {}
