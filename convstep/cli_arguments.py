"""The grammar of the command line: commands, options, and how values are written."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from convstep.cli import COMMANDS, UsageError
from convstep.cli_serve import HERE, PORT, address, port
from convstep.examples import DEFAULT, names
from convstep.examples.sizes import input_shape, number, number_or_pair, padding, pair

if TYPE_CHECKING:
    from convstep.conv.geometry import Pair

_OPTION = re.compile("-[a-zA-Z].*|--.+", re.DOTALL)
"""An option, with its value or without; a number below zero is none."""


def parse(given: Sequence[str]) -> argparse.Namespace:
    """The command and its options.

    Args:
        given: What stands after `convstep`; nothing opens the bundled digit.

    Raises:
        UsageError: no such command or option, or a value that cannot be read.
    """
    if not given:
        given = ["open", DEFAULT]
    if given[0] not in (*COMMANDS, "-h", "--help"):
        raise UsageError(_unknown_command(given[0]))
    parser, commands = _parser()
    if given[0] not in commands:
        return parser.parse_args(given)  # its help
    command = commands[given[0]]
    known, unknown = command.parse_known_args(_options_first(command, given[1:]))
    if unknown := [word for word in unknown if word != "--"]:  # ours, which argparse gives back
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if getattr(known, "layer", None) is not None or getattr(known, "call", None) is not None:
        known.problem = _of_layer(known)
    return known


def _of_layer(known: argparse.Namespace) -> str:
    from convstep.cli_problems import with_layer

    if known.problem is None:
        raise UsageError("--layer and --call are about a PROBLEM, and none is given")
    return with_layer(known.problem, known.layer, known.call)


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


def _unknown_command(word: str) -> str:
    if word in names() or word.endswith((".npz", ".pt", ".pth", ".safetensors")):
        return f"{word!r} is a problem, not a command; did you mean `convstep open {word}`?"
    if word.startswith("-"):
        return f"there is no option {word!r} before a command; see `convstep --help`"
    close = difflib.get_close_matches(word.lower(), COMMANDS, n=1)
    meant = f"did you mean `convstep {close[0]}`?" if close else f"the commands are {', '.join(COMMANDS)}"
    return f"there is no command {word!r}; {meant}"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without a page of usage before it."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def _parser() -> tuple[_Parser, dict[str, _Parser]]:
    """The parser of everything, and each command's own."""
    parser = _Parser(
        prog="convstep",
        description="Step through the backward pass of a convolution. Without a command: the bundled digit.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help_text: str, *, problem: bool = True) -> _Parser:
        added = commands.add_parser(name, help=help_text, description=help_text, allow_abbrev=False)
        added.set_defaults(command=name)
        if problem:
            added.add_argument(
                "problem",
                metavar="PROBLEM",
                help="a .npz, .pt or .safetensors file, a saved session, a layer FILE.npz:NAME of a capture, "
                "or a name of `convstep examples`",
            )
            _add_layer(added)
        return added

    opening = command("open", "open a problem in the debugger")
    opening.add_argument(
        "--goto", metavar="STEP|H,W,C", help="start after a step: its number or its loop index"
    )
    opening.add_argument(
        "--break",
        dest="breaks",
        action="append",
        default=[],
        metavar="COND",
        help="stop a run here: 'i_c == 1', 'abs(dz) > 0.1', '4,*,1' or 'watch dW[2, 0, 1, 0]'; repeatable",
    )
    _add_sizes(command("new", "draw a random problem and save it", problem=False))
    comparing = command("compare", "compare every gradient with an independent source, without a screen")
    comparing.add_argument("--json", action="store_true", help="one JSON object")
    _add_range(command("trace", "write steps as text"))
    checking = command("check", "find out whether your backward is right and, if not, why", problem=False)
    _add_candidate(checking)
    checking.add_argument("--json", action="store_true", help="one JSON object")
    checking.add_argument("--save", metavar="FILE.npz", help="write the smallest failing problem")
    checking.add_argument(
        "--write-adapter",
        metavar="FILE.py",
        help="instead of a verdict, write an adapter for TARGET: a function to start from",
    )
    checking.add_argument("--force", action="store_true", help="overwrite an existing file")
    debugging = command(
        "debug", "open your backward beside the reference, where the two diverge", problem=False
    )
    _add_candidate(debugging)
    debugging.add_argument(
        "problem", metavar="PROBLEM", nargs="?", help="by default the smallest one on which it fails"
    )
    debugging.add_argument("--goto", metavar="STEP|H,W,C", help="by default the first divergence")
    _add_layer(debugging)
    learning = command("learn", "lessons and bug hunts: learn backward by doing it", problem=False)
    learning.add_argument(
        "lesson", metavar="LESSON", nargs="?", help="a .md file, or a number or name of --list"
    )
    learning.add_argument("--lang", choices=("en", "zh"), help="by default the computer's language")
    learning.add_argument("--list", action="store_true", help="list the lessons and exit")
    serving = command("serve", "show a problem in the browser", problem=False)
    serving.add_argument(
        "problem", metavar="PROBLEM", nargs="?", default=DEFAULT, help="by default the bundled digit"
    )
    serving.add_argument(
        "--port", type=port, default=PORT, metavar="N", help=f"default {PORT}; 0 takes a free one"
    )
    serving.add_argument(
        "--host",
        type=address,
        default=HERE,
        metavar="ADDRESS",
        help=f"default {HERE}: only this machine can ask; 0.0.0.0 is for whoever reaches it",
    )
    command("examples", "list the bundled problems", problem=False)
    exporting = command("export", "draw the screen at one or more positions", problem=False)
    exporting.add_argument(
        "problem",
        metavar="PROBLEM|LESSON",
        nargs="?",
        help="a problem, or a lesson of `convstep learn --list`; optional with --candidate",
    )
    exporting.add_argument(
        "--steps",
        type=steps,
        metavar="A:B",
        help="after steps A to B, or one step; of a lesson, its pages",
    )
    _add_layer(exporting)
    exporting.add_argument("--lang", choices=("en", "zh"), help="language of a bundled lesson")
    exporting.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="OUT.svg or OUT.png (for several: OUT-0012.png …), OUT.gif, OUT.cast or OUT.md",
    )
    opened = exporting.add_mutually_exclusive_group()
    opened.add_argument("--compare", action="store_true", help="with the comparison open")
    opened.add_argument("--why", metavar="CELL", help="with the steps that make up a cell: dW[2,0,1,0]")
    opened.add_argument("--diagnosis", action="store_true", help="with the candidate's diagnosis open")
    _add_candidate(exporting, "--candidate")
    exporting.add_argument(
        "--size", type=size, default=(120, 40), metavar="WxH", help="columns and rows, 60x16 or more"
    )
    exporting.add_argument(
        "--seconds",
        type=seconds,
        metavar="S",
        help="how long a GIF or cast shows each picture; default 0.6, in a lesson as long as reading takes",
    )
    return parser, commands.choices


def _add_candidate(parser: argparse.ArgumentParser, target: str = "target") -> None:
    """What `check`, `debug` and `export` share.

    Args:
        parser: a command's.
        target: the candidate's place, or its option.
    """
    parser.add_argument(
        target,
        metavar="TARGET",
        help="path.py:function, path.py:Class, path.py:Class.method, notebook.ipynb:function, "
        "package.module:function",
    )
    parser.add_argument(
        "--convention",
        default="auto",
        metavar="NAME",
        help="how it is called: article, coursera, cs231n, alx, torch, problem; auto (default) finds out",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="time limit of one call, default 10, and of loading the file, default 60; "
        "importing installed packages is not counted",
    )
    parser.add_argument(
        "--run-all",
        action="store_true",
        help="run all of the file's top-level code, not only imports, definitions and constants",
    )
    parser.add_argument(
        "--adapter",
        metavar="FILE.py:FUNCTION",
        help="a function that takes the target and a problem, calls it and returns dW, db, dA_prev; "
        "see --write-adapter of `convstep check`",
    )
    parser.add_argument("--python2", action="store_true", help="the file is written for Python 2")


def _add_layer(parser: argparse.ArgumentParser) -> None:
    """Which problem of a file that holds a whole capture."""
    parser.add_argument("--layer", metavar="NAME", help="a layer of PROBLEM, which captured.save wrote")
    parser.add_argument(
        "--call", type=count, metavar="N", help="which call of it, from 0; by default the last"
    )


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    def add(name: str, kind: Any, default: Any, metavar: str, help_text: str) -> None:
        parser.add_argument(name, type=kind, default=default, metavar=metavar, help=help_text)

    parser.add_argument("--input", type=input_shape, required=True, metavar="HxWxC", help="e.g. 7x10x3")
    parser.add_argument("--filters", type=number, required=True, metavar="N", help="output channels")
    parser.add_argument("--kernel", type=pair, required=True, metavar="3|3x5", help="rows x columns")
    add("--stride", number_or_pair, 1, "2|2x1", "default 1")
    add("--padding", padding, 0, "P", "1, 1x2, top,bottom,left,right, same or valid; default 0")
    add("--dilation", number_or_pair, 1, "2|2x1", "default 1")
    add("--groups", number, 1, "N", "channel groups, default 1")
    add("--batch", number, None, "N", "samples; by default there is no batch axis")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64", help="default float64")
    add("--seed", number, 0, "N", "the same seed draws the same numbers; default 0")
    parser.add_argument("--no-bias", action="store_true", help="without a bias b")
    parser.add_argument("-o", "--output", metavar="FILE", help="by default named after the sizes")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def _add_range(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="first", type=number, default=1, metavar="STEP", help="default 1")
    parser.add_argument(
        "--to", dest="last", type=number, metavar="STEP", help="included; by default the last there is"
    )
    parser.add_argument(
        "--format", choices=("text", "jsonl"), default="text", help="text, or one JSON object per line"
    )


def seconds(text: str) -> float:
    """`2.5` -> 2.5: a time limit."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) or float(text) == 0:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from 0.001 to 999999.999; write it like 10 or 2.5"
        )
    return float(text)


def count(text: str) -> int:
    """`2` -> 2: a count that may be 0."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of up to 9 digits; write it like 0 or 12")
    return int(text)


def size(text: str) -> Pair:
    """`120x40` -> `(120, 40)`: columns and rows of a screen on which the debugger has room."""
    from convstep.view.layout.arrange import LEAST, MOST  # the rooms of view load NumPy

    if not re.fullmatch("[0-9]{1,999}x[0-9]{1,999}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a screen size; write columns x rows, like 120x40")
    columns, rows = map(int, text.split("x"))
    if columns < LEAST[0] or rows < LEAST[1]:
        raise argparse.ArgumentTypeError(
            f"{text} has no room for the panels; use {LEAST[0]}x{LEAST[1]} or more"
        )
    if columns > MOST[0] or rows > MOST[1]:
        raise argparse.ArgumentTypeError(f"{text} is larger than any screen; use {MOST[0]}x{MOST[1]} or less")
    return columns, rows


def steps(text: str) -> tuple[int, int | None]:
    """`12` -> `(12, 12)`, `12:20` -> `(12, 20)`, `12:` -> `(12, None)`, to the end."""
    found = re.fullmatch("([0-9]{1,9})(:([0-9]{1,9})?)?", text)
    if not found:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a range of steps of up to 9 digits; write it like 12, 12:20 or 12:"
        )
    first = int(found[1])
    return first, int(found[3]) if found[3] else None if found[2] else first
