"""What a person would lose with a screen that ends by itself: session, problem, what was typed.

Each time gets a folder of its own in the person's state folder. Nothing here raises: an error while
saving must not hide the one that ended the screen. Loads no Textual.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from convstep.files import written_whole
from convstep.language import tr
from convstep.printable import printable
from convstep.replay.session import SessionError
from convstep.served import in_browser

if TYPE_CHECKING:
    from convstep.ui.ending_app import EndingApp

Found = TypeVar("Found")

KEPT, LARGEST = 10, 10**9
"""Folders that are kept, and bytes of all of them together; the newest stays however large it is."""
LONGEST_REPORT = 200_000
"""Characters of a report."""
_OURS = re.compile(r"\d{8}-\d{6}-\w+")


class ScreenError(RuntimeError):
    """A mistake in the screen has ended it; the message is one sentence for the person."""


class Rescue:
    """Saves, once, what an app holds whose screens are still whole."""

    def __init__(self, app: EndingApp) -> None:
        self._app, self._begun = app, False
        self._commands: list[str] = []
        self._failure = ""
        self._typed: list[str] = []
        self._report: Path | None = None

    def __call__(self, error: BaseException | None = None) -> None:
        """Save all there is; an error ended the screen, or something outside did."""
        if self._begun or in_browser():
            return
        self._begun = True
        app = self._app
        self._typed = self._tried(app.unsent) or []
        self._commands += self._tried(app.commands_back) or []
        screen = self._tried(app.open_debugger)
        if screen is None and error is None and not self._typed:
            return
        folder = self._tried(_new_folder)
        if folder is None:
            return
        if screen is not None:
            self._commands += self._tried(lambda: screen.save_in(folder)) or []
        if error is not None or self._typed:
            self._tried(lambda: self._write_report(folder, error))
        self._tried(lambda: _forget_older(folder))

    def sentence(self, what: str) -> str:
        """What happened, how to go on, and where more about it stands."""
        parts = [what]
        if len(self._commands) == 1:
            parts.append(tr("`{command}` goes on where you were", command=self._commands[0]))
        elif self._commands:
            first, second = self._commands[:2]
            both = tr("`{first}` or `{second}` goes on where you were", first=first, second=second)
            parts.append(both)
        if self._failure:
            parts.append(tr("not everything could be saved: {reason}", reason=self._failure))
        if self._report is not None:
            typed = tr("what was typed is in {path}", path=self._report)
            parts.append(typed if self._typed else tr("more about it is in {path}", path=self._report))
        return tr("; ").join(parts)

    def _write_report(self, folder: Path, error: BaseException | None) -> None:
        from importlib.metadata import version  # takes as long as starting Python, and few crash

        told = "" if error is None else "".join(traceback.format_exception(error))
        made = f"convstep {version('convstep')}, {time.strftime('%Y-%m-%d %H:%M:%S')}"
        text = "\n".join([made, *self._commands, *self._typed, "", told])
        if len(text) > LONGEST_REPORT:
            text = f"{text[: LONGEST_REPORT // 2]}\n…\n{text[-LONGEST_REPORT // 2 :]}"
        with written_whole(folder / "report.txt") as file:
            file.write(text.encode(errors="backslashreplace"))
        self._report = folder / "report.txt"

    def _tried(self, what: Callable[[], Found]) -> Found | None:
        """What it returns; None if it fails, and the first such failure is kept."""
        try:
            return what()
        except Exception as error:
            self._failure = self._failure or error_words(error)
            return None


def error_words(error: BaseException) -> str:
    """An error in a line: a sentence of ours as it is, others with their kind."""
    if isinstance(error, OSError) and error.strerror:
        subject = f"{printable(error.filename)}: " if error.filename else ""
        return f"{subject}{error.strerror}"
    try:
        said = printable(error)
    except Exception:  # somebody's own class
        said = ""
    kind = type(error).__name__
    if isinstance(error, SessionError):
        return said
    return f"{kind}: {said}" if said else kind


def crash_words(error: BaseException) -> str:
    """What ended the screen: the error, and where in the program it was."""
    frames = traceback.extract_tb(error.__traceback__)
    words = error_words(error)
    if not frames:
        return tr("the screen crashed: {error}", error=words)
    name, line = os.path.basename(frames[-1].filename), frames[-1].lineno
    return tr("the screen crashed: {error} ({file}, line {line})", error=words, file=name, line=line)


def _new_folder() -> Path:
    """A folder that nobody else can read, named by the time."""
    from platformdirs import user_state_path

    prefix = time.strftime("%Y%m%d-%H%M%S-")
    try:
        ours = user_state_path("convstep", appauthor=False) / "rescued"
        ours.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=prefix, dir=ours))
    except OSError:  # no home, or one that cannot be written to
        return Path(tempfile.mkdtemp(prefix=f"convstep-{prefix}"))


def _forget_older(newest: Path) -> None:
    """Delete what was rescued long ago, or takes too much room."""
    others = [
        path
        for path in newest.parent.iterdir()
        if path != newest and _OURS.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]
    room = LARGEST - _size(newest)
    for kept, folder in enumerate(sorted(others, reverse=True), 1):
        room -= _size(folder)
        if kept >= KEPT or room < 0:
            shutil.rmtree(folder, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
