"""How the words on a command line become a command's options: a dataclass whose fields are the arguments.

Where the words are no options but in their places, they are taken as they are: argparse takes longer to
load, and to be told of every option, than a problem is loaded in.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from convstep.cli.console import UsageError
from convstep.frozen import frozen

if TYPE_CHECKING:
    from convstep.cli.commands import Command

_AS_TYPED = frozenset(("metavar", "help"))
"""What argparse is told of a word that is taken as it is."""


def positional(metavar: str, help_text: str, **more: Any) -> Any:
    """A field that takes a word at its place; `more` is for argparse."""
    return dataclasses.field(
        metadata={"names": None, "argparse": {"metavar": metavar, "help": help_text} | more}
    )


def option(metavar: str | None, help_text: str, *names: str, one_of: str = "", **more: Any) -> Any:
    """A field that takes the value of an option; of all with the same `one_of` one may be given."""
    given = ({"metavar": metavar} if metavar else {}) | {"help": help_text} | more
    return dataclasses.field(metadata={"names": names, "one_of": one_of, "argparse": given})


def flag(help_text: str, *names: str, action: str = "store_true", one_of: str = "") -> Any:
    """A field that is true where its option is given, which takes no value."""
    return option(None, help_text, *names, action=action, one_of=one_of)


def group(kind: type) -> Any:
    """A field that holds arguments of several commands, in a dataclass of their own."""
    return dataclasses.field(metadata={"group": kind})


def options_of(name: str, command: Command, words: Sequence[str]) -> Any:
    """The options that the words after a command's name give; UsageError if they cannot be read."""
    values = _without_options(command.Options, words)
    if values is None:
        from convstep.cli.parser import parsed

        values = parsed(name, command, words)
    if values.get("layer") is not None or values.get("call") is not None:
        _choose_layer(values, f"convstep {name}")
    return _filled(command.Options, values)


def _choose_layer(values: dict[str, Any], program: str) -> None:
    """Take `--layer` and a layer's `--call` into the problem's name; UsageError if there is no layer."""
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
        import argparse

        try:
            call = count(call)
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"argument --call: {error}; see `{program} --help`") from None
    values["problem"], values["call"] = with_layer(problem, layer, call), None


def _without_options(kind: type[Any], words: Sequence[str]) -> dict[str, Any] | None:
    """The values where every word is in its place and is taken as it is; None where that takes a parser."""
    values: dict[str, Any] = {}
    left = list(words)
    for name, names, given in _leaves(kind):
        action, default = given.get("action"), given.get("default")
        if names is None:
            if not left or left[0].startswith("-") or not given.keys() <= _AS_TYPED:
                return None
            values[name] = left.pop(0)
        elif given.get("required") or (isinstance(default, str) and "type" in given):
            return None
        elif action == "store_true":
            values[name] = False
        elif action in (None, "append"):
            values[name] = default
        else:
            return None
    return None if left else values


def _leaves(kind: type[Any]) -> Iterator[tuple[str, tuple[str, ...] | None, Mapping[str, Any]]]:
    """The fields with those of groups: each one's name, how an option is written, what argparse is told."""
    for field in dataclasses.fields(kind):
        match field.metadata:
            case {"group": shared}:
                yield from _leaves(shared)
            case {"names": names, "argparse": given}:
                yield field.name, names, given


def _filled(kind: type[Any], values: dict[str, Any]) -> Any:
    groups = {field.name: field.metadata.get("group") for field in dataclasses.fields(kind) if field.metadata}
    filled = {name: _filled(shared, values) if shared else values[name] for name, shared in groups.items()}
    return kind(**filled)


def count(text: str) -> int:
    """`2` -> 2: a count that may be 0."""
    if not re.fullmatch("[0-9]{1,9}", text):
        import argparse

        raise argparse.ArgumentTypeError(f"{text!r} is not a number of up to 9 digits; write it like 0 or 12")
    return int(text)


def seconds(text: str) -> float:
    """`2.5` -> 2.5: a time limit."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) or float(text) == 0:
        import argparse

        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from 0.001 to 999999.999; write it like 10 or 2.5"
        )
    return float(text)


LAYER = "NAME", "a layer of PROBLEM, which captured.save wrote"
FORWARD = "the forward pass, which makes Z, and not the backward pass"
CALL = "N", "which call of it, from 0; by default the last"


@frozen()
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
