"""Boxes: parts beside and above each other in a room, written as values; and the room that panels want.

>>> box = across((10, part("step")), (None, down((4, part("stage")), (None, part("below")))))
>>> sorted(box(Rect(0, 0, 30, 12)))
['below', 'stage', 'step']
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from rich.cells import cell_len

from convstep.frozen import frozen
from convstep.view.grid.panel import Panel
from convstep.view.grid.places import MOST_TEXT, Rect, lay_out, least_text

ENDLESS = 10_000
"""Lines of room that no face fills."""
Box = Callable[[Rect], dict[str, Rect]]
"""From a room to the places in it, by key."""


@frozen()
class Plan:
    """Where every visible part stands."""

    places: dict[str, Rect] = field(default_factory=dict)
    """By key: a panel's, or a part's of another kind."""
    tabs: tuple[str, ...] = ()
    """The parts that share one place, in order; empty where all are visible."""
    shown_tab: str = ""
    """Which of them is visible."""
    beside: dict[str, int] = field(default_factory=dict)
    """How many further faces stand beside a panel, by its key."""

    def in_turn(self, keys: Sequence[str]) -> list[str]:
        """Parts in the order of `Tab`: as the screen is read, and tabs as their line names them.

        Where there are no tabs, their order stays.
        """
        if not self.tabs:
            return [*keys]

        def rank(key: str) -> tuple[int, int, int]:
            place = self.places[self.shown_tab if key in self.tabs else key]
            return place.y, place.x, self.tabs.index(key) if key in self.tabs else 0

        return sorted((key for key in keys if key in self.tabs or key in self.places), key=rank)


def part(key: str) -> Box:
    """One part, as large as the room."""
    return lambda room: {key: room}


def across(*boxes: tuple[int | None, Box]) -> Box:
    """Boxes side by side, each with its columns; None is what the others leave."""
    return lambda room: _in_turn(
        boxes, room.width, lambda x, width: Rect(room.x + x, room.y, width, room.height)
    )


def down(*boxes: tuple[int | None, Box]) -> Box:
    """Boxes above each other, each with its lines; None is what the others leave."""
    return lambda room: _in_turn(
        boxes, room.height, lambda y, height: Rect(room.x, room.y + y, room.width, height)
    )


def _in_turn(
    boxes: Sequence[tuple[int | None, Box]], room: int, place: Callable[[int, int], Rect]
) -> dict[str, Rect]:
    """One after the other, each in the place of its beginning and its length."""
    places, at = dict[str, Rect](), 0
    left = room - sum(length or 0 for length, _ in boxes)
    for wanted, box in boxes:
        length = left if wanted is None else wanted
        places |= box(place(at, length))
        at += length
    return places


def row(panels: Sequence[Panel]) -> Box:
    """Panels side by side as wide as they need and like to be; those of a stack as `columns_of` puts them."""

    def place(room: Rect) -> dict[str, Rect]:
        columns = columns_of(panels, room.height)
        stacks = [down(*_equal(column, room.height)) for column in columns]
        return across(*zip(_shares(columns, room.width), stacks, strict=True))(room)

    return place


def equally(panels: Sequence[Panel]) -> Box:
    """Panels side by side, all as wide: what is compared has the same digits; the last has the rest."""

    def place(room: Rect) -> dict[str, Rect]:
        *others, last = ((room.width // len(panels), part(panel.key)) for panel in panels)
        return across(*others, (None, last[1]))(room)

    return place


def _equal(panels: Sequence[Panel], room: int) -> list[tuple[int, Box]]:
    """Panels with equal parts of the room; what is left over goes to the later ones."""
    count = len(panels)
    edges = [room * number // count for number in range(count + 1)]
    return [(edges[n + 1] - edges[n], part(panel.key)) for n, panel in enumerate(panels)]


def columns_of(panels: Sequence[Panel], height: int) -> list[list[Panel]]:
    """What stands side by side: panels of one stack above each other if the room is high enough."""
    columns: list[list[Panel]] = []
    stacks: dict[str, list[Panel]] = {}
    for panel in panels:
        stack = stacks.setdefault(panel.stack, []) if panel.stack else []
        if not stack or sum(natural_height(one, ENDLESS) for one in (*stack, panel)) > height:
            stack = []
            columns.append(stack)
            stacks[panel.stack] = stack
        stack.append(panel)
    return columns


def _shares(columns: Sequence[Sequence[Panel]], room: int) -> list[int]:
    """Widths that fill the room: what each needs, then by what each would like."""
    if all(panel.stage for column in columns for panel in column):
        needed, liked = [0] * len(columns), [1] * len(columns)
    else:
        needed = [max(least_width(panel) for panel in column) for column in columns]
        comfort = [max(natural_width(panel) for panel in column) for column in columns]
        liked = [max(c - n, 1) for c, n in zip(comfort, needed, strict=True)]
    return filled(needed, liked, room)


def filled(lengths: Sequence[int], parts: Sequence[int], room: int) -> list[int]:
    """Lengths that fill a room: what is left over is given to all by their parts.

    Where they are too much for it, the largest, which scrolls anyway, gives way.
    """
    least, found = [*lengths], list[int]()
    while sum(least) > room:
        least[least.index(max(least))] -= 1
    spare = room - sum(least)
    for number, length in enumerate(least):
        extra = round(spare * parts[number] / sum(parts[number:]))
        found.append(length + extra)
        spare -= extra
    return found


def natural_width(panel: Panel) -> int:
    """Columns at which the panel shows its numbers in comfort, border included."""
    return max(width_at(panel, MOST_TEXT), _title_width(panel))


def least_width(panel: Panel) -> int:
    """Columns at which the panel still shows all its columns and names its face, border included."""
    label = next((title for title in reversed(panel.titles) if "[" in title), panel.face.label)
    named = len(label.replace(", ", ",")) + 1 + len(panel.factor) + 6 if panel.factor else 0
    return max(width_at(panel, least_text(panel)), min(_title_width(panel), 18), min(named, 28))


def width_at(panel: Panel, text: int) -> int:
    """Columns with numbers of so many, as far as it does not scroll anyway, border included."""
    return min(whole_width(panel, text), 80)


def whole_width(panel: Panel, text: int) -> int:
    """Columns with numbers of so many at which it does not scroll, border included."""
    rows, columns = panel.face.shape
    labels = len(str(rows - 1)) + (2 if panel.listed else 0)
    return labels + columns * (text + 1) + 3


def _title_width(panel: Panel) -> int:
    further = sum(cell_len(word) + 2 for word in (panel.caption_text, panel.loop_text, panel.factor) if word)
    return len(panel.face.label) + further + 4


def natural_height(panel: Panel, width: int) -> int:
    """Lines at which every row is seen, border included."""
    return lay_out(panel, width - 2, ENDLESS).height + 2
