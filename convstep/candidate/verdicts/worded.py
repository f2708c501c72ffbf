"""A call in words."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from convstep.candidate.verdicts.calls import Called
from convstep.candidate.verdicts.trial import name_of
from convstep.language import tr
from convstep.printable import printable
from convstep.steps.number_text import shape_text


def of_pair(backward: Called, forward: Called) -> tuple[str, str]:
    """The calls of a backward and its forward, with what their layer was made with, where it keeps that."""
    back, forth = worded(backward), worded(forward)
    holder = backward.arguments().get("self")
    if back == forth or holder is None or not (made := ", ".join(_made(holder))):
        return back, forth
    owner, dot, rest = back.partition(".")
    return printable(f"{owner}({made}){dot}{rest}") if dot else back, forth


def _made(holder: object) -> Iterator[str]:
    """The plain parameters that a layer's class is made with, where the layer has an attribute so called."""
    try:
        parameters = list(inspect.signature(type(holder)).parameters)
    except (TypeError, ValueError):
        return
    for name in parameters:
        value = getattr(holder, "__dict__", {}).get(name)
        if isinstance(value, (bool, int, float, str)):
            yield f"{name}={value!r}"


def worded(call: Called) -> str:
    """A call with the shapes of what it is given: `scale_forward(x of 3x4, w of 4, axis=0)`."""
    given: dict[str, Any] = {name: value for name, value in call.arguments().items() if name != "self"}
    words = []
    for name, value in (given | _defaults(call, given)).items():
        if isinstance(value, np.ndarray) and value.ndim:
            words.append(tr("{name} of {shape}", name=name, shape=shape_text(value.shape)))
        elif isinstance(value, (bool, int, float, str)):
            words.append(f"{name}={value!r}")
        else:
            words.append(name)
    return printable(f"{name_of(call)}({', '.join(words)})")


def _defaults(call: Called, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the parameters are that nothing is given for."""
    try:
        listed = inspect.signature(call.function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {one.name: one.default for one in listed if one.name not in given and one.default is not one.empty}
