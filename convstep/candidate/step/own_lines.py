"""The candidate's own lines at the place where its gradient parts from the reference's.

Its call is recorded once. After each of its steps the gradient should be the reference's for just the cells
of dZ that were read until then. Where its steps cannot be told apart by what they read, only what surely
holds is said: which line writes the cell last, or makes it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.candidate.call.call import Call
from convstep.candidate.call.conventions import convention_of
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.outcome import RETURNED, Outcome
from convstep.candidate.call.written import layouts_of, their_cell
from convstep.candidate.check.cases import Right
from convstep.candidate.check.grade import wrong_cells
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.recorder import Recorder
from convstep.candidate.step.own_arrays import holding, places_of
from convstep.candidate.step.own_run import (
    CUT,
    LAST,
    MAKES,
    MOST,
    PARTS,
    OwnRun,
    OwnStep,
    Place,
    inputs_of,
    reads_of,
    told_apart,
)
from convstep.candidate.step.own_window import axes_in
from convstep.candidate.step.probing import reference
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.recording.facts import Writer
from convstep.recording.recording import Recording
from convstep.steps.cells import cell_text

if TYPE_CHECKING:
    from convstep.candidate.call.worker import Worker
    from convstep.candidate.check.sweep import Swept
    from convstep.candidate.step.probing import Divergence

Array = npt.NDArray[Any]
SECONDS = 10.0
"""How long the call may run while it is recorded."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnLines:
    """A recorded call of the candidate beside the reference."""

    run: OwnRun
    """The call."""
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
    """The candidate's own lines where it parts from the reference.

    Args:
        worker: the candidate.
        swept: how it is called.
        right: what is right on the problem to call it on.
        outcome: what it returned for that.
        divergence: the first step after which it differs.

    Returns:
        None if it cannot be recorded, or if nothing is sure.
    """
    call, problem = swept.call, right.problem
    if divergence is None or divergence.before_any or not divergence.cells or swept.keeps_state:
        return None
    if outcome.kind != RETURNED or problem.total_steps > MOST or not isinstance(worker, Recorder):
        return None
    if call.by_autograd(swept.candidate) or call.with_tensors(swept.candidate):
        return None
    try:
        recording, _ = worker.record_call(call, problem, min(SECONDS, worker.seconds))
    except CandidateError:
        return None
    return aligned(recording, call, right, outcome.gradients, divergence)


def aligned(
    recording: Recording,
    call: Call,
    right: Right,
    returned: Mapping[str, Array],
    divergence: Divergence,
) -> OwnLines | None:
    """A recorded call beside the reference; None if nothing is sure.

    Args:
        recording: of the call on the problem.
        call: how it was called.
        right: what is right on the problem.
        returned: the candidate's gradients by name, in our layout.
        divergence: the first step after which it differs.
    """
    name, problem, layouts = divergence.gradient, right.problem, layouts_of(call) or Layouts()
    if recording.ended is not None or not recording.total or name not in returned:
        return None
    convention, gradient = convention_of(call), np.asarray(returned[name], np.float64)
    recording.seek(recording.total)
    found = [
        *holding(recording, gradient, lambda array: convention.ours(name, array, problem)),
        *holding(recording, gradient, lambda array: layouts.ours(name, array, problem.geometry)),
    ]
    if not found:
        return None
    inputs, reads = tuple(inputs_of(recording, problem, layouts)), reads_of(recording, problem, layouts)
    runs = [
        OwnRun(recording, call, right, name, held, inputs, told_apart(recording, held, reads))
        for held in found
    ]
    for run in runs:
        first = _cut(run, runs, layouts, divergence) if run.groups else None
        if first is None and run.groups and _lies_right(run):
            first = _parts(run, divergence)
        if first is not None:
            return OwnLines(run, first)
    last = _last(replace(runs[0], groups={}), LAST, divergence)
    if last is None:
        return None
    groups = [frozenset(group.theirs) for group in runs[0].groups.values()]
    read = frozenset[int]().union(*(groups or (reads or {}).values()))
    if not read or divergence.step in read:
        return OwnLines(runs[0], last)
    index = divergence.index if problem.geometry.batch is not None else divergence.index[1:]
    upstream = _name_of_dZ(recording, problem, layouts)
    cell = cell_text(upstream, their_cell(call, "dZ", tuple(index)))
    return OwnLines(runs[0], replace(last, unread=cell))


def _name_of_dZ(recording: Recording, problem: Problem, layouts: Layouts) -> str:
    """What the author calls the upstream gradient."""
    recording.seek(0)
    ours = np.asarray(problem.dZ, np.float64)
    held = next(holding(recording, ours, lambda array: layouts.ours("Z", array, problem.geometry)))
    names = [recording.owners[one].name for one in held.all_storages if one in recording.owners]
    return names[0] if len(names) == 1 and names[0].isidentifier() else "dZ"


def _parts(run: OwnRun, divergence: Divergence) -> OwnStep | None:
    """The first step from which on a cell is never right again; None if every step is right."""
    recording, right, name = run.recording, run.right, run.gradient
    problem, known = right.problem, run.held.storages >= 0
    expected = np.zeros(right.gradients[name].shape)
    wrong: list[npt.NDArray[np.bool_]] = []
    states: list[tuple[Array, Array]] = []
    for step, (_, theirs) in run.groups.items():
        if theirs:
            dZ = np.zeros_like(problem.dZ)
            dZ.reshape(-1)[list(theirs)] = problem.dZ.reshape(-1)[list(theirs)]
            expected = expected + reference(problem.with_arrays(dZ=dZ))[name]
        recording.seek(step + 1)
        states.append((run.held.values(recording), expected))
        wrong.append(wrong_cells(name, right, *states[-1]) & known)
    lasting = np.logical_and.accumulate(wrong[::-1])[::-1]
    at = next((n for n, cells in enumerate(lasting) if cells.any()), None)
    if at is None:
        return None
    preferred = [cell for cell in divergence.cells if lasting[at][cell]]
    cell = preferred[0] if preferred else tuple(int(i) for i in np.argwhere(lasting[at])[0])
    value, right_value = (float(state[cell]) for state in states[at])
    return _at(run, [*run.groups][at], PARTS, cell, value, right_value)


def _at(run: OwnRun, step: int, kind: str, cell: tuple[int, ...], value: float, expected: float) -> OwnStep:
    """A step with the cell that parts there."""
    place = int(run.held.storages[cell]), int(run.held.places[cell])
    array, named = run.named(place, cell)
    first = run.groups[step].first if step in run.groups else step
    if first < step:  # of those that make a window together, the one that writes this cell
        own = (one.step for one in _writers(run, place) if first <= one.step <= step)
        step = max(own, default=step)
    found = run.look(step, kind, place)
    return replace(found, array=array, cell=named, value=value, expected=expected)


def _lies_right(run: OwnRun) -> bool:
    """Whether what is returned is the part of its array that it should be, as far as lengths tell it.

    Else a cell of that array is another cell of the gradient than it seems.
    """
    if run.gradient != "dA_prev":
        return True
    geometry = run.right.problem.geometry
    for storage in run.held.all_storages:
        axes = axes_in(run.recording, storage, (run.held,)) or ()
        shape = run.recording.owners[storage].view.shape
        for (axis, shift), (before, after), length in zip(
            axes, geometry.padding, geometry.input_shape, strict=False
        ):
            if shift != {length: 0, length + before + after: before}.get(shape[axis], shift):
                return False
    return True


def _cut(run: OwnRun, runs: Sequence[OwnRun], layouts: Layouts, divergence: Divergence) -> OwnStep | None:
    """What takes another part than it should of a padded gradient; None unless all of that is right."""
    recording = run.recording
    if run.gradient != "dA_prev" or len(run.held.all_storages) != 1:
        return None
    (storage,) = run.held.all_storages
    owner, timeline = recording.owners.get(storage), Timeline(run.right.problem)
    timeline.seek(timeline.total)
    theirs = layouts.theirs("A_prev", timeline.dA_prev_pad)
    recording.seek(recording.total)
    whole = None if owner is None else recording.memory.seen(owner.view)
    if whole is None or whole.shape != theirs.shape or wrong_cells("dA_prev", run.right, whole, theirs).any():
        return None
    if not wrong_cells("dA_prev", run.right, run.held.values(recording))[run.held.storages >= 0].any():
        return None
    array = "" if owner is None or not owner.name.isidentifier() else owner.name
    for other in runs:  # what is returned stands for a part of it, or was copied from it
        own = {storage} == other.held.all_storages
        found = _taken(other) if own else _last(replace(other, groups={}), CUT, divergence)
        if found is not None and array:
            return replace(found, array=array)
    return None


def _taken(run: OwnRun) -> OwnStep | None:
    """The statement that first names the very cells of a gradient; None if none does."""
    recording, cells = run.recording, np.sort(run.held.places, axis=None)
    index, views = recording.index, recording.log.views
    bound = (
        (int(entry), views[number])
        for one in index.bindings
        for entry, number in zip(one.entries.tolist(), one.refs.tolist(), strict=True)
    )
    for entry, view in sorted(bound, key=lambda one: one[0]):
        same = view.storage in run.held.all_storages and len(cells) == np.prod(view.shape)
        if same and np.array_equal(np.sort(places_of(view), axis=None), cells):
            return _statement(run, entry, CUT)
    return None


def _statement(run: OwnRun, entry: int, kind: str) -> OwnStep:
    """The statement of an entry of the log."""
    recording, index = run.recording, run.recording.index
    position = min(bisect_right(index.ends, entry), recording.total - 1) + 1
    recording.seek(position)
    known = recording.log.sites.statements[index.statement[entry]]
    return OwnStep(kind, position, known.line, known.text, recording.event)


def _last(run: OwnRun, kind: str, divergence: Divergence) -> OwnStep | None:
    """The last statement that writes a cell that is wrong in the end, or else what makes its array."""
    recording, held, right = run.recording, run.held, run.right.gradients[run.gradient]
    recording.seek(recording.total)
    values = held.values(recording)
    wrong = wrong_cells(run.gradient, run.right, values) & (held.storages >= 0)
    cell = next((each for each in divergence.cells if wrong[each]), None)
    if cell is None:
        return None
    place = int(held.storages[cell]), int(held.places[cell])
    owner = recording.owners.get(place[0])
    if owner is None or owner.of_caller:
        return None
    value, expected = float(values[cell]), float(right[cell])
    if writers := _writers(run, place):
        return _at(run, writers[-1].step, kind, cell, value, expected)
    if owner.since < 0:
        return None
    array, named = run.named(place, cell)
    found = _statement(run, owner.since, MAKES if kind == LAST else kind)
    return replace(found, array=array, cell=named, value=value, expected=expected)


def _writers(run: OwnRun, place: Place) -> list[Writer]:
    """Every write to a cell after its array was made."""
    recording, owner = run.recording, run.recording.owners.get(place[0])
    at: Any = [] if owner is None else np.argwhere(places_of(owner.view) == place[1])
    if owner is None or len(at) != 1 or owner.name not in recording.layout.written:
        return []
    known = recording.writers(owner.name, tuple(int(i) for i in at[0]))
    return [one for one in known if one.kind != "makes"]
