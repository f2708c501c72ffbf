"""Why a candidate is wrong: known mistakes that were reproduced, else what there is to see.

A known bug is claimed as proven only if the reference with that mistake gives the candidate's
numbers on every problem where it returned, and the mistake shows on at least `ENOUGH` of them. What
rests on fewer, on a part of the problems or on exceptions is likely; all else is an observation.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import replace

from convstep.candidate.call.call import Call
from convstep.candidate.call.conventions import CONVENTIONS, convention_of, named, spelled
from convstep.candidate.call.layers import told_same
from convstep.candidate.call.outcome import NAMES, RAISED, RETURNED, Candidate
from convstep.candidate.check.grade import SHAPE, Result, grade, wrong_forwards
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import LIKELY, OTHERS, SEEN, called, count, listed
from convstep.candidate.diagnose.evidence import facts, observations, wrong_only_where_shared
from convstep.candidate.diagnose.findings import Finding, Match, known
from convstep.candidate.diagnose.mistakes import Patch, program
from convstep.candidate.diagnose.observations import (
    about_forward,
    about_laying,
    from_updated_kernels,
    multiplied_by_the_rate,
    never_added_to,
    seen_directly,
    seen_in_results,
    with_follow,
)
from convstep.candidate.diagnose.own_forward import OwnForward
from convstep.candidate.diagnose.own_source import added_once, once_words, tells_apart
from convstep.candidate.diagnose.raising import about_raising
from convstep.candidate.diagnose.reproduce import (
    PARTS,
    SEARCH,
    explains_raising,
    paired_matches,
    partial_matches,
    single_matches,
    until,
    wrong_gradients,
)
from convstep.language import tr

UNKNOWN = "unknown"
"""The id of what is wrong but is not a known bug."""


def diagnose(swept: Swept, forward: OwnForward | None = None) -> tuple[Finding, ...]:
    """What is wrong with a candidate, the likeliest first; `forward` is its own, where it is not ours."""
    found = [*seen_directly(swept), *about_laying(swept.laid)]
    wrong_outputs = wrong_forwards(swept.results)
    if wrong_outputs and not (forward and (forward.fits or forward.unfit)):
        finding = known("forward-wrong", about_forward(swept, wrong_outputs, forward))
        assert finding.bug is not None  # its lines are one way of many: the sentence says which
        found.append(replace(finding, bug=replace(finding.bug, wrong="", right="")))
    if forward and forward.unfit:
        return (*found, _about_unfit(swept, forward))
    results = [result for result in swept.results if not result.refused]
    reordered = _reordered(swept, results)
    if reordered is not None:
        order, results = reordered
        found.append(_wrong_order(swept, order))
    results = [_told(swept, result) for result in results]
    follow = forward.follow if forward else ()
    wrong = tuple(name for name in wrong_gradients(results) if name not in follow)
    raising = [result for result in results if result.outcome.kind == RAISED]
    plain = [never_added_to(results, wrong), multiplied_by_the_rate(swept, results, wrong)]
    if "dA_prev" in wrong:
        plain.append(from_updated_kernels(swept, [r for r in results if r.outcome.kind == RETURNED]))
    found += [finding for finding in plain if finding is not None]
    explained = {name for finding in plain if finding is not None for name in finding.gradients}
    explained |= _summed_to_fit(raising)
    sought = [name for name in wrong if name not in explained]
    singles = {name: single_matches(name, results) for name in sought}
    found += _ranked(singles, raising, swept.candidate)
    seen = seen_in_results(results, [name for name in sought if not singles[name]])
    found += seen
    left = [name for name in sought if not singles[name] and not any(name in f.gradients for f in seen)]
    pairs: dict[str, list[Match]] = {}
    share = SEARCH / max(1, len(left))
    for name in left:
        ids = [finding.id for finding in found if finding.match is not None and not finding.alternative]
        also = (bug.id for matches in pairs.values() for match in matches for bug in match.bugs)
        pairs[name] = paired_matches(name, results, until(share), [*ids, *also])
    found = _with_pairs(found, pairs)
    about = about_raising(results, raising, _reproduced(found, pairs), until(SEARCH / 4))
    found = found + about if about or not raising else _raising_too(found, raising)
    for name in (name for name in left if not pairs[name]):
        claims = partial_matches(name, results, until(share / 4))
        found += _about_unknown(name, results, claims, swept.call)
    loses = [finding for finding in found if _loses_sums(finding, results)]
    line, fix = added_once(swept.candidate) if loses else ("", "")
    return tuple(_added_once(each, line, fix) if line and each in loses else each for each in found)


def _summed_to_fit(raising: Sequence[Result]) -> set[str]:
    """Of whose shape PyTorch complains: where it fits by chance, the engine sums it, which says nothing."""
    found = set()
    for result in raising:
        if expected := SHAPELESS.search(result.outcome.message):
            size = math.prod(int(number) for number in expected[1].split(",") if number.strip())
            found |= {name for name, array in result.right.gradients.items() if array.size == size}
    return found


SHAPELESS = re.compile(r"invalid gradient at index .* expected shape compatible with \[([\d, ]*)\]")
"""What PyTorch says of a gradient that a Function returns in a shape that cannot be its input's."""


def _raising_too(found: Sequence[Finding], raising: Sequence[Result]) -> list[Finding]:
    """The findings, of which the first that was reproduced says that it raises where the candidate does."""
    first = next(each for each in found if each.match is not None and not each.alternative)
    words = tr(
        "{finding}; on {problems} more it raises, as this does: {message}",
        finding=first.message,
        problems=count(len(raising)),
        message=raising[0].outcome.message,
    )
    return [replace(each, message=words) if each is first else each for each in found]


ADDED_ONCE = (
    "An input cell belongs to several windows, and its gradient is the sum of what they all send back. "
    "Through arrays of indices, += reads all cells, adds, and writes all of them back: of a cell that is "
    "named more than once, one sum is left."
)
"""Why `a[i, j] += b` loses sums."""


def _added_once(finding: Finding, line: str, fix: str) -> Finding:
    """A finding that sums are lost, of a candidate that adds them through arrays of indices."""
    why = once_words(line, fix)
    if finding.bug is None:
        return replace(finding, message=tr("{seen}; {why}", seen=finding.message, why=why))
    assert finding.match is not None
    message = tr(
        "sums are lost, in dA_prev; reproduced on {problems}, {failing} of them wrong; {why}",
        problems=count(finding.match.problems),
        failing=finding.match.failing,
        why=why,
    )
    bug = replace(finding.bug, wrong=line, right=fix, explanation=ADDED_ONCE)
    return replace(finding, bug=bug, message=message)


def _told(swept: Swept, result: Result) -> Result:
    """A result that knows whether it was told to pad where that makes no padding."""
    call, geometry = spelled(swept.call, swept.candidate), result.right.problem.geometry
    return replace(result, same=True) if call.worded and told_same(call, geometry) else result


def _about_unfit(swept: Swept, forward: OwnForward) -> Finding:
    """That gradients are wrong for a forward that is meant to be another function: none is named then."""
    words = tr(
        "its own {forward} is not this convolution: {does}; for that {names} is wrong"
        if len(forward.unfit) == 1
        else "its own {forward} is not this convolution: {does}; for that {names} are wrong",
        forward=swept.candidate.forward or "forward",
        does=forward.does,
        names=listed(forward.unfit),
    )
    return Finding(UNKNOWN, SEEN, with_follow(words, forward), forward.unfit)


def _loses_sums(finding: Finding, results: Sequence[Result]) -> bool:
    """Whether a finding is that sums are lost where windows overlap."""
    unknown = finding.id == UNKNOWN and finding.gradients == ("dA_prev",)
    return finding.id == "overwrite-dA" or (unknown and wrong_only_where_shared(results))


def _about_unknown(
    name: str, results: Sequence[Result], claims: Sequence[Match], call: Call
) -> list[Finding]:
    """Known mistakes that explain some of the problems, and what can be observed on the others."""
    found: list[Finding] = []
    rest = list(results)
    for match in claims:
        message = tr(
            "{bug}, in {name}: where {feature} it gives the same numbers, "
            "on {problems}, {failing} of them wrong",
            bug=called(match.bugs[0], match.variants[0].label),
            name=name,
            feature=tr(match.only_when),
            problems=count(match.problems),
            failing=match.failing,
        )
        found.append(Finding(match.bugs[0].id, LIKELY, message, (name,), match.bugs[0], match))
        rest = [result for result in rest if not _has(match.only_when, result)]
    if not any(result.wrong(name) for result in rest):
        return found
    words = tr("; ").join(observations(name, rest, call))
    if (same := facts(name, rest)) and same == facts(name, results):
        found = []  # what is so everywhere is not due to a mistake in a part
    sentence = "elsewhere, not a known bug: {seen}" if found else "not a known bug: {seen}"
    return [*found, Finding(UNKNOWN, SEEN, tr(sentence, seen=words), (name,))]


def _has(words: str, result: Result) -> bool:
    """Whether a feature holds on a problem."""
    return any(feature.words == words and feature.holds(result.right.problem.geometry) for feature in PARTS)


def _reordered(swept: Swept, results: Sequence[Result]) -> tuple[tuple[str, ...], list[Result]] | None:
    """The order in which every gradient has its shape, if that is not the convention's order."""
    if swept.call.convention not in CONVENTIONS:  # its order was found by trying
        return None
    if not _misfit(results) or any(result.outcome.labels for result in results):
        return None
    convention = convention_of(swept.call)
    for order in itertools.permutations(convention.returns):
        again = []
        for result in results:
            if result.outcome.kind == RETURNED:
                gradients = named(convention, result.outcome.returned, (), result.right.problem, order)
                result = grade(result.case, result.right, replace(result.outcome, gradients=gradients))
            again.append(result)
        if any(result.grades for result in again) and not _misfit(again):
            return order, again
    return None


def _misfit(results: Sequence[Result]) -> bool:
    return any(found.kind == SHAPE for result in results for found in result.grades)


def _wrong_order(swept: Swept, order: Sequence[str]) -> Finding:
    expected = ", ".join(convention_of(swept.call).returns)
    return known(
        "wrong-order",
        tr(
            "it returns {order}; the {convention} convention returns {expected}",
            order=", ".join(order),
            convention=swept.call.convention,
            expected=expected,
        ),
    )


def _ranked(
    singles: dict[str, list[Match]], raising: Sequence[Result], candidate: Candidate
) -> list[Finding]:
    """One finding for each bug, those that explain most first, each followed by others that explain as much.

    Of names for the same numbers the first is the one that the candidate's own text shows, else the one with
    the fewest lines, then the commonest; it is proven only if the text shows it, or the others are names for
    the same lines.
    """
    reproduced: dict[Patch, set[str]] = {}
    for match in itertools.chain(*singles.values()):
        reproduced.setdefault(match.mistakes, set()).add(match.gradient)

    def rank(match: Match) -> tuple[int, bool]:
        """On how many problems it raises like the candidate; whether all that it spoils is so.

        What is another mistake and one more has to explain all of them: any second one explains some.
        """
        made = dict.fromkeys(match.variants[0].gradients, match.mistakes)
        raises = sum(explains_raising(result, made) for result in raising)
        lines = set(match.mistakes.lines)
        if raises < len(raising) and any(set(patch.lines) < lines for patch in reproduced):
            raises = 0
        return raises, reproduced[match.mistakes].issuperset(match.variants[0].gradients)

    by_bug: dict[str, dict[str, Match]] = {}
    for name, matches in singles.items():
        for match in matches:
            held = by_bug.setdefault(match.bugs[0].id, {})
            if name not in held or rank(match) > rank(held[name]):
                held[name] = match
    order = {bug_id: number for number, bug_id in enumerate(by_bug)}
    ranks = {bug_id: max(rank(match) for match in held.values()) for bug_id, held in by_bug.items()}
    found: list[Finding] = []
    left, others = set(singles), OTHERS
    while left & {name for held in by_bug.values() for name in held}:
        best = max(
            by_bug, key=lambda bug_id: (len(left & by_bug[bug_id].keys()), ranks[bug_id], -order[bug_id])
        )
        first = by_bug.pop(best)
        equal = [
            bug_id
            for bug_id, held in by_bug.items()
            if held.keys() == first.keys() and ranks[bug_id][0] >= ranks[best][0]
        ]
        same = {best: first} | {bug_id: by_bug.pop(bug_id) for bug_id in equal}
        shown = tells_apart(candidate, same)
        sure = shown or all(_same_lines(best, bug_id, singles[name]) for bug_id in equal for name in first)
        lines = {id: min(len(one.mistakes.lines) for one in held.values()) for id, held in same.items()}
        names = sorted(same, key=lambda id: (id != shown, not ranks[id][1], lines[id], id != best))
        finding = _from_matches(same[names[0]])
        found.append(finding if sure else replace(finding, strength=LIKELY))
        for bug_id in names[1:][:others]:
            finding = _from_matches(same[bug_id])
            message = tr("the same numbers would also come from this: {finding}", finding=finding.message)
            found.append(replace(finding, strength=LIKELY, message=message, alternative=True))
        others -= min(others, len(equal))
        left -= first.keys()
    return found


def _same_lines(one: str, other: str, matches: Sequence[Match]) -> bool:
    """Whether two mistakes are the same lines, as far as a gradient needs them."""
    lines = [
        {program(match.gradient, match.mistakes) for match in matches if match.bugs[0].id == bug_id}
        for bug_id in (one, other)
    ]
    return not lines[0].isdisjoint(lines[1])


def _from_matches(matches: dict[str, Match]) -> Finding:
    first = next(iter(matches.values()))
    bug, names = first.bugs[0], tuple(name for name in NAMES if name in matches)
    labels = dict.fromkeys(match.variants[0].label for match in matches.values() if match.variants[0].label)
    message = tr(
        "{bug}, in {names}; reproduced on {problems}, {failing} of them wrong",
        bug=called(bug, *labels),
        names=listed(names),
        problems=count(first.problems),
        failing=max(match.failing for match in matches.values()),
    )
    strength = max(matches.values(), key=lambda match: match.failing).strength
    return Finding(bug.id, strength, message, names, bug, first)


def _with_pairs(found: Sequence[Finding], pairs: dict[str, list[Match]]) -> list[Finding]:
    """The findings, and one for each of two bugs that only together give a gradient's numbers."""
    by_id = {(finding.id, finding.alternative): finding for finding in found}
    for name, matches in pairs.items():
        for match in matches:
            for bug, variant, other in zip(match.bugs, match.variants, match.bugs[::-1], strict=True):
                again = by_id.get((bug.id, False))
                message = tr(
                    "{bug}, in {name} together with {other}: "
                    "both at once are reproduced on {problems}, {failing} of them wrong"
                    if again is None
                    else "{bug}; also in {name} together with {other}: "
                    "both at once are reproduced on {problems}, {failing} of them wrong",
                    bug=called(bug, variant.label) if again is None else again.message,
                    name=name,
                    other=other.id,
                    problems=count(match.problems),
                    failing=match.failing,
                )
                by_id[bug.id, False] = Finding(
                    bug.id,
                    match.strength if again is None else again.strength,
                    message,
                    (name,) if again is None else tuple(dict.fromkeys((*again.gradients, name))),
                    bug,
                    match if again is None else again.match,
                )
    return list(by_id.values())


def _reproduced(explained: Sequence[Finding], pairs: dict[str, list[Match]]) -> dict[str, Patch]:
    """By gradient, the mistakes that give its numbers."""
    made = {name: matches[0].mistakes for name, matches in pairs.items() if matches}
    for finding in explained:
        if finding.match is not None and not finding.alternative:
            made |= {name: finding.match.mistakes for name in finding.gradients if name not in made}
    return made
