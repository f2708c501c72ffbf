"""A survey as a table: in a terminal, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from convstep.candidate.survey.row import (
    MISSING,
    RIGHT,
    UNCALLED,
    UNCHECKED,
    UNKNOWN,
    UNLOADED,
    UNWRITTEN,
    WRONG,
    Row,
    counted,
)
from convstep.candidate.survey.surveying import Survey
from convstep.language import tr
from convstep.printable import printable
from convstep.waiting import columns_of

MARKS = {RIGHT: "✓", WRONG: "✗"}
"""What stands before a verdict; a dash before one that is none."""
COUNTS = {
    WRONG: "{count} wrong",
    RIGHT: "{count} right",
    UNCALLED: "{count} cannot be called",
    UNLOADED: "{count} cannot be loaded",
    UNWRITTEN: "{count} not written",
    UNKNOWN: "{count} without a check",
    MISSING: "{count} without a backward",
    UNCHECKED: "{count} not checked",
}
"""How many rows say what, in words."""
LONGEST_NAME = 34
"""Columns of a name; more would leave no room for what is wrong with it."""
GAP = "  "
FORMULA = ("=", "+", "-", "@", "'")
"""How a cell begins that a spreadsheet would compute, or take the sign away from."""


def table(survey: Survey, width: int | None = None) -> list[str]:
    """A line for each row, under a heading.

    Args:
        survey: what is shown; of a single file without the column of submissions.
        width: columns of the terminal, in which the last column is cut; None cuts nothing.
    """
    several = any(row.submission for row in survey.rows)
    heading = [tr("function"), tr("line"), tr("operator"), tr("verdict"), tr("first mistake")]
    cells = [_cells(row) for row in survey.rows]
    if several:
        labels = survey.labels()
        heading.insert(0, tr("submission"))
        cells = [
            [printable(labels[row.file], LONGEST_NAME), *each]
            for row, each in zip(survey.rows, cells, strict=True)
        ]
    lines = [heading, *cells]
    if several and len({row.operator for row in survey.rows if row.operator}) < 2:  # it says nothing
        lines = [[*line[:-3], *line[-2:]] for line in lines]
    widths = [max(columns_of(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
    return [_line(line, widths, width) for line in lines]


def summary(survey: Survey) -> str:
    """How many rows say what, in one line."""
    said = [tr(COUNTS[verdict], count=count) for verdict, count in counted(survey.rows).items()]
    if survey.left:
        said.append(tr("{count} not reached", count=survey.left))
    return tr(", ").join(said) if said else tr("nothing was checked")


def first_mistake(row: Row) -> str:
    """What is wrong first and where, or why there is no verdict."""
    known, says = row.mistakes[0] if row.mistakes else "", row.says
    if says.startswith(known):  # "raises"
        known = ""
    elif says.endswith(known):  # "something else is wrong: mutates-input"
        says = says.removesuffix(known).rstrip(" :：")
    before = tr(", ").join(filter(None, (known, row.place)))
    return with_twin(row, tr("{before}: {said}", before=before, said=says) if before else says)


def with_twin(row: Row, said: str) -> str:
    """What is said of a row, and whose code is the same."""
    return tr("{said} (the same code as {other})", said=said, other=row.same_as) if row.same_as else said


def _cells(row: Row) -> list[str]:
    line = f"{row.cell}:{row.line}" if row.cell else str(row.line or "")
    verdict = f"{MARKS.get(row.verdict, '-')} {row.verdict}"
    return [
        printable(row.name, LONGEST_NAME),
        line,
        row.operator,
        verdict,
        printable(first_mistake(row), None),
    ]


def _line(cells: Sequence[str], widths: Sequence[int], width: int | None) -> str:
    *others, last = cells
    begun = GAP.join(
        f"{each}{' ' * (room - columns_of(each))}" for each, room in zip(others, widths, strict=True)
    )
    if width is not None and columns_of(f"{begun}{GAP}{last}") > width:
        while last and columns_of(f"{begun}{GAP}{last}…") > width:
            last = last[:-1]
        last += "…"
    return f"{begun}{GAP}{last}".rstrip()


def as_csv(survey: Survey) -> bytes:
    """The rows for a spreadsheet, which must neither compute a cell nor take its text for Latin-1."""
    written = io.StringIO()
    names = list(Row("", "", MISSING).as_dict())
    writer = csv.DictWriter(written, names)
    writer.writeheader()
    for row in survey.rows:
        writer.writerow({name: _cell(value) for name, value in row.as_dict().items()})
    text = written.getvalue()
    return text.encode("ascii" if text.isascii() else "utf-8-sig")


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = " ".join(value)
    if not isinstance(value, str):
        return value
    shown = printable(value, None)
    return f"'{shown}" if shown.startswith(FORMULA) else shown
