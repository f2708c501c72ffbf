"""The one table of commands: what is derived from it, and what it may not hold."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cached_property
from io import StringIO
from types import FunctionType

import pytest
from rich.console import Console
from textual.binding import Binding
from textual.screen import Screen

import convstep.ui
from convstep.candidate.call.worker import Worker
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.examples import catalog
from convstep.lessons.course import open_lesson
from convstep.lessons.progress import Progress
from convstep.ui.commands import (
    BY_ID,
    CANDIDATE,
    COMMANDS,
    LESSON,
    MOVE,
    TEN,
    Command,
    bindings,
    groups,
    key_text,
    meanings,
)
from convstep.ui.debugger.host import always
from convstep.ui.debugger.panels import Panels
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.debugger.state import State
from convstep.ui.debugger.travel import Travel
from convstep.ui.dialogs.help import KEYS, key_help, list_help
from convstep.ui.dialogs.paragraphs import ParagraphsScreen
from convstep.ui.modes.candidate import CandidateMode
from convstep.ui.modes.lesson import LessonMode
from convstep.ui.modes.mode import Mode
from convstep.ui.modes.page import Page
from convstep.ui.modes.recording import RecordingMode
from convstep.ui.modes.script import ScriptMode
from convstep.ui.widgets.key_line import KeyLine
from convstep.view.panels.recording import RecordingStage
from convstep.view.panels.stage import Stage
from tests import candidates
from tests.strategies import SELDOM
from tests.ui.driving import opened
from tests.view.recorded import of, pool_backward

FORBIDDEN = {"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+s"}
"""Backspace, Tab, Enter and flow control in a plain terminal."""


MEMBER = FunctionType, property, cached_property


class Pages:
    """Turns no page."""

    def turn(self, by: int, *, playing: bool = False) -> bool:
        return False

    def keep(self) -> None: ...

    def show_page(self) -> None: ...


def modes() -> Iterator[Mode]:
    """One of each; a bug hunt is a lesson around a candidate."""
    digit = catalog.load("digit")
    yield Mode(State(Stage.on(digit), "digit", "digit"))
    yield ScriptMode(digit, "digit")
    yield ScriptMode(digit, "digit", back=lambda: None)
    yield RecordingMode(RecordingStage(of(pool_backward)), "pool_backward", "layers.py:pool_backward")
    function = candidates.stride_ignored
    with Worker.of_function(function) as worker:
        candidate = CandidateTimeline(
            worker, candidates.verdict(function), candidates.failing_problem(function)
        )
        yield CandidateMode(candidate, "mine.py:f", None)
        walk = Progress(kept=False).walk(open_lesson("1", "en"))
        yield LessonMode(walk, Pages())
        yield LessonMode(walk, Pages(), candidate)


def test_in_every_mode_every_key_does_something_or_says_why_not_and_no_row_hides_another() -> None:
    for mode in modes():
        handlers = DebuggerScreen(mode).handlers
        assert handlers.keys() <= BY_ID.keys(), "what is done has a row"
        for key, rows in meanings().items():
            here = [row.id for row in rows if row.id in handlers]
            without = [id for id in here if handlers[id].applies is always]
            assert without in ([], here[-1:]), (mode, key, "only the last may be without a condition")
            assert without or any(row.otherwise for row in rows), (mode, key)


@SELDOM
def test_the_help_opens_with_what_matters_then_has_what_this_mode_adds_and_nothing_else() -> None:
    for mode in modes():
        works = DebuggerScreen(mode).handlers
        console = Console(width=90, file=StringIO())
        console.print(*key_help(works)._paragraphs)
        assert isinstance(console.file, StringIO)
        said = " ".join(console.file.getvalue().split())
        for command in COMMANDS:
            assert said.count(f" {command.help}") == (command.id in works or bool(command.of_app)), command.id
        headings = [said.find(f" {name} ") for name in ("The keys that matter", LESSON, CANDIDATE, MOVE)]
        there = [at for at in headings if at >= 0]
        assert there == sorted(there)


@pytest.mark.parametrize("width", [72, 92])
def test_the_help_has_every_key_whole_also_where_there_are_many(width: int) -> None:
    def left(help: ParagraphsScreen) -> list[str]:
        console = Console(width=width, file=StringIO())
        console.print(*help._paragraphs)
        assert isinstance(console.file, StringIO)
        return [line[:KEYS].rstrip() for line in console.file.getvalue().splitlines()]

    said = left(key_help(BY_ID))
    assert [line for line in said if "…" in line] == ["0 … 9"]
    for command in COMMANDS:
        assert len(command.key_texts) > 9 or all(
            any(key in line for line in said) for key in command.key_texts
        )
    keys = ["Home", "PgDn", "PgUp", "Shift+F10", "End"]
    assert " ".join(left(list_help("a list", [("  ".join(keys), "Choose a row.")]))[1:3]).split() == keys


def test_no_class_of_the_program_has_another_screen_of_ours_as_a_base() -> None:
    for module in pkgutil.walk_packages(convstep.ui.__path__, "convstep.ui."):
        if not module.name.endswith(("terminal", "browser")):  # what only some systems have
            importlib.import_module(module.name)

    def ours(kind: type) -> Iterator[type]:
        found: type
        for found in kind.__subclasses__():
            yield from ours(found)
            if found.__module__.startswith("convstep."):
                yield found

    screens = set(ours(Screen))
    assert DebuggerScreen in screens
    assert not [screen for screen in screens if screens & set(screen.__mro__[1:])]
    kinds = {*screens, *ours(Mode), Mode, Page, Panels, Travel}
    members = {kind: [one for one in vars(kind).values() if isinstance(one, MEMBER)] for kind in kinds}
    assert {kind.__name__: len(names) for kind, names in members.items() if len(names) > 40} == {}


def test_no_key_is_one_that_terminals_cannot_tell_apart() -> None:
    assert not FORBIDDEN & {key for command in COMMANDS for key in command.keys}


def test_only_what_every_terminal_sends_is_combined_with_shift() -> None:
    shifted = {k.removeprefix("shift+") for c in COMMANDS for k in c.keys if k.startswith("shift+")}
    assert shifted <= {"tab", "up", "down", *(f"f{number}" for number in range(1, 13))}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_command_says_what_it_does_in_one_sentence(command: Command) -> None:
    assert command.help[0].isupper()
    assert command.help.endswith(".")
    assert len(command.label.split()) <= 2
    assert command.key_texts


def test_bindings_and_groups_hold_every_command_and_every_key_an_answer() -> None:
    bound = [(binding.key, binding.action) for binding in bindings()]
    assert len(bound) == len(set(bound))
    actions = {action for _, action in bound}
    assert {command.of_app or f"do({command.id!r}" for command in COMMANDS} == {
        re.sub(r"[,)].*", "", action) for action in actions if not action.startswith("explain_key")
    }
    assert {f"explain_key({key!r})" for key in meanings()} <= actions
    grouped = [command for commands in groups().values() for command in commands]
    assert sorted(c.id for c in grouped) == sorted(BY_ID) == sorted(c.id for c in COMMANDS)
    assert set(TEN) <= set(BY_ID)
    assert len(TEN) == 10


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("n", "n"), ("N", "N"), ("question_mark", "?"), ("shift+f5", "Shift+F5"), ("ctrl+p", "Ctrl+P"),
        ("left_square_bracket", "["), ("escape", "Esc"), ("up", "↑"), ("f10", "F10"), ("space", "Space"),
    ],
)  # fmt: skip
def test_keys_are_written_as_people_write_them(key: str, text: str) -> None:
    assert key_text(key) == text


def test_names_of_the_same_key_in_other_terminals_are_not_shown() -> None:
    for command in COMMANDS:
        assert not {"F17", "F22", "F23"} & set(command.key_texts)


@SELDOM
async def test_the_line_of_keys_names_what_is_active_wherever_one_stands() -> None:
    async with opened(position=137) as session:
        screen, line = session.debugger, session.debugger.query_one(KeyLine)
        for keys in ((), ("n",), ("s",), ("tab",), ("end",)):
            await session.press(*keys)
            named: dict[str, Binding] = {}
            for key, (_, binding, _, _) in screen.active_bindings.items():
                if binding.show and binding.key_display in (None, key_text(key)):
                    named.setdefault(binding.action, binding)
            shown = [binding for binding in named.values() if screen.offers(binding.action)]
            assert len(shown) > 5
            assert line._bindings_shown() == shown
        ends = {60: "i why ? help q quit", 80: "Ctrl+P commands ? help q quit",
                120: "Ctrl+P commands  ? help  q quit"}  # fmt: skip
        for width, end in ends.items():
            await session.resize(width, 24)
            assert session.lines[-1].endswith(end), "the palette gives way first"
