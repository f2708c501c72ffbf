"""Mistakes held against a sweep: which of them give the candidate's numbers, alone or two at once."""

from __future__ import annotations

import contextlib
import difflib
import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.check.wording import ENOUGH, LIKELY, PROVEN
from convstep.candidate.operators.answer import Judged
from convstep.candidate.operators.evidence import Evidence, copied, is_wrong, same
from convstep.candidate.operators.settled import shows_other_numbers
from convstep.conv.step import quiet
from convstep.frozen import frozen
from convstep.operators.mistake import Mistake, Variant
from convstep.operators.operator import Array, Operator, OperatorProblem

BREADTH = 16
"""Problems on which mistakes with the same numbers are told apart."""


@frozen(eq=False)
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


def matches_of(evidence: Evidence, name: str, *, leaving_ties: bool = False) -> Iterator[Match]:
    """The mistakes whose numbers are the candidate's in a gradient; the surest of each one's variants.

    Of variants that are as sure, it is one whose other gradients are the candidate's too.
    """
    others = [one for one in evidence.operator.gradients if one != name]
    for mistake in evidence.operator.mistakes:
        found = [
            match
            for variant in mistake.variants
            if (match := _match(evidence, (mistake,), (variant,), variant, name, leaving_ties)) is not None
        ]
        if found:
            yield min(
                found,
                key=lambda match: (
                    match.unexplained,
                    -match.failing,
                    len(found) > 1 and sum(_contradicts(evidence, match.whole, one) for one in others),
                    bool(match.variants[0].label),  # the plainest name for the same numbers
                ),
            )


def _match(
    evidence: Evidence,
    mistakes: tuple[Mistake, ...],
    variants: tuple[Variant, ...],
    whole: Variant,
    name: str,
    leaving_ties: bool = False,
) -> Match | None:
    """A mistake, `whole` of its variants as one, held against every problem; None if one contradicts it.

    `leaving_ties`: leave out the problems on which what is also right has other numbers.
    """
    shown = compared = unexplained = 0
    wrong_first = sorted(evidence.told, key=lambda one: not is_wrong(one, name))
    for judged in wrong_first:
        found = held(evidence, whole, name, judged)
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


def held(evidence: Evidence, whole: Variant, name: str, judged: Judged) -> str:
    """What a problem says of a mistake in a gradient."""
    made, actual, right = evidence.made(whole, judged), judged.answer.gradients.get(name), judged.right[name]
    if judged.answer.kind != RETURNED:
        return OPEN if made is not None and same(made[name], right) else SILENT
    if actual is None:
        return SILENT
    wrong = is_wrong(judged, name)
    if made is not None and alike(actual, made[name], right):
        return SHOWN if wrong else RIGHT
    if made is not None and not wrong and same(np.squeeze(actual), np.squeeze(made[name])):
        return RIGHT  # how axes of length 1 lie was not looked at
    return OPEN if made is None and wrong else OTHER


def alike(actual: Array, made: Array, right: Array) -> bool:
    """Whether two results are the same; of two that are wrong, one in its shape, but for axes of length 1.

    What is put into an array of the right shape, as in `grad[...] = db`, is spread out where it can be.
    """
    if same(actual, made):
        return True
    if actual.shape == right.shape != made.shape:
        with contextlib.suppress(ValueError):
            return same(actual, np.broadcast_to(made, right.shape))
    return (
        actual.shape != right.shape and not same(made, right) and same(np.squeeze(actual), np.squeeze(made))
    )


def unexplained_by(matches: Sequence[Match]) -> int:
    """On how many problems a mistake leaves open what the candidate does."""
    return sum(match.unexplained for match in matches)


def gradients_of(matches: Sequence[Match]) -> set[str]:
    """The gradients that a mistake explains."""
    return {match.gradient for match in matches}


def likelihood(evidence: Evidence, matches: Sequence[Match]) -> tuple[int, int, int]:
    """How well a mistake fits: the smaller the better.

    Of two with the same numbers in a gradient the one whose other gradients are the candidate's is likelier;
    then the one that is wrong on fewer problems, so that less is said of what was not seen.
    """
    whole = matches[0].whole
    others = [name for name in evidence.operator.gradients if name not in gradients_of(matches)]
    contradicted = sum(_contradicts(evidence, whole, name) for name in others)
    return unexplained_by(matches), contradicted, breadth(evidence.operator, whole)


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


# two at once


def together(one: Variant, other: Variant) -> Variant | None:
    """Two variants as one; None where they patch the same words of a line, or different forms."""
    if one.form is not other.form:
        return None
    shared = {right for right, _ in one.hunks} & {right for right, _ in other.hunks}
    wrong = [dict(each.hunks) for each in (one, other)]
    merged = {right: _merged(right, wrong[0][right], wrong[1][right]) for right in shared}
    hunks = [[hunk for hunk in each.hunks if hunk[0] not in shared] for each in (one, other)]
    lines = [{line.strip() for right, _ in each for line in right.splitlines()} for each in hunks]
    if lines[0] & lines[1] or None in merged.values():
        return None
    both = Variant(one.form, (*((right, made or "") for right, made in merged.items()), *hunks[0], *hunks[1]))
    try:
        both.backward  # noqa: B018  # it is compiled
    except (AssertionError, SyntaxError):  # the first has taken a line away that the second needs
        return None
    return both


def _merged(right: str, one: str, other: str) -> str | None:
    """Lines with what is changed in either of two versions; None where both change the same words."""
    base, *versions = (re.findall(r"\w+|\s+|\W", text) for text in (right, one, other))
    edits = [
        (start, end, version[first:last])
        for version in versions
        for kind, start, end, first, last in difflib.SequenceMatcher(None, base, version, False).get_opcodes()
        if kind != "equal"
    ]
    edits.sort(key=lambda edit: edit[:2])
    if any(before[1] >= after[0] for before, after in itertools.pairwise(edits)):
        return None
    for start, end, words in reversed(edits):
        base[start:end] = words
    return "".join(base)


def pair_of(
    evidence: Evidence, name: str, ids: Sequence[str], over: Callable[[], bool], *, only: bool = False
) -> Match | None:
    """Two mistakes that only together give a gradient's numbers; None if there are none, or no time.

    The `ids` of those that were found already come first; with `only`, one of the two is one of these.
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
