"""Lines of a width, for Latin and Chinese alike: Chinese has no spaces to break at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

NEVER_FIRST = frozenset("，。、；：？！）】」』》〉”’…—·,.;:?!)]}%")
"""What must not begin a line."""
NEVER_LAST = frozenset("（【「『《〈“‘([{")
"""What must not end a line."""
JOINTS = frozenset("([{.,:=+-*/|&@_")
"""After which a name or a path that is too long is cut, rather than within a word."""
_BEGINS = re.compile(f"(?<= )[^ {re.escape(''.join(filter(str.isascii, NEVER_FIRST)))}]", re.DOTALL)
"""In ASCII, what a line may begin with: what comes after a blank."""
KEEP = "\u00a0"
"""A space at which no line breaks."""


def wrap(text: Text, width: int) -> list[Text]:
    """Break a paragraph without line breaks into lines; a wide character takes two columns.

    >>> [line.plain for line in wrap(Text("反向传播,一步一步 dW += x"), 8)]
    ['反向传', '播,一步', '一步 dW', '+= x']
    """
    return [_line(text, start, end) for start, end in _lines(text.plain, width)]


def wrapped(plain: str, width: int) -> list[str]:
    """The same of a paragraph without styles, in less time."""
    return [plain[start:end].rstrip().replace(KEEP, " ") for start, end in _lines(plain, width)]


class Paragraph:
    """Words for a place whose width is known only when it is drawn.

    Rich's own wrapping would begin a line with a Chinese full stop.
    """

    def __init__(self, words: str | Text, style: str = "") -> None:
        self._text = words if isinstance(words, Text) else Text(words, style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for paragraph in self._text.split("\n", allow_blank=True):
            for line in wrap(paragraph, options.max_width):
                line.end = "\n"
                yield line


def padded(text: str, width: int, *, right: bool = False) -> str:
    """A text with as many blanks as it lacks of a width; a wide character takes two columns."""
    missing = " " * max(width - cell_len(text), 0)
    return missing + text if right else text + missing


def centred(text: str, width: int) -> str:
    """The same with the blanks on both sides.

    >>> centred("之后", 7), centred("after", 8)
    ('  之后 ', ' after  ')
    """
    missing = max(width - cell_len(text), 0)
    left = missing // 2 + (missing & width & 1)  # as `str.center` does
    return " " * left + text + " " * (missing - left)


def _lines(plain: str, width: int) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends."""
    width = max(width, 2)
    start = used = 0
    for first, last in _pieces(plain, width):
        piece = plain[first:last]
        if used + cell_len(piece.rstrip(" ")) > width and first > start:
            yield start, first
            start, used = first, 0
        used += cell_len(piece)
    yield start, len(plain)


def _line(text: Text, start: int, end: int) -> Text:
    line = text[start:end]
    line.rstrip()
    line.plain = line.plain.replace(KEEP, " ")
    line.no_wrap, line.overflow, line.end = True, "crop", ""
    return line


def _pieces(plain: str, width: int) -> Iterator[tuple[int, int]]:
    """What is never broken, each with the spaces behind it; what is too long is cut, at best at a joint."""
    start = 0
    for at in (*_breaks(plain), len(plain)) if plain else ():
        if cell_len(plain[start:at].rstrip(" ")) <= width:
            yield start, at
        else:
            yield from _cut(plain, start, at, width)
        start = at


def _breaks(plain: str) -> Iterator[int]:
    """Where a line may begin, but for the text's beginning."""
    if plain.isascii():
        return (found.start() for found in _BEGINS.finditer(plain, 1))
    return (at for at in range(1, len(plain)) if _may_break(plain[at - 1], plain[at]))


def _cut(plain: str, start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    used, first = 0, start
    for at in range(start, end):
        size = cell_len(plain[at])
        if used + size > width and plain[at] != " ":
            last = at
            while plain[last] in NEVER_FIRST and last > first + 1:
                last -= 1
            if plain[last] in NEVER_FIRST or cell_len(plain[last : at + 1]) > width:
                last = at
            last = _joint(plain, (first + last) // 2, last)
            yield first, last
            first, used = last, cell_len(plain[last:at])
        used += size
    yield first, end


def _joint(plain: str, low: int, high: int) -> int:
    """The last place from `high` down to `low` at which something new begins; `high` if there is none."""
    for at in range(high, low, -1):
        if plain[at - 1] in JOINTS and plain[at] not in NEVER_FIRST and plain[at] not in JOINTS:
            return at
    return high


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two characters."""
    if after == " " or after in NEVER_FIRST:
        return False
    if before == " ":
        return True
    if before in NEVER_LAST or KEEP in (before, after):
        return False
    return cell_len(before) == 2 or cell_len(after) == 2
