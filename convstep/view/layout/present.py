"""Where the panels stand in front of a class: few, as large as the screen allows, nothing around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convstep.view.grid.panel import Panel
from convstep.view.grid.places import Rect, lay_out
from convstep.view.layout.boxes import ENDLESS, Plan, down, equally, least_width, natural_height, row
from convstep.view.layout.rows import LEAST_ROW
from convstep.view.numbers.big_digits import LINES

BORDER = 2
"""Lines of a panel's border."""
BANNER_FROM = 24
"""Lines of a screen on which the value that the step takes is written in big digits below the panels."""


def sentence_lines(height: int) -> int:
    """How many lines of a screen the step takes below the panels: those of big digits, or one."""
    return LINES if height >= BANNER_FROM else 1


def arrange_presented(width: int, height: int, panels: Sequence[Panel], maximised: str = "") -> Plan:
    """The stage above, and below it as many of the other panels as there is room for; see `arrange`."""
    if maximised:
        return Plan({maximised: Rect(0, 0, width, height)})
    stage = [panel for panel in panels if panel.stage]
    below = [replace(panel, stack="") for panel in panels if not panel.stage]
    below = _as_many_as_fit(below, width)
    upper = _upper(stage, below, width, height)
    lower = [(None, row(below))] if upper < height else []
    return Plan(down((upper, row(stage)), *lower)(Rect(0, 0, width, height)))


def present_rows(
    width: int, height: int, rows: Sequence[Sequence[Panel]], first: int, maximised: str = ""
) -> Plan:
    """Rows of panels that belong together, the first of them with big numbers if it can have them.

    `first` says which row comes first, `maximised` is the one part to show alone, if any.
    """
    if maximised:
        return Plan({maximised: Rect(0, 0, width, height)})
    left, heights = height, dict.fromkeys(range(len(rows)), 0)
    for number in sorted(heights, key=lambda number: number != first):
        row = rows[number]
        wishes = (*_big_heights(row, width // len(row)), max(natural_height(p, width) for p in row))
        fitting = [wish for wish in wishes if wish <= left]
        if fitting or left >= LEAST_ROW:
            heights[number] = fitting[0] if fitting else left
            left -= heights[number]
    heights[first] += left
    ordered = sorted(heights, key=lambda number: number != first)
    seen = [(heights[number], equally(rows[number])) for number in ordered if heights[number]]
    return Plan(down(*seen)(Rect(0, 0, width, height)))


def _as_many_as_fit(panels: Sequence[Panel], width: int) -> list[Panel]:
    """Panels that can stand side by side: sums first, then what the step takes, then the rest."""
    ranked = sorted(panels, key=lambda panel: (not panel.running, panel.now is None))
    kept: list[Panel] = []
    for panel in ranked:
        if sum(least_width(other) for other in [*kept, panel]) <= width:
            kept.append(panel)
    return [panel for panel in panels if panel in kept]


def _upper(stage: Sequence[Panel], below: Sequence[Panel], width: int, height: int) -> int:
    """Lines of the stage: big numbers there come before everything else, then big ones below it."""
    whole, window = _big_heights(stage, width // max(len(stage), 1))
    if not below:
        return height
    usual = min(max(natural_height(panel, width) for panel in below), height // 3)
    sums = [panel for panel in below if panel.running and not panel.listed] or below
    large = max((not panel.listed) + LINES * panel.face.shape[0] + BORDER for panel in sums)
    if whole + large <= height:
        return whole + (height - whole - large) // 2
    if whole + usual <= height:
        return whole
    for lower in (large, usual):
        if window + lower <= height:  # a row that is seen in part shows nothing
            return height - lower - (height - lower - window) % LINES
    if window <= height:
        return height
    # no big numbers: the small ones of the sums are seen whole if the window still is
    rows = max((not panel.listed) + panel.face.shape[0] + BORDER for panel in sums)
    windows = [panel.window for panel in stage if panel.window is not None]
    least = max((w.bottom - w.top + 1 for w in windows), default=1) + 1 + BORDER
    return height - (rows if usual < rows <= height - least else usual)


def _big_heights(panels: Sequence[Panel], width: int) -> tuple[int, int]:
    """Lines, border included, at which faces stand whole in big numbers, and at which their windows do.

    More than any screen has where even the window is too wide for them.
    """
    whole = window = 0
    for panel in panels:
        plan = lay_out(panel, width - BORDER, ENDLESS, large=True)
        if plan.lines != LINES:
            return ENDLESS, ENDLESS
        whole = max(whole, plan.height + BORDER)
        rows = panel.window.bottom - panel.window.top + 1 if panel.window is not None else plan.rows
        window = max(window, plan.header + LINES * rows + BORDER)
    return whole, window
