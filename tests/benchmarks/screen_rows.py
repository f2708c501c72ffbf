"""From a key press to the painted frame, on a huge layer and on the smallest."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from rich.console import Console, RenderableType
from textual._compositor import CompositorUpdate
from textual.events import Key
from textual.screen import Screen
from textual.widget import Widget

from convstep.conv.problem import Problem
from convstep.examples import load
from convstep.ui.app import DebuggerApp
from tests.benchmarks.measuring import Row, median
from tests.ui.fakes import FakeTorch

SIZE = (120, 40)
"""Columns and rows of the screen."""
PRESSES = {"n": 60, "N": 60, "f": 20}
"""Keys that are measured: a step on, a step back, to the end of the channels; and presses of each in a row.
The smallest pass has room for so many."""


class PaintingApp(DebuggerApp):
    """The debugger, making the escape codes of every frame as for a real terminal."""

    painted_at = 0.0
    """When the last frame was ready to be sent."""
    terminal_console = Console(color_system="truecolor", force_terminal=True, width=SIZE[0], _environ={})

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            renderable.render_segments(self.terminal_console)
            self.painted_at = time.thread_time()


def rows(stem: Problem, quick: bool) -> Iterator[Row]:
    """The rows of this module, one after the other."""
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(1 if quick else 3):  # in turns, so that a busy minute slows both
        for name, problem in (("stem", stem), ("digit", load("digit"))):
            for key, spent in asyncio.run(_presses(problem)):
                taken.setdefault((name, key), []).append(spent)
    for key in PRESSES:
        ours, theirs = median(taken["stem", key]), median(taken["digit", key])
        yield Row(f"key press to painted frame, ResNet stem / digit, {key}", 1.3, ours, theirs)


async def _presses(problem: Problem) -> list[tuple[str, float]]:
    """Every press with its seconds, from the middle of the pass."""
    found = []
    async with _opened(problem) as app:
        app.debugger.timeline.seek(problem.total_steps // 2)
        for key, presses in PRESSES.items():
            for press in range(presses):
                spent = await _press(app, key)
                if press >= 2:  # the first frames after a jump paint more
                    found.append((key, spent))
    return found


@contextlib.asynccontextmanager
async def _opened(problem: Problem) -> AsyncIterator[PaintingApp]:
    app = PaintingApp(problem, "measured", torch=FakeTorch(), live=False)
    async with app.run_test(size=SIZE) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        yield app


async def _press(app: PaintingApp, key: str) -> float:
    """One key press; what this thread computes from the key to the last frame that it causes."""
    await _settle(app)
    driver = app._driver
    assert driver is not None
    started = time.thread_time()
    app.painted_at = 0.0
    driver.send_message(Key(key, key))
    await _settle(app)
    assert app.painted_at > started, f"{key} painted nothing"
    return app.painted_at - started


async def _settle(app: PaintingApp) -> None:
    """Handle messages and paint until there is nothing left to do, without waiting for the screen's clock."""
    idle = 0
    while idle < 3:
        await asyncio.sleep(0)
        app.screen._on_timer_update()
        idle = 0 if _busy(app) else idle + 1


def _busy(app: PaintingApp) -> bool:
    screen = app.screen
    if screen._dirty_widgets or screen._layout_required or screen._compositor._dirty_regions:
        return True
    return any(
        not pump._message_queue.empty() or pump._next_callbacks or getattr(pump, "_repaint_required", False)
        for pump in (app, screen, *screen.walk_children(Widget))
    )
