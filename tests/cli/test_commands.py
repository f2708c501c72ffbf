"""What every command's file holds, and the page that names them all."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from convstep.cli import commands
from convstep.cli.arguments import _without_options
from convstep.cli.commands import COMMANDS
from convstep.cli.parser import parsed
from convstep.cli.which import command
from tests.cli.conftest import Run


def test_help_opens_with_the_doors_for_who_is_new_and_names_every_command(run: Run) -> None:
    for flag in ("--help", "-h"):
        ended = run(flag)
        assert (ended.code, ended.err) == (0, "")
        doors, _, listed = ended.out.partition("\ncommands:\n")
        first = ("convstep learn ", "convstep check FILE.py", "convstep  ", "convstep open")
        at = [doors.index(f"\n  {door} ") for door in first]
        assert at == sorted(at)
        assert all(f"\n  {name} " in f"\n{listed}" for name in COMMANDS)
        assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    ended = run(name, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"usage: convstep {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command_are_a_frozen_dataclass(name: str) -> None:
    options = command(name).Options
    for field in dataclasses.fields(options):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(object.__new__(options), field.name, None)
        assert field.metadata or field.default is not dataclasses.MISSING, field.name


@pytest.mark.parametrize("words", [[], ["digit"], ["a", "b"], ["-"], ["--", "digit"], ["x:y"], ["", "b"]])
@pytest.mark.parametrize("name", COMMANDS)
def test_words_without_options_mean_what_they_mean_to_the_parser(name: str, words: list[str]) -> None:
    taken = _without_options(command(name).Options, words)
    if taken is not None:
        assert taken == parsed(name, command(name), words)


def test_what_opens_the_bundled_digit_loads_no_parser() -> None:
    assert _without_options(command("open").Options, ["digit"]) is not None


def test_every_file_of_a_command_is_named() -> None:
    files = Path(commands.__path__[0]).glob("[a-z]*.py")
    assert sorted(file.stem for file in files) == [*COMMANDS]
