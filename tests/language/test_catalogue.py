"""The Chinese catalogue: every sentence of the program, with the same places to fill in, and no other."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

import convstep
from convstep.language import catalogue, speak, spoken, tr
from convstep.ui.commands import COMMANDS
from convstep.ui.screens.help import MARKS

PACKAGE = Path(convstep.__file__).parent
ZH = catalogue("zh")


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text(encoding="utf-8"))


def spoken_sentences() -> dict[str, str]:
    """By sentence, the file in which `tr` says it."""
    found = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found[first.value] = path
                elif isinstance(first, ast.IfExp):
                    for side in (first.body, first.orelse):
                        assert isinstance(side, ast.Constant), f"{path}:{node.lineno}: one of two literals"
                        found[str(side.value)] = path
                else:
                    assert not isinstance(first, ast.JoinedStr), (
                        f"{path}:{node.lineno} tr cannot look up an f-string"
                    )
    return found


def run_time_sentences() -> Iterator[str]:
    """What stands in tables and is looked up where it is shown."""
    for command in COMMANDS:
        yield from (command.label, command.help, command.group)
    for _, meaning in MARKS:
        yield meaning


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_sentence_is_in_the_catalogue() -> None:
    missing = {text: path for text, path in spoken_sentences().items() if text not in ZH}
    assert not missing
    assert not [text for text in run_time_sentences() if text not in ZH]


def test_every_entry_is_said_somewhere() -> None:
    literals = {
        node.value
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not [text for text in ZH if text not in literals]


@pytest.mark.parametrize("text", ZH)
def test_a_translation_fills_in_the_same_values(text: str) -> None:
    assert fields(ZH[text]) == fields(text)


def test_a_sentence_stands_in_one_room_only() -> None:
    text = files("convstep.language").joinpath("zh.toml").read_text(encoding="utf-8")
    keys = [line.split('" = "')[0] for line in text.splitlines() if line.startswith('"')]
    assert len(keys) == len(set(keys)) == len(ZH)


def test_what_the_catalogue_lacks_is_said_in_english() -> None:
    before = spoken()
    try:
        speak("zh")
        assert tr("nobody says {this}", this="!") == "nobody says !"
    finally:
        speak(before)
