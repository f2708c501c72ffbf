"""Drawing one line of a face: numbers or heat, frame, crop line and marks, as Rich segments."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Collection, Sequence

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from convstep.view.grid.gutters import RUNS_ON, Row, gutter, is_differing
from convstep.view.grid.look import MODES as MODES
from convstep.view.grid.look import NOW, big_roles
from convstep.view.grid.look import Look as Look
from convstep.view.grid.panel import Cell, Panel
from convstep.view.grid.places import GridLayout, Line, number_width
from convstep.view.numbers.big_digits import LINES, BigFormat, inked
from convstep.view.numbers.scale import SHADES, Scale
from convstep.view.numbers.text import CellFormat
from convstep.view.text.wrapping import wrap

WAITING = "▄"
"""Heat of a value whose step is still to come: half as high as the others."""
QUIET = 4
"""How much larger the limit of the colours behind big numbers is: half the steps, the root being taken."""


def draw_header(panel: Panel, layout: GridLayout, left: int, width: int, look: Look) -> list[Segment]:
    """The column labels, `left` columns scrolled past; none in part, which would be another number."""
    room, step = width - layout.margin, layout.text + 1
    parts = []
    for column in range(left // step, min((left + room) // step + 1, layout.columns)):
        start = column * step + 1 - left
        whole = start >= 0 and start + layout.text <= room
        parts.append(" " + (f"{column}".rjust(layout.text)[-layout.text :] if whole else " " * layout.text))
    label = "".join(parts)[left % step :][: max(room, 0)]
    return [Segment((" " * layout.margin + label).ljust(width)[:width], look.style(("label",), None))]


def draw_note(note: str, y: int, width: int, look: Look) -> list[Segment]:
    """One line of what a panel says in place of numbers."""
    lines = wrap(Text(note), max(width - 2, 1))
    text = f" {lines[y].plain}" if y < len(lines) else ""
    return [Segment(set_cell_size(text, width), look.base)]


def draw_line(
    panel: Panel, layout: GridLayout, y: int, left: int, width: int, look: Look, *, cut: bool = False
) -> list[Segment]:
    """One line of a face below the header, with its row label and the cells from `left` on.

    `y` counts in the scrolled content, and `width` includes the label. A row that is `cut`, only partly in
    sight, has neither numbers nor a label.
    """
    line = layout.line(y)
    if line is None:
        return [Segment(" " * width, look.base)]
    room = max(width - layout.margin, 0)
    first = left // (layout.text + 1)
    last = min((left + room) // (layout.text + 1) + 1, layout.columns)
    skip = left - first * (layout.text + 1)
    segments = _row_segments(panel, layout, line, range(first, last), look)
    if cut:
        segments = [s if s.text in RUNS_ON else Segment(" " * len(s.text), look.base) for s in segments]
    else:
        _blank_partial(segments, layout.text, skip, room, look)
    blank = Segment(" " * layout.margin, look.base)
    label = [blank if cut else _row_label(panel, layout, line, look)] if layout.margin else []
    drawn = [*label, *_cut(segments, skip, room, look.base)]
    return drawn if layout.margin <= width else _cut(drawn, 0, width, look.base)


def _blank_partial(segments: list[Segment], text: int, skip: int, room: int, look: Look) -> None:
    """A number cut in two could lose its sign: the first or last cell not wholly in sight is left empty."""
    for place in {1, len(segments) - 2} if len(segments) > 1 else ():
        start = place // 2 * (text + 1) + 1
        if start < skip or start + text > skip + room:
            segments[place] = Segment(" " * text, look.base)


def _cut(segments: list[Segment], skip: int, width: int, base: Style) -> list[Segment]:
    """Exactly `width` columns of the segments, `skip` columns in. All text is one column a character."""
    kept = []
    for segment in segments:
        length = len(segment.text)
        if skip > 0 or length > width:
            segment = Segment(segment.text[max(skip, 0) :][:width], segment.style)
            skip -= length
            length = len(segment.text)
        if length:
            kept.append(segment)
            width -= length
    if width:
        kept.append(Segment(" " * width, base))
    return kept


def _row_label(panel: Panel, layout: GridLayout, line: Line, look: Look) -> Segment:
    if not line.middle:
        return Segment(" " * layout.margin, look.base)
    label = f"[{line.row}]" if panel.listed else f"{line.row}"
    roles = ("label", "window") if panel.now is not None and panel.now.row == line.row else ("label",)
    return Segment(label.rjust(layout.margin), look.style(roles, None))


def _row_segments(panel: Panel, layout: GridLayout, line: Line, columns: range, look: Look) -> list[Segment]:
    """One of the lines of a row of cells: marks beside the middle one, sides along all of them."""
    width = number_width(layout, shaded=_shaded(look))
    values = panel.face.values[line.row, columns.start : columns.stop].tolist()
    row, big = Row.of(panel, line, look), layout.lines == LINES
    number = _big_format_of(panel, width) if big else format_of(panel, width)
    special = _special(row, look, columns)
    alike = look.alike((number, layout.text, width, panel.limit, panel.use, panel.done is None))
    plain = look.mode == "both" and look.coloured
    drawn = list[Segment]()
    for column, key in zip(columns, zip(values, _states(row, columns, look), strict=True), strict=True):
        if column in special:
            drawn += _drawn(row, column, key[0], layout.text, width, number, look)
            continue
        if (found := alike.get(key)) is None:
            if plain and key[0] and isinstance(number, CellFormat) and not row.scale.mark(key[0]):
                found = _ordinary(row, column, *key, layout.text, number, look)
            else:
                found = _drawn(row, column, key[0], layout.text, width, number, look)
            alike[key] = found
        drawn += found
    drawn.append(gutter(row, columns.stop, look, " "))
    return drawn


def _ordinary(
    row: Row, column: int, value: float, state: int, text: int, number: CellFormat, look: Look
) -> tuple[Segment, Segment]:
    """The same as `_drawn` of a number on its colour: all else of its looks is as in others of its state."""
    like = row.panel.use, row.panel.done is None, state
    if (known := look.plain.get(like)) is None:
        roles = _roles(row, Cell(row.line.row, column), look)
        known = look.plain[like] = gutter(row, column, look, " "), roles, {}
    side, roles, styles = known
    step = row.scale.bucket(value)
    if (style := styles.get(step)) is None:
        style = styles[step] = _style(value, False, roles, row.scale, look)
    return side, Segment(number.text(value).rjust(text), style)


def _states(row: Row, columns: range, look: Look) -> Sequence[int]:
    """A number for what `_state` says of each cell: most rows are like one that was drawn before."""
    panel, length = row.panel, row.panel.face.shape[1]
    done = -1 if panel.done is None else min(max(panel.done - row.line.row * length, 0), length)
    sides = *row.frame.items(), *row.crop.items()
    kind = row.framed, row.changed, row.inside, len(row.frame), sides, done, columns
    known, numbers = look.states(), look.numbers
    if kind not in known:
        each = (_state(row, column) for column in columns)
        known[kind] = [numbers.setdefault(state, len(numbers)) for state in each]
    return known[kind]


def _special(row: Row, look: Look, columns: range) -> Collection[int]:
    """Those columns of which more stands in a row than the value, and what `_state` says of it."""
    panel, line = row.panel, row.line
    if line.lines > 1 or panel.sparse or panel.marks:
        return columns
    if panel.known is not None or panel.differing is not None:
        return columns
    found = {column for at, column in panel.stops if at == line.row}
    if panel.now is not None and panel.now.row == line.row:
        found |= {panel.now.column, panel.now.column + 1}
    if look.cursor is not None and look.cursor.row == line.row:
        found.add(look.cursor.column)
    return found


def _state(row: Row, column: int) -> tuple[object, ...]:
    """All that a cell and its left gutter look like, but for the value and what is special."""
    panel, framed, inside = row.panel, row.framed, row.inside
    return (
        column in framed,
        column - 1 in framed,
        column in row.changed,
        inside is None or column in inside,
        panel.done is None or row.line.row * panel.face.shape[1] + column < panel.done,
        row.frame.get(column),
        row.crop.get(column),
    )


def _drawn(
    row: Row, column: int, value: float, text: int, width: int, number: CellFormat | BigFormat, look: Look
) -> tuple[Segment, Segment]:
    """The left gutter of a cell, and the cell in so many columns of text."""
    line, scale = row.line, row.scale
    big = line.lines == LINES
    # a shade beside big ink would be read as a part of the digit: 5 as 9
    hint = scale.mark(value) or " " if big else _hint(value, scale, look)
    if row.panel.known is not None and not row.panel.known[line.row, column]:
        hint = " "
    drawn, style, _ = _cell(row, column, value, width, number, look)
    cell = Segment(drawn.rjust(text), style)
    if line.middle and not big:
        return _preceded(row, column, cell, hint, look)
    # on a line without digits it would stand below the neighbour's
    return gutter(row, column, look, hint if line.middle else " "), cell


def _preceded(row: Row, column: int, drawn_cell: Segment, hint: str, look: Look) -> tuple[Segment, Segment]:
    """The gutter and the cell, with what stands before its number: a mark, or else a hint.

    That is directly before the digits where the cell has a blank there: in the gutter it would touch
    the neighbour's digits, and be taken for the neighbour's, or hide a side of the frame.
    """
    panel, at = row.panel, (row.line.row, column)
    if hint == " " and not panel.marks and panel.differing is None:
        return gutter(row, column, look, hint), drawn_cell
    mark = panel.marks.get(at, "") if panel.marks else ""
    strange = hint.strip() and hint not in SHADES
    differs = panel.differing_mark if not strange and is_differing(panel, *at) else ""
    before, digits = mark or differs or hint.strip(), drawn_cell.text.lstrip()
    blanks = len(drawn_cell.text) - len(digits)
    if not before or not blanks or not (mark or digits):  # heat has no digits, and a hint there no ground
        return gutter(row, column, look, hint), drawn_cell
    digits = digits or " "
    text = before.rjust(len(drawn_cell.text) - len(digits)) + digits
    return gutter(row, column, look, " ", within=before), Segment(text, drawn_cell.style)


def format_of(panel: Panel, width: int) -> CellFormat:
    """How all numbers of a panel are written where each has so many columns."""
    return _format(width, panel.most, panel.whole, panel.signed, panel.power)


@functools.lru_cache(maxsize=256)
def _format(width: int, limit: float, whole: bool, signed: bool, power: int) -> CellFormat:
    return CellFormat.fitting(width, limit, whole=whole, signed=signed, power=power)


def _hint(value: float, scale: Scale, look: Look) -> str:
    """What a gutter says of the number on its right where colours cannot: its magnitude."""
    return scale.mark(value) or (scale.shade(value) if _shaded(look) else " ")


def _shaded(look: Look) -> bool:
    """Whether shades stand beside the numbers."""
    return look.mode == "both" and not look.coloured


def _cell(
    row: Row, column: int, value: float, width: int, number: CellFormat | BigFormat, look: Look
) -> Segment:
    """One line of a cell, which may have several."""
    panel, line, cell = row.panel, row.line, Cell(row.line.row, column)
    roles, scale = _roles(row, cell, look), row.scale
    middle, big = line.middle, line.lines == LINES
    if not _known(panel, cell):
        return Segment("", look.style(roles, None))
    empty = _is_empty(panel, cell, value, roles)
    if empty:
        text = "·" if middle else ""
    elif _is_block(value, roles, look):
        text = _block(value, width, roles, scale, look, signed=middle)
    elif isinstance(number, BigFormat):
        text = number.lines(value)[line.part]
    else:
        text = number.text(value) if middle else ""
    if big and look.mode != "heat":
        # big ink must stand out from the screen as well: the half of the colours near the screen's own
        scale = look.scale(min(QUIET * panel.limit, sys.float_info.max))
        roles += big_roles(roles, look.dark)
    if not (line.part == LINES - 1 if big else middle):
        roles += ("plain",)  # an underline through every line would be read as part of the digits
    return Segment(text, _style(value, empty, roles, scale, look))


def _big_format_of(panel: Panel, width: int) -> BigFormat:
    """How they are written in big digits, or where these do not fit in ordinary ones."""
    return _big_format(inked(width), panel.most, panel.whole, panel.signed, panel.power)


@functools.lru_cache(maxsize=256)
def _big_format(width: int, limit: float, whole: bool, signed: bool, power: int) -> BigFormat:
    return BigFormat.fitting(width, limit, whole=whole, signed=signed, power=power)


def _known(panel: Panel, cell: Cell) -> bool:
    return panel.known is None or bool(panel.known[cell])


def _is_empty(panel: Panel, cell: Cell, value: float, roles: tuple[str, ...]) -> bool:
    """Whether a dot says that nothing is here: a zero of the padding, or no difference."""
    return ("padding" in roles and value == 0) or (panel.sparse and not is_differing(panel, *cell))


def _stands_out(roles: tuple[str, ...]) -> bool:
    """Whether a cell looks the same whatever its value: there heat would hide where one is."""
    return not _FIXED.isdisjoint(roles)


_FIXED = frozenset(("now", "marked", "cursor"))


def _is_block(value: float, roles: tuple[str, ...], look: Look) -> bool:
    """Whether heat stands in a number's place; what no scale holds is always written."""
    return look.mode == "heat" and math.isfinite(value) and not _stands_out(roles)


def _block(
    value: float, width: int, roles: tuple[str, ...], scale: Scale, look: Look, *, signed: bool = True
) -> str:
    """What heat alone writes: nothing on a coloured ground, shades with a sign where there is no colour."""
    if look.coloured:
        return (WAITING if "todo" in roles and value != 0 else " ") * width
    return (_sign(value) if signed else " ") + scale.shade(value) * (width - 1)


def _sign(value: float) -> str:
    return "-" if value < 0 else "+" if value > 0 else " "


def _style(value: float, empty: bool, roles: tuple[str, ...], scale: Scale, look: Look) -> Style:
    """A cell's style: its roles', on the value's colour where that is shown."""
    if empty or value == 0 or not look.coloured or look.mode == "numbers" or _stands_out(roles):
        return look.style(roles, None)
    if "todo" not in roles:
        return look.style(roles, scale.heat(value))
    if not _is_block(value, roles, look):
        return look.style(roles, None)
    # the role would dim the colour into one of another magnitude
    return look.style(tuple(role for role in roles if role != "todo"), (None, scale.background(value)))


def _roles(row: Row, cell: Cell, look: Look) -> tuple[str, ...]:
    """The cell's roles, the strongest last."""
    panel, roles = row.panel, ["cell"]
    framed = cell.column in row.framed
    if framed and panel.use:
        roles.append(panel.ground)
    if row.inside is not None and cell.column not in row.inside:
        roles.append("padding")
    if panel.done is not None and panel.now != cell:
        place = cell.row * panel.face.shape[1] + cell.column
        roles.append("done" if place < panel.done else "todo")
    if framed:
        roles.append("window")
    if cell.column in row.changed:
        roles.append("changed")
    if panel.now == cell:
        roles.append(NOW if panel.taken == cell else "window")
    if panel.marks and cell in panel.marks:
        roles.append("marked")
    if look.cursor == cell:
        roles.append("cursor")
    return tuple(roles)
