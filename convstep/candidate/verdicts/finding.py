"""The forward's call that belongs to a backward's, where nobody has made one: it makes the same cache."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.calls import Called, Pair, walked
from convstep.candidate.verdicts.trial import definition_of, source_of
from convstep.recording.reach import entries
from convstep.recording.source import Source


def reconstructed(
    backward: Called, forward: Callable[..., Any], namespace: Mapping[str, Any], source: Source | None
) -> Pair | None:
    """A pair whose forward is given what the backward and its file have by the names of its parameters.

    It counts only if that forward makes what the backward, whose call is about to be made, is given.
    """
    try:
        known = dict(namespace) | _unpacked(backward, source) | backward.arguments()
        places, named = _given(forward, known)
        before = Called.kept(forward, *places, **named)
        ran = before.like()
        made = ran.make()
        return Pair.of(before, ran, made, _linked(backward, made, ran))
    except Exception:  # whatever somebody's own code raises
        return None


def _given(forward: Callable[..., Any], known: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a forward by the names of its parameters; a LookupError if one is not known."""
    places, named = list[Any](), dict[str, Any]()
    for each in inspect.signature(forward).parameters.values():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            continue
        if each.name in known and not inspect.ismodule(known[each.name]):
            if each.kind is each.KEYWORD_ONLY or named:
                named[each.name] = known[each.name]
            else:
                places.append(known[each.name])
        elif each.default is each.empty:
            raise LookupError(each.name)
        else:
            named |= {}
            break
    return places, named


def _unpacked(backward: Called, source: Source | None) -> dict[str, Any]:
    """What a backward unpacks from its arguments: of `x, w, b = cache` all three, by name."""
    definition = definition_of(backward, source or source_of(backward))
    given = backward.arguments()
    return dict(_parts(definition.node, given)) if definition else {}


def _parts(node: ast.FunctionDef, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for statement in naming.own(node):
        if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name)):
            continue
        value, target = given.get(statement.value.id), statement.targets[0]
        if (
            isinstance(target, (ast.Tuple, ast.List))
            and isinstance(value, (tuple, list))
            and len(value) == len(target.elts)
        ):
            yield from (
                (one.id, each)
                for one, each in zip(target.elts, value, strict=True)
                if isinstance(one, ast.Name)
            )
        elif isinstance(target, ast.Name) and value is not None:
            yield target.id, value


def _linked(backward: Called, made: Any, ran: Called) -> Called:
    """The backward's call with what the forward has made in the place of what is the same.

    A LookupError if the forward has not made what the backward is given.
    """
    whole = [made] if not isinstance(made, (tuple, list)) else [*made, made]
    offered = [value for value in (*whole, *ran.arguments().values()) if _holds_arrays(value)]
    arguments = backward.arguments()

    def instead(name: str, value: Any) -> Any:
        if not _holds_arrays(value):
            return value
        found = [one for one in reversed(offered) if same(one, value)] or [
            one for one in offered if same(one, value)
        ]
        if found:
            return found[0]
        if isinstance(value, np.ndarray) and naming.of_gradient(name):
            return value
        raise LookupError(name)

    if backward.owner is not None or len(arguments) != len(backward.places) + len(backward.named or {}):
        raise LookupError("self")
    values = {name: instead(name, value) for name, value in arguments.items()}
    places = [values[name] for name in list(arguments)[: len(backward.places)]]
    return Called(backward.function, places, {name: values[name] for name in backward.named or {}})


def _holds_arrays(value: Any) -> bool:
    return any(isinstance(inner, np.ndarray) and inner.ndim for _, inner in walked({"": value}))


def same(one: Any, other: Any, depth: int = 4) -> bool:
    """Whether two values hold the same numbers in the same places."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    if type(one) is not type(other):
        return False
    parts: Sequence[tuple[str, Any]] = list(entries(one))
    if parts and depth:
        others = list(entries(other))
        return [name for name, _ in parts] == [name for name, _ in others] and all(
            same(a, b, depth - 1) for (_, a), (_, b) in zip(parts, others, strict=True)
        )
    return bool(one is other or callable(one) or one == other)
