"""A loss: a forward whose backward is given no gradient from above."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from convstep.candidate.verdicts.calls import Path
from convstep.candidate.verdicts.naming import last
from convstep.steps.cells import Array

_NAMED = re.compile(r"loss|cost|entropy|error|mse|mae|hinge|huber|objective|quadratic|likelihood|nll", re.I)
_TARGET = re.compile(
    r"(y_?)?(true|real)\w*|\w*target\w*|ts?|\w*labels?|truth|gt|ground\w*|expected|actual|desired|correct|y_?t",
    re.I,
)
_WEAK = re.compile("ys?", re.I)
_SIZES = re.compile(r"mean|average|\.size\b|\blen\(|\.shape\b|\bsize\(")


def alone(outputs: Mapping[Path, Any], name: str) -> tuple[Path, Array] | None:
    """The output that a gradient without one from above is of, and what it counts for: 1 in each cell.

    That is the number that a forward returns; the losses of single samples only where its name, with that of
    its class, says that it is a loss.
    """
    numbers = [key for key, value in outputs.items() if np.ndim(value) == 0]
    if not numbers and len(outputs) == 1 and _NAMED.search(name):
        numbers = list(outputs)
    return (numbers[0], np.ones(np.shape(outputs[numbers[0]]))) if numbers else None


def is_loss(name: str) -> bool:
    """Whether a name is what a loss is called."""
    return name == "J" or _NAMED.search(last(name)) is not None


def is_target(name: str) -> bool:
    """Whether a name is what targets are called, or labels."""
    return bool(_TARGET.fullmatch(last(name)) or _WEAK.fullmatch(last(name)))


def targets(names: Iterable[str]) -> list[str]:
    """Those of a loss's arguments that are compared with: `y_true`, `t`; `y` where no other is."""
    given = [*names]
    strong = [name for name in given if _TARGET.fullmatch(last(name))]
    return strong or [name for name in given if _WEAK.fullmatch(last(name)) and len(given) > 1]


def later(times: float, shape: tuple[int, ...], source: str) -> int:
    """By what a loss is divided and its gradient, so many times too large, is not; 0 if by nothing.

    A backward whose text knows how many predictions there are has divided.
    """
    count = round(times)
    of_batch = count > 1 and abs(times - count) < 1e-4 and count in (*shape[:1], *shape[-1:])
    return count if of_batch and not _SIZES.search(source) else 0


def is_fused(value: Array, prediction: Array, others: Iterable[Array], source: str) -> bool:
    """Whether a result is prediction - target: the gradient by what goes into a sigmoid or a softmax before.

    That is so of logarithms only, in the forward's text; `others` are the loss's other arguments.
    """
    if value.shape != prediction.shape or "log" not in source:
        return False
    for times in (1, *value.shape[:1], *value.shape[-1:]):
        rest = prediction - times * value
        if any(one.shape == rest.shape and np.allclose(one, rest, atol=1e-9) for one in others):
            return True
        hot = np.isclose(rest, 1, atol=1e-9)
        if rest.ndim == 2 and (hot | np.isclose(rest, 0, atol=1e-9)).all() and (hot.sum(axis=1) == 1).all():
            return True
    return False
