"""What one sample of a batch has added to the gradients that all samples share: dW and db."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline

KEPT = 2
"""Samples whose passes are kept: a step over the border between two of them and back costs nothing."""


class SampleShare:
    """The part of dW and db that the shown step's sample alone has made up to now.

    The loop over the samples is the outermost, so the share is the state of a pass over that
    sample alone: its additions in the loop's order, from zero, to the bit. That pass is a
    timeline of its own, which follows the whole one with the same cheap moves.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.whole = timeline
        """The pass that is followed."""
        geometry = timeline.problem.geometry
        self._per_sample = geometry.total_steps // geometry.samples
        self._passes: dict[int, Timeline] = {}
        self._making = threading.Lock()  # a worker prepares while the screen looks

    @property
    def sample(self) -> int:
        """`i_n` of the step that is looked at."""
        return self.whole.step.i_n

    def follow(self) -> Timeline:
        """The pass over the sample alone, brought to where the whole one stands."""
        whole, sample = self.whole, self.sample
        alone = self._pass(sample)
        position = whole.position - sample * self._per_sample
        if (alone.position, alone.made) != (position, whole.made):
            alone.seek(position)
            for _ in range(whole.made):
                alone.next_write()
        return alone

    def prepared(self, position: int) -> bool:
        """Whether following the whole pass to a position takes no noticeable time."""
        alone, there = self._at(position)
        return alone.prepared(there)

    def prepare(self, position: int) -> Iterator[float]:
        """Build what `follow` needs at a position of the whole pass; see `Timeline.prepare`."""
        alone, there = self._at(position)
        return alone.prepare(there)

    def _at(self, position: int) -> tuple[Timeline, int]:
        """The pass over the sample that is looked at at a position, and the position in it."""
        sample = max(position - 1, 0) // self._per_sample
        return self._pass(sample), position - sample * self._per_sample

    def _pass(self, sample: int) -> Timeline:
        with self._making:
            found = self._passes.pop(sample, None) or Timeline(_alone(self.whole.problem, sample))
            self._passes[sample] = found  # the last one looked at is the last to go
            while len(self._passes) > KEPT:
                del self._passes[next(iter(self._passes))]
            return found


def _alone(problem: Problem, sample: int) -> Problem:
    """One sample as a problem without a batch axis."""
    if problem.geometry.batch is None:
        return problem
    return problem.with_arrays(A_prev=problem.A_prev[sample], dZ=problem.dZ[sample])
