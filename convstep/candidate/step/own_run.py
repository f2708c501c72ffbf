"""A recorded call of the candidate, and which of its steps stands for which of the reference's.

A step of it that writes a gradient is known by the cells of dZ that it reads, in whatever order it walks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.call import Call
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.written import their_cell
from convstep.candidate.check.cases import Right
from convstep.candidate.step.own_arrays import Held, holding_of, touched
from convstep.candidate.step.own_window import OwnWindow, window_of
from convstep.conv.problem import Problem
from convstep.frozen import NamedTuple, frozen
from convstep.recording.placing import places_of
from convstep.recording.recording import Recording
from convstep.steps.cells import cell_text
from convstep.steps.event import Event, Statement

Place = tuple[int, int]
"""Of a cell: its storage, and bytes from the storage's beginning."""
MOST = 4000
"""Steps of a recording up to which each of them is looked at."""
PARTS, LAST, MAKES, CUT = "parts", "last", "makes", "cut"
"""What is known of a line: with its step the running gradient parts from the reference's; no later line
writes the cell; it makes the array; it takes another part than it should of an array that is right."""


@frozen(eq=False)
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
    window: OwnWindow | None = None
    """The window that it uses, where that is not the reference's."""
    array: str = ""
    """What the author calls the array in which the gradient is added up; "" if it has no name."""
    cell: str = ""
    """The cell that parts, as the author indexes that array, or the gradient where it has no name."""
    returned: str = ""
    """The same as the author indexes what is returned, where that is another index; else ""."""
    value: float = 0.0
    """What that holds after the step."""
    expected: float = 0.0
    """What the reference has after the same cells of dZ; at a last write, at the end."""
    unread: str = ""
    """A cell of dZ that belongs there and that no step reads, as the author indexes it; else ""."""

    __repr__ = brief


class Group(NamedTuple):
    """Steps of a recording, one after the other, that read the same cells of dZ."""

    first: int
    """The first of them; whoever has the group knows the last."""
    theirs: tuple[int, ...]
    """The steps of the reference that these cells belong to."""


@frozen(eq=False)
class OwnRun:
    """One gradient in a recorded call."""

    recording: Recording
    """The call on the problem; it is moved by whoever asks."""
    call: Call
    right: Right
    """What is right on the problem."""
    gradient: str
    """The gradient: "dW", "db" or "dA_prev"."""
    held: Held
    """Where the run adds it up."""
    inputs: tuple[Held, ...] = ()
    """Where the run has the input, padded or not."""
    groups: Mapping[int, Group] = field(default_factory=dict)
    """The steps of the recording that write the gradient, by the last of those that read the same of dZ;
    nothing where that does not tell them apart."""

    __repr__ = brief

    def look(self, step: int, kind: str = "", place: Place | None = None) -> OwnStep:
        """A step of the recording of a kind; the cell that parts is any of the gradient's unless given."""
        recording, geometry = self.recording, self.right.problem.geometry
        recording.seek(step + 1)
        event = recording.event
        statement = self._writing(event, place) or event.statements[-1]
        window, group = None, self.groups.get(step, Group(step, ()))
        places = {geometry.index_at(each)[:3] for each in group.theirs}
        if (
            self.gradient != "db" and len(places) == 1 and group.first == step
        ):  # else it is a part of a window
            writes = self.gradient == "dA_prev"
            held = (self.held,) if writes else self.inputs
            index = geometry.index_at(group.theirs[0])
            window = window_of(recording, event, statement, geometry, index, held, writes=writes)
            window = window and replace(window, array=own_name(recording, window.array))
        marked = statement if window is None or window.statement is None else window.statement
        return OwnStep(kind, step + 1, marked.line, marked.text, event, window)

    def named(self, place: Place, index: tuple[int, ...]) -> tuple[str, str, str]:
        """The array and the cell at a place as the author writes them, and as it is returned: see `OwnStep`.

        The index is the same cell in the gradient, in our layout.
        """
        theirs = their_cell(self.call, self.gradient, index)
        returned, owner = cell_text(self.gradient, theirs), self.recording.owners.get(place[0])
        at: Any = [] if owner is None else np.argwhere(places_of(owner.view) == place[1])
        if owner is None or len(at) != 1 or not owner.name.isidentifier() or owner.name == "return":
            return "", returned, ""
        own = tuple(int(i) for i in at[0])
        name = own_name(self.recording, owner.name)
        return name, cell_text(name, own), "" if own == theirs else returned

    def _writing(self, event: Event, place: Place | None) -> Statement | None:
        """The last statement of a step that writes a cell of the gradient: this one, if any does."""
        where = self.held.where() if place is None else {place: 0}
        for statement in reversed(event.statements):
            for access in statement.accesses:
                found = touched(self.recording, access) if access.writes else None
                if found is not None and any((found[0], at) in where for at in found[1].tolist()):
                    return statement
        return None if place is None else self._writing(event, None)


def own_name(recording: Recording, name: str) -> str:
    """What the author calls an array: of several of one name, the recording numbers the later ones."""
    text = "\n".join(recording.source.lines)
    return name if re.search(rf"\b{re.escape(name)}\b", text) else re.sub(r"_\d+$", "", name)


def inputs_of(recording: Recording, problem: Problem, layouts: Layouts) -> Iterator[Held]:
    """Where a run has the input, as it was before its first step or is at its end."""
    for position in (0, recording.total):
        recording.seek(position)
        yield from holding_of(recording, problem, layouts, "A_prev")


class Touched(NamedTuple):
    """What one statement of a step touches."""

    reads: frozenset[int]
    """The cells of dZ that it reads, as steps of the reference."""
    writes: frozenset[int]
    """The storages that it changes."""


Reads = Mapping[int, Sequence[Touched]]
"""By step of a recording, what its statements touch, in order."""


def reads_of(recording: Recording, problem: Problem, layouts: Layouts) -> Reads | None:
    """What each step of a recording reads of dZ; None if that is not seen."""
    if recording.total > MOST:
        return None
    where: dict[Place, int] = {}
    for position in (recording.total, 0):
        recording.seek(position)
        for held in holding_of(recording, problem, layouts, "dZ"):
            where |= held.where()
    if not where:
        return None
    found: dict[int, list[Touched]] = {}
    for step in range(recording.total):
        recording.seek(step + 1)
        found[step] = [_touched(recording, each, where) for each in recording.event.statements]
    return found


def _touched(recording: Recording, statement: Statement, where: Mapping[Place, int]) -> Touched:
    reads, writes = set[int](), set[int]()
    for access in statement.accesses:
        found = touched(recording, access)
        if found is not None and access.writes and access.kind != "makes":
            writes.add(found[0])
        elif found is not None and access.kind == "reads":
            places = ((found[0], place) for place in found[1].tolist())
            reads |= {where[place] for place in places if place in where}
    return Touched(frozenset(reads), frozenset(writes))


def read_by(statements: Sequence[Touched]) -> frozenset[int]:
    """The cells of dZ that any of some statements reads."""
    return frozenset[int]().union(*(each.reads for each in statements))


def told_apart(held: Held, reads: Reads | None) -> dict[int, Group]:
    """The steps that write a gradient, in groups that each stand for steps of the reference; none if unclear.

    It is clear if no two groups read the same cell of dZ, and what else is read is read by one of these as
    well: else what is made of it may be added later. Who reads all of it at once makes a sum of it, as
    for `db`, or a copy.
    """
    found: dict[int, Group] = {}
    others: list[frozenset[int]] = []
    last = -1
    for step, statements in (reads or {}).items():
        writing = [n for n, each in enumerate(statements) if each.writes & held.all_storages]
        end = writing[-1] + 1 if writing else 0  # what is read after the last write has no part in it
        others.append(read_by(statements[end:]))
        if not writing:
            continue
        theirs, first = tuple(sorted(read_by(statements[:end]))), step
        if theirs and last in found and found[last].theirs == theirs:
            first = found.pop(last).first
        found[step] = Group(first, theirs)
        last = step
    seen = frozenset(each for group in found.values() for each in group.theirs)
    every = max((len(read) for read in (*others, seen)), default=0)
    apart = sum(len(group.theirs) for group in found.values()) == len(seen) > 0
    return found if apart and all(read <= seen or len(read) == every for read in others) else {}
