"""What is worth a sentence of a backward of an operator besides what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.call.layers import RATE
from convstep.candidate.call.outcome import REFUSED, RETURNED
from convstep.candidate.check.wording import count, listed
from convstep.candidate.operators.answer import UNSAID, Judged, Swept
from convstep.candidate.operators.outputs import compared_outputs, other_outputs, overflows
from convstep.candidate.operators.written import problem_words
from convstep.language import tr
from convstep.steps.number_text import short

OVERFLOWS = "loss-overflows"
"""The id of the operators' mistake that numbers of a gradient cannot show: an output that is inf or nan."""

ROWS = "wrong-shape"
"""The id of the mistake of those operators whose gradients of vectors may keep an axis."""
DIFFERS = "forward-differs"
"""What a note about a forward that returns other numbers begins with."""


def notes(swept: Swept) -> Iterator[str]:
    """What a sweep shows: what its own forward makes, what was not tried, refused or not computed."""
    yield from swept.notes
    if updated := dict.fromkeys(name for one in swept.results for name in one.answer.updated):
        yield tr(
            "{names} from what the weights change by, divided by the learning rate {rate:g}",
            names=listed([*updated]),
            rate=RATE,
        )
    yield from _about_outputs(swept)
    yield from _about_rows(swept)
    yield from _left_out(swept)
    if absent := not_computed(swept):
        yield tr(
            "{names} was not found, and is not checked"
            if len(absent) == 1
            else "{names} were not found, and are not checked",
            names=listed(absent),
        )
    if worst := _imprecise(swept):
        yield tr(
            "its numbers are accurate only to single precision: errors up to {worst} in float64",
            worst=short(worst, 3),
        )
    refusing = [one for one in swept.results if one.answer.kind == REFUSED]
    if refusing:
        yield tr(
            "it refuses {problems}, which does not count as wrong: {message} (the first is {problem})",
            problems=count(len(refusing)),
            message=refusing[0].answer.message,
            problem=problem_words(swept, refusing[0].answer.problem),
        )


def _about_rows(swept: Swept) -> Iterator[str]:
    """That vectors are rows here, `(1, M)`, as the gradients are which it keeps an axis of."""
    lying = swept.convention.axes if swept.convention is not None else {}
    rows = [name for name, axes in lying.items() if axes == f"1{swept.operator.axes[name]}"]
    known = any(mistake.id == ROWS for mistake in swept.operator.mistakes)
    if rows and known and len(rows) == len(lying) and swept.failing is None:
        yield tr(
            "{id}: {gradients} of {names} as a row, (1, M), which is right; of (M,) it has an axis too many",
            id=ROWS,
            gradients=listed([f"d{name}" for name in rows]),
            names=listed(rows),
        )


def _left_out(swept: Swept) -> Iterator[str]:
    """On which problems nothing is said of it, and why; what a problem is about need not be why."""
    why: dict[str, list[Judged]] = {}
    for one in swept.results:
        if one.answer.kind == UNSAID:
            why.setdefault(re.split(r"\w*(?:Error|Exception)\b", one.answer.message)[0], []).append(one)
    for some in why.values():
        first = some[0].answer
        yield tr(
            (
                "{problems} was left out: {reason} ({problem})"
                if len(some) == 1
                else "{problems} were left out: {reason} (for example {problem})"
            )
            if first.message
            else "{problems} could not be tried, because its call has no way to say them, for example "
            "{problem}",
            problems=count(len(some)),
            reason=first.message,
            problem=problem_words(swept, replace(first.problem, about="")),
        )


def _imprecise(swept: Swept) -> float:
    """The largest error of right gradients that came in single precision; 0 if none did."""
    return max(
        (
            float(np.abs(one.answer.gradients[name] - one.right[name]).max(initial=0.0))
            for one in swept.results
            for name, share in one.off.items()
            if share <= 1 and one.answer.gradients[name].dtype == np.float32
        ),
        default=0.0,
    )


def not_computed(swept: Swept) -> list[str]:
    """Gradients that never come back, where that does not count as wrong."""
    returned = [one for one in swept.results if one.answer.kind == RETURNED]
    return [
        name
        for name in swept.operator.gradients
        if returned and not any(name in one.answer.gradients for one in returned)
    ]


def _about_outputs(swept: Swept) -> Iterator[str]:
    """Where its own forward returns inf or nan for numbers, or other numbers."""
    known = next((each for each in swept.operator.mistakes if each.id == OVERFLOWS), None)
    for name in swept.operator.outputs:
        compared = compared_outputs(swept, name)
        overflowing = [one for one in compared if overflows(one, name)]
        if overflowing:
            yield _overflowing(swept, overflowing, name, known.explanation if known else "")
        if differing := other_outputs(swept, name):
            yield tr("{id}: {seen}", id=DIFFERS, seen=differing)


def _overflowing(swept: Swept, found: Sequence[Judged], name: str, explanation: str) -> str:
    rightly = not any(one.failed for one in found)
    said = tr(
        "{id}: {name} is inf or nan on {problems} where it should be a number, for example {problem}; the "
        "gradients are right there"
        if rightly
        else "{id}: {name} is inf or nan on {problems} where it should be a number, for example {problem}",
        id=OVERFLOWS if explanation else "output-overflows",
        name=name,
        problems=count(len(found)),
        problem=problem_words(swept, found[0].answer.problem),
    )
    harmed = any(not np.isfinite(array).all() for one in found for array in one.answer.gradients.values())
    if harmed or not explanation:
        return said
    return tr("{seen}. {explanation}", seen=said, explanation=tr(explanation))
