"""A verdict as plain text: the sentence first, then where, then why, then what to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from convstep.candidate.check.judging import problem_words
from convstep.candidate.diagnose.diagnosis import UNKNOWN
from convstep.conv.number_text import short
from convstep.conv.validation import place_text, shape_text
from convstep.language import tr
from convstep.printable import printable, printable_lines

if TYPE_CHECKING:
    from convstep.candidate.check.judging import Judged, Result
    from convstep.candidate.diagnose.finding import Finding
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.verdict import Verdict
    from convstep.conv.geometry import Geometry

WIDTH = 100
"""Columns of a paragraph."""


def report(verdict: Verdict) -> str:
    """All that a person wants to read, lines of at most `WIDTH` columns where words allow."""
    swept = verdict.swept
    lines = [verdict.headline + "."]
    lines += _wrapped(f"called as {verdict.convention}: {swept.reason}")
    if verdict.failing is not None:
        lines += ["", *_failure(verdict)]
    if not verdict.ok:
        for finding in verdict.diagnosis:
            if not finding.alternative:
                lines += ["", *_finding(finding)]
        others = [finding for finding in verdict.diagnosis if finding.alternative]
        if others:
            ids = ", ".join(dict.fromkeys(finding.id for finding in others))
            lines += ["", *_wrapped(f"the same numbers would also come from: {ids}")]
    if verdict.notes:
        lines += ["", *(line for note in verdict.notes for line in _wrapped(note, "- "))]
    if verdict.failing is not None:
        first = "" if _addressed(verdict) else f", save {verdict.target.rpartition('.')[2]} in a file"
        lines += ["", f"to see it{first}: {open_command(verdict)}"]
    return printable_lines("\n".join(lines))


def open_command(verdict: Verdict) -> str:
    """The command that opens the failing problem with the candidate beside the reference."""
    import shlex

    words = ["convstep", "debug", verdict.target if _addressed(verdict) else "FILE.py:FUNCTION"]
    if verdict.path is not None:
        words.append(verdict.path)
    return printable(shlex.join([*words, *verdict.flags]), None)


def _addressed(verdict: Verdict) -> bool:
    """Whether the command line can name the candidate; a lambda or a closure it cannot."""
    return ":" in verdict.target


def divergence_words(found: Divergence, geometry: Geometry) -> str:
    """Where it parts from the reference, in one or two sentences.

    Args:
        found: the first step that differs; it is named by the position after it, as on the screen.
        geometry: of the problem it was found on.
    """
    if found.before_any:
        return tr(
            "{gradient} is not zero before the first step: with a dZ of zeros it should be",
            gradient=found.gradient,
        )
    place = place_text(found.index, geometry)
    where = tr(
        "step {position} of {total} ({place}), in {gradient}",
        position=found.position,
        total=geometry.total_steps,
        place=place,
        gradient=found.gradient,
    )
    if found.shapes is not None and not found.cells:
        right, actual = found.shapes
        return tr(
            "{where}: its shape is {shape} instead of {right}, so every step is wrong",
            where=where,
            shape=shape_text(actual) if actual else tr("nothing"),
            right=shape_text(right),
        )
    others = found.count - 1
    return tr(
        "{where}{cell}: {actual} instead of {expected}"
        if not others
        else "{where}{cell}: {actual} instead of {expected}, and 1 more cell"
        if others == 1
        else "{where}{cell}: {actual} instead of {expected}, and {others} more cells",
        where=where,
        cell=list(found.cells[0]),
        actual=short(found.actual[0], 6),
        expected=short(found.expected[0], 6),
        others=others,
    )


def _failure(verdict: Verdict) -> list[str]:
    result = verdict.failing_result
    assert result is not None
    lines = [f"smallest failing problem: {problem_words(result)}"]
    here = {found.name: found for found in result.judged}
    for name, words in verdict.patterns.items():
        lines += _wrapped(f"{name:7} {words}{_there(here.get(name), result)}", "  ")
    if result.outcome.message and not result.judged:
        line = f" (line {result.outcome.line})" if result.outcome.line else ""
        lines += _wrapped(f"there: {result.outcome.message}{line}", "  ")
    if verdict.first_divergence is not None:
        words = divergence_words(verdict.first_divergence, result.right.problem.geometry)
        lines += _wrapped(f"first divergence: {words}")
    return lines


def _there(found: Judged | None, result: Result) -> str:
    """How a gradient is wrong on the failing problem."""
    if found is not None and found.kind == "wrong":
        return f"; here off by up to {short(found.max_abs_error, 3)}, at {list(found.worst)}"
    if found is not None and found.kind == "shape":
        right = shape_text(result.right.gradients[found.name].shape)
        return f"; here its shape is {shape_text(found.shape)} instead of {right}"
    return ""


def _finding(finding: Finding) -> list[str]:
    how = "proven" if finding.proven else "seen"
    # what no known bug explains says so itself
    lines = _wrapped(finding.message if finding.id == UNKNOWN else f"{finding.id} ({how}): {finding.message}")
    if finding.bug is not None:
        for word, code in zip(("wrong", "right"), finding.lines, strict=True):
            lines += textwrap.indent(code, " " * 11).replace(" " * 11, f"    {word}  ", 1).splitlines()
        lines += _wrapped(finding.bug.explanation, "    ")
    return lines


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
