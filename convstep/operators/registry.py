"""Which operators there are: each module of this room that defines OPERATOR, and those that somebody adds."""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil
from collections.abc import Iterator
from difflib import get_close_matches

import convstep.operators as room
from convstep.language import tr
from convstep.operators.operator import Operator
from convstep.printable import SentenceError, printable

_added: dict[str, Operator] = {}


class OperatorError(SentenceError, ValueError):
    """There is no such operator, or it cannot be one; one sentence."""


@functools.cache
def _ours() -> dict[str, Operator]:
    modules = (
        importlib.import_module(f"{room.__name__}.{one.name}") for one in pkgutil.iter_modules(room.__path__)
    )
    found = [module.OPERATOR for module in modules if hasattr(module, "OPERATOR")]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def operators() -> tuple[Operator, ...]:
    """All operators, by name."""
    return tuple((_ours() | _added).values())


def is_ours(name: str) -> bool:
    """Whether an operator of this room is called so."""
    return name in _ours()


def operator_named(name: str) -> Operator:
    """The operator of a name, "max-pool"; else an `OperatorError` with the one that was probably meant."""
    known = _ours() | _added
    if name in known:
        return known[name]
    near = get_close_matches(name.lower().replace("_", "-"), known, 1)
    said = (
        "{name} is not an operator; did you mean {near}?"
        if near
        else "{name} is not an operator; `convstep operators` lists them"
    )
    raise OperatorError(tr(said, name=printable(name), near=near[0] if near else ""))


def add(operator: Operator) -> None:
    """Make an operator known by its name; it takes the place of one of the same name."""
    _added[operator.name] = operator


@contextlib.contextmanager
def added(operator: Operator) -> Iterator[None]:
    """The same while this lasts; then all is as it was."""
    before = _added.get(operator.name)
    add(operator)
    try:
        yield
    finally:
        if before is None:
            del _added[operator.name]
        else:
            add(before)
