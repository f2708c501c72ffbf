"""How the words on a command line become a command's options: a dataclass whose fields are the arguments."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from convstep.cli.commands import Command
from convstep.cli.console import UsageError
from convstep.values import dataclass

_OPTION = re.compile("-[a-zA-Z].*|--.+", re.DOTALL)
"""An option, with its value or without; a number below zero is none."""


def positional(metavar: str, help_text: str, **more: Any) -> Any:
    """A field that takes a word at its place; `more` is for argparse."""
    return dataclasses.field(
        metadata={"names": None, "argparse": {"metavar": metavar, "help": help_text} | more}
    )


def option(metavar: str | None, help_text: str, *names: str, one_of: str = "", **more: Any) -> Any:
    """A field that takes the value of an option.

    Args:
        metavar: what stands for the value.
        help_text: what it means.
        names: as it is written; by default like the field.
        one_of: of all that have the same text here, one may be given.
        more: for argparse.
    """
    given = ({"metavar": metavar} if metavar else {}) | {"help": help_text} | more
    return dataclasses.field(metadata={"names": names, "one_of": one_of, "argparse": given})


def flag(help_text: str, *names: str, action: str = "store_true", one_of: str = "") -> Any:
    """A field that is true where its option is given, which takes no value."""
    return option(None, help_text, *names, action=action, one_of=one_of)


def group(kind: type) -> Any:
    """A field that holds arguments of several commands, in a dataclass of their own."""
    return dataclasses.field(metadata={"group": kind})


def options_of(name: str, command: Command, words: Sequence[str]) -> Any:
    """A command's options.

    Args:
        name: The command's.
        command: Its file.
        words: What stands after the name.

    Raises:
        UsageError: no such option, or a value that cannot be read.
    """
    parser = _Parser(prog=f"convstep {name}", description=command.USE, allow_abbrev=False)
    _add(parser, command.Options)
    known, unknown = parser.parse_known_args(_options_first(parser, words))
    if unknown := [word for word in unknown if word != "--"]:  # ours, which argparse gives back
        raise UsageError(f"unrecognized arguments: {' '.join(unknown)}; see `convstep --help`")
    values = vars(known)
    if values.get("layer") is not None or values.get("call") is not None:
        _choose_layer(values, parser)
    return _filled(command.Options, values)


def _choose_layer(values: dict[str, Any], parser: _Parser) -> None:
    """Take `--layer` and `--call` into the problem's name; the call of a function stays as it is.

    Raises:
        UsageError: there is nothing to choose from.
    """
    from convstep.cli.problems import with_layer
    from convstep.cli.targets import is_target

    problem, layer, call = values["problem"], values["layer"], values["call"]
    if problem is None:
        raise UsageError("--layer and --call are about a PROBLEM, and none is given")
    if is_target(problem):
        if layer is not None or isinstance(call, int):
            raise UsageError("--layer is about a PROBLEM; leave it out for a function")
        return
    if isinstance(call, str):
        try:
            call = count(call)
        except argparse.ArgumentTypeError as error:
            parser.error(f"argument --call: {error}")
    values["problem"], values["call"] = with_layer(problem, layer, call), None


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


def _filled(kind: type[Any], values: dict[str, Any]) -> Any:
    groups = {field.name: field.metadata.get("group") for field in dataclasses.fields(kind) if field.metadata}
    filled = {name: _filled(shared, values) if shared else values[name] for name, shared in groups.items()}
    return kind(**filled)


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


def count(text: str) -> int:
    """`2` -> 2: a count that may be 0."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of up to 9 digits; write it like 0 or 12")
    return int(text)


LAYER = "NAME", "a layer of PROBLEM, which captured.save wrote"
FORWARD = "the forward pass, which makes Z, and not the backward pass"
CALL = "N", "which call of it, from 0; by default the last"


@dataclass(frozen=True, slots=True)
class OfProblem:
    """The options of a command that is about one problem."""

    problem: str = positional(
        "PROBLEM",
        "a .npz, .pt or .safetensors file, a saved session, a layer FILE.npz:NAME of a capture, "
        "or a name of `convstep examples`",
    )
    """With the layer and the call in its name, if they were given."""
    layer: str | None = option(*LAYER)
    call: int | None = option(*CALL, type=count)
