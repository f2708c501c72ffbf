"""The course as a list: lessons, bug hunts, and how far the learner is in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.cells import set_cell_size
from rich.text import Text

from convstep.lessons.course import Entry
from convstep.lessons.words import say

NUMBER, PROGRESS = 8, 24
"""Columns of the lesson's number, and of how far one is."""
DONE, BEGUN = "✓", "·"
"""Before a lesson that was finished, and one that was begun."""


class CourseRows:
    """The rows of the list: headings and lessons."""

    def __init__(self, entries: Sequence[Entry], progress: Callable[[str], dict[str, Any]]) -> None:
        """List a course, lessons and then hunts; `progress` is what is kept of one, by its key."""
        self._progress, self.width = progress, 80
        self.rows: list[Entry | str] = []
        """What stands in each row: a lesson, or a heading."""
        language = entries[0].language if entries else "en"
        for hunts, key in ((False, "menu.lessons"), (True, "menu.hunts")):
            found = [entry for entry in entries if entry.hunt is hunts]
            if found:
                self.rows += [*([""] if self.rows else []), say(language, key), *found]

    def __len__(self) -> int:
        return len(self.rows)

    def entry(self, at: int) -> Entry | None:
        """The lesson of a row; None for a heading."""
        found = self.rows[at]
        return found if isinstance(found, Entry) else None

    def next_entry(self, at: int, by: int) -> int:
        """The nearest row with a lesson in a direction, or the last one there is."""
        ahead, behind = list(range(at, len(self.rows))), list(range(at, -1, -1))
        for row in ahead + behind if by >= 0 else behind + ahead:
            if self.entry(row) is not None:
                return row
        return at

    def row(self, at: int) -> Text:
        """One row."""
        entry = self.rows[at]
        if isinstance(entry, str):
            return Text(entry, "bold underline" if entry else "")
        kept = self._progress(entry.key)
        mark = DONE if kept.get("finished") is True else BEGUN if kept else " "
        room = max(self.width - NUMBER - PROGRESS - 2, 10)
        title = Text(entry.title)
        title.truncate(room - 2, overflow="ellipsis")
        return Text.assemble(
            (f"{mark} ", "bold"),
            (set_cell_size(entry.number, NUMBER), "dim"),
            set_cell_size(title.plain, room),
            (set_cell_size(self._far(entry, kept), PROGRESS), "dim"),
        )

    @staticmethod
    def _far(entry: Entry, kept: dict[str, Any]) -> str:
        """How far the learner is, in words."""
        language = entry.language
        if not kept:
            return say(language, "menu.pages", pages=entry.pages, questions=entry.questions)
        points, most, page = (_count(kept.get(key)) for key in ("points", "most", "page"))
        if kept.get("finished") is True:
            return f"{say(language, 'menu.done')} · {say(language, 'score', points=points, most=most)}"
        return say(language, "menu.begun", page=min(page + 1, entry.pages), pages=entry.pages)


def _count(kept: Any) -> int:
    """A number of the progress file; 0 if it is none."""
    return kept if isinstance(kept, int) and not isinstance(kept, bool) and kept > 0 else 0
