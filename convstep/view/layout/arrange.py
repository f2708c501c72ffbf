"""Where the parts of the debugger stand at each screen size: a pure function of sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convstep.view.grid.panel import Panel, beside_key
from convstep.view.grid.places import Rect, lay_out, least_text
from convstep.view.layout.boxes import (
    Plan as Plan,
)
from convstep.view.layout.boxes import (
    across,
    down,
    least_width,
    natural_height,
    natural_width,
    part,
    row,
    width_at,
)

LEAST = (60, 16)
"""Columns and lines below which nothing useful fits."""
MOST = (500, 200)
"""Columns and lines beyond which no screen goes; a picture of that takes seconds and 400 MB."""
SIDE_WIDTH = 32
"""Columns of the side with the source and the step, where there is one."""
SIDE_FROM = (108, 32)
"""Columns and lines from which the side stands beside the panels."""
WIDE_SIDE_FROM = 170
"""Columns from which the side is wide enough for matrices next to each other."""
WIDE_SIDE = 54
"""Columns of the side on a wide screen."""

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
        return _with_side(width, height, panels)
    return _with_tabs(width, height, panels, tab)


def _with_side(width: int, height: int, panels: Sequence[Panel]) -> Plan:
    side = WIDE_SIDE if width >= WIDE_SIDE_FROM else SIDE_WIDTH
    upper = _upper_height(height, panels, (width - side) // 2)
    stage = [panel for panel in panels if panel.stage]
    mapped = _too_large(stage, (width - side) // 2, upper)
    source = 14 if mapped else min(17, upper)
    card = max((height - source) * 2 // 5, 9) if mapped else None
    words = down((source, part(SOURCE)), (card, part(CARD)), *([(None, part(MAP))] if mapped else []))
    below = [panel for panel in panels if not panel.stage]
    beside: dict[str, int] = {}
    if width >= WIDE_SIDE_FROM:
        beside = _neighbours(stage, width - side) | _neighbours(below, width - side)
    rows = down((upper, row(_expanded(stage, beside))), (None, row(_expanded(below, beside))))
    return Plan(across((side, words), (None, rows))(Rect(0, 0, width, height)), beside=beside)


def _too_large(stage: Sequence[Panel], width: int, height: int) -> bool:
    """Whether a face on the stage is far from being seen whole."""
    plans = [lay_out(panel, width - 2, height - 2) for panel in stage]
    return any(plan.width > 1.5 * width or plan.height > 1.5 * height for plan in plans)


def _neighbours(panels: Sequence[Panel], room: int) -> dict[str, int]:
    """How many further faces fit beside each panel, the same number for all that belong together."""
    found: dict[str, int] = {}
    groups: dict[str, list[Panel]] = {}
    for panel in panels:
        groups.setdefault("stage" if panel.stage else panel.stack or panel.key, []).append(panel)
    widths = {
        name: max(width_at(panel, least_text(panel) + 1) for panel in members)
        * (len(members) if name == "stage" else 1)
        for name, members in groups.items()
    }
    used = sum(max(widths[name], max(map(least_width, groups[name]))) for name in groups)
    for number in range(1, MOST_BESIDE + 1):
        # the widest first: a large face says more than a small one
        for name in sorted(groups, key=lambda name: -widths[name]):
            members = groups[name]
            if min(panel.choices[0] for panel in members) > number and used + widths[name] <= room:
                used += widths[name]
                found |= {panel.key: number for panel in members}
    return found


def _expanded(panels: Sequence[Panel], beside: dict[str, int]) -> list[Panel]:
    """Each panel followed by stand-ins for its further faces, which are of the same size."""
    found = []
    for panel in panels:
        found.append(panel)
        for number in range(1, beside.get(panel.key, 0) + 1):
            stack = f"{panel.stack}-{number}" if panel.stack else ""
            found.append(replace(panel, key=beside_key(panel.key, number), stack=stack))
    return found


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
