"""The methods of a class as text: written in the candidate's process, and read in ours."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

from convstep.frozen import frozen


@frozen()
class Parameter:
    """One parameter as it is written."""

    name: str
    """Without stars."""
    default: str | None = None
    """Its default as Python writes it; None if it must be given."""
    star: str = ""
    """ "*" or "**" where it takes the rest."""

    @property
    def value(self) -> object:
        """The default, if it is a literal."""
        try:
            return ast.literal_eval(self.default or "None")
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None


MOST = 100
"""Methods of a class that are told."""


class _Text(str):
    """A default as it is shown."""

    __slots__ = ()
    __repr__ = str.__str__


def written(kind: type) -> tuple[str, ...]:
    """What of a class says how it may be called: its constructor and its methods, "forward(x, train=True)".

    They are written without `self`, and with "@" before static ones.
    """
    methods = {"__init__": f"__init__{_signature(kind, skipped=False) or '()'}"}
    for base in kind.__mro__:
        if base is object or (base.__module__ or "").partition(".")[0] in ("torch", "abc", "typing"):
            continue
        for name, value in vars(base).items():
            static = isinstance(value, (staticmethod, classmethod))
            function = value.__func__ if static else value
            hidden = name in methods or (name[:2] == "__" and name != "__call__")
            if hidden or not inspect.isroutine(function):
                continue
            if text := _signature(function, skipped=not isinstance(value, staticmethod)):
                methods[name] = f"{'@' * static}{name}{text}"
    inherited = getattr(kind, "forward", None)  # of PyTorch's own layers
    if (
        "forward" not in methods
        and inspect.isfunction(inherited)
        and "_unimplemented" not in inherited.__name__
    ):
        methods["forward"] = f"forward{_signature(inherited, skipped=True) or '(input)'}"
    return tuple(methods.values())[:MOST]


def _signature(function: Callable[..., Any], *, skipped: bool) -> str | None:
    """The parameters as one would write them, with defaults that are short; None if they cannot be told."""
    with contextlib.suppress(TypeError, ValueError):
        listed = list(inspect.signature(function).parameters.values())[1 if skipped else 0 :]
        shown = [
            each.replace(
                annotation=each.empty,
                default=each.empty if each.default is each.empty else _Text(_shown(each.default)),
            )
            for each in listed
        ]
        return str(inspect.Signature(shown))
    return None


def _shown(default: object) -> str:
    with contextlib.suppress(Exception):
        if len(text := repr(default)) < 40 and ast.literal_eval(text) == default:
            return text
    return "..."


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """As `inspect.signature`, which takes as long as many a call: of a function or a method it is kept."""
    if inspect.isfunction(function):
        return _kept(function, bound=False)
    if inspect.ismethod(function) and inspect.isfunction(function.__func__):
        return _kept(function.__func__, bound=True)
    return inspect.signature(function)


@functools.lru_cache(maxsize=1 << 8)
def _kept(function: FunctionType, *, bound: bool) -> inspect.Signature:
    return inspect.signature(MethodType(function, object()) if bound else function)


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that a function can be given one by one; none where that cannot be told."""
    try:
        listed = signature_of(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each for each in listed if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]


def written_as(function: object) -> str:
    """A function's text; "" where that cannot be told."""
    try:
        return inspect.getsource(function)  # type: ignore[arg-type]
    except (TypeError, OSError):
        return ""


def read(text: str) -> tuple[str, tuple[Parameter, ...]]:
    """The name and the parameters of a method that was written."""
    name, _, rest = text.partition("(")
    function = ast.parse(f"def f({rest}: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    places = [*given.posonlyargs, *given.args]
    defaults = [*[None] * (len(places) - len(given.defaults)), *given.defaults, *given.kw_defaults]
    found = [
        Parameter(each.arg, None if default is None else ast.unparse(default))
        for each, default in zip([*places, *given.kwonlyargs], defaults, strict=True)
    ]
    rests = [
        Parameter(each.arg, star=star) for each, star in ((given.vararg, "*"), (given.kwarg, "**")) if each
    ]
    return name, (*found, *rests)
