"""Memory layouts that autograd and its callers pass on: expanded, strided, channels last, an empty batch.

The sweep's own tensors are contiguous. What is right on them may still read another one's memory in the
wrong order, or refuse it; `loss.sum().backward()` is enough to make a dZ that is not contiguous.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.call.call import Call
from convstep.candidate.call.outcome import DIED, HUNG, NAMES, RAISED, RETURNED
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Right
from convstep.candidate.check.grade import Result, grade
from convstep.frozen import frozen

TRIED = 3
"""Problems on which each is tried."""


@frozen()
class Laying:
    """A way in which tensors lie."""

    words: str
    """When, in words."""
    laid: tuple[tuple[str, str], ...]
    """Which lie how; see `Call.laid`."""


EXPANDED = Laying("dZ is expanded, as loss.sum() makes it", (("dZ", "expanded"),))
"""What the simplest of losses hands on: a backward that does not take it is wrong."""
LAST = Laying("pictures and dZ are channels_last", (("A_prev", "channels last"), ("dZ", "channels last")))
NOBODY = Laying("the batch is empty", (("A_prev", "empty"), ("dZ", "empty")))
"""These two are of batches alone."""
LAYINGS = (
    EXPANDED,
    Laying("dZ is not contiguous", (("dZ", "strided"),)),
    Laying("the pictures are not contiguous", (("A_prev", "strided"),)),
    LAST,
    NOBODY,
)


@frozen(eq=False)
class Laid:
    """The outcome of one way on one problem."""

    laying: Laying
    """The way."""
    result: Result
    """What came of it; the problem itself is right on contiguous tensors."""

    @property
    def wrong(self) -> tuple[str, ...]:
        """Gradients whose numbers are wrong; those of an empty batch are zeros."""
        if self.laying is NOBODY:
            return tuple(name for name, array in self.result.outcome.gradients.items() if np.any(array))
        return tuple(name for name in NAMES if self.result.wrong(name))

    @property
    def taken(self) -> bool:
        """Whether gradients came back."""
        return self.result.outcome.kind == RETURNED

    @property
    def failed(self) -> bool:
        """Whether it is the candidate's mistake: wrong numbers, or none of the simplest loss."""
        came_to_nothing = self.result.outcome.kind in (RAISED, DIED, HUNG)
        wrong = bool(self.wrong) and self.laying is not NOBODY
        return wrong or (came_to_nothing and self.laying is EXPANDED)


def laid_otherwise(worker: Worker, call: Call, results: Sequence[Result], *, fresh: bool) -> Iterator[Laid]:
    """Try a candidate that is right on contiguous tensors on others, where PyTorch passes them on."""
    if not call.by_autograd(worker.candidate):
        return
    fit = [result.right for result in results if result.ok and result.case and _tells(result)]
    fit = sorted(fit, key=lambda right: -right.problem.geometry.samples)[:TRIED]
    for laying in LAYINGS:
        for right in fit:
            if right.problem.geometry.batch is None and laying in (LAST, NOBODY):
                continue
            if laying is EXPANDED:
                right = Right.of(right.problem.with_arrays(dZ=np.ones_like(right.problem.dZ)))
                if not grade(None, right, worker.call(call, right.problem, fresh=fresh)).ok:
                    continue
            outcome = worker.call(replace(call, laid=laying.laid), right.problem, fresh=fresh)
            yield Laid(laying, grade(None, right, outcome))
            if outcome.kind in (DIED, HUNG):
                return


def _tells(result: Result) -> bool:
    """Whether the layouts differ on this problem: no axis is so short that cells keep their order."""
    geometry = result.right.problem.geometry
    sizes = (*geometry.input_shape, *geometry.output_shape, *geometry.kernel_shape[1:3])
    return min(sizes) > 1
