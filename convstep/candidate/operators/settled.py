"""What differs from the readable backward and is right all the same: settled, and said in a note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from convstep.candidate.check.wording import count
from convstep.candidate.operators.answer import Judged, Swept
from convstep.candidate.operators.evidence import Evidence, is_wrong, same
from convstep.language import tr
from convstep.operators.mistake import Variant


def settled(swept: Swept) -> tuple[Swept, tuple[str, ...]]:
    """The same sweep with all that is right in another way called right, and a sentence for each such way.

    What counts is what the operator's file says: its `also_right`.
    """
    said: list[str] = []
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
        if is_wrong(judged, name) and evidence.gives(variant, judged, name):
            yield judged


def _called_right(judged: Judged, names: Sequence[str]) -> Judged:
    return replace(judged, off={**judged.off, **dict.fromkeys(names, 0.0)}) if names else judged
