"""Where a lesson's narration stands beside the panels: a pure function of sizes."""

from __future__ import annotations

from convstep.view.arrange import Plan
from convstep.view.grid import Rect

LESSON = "lesson"
"""Key of the narration."""
BESIDE_FROM = 100
"""Columns from which the narration stands beside the panels; below, above them."""
WIDEST = 64
"""Columns of the narration at the most: longer lines are hard to read."""


def narration_room(width: int, height: int, wanted: int = 0) -> Rect:
    """The narration's place.

    Args:
        width: columns of room.
        height: lines of room.
        wanted: columns that the page's code needs, 0 if it has none.
    """
    if width >= BESIDE_FROM:
        columns = max(min(width * 2 // 5, WIDEST), min(wanted + 4, width // 2))
        return Rect(0, 0, columns, height)
    # the panels keep what they need for a window and its frame
    return Rect(0, 0, width, max(min(height * 2 // 5, height - 10), 5))


def panels_room(width: int, height: int, narration: Rect) -> Rect:
    """What the narration leaves to the panels."""
    if width >= BESIDE_FROM:
        return Rect(narration.width, 0, width - narration.width, height)
    return Rect(0, narration.height, width, height - narration.height)


def with_narration(plan: Plan, narration: Rect, room: Rect) -> Plan:
    """The panels' plan, moved to their room, with the narration in it.

    Args:
        plan: of the panels, as if their room were all there is.
        narration: its place.
        room: the panels'.
    """
    places = {
        key: Rect(place.x + room.x, place.y + room.y, place.width, place.height)
        for key, place in plan.places.items()
    }
    return Plan({LESSON: narration, **places}, plan.tabs, plan.shown_tab, plan.beside)
