"""The commands: each is a file of its name in this folder."""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs as much time as starting Python
if TYPE_CHECKING:
    from typing import Any, Protocol

COMMANDS = {
    "check": "find out whether your backward is right and, if not, why",
    "compare": "compare every gradient with an independent source, without a screen",
    "debug": "open your backward beside the reference, where the two diverge",
    "examples": "list the bundled problems",
    "export": "draw the screen at positions, or write a page to step in a browser",
    "help": "read the guide: its topics, or one of them",
    "learn": "lessons and bug hunts: learn backward by doing it",
    "new": "make a problem of your sizes and values, and save it",
    "open": "open a problem, an operator or your own function in the debugger",
    "operators": "list the operators, or show one: code, problems, mistakes",
    "power": "find out which known mistakes your own test would let pass",
    "serve": "show a problem in the browser",
    "survey": "check every submission in a folder: which mistakes were made",
    "trace": "write steps as text, or the map of a file of many layers",
}
"""What each is for; here, because the page that names them all would load all that they need."""


if TYPE_CHECKING:

    class Command(Protocol):
        """What the file of a command holds."""

        Options: type[Any]
        """A frozen dataclass whose fields are its arguments; see `convstep.cli.arguments`."""

        def run(self, options: Any) -> int:
            """Do it; the exit code. SentenceError or OSError: something that is asked for cannot be."""
