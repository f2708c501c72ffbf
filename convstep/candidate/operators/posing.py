"""Pose a problem to somebody's operator as `check` calls it: what is recorded where a guess does not fit."""

from __future__ import annotations

from collections.abc import Iterator

from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.operators.caller import Caller
from convstep.candidate.operators.detect import Detecting, deadline
from convstep.candidate.operators.ways import likely
from convstep.candidate.record.recorder import Posed

SECONDS = 4.0
"""How long may be spent on finding out how one operator is called."""
TRIED = 4
"""Problems that are tried: a layer may refuse the first."""


def posed(worker: Caller) -> Iterator[Posed]:
    """Small problems of the operator that its name says, handed over as it is surely called."""
    for operator in likely(worker.candidate):
        detecting = Detecting(worker, operator, deadline(SECONDS, worker.clock))
        trial = detecting.best()
        if trial is None or not trial.believable or trial.way.tensors:
            continue
        returned = [one.answer.problem for one in trial.results if one.answer.kind == RETURNED]
        for problem in (operator.small(), *returned)[: TRIED if returned else 0]:
            handed = trial.way.handed(problem)
            if handed is not None:
                yield worker.pose(detecting.words, handed[1], trial.way.pairs, trial.way.mode)
