"""The numbers of a panel as a page has them: text by cell, and the part of a large face that is in sight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from convstep.frozen import NamedTuple, frozen
from convstep.steps.cells import Array
from convstep.view.grid.drawing import format_of
from convstep.view.grid.look import READS, WRITES
from convstep.view.grid.panel import Panel, Span
from convstep.view.numbers.factor import common_power, factor_text
from convstep.view.numbers.scale import STEPS, Scale
from convstep.view.numbers.text import CellFormat, is_whole, largest_finite

Json = Any
"""What `json.dumps` takes."""

LARGEST, IN_PART = 32, 16
"""Rows and columns of a face that is in sight whole, and of a larger one as many as are in sight of it."""
COLOURS = "hgfedcba0ABCDEFGH"
"""A letter a colour: `h` is the most negative one, `0` looks like zero, `H` is the most positive one."""
NAN, PLUS_INF, MINUS_INF, NO_COLOUR = "n", "p", "m", "-"
"""The letters of what no scale holds, and of a cell without a colour."""
NOTHING = "·"
"""Where a table has no number."""
UNKNOWN, SAME = NO_COLOUR, f"{NO_COLOUR}{NOTHING}"
"""A cell that has no value, and one in a table of differences that has none."""


_USES = ("", READS, WRITES)
"""What a step does with cells, by its number on the tape."""


@frozen()
class View:
    """The rows and columns of a face that are in sight."""

    rows: range
    """Ascending, one by one."""
    columns: range


def width_of(columns: int) -> int:
    """Columns of text of a number in a table with so many."""
    return 6 if columns <= 12 else 5 if columns <= 20 else 4


class Form(NamedTuple):
    """How the cells of a panel are written and coloured."""

    cell: CellFormat
    """Their numbers."""
    scale: Scale
    """Their colours."""


def settled(panel: Panel) -> Panel:
    """A panel with the common factor that its numbers have in as many columns as a page gives them."""
    return replace(panel, unit=panel.power_at(width_of(_columns_of(panel))))


def form_of(panel: Panel) -> Form:
    """How all cells of a panel that is settled are written: the same as on the screen in as much room."""
    limit = panel.limit if 0 < panel.limit < np.inf else 1.0
    return Form(format_of(panel, width_of(_columns_of(panel))), Scale(limit))


def view_of(panel: Panel, before: View | None) -> View:
    """What is in sight of a panel: all of it, or the part with the step's cells, which moves seldom."""
    span = panel.window or panel.changed
    cell = panel.now or panel.near
    if span is None and cell is not None:
        span = Span.single(cell)
    rows, columns = panel.face.shape
    return View(
        _along(rows, span.rows if span else None, before.rows if before else None),
        _along(columns, span.columns if span else None, before.columns if before else None),
    )


def _along(length: int, wanted: range | None, before: range | None) -> range:
    if length <= LARGEST:
        return range(length)
    reach = 1 if wanted is None else wanted[-1] + 1 - wanted[0]
    size = min(max(IN_PART, reach), LARGEST)
    kept = before if before is not None and before.stop <= length else range(size)
    if wanted is None or (wanted[0] in kept and (wanted[-1] in kept or reach > size)):
        return kept
    start = min(max(wanted[0] - max(size - reach, 0) // 2, 0), length - size)
    return range(start, start + size)


def _columns_of(panel: Panel) -> int:
    columns = panel.face.shape[1]
    return columns if columns <= LARGEST else IN_PART


def colour_letter(value: float, scale: Scale) -> str:
    """The letter of a value's colour."""
    if not np.isfinite(value):
        return NAN if np.isnan(value) else PLUS_INF if value > 0 else MINUS_INF
    return COLOURS[STEPS + scale.bucket(value)]


def written(panel: Panel, form: Form, cell: tuple[int, int], value: float) -> str:
    """One cell: the letter of its colour, and its number as the screen writes it."""
    if panel.known is not None and not panel.known[cell]:
        return UNKNOWN
    if panel.sparse and (panel.differing is None or not panel.differing[cell]):
        return SAME
    if value == 0 and panel.inside is not None and cell not in panel.inside:
        return SAME  # a zero of the padding, a dot as on the screen
    return colour_letter(value, form.scale) + form.cell.text(value).strip()


def packed(values: Array, form: Form, known: Array | None = None) -> str:
    """The numbers of an array in one text, in reading order; those that are not meant are `·`."""
    meant = np.ones(np.shape(values), np.bool_) if known is None else known
    return " ".join(
        form.cell.text(value).strip() if is_meant else NOTHING
        for value, is_meant in zip(np.ravel(values).tolist(), np.ravel(meant).tolist(), strict=True)
    )


def packed_table(*arrays: Array, known: Array | None = None) -> tuple[str, list[str]]:
    """Arrays `(rows, columns)` in a format of their own: its factor, and each packed, as far as `known`."""
    every = np.stack([np.asarray(array, np.float64) for array in arrays])
    limit, whole = largest_finite(every), is_whole(every)
    width = width_of(every.shape[2])
    power = common_power(limit, width, whole=whole)
    form = Form(CellFormat.fitting(width, limit, whole=whole, power=power), Scale(1.0))
    return factor_text(power), [packed(array, form, known) for array in every]


def title_words(panel: Panel) -> str:
    """The panel's title: the face, and what is said of it."""
    if panel.titles:
        return panel.titles[0]
    return f"{panel.face.label}  {panel.caption_text}".strip()


def role_of(panel: Panel) -> Json:
    """What the step does with the panel's array, by number and in words; 0 where that is nothing."""
    if panel.use:
        return [_USES.index(panel.use), panel.use_texts[0]]
    compared = panel.differing is not None or panel.sparse
    return [_USES.index(WRITES), ""] if compared else 0


def span_json(span: Span | None) -> Json:
    """A block of cells: first and end of its rows and columns; where they are apart their steps; which."""
    if span is None:
        return None
    found: list[Json] = [span.rows.start, span.rows.stop, span.columns.start, span.columns.stop]
    if span.only or (span.rows.step, span.columns.step) != (1, 1):
        found += [span.rows.step, span.columns.step]
    return [*found, "".join("01"[bool(one)] for one in span.only)] if span.only else found
