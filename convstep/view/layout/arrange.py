"""Where the parts of the debugger stand at each screen size: a pure function of sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from convstep.view.grid.panel import Panel, beside_key
from convstep.view.grid.places import Rect, lay_out
from convstep.view.layout.boxes import (
    Box,
    across,
    down,
    least_width,
    natural_height,
    natural_width,
    part,
    row,
    whole_width,
    width_at,
)
from convstep.view.layout.boxes import (
    Plan as Plan,
)
from convstep.view.layout.rows import (
    ENDLESS,
    ENOUGH,
    LEAST_ROW,
    LEAST_WORTH,
    ROOMY,
    ROOMY_WORTHS,
    WORTHS,
    Row,
    Sized,
    Worth,
    asked,
    filled,
    heights_of,
    row_box,
    rows_of,
)

LEAST = (60, 16)
"""Columns and lines below which nothing useful fits."""
MOST = (500, 200)
"""Columns and lines beyond which no screen goes; a picture of that takes seconds and 400 MB."""
SIDE_FROM = (108, 32)
"""Columns and lines from which source, step and the other panels stand in columns below the stage."""
WIDE_SIDE_FROM = 170
"""Columns from which there is room for further faces."""
STANDARD = 120
"""Columns of the common large screen: no larger one shows fewer digits or faces."""
COLUMNS = (42, 33, 45)
"""Columns of source, step and panels below the stage there: the loop whole, and before and after."""
MORE = (1, 2, 5)
"""How these share what a wider screen has more."""
LEAST_PANELS = 38
"""Columns of the panels below the stage on a narrower one."""
LOWER = 23
"""Lines in which the loop stands whole, and three additions with what is before and after."""
STAGE = 13
"""Lines that the stage has before those."""
LEAST_LOWER = 2 / 5
"""Part of a high screen that stands below the stage at the least."""
MAP_WIDTH = (22, 40)
"""Columns of the map beside the stage, at the least and at the most."""

LEAST_BESIDE = 56
"""Columns of a small screen that a running array leaves to the others, however long its title is."""

MOST_BESIDE = 3
"""Further faces of one tensor at the most."""

SOURCE, CARD, MAP = "source", "card", "map"
"""Keys of the parts that are not panels."""


def arrange(width: int, height: int, panels: Sequence[Panel], tab: str = CARD, maximised: str = "") -> Plan:
    """Give every part its place.

    Args:
        width: columns of room.
        height: lines of room.
        panels: the scene's panels in reading order.
        tab: which part to show where several share a place.
        maximised: the one part to show alone, if any.
    """
    if maximised:
        return Plan({maximised: Rect(0, 0, width, height)})
    if width >= SIDE_FROM[0] and height >= SIDE_FROM[1]:
        return _with_columns(width, height, panels)
    return _with_tabs(width, height, panels, tab)


def _with_columns(width: int, height: int, panels: Sequence[Panel]) -> Plan:
    """The stage above in the full width; source, step and the other panels beside each other below."""
    stage = [panel for panel in panels if panel.stage]
    upper = _stage_height(height, stage, width)
    mapped = _too_large(stage, width // len(stage), upper)
    chart = min(max(width // 5, MAP_WIDTH[0]), MAP_WIDTH[1]) if mapped else 0
    beside = {} if mapped or width < WIDE_SIDE_FROM else _stage_neighbours(stage, width)
    above = across((None, row(_expanded(stage, beside))), *([(chart, part(MAP))] if mapped else []))
    source, step = _side_widths(width)
    others = [panel for panel in panels if not panel.stage]
    wide = width >= WIDE_SIDE_FROM
    below, further = _below(others, width - source - step, height - upper, wide=wide)
    words = across((source, part(SOURCE)), (step, part(CARD)), (None, below))
    return Plan(down((upper, above), (None, words))(Rect(0, 0, width, height)), beside=beside | further)


def _stage_height(height: int, stage: Sequence[Panel], width: int) -> int:
    """What the stage asks for, as far as source and step are seen below it."""
    asked = max(natural_height(panel, width // len(stage)) for panel in stage)
    return min(asked, height - max(min(LOWER, height - STAGE), int(height * LEAST_LOWER)))


def _side_widths(width: int) -> tuple[int, int]:
    """Columns of source and step."""
    source, step, panels = COLUMNS
    more = width - sum(COLUMNS)
    if more >= 0:
        return source + more * MORE[0] // sum(MORE), step + more * MORE[1] // sum(MORE)
    side = width - max(LEAST_PANELS, panels + more)
    source = round(side * source / (source + step))
    return source, side - source


def _stage_neighbours(stage: Sequence[Panel], width: int) -> dict[str, int]:
    """How many further faces stand beside each panel of the stage, as many for all."""
    usual = {panel.key: _text(panel, STANDARD // len(stage)) for panel in stage}
    most = min(MOST_BESIDE, *(panel.choices[0] - 1 for panel in stage))
    for number in range(most, 0, -1):
        each = width // (len(stage) * (number + 1))
        if all(whole_width(panel, max(usual[panel.key], ROOMY)) <= each for panel in stage):
            return {panel.key: number for panel in stage}
    return {}


def _text(panel: Panel, width: int) -> int:
    """Columns of a number in a panel so wide."""
    return lay_out(panel, width - 2, ENDLESS).text


def _below(panels: Sequence[Panel], width: int, height: int, *, wide: bool) -> tuple[Box, dict[str, int]]:
    """The panels below the stage in rows, what is read before what is written, and their further faces."""
    ordered = sorted(panels, key=lambda panel: (panel.running, bool(panel.stack) != panel.running))
    sized = [Sized.of(panel) for panel in ordered]
    if width > COLUMNS[-1] and height >= LOWER:
        places = _box(_rows(sized, COLUMNS[-1], LOWER), LOWER)(Rect(0, 0, COLUMNS[-1], LOWER))
        usual = (min(width_at(p, _text(p, places[p.key].width)), COLUMNS[-1]) for p in ordered)
        sized = [one.at_least(columns) for one, columns in zip(sized, usual, strict=True)]
    shown, beside = _rows(sized, width, height), dict[str, int]()
    for number in range(1, MOST_BESIDE + 1) if wide else ():
        for group in {panel.stack or panel.key: panel for panel in ordered}:
            more = {p.key: number for p in ordered if (p.stack or p.key) == group and p.choices[0] > number}
            keys = _keys([one.key for one in sized], beside | more)
            tried = _rows([replace(one, key=key) for one in sized for key in keys[one.key]], width, height)
            if more and tried[1] in ROOMY_WORTHS and _together(tried[0]):
                shown, beside = tried, beside | more
    return _box(shown, height), beside


def _rows(panels: Sequence[Sized], width: int, height: int) -> tuple[list[Row], Worth]:
    """Rows of panels, and the best with which all of them have room."""
    for worth in WORTHS:
        rows = rows_of(panels, width, worth, ENOUGH)
        if sum(map(asked, rows)) <= height:
            return rows, worth
    return rows_of(panels, width, LEAST_WORTH, LEAST_ROW), LEAST_WORTH


def _box(shown: tuple[list[Row], Worth], height: int) -> Box:
    rows, worth = shown
    heights = heights_of(rows, height)
    heights = filled(heights, [1] * len(heights), height)
    return down(*((lines, row_box(one, worth)) for lines, one in zip(heights, rows, strict=True)))


def _together(rows: Sequence[Row]) -> bool:
    """Whether all faces of an array stand in one row."""
    where = [{one.key.partition("-")[0] for column in row for one in column} for row in rows]
    return sum(map(len, where)) == len(set[str]().union(*where))


def _too_large(stage: Sequence[Panel], width: int, height: int) -> bool:
    """Whether a face on the stage is far from being seen whole."""
    plans = [lay_out(panel, width - 2, height - 2) for panel in stage]
    return any(plan.width > 1.5 * width or plan.height > 1.5 * height for plan in plans)


def _expanded(panels: Sequence[Panel], beside: Mapping[str, int]) -> list[Panel]:
    """Each panel followed by stand-ins for its further faces, which are of the same size."""
    keys = _keys([panel.key for panel in panels], beside)
    return [replace(panel, key=key) for panel in panels for key in keys[panel.key]]


def _keys(panels: Sequence[str], beside: Mapping[str, int]) -> dict[str, list[str]]:
    """Those of each panel and of its further faces."""
    return {key: [key, *(beside_key(key, n + 1) for n in range(beside.get(key, 0)))] for key in panels}


def _with_tabs(width: int, height: int, panels: Sequence[Panel], tab: str) -> Plan:
    """The stage above, running arrays below, and one place for the rest in turn."""
    stage = [panel for panel in panels if panel.stage]
    running = [panel for panel in panels if not panel.stage and panel.running]
    upper = _upper_height(height, panels, width // 2)
    large = (MAP,) if _too_large(stage, width // 2, upper) else ()
    tabs = (CARD, SOURCE, *large, *(p.key for p in panels if not p.stage and p not in running))
    shown = tab if tab in tabs else CARD
    kept = [(_kept_width(panel, width), part(panel.key)) for panel in running]
    rows = down((upper, row(stage)), (None, across(*kept, (None, part(shown)))))
    return Plan(rows(Rect(0, 0, width, height)), tabs, shown)


def _kept_width(panel: Panel, width: int) -> int:
    """Columns of a running array on a small screen."""
    most = max(width // 4, min(least_width(panel), width - LEAST_BESIDE))
    return min(natural_width(panel), most)


def _upper_height(height: int, panels: Sequence[Panel], width: int) -> int:
    """What the stage asks for, but never so much that the lower row has no room."""
    asked = max(natural_height(panel, width) for panel in panels if panel.stage)
    least = 6 if height < 18 else max(9, height // 3)
    upper: int = max(min(asked, height - least), height // 2)
    return upper
