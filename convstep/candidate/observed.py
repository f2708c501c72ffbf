"""What is wrong with a candidate and needs no reproduction: it was watched happening."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convstep.candidate.conventions import expected_forward
from convstep.candidate.finding import Finding, count, known, listed
from convstep.candidate.judging import Result, problem_words
from convstep.candidate.known_bugs.catalogue import KNOWN_BUGS
from convstep.candidate.outcome import DIED, HUNG, RETURNED
from convstep.candidate.sweep import Swept


def seen_directly(swept: Swept) -> list[Finding]:
    """What needs no reproduction: it was watched happening."""
    found = []
    last = swept.results[-1]
    if last.outcome.kind == HUNG:
        found.append(Finding("hangs", True, f"{last.outcome.message}, on {problem_words(last)}"))
    died = [result for result in swept.results if result.outcome.kind == DIED]
    if died:
        found.append(Finding("crashes", True, f"{died[0].outcome.message}, on {problem_words(died[0])}"))
    if swept.keeps_state:
        again = swept.second
        then = "it returns something else" if again is None or again.kind == RETURNED else again.message
        found.append(known("state-kept", f"called with the same arrays a second time, {then}"))
    if swept.only_batch:
        seen = f"it is right with a batch of {swept.only_batch}, and raises with every other that was tried"
        found.append(known("batch-hardcoded", seen))
    changed = [result for result in swept.results if result.outcome.changed]
    if changed:
        names = sorted({name for result in changed for name in result.outcome.changed})
        found.append(
            known("mutates-input", f"it changes {' and '.join(names)} in place, seen on {count(changed)}")
        )
    forward = wrong_forwards(swept)
    if forward:
        backward = all(result.ok for result in swept.results if not result.refused)
        own = ", whose cache the backward was given" if swept.call.own_cache else ""
        rest = "; the backward itself is right" if backward else own
        words = f"its own {swept.candidate.forward or 'forward'} is wrong on {count(forward)}"
        found.append(known("forward-wrong", f"{words}{rest}: the first is {problem_words(forward[0])}"))
    return found


def seen_in_results(results: Sequence[Result], names: Sequence[str]) -> list[Finding]:
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
        seen = f"{listed(whole)} holds whole numbers only{kind}, on all {len(returned)} problems"
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
    """The problems on which the candidate's own forward returned other numbers than it should.

    What has other samples or channels is no output of this convolution, whatever it is called; an
    output that went through a ReLU is right.
    """
    found = []
    for result in swept.results:
        Z = result.outcome.Z
        if Z is None:
            continue
        expected = expected_forward(result.right.problem)
        if Z.ndim != expected.ndim or Z.shape[-1] != expected.shape[-1]:
            continue
        if Z.ndim == 4 and Z.shape[0] != expected.shape[0]:
            continue
        scale = 4e-6 * (1 + float(np.abs(expected).max(initial=0.0)))
        if Z.shape != expected.shape or not any(
            np.allclose(Z, right, rtol=0, atol=scale, equal_nan=True)
            for right in (expected, np.maximum(expected, 0))
        ):
            found.append(result)
    return found
