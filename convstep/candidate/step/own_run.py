"""A recorded call of the candidate, and which of its steps stands for which of the reference's.

A step of it that writes a gradient is known by the cells of dZ that it reads, in whatever order it walks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.check.cases import Right
from convstep.candidate.step.own_arrays import Held, holding, places_of, touched
from convstep.candidate.step.own_window import OwnWindow, window_of
from convstep.conv.problem import Problem
from convstep.recording import overview
from convstep.recording.recording import Recording
from convstep.steps.cells import cell_text
from convstep.steps.event import Event, Statement

Array = npt.NDArray[Any]
Place = tuple[int, int]
"""Of a cell: its storage, and bytes from the storage's beginning."""
MOST = 4000
"""Steps of a recording up to which each of them is looked at."""
PARTS, LAST, MAKES, CUT = "parts", "last", "makes", "cut"
"""What is known of a line: with its step the running gradient parts from the reference's; no later line
writes the cell; it makes the array; it takes another part than it should of an array that is right."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnStep:
    """A step of the candidate's own run, and the line of it that matters."""

    kind: str
    """PARTS, LAST, MAKES or CUT; "" for a step at which nothing is said to part."""
    position: int
    """Where the recording stands after it."""
    line: int
    """The line that matters, as its file counts."""
    text: str
    """That line's statement, as it is written, on one line."""
    event: Event
    """The step."""
    window: OwnWindow | None = None
    """The window that it uses, where that is not the reference's."""
    array: str = ""
    """What the author calls the array in which the gradient is added up; "" if it has no name."""
    cell: str = ""
    """The cell that parts, as the author indexes that array; "" if it has no name."""
    value: float = 0.0
    """What that holds after the step."""
    expected: float = 0.0
    """What the reference has after the same cells of dZ; at a last write, at the end."""
    unread: str = ""
    """A cell of dZ that belongs there and that no step reads, as the author indexes it; else ""."""

    __repr__ = brief


@dataclass(frozen=True, slots=True, eq=False)
class OwnRun:
    """One gradient in a recorded call."""

    recording: Recording
    """The call on the problem; it is moved by whoever asks."""
    right: Right
    """What is right on the problem."""
    gradient: str
    """The gradient: "dW", "db" or "dA_prev"."""
    held: Held
    """Where the run adds it up."""
    inputs: tuple[Held, ...] = ()
    """Where the run has the input, padded or not."""
    read: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """By step of the recording that writes the gradient, the steps of the reference whose dZ it reads;
    nothing where that does not tell its steps apart."""

    __repr__ = brief

    def look(self, step: int, kind: str = "", place: Place | None = None) -> OwnStep:
        """A step of the recording.

        Args:
            step: which.
            kind: what is known of it.
            place: the cell that parts; any of the gradient's unless given.
        """
        recording, geometry = self.recording, self.right.problem.geometry
        recording.seek(step + 1)
        event = recording.event
        statement = self._writing(event, place) or event.statements[-1]
        window, theirs = None, self.read.get(step, ())
        if self.gradient != "db" and len({geometry.index_at(each)[:3] for each in theirs}) == 1:
            writes = self.gradient == "dA_prev"
            held = (self.held,) if writes else self.inputs
            index = geometry.index_at(theirs[0])
            window = window_of(recording, event, statement, geometry, index, held, writes=writes)
        marked = statement if window is None or window.statement is None else window.statement
        return OwnStep(kind, step + 1, marked.line, marked.text, event, window)

    def named(self, place: Place) -> tuple[str, str]:
        """The array and the cell at a place as the author writes them; "" where it has no name of theirs."""
        owner = self.recording.owners.get(place[0])
        if owner is None or not owner.name.isidentifier() or owner.name == "return":
            return "", ""
        at = np.argwhere(places_of(owner.view) == place[1])
        cell = cell_text(owner.name, tuple(int(i) for i in at[0])) if len(at) == 1 else ""
        return owner.name, cell

    def _writing(self, event: Event, place: Place | None) -> Statement | None:
        """The last statement of a step that writes a cell of the gradient: this one, if any does."""
        where = self.held.where() if place is None else {place: 0}
        for statement in reversed(event.statements):
            for access in statement.accesses:
                found = touched(self.recording, access) if access.writes else None
                if found is not None and any((found[0], at) in where for at in found[1].tolist()):
                    return statement
        return None if place is None else self._writing(event, None)


def inputs_of(recording: Recording, problem: Problem, layouts: Layouts) -> Iterator[Held]:
    """Where a run has the input, as it was before its first step or is at its end."""
    ours = np.asarray(problem.A_prev, np.float64)
    for position in (0, recording.total):
        recording.seek(position)
        yield from holding(recording, ours, lambda array: layouts.ours("dA_prev", array, problem.geometry))


def reads_of(recording: Recording, problem: Problem, layouts: Layouts) -> dict[int, frozenset[int]] | None:
    """By step of a recording, the cells of dZ that it reads, as steps of the reference; None if unclear."""
    if recording.total > MOST:
        return None
    where: dict[Place, int] = {}
    ours = np.asarray(problem.dZ, np.float64)
    for position in (recording.total, 0):
        recording.seek(position)
        for held in holding(recording, ours, lambda array: layouts.ours("Z", array, problem.geometry)):
            where |= held.where()
    if not where:
        return None
    found: dict[int, frozenset[int]] = {}
    for step in range(recording.total):
        recording.seek(step + 1)
        cells = [touched(recording, access) for access in recording.event.reads]
        places = ((at[0], place) for at in cells if at is not None for place in at[1].tolist())
        found[step] = frozenset(where[place] for place in places if place in where)
    return found


def told_apart(
    recording: Recording, held: Held, reads: Mapping[int, frozenset[int]] | None
) -> dict[int, tuple[int, ...]]:
    """By step that writes a gradient, the steps of the reference that it stands for; nothing if unclear.

    It is clear if no two of these steps read the same cell of dZ, and what the other steps read is
    read by one of these as well: else what they make of it may be added later. Who reads all of it at
    once makes a sum of it, as for `db`, or a copy.
    """
    if reads is None:
        return {}
    storages, index = held.all_storages, recording.index
    writing = {
        bisect_right(index.ends, entry)
        for entry in index.writes
        if overview.storage_of(index, entry) in storages
    }
    own = {step: reads[step] for step in sorted(writing)}
    seen = frozenset[int]().union(*own.values())
    every = max(map(len, reads.values()))
    others = (read for step, read in reads.items() if step not in own and len(read) < every)
    if not seen or sum(map(len, own.values())) != len(seen) or not frozenset().union(*others) <= seen:
        return {}
    return {step: tuple(sorted(read)) for step, read in own.items()}
