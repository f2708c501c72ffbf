"""Runs in the child: a module caught as it is imported, and a function that all who hold it call anew."""

from __future__ import annotations

import functools
import importlib.machinery
import os
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any


def at_import(file: str, put: Callable[[ModuleType], None]) -> None:
    """Have something done whenever a module has run that is a file, however it is imported.

    Args:
        file: the file.
        put: what is done with the module.
    """
    meant = os.path.realpath(file)
    kinds: list[Any] = [importlib.machinery.SourceFileLoader]
    try:
        from _pytest.assertion.rewrite import AssertionRewritingHook

        kinds.append(AssertionRewritingHook)
    except ImportError:
        pass
    for kind in kinds:
        kind.exec_module = _then(kind.exec_module, meant, put)


def _then(run: Callable[..., None], file: str, put: Callable[[ModuleType], None]) -> Callable[..., None]:
    def exec_module(loader: Any, module: ModuleType) -> None:
        run(loader, module)
        origin = getattr(module.__spec__, "origin", None)
        if origin and os.path.realpath(origin) == file:
            put(module)

    return exec_module


def recode(function: FunctionType, made: Callable[..., Any]) -> None:
    """Give a function the code of a call of another one: whoever holds it calls that.

    Args:
        function: it has no closure.
        made: makes the other one from what the function was.
    """
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
