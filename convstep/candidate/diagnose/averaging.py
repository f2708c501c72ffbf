"""Gradients of kernels and bias that are means over the batch: a convention, where all else is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.check.grade import Result, grade
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import ENOUGH, listed
from convstep.language import tr


def summed(swept: Swept) -> Swept | None:
    """The sweep with dW and db, and these alone, times the samples; None where they can be no means."""
    if swept.call.by_autograd(swept.candidate):
        return None  # PyTorch has one convention
    names, several = _names(swept), [one for one in swept.results if _samples(one) > 1]
    off = [one for one in several if names and all(one.wrong(name) for name in names)]
    alone = [one for one in swept.results if _samples(one) == 1 and not one.refused]
    if (
        "dW" not in names
        or len(off) < ENOUGH
        or (any(one.ok for one in alone) and any(o.failed for o in alone))
    ):
        return None
    return replace(swept, results=tuple(_times(one, names) for one in swept.results))


def about_means(swept: Swept) -> str:
    """That they are means, which nobody can know to be right or wrong from the code alone."""
    names = _names(swept)
    return tr(
        "{names} is divided by the number of samples, as some courses do: right if dZ holds no 1/N of its "
        "own; PyTorch does not divide"
        if len(names) == 1
        else "{names} are divided by the number of samples, as some courses do: right if dZ holds no 1/N of "
        "its own; PyTorch does not divide",
        names=listed(names),
    )


def _names(swept: Swept) -> list[str]:
    came = {name for one in swept.results for name in one.outcome.gradients}
    return [name for name in ("dW", "db") if name in came]


def _samples(result: Result) -> int:
    return result.right.problem.geometry.samples


def _times(result: Result, names: Sequence[str]) -> Result:
    outcome = result.outcome
    if outcome.kind != RETURNED:
        return result
    gradients = {
        name: array * _samples(result) if name in names else array
        for name, array in outcome.gradients.items()
    }
    return grade(result.case, result.right, replace(outcome, gradients=gradients))
