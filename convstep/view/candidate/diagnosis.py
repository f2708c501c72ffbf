"""What is wrong with a candidate, in words: a few for a part of the screen, or all there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import set_cell_size
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from convstep.language import tr
from convstep.view.text.wrapping import Paragraph, wrap

if TYPE_CHECKING:
    from convstep.candidate.diagnose.findings import Finding
    from convstep.candidate.verdict import Verdict

MORE = "d shows all"


def subtitle(verdict: Verdict) -> str:
    """The verdict in a few words, for the title line."""
    if verdict.ok:
        return tr("no mistake found")
    ids = ", ".join(dict.fromkeys(finding.id for finding in verdict.diagnosis))
    return verdict.pattern or ids


def draw_diagnosis(verdict: Verdict, width: int, height: int) -> Text:
    """What is wrong and the line to fix, wrapped, as far as there is room."""
    blocks: list[list[Text]] = []
    if verdict.ok:
        blocks.append([Text(f"✓ {verdict.headline}", "bold")])
    for finding in verdict.diagnosis:
        if not finding.alternative:
            blocks.append([_heading(finding), Text(finding.message), *_lines(finding, "  ")])
    explained = [finding for finding in verdict.diagnosis if not finding.alternative and finding.bug]
    blocks += [[Text(tr(finding.bug.explanation))] for finding in explained if finding.bug is not None]
    lines: list[Text] = []
    for block in blocks:
        lines += [Text("")] if lines else []
        for part in block:
            lines += _wrapped(part, width)
    if len(lines) > height:
        lines = [*lines[: max(height - 1, 0)], Text(set_cell_size(f"… {tr(MORE)}", width).rstrip(), "dim")]
    drawn = Text("\n", no_wrap=True, overflow="crop").join(lines)
    drawn.no_wrap, drawn.overflow = True, "crop"
    return drawn


def whole_diagnosis(verdict: Verdict) -> RenderableType:
    """The whole verdict and the candidate's own source; wraps to any width."""
    from convstep.candidate.check.grade import problem_words
    from convstep.candidate.report import called, divergence_words, own_report

    parts: list[RenderableType] = [Paragraph(tr("{sentence}.", sentence=verdict.headline), "bold")]
    how = called(verdict)
    parts.append(Paragraph(tr("{sentence}.", sentence=how[:1].upper() + how[1:]), "dim"))
    result = verdict.failing_result
    if result is not None and not verdict.ok:
        parts += ["", Paragraph(tr("Smallest failing problem: {problem}", problem=problem_words(result)))]
        parts += [
            _indented(tr("{name}: {problem}", name=name, problem=words))
            for name, words in verdict.patterns.items()
        ]
        if result.outcome.message and not result.grades:
            parts.append(_indented(result.outcome.message))
        found = verdict.first_divergence
        if found is not None:
            words = divergence_words(found, result.right.problem.geometry)
            parts.append(Paragraph(tr("First divergence: {words}", words=words)))
        if verdict.own is not None:
            parts += [_indented(words) for words in own_report(verdict.own)]
    for finding in verdict.diagnosis:
        if not finding.alternative:
            parts += ["", _heading(finding), Paragraph(finding.message)]
            parts += [Padding(line, (0, 0, 0, 2)) for line in _lines(finding, "")]
            if finding.bug is not None:
                parts += ["", _indented(tr(finding.bug.explanation))]
    others = dict.fromkeys(finding.id for finding in verdict.diagnosis if finding.alternative)
    if others:
        ids = tr(", ").join(others)
        parts += ["", Paragraph(tr("The same numbers would also come from: {ids}", ids=ids))]
    if verdict.notes:
        parts += ["", *(_indented(f"- {note}") for note in verdict.notes)]
    wrapped = [Paragraph(part) if isinstance(part, Text) else part for part in parts]
    return Group(*wrapped, *_source(verdict))


def _source(verdict: Verdict) -> list[RenderableType]:
    """The candidate's own lines with their numbers; the one that raised, or that parts, is marked."""
    candidate = verdict.swept.candidate
    if not candidate.source:
        return []
    result = verdict.failing_result
    raised = result.outcome.line if result is not None else 0
    if not raised and verdict.own is not None:
        raised = verdict.own.first.line
    lines = candidate.source.rstrip().splitlines()
    first = candidate.first_line or 1
    digits = len(str(first + len(lines)))
    where = tr("{file}, line {line}", file=candidate.file, line=first) if candidate.file else candidate.name
    drawn = Text(no_wrap=True, overflow="ellipsis")
    for number, line in enumerate(lines, first):
        mark = "▶" if number == raised else " "
        drawn.append(f"{mark}{number:>{digits}}  ", "bold" if mark == "▶" else "dim")
        drawn.append(f"{line}\n", "bold" if mark == "▶" else "")
    return ["", Text(where, "bold underline"), drawn]


def how_sure(finding: Finding) -> str:
    """How sure it is, in a word or two."""
    return {"proven": tr("proven"), "likely": tr("likely"), "seen": tr("seen, not proven")}[finding.strength]


def _heading(finding: Finding) -> Text:
    return Text.assemble((finding.id, "bold"), f"  {how_sure(finding)}")


def _lines(finding: Finding, indent: str) -> list[Text]:
    """The wrong line and the line it should be, as in a patch."""
    wrong, right = finding.lines
    return [
        *(Text(f"{indent}- {line}") for line in wrong.splitlines()),
        *(Text(f"{indent}+ {line}", "bold") for line in right.splitlines()),
    ]


def _indented(words: str) -> Padding:
    return Padding(Paragraph(words), (0, 0, 0, 2))


def _wrapped(part: Text, width: int) -> list[Text]:
    """The lines of a paragraph; what continues a line stands as far in as it, and two more."""
    import textwrap

    words = part.plain
    indent = " " * (len(words) - len(words.lstrip()))
    further = f"{indent}  " if words.lstrip()[:2] in ("- ", "+ ") else indent
    if further == indent:  # words, perhaps Chinese ones; the others are lines of code
        return [
            Text(f"{indent}{line.plain}", part.style)
            for line in wrap(Text(words.strip()), max(width, 8) - len(indent))
        ]
    wrapped = textwrap.wrap(words, max(width, 8), subsequent_indent=further) or [""]
    return [Text(line, part.style) for line in wrapped]
