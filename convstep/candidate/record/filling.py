"""From values by name to the arguments of a function: its own, those of its class, those of its forward."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convstep.candidate.call.by_name import context_of
from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.verdicts.naming import is_upstream, plain

KEPT = re.compile(r"_?(cache\w*|\w+_cache|ctx|context|saved|memory|tape)")
"""What a forward keeps for its backward is called."""
OUTPUT = re.compile(r"[a-z]|out(put)?s?|y(_?hat)?|res(ult)?|probs?|softmax\w*|activat\w*|fwd|forward\w*")
"""What a forward's output may be called where it is all that is kept."""
_LETTERS = ("g", "d")
"""What a gradient from above is called too, as is a gamma, or how many features there are."""

Lookup = Callable[[str], Any]
NOTHING = object()
"""What a lookup says where it knows no value."""


@dataclass(slots=True)
class Filled:
    """The arguments of one call, as far as they are known."""

    places: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    """Parameters without a default for which there is nothing."""


def filled(function: Callable[..., Any], lookup: Lookup) -> Filled:
    """The arguments of a function by what a lookup says of each parameter."""
    found = Filled()
    by_place = True
    for each in parameters_of(function):
        value = lookup(each.name)
        if value is NOTHING:
            by_place = False  # those behind it go by name
            if each.default is each.empty:
                found.missing.append(each.name)
        elif each.kind is each.KEYWORD_ONLY or (not by_place and each.kind is not each.POSITIONAL_ONLY):
            found.named[each.name] = value
        else:
            found.places.append(value)
    return found


def with_context(lookup: Lookup, forward: Callable[..., Any]) -> Lookup:
    """The same where `ctx` is what a static forward keeps things in for its backward."""
    context = context_of(forward)

    def found(name: str) -> Any:
        value = lookup(name)
        return context if value is NOTHING and name.lower() in ("ctx", "context") else value

    return found


def by_name(values: Mapping[str, Any]) -> Lookup:
    """Looks values up by the very name of a parameter."""
    return lambda name: values.get(name, NOTHING)


def after_forward(
    made: Any,
    lookup: Lookup,
    names: Sequence[str] = (),
    parameters: Sequence[str] = (),
    optional: Container[str] = (),
    lone: str = "",
    inputs: Container[str] = (),
) -> Lookup:
    """The lookup for a backward whose forward has run: its cache, and a gradient of its output's shape.

    The forward `made` its output, or that and what it keeps, which it calls `names`; of these what is
    none of its `inputs` comes first, then what was known before. Of the backward's
    parameters those `optional` need no gradient of a number: those with a default. One that is its only one,
    `lone`, is of the output: it, or its gradient.
    """
    parts = list(made) if isinstance(made, (tuple, list)) else [made]
    named = dict(zip(names, parts, strict=True)) if len(names) == len(parts) else {}
    several = isinstance(made, (tuple, list)) and len(made) > 1
    outputs = list(made[:-1]) if several else [made]
    cache = made[-1] if several else made
    shapes = [np.shape(each) for each in outputs if np.ndim(each)] or [np.shape(outputs[0])]
    drawn: list[Any] = []
    above = {one for one in parameters if is_upstream(one)}
    above = above or {one for one in parameters if one.lower() in _LETTERS}

    def found(name: str) -> Any:
        if name in named and name not in inputs:
            return named[name]
        value = lookup(name)
        if value is not NOTHING and (name not in above or name.lower() not in _LETTERS):
            return value
        if name in named:
            return named[name]
        if KEPT.fullmatch(name.lower()):
            return cache
        if not several and any(plain(one).endswith(f"d{plain(name)}") for one in parameters if one != name):
            return made  # `dist` beside `dL_ddist`
        if is_upstream(name) or name in above:
            shape = shapes[min(len(drawn), len(shapes) - 1)]
            if not shape:  # of a loss it is 1, and most do not look at it
                return NOTHING if name in optional else 1.0
            drawn.append(upstream(shape, len(drawn)))
            return drawn[-1]
        of_output = name == lone or OUTPUT.fullmatch(name.lower())
        return made if of_output and not several else NOTHING

    return found


def upstream(shape: tuple[int, ...], seed: int = 0) -> Any:
    """A gradient from above: whole numbers, none of them 0, so that every step is seen to do something."""
    rng = np.random.default_rng([7, seed])
    values = rng.integers(1, 5, shape) * rng.choice([-1, 1], shape)
    return np.asarray(values, np.float64) if shape else float(values)
