"""Questions to the candidate's process and its answers, as messages of arrays. Never pickle."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.calling import Call
from convstep.candidate.conventions import CONVENTIONS, named
from convstep.candidate.outcome import RETURNED, Candidate, Outcome
from convstep.conv.problem import Problem
from convstep.oracle.messages import Message, problem_message, read_problem
from convstep.printable import SENTENCE, printable, printable_lines

Array = npt.NDArray[Any]

_PLAIN = ("kind", "message", "line", "line_text", "printed", "memory", "forward_message")
_LISTS = ("labels", "changed", "warnings")
_SEVERAL_LINES = ("source", "printed")
_EXACT = ("file",)
"""A path is opened as it is; where it is shown, it is escaped."""


def question(call: Call, problem: Problem, *, fresh: bool) -> dict[str, npt.ArrayLike]:
    """Call the candidate; `fresh` loads it again first, so that what it kept is gone."""
    return {"call": json.dumps(asdict(call) | {"fresh": fresh})} | problem_message(problem)


def read_question(message: Message) -> tuple[Call, Problem, bool]:
    """The call, the problem, and whether the candidate is to be loaded again."""
    call = json.loads(str(message["call"]))
    fresh = bool(call.pop("fresh"))
    return Call(**call), read_problem(message), fresh


def answer(outcome: Outcome) -> dict[str, npt.ArrayLike]:
    """What a call came to, as arrays."""
    plain = {name: getattr(outcome, name) for name in (*_PLAIN, *_LISTS)}
    arrays: dict[str, npt.ArrayLike] = {"outcome": json.dumps(plain)}
    for number, array in enumerate(outcome.returned):
        arrays[f"returned.{number}"] = array
    if outcome.Z is not None:
        arrays["Z"] = outcome.Z
    return arrays


def read_answer(message: Message, call: Call, problem: Problem) -> Outcome:
    """The outcome, its gradients by name and in our layout."""
    plain = _shown(json.loads(str(message["outcome"])))
    facts: dict[str, Any] = {name: tuple(plain[name]) if name in _LISTS else plain[name] for name in plain}
    count = sum(name.startswith("returned.") for name in message)
    returned = tuple(message[f"returned.{number}"] for number in range(count))
    gradients = {}
    if plain["kind"] == RETURNED:
        gradients = named(CONVENTIONS[call.convention], returned, facts["labels"], problem)
    return Outcome(returned=returned, gradients=gradients, Z=message.get("Z"), **facts)


def introduction(candidate: Candidate) -> dict[str, npt.ArrayLike]:
    """What loading found out, as a message."""
    return {"candidate": json.dumps(asdict(candidate))}


def read_introduction(message: Message) -> Candidate:
    """The candidate of a message."""
    plain = _shown(json.loads(str(message["candidate"])))
    listed = {f.name for f in fields(Candidate) if str(f.type).startswith("tuple")}
    facts: dict[str, Any] = {n: tuple(plain[n]) if n in listed else plain[n] for n in plain}
    return Candidate(**facts)


def _shown(plain: dict[str, Any]) -> dict[str, Any]:
    """The same with every text as it may be shown: what a stranger's code says goes to a terminal."""

    def shown(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [shown(name, each) for each in value]
        if not isinstance(value, str):
            return value
        return printable_lines(value) if name in _SEVERAL_LINES else printable(value, SENTENCE)

    return {name: value if name in _EXACT else shown(name, value) for name, value in plain.items()}


def text(message: Message, name: str) -> str:
    """A text of a message; "" where there is none."""
    return str(message[name]) if name in message else ""


def as_text(value: str) -> npt.ArrayLike:
    """A text as a message holds it."""
    return np.asarray(value)
