"""The candidate along the timeline: its running gradients, what it adds, which steps are wrong.

Answers come from its process and may take as long as a call may: ask in a thread. They are remembered.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.outcome import HUNG, RETURNED, Outcome
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.grade import wrong_cells
from convstep.candidate.check.sweep import Swept
from convstep.candidate.diagnose.findings import Finding
from convstep.candidate.diagnose.mistakes import flawed_running
from convstep.candidate.step.own_lines import OwnLines, own_lines
from convstep.candidate.step.probing import Divergence, Probe, describe
from convstep.conv.problem import Problem
from convstep.conv.validation import shape_text
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array

if TYPE_CHECKING:
    from convstep.candidate.verdict import Verdict

KEPT = 256
"""The most answers that are remembered."""
KEPT_BYTES = 64 << 20
"""What they may take together."""
KEPT_LEAST = 8
"""Answers that are remembered whatever they take: a place, its step, and the places around it."""
ALL_STEPS = 4096
"""Steps up to which every single one is tried for the timeline's marks; beyond, only stretches."""
STRETCHES = 128
"""Into how many stretches a longer timeline is cut."""


@frozen(eq=False)
class Beside:
    """The candidate at one position, or after one step alone."""

    gradients: dict[str, Array]
    """By name, each in the right shape; one that did not come back, or has another shape, is missing."""
    problems: dict[str, str]
    """For the missing ones, why: "its shape is 2x3x1", "it raised ValueError: …"."""
    modelled: tuple[str, ...] = ()
    """Gradients that overwrite: shown is the running state of the reference with that mistake, which
    reproduces the candidate; the candidate itself, called with dZ cut off, shows its last step alone."""

    __repr__ = brief


class CandidateTimeline:
    """One candidate on one problem, by position and by step. Any thread may call anything."""

    def __init__(self, worker: Worker, verdict: Verdict, problem: Problem) -> None:
        """Nothing is called yet; whoever opened the worker closes it."""
        self.problem, self.verdict = problem, verdict
        self.probe = Probe(worker, verdict.swept.call, problem, fresh=verdict.swept.keeps_state)
        self._worker = worker
        self._mistakes = {
            name: finding.match.mistakes
            for finding in reversed(verdict.diagnosis)
            if finding.match is not None and finding.match.gradient and not finding.alternative
            for name in finding.gradients
        }
        self._answers: OrderedDict[tuple[int, int, bool], Beside] = OrderedDict()
        self._lock = threading.Lock()

    def on(self, problem: Problem) -> CandidateTimeline:
        """The same candidate, in the same process, on another problem."""
        return CandidateTimeline(self._worker, self.verdict, problem)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, the likeliest explanation first."""
        return self.verdict.diagnosis

    def first_divergence(self) -> Divergence | None:
        """The first step at which it diverges from the reference on this problem."""
        failing = self.verdict.failing
        if failing is not None and failing is self.problem:
            return self.verdict.first_divergence
        return first_divergence(self._worker, self.verdict.swept, self.findings, self.problem)

    def own_lines(self, found: Divergence | None) -> OwnLines | None:
        """Its own lines where it diverges on this problem; None if they are not known."""
        if self.verdict.failing is self.problem:
            return self.verdict.own
        right, swept = self.probe.right, self.verdict.swept
        return own_lines(self._worker, swept, right, self.probe.whole(), found)

    def at(self, position: int) -> Beside:
        """Its running gradients after `position` steps."""
        return _with_modelled(self._ask(0, position), self._modelled(position))

    def contribution(self, step: int) -> Beside:
        """What it thinks one step adds; of a modelled gradient, how the step changes it."""
        found = self._ask(step, step + 1, alone=True)
        before, after = self._modelled(step), self._modelled(step + 1)
        changes = {name: after[name] - before[name] for name in after if name in before}
        return _with_modelled(found, changes)

    def remembered(self, position: int) -> Beside | None:
        """The same as `at`, if that needs no call; else None."""
        with self._lock:
            known = (0, position, False) in self._answers
        return self.at(position) if known else None

    def remembered_contribution(self, step: int) -> Beside | None:
        """The same as `contribution`, if that needs no call; else None."""
        with self._lock:
            known = (step, step + 1, True) in self._answers
        return self.contribution(step) if known else None

    def close(self) -> None:
        """End the candidate's process: whoever waits for an answer is told that it ended."""
        self._worker.close()

    def wrong_steps(
        self, found: Callable[[int, int], None], stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Find the steps that add something wrong by themselves, for the timeline's marks.

        Each, or on a long timeline a stretch, is told to `found` as `first, last + 1`; `stop` is asked before
        every call whether nobody listens any more.
        """
        total = self.problem.total_steps
        pieces = range(total) if total <= ALL_STEPS else range(0, total, -(-total // STRETCHES))
        size = pieces.step
        for first in pieces:
            if stop():
                return
            last = min(first + size, total)
            outcome = self.probe.part(first, last)
            if outcome.kind == HUNG:  # every further step would take as long
                return
            if self.probe.differing(outcome, self.probe.expected(first, last)):
                found(first, last)

    def next_divergent(self, position: int) -> int | None:
        """The position after the next step that adds something wrong; None if there is none."""
        found = self.probe.next_divergent(position)
        return None if found is None else found + 1

    def previous_divergent(self, position: int) -> int | None:
        """The position after the last such step before the one just executed; None if there is none."""
        found = self.probe.previous_divergent(max(position - 1, 0))
        return None if found is None else found + 1

    def _modelled(self, position: int) -> dict[str, Array]:
        """The running state of the gradients that it overwrites."""
        return {
            name: running
            for name, mistakes in self._mistakes.items()
            if (running := flawed_running(name, self.problem, mistakes, position)) is not None
            and running.shape == self.probe.right.gradients[name].shape
        }

    def _ask(self, first: int, last: int, *, alone: bool = False) -> Beside:
        asked = first, last, alone
        with self._lock:
            if asked in self._answers:
                self._answers.move_to_end(asked)
                return self._answers[asked]
        answer = self._beside((self.probe.part if alone else self.probe.block)(first, last))
        with self._lock:
            self._answers[asked] = answer
            size = sum(array.nbytes for array in answer.gradients.values())
            most = min(KEPT, max(KEPT_BYTES // max(size, 1), KEPT_LEAST))
            while len(self._answers) > most:
                self._answers.popitem(last=False)
        return answer

    def _beside(self, outcome: Outcome) -> Beside:
        """The gradients of an outcome that can be compared with the reference's."""
        gradients: dict[str, Array] = {}
        problems: dict[str, str] = {}
        for name, right in self.probe.right.gradients.items():
            actual = outcome.gradients.get(name)
            if outcome.kind != RETURNED:
                problems[name] = outcome.message
            elif actual is None:
                problems[name] = tr("it is not returned")
            elif actual.shape != right.shape:
                said = "its shape is {shape}, not {right}"
                problems[name] = tr(said, shape=shape_text(actual.shape), right=shape_text(right.shape))
            else:
                gradients[name] = np.asarray(actual, self.problem.dtype)
        return Beside(gradients, problems)


def _with_modelled(found: Beside, modelled: dict[str, Array]) -> Beside:
    if not modelled:
        return found
    problems = {name: words for name, words in found.problems.items() if name not in modelled}
    return Beside({**found.gradients, **modelled}, problems, tuple(modelled))


def first_divergence(
    worker: Worker, swept: Swept, diagnosis: tuple[Finding, ...], problem: Problem | None = None
) -> Divergence | None:
    """The first step at which a candidate diverges, on the smallest failing problem unless one is given.

    A proven overwriting in the diagnosis has a running state of its own, which the black box cannot show:
    with dZ cut off, its later steps overwrite with zeros.
    """
    if problem is None:
        if swept.failing is None or swept.failing.outcome.kind != RETURNED:
            return None
        problem = swept.failing.right.problem
    probe = Probe(worker, swept.call, problem, fresh=swept.keeps_state)
    for finding in diagnosis:
        if finding.match is not None and finding.match.gradient:
            found = _running_divergence(probe, finding.match.gradient, finding)
            if found is not None:
                return found
    return probe.first_divergence()


def _running_divergence(probe: Probe, gradient: str, finding: Finding) -> Divergence | None:
    """Where the running state of a reproduced, overwriting mistake diverges from the reference's."""
    assert finding.match is not None
    problem, mistakes = probe.problem, finding.match.mistakes
    for position in range(1, problem.total_steps + 1):
        running = flawed_running(gradient, problem, mistakes, position)
        if running is None:
            return None
        expected = probe.expected(0, position)
        actual = {**expected, gradient: running}
        right = expected[gradient]
        if running.shape != right.shape or wrong_cells(gradient, probe.right, running, right).any():
            return replace(describe(probe.right, position - 1, actual, expected), running=True)
    return None
