"""Where a lesson's narration stands beside the panels: a pure function of sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convstep.view.grid.panel import Panel
from convstep.view.grid.places import Rect
from convstep.view.layout.arrange import CARD, SOURCE
from convstep.view.layout.boxes import ENDLESS, Plan, down, least_width, natural_height, part, row

LESSON = "lesson"
"""Key of the narration."""
BESIDE_FROM = 100
"""Columns from which the narration stands beside the panels; below, above them."""
AROUND = 5
"""Columns around the text: the border, its padding, and one for the scroll bar."""
LEAST_PANELS = 10
"""Lines of the panels below the narration: a window and its frame."""
LEAST_CARD = 8
"""Lines of the step below all the panels, at the least."""
ROOMY = 2
"""Empty lines that a row of panels gets at the most."""
WIDEST = 64
"""Columns of the narration at the most: longer lines are hard to read."""


def narration_room(width: int, height: int, wanted: int = 0) -> Rect:
    """The narration's place; the page's code needs the columns `wanted`, 0 if it has none."""
    if width >= BESIDE_FROM:
        columns = max(min(width * 2 // 5, WIDEST), min(wanted + AROUND, width // 2))
        return Rect(0, 0, columns, height)
    return Rect(0, 0, width, max(min(height * 2 // 5, height - LEAST_PANELS), 5))


def panels_room(width: int, height: int, narration: Rect) -> Rect:
    """What the narration leaves to the panels."""
    if width >= BESIDE_FROM:
        return Rect(narration.width, 0, width - narration.width, height)
    return Rect(0, narration.height, width, height - narration.height)


def arrange_all(width: int, height: int, panels: Sequence[Panel], tab: str) -> Plan | None:
    """Every panel at once, for the small tensors of most lessons; None where they do not fit.

    The tab says which of step and source to show in the place that is left.
    """
    stage = [panel for panel in panels if panel.stage]
    below = [replace(panel, stack="") for panel in panels if not panel.stage]
    upper = max(natural_height(panel, width // max(len(stage), 1)) for panel in stage)
    lower = max(natural_height(panel, ENDLESS) for panel in below)
    fits = sum(map(least_width, below)) <= width and max(map(least_width, stage)) <= width // len(stage)
    rest = height - upper - lower
    if not fits or rest < LEAST_CARD:
        return None
    more = min((rest - LEAST_CARD) // 3, ROOMY)
    upper, lower = upper + more, lower + more
    shown = SOURCE if tab == SOURCE else CARD
    rows = down((upper, row(stage)), (lower, row(below)), (None, part(shown)))
    return Plan(rows(Rect(0, 0, width, height)), (CARD, SOURCE), shown)


def for_marking(plan: Plan, panel: Panel, width: int, height: int) -> Plan:
    """The same plan, or where the room is low, all of it for the panel whose cells are marked."""
    place = plan.places.get(panel.key)
    if height >= LEAST_PANELS or (place and natural_height(panel, place.width) <= place.height):
        return plan
    return Plan({panel.key: Rect(0, 0, width, height)})


def with_narration(plan: Plan, narration: Rect, room: Rect) -> Plan:
    """The panels' plan, made as if their room were all there is, moved there, with the narration."""
    places = {
        key: Rect(place.x + room.x, place.y + room.y, place.width, place.height)
        for key, place in plan.places.items()
    }
    return Plan({LESSON: narration, **places}, plan.tabs, plan.shown_tab, plan.beside)
