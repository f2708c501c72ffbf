"""Ways back: the history of jumps, bookmarks, session files, and the command that is copied."""

from __future__ import annotations

import errno
import os
import shlex
from pathlib import Path

import pytest
from textual.widgets import Input

from convstep.examples import catalog
from convstep.records import MOST_ENTRIES
from convstep.replay.places import parse_place
from convstep.replay.session import SavedStop, View, load, save
from convstep.replay.session import Session as Kept
from convstep.replay.stops import Breakpoint, Watchpoint, parse_stop
from convstep.replay.visited import Bookmark
from convstep.ui.debugger.panels import STATUS_FROM
from convstep.view.grid.panel import Cell
from convstep.view.layout.arrange import CARD
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, WatchedApp, opened
from tests.ui.fakes import FakeTorch
from tests.ui.terminal import Terminal
from tests.ui.test_keys import focus


@SELDOM
async def test_jumps_are_gone_back_and_forward_like_pages_and_bookmarks_in_turn() -> None:
    async with opened() as session:
        for position in (100, 40, 200):
            session.debugger.travel.to(position)
        await session.settle()
        for key, expected in (
            ("comma", 40), ("alt+left", 100), ("comma", 0), ("comma", 0),
            ("full_stop", 100), ("alt+right", 40), ("full_stop", 200), ("full_stop", 200),
        ):  # fmt: skip
            await session.press(key)
            assert session.position == expected
        assert "no later place" in session.text
        await session.press("comma")
        session.debugger.travel.to(7)
        await session.press("full_stop")
        assert session.position == 7  # a new jump forgets what was ahead
        assert session.stale_cells() == []
        session.debugger.travel.to(100)
        await session.press("n", "n", "n", "s", "s", "s", "N")
        session.debugger.travel.to(8)
        await session.settle()
        for expected in (103, 7):
            await session.press("comma")
            assert session.position == expected, "single steps move the place to come back to along"
        for position in (200, 30, 90):
            session.debugger.travel.to(position)
            await session.press("k")
        seen = []
        for _ in range(4):
            await session.press("K")
            seen.append(session.position)
        assert seen == [200, 30, 90, 200], "bookmarks are gone through in the order they were set"
        await session.press("k", "K")
        assert session.position == 30
        assert session.lines[-2].count("▼") == 1  # the other one is where the position is


def set_up(session: Session) -> None:
    """Stops, one of them off."""
    session.debugger.state.stops.add(Breakpoint(i_h=4, i_c=1))
    off = session.debugger.state.stops.add(Watchpoint("dW", (2, 0, 1, 0)))
    session.debugger.state.stops.disable(off.id)
    session.debugger.state.stops.add(
        parse_stop("abs(dz) > 0.1 and x[0, 0, 0] > 0", session.timeline.problem.layout)
    )
    session.debugger.stops.changed()


@SELDOM
async def test_a_saved_session_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "one two.json"
    async with opened(position=137) as session:
        set_up(session)
        await session.press("k", "v", "+", "+", "V")
        await focus(session, "upstream")
        await session.press("]", "]")
        session.debugger.travel.to(77)
        await session.press("w")
        for _ in range(len("digit.session.json")):
            session.send("backspace")
        await session.settle()
        await session.type(str(tmp_path))
        await session.press("enter")
        assert session.dialog == "PromptScreen"  # a folder
        assert "is a folder" in " ".join(session.text.split())
        await session.type(f"/{path.name}")
        await session.press("enter")
        assert session.dialog == ""
        kept, lines = session.debugger.asking.session(), session.part("upstream")
        assert "saved: convstep open" in session.text
    assert load(path) == kept
    problem = catalog.load("digit")
    app = WatchedApp(problem, "digit", torch=FakeTorch())
    app.terminal = Terminal()
    app.debugger.asking.resume(load(path))
    async with app.run_test(size=(120, 40)) as pilot:
        again = Session(app, pilot)
        await again.settle()
        assert again.position == 77
        assert again.debugger.asking.session() == kept
        assert [stop.enabled for stop in again.debugger.state.stops] == [True, False, True]
        assert again.debugger.state.values == "numbers"
        assert again.debugger.state.precision == 2
        assert "y = sum(x * w) + b" in "\n".join(again.part(CARD))
        await focus(again, "upstream")
        assert again.part("upstream") == lines
        assert "▼" in again.lines[-2]
        assert "◆" in again.lines[-2]
        assert again.stale_cells() == []


LABELS = ("边" * 4096, " ", "שלום", "e\u0301", "a\u202eb")
STRANGE = [
    Kept(
        "digit", 256, tuple(SavedStop(f"abs(dz) > {n} and i_c == 1") for n in range(MOST_ENTRIES)),
        tuple(Bookmark(n % 257, f"mark {n}") for n in range(MOST_ENTRIES)),
        View({"input": 0, "output": 3}, "heat", 9),
    ),
    Kept(
        "digit", 1, (SavedStop("*"), SavedStop("*", False), SavedStop("* hits 1000000000")),
        tuple(Bookmark(n, label) for n, label in enumerate(LABELS)),
        View({"output": 0}, "numbers", -4),
    ),
]  # fmt: skip


@SELDOM
@pytest.mark.parametrize("kept", some(STRANGE[::-1]), ids=some(["strange", "much"]))
async def test_whatever_a_session_may_hold_can_be_stepped_at_any_size_and_saved_again(
    kept: Kept, tmp_path: Path
) -> None:
    app = WatchedApp(catalog.load("digit"), "digit", torch=FakeTorch())
    app.terminal = Terminal()
    app.debugger.asking.resume(kept)
    async with app.run_test(size=(120, 40), notifications=False) as pilot:
        session = Session(app, pilot)
        await session.settle()
        assert session.position == kept.position
        first = session.debugger.asking.session()
        for size in ((60, 16), (120, 40)):
            await session.resize(*size)
            await session.press("N", "n", "K", "K", "c", "C")
            assert session.stale_cells() == []
        session.debugger.travel.to(kept.position)
        await session.settle()
        save(session.debugger.asking.session(), tmp_path / "again.json")
    assert load(tmp_path / "again.json") == first
    again = WatchedApp(catalog.load("digit"), "digit", torch=FakeTorch()).debugger
    again.asking.resume(first)
    again.timeline.seek(first.position)
    assert again.asking.session() == first


async def test_more_than_a_session_holds_is_a_sentence_and_no_crash() -> None:
    async with opened() as session:
        for n in range(MOST_ENTRIES + 1):
            session.debugger.state.stops.add(Breakpoint(hits=n + 1))
        for key in ("y", "w"):
            await session.press(key, *(["enter"] if key == "w" else []))
            assert f"it has {MOST_ENTRIES + 1} stops, and at most {MOST_ENTRIES} are read" in session.text
            await session.press("n", "N")
        assert not Path("digit.session.json").exists()


@SELDOM
async def test_a_file_that_cannot_be_made_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    async with opened(position=3) as session:
        await session.press("w")
        for _ in range(len("digit.session.json")):
            session.send("backspace")
        await session.settle()
        await session.type("no/such/folder/x.json")
        await session.press("enter")
        assert session.dialog == "PromptScreen"
        assert "there is no folder" in session.text
        await session.press("escape")
        await session.press("w")
        for _ in range(len("digit.session.json")):
            session.send("backspace")
        await session.settle()
        await session.type("pipe")
        await session.press("enter")
        assert session.dialog == "PromptScreen"
        assert "pipe cannot be written: it is a pipe" in session.text
        await session.press("escape")
        assert session.position == 3


async def test_what_is_refused_at_enter_is_said_and_what_was_typed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.chdir(tmp_path)
    async with opened(position=3) as session:
        with monkeypatch.context() as disk:
            disk.setattr("convstep.replay.session.written_whole", full)
            session.in_one_read("w\r\r")
            await session.settle()
            assert session.dialog == "PromptScreen"
            assert "No space left on device" in session.text
            assert session.app.screen.query_one(Input).value == "digit.session.json"
        await session.press("enter")
        assert session.dialog == ""
        assert "saved: convstep open digit.session.json" in session.text
    assert load(tmp_path / "digit.session.json").position == 3


@SELDOM
@pytest.mark.parametrize("size", some([(60, 16), (80, 24), (120, 40)]))
async def test_what_was_copied_stands_in_one_line_without_a_toast_until_the_next_move(
    size: tuple[int, int],
) -> None:
    """In the status line; on a screen that has none in the title, where panels and keys stay in sight."""
    async with opened(position=137, size=size, notifications=True) as session:
        before = session.lines
        at = -3 if size[1] >= STATUS_FROM else 0
        for key, said in (
            ("y", "copied: convstep open digit --goto 4,2,0"),
            ("k", "bookmark 1 set here"),
            ("ctrl+c", "q leaves this screen, ctrl+q the program"),
        ):
            await session.press(key)
            assert session.lines[at].strip().startswith(said)
            others = [line for n, line in enumerate(session.lines) if n not in (at % size[1], size[1] - 2)]
            assert others == [line for n, line in enumerate(before) if n not in (at % size[1], size[1] - 2)]
            assert session.stale_cells() == []
        assert not session.app._notifications
        await session.press("n", "N")
        assert session.lines[at] == before[at]


async def test_the_copied_command_leads_back_to_place_and_stops() -> None:
    async with opened(position=137) as session:
        set_up(session)
        session.grid("input_gradient").place_cursor(Cell(0, 0))
        await session.press("b", "y")
        words = shlex.split(session.app.clipboard)
        problem = session.timeline.problem
        assert words[:4] == ["convstep", "open", "digit", "--goto"]
        assert parse_place(words[4], problem.geometry) == 137
        assert set(words[5::2]) == {"--break"}
        found = [parse_stop(text, problem.layout) for text in words[6::2]]
        assert found == [stop for stop in session.debugger.state.stops if stop.enabled]
        assert len(found) == 3


async def test_a_session_gets_the_ending_by_which_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(position=3) as session:
        await session.press("w", "x")  # the proposed name was selected
        assert "Creates x.json." in session.text
        await session.press("enter")
        assert "saved: convstep open x.json" in session.text
    assert load(tmp_path / "x.json").position == 3
