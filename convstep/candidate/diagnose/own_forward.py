"""What a candidate's own forward does, where it is not this convolution, and whether the backward fits it.

A backward is right if it is the gradient of its own forward. A forward that is another function than
the reference's is held against what people's forwards do instead: each form is this convolution of
changed arrays or integers, so that its gradients follow from the exact ones. Where none fits, the
forward is asked itself, by differences along random directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.judging import RIGHT, Judged, Result, problem_words, wrong_cells
from convstep.candidate.check.sweep import Swept
from convstep.candidate.diagnose.finding import count
from convstep.candidate.diagnose.forward_forms import Whole, wholes
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
    fits: bool
    """Whether the gradients are those of what it does, wherever they came back."""
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
    wrong = any(found.kind != RIGHT for result in results for found in result.judged)
    differing = wrong_forwards(swept)
    if not asked or not (differing or wrong):
        return None
    does = _known_form([*differing, *asked], plain=not differing)
    if does is None and not differing:
        return None
    sound = does is None or all(form.sound for form in does.forms)
    fits = (wrong and sound) and (
        (does is not None and all(_fits(result, does.gradients(result.right.problem)) for result in results))
        or (bool(differing) and all(_is_derivative(worker, swept, result) for result in results))
    )
    if not differing and not fits:
        return None
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
    return OwnForward(does.words if does is not None else "", fits, note)


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


def _fits(result: Result, gradients: Mapping[str, Array] | None) -> bool:
    """Whether what came back are these gradients."""
    if gradients is None:
        return False
    return all(
        name in gradients
        and actual.shape == gradients[name].shape
        and not wrong_cells(name, result.right, actual, gradients[name]).any()
        for name, actual in result.outcome.gradients.items()
        if name in result.right.gradients
    )


def _is_derivative(worker: Worker, swept: Swept, result: Result) -> bool:
    """Whether gradients are the slopes of the candidate's own forward, along one random direction each."""
    problem, draw = result.right.problem, np.random.default_rng(0)

    def Z(name: str, array: Array) -> Array | None:
        made = worker.call(swept.call, problem.with_arrays(**{name: array}), fresh=swept.keeps_state).Z
        return made if made is not None and made.shape == problem.dZ.shape else None

    here = result.outcome.Z
    if here is None or here.shape != problem.dZ.shape:
        return False
    for name, gradient in result.outcome.gradients.items():
        array = getattr(problem, ARRAYS[name])
        if array is None:
            continue
        if gradient.shape != array.shape:
            return False
        along = draw.standard_normal(array.shape)
        for step in (1.0, STEP):  # exact where it is linear
            up, down = Z(ARRAYS[name], array + step * along), Z(ARRAYS[name], array - step * along)
            if up is None or down is None:
                return False
            slope = (up - down) / (2 * step)
            if np.allclose(up + down, 2 * here, rtol=0, atol=CLOSE * (1 + float(np.abs(here).max()))):
                break
        terms, claimed = problem.dZ * slope, gradient * along
        size = float(np.abs(terms).sum() + np.abs(claimed).sum())
        if not abs(float(terms.sum()) - float(claimed.sum())) <= 10 * CLOSE * size:
            return False
    return True
