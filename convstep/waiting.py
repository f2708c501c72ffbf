"""The line a terminal shows while nothing can be drawn yet, wiped before anything else is written.

Loads nothing: it stands before NumPy and Textual, which are most of what a person waits for. A line
that a script has begun itself stays: the cursor goes back to where it was.
"""

from __future__ import annotations

import os

from convstep.printable import printable

TYPE_CHECKING = False  # typing costs as much time as starting Python
if TYPE_CHECKING:
    from typing import TextIO

_HERE, _BACK = "\x1b7", "\x1b8\x1b[J"
_words = ""
_terminal: TextIO | None = None


def say(words: str, terminal: TextIO | None) -> None:
    """Show words in a line of a terminal that knows escape codes, in place of the previous ones."""
    global _words, _terminal
    wipe()
    if terminal is None or os.environ.get("TERM", "dumb") == "dumb":
        return
    try:
        columns = os.get_terminal_size(terminal.fileno()).columns
    except (OSError, ValueError):  # it has no size: nobody looks at it
        return
    shown = printable(words)
    while shown and columns_of(shown) >= columns:
        shown = shown[:-1]
    _words, _terminal = shown, terminal
    terminal.write(f"{_HERE}{shown}")
    terminal.flush()


def columns_of(text: str) -> int:
    """How wide a text is: Chinese takes two columns a character."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def wipe() -> str:
    """Take the words away, if there are any, and return them."""
    global _words, _terminal
    words, terminal = _words, _terminal
    _words, _terminal = "", None
    if terminal is not None:
        terminal.write(_BACK)
        terminal.flush()
    return words
