"""What stands below the stage on a large screen, beside the source: the step, and rows of panels."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from convstep.frozen import NamedTuple
from convstep.view.grid.panel import Panel, beside_key
from convstep.view.grid.places import SCROLLED_TEXT, Rect, lay_out
from convstep.view.layout.boxes import ENDLESS, Box, across, down, filled, part, whole_width, width_at
from convstep.view.layout.rows import (
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
    heights_of,
    row_box,
    rows_of,
)

LEAST_CARD = 9
"""Lines of the step above panels that have no room elsewhere: three additions, a cell of each."""
LIST = 6
"""Lines that a list asks for at the most: it follows the step, and the numbers around it say little."""
MOST_BESIDE = 3
"""Further faces of one tensor at the most."""


class Room(NamedTuple):
    """The room below the stage."""

    source: int
    """Columns of the source."""
    step: int
    """Columns of the step."""
    panels: int
    """Columns of the panels."""
    lines: int
    """Lines of all of them."""


STANDARD = Room(42, 33, 45, 23)
"""On a screen of 120x40: the loop stands whole, and so do three additions with what is before and after."""


def below(
    panels: Sequence[Panel], card: str, room: Room, usual: Room, *, further: bool
) -> tuple[Box, dict[str, int]]:
    """The step with the panels beside it, and how many further faces stand beside each of these.

    They are those that are not on the stage. `usual` is the room on a screen of 120x40; a larger one shows no
    fewer digits.
    """
    # what is read stands above what is written, lists last, and kernels next to their gradients
    ordered = sorted(panels, key=lambda one: (one.running, one.listed, bool(one.stack) != one.running))
    sized = {panel.key: _sized(panel) for panel in ordered}
    apart = [panel.key for panel in ordered if not panel.stack]
    if room.panels >= usual.panels and room.lines >= usual.lines:
        places = _places(sized, _spilled(sized, apart, usual), usual)
        sized = {p.key: sized[p.key].at_least(_numbers_width(p, places[p.key].width)) for p in ordered}
    spilled = _spilled(sized, apart, room)
    rest = [panel for panel in ordered if panel.key not in spilled]
    beside = _further(rest, sized, room) if further else {}
    kept = _with_further([sized[panel.key] for panel in rest], beside)
    words = [(LEAST_CARD if spilled else None, part(card))]
    if spilled:
        words.append((None, _stacked([sized[key] for key in spilled], room.step, room.lines - LEAST_CARD)))
    box = across((room.step, down(*words)), (None, _stacked(kept, room.panels, room.lines)))
    return box, beside


def _sized(panel: Panel) -> Sized:
    found = Sized.of(panel)
    return found._replace(lines=min(found.lines, LIST)) if panel.listed else found


def stage_further(stage: Sequence[Panel], width: int) -> dict[str, int]:
    """How many further faces stand beside each panel of the stage, as many for all."""
    usual = (sum(STANDARD) - STANDARD.lines) // len(stage)
    texts = {panel.key: max(_text(panel, usual), ROOMY) for panel in stage}
    for number in range(min(MOST_BESIDE, *(panel.choices[0] - 1 for panel in stage)), 0, -1):
        each = width // (len(stage) * (number + 1))
        if all(whole_width(panel, texts[panel.key]) <= each for panel in stage):
            return {panel.key: number for panel in stage}
    return {}


def keys_of(key: str, beside: Mapping[str, int]) -> list[str]:
    """The keys of a panel and of its further faces."""
    return [key, *(beside_key(key, number + 1) for number in range(beside.get(key, 0)))]


def _text(panel: Panel, width: int) -> int:
    """Columns of a number in a panel so wide."""
    return lay_out(panel, width - 2, ENDLESS).text


def _numbers_width(panel: Panel, width: int) -> int:
    """The columns of a panel that its numbers make use of."""
    return min(width_at(panel, _text(panel, width)), width)


def _spilled(sized: Mapping[str, Sized], apart: Sequence[str], room: Room) -> list[str]:
    """Which panels stand below the step, so that fewer rows of all are out of sight."""
    best, least = list[str](), _missing(sized, [], room)
    most = min(len(apart), len(sized) - 1, (room.lines - LEAST_CARD) // LEAST_ROW) if any(least) else 0
    for count in range(1, most + 1):
        for some in itertools.combinations(apart, count):
            found = _missing(sized, some, room)
            if found < least:
                best, least = [*some], found
    return best


def _missing(sized: Mapping[str, Sized], spilled: Sequence[str], room: Room) -> tuple[int, float]:
    """Rows out of sight: of panels that could be seen whole, and of all and the step, with parts of rows."""
    places = _places(sized, spilled, room)
    lacking = {key: max(min(one.lines, ENOUGH) - places[key].height, 0) for key, one in sized.items()}
    rows = sum(lines for key, lines in lacking.items() if sized[key].lines <= ENOUGH)
    step = ENOUGH - LEAST_CARD if spilled else 0
    return rows, step + sum(_out_of_sight(one, places[key]) for key, one in sized.items())


def _out_of_sight(one: Sized, place: Rect) -> float:
    """How much of what a panel asks for is not seen, in rows."""
    wanted = min(one.lines, ENOUGH)
    seen = 1.0 if place.width >= one.whole[0] else place.width / one.whole[SCROLLED_TEXT]
    return wanted - min(wanted, place.height) * seen


def _places(sized: Mapping[str, Sized], spilled: Sequence[str], room: Room) -> dict[str, Rect]:
    """Where panels stand, some of them below the step; only their sizes are of use."""
    kept, lines = [one for key, one in sized.items() if key not in spilled], room.lines - LEAST_CARD
    places = _stacked(kept, room.panels, room.lines)(Rect(0, 0, room.panels, room.lines))
    if spilled:
        under = _stacked([sized[key] for key in spilled], room.step, lines)
        places |= under(Rect(0, 0, room.step, lines))
    return places


def _further(panels: Sequence[Panel], sized: Mapping[str, Sized], room: Room) -> dict[str, int]:
    """How many further faces of each panel there is room for, the same number for those of a stack."""
    beside = dict[str, int]()
    for number in range(1, MOST_BESIDE + 1):
        for group in dict.fromkeys(panel.stack or panel.key for panel in panels):
            members = [panel for panel in panels if (panel.stack or panel.key) == group]
            tried = beside | {panel.key: number for panel in members if panel.choices[0] > number}
            faces = _with_further([sized[panel.key] for panel in panels], tried)
            rows, worth = _rows(faces, room.panels, room.lines)
            if worth in ROOMY_WORTHS and _together(rows):
                beside = tried
    return beside


def _with_further(panels: Sequence[Sized], beside: Mapping[str, int]) -> list[Sized]:
    """Each panel followed by its further faces, which are of the same size."""
    return [one._replace(key=key) for one in panels for key in keys_of(one.key, beside)]


def _together(rows: Sequence[Row]) -> bool:
    """Whether all faces of an array stand in one row."""
    where = [{one.key.partition("-")[0] for column in row for one in column} for row in rows]
    return sum(map(len, where)) == len(set[str]().union(*where))


def _rows(panels: Sequence[Sized], width: int, height: int) -> tuple[list[Row], Worth]:
    """Rows of panels, and the best with which all of them have room."""
    for worth in WORTHS:
        rows = rows_of(panels, width, worth, ENOUGH)
        if sum(map(asked, rows)) <= height:
            return rows, worth
    return rows_of(panels, width, LEAST_WORTH, LEAST_ROW), LEAST_WORTH


def _stacked(panels: Sequence[Sized], width: int, height: int) -> Box:
    """The rows above each other in all of the room."""
    rows, worth = _rows(panels, width, height)
    heights = heights_of(rows, height)
    heights = filled(heights, [1] * len(heights), height)
    return down(*((lines, row_box(one, worth)) for lines, one in zip(heights, rows, strict=True)))
