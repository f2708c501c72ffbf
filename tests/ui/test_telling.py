"""A thread that has found something out never disturbs somebody who leaves; a clock rings in any case."""

from __future__ import annotations

import asyncio
import itertools
import threading
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker, get_current_worker

import convstep.ui
from convstep.ui.telling import tell, tell_after
from tests.waiting import GENEROUS


class Parted(Screen[None]):
    """A screen of one part."""

    def compose(self) -> ComposeResult:
        yield Static(id="part")


def test_who_was_taken_off_the_screen_is_told_nothing() -> None:
    told: list[str] = []
    assert not tell(Parted(), told.append, "news")
    assert not told


async def test_who_goes_is_told_nothing_from_the_first_moment_on() -> None:
    app: App[None] = App()
    screen = Parted()
    heard: list[Widget] = []

    async def told() -> bool:
        return await asyncio.to_thread(tell, screen, lambda: heard.append(screen.query_one("#part")))

    async with app.run_test():
        await app.push_screen(screen)
        assert await told()
        leaving = app.pop_screen()
        assert screen.is_running  # its parts go first
        assert not await told()
        await leaving
        assert not await told()
    assert len(heard) == 1


async def test_a_clock_rings_on_a_machine_that_is_too_busy_to_begin_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung = asyncio.Event()
    app: App[None] = App()
    async with app.run_test():
        times = itertools.count()
        monkeypatch.setattr("textual._time.get_time", lambda: float(next(times)))
        tell_after(app.screen, 0.001, rung.set)
        await asyncio.wait_for(rung.wait(), GENEROUS)


async def test_what_a_cancelled_worker_found_is_told_to_nobody() -> None:
    """Also where it is cancelled while its news is on the way: that is when the app's thread looks."""
    app: App[None] = App()
    heard: list[str] = []

    def work() -> None:
        worker: Worker[None] = get_current_worker()
        assert tell(app, heard.append, "first", of=worker)
        assert tell(app, worker.cancel)
        assert not tell(app, heard.append, "second", of=worker)
        done.set()

    done = threading.Event()
    async with app.run_test():
        app.run_worker(work, thread=True)
        assert await asyncio.to_thread(done.wait, GENEROUS)
    assert heard == ["first"]


async def test_an_app_that_ends_is_told_nothing() -> None:
    app: App[None] = App()
    async with app.run_test():
        assert await asyncio.to_thread(tell, app, lambda: None)
    assert not await asyncio.to_thread(tell, app, lambda: None)


def test_every_thread_of_the_screens_tells_in_this_way() -> None:
    folder = Path(convstep.ui.__file__).parent
    users = [path.name for path in folder.rglob("*.py") if "call_from_thread" in path.read_text("utf-8")]
    assert users == ["telling.py"]
