"""What a recorded backward did, looked through once: the cells of each step, and which line sets what."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts import naming
from convstep.frozen import frozen
from convstep.recording.recording import Recording
from convstep.steps.cells import Array
from convstep.steps.event import Access, Event

MOST_STEPS = 20_000
"""How many steps are looked through."""
MOST_CELLS = 100_000
"""Of how large an array a copy is kept."""
MOST_LOOKED_AT = 5_000_000
"""How many cells that steps read or write are looked at."""


@frozen(eq=False)
class Touch:
    """Cells that a step reads or writes."""

    step: int
    """From 0."""
    line: int
    """Of the source."""
    array: str
    """Which array, as the recording has it."""
    kind: str
    """As `Access.kind`."""
    cells: npt.NDArray[np.intp]
    """Which cells, as numbers in the array's order."""

    @property
    def writes(self) -> bool:
        """Whether it may change them."""
        return self.kind not in ("reads", "names")


@frozen(eq=False)
class Setting:
    """A line that has set or changed a variable of the function."""

    step: int
    """In which step, from 0."""
    line: int
    """The line."""
    name: str
    """The variable."""
    value: Array
    """What it was after that step, a copy; nothing where it stands in a loop."""
    alone: bool
    """Whether that stood in no loop."""


@dataclass(slots=True, eq=False)
class Trace:
    """All of them."""

    recording: Recording
    """Of which; it stands at its end."""
    touches: list[list[Touch]] = field(default_factory=list)
    """By step."""
    loops: list[tuple[int, ...]] = field(default_factory=list)
    """By step, the lines of the loops around it, outermost first."""
    settings: list[Setting] = field(default_factory=list)
    """Of arrays and numbers whose names are those of gradients, in order."""
    returned: int = 0
    """The line of the `return`; 0 if it is not known."""
    _looked_at: int = 0
    _known: dict[tuple[str, str], npt.NDArray[np.intp]] = field(default_factory=dict)

    @classmethod
    def of(cls, recording: Recording) -> Trace:
        """Look through a recording; it stands at its end afterwards."""
        found = cls(recording)
        recording.seek(0)
        while recording.position < min(recording.total, MOST_STEPS) and found._looked_at < MOST_LOOKED_AT:
            recording.next()
            found._see(recording.event)
        recording.seek(recording.total)
        return found

    @property
    def whole(self) -> bool:
        """Whether every step is in it."""
        return len(self.touches) == self.recording.total

    def standing(self, name: str) -> tuple[str, Array] | None:
        """The array that a variable stands for in the end: its owner's name, and a live view of it."""
        view = self.recording.variables.get(name)
        if not isinstance(view, np.ndarray):
            return None
        for owner, array in self.recording.arrays.items():
            if np.shares_memory(view, array):
                return owner, view
        return None

    def in_the_end(self) -> list[Setting]:
        """The settings that stand in no loop, and what loops have made of such variables in the end."""
        found = [one for one in self.settings if one.alone]
        for name, value in self.recording.variables.items():
            if not (naming.of_gradient(name) and isinstance(value, np.ndarray) and value.dtype.kind == "f"):
                continue
            known = (one for one in reversed(found) if one.name == name)
            if value.size <= MOST_CELLS and not any(
                np.array_equal(one.value, value, equal_nan=True) for one in known
            ):
                step, line = self._made(name)
                if not line:  # it came with the arguments
                    continue
                found.append(Setting(step, line, name, np.array(value), True))
        return found

    def line_of(self, name: str) -> int:
        """The line that made a variable what it is in the end; that of the `return` for an expression."""
        return (self._made(name)[1] if name else 0) or self.returned

    def _made(self, name: str) -> tuple[int, int]:
        """The last step that has set or changed a variable, and the line that did; 0 if that is not known."""
        if not self.whole:
            return -1, 0
        word, dotted = naming.last(name), name.isidentifier() is False
        found = max(
            (one.step, one.line)
            for one in (
                Setting(-1, 0, "", np.zeros(0), False),
                *(
                    one
                    for one in self.settings
                    if one.name == name or (dotted and naming.last(one.name) == word)
                ),
            )
        )
        standing = self.standing(name)
        if standing is not None:
            written = [
                one for step in self.touches for one in step if one.array == standing[0] and one.writes
            ]
            found = max([found, *((one.step, one.line) for one in written[-1:])])
        return found

    def _touch(self, step: int, access: Access) -> Touch:
        shape = self.recording.arrays[access.array].shape
        key = access.array, f"{shape} {access.region}"
        numbers = self._known.get(key)
        if numbers is None:
            every = np.arange(int(np.prod(shape)), dtype=np.intp).reshape(shape)
            numbers = self._known[key] = np.asarray(every[access.region])
        cells = numbers.ravel() if access.cells is None else numbers[access.cells]
        return Touch(step, access.line, access.array, access.kind, np.atleast_1d(cells))

    def _see(self, event: Event) -> None:
        shapes = self.recording.arrays
        touches = [self._touch(event.index, one) for one in event.accesses if one.array in shapes]
        self._looked_at += sum(len(one.cells) for one in touches)
        self.touches.append(touches)
        self.loops.append(tuple(loop.line for loop in event.loops))
        for statement in event.statements:
            if statement.frame:
                continue
            if statement.text.startswith("return"):
                self.returned = statement.line
            changed = {one.array for one in statement.accesses if one.writes}
            written = {name: event.variables[name] for name in changed if name in event.variables}
            for name, value in (written | dict(statement.variables)).items():
                if not (naming.of_gradient(name) and isinstance(value, (np.ndarray, float, np.floating))):
                    continue
                if np.asarray(value).dtype.kind == "f" and np.size(value) <= MOST_CELLS:
                    kept = np.zeros(0) if event.loops else np.array(value)
                    self.settings.append(Setting(event.index, statement.line, name, kept, not event.loops))
