"""Layers that go down the mean gradient of a batch: how far they go is theirs to choose."""

from __future__ import annotations

from dataclasses import replace

from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.check.grade import Result, grade
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import ENOUGH
from convstep.language import tr


def summed(swept: Swept) -> Swept | None:
    """The same sweep, with what a layer subtracted from its kernels multiplied by the number of samples.

    A gradient that is returned or kept is a sum whatever it is used for; only of an update in place is
    the mean over the batch one of the two customs. None where nothing is updated, or no batch would tell.
    """
    places = dict(swept.call.places)
    changes = [name for name in ("dW", "db") if places.get(name) == "change"]
    wrong = [result for result in swept.results if result.wrong("dW") and _samples(result) > 1]
    alone = [result for result in swept.results if result.ok and _samples(result) == 1]
    if "dW" not in changes or len(wrong) < ENOUGH:
        return None
    if alone and any(_samples(result) == 1 and not result.ok for result in swept.results):
        return None  # something else is wrong
    return replace(swept, results=tuple(_times(result, changes) for result in swept.results))


def about_means(swept: Swept) -> str:
    """That its update takes the mean."""
    return tr(
        "the update of {kernels} takes the mean over the batch: the change divided by the learning rate is "
        "the gradient divided by N, which counts as right; dA_prev is not divided",
        kernels=dict(swept.call.places).get("W", "W"),
    )


def _samples(result: Result) -> int:
    return result.right.problem.geometry.samples


def _times(result: Result, changes: list[str]) -> Result:
    outcome = result.outcome
    if outcome.kind != RETURNED:
        return result
    gradients = {
        name: array * _samples(result) if name in changes else array
        for name, array in outcome.gradients.items()
    }
    return grade(result.case, result.right, replace(outcome, gradients=gradients))
