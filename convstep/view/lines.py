"""The lines around the panels: title, status, and the names of parts that share a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text


def title_line(facts: Sequence[str], name: str, right: str, width: int, *, ended: bool) -> Text:
    """Name and facts on the left, the position on the right; facts are dropped for room.

    Args:
        facts: what to say, the first the most important.
        name: what to say where even that has no room.
        right: the position.
        width: columns of room.
        ended: whether the pass is over, which is marked.
    """
    room, kept = width - len(right) - 2, list(facts)
    while len(kept) > 1 and cell_len(" · ".join(kept)) > room:
        kept.pop()
    left = " · ".join(kept)
    if cell_len(left) > room:
        left = name
    title = Text(set_cell_size(left, max(room, 0)) + "  ", "bold", no_wrap=True)
    title.append(right, "bold reverse" if ended else "bold")
    return title


def status_line(left: str, rights: Sequence[str], width: int) -> Text:
    """A sentence on the left; on the right the longest of some texts that there is room for."""
    taken = cell_len(left)
    status = Text(left if taken <= width else set_cell_size(left, width), no_wrap=True)
    for right in rights:
        if taken + cell_len(right) + 2 <= width:
            status.append(" " * (width - taken - cell_len(right)) + right, "dim")
            break
    return status


def tab_line(names: Sequence[str], shown: int, width: int) -> str:
    """`Tab: step ‹source› kernel`; where all are too many, the shown one and those after it.

    Args:
        names: of the parts that share a place.
        shown: which of them is seen.
        width: columns of room.
    """
    labels = [f"‹{name}›" if at == shown else name for at, name in enumerate(names)]
    line = "Tab: " + " ".join(labels)
    if len(line) <= width:
        return line
    turned = [*labels[shown:], *labels[:shown]]
    for count in range(len(turned) - 1, 0, -1):
        line = f"Tab: {' '.join(turned[:count])} +{len(turned) - count}"
        if len(line) <= width:
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


KEPT = 2
"""Keys at the end of the line that are never dropped: help, and the way out."""


def key_places(keys: Sequence[tuple[str, str]], width: int) -> list[KeyPlace]:
    """Which keys there is room for, and where; those before the last two go first, the latter before.

    Args:
        keys: each with its label.
        width: columns of room.
    """
    lengths = [cell_len(key) + 1 + cell_len(label) for key, label in keys]
    shown = list(range(len(keys)))
    while len(shown) > KEPT and sum(lengths[at] + 1 for at in shown) - 1 > width:
        shown.pop(-KEPT - 1)
    places, start = [], 0
    for at in shown:
        places.append(KeyPlace(at, start, start + lengths[at]))
        start += lengths[at] + 1
    return places
