"""Calls, outcomes and introductions survive the way to another process and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from convstep import Problem
from convstep.candidate import wire
from convstep.candidate.calling import Call
from convstep.candidate.cases import Case, right_of
from convstep.candidate.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED, Candidate, Outcome
from convstep.oracle.messages import opened, receive, send
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
    arrived, problem, again = wire.read_question(there(wire.question(call, RIGHT.problem, fresh=fresh)))
    assert (arrived, again) == (call, fresh)
    for name in ("A_prev", "W", "b", "dZ"):
        assert getattr(problem, name).tobytes() == getattr(RIGHT.problem, name).tobytes()
    assert problem.geometry == RIGHT.problem.geometry


def test_a_problem_without_bias_in_single_precision_with_nan_arrives() -> None:
    A_prev = np.full((3, 4, 1), np.nan, np.float32)
    problem = Problem(A_prev, np.ones((2, 2, 2, 1), np.float32), None, None)
    _, arrived, _ = wire.read_question(there(wire.question(Call("problem"), problem, fresh=False)))
    assert arrived.b is None
    assert arrived.dtype == np.float32
    assert np.isnan(arrived.A_prev).all()


def answered(outcome: Outcome, call: Call) -> Outcome:
    return wire.read_answer(there(wire.answer(outcome)), call, RIGHT.problem)


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
    assert asdict(wire.read_introduction(there(wire.introduction(candidate)))) == asdict(candidate)
    assert wire.read_introduction(there(wire.introduction(candidate))) == candidate


def test_a_text_arrives_and_a_missing_one_is_empty() -> None:
    message = there({"error": wire.as_text("größer\nals 4x4")})
    assert wire.text(message, "error") == "größer\nals 4x4"
    assert wire.text(message, "other") == ""


@given(TEXTS)
def test_whatever_the_other_side_says_can_be_shown(text: str) -> None:
    sent = Outcome(
        RAISED,
        labels=(text,),
        message=text,
        line_text=text,
        printed=text,
        warnings=(text,),
        forward_message=text,
    )
    found = answered(sent, Call("torch"))
    said = [
        *found.labels,
        found.message,
        found.line_text,
        found.printed,
        *found.warnings,
        found.forward_message,
    ]
    introduced = Candidate(text, text, (text,), 1, forward=text, source=f"\t{text}", notes=(text,))
    known = wire.read_introduction(there(wire.introduction(introduced)))
    said += [known.name, known.kind, *known.parameters, known.forward, known.source, *known.notes]
    assert obeyed("".join(said).replace("\n", "")) == []
    assert known.source.startswith("    "), "a tab is the columns it stood for"
    assert known.source.count("\n") == text.replace("\r\n", "\n").count("\n"), "lines keep their numbers"


def test_a_path_arrives_as_it_is() -> None:
    file = "/a\x1b[2J/\udce9.py"
    assert (
        wire.read_introduction(there(wire.introduction(Candidate("f", "function", (), 0, file=file)))).file
        == file
    )


def test_a_megabyte_of_a_message_arrives_as_a_sentence() -> None:
    found = answered(Outcome(RAISED, message="x" * 10**6), Call("torch"))
    assert len(found.message) <= SENTENCE
