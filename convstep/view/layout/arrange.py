"""Where the parts of the debugger stand at each screen size: a pure function of sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len

from convstep.view.grid.panel import Panel
from convstep.view.grid.places import SCROLLED_TEXT, Rect, lay_out
from convstep.view.layout.boxes import Plan as Plan
from convstep.view.layout.boxes import (
    across,
    columns_of,
    down,
    least_width,
    natural_height,
    natural_width,
    part,
    row,
)
from convstep.view.layout.columns import STANDARD, Room, below, keys_of, stage_further

LEAST = (60, 16)
"""Columns and lines below which nothing useful fits."""
MOST = (500, 200)
"""Columns and lines beyond which no screen goes; a picture of that takes seconds and 400 MB."""
COMMON = (120, 36)
"""Columns and lines of room on a screen of 120x40: a larger one shows no fewer digits or faces."""
SIDE_FROM = (108, 32)
"""Columns and lines from which source, step and the other panels stand in columns below the stage."""
WIDE_SIDE_FROM = 170
"""Columns from which there is room for further faces."""
MORE = (1, 2, 5)
"""How these share what a wider screen has more."""
LEAST_PANELS = 38
"""Columns of the panels below the stage on a narrower one."""
STAGE = 13
"""Lines that the stage has before those."""
LEAST_LOWER = 2 / 5
"""Part of a high screen that stands below the stage at the least."""
MAP_WIDTH = 40
"""Columns of the map beside the stage at the most."""
MAP_TITLE = 11
"""Columns of that title around the name of the face."""

LEAST_BESIDE = 56
"""Columns of a small screen that a running array leaves to the others, however long its title is."""

SOURCE, CARD, MAP = "source", "card", "map"
"""Keys of the parts that are not panels."""


def arrange(width: int, height: int, panels: Sequence[Panel], tab: str = CARD, maximised: str = "") -> Plan:
    """Give every part its place; the panels are in reading order.

    `tab` is the part to show where several share a place, `maximised` the one to show alone, if any.
    """
    if maximised:
        return Plan({maximised: Rect(0, 0, width, height)})
    if width >= SIDE_FROM[0] and height >= SIDE_FROM[1]:
        return _with_columns(width, height, panels)
    return _with_tabs(width, height, panels, tab)


def _with_columns(width: int, height: int, panels: Sequence[Panel]) -> Plan:
    """The stage above in the full width; source, step and the other panels beside each other below."""
    stage, others = ([panel for panel in panels if panel.stage is large] for large in (True, False))
    upper = _stage_height(height, stage, width)
    mapped, wide = _too_large(stage, width // len(stage), upper), width >= WIDE_SIDE_FROM
    beside = stage_further(stage, width) if wide and not mapped else {}
    faces = [replace(panel, key=key) for panel in stage for key in keys_of(panel.key, beside)]
    chart = [(_map_width(width, stage), part(MAP))] if mapped else []
    source, step = _words_widths(width)
    room = Room(source, step, width - source - step, height - upper)
    usual = STANDARD._replace(lines=COMMON[1] - _stage_height(COMMON[1], stage, COMMON[0]))
    lower, further = below(others, CARD, room, usual, further=wide)
    box = down(
        (upper, across((None, row(faces)), *chart)), (None, across((source, part(SOURCE)), (None, lower)))
    )
    return Plan(box(Rect(0, 0, width, height)), beside=beside | further)


def _map_width(width: int, stage: Sequence[Panel]) -> int:
    """Columns of the map beside the stage: as far as windows keep their digits, and its face is named."""
    windows = (panel.window.right + 1 - panel.window.left if panel.window else 1 for panel in stage)
    kept = [len(str(panel.face.shape[0])) + 3 + columns * (SCROLLED_TEXT + 1)
            for panel, columns in zip(stage, windows, strict=True)]  # fmt: skip
    named = max(cell_len(panel.face.label) for panel in stage) + MAP_TITLE
    liked, left = max(named, min(width // 5, MAP_WIDTH)), width - max(kept) * len(stage)
    return min(liked, left) if left >= named - len("map: ") else liked


def _stage_height(height: int, stage: Sequence[Panel], width: int) -> int:
    """What the stage asks for, as far as source and step are seen below it."""
    asked = max(natural_height(panel, width // len(stage)) for panel in stage)
    return min(asked, height - max(min(STANDARD.lines, height - STAGE), int(height * LEAST_LOWER)))


def _words_widths(width: int) -> tuple[int, int]:
    """Columns of source and step."""
    source, step, panels, _ = STANDARD
    more = width - source - step - panels
    if more >= 0:
        return source + more * MORE[0] // sum(MORE), step + more * MORE[1] // sum(MORE)
    side = width - max(LEAST_PANELS, panels + more)
    source = round(side * source / (source + step))
    return source, side - source


def _too_large(stage: Sequence[Panel], width: int, height: int) -> bool:
    """Whether a face on the stage is far from being seen whole."""
    plans = [lay_out(panel, width - 2, height - 2) for panel in stage]
    return any(plan.width > 1.5 * width or plan.height > 1.5 * height for plan in plans)


def _with_tabs(width: int, height: int, panels: Sequence[Panel], tab: str) -> Plan:
    """The stage above, running arrays below with what is like them, and one place for the rest in turn."""
    stage = [panel for panel in panels if panel.stage]
    upper = _upper_height(height, panels, width // 2)
    others = [panel for panel in panels if not panel.stage]
    columns = columns_of(others, height - upper)
    # where nothing below grows, what the step reads stands there first
    columns = [column for column in columns if any(one.running for one in column)] or columns[:1]
    seen = [panel for column in columns for panel in column]
    large = (MAP,) if _too_large(stage, width // 2, upper) else ()
    tabs = (CARD, SOURCE, *large, *(panel.key for panel in others if panel not in seen))
    shown = tab if tab in tabs else CARD
    kept = [(max(_kept_width(panel, width) for panel in column), row(column)) for column in columns]
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
