"""The one table of commands: what is derived from it, and what it may not hold."""

from __future__ import annotations

import re

import pytest

from convstep.examples import catalog
from convstep.ui.commands import BY_ID, COMMANDS, TEN, Command, bindings, groups, key_text, meanings
from convstep.ui.debugger.host import always
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.modes.mode import Mode

FORBIDDEN = {"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+s"}
"""Backspace, Tab, Enter and flow control in a plain terminal."""


def test_where_a_key_has_several_meanings_only_the_last_may_be_without_a_condition() -> None:
    for key, rows in meanings().items():
        handlers = Mode.on(catalog.load("digit"), "digit", "digit")
        screen = DebuggerScreen(handlers)
        found = [row.id for row in rows if row.id in screen.handlers]
        without = [id for id in found if screen.handlers[id].applies is always]
        assert without in ([], found[-1:]), key


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
