"""A survey as a Markdown page, grouped by mistake: what a class should hear about comes first."""

from __future__ import annotations

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
)
from convstep.candidate.survey.surveying import Survey
from convstep.candidate.survey.table import summary, with_twin
from convstep.language import tr
from convstep.printable import printable, printable_lines

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
