"""How sure a verdict is of what it says, and the words in which any verdict says it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from convstep.language import tr

PROVEN, LIKELY, SEEN = "proven", "likely", "seen"
"""How sure a finding is: reproduced in numbers that say something, or watched happening; fits all that
was seen, but that is little, or nothing but exceptions; no more than what there is to see."""
VERBS = {"raised": "raises", "hung": "hangs", "died": "crashes"}
"""By kind of outcome, what a candidate does that returns nothing."""
ENOUGH = 3
"""Problems on which a mistake must show in the candidate's own numbers before it is proven."""
OTHERS = 2
"""Mistakes that are named besides the first because they would explain all that was seen as well."""
WIDTH = 100
"""Columns of a paragraph."""


def count(number: int) -> str:
    """How many problems, in words."""
    return tr("1 problem") if number == 1 else tr("{count} problems", count=number)


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: `dW, db and dA_prev`."""
    *first, last = names
    return tr("{first} and {last}", first=", ".join(first), last=last) if first else last


def wrapped(text: str, indent: str = "") -> list[str]:
    """Wrap a paragraph without breaking shapes or indices."""
    lines = textwrap.wrap(
        re.sub(r"(?<=\d,) (?=\d)", "\N{NO-BREAK SPACE}", text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def patch_lines(wrong: str, right: str) -> list[str]:
    """The lines of a mistake, each under its word."""
    return [
        line
        for word, code in (("wrong", wrong), ("right", right))
        for line in textwrap.indent(code, " " * 11).replace(" " * 11, f"    {word}  ", 1).splitlines()
    ]
