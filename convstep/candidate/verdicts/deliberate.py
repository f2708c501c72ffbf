"""A backward that is meant to be another than the derivative of its forward: straight-through, reversed."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.verdicts.calls import Called, Pair, Path, text
from convstep.candidate.verdicts.marks import DIFFERS, UNKNOWN, Held, Mark
from convstep.candidate.verdicts.naming import same
from convstep.candidate.verdicts.slopes import STEP
from convstep.language import tr
from convstep.steps.cells import Array

_SAID = re.compile(
    r"straight[-_ ]?through|\bstes?\b|(?-i:(?<![A-Z])STE(?![a-z]))|surrogate|(gradient|grad)s?[-_ ]?revers\w*"
    r"|revers\w*[-_ ]?(gradient|grad)|quanti[sz]\w*|binari[sz]\w*|gumbel|spik(e|ing)\w*",
    re.I,
)
"""What people call it."""
_CLIPS = re.compile(r"\b(clamp|clip|hardtanh|minimum|maximum)")


def left_open(found: Held, pair: Pair, source: str) -> Held:
    """The same; what differs is left open where it is meant to, as far as its words and its numbers say it.

    `source` is the text of both calls; the forward returns its output and what it keeps.
    """
    why = _why(pair, source) if found.differs else ""
    if not why:
        return found
    ends = tuple(
        replace(one, mark=Mark(UNKNOWN, why)) if one.mark.kind == DIFFERS else one for one in found.ends
    )
    return replace(found, ends=ends, differing=0)


def _why(pair: Pair, source: str) -> str:
    if said := _SAID.search(source):
        return tr(
            "its text speaks of `{word}`: its backward is meant to be another than the derivative of its "
            "forward, whose slopes say nothing of it",
            word=said[0],
        )
    with contextlib.suppress(Exception):  # whatever somebody's own code raises
        return _by_numbers(pair, source)
    return ""


def _by_numbers(pair: Pair, source: str) -> str:
    made, inputs = _made(pair.forward), pair.forward.arrays()
    rng = np.random.default_rng(41)
    gradients = _gradients(pair)
    above = next(iter(pair.constants.values()), None)
    for path, array in inputs.items():
        other = rng.standard_normal(array.shape)
        moved = _made(pair.forward, {path: other})
        facts = {"input": text(path)}
        if np.array_equal(moved, other):
            return tr(
                "its forward returns `{input}` as it is, and whoever writes a backward for that means to "
                "change the gradient",
                **facts,
            )
        gradient = next((one for name, one in gradients.items() if same(name, [text(path)])), None)
        if gradient is None or not gradient.any():
            continue
        beside = _made(pair.forward, {path: array + STEP * rng.standard_normal(array.shape)})
        if np.array_equal(beside, made) and not np.array_equal(moved, made):
            return tr(
                "its forward rounds or compares `{input}`, and its backward has a gradient by it all the "
                "same, as a straight-through estimator has",
                **facts,
            )
        if _CLIPS.search(source) and above is not None and np.array_equal(gradient, above):
            return tr(
                "its forward clips `{input}`, and its backward hands the gradient on as it is, as a "
                "straight-through estimator does",
                **facts,
            )
    return ""


def _made(forward: Called, changes: dict[Path, Array] | None = None) -> Array:
    arrays = forward.arrays()
    call = forward.like({id(arrays[path]): value.copy() for path, value in (changes or {}).items()})
    out, _ = call.make()
    return np.asarray(out, np.float64)


def _gradients(pair: Pair) -> dict[str, Any]:
    _, _, backward = pair.again(pair.forward.like())
    return {name: np.asarray(value) for name, value in backward.make().items()}
