"""A thread that has found something out never disturbs somebody who leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

import convstep.ui
from convstep.ui.telling import tell


class Parted(Screen[None]):
    """A screen of one part."""

    def compose(self) -> ComposeResult:
        yield Static(id="part")


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


async def test_an_app_that_ends_is_told_nothing() -> None:
    app: App[None] = App()
    async with app.run_test():
        assert await asyncio.to_thread(tell, app, lambda: None)
    assert not await asyncio.to_thread(tell, app, lambda: None)


def test_every_thread_of_the_screens_tells_in_this_way() -> None:
    folder = Path(convstep.ui.__file__).parent
    users = [path.name for path in folder.rglob("*.py") if "call_from_thread" in path.read_text("utf-8")]
    assert users == ["telling.py"]
