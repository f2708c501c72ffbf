"""Where the parts of the debugger stand at each screen size: a pure function of sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rich.cells import cell_len

from convstep.view.grid.panel import Panel, beside_key
from convstep.view.grid.places import MOST_TEXT, Rect, lay_out, least_text

LEAST = (60, 16)
"""Columns and lines below which nothing useful fits."""
MOST = (500, 200)
"""Columns and lines beyond which no screen goes; a picture of that takes seconds and 400 MB."""
SIDE_WIDTH = 32
"""Columns of the side with the source and the step, where there is one."""
SIDE_FROM = (108, 32)
"""Columns and lines from which the side stands beside the panels."""
WIDE_SIDE_FROM = 170
"""Columns from which the side is wide enough for matrices next to each other."""
WIDE_SIDE = 54
"""Columns of the side on a wide screen."""

LEAST_BESIDE = 56
"""Columns of a small screen that a running array leaves to the others, however long its title is."""

MOST_BESIDE = 3
"""Further faces of one tensor at the most."""

SOURCE, CARD, MAP = "source", "card", "map"
"""Keys of the parts that are not panels."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where every visible part stands."""

    places: dict[str, Rect] = field(default_factory=dict)
    """By key: a panel's, `SOURCE`, `CARD` or `MAP`."""
    tabs: tuple[str, ...] = ()
    """The parts that share one place, in order; empty where all are visible."""
    shown_tab: str = ""
    """Which of them is visible."""
    beside: dict[str, int] = field(default_factory=dict)
    """How many further faces stand beside a panel, by its key."""


def arrange(width: int, height: int, panels: Sequence[Panel], tab: str = CARD, maximised: str = "") -> Plan:
    """Give every part its place.

    Args:
        width: columns of room.
        height: lines of room.
        panels: the scene's panels in reading order.
        tab: which part to show where several share a place.
        maximised: the one part to show alone, if any.
    """
    if maximised:
        return Plan({maximised: Rect(0, 0, width, height)})
    if width >= SIDE_FROM[0] and height >= SIDE_FROM[1]:
        return _with_side(width, height, panels)
    return _with_tabs(width, height, panels, tab)


def _with_side(width: int, height: int, panels: Sequence[Panel]) -> Plan:
    side = WIDE_SIDE if width >= WIDE_SIDE_FROM else SIDE_WIDTH
    upper = _upper_height(height, panels, (width - side) // 2)
    stage = [panel for panel in panels if panel.stage]
    mapped = _too_large(stage, (width - side) // 2, upper)
    places = _side(side, height, upper, mapped)
    below = [panel for panel in panels if not panel.stage]
    beside: dict[str, int] = {}
    if width >= WIDE_SIDE_FROM:
        beside = _neighbours(stage, width - side) | _neighbours(below, width - side)
    places |= row_of(_expanded(stage, beside), Rect(side, 0, width - side, upper))
    places |= row_of(_expanded(below, beside), Rect(side, upper, width - side, height - upper))
    return Plan(places, beside=beside)


def _side(width: int, height: int, upper: int, mapped: bool) -> dict[str, Rect]:
    """Source and step above each other, and the map below them where there is one."""
    source = 14 if mapped else min(17, upper)
    card = max((height - source) * 2 // 5, 9) if mapped else height - source
    places = {SOURCE: Rect(0, 0, width, source), CARD: Rect(0, source, width, card)}
    if mapped:
        places[MAP] = Rect(0, source + card, width, height - source - card)
    return places


def _too_large(stage: Sequence[Panel], width: int, height: int) -> bool:
    """Whether a face on the stage is far from being seen whole."""
    plans = [lay_out(panel, width - 2, height - 2) for panel in stage]
    return any(plan.width > 1.5 * width or plan.height > 1.5 * height for plan in plans)


def _neighbours(panels: Sequence[Panel], room: int) -> dict[str, int]:
    """How many further faces fit beside each panel, the same number for all that belong together."""
    found: dict[str, int] = {}
    groups: dict[str, list[Panel]] = {}
    for panel in panels:
        groups.setdefault("stage" if panel.stage else panel.stack or panel.key, []).append(panel)
    widths = {
        name: max(_width_at(panel, least_text(panel) + 1) for panel in members)
        * (len(members) if name == "stage" else 1)
        for name, members in groups.items()
    }
    used = sum(max(widths[name], max(map(least_width, groups[name]))) for name in groups)
    for number in range(1, MOST_BESIDE + 1):
        # the widest first: a large face says more than a small one
        for name in sorted(groups, key=lambda name: -widths[name]):
            members = groups[name]
            if min(panel.choices[0] for panel in members) > number and used + widths[name] <= room:
                used += widths[name]
                found |= {panel.key: number for panel in members}
    return found


def _expanded(panels: Sequence[Panel], beside: dict[str, int]) -> list[Panel]:
    """Each panel followed by stand-ins for its further faces, which are of the same size."""
    found = []
    for panel in panels:
        found.append(panel)
        for number in range(1, beside.get(panel.key, 0) + 1):
            stack = f"{panel.stack}-{number}" if panel.stack else ""
            found.append(replace(panel, key=beside_key(panel.key, number), stack=stack))
    return found


def _with_tabs(width: int, height: int, panels: Sequence[Panel], tab: str) -> Plan:
    """The stage above, running arrays below, and one place for the rest in turn."""
    stage = [panel for panel in panels if panel.stage]
    running = [panel for panel in panels if not panel.stage and panel.running]
    upper = _upper_height(height, panels, width // 2)
    large = (MAP,) if _too_large(stage, width // 2, upper) else ()
    tabs = (CARD, SOURCE, *large, *(p.key for p in panels if not p.stage and p not in running))
    shown = tab if tab in tabs else CARD
    places = row_of(stage, Rect(0, 0, width, upper))
    rest = width
    for panel in running:
        most = max(width // 4, min(least_width(panel), width - LEAST_BESIDE))
        wanted = min(natural_width(panel), most)
        places[panel.key] = Rect(width - rest, upper, wanted, height - upper)
        rest -= wanted
    places[shown] = Rect(width - rest, upper, rest, height - upper)
    return Plan(places, tabs, shown)


def _upper_height(height: int, panels: Sequence[Panel], width: int) -> int:
    """What the stage asks for, but never so much that the lower row has no room."""
    asked = max(natural_height(panel, width) for panel in panels if panel.stage)
    least = 6 if height < 18 else max(9, height // 3)
    upper: int = max(min(asked, height - least), height // 2)
    return upper


def columns_of(panels: Sequence[Panel], height: int) -> list[list[Panel]]:
    """What stands side by side: panels of one stack above each other if the room is high enough."""
    columns: list[list[Panel]] = []
    stacks: dict[str, list[Panel]] = {}
    for panel in panels:
        stack = stacks.setdefault(panel.stack, []) if panel.stack else []
        if not stack or _height_of([*stack, panel]) > height:
            stack = []
            columns.append(stack)
            stacks[panel.stack] = stack
        stack.append(panel)
    return columns


def row_of(panels: Sequence[Panel], room: Rect) -> dict[str, Rect]:
    """Panels side by side, as `columns_of` puts them."""
    columns = columns_of(panels, room.height)
    places: dict[str, Rect] = {}
    x = room.x
    for column, width in zip(columns, _shares(columns, room.width), strict=True):
        places |= _column(column, Rect(x, room.y, width, room.height))
        x += width
    return places


def _column(panels: Sequence[Panel], room: Rect) -> dict[str, Rect]:
    """Panels above each other, the height divided evenly."""
    places, y = {}, room.y
    for left, panel in zip(range(len(panels), 0, -1), panels, strict=True):
        height = (room.y + room.height - y) // left
        places[panel.key] = Rect(room.x, y, room.width, height)
        y += height
    return places


def _height_of(panels: Sequence[Panel]) -> int:
    return sum(natural_height(panel, 10_000) for panel in panels)


def _shares(columns: Sequence[Sequence[Panel]], room: int) -> list[int]:
    """Widths that fill the room: what each needs, then by what each would like."""
    if all(panel.stage for column in columns for panel in column):
        needed, liked = [0] * len(columns), [1] * len(columns)
    else:
        needed = [max(least_width(panel) for panel in column) for column in columns]
        comfort = [max(natural_width(panel) for panel in column) for column in columns]
        liked = [max(c - n, 1) for c, n in zip(comfort, needed, strict=True)]
    while sum(needed) > room:  # too much for everybody: the widest, which scrolls anyway, gives way
        needed[needed.index(max(needed))] -= 1
    spare, widths = room - sum(needed), []
    for number, width in enumerate(needed):
        extra = round(spare * liked[number] / sum(liked[number:]))
        widths.append(width + extra)
        spare -= extra
    return widths


def natural_width(panel: Panel) -> int:
    """Columns at which the panel shows its numbers in comfort, border included."""
    return max(_width_at(panel, MOST_TEXT), _title_width(panel))


def least_width(panel: Panel) -> int:
    """Columns at which the panel still shows all its columns and names its face, border included."""
    label = next((title for title in reversed(panel.titles) if "[" in title), panel.face.label)
    named = len(label.replace(", ", ",")) + 1 + len(panel.factor) + 6 if panel.factor else 0
    return max(_width_at(panel, least_text(panel)), min(_title_width(panel), 18), min(named, 28))


def _width_at(panel: Panel, text: int) -> int:
    rows, columns = panel.face.shape
    labels = len(str(rows - 1)) + (2 if panel.listed else 0)
    return min(labels + columns * (text + 1) + 3, 80)


def _title_width(panel: Panel) -> int:
    further = sum(cell_len(word) + 2 for word in (panel.caption_text, panel.factor) if word)
    return len(panel.face.label) + further + 4


def natural_height(panel: Panel, width: int) -> int:
    """Lines at which every row is seen, border included."""
    return lay_out(panel, width - 2, 10_000).height + 2
