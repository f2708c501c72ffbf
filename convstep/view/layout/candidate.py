"""Where reference, candidate and difference stand at each screen size: a pure function of sizes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from convstep.view.grid.panel import Panel
from convstep.view.grid.places import Rect
from convstep.view.layout.arrange import CARD, SOURCE, Plan, columns_of, least_width, natural_height, row_of

DIAGNOSIS = "diagnosis"
"""Key of the part that says what is wrong."""
ALL_FROM = (108, 32)
"""Columns and lines from which all three panels of every gradient are visible."""
SIDE_FROM = (170, 42)
"""Columns and lines from which diagnosis and step stand beside them."""
SIDE_WIDTH = 62
"""Columns of that side."""
CARD_WIDTH = 40
"""Columns of the step below the gradients."""
WORDS_WIDTH = 34
"""Columns that the diagnosis needs below the gradients."""
LEAST_CARD = 26
"""Columns that the step needs on a small screen."""

NAMED = (2, 3, 5)
"""Which of a panel's titles are hoped for, the best first: face and role, both short, tensor and role."""

Triple = Sequence[Panel]
"""Reference, candidate, difference."""


def arrange_candidate(
    width: int,
    height: int,
    gradients: Sequence[Triple],
    context: Sequence[Panel],
    first: int = 0,
    tab: str = CARD,
    maximised: str = "",
) -> Plan:
    """Give every part its place.

    Args:
        width: columns of room.
        height: lines of room.
        gradients: reference, candidate and difference of each gradient, the largest first.
        context: what the step reads.
        first: the gradient that is shown first where not all can be.
        tab: which part to show where several share a place.
        maximised: the one part to show alone, if any.
    """
    if maximised:
        return Plan({maximised: Rect(0, 0, width, height)})
    if width >= SIDE_FROM[0] and height >= SIDE_FROM[1]:
        return _with_side(width, height, gradients, context)
    if width >= ALL_FROM[0] and height >= ALL_FROM[1]:
        return _with_words_below(width, height, gradients, context, tab)
    return _with_tabs(width, height, gradients, context, first, tab)


def _with_side(width: int, height: int, gradients: Sequence[Triple], context: Sequence[Panel]) -> Plan:
    """Diagnosis and step on the left; gradients, and below them what the step reads and the source."""
    words = height * 2 // 5
    places = {
        DIAGNOSIS: Rect(0, 0, SIDE_WIDTH, words),
        CARD: Rect(0, words, SIDE_WIDTH, height - words),
    }
    room = Rect(SIDE_WIDTH, 0, width - SIDE_WIDTH, height)
    used = _gradients(gradients, room, 15, places)
    around, source = width - SIDE_WIDTH, 50
    below = Rect(SIDE_WIDTH, used, around - source, height - used)
    places |= row_of(context, below)
    places[SOURCE] = Rect(SIDE_WIDTH + around - source, used, source, height - used)
    return Plan(places)


def _with_words_below(
    width: int, height: int, gradients: Sequence[Triple], context: Sequence[Panel], tab: str
) -> Plan:
    """All gradients above; step, diagnosis and as much as fits of what the step reads below."""
    places: dict[str, Rect] = {}
    used = _gradients(gradients, Rect(0, 0, width, height), 12, places)
    lines = height - used
    places[CARD] = Rect(0, used, CARD_WIDTH, lines)
    room = width - CARD_WIDTH - WORDS_WIDTH
    shown = list(context)
    while shown and sum(max(map(least_width, c)) for c in columns_of(shown, lines)) > room:
        shown.pop()
    tabs = (DIAGNOSIS, SOURCE, *(panel.key for panel in context if panel not in shown))
    visible = tab if tab in tabs else DIAGNOSIS
    taken = sum(max(map(least_width, c)) for c in columns_of(shown, lines))
    words = max(WORDS_WIDTH, min(width - CARD_WIDTH - taken, 48))
    places[visible] = Rect(CARD_WIDTH, used, words if shown else width - CARD_WIDTH, lines)
    if shown:
        left = CARD_WIDTH + words
        places |= row_of(shown, Rect(left, used, width - left, lines))
    return Plan(places, tabs, visible)


def _gradients(gradients: Sequence[Triple], room: Rect, least: int, places: dict[str, Rect]) -> int:
    """Place all gradients; the lines they take, so that at least so many are left.

    The largest has a row of its own. The others share the next one if they fit beside each other.
    """
    widths = [3 * max(map(least_width, triple)) for triple in gradients]
    for which in NAMED:
        named = [max(w, 3 * max(_title(p, which) for p in t)) for w, t in zip(widths, gradients, strict=True)]
        if sum(named[1:]) <= room.width:
            widths = named
            break
    together = sum(widths[1:]) <= room.width
    rows = [[0], list(range(1, len(gradients)))] if together else [[n] for n in range(len(gradients))]
    heights = [max(_height(gradients[n], room.width // (3 * len(row))) for n in row) for row in rows if row]
    # what is too high scrolls, the highest row first
    while sum(heights) > room.height - least and max(heights) > 4:
        heights[heights.index(max(heights))] -= 1
    y = room.y
    for row, height in zip(rows, heights, strict=False):
        needed = [widths[n] for n in row]
        x, spare = room.x, room.width - sum(needed)
        for at, n in enumerate(row):
            left = sum(needed[at:])
            share = needed[at] + (spare * needed[at] // left if spare > 0 and left else 0)
            width = room.x + room.width - x if at == len(row) - 1 else share
            places |= _thirds(gradients[n], Rect(x, y, width, height))
            x, spare = x + width, spare - (share - needed[at])
        y += height
    return y


def _thirds(panels: Triple, room: Rect) -> dict[str, Rect]:
    """Panels of the same width side by side, what is left over to the last."""
    places, x = {}, room.x
    for left, panel in zip(range(len(panels), 0, -1), panels, strict=True):
        width = (room.x + room.width - x) // left
        places[panel.key] = Rect(x, room.y, width, room.height)
        x += width
    return places


def _with_tabs(
    width: int, height: int, gradients: Sequence[Triple], context: Sequence[Panel], first: int, tab: str
) -> Plan:
    """The first gradient above, at the least its difference; the others' differences below, and tabs."""
    main = gradients[first]
    shown = next(
        (
            some
            for some in (main, main[1:], main[2:])
            if sum(map(least_width, some)) <= width and max(map(least_width, some)) <= width // len(some)
        ),
        main[2:],
    )
    others = [triple for n, triple in enumerate(gradients) if n != first]
    least = 6 if height < 18 else 9
    upper = min(max(min(_height(shown, width // len(shown)), height - least), 5), height)
    places = _thirds(shown, Rect(0, 0, width, upper))
    lines, rest, beside = height - upper, width, []
    for triple in others:
        wanted = max(least_width(triple[2]), min(_title(triple[2], NAMED[-1]), 24))
        if rest - wanted >= max(LEAST_CARD, width // 2):
            beside.append((triple[2].key, wanted))
            rest -= wanted
    x = rest
    for key, wanted in beside:
        places[key] = Rect(x, upper, wanted, lines)
        x += wanted
    placed = set(places)
    panels = [*main, *(panel for triple in others for panel in triple), *context]
    tabs = (CARD, DIAGNOSIS, *(panel.key for panel in panels if panel.key not in placed), SOURCE)
    visible = tab if tab in tabs else CARD
    places[visible] = Rect(0, upper, rest, lines)
    return Plan(places, tabs, visible)


def _height(panels: Triple, width: int) -> int:
    """Lines at which every row of the panels is seen."""
    return max(natural_height(panel, width) for panel in panels)


def _title(panel: Panel, which: int) -> int:
    """Columns at which one of the panel's titles stands whole on its border."""
    return cell_len(panel.titles[which]) + 6 if panel.titles else 0
