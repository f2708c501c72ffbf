"""The process that reads files and checks backwards for a survey, one after the other.

Each judge is an interpreter of its own, so that several keep several cores busy; what is checked runs in
a child of the judge, as ever.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from convstep.candidate.call.child import limit_memory
from convstep.candidate.call.outcome import CannotCall
from convstep.candidate.load.target import CandidateError, NotLoaded
from convstep.candidate.operators.naming import named_operators, why_not
from convstep.candidate.operators.verdict import OperatorVerdict
from convstep.candidate.pair import PairVerdict
from convstep.candidate.referee import check
from convstep.candidate.survey.backwards import Contents, Found, contents
from convstep.candidate.survey.row import (
    RIGHT,
    UNCALLED,
    UNCHECKED,
    UNKNOWN,
    UNLOADED,
    UNWRITTEN,
    WRONG,
    Mistake,
    Row,
)
from convstep.candidate.survey.surveying import Options
from convstep.candidate.verdict import Verdict
from convstep.language import speak, tr
from convstep.oracle import messages
from convstep.oracle.conversation import answering
from convstep.oracle.watched import private_pipes
from convstep.printable import SENTENCE, printable, printable_lines


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What is in a "file", asked as `contents` is, or of a backward "found" in it, checked by "options"."""
    file = asked["file"]
    if "found" not in asked:
        try:
            held = contents(file, asked["function"], asked["top"])
            return asdict(held if asked["function"] else _of_operator(held, asked["operator"]))
        except CandidateError as error:
            said = str(error).replace(os.path.abspath(file), file)
            return {"backwards": [], "key": "", "said": said, "unread": True}
    found = Found(**asked["found"])
    try:
        return judged(file, found, Options(**asked["options"])).packed()
    except Exception as error:  # one submission never ends a survey, whatever it has found in us
        said = tr("checking it ended with {error}", error=f"{type(error).__name__}: {error}")
        return Row(file, found.name, UNCHECKED, line=found.line, cell=found.cell, says=said).packed()


def _of_operator(held: Contents, operator: str | None) -> Contents:
    """The same without those whose name says that they are of another operator, or of several."""
    if operator is None or not held.backwards:
        return held
    left = tuple(
        each for each in held.backwards if named_operators(each.name) <= {operator} and not why_not(each.name)
    )
    said = "" if left else tr("it defines no backward of {operator}", operator=operator)
    return replace(held, backwards=left, said=said)


def main(arguments: Sequence[str]) -> None:
    """Answer in a language until the pipe ends; a candidate may ask for so many bytes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    speak(arguments[0])
    questions, answers = private_pipes()
    limit_memory(int(arguments[1]), loading=True)  # what a process may, those that it starts may as well
    while (received := messages.receive(questions)) is not None:
        question = messages.opened(received)
        said = json.dumps(answer(json.loads(messages.text(question, "asked"))))
        messages.send(answers, answering(question, {"said": said}))


def judged(file: str, found: Found, options: Options) -> Row:
    """Check one backward that was found in a file."""
    told: dict[str, Any] = {"file": file, "name": found.name, "line": found.line, "cell": found.cell}
    meant = named_operators(found.name) if options.operator is None else {options.operator}
    told["operator"] = next(iter(meant)) if len(meant) == 1 else ""
    asked = options.operator is not None or options.adapter is not None
    unknown = "" if asked else why_not(found.name)
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
        if unknown:
            return Row(**{**told, "operator": ""}, verdict=UNKNOWN, says=unknown)
        return Row(**told, verdict=UNCALLED, says=str(error))
    except NotLoaded as error:  # nor will anything else of its file
        return Row(file, "", UNLOADED, says=str(error))
    except CandidateError as error:
        return Row(**told, verdict=UNLOADED, says=str(error))
    if unknown and not isinstance(verdict, PairVerdict):  # as one of its parts it may well be wrong
        return Row(**{**told, "operator": ""}, verdict=UNKNOWN, says=unknown)
    return row_of(verdict, told)


def row_of(verdict: Verdict | OperatorVerdict | PairVerdict, told: dict[str, Any]) -> Row:
    """What is kept of a verdict of `check`, beside the fields that are told without it."""
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


def _mistake_place(verdict: Verdict | OperatorVerdict | PairVerdict, file: str) -> tuple[int, int]:
    """The line at which it parts from what is right, or raises, and its cell; 0 if in another file."""
    path, line, cell = verdict.place or ("", 0, 0)
    # a notebook's cells are files of their own
    same = os.path.realpath(path.partition(":cell ")[0]) == os.path.realpath(file)
    return (line, cell) if same else (0, 0)


def _first_mistake(verdict: Verdict | OperatorVerdict | PairVerdict) -> Mistake:
    """What the likeliest mistake is, if it is one that is known."""
    first: Any = next(iter(verdict.diagnosis), None)  # a Finding of one kind or the other
    if first is None or not first.explanation:
        return Mistake()
    return Mistake(first.title, first.explanation, *map(printable_lines, first.lines))
