"""Where the parts stand for a recorded function: any number of panels of any size beside its source."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import ge
from typing import NamedTuple

from rich.cells import cell_len

from convstep.view.grid.panel import Panel, beside_key
from convstep.view.grid.places import MOST_TEXT, Rect, least_text
from convstep.view.layout.arrange import CARD, MOST_BESIDE, SIDE_FROM, SOURCE, WIDE_SIDE_FROM
from convstep.view.layout.boxes import (
    Box,
    Plan,
    across,
    down,
    least_width,
    natural_height,
    part,
    width_at,
)

SIDE = (32, 60)
"""Columns of the source and the step beside the panels, at the least and at the most."""
NOTES = 30
"""Columns beside the longest line of the source that its notes like to have, where nobody else needs them."""
TWO_FROM = 76
"""Columns from which source and step stand side by side below the panels."""
LEAST_ROW = 7
"""Lines in which a row that scrolls still says something."""
LEAST_CARD = 2 / 5
"""Part of the height below the panels with which the step stands there, and the source has all the height."""
ENOUGH = 14
"""Lines that a panel asks for at the most before others have theirs."""
ROOMY = 5
"""Columns of a number with which further faces are worth their room."""
ENDLESS = 10_000
"""Lines of room that no face fills."""
BORDERS = 4
"""Columns of a title's border."""


def arrange_recording(
    width: int,
    height: int,
    panels: Sequence[Panel],
    tab: str = CARD,
    maximised: str = "",
    source: tuple[int, int] = (0, 0),
) -> Plan:
    """Give every part its place.

    Args:
        width: columns of room.
        height: lines of room.
        panels: the scene's panels, the most important first, without further faces.
        tab: which part to show where several share a place.
        maximised: the one part to show alone, if any.
        source: columns and lines in which the source would be seen whole, without its border.
    """
    room = Rect(0, 0, width, height)
    if maximised:
        return Plan({maximised: room})
    if width < SIDE_FROM[0] or height < SIDE_FROM[1]:
        return _with_tabs(room, panels, tab)
    if not panels:
        return Plan(down((height // 2, part(SOURCE)), (None, part(CARD)))(room))
    least = min(max(width * 2 // 5, SIDE[0]), SIDE[1])
    beside = _further(panels, width - least, height) if width >= WIDE_SIDE_FROM else 0
    shown = [_Sized.of(panel) for panel in _expanded(panels, beside)]
    side = _side(shown, least, room, source[0])
    rows, hidden, worth = _fitting(shown, width - side, height)
    rows = rows if hidden else _even(shown, rows, width - side, worth)
    tabs: tuple[str, ...] = ()
    if hidden:
        turning = [*rows[-1].pop(), *hidden]
        tabs = tuple(one.key for one in turning)
        tab = tab if tab in tabs else tabs[0]
        rows[-1].append([one for one in turning if one.key == tab])
    counts = {panel.key: min(beside, panel.choices[0] - 1) for panel in panels}
    heights = _heights(rows, height)
    below = sum(heights) + _card(height) <= height
    if not below:
        heights = _filled(heights, [1] * len(heights), height)
    boxes = [(lines, _row(one, worth)) for lines, one in zip(heights, rows, strict=True)]
    if below:
        parts = across((side, part(SOURCE)), (None, down(*boxes, (None, part(CARD)))))
    else:
        # the numbers need the height: source and step share theirs
        upper = max(height // 2, min(source[1] + 2, height - _card(height)))
        parts = across((side, down((upper, part(SOURCE)), (None, part(CARD)))), (None, down(*boxes)))
    shown_tab = tab if tabs else ""
    return Plan(parts(room), tabs, shown_tab, {key: count for key, count in counts.items() if count})


@dataclass(frozen=True, slots=True)
class _Sized:
    """A panel with the room that it likes to have."""

    key: str
    """The panel's."""
    lines: int
    """With which all its rows are seen."""
    titled: int
    """Columns in which its title is whole, border included."""
    columns: tuple[int, ...]
    """Columns that it needs for numbers of 0, 1, 2 ... columns."""

    @classmethod
    def of(cls, panel: Panel) -> _Sized:
        """The sizes of a panel."""
        factor = cell_len(panel.factor) + 2 if panel.factor else 0
        least, text = least_width(panel), least_text(panel)
        columns = tuple(max(least, width_at(panel, max(one, text))) for one in range(MOST_TEXT + 1))
        return cls(
            panel.key,
            natural_height(panel, ENDLESS),
            cell_len(panel.face.label) + factor + BORDERS,
            columns,
        )

    def wanted(self, worth: _Worth) -> int:
        """Columns with which its title and its numbers are worth so much."""
        return max(self.columns[worth.text], self.titled * worth.titled)


def _card(height: int) -> int:
    """Lines of the step at the least."""
    return round(height * LEAST_CARD)


class _Worth(NamedTuple):
    """How well panels are seen; more is better."""

    titled: bool
    """Whether titles are whole."""
    text: int
    """Columns of a number at the least."""


WORTHS = (*(_Worth(True, text) for text in range(MOST_TEXT, 2, -1)), _Worth(False, 3))
"""The best first."""
ROOMY_WORTHS = tuple(worth for worth in WORTHS if worth >= _Worth(titled=True, text=ROOMY))
"""Those with which further things are worth their room."""
LEAST_WORTH = _Worth(titled=False, text=0)
"""Of panels that have no room for more."""


def _side(panels: Sequence[_Sized], least: int, room: Rect, columns: int) -> int:
    """Columns of the side: as many as the source likes, as far as that takes nothing from the numbers."""

    def seen(side: int, enough: int) -> tuple[int, bool, int, bool]:
        rows, hidden, worth = _fitting(panels, room.width - side, room.height)
        below = sum(_heights(rows, room.height)) + _card(room.height) <= room.height
        return -len(hidden), worth.titled, min(worth.text, enough), below

    def widest(most: int, least: int, enough: int) -> int:
        wanted = seen(least, enough)
        while most - least > 1:
            middle = (most + least) // 2
            if all(map(ge, seen(middle, enough), wanted)):
                least = middle
            else:
                most = middle
        return least

    # whole lines are worth more than many digits are, and notes beside them are not
    most = room.width * 3 // 5
    whole = widest(min(most, columns + 2) + 1, least, ROOMY)
    return widest(min(most, columns + NOTES + 2) + 1, whole, MOST_TEXT)


def _with_tabs(room: Rect, panels: Sequence[Panel], tab: str) -> Plan:
    """The stage and what fits beside it above, and below source and step, with the other panels in turn."""
    shown, worth = _beside_stage(panels, room)
    upper = [one.key for column in shown for one in column]
    apart = room.width >= TWO_FROM and room.height >= LEAST_ROW + LEAST_ROW
    tabs = (CARD, *(() if apart else (SOURCE,)), *(one.key for one in panels if one.key not in upper))
    seen = tab if tab in tabs else CARD
    words = across((room.width // 2, part(SOURCE)), (None, part(seen))) if apart else part(seen)
    if shown:
        lines = max(min(_liked(shown), room.height // 2), _least_upper(room))
        words = down((lines, _row(shown, worth)), (None, words))
    return Plan(words(room), tabs if len(tabs) > 1 else (), seen if len(tabs) > 1 else "")


def _least_upper(room: Rect) -> int:
    """Lines of the row above source and step at the least."""
    return min(room.height // 3, LEAST_ROW)


def _beside_stage(panels: Sequence[Panel], room: Rect) -> tuple[Row, _Worth]:
    """A row with the stage and what else fits into it without making it higher."""
    sized = {panel.key: _Sized.of(panel) for panel in panels}
    kept = [panel.key for panel in panels if panel.stage][:2] or list(sized)[:1]
    if sum(sized[key].wanted(LEAST_WORTH) for key in kept) > room.width:
        kept = kept[:1]

    def row(keys: Sequence[str], worth: _Worth, most: int) -> Row | None:
        rows = _rows([one for key, one in sized.items() if key in keys], room.width, worth, most)
        return rows[0] if len(rows) == 1 else None

    found = ((worth, row(kept, worth, 0)) for worth in (*WORTHS, LEAST_WORTH))
    worth, shown = next(((worth, row) for worth, row in found if row), (LEAST_WORTH, []))
    enough = worth._replace(text=min(worth.text, ROOMY))
    lines = max(_liked(shown), _least_upper(room)) if shown else 0
    for key in sized:
        tried = row([*kept, key], enough, min(lines, room.height // 2))
        if key not in kept and tried and _liked(tried) <= lines:
            kept, shown, worth = [*kept, key], tried, enough
    return shown, worth


Column = list[_Sized]
"""Panels above each other."""
Row = list[Column]
"""Columns beside each other."""


def _fitting(panels: Sequence[_Sized], width: int, height: int) -> tuple[list[Row], Column, _Worth]:
    """Rows of panels, the panels that have no room, and the best that the others can have."""
    above = height - _card(height)  # the step, too, is worth more than many digits are
    for most, lines, worths in ((above, _liked, ROOMY_WORTHS), (height, _asked, WORTHS)):
        for worth in worths:
            rows = _rows(panels, width, worth, ENOUGH)
            if sum(map(lines, rows)) <= most:
                return rows, [], worth
    rows = _rows(panels, width, LEAST_WORTH, LEAST_ROW)
    most = max(height // LEAST_ROW, 1)
    return rows[:most], [one for row in rows[most:] for column in row for one in column], LEAST_WORTH


def _even(panels: Sequence[_Sized], rows: list[Row], width: int, worth: _Worth) -> list[Row]:
    """As few rows as these, and no higher ones, but all about as wide."""
    low = 0
    while width - low > 1:
        middle = (low + width) // 2
        tried = _rows(panels, middle, worth, ENOUGH)
        higher = any(sum(map(lines, tried)) > sum(map(lines, rows)) for lines in (_asked, _liked))
        if len(tried) <= len(rows) and not higher and _fits(tried, middle, worth):
            width, rows = middle, tried
        else:
            low = middle
    return rows


def _fits(rows: Sequence[Row], width: int, worth: _Worth) -> bool:
    return all(sum(_needed(row, worth)) <= width for row in rows)


def _needed(row: Row, worth: _Worth) -> list[int]:
    """Columns that a row's columns need."""
    return [max(one.wanted(worth) for one in column) for column in row]


def _rows(panels: Sequence[_Sized], width: int, worth: _Worth, most: int) -> list[Row]:
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
            if more <= left and lines <= min(_asked(rows[-1]), most):
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


def _liked(row: Row) -> int:
    """Lines with which all of a row is seen."""
    return max(sum(one.lines for one in column) for column in row)


def _asked(row: Row) -> int:
    """Lines that a row asks for: all of its faces, but no more of large ones than says enough."""
    return min(_liked(row), ENOUGH)


def _heights(rows: Sequence[Row], height: int) -> list[int]:
    """Lines of the rows: what each asks for, then what more the large ones would like."""
    liked, found = list(map(_liked, rows)), list(map(_asked, rows))
    while sum(found) > height:
        found[found.index(max(found))] -= 1
    while sum(found) < height and found != liked:
        at = min((n for n in range(len(rows)) if found[n] < liked[n]), key=lambda n: found[n])
        found[at] += 1
    return found


def _row(row: Row, worth: _Worth) -> Box:
    """A row's columns, and the panels above each other in each of them."""

    def column(panels: Column, height: int) -> Box:
        lines = [one.lines for one in panels] if len(panels) > 1 else [height]
        shares = _filled(lines, [1] * len(lines), height)
        return down(*((share, part(one.key)) for share, one in zip(shares, panels, strict=True)))

    def place(room: Rect) -> dict[str, Rect]:
        needed = _needed(row, worth)
        while sum(needed) > room.width:  # too much for everybody: the widest, which scrolls anyway, gives way
            needed[needed.index(max(needed))] -= 1
        widths = _filled(needed, needed, room.width)
        columns = [column(panels, room.height) for panels in row]
        return across(*zip(widths, columns, strict=True))(room)

    return place


def _filled(lengths: Sequence[int], parts: Sequence[int], room: int) -> list[int]:
    """Lengths that fill a room: what is left over is given to all by their parts."""
    spare, found = room - sum(lengths), []
    for number, length in enumerate(lengths):
        extra = round(spare * parts[number] / sum(parts[number:]))
        found.append(length + extra)
        spare -= extra
    return found


def _further(panels: Sequence[Panel], width: int, height: int) -> int:
    """How many further faces of every array there is room for."""
    for number in range(MOST_BESIDE, 0, -1):
        shown = [_Sized.of(panel) for panel in _expanded(panels, number)]
        rows = _rows(shown, width, _Worth(titled=False, text=ROOMY), ENOUGH)
        if sum(map(_asked, rows)) <= height:
            return number
    return 0


def _expanded(panels: Sequence[Panel], beside: int) -> Iterator[Panel]:
    """Each panel followed by stand-ins for its further faces."""
    for panel in panels:
        yield panel
        for number in range(1, min(beside, panel.choices[0] - 1) + 1):
            yield replace(panel, key=beside_key(panel.key, number))
