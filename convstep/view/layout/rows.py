"""Rows of panels of any size: which stand beside and above each other, and how much room each gets."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rich.cells import cell_len

from convstep.frozen import NamedTuple
from convstep.view.grid.panel import Panel
from convstep.view.grid.places import MOST_TEXT, Rect, least_text
from convstep.view.layout.boxes import (
    ENDLESS,
    Box,
    across,
    down,
    filled,
    least_width,
    natural_height,
    part,
    whole_width,
    width_at,
)

LEAST_ROW = 7
"""Lines in which a row that scrolls still says something."""
LEAST_CARD = 2 / 5
"""Part of the height below the panels with which the step stands there, and the source has all the height."""
ENOUGH = 14
"""Lines that a panel asks for at the most before others have theirs."""
ROOMY = 5
"""Columns of a number with which further faces are worth their room."""
LEAST_CAPTIONED = 4
"""Columns of a number down to which the words of titles are worth more than digits."""
BORDERS = 6
"""Columns of a title's border."""


LEAST_PANEL = 3
"""Lines of a panel at the least, border included."""


class Sized(NamedTuple):
    """A panel with the room that it likes to have."""

    key: str
    """The panel's."""
    lines: int
    """With which all its rows are seen."""
    titled: int
    """Columns in which its title is whole, border included."""
    captioned: int
    """The same with the word beside it."""
    columns: tuple[int, ...]
    """Columns that it needs for numbers of 0, 1, 2 ... columns, as far as it does not scroll anyway."""
    whole: tuple[int, ...]
    """Columns in which it does not scroll with such numbers."""

    @classmethod
    def of(cls, panel: Panel) -> Sized:
        """The sizes of a panel."""
        factor = cell_len(panel.factor) + 2 if panel.factor else 0
        gaps = (panel.caption_text, 2), (panel.loop_text, 1)  # as titles have them at the least
        caption = sum(cell_len(word) + gap for word, gap in gaps if word)
        titled = cell_len(panel.face.label) + factor + BORDERS
        texts = [max(one, least_text(panel)) for one in range(MOST_TEXT + 1)]
        return cls(
            panel.key,
            natural_height(panel, ENDLESS),
            titled,
            titled + caption,
            tuple(max(least_width(panel), width_at(panel, text)) for text in texts),
            tuple(whole_width(panel, text) for text in texts),
        )

    def at_least(self, columns: int) -> Sized:
        """The same, but never with fewer columns than so many."""
        return self._replace(columns=tuple(max(one, columns) for one in self.columns))

    def wanted(self, worth: Worth) -> int:
        """Columns with which its title and its numbers are worth so much."""
        return max(self.columns[worth.text], self.titled * worth.titled)


def least_card(height: int) -> int:
    """Lines of the step at the least."""
    return round(height * LEAST_CARD)


class Worth(NamedTuple):
    """How well panels are seen; more is better."""

    titled: bool
    """Whether titles are whole."""
    text: int
    """Columns of a number at the least."""


WORTHS = (*(Worth(True, text) for text in range(MOST_TEXT, 2, -1)), Worth(False, 3))
"""The best first."""
ROOMY_WORTHS = tuple(worth for worth in WORTHS if worth >= Worth(titled=True, text=ROOMY))
"""Those with which further things are worth their room."""
LEAST_WORTH = Worth(titled=False, text=0)
"""Of panels that have no room for more."""


Column = list[Sized]
"""Panels above each other."""
Row = list[Column]
"""Columns beside each other."""


def fitting(panels: Sequence[Sized], width: int, height: int) -> tuple[list[Row], Column, Worth]:
    """Rows of panels, the panels that have no room, and the best that the others can have."""
    above = height - least_card(height)  # the step, too, is worth more than many digits are
    for most, lines, worths in ((above, liked, ROOMY_WORTHS), (height, asked, WORTHS)):
        for worth in worths:
            rows = rows_of(panels, width, worth, ENOUGH)
            if sum(map(lines, rows)) <= most:
                return rows, [], worth
    rows = rows_of(panels, width, LEAST_WORTH, LEAST_ROW)
    most = max(height // LEAST_ROW, 1)
    return rows[:most], [one for row in rows[most:] for column in row for one in column], LEAST_WORTH


def even(panels: Sequence[Sized], rows: list[Row], width: int, worth: Worth) -> list[Row]:
    """As few rows as these, and no higher ones, but all about as wide."""
    low = 0
    while width - low > 1:
        middle = (low + width) // 2
        tried = rows_of(panels, middle, worth, ENOUGH)
        higher = any(sum(map(lines, tried)) > sum(map(lines, rows)) for lines in (asked, liked))
        if len(tried) <= len(rows) and not higher and _fits(tried, middle, worth):
            width, rows = middle, tried
        else:
            low = middle
    return rows


def _fits(rows: Sequence[Row], width: int, worth: Worth) -> bool:
    return all(sum(_needed(row, worth)) <= width for row in rows)


def _needed(row: Row, worth: Worth) -> list[int]:
    """Columns that a row's columns need."""
    return [max(one.wanted(worth) for one in column) for column in row]


def rows_of(panels: Sequence[Sized], width: int, worth: Worth, most: int) -> list[Row]:
    """Panels in reading order, as many in a row as there is room for; the faces of an array stay together.

    What is low stands above each other beside what is high, in so many lines at the most.
    """
    rows, left = list[Row](), 0
    for _, group in itertools.groupby(panels, lambda one: one.key.partition("-")[0]):
        faces = list(group)
        wanted = [min(one.wanted(worth), width) for one in faces]
        if rows and len(faces) == 1:
            column = rows[-1][-1]
            more = wanted[0] - max(min(one.wanted(worth), width) for one in column)
            lines = sum(one.lines for one in column) + faces[0].lines
            if more <= left and lines <= min(asked(rows[-1]), most):
                column += faces
                left -= max(more, 0)
                continue
        if not rows or left < sum(wanted) <= width:
            rows.append([])
            left = width
        for one, columns in zip(faces, wanted, strict=True):
            if columns > left:
                rows.append([])
                left = width
            rows[-1].append([one])
            left -= columns
    return rows


def liked(row: Row) -> int:
    """Lines with which all of a row is seen."""
    return max(sum(one.lines for one in column) for column in row)


def asked(row: Row) -> int:
    """Lines that a row asks for: all of its faces, but no more of large ones than says enough."""
    return min(liked(row), ENOUGH)


def heights_of(rows: Sequence[Row], height: int) -> list[int]:
    """Lines of the rows: what each asks for, then what more the large ones would like."""
    most, found = list(map(liked, rows)), list(map(asked, rows))
    least = [LEAST_PANEL * max(map(len, row)) for row in rows]
    while sum(found) > height:
        spare = [n for n in range(len(rows)) if found[n] > least[n]] or range(len(rows))
        found[max(spare, key=found.__getitem__)] -= 1
    while sum(found) < height and found != most:
        at = min((n for n in range(len(rows)) if found[n] < most[n]), key=lambda n: found[n])
        found[at] += 1
    return found


def row_box(row: Row, worth: Worth) -> Box:
    """A row's columns, and the panels above each other in each of them."""

    def column(panels: Column, height: int) -> Box:
        lines = [one.lines for one in panels] if len(panels) > 1 else [height]
        shares = filled(lines, [1] * len(lines), height)
        return down(*((share, part(one.key)) for share, one in zip(shares, panels, strict=True)))

    def place(room: Rect) -> dict[str, Rect]:
        needed = _captioned(row, worth, room.width) or _needed(row, worth)
        widths = filled(needed, needed, room.width)
        columns = [column(panels, room.height) for panels in row]
        return across(*zip(widths, columns, strict=True))(room)

    return place


def _captioned(row: Row, worth: Worth, width: int) -> list[int]:
    """Columns that show all words of the titles, if need be with fewer digits; empty if there are none."""
    for text in (worth.text, *range(worth.text - 1, LEAST_CAPTIONED - 1, -1)):
        numbers = _needed(row, worth._replace(text=text))
        liked = [max([columns, *(one.captioned for one in column)])
                 for columns, column in zip(numbers, row, strict=True)]  # fmt: skip
        if sum(liked) <= width:
            return liked
    return []
