"""Which lines of a candidate write into the arrays that its caller has given it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.written import layouts_of
from convstep.candidate.diagnose.findings import Finding
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.recorder import Recorder
from convstep.candidate.step.own_arrays import Places, holding
from convstep.candidate.step.own_run import MOST
from convstep.conv.geometry import Geometry
from convstep.language import tr
from convstep.recording.facts import Alarm
from convstep.recording.recording import Recording

if TYPE_CHECKING:
    from convstep.candidate.call.worker import Worker
    from convstep.candidate.check.grade import Result
    from convstep.candidate.check.sweep import Swept

MUTATES = "mutates-input"
"""The finding that an input is changed in place."""
SECONDS = 10.0
"""How long the call may run while it is recorded."""
_GRADIENTS = {"A_prev": "dA_prev", "W": "dW", "b": "db", "dZ": "Z"}
"""What layouts call an array that lies as an input does."""


def with_writes(worker: Worker, swept: Swept, diagnosis: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings; one about an input that is changed in place says by which line, where that is seen.

    Args:
        worker: the candidate.
        swept: how it is called, and where it was seen.
        diagnosis: what was found.
    """
    changed = next((each for each in swept.results if each.outcome.changed), None)
    if changed is None or all(finding.id != MUTATES for finding in diagnosis):
        return tuple(diagnosis)
    writes = _writes(worker, swept, changed)
    return tuple(
        replace(finding, writes=writes, message=_message(finding, writes))
        if finding.id == MUTATES and writes
        else finding
        for finding in diagnosis
    )


def _message(finding: Finding, writes: Sequence[Alarm]) -> str:
    said = [
        tr("line {line} writes into {array}: {text}", line=each.line, array=each.array, text=each.text)
        for each in writes
    ]
    return tr("; ").join([finding.message, *said])


def _writes(worker: Worker, swept: Swept, result: Result) -> tuple[Alarm, ...]:
    """The first line that writes into each input that was changed; none that is not sure."""
    call, problem = swept.call, result.right.problem
    if not isinstance(worker, Recorder) or call.by_autograd(swept.candidate):
        return ()
    if call.with_tensors(swept.candidate) or problem.total_steps > MOST:
        return ()
    try:
        recording, _ = worker.record_call(call, problem, min(SECONDS, worker.seconds))
    except CandidateError:
        return ()
    layouts, inputs = layouts_of(call) or Layouts(), dict[int, str]()
    recording.seek(0)
    for name in result.outcome.changed:
        ours = np.asarray(getattr(problem, name), np.float64)
        laying = functools.partial(_laid, layouts, _GRADIENTS[name], problem.geometry)
        for held in holding(recording, ours, laying):
            inputs |= dict.fromkeys(held.all_storages, name)
    return tuple(
        replace(alarm, array=inputs[storage])  # whatever the author calls it
        for alarm in recording.alarms
        for storage in _storage_of(recording, alarm) & inputs.keys()
    )


def _laid(layouts: Layouts, name: str, geometry: Geometry, array: Places) -> Places:
    return layouts.ours(name, array, geometry)


def _storage_of(recording: Recording, alarm: Alarm) -> set[int]:
    """The memory of the caller's that has this name."""
    return {
        storage
        for storage, owner in recording.owners.items()
        if owner.name == alarm.array and recording.log.storages[storage].of_caller
    }
