"""The verdict on one backward of a file, as a row."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from convstep.candidate.call.conventions import AUTO
from convstep.candidate.call.outcome import CannotCall
from convstep.candidate.load.target import CandidateError
from convstep.candidate.referee import check
from convstep.candidate.survey.backwards import Found
from convstep.candidate.survey.row import (
    RIGHT,
    UNCALLED,
    UNKNOWN,
    UNLOADED,
    UNWRITTEN,
    WRONG,
    Mistake,
    Row,
)
from convstep.candidate.verdict import Verdict
from convstep.language import tr
from convstep.printable import SENTENCE, printable, printable_lines


@dataclass(frozen=True, slots=True)
class Options:
    """How backwards are checked; see `convstep.check`."""

    convention: str = AUTO
    operator: str | None = None
    timeout: float | None = None
    run_all: bool = False
    python2: bool = False
    adapter: str | None = None


_NAMED = (
    ("conv-transpose2d", r"conv\w*transpose|transposed?_?conv|deconv"),
    ("conv1d", r"conv_?1d"),
    ("", r"conv_?3d|depthwise|attention|attn|dropout|group_?norm|instance_?norm|(?<![a-z])(gn|rnn|gru)(?![a-z])"),
    ("", r"rnn|gru|sigmoid|tanh|gelu|elu(?<!relu)|silu|swish|softplus|svm|mse|model|activation|network"),
    ("avg-pool", r"(av(g|erage)|mean)\w*pool|pool\w*(av(g|erage)|mean)"),
    ("max-pool", r"max\w*pool|pool\w*max"),
    ("", r"pool"),
    ("layer-norm", r"layer_?norm|(?<![a-z])ln(?![a-z])"),
    ("batch-norm", r"batch_?norm|(?<![a-z])bn(?![a-z])"),
    ("embedding", r"embed"),
    ("lstm-step", r"lstm"),
    ("softmax-cross-entropy", r"softmax|cross_?entropy"),
    ("linear", r"affine|linear|dense|fully|(?<![a-z])fc(?![a-z])"),
    ("relu", r"relu"),
    ("conv2d", r"conv(?!er|ex|ent|ey|in)"),
)
"""Operators by what their functions are called; "" is what no check is for. The first that fits counts."""
CONV2D = "conv2d"
OPERATORS = tuple(sorted({name for name, _ in _NAMED if name}))
"""Those that a name can mean."""


def named_operators(name: str) -> set[str]:
    """The operators that a function's name speaks of; several for `conv_relu_backward`."""
    found, left = set(), name
    for operator, pattern in _NAMED:
        if re.search(pattern, left, re.IGNORECASE):
            found.add(operator)
            left = re.sub(pattern, " ", left, flags=re.IGNORECASE)
    return found


def judged(file: str, found: Found, options: Options) -> Row:
    """Check one backward.

    Args:
        file: where it is.
        found: the backward.
        options: how it is checked.
    """
    told: dict[str, Any] = {"file": file, "name": found.name, "line": found.line, "cell": found.cell}
    meant = {options.operator} if options.operator else named_operators(found.name)
    if meant - {CONV2D} and options.adapter is None:
        operator = next(iter(meant)) if len(meant) == 1 else ""
        return Row(**told, verdict=UNKNOWN, operator=operator, says=tr("no operator that is known"))
    if not found.written:
        said = tr("{name} is not written yet", name=found.name)
        return Row(**told, verdict=UNWRITTEN, operator=next(iter(meant), ""), says=said)
    try:
        verdict = check(
            f"{file}:{found.name}",
            options.convention,
            timeout=options.timeout,
            run_all=options.run_all,
            python2=options.python2,
            adapter=options.adapter,
        )
    except CannotCall as error:
        return Row(**told, verdict=UNCALLED, operator=next(iter(meant), ""), says=str(error))
    except CandidateError as error:
        return Row(**told, verdict=UNLOADED, operator=next(iter(meant), ""), says=str(error))
    return row_of(verdict, told)


def row_of(verdict: Verdict, told: dict[str, Any]) -> Row:
    """What is kept of a verdict.

    Args:
        verdict: of `check`.
        told: the fields that are known without it.
    """
    line, cell = _mistake_place(verdict, told["file"])
    name = verdict.swept.candidate.name
    return Row(
        **told,
        verdict=RIGHT if verdict.ok else WRONG,
        operator=verdict.operator,
        convention=verdict.convention,
        mistakes=verdict.mistakes,
        mistake_line=line,
        mistake_cell=cell,
        says=printable(verdict.headline.removeprefix(f"{name} "), SENTENCE),
        mistake=_first_mistake(verdict),
        command=() if verdict.ok else ("convstep", "debug"),
        flags=verdict.flags,
    )


def _mistake_place(verdict: Verdict, file: str) -> tuple[int, int]:
    """The line at which it parts from the reference, or raises, and its cell; 0 where that is not known."""
    own, failing = verdict.as_dict()["own_line"], verdict.failing_result
    if own is not None and _same(own["file"], file):
        return own["line"], own["cell"] or 0
    if failing is not None and not failing.grades and failing.outcome.line:
        return failing.outcome.line, failing.outcome.cell
    return 0, 0


def _same(path: str, file: str) -> bool:
    return os.path.realpath(path.partition(":cell ")[0]) == os.path.realpath(file)


def _first_mistake(verdict: Verdict) -> Mistake:
    """What the likeliest mistake is, if it is one that is known."""
    first = next(iter(verdict.diagnosis), None)
    if first is None or first.bug is None:
        return Mistake()
    wrong, right = map(printable_lines, first.lines)
    return Mistake(tr(first.bug.title), tr(first.bug.explanation), wrong, right)
