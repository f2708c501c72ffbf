"""The commands there are, and the page that names them; each is the file of its name beside this one."""

from __future__ import annotations

from typing import Any, Protocol

COMMANDS = {
    "open": "open a problem in the debugger",
    "new": "draw a random problem and save it",
    "compare": "compare every gradient with an independent source, without a screen",
    "trace": "write steps as text",
    "check": "find out whether your backward is right and, if not, why",
    "debug": "open your backward beside the reference, where the two diverge",
    "learn": "lessons and bug hunts: learn backward by doing it",
    "examples": "list the bundled problems",
    "export": "draw the screen at one or more positions",
    "serve": "show a problem in the browser",
    "help": "read the guide: its topics, or one of them",
}
"""What each command is for."""
DEFAULT = ["open", "digit"]
"""What is run without any words."""
_HELP = """\
usage: convstep [COMMAND ...]

Step through the backward pass of a convolution, on real numbers.

  convstep                              step it: the bundled digit, both ways
  convstep check mine.py:conv_backward  check mine: is it right and, if not, why
  convstep open run.npz                 open a layer of a model, kept by capture

commands:
{commands}

options:
  -h, --help  show this help message and exit
  --version   print the version and exit

`convstep COMMAND --help` lists the options of a command."""


class Command(Protocol):
    """What the file of a command holds."""

    Options: type[Any]
    """A frozen dataclass whose fields are its arguments; see `convstep.cli.arguments`."""

    def run(self, options: Any) -> int:
        """Do it.

        Returns:
            The exit code.

        Raises:
            SentenceError: something that was asked for cannot be; one sentence.
            OSError: a file cannot be read.
        """


def help_text() -> str:
    """The page of `convstep --help`."""
    width = max(map(len, COMMANDS))
    return _HELP.format(commands="\n".join(f"  {name:<{width}}  {use}" for name, use in COMMANDS.items()))


def unknown(word: str) -> str:
    """The sentence about a word that is no command."""
    import difflib

    from convstep.examples import names

    if word in names() or word.endswith((".npz", ".pt", ".pth", ".safetensors")):
        return f"{word!r} is a problem, not a command; did you mean `convstep open {word}`?"
    if word.startswith("-"):
        return f"there is no option {word!r} before a command; see `convstep --help`"
    close = difflib.get_close_matches(word.lower(), COMMANDS, n=1)
    meant = f"did you mean `convstep {close[0]}`?" if close else f"the commands are {', '.join(COMMANDS)}"
    return f"there is no command {word!r}; {meant}"
