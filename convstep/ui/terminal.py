"""The terminal's driver: Textual's, which garbled input or a terminal that goes away cannot end."""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import signal
import termios
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TextIO, cast

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

AT_ONCE = 4096
"""Bytes of a read."""
PAUSE = 0.1
"""Seconds between two looks at whether the app leaves, or an Escape was alone."""
LEAVE = (
    "\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l"
    "\x1b[?25h\x1b[?1004l"
)
"""Ends whatever Textual has switched on in a terminal."""


class Leaving(Protocol):
    """An app, as its driver sees it."""

    terminal_gone: bool
    """Whether nothing can be read from the terminal, or shown on it, any more."""

    def leave_for(self, number: int) -> None:
        """Leave because of a signal."""


class SteadyDriver(LinuxDriver):
    """Takes any bytes for input; of a terminal that is gone, tells the app."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        """Drive the terminal of this process."""
        super().__init__(app, **options)
        self._outlet = _Outlet(cast(TextIO, self._file), self._gone)
        self._file = cast(Any, self._outlet)

    def run_input_thread(self) -> None:
        """Read what is typed and tell the app, until it leaves."""
        keys = Keys(self._debug)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                data = b""
                if selector.select(PAUSE):
                    try:
                        data = os.read(self.fileno, AT_ONCE)
                    except BlockingIOError:  # somebody else was quicker
                        continue
                    except OSError:
                        data = b""
                    if not data:
                        self._gone()
                        return
                for message in keys.typed(data):
                    self.process_message(message)

    def restore(self) -> None:
        """Give the terminal back from beside the app; what the app still writes comes after it."""
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        os.write(self._outlet.fileno(), LEAVE.encode())

    def _gone(self) -> None:
        """The terminal is gone, as SIGHUP says where it is sent."""
        app = cast(Leaving, self._app)
        app.terminal_gone = True
        with contextlib.suppress(RuntimeError):  # the app has left
            self._loop.call_soon_threadsafe(app.leave_for, int(signal.SIGHUP))


class Keys:
    """From bytes to keys. Bytes that are no UTF-8, or no keys, cost nothing but themselves."""

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._parser = XTermParser(debug)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def typed(self, data: bytes) -> Iterator[Message]:
        """What was typed; a character may begin in one read and end in the next.

        No data: there was nothing for a while.
        """
        for character in self._decode(data):  # one by one: what comes after an error counts
            yield from self._tried(self._parser.feed, character)
        yield from self._tried(self._parser.tick)

    def _tried(self, step: Callable[..., Iterable[Message]], *given: str) -> Iterator[Message]:
        try:
            yield from step(*given)
        except Exception:  # e.g. a key of number 999999999
            old, self._parser = self._parser, XTermParser(self._debug)
            self._parser.mouse_pixels = old.mouse_pixels
            self._parser.terminal_size = old.terminal_size
            self._parser.terminal_pixel_size = old.terminal_pixel_size


class _Outlet:
    """The terminal as a file to write to, from which nothing is raised: the thread that writes must go on.

    Else whoever writes would wait for it for ever.
    """

    def __init__(self, file: TextIO, gone: Callable[[], None]) -> None:
        self._file, self._gone, self._open = file, gone, True

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, text: str) -> None:
        self._try(self._file.write, text)

    def flush(self) -> None:
        self._try(self._file.flush)

    def _try(self, act: Callable[..., object], *text: str) -> None:
        if not self._open:
            return
        try:
            try:
                act(*text)
            except BlockingIOError:  # somebody who has this terminal, too, does not want to wait
                os.set_blocking(self.fileno(), True)
                self._file.flush()
        except (OSError, ValueError):  # ValueError: closed
            self._open = False
            self._gone()
