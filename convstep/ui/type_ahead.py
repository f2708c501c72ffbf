"""TypeAhead: one key at a time, each when the one before it has had its effect."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual import events
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from convstep.ui.ending_app import EndingApp

Act = events.InputEvent | events.Paste
"""A key, something of the mouse, or a paste."""

LONGEST = 2.0
"""Seconds for which a screen keeps the next one at most: a part that never rests locks nobody out."""
OFTEN, BREATH = 200, 0.002
"""Looks in a row at whether all is at rest, and the seconds between two of those that follow."""
FRAME = 0.05
"""Seconds of keys that are painted together; twice as many as the frame before took, if that is more."""


@runtime_checkable
class Preparing(Protocol):
    """A screen that may have to find something out before it can take a key."""

    def prepares(self, act: Act) -> bool:
        """Whether this is better taken a little later."""
        ...


class TypeAhead:
    """Lets keys, the mouse and pastes in one at a time.

    A terminal may hand over many keys in one read. A key goes through the queues of the focused part,
    of all around it and of the app, and so does whatever it causes. One on its heels would overtake
    that: it would reach a dialog that is being closed, or miss one that is being opened. So it is
    kept until every part waits for something to do.
    """

    def __init__(self, app: EndingApp) -> None:
        self._app = app
        self._kept: deque[Act] = deque()
        self._turn: Act | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> bool:
        """Whether something is kept."""
        return self._task is not None

    def lets_in(self, act: Act) -> bool:
        """Whether its turn has come; if not, it is kept and comes again by itself.

        Once the person has left, nothing is let in or kept.
        """
        if self._app.leaving:
            return False
        if act is self._turn:
            self._turn = None
            if self._app.screen.is_mounted:
                return True
            self._kept.appendleft(act)  # another screen has come in front since it was its turn
        elif (
            self._task is None
            and self._app.message_queue_size == 0
            and self._laid_out()
            and self._at_rest(act)
        ):
            return True
        else:
            self._kept.append(act)
        if self._task is None:
            self._task = asyncio.create_task(self._hand_over())
        return False

    def close(self) -> None:
        """Let nothing in any more."""
        if self._task is not None:
            self._task.cancel()

    async def _hand_over(self) -> None:
        """Give everything that is kept its turn."""
        try:
            while self._kept and not self._app.leaving:
                began = time.monotonic()
                await self._until(self._painted)
                now = time.monotonic()
                await self._hand_over_some(now + max(FRAME, 2 * (now - began)))
                if not self._app.leaving:
                    self._app.screen.check_idle()  # nobody else tells it that it may paint again
        finally:
            self._kept.clear()
            self._task = None

    async def _hand_over_some(self, end: float) -> None:
        """As many as there is time for until a frame, and none after one that moves the parts.

        Painting takes longer than a step: who paints after each one falls behind a key that is held.
        """
        with self._app.batch_update():
            while True:
                self._turn = self._kept.popleft()
                self._app.post_message(self._turn)
                await self._until(self._taken)
                over = self._app.leaving or not self._kept or time.monotonic() > end
                if over or not self._laid_out() or not self._at_rest(self._kept[0]):
                    return

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait; Textual tells nobody, so this looks."""
        end = time.monotonic() + LONGEST
        for look in itertools.count():
            await asyncio.sleep(0 if look < OFTEN else BREATH)
            if done() or self._app.leaving:
                return
            if time.monotonic() > end and self._app.screen.is_mounted:  # before, it has no parts
                return

    def _taken(self) -> bool:
        """Whether the one whose turn it was has had its effect."""
        return self._turn is None and _stands_idle(self._app) and self._at_rest()

    def _painted(self) -> bool:
        """Whether the screen shows everything up to the next one."""
        screen = self._app.screen
        shown = not (screen._dirty_widgets or screen._repaint_required or screen._compositor._dirty_regions)
        return shown and self._laid_out() and _stands_idle(self._app) and self._at_rest(self._kept[0])

    def _laid_out(self) -> bool:
        """Whether the parts of the screen in front have their places."""
        screen = self._app.screen
        return screen.is_mounted and not (screen._layout_required or screen._scroll_required)

    def _at_rest(self, act: Act | None = None) -> bool:
        """Whether every part of every screen is at rest, and the one in front could take this."""
        app = self._app
        if not all(_stands_idle(pump) for pump in tuple(app._registry) if pump._task is not None):
            return False
        screen = app.screen
        later = bool(screen._callbacks)  # what comes after the next frame
        return not later and not (act and isinstance(screen, Preparing) and screen.prepares(act))


def _stands_idle(pump: MessagePump) -> bool:
    """Whether a part stands at its empty queue; it does not while it acts, begins or ends."""
    ready: Any = pump._message_queue.ready_event
    return not ready.is_set() and bool(ready._waiters)
