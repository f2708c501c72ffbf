"""Opening the debugger in a test, driving it, and reading what it has painted."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType
from textual import events
from textual._compositor import CompositorUpdate
from textual._xterm_parser import XTermParser
from textual.keys import REPLACED_KEYS, _get_unicode_name_from_key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from convstep.candidate.step.stepping import CandidateTimeline
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.oracle.service import TorchService
from convstep.recording.recording import Recording
from convstep.replay.edits import Edits
from convstep.ui.app import DebuggerApp, SteppingApp
from convstep.ui.candidate_app import CandidateApp, Checking
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.recording_app import RecordingApp
from convstep.ui.widgets.tensor_grid import TensorGrid
from tests.ui.fakes import FakeTorch
from tests.ui.terminal import Painted, Terminal, busy, stale_cells
from tests.waiting import GENEROUS


class Watched(SteppingApp):
    """A debugger, painting into a `Terminal`."""

    # a subclass in another folder would look for it there
    CSS_PATH: ClassVar[Path] = Path(inspect.getfile(DebuggerApp)).with_name("app.tcss")
    terminal: Terminal

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            self.terminal.paint(renderable)


class WatchedApp(Watched, DebuggerApp):
    """The debugger of a problem."""


@dataclass
class Session:
    """A debugger that is open."""

    app: Watched
    """The app."""
    pilot: Pilot[None]
    """Textual's own driver, for the mouse and for sizes."""

    def __post_init__(self) -> None:
        """After every event of the mouse, wait for the screen and not for an idle processor."""

        async def pause(delay: float | None = None) -> None:
            await (self.settle() if delay is None else asyncio.sleep(delay))

        self.pilot.pause = pause  # type: ignore[method-assign]

    @property
    def debugger(self) -> DebuggerScreen:
        """The debugger, be there a dialog in front of it or not."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, DebuggerScreen)
        return screen

    @property
    def timeline(self) -> Timeline:
        """Where the pass stands."""
        timeline = self.debugger.timeline
        assert isinstance(timeline, Timeline)
        return timeline

    @property
    def position(self) -> int:
        """Steps executed."""
        return self.timeline.position

    @property
    def lines(self) -> list[str]:
        """The painted text."""
        return self.app.terminal.lines(*self.app.size)

    @property
    def text(self) -> str:
        """The painted text, as one."""
        return "\n".join(self.lines)

    @property
    def dialog(self) -> str:
        """The name of the screen in front, "" for the debugger itself."""
        return "" if self.app.screen is self.debugger else type(self.app.screen).__name__

    def grid(self, key: str) -> TensorGrid:
        """A panel's widget."""
        return self.debugger.query_one(f"#{key}", TensorGrid)

    def visible(self) -> set[str]:
        """The keys of the parts that can be seen."""
        return {c.id or "" for c in self.debugger.query_one("#panels").children if c.display and c.region}

    def part(self, key: str) -> list[str]:
        """The painted text of one part, border included."""
        region = self.debugger.query_one(f"#{key}").region
        return [self.app.terminal.text(y, region.column_range) for y in region.line_range]

    def cell(self, x: int, y: int) -> Painted:
        """One painted cell."""
        return self.app.terminal.cell(x, y)

    def place(self, key: str, row: int, column: int) -> tuple[int, int]:
        """Where on the screen a cell's number begins."""
        grid = self.grid(key)
        plan, content = grid._plan, grid.content_region
        assert plan is not None
        return (
            content.x + plan.gutter(column) + 1 - grid.scroll_offset.x,
            content.y + plan.y_of(row) - grid.scroll_offset.y,
        )

    async def click(self, x: int, y: int) -> None:
        """Click on a place of the screen."""
        await self.pilot.click(offset=(x, y))
        await self.settle()

    async def hover(self, x: int, y: int) -> None:
        """Move the mouse to a place of the screen."""
        await self.pilot.hover(offset=(x, y))
        await self.settle()

    async def until(self, wanted: str | Callable[[], bool]) -> None:
        """Until the screen says so, or it is so; for what another thread brings."""
        end = time.monotonic() + GENEROUS
        while time.monotonic() < end:
            if wanted in self.text if isinstance(wanted, str) else wanted():
                return
            await asyncio.sleep(0.01)
            await self.settle()
        raise AssertionError(f"{wanted!r} never comes:\n{self.text}")

    async def press(self, *keys: str) -> None:
        """Press keys, each after the one before was acted upon, and look at the screen after the last."""
        await self.hurry(*keys[:-1])
        for key in keys[-1:]:
            self.send(key)
            await self.settle()

    async def hurry(self, *keys: str) -> None:
        """Press keys, each after the one before was acted upon; nobody looks at the screen.

        As for fast fingers, it is painted only where the next key is kept until it is.
        """
        for key in keys:
            with self.app.batch_update():
                self.send(key)
                await self._handled()
            if not self.app.type_ahead._laid_out() or self.app.screen._callbacks:
                await self.settle()

    def send(self, key: str) -> None:
        """Press a key and wait for nothing."""
        driver = self.app._driver
        assert driver is not None
        driver.send_message(key_event(key))

    def in_one_read(self, *parts: str) -> None:
        """Let the terminal send all of this at once, as over ssh or from a macro; wait for nothing.

        Args:
            parts: an escape at the end of one is a key of its own; elsewhere it begins a longer one.
        """
        driver = self.app._driver
        assert driver is not None
        for part in parts:
            parser = XTermParser()
            for event in [*parser.feed(part), *parser.feed("")]:
                driver.process_message(event)

    async def type(self, text: str) -> None:
        """Type into a dialog, as fast as fingers can."""
        for character in text:
            self.send(character)
        await self.settle()

    async def settle(self) -> None:
        """Until every message is handled and nothing more is painted."""
        quiet = 0
        for _ in range(1000):
            before = self.app.terminal.updates
            await self._handled()
            self.app.screen._on_timer_update()
            still = self.app.terminal.updates == before and not busy(self.app)
            quiet = quiet + 1 if still else 0
            if quiet == 2:
                return
        raise AssertionError("the screen never comes to rest")

    async def _handled(self) -> None:
        """Until no part has a message left; painting before that would show what nobody ever sees."""
        for _ in range(20):
            while (handing := self.app.type_ahead._task) is not None:  # it waits for a frame, perhaps
                await asyncio.wait([handing])
            await self.pilot._wait_for_screen()
            await asyncio.sleep(0)
            if not self._talking():
                return
        # somebody waits for another thread or for a timer: the screen may be painted meanwhile

    def _talking(self) -> bool:
        """Whether a part waits to be told something, or a key to be taken."""
        return self.app.type_ahead.waiting or any(
            not pump._message_queue.empty() or pump._next_callbacks
            for pump in (self.app, *self.app.screen.walk_children(Widget, with_self=True))
        )

    async def answered(self) -> None:
        """Until the workers have ended and the screen has followed."""
        await self.app.workers.wait_for_complete()
        await self.settle()

    def stale_cells(self) -> list[str]:
        """Where the terminal differs from a screen painted afresh in the same state."""
        return stale_cells(self.app, self.app.terminal)

    async def resize(self, width: int, height: int) -> None:
        """Give the terminal another size; what it showed is lost."""
        if self.app.size != (width, height):
            self.app.terminal.clear()
        await self.pilot.resize_terminal(width, height)
        while self.app._resize_event is not None:  # the app waits a little, for more of them
            await asyncio.sleep(0.005)
        await self.settle()


def key_event(key: str) -> events.Key:
    """What a terminal sends for a key, by Textual's name of it or by its character."""
    from textual.keys import _character_to_key

    if len(key) == 1 and not key.isalnum():
        key = _character_to_key(key)
    character: str | None
    try:
        character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(key, key)))
    except KeyError:
        character = key if len(key) == 1 else None
    return events.Key(key, character)


class WatchedRecordingApp(Watched, RecordingApp):
    """The debugger of somebody's own function."""


@contextlib.asynccontextmanager
async def opened_recording(
    recording: Recording, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[Session]:
    """The debugger on a recorded function."""
    app = WatchedRecordingApp(recording, f"layers.py:{recording.name}", torch=FakeTorch(), **options)
    app.terminal = Terminal()
    async with app.run_test(size=size, notifications=False) as pilot:
        session = Session(app, pilot)
        await session.settle()
        yield session


class WatchedCandidateApp(WatchedApp, CandidateApp):
    """The same with a candidate beside the reference."""


@contextlib.asynccontextmanager
async def opened_beside(
    candidate: CandidateTimeline,
    size: tuple[int, int] = (120, 40),
    *,
    position: int | None = None,
    problem_name: str | None = None,
    again: Checking | None = None,
    edits: Edits | None = None,
) -> AsyncIterator[Session]:
    """The debugger with a candidate beside the reference; closes the candidate."""
    name = "some/mine.py:conv_backward"
    app = WatchedCandidateApp(
        candidate, name, problem_name, position=position, again=again, torch=FakeTorch()
    )
    app.edits = edits or app.edits
    app.terminal = Terminal()
    async with app.run_test(size=size, notifications=False) as pilot:
        session = Session(app, pilot)
        await session.settle()
        yield session


@contextlib.asynccontextmanager
async def opened(
    problem: Problem | str = "digit",
    size: tuple[int, int] = (120, 40),
    *,
    position: int = 0,
    torch: TorchService | None = None,
    notifications: bool = False,
) -> AsyncIterator[Session]:
    """The debugger on a problem, or on a bundled one by name."""
    name = problem if isinstance(problem, str) else "made"
    held = catalog.load(problem) if isinstance(problem, str) else problem
    app = WatchedApp(held, name, position=position, torch=torch or FakeTorch())
    app.terminal = Terminal()
    async with app.run_test(size=size, notifications=notifications) as pilot:
        session = Session(app, pilot)
        await session.settle()
        yield session
