"""A comparison as a table."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from convstep.conv.validation import cell_text, shape_text
from convstep.oracle.comparison import Comparison
from convstep.view.numbers import short

AGREES, DIFFERS = "✓ agrees", "✗ differs"


def comparison_table(comparison: Comparison, width: int) -> Table:
    """One line a gradient: shape, errors, where they are worst, the verdict.

    Args:
        comparison: what was compared.
        width: columns of room; the shape is left out where it is tight, then words of the headings.
    """
    roomy, tight = width >= 84, width < 70
    table = Table(box=None, padding=(0, 1 if tight else 2, 0, 0), expand=False, show_edge=False)
    errors = ("abs error", "rel error") if tight else ("max abs error", "max rel error")
    for heading in ("", *(["shape"] if roomy else []), *errors, "worst at", ""):
        table.add_column(heading, no_wrap=True, header_style="dim")
    for row in comparison.rows:
        table.add_row(
            Text(row.name, "bold"),
            *([shape_text(row.shape)] if roomy else []),
            short(row.max_abs_error, 3),
            short(row.max_rel_error, 3),
            cell_text("", row.worst_index).replace("[", r"\["),
            Text(AGREES, "bold green") if row.ok else Text(DIFFERS, "bold reverse red"),
        )
    return table
