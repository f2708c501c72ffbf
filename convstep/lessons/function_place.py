"""A recorded function as what a lesson steps through: its places, its cells, its numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.expr.values import Shape
from convstep.frozen import frozen
from convstep.language import tr
from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.expressions import no_next_step
from convstep.lessons.fields import Field, Fields
from convstep.lessons.lesson import WHAT_IF, WHY, PagePlace
from convstep.lessons.page_place import Face, read_mode
from convstep.lessons.tensors import Cells, Index, named_cells, read_setting, single
from convstep.replay.places import parse_place
from convstep.steps.cells import Array, cell_text

if TYPE_CHECKING:
    from convstep.recording.recording import Recording
    from convstep.replay.edits import Numbers
    from convstep.steps.event import Access

PLACE_KEYS = ("at", "additions", "mark", "focus", "open", "what-if", "values")
KEPT = 8
"""Runs with other numbers that are kept: an answer is judged more than once."""
MOST_STEPS = 5_000
"""Steps of a lesson's recording: a learner walks through it."""
_TURNS = re.compile(r"\d{1,6}(\s*,\s*\d{1,6})+")
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, eq=False)
class Function:
    """A recorded function that a lesson steps through; see `Subject`."""

    recording: Recording
    """What it did; it is not moved."""
    name: str
    told: Mapping[str, Array] = field(default_factory=dict)
    """Arrays that the narration may speak of beside those of the function: the forward's outputs by their
    names, and what each gradient should be: `right.dx`."""
    problem: None = None
    """None: it is no convolution."""
    again: Callable[[Numbers], Function] | None = field(default=None, repr=False)
    """Records it with other numbers in its inputs; None if it cannot be recorded again."""
    runs_code: bool = False
    """Whether it is the lesson's own code."""
    _edited: list[tuple[Numbers, Function]] = field(default_factory=list, repr=False)

    @cached_property
    def inputs(self) -> dict[str, Array]:
        """The arrays that it was handed, and does not write."""
        run = self.recording.scout()
        written = {info.name for info in self.recording.catalogue if info.written}
        return {
            name: run.arrays[name] for name in run.handed_in if name in run.arrays and name not in written
        }

    def with_numbers(self, numbers: Numbers) -> Function:
        """The same call with other numbers in some cells of these; with none, itself."""
        if not numbers:
            return self
        if self.again is None:
            raise ValueError(tr("its function cannot be run with another number"))
        for before, found in self._edited:
            if before == numbers:
                return found
        found = self.again(numbers)
        self._edited[:] = [*self._edited[-KEPT:], (numbers, found)]
        return found

    @cached_property
    def shapes(self) -> dict[str, Index]:
        """The shapes of all its arrays, as they appear."""
        return {info.name: info.shape for info in self.recording.catalogue}

    @cached_property
    def _steps(self) -> list[tuple[Index, Index, list[str]]]:
        """By step: the turns of its loops, those of loops with several turns, and what it executes."""
        run, found = self.recording.scout(), []
        while run.next() is not None:
            event = run.event
            turns = tuple(loop.at for loop in event.loops)
            spoken = tuple(loop.at for loop in event.loops if loop.count > 1)
            found.append((turns, spoken, [statement.text for statement in event.statements]))
        return found

    def stand(self, place: PagePlace) -> Stood:
        """Go to a place."""
        run = self.recording.scout()
        run.seek(place.position)
        for _ in range(place.additions):
            run.next_write()
        return Stood(self, place, run)

    def read_place(self, fields: Fields, last: PagePlace) -> PagePlace:
        """Read a `stop` block."""
        fields.check_keys(PLACE_KEYS, several=("mark",))
        position, additions, given = last.position, last.additions, last.given
        if found := fields.get("at"):
            position, additions, given = self.position(found.text, found.line), 0, True
        if found := fields.get("additions"):
            additions = self._additions(found, position)
        marks = tuple(
            self.cells(part, mark.line)
            for mark in fields.values.get("mark", [])
            for part in mark.text.split(";")
        )
        focus = fields.get("focus")
        front = "" if focus is None else self.panel(focus)
        place = PagePlace(position, given, additions, marks, focus=front, mode=read_mode(fields))
        return self._opening(place, fields)

    def position(self, text: str, line: int) -> int:
        """The position of `line dvar =`, of turns of loops `0, 1`, of a number or `end`; else LessonError."""
        word, _, begins = text.partition(" ")
        if word == "line" and begins:
            wanted = " ".join(begins.split())
            for step, (_, _, texts) in enumerate(self._steps):
                if any(each.startswith(wanted) for each in texts):
                    return step + 1
            raise wrong("no step executes a line that begins with {text!r}", line, text=wanted)
        if _TURNS.fullmatch(text):
            turns = tuple(int(part) for part in text.split(","))
            for step, (whole, spoken, _) in enumerate(self._steps):
                if turns in (whole, spoken):
                    return step + 1
            raise wrong("no step is at {text} of its loops", line, text=text)
        try:
            return parse_place(text, self.recording.layout)
        except ValueError as error:
            raise LessonError(f"at: {error}", line) from error

    def cells(self, text: str, line: int) -> Cells:
        """Cells of one of its arrays; see `named_cells`."""
        example = next((cell_text(n, (0,) * len(shape)) for n, shape in self.shapes.items() if shape), "x[0]")
        return named_cells(text, self.shapes, ", ".join(self.shapes), example, line)

    def cell(self, field: Field) -> tuple[str, Index]:
        """One cell: its array and its index."""
        return single(self.cells(field.text, field.line), field.text, field.line)

    def panel(self, field: Field) -> str:
        """An array that can have a panel. Raises LessonError: there is no such array."""
        if field.text not in self.shapes:
            sentence = "there is no panel {name!r}; the panels are {names}"
            raise wrong(sentence, field.line, name=field.text, names=", ".join(self.shapes))
        return field.text

    def _additions(self, found: Field, position: int) -> int:
        if position == self.recording.total:
            raise wrong("there is no next step of which additions could be made; stop earlier", found.line)
        run = self.recording.scout()
        run.seek(position)
        last = 0
        while run.next_write() and run.made:
            last = run.made
        if found.text not in map(str, range(last + 1)):
            sentence = "additions is {text!r}; it must be 0 to {last}"
            raise wrong(sentence, found.line, text=found.text, last=last)
        return int(found.text)

    def _opening(self, place: PagePlace, fields: Fields) -> PagePlace:
        found, other = fields.get("open"), fields.get("what-if")
        if found is not None and other is not None:
            raise wrong("a page has either `open` or `what-if`; remove one", other.line)
        if other is not None:
            return replace(place, opens=WHAT_IF, what_if=read_setting(WHAT_IF, other, self.inputs))
        if found is None:
            return place
        word, _, cell = found.text.partition(" ")
        if word != WHY:
            sentence = "open is {text!r}; it must be `why {example}`"
            raise wrong(sentence, found.line, text=found.text, example="dx[0, 0]")
        array, index = self.cell(Field(cell, found.line))
        if array not in self.recording.layout.written:
            sentence = "no step changes {tensor}; the arrays that are written are {names}"
            names = ", ".join(self.recording.layout.written)
            raise wrong(sentence, found.line, tensor=array, names=names)
        return replace(place, opens=WHY, why=(array, index))


@frozen(eq=False)
class Stood:
    """A place of a recorded function, with the recording really there."""

    function: Function
    place: PagePlace
    run: Recording
    """At that place."""

    @property
    def subject(self) -> Function:
        """The function."""
        return self.function

    @property
    def here(self) -> Stood:
        """What its numbers are taken from: itself."""
        return self

    @property
    def next_step(self) -> int | None:
        """The number of the step that would be executed next; None at the end."""
        return self.place.position if self.place.position < self.run.total else None

    def ahead(self) -> Recording:
        """The recording after the next step."""
        run = self.run.scout()
        run.seek(self.place.position + 1)
        return run

    def written_next(self, array: str) -> frozenset[Index]:
        """The cells of an array that the next step writes, what is left to be made of it."""
        shape = self.function.shapes[array]
        left = self.ahead().event.writes[self.place.additions :]
        return frozenset(index for access in left if access.array == array for index in _cells(access, shape))

    def face_of(self, cells: frozenset[Index]) -> Face:
        """The face on which cells are seen: two axes are free, the last ones along which they differ."""
        first = min(cells)
        axes = sorted(range(len(first)), key=lambda axis: (len({cell[axis] for cell in cells}) > 1, axis))
        return tuple(None if axis in axes[-2:] else at for axis, at in enumerate(first))

    def now(self) -> dict[str, Any]:
        """Its variables and arrays, and what the lesson tells beside them."""
        told = {"position": self.place.position, "total": self.run.total, **self.function.told}
        return told | _numbers(self.run)

    def later(self, asked: frozenset[str]) -> dict[str, Any]:
        """What the next step makes of them."""
        if not any(name.startswith("next.") for name in asked):
            return {}
        return {f"next.{name}": value for name, value in _numbers(self.ahead()).items()}

    def names(self, now: dict[str, Any]) -> dict[str, Shape | str]:
        """The axes of all these."""
        names: dict[str, Shape | str] = {name: np.shape(value) for name, value in now.items()}
        if self.next_step is None:
            return names | {f"next.{name}": no_next_step() for name in now}
        ahead = _numbers(self.ahead())
        return names | {f"next.{name}": np.shape(value) for name, value in ahead.items()}


def _numbers(run: Recording) -> dict[str, Any]:
    """The arrays and numbers of a recording by name, as far as a lesson can name them."""
    found = {**run.arrays, **run.variables}
    return {name: value for name, value in found.items() if _NAME.fullmatch(name) and _numeric(value)}


def _numeric(value: object) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return isinstance(value, int | float)


def _cells(access: Access, shape: Index) -> list[Index]:
    """The cells that an access is about."""
    region = np.zeros(shape, bool)
    region[access.region] = True if access.cells is None else access.cells
    return [tuple(map(int, index)) for index in np.argwhere(region)]
