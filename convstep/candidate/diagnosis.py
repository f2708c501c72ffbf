"""Why a candidate is wrong: known mistakes that were reproduced, else what there is to see.

A known bug is claimed as proven only if the reference with that mistake gives the candidate's
numbers on every problem of the sweep, or raises on exactly the same ones. All else is an
observation and says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convstep.candidate.conventions import CONVENTIONS, expected_forward, named
from convstep.candidate.evidence import observations
from convstep.candidate.judging import MISSING, RIGHT, SHAPE, Result, judge, problem_words
from convstep.candidate.known_bugs.bug import KnownBug
from convstep.candidate.known_bugs.catalogue import KNOWN_BUGS
from convstep.candidate.matching import (
    Match,
    paired_matches,
    raising_matches,
    right_everywhere,
    single_matches,
)
from convstep.candidate.outcome import DIED, HUNG, NAMES, RAISED, RETURNED
from convstep.candidate.sweep import Swept

UNKNOWN = "unknown"
"""The id of what is wrong and no known bug."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One thing that is wrong, or that was seen."""

    id: str
    """A known bug's id; "unknown", "raises", "hangs" or "crashes" for what is none."""
    proven: bool
    """Whether it was reproduced, or is what was directly seen."""
    message: str
    """What is wrong, in one or two sentences."""
    gradients: tuple[str, ...] = ()
    """Where it shows."""
    bug: KnownBug | None = None
    """The known bug: its lines and its explanation."""
    match: Match | None = None
    """How it was reproduced."""
    alternative: bool = False
    """Whether an earlier finding explains the same numbers."""


def diagnose(swept: Swept) -> tuple[Finding, ...]:
    """What is wrong with a candidate, the likeliest explanation first; empty if nothing is."""
    found = [*_seen_directly(swept)]
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
    seen = _seen_in_results(results, [name for name in singles if not singles[name]])
    found += seen
    left = [name for name in singles if not singles[name] and not any(name in f.gradients for f in seen)]
    pairs = {name: paired_matches(name, results) for name in left}
    found += _from_pairs(pairs)
    if raising:
        found += _about_raising(results, raising, explained)
    for name in (*missing, *(name for name in left if not pairs[name])):
        words = "; ".join(observations(name, results))
        known = "" if name in missing else "not a known bug: "
        found.append(Finding(UNKNOWN, False, f"{known}{words}", (name,)))
    return tuple(found)


def _seen_directly(swept: Swept) -> list[Finding]:
    """What needs no reproduction: it was watched happening."""
    found = []
    last = swept.results[-1]
    if last.outcome.kind == HUNG:
        found.append(Finding("hangs", True, f"{last.outcome.message}, on {problem_words(last)}"))
    died = [result for result in swept.results if result.outcome.kind == DIED]
    if died:
        found.append(Finding("crashes", True, f"{died[0].outcome.message}, on {problem_words(died[0])}"))
    if swept.keeps_state:
        found.append(
            _known(
                "state-kept", "called twice with the same arrays, it returns something else the second time"
            )
        )
    if swept.only_batch:
        seen = f"it is right with a batch of {swept.only_batch}, and raises with every other that was tried"
        found.append(_known("batch-hardcoded", seen))
    changed = [result for result in swept.results if result.outcome.changed]
    if changed:
        names = sorted({name for result in changed for name in result.outcome.changed})
        found.append(
            _known("mutates-input", f"it changes {' and '.join(names)} in place, seen on {_count(changed)}")
        )
    forward = wrong_forwards(swept)
    if forward:
        backward = all(result.ok for result in swept.results if not result.refused)
        own = ", whose cache the backward was given" if swept.call.own_cache else ""
        rest = "; the backward itself is right" if backward else own
        words = f"its own {swept.candidate.forward or 'forward'} is wrong on {_count(forward)}"
        found.append(_known("forward-wrong", f"{words}{rest}: the first is {problem_words(forward[0])}"))
    return found


def _seen_in_results(results: Sequence[Result], names: Sequence[str]) -> list[Finding]:
    """Mistakes that the returned arrays show by themselves, in gradients that nothing reproduced."""
    found = []
    returned = [result for result in results if result.outcome.kind == RETURNED]
    if "db" in names and all(_repeats(result) for result in returned):
        shape = next(result.outcome.gradients["db"].shape for result in returned if result.wrong("db"))
        bug = KNOWN_BUGS["db-shape"]
        seen = f"its values are right, in the shape {'x'.join(map(str, shape))}"
        found.append(Finding(bug.id, True, f"{bug.title}: {seen}, for example", ("db",), bug))
    whole = tuple(name for name in names if name != "db" or not found)
    whole = tuple(name for name in whole if _whole_numbers(name, returned))
    if whole:
        bug = KNOWN_BUGS["integer-truncation"]
        buffers = all(result.outcome.gradients[whole[0]].dtype.kind in "iu" for result in returned)
        kind = " of an integer type" if buffers else ""
        seen = f"{_listed(whole)} holds whole numbers only{kind}, on all {len(returned)} problems"
        found.append(Finding(bug.id, buffers, f"{bug.title}: {seen}", whole, bug))
    return found


def _repeats(result: Result) -> bool:
    """Whether db holds the right values, whatever its shape: as they are, or repeated."""
    actual, right = result.outcome.gradients["db"], result.right.gradients["db"]
    for axis in range(actual.ndim):
        rows = np.moveaxis(actual, axis, -1)
        if rows.shape[-1] == right.size and np.allclose(
            rows, right, rtol=1e-5, atol=result.right.loose["db"]
        ):
            return True
    return False


def _whole_numbers(name: str, returned: Sequence[Result]) -> bool:
    """Whether a gradient holds nothing but whole numbers on every problem, and not only zeros."""
    gradients = [result.outcome.gradients[name] for result in returned]
    whole = all(bool((gradient == np.rint(gradient)).all()) for gradient in gradients)
    return bool(gradients) and whole and any(gradient.any() for gradient in gradients)


def wrong_forwards(swept: Swept) -> list[Result]:
    """The problems on which the candidate's own forward returned other numbers than it should."""
    found = []
    for result in swept.results:
        Z = result.outcome.Z
        if Z is None:
            continue
        expected = expected_forward(result.right.problem)
        scale = 4e-6 * (1 + float(np.abs(expected).max(initial=0.0)))
        if Z.shape != expected.shape or not np.allclose(Z, expected, rtol=0, atol=scale, equal_nan=True):
            found.append(result)
    return found


def _known(bug_id: str, seen: str) -> Finding:
    bug = KNOWN_BUGS[bug_id]
    return Finding(bug_id, True, f"{bug.title}: {seen}", (), bug)


def _count(results: Sequence[Result]) -> str:
    return f"{len(results)} problem{'s' if len(results) != 1 else ''}"


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
    return _known(
        "wrong-order",
        f"it returns {', '.join(order)}; the {swept.call.convention} convention is {expected}",
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
        wider = any(chosen.keys() < set(finding.gradients) for finding in found)
        if new or not wider:  # one mistake that explains more leaves no room for another that explains less
            found.append(_from_matches(chosen, alternative=not new))
    return found


def _fits(match: Match, wrong: Sequence[str]) -> bool:
    """Whether a variant spoils exactly the gradients that are wrong."""
    return set(match.variants[0].gradients) == set(wrong)


def _from_matches(matches: dict[str, Match], *, alternative: bool) -> Finding:
    first = next(iter(matches.values()))
    bug, names = first.bugs[0], tuple(name for name in NAMES if name in matches)
    labels = dict.fromkeys(match.variants[0].label for match in matches.values() if match.variants[0].label)
    label = f" ({', '.join(labels)})" if labels else ""
    start = "the same numbers also come from this: " if alternative else ""
    message = (
        f"{start}{bug.title}{label}, in {_listed(names)}; reproduced on {first.problems} problems, "
        f"{max(match.failing for match in matches.values())} of them wrong"
    )
    return Finding(bug.id, True, message, names, bug, first, alternative)


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _from_pairs(pairs: dict[str, list[Match]]) -> list[Finding]:
    """A finding for each of two bugs that only together give the numbers."""
    found: dict[str, Finding] = {}
    for name, matches in pairs.items():
        for match in matches:
            for bug, variant, other in zip(match.bugs, match.variants, match.bugs[::-1], strict=True):
                if bug.id in found:
                    earlier = found[bug.id]
                    names = (*earlier.gradients, name)
                    found[bug.id] = replace(earlier, gradients=names)
                    continue
                label = f" ({variant.label})" if variant.label else ""
                message = (
                    f"{bug.title}{label}, in {name}, together with {other.id}: both at once are "
                    f"reproduced on {match.problems} problems, {match.failing} of them wrong"
                )
                found[bug.id] = Finding(bug.id, True, message, (name,), bug, match)
    return list(found.values())


def _about_raising(
    results: Sequence[Result], raising: Sequence[Result], explained: Sequence[Finding]
) -> list[Finding]:
    """Known mistakes that raise on the same problems, and in any case what is raised where."""
    first = raising[0]
    where = f" at line {first.outcome.line}: `{first.outcome.line_text}`" if first.outcome.line else ""
    seen = f"{first.outcome.message}{where}"
    known = {finding.id for finding in explained}
    found: list[Finding] = []
    if "output from dtype('float" in first.outcome.message and "to dtype('int" in first.outcome.message:
        bug = KNOWN_BUGS["integer-truncation"]
        found.append(
            Finding(bug.id, True, f"{bug.title}: NumPy refuses to add a fraction to it; {seen}", (), bug)
        )
        return found
    matches: dict[str, Match] = {}
    for match in raising_matches(results):
        matches.setdefault(match.bugs[0].id, match)
    for bug_id, match in matches.items():
        if bug_id in known:
            continue
        label = f" ({match.variants[0].label})" if match.variants[0].label else ""
        message = (
            f"{match.bugs[0].title}{label}: it raises on exactly the {match.failing} problems of "
            f"{match.problems} on which this mistake does, and agrees with it on the others; {seen}"
        )
        names = match.variants[0].gradients
        alternative = bool(found or known)
        found.append(Finding(bug_id, True, message, names, match.bugs[0], match, alternative))
    if found or known:
        return found
    start = "not a known bug: " if len(raising) < len(results) else ""
    return [Finding("raises", True, f"{start}it raises on {_count(raising)} of {len(results)}: {seen}")]
