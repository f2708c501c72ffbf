"""Weights that a backward updates: what they change by, divided by the learning rate, is a gradient."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from convstep.candidate.call.layers import RATE as RATE
from convstep.candidate.call.objects import says
from convstep.candidate.verdicts.calls import Called, Path, walked
from convstep.steps.cells import Array

CHANGE = "change"
"""The first word of the key of such a gradient."""
LEARNING = re.compile(r"(l_?|learn(ing)?_?)rate|lr|eta|step_size", re.I)
"""What a learning rate is called, and nothing else is."""


def rate_of(call: Called) -> float:
    """The learning rate that a call is told, or that its object holds; 0 if none is known."""
    held = getattr(call.owner, "__dict__", {})
    for name, value in {**held, **call.arguments()}.items():
        if LEARNING.fullmatch(name.strip("_")) and isinstance(value, (float, np.floating)) and value:
            return float(value)
    return 0.0


def changes(before: Called, after: Called) -> Mapping[Path, Array]:
    """What each array of an object changes by in a call, over the learning rate; none of a momentum's."""
    rate = rate_of(before)
    then, now = (_arrays(call) for call in (before, after))
    moved = [path for path, value in now.items() if path not in then or not _same(then[path], value)]
    if not rate or any(says(tuple(step.lstrip(".") for step in path[1:]))[2] for path in moved):
        return {}
    return {
        path: (then[path] - now[path]) / rate
        for path in moved
        if path in then and then[path].shape == now[path].shape
    }


def _arrays(call: Called) -> dict[Path, Array]:
    """The arrays of numbers of a call's object."""
    if call.owner is None:
        return {}
    return {
        path: value
        for path, value in walked({"self": call.owner})
        if type(value) is np.ndarray and value.dtype.kind == "f"
    }


def _same(one: Array, other: Array) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))
