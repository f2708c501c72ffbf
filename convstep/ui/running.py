"""Running an app in the terminal: whatever ends it, the terminal is given back and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from convstep.language import tr
from convstep.ui.ending_app import EndingApp
from convstep.ui.rescue import Rescue, ScreenError, crash_words

ENDING = ("SIGTERM", "SIGHUP", "SIGINT")
"""Signals that ask an app to end."""
TAKEN = ("SIGTSTP", "SIGCONT", "SIGWINCH", "SIGTTOU", "SIGTTIN")
"""Signals that Textual handles and does not give back."""
GRACE = 5.0
"""Seconds in which an app that was asked to end has to."""
LAST = 1.0
"""Seconds for each of the last things done for one that has not."""


def run(app: EndingApp) -> None:
    """Run an app in this terminal and return when the person leaves it.

    Signals and event loops are left as they were. A signal that ended the app is sent again when the terminal
    is restored and all is saved, so that the process does what it does with that signal. A `ScreenError` says
    in one sentence that a mistake ended it, or that its terminal is gone.
    """
    rescue = app.rescue = Rescue(app)
    try:
        # a loop of its own: asyncio.run would take the script's away
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        with _signals_kept(), _leaving_when_asked(app, runner.get_loop()), runner:
            try:
                runner.run(app.run_async())
            except Exception as error:  # while it was shutting down
                rescue(error)
                app.error = app.error or error
    finally:
        app.close_children()
        if app._driver is not None:
            app._driver.close()  # it may have crashed before that
    if app.left_for:
        sentence = rescue.sentence(_asked_words(app.left_for))
        with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
            print(f"convstep: {sentence}", file=sys.__stderr__, flush=True)
        signal.raise_signal(app.left_for)
        if app.terminal_gone:
            raise ScreenError(sentence)
    elif app.error is not None:
        raise ScreenError(rescue.sentence(crash_words(app.error)))


def _asked_words(number: int) -> str:
    return tr("the screen was ended by {signal}", signal=signal.Signals(number).name)


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    held = {number: signal.getsignal(number) for name in TAKEN if (number := getattr(signal, name, None))}
    try:
        yield
    finally:
        for number, handler in held.items():
            if handler is not None:  # None: not set from Python, and cannot be set again
                signal.signal(number, handler)


@contextlib.contextmanager
def _leaving_when_asked(app: EndingApp, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Within it, signals make the app leave; those that are ignored stay ignored."""
    came: SimpleQueue[int] = SimpleQueue()
    # started beforehand: a handler must not start a thread, it may have interrupted just that
    threading.Thread(target=_watch, args=(app, came), name="ending", daemon=True).start()

    def ask(number: int, frame: object) -> None:
        came.put(number)
        with contextlib.suppress(RuntimeError):  # the loop is closed: the app has left
            loop.call_soon_threadsafe(app.leave_for, number)

    held: dict[int, Any] = {}
    for name in ENDING:
        if (number := getattr(signal, name, None)) and signal.getsignal(number) not in (None, signal.SIG_IGN):
            held[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        came.put(0)
        for number, handler in held.items():
            signal.signal(number, handler)


def _watch(app: EndingApp, came: SimpleQueue[int]) -> None:
    """End the process if a signal has come and the app does not leave: it hangs, or its terminal does."""
    number = came.get()
    end = time.monotonic() + GRACE
    while number:
        try:
            if not came.get(timeout=max(end - time.monotonic(), 0)):
                return
        except Empty:
            _end_now(app, number)


def _end_now(app: EndingApp, number: int) -> None:
    """Do what can be done from beside an app that hangs; any of it may hang as well."""
    rescue = app.rescue

    def restore() -> None:
        from convstep.ui.terminal import SteadyDriver

        if isinstance(app._driver, SteadyDriver):
            app._driver.restore()

    def say() -> None:
        assert isinstance(rescue, Rescue)
        os.write(2, f"convstep: {rescue.sentence(_asked_words(number))}\r\n".encode(errors="replace"))

    for last in (lambda: rescue and rescue(None), app.close_children, restore, say):
        thread = threading.Thread(target=_quietly, args=(last,), daemon=True)
        thread.start()
        thread.join(LAST)
    os._exit(128 + number)


def _quietly(what: Callable[[], object]) -> None:
    with contextlib.suppress(Exception):
        what()
