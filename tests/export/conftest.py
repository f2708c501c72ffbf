from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import Static

from convstep.examples import catalog
from convstep.export.draw import debugger_frames
from convstep.export.frame import Frame, take

WORDS = "卷积 dW\n[b]粗 bold[/] [u]line 线[/] [s]gone[/]\n[reverse]turned 反[/] [i]slant[/]\n│中│ab│文│ ▓▒░"


class Chinese(App[None]):
    """Anybody's app: a box with words in it."""

    CSS = "Static { border: solid #00ff00; height: 8; width: 30; background: #101820; color: #f0f0f0; }"

    def compose(self) -> ComposeResult:
        yield Static(Text.from_markup(WORDS))


async def _chinese() -> Frame:
    app = Chinese()
    async with app.run_test(size=(32, 10)) as pilot:
        await pilot.pause()
        return take(app, title="中文", caption="words in a box", position=1)


@pytest.fixture(scope="session")
def chinese() -> Frame:
    """Wide characters, every style, and a border round them: columns 0 to 29, lines 0 to 7."""
    return asyncio.run(_chinese())


@pytest.fixture(scope="session")
def walk() -> list[Frame]:
    """The debugger at four positions, the last one standing longer."""
    return debugger_frames(catalog.load("rectangle"), "rectangle", range(4), (60, 16), seconds=0.5)


@pytest.fixture
def told(walk: list[Frame]) -> list[Frame]:
    """The same with words of a lesson."""
    return [replace(frame, text=f"Text *{place}*.") for place, frame in enumerate(walk)]
