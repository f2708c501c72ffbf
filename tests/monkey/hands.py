"""The monkey's hands: bytes go through Textual's parser as a terminal's do; then the screen is waited for."""

from __future__ import annotations

import asyncio
import codecs
import time
from typing import Any, cast

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Resize
from textual.geometry import Size
from textual.message_pump import MessagePump

from convstep.ui.torch_app import TorchApp
from tests.monkey.cage import Hang
from tests.monkey.inputs import sent
from tests.ui.terminal import Terminal

AT_ONCE = 4096
"""Bytes that Textual's driver takes in one read."""
PATIENCE = 1.0
"""Seconds for threads, and for a screen that is never still, because it plays."""


class Hands:
    """Types, points and waits."""

    def __init__(self, app: App[Any], deaf_after: float, terminal: Terminal) -> None:
        """Lay them on an app that runs.

        Args:
            app: which.
            deaf_after: seconds in which a message must be taken.
            terminal: what it paints into; a resize empties it.
        """
        self.app, self._deaf_after = app, deaf_after
        self.terminal = terminal
        self._parser = XTermParser()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._driver = cast(HeadlessDriver, app._driver)
        self._pending = b""
        self._cut = ""

    @property
    def ended(self) -> bool:
        """Whether the app is no longer there."""
        return self.app._exit or self.app._exception is not None or not self.app._running

    async def do(self, word: str) -> None:
        """One word of a script but `WAIT`; what is sent waits for the end of the read."""
        name, _, rest = word.partition(":")
        if word in ("cut", "cut-late"):
            self._cut = word
        elif word == "breath":
            self.read()
            for _ in range(3):
                await asyncio.sleep(0)
        elif name == "pause" and rest:
            self.read(late=True)
            await asyncio.sleep(float(rest))
        elif name == "resize" and rest:
            self.read()
            size = Size(*map(int, rest.split("x")))
            if size != self.app.size:
                self.terminal.clear()
            self._driver._size = size
            self._driver.process_message(Resize(size, size))
        else:
            self._send(sent(word).encode("utf-8", "surrogatepass"))

    def _send(self, data: bytes) -> None:
        if self._cut:
            middle = max(len(data) // 2, 1)
            self._pending += data[:middle]
            self.read(late=self._cut == "cut-late")
            self._cut, data = "", data[middle:]
        self._pending += data

    def read(self, *, late: bool = False) -> None:
        """What was sent comes in one read, or as few as the driver makes of it.

        Args:
            late: so long before the next that an escape at the end was a key.
        """
        data, self._pending = self._pending, b""
        for start in range(0, len(data), AT_ONCE):
            # nothing decoded is the beginning of a character; an empty text would end the parser
            if text := self._decoder.decode(data[start : start + AT_ONCE]):
                for event in self._parser.feed(text):
                    self._driver.process_message(event)
        if late and self._parser._timeout_time is not None:
            self._parser._timeout_time = 0.0
            for event in self._parser.tick():
                self._driver.process_message(event)

    async def rest(self, *, patient: bool = True) -> None:
        """Until nothing is to be done but by timers, and the screen is painted.

        Args:
            patient: threads are waited for as well, for a while.

        Raises:
            Hang: the app takes no messages.
        """
        self.read(late=True)
        end = time.monotonic() + PATIENCE
        while not self.ended:
            await self._idle(end)
            if self.ended or time.monotonic() > end:
                break
            threads = patient and not all(worker.is_finished for worker in self.app.workers)
            if threads or self._kept:
                await asyncio.sleep(0.002)
                continue
            self.app.screen._on_timer_update()  # the timer would do it within 1/60 s
            if not _ready() and self.app._resize_event is None:
                break
        await self._heard()

    async def _idle(self, end: float) -> None:
        """Until the event loop has nothing left."""
        while not self.ended:
            await asyncio.sleep(0)
            if not _ready() or time.monotonic() > end:
                return

    async def _heard(self) -> None:
        """Until the app and the screen have taken what was sent."""
        end = time.monotonic() + self._deaf_after
        while not self.ended and (
            self._kept or any(not pump._message_queue.empty() for pump in self._pumps())
        ):
            if time.monotonic() > end:
                raise Hang(f"{' and '.join(map(repr, self._pumps()))} take no messages")
            await asyncio.sleep(0.002)

    @property
    def _kept(self) -> bool:
        """Whether keys wait until those before them have had their effect."""
        return isinstance(self.app, TorchApp) and self.app.type_ahead.waiting

    def _pumps(self) -> list[MessagePump]:
        return [self.app, *self.app.screen_stack]


def _ready() -> bool:
    """Whether the event loop has something to do at once."""
    return bool(asyncio.get_running_loop()._ready)  # type: ignore[attr-defined]
