"""Keys that arrive in one read: over ssh, from a paste or a macro."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import pkgutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from textual import events
from textual.screen import Screen
from textual.widgets import Input

import convstep.ui
from convstep.lessons import course
from convstep.lessons.reading import parse_lesson
from convstep.ui.dialogs.once import Once
from convstep.ui.type_ahead import Act
from tests import candidates
from tests.captures import small
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened, opened_beside
from tests.ui.learning import opened_lesson
from tests.ui.test_answer import typing
from tests.ui.test_candidate import beside
from tests.ui.test_layers import picking
from tests.waiting import GENEROUS

ENTER, ESCAPE, PALETTE, PAGE_UP, PAGE_DOWN = "\r", "\x1b", "\x10", "\x1b[5~", "\x1b[6~"
CLICK = "\x1b[<0;40;10M\x1b[<0;40;10m"
PASTE = "\x1b[200~qqqq\n\x1b[201~"
CLOSING = (ENTER, ESCAPE, "?", "o", "B", "i")
"""Keys that close a dialog, or some of them."""
AFTER = (ENTER, ESCAPE, "?", "/", "g", PALETTE, CLICK, PASTE, PAGE_UP + PAGE_DOWN, "n", "i")
"""What comes after one of them in the same read."""

Opened = Callable[[], AbstractAsyncContextManager[Session]]


def debugger() -> AbstractAsyncContextManager[Session]:
    return opened("digit", (80, 24), position=5)


def candidate() -> AbstractAsyncContextManager[Session]:
    return opened_beside(beside(candidates.stride_ignored), (80, 24))


def lesson(key: str) -> AbstractAsyncContextManager[Session]:
    return opened_lesson(course.load(course.find(key, "en")), (80, 24))


@contextlib.asynccontextmanager
async def layer() -> AsyncIterator[Session]:
    async with picking(small().layers) as session:
        await session.press("enter")
        yield session


DIALOGS: dict[str, tuple[Opened, str]] = {
    "debugger": (debugger, ""),
    "help": (debugger, "?"),
    "goto": (debugger, "g"),
    "condition": (debugger, "/"),
    "save": (debugger, "w"),
    "stops": (debugger, "B"),
    "steps of a cell": (debugger, "i"),
    "comparison": (debugger, "o"),
    "palette": (debugger, PALETTE),
    "themes": (debugger, f"{PALETTE}theme{ENTER}"),
    "candidate": (candidate, ""),
    "diagnosis": (candidate, "d"),
    "list of lessons": (lambda: opened_lesson(None), ""),
    "lesson": (lambda: lesson("1"), ""),
    "answer": (lambda: lesson("1"), "a"),
    "hunt": (lambda: lesson("hunt-01"), ""),
    "last page": (lambda: opened_lesson(parse_lesson(typing(page=4)), (80, 24)), "pp"),
    "layer": (layer, ""),
}


@SELDOM
@pytest.mark.parametrize("name", some(DIALOGS, 6))
async def test_any_two_keys_in_one_read_are_taken_by_whoever_is_in_front(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever comes after a key that closes a dialog, nothing is asked of what is gone."""
    monkeypatch.chdir(tmp_path)
    open_it, keys = DIALOGS[name]
    async with open_it() as session:
        await session.answered()
        pairs = zip(itertools.cycle(CLOSING), AFTER, strict=False)
        session.in_one_read(*(part for pair in pairs for part in (keys, *pair) if part))
        await session.settle()
        assert session.app._exception is None
        assert not session.app.leaving


@SELDOM
async def test_what_is_typed_ahead_reaches_each_screen_in_its_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(position=5) as session:
        session.in_one_read(f"/dz > 1{ENTER}nn")
        await session.settle()
        assert [str(stop) for stop in session.debugger.state.stops] == ["dz > 1"]
        assert (session.dialog, session.position) == ("", 7)
        session.in_one_read("?q?qnB", ESCAPE, "nwmine", ESCAPE, "noqn")
        await session.settle()
        assert (session.dialog, session.position) == ("", 11)
        session.in_one_read(f"g40{ENTER}ng6{ENTER}ngq")
        await session.settle()
        assert session.position == 7
        assert session.app.screen.query_one(Input).value == "q"
        session.in_one_read(ESCAPE, f"{PALETTE}bookm{ENTER}n{PALETTE}", ESCAPE, "n")
        await session.settle()
        assert (session.dialog, session.position) == ("", 9)
        assert [mark.position for mark in session.debugger.state.bookmarks.list()] == [7]
        session.in_one_read("n" * 40 + "N" * 39)
        await session.settle()
        assert session.position == 10
        assert session.stale_cells() == []


async def test_what_was_typed_ahead_is_painted_by_itself() -> None:
    async with opened(position=5) as session:
        session.in_one_read("?qnnn")
        end = time.monotonic() + GENEROUS
        while "step 8/256" not in session.text:  # `settle` would paint
            assert time.monotonic() < end
            await asyncio.sleep(0.01)


async def test_the_second_enter_belongs_to_the_debugger_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(position=5) as session:
        session.in_one_read(f"w{ENTER}n")
        await session.settle()
        assert (session.dialog, session.position) == ("", 6)
        assert [file.name for file in tmp_path.iterdir()] == ["digit.session.json"]
        session.in_one_read(f"i{ENTER}{ENTER}")
        await session.settle()
        assert session.dialog == "TableScreen", "Enter goes there, Enter asks again"


async def test_nothing_is_taken_from_whoever_has_left() -> None:
    for leave in ("q", "\x11"):
        async with opened(position=5) as session:
            session.in_one_read(f"{leave}nn/?{PALETTE}")
            while not session.app.leaving:
                await session._handled()
            assert session.position == 5
            assert session.dialog == ""


@SELDOM
async def test_an_answer_keeps_the_order_of_its_characters() -> None:
    async with opened_lesson(parse_lesson(typing())) as learner:
        for text in ("abs(9)", "-1.5", "7x8"):
            learner.in_one_read(f"a{text}")
            await learner.settle()
            assert learner.page.narration.answer.value == text
            learner.in_one_read("\x7f" * len(text), ESCAPE)
            await learner.settle()


async def test_a_dialog_is_closed_once() -> None:
    async with opened(position=5) as session:
        await session.press("?")
        behind = session.app.screen
        await session.press("ctrl+p")
        behind.dismiss()
        await session.settle()
        assert session.dialog == "Palette", "only the one in front can be closed"
        front = session.app.screen
        for _ in range(3):
            front.dismiss()
        await session.settle()
        assert session.dialog == "ParagraphsScreen"


def test_every_screen_is_closed_once() -> None:
    for module in pkgutil.walk_packages(convstep.ui.__path__, "convstep.ui."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Screen) and "convstep" in value.__module__:
                assert issubclass(value, Once), value


@SELDOM
async def test_a_screen_that_takes_long_to_begin_gets_its_keys_when_it_has_its_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convstep.ui.type_ahead.LONGEST", 0.0)
    begins, heeded = asyncio.Event(), []

    class Slow(Once, Screen[None]):
        async def on_mount(self) -> None:
            await begins.wait()

    async with opened(position=5) as session:

        def heed(act: Act) -> None:
            heeded.append(session.app.screen.is_mounted)

        monkeypatch.setattr(session.app, "heed", heed)
        ahead, its_turn = session.app.type_ahead, events.Key("x", "x")
        ahead._turn = its_turn  # as if it came just before
        session.app.push_screen(Slow())
        assert not ahead.lets_in(its_turn)
        session.in_one_read("y")
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert heeded == []
        begins.set()
        await session.settle()
        assert heeded == [True, True]
