"""Questions to the candidate's process and its answers, as messages of arrays. Never pickle."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy.typing as npt

from convstep.candidate.call.call import Method
from convstep.candidate.call.calling import INPUTS, Call
from convstep.candidate.call.conventions import convention_of, named
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.outcome import DIED, HUNG, NAMES, RAISED, REFUSED, RETURNED, Candidate, Outcome
from convstep.conv.problem import Problem
from convstep.oracle.messages import (
    Message,
    checked,
    prefixed,
    problem_message,
    read_problem,
    require,
    strictly,
    text,
    without,
)
from convstep.printable import SENTENCE, printable, printable_lines

RECORD, JUDGE, HOLD = "record", "judge", "hold"
"""What a question holds that asks for a recording, for what is to be said of one, or of several draws."""
_KINDS = {"str": str, "int": int, "bool": bool, "tuple[str, ...]": tuple}
_OUTCOME, _CANDIDATE = (
    {each.name: _KINDS[str(each.type)] for each in fields(kind) if str(each.type) in _KINDS}
    for kind in (Outcome, Candidate)
)
"""The plain facts of both, and what each of them is."""
_SEVERAL_LINES = ("source", "forward_source", "printed")
_EXACT = ("file",)
"""A path is opened as it is; where it is shown, it is escaped."""
_ENDINGS = (RETURNED, REFUSED, RAISED, HUNG, DIED)


def question(call: Call, problems: Sequence[Problem], *, fresh: bool) -> dict[str, npt.ArrayLike]:
    """Call the candidate on one problem after the other, until it does not even begin.

    `fresh` loads it again first, so that what it kept is gone.
    """
    arrays: dict[str, npt.ArrayLike] = {"call": _written(call, fresh)}
    for number, problem in enumerate(problems):
        arrays |= prefixed(str(number), problem_message(problem))
    return arrays


def read_question(message: Message) -> tuple[Call, list[Problem], bool]:
    """The call, the problems, and whether the candidate is to be loaded again."""
    call, fresh = _read(str(message["call"]))
    numbers = dict.fromkeys(name.partition(".")[0] for name in message if "." in name)
    return call, [read_problem(without(number, message)) for number in numbers], fresh


@functools.lru_cache(maxsize=64)  # one call is asked for on many problems
def _written(call: Call, fresh: bool) -> str:
    return json.dumps(_plain(call) | {"fresh": fresh})


def _plain(value: Call | Layouts | Method) -> dict[str, Any]:
    """What `asdict` makes of it but for tuples, which are lists in JSON anyway, in a tenth of its time."""
    facts = {each.name: getattr(value, each.name) for each in fields(value)}
    return {name: _plain(one) if isinstance(one, (Layouts, Method)) else one for name, one in facts.items()}


@functools.lru_cache(maxsize=64)
def _read(written: str) -> tuple[Call, bool]:
    call = json.loads(written)
    fresh = bool(call.pop("fresh"))
    return Call.read(call), fresh


def answer(outcome: Outcome) -> dict[str, npt.ArrayLike]:
    """What a call came to, as arrays."""
    plain = {name: getattr(outcome, name) for name in _OUTCOME}
    arrays: dict[str, npt.ArrayLike] = {"outcome": json.dumps(plain)}
    for number, array in enumerate(outcome.returned):
        arrays[f"returned.{number}"] = array
    if outcome.Z is not None:
        arrays["Z"] = outcome.Z
    return arrays


def read_answer(message: Message, call: Call, problem: Problem) -> Outcome:
    """The outcome, its gradients by name and in our layout; `Malformed` if `answer` makes no such thing."""
    with strictly():
        facts = _facts(json.loads(text(message, "outcome")), _OUTCOME)
        labels = facts["labels"]
        count = sum(name.startswith("returned.") for name in message)
        returned = tuple(message[f"returned.{number}"] for number in range(count))
        Z = message.get("Z")
        require(len(message) == 1 + count + (Z is not None))
        require(all(array.dtype.kind in "biuf" for array in (*returned, *([] if Z is None else [Z]))))
        require(facts["kind"] in _ENDINGS and (not labels or len(labels) == count == len(set(labels))))
        require(set(labels) <= set(NAMES) and set(facts["changed"]) <= set(INPUTS))
        gradients = {}
        if facts["kind"] == RETURNED:
            require(count > 0)
            gradients = named(convention_of(call), returned, labels, problem)
        return Outcome(returned=returned, gradients=gradients, Z=Z, **facts)


def introduction(candidate: Candidate) -> dict[str, npt.ArrayLike]:
    """What loading found out, as a message."""
    return {"candidate": json.dumps(asdict(candidate))}


def read_introduction(message: Message) -> Candidate:
    """The candidate of a message; `Malformed` if `introduction` makes no such thing."""
    with strictly():
        require(len(message) == 1)
        facts = _facts(json.loads(text(message, "candidate")), _CANDIDATE)
        require(facts["kind"] in ("function", "method", "class", "autograd"))
        require(facts["required"] <= len(facts["parameters"]))
        return Candidate(**facts)


def _facts(given: object, kinds: Mapping[str, type]) -> dict[str, Any]:
    """Plain facts by name, each of its kind: texts as they may be shown, truths, counts, tuples of texts."""
    plain = checked(given, dict)
    require(plain.keys() == kinds.keys())
    facts: dict[str, Any] = {}
    for name, kind in kinds.items():
        if kind is tuple:
            facts[name] = tuple(_shown(name, checked(each, str)) for each in checked(plain[name], list))
        elif kind is str:
            facts[name] = _shown(name, checked(plain[name], str))
        else:
            facts[name] = checked(plain[name], kind)
            require(kind is not int or 0 <= facts[name] < 1 << 63)
    return facts


def _shown(name: str, words: str) -> str:
    """What a stranger's code says goes to a terminal."""
    if name in _EXACT:
        return words
    return printable_lines(words) if name in _SEVERAL_LINES else printable(words, SENTENCE)
