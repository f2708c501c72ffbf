"""Replayed: what reading a step off a log asks of the recording that stands at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from convstep.recording.facts import ArrayInfo
from convstep.recording.index import Index
from convstep.recording.kept import Kept
from convstep.recording.log import Ended
from convstep.recording.memory import Memory
from convstep.recording.naming import Owners


class Replayed(Protocol):
    """A log, and memory that is moved through it."""

    log: Kept
    index: Index
    """The same by entries, frames and steps."""

    @property
    def owners(self) -> Owners:
        """The arrays that have a name, by storage."""

    @property
    def memory(self) -> Memory:
        """What the arrays hold."""

    @property
    def entry(self) -> int:
        """How many entries are behind."""

    @property
    def total(self) -> int:
        """How many steps there are."""

    @property
    def ended(self) -> Ended | None:
        """Why it ended early."""

    @property
    def catalogue(self) -> tuple[ArrayInfo, ...]:
        """Every array by name."""

    def touching(self, array: str, index: tuple[int, ...]) -> Sequence[int]:
        """The steps that write a cell, ascending."""

    def seek(self, position: int) -> None:
        """Go to a position."""

    def go_to_entry(self, entry: int) -> None:
        """Make or undo changes until so many entries are behind."""

    def has_changed(self, entry: int) -> None:
        """The change of an entry, the next one, was made by whoever looked at it."""
