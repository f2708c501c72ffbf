"""The command line: `main` runs one command and says how it ended; a command is a file in `commands/`.

What a command needs is imported when it runs: `convstep --version` starts neither NumPy nor Textual. Exit
codes: 0 fine, 1 gradients differ, told or not, or a screen that crashed, 2 bad usage or input, a candidate
that cannot be called, or results that cannot be written (one sentence on stderr), 130 interrupted, 128 + N
ended by signal N.
"""

from __future__ import annotations

import os
import sys

from convstep import waiting
from convstep.cli import console
from convstep.cli.console import BAD_USAGE, CRASHED, FINE, INTERRUPTED, UnsaidError, UsageError

TYPE_CHECKING = False  # typing itself costs as much time as a whole `python -c pass`
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from convstep.cli.commands import Command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, by default the process's own; the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    console.open_standard_files()
    try:
        try:
            code = _run(given)
        except SystemExit as ended:  # argparse, after --help
            code = int(ended.code or 0)
        console.say(code=code)
        return code
    except KeyboardInterrupt:
        console.drop(sys.stdout)
        return INTERRUPTED
    except UnsaidError as unsaid:
        console.drop(sys.stdout)
        if isinstance(unsaid.reason, BrokenPipeError):  # the reader, `head` say, has seen enough
            return unsaid.code
        console.complain(f"the results cannot be written: {unsaid.reason.strerror or unsaid.reason}")
        return unsaid.code or BAD_USAGE
    except Exception as error:
        sentence = console.sentence_of(error)
        if sentence is None:
            raise
        console.flush_or_drop(sys.stdout)
        console.complain(sentence)
        return CRASHED if console.is_crash(error) else BAD_USAGE
    finally:
        console.flush_or_drop(sys.stderr)  # Python would end with a code of its own


def _run(given: list[str]) -> int:
    if given[:1] == ["--version"]:
        console.say(f"convstep {_version()}")
        return FINE
    _check_words(given)
    from convstep.cli.which import help_text

    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a character
    if given[:1] in (["-h"], ["--help"]):
        console.say(help_text())
        return FINE
    from convstep.ending import EndsWhenAsked

    command, options = parse(given)
    with EndsWhenAsked() as ends:
        try:
            return command.run(options)
        finally:
            waiting.wipe()
    console.drop(sys.stdout)
    return ends.code


def parse(given: Sequence[str]) -> tuple[Command, Any]:
    """A command and its options, by default `open digit`; UsageError if they cannot be read."""
    from convstep.cli.arguments import options_of
    from convstep.cli.commands import COMMANDS
    from convstep.cli.which import DEFAULT, command, unknown

    name, *words = given or DEFAULT
    if name not in COMMANDS:
        raise UsageError(unknown(name))
    found = command(name)
    return found, options_of(name, found, words)


def _check_words(given: list[str]) -> None:
    """Refuse what no file can be called and no shell passes on; only a caller in Python can."""
    for word in given:
        try:
            fits = b"\0" not in os.fsencode(word)
        except UnicodeEncodeError:
            fits = False
        if not fits:
            raise UsageError(f"{word!r} holds a character that no argument can have")


def _version() -> str:
    """The version by its metadata's folder: importlib.metadata takes as long as four starts of Python."""
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.startswith("convstep-") and name.endswith(".dist-info"):
                return name.removeprefix("convstep-").removesuffix(".dist-info")
    from importlib.metadata import version

    return version("convstep")
