"""A row of a survey: one backward, and what became of it, in words and numbers; arrays are not kept."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, Self

from convstep.candidate.load.names import line_words
from convstep.frozen import frozen
from convstep.printable import printable

RIGHT, WRONG = "right", "wrong"
UNCALLED, UNLOADED, UNWRITTEN = "cannot be called", "cannot be loaded", "not written"
UNKNOWN, MISSING, UNCHECKED = "no check", "no backward", "not checked"
VERDICTS = (WRONG, RIGHT, UNCALLED, UNLOADED, UNWRITTEN, UNKNOWN, MISSING, UNCHECKED)
"""What a row can say, in the order in which they are counted."""


@frozen()
class Mistake:
    """A known mistake, explained once for all who made it."""

    title: str = ""
    explanation: str = ""
    wrong: str = ""
    """The lines, as most people write them."""
    right: str = ""
    """The lines as they should be."""


@frozen()
class Row:
    """One backward of a submission."""

    file: str
    """Its file, as the command line can name it."""
    name: str
    """The function or class; "" where the row is about the whole file."""
    verdict: str
    """One of `VERDICTS`."""
    submission: str = ""
    """Whose it is; "" if only one file was looked at."""
    line: int = 0
    """Where it is defined; 0 if unknown."""
    cell: int = 0
    """In which code cell of a notebook, from 1; 0 for a file."""
    operator: str = ""
    """What it is the backward of; "" if unknown."""
    convention: str = ""
    """How it was called."""
    mistakes: tuple[str, ...] = ()
    """What is wrong, ids, the likeliest first."""
    mistake_line: int = 0
    """The line at which it parts from what is right, or raises; 0 if unknown."""
    mistake_cell: int = 0
    """In which code cell that is, from 1; 0 for a file."""
    says: str = ""
    """The verdict in one sentence, or why there is none."""
    mistake: Mistake = Mistake()
    """What the first one is, if it is known."""
    command: tuple[str, ...] = ()
    """The words that open it, without the target: `convstep debug`; none where nothing can be opened."""
    flags: tuple[str, ...] = ()
    """What that command needs after the target."""
    same_as: str = ""
    """The submission whose file holds the same code, so that this one was not checked again."""

    @property
    def target(self) -> str:
        """How the command line names it."""
        return f"{self.file}:{self.name}" if self.name else self.file

    @property
    def opens(self) -> str:
        """The command that opens it; "" where there is nothing to see."""
        if not self.command:
            return ""
        return printable(shlex.join([*self.command, self.target, *self.flags]), None)

    @property
    def place(self) -> str:
        """The line of the mistake, for a sentence: "line 5" or "cell 3, line 5"; "" if unknown."""
        return line_words(self.mistake_line, self.mistake_cell)

    def of(self, submission: str, file: str, same_as: str) -> Row:
        """The same row about a file that holds the same."""
        return replace(self, submission=submission, file=file, same_as=same_as)

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON and `pandas.DataFrame` take it."""
        return {
            "submission": self.submission,
            "file": self.file,
            "function": self.name,
            "cell": self.cell or None,
            "line": self.line or None,
            "operator": self.operator or None,
            "convention": self.convention or None,
            "verdict": self.verdict,
            "mistakes": list(self.mistakes),
            "mistake_cell": self.mistake_cell or None,
            "mistake_line": self.mistake_line or None,
            "says": self.says,
            "command": self.opens or None,
            "same_as": self.same_as or None,
        }

    def packed(self) -> dict[str, Any]:
        """All of it, for another process."""
        return asdict(self)

    @classmethod
    def unpacked(cls, fields: Mapping[str, Any]) -> Self:
        """What `packed` gave, after JSON has made lists of its tuples."""
        tuples = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return cls(**{**fields, **tuples, "mistake": Mistake(**fields["mistake"])})


def counted(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows say what, without those that nothing says."""
    found = Counter(row.verdict for row in rows)
    return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}
