"""Where the parts stand for a recorded function: any number of panels of any size beside its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import ge

from convstep.view.grid.panel import Panel, beside_key
from convstep.view.grid.places import MOST_TEXT, Rect
from convstep.view.layout.arrange import CARD, SIDE_FROM, SOURCE, WIDE_SIDE_FROM
from convstep.view.layout.boxes import Plan, across, down, filled, part
from convstep.view.layout.columns import MOST_BESIDE
from convstep.view.layout.rows import (
    ENOUGH,
    LEAST_ROW,
    LEAST_WORTH,
    ROOMY,
    WORTHS,
    Row,
    Sized,
    Worth,
    asked,
    even,
    fitting,
    heights_of,
    least_card,
    liked,
    row_box,
    rows_of,
)

SIDE = (32, 60)
"""Columns of the source and the step beside the panels, at the least and at the most."""
NOTES = 30
"""Columns beside the longest line of the source that its notes like to have, where nobody else needs them."""
TWO_FROM = 76
"""Columns from which source and step stand side by side below the panels."""
STACKED_FROM = 20
"""Lines of source and step together, where it is narrower and they stand above each other."""


def arrange_recording(
    width: int,
    height: int,
    panels: Sequence[Panel],
    tab: str = CARD,
    maximised: str = "",
    source: tuple[int, int] = (0, 0),
    upper: int = 0,
) -> Plan:
    """Give every part its place; the panels are the most important first, without further faces.

    `source` is the columns and lines in which the source would be seen whole, without its border, `upper` the
    lines above the step where it has the width at other steps, so that it stays where it is; for the rest see
    `arrange`.
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
    shown = [Sized.of(panel) for panel in _expanded(panels, beside)]
    side = _side(shown, least, room, source[0])
    rows, hidden, worth = fitting(shown, width - side, height)
    rows = rows if hidden else even(shown, rows, width - side, worth)
    tabs: tuple[str, ...] = ()
    if hidden:
        turning = [*rows[-1].pop(), *hidden]
        tabs = tuple(one.key for one in turning)
        tab = tab if tab in tabs else tabs[0]
        rows[-1].append([one for one in turning if one.key == tab])
    counts = {panel.key: min(beside, panel.choices[0] - 1) for panel in panels}
    heights = heights_of(rows, height)
    below = sum(heights) + least_card(height) <= height
    if not below:
        heights = filled(heights, [1] * len(heights), height)
    boxes = [(lines, row_box(one, worth)) for lines, one in zip(heights, rows, strict=True)]
    lines = max(sum(heights), upper)
    if below and source[1] + 2 <= lines <= height - least_card(height):
        # the step has the width, and the source no empty half
        *others, (_, last) = boxes
        above = across((side, part(SOURCE)), (None, down(*others, (None, last))))
        parts = down((lines, above), (None, part(CARD)))
    elif below:
        parts = across((side, part(SOURCE)), (None, down(*boxes, (None, part(CARD)))))
    else:
        # the numbers need the height: source and step share theirs
        lines = max(height // 2, min(source[1] + 2, height - least_card(height)))
        parts = across((side, down((lines, part(SOURCE)), (None, part(CARD)))), (None, down(*boxes)))
    shown_tab = tab if tabs else ""
    return Plan(parts(room), tabs, shown_tab, {key: count for key, count in counts.items() if count})


def _side(panels: Sequence[Sized], least: int, room: Rect, columns: int) -> int:
    """Columns of the side: as many as the source likes, as far as that takes nothing from the numbers."""
    whole = [one for one in panels if one.whole[0] <= room.width - least]

    def seen(side: int, text: int, kept: Sequence[Sized]) -> tuple[int, bool, int, bool, int]:
        width = room.width - side
        rows, hidden, worth = fitting(panels, width, room.height)
        below = sum(heights_of(rows, room.height)) + least_card(room.height) <= room.height
        seen = sum(min(one.whole[text], width) for one in kept)
        return -len(hidden), worth.titled, min(worth.text, text), below, seen

    def widest(most: int, least: int, text: int, kept: Sequence[Sized]) -> int:
        wanted = seen(least, text, kept)
        while most - least > 0:
            middle = (most + least + 1) // 2
            if all(map(ge, seen(middle, text, kept), wanted)):
                least = middle
            else:
                most = middle - 1
        return least

    # whole lines are worth more than many digits, and than more of what is not seen whole anyway
    most = room.width * 3 // 5
    least = widest(min(most, columns + 2), least, ROOMY, whole)
    # notes beside them are not, and the step says the same lines in what is left
    return widest(min(most, columns + NOTES + 2, room.width - columns - 2), least, MOST_TEXT, panels)


def _with_tabs(room: Rect, panels: Sequence[Panel], tab: str) -> Plan:
    """The stage and what fits beside it above, and below source and step, with the other panels in turn."""
    apart = room.width >= TWO_FROM and room.height >= LEAST_ROW + LEAST_ROW
    if not apart and room.height >= STACKED_FROM + LEAST_ROW:
        return _stacked(room, panels, tab)
    shown, worth = _beside_stage(panels, room)
    upper = [one.key for column in shown for one in column]
    tabs = (CARD, *(() if apart else (SOURCE,)), *(one.key for one in panels if one.key not in upper))
    seen = tab if tab in tabs else CARD
    words = across((room.width // 2, part(SOURCE)), (None, part(seen))) if apart else part(seen)
    if shown:
        lines = max(min(liked(shown), room.height // 2), _least_upper(room))
        words = down((lines, row_box(shown, worth)), (None, words))
    return Plan(words(room), tabs if len(tabs) > 1 else (), seen if len(tabs) > 1 else "")


def _stacked(room: Rect, panels: Sequence[Panel], tab: str) -> Plan:
    """Panels, source and step above each other; panels without room take turns with the step."""
    above = room.height - STACKED_FROM
    rows, hidden, worth = fitting([Sized.of(panel) for panel in panels], room.width, above)
    heights = heights_of(rows, above)
    source = (room.height - sum(heights)) * 3 // 5
    tabs = (CARD, *(one.key for one in hidden)) if hidden else ()
    seen = tab if tab in tabs else CARD
    boxes = [(lines, row_box(one, worth)) for lines, one in zip(heights, rows, strict=True)]
    return Plan(down(*boxes, (source, part(SOURCE)), (None, part(seen)))(room), tabs, seen if tabs else "")


def _least_upper(room: Rect) -> int:
    """Lines of the row above source and step at the least."""
    return min(room.height // 3, LEAST_ROW)


def _beside_stage(panels: Sequence[Panel], room: Rect) -> tuple[Row, Worth]:
    """A row with the stage and what else fits into it without making it higher."""
    sized = {panel.key: Sized.of(panel) for panel in panels}
    kept = [panel.key for panel in panels if panel.stage][:2] or list(sized)[:1]
    if sum(sized[key].wanted(LEAST_WORTH) for key in kept) > room.width:
        kept = kept[:1]

    def row(keys: Sequence[str], worth: Worth, most: int) -> Row | None:
        rows = rows_of([one for key, one in sized.items() if key in keys], room.width, worth, most)
        return rows[0] if len(rows) == 1 else None

    found = ((worth, row(kept, worth, 0)) for worth in (*WORTHS, LEAST_WORTH))
    worth, shown = next(((worth, row) for worth, row in found if row), (LEAST_WORTH, []))
    enough = worth._replace(text=min(worth.text, ROOMY))
    lines = max(liked(shown), _least_upper(room)) if shown else 0
    for key in sized:
        tried = row([*kept, key], enough, min(lines, room.height // 2))
        if key not in kept and tried and liked(tried) <= lines:
            kept, shown, worth = [*kept, key], tried, enough
    return shown, worth


def _further(panels: Sequence[Panel], width: int, height: int) -> int:
    """How many further faces of every array there is room for."""
    for number in range(MOST_BESIDE, 0, -1):
        shown = [Sized.of(panel) for panel in _expanded(panels, number)]
        rows = rows_of(shown, width, Worth(titled=False, text=ROOMY), ENOUGH)
        if sum(map(asked, rows)) <= height:
            return number
    return 0


def _expanded(panels: Sequence[Panel], beside: int) -> Iterator[Panel]:
    """Each panel followed by stand-ins for its further faces."""
    for panel in panels:
        yield panel
        for number in range(1, min(beside, panel.choices[0] - 1) + 1):
            yield replace(panel, key=beside_key(panel.key, number))
