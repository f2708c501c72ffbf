"""The candidate's own lines at the place where its gradient parts from the reference's.

Its call is recorded once. After each of its steps the gradient should be the reference's for just the cells
of dZ that were read until then. Where its steps cannot be told apart by what they read, only what surely
holds is said: which line writes the cell last, or makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.call import Call
from convstep.candidate.call.conventions import convention_of
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.outcome import RETURNED, Outcome
from convstep.candidate.call.written import layouts_of, their_cell
from convstep.candidate.check.cases import Right
from convstep.candidate.check.grade import Result, wrong_cells
from convstep.candidate.diagnose.findings import Finding
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.recorder import Recorder
from convstep.candidate.step.own_arrays import holding, holding_of
from convstep.candidate.step.own_parting import cut, in_order, last, lies_right, parts, stands_right
from convstep.candidate.step.own_run import (
    LAST,
    MOST,
    OwnRun,
    OwnStep,
    inputs_of,
    read_by,
    reads_of,
    told_apart,
)
from convstep.candidate.step.probing import Divergence, reference
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.language import tr
from convstep.recording.facts import Alarm
from convstep.recording.recording import Recording
from convstep.steps.cells import Array, cell_text

if TYPE_CHECKING:
    from convstep.candidate.call.worker import Worker
    from convstep.candidate.check.sweep import Swept

SECONDS = 10.0
"""How long the call may run while it is recorded."""


@frozen(eq=False)
class OwnLines:
    """A recorded call of the candidate beside the reference."""

    run: OwnRun
    first: OwnStep
    """Where the two part, or what else is known of the first cell that is wrong."""

    __repr__ = brief

    def at(self, step: int) -> OwnStep | None:
        """The candidate's step that does what a step of the reference does; None where that is not known."""
        found = [(own, group) for own, group in self.run.groups.items() if step in group.theirs]
        if not found:
            return None
        ((last, group),) = found
        return self.first if group.first < self.first.position <= last + 1 else self.run.look(last)


def own_lines(
    worker: Worker, swept: Swept, right: Right, outcome: Outcome, divergence: Divergence | None
) -> OwnLines | None:
    """The candidate's own lines where it parts from the reference's `right`; None if nothing is sure."""
    if divergence is None or divergence.before_any or not divergence.cells or swept.keeps_state:
        return None
    recording = _recorded(worker, swept, right.problem) if outcome.kind == RETURNED else None
    if recording is None:
        return None
    return aligned(recording, swept.call, right, outcome.gradients, divergence)


def _recorded(worker: Worker, swept: Swept, problem: Problem) -> Recording | None:
    """Its call on a problem, recorded; None where that cannot be, or would take too long."""
    call, candidate = swept.call, swept.candidate
    if not isinstance(worker, Recorder) or problem.total_steps > MOST:
        return None
    if call.by_autograd(candidate) or call.with_tensors(candidate):
        return None
    try:
        return worker.record((call, problem), min(SECONDS, worker.seconds))[0]
    except CandidateError:
        return None


def aligned(
    recording: Recording, call: Call, right: Right, returned: Mapping[str, Array], divergence: Divergence
) -> OwnLines | None:
    """A recorded call, which returned gradients in our layout, beside the reference; None if unsure."""
    name, problem, layouts = divergence.gradient, right.problem, layouts_of(call) or Layouts()
    if recording.ended is not None or not recording.total or name not in returned:
        return None
    if wrong_cells(name, right, right.gradients[name], reference(problem)[name]).any():
        return None  # it is right for another forward than ours, whose steps are not the reference's
    convention, gradient = convention_of(call), np.asarray(returned[name], np.float64)
    recording.seek(recording.total)
    found = [
        *holding(recording, gradient, lambda array: convention.ours(name, array, problem)),
        *holding(recording, gradient, lambda array: layouts.ours(name, array, problem.geometry)),
    ]
    # the sum that `grads["W"] += dw` makes has no name that could be said
    found = [held for held in found if all(one in recording.owners for one in held.all_storages)]
    if not found:
        return None
    found.sort(key=lambda held: held.view is None)  # itself before what was copied, whoever lays it out
    inputs, reads = tuple(inputs_of(recording, problem, layouts)), reads_of(recording, problem, layouts)
    runs = [OwnRun(recording, call, right, name, held, inputs, told_apart(held, reads)) for held in found]
    for run in runs:
        right_part = lies_right(run)
        taken = not (right_part and in_order(run)) or stands_right(run)
        first = cut(run, runs, divergence) if taken else None
        if first is None and run.groups and right_part:
            first = parts(run, divergence)
        if first is not None:
            return OwnLines(run, first)
    if name == "dA_prev" and not lies_right(runs[0]):
        return None  # it is cut out somewhere: whether there, or before, is not known
    found_last = last(replace(runs[0], groups={}), LAST, divergence)
    if found_last is None:
        return None
    groups = [frozenset(group.theirs) for group in runs[0].groups.values()]
    read = frozenset[int]().union(*(groups or map(read_by, (reads or {}).values())))
    if not read or divergence.step in read:
        return OwnLines(runs[0], found_last)
    index = divergence.index if problem.geometry.batch is not None else divergence.index[1:]
    upstream = _name_of_dZ(recording, problem, layouts)
    cell = cell_text(upstream, their_cell(call, "dZ", tuple(index)))
    return OwnLines(runs[0], replace(found_last, unread=cell))


def _name_of_dZ(recording: Recording, problem: Problem, layouts: Layouts) -> str:
    """What the author calls the upstream gradient."""
    recording.seek(0)
    held = next(holding_of(recording, problem, layouts, "dZ"))
    names = [recording.owners[one].name for one in held.all_storages if one in recording.owners]
    return names[0] if len(names) == 1 and names[0].isidentifier() else "dZ"


# what it writes into besides


MUTATES = "mutates-input"
"""The finding that an input is changed in place."""


def with_writes(worker: Worker, swept: Swept, diagnosis: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings; one about an input that is changed in place says by which line, where that is seen."""
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
    problem = result.right.problem
    recording = _recorded(worker, swept, problem)
    if recording is None:
        return ()
    layouts, inputs = layouts_of(swept.call) or Layouts(), dict[int, str]()
    recording.seek(0)
    for name in result.outcome.changed:
        for held in holding_of(recording, problem, layouts, name):
            inputs |= dict.fromkeys(held.all_storages, name)
    return tuple(
        replace(alarm, array=inputs[storage])  # whatever the author calls it
        for alarm in recording.alarms
        for storage in _storage_of(recording, alarm) & inputs.keys()
    )


def _storage_of(recording: Recording, alarm: Alarm) -> set[int]:
    """The memory of the caller's that has this name."""
    return {
        storage
        for storage, owner in recording.owners.items()
        if owner.name == alarm.array and recording.log.storages[storage].of_caller
    }
