"""The theme that a person chooses is there again at the next start, and nobody else meets it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import Static

from convstep.examples import catalog
from convstep.export.draw import debugger_frames
from convstep.ui import chosen_theme
from convstep.ui.app import DebuggerApp
from convstep.ui.chosen_theme import LARGEST_FILE, VERSION, ChosenTheme, default_path
from tests.strategies import SELDOM
from tests.ui.fakes import FakeTorch


def app() -> DebuggerApp:
    return DebuggerApp(catalog.load("one-window"), "one-window", torch=FakeTorch(), live=False)


def test_a_choice_is_kept_whole_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "theme.json"
    assert ChosenTheme(path).name == ""
    ChosenTheme(path).keep("nord")
    assert ChosenTheme(path).name == "nord"
    ChosenTheme(path).keep("gruvbox")
    assert ChosenTheme(path).name == "gruvbox"
    assert [one.name for one in path.parent.iterdir()] == ["theme.json"]


@pytest.mark.parametrize(
    "kept",
    [
        b"", b"\xff\xfe", b"nord", b"[]", b"{}", b"null", b"[" * 9_000,
        json.dumps({"version": VERSION + 1, "theme": "nord"}).encode(),
        json.dumps({"version": VERSION, "theme": ["nord"]}).encode(),
        json.dumps({"version": VERSION, "theme": "nord", "more": "x" * LARGEST_FILE}).encode(),
        json.dumps({"version": VERSION, "theme": "no such theme"}).encode(),
        json.dumps({"version": VERSION, "theme": ""}).encode(),
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_ours_changes_nothing(kept: bytes, tmp_path: Path) -> None:
    path = tmp_path / "theme.json"
    path.write_bytes(kept)
    opened = app()
    before = opened.theme
    opened.remember_theme(ChosenTheme(path))
    assert opened.theme == before
    assert path.read_bytes() == kept


def test_a_folder_in_its_place_changes_nothing(tmp_path: Path) -> None:
    assert ChosenTheme(tmp_path).name == ""


def test_it_is_among_the_person_s_settings() -> None:
    assert default_path().name == "theme.json"
    assert "convstep" in default_path().parts


@SELDOM
async def test_what_is_chosen_in_the_palette_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "convstep" / "theme.json"
    first, second = app(), app()
    first.remember_theme(ChosenTheme(path))
    async with first.run_test(size=(80, 24)) as pilot:
        assert not path.exists(), "nothing was chosen yet"
        await pilot.press("ctrl+p", *"light", "enter")
        await pilot.press(*"solarizedlight", "enter")
        await pilot.pause()
        assert first.theme == "solarized-light"
    second.remember_theme(ChosenTheme(path))
    assert second.theme == "solarized-light"


async def test_only_a_person_s_terminal_gets_the_person_s_theme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "theme.json"
    ChosenTheme(path).keep("nord")
    monkeypatch.setattr(chosen_theme, "default_path", lambda: path)

    async def ended(app: DebuggerApp, **options: bool) -> None:
        """In place of a terminal."""

    monkeypatch.setattr(App, "run_async", ended)
    in_a_terminal, without = app(), app()
    await in_a_terminal.run_async()
    await without.run_async(headless=True)
    assert (in_a_terminal.theme, without.theme) == ("nord", "textual-dark")


async def test_who_is_new_is_told_where_to_begin_once_until_the_first_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convstep.lessons.progress.default_path", lambda: tmp_path / "progress.json")

    def kept_in(folder: str) -> DebuggerApp:
        made = app()
        made.offers = True
        made.remember_theme(ChosenTheme(tmp_path / folder / "theme.json"))
        return made

    def status(of: DebuggerApp) -> str:
        return str(of.screen.query_one("#status", Static).content)

    first, again, elsewhere, learner = kept_in("a"), kept_in("a"), kept_in("b"), kept_in("c")
    async with first.run_test(size=(80, 24)) as pilot:
        while "new here" not in status(first):
            await pilot.pause()
        for said in ("convstep learn", "convstep check FILE.py", "? explains the keys"):
            assert said in status(first)
        await pilot.press("left")  # which moves nothing here
        assert "convstep learn" not in status(first)
    assert ChosenTheme(tmp_path / "a" / "theme.json").name == ""
    async with again.run_test(size=(80, 24)):
        assert "convstep learn" not in status(again)
    (tmp_path / "b").write_text("no folder: nothing can be kept there")
    async with elsewhere.run_test(size=(80, 24)):
        assert "convstep learn" not in status(elsewhere), "it would come every time"
    (tmp_path / "progress.json").write_text("{}")
    assert learner._chosen_theme is not None
    assert not learner._chosen_theme.begins()
    assert learner._chosen_theme.path.exists(), "the next start would look for lessons again"


async def test_a_choice_that_cannot_be_kept_is_told_and_holds_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "convstep").write_text("a file, no folder")
    opened = app()
    opened.remember_theme(ChosenTheme(tmp_path / "convstep" / "theme.json"))
    async with opened.run_test(size=(80, 24)) as pilot:
        opened.theme = "nord"
        await pilot.pause()
        assert opened.theme == "nord"
        status = str(opened.screen.query_one("#status", Static).content)
        assert status.startswith("the theme is not kept: ")


def test_pictures_are_the_same_whatever_somebody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> Path:
        raise AssertionError("a picture looks at nobody's settings")

    plain = debugger_frames(catalog.load("one-window"), "one-window", [1], (80, 24))
    monkeypatch.setattr(chosen_theme, "default_path", asked)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM", raising=False)
    assert debugger_frames(catalog.load("one-window"), "one-window", [1], (80, 24)) == plain


def test_a_file_that_is_kept_elsewhere_is_written_there(tmp_path: Path) -> None:
    path = tmp_path / "theme.json"
    path.symlink_to("dotfiles.json")
    ChosenTheme(path).keep("nord")
    assert path.is_symlink()
    assert ChosenTheme(path).name == "nord"
    path.unlink()
    os.mkfifo(path)
    assert ChosenTheme(path).name == ""
