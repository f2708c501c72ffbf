"""What a candidate's own forward does, where it is not this convolution, and whether the backward fits it.

A backward is right if it is the gradient of its own forward. A forward that is another function than
the reference's is held against what people's forwards do instead: each form is this convolution of
changed arrays or integers, so that its gradients follow from the exact ones. Where none fits, the
forward is asked itself, by differences along random directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.outcome import NAMES, RETURNED
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.judging import RIGHT, Judged, Result, problem_words, wrong_cells
from convstep.candidate.check.sweep import Swept
from convstep.candidate.diagnose.finding import count
from convstep.candidate.diagnose.forward_forms import Whole, wholes
from convstep.candidate.diagnose.matching import wrong_gradients
from convstep.candidate.diagnose.observed import wrong_forwards
from convstep.conv.step import quiet
from convstep.language import tr

Array = npt.NDArray[Any]

ARRAYS = {"dA_prev": "A_prev", "dW": "W", "db": "b"}
"""By gradient, what it is the gradient of."""
STEP = 1e-5
"""How far a forward that is not linear is asked from where it stands."""
CLOSE = 1e-6
"""What counts as linear, and a tenth of what a slope may be off, as a share of the sizes that make it up."""


@dataclass(frozen=True, slots=True)
class OwnForward:
    """What is known of a forward that is not this convolution."""

    does: str
    """What it does instead; "" if that is not known."""
    follow: tuple[str, ...]
    """Gradients that are wrong for this convolution and right for what it does."""
    fits: bool
    """Whether all that came back is right for what it does, and somebody may want that."""
    note: str
    """What to say where they are."""


def own_forward(worker: Worker, swept: Swept) -> OwnForward | None:
    """What a candidate's own forward does; None if it is this convolution, or there is none.

    Args:
        worker: the candidate, whose forward may be asked.
        swept: what came of the sweep.
    """
    results = [result for result in swept.results if result.outcome.kind == RETURNED]
    asked = [result for result in results if result.outcome.Z is not None]
    wrong = wrong_gradients(results)
    differing = wrong_forwards(swept)
    if not asked or not (differing or wrong):
        return None
    does = _known_form([*differing, *asked], plain=not differing)
    if does is None and not differing:
        return None
    if does is not None and not all(form.sound for form in does.forms):
        return OwnForward(does.words, (), False, "")
    names = [name for name in NAMES if any(name in result.outcome.gradients for result in results)]
    right = [
        name
        for name in names
        if wrong
        and (
            (does is not None and all(_fits(name, result, does) for result in results))
            or (differing and all(_is_slope(name, worker, swept, result) for result in results))
        )
    ]
    if not differing and right != names:
        return None
    follow = tuple(name for name in right if name in wrong)
    if does is not None:
        note = tr(
            "its own {forward} is not this convolution: {does}; the backward is right for it",
            forward=swept.candidate.forward or "forward",
            does=does.words,
        )
    else:
        note = tr(
            "its own {forward} is not this convolution, on {problems}, for example {problem}; the backward "
            "is right for it: its gradients are the slopes of that forward",
            forward=swept.candidate.forward or "forward",
            problems=count(len(differing)),
            problem=problem_words(differing[0]),
        )
    return OwnForward(does.words if does is not None else "", follow, bool(follow) and right == names, note)


def right_for_it(swept: Swept) -> Swept:
    """The same sweep, the gradients that came back called right."""
    return replace(swept, results=tuple(_called_right(result) for result in swept.results))


def _called_right(result: Result) -> Result:
    judged = tuple(
        Judged(found.name, RIGHT, found.shape) if found.name in result.outcome.gradients else found
        for found in result.judged
    )
    return replace(result, judged=judged)


def _known_form(results: Sequence[Result], *, plain: bool) -> Whole | None:
    """The simplest known form that makes every output.

    Args:
        results: with what the forward returned, those that say most first.
        plain: its outputs are right but for an activation.
    """
    with quiet():
        return next(
            (whole for whole in wholes(plain) if all(_makes(whole, result) for result in results)), None
        )


def _makes(whole: Whole, result: Result) -> bool:
    given = result.outcome.Z
    return given is None or whole.makes(given, result.right.problem)


def _fits(name: str, result: Result, does: Whole) -> bool:
    """Whether a gradient, where it came back, is that of what the forward does."""
    actual = result.outcome.gradients.get(name)
    if actual is None or name not in result.right.gradients:
        return True
    gradients = does.gradients(result.right.problem)
    if gradients is None or actual.shape != gradients[name].shape:
        return False
    return not wrong_cells(name, result.right, actual, gradients[name]).any()


def _is_slope(name: str, worker: Worker, swept: Swept, result: Result) -> bool:
    """Whether a gradient is the slope of the candidate's own forward along a random direction."""
    problem, here, gradient = result.right.problem, result.outcome.Z, result.outcome.gradients.get(name)
    array = getattr(problem, ARRAYS[name])
    if gradient is None or array is None:
        return True
    if here is None or here.shape != problem.dZ.shape or gradient.shape != array.shape:
        return False
    along = np.random.default_rng(0).standard_normal(array.shape)

    def Z(by: float) -> Array | None:
        moved = problem.with_arrays(**{ARRAYS[name]: array + by * along})
        made = worker.call(swept.call, moved, fresh=swept.keeps_state).Z
        return made if made is not None and made.shape == problem.dZ.shape else None

    for step in (1.0, STEP):  # exact where it is linear
        up, down = Z(step), Z(-step)
        if up is None or down is None:
            return False
        slope = (up - down) / (2 * step)
        if np.allclose(up + down, 2 * here, rtol=0, atol=CLOSE * (1 + float(np.abs(here).max()))):
            break
    terms, claimed = problem.dZ * slope, gradient * along
    size = float(np.abs(terms).sum() + np.abs(claimed).sum())
    return abs(float(terms.sum()) - float(claimed.sum())) <= 10 * CLOSE * size
