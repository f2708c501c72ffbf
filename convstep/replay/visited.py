"""Where a person has been: a history of positions as in a browser, and bookmarks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from convstep.brief import brief
from convstep.frozen import frozen
from convstep.records import Record

MOST_VISITED = 200
"""Positions that are remembered; the oldest are forgotten first."""


class Visited:
    """Positions that were jumped between; walking by single steps moves the last one along.

    >>> visited = Visited()
    >>> for position in (100, 101, 102, 7):
    ...     visited.visit(position)
    >>> visited.back(), visited.back(), visited.back()
    (102, 0, None)
    >>> visited.forward(), visited.forward(), visited.forward()
    (102, 7, None)
    """

    def __init__(self, position: int = 0, most: int = MOST_VISITED) -> None:
        """Start at a position; at most so many, at least 2, are remembered."""
        if most < 2:
            raise ValueError(f"most is {most}; a history keeps at least 2 positions")
        self._positions = [position]
        self._at = 0
        self._most = most

    @property
    def positions(self) -> tuple[int, ...]:
        """What is remembered, oldest first."""
        return tuple(self._positions)

    @property
    def at(self) -> int:
        """Which of `positions` is the current one."""
        return self._at

    def visit(self, position: int) -> None:
        """Take note of a position: a step of 1 moves the entry along, a jump drops what was ahead."""
        present = self._positions[self._at]
        if abs(position - present) <= 1:
            self._positions[self._at] = position
            return
        del self._positions[self._at + 1 :]
        self._positions.append(position)
        del self._positions[: -self._most]
        self._at = len(self._positions) - 1

    def back(self) -> int | None:
        """Go to where one was before the last jump; None if there is nowhere."""
        return self._go(-1)

    def forward(self) -> int | None:
        """Go to where one came back from; None if there is nowhere."""
        return self._go(1)

    def _go(self, by: int) -> int | None:
        """To the next entry in a direction that is not the current position."""
        present, at = self._positions[self._at], self._at + by
        while 0 <= at < len(self._positions):
            if self._positions[at] != present:
                self._at = at
                return self._positions[at]
            at += by
        return None


@frozen()
class Bookmark(Record):
    """A position with a name."""

    word = "a bookmark"
    position: int
    label: str
    """What it is called; a number if nobody named it."""

    __repr__ = brief

    def __post_init__(self) -> None:
        """Whatever was typed is a label; what a session cannot hold is refused when one is made."""


class Bookmarks:
    """At most one bookmark at a position, in the order of the loop."""

    def __init__(self, bookmarks: Iterable[Bookmark] = ()) -> None:
        """Start with these; of several at one position, or of one name, the last counts."""
        self._labels: dict[int, str] = {}
        for bookmark in bookmarks:
            self._set(bookmark.position, bookmark.label)

    def __len__(self) -> int:
        return len(self._labels)

    def toggle(self, position: int) -> Bookmark | None:
        """Set a bookmark by the lowest free number, returned, or take away the one that is there: None."""
        if self._labels.pop(position, None) is not None:
            return None
        self._set(position, "")
        return self.at(position)

    def at(self, position: int) -> Bookmark | None:
        """The bookmark at a position, if there is one."""
        label = self._labels.get(position)
        return None if label is None else Bookmark(position, label)

    def next(self, position: int) -> Bookmark | None:
        """The nearest one after a position, or None."""
        listed = self.list()
        at = bisect_right([bookmark.position for bookmark in listed], position)
        return listed[at] if at < len(listed) else None

    def list(self) -> tuple[Bookmark, ...]:
        """All of them, in the order of the loop."""
        return tuple(Bookmark(position, label) for position, label in sorted(self._labels.items()))

    def _set(self, position: int, label: str) -> None:
        label = label.strip() or self._free_number()
        self._labels = {at: name for at, name in self._labels.items() if name != label}
        self._labels[position] = label

    def _free_number(self) -> str:
        taken, number = set(self._labels.values()), 1
        while str(number) in taken:
            number += 1
        return str(number)
