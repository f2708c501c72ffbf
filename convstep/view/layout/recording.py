"""Where the parts stand for a recorded function: any number of panels of any size beside its source."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

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
    row,
    width_at,
)

SIDE = (32, 60)
"""Columns of the source and the step beside the panels, at the least and at the most."""
TWO_FROM = 76
"""Columns from which source and step stand side by side below the panels."""
LEAST_ROW = 7
"""Lines in which a row that scrolls still says something."""
ENOUGH = 14
"""Lines that a panel asks for at the most before others have theirs."""
ROOMY = 5
"""Columns of a number with which further faces are worth their room."""


def arrange_recording(
    width: int, height: int, panels: Sequence[Panel], tab: str = CARD, maximised: str = ""
) -> Plan:
    """Give every part its place.

    Args:
        width: columns of room.
        height: lines of room.
        panels: the scene's panels, the most important first, without further faces.
        tab: which part to show where several share a place.
        maximised: the one part to show alone, if any.
    """
    room = Rect(0, 0, width, height)
    if maximised:
        return Plan({maximised: room})
    if width < SIDE_FROM[0] or height < SIDE_FROM[1]:
        return _with_tabs(room, panels, tab)
    side = min(max(width * 2 // 5, SIDE[0]), SIDE[1]) if panels else width
    words = down((height // 2, part(SOURCE)), (None, part(CARD)))
    if not panels:
        return Plan(words(room))
    beside = _further(panels, width - side, height) if width >= WIDE_SIDE_FROM else 0
    shown = list(_expanded(panels, beside))
    rows, hidden = _fitting(shown, width - side, height)
    box, tabs, seen = _shared(rows, hidden, tab, height)
    counts = {panel.key: min(beside, panel.choices[0] - 1) for panel in panels}
    return Plan(
        across((side, words), (None, box))(room),
        tabs,
        seen,
        {key: count for key, count in counts.items() if count},
    )


def _with_tabs(room: Rect, panels: Sequence[Panel], tab: str) -> Plan:
    """The stage above, and below it source and step, with the other panels in turn."""
    stage = [panel for panel in panels if panel.stage][:2] or panels[:1]
    if len(stage) == 2 and sum(map(least_width, stage)) > room.width:
        stage = stage[:1]
    others = [panel for panel in panels if panel not in stage]
    apart = room.width >= TWO_FROM and room.height >= LEAST_ROW + LEAST_ROW
    tabs = (CARD, *(() if apart else (SOURCE,)), *(panel.key for panel in others))
    shown = tab if tab in tabs else CARD
    words = across((room.width // 2, part(SOURCE)), (None, part(shown))) if apart else part(shown)
    if stage:
        asked = max(natural_height(panel, room.width // len(stage)) for panel in stage)
        upper = max(min(asked, room.height // 2), min(room.height // 3, LEAST_ROW))
        words = down((upper, row([replace(panel, stage=False) for panel in stage])), (None, words))
    return Plan(words(room), tabs if len(tabs) > 1 else (), shown if len(tabs) > 1 else "")


Rows = list[list[Panel]]


def _fitting(panels: Sequence[Panel], width: int, height: int) -> tuple[Rows, list[Panel]]:
    """Rows of panels with the widest numbers with which all have room, and the panels that have none."""
    for text in range(MOST_TEXT, 2, -1):
        rows = _rows(panels, width, text)
        if sum(map(_asked, rows)) <= height:
            return rows, []
    rows = _rows(panels, width, 0)
    most = max(height // LEAST_ROW, 1)
    return rows[:most], [panel for hidden in rows[most:] for panel in hidden]


def _rows(panels: Sequence[Panel], width: int, text: int) -> Rows:
    """Panels in reading order, as many in a row as there is room for; the faces of an array stay together."""
    rows, left = list[list[Panel]](), 0
    for _, group in itertools.groupby(panels, lambda panel: panel.key.partition("-")[0]):
        faces = list(group)
        wanted = [
            min(max(least_width(panel), width_at(panel, max(text, least_text(panel)))), width)
            for panel in faces
        ]
        if not rows or left < sum(wanted) <= width:
            rows.append([])
            left = width
        for panel, columns in zip(faces, wanted, strict=True):
            if columns > left:
                rows.append([])
                left = width
            rows[-1].append(panel)
            left -= columns
    return rows


def _asked(panels: Sequence[Panel]) -> int:
    """Lines that a row asks for: all of its faces, but no more of large ones than says enough."""
    return min(max(natural_height(panel, 10_000) for panel in panels), ENOUGH)


def _shared(rows: Rows, hidden: list[Panel], tab: str, height: int) -> tuple[Box, tuple[str, ...], str]:
    """The rows above each other; what has no room takes turns with the last panel."""
    tabs = tuple(panel.key for panel in (rows[-1][-1], *hidden)) if hidden else ()
    shown = (tab if tab in tabs else tabs[0]) if tabs else ""
    if tabs:
        seen = next(panel for panel in (rows[-1][-1], *hidden) if panel.key == shown)
        rows = [*rows[:-1], [*rows[-1][:-1], seen]]
    plain = [[replace(panel, stage=False, stack="") for panel in one] for one in rows]
    boxes = [(lines, row(one)) for lines, one in zip(_heights(plain, height), plain, strict=True)]
    return down(*boxes[:-1], (None, boxes[-1][1])), tabs, shown


def _heights(rows: Rows, height: int) -> list[int]:
    """Lines of the rows: what each asks for, then what more the large ones would like, then equal parts."""
    liked = [max(natural_height(panel, 10_000) for panel in one) for one in rows]
    found = [min(lines, ENOUGH) for lines in liked]
    while sum(found) > height:
        found[found.index(max(found))] -= 1
    while sum(found) < height and any(a < b for a, b in zip(found, liked, strict=True)):
        at = min((n for n in range(len(rows)) if found[n] < liked[n]), key=lambda n: found[n])
        found[at] += 1
    return found


def _further(panels: Sequence[Panel], width: int, height: int) -> int:
    """How many further faces of every array there is room for."""
    for number in range(MOST_BESIDE, 0, -1):
        rows = _rows(list(_expanded(panels, number)), width, ROOMY)
        if sum(map(_asked, rows)) <= height:
            return number
    return 0


def _expanded(panels: Sequence[Panel], beside: int) -> Iterator[Panel]:
    """Each panel followed by stand-ins for its further faces."""
    for panel in panels:
        yield panel
        for number in range(1, min(beside, panel.choices[0] - 1) + 1):
            yield replace(panel, key=beside_key(panel.key, number))
