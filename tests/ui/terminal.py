"""A terminal that remembers: what the app has really painted, cell for cell.

Textual repaints regions. A test that asks Textual what the screen looks like gets what Textual
would paint now; only the sum of everything it has sent shows a cell that was forgotten.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from textual._compositor import CompositorUpdate

_TOKENS = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H|\x1b\[(?P<style>[\d;]*)m|(?P<newline>\n)|(?P<text>[^\x1b\n]+)"
)


class Painted(NamedTuple):
    """One cell of a terminal."""

    text: str
    """The character; empty in the second column of a wide one."""
    style: str
    """The SGR parameters it was written with."""


_painted = lru_cache(maxsize=None)(Painted)
"""The same cell for the same look: screens are compared often."""


class Terminal:
    """Takes what the app sends and keeps the screen that a person would see."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], Painted] = {}
        """By (line, column)."""
        self.updates = 0
        """How often something was painted."""
        self.first: dict[tuple[int, int], Painted] = {}
        """What the first of these put there."""
        self.latest: set[tuple[int, int]] = set()
        """What has been painted since somebody emptied this."""
        self._console = Console(color_system="truecolor", force_terminal=True, width=10_000, _environ={})

    def paint(self, update: CompositorUpdate) -> None:
        """Write an update over what there is."""
        self.updates += 1
        line = column = 0
        style = ""
        for token in _TOKENS.finditer(update.render_segments(self._console)):
            if token["row"]:
                line, column = int(token["row"]) - 1, int(token["column"]) - 1
            elif token["style"] is not None:
                style = "" if token["style"] == "0" else token["style"]
            elif token["newline"]:
                line, column = line + 1, 0
            else:
                text = token["text"]
                if cell_len(text) == len(text):
                    places = [(line, at) for at in range(column, column + len(text))]
                    self.cells.update(zip(places, [_painted(one, style) for one in text], strict=True))
                    self.latest.update(places)
                    column += len(text)
                    continue
                for character in text:
                    self.cells[line, column] = _painted(character, style)
                    self.latest.add((line, column))
                    for behind in range(1, cell_len(character)):
                        self.cells[line, column + behind] = _painted("", style)
                    column += cell_len(character)
        if self.updates == 1:
            self.first = dict(self.cells)

    def clear(self) -> None:
        """What a terminal does when it is resized, at worst."""
        self.cells.clear()

    def lines(self, width: int, height: int) -> list[str]:
        """The visible text."""
        blank = Painted(" ", "")
        return [
            "".join(self.cells.get((y, x), blank).text for x in range(width)).rstrip() for y in range(height)
        ]
