"""One session, and what became of it."""

from __future__ import annotations

import asyncio
import io
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from textual.app import App
from textual.worker import WorkerFailed

import convstep
from tests.monkey import promises
from tests.monkey.apps import opened
from tests.monkey.cage import Hang, cage
from tests.monkey.hands import Hands
from tests.monkey.inputs import WAIT, Script
from tests.ui.terminal import watch

LOOK_EVERY = 4
"""Bursts between two looks at the frame."""
HOME = str(Path(convstep.__file__).parent)
PASSED_THROUGH = ("on_event",)
"""Our functions that every message goes through, so that they say nothing about a cause."""


@dataclass(frozen=True)
class Finding:
    """Something that may not happen."""

    kind: str
    """The same for the same cause: the error and where."""
    script: Script
    """What led there, as far as it was played."""
    trace: str
    """The last frames."""
    returns: bool = True
    """Whether it came back when it was played again."""


class Loose(Exception):
    """An error that nobody caught, in a task or a thread."""


@dataclass
class Player:
    """Plays scripts."""

    patience: float = 30.0
    """Seconds after which an app hangs."""
    beat: Callable[[], None] = lambda: None
    """Called whenever something went on."""
    opened: Callable[[Script], AbstractContextManager[App[Any]]] = opened
    """Opens the app of a script."""
    _played: int = 0
    """Words, of the script that is being played."""

    def play(self, script: Script) -> Finding | None:
        """Play a script in a folder of its own; what broke, or None."""
        self.beat()
        self._played = 0
        loose: list[BaseException] = []
        before = threading.excepthook
        threading.excepthook = lambda caught: loose.append(caught.exc_value or Loose(caught.exc_type))
        error: BaseException | None = None
        try:
            with cage(), self.opened(script) as app:
                asyncio.run(self._session(app, script, loose))
        except Exception as raised:
            error = raised
        finally:
            threading.excepthook = before
        error = error or next(iter(loose), None)
        if error is None:
            return None
        error = _cause(error)
        played = replace(script, keys=script.keys[: self._played])
        return Finding(kind_of(error), played, _trace(error))

    async def _session(self, app: App[Any], script: Script, loose: list[BaseException]) -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: loose.append(context.get("exception") or Loose(context["message"]))
        )
        app.error_console = Console(file=io.StringIO())  # the trace is shown once, with its script
        terminal = watch(app)
        failed: Exception | None = None
        try:
            async with asyncio.timeout(None) as limit:
                async with app.run_test(size=script.size, tooltips=True, notifications=True):
                    try:
                        await self._keys(Hands(app, self.patience, terminal), script)
                    except Exception as error:
                        failed = error
                    limit.reschedule(asyncio.get_running_loop().time() + self.patience)
        except TimeoutError:
            raise failed or Hang("the app does not end") from None
        except Exception as error:
            failed = app._exception or failed or error
        if failed is None and app.return_code:
            raise promises.Broken(f"code: the app ended with {app.return_code}")
        if failed is not None:
            raise failed

    async def _keys(self, hands: Hands, script: Script) -> None:
        bursts = 0
        await hands.rest(patient=script.patient)
        for word in script.keys:
            self._played += 1
            if word != WAIT:
                await hands.do(word)
                continue
            await hands.rest(patient=script.patient)
            self.beat()
            if hands.ended:
                return
            bursts += 1
            if bursts % LOOK_EVERY == 0:
                promises.seen(hands.app, hands.terminal)
        await hands.rest()
        for _ in range(8):
            await hands.do("escape")
            await hands.rest()
        if not hands.ended:
            promises.at_the_end(hands.app, session=script.app == "debugger")
            promises.seen(hands.app, hands.terminal)


def _trace(error: BaseException) -> str:
    """The last frames, what was going on besides, and what it happened after."""
    lines = traceback.format_exception(error, chain=False, limit=-5)
    if isinstance(error, Hang) and error.__context__ is not None:
        lines += ["after:\n", *traceback.format_exception(error.__context__, chain=False, limit=-3)]
    return "".join(lines)


def _cause(error: BaseException) -> BaseException:
    """The error itself instead of the news of it: that a worker failed, that a coroutine ended oddly."""
    if isinstance(error, WorkerFailed):
        return _cause(error.error)
    return error.__cause__ if isinstance(error.__cause__, StopIteration) else error


def kind_of(error: BaseException) -> str:
    """The same for the same cause: what was raised, and by which of our functions."""
    if isinstance(error, promises.Broken):
        return f"Broken {str(error).partition(':')[0]}"
    last, ours = "?", ""
    at: TracebackType | None = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if code.co_name != "_wake":  # where it was stuck is asked, not who woke it
            last = f"{Path(code.co_filename).name}:{code.co_name}"
        if code.co_filename.startswith(HOME) and code.co_name not in PASSED_THROUGH:
            ours = last
        at = at.tb_next
    return f"{type(error).__name__} in {last}" + (f", from {ours}" if ours and ours != last else "")
