"""How the words on a command line become a command's options, and what several commands take alike."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from convstep.cli.commands import COMMANDS, Command
from convstep.cli.console import UsageError

_OPTION = re.compile("-[a-zA-Z].*|--.+", re.DOTALL)
"""An option, with its value or without; a number below zero is none."""


def options_of(name: str, command: Command, words: Sequence[str]) -> Any:
    """A command's options.

    Args:
        name: The command's.
        command: Its file.
        words: What stands after the name.

    Raises:
        UsageError: no such option, or a value that cannot be read.
    """
    parser = _Parser(prog=f"convstep {name}", description=COMMANDS[name], allow_abbrev=False)
    command.add_arguments(parser)
    known, unknown = parser.parse_known_args(_options_first(parser, words))
    if unknown := [word for word in unknown if word != "--"]:  # ours, which argparse gives back
        raise UsageError(f"unrecognized arguments: {' '.join(unknown)}; see `convstep --help`")
    values = vars(known)
    layer, call = values.pop("layer", None), values.pop("call", None)
    if layer is not None or call is not None:
        if values["problem"] is None:
            raise UsageError("--layer and --call are about a PROBLEM, and none is given")
        from convstep.cli.problems import with_layer

        values["problem"] = with_layer(values["problem"], layer, call)
    return command.Options(**values)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without a page of usage before it."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def _options_first(command: _Parser, words: Sequence[str]) -> list[str]:
    """The same words with the options in front: argparse alone wants all the others in one piece.

    Raises:
        UsageError: an option has no value, or `--`, which argparse would drop.
    """
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


def add_problem(parser: argparse.ArgumentParser, **options: Any) -> None:
    """The argument PROBLEM; `options` say what argparse should take instead."""
    everywhere = {
        "metavar": "PROBLEM",
        "help": "a .npz, .pt or .safetensors file, a saved session, a layer FILE.npz:NAME of a capture, "
        "or a name of `convstep examples`",
    }
    parser.add_argument("problem", **(everywhere | options))


def add_layer(parser: argparse.ArgumentParser) -> None:
    """Which problem of a file that holds a whole capture; `options_of` makes it part of the problem's name."""
    parser.add_argument("--layer", metavar="NAME", help="a layer of PROBLEM, which captured.save wrote")
    parser.add_argument(
        "--call", type=_count, metavar="N", help="which call of it, from 0; by default the last"
    )


def _count(text: str) -> int:
    """`2` -> 2: a count that may be 0."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of up to 9 digits; write it like 0 or 12")
    return int(text)
