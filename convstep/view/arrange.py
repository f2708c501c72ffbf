"""Where the parts of the debugger stand at each screen size: a pure function of sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from convstep.view.grid import Rect, lay_out
from convstep.view.panel import Panel

LEAST = (60, 16)
"""Columns and lines below which nothing useful fits."""
SIDE_WIDTH = 34
"""Columns of the side with the source and the step, where there is one."""
SIDE_FROM = (108, 32)
"""Columns and lines from which the side stands beside the panels."""
WIDE_SIDE_FROM = 170
"""Columns from which the side is wide enough for matrices next to each other."""
WIDE_SIDE = 54
"""Columns of the side on a wide screen."""

SOURCE, CARD = "source", "card"
"""Keys of the two parts that are not panels."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where every visible part stands."""

    places: dict[str, Rect] = field(default_factory=dict)
    """By key: a panel's, `SOURCE` or `CARD`."""
    tabs: tuple[str, ...] = ()
    """The parts that share one place, in order; empty where all are visible."""
    shown_tab: str = ""
    """Which of them is visible."""


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
    source = min(17, upper)
    places = {
        SOURCE: Rect(0, 0, side, source),
        CARD: Rect(0, source, side, height - source),
    }
    places |= _row([p for p in panels if p.stage], Rect(side, 0, width - side, upper))
    below = Rect(side, upper, width - side, height - upper)
    places |= _row([p for p in panels if not p.stage], below)
    return Plan(places)


def _with_tabs(width: int, height: int, panels: Sequence[Panel], tab: str) -> Plan:
    """The stage above, running arrays below, and one place for the rest in turn."""
    stage = [panel for panel in panels if panel.stage]
    running = [panel for panel in panels if not panel.stage and panel.caption == "running"]
    tabs = (CARD, SOURCE, *(p.key for p in panels if not p.stage and p not in running))
    shown = tab if tab in tabs else CARD
    upper = _upper_height(height, panels, width // 2)
    places = _row(stage, Rect(0, 0, width, upper))
    rest = width
    for panel in running:
        wanted = min(natural_width(panel), width // 4)
        places[panel.key] = Rect(width - rest, upper, wanted, height - upper)
        rest -= wanted
    places[shown] = Rect(width - rest, upper, rest, height - upper)
    return Plan(places, tabs, shown)


def _upper_height(height: int, panels: Sequence[Panel], width: int) -> int:
    """What the stage asks for, but never so much that the lower row has no room."""
    asked = max(_natural_height(panel, width) for panel in panels if panel.stage)
    least = 6 if height < 18 else max(9, height // 3)
    upper: int = max(min(asked, height - least), height // 2)
    return upper


def _row(panels: Sequence[Panel], room: Rect) -> dict[str, Rect]:
    """Panels side by side: an equal share on the stage, otherwise by what each asks for."""
    if not panels:
        return {}
    if all(panel.stage for panel in panels):
        asked = [1] * len(panels)
    else:
        asked = [natural_width(panel) for panel in panels]
    places, x = {}, room.x
    for number, panel in enumerate(panels):
        left_over = room.x + room.width - x
        share = round(left_over * asked[number] / sum(asked[number:]))
        places[panel.key] = Rect(x, room.y, share, room.height)
        x += share
    return places


def natural_width(panel: Panel) -> int:
    """Columns at which the panel shows its numbers in comfort, border included."""
    _, columns = panel.face.values.shape
    comfortable = 7 if columns <= 4 else 4
    labels = len(str(panel.face.values.shape[0])) + 2 if panel.listed else 0
    title = len(panel.face.label) + 4
    return max(labels + columns * (comfortable + 1) + 3, title)


def _natural_height(panel: Panel, width: int) -> int:
    return lay_out(panel, width - 2, 10_000).height + 2
