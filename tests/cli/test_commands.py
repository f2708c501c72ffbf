"""What every command's file holds, and the page that names them all."""

from __future__ import annotations

import argparse
import dataclasses
import importlib

import pytest

from convstep.cli.commands import COMMANDS
from tests.cli.conftest import Run


def test_help_opens_with_the_three_doors_and_names_every_command(run: Run) -> None:
    for flag in ("--help", "-h"):
        ended = run(flag)
        assert (ended.code, ended.err) == (0, "")
        doors, _, listed = ended.out.partition("\ncommands:\n")
        at = [doors.index(f"\n  {door} ") for door in ("convstep", "convstep check", "convstep open")]
        assert at == sorted(at)
        assert all(f"\n  {name} " in f"\n{listed}" for name in COMMANDS)
        assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    ended = run(name, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"usage: convstep {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command_are_a_frozen_dataclass_of_its_arguments(name: str) -> None:
    command = importlib.import_module(f"convstep.cli.{name}")
    parser = argparse.ArgumentParser(add_help=False)
    command.add_arguments(parser)
    arguments = {action.dest for action in parser._actions} - {"layer", "call"}
    fields = {field.name: field for field in dataclasses.fields(command.Options)}
    assert command.Options.__dataclass_params__.frozen
    assert arguments <= fields.keys()
    assert all(fields[left].default is not dataclasses.MISSING for left in fields.keys() - arguments)
