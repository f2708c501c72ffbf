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
from convstep.candidate.load.target import CandidateError
from convstep.candidate.operators.naming import named_operators, why_not
from convstep.candidate.survey.backwards import Contents, Found, contents
from convstep.candidate.survey.options import Options
from convstep.candidate.survey.row import UNCHECKED, Row
from convstep.candidate.survey.verdicts import judged
from convstep.language import speak, tr
from convstep.oracle import messages
from convstep.oracle.conversation import answering
from convstep.oracle.watched import private_pipes


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What is in a file, or what is to be said of a backward in it.

    Args:
        asked: "file", and either what `contents` takes besides, or "found" and "options".
    """
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
    """Answer until the pipe ends.

    Args:
        arguments: the language in use, and how many bytes a candidate may ask for.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    speak(arguments[0])
    questions, answers = private_pipes()
    limit_memory(int(arguments[1]), loading=True)  # what a process may, those that it starts may as well
    while (received := messages.receive(questions)) is not None:
        question = messages.opened(received)
        said = json.dumps(answer(json.loads(messages.text(question, "asked"))))
        messages.send(answers, answering(question, {"said": said}))
