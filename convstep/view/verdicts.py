"""A comparison as a table: the same words and numbers on the screen and on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from convstep.conv.validation import shape_text
from convstep.language import tr
from convstep.oracle.comparison import Comparison
from convstep.oracle.row import Row
from convstep.steps.cells import cell_text
from convstep.view.numbers.text import short

if TYPE_CHECKING:
    from rich.table import Table

MATCHES, DIFFERS = "✓ matches", "✗ differs"

LONG = "gradient", "shape", "max abs error", "max rel error", "worst at", "tolerance there", "verdict"
BRIEF = "", "shape", "abs error", "rel error", "worst at", "tolerance", ""
BRIEFEST = "", "shape", "abs err", "rel err", "worst at", "tolerance", ""
SHAPE, RELATIVE = 1, 3
"""The columns that are left out first, and next; headings are translated where they are written."""


def comparison_rows(comparison: Comparison, width: int | None = None) -> list[tuple[str, ...]]:
    """The headings, then one line a gradient.

    Where the width is tight, words of the headings are left out, then the shapes, then digits and blanks,
    then the relative errors. None for as much as there is.
    """
    for headings, omitted, digits, comma, gap in _FORMS:
        lines = [tuple(map(tr, headings)), *(_cells(row, digits, comma) for row in comparison.rows)]
        rows = [tuple(text for at, text in enumerate(line) if at not in omitted) for line in lines]
        if width is None or table_width(rows, gap) <= width:
            break
    return rows


_FORMS = (
    (LONG, (), 3, ", ", 2),
    (BRIEF, (), 3, ", ", 2),
    (BRIEF, (SHAPE,), 3, ", ", 2),
    (BRIEFEST, (SHAPE,), 2, ",", 1),
    (BRIEFEST, (SHAPE, RELATIVE), 2, ",", 1),
)
"""Headings, columns left out, digits of a number, comma of an index, blanks between two columns."""


def table_width(rows: list[tuple[str, ...]], gap: int = 2) -> int:
    """How wide the lines are, with so many blanks between the columns."""
    columns = list(zip(*rows, strict=True))
    return sum(max(map(cell_len, column)) for column in columns) + gap * (len(columns) - 1)


def comparison_table(comparison: Comparison, width: int) -> Table:
    """The same for the screen; on the narrowest, what finds no room is cut."""
    from rich.table import Table
    from rich.text import Text

    headings, *rows = comparison_rows(comparison, width)
    gap = 2 if table_width([headings, *rows]) <= width else 1
    table = Table(box=None, padding=(0, gap, 0, 0), expand=False, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=True, header_style="dim")
    for row, (name, *numbers, verdict) in zip(comparison.rows, rows, strict=True):
        style = "bold green" if row.ok else "bold reverse red"
        table.add_row(Text(name, "bold"), *map(Text, numbers), Text(verdict, style))
    return table


def _cells(row: Row, digits: int, comma: str) -> tuple[str, ...]:
    return (
        row.name,
        shape_text(row.shape),
        short(row.max_abs_error, digits),
        short(row.max_rel_error, digits),
        cell_text("", row.worst_index).replace(", ", comma),
        short(row.tolerance, digits),
        tr(MATCHES) if row.ok else tr(DIFFERS),
    )
