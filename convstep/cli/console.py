"""What a command says, to whom, and what it comes to: exit codes, errors, results, and who looks on."""

from __future__ import annotations

import os
import sys

from convstep import waiting
from convstep.printable import SENTENCE, SentenceError, printable, printable_lines

TYPE_CHECKING = False  # typing itself costs as much time as a whole `python -c pass`
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TextIO

    from rich.text import Text

FINE, DIFFERENT, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130
CRASHED = 1


class UsageError(SentenceError):
    """The command line asks for something that is not there; the message is one sentence."""


class UnsaidError(Exception):
    """Results could not be written to stdout."""

    def __init__(self, code: int, reason: OSError) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason
        """What the command would have ended with, and what is wrong with stdout."""


def say(*texts: str, code: int = FINE) -> None:
    """Print lines of results, without any what is unwritten, nothing if closed; UnsaidError with the code."""
    _print([printable_lines(text) for text in texts], code)


def say_json(value: dict[str, Any], code: int = FINE) -> None:
    """Print one JSON object in one line; NaN and infinity become texts."""
    import json

    from convstep.view.panels.trace import json_value

    say(json.dumps(json_value(value), allow_nan=False), code=code)


def terminal_width() -> int | None:
    """The columns of the terminal that results go to; None where they go to a file or a pipe."""
    import shutil

    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def page_width() -> int:
    """The columns of a page of text: the terminal's up to 100; 80 where it goes to a file or a pipe."""
    return min(terminal_width() or 80, 100)


def say_drawn(lines: Iterable[Text]) -> None:
    """Print lines of ours, in their styles where a terminal shows them."""
    if sys.stdout is None or not sys.stdout.isatty():
        _print([line.plain.rstrip() for line in lines], FINE)
        return
    from rich.console import Console

    terminal = Console()
    with terminal.capture() as drawn:
        terminal.print(*lines, sep="\n", soft_wrap=True)
    _print([drawn.get().rstrip("\n")], FINE)


def _print(texts: list[str], code: int) -> None:
    try:
        for text in texts:
            print(text)  # noqa: T201  the one place that prints results
        if not texts and sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise UnsaidError(code, error) from error


def complain(sentence: str) -> None:
    """Say on stderr what went wrong, if it can be written there."""
    try:
        if sys.stderr is not None:  # print would take None for stdout
            print(f"convstep: {sentence}", file=sys.stderr)  # noqa: T201
    except OSError:
        drop(sys.stderr)


def is_watched() -> bool:
    """Whether somebody sees on stderr how far it is."""
    return sys.stderr is not None and sys.stderr.isatty()


def on_one_screen() -> bool:
    """Whether somebody sees stdout and stderr, one below the other."""
    return is_watched() and sys.stdout is not None and sys.stdout.isatty()


def show_progress(text: str) -> None:
    """Write on a terminal's stderr; one that is gone is no reason to give up what is being found out."""
    import contextlib

    with contextlib.suppress(OSError):
        print(text, end="", file=sys.stderr, flush=True)  # noqa: T201


def open_standard_files() -> None:
    """Give a closed stdin, stdout or stderr a place: the next file opened would take it, and get its text."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def flush_or_drop(stream: TextIO | None) -> None:
    """Write what is still unwritten, if it can be written."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        drop(stream)


def drop(stream: TextIO | None) -> None:
    """Send what is still unwritten nowhere: nobody reads it, and Python would wait, or complain, at exit."""
    import contextlib

    with contextlib.suppress(OSError, AttributeError):  # a stream without a file behind it, or none
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def sentence_of(error: Exception) -> str | None:
    """What went wrong for the person at the keyboard; None if it is our own mistake."""
    if isinstance(error, OSError):
        subject = f"{error.filename}: " if error.filename else ""
        return printable(f"{subject}{error.strerror or error}", SENTENCE)
    if isinstance(error, MemoryError):
        from convstep.language import tr

        return tr("there is not enough memory for these arrays; use smaller ones")
    return str(error) if isinstance(error, SentenceError) or is_crash(error) else None


def is_crash(error: Exception) -> bool:
    """Whether a mistake in the screen has ended it."""
    if "convstep.ui.rescue" not in sys.modules:
        return False
    from convstep.ui.rescue import ScreenError

    return isinstance(error, ScreenError)


def has_terminal() -> bool:
    """Whether a person sits in front of this process."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def lacking() -> str:
    """What is missing for a screen, as the object of a sentence; "" if nothing is."""
    from convstep.language import tr
    from convstep.served import in_browser

    if in_browser():
        return ""
    if not has_terminal():
        return tr("a terminal")
    dumb = os.environ.get("TERM") == "dumb"
    return tr("a terminal that can show a full screen (TERM=dumb cannot)") if dumb else ""


def say_loading(name: str) -> None:
    """Say at once, to a person who waits for a screen, that something is being loaded."""
    if has_terminal():
        from convstep.language import tr

        waiting.say(tr("loading {name} …", name=name), sys.__stderr__)
