"""A verdict as plain text: the sentence first, then where, then why, then what to do."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from convstep.candidate.call.parameters import read
from convstep.candidate.call.written import call_text, their_cell, their_shape
from convstep.candidate.check.grade import problem_words
from convstep.candidate.check.wording import diagnosis_lines, headed, listed, patch_lines, wrapped
from convstep.candidate.load.names import line_words, looks_backward
from convstep.candidate.step.own_made import made_of
from convstep.candidate.step.own_run import CUT, LAST, MAKES, PARTS
from convstep.conv.validation import cell_text, place_text, shape_text
from convstep.language import tr
from convstep.printable import printable, printable_lines
from convstep.steps.number_text import short, told_apart

if TYPE_CHECKING:
    from convstep.candidate.call.call import Call
    from convstep.candidate.call.outcome import Candidate, CannotCall
    from convstep.candidate.check.grade import Grade, Result
    from convstep.candidate.diagnose.findings import Finding
    from convstep.candidate.step.own_lines import OwnLines
    from convstep.candidate.step.own_run import OwnStep
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.verdict import Verdict
    from convstep.conv.geometry import Geometry


def report(verdict: Verdict) -> str:
    """All that a person wants to read, lines of at most `WIDTH` columns where words allow."""
    lines = [*headed(verdict.headline), *wrapped(called(verdict))]
    if verdict.failing is not None:
        lines += ["", *_failure(verdict)]
    lines += diagnosis_lines(verdict.diagnosis, _finding, verdict.notes)
    if verdict.failing is not None:
        first = "" if _addressed(verdict) else f", save {verdict.target.rpartition('.')[2]} in a file"
        lines += ["", f"to see it{first}: {open_command(verdict)}"]
    return printable_lines("\n".join(lines))


def called(verdict: Verdict) -> str:
    """How the candidate was called, and why so."""
    call, reason = verdict.swept.call, verdict.swept.reason
    if "--adapter" in verdict.flags:
        adapter = verdict.flags[verdict.flags.index("--adapter") + 1]
        return tr("called by the adapter {adapter}", adapter=adapter)
    if call.convention == "layer":  # the reason says how it is made and called
        return reason
    if call.convention == "named":
        return tr("called as {call}", call=reason)
    return tr("called as {convention}: {reason}", convention=call.convention, reason=reason)


TRIED = 3
"""Ways of calling a candidate that are told of one that cannot be called."""


def uncallable_report(error: CannotCall, target: str, *, adapted: bool = False) -> str:
    """All there is to say of a candidate that cannot be called: why, what was tried, how to go on.

    If an adapter called it (`adapted`), that is to be changed.
    """
    said = str(error)
    lines = wrapped(said if "cannot be called" in said else f"cannot be called: {said}")
    if error.tried:
        lines += ["", "what was tried:"]
    for attempt in error.tried[:TRIED]:
        lines += wrapped(attempt.how, "  ")
        line = f" ({attempt.place}: {attempt.line_text})" if attempt.place else ""
        lines += wrapped(f"{attempt.message}{line}", "    ")
    if more := len(error.tried[TRIED:]):
        lines += [tr("  and {count} more; --json has them all", count=more)]
    if not adapted:
        named = shlex.quote(target)
        lines += [""]
        if error.candidate.kind != "autograd" and not error.candidate.tensors:  # those `open` refuses
            command = f"convstep open {named} --call {shlex.quote(_own_call(error.candidate))}"
            lines += [tr("to step it as it stands, with arguments of yours: {command}", command=command)]
        lines += [f"to start from: convstep check {named} --write-adapter adapter.py"]
    return printable_lines("\n".join(lines))


def _own_call(candidate: Candidate) -> str:
    """How somebody would call it, with its parameters for arguments: `Conv(…).backward(dout)`."""
    owner, _, method = candidate.name.rpartition(".")
    needed = candidate.needed
    if candidate.kind == "class":
        owner, _, named = candidate.name.partition(".")
        methods = list(map(read, candidate.methods))
        backwards = [each for each in methods if each[0] == named or (not named and looks_backward(each[0]))]
        if not backwards:
            return f"{owner}(…)"
        method, listed = min(backwards, key=lambda each: each[0] != "backward")  # or `clear_grad`
        needed = tuple(each.name for each in listed if each.default is None and not each.star)
    made = f"{owner}(…)." if owner else ""
    return f"{made}{method}({', '.join(needed)})"


def uncallable_json(error: CannotCall, target: str) -> dict[str, Any]:
    """The same for programs."""
    return {
        "ok": None,
        "verdict": "cannot be called",
        "target": target,
        "reason": str(error),
        "tried": [
            {
                "call": attempt.how,
                "message": attempt.message,
                "line": attempt.line or None,
                "line_text": attempt.line_text,
            }
            for attempt in error.tried
        ],
    }


def open_command(verdict: Verdict) -> str:
    """The command that opens the failing problem with the candidate beside the reference."""
    words = ["convstep", "debug", verdict.target if _addressed(verdict) else "FILE.py:FUNCTION"]
    if verdict.path is not None:
        words.append(verdict.path)
    return printable(shlex.join([*words, *verdict.flags]), None)


def _addressed(verdict: Verdict) -> bool:
    """Whether the command line can name the candidate; a lambda or a closure it cannot."""
    return ":" in verdict.target


def divergence_words(found: Divergence, geometry: Geometry, call: Call | None = None) -> str:
    """Where it parts from the reference, in one or two sentences; positions are those of the screen.

    Cells and shapes are named as the author of the call does; where the debugger names them otherwise, both
    are said.
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
    if found.running:
        where = tr("while its loop runs, {where}", where=where)
    if found.shapes is not None and not found.cells:
        right, actual = (
            shape if call is None else their_shape(call, found.gradient, shape) for shape in found.shapes
        )
        return tr(
            "{where}: its shape is {shape} instead of {right}, so every step is wrong",
            where=where,
            shape=shape_text(actual) if actual else tr("nothing"),
            right=shape_text(right),
        )
    others, (value, expected) = found.count - 1, told_apart(found.actual[0], found.expected[0])
    cell = ours = cell_text("", found.cells[0])
    if call is not None:
        theirs = cell_text("", their_cell(call, found.gradient, found.cells[0]))
        if theirs != ours:
            cell = tr("{cell} ({ours} in the debugger)", cell=theirs, ours=ours)
    return tr(
        "{where}{cell}: {actual} instead of {expected}"
        if not others
        else "{where}{cell}: {actual} instead of {expected}, and 1 more cell"
        if others == 1
        else "{where}{cell}: {actual} instead of {expected}, and {others} more cells",
        where=where,
        cell=cell,
        actual=value,
        expected=expected,
        others=others,
    )


def own_report(own: OwnLines) -> list[str]:
    """The candidate's line at the first divergence, and what is known of it, a sentence each."""
    first = own.first
    where = line_words(first.line, own.run.recording.source.cell)
    return [tr("{place}: {text}", place=where, text=first.text), *own_words(own, first), *_made_words(own)]


MANY = 8
"""Lines that are listed at the most, the nearest."""


def _made_words(own: OwnLines) -> list[str]:
    """What the line shown is made of and nobody has judged; nothing where its own window says it all."""
    first, recording = own.first, own.run.recording
    never_filled = first.kind == MAKES and not first.value
    if first.window is not None or not first.kind or never_filled:
        return []
    right = first.array if first.kind == CUT else ""
    made = made_of(recording.source.lines, first.line, recording.name, right)
    said = []
    if made.lines:
        lines = listed([str(line) for line in made.lines[-MANY:]])
        said.append(tr("it is made of lines that are not judged: {lines}", lines=lines))
    if made.functions:
        said.append(tr("it calls {functions}, which is not judged", functions=listed(made.functions)))
    if made.within:
        said.append(tr("what {function} is given is not judged", function=made.within))
    return said


def own_words(own: OwnLines, step: OwnStep, *, names: bool = True) -> list[str]:
    """What is known of a step of the candidate's own, a sentence each; none where it does what it should.

    `names`: also which variable says where its window begins.
    """
    said, window = [], step.window
    if window is not None:
        said.append(
            tr(
                "its window of {array} is rows {rows}, columns {columns}; "
                "the reference's is rows {right_rows}, columns {right_columns}",
                array=window.array,
                rows=lines_text(window.rows),
                columns=lines_text(window.columns),
                right_rows=lines_text(window.right_rows),
                right_columns=lines_text(window.right_columns),
            )
        )
        if window.name and names:
            said.append(
                tr(
                    "{name} is {value}; in the reference that is {right}",
                    name=window.name,
                    value=window.value,
                    right=window.right_value,
                )
            )
    elif step.kind == CUT:
        said.append(
            tr(
                "{array} has the right values, but {gradient} is taken from other cells of it "
                "than it should be",
                array=step.array,
                gradient=own.run.gradient,
            )
        )
    elif step.kind:
        numbers = dict(zip(("value", "expected"), told_apart(step.value, step.expected), strict=True))
        cell = step.cell
        if step.returned:
            cell = tr("{cell}, returned as {returned},", cell=cell, returned=step.returned)
        known = LAST if step.kind == MAKES and not step.value else step.kind  # of room that was never filled
        said.append(tr(OWN_NUMBERS[known], cell=cell, **numbers))
    if step.unread:
        array = step.array or own.run.gradient
        said.append(tr("no step that writes {array} reads {cell}", array=array, cell=step.unread))
    return said


OWN_NUMBERS = {
    PARTS: "after a part of dZ {cell} is {value}; in the reference it is {expected} after the same part",
    LAST: "{cell} is {value} instead of {expected}, and no later line writes it",
    MAKES: "{cell} is {value} instead of {expected}, and this line makes it",
}
"""By what is known of a line, what is said of the cell that it writes."""


def lines_text(lines: range) -> str:
    """Rows or columns as a slice: `0:2`, or `0:5:2` with gaps."""
    if not len(lines):
        return tr("none")
    return f"{lines[0]}:{lines[-1] + 1}" + (f":{lines.step}" if lines.step != 1 and len(lines) > 1 else "")


def _failure(verdict: Verdict) -> list[str]:
    result = verdict.failing_result
    assert result is not None
    call, problem = verdict.swept.call, result.right.problem
    lines = [f"smallest failing problem: {problem_words(result)}"]
    lines += wrapped(call_text(call, verdict.swept.candidate, problem), "  ")
    here = {found.name: found for found in result.grades}
    for name, words in verdict.patterns.items():
        said = [] if words == verdict.pattern else [words]
        said += _there(here.get(name), result, call)
        lines += wrapped(f"{name:7} {'; '.join(said) or words}", "  ")
    if result.outcome.message and not result.grades:
        line = f" ({result.outcome.place})" if result.outcome.place else ""
        lines += wrapped(f"there: {result.outcome.message}{line}", "  ")
    if verdict.first_divergence is not None:
        words = divergence_words(verdict.first_divergence, problem.geometry, call)
        lines += wrapped(f"first divergence: {words}")
    if verdict.own is not None:
        lines += [line for words in own_report(verdict.own) for line in wrapped(words, "    ")]
    return lines


def _there(found: Grade | None, result: Result, call: Call) -> list[str]:
    """How a gradient is wrong on the failing problem, in its author's layout."""
    if found is not None and found.kind == "wrong":
        cell = cell_text(found.name, their_cell(call, found.name, found.worst))
        return [f"here off by up to {short(found.max_abs_error, 3)}, at {cell}"]
    if found is not None and found.kind == "shape":
        shape, right = (
            shape_text(their_shape(call, found.name, each))
            for each in (found.shape, result.right.gradients[found.name].shape)
        )
        return [f"here its shape is {shape} instead of {right}"]
    return []


def _finding(finding: Finding) -> list[str]:
    # what no known bug explains says so itself
    named = f"{finding.id} ({finding.strength}): {finding.message}"
    lines = wrapped(finding.message if finding.bug is None else named)
    if finding.bug is not None:
        lines += patch_lines(*finding.lines)
        lines += wrapped(finding.bug.explanation, "    ")
    return lines
