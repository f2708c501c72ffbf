"""What differs from the readable backward and is right all the same: settled, and said in a note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.check.wording import count, listed
from convstep.candidate.operators.answer import Judged, Swept
from convstep.candidate.operators.evidence import Evidence, divisors, is_wrong, same
from convstep.language import tr
from convstep.operators.mistake import Variant
from convstep.operators.operator import Convention

SHOWN = 2
"""Problems with more than one sample that a division by their number must show on."""


def settled(swept: Swept) -> tuple[Swept, tuple[str, ...]]:
    """The same sweep with all that is right in another way called right, and a sentence for each such way.

    What counts is what the operator's file says: its `also_right`, and by what its conventions divide.
    """
    said: list[str] = []
    for words, convention in _other_divisions(swept):
        found = _divided(swept, convention)
        if found is not None:
            swept, names = found
            said.append(tr(words, names=listed(names), convention=convention.name))
            break
    evidence, accepted = Evidence(swept), dict[tuple[int, str], None]()
    for note in swept.operator.also_right:
        for variant in note.variants:
            fits = [
                (id(one), name)
                for name in swept.operator.gradients
                for one in _other_numbers(evidence, variant, name)
            ]
            if new := [each for each in fits if each not in accepted]:
                accepted |= dict.fromkeys(new)
                problems = count(len({one for one, _ in new}))
                said.append(
                    tr(
                        "{id}: {title}, on {problems}. {explanation}",
                        id=note.id,
                        title=tr(note.title),
                        problems=problems,
                        explanation=tr(note.explanation),
                    )
                )
                break
    results = [
        _called_right(one, [name for name in one.off if (id(one), name) in accepted]) for one in swept.results
    ]
    return replace(swept, results=tuple(results)), tuple(said)


def shows_other_numbers(evidence: Evidence, judged: Judged, name: str) -> bool:
    """Whether a problem is one on which what is also right has other numbers: its maxima are tied, say."""
    for note in evidence.operator.also_right:
        for variant in note.variants:
            made = evidence.made(variant, judged)
            if made is not None and not same(made[name], judged.right[name]):
                return True
    return False


def _other_numbers(evidence: Evidence, variant: Variant, name: str) -> Iterator[Judged]:
    """The problems on which a gradient is not ours, and is that of another way that is right."""
    for judged in evidence.returned:
        if is_wrong(judged, name):
            made = evidence.made(variant, judged)
            if made is not None and same(judged.answer.gradients[name], made[name]):
                yield judged


def _called_right(judged: Judged, names: Sequence[str]) -> Judged:
    return replace(judged, off={**judged.off, **dict.fromkeys(names, 0.0)}) if names else judged


def _other_divisions(swept: Swept) -> Iterator[tuple[str, Convention]]:
    """Conventions of the operator that divide otherwise than the one by which it was judged."""
    by_now = {} if swept.convention is None else dict(swept.convention.divided)
    for convention in swept.operator.conventions:
        if convention.divided and dict(convention.divided) != by_now:
            yield (
                "{names} is divided by the number of samples, as the convention {convention} has it: that is "
                "right where the gradient from above is not averaged yet; where it is, it is averaged twice"
                if len(convention.divided) == 1
                else "{names} are divided by the number of samples, as the convention {convention} has it: "
                "that is right where the gradient from above is not averaged yet; where it is, they are "
                "averaged twice",
                convention,
            )


def _divided(swept: Swept, convention: Convention) -> tuple[Swept, list[str]] | None:
    """The sweep judged by another convention's division, and what is divided; None if that does not fit."""
    if not Evidence(swept).wrong():
        return None
    other, shown = replace(swept, convention=convention), dict.fromkeys(convention.divided, 0)
    results = []
    for judged in swept.results:
        now, then = divisors(swept, judged.answer.problem), divisors(other, judged.answer.problem)
        right = {name: value * now.get(name, 1) / then.get(name, 1) for name, value in judged.right.items()}
        for name in convention.divided:
            actual = judged.answer.gradients.get(name)
            if actual is None:
                continue
            if not same(actual, right[name]):
                return None
            shown[name] += then.get(name, 1) > 1 and bool(np.any(right[name]))
        results.append(replace(_called_right(judged, [*shown]), right=right))
    names = [name for name, number in shown.items() if number >= SHOWN]
    if not names or any(0 < number < SHOWN for number in shown.values()):
        return None
    return replace(swept, results=tuple(results)), names
