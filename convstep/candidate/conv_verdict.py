"""The verdict on a backward as a convolution's: swept, diagnosed, placed at the first step that differs."""

from __future__ import annotations

from dataclasses import replace

from convstep.candidate.call.conventions import AUTO
from convstep.candidate.call.opening import open_worker as open_worker
from convstep.candidate.call.outcome import Attempt, CannotCall
from convstep.candidate.call.worker import LOADING, SECONDS, Worker
from convstep.candidate.call.written import call_text
from convstep.candidate.check.grade import (
    ends_in_relu,
    problem_words,
    wrong_forwards,
)
from convstep.candidate.check.sweep import BUDGET, Progress, Swept, before_relu, fresh_problems, sweep
from convstep.candidate.diagnose.activated import activated
from convstep.candidate.diagnose.averaging import about_means, summed
from convstep.candidate.diagnose.diagnosis import UNKNOWN, diagnose
from convstep.candidate.diagnose.findings import Finding
from convstep.candidate.diagnose.own_forward import OwnForward, own_forward, right_for_it
from convstep.candidate.notes import about_linearity, about_relu, notes
from convstep.candidate.report import report
from convstep.candidate.step.own_lines import own_lines, with_writes
from convstep.candidate.step.stepping import first_divergence
from convstep.candidate.verdict import Verdict, patterns_of
from convstep.conv.problem import Problem
from convstep.language import tr

ATTEMPTS = 3
"""How many of the reasons are told for which a candidate refuses every problem."""


def verdict_of(
    worker: Worker,
    convention: str = AUTO,
    problem: Problem | None = None,
    progress: Progress | None = None,
    budget: float = BUDGET,
) -> Verdict:
    """Sweep, diagnose, and find the first divergence; see `check`."""
    swept = sweep(worker, convention, problem, progress, budget)
    _check_taken(swept)
    forward = own_forward(worker, swept)
    if forward is None and swept.failing is not None and ends_in_relu(swept.results):
        swept = before_relu(worker, swept)
    mean = None if forward is not None and forward.fits else summed(swept)
    if mean is not None and mean.failing is not None:
        other = own_forward(worker, mean)
        mean, forward = (mean, other) if other is not None and other.fits else (None, forward)
    if mean is not None or (forward is not None and forward.fits):
        swept = right_for_it(mean or swept)
    diagnosis = with_writes(worker, swept, diagnose(swept, forward))
    unfit = forward is not None and forward.unfit
    divergence = None if unfit else first_divergence(worker, swept, diagnosis)
    said = [forward.note] if forward is not None and forward.fits else [*about_relu(swept)]
    if unfit:
        said.append(_beside())
    said += [*([about_means(swept)] if mean is not None else []), *notes(swept)]
    if not unfit and any(finding.id == UNKNOWN for finding in diagnosis):
        said += about_linearity(worker, swept)
    flags = worker.flags if convention == AUTO else (*worker.flags, "--convention", convention)
    if (worker.seconds, worker.loading) != (SECONDS, LOADING):
        flags = (*flags, "--timeout", f"{worker.seconds:g}")
    pattern, patterns = patterns_of(swept, fresh_problems(worker, swept, budget / 4))
    failing = swept.failing
    own = None if failing is None else own_lines(worker, swept, failing.right, failing.outcome, divergence)
    found = Verdict(
        report, worker.address, swept, diagnosis, divergence, tuple(said), None, pattern, patterns, flags, own
    )
    if found.ok and (more := activated(worker, swept)) is not None:
        if more.swept is not None and more.finding is not None:
            return _by_default(found, more.swept, more.finding)
        found = replace(found, notes=(more.note, *found.notes))
    odd = forward is not None and forward.fits and not forward.does
    return replace(
        found, another=odd or (forward is not None and _is_another(forward, swept)), unfit=bool(unfit)
    )


def _beside() -> str:
    return tr("its numbers are shown beside those of this convolution, which it is not meant to be")


def _by_default(found: Verdict, swept: Swept, finding: Finding) -> Verdict:
    """The verdict on what is right without an activation and wrong with the one that it has by default."""
    note = tr("with its activation switched off, {verdict}", verdict=found.headline)
    failing = sum(each.failed for each in swept.results)
    pattern = tr(
        "{fails} on {count} of {tried} problems, in no simple pattern",
        fails=tr("wrong"),
        count=failing,
        tried=len(swept.results),
    )
    return replace(
        found,
        swept=swept,
        diagnosis=(finding,),
        first_divergence=None,
        notes=(note, _beside(), *found.notes),
        pattern=pattern,
        patterns=dict.fromkeys(finding.gradients, pattern),
        own=None,
    )


def _is_another(forward: OwnForward, swept: Swept) -> bool:
    """Whether a forward is another function than this convolution, and none that is known.

    It is if it differs on most problems, or if the backward fails only where it was handed a dZ that is none
    of that forward's.
    """
    if forward.fits or forward.does or forward.unfit:
        return False
    asked = [result for result in swept.results if result.outcome.Z is not None]
    sized = [result for result in asked if result.outcome.Z.shape == result.right.problem.dZ.shape]  # type: ignore[union-attr]
    failing = [result for result in swept.results if result.failed]
    handed = all(result in asked and result not in sized for result in failing)
    return bool(failing) and (handed or 3 * len(wrong_forwards(sized)) >= 2 * len(sized) > 0)


def _check_taken(swept: Swept) -> None:
    """Raise `CannotCall` if every problem is refused: the candidate may be right, or not written yet."""
    if swept.refused < len(swept.results):
        return
    first, *_ = swept.results
    attempts: dict[str, Attempt] = {}
    for result in swept.results:
        outcome = result.outcome
        how = call_text(swept.call, swept.candidate, result.right.problem) or problem_words(result)
        attempt = Attempt.of(how, outcome)
        attempts.setdefault(outcome.message, attempt)
    said = tr(
        "{name} refuses every problem: {message}",
        name=swept.candidate.name,
        message=first.outcome.message,
    )
    raise CannotCall(said, swept.candidate, tuple(attempts.values())[:ATTEMPTS])
