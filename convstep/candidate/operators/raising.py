"""Where a backward of an operator returns nothing: which mistake would fail on the same problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convstep.candidate.call.outcome import RAISED, REFUSED, RETURNED
from convstep.candidate.check.wording import LIKELY, OTHERS, SEEN, VERBS, called, count
from convstep.candidate.load.names import line_words
from convstep.candidate.operators.answer import Answer, Judged
from convstep.candidate.operators.evidence import Evidence, divisors, same
from convstep.candidate.operators.finding import Finding
from convstep.candidate.operators.pattern import where
from convstep.frozen import frozen
from convstep.language import tr
from convstep.operators.mistake import Mistake, Variant

MOSTLY = 0.6
"""The share of the problems that raise on which a mistake must fail, to be likely."""


def about_raising(evidence: Evidence, explaining: Mapping[str, Variant]) -> list[Finding]:
    """A finding for each kind of exception that nothing else explains, and for hanging and crashing.

    `explaining` has by gradient the mistake that gives its numbers elsewhere.
    """
    kinds: dict[tuple[str, str, int], list[Judged]] = {}
    for judged in evidence.told:
        answer = judged.answer
        if answer.kind in (RETURNED, REFUSED):
            continue
        if any(_fails(evidence, variant, judged) for variant in explaining.values()):
            continue
        kinds.setdefault((answer.kind, answer.message.partition(":")[0], answer.line), []).append(judged)
    ordered = sorted(kinds.values(), key=len, reverse=True)
    every = [judged for alike in ordered for judged in alike]
    if not every:
        return []
    likely, wrong = [] if explaining else _likely(evidence, every), list[Judged]()
    if not (likely or explaining) and where(evidence.told, lambda judged: judged.failed):
        wrong = [
            judged for judged in evidence.returned if judged.failed
        ]  # with other numbers than a mistake's
        likely = _likely(evidence, [*every, *wrong]) if len(wrong) < len(every) else []
    if likely:
        return _named(evidence, likely, every, len(wrong))
    return [
        Finding(
            "raises" if alike[0].answer.kind == RAISED else VERBS[alike[0].answer.kind],
            SEEN,
            _sentence(evidence, alike),
        )
        for alike in ordered
    ]


def _fails(evidence: Evidence, variant: Variant, judged: Judged) -> bool:
    """Whether a mistake raises on a problem, or is wrong there."""
    made = evidence.made(variant, judged)
    return made is None or any(not same(made[name], right) for name, right in judged.right.items())


@frozen(eq=False)
class _Likely:
    """A mistake that may be what raises."""

    mistake: Mistake
    variant: Variant
    fails: int
    """On how many of the problems that raise it raises or is wrong."""
    raises: int
    """On how many of them it raises."""


def _likely(evidence: Evidence, raising: Sequence[Judged]) -> list[_Likely]:
    """The mistakes that fail on most of these problems, and have the candidate's numbers on all others.

    Those that fail on most of them come first, then those that raise.
    """
    at = {id(judged) for judged in raising}
    if len(at) == len(evidence.told):
        return []  # nothing to compare
    others = [judged for judged in evidence.told if id(judged) not in at]
    best: dict[str, _Likely] = {}
    for mistake, variant in evidence.variants():
        fails = sum(_fails(evidence, variant, judged) for judged in raising)
        if fails < MOSTLY * len(raising) or not all(_fits(evidence, variant, judged) for judged in others):
            continue
        one = _Likely(
            mistake, variant, fails, sum(evidence.made(variant, judged) is None for judged in raising)
        )
        if mistake.id not in best or (one.fails, one.raises) > (
            best[mistake.id].fails,
            best[mistake.id].raises,
        ):
            best[mistake.id] = one
    return sorted(best.values(), key=lambda one: (-one.fails, -one.raises))


def _fits(evidence: Evidence, variant: Variant, judged: Judged) -> bool:
    """Whether a mistake has the candidate's numbers where it returns, or is right where that is right."""
    made = evidence.made(variant, judged)
    if made is None:
        return False
    if all(same(actual, made[name]) for name, actual in judged.answer.gradients.items() if name in made):
        return True
    by, right = (
        divisors(evidence.swept, judged.answer.problem),
        evidence.operator.right(judged.answer.problem),
    )
    return not judged.failed and all(same(made[name] * by.get(name, 1), right[name]) for name in right)


def _named(
    evidence: Evidence, likely: Sequence[_Likely], raising: Sequence[Judged], wrong: int
) -> list[Finding]:
    found: list[Finding] = []
    for one in likely[: 1 + OTHERS]:
        message = tr(
            "{mistake}: {seen}; this mistake fails on the same problems, and has the candidate's numbers on "
            "the others"
            if one.fails == len(raising) and not wrong
            else "{mistake}: {seen}; this mistake fails on {fails} of the {problems} on which the candidate "
            "raises or is wrong, and on no others"
            if wrong
            else "{mistake}: {seen}; this mistake fails on {fails} of these problems, and has the "
            "candidate's numbers on the others",
            mistake=called(one.mistake, one.variant.label),
            seen=_sentence(evidence, raising),
            fails=one.fails,
            problems=count(len(raising) + wrong),
        )
        found.append(
            Finding(one.mistake.id, LIKELY, message, (), one.mistake, one.variant, alternative=bool(found))
        )
    return found


def _sentence(evidence: Evidence, alike: Sequence[Judged]) -> str:
    """What it does instead of returning, on how many problems and which, at which line."""
    answer, at = alike[0].answer, {id(judged) for judged in alike}
    pattern = where(evidence.told, lambda judged: id(judged) in at)
    words = tr(
        "it {fails} on every problem: {message}"
        if len(alike) == len(evidence.told)
        else "it {fails} on {failing} of {problems}, {pattern}: {message}"
        if pattern
        else "it {fails} on {failing} of {problems}: {message}",
        fails=tr(VERBS[answer.kind]),
        failing=len(alike),
        problems=count(len(evidence.told)),
        pattern=pattern,
        message=answer.message,
    )
    if not answer.line:
        return words
    return tr("{seen}, at {place}: `{text}`", seen=words, place=place_of(answer), text=answer.line_text)


def place_of(answer: Answer) -> str:
    """The line that raised, for a sentence; "" if it is not known."""
    return line_words(answer.line, answer.cell)
