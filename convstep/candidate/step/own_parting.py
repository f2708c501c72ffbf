"""What is known of the first cell that is wrong: with which step it parts, or which line made it so."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.written import layouts_of
from convstep.candidate.check.grade import wrong_cells
from convstep.candidate.step.own_arrays import axis_of
from convstep.candidate.step.own_run import CUT, LAST, MAKES, PARTS, OwnRun, OwnStep, Place, own_name
from convstep.candidate.step.probing import reference
from convstep.conv.timeline import Timeline
from convstep.recording.facts import Writer
from convstep.recording.placing import places_of
from convstep.steps.cells import Array

if TYPE_CHECKING:
    from convstep.candidate.step.probing import Divergence


def parts(run: OwnRun, divergence: Divergence) -> OwnStep | None:
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
    first = run.groups[step].first if step in run.groups else step
    if first < step:  # of those that make a window together, the one that writes this cell
        own = (one.step for one in _writers(run, place) if first <= one.step <= step)
        step = max(own, default=step)
    return _with_cell(run, run.look(step, kind, place), cell, value, expected)


def _with_cell(run: OwnRun, found: OwnStep, cell: tuple[int, ...], value: float, expected: float) -> OwnStep:
    """A step with what is said of a cell."""
    place = int(run.held.storages[cell]), int(run.held.places[cell])
    array, named, returned = run.named(place, cell)
    return replace(found, array=array, cell=named, returned=returned, value=value, expected=expected)


def lies_right(run: OwnRun) -> bool:
    """Whether what is returned is the part of its array that it should be, as far as shapes tell it.

    Else a cell of that array is another cell of the gradient than it seems.
    """
    held, geometry = run.held, run.right.problem.geometry
    picture = run.gradient == "dA_prev"
    for storage in held.all_storages:
        own, view = held.storages == storage, run.recording.owners[storage].view
        taken = set[int]()
        for axis, along in enumerate(np.nonzero(own)):
            if np.ptp(along) == 0:
                continue
            found = axis_of(view, held.places[own], along)
            if found is None or found[0] in taken:
                return False
            taken.add(found[0])
            length, padding, beyond = own.shape[axis], (0, 0), 1
            if picture and own.ndim - axis in (2, 3):
                number = 3 - (own.ndim - axis)
                padding, beyond = geometry.padding[number], geometry.stride[number]
            shifts = {length + sum(padding) + more: padding[0] for more in range(beyond)}  # as col2im has
            shifts |= {length: 0} if sum(padding) else {}
            if found[1] != shifts.get(view.shape[found[0]], found[1]):
                return False
    return True


def stands_right(run: OwnRun) -> bool:
    """Whether what is returned is a part of an array in which `dA_prev_pad` begins at the first cell.

    What is wrong is then which part of it is taken: the rest of that array is zeros.
    """
    view, problem = run.held.view, run.right.problem
    if view is None or run.gradient != "dA_prev" or len(run.held.all_storages) != 1:
        return False
    owner, timeline = run.recording.owners[view.storage].view, Timeline(problem)
    if owner.shape == view.shape:
        return False
    timeline.seek(timeline.total)
    run.recording.seek(run.recording.total)
    right = timeline.dA_prev_pad
    try:
        layouts = layouts_of(run.call) or Layouts()
        whole = layouts.ours("dA_prev", run.recording.memory.seen(owner), problem.geometry)
    except (ValueError, IndexError, KeyError):
        return False
    more = [own - its for own, its in zip(whole.shape, right.shape, strict=False)]
    if whole.ndim != right.ndim or min(more) < 0:
        return False
    return not wrong_cells("dA_prev", run.right, whole, np.pad(right, [(0, by) for by in more])).any()


def in_order(run: OwnRun) -> bool:
    """Whether what is returned has its axes in the order of its array: else they may have been exchanged."""
    view = run.held.view
    if view is None:
        return True
    owner = run.recording.owners[view.storage].view
    orders = (
        [abs(stride) for length, stride in zip(each.shape, each.strides, strict=True) if length > 1]
        for each in (view, owner)
    )
    own, whole = orders
    return (own == sorted(own, reverse=True)) == (whole == sorted(whole, reverse=True))


def cut(run: OwnRun, runs: Sequence[OwnRun], divergence: Divergence) -> OwnStep | None:
    """What takes a gradient from other cells than it should; None unless its array has the right values."""
    recording, name = run.recording, run.gradient
    if len(run.held.all_storages) != 1:
        return None
    (storage,) = run.held.all_storages
    owner, timeline = recording.owners[storage], Timeline(run.right.problem)
    timeline.seek(timeline.total)
    recording.seek(recording.total)
    wrong = wrong_cells(name, run.right, run.held.values(recording))[run.held.storages >= 0]
    whole = np.sort(recording.memory.seen(owner.view), axis=None)
    right = (run.right.gradients[name], timeline.dA_prev_pad if name == "dA_prev" else np.empty(0))
    size = len(whole)
    # by size, with zeros to make up so many: buffers of col2im are longer by a stride
    full = [np.sort(np.pad(each.ravel(), (0, size - each.size))) for each in right if size >= each.size > 0]
    holds = any(not wrong_cells(name, run.right, whole, each).any() for each in full)
    if not wrong.any() or not holds or not all(map(str.isidentifier, owner.name.split("."))):
        return None
    for other in runs:  # what is returned stands for cells of it, or was copied from it
        found = None
        if {storage} == other.held.all_storages:
            found = _taken(other)
        elif lies_right(other):
            found = last(replace(other, groups={}), CUT, divergence)
        if found is not None:
            return replace(found, array=own_name(recording, owner.name))
    return None


def _taken(run: OwnRun) -> OwnStep | None:
    """The statement that first names what is returned; None if none does."""
    index, views = run.recording.index, run.recording.log.views
    entries = (
        int(entry)
        for one in index.bindings
        for entry, number in zip(one.entries.tolist(), one.refs.tolist(), strict=True)
        if views[number] == run.held.view
    )
    first = min(entries, default=None)
    return None if first is None else _statement(run, first, CUT)


def _statement(run: OwnRun, entry: int, kind: str) -> OwnStep:
    """The statement of an entry of the log."""
    recording, index = run.recording, run.recording.index
    position = min(bisect_right(index.ends, entry), recording.total - 1) + 1
    recording.seek(position)
    known = recording.log.sites.statements[index.statement[entry]]
    return OwnStep(kind, position, known.line, known.text, recording.event)


def last(run: OwnRun, kind: str, divergence: Divergence) -> OwnStep | None:
    """The last statement that writes a cell that is wrong in the end, or else what makes its array."""
    recording, held, right = run.recording, run.held, run.right.gradients[run.gradient]
    if held.view is None and kind == LAST:
        return None  # a copy: what was made of it since may be what is wrong
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
    found = _statement(run, owner.since, MAKES if kind == LAST else kind)
    if found.kind == MAKES and any(one.frame for one in found.event.statements if one.line == found.line):
        return None  # a helper makes what it is asked for: who asks for the wrong thing is not seen
    return _with_cell(run, found, cell, value, expected)


def _writers(run: OwnRun, place: Place) -> list[Writer]:
    """Every write to a cell after its array was made."""
    recording, owner = run.recording, run.recording.owners.get(place[0])
    at: Any = [] if owner is None else np.argwhere(places_of(owner.view) == place[1])
    if owner is None or len(at) != 1 or owner.name not in recording.layout.written:
        return []
    made = bisect_right(recording.index.ends, owner.since)  # what wrote before had an earlier array's name
    known = recording.writers(owner.name, tuple(int(i) for i in at[0]))
    return [one for one in known if one.kind != "makes" and one.step >= made]
