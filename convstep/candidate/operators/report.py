"""A verdict on an operator's backward as plain text: the sentence first, then where, then why."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from convstep.candidate.check.wording import diagnosis_lines, headed, patch_lines, wrapped
from convstep.candidate.operators.finding import Finding
from convstep.candidate.operators.raising import place_of
from convstep.candidate.operators.verdict import divergence
from convstep.candidate.operators.written import laid, problem_words, their_cell
from convstep.candidate.record.guessing import known
from convstep.language import tr
from convstep.operators.registry import is_ours
from convstep.printable import printable, printable_lines
from convstep.steps.cells import cell_text
from convstep.steps.number_text import shape_text, told_apart

if TYPE_CHECKING:
    from convstep.candidate.operators.answer import Judged, Swept
    from convstep.candidate.operators.verdict import OperatorVerdict


def report(verdict: OperatorVerdict) -> str:
    """All that a person wants to read, lines of at most `WIDTH` columns where words allow."""
    lines = [*headed(verdict.headline), *wrapped(called_as(verdict))]
    if verdict.failing is not None:
        lines += ["", *_failure(verdict)]
    lines += diagnosis_lines(verdict.diagnosis, _finding, verdict.notes)
    if verdict.failing is not None:
        ways = []
        # else `open` cannot tell what to give it, or refuses it
        if ":" not in verdict.target or (known(verdict.name) and not _on_tensors(verdict)):
            ways = [tr("to see it: {command}", command=open_command(verdict))]
        shown = next((one.id for one in verdict.diagnosis if one.variant is not None), None)
        if shown is not None and is_ours(verdict.operator):  # one of a file is opened by its file's name
            command = shlex.join(["convstep", "open", verdict.operator, "--mistake", shown])
            ways += [tr("the same mistake in readable lines: {command}", command=command)]
        elif not ways and is_ours(verdict.operator):
            command = shlex.join(["convstep", "open", verdict.operator])
            ways = [tr("a right one in readable lines: {command}", command=command)]
        lines += ["", *ways] if ways else []
    return printable_lines("\n".join(lines))


def _on_tensors(verdict: OperatorVerdict) -> bool:
    """Whether it is called with PyTorch's tensors, whose steps cannot be seen."""
    return verdict.swept.way is not None and bool(verdict.swept.way.tensors)


def called_as(verdict: OperatorVerdict) -> str:
    """What it is taken to be, how its arrays are laid, and how it was called."""
    swept = verdict.swept
    call = next((one.answer.call for one in swept.results if one.answer.call), "")
    said = tr(
        "checked as {operator}, laid out as {convention}, called as {call}"
        if swept.convention is not None and call
        else "checked as {operator}, laid out as {convention}"
        if swept.convention is not None
        else "checked as {operator}, called as {call}"
        if call
        else "checked as {operator}",
        operator=swept.operator.name,
        convention="" if swept.convention is None else swept.convention.name,
        call=call,
    )
    if swept.convention is not None and swept.convention.lay is not None:
        said = tr(
            "{said}; cells, shapes and lines are as `convstep open {operator}` has them",
            said=said,
            operator=swept.operator.name,
        )
    elif any(finding.variant for finding in verdict.diagnosis) and (other := _laid_otherwise(swept)):
        said = tr(
            "{said}; lines are as `convstep open {operator}` has them: {name} of ({axes})",
            said=said,
            operator=swept.operator.name,
            name=other,
            axes=", ".join(swept.operator.axes[other]),
        )
    if not swept.options:
        return said
    options = ", ".join(f"{name} = {str(value).removeprefix('=')}" for name, value in swept.options.items())
    return tr("{said}; it always has {options}", said=said, options=options)


def _laid_otherwise(swept: Swept) -> str:
    """The first of its arrays that lies otherwise than in the readable backward; "" if none does."""
    ours, theirs = swept.operator.axes, swept.convention.axes if swept.convention is not None else {}
    return next((name for name in ours if theirs.get(name, ours[name]) != ours[name]), "")


def open_command(verdict: OperatorVerdict) -> str:
    """The command that steps through the readable backward, or the candidate on the failing problem."""
    words = ["convstep", "open"]
    if ":" not in verdict.target:
        return printable(shlex.join([*words, verdict.operator]), None)
    words.append(verdict.target)
    return printable(shlex.join(words), None)


def _failure(verdict: OperatorVerdict) -> list[str]:
    judged = verdict.failing_result
    assert judged is not None
    words = problem_words(verdict.swept.of(judged.answer), judged.answer.problem)
    lines = wrapped(tr("smallest failing problem: {problem}", problem=words))
    if judged.answer.call:
        lines += wrapped(judged.answer.call, "  ")
    for name in (name for name, share in judged.off.items() if share > 1):
        lines += wrapped(divergence_words(verdict.swept, judged, name), "  ")
    if judged.answer.message:
        line = f" ({place_of(judged.answer)}: {judged.answer.line_text})" if judged.answer.line else ""
        lines += wrapped(tr("there: {message}", message=judged.answer.message) + printable(line), "  ")
    return lines + wrapped(verdict.own, "  ")


def divergence_words(swept: Swept, judged: Judged, name: str) -> str:
    """A wrong cell of a gradient, what it is and what it should be; or the shapes; in the author's layout."""
    found, right, swept = divergence(judged, name), judged.right[name], swept.of(judged.answer)
    theirs = judged.answer.called.get(name, name)
    if found.shapes is not None and theirs != name and swept.convention and swept.convention.lay:
        return tr("{names} came transposed, of which {gradient} is made", names=theirs, gradient=name)
    if found.shapes is not None:
        return tr(
            "{gradient} has the shape {shape} instead of {right}",
            gradient=name,
            shape=shape_text(found.shapes[1]),
            right=shape_text(laid(swept, name, right).shape),
        )
    actual, expected = told_apart(found.actual, found.expected)
    return tr(
        "{cell} is {actual} instead of {expected}"
        if theirs == name
        else "{gradient}: {cell} is {actual} instead of {expected}",
        gradient=name,
        cell=cell_text(theirs, their_cell(swept, name, right.shape, found.cell)),
        actual=actual,
        expected=expected,
    )


def _finding(finding: Finding) -> list[str]:
    if finding.id == "unknown":  # it says so itself
        return wrapped(finding.message)
    lines = wrapped(f"{finding.id} ({finding.strength}): {finding.message}")
    lines += patch_lines(*finding.lines)
    return lines + wrapped(finding.explanation, "    ")
