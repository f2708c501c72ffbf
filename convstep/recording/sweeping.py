"""Sweeping: what the code of a sweep calls while it runs."""

from __future__ import annotations

from operator import is_
from typing import Any

import numpy as np

from convstep.recording.indices import filled
from convstep.recording.log import Column, Run, Runs
from convstep.recording.registry import Registry
from convstep.recording.sites import Kind
from convstep.recording.sweeps import Sweep
from convstep.steps.cells import Array

_NUMBERS = Registry.PLAIN - {str, type(None), complex}
"""Types of values between which arithmetic runs nobody's code but Python's and NumPy's."""
_WHOLE = frozenset({int})
_KINDS = "?bBhHiIlLqQefd"
"""Characters of the dtypes whose cells are their number and nothing else."""

_NONE = range(0)


class Sweeping:
    """One sweep while a function runs."""

    def __init__(self, sweep: Sweep, registry: Registry) -> None:
        """No turn is made yet; the registry knows the arrays, and takes what is noted."""
        self._sweep, self._registry = sweep, registry
        self._pattern, self._makers = sweep.pattern, sweep.makers
        names = [*sweep.arrays]
        self._written = [
            names.index(cells[-1][0]) if sites[-1].kind is Kind.WRITE else None
            for sites, cells in zip(sweep.sites, sweep.cells, strict=True)
        ]
        """By statement, which of the arrays it writes; None where it sets a name."""
        self.cells: list[list[Any]] = [[] for _ in sweep.sites]
        """By statement, of every turn the cell that it writes before and after, or the name's new value."""
        self.before: tuple[Any, ...] = ()
        """What the names that turns carry on held before the turn that was left."""
        self._met: tuple[Any, ...] = ()
        self._numbers: tuple[int, ...] = ()
        self._kinds: tuple[np.dtype[Any], ...] = ()
        self._bytes = 0
        self._closed = False
        self._runs: list[Run] = []
        self._turns = 0
        self._rest = self._part = _NONE
        self._count, self._entries = 0, self._entries_of(0)
        self._types: tuple[type, ...] = ()
        self._places: tuple[int, ...] = ()
        self._given: tuple[Any, ...] = ()

    # what its code calls

    def begin(
        self, rest: Any, arrays: tuple[Any, ...], places: tuple[Any, ...], numbers: tuple[Any, ...]
    ) -> range | None:
        """The next turns of a loop that can be made without hooks; None for none.

        Of its turns, what they subscript, whole numbers of their indices, and what other numbers they use.
        """
        if self._closed:
            return None
        met, types = self._met, (*map(type, places), *map(type, numbers))
        known = type(rest) is range and types == self._types and len(arrays) == len(met)
        if not (known and all(map(is_, arrays, met))) and not self._fits(rest, arrays, types):
            self.settle()
            return None
        if not rest:
            return None
        count = self._registry.allowance.take(len(rest))
        self._rest, self._places, self._given = rest, places, numbers
        part: range = rest if count == len(rest) else rest[:count]
        self._part = part
        return part

    def end(self) -> range:
        """They are made; what is left of the loop."""
        part, rest = self._part, self._rest
        self._note(part)
        return _NONE if part is rest else rest[len(part) :]

    def leave(self, error: BaseException, rest: Any) -> Any:
        """One of them has raised: it is undone, since with hooks it will raise again where that is noted.

        What was left of the loop before these turns is given back without those that were made.
        """
        part, self.before = self._part, ()
        if part:
            made = len(self.cells[-1]) // (1 if self._written[-1] is None else 2) - self._turns
            self._undo(made)
            self._registry.allowance.left.extend([None] * (len(part) - made))
            self._note(part[:made])
            rest = rest[made:]
        self.settle()
        if not isinstance(error, Exception):
            raise error
        return rest

    # what others call

    def forget(self) -> None:
        """An array may have another shape, or other memory: they are met anew."""
        self._met = ()

    def settle(self) -> None:
        """Note all turns as hooks would have, and let hooks do it from here on."""
        for number, column in self.columns().items():
            self._registry.payloads[number].extend(column)
        self._runs, self._closed = [], True

    def columns(self) -> dict[int, list[Any] | Column]:
        """What its sites have noted, by site; nothing once hooks do it."""
        if not self._runs:
            return {}
        runs, found = Runs(self._runs), dict[int, list[Any] | Column]()
        cells_of = {sites[-1].number: at for at, sites in enumerate(self._sweep.sites)}
        for number, (array, make) in self._makers.items():
            at = cells_of.get(number)
            with np.errstate(all="ignore"):  # what is cut off was said when it was written
                changes = None if at is None else _row(self.cells[at], self._kinds[array])
            found[number] = Column(runs, make, array, changes)
        for number, at in cells_of.items():
            if self._written[at] is None:
                found[number] = list(map(self._registry.noted, self.cells[at]))
        return found

    # within

    def _fits(self, rest: Any, arrays: tuple[Any, ...], types: tuple[type, ...]) -> bool:
        """Whether all turns do what the source says, and nothing that is somebody's own."""
        places = len(self._sweep.places)
        self._types = types
        return (
            type(rest) is range
            and _WHOLE.issuperset(types[:places])
            and _NUMBERS.issuperset(types[places:])
            and self._meets(arrays)
        )

    def _meets(self, arrays: tuple[Any, ...]) -> bool:
        """Whether all of these are followed, and what is subscripted are single cells."""
        self._met = ()
        for array, axes in zip(arrays, self._sweep.arrays.values(), strict=True):
            if type(array) is not np.ndarray or array.ndim != axes or array.dtype.char not in _KINDS:
                return False
        kinds = tuple(array.dtype for array in arrays)
        if self._kinds not in ((), kinds):
            return False
        self._kinds, self._numbers = kinds, tuple(map(self._registry.number_of, arrays))
        self._bytes = sum(kinds[at].itemsize for at in self._written if at is not None)
        self._met = arrays
        return min(self._numbers, default=0) >= 0

    def _note(self, part: range) -> None:
        count = len(part)
        if count != self._count:  # mostly as many as before
            self._count, self._entries = count, self._entries_of(count)
        self._registry.log.order.extend(self._entries)
        self._registry.size[0] += self._bytes * count
        if part:
            self._runs.append((self._numbers, self._places, part))
        self._turns += count
        self._part = _NONE

    def _entries_of(self, turns: int) -> bytearray | list[int]:
        """What so many turns add to the order of a log, in its own kind, which is quicker."""
        return type(self._registry.log.order)(self._pattern * turns)

    def _undo(self, made: int) -> None:
        """Take back what was done of a turn that has not ended, so many being made before it."""
        before, whole = dict(zip(self._sweep.numbers, self._given, strict=True)), self._turns + made
        for at, (cells, written) in reversed([*enumerate(zip(self.cells, self._written, strict=True))]):
            if written is not None and len(cells) > 2 * whole:
                site = self._sweep.sites[at][-1]
                make = self._makers[site.number][1]
                cell = filled(site.template, make(self._numbers, *self._places, self._part[made])[1:])
                array, held = self._met[written], cells[2 * whole]
                if array[cell].tobytes() != held.tobytes():  # what is read-only raises before it is written
                    array[cell] = held
            del cells[whole if written is None else 2 * whole :]
        if made:
            before |= {name: self.cells[at][-1] for name, at in self._sweep.bound.items()}
        self.before = tuple(before[name] for name in self._sweep.carried)


def _row(cells: list[Any], kind: np.dtype[Any]) -> Array:
    """Cells as an array; of floats that is quicker one by one."""
    return np.fromiter(cells, kind, len(cells)) if kind.kind == "f" else np.array(cells, kind)
