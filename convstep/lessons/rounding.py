"""How far an answer may be off: people compute with the digits on the screen."""

from __future__ import annotations

import math

import numpy as np

from convstep.lessons.errors import wrong
from convstep.lessons.explaining import held
from convstep.lessons.fields import Field
from convstep.steps.provenance import Provenance

LEAST_STEP = 0.005
"""Half of the last digit that the screen always shows."""


def addition(found: Provenance, step: int) -> tuple[float, float, list[float]]:
    """What a cell holds before a step, what the step adds to it, and from which factors."""
    at = found.done(step)
    before = held(found, at)
    if found.done(step + 1) == at:
        return before, 0.0, []
    first = [] if found.first_factor is None else [float(found.first_factor[at])]
    return before, float(found.product[at]), [*first, float(found.second_factor[at])]


def typeable(value: float, field: Field) -> float:
    """A number that can be typed. Raises LessonError: it is not finite."""
    if not math.isfinite(value):
        sentence = "{cell} is {value}; ask for a number that can be typed"
        raise wrong(sentence, field.line, cell=field.text, value=value)
    return value


def residue(found: Provenance, count: int) -> float:
    """What floats may leave where a sum of so many contributions is zero: 0.3 + 0.1 * -3 is -5.6e-17."""
    terms = found.product[:count]
    return float(np.abs(terms).sum() * np.finfo(terms.dtype).eps * (count + 3))


def tolerance(value: float, *parts: float, residue: float = 0.0) -> float:
    """What rounding to the screen's two decimals can do, but never as much as a forgotten term does.

    The value is made of its parts: the cell before, what is added, and the factors of that. What stands for
    zero may be `residue` from it; nobody can tell the two apart.
    """
    rounding = LEAST_STEP * (1 + sum(map(abs, parts))) + 0.01 * abs(value)
    apart = [abs(part) for part in (value, *parts[:2]) if abs(part) > residue]
    if all(part == round(part) for part in (value, *parts)):
        apart.append(1.0)  # nobody rounds whole numbers
    return min([rounding, *(distance / 4 for distance in apart)])
