"""The monkey finds what is wrong, in few keys; and the apps live through some of its sessions."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from rich.segment import Segment
from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App, ComposeResult
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.replay.session import Session, save
from convstep.ui.commands import COMMANDS, key_text
from tests.monkey import apps, promises
from tests.monkey.__main__ import main, told
from tests.monkey.cage import Watchdog, cage
from tests.monkey.habits import script
from tests.monkey.inputs import CHARACTERS, NAMED, Script, sent
from tests.monkey.play import Player
from tests.monkey.reducing import fewest
from tests.strategies import SELDOM
from tests.waiting import GENEROUS

SOON = 0.2
"""Seconds after which these tests call an app stuck that will never move again."""


@SELDOM
@pytest.mark.parametrize(
    ("app", "seed"),
    [
        ("debugger", "2"), ("candidate", "3"), ("learn", "9"), ("hunt", "14"), ("picker", "8"),
        ("recording", "1"),
    ],
)  # fmt: skip
def test_an_app_lives_through_a_session(app: str, seed: str) -> None:
    found = Player().play(script(app, apps.APPS[app][1], f"suite/{seed}", 30))
    assert found is None, told(found)


class Words(Widget):
    """Shows words, and does not notice when there are more."""

    def render(self) -> str:
        return " ".join(cast(Fragile, self.app).words)


class Fragile(App[None]):
    """An app in which one thing is wrong."""

    def __init__(self, pressed: Callable[[Fragile, str, str], Any]) -> None:
        super().__init__()
        self._pressed, self._before = pressed, ""
        self.words = ["some"]

    def compose(self) -> ComposeResult:
        yield Words()

    async def on_key(self, event: events.Key) -> None:
        before, self._before = self._before, event.key
        answer = self._pressed(self, before, event.key)
        if asyncio.iscoroutine(answer):
            await answer


class Stubborn(ModalScreen[None]):
    """A dialog that nothing closes."""


def fragile(pressed: Callable[[Fragile, str, str], Any]) -> Any:
    @contextlib.contextmanager
    def opened(_: Script) -> Iterator[App[Any]]:
        yield Fragile(pressed)

    return opened


def raises(app: Fragile, before: str, key: str) -> None:
    if (before, key) == ("up", "down"):
        raise LookupError("planted")


@SELDOM
def test_a_planted_crash_is_found_reduced_to_its_two_keys_printed_and_replayed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(apps.APPS, "learn", (fragile(raises), ("anything",)))
    assert main(["--app", "learn", "--keys", "60", "--seed", "a", "--reduce", "inf"]) == 1
    printed = capsys.readouterr().out
    assert "LookupError in test_monkey.py:raises" in printed
    assert "1 findings" in printed
    command = shlex.split(next(line for line in printed.splitlines() if "--replay" in line))
    assert Script.of_json(command[-1]) == Script("learn", "anything", (120, 40), ("up", "down"))
    assert main(command[-2:]) == 1
    assert "LookupError: planted" in capsys.readouterr().out
    monkeypatch.setitem(apps.APPS, "learn", (fragile(lambda *_: None), ("anything",)))
    assert main(command[-2:]) == 0
    assert main(["--app", "learn", "--keys", "20"]) == 0


def test_fewest_leaves_only_what_is_needed() -> None:
    words = [str(number) for number in range(100)]
    needed = {"3", "50", "51", "97"}
    assert fewest(words, lambda some: needed <= set(some)) == sorted(needed, key=int)


async def waits_for_ever(*_: Any) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("pressed", "kind"),
    [
        (lambda app, *_: app.exit(return_code=3), "Broken code"),
        (lambda app, *_: app.push_screen(Stubborn()), "Broken escape"),
        (lambda app, *_: app.words.append("more"), "Broken stale"),
        (lambda *_: threading.Thread(target=int, args=("x",)).start(), "ValueError"),
        (lambda app, *_: app.call_later(waits_for_ever), "Hang"),
    ],
)
def test_what_is_no_exception_of_the_app_is_found_too(pressed: Any, kind: str) -> None:
    player = Player(SOON if kind == "Hang" else GENEROUS, opened=fragile(pressed))
    found = player.play(Script("learn", "", (20, 5), ("n", "|")))
    assert found is not None
    assert found.kind.startswith(kind)


def test_what_never_comes_back_is_woken_and_found() -> None:
    with contextlib.ExitStack() as watched:  # from the key on: until there is an app takes its time
        player = Player(
            opened=fragile(lambda *_: watched.enter_context(Watchdog(SOON)) and threading.Event().wait())
        )
        found = player.play(Script("learn", "", (20, 5), ("n", "|")))
    assert found is not None
    assert found.kind.startswith("Hang")


def test_each_promise_can_be_broken() -> None:
    timeline = Timeline(catalog.load("stride-2"))
    timeline.seek(5)
    timeline.next_write()
    promises.state(timeline)
    promises.title(f"step 5/{timeline.total}", timeline)
    promises.frame([Strip([Segment("窗口")])], 4, 1)
    shown = SimpleNamespace(is_active=True, is_running=True)
    promises.in_front(SimpleNamespace(screen_stack=[shown]))  # type: ignore[arg-type]
    timeline.dW[0] = np.nextafter(timeline.dW[0], 1)
    broken: dict[str, Callable[[], None]] = {
        "state": lambda: promises.state(timeline),
        "title": lambda: promises.title(f"step 4/{timeline.total}", timeline),
        "title: 9/8": lambda: promises.title("页 9/8", timeline),
        "frame: line": lambda: promises.frame([Strip([Segment("窗口")])], 3, 1),
        "frame: 1 lines": lambda: promises.frame([Strip.blank(3)], 3, 0),
        "screens": lambda: promises.in_front(SimpleNamespace(screen_stack=[shown, shown])),  # type: ignore[arg-type]
    }
    for word, promise in broken.items():
        with pytest.raises(promises.Broken, match=f"^{word}"):
            promise()


def test_a_session_that_comes_back_otherwise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def save_elsewhere(session: Session, file: str) -> None:
        save(replace(session, position=session.position + 1), file)

    monkeypatch.setattr(promises, "save", save_elsewhere)
    found = Player().play(Script("debugger", "tiny", (60, 16), ("|",)))
    assert found is not None
    assert found.kind == "Broken session"


def test_outside_the_cage_nothing_is_written(tmp_path: Path) -> None:
    before, precious = dict(os.environ), tmp_path / "precious"
    precious.write_text("kept")
    with cage() as work:
        assert Path.home() in work.parents
        Path("~/inside").expanduser().write_text("x")
        (work / "link").symlink_to(precious)
        for attempt in (
            lambda: precious.write_text("lost"),
            lambda: (work / "link").open("a"),
            lambda: os.open(precious, os.O_RDWR),
            precious.unlink,
            lambda: Path("~/inside").expanduser().replace(precious),
            (tmp_path / "new").mkdir,
        ):
            with pytest.raises(PermissionError):
                attempt()
        assert precious.read_text() == "kept"
        assert tempfile.gettempdir() == str(Path.home())
    assert not work.exists()
    assert dict(os.environ) == before
    precious.write_text("changed")


def test_the_parser_reads_every_key_as_the_one_it_is_called_and_none_of_the_table_is_left_out() -> None:
    for name, data in NAMED.items():
        parser = XTermParser()
        read = [*parser.feed(data)]
        parser._timeout_time = 0.0 if parser._timeout_time else None
        keys = [event.key for event in (*read, *parser.tick()) if isinstance(event, events.Key)]
        assert keys == [name]
    pressed = {*NAMED, *map(key_text, NAMED), *CHARACTERS}
    for command in COMMANDS:
        assert {*command.key_texts} <= pressed


def test_a_seed_is_a_session_and_its_line_brings_it_back() -> None:
    one, same, other = (script("hunt", ("a", "b"), seed, 50) for seed in ("1", "1", "2"))
    assert one == same != other
    assert Script.of_json(one.json) == one
    assert one.json.isascii()
    assert sent("drag:0,1,2,3").startswith("\x1b[<0;1;2M")
