"""Which command is meant, and the page that names them all."""

from __future__ import annotations

import importlib

from convstep.cli.commands import COMMANDS

TYPE_CHECKING = False  # typing costs as much time as starting Python
if TYPE_CHECKING:
    from typing import Any

    from convstep.cli.commands import Command

DEFAULT = ["open", "digit"]
"""What is run without any words."""
_HELP = """\
usage: convstep [COMMAND ...]

Step through the backward pass of a convolution, or of your own function.

new here?
  convstep learn                        learn backward by doing it: lessons
  convstep check FILE.py                check mine: is it right and, if not, why
  convstep                              step the bundled digit; ? explains keys

more:
  convstep open layers.py:f             step any function over NumPy arrays
  convstep open run.npz                 open a layer of a model, kept by capture

commands:
{commands}

options:
  -h, --help  show this help message and exit
  --version   print the version and exit

`convstep COMMAND --help` lists the options of a command."""


def command(name: str) -> Command:
    """One of `COMMANDS`."""
    found: Any = importlib.import_module(f"convstep.cli.commands.{name}")
    return found  # type: ignore[no-any-return]


def help_text() -> str:
    """The page of `convstep --help`."""
    width = max(map(len, COMMANDS))
    lines = (f"  {name:<{width}}  {use}" for name, use in COMMANDS.items())
    return _HELP.format(commands="\n".join(lines))


def unknown(word: str) -> str:
    """The sentence about a word that is no command."""
    import difflib

    from convstep.cli.targets import is_operator
    from convstep.examples import names

    if is_operator(word):
        return f"{word!r} is an operator, not a command; did you mean `convstep open {word}`?"
    if word in names() or word.endswith((".npz", ".pt", ".pth", ".safetensors")):
        return f"{word!r} is a problem, not a command; did you mean `convstep open {word}`?"
    if word.startswith("-"):
        return f"there is no option {word!r} before a command; see `convstep --help`"
    close = difflib.get_close_matches(word.lower(), COMMANDS, n=1)
    meant = f"did you mean `convstep {close[0]}`?" if close else f"the commands are {', '.join(COMMANDS)}"
    return f"there is no command {word!r}; {meant}"
