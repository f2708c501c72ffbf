"""Log: what a run of a rewritten function has noted, in its order: numbers, bytes, short texts."""

from __future__ import annotations

import contextlib
import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.frozen import NamedTuple, frozen
from convstep.recording.shelf import narrow
from convstep.recording.sites import Sites


class Ref(int):
    """A value that is an array: its number among `Log.arrays`."""

    __slots__ = ()


class Other(str):
    """A value that is neither a number, a text nor an array, in a few words."""

    __slots__ = ()


Value = Ref | Other | int | float | complex | bool | str | None | tuple[Any, ...]
"""What a variable is in a log."""


def refs(value: Any) -> Iterator[int]:
    """The numbers of the arrays in a logged value."""
    if type(value) is Ref:
        yield value
    elif type(value) is tuple:
        for one in value:
            yield from refs(one)


def storage_in(payload: Any, storages: Sequence[int] | npt.NDArray[np.intp]) -> int:
    """Whose memory a payload is about, -1 for none; `storages` say by array met whose memory it is."""
    match payload[0]:
        case "cells":
            return int(payload[1])
        case "store":
            return -1
        case "whole":
            return int(storages[payload[2]])
    return int(storages[payload[0]])


class View(NamedTuple):
    """An array that the run has met: how it looks at its storage."""

    storage: int
    """Whose memory it is."""
    offset: int
    """Bytes from the storage's beginning to its first cell."""
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """Bytes from cell to cell along each axis."""
    dtype: str


class Storage(NamedTuple):
    """A piece of memory that owns its cells."""

    born: int
    """How many entries the log had when it was first met."""
    content: bytes
    """What it held then."""
    dtype: str
    of_caller: bool = False
    """Whether it came in with the arguments."""


@frozen()
class Ended:
    """Why a run ended before its function returned."""

    kind: Literal["raised", "budget"]
    """The function raised, or the recording was stopped: too many steps, too much memory or time."""
    sentence: str
    """What happened, one sentence."""
    line: int
    """The line of the source at which it happened; 0 if that is not known."""


Make = Callable[..., tuple[Any, ...]]
"""Makes a payload of the numbers of some arrays, of numbers in their indices, and of a loop's variable."""
Run = tuple[tuple[int, ...], tuple[int, ...], range]
"""Turns without a gap: the numbers of the arrays, those in their indices, the loop's variable."""


class Runs:
    """The runs of a sweep, one after the other."""

    def __init__(self, runs: Sequence[Run]) -> None:
        """All of them, in their order."""
        self.runs = runs
        self.lengths = [len(part) for _, _, part in runs]
        """How many turns each has."""
        self.ends = list(itertools.accumulate(self.lengths))
        """How many turns there are up to the end of each."""
        self.numbers = np.array([numbers for numbers, _, _ in runs], np.intp)
        """By run and array, its number."""

    @cached_property
    def spread(self) -> tuple[Any, ...]:
        """What payloads are made of, by turn: short whole numbers; raises OverflowError beyond them."""
        _, places, parts = zip(*self.runs, strict=True)
        firsts, steps = (
            np.array([getattr(part, fact) for part in parts], np.int64) for fact in ("start", "step")
        )
        begun = np.array(self.ends) - self.lengths
        zeros, steps = np.repeat([firsts - steps * begun, steps], self.lengths, 1)
        numbers, held = (
            [*np.repeat(narrow(np.array(one, np.int64).T), self.lengths, 1)] for one in (self.numbers, places)
        )
        return (numbers, *held, narrow(zeros + steps * np.arange(self.ends[-1])))

    def spread_as(self, kind: type[np.number[Any]]) -> tuple[Any, ...]:
        """The same as numbers of one kind."""
        numbers, *others = self.spread
        return ([one.astype(kind) for one in numbers], *(one.astype(kind) for one in others))

    @cached_property
    def tokens(self) -> tuple[tuple[Any, ...], dict[object, npt.NDArray[Any]]]:
        """Something that stands for each of these and cannot be computed with, and what it stands for."""
        numbers, *others = self.spread
        known = {object(): one for one in (*numbers, *others)}
        tokens = [*known]
        return (tokens[: len(numbers)], *tokens[len(numbers) :]), known

    def made(self, make: Make, at: int) -> tuple[Any, ...]:
        """What is made of a turn."""
        run = bisect_right(self.ends, at)
        numbers, places, part = self.runs[run]
        made: tuple[Any, ...] = make(numbers, *places, part[at - self.ends[run]])  # counted from its end
        return made

    def all_made(self, make: Make) -> Iterator[tuple[Any, ...]]:
        """What is made of every turn."""
        return (make(numbers, *places, turn) for numbers, places, part in self.runs for turn in part)


class Column(Sequence[tuple[Any, ...]]):
    """The payloads of a site in a sweep: as many as turns, each made when it is asked for."""

    def __init__(
        self, runs: Runs, make: Make, array: int = 0, changes: npt.NDArray[Any] | None = None
    ) -> None:
        """The payloads of a sweep's runs: what makes one, about which of the arrays, and the cells written.

        Of each turn one cell before and one after.
        """
        self._runs, self._make, self._array = runs, make, array
        self._size = 0 if changes is None else changes.itemsize
        self._changes = b"" if changes is None else changes.tobytes()

    def __len__(self) -> int:
        return self._runs.ends[-1]

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        made = self._runs.made(self._make, at)
        return (*made, *self._change(at)) if self._size else made

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for at, made in enumerate(self._runs.all_made(self._make)):
            yield (*made, *self._change(at)) if self._size else made

    def __reversed__(self) -> Iterator[tuple[Any, ...]]:
        yield from reversed(list(self))

    def places(self) -> list[npt.NDArray[Any]]:
        """What stands at each place of them but written cells: whole numbers, the same array for all sites.

        Raises ArithmeticError, TypeError or ValueError: numbers too large, or of another kind.
        """
        tokens, known = self._runs.tokens
        with contextlib.suppress(TypeError, KeyError):
            return [known[each] for each in self._make(*tokens)]
        # in floats nothing wraps around
        found, checked = (self._make(*self._runs.spread_as(kind)) for kind in (np.int64, np.float64))
        held = [np.broadcast_to(np.asarray(each), len(self)) for each in found]
        if any(each.dtype != np.int64 for each in held) or not all(map(np.array_equal, held, checked)):
            raise ValueError("not every place is a whole number of eight bytes")
        return list(map(narrow, held))

    def changes(self) -> tuple[int, list[bytes]]:
        """How many bytes each cell that is written takes, and all cells before, and all after."""
        cells = np.frombuffer(self._changes, f"V{self._size}") if self._size else np.zeros(0)
        return self._size, [cells[at::2].tobytes() for at in range(2) if self._size]

    def met(self) -> set[int]:
        """The number of every array that they are about."""
        return {*self._runs.numbers[:, self._array].tolist()}

    def _change(self, at: int) -> tuple[bytes, bytes]:
        low, middle, high = (count * self._size for count in (2 * at, 2 * at + 1, 2 * at + 2))
        return self._changes[low:middle], self._changes[middle:high]


@dataclass(slots=True, eq=False)
class Log:
    """A run, noted."""

    sites: Sites
    """What is known of its source."""
    order: bytearray | list[int] = field(init=False)
    """The number of the site of each entry; in bytes, where there are few sites."""
    payloads: list[Sequence[Any]] = field(default_factory=list)
    """By site, what each of its entries says, in their order; see `Kind`."""
    views: list[View] = field(default_factory=list)
    """Every array met; `Ref`s and payloads say their numbers."""
    storages: list[Storage] = field(default_factory=list)
    given: list[tuple[str, int]] = field(default_factory=list)
    """The arrays that came in with the arguments, as `cache[0]`, `self.W`: the name and the view's number."""
    ended: Ended | None = None
    """Why the run ended early."""
    unseen: list[int] = field(default_factory=list)
    """The storages that held something else in the end than what was noted, as far as that was looked at."""

    __repr__ = brief

    def __post_init__(self) -> None:
        self.order = bytearray() if len(self.sites.sites) <= 256 else []
