"""The one table of commands: what is derived from it, and what it may not hold."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from convstep.ui.app import DebuggerApp
from convstep.ui.commands import COMMANDS, Command, bindings, groups, key_text
from convstep.ui.debugger.screen import DebuggerScreen

FORBIDDEN = {"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+s"}
"""Backspace, Tab, Enter and flow control in a plain terminal."""
README = Path(__file__).parents[2] / "README.md"


def test_readme_has_the_key_table_of_the_program() -> None:
    rows = ["| Key | What it does |", "| --- | --- |"]
    for command in COMMANDS:
        keys = " ".join(f"`{text}`" for text in command.key_texts)
        rows.append(f"| {keys} | {command.help} |")
    assert "\n".join(rows) in README.read_text(encoding="utf-8")


def test_no_two_commands_share_a_key() -> None:
    keys = Counter(key for command in COMMANDS for key in command.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_no_key_is_one_that_terminals_cannot_tell_apart() -> None:
    assert not FORBIDDEN & {key for command in COMMANDS for key in command.keys}


def test_only_what_every_terminal_sends_is_combined_with_shift() -> None:
    shifted = {k.removeprefix("shift+") for c in COMMANDS for k in c.keys if k.startswith("shift+")}
    assert shifted <= {"tab", "up", "down", *(f"f{number}" for number in range(1, 13))}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.action)
def test_every_action_exists(command: Command) -> None:
    name, _, rest = command.action.partition("(")
    owner = DebuggerApp if name.startswith("app.") else DebuggerScreen
    assert callable(getattr(owner, f"action_{name.removeprefix('app.')}"))
    if rest:
        assert isinstance(ast.literal_eval(f"({rest}"), int | tuple)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.action)
def test_every_command_says_what_it_does_in_one_sentence(command: Command) -> None:
    assert command.help[0].isupper()
    assert command.help.endswith(".")
    assert len(command.label.split()) <= 2
    assert command.key_texts


def test_bindings_and_groups_hold_every_command_once() -> None:
    assert [binding.action for binding in bindings()] == [command.action for command in COMMANDS]
    grouped = [command for commands in groups().values() for command in commands]
    assert sorted(c.action for c in grouped) == sorted(c.action for c in COMMANDS)


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
