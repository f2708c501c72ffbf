"""Calls, outcomes and introductions survive the way to another process and back."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep import Problem
from convstep.candidate.call import protocol
from convstep.candidate.call.calling import Call
from convstep.candidate.call.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED, Candidate, Outcome
from convstep.candidate.check.cases import Case, right_of
from convstep.oracle.messages import Malformed, opened, receive, send
from convstep.printable import SENTENCE
from tests.test_printable import TEXTS, obeyed

RIGHT = right_of(Case((4, 5), (2, 3), (2, 1), ((1, 1), (0, 0)), 2, 2, 2, (1, 2), 2))


class Memory:
    """A pipe that keeps what is written."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def write(self, chunk: memoryview) -> int:
        self.kept += chunk
        return len(chunk)

    def read(self, size: int) -> bytes:
        taken, self.kept = bytes(self.kept[:size]), self.kept[size:]
        return taken


def there(message: Any) -> Any:
    pipe = Memory()
    send(pipe, message)
    received = receive(pipe)
    assert received is not None
    assert pipe.kept == b""
    return opened(received)


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(
    "call", [Call("torch"), Call("article", own_cache=True, integers=True), Call("torch", tensors=False)]
)
def test_a_question_arrives_bit_for_bit(call: Call, fresh: bool) -> None:
    asked = [RIGHT.problem, right_of(Case((5, 6), (3, 2), (2, 1), filters=3, batch=2)).problem]
    arrived, problems, again = protocol.read_question(there(protocol.question(call, asked, fresh=fresh)))
    assert (arrived, again) == (call, fresh)
    for problem, wanted in zip(problems, asked, strict=True):
        for name in ("A_prev", "W", "b", "dZ"):
            assert getattr(problem, name).tobytes() == getattr(wanted, name).tobytes()
        assert problem.geometry == wanted.geometry


def test_a_problem_without_bias_in_single_precision_with_nan_arrives() -> None:
    A_prev = np.full((3, 4, 1), np.nan, np.float32)
    problem = Problem(A_prev, np.ones((2, 2, 2, 1), np.float32), None, None)
    _, (arrived,), _ = protocol.read_question(
        there(protocol.question(Call("problem"), [problem], fresh=False))
    )
    assert arrived.b is None
    assert arrived.dtype == np.float32
    assert np.isnan(arrived.A_prev).all()


def answered(outcome: Outcome, call: Call) -> Outcome:
    return protocol.read_answer(there(protocol.answer(outcome)), call, RIGHT.problem)


def test_an_outcome_arrives_whole_its_gradients_by_name() -> None:
    dW, db, dA = (RIGHT.gradients[name] for name in ("dW", "db", "dA_prev"))
    theirs = np.moveaxis(dA, -1, 1), np.moveaxis(dW, -1, 1), db
    sent = Outcome(
        RETURNED,
        theirs,
        printed="x\udc80\x00é\n" * 2,
        changed=("W", "dZ"),
        warnings=("UserWarning: a", "b"),
        memory=1 << 40,
        Z=RIGHT.problem.dZ,
        forward_message="no",
    )
    found = answered(sent, Call("torch"))
    assert found.printed == "x\\udc80\\x00é\n" * 2, "it goes to a terminal"
    plain = {"kind", "changed", "warnings", "memory", "forward_message", "message"}
    assert all(getattr(found, name) == getattr(sent, name) for name in plain)
    for name, right in RIGHT.gradients.items():
        np.testing.assert_array_equal(found.gradients[name], right)
    np.testing.assert_array_equal(found.Z, RIGHT.problem.dZ)


@pytest.mark.parametrize("kind", [RAISED, REFUSED, HUNG, DIED])
def test_an_outcome_without_result_has_no_gradients(kind: str) -> None:
    found = answered(Outcome(kind, message="IndexError: 3", line=12, line_text="x[3]"), Call("torch"))
    assert (found.kind, found.message, found.line, found.line_text) == (kind, "IndexError: 3", 12, "x[3]")
    assert (found.returned, found.gradients, found.Z) == ((), {}, None)


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.0),
        np.empty((0, 3)),
        np.array([True, False]),
        np.array([np.nan, np.inf, -0.0]),
        np.ones((2, 3), np.float16),
        np.ones(2, np.longdouble),
        np.arange(5, dtype=np.uint8),
        np.ones((3, 4))[::2, ::-1].T,
        np.ones(3, ">f8"),
    ],
    ids=str,
)
def test_any_array_of_numbers_arrives_as_it_is(array: Any) -> None:
    found = answered(Outcome(RETURNED, (array,), ("dW",)), Call("problem"))
    assert found.returned[0].dtype == array.dtype
    np.testing.assert_array_equal(found.returned[0], array)
    assert list(found.gradients) == ["dW"]


def test_more_than_ten_arrays_keep_their_order() -> None:
    arrays = tuple(np.array([number]) for number in range(12))
    found = answered(Outcome(RETURNED, arrays), Call("problem"))
    assert [int(array[0]) for array in found.returned] == list(range(12))
    assert len(found.gradients) == 3


def test_an_introduction_arrives_whole() -> None:
    candidate = Candidate(
        "Größe.backward",
        "method",
        ("dZ", "cache"),
        2,
        True,
        "forward",
        True,
        "a b.py",
        7,
        "def",
        ("a.", "b."),
    )
    assert asdict(protocol.read_introduction(there(protocol.introduction(candidate)))) == asdict(candidate)
    assert protocol.read_introduction(there(protocol.introduction(candidate))) == candidate


@given(TEXTS)
def test_whatever_the_other_side_says_can_be_shown(text: str) -> None:
    sent = Outcome(
        RAISED,
        message=text,
        line_text=text,
        printed=text,
        warnings=(text,),
        forward_message=text,
    )
    found = answered(sent, Call("torch"))
    said = [
        found.message,
        found.line_text,
        found.printed,
        *found.warnings,
        found.forward_message,
    ]
    introduced = Candidate(text, "function", (text,), 1, forward=text, source=f"\t{text}", notes=(text,))
    known = protocol.read_introduction(there(protocol.introduction(introduced)))
    said += [known.name, *known.parameters, known.forward, known.source, *known.notes]
    assert obeyed("".join(said).replace("\n", "")) == []
    assert known.source.startswith("    "), "a tab is the columns it stood for"
    assert known.source.count("\n") == text.replace("\r\n", "\n").count("\n"), "lines keep their numbers"


def test_a_path_arrives_as_it_is() -> None:
    file = "/a\x1b[2J/\udce9.py"
    sent = protocol.introduction(Candidate("f", "function", (), 0, file=file))
    assert protocol.read_introduction(there(sent)).file == file


def test_a_megabyte_of_a_message_arrives_as_a_sentence() -> None:
    found = answered(Outcome(RAISED, message="x" * 10**6), Call("torch"))
    assert len(found.message) <= SENTENCE


ANSWER = protocol.answer(
    Outcome(
        RETURNED,
        tuple(RIGHT.gradients[name] for name in ("dW", "db", "dA_prev")),
        ("dW", "db", "dA_prev"),
        warnings=("UserWarning: a",),
        changed=("W",),
        Z=RIGHT.problem.dZ,
    )
)
INTRODUCTION = protocol.introduction(Candidate("f", "function", ("dZ", "cache"), 2, notes=("a.",)))
CALL = Call("problem")


def written(message: Any) -> bytes:
    pipe = Memory()
    send(pipe, message)
    return bytes(pipe.kept[8:])


def read(received: bytes) -> None:
    """Read as an answer and as an introduction; each is one, or malformed."""
    for reading in (
        lambda message: protocol.read_answer(message, CALL, RIGHT.problem),
        protocol.read_introduction,
    ):
        with suppress(Malformed):
            reading(opened(received))


@given(st.data())
def test_whatever_happens_to_the_bytes_of_a_message_is_an_outcome_or_malformed(data: st.DataObject) -> None:
    received = bytearray(written(data.draw(st.sampled_from([ANSWER, INTRODUCTION]))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(received)))
        length = data.draw(st.integers(0, 9))
        received[place : place + length] = data.draw(st.binary(max_size=9))
    read(bytes(received))


NONSENSE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_happens_to_the_facts_of_a_message_is_an_outcome_or_malformed(data: st.DataObject) -> None:
    message = dict(data.draw(st.sampled_from([ANSWER, INTRODUCTION])))
    for name in ("outcome", "candidate"):
        if name in message:
            facts = json.loads(str(message[name]))
            key = data.draw(st.sampled_from([*facts, "other"]))
            if data.draw(st.booleans()):
                facts[key] = data.draw(NONSENSE)
            else:
                facts.pop(key, None)
            message[name] = json.dumps(facts)
    key = data.draw(st.sampled_from([*message, "returned.3", "returned.9", "Z", "number"]))
    change = data.draw(st.sampled_from(["keep", "drop", "array", "text"]))
    if change == "drop":
        message.pop(key, None)
    elif change == "array":
        kind = data.draw(st.sampled_from(["f8", "i4", "?", "U3", "f2", ">f4"]))
        message[key] = np.zeros(data.draw(st.lists(st.integers(0, 3), max_size=5)), kind)
    elif change == "text":
        message[key] = data.draw(st.text())
    read(written(message))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "perfect"},
        {"line": -1},
        {"line": True},
        {"memory": 10**400},
        {"memory": 1.5},
        {"message": None},
        {"labels": ["dW", "dW", "db"]},
        {"labels": ["dW", "db"]},
        {"labels": ["dW", "db", "Z"]},
        {"changed": ["everything"]},
        {"warnings": [1]},
        {"returned": []},
    ],
    ids=str,
)
def test_a_fact_that_cannot_be_is_malformed(change: dict[str, Any]) -> None:
    facts = json.loads(str(ANSWER["outcome"]))
    with pytest.raises(Malformed):
        protocol.read_answer(there(ANSWER | {"outcome": json.dumps(facts | change)}), CALL, RIGHT.problem)
