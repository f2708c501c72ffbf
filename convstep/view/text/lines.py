"""The lines around the panels: title, status, and the names of parts that share a place."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.frozen import NamedTuple

LEAST_NAME = 8
"""Columns that say enough of a name that is cut."""


def title_line(
    names: Sequence[str],
    facts: Sequence[str],
    rights: Sequence[str],
    width: int,
    *,
    kept: Collection[str] = (),
    spared: Collection[str] = (),
    ended: bool = False,
) -> Text:
    """Name and facts on the left, the position on the right, in the longest words that fit.

    For room the facts go first, the last before the others and those `spared` before all, then words of the
    name, then words of the position, then blanks and letters of the facts that are `kept`. The names and the
    position are given the longest form first. Where the pass has `ended`, it is marked.
    """
    left, right = _fitting(names, list(filter(None, facts)), rights, kept, spared, width)
    room = max(width - cell_len(right) - 2, 0)
    title = Text(set_cell_size(left, room) + "  ", "bold", no_wrap=True)
    title.append(right, "bold reverse" if ended else "bold")
    return title


def _fitting(
    names: Sequence[str],
    facts: Sequence[str],
    rights: Sequence[str],
    kept: Collection[str],
    spared: Collection[str],
    width: int,
) -> tuple[str, str]:
    """What to write on the left and on the right; the shortest of all where nothing fits."""
    shed = [list(facts)]
    while droppable := [fact for fact in shed[-1] if fact not in kept]:
        last = ([fact for fact in droppable if fact in spared] or droppable)[-1]
        shed.append([fact for fact in shed[-1] if fact != last])
    lefts = [" · ".join([name, *rest]) for name in names for rest in shed]
    for right in rights:
        room = width - cell_len(right) - 2
        for left in lefts:
            if cell_len(left) <= room:
                return left, right
        over = cell_len(lefts[-1]) - room
        if cell_len(names[-1]) - over >= LEAST_NAME:
            cut = set_cell_size(names[-1], cell_len(names[-1]) - over - 1).rstrip() + "…"
            return " · ".join([cut, *shed[-1]]), right
    windows = " · ".join(shed[-1]) or names[-1]
    tight = windows.replace(", ", ",")
    letters = tight
    for word in ("stride", "padding", "dilation", "groups"):
        letters = letters.replace(f"{word} ", word[0])
    for left in (windows, tight, letters.replace(" · ", " ")):
        if cell_len(left) <= room:
            break
    return left, right


def status_line(left: str, rights: Sequence[str], width: int) -> Text:
    """A sentence on the left; on the right the longest of some texts that there is room for."""
    taken = cell_len(left)
    cut = left if taken <= width else set_cell_size(left, max(width - 1, 0)).rstrip() + "…"
    status = Text(cut, no_wrap=True)
    for right in rights:
        if taken + cell_len(right) + 2 <= width:
            status.append(" " * (width - taken - cell_len(right)) + right, "dim")
            break
    return status


def tab_line(names: Sequence[str], shown: int, width: int) -> str:
    """`Tab: step ‹source› kernel`; where all are too many, the shown one and those after it."""
    labels = [f"‹{name}›" if at == shown else name for at, name in enumerate(names)]
    line = "Tab: " + " ".join(labels)
    if cell_len(line) <= width:
        return line
    turned = [*labels[shown:], *labels[:shown]]
    for count in range(len(turned) - 1, 0, -1):
        line = f"Tab: {' '.join(turned[:count])} +{len(turned) - count}"
        if cell_len(line) <= width:
            break
    return line


class KeyPlace(NamedTuple):
    """Where a key and its label stand in the line of keys."""

    at: int
    """Which of the keys it is."""
    start: int
    """Its first column."""
    stop: int
    """The column behind its label."""


APART = (2, 1)
"""Columns between a label and the next key, the most first."""
KEPT = 2
"""Keys at the end of the line that are never dropped: help, and the way out."""


def key_places(keys: Sequence[tuple[str, str]], width: int) -> list[KeyPlace]:
    """Which keys there is room for, and where; those before the last two go first, the latter before."""
    lengths = [cell_len(key) + 1 + cell_len(label) for key, label in keys]
    shown = list(range(len(keys)))
    *_, least = APART

    def taken(gap: int) -> int:
        return sum(lengths[at] + gap for at in shown) - gap

    while len(shown) > KEPT and taken(least) > width:
        shown.pop(-KEPT - 1)
    apart = next((gap for gap in APART if taken(gap) <= width), least)
    places, start = [], 0
    for at in shown:
        places.append(KeyPlace(at, start, start + lengths[at]))
        start += lengths[at] + apart
    return places
