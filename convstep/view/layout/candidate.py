"""Where reference, candidate and difference stand at each screen size: a pure function of sizes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from convstep.view.grid.panel import Panel
from convstep.view.grid.places import Rect
from convstep.view.layout.arrange import CARD, SOURCE
from convstep.view.layout.boxes import (
    ENDLESS,
    Box,
    Plan,
    across,
    columns_of,
    down,
    equally,
    least_width,
    natural_height,
    part,
    row,
)

DIAGNOSIS = "diagnosis"
"""Key of the part that says what is wrong."""
OWN = "own"
"""Key of the part with the candidate's own source."""
ALL_FROM = (108, 32)
"""Columns and lines from which all three panels of every gradient are visible."""
SIDE_FROM = (170, 42)
"""Columns and lines from which diagnosis and step stand beside them."""
SIDE_WIDTH = 60
"""Columns of that side."""
SOURCE_WIDTH = 42
"""Columns of the source there."""
SAID = 14
"""Lines that the diagnosis likes to have there, where it is wide."""
CARD_WIDTH = 40
"""Columns of the step below the gradients."""
WORDS_WIDTH = 34
"""Columns that the diagnosis needs below the gradients."""
OWN_WIDTH = 56
"""Columns that the candidate's own source needs there."""
OWN_ABOVE = 20
"""Lines from which it has a place of its own there, above the diagnosis."""
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
    *,
    own: bool = False,
) -> Plan:
    """Give every part its place: of each gradient the three, the largest first, and what the step reads.

    `first` is the gradient that is shown first where not all can be; for `tab` and `maximised` see `arrange`.
    `own`: the candidate's own source is known.
    """
    if maximised:
        return Plan({maximised: Rect(0, 0, width, height)})
    if width >= SIDE_FROM[0] and height >= SIDE_FROM[1]:
        return _with_side(width, height, gradients, context, own)
    if width >= ALL_FROM[0] and height >= ALL_FROM[1]:
        return _with_words_below(width, height, gradients, context, tab, own)
    stacked = _stacked(width, height, gradients, context, tab, own) if height >= ALL_FROM[1] else None
    return stacked or _with_tabs(width, height, gradients, context, first, tab, own)


def _with_side(
    width: int, height: int, gradients: Sequence[Triple], context: Sequence[Panel], own: bool
) -> Plan:
    """Own source and step on the left; gradients, what the step reads and the source.

    The diagnosis stands below what the step reads if that leaves it room, else at the left.
    """
    used, rows = _gradients(gradients, width - SIDE_WIDTH, height - 15)
    read = max((natural_height(panel, ENDLESS) for panel in context), default=height)
    beside = sum(map(least_width, context)) <= width - SIDE_WIDTH - SOURCE_WIDTH
    below = own and beside and height - used - read >= SAID
    middle = down((read, row(context)), (None, part(DIAGNOSIS))) if below else row(context)
    if below:
        words = down((height * 5 // 8, part(OWN)), (None, part(CARD)))
    elif own:
        words = down((height // 4, part(DIAGNOSIS)), (height * 3 // 8, part(OWN)), (None, part(CARD)))
    else:
        words = down((height * 2 // 5, part(DIAGNOSIS)), (None, part(CARD)))
    others = across((None, middle), (SOURCE_WIDTH, part(SOURCE)))
    box = across((SIDE_WIDTH, words), (None, down((used, rows), (None, others))))
    return Plan(box(Rect(0, 0, width, height)))


def _with_words_below(
    width: int, height: int, gradients: Sequence[Triple], context: Sequence[Panel], tab: str, own: bool
) -> Plan:
    """All gradients above; step, diagnosis and as much as fits of what the step reads below."""
    used, rows = _gradients(gradients, width, height - 12)
    lines, room = height - used, width - CARD_WIDTH

    def needed(panels: Sequence[Panel]) -> int:
        return sum(max(map(least_width, column)) for column in columns_of(panels, lines))

    shown, least = list(context), OWN_WIDTH if own else WORDS_WIDTH
    while shown and needed(shown) > room - least:
        shown.pop()
    above = own and lines >= OWN_ABOVE
    tabs = (
        *((OWN,) if own and not above else ()),
        *(DIAGNOSIS, SOURCE, *(panel.key for panel in context if panel not in shown)),
    )
    visible = tab if tab in tabs else tabs[0]
    said = down((lines * 3 // 5, part(OWN)), (None, part(visible))) if above else part(visible)
    words = max(least, min(room - needed(shown), 48)) if shown else None
    read = [(None, row(shown))] if shown else []
    below = across((CARD_WIDTH, part(CARD)), (words, said), *read)
    return Plan(down((used, rows), (None, below))(Rect(0, 0, width, height)), tabs, visible)


def _stacked(
    width: int, height: int, gradients: Sequence[Triple], context: Sequence[Panel], tab: str, own: bool
) -> Plan | None:
    """All gradients above, as beside a page, what the step reads below, and the rest in turn.

    None where that takes nearly all of the lines.
    """
    shown = [_fitting(triple, width) for triple in gradients]
    if not all(shown):
        return None
    used, rows = _gradients(shown, width, height)
    if used > height * 5 // 8:
        return None
    needed = sum(max(map(least_width, column)) for column in columns_of(context, height - used))
    beside = needed <= width - CARD_WIDTH
    others = [panel for whole, some in zip(gradients, shown, strict=True) for panel in whole[: -len(some)]]
    others += [] if beside else context
    tabs = (*((OWN,) if own else ()), CARD, DIAGNOSIS, *(panel.key for panel in others), SOURCE)
    visible = tab if tab in tabs else CARD
    below = across((None, part(visible)), *([(needed, row(context))] if beside else []))
    return Plan(down((used, rows), (None, below))(Rect(0, 0, width, height)), tabs, visible)


def _gradients(gradients: Sequence[Triple], width: int, most: int) -> tuple[int, Box]:
    """All gradients, and the lines they take: so many at the most, as far as rows can scroll.

    The largest has a row of its own. The others share the next one if they fit beside each other.
    """
    counts = [*map(len, gradients)]
    widths = [n * max(map(least_width, triple)) for n, triple in zip(counts, gradients, strict=True)]
    for which in NAMED:
        titles = [max(_title(panel, which) for panel in triple) for triple in gradients]
        named = [max(w, n * title) for w, n, title in zip(widths, counts, titles, strict=True)]
        if sum(named[1:]) <= width:
            widths = named
            break
    together = sum(widths[1:]) <= width
    rows = [[0], list(range(1, len(gradients)))] if together else [[n] for n in range(len(gradients))]
    rows = [numbers for numbers in rows if numbers]
    heights = [
        max(_height(gradients[n], width // (counts[n] * len(numbers))) for n in numbers) for numbers in rows
    ]
    # what is too high scrolls, the highest row first
    while sum(heights) > most and max(heights) > 4:
        heights[heights.index(max(heights))] -= 1
    boxes = []
    for numbers in rows:
        *before, last = numbers
        whole = sum(widths[n] for n in numbers)
        shares = [(width * widths[n] // whole, equally(gradients[n])) for n in before]
        boxes.append(across(*shares, (None, equally(gradients[last]))))
    return sum(heights), down(*zip(heights, boxes, strict=True))


def _with_tabs(
    width: int,
    height: int,
    gradients: Sequence[Triple],
    context: Sequence[Panel],
    first: int,
    tab: str,
    own: bool,
) -> Plan:
    """The first gradient above, at the least its difference; the others' differences below, and tabs."""
    main = gradients[first]
    shown = _fitting(main, width) or main[2:]
    others = [triple for n, triple in enumerate(gradients) if n != first]
    least = 6 if height < 18 else 9
    upper = min(max(min(_height(shown, width // len(shown)), height - least), 5), height)
    rest, beside, placed = width, [], {panel.key for panel in shown}
    for triple in others:
        wanted = max(least_width(triple[2]), min(_title(triple[2], NAMED[-1]), 24))
        if rest - wanted >= max(LEAST_CARD, width // 2):
            beside.append((wanted, part(triple[2].key)))
            placed.add(triple[2].key)
            rest -= wanted
    panels = [*main, *(panel for triple in others for panel in triple), *context]
    tabs = (
        *((OWN,) if own else ()),
        CARD,
        DIAGNOSIS,
        *(panel.key for panel in panels if panel.key not in placed),
        SOURCE,
    )
    visible = tab if tab in tabs else CARD
    box = down((upper, equally(shown)), (None, across((None, part(visible)), *beside)))
    return Plan(box(Rect(0, 0, width, height)), tabs, visible)


def _fitting(triple: Triple, width: int) -> Triple:
    """As many of the three as fit beside each other, the last ones; none if not even the difference does."""
    some = (triple, triple[1:], triple[2:])
    return next((one for one in some if max(map(least_width, one)) <= width // len(one)), ())


def _height(panels: Triple, width: int) -> int:
    """Lines at which every row of the panels is seen."""
    return max(natural_height(panel, width) for panel in panels)


def _title(panel: Panel, which: int) -> int:
    """Columns at which one of the panel's titles stands whole on its border."""
    return cell_len(panel.titles[which]) + 6 if panel.titles else 0
