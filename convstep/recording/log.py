"""Log: what a run of a rewritten function has noted, in its order: numbers, bytes, short texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from convstep.brief import brief
from convstep.recording.sites import Sites


class Ref(int):
    """A value that is an array: its number among `Log.arrays`."""

    __slots__ = ()


class Other(str):
    """A value that is neither a number, a text nor an array, in a few words."""

    __slots__ = ()


Value = Ref | Other | int | float | complex | bool | str | None | tuple[Any, ...]
"""What a variable is in a log."""


class View(NamedTuple):
    """An array that the run has met: how it looks at its storage."""

    storage: int
    """Whose memory it is."""
    offset: int
    """Bytes from the storage's beginning to its first cell."""
    shape: tuple[int, ...]
    """Its lengths."""
    strides: tuple[int, ...]
    """Bytes from cell to cell along each axis."""
    dtype: str
    """As `numpy.dtype` reads it."""


@dataclass(slots=True)
class Storage:
    """A piece of memory that owns its cells."""

    born: int
    """How many entries the log had when it was first met."""
    content: bytes = field(repr=False)
    """What it held then."""
    dtype: str
    """Of its cells."""
    of_caller: bool = False
    """Whether it came in with the arguments."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a run ended before its function returned."""

    kind: Literal["raised", "budget"]
    """The function raised, or the recording was stopped: too many steps, too much memory or time."""
    sentence: str
    """What happened, one sentence."""
    line: int
    """The line of the source at which it happened; 0 if that is not known."""


@dataclass(slots=True, eq=False)
class Log:
    """A run, noted."""

    sites: Sites
    """What is known of its source."""
    order: list[int] = field(default_factory=list)
    """The number of the site of each entry."""
    payloads: list[list[Any]] = field(default_factory=list)
    """By site, what each of its entries says, in their order; see `Kind`."""
    views: list[View] = field(default_factory=list)
    """Every array met; `Ref`s and payloads say their numbers."""
    storages: list[Storage] = field(default_factory=list)
    """Every piece of memory met."""
    given: list[tuple[str, int]] = field(default_factory=list)
    """The arrays that came in with the arguments, as `cache[0]`, `self.W`: the name and the view's number."""
    ended: Ended | None = None
    """Why the run ended early."""
    unseen: list[int] = field(default_factory=list)
    """The storages that held something else in the end than what was noted, as far as that was looked at."""

    __repr__ = brief
