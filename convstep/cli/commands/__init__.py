"""The commands: each is a file of its name in this folder."""

from __future__ import annotations

from typing import Any, Protocol

COMMANDS = (
    *("check", "compare", "debug", "examples", "export", "help", "learn", "new", "open"),
    *("operators", "power", "serve", "survey", "trace"),
)
"""In the order of the alphabet; to look for the files takes as long as a command that says one line."""


class Command(Protocol):
    """What the file of a command holds."""

    USE: str
    """What it is for, in a line of the page that names them all."""
    Options: type[Any]
    """A frozen dataclass whose fields are its arguments; see `convstep.cli.arguments`."""

    def run(self, options: Any) -> int:
        """Do it, and give the exit code; SentenceError or OSError: something that is asked for cannot be."""
