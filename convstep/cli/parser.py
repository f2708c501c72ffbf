"""The parser of a command's words: argparse, told of the fields of the command's options."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from convstep.cli.commands import COMMANDS
from convstep.cli.console import UsageError

if TYPE_CHECKING:
    from convstep.cli.commands import Command

_OPTION = re.compile("-[a-zA-Z].*|--.+", re.DOTALL)
"""An option, with its value or without; a number below zero is none."""


def parsed(name: str, command: Command, words: Sequence[str]) -> dict[str, Any]:
    """The values by field that the words after a command's name give; UsageError if they cannot be read."""
    parser = _Parser(prog=f"convstep {name}", description=COMMANDS[name], allow_abbrev=False)
    _add(parser, command.Options)
    known, unknown = parser.parse_known_args(_options_first(parser, words))
    if unknown := [word for word in unknown if word != "--"]:  # ours, which argparse gives back
        raise UsageError(f"unrecognized arguments: {' '.join(unknown)}; see `convstep --help`")
    return vars(known)


def _add(parser: argparse.ArgumentParser, kind: type[Any]) -> None:
    places: dict[str, Any] = {"": parser}
    for field in dataclasses.fields(kind):
        match field.metadata:
            case {"group": shared}:
                _add(parser, shared)
            case {"names": None, "argparse": given}:
                parser.add_argument(field.name, **given)
            case {"names": names, "one_of": one_of, "argparse": given}:
                if one_of not in places:
                    places[one_of] = parser.add_mutually_exclusive_group()
                names = names or (f"--{field.name.replace('_', '-')}",)
                places[one_of].add_argument(*names, dest=field.name, **given)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without a page of usage before it."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def _options_first(command: _Parser, words: Sequence[str]) -> list[str]:
    """The words with options in front, as argparse wants them; UsageError for `--` or a missing value."""
    takes = {name for action in command._actions if action.nargs is None for name in action.option_strings}
    known = {name for action in command._actions for name in action.option_strings}
    options: list[str] = []
    others: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            others += left
        elif not _OPTION.fullmatch(word):
            others.append(word)
        else:
            name = word if word in known else word[:2] if word[:2] in known else word.partition("=")[0]
            value = next(left, "--") if word == name in takes else word.removeprefix(name).removeprefix("=")
            if name in takes and (value == "--" or (word == name and _OPTION.fullmatch(value))):
                command.error(f"argument {name}: expected one argument")
            if name in known - takes and name != word:
                command.error(f"{name} takes no value; leave out {word.removeprefix(name)!r}")
            # in one word, because what begins with a dash would count as an option
            options.append(f"{name}={value}" if name in takes else word)
    if "--" in others:
        command.error("unrecognized arguments: --")
    return [*options, "--", *others] if others else options
