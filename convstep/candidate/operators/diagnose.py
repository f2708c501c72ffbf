"""Why a backward of an operator is wrong: mistakes whose numbers are its own, else what there is to see.

A mistake is proven only if the readable backward with its lines gives the candidate's numbers wherever the
candidate returned, wrong or right, and shows on at least `ENOUGH` problems. What rests on less is likely.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from convstep.candidate.check.wording import ENOUGH, LIKELY, OTHERS, SEEN, called, count, listed
from convstep.candidate.operators.answer import Swept
from convstep.candidate.operators.dependence import about_dependence
from convstep.candidate.operators.evidence import Evidence, is_wrong
from convstep.candidate.operators.finding import Finding
from convstep.candidate.operators.gathering import NEARLY, forward_fits
from convstep.candidate.operators.matching import (
    OTHER,
    SHOWN,
    Match,
    gradients_of,
    held,
    likelihood,
    matches_of,
    pair_of,
    unexplained_by,
)
from convstep.candidate.operators.outputs import in_the_forward
from convstep.candidate.operators.pattern import FEATURES, has
from convstep.candidate.operators.raising import about_raising
from convstep.candidate.operators.seen import (
    about_unknown,
    in_shapes,
    in_the_numbers,
    reshaped,
    transposed,
    writes,
)
from convstep.language import tr
from convstep.operators.mistake import Mistake, Variant

SECONDS = 4.0
"""How long mistakes that come in pairs are sought."""


def diagnose(swept: Swept, source: str = "") -> tuple[Finding, ...]:
    """What is wrong with a candidate, the likeliest explanation first; empty if nothing is.

    The sweep comes with what is right in another way `settled`. The candidate's `source` tells mistakes apart
    that have the same numbers.
    """
    return _told_apart(_found(_of_fewest_axes(_as_usual(swept))), source)


ASSIGNED = "overwrite"
"""The id of what is assigned instead of added."""
_ADDS = re.compile(
    r"\]\s*\+=|\.(at|index_add_?|scatter_add_?|index_put_?|bincount)\(|\w\[[^\n=]*\]\s*=[^=\n]*\+"
)
"""How a source adds to cells."""
_ASSIGNS = re.compile(r"\w\[[^\n=]*\]\s*=(?!=)")
"""How it assigns them."""


def _told_apart(found: tuple[Finding, ...], source: str) -> tuple[Finding, ...]:
    """The findings, what is assigned first where the same numbers come from a sum and nothing is added."""
    assigned = next((one for one in found if one.id == ASSIGNED and one.alternative), None)
    if assigned is None or not _ASSIGNS.search(source) or _ADDS.search(source):
        return found
    at = next(
        n for n, one in enumerate(found) if not one.alternative and {*one.gradients} >= {*assigned.gradients}
    )
    swapped = replace(found[at], alternative=True), replace(assigned, alternative=False)
    return tuple(dict(zip((assigned, found[at]), swapped, strict=True)).get(one, one) for one in found)


def _of_fewest_axes(swept: Swept) -> Swept:
    """The sweep without an x of more axes, if only then all that is wrong is a known mistake's.

    What is wrong there as well is a mistake of its own, which hides behind this one.
    """
    first = next(iter(swept.operator.axes))
    ranks = [one.answer.problem.arrays[first].ndim for one in swept.results]
    few = tuple(one for one, rank in zip(swept.results, ranks, strict=True) if rank == min(ranks))
    low = replace(swept, results=few)
    fewer, whole = Evidence(low), Evidence(swept)
    wrong = fewer.wrong()
    plain = len({*ranks}) > 1 and wrong and all(map(fewer.reproduced, wrong))
    return low if plain and not all(map(whole.reproduced, wrong)) else swept


def _found(swept: Swept) -> tuple[Finding, ...]:
    found: list[Finding] = []
    evidence = Evidence(swept)
    if swept.varying:
        said = tr(
            "{names} has other numbers each time it is called with the same arrays"
            if len(swept.varying) == 1
            else "{names} have other numbers each time it is called with the same arrays",
            names=listed(swept.varying),
        )
        found.append(Finding("varies", SEEN, said, swept.varying))
    wrong = [name for name in evidence.wrong() if name not in swept.varying]
    foreign = _is_foreign(swept)
    matches = {name: [] if foreign else list(matches_of(evidence, name)) for name in wrong}
    found += _ranked(evidence, {name: each for name, each in matches.items() if each})
    turned = {name: transposed(evidence, name) for name in wrong if not matches[name]}
    found += [finding for finding in turned.values() if finding is not None]
    left = [name for name, finding in turned.items() if finding is None]
    found += in_shapes(swept, left)
    evidence = Evidence(reshaped(swept, left))
    until = time.thread_time() + SECONDS
    for name in evidence.wrong(left):
        sides = [] if foreign else [evidence, evidence.undivided(name)]
        matches[name] = next((some for each in sides if (some := list(matches_of(each, name)))), [])
        if matches[name]:
            found += _ranked(evidence, {name: matches[name]})
        elif (seen := in_the_numbers(evidence, name)) is not None:
            found = _joined(found, seen)
        elif not foreign:
            found, matches[name] = _with_two(evidence, name, found, lambda: time.thread_time() > until)
    named = {name for finding in found for name in finding.gradients}
    found += about_dependence(swept, [name for name in evidence.wrong(left) if name not in named])
    named = {name for finding in found for name in finding.gradients}
    found += about_unknown(evidence, [name for name in evidence.wrong(left) if name not in named])
    explaining = {name: each[0].whole for name, each in matches.items() if each}
    return (*found, *about_raising(evidence, explaining), *in_the_forward(swept), *writes(swept))


def _as_usual(swept: Swept) -> Swept:
    """The sweep without what came of one more axis in front, where it is wrong without that as well.

    A mistake has other numbers there: where x.shape[0] is 1, nothing is divided by the samples. And labels in
    another form may go through other lines, so that one of the two alone is wrong.
    """
    usual = tuple(one for one in swept.results if one.answer.batch is None and not one.answer.besides)
    others = tuple(one for one in swept.results if one.answer.besides)
    wrong = next((some for some in (usual, others) if any(one.failed for one in some)), swept.results)
    return replace(swept, results=wrong)


def _is_foreign(swept: Swept) -> bool:
    """Whether its own forward is another function on most problems, whose mistakes are not ours."""
    said = [forward_fits(one, NEARLY) for one in swept.results if one.answer.outputs]
    return 2 * said.count(False) > len(said)


def _with_two(
    evidence: Evidence, name: str, found: list[Finding], over: Callable[[], bool]
) -> tuple[list[Finding], list[Match]]:
    """The findings with what explains a gradient that no single mistake does, and what gives its numbers."""
    matches = list(matches_of(evidence, name, leaving_ties=True))
    if matches:  # what is left of the ties may be another mistake's
        pair = pair_of(evidence, name, [match.mistakes[0].id for match in matches], over, only=True)
        return (
            (_with_pair(found, pair), [pair])
            if pair
            else ([*found, *_ranked(evidence, {name: matches})], matches)
        )
    pair = pair_of(evidence, name, [finding.id for finding in found if finding.variant is not None], over)
    if pair:
        return _with_pair(found, pair), [pair]
    part = _part(evidence, name)
    return ([*found, part] if part else found), []


def _joined(found: list[Finding], seen: Finding) -> list[Finding]:
    """The findings with another one; where two gradients show the same, it is said once."""
    for number, one in enumerate(found):
        if one.mistake is None and (one.id, one.strength) == (seen.id, seen.strength):
            message = tr("{one}; {other}", one=one.message, other=seen.message)
            merged = replace(one, message=message, gradients=(*one.gradients, *seen.gradients))
            return [*found[:number], merged, *found[number + 1 :]]
    return [*found, seen]


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
                len(left & gradients_of(by_id[id])),
                -unexplained_by(by_id[id]),
                -order.index(id),
            ),
        )
        covered = left & gradients_of(by_id[best])
        equal = [id for id, each in by_id.items() if covered <= gradients_of(each)]
        best, *equal = sorted(equal, key=lambda id: likelihood(evidence, by_id[id]))
        first = by_id.pop(best)
        sure = all(unexplained_by(by_id[id]) for id in equal)
        finding = _from_matches([match for match in first if match.gradient in covered])
        found.append(finding if sure else replace(finding, strength=LIKELY))
        for id in equal[:others]:
            other = _from_matches([match for match in by_id[id] if match.gradient in covered])
            found.append(replace(other, strength=LIKELY, alternative=True))
        others -= min(others, len(equal))
        left -= covered
    return found


def _from_matches(matches: Sequence[Match]) -> Finding:
    first = max(matches, key=lambda match: match.failing)
    mistake, names = first.mistakes[0], tuple(dict.fromkeys(match.gradient for match in matches))
    said = (match.variants[0].label for match in matches)
    labels = dict.fromkeys(label for label in said if not _says_no_more(label, names))
    message = tr(
        "{mistake}, in {names}; reproduced on {problems}, {failing} of them wrong",
        mistake=called(mistake, *labels),
        names=listed(names),
        problems=count(first.problems),
        failing=first.failing,
    )
    return Finding(mistake.id, first.strength, message, names, mistake, first.variants[0])


def _says_no_more(label: str, names: Sequence[str]) -> bool:
    """Whether a variant's label says no more than in which gradient it shows, which is said anyway."""
    return label.removeprefix("in ").removesuffix(" only") in names


def _part(evidence: Evidence, name: str) -> Finding | None:
    """A mistake whose numbers are the candidate's on problems of one kind, most of those that are wrong."""
    wrong = sum(is_wrong(one, name) for one in evidence.returned)
    best: tuple[int, str, Mistake, Variant] | None = None
    for mistake, variant in evidence.variants():
        said = [(one, held(evidence, variant, name, one)) for one in evidence.returned]
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
        "{mistake}, in {name}: where {feature} it gives the same numbers, on all {problems} that are wrong; "
        "elsewhere the candidate is right, and this is not"
        if shown == wrong
        else "{mistake}, in {name}: where {feature} it gives the same numbers, on {shown} of {problems} that "
        "are wrong; the others are not explained",
        mistake=called(mistake, variant.label),
        name=name,
        feature=tr(words),
        shown=shown,
        problems=count(wrong),
    )
    return Finding(mistake.id, LIKELY, message, (name,), mistake, variant)


def _with_pair(found: Sequence[Finding], match: Match) -> list[Finding]:
    """The findings, and one for each of two mistakes that only together give a gradient's numbers."""
    by_id = {(finding.id, finding.alternative): finding for finding in found}
    for mistake, variant, other in zip(match.mistakes, match.variants, match.mistakes[::-1], strict=True):
        again = by_id.get((mistake.id, False))
        label = "" if _says_no_more(variant.label, (match.gradient,)) else variant.label
        message = tr(
            "{mistake}, in {name} together with {other}: both at once are reproduced on {problems}, "
            "{failing} of them wrong"
            if again is None
            else "{mistake}; also in {name} together with {other}: both at once are reproduced on "
            "{problems}, {failing} of them wrong",
            mistake=called(mistake, label) if again is None else again.message,
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
