"""Why a backward of an operator is wrong: mistakes whose numbers are its own, else what there is to see.

A mistake is proven only if the readable backward with its lines gives the candidate's numbers wherever the
candidate returned, wrong or right, and shows on at least `ENOUGH` problems. What rests on less is likely.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.check.wording import ENOUGH, LIKELY, OTHERS, PROVEN, count, listed
from convstep.candidate.operators.answer import Judged, Swept
from convstep.candidate.operators.evidence import Evidence, copied, is_wrong, same
from convstep.candidate.operators.finding import Finding, called
from convstep.candidate.operators.pattern import FEATURES, has
from convstep.candidate.operators.raising import about_raising
from convstep.candidate.operators.seen import (
    about_unknown,
    in_shapes,
    in_the_forward,
    in_the_numbers,
    reshaped,
    transposed,
    writes,
)
from convstep.candidate.operators.settled import shows_other_numbers
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.operators.mistake import Mistake, Variant
from convstep.operators.operator import Array, Operator, OperatorProblem

BREADTH = 16
"""Problems on which mistakes with the same numbers are told apart."""
SECONDS = 4.0
"""How long mistakes that come in pairs are sought."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Mistakes that give a gradient as the candidate has it."""

    mistakes: tuple[Mistake, ...]
    """One, or two that occur together."""
    variants: tuple[Variant, ...]
    """The way of making each."""
    whole: Variant
    """They as one."""
    gradient: str
    """Which gradient."""
    failing: int
    """On how many problems it is wrong and has these numbers."""
    problems: int
    """On how many it was compared in all."""
    unexplained: int = 0
    """On how many it is wrong, or raises, and the mistake has no numbers to compare."""
    alone: int = ENOUGH
    """Where two occur together: the fewest problems on which one of them shows besides the other."""

    __repr__ = brief

    @property
    def strength(self) -> str:
        """How much it says: PROVEN or LIKELY."""
        return PROVEN if min(self.failing, self.alone) >= ENOUGH and not self.unexplained else LIKELY


def diagnose(swept: Swept) -> tuple[Finding, ...]:
    """What is wrong with a candidate, the likeliest explanation first; empty if nothing is.

    Args:
        swept: what came of every problem, with what is right in another way `settled`.
    """
    found, evidence = [*in_the_forward(swept), *writes(swept)], Evidence(swept)
    wrong = evidence.wrong()
    matches = {name: list(_matches(evidence, name)) for name in wrong}
    found += _ranked(evidence, {name: each for name, each in matches.items() if each})
    turned = {name: transposed(evidence, name) for name in wrong if not matches[name]}
    found += [finding for finding in turned.values() if finding is not None]
    left = [name for name, finding in turned.items() if finding is None]
    found += in_shapes(swept, left)
    evidence = Evidence(reshaped(swept, left))
    until = time.monotonic() + SECONDS
    for name in evidence.wrong(left):
        matches[name] = list(_matches(evidence, name))
        if matches[name]:
            found += _ranked(evidence, {name: matches[name]})
        elif (seen := in_the_numbers(evidence, name)) is not None:
            found = _joined(found, seen)
        else:
            found, matches[name] = _with_two(evidence, name, found, lambda: time.monotonic() > until)
    explaining = {name: each[0].whole for name, each in matches.items() if each}
    return (*found, *about_raising(evidence, explaining))


def _with_two(
    evidence: Evidence, name: str, found: list[Finding], over: Callable[[], bool]
) -> tuple[list[Finding], list[Match]]:
    """The findings with what explains a gradient that no single mistake does, and what gives its numbers."""
    matches = list(_matches(evidence, name, leaving_ties=True))
    if matches:  # what is left of the ties may be another mistake's
        pair = _pair(evidence, name, [match.mistakes[0].id for match in matches], over, only=True)
        return (
            (_with_pair(found, pair), [pair])
            if pair
            else ([*found, *_ranked(evidence, {name: matches})], matches)
        )
    pair = _pair(evidence, name, [finding.id for finding in found if finding.variant is not None], over)
    if pair:
        return _with_pair(found, pair), [pair]
    return [*found, _part(evidence, name) or about_unknown(evidence, name)], []


def _joined(found: list[Finding], seen: Finding) -> list[Finding]:
    """The findings with another one; where two gradients show the same, it is said once."""
    for number, one in enumerate(found):
        if one.mistake is None and (one.id, one.strength) == (seen.id, seen.strength):
            message = tr("{one}; {other}", one=one.message, other=seen.message)
            merged = replace(one, message=message, gradients=(*one.gradients, *seen.gradients))
            return [*found[:number], merged, *found[number + 1 :]]
    return [*found, seen]


# one mistake


def _matches(evidence: Evidence, name: str, *, leaving_ties: bool = False) -> Iterator[Match]:
    """The mistakes whose numbers are the candidate's in a gradient; the surest of each one's variants."""
    for mistake in evidence.operator.mistakes:
        found = [
            match
            for variant in mistake.variants
            if (match := _match(evidence, (mistake,), (variant,), variant, name, leaving_ties)) is not None
        ]
        if found:
            yield min(found, key=lambda match: (match.unexplained, -match.failing))


def _match(
    evidence: Evidence,
    mistakes: tuple[Mistake, ...],
    variants: tuple[Variant, ...],
    whole: Variant,
    name: str,
    leaving_ties: bool = False,
) -> Match | None:
    """A mistake held against every problem; None where one contradicts it.

    Args:
        evidence: the sweep.
        mistakes: what is held against it.
        variants: the way of making each.
        whole: they as one.
        name: the gradient.
        leaving_ties: leave out the problems on which what is also right has other numbers.
    """
    shown = compared = unexplained = 0
    wrong_first = sorted(evidence.told, key=lambda one: not is_wrong(one, name))
    for judged in wrong_first:
        found = _held(evidence, whole, name, judged)
        if found == OTHER and not (leaving_ties and shows_other_numbers(evidence, judged, name)):
            return None
        compared += found in (SHOWN, RIGHT)
        shown += found == SHOWN
        unexplained += found == OPEN
    if shown <= unexplained:
        return None
    return Match(mistakes, variants, whole, name, shown, compared, unexplained)


SHOWN, RIGHT, OTHER, OPEN, SILENT = "shown", "right", "other", "open", ""
"""What a problem says of a mistake: wrong with the same numbers, right with the same, other numbers, wrong
where the mistake has no numbers to compare, nothing."""


def _held(evidence: Evidence, whole: Variant, name: str, judged: Judged) -> str:
    """What a problem says of a mistake in a gradient."""
    made, actual, right = evidence.made(whole, judged), judged.answer.gradients.get(name), judged.right[name]
    if judged.answer.kind != RETURNED:
        return OPEN if made is not None and same(made[name], right) else SILENT
    if actual is None:
        return SILENT
    wrong = is_wrong(judged, name)
    if made is not None and alike(actual, made[name], right):
        return SHOWN if wrong else RIGHT
    return OPEN if made is None and wrong else OTHER


def alike(actual: Array, made: Array, right: Array) -> bool:
    """Whether two results are the same; of two in wrong shapes, but for axes of length 1."""
    if same(actual, made):
        return True
    misshapen = actual.shape != right.shape and made.shape != right.shape
    return misshapen and same(np.squeeze(actual), np.squeeze(made))


def _part(evidence: Evidence, name: str) -> Finding | None:
    """A mistake whose numbers are the candidate's on problems of one kind, most of those that are wrong."""
    wrong = sum(is_wrong(one, name) for one in evidence.returned)
    best: tuple[int, str, Mistake, Variant] | None = None
    for mistake, variant in evidence.variants():
        said = [(one, _held(evidence, variant, name, one)) for one in evidence.returned]
        if sum(each == SHOWN for _, each in said) < max(ENOUGH, wrong / 2):
            continue
        for words, holds in FEATURES.items():
            among = [each for one, each in said if has(holds, one.answer.problem)]
            shown = sum(each == SHOWN for each in among)
            if OTHER in among or shown < max(ENOUGH, wrong / 2) or (best and shown <= best[0]):
                continue
            best = shown, words, mistake, variant
    if best is None:
        return None
    shown, words, mistake, variant = best
    message = tr(
        "{mistake}, in {name}: where {feature} it gives the same numbers, on {shown} of {problems} that are "
        "wrong; the others are not explained",
        mistake=called(mistake, variant.label),
        name=name,
        feature=tr(words),
        shown=shown,
        problems=count(wrong),
    )
    return Finding(mistake.id, LIKELY, message, (name,), mistake, variant)


def _ranked(evidence: Evidence, matches: Mapping[str, Sequence[Match]]) -> list[Finding]:
    """A finding for each mistake, those that explain most first, each followed by others that do as well."""
    by_id: dict[str, list[Match]] = {}
    for match in itertools.chain(*matches.values()):
        by_id.setdefault(match.mistakes[0].id, []).append(match)
    found: list[Finding] = []
    left, others, order = set(matches), OTHERS, list(by_id)
    while left:
        best = max(
            by_id,
            key=lambda id: (
                len(left & _names(by_id[id])),
                -_unexplained(by_id[id]),
                -order.index(id),
            ),
        )
        covered = left & _names(by_id[best])
        equal = [id for id, each in by_id.items() if covered <= _names(each)]
        best, *equal = sorted(equal, key=lambda id: _likelihood(evidence, by_id[id]))
        first = by_id.pop(best)
        sure = all(_unexplained(by_id[id]) for id in equal)
        finding = _from_matches([match for match in first if match.gradient in covered])
        found.append(finding if sure else replace(finding, strength=LIKELY))
        for id in equal[:others]:
            other = _from_matches([match for match in by_id[id] if match.gradient in covered])
            found.append(replace(other, strength=LIKELY, alternative=True))
        others -= min(others, len(equal))
        left -= covered
    return found


def _unexplained(matches: Sequence[Match]) -> int:
    return sum(match.unexplained for match in matches)


def _likelihood(evidence: Evidence, matches: Sequence[Match]) -> tuple[int, int, int]:
    """How well a mistake fits: the smaller the better.

    Of two with the same numbers in a gradient the one whose other gradients are the candidate's is likelier;
    then the one that is wrong on fewer problems, so that less is said of what was not seen.
    """
    whole = matches[0].whole
    others = [name for name in evidence.operator.gradients if name not in _names(matches)]
    contradicted = sum(_contradicts(evidence, whole, name) for name in others)
    return _unexplained(matches), contradicted, breadth(evidence.operator, whole)


def _contradicts(evidence: Evidence, whole: Variant, name: str) -> bool:
    """Whether a mistake has other numbers than the candidate in one of its gradients."""
    return any(
        made is not None and not same(judged.answer.gradients[name], made[name])
        for judged in evidence.returned
        if name in judged.answer.gradients
        for made in [evidence.made(whole, judged)]
    )


@functools.lru_cache(maxsize=1 << 10)
def breadth(operator: Operator, variant: Variant) -> int:
    """On how many of an operator's problems a mistake is wrong, those that a candidate cannot be told too."""
    problems = itertools.islice(operator.problems(np.random.default_rng(0)), BREADTH)
    return sum(_is_wrong(operator, variant, problem) for problem in problems)


def _is_wrong(operator: Operator, variant: Variant, problem: OperatorProblem) -> bool:
    right = operator.right(problem)
    try:
        with quiet():
            made = operator.right(copied(problem), variant.backward)
    except Exception:  # a mistake may raise anything
        return True
    return any(not same(made[name], right[name]) for name in right)


def _names(matches: Sequence[Match]) -> set[str]:
    return {match.gradient for match in matches}


def _from_matches(matches: Sequence[Match]) -> Finding:
    first = max(matches, key=lambda match: match.failing)
    mistake, names = first.mistakes[0], tuple(dict.fromkeys(match.gradient for match in matches))
    labels = dict.fromkeys(match.variants[0].label for match in matches)
    message = tr(
        "{mistake}, in {names}; reproduced on {problems}, {failing} of them wrong",
        mistake=called(mistake, *labels),
        names=listed(names),
        problems=count(first.problems),
        failing=first.failing,
    )
    return Finding(mistake.id, first.strength, message, names, mistake, first.variants[0])


# two at once


def together(one: Variant, other: Variant) -> Variant | None:
    """Two variants as one; None where they patch the same lines, or different forms."""
    if one.form is not other.form:
        return None
    lines = [
        {line.strip() for right, _ in each.hunks for line in right.splitlines()} for each in (one, other)
    ]
    if lines[0] & lines[1]:
        return None
    both = Variant(one.form, (*one.hunks, *other.hunks))
    try:
        both.backward  # noqa: B018  # it is compiled
    except (AssertionError, SyntaxError):  # the first has taken a line away that the second needs
        return None
    return both


def _pair(
    evidence: Evidence, name: str, ids: Sequence[str], over: Callable[[], bool], *, only: bool = False
) -> Match | None:
    """Two mistakes that only together give a gradient's numbers; None if there are none, or no time.

    Args:
        evidence: the sweep.
        name: the gradient.
        ids: mistakes that were found already, which come first.
        over: whether there is no time left.
        only: one of the two has to be one of these.
    """
    every = sorted(evidence.variants(), key=lambda each: each[0].id not in ids)
    for (one, a), (other, b) in itertools.combinations(every, 2):
        if over():
            return None
        if only and one.id not in ids:
            return None
        if one is other or (both := together(a, b)) is None:
            continue
        match = _match(evidence, (one, other), (a, b), both, name)
        if match is None:
            continue
        alone = min(_besides(evidence, name, each, both) for each in (a, b))
        if alone:
            return replace(match, alone=alone)
    return None


def _besides(evidence: Evidence, name: str, one: Variant, both: Variant) -> int:
    """On how many wrong problems two mistakes give other numbers than one of them does."""
    return sum(
        not _alike(evidence.made(one, judged), evidence.made(both, judged), name)
        for judged in evidence.returned
        if is_wrong(judged, name)
    )


def _alike(one: Mapping[str, Array] | None, other: Mapping[str, Array] | None, name: str) -> bool:
    if one is None or other is None:
        return one is other
    return same(one[name], other[name])


def _with_pair(found: Sequence[Finding], match: Match) -> list[Finding]:
    """The findings, and one for each of two mistakes that only together give a gradient's numbers."""
    by_id = {(finding.id, finding.alternative): finding for finding in found}
    for mistake, variant, other in zip(match.mistakes, match.variants, match.mistakes[::-1], strict=True):
        again = by_id.get((mistake.id, False))
        message = tr(
            "{mistake}, in {name} together with {other}: both at once are reproduced on {problems}, "
            "{failing} of them wrong"
            if again is None
            else "{mistake}; also in {name} together with {other}: both at once are reproduced on "
            "{problems}, {failing} of them wrong",
            mistake=called(mistake, variant.label) if again is None else again.message,
            name=match.gradient,
            other=other.id,
            problems=count(match.problems),
            failing=match.failing,
        )
        names = (match.gradient,) if again is None else (*again.gradients, match.gradient)
        strength = match.strength if again is None else again.strength
        by_id[mistake.id, False] = Finding(
            mistake.id, strength, message, names, mistake, variant if again is None else again.variant
        )
    return list(by_id.values())
