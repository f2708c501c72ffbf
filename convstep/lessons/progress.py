"""Progress on disk: one JSON file in the person's data folder. It is data; reading it runs nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeGuard

from convstep.conv.files import FileTooLarge, contents, written_whole
from convstep.language import tr
from convstep.lessons.lesson import Lesson
from convstep.lessons.walk import RIGHT, SHOWN, SKIPPED, Tried, Walk

VERSION = 1
"""Of the file's form."""
LARGEST_FILE = 4_000_000
"""Bytes beyond which the file is none of ours."""


class ProgressError(ValueError):
    """Progress cannot be read or kept; one sentence."""


class Progress:
    """What a person has done in all lessons."""

    def __init__(self, path: Path | None = None, *, kept: bool = True) -> None:
        """Read what is kept.

        Args:
            path: the file; by default one in the person's data folder.
            kept: whether anything is read and written at all.
        """
        self.path = default_path() if path is None else path
        self.complaint = ""
        """Why nothing is kept, one sentence; "" if all is well."""
        self._kept = kept
        self._lessons: dict[str, Any] = {}
        try:
            self._lessons = _read(self.path) if kept else {}
        except ProgressError as error:
            self.complaint = str(error)

    def of(self, key: str) -> dict[str, Any]:
        """What is kept of a lesson; empty if it was never opened."""
        found = self._lessons.get(key)
        return found if isinstance(found, dict) else {}

    def walk(self, lesson: Lesson) -> Walk:
        """Go on in a lesson where the person stood; what cannot be understood is as if never answered."""
        kept = self.of(lesson.key)
        answers = kept.get("answers")
        tried = {
            key: Tried(*values)
            for key, values in (answers.items() if isinstance(answers, dict) else ())
            if _is_tried(values)
        }
        page, finished = kept.get("page"), kept.get("finished") is True
        at = page if _is_count(page) else 0
        if finished and at >= len(lesson.pages) - 1:
            at = 0  # once more, with the answers still there
        return Walk(lesson, at, tried, finished=finished)

    def keep(self, walk: Walk) -> None:
        """Write down where a walk stands.

        Raises:
            ProgressError: it cannot be written; whatever is in the file stays there.
        """
        if not self._kept:
            return
        try:
            known = _read(self.path)  # another window may have written meanwhile
        except ProgressError as error:
            self.complaint = str(error)
            raise
        self.complaint = ""  # the file that could not be read was moved away
        self._lessons = known | {walk.lesson.key: walk.as_dict()}
        # in ASCII: a path may hold what is no text
        text = json.dumps({"version": VERSION, "lessons": self._lessons}, indent=1)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(self.path, through_links=True) as file:
                file.write(text.encode())
        except OSError as error:
            said = tr(
                "progress cannot be saved: {path}: {reason}", path=self.path, reason=error.strerror or error
            )
            raise ProgressError(said) from error


def default_path() -> Path:
    """Where progress is kept."""
    from platformdirs import user_data_path

    return user_data_path("convstep", appauthor=False) / "progress.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(contents(path, LARGEST_FILE))
        if not isinstance(kept, dict) or kept.get("version") != VERSION:
            raise ValueError("it is of another version")
        lessons = kept.get("lessons")
        if not isinstance(lessons, dict):
            raise ValueError("it holds no lessons")
        return lessons
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = tr("it is not a progress file")
        if isinstance(error, OSError) and not isinstance(error, FileTooLarge):
            reason = error.strerror or reason
        raise ProgressError(
            tr("progress cannot be saved: {path}: {reason}; move the file away", path=path, reason=reason)
        ) from error


def _is_tried(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) == 3
        and all(map(_is_count, values[:2]))
        and values[2] in ("", RIGHT, SHOWN, SKIPPED)
    )


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6
