"""Recorded gradients: what somebody else computed for the same arrays, kept beside the problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.brief import array_text, lines, quoted
from convstep.conv.validation import ProblemError, as_array, as_float, check_type, shape_text
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array

NAMES = ("dW", "db", "dA_prev")
"""What can be recorded, in the article's order."""

LONGEST_NAME = 200
"""Characters of `by`, which appears in sentences."""


@frozen(eq=False)
class Recorded:
    """Gradients of a whole backward pass as they were really computed somewhere.

    Arrays are copied, made contiguous and read-only; float32 and float64 stay as they are.

    >>> import numpy as np
    >>> Recorded("PyTorch 2.13.0 during training", {"db": np.ones(3)}, eps=2**-52)
    Recorded(by='PyTorch 2.13.0 during training', db 3, eps=2.22e-16)

    Raises:
        ProblemError: a name is unknown, an array is not of real numbers, or nothing is recorded.
    """

    by: str
    """Who says so, e.g. "PyTorch 2.13.0 during training"."""
    gradients: Mapping[str, Array] = field(repr=False)
    """By name, any of "dW", "db" and "dA_prev": in the layout and the shapes of `W`, `b` and `A_prev`."""
    eps: float
    """Of the precision they were computed in: 2**-23 for float32, 2**-10 for float16, 2**-7 for bfloat16."""

    def __post_init__(self) -> None:
        """Validate what can be without the problem."""
        check_origin(self.by, self.eps)
        check_type("gradients", self.gradients, Mapping)
        if unknown := sorted(set(self.gradients) - set(NAMES), key=str):
            raise ProblemError(
                tr("{name!r} cannot be recorded; the gradients are dW, db and dA_prev", name=unknown[0])
            )
        if not self.gradients:
            raise ProblemError(tr("no gradient is recorded; give at least one of dW, db and dA_prev"))
        held = {name: _held(name, self.gradients[name]) for name in NAMES if name in self.gradients}
        object.__setattr__(self, "gradients", held)

    def of_sample(self, sample: int) -> Recorded | None:
        """What is recorded of one sample of a batch alone; None if nothing is.

        `dW` and `db` belong to the whole batch.
        """
        if "dA_prev" not in self.gradients:
            return None
        return Recorded(self.by, {"dA_prev": self.gradients["dA_prev"][sample]}, self.eps)

    def __repr__(self) -> str:
        shapes = [f"{name} {array_text(values)}" for name, values in self.gradients.items()]
        return lines("Recorded", [f"by={quoted(self.by)}", *shapes, f"eps={self.eps:.3g}"])


def check_fits(shapes: Mapping[str, tuple[int, ...]], problem: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse, with a ProblemError, gradients by name whose shapes are not those of `W`, `b`, `A_prev`."""
    for name, shape in shapes.items():
        expected = problem.get(name.removeprefix("d"))
        if expected is None:
            raise ProblemError(
                tr("{name} is recorded but the problem has no bias; leave it out or give b", name=name)
            )
        if shape != expected:
            sentence = (
                "the recorded {name} is {shape} but this problem's is {expected}; "
                "record the gradients of the same arrays"
            )
            said = tr(sentence, name=name, shape=shape_text(shape), expected=shape_text(expected))
            raise ProblemError(said)


def check_origin(by: Any, eps: Any) -> None:
    """Refuse, with a ProblemError, a `by` that no terminal prints, or an `eps` of no precision."""
    if not isinstance(by, str) or not by.strip() or len(by) > LONGEST_NAME or not by.isprintable():
        raise ProblemError(
            tr("recorded_by must be one line of text, up to {count} characters", count=LONGEST_NAME)
        )
    if not isinstance(eps, (int, float)) or not 0 < eps < 1:  # NaN is neither
        raise ProblemError(tr("the recorded eps is {eps!r}; it must lie between 0 and 1", eps=eps))


def _held(name: str, given: npt.ArrayLike) -> Array:
    name = f"recorded_{name}"
    copy = np.array(as_float(name, as_array(name, given)), order="C")
    copy.setflags(write=False)
    return copy
