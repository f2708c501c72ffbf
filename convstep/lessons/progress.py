"""Progress on disk: one JSON file in the person's data folder. It is data; reading it runs nothing.

Several windows may be open on it: each writes what was done in it since, into whatever the file holds by
then. Of two answers the better counts: right before shown before skipped before open, then fewer wrong
answers and hints. The page is that of the window that turned pages last; finished is finished, and what was
begun again keeps only what others did since. What a newer version wrote stays, and so does a damaged file.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from convstep.files import FileTooLarge, contents, written_whole
from convstep.language import tr
from convstep.lessons.lesson import Lesson
from convstep.lessons.walk import RIGHT, SHOWN, SKIPPED, Tried, Walk
from convstep.printable import SentenceError

VERSION = 1
LARGEST_FILE = 4_000_000
"""Bytes beyond which the file is none of ours."""
WAIT = 5.0
"""Seconds after which nobody waits any longer for another window that is writing."""
PAUSE = 0.003
"""Seconds between two looks at whether it is done, which is about as long as it takes."""


class ProgressError(SentenceError, ValueError):
    """Progress cannot be read or kept; one sentence."""


class Progress:
    """What a person has done in all lessons."""

    def __init__(self, path: Path | None = None, *, kept: bool = True) -> None:
        """Read what is kept, in a file or that of the person's data folder; nothing at all unless `kept`."""
        self.path = default_path() if path is None else path
        self.complaint = ""
        """Why nothing is kept, one sentence; "" if all is well."""
        self._kept = kept
        self._lessons: dict[str, Any] = {}
        self._written: weakref.WeakKeyDictionary[Walk, dict[str, Any]] = weakref.WeakKeyDictionary()
        self._look()

    def of(self, key: str) -> dict[str, Any]:
        """What is kept of a lesson; empty if it was never opened."""
        return _dict(self._lessons.get(key))

    def walk(self, lesson: Lesson) -> Walk:
        """Go on in a lesson where the person stood; what cannot be understood is as if never answered."""
        self._look()  # another window may have written meanwhile
        kept = self.of(lesson.key)
        page, finished = kept.get("page"), kept.get("finished") is True
        at = page if _is_count(page) else 0
        if finished and at >= len(lesson.pages) - 1:
            at = 0  # once more, with the answers still there
        walk = Walk(lesson, at, _tried(kept.get("answers")), finished=finished)
        self._written[walk] = walk.as_dict()
        return walk

    def keep(self, walk: Walk) -> None:
        """Write what was done in a walk beside other windows'; ProgressError leaves it for the next time."""
        if not self._kept:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _alone_in(self.path.parent):
                self._merge(walk)
        except ProgressError as error:
            self.complaint = str(error)
            raise
        except (OSError, RecursionError) as error:  # RecursionError: what a newer version nested deeply
            reason = getattr(error, "strerror", None) or error
            said = tr("progress cannot be saved: {path}: {reason}", path=self.path, reason=reason)
            raise ProgressError(said) from error

    def _look(self) -> None:
        """Read the file, if it can be read."""
        try:
            self._lessons, self.complaint = _read(self.path)["lessons"] if self._kept else {}, ""
        except ProgressError as error:
            self.complaint = str(error)

    def _merge(self, walk: Walk) -> None:
        kept, key, now = _read(self.path), walk.lesson.key, walk.as_dict()
        held = _dict(kept["lessons"].get(key))
        merged = _merged(walk, self._written.get(walk, {}), held) if held else now
        lessons = kept["lessons"] | {key: merged}
        # in ASCII: a path may hold what is no text
        text = json.dumps(kept | {"version": VERSION, "lessons": lessons}, indent=1)
        with written_whole(self.path, through_links=True) as file:
            file.write(text.encode())
        self._lessons, self._written[walk], self.complaint = lessons, now, ""


def default_path() -> Path:
    """Where progress is kept."""
    from platformdirs import user_data_path

    return user_data_path("convstep", appauthor=False) / "progress.json"


def _merged(walk: Walk, written: dict[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    """What is to be kept of a lesson: as it stands in a walk, was when last `written`, and is `held` now."""
    now, before, theirs = walk.as_dict(), _dict(written.get("answers")), _dict(held.get("answers"))
    answers = dict(theirs)
    for question in {*now["answers"], *before}:
        mine, old, other = (found.get(question) for found in (now["answers"], before, theirs))
        if mine == old:
            continue  # nothing happened here
        if mine is not None:
            answers[question] = mine if other == old else _better(mine, other)
        elif other == old:
            answers.pop(question, None)  # begun again
    turned, page = now["page"] != written.get("page"), held.get("page")
    ended = now["finished"] if now["finished"] != written.get("finished", False) else held.get("finished")
    whole = Walk(
        walk.lesson,
        now["page"] if turned or not _is_count(page) else page,
        _tried(answers),
        finished=ended is True,
    ).as_dict()
    return held | whole | {"answers": answers | whole["answers"]}


def _better(mine: list[Any], other: Any) -> list[Any]:
    """Which of two outcomes of a question counts; one that cannot be understood does not."""
    if not _is_tried(other):
        return mine
    ranks = "", SKIPPED, SHOWN, RIGHT
    return max(mine, other, key=lambda tried: (ranks.index(tried[2]), -tried[0] - tried[1]))


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one window at a time write in a folder, which is locked; without locks, or too long, all go on."""
    try:
        import fcntl

        place = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        until = time.monotonic() + WAIT
        while True:
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < until:
                    time.sleep(PAUSE)
                    continue
            except OSError:
                pass
            break
        yield
    finally:
        os.close(place)


def _read(path: Path) -> dict[str, Any]:
    """All that the file holds. Raises ProgressError: it cannot be read; one sentence."""
    try:
        kept = json.loads(contents(path, LARGEST_FILE))
        if not isinstance(kept, dict) or kept.get("version") != VERSION:
            raise ValueError("it is of another version")
        if not isinstance(kept.get("lessons"), dict):
            raise ValueError("it holds no lessons")
        return kept
    except FileNotFoundError:
        return {"version": VERSION, "lessons": {}}
    except (OSError, ValueError, RecursionError) as error:
        reason = tr("it is not a progress file")
        if isinstance(error, OSError) and not isinstance(error, FileTooLarge):
            reason = error.strerror or reason
        raise ProgressError(
            tr("progress cannot be saved: {path}: {reason}; move the file away", path=path, reason=reason)
        ) from error


def _tried(answers: Any) -> dict[str, Tried]:
    """By question, what can be understood of what was answered."""
    return {key: Tried(*values) for key, values in _dict(answers).items() if _is_tried(values)}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_tried(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) == 3
        and all(map(_is_count, values[:2]))
        and values[2] in ("", RIGHT, SHOWN, SKIPPED)
    )


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6
