"""A terminal that remembers: what the app has really painted, cell for cell.

Textual repaints regions. A test that asks Textual what the screen looks like gets what Textual
would paint now; only the sum of everything it has sent shows a cell that was forgotten.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from textual._compositor import CompositorUpdate

_RUNS = re.compile(r"\x1b\[([\d;]*)([mH])([^\x1b]*)")
"""A style or a place, and the text up to the next one."""
NEVER = "\0"
"""The text of a cell that was not painted yet."""


class Painted(NamedTuple):
    """One cell of a terminal."""

    text: str
    """The character; empty in the second column of a wide one."""
    style: str
    """The SGR parameters it was written with."""


class Terminal:
    """Takes what the app sends and keeps the screen that a person would see."""

    def __init__(self) -> None:
        self.updates = 0
        """How often something was painted."""
        # a list for every line: whole runs are written at once
        self._texts: list[list[str]] = []
        self._styles: list[list[str]] = []
        self._first: tuple[list[list[str]], list[list[str]]] = [], []
        self._runs: list[tuple[int, int, int]] = []
        self._console = Console(color_system="truecolor", force_terminal=True, width=10_000, _environ={})

    def paint(self, update: CompositorUpdate) -> None:
        """Write an update over what there is."""
        self.updates += 1
        line = column = 0
        style = ""
        # the reset in front gives text before the first style one of its own
        for parameters, kind, text in _RUNS.findall("\x1b[0m" + update.render_segments(self._console)):
            if kind == "H":
                line, column = (int(one) - 1 for one in parameters.split(";"))
            else:
                style = "" if parameters == "0" else parameters
            for number, part in enumerate(text.split("\n")) if text else ():
                if number:
                    line, column = line + 1, 0
                if part:
                    column = self._write(line, column, part, style)
        if self.updates == 1:
            self._first = [line[:] for line in self._texts], [line[:] for line in self._styles]

    def _write(self, line: int, column: int, text: str, style: str) -> int:
        """Put a text there; the column behind it."""
        characters = list(text)
        if not text.isascii() and cell_len(text) != len(text):
            characters = [part for one in text for part in (one, *[""] * (cell_len(one) - 1))]
        while len(self._texts) <= line:
            self._texts.append([])
            self._styles.append([])
        stop = column + len(characters)
        texts, styles = self._texts[line], self._styles[line]
        if len(texts) < stop:
            missing = stop - len(texts)
            texts += [NEVER] * missing
            styles += [""] * missing
        texts[column:stop] = characters
        styles[column:stop] = [style] * len(characters)
        self._runs.append((line, column, stop))
        return stop

    @property
    def cells(self) -> dict[tuple[int, int], Painted]:
        """All that was ever painted, by (line, column)."""
        return _by_place(self._texts, self._styles)

    @property
    def first(self) -> dict[tuple[int, int], Painted]:
        """What the first update put there."""
        return _by_place(*self._first)

    @property
    def latest(self) -> set[tuple[int, int]]:
        """What has been painted since `forget_latest`, by (line, column)."""
        return {(line, x) for line, start, stop in self._runs for x in range(start, stop)}

    def forget_latest(self) -> None:
        """Count what is painted from now on."""
        self._runs.clear()

    def cell(self, x: int, y: int) -> Painted:
        """One cell; a blank where nothing was painted."""
        if y >= len(self._texts) or x >= len(self._texts[y]) or self._texts[y][x] == NEVER:
            return Painted(" ", "")
        return Painted(self._texts[y][x], self._styles[y][x])

    def shows_the_same(self, other: Terminal) -> bool:
        """Whether a person would see no difference."""
        return self._texts == other._texts and self._styles == other._styles

    def clear(self) -> None:
        """What a terminal does when it is resized, at worst."""
        self._texts.clear()
        self._styles.clear()

    def lines(self, width: int, height: int) -> list[str]:
        """The visible text."""
        shown = [*self._texts, *[[]] * height]
        return [
            "".join(" " if one is NEVER else one for one in texts[:width]).rstrip()
            for texts in shown[:height]
        ]


def _by_place(texts: list[list[str]], styles: list[list[str]]) -> dict[tuple[int, int], Painted]:
    return {
        (y, x): Painted(text, style)
        for y, line in enumerate(zip(texts, styles, strict=True))
        for x, (text, style) in enumerate(zip(*line, strict=True))
        if text != NEVER
    }
