"""Recording: a run of any function, stepped both ways, as `steps.Stepped` says."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from convstep import brief as reprs
from convstep.recording import events, overview, values
from convstep.recording.facts import Alarm, ArrayInfo, Writer
from convstep.recording.index import Index
from convstep.recording.kept import Kept
from convstep.recording.log import Ended, Log
from convstep.recording.memory import Memory, lasting
from convstep.recording.naming import Owners
from convstep.recording.recorder import uncollected
from convstep.recording.sites import WRITES, Site
from convstep.recording.source import SourceText
from convstep.recording.variables import arrays, variables_of
from convstep.steps.cells import Array
from convstep.steps.event import Event
from convstep.steps.layout import Layout
from convstep.steps.number_text import shape_text
from convstep.steps.stepped import Piece, Question, Stepped, check_position

SPACING = 2048
"""Steps between two of the places that a far seek begins from."""
SEVERAL = 64
"""Changes of a move up to which all of them are made, one after the other."""
KEPT = 256 << 20
"""Bytes that those places may take."""


class Recording(Stepped):
    """One run of a function, at a position; what is shown is what it did, to the bit."""

    def __init__(self, log: Log | Kept, source: SourceText, name: str, result: Any = None) -> None:
        """Stand before the first step."""
        self.source, self.name, self.result = source, name, result
        with uncollected():
            self.log = log if isinstance(log, Kept) else Kept.of(log)
            self.index = Index(self.log)
            """The log by entries, frames and steps."""
        self._begin()

    def _begin(self) -> None:
        self._position, self._made = 0, 0
        self._entry = self.index.begin(0)
        self._memory = Memory(self.log)
        self._checkpoints: dict[int, dict[int, bytes]] = {}
        self._event: tuple[int, int, Event] | None = None

    def scout(self) -> Recording:
        """Another one over the same log, before its first step: for searches, and other threads."""
        self.owners  # noqa: B018  # found once for all of them
        other = object.__new__(Recording)
        other.__dict__.update(self.__dict__)
        other._begin()
        return other

    def __repr__(self) -> str:
        ended = "" if self.ended is None else f"{self.ended.kind} at line {self.ended.line}"
        parts = [f"{self.name!r}", f"position={self.position}/{self.total}", *([ended] if ended else [])]
        shapes = ", ".join(f"{one.name} {shape_text(one.shape)}" for one in self.catalogue)
        return reprs.lines("Recording", [*parts, f"arrays: {shapes}"])

    # what was recorded

    @property
    def ended(self) -> Ended | None:
        """Why it ended before the function returned; None if it did return."""
        return self.log.ended

    @cached_property
    def owners(self) -> Owners:
        """The arrays that have a name, by storage."""
        with uncollected():
            return Owners(self.index)

    @cached_property
    def catalogue(self) -> tuple[ArrayInfo, ...]:
        """Every array by name, in the order in which they appear."""
        written, found = set(self.written_storages), list[ArrayInfo]()
        for name, (_, storages) in self.owners.by_name.items():
            first = self.owners[int(storages[0])]
            changed = bool(written) and not written.isdisjoint(storages.tolist())
            shape, dtype = first.view.shape, np.dtype(first.view.dtype)
            found.append(ArrayInfo(name, shape, dtype, first.line, first.of_caller, changed))
        return tuple(found)

    @cached_property
    def handed_in(self) -> dict[str, str]:
        """The arrays that the function was handed, whole, and by what it reaches them: `x`, `cache['W']`."""
        views = {self.log.views[number]: path for path, number in reversed(self.log.given)}
        storages = {view.storage for view in views}
        own = [self.owners[storage] for storage in self.owners if storage in storages]
        return {one.name: views[one.view] for one in own if one.view in views}

    @cached_property
    def written_storages(self) -> dict[int, int]:
        """The storages that are changed, each with the first entry that does."""
        found: dict[int, int] = {}
        for number, touched in self.index.touched.items():
            if self.log.sites.sites[number].kind in WRITES:
                storages, firsts = np.unique(touched, return_index=True)
                entries = self.index.where[number][firsts].tolist()
                for storage, entry in zip(storages.tolist(), entries, strict=True):
                    if storage >= 0:
                        found[storage] = min(found.get(storage, entry), entry)
        return dict(sorted(found.items(), key=lambda item: item[1]))

    @cached_property
    def alarms(self) -> tuple[Alarm, ...]:
        """Where memory of the caller's arguments is changed, the first line for each of them."""
        found = list[Alarm]()
        for storage, entry in self.written_storages.items():
            owner = self.owners.get(storage)
            if self.log.storages[storage].of_caller and owner is not None:
                statement = self.log.sites.statements[self.index.site(entry).statement]
                found.append(
                    Alarm(bisect_right(self.index.ends, entry), statement.line, owner.name, statement.text)
                )
        for storage in self.log.unseen:
            owner = self.owners.get(storage)
            if owner is not None and owner.of_caller and storage not in self.written_storages:
                found.append(Alarm(max(self.total - 1, 0), 0, owner.name, ""))
        return tuple(found)

    @property
    def unseen(self) -> tuple[str, ...]:
        """The arrays that changed in a way that was not followed: what is shown of them may be too old."""
        names = (self.owners[storage].name for storage in self.log.unseen if storage in self.owners)
        return tuple(dict.fromkeys(names))

    # Stepped

    @property
    def position(self) -> int:
        """How many steps have been executed whole: 0 … total."""
        return self._position

    @property
    def total(self) -> int:
        """How many steps there are."""
        return len(self.index.ends)

    @property
    def made(self) -> int:
        """How many writes of the step after `position` are already made: 0 between steps."""
        return self._made

    @property
    def arrays(self) -> Mapping[str, Array]:
        """Every array that there is by now, by name, live."""
        return arrays(self, self._entry)

    @property
    def memory(self) -> Memory:
        """What the arrays hold now."""
        return self._memory

    @property
    def entry(self) -> int:
        """How many entries of the log are behind."""
        return self._entry

    @cached_property
    def layout(self) -> Layout:
        """Its loops, its variables, its arrays."""
        return overview.layout(self)

    @property
    def event(self) -> Event:
        """The step to look at: the one under way, else the last one executed, else step 0."""
        kept = self._event
        if kept is None or kept[:2] != (self._position, self._made):
            self._event = kept = (self._position, self._made, self._look())
        return kept[2]

    @property
    def variables(self) -> Mapping[str, object]:
        """The local variables of the function that runs now; arrays as live views."""
        if self._made:
            return variables_of(self, self._entry - 1, self._entry)
        if self._position:
            low, high = self.index.begin(self._position - 1), self.index.ends[self._position - 1]
            return variables_of(self, events.anchor_of(self.index, low, high), high)
        # what the function was called with; all there is of one without steps
        return variables_of(self, 0, self._entry or 1)

    def value_of(self, text: str) -> Any:
        """The value of an expression where the run stands, with nothing of the author's run; or ValueError.

        It is of names, numbers, subscripts, arithmetic and NumPy's functions.
        """
        return values.value_of(text, self.variables)

    def next(self) -> int | None:
        """Execute one step, or the rest of the one under way; its number from 0, None at the end."""
        if self._position == self.total:
            return None
        self._go(self.index.ends[self._position])
        self._position, self._made = self._position + 1, 0
        self._keep()
        return self._position - 1

    def back(self) -> int | None:
        """Undo one step, or what was made of the one under way; its number from 0, None at the start."""
        if self._made:
            self._made = 0
        elif self._position:
            self._position -= 1
        else:
            return None
        self._go(self.index.begin(self._position))
        return self._position

    def seek(self, position: int) -> None:
        """Go to a position, forwards or backwards; ValueError: no such one."""
        check_position(position, self.total)
        self._made = 0
        nearest = max((at for at in self._checkpoints if at <= position), default=0)
        if abs(position - self._position) > position - nearest:
            self._restore(nearest)
        while position - self._position > SPACING:
            self._position += SPACING - self._position % SPACING
            self._go(self.index.begin(self._position))
            self._keep()
        self._position = position
        self._go(self.index.begin(position))

    def next_write(self) -> bool:
        """Make one write of the next step; the last one completes the step. False at the end."""
        if self._position == self.total:
            return False
        left = [(end, made) for end, made in events.halves(self, self._position) if made > self._made]
        if len(left) > 1:
            end, self._made = left[0]
            self._go(end)
        else:
            self.next()
        return True

    def back_write(self) -> bool:
        """Undo one write; of a whole step, its last. False at the start."""
        if self._position == self._made == 0:
            return False
        if not self._made:
            self._position -= 1
            made = events.halves(self, self._position)[:-1]
        else:
            made = [one for one in events.halves(self, self._position) if one[1] < self._made]
        end, self._made = made[-1] if made else (self.index.begin(self._position), 0)
        self._go(end)
        return True

    def touching(self, array: str, index: tuple[int, ...]) -> Sequence[int]:
        """The steps that write a cell, ascending; ValueError: no such array or cell, or one never written."""
        self.layout.check_cell(array, index)
        return sorted({one.step for one in self._writers(array, index)})

    def writers(self, array: str, index: tuple[int, ...]) -> list[Writer]:
        """Every write to a cell, in order, with the cell before and after; ValueError as `touching`."""
        self.layout.check_cell(array, index)
        return list(self._writers(array, index))

    def matching(self, question: Question, low: int, high: int, backwards: bool) -> Iterator[Piece]:
        """The steps of `low … high - 1` after which it is true, in the direction of the search."""
        return overview.matching(self, question, low, high, backwards)

    # moving

    def _look(self) -> Event:
        step = self._position if self._made else max(self._position - 1, 0)
        return events.event(self, step, self._made, executed=bool(self._made) or self._position > 0)

    def has_changed(self, entry: int) -> None:
        """The change of an entry, the next one, was made by whoever looked at it."""
        self._entry = entry + 1

    def go_to_entry(self, entry: int) -> None:
        """Make or undo changes until so many entries are behind; `position` stays as it is."""
        self._go(entry)

    def _go(self, entry: int) -> None:
        forward = entry >= self._entry
        for site, payload in self._changes(*sorted((self._entry, entry)), forward=forward):
            self._memory.change(site, payload, forward=forward)
        self._entry = entry

    def _changes(self, low: int, high: int, *, forward: bool) -> Iterable[tuple[Site, Any]]:
        """What a move makes or undoes, in its order; of many changes of the same cells the last is enough."""
        index, sites = self.index, self.log.sites.sites
        writes = self._writes(low, high)
        if len(writes) <= SEVERAL:
            found = [(index.site(one), index.payload(one)) for one in writes]
            return found if forward else reversed(found)
        numbers, places = index.order[writes].tolist(), index.occurrence[writes].tolist()
        if forward:
            numbers, places = numbers[::-1], places[::-1]
        payloads = (self.log.payloads[number][at] for number, at in zip(numbers, places, strict=True))
        last = lasting(zip(numbers, payloads, strict=True))
        return ((sites[number], payload) for number, payload in last)

    def _writes(self, low: int, high: int) -> Sequence[int]:
        writes = self.index.writes
        return writes[bisect_left(writes, low) : bisect_left(writes, high)]

    def _keep(self) -> None:
        """Remember what the arrays hold here, if it is a place to begin from."""
        if self._position % SPACING or self._position in self._checkpoints:
            return
        taken = sum(map(len, (one for held in self._checkpoints.values() for one in held.values())))
        held = {storage: self._memory.content(storage) for storage in self.written_storages}
        if taken + sum(map(len, held.values())) <= KEPT:
            self._checkpoints[self._position] = held

    def _restore(self, position: int) -> None:
        first = {storage: self.log.storages[storage].content for storage in self.written_storages}
        for storage, content in (self._checkpoints[position] if position else first).items():
            self._memory.restore(storage, content)
        self._position, self._entry = position, self.index.begin(position)

    def _writers(self, array: str, index: tuple[int, ...]) -> Iterator[Writer]:
        return overview.writers(self, array, index)
