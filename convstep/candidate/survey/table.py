"""A survey as a table in a terminal, as CSV, and as a Markdown page: the most frequent mistake first."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from convstep.candidate.load.names import line_words
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
from convstep.printable import printable, printable_lines
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
    """A line for each row, under a heading; the last column is cut to the width, None cuts nothing."""
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


HEADINGS = {
    UNCALLED: "Cannot be called",
    UNLOADED: "Cannot be loaded",
    UNWRITTEN: "Not written yet",
    UNKNOWN: "Other operators",
    MISSING: "Without a backward",
    UNCHECKED: "Not checked",
    RIGHT: "Right",
}
"""The parts of the page after the mistakes, by what their rows say."""
UNEXPLAINED = "unknown"
"""The id of what no known mistake explains."""
_SYNTAX = re.compile(r"([\\`*\[\]<>|#~$&]|(?<!\w)_|_(?!\w))")


def page(survey: Survey) -> str:
    """All of it: counts, each mistake with those who made it and a command to see it, then the others."""
    lines = [f"# {_plain(tr('Survey of {folder}', folder=survey.folder))}", ""]
    lines += [tr("{count} submissions: {counts}.", count=survey.submissions, counts=summary(survey)), ""]
    if survey.interrupted:
        lines += [tr("It was interrupted: what was not reached is missing."), ""]
    lines += _identical(survey)
    groups, labels = _by_mistake(survey.rows), survey.labels()
    if groups:
        lines += [f"| {tr('first mistake')} | {tr('times')} |", "| --- | ---: |"]
        lines += [f"| {_title(mistake, rows)} | {len(rows)} |" for mistake, rows in groups]
        lines += [""]
    for mistake, rows in groups:
        lines += [f"## {_title(mistake, rows)}: {len(rows)}", "", *_explained(rows), *_who(labels, rows)]
    for verdict, heading in HEADINGS.items():
        rows = [row for row in survey.rows if row.verdict == verdict]
        if rows:
            lines += [f"## {tr(heading)}: {len(rows)}", "", *_who(labels, rows)]
    return printable_lines("\n".join(lines).rstrip() + "\n")


def _by_mistake(rows: Sequence[Row]) -> list[tuple[tuple[str, str], list[Row]]]:
    """The wrong rows by operator and first mistake, the most frequent first."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.verdict == WRONG:
            groups.setdefault((row.operator, row.mistakes[0] if row.mistakes else ""), []).append(row)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def _title(mistake: tuple[str, str], rows: Sequence[Row]) -> str:
    operator, known = mistake
    title = next((row.mistake.title for row in rows if row.mistake.title), "")
    said = tr("no known mistake") if known in ("", UNEXPLAINED) else ": ".join(filter(None, (known, title)))
    return _plain(f"{said} ({operator})" if operator else said)


def _explained(rows: Sequence[Row]) -> Iterator[str]:
    """What the mistake is, once, with the lines as most people write them."""
    mistake = next((row.mistake for row in rows if row.mistake.explanation), None)
    if mistake is None:
        return
    yield from (_plain(mistake.explanation), "")
    if mistake.wrong or mistake.right:
        lines = [
            *(f"- {line}" for line in mistake.wrong.splitlines()),
            *(f"+ {line}" for line in mistake.right.splitlines()),
        ]
        yield from (*_block("diff", "\n".join(lines)), "")


def _who(labels: Mapping[str, str], rows: Sequence[Row]) -> Iterator[str]:
    yield f"| {tr('submission')} | {tr('function')} | {tr('line')} | {tr('what it says')} |"
    yield "| --- | --- | --- | --- |"
    for row in rows:
        said = with_twin(row, row.says)
        if also := ", ".join(row.mistakes[1:]):
            said = tr("{said} (also: {mistakes})", said=said, mistakes=also)
        where = row.place if row.verdict == WRONG else line_words(row.line, row.cell)
        yield f"| {_plain(labels[row.file])} | {_code(row.name)} | {where} | {_plain(said)} |"
    yield ""
    opens = next((row.opens for row in rows if row.opens), "")
    if opens:
        yield from (tr("To see the first:"), "", *_block("sh", opens), "")


def _identical(survey: Survey) -> list[str]:
    """Who has handed in the same code: each time it was checked once."""
    same: dict[str, list[str]] = {}
    for row in survey.rows:
        if row.same_as and row.submission not in same.setdefault(row.same_as, []):
            same[row.same_as].append(row.submission)
    if not same:
        return []
    told = [f"- {_plain(', '.join((first, *others)))}" for first, others in same.items()]
    return [tr("The same code, line for line, was handed in by:"), "", *told, ""]


def _plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _SYNTAX.sub(r"\\\1", printable(text, None))


def _code(text: str) -> str:
    return f"`{printable(text, None)}`" if text else ""


def _block(language: str, text: str) -> list[str]:
    """Lines of code, in a fence that none of them closes."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", text, fence]
