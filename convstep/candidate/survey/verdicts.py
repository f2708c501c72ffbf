"""The verdict on one backward of a file, as a row."""

from __future__ import annotations

import os
from typing import Any

from convstep.candidate.call.outcome import CannotCall
from convstep.candidate.load.target import CandidateError, NotLoaded
from convstep.candidate.operators.naming import named_operators, why_not
from convstep.candidate.operators.verdict import OperatorVerdict
from convstep.candidate.referee import check
from convstep.candidate.survey.backwards import Found
from convstep.candidate.survey.options import Options
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


def judged(file: str, found: Found, options: Options) -> Row:
    """Check one backward.

    Args:
        file: where it is.
        found: the backward.
        options: how it is checked.
    """
    told: dict[str, Any] = {"file": file, "name": found.name, "line": found.line, "cell": found.cell}
    meant = named_operators(found.name) if options.operator is None else {options.operator}
    told["operator"] = next(iter(meant)) if len(meant) == 1 else ""
    asked = options.operator is not None or options.adapter is not None
    if not asked and (unknown := why_not(found.name)):
        return Row(**{**told, "operator": ""}, verdict=UNKNOWN, says=unknown)
    if not found.written:
        return Row(**told, verdict=UNWRITTEN, says=tr("{name} is not written yet", name=found.name))
    try:
        verdict = check(
            f"{file}:{found.name}",
            options.convention,
            timeout=options.timeout,
            run_all=options.run_all,
            python2=options.python2,
            adapter=options.adapter,
            operator=options.operator,
        )
    except CannotCall as error:
        return Row(**told, verdict=UNCALLED, says=str(error))
    except NotLoaded as error:  # nor will anything else of its file
        return Row(file, "", UNLOADED, says=str(error))
    except CandidateError as error:
        return Row(**told, verdict=UNLOADED, says=str(error))
    return row_of(verdict, told)


def row_of(verdict: Verdict | OperatorVerdict, told: dict[str, Any]) -> Row:
    """What is kept of a verdict.

    Args:
        verdict: of `check`.
        told: the fields that are known without it.
    """
    line, cell = _mistake_place(verdict, told["file"])
    opens = "debug" if verdict.operator == "conv2d" else "check"
    return Row(
        **{**told, "operator": verdict.operator},
        verdict=RIGHT if verdict.ok else WRONG,
        convention=verdict.convention,
        mistakes=verdict.mistakes,
        mistake_line=line,
        mistake_cell=cell,
        says=printable(verdict.headline.removeprefix(f"{verdict.name} "), SENTENCE),
        mistake=_first_mistake(verdict),
        command=() if verdict.ok else ("convstep", opens),
        flags=verdict.flags,
    )


def _mistake_place(verdict: Verdict | OperatorVerdict, file: str) -> tuple[int, int]:
    """The line at which it parts from what is right, or raises, and its cell; 0 if in another file."""
    path, line, cell = verdict.place or ("", 0, 0)
    # a notebook's cells are files of their own
    same = os.path.realpath(path.partition(":cell ")[0]) == os.path.realpath(file)
    return (line, cell) if same else (0, 0)


def _first_mistake(verdict: Verdict | OperatorVerdict) -> Mistake:
    """What the likeliest mistake is, if it is one that is known."""
    first: Any = next(iter(verdict.diagnosis), None)  # a Finding of one kind or the other
    if first is None or not first.explanation:
        return Mistake()
    return Mistake(first.title, first.explanation, *map(printable_lines, first.lines))
