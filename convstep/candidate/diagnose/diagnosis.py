"""Why a candidate is wrong: known mistakes that were reproduced, else what there is to see.

A known bug is claimed as proven only if the reference with that mistake gives the candidate's
numbers on every problem of the sweep, or raises on exactly the same ones. All else is an
observation and says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from convstep.candidate.call.conventions import CONVENTIONS, named
from convstep.candidate.call.outcome import NAMES, RAISED, RETURNED
from convstep.candidate.check.judging import MISSING, RIGHT, SHAPE, Result, judge
from convstep.candidate.check.sweep import Swept
from convstep.candidate.diagnose.evidence import observations
from convstep.candidate.diagnose.finding import Finding, count, known, listed
from convstep.candidate.diagnose.matching import (
    Match,
    paired_matches,
    raising_matches,
    right_everywhere,
    single_matches,
)
from convstep.candidate.diagnose.mistakes import KnownBug, Patch
from convstep.candidate.diagnose.observed import seen_directly, seen_in_results
from convstep.language import tr

UNKNOWN = "unknown"
"""The id of what is wrong but is not a known bug."""


def diagnose(swept: Swept) -> tuple[Finding, ...]:
    """What is wrong with a candidate, the likeliest explanation first; empty if nothing is."""
    found = [*seen_directly(swept)]
    results = [result for result in swept.results if not result.refused]
    reordered = _reordered(swept, results)
    if reordered is not None:
        order, results = reordered
        found.append(_wrong_order(swept, order))
    wrong = tuple(name for name in NAMES if not right_everywhere(name, results))
    raising = [result for result in results if result.outcome.kind == RAISED]
    if not wrong and not raising:
        return tuple(found)
    missing = tuple(name for name in wrong if any(_lacks(name, result) for result in results))
    singles = {name: single_matches(name, results) for name in wrong if name not in missing}
    explained = _ranked(singles, wrong)
    found += explained
    seen = seen_in_results(results, [name for name in singles if not singles[name]])
    found += seen
    left = [name for name in singles if not singles[name] and not any(name in f.gradients for f in seen)]
    pairs = {name: paired_matches(name, results) for name in left}
    paired = _with_pairs(found, pairs)
    found = [finding for finding in paired if not _narrower(finding, paired)]
    if raising:
        found += _about_raising(results, raising, _reproduced(explained, pairs), found)
    for name in (*missing, *(name for name in left if not pairs[name])):
        words = tr("; ").join(observations(name, results))
        if name not in missing:
            words = tr("not a known bug: {seen}", seen=words)
        found.append(Finding(UNKNOWN, False, words, (name,)))
    return tuple(found)


def _lacks(name: str, result: Result) -> bool:
    return any(found.name == name and found.kind == MISSING for found in result.judged)


def _reordered(swept: Swept, results: Sequence[Result]) -> tuple[tuple[str, ...], list[Result]] | None:
    """The order in which every gradient has its shape, where the convention's order is not it."""
    convention = CONVENTIONS[swept.call.convention]
    returned = [result for result in results if result.outcome.kind == RETURNED]
    if not returned or any(result.outcome.labels for result in returned):
        return None
    if not any(found.kind == SHAPE for result in returned for found in result.judged):
        return None
    for order in itertools.permutations(convention.returns):
        if order == convention.returns:
            continue
        again = []
        for result in results:
            if result.outcome.kind == RETURNED:
                problem = result.right.problem
                gradients = named(convention, result.outcome.returned, (), problem, order)
                outcome = replace(result.outcome, gradients=gradients)
                result = judge(result.case, result.right, outcome)
            again.append(result)
        judged = [found for result in again for found in result.judged]
        if judged and all(found.kind == RIGHT for found in judged):
            return order, again
        if judged and not any(found.kind in (SHAPE, MISSING) for found in judged):
            return order, again
    return None


def _wrong_order(swept: Swept, order: Sequence[str]) -> Finding:
    expected = ", ".join(CONVENTIONS[swept.call.convention].returns)
    return known(
        "wrong-order",
        tr(
            "it returns {order}; the {convention} convention returns {expected}",
            order=", ".join(order),
            convention=swept.call.convention,
            expected=expected,
        ),
    )


def _ranked(singles: dict[str, list[Match]], wrong: Sequence[str]) -> list[Finding]:
    """One finding a bug, those that explain the most gradients first; the rest are alternatives."""
    by_bug: dict[str, dict[str, Match]] = {}
    for name, matches in singles.items():
        for match in matches:
            held = by_bug.setdefault(match.bugs[0].id, {})
            if name not in held or _fits(match, wrong) > _fits(held[name], wrong):
                held[name] = match
    order = {bug_id: number for number, bug_id in enumerate(by_bug)}
    explained: set[str] = set()
    found: list[Finding] = []
    left = dict(by_bug)
    while left:
        best = max(
            left,
            key=lambda bug_id: (
                len(left[bug_id].keys() - explained),
                max(_fits(match, wrong) for match in left[bug_id].values()),
                -order[bug_id],
            ),
        )
        chosen = left.pop(best)
        new = chosen.keys() - explained
        explained |= new
        found.append(_from_matches(chosen, alternative=not new))
    return found


def _narrower(finding: Finding, found: Sequence[Finding]) -> bool:
    """Whether it is another reading of a part of what one mistake explains as a whole."""
    wider = (other for other in found if not other.alternative)
    return finding.alternative and any(set(finding.gradients) < set(other.gradients) for other in wider)


def _fits(match: Match, wrong: Sequence[str]) -> bool:
    """Whether a variant spoils exactly the gradients that are wrong."""
    return set(match.variants[0].gradients) == set(wrong)


def _from_matches(matches: dict[str, Match], *, alternative: bool) -> Finding:
    first = next(iter(matches.values()))
    bug, names = first.bugs[0], tuple(name for name in NAMES if name in matches)
    labels = dict.fromkeys(match.variants[0].label for match in matches.values() if match.variants[0].label)
    message = tr(
        "{bug}, in {names}; reproduced on {problems}, {failing} of them wrong",
        bug=_called(bug, *labels),
        names=listed(names),
        problems=count(first.problems),
        failing=max(match.failing for match in matches.values()),
    )
    if alternative:
        message = tr("the same numbers would also come from this: {finding}", finding=message)
    return Finding(bug.id, True, message, names, bug, first, alternative)


def _called(bug: KnownBug, *labels: str) -> str:
    """What a bug is called, with the labels of its variants if they have any."""
    said = tr(", ").join(tr(label) for label in labels if label)
    title = tr(bug.title)
    return tr("{title} ({variant})", title=title, variant=said) if said else title


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
                    bug=_called(bug, variant.label) if again is None else again.message,
                    name=name,
                    other=other.id,
                    problems=count(match.problems),
                    failing=match.failing,
                )
                by_id[bug.id, False] = Finding(
                    bug.id,
                    True,
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


def _about_raising(
    results: Sequence[Result],
    raising: Sequence[Result],
    besides: dict[str, Patch],
    earlier: Sequence[Finding],
) -> list[Finding]:
    """Known mistakes that raise on the same problems, and in any case what is raised where."""
    first = raising[0]
    seen = first.outcome.message
    if first.outcome.line:
        seen = tr(
            "{message} at line {line}: `{text}`",
            message=seen,
            line=first.outcome.line,
            text=first.outcome.line_text,
        )
    explained = {finding.id for finding in earlier if finding.match is not None}
    found: list[Finding] = []
    if "output from dtype('float" in first.outcome.message and "to dtype('int" in first.outcome.message:
        refused = tr("NumPy refuses to add a fraction to them; {seen}", seen=seen)
        return [known("integer-truncation", refused)]
    matches: dict[str, Match] = {}
    for match in raising_matches(results, besides):
        matches.setdefault(match.bugs[0].id, match)
    if explained & matches.keys():  # what is wrong with the numbers raises there as well
        return found
    for bug_id, match in matches.items():
        message = tr(
            "{bug}: it raises on exactly the {failing} of {problems} on which this mistake raises, "
            "and changes nothing else; {seen}"
            if explained
            else "{bug}: it raises on exactly the {failing} of {problems} on which this mistake raises, "
            "and agrees with it on the others; {seen}",
            bug=_called(match.bugs[0], match.variants[0].label),
            failing=match.failing,
            problems=count(match.problems),
            seen=seen,
        )
        names = match.variants[0].gradients
        found.append(Finding(bug_id, True, message, names, match.bugs[0], match, alternative=bool(found)))
    if found:
        return found
    message = tr(
        "not a known bug: it raises on {failing} of {problems}: {seen}"
        if len(raising) < len(results)
        else "it raises on every problem: {seen}",
        failing=len(raising),
        problems=count(len(results)),
        seen=seen,
    )
    return [Finding("raises", True, message)]
