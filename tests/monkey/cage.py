"""Where the monkey plays: a folder outside of which nothing is written, and a clock that wakes it."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = {
    "os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.utime",
}  # fmt: skip
_HOMES = (
    "HOME",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_DOWNLOAD_DIR",
    "TMPDIR",
)
_allowed = ""
"""The folder of the session that runs; "" between sessions."""
_hooked = False


class Outside(PermissionError):
    """What the system says of a file outside of the cage."""


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what would change something outside, as a system does that gives no right to."""
    if not _allowed or (event != "open" and event not in _CHANGING):
        return
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
        return
    changed = {"os.rename": arguments[:2], "os.symlink": arguments[1:2], "os.link": arguments[:2]}
    for path in changed.get(event, arguments[:1]):
        if isinstance(path, (str, bytes, os.PathLike)) and not _inside(os.fsdecode(path)):
            raise Outside(13, "Permission denied", os.fsdecode(path))


def _inside(path: str) -> bool:
    with contextlib.suppress(OSError, ValueError):
        real = os.path.realpath(path)
        return real == os.devnull or real.startswith(_allowed + os.sep)
    return False


@contextlib.contextmanager
def cage() -> Iterator[Path]:
    """A new folder as home and working folder; it is gone afterwards, and everything as before."""
    global _allowed, _hooked
    if not _hooked:
        sys.addaudithook(_watch)  # cannot be taken away; without a folder it does nothing
        _hooked = True
    environment, folder, temporary = dict(os.environ), os.getcwd(), tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="monkey-", ignore_cleanup_errors=True) as held:
        home = Path(held).resolve() / "home"
        work = home / "at" / "work"
        work.mkdir(parents=True)
        try:
            os.environ.update(dict.fromkeys(_HOMES, str(home)))
            tempfile.tempdir = str(home)
            os.chdir(work)
            _allowed = str(home)
            yield work
        finally:
            _allowed, tempfile.tempdir = "", temporary
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)


class Hang(Exception):
    """Nothing happened for so long that nothing will."""


class Watchdog:
    """Raises `Hang` in the main thread where that is stuck; if even that does not help, ends the process."""

    def __init__(self, seconds: float, *, ends: bool = False) -> None:
        """Watch.

        Args:
            seconds: without a `beat`.
            ends: whether the process is ended, with the stack of every thread, after three times as long:
                what holds the interpreter itself can be neither woken nor told of otherwise.
        """
        self.seconds, self._ends = seconds, ends
        self._ended = threading.Event()
        self._before: Any = None
        self._beat = 0.0

    def beat(self) -> None:
        """Something went on."""
        self._beat = time.monotonic()
        if self._ends:
            faulthandler.dump_traceback_later(3 * self.seconds, exit=True, file=sys.__stderr__ or sys.stderr)

    def __enter__(self) -> Watchdog:
        self.beat()
        self._before = signal.signal(signal.SIGALRM, self._wake)
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._ends:
            faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, self._before)

    def _wake(self, *_: object) -> None:
        hang = Hang(f"nothing happened for {self.seconds:g} s")
        for number, frame in sys._current_frames().items():
            if number != threading.get_ident():
                hang.add_note(f"meanwhile in thread {number}:\n" + "".join(traceback.format_stack(frame, 6)))
        raise hang

    def _look(self) -> None:
        woken = False
        while not self._ended.wait(min(self.seconds / 4, 1)):
            late = time.monotonic() - self._beat > self.seconds
            if late and not woken:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
            woken = late
