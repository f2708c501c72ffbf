"""Stops in the running program: set at a cell or in words, marked, run to, listed, interrupted."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from textual.widgets import OptionList

from convstep.replay import stops as stops_module
from convstep.replay.stops import Breakpoint, Progress
from convstep.ui.widgets.timeline_bar import TimelineBar
from convstep.view.grid.panel import Cell
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened
from tests.ui.test_keys import focus

HERE = 137


def stops(session: Session) -> list[str]:
    """What the stops wait for."""
    return [str(stop) for stop in session.debugger.state.stops]


def marked(session: Session, key: str) -> int:
    """How many cells of a part carry a stop's mark."""
    return "".join(session.part(key)).count("◆")


@SELDOM
async def test_a_stop_at_a_cell_is_set_marked_and_removed() -> None:
    async with opened(position=HERE) as session:
        for number, (key, cell, stop) in enumerate(
            some(
                (
                    ("upstream", Cell(1, 3), "i_h == 1 and i_w == 3 and i_c == 0"),
                    ("kernel_gradient", Cell(2, 1), "watch dW[0, 2, 1, 0]"),
                    ("input_gradient", Cell(7, 5), "watch dA_prev_pad[7, 5, 0]"),
                    ("bias_gradient", Cell(3, 0), "watch db[3]"),
                )
            ),
            1,
        ):
            await focus(session, key)
            session.grid(key).place_cursor(cell)
            before = marked(session, key)
            await session.press("b")
            assert stops(session) == [stop]
            assert f"stop {number} set: {stop}" in session.text
            assert marked(session, key) == before + 1
            x, y = session.place(key, *cell)
            assert "◆" in (session.cell(x - 1, y).text, session.cell(x, y).text)
            assert session.stale_cells() == []
            await session.press("b")
            assert stops(session) == []
            assert marked(session, key) == before
            assert "stop removed" in session.text
            assert session.stale_cells() == []
        for key in some(("input", "kernel")):
            await focus(session, key)
            for pressed in ("b", "t", "T"):
                await session.press(pressed)
                assert (stops(session), session.position) == ([], HERE), f"no stop stands on {key}"
            assert "go to a cell of dZ, dW, dA_prev_pad, db" in session.text
        await focus(session, "card")
        await session.press("b")
        assert "choose a cell first" in session.text


@SELDOM
async def test_a_condition_is_explained_until_it_is_one() -> None:
    async with opened(position=HERE) as session:
        await session.press("/")
        field = session.app.screen.query_one("#answer").region
        await session.type("i_q")
        assert "no such name; did you mean 'i_" in session.text
        assert "?." not in session.text
        assert session.app.screen.query_one("#answer").region == field, "the line that is typed stays"
        await session.press("backspace", "backspace", "backspace")
        await session.type("i_c ==")
        await session.press("enter")
        assert session.dialog == "PromptScreen"
        assert stops(session) == []
        assert "column" in session.text
        await session.type(" 9")
        assert "i_c is 9, but it goes from 0 to 3" in session.text
        await session.press("enter", "backspace")
        assert session.dialog == "PromptScreen"
        await session.type("3 and i_h == 1")
        assert "Stops at 8 of 256 steps" in session.text
        await session.press("enter")
        assert session.dialog == ""
        assert stops(session) == ["i_h == 1 and i_c == 3"]


async def test_the_list_of_stops_switches_and_removes() -> None:
    async with opened(position=HERE) as session:
        await session.press("B")
        assert "no stops: b sets one" in session.text
        await session.press("space", "x", "X", "escape")
        assert session.dialog == ""
        for channel in range(3):
            session.debugger.state.stops.add(Breakpoint(i_h=channel, i_w=1, i_c=0))
        await session.press("B", "down", "space")
        assert [stop.enabled for stop in session.debugger.state.stops] == [True, False, True]
        assert "2  off" in session.text
        assert session.app.screen.query_one(OptionList).highlighted == 1
        await session.press("enter")
        assert all(stop.enabled for stop in session.debugger.state.stops)
        await session.press("x")
        assert [stop.id for stop in session.debugger.state.stops] == [1, 3]
        assert session.stale_cells() == []
        await session.press("escape")
        assert session.lines[-2].count("◆") == 2
        await session.press("B", "X")
        assert stops(session) == []
        await session.press("escape")
        assert session.lines[-2].count("◆") == 0
        assert session.stale_cells() == []


async def test_the_timeline_is_marked_where_stops_and_bookmarks_are() -> None:
    async with opened(size=(120, 40), position=HERE) as session:
        await session.press("k", "home")
        session.debugger.state.stops.add(Breakpoint(i_h=1, i_w=1, i_c=1))
        session.debugger.state.stops.add(Breakpoint(i_h=6, i_w=6))
        session.debugger.stops.changed()
        await session.settle()
        for size in ((120, 40), (80, 24)):
            await session.resize(*size)
            bar = session.debugger.query_one(TimelineBar)
            line, track = session.lines[-2], bar.content_size.width - 6
            columns = {"◆": {32 + 4 + 1 + 1, 6 * 36 + 1}, "▼": {HERE}}
            for mark, positions in columns.items():
                expected = {bar.content_region.x + round(p / 256 * (track - 1)) for p in positions}
                found = {x for x, character in enumerate(line) if character == mark}
                assert expected <= found
                assert len(found) <= len(expected) + 3
            assert session.stale_cells() == []


def endless(*_: Any, **__: Any) -> Iterator[Progress]:
    """A search that never finds anything."""
    for position in itertools.count(HERE):
        time.sleep(0.002)
        yield Progress(min(position, 200), 0.5)


@SELDOM
@pytest.mark.parametrize("key", some(["escape", "home"]))
async def test_a_long_search_is_left_at_a_true_position(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setattr(stops_module, "search", endless)
    async with opened(position=HERE) as session, opened(position=200) as there:
        session.debugger.state.stops.add(Breakpoint(i_c=1))
        session.send("c")
        await session.until("Esc stops")
        await session.press("v")
        assert session.debugger.state.values == "numbers"
        await session.until("step 200   Esc stops")
        await session.press(key)
        if key == "home":
            await session.answered()
            assert session.position == 0
        else:
            await session.until(lambda: session.position == 200)
            assert "stopped at step" in session.text
            assert session.timeline.dA_prev_pad.tobytes() == there.timeline.dA_prev_pad.tobytes()
        await session.press("n")
        assert session.position in (1, 201)
        assert session.stale_cells() == []


@SELDOM
async def test_a_condition_on_the_step_of_python_says_which_number_is_shown() -> None:
    async with opened(size=(80, 24)) as session:
        await session.press("slash")
        assert "A condition on position, i_n" in session.text
        await session.type("step == 41")
        inside = [line.split("┃")[1].strip() for line in session.lines if line.count("┃") == 2]
        assert "step == 41 is true. Here step counts from 0; position is the step number shown." in (
            " ".join(inside)
        )
        await session.press("escape", "slash")
        await session.type("position == 42")
        assert "counts from 0" not in session.text
        await session.press("enter", "c")
        await session.answered()
        assert "step 42/256 " in session.lines[0]
