"""Who is asked may do anything with its pipes: nobody waits for ever, and nothing is believed."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from convstep.oracle import messages
from convstep.oracle.conversation import Conversation, Ended, Silent, answering
from convstep.oracle.messages import Malformed, opened, receive, send
from tests.waiting import GENEROUS, waited

BRIEF = 0.05


class Other:
    """The process on the other side, as two pipes."""

    def __init__(self) -> None:
        out, into = os.pipe()
        answers, answering_ = os.pipe()
        self.reads, self.writes = os.fdopen(out, "rb", 0), os.fdopen(answering_, "wb", 0)
        self.talk = Conversation(os.fdopen(into, "wb", 0), os.fdopen(answers, "rb", 0))

    def question(self) -> Any:
        received = receive(self.reads)
        assert received is not None
        return opened(received)

    def leave(self) -> None:
        self.talk.close()
        self.reads.close()
        self.writes.close()


@pytest.fixture
def other() -> Iterator[Other]:
    both = Other()
    yield both
    both.leave()


def test_an_answer_comes_without_its_number(other: Other) -> None:
    send(other.writes, answering(None, {"hello": 1}))
    assert other.talk.hear(GENEROUS).keys() == {"hello"}
    for value in range(2):
        other.talk.ask({"value": value})
        question = other.question()
        send(other.writes, answering(question, {"twice": 2 * question["value"]}))
        assert int(other.talk.hear(GENEROUS)["twice"]) == 2 * value


def test_an_answer_says_the_cpu_time_of_its_process(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "process_time", lambda: 2.5)
    send(other.writes, answering(None, {"hello": 1}))
    other.talk.hear(GENEROUS)
    assert other.talk.spent == 2.5


def test_who_does_not_read_keeps_nobody_waiting(other: Other) -> None:
    other.talk.ask({"large": np.zeros(1 << 20)})
    with pytest.raises(Silent):
        other.talk.hear(BRIEF)


def test_the_end_is_said_to_everybody(other: Other) -> None:
    other.writes.close()
    for _ in range(3):
        with pytest.raises(Ended):
            other.talk.hear(GENEROUS)


@pytest.mark.parametrize("number", [0, 2, -1, 1 << 70, 1.0, "1", [1, 1]])
def test_an_answer_to_another_question_is_malformed(other: Other, number: Any) -> None:
    other.talk.ask({"a": 1})
    send(other.writes, {"twice": 2, "number": np.asarray(number, object if number == 1 << 70 else None)})
    with pytest.raises(Malformed):
        other.talk.hear(GENEROUS)


def test_an_answer_twice_is_malformed_when_the_next_question_is_asked(other: Other) -> None:
    other.talk.ask({"a": 1})
    question = other.question()
    for _ in range(2):
        send(other.writes, answering(question, {"b": 1}))
    assert int(other.talk.hear(GENEROUS)["b"]) == 1
    other.talk.ask({"a": 2})
    with pytest.raises(Malformed, match="not due"):
        other.talk.hear(GENEROUS)


@pytest.mark.parametrize("length", [1001, 1 << 40, (1 << 64) - 1])
def test_a_message_longer_than_its_room_is_not_read(other: Other, length: int) -> None:
    other.talk.ask({"a": 1}, room=1000)
    other.writes.write(struct.pack(">Q", length) + b"x" * 5000)
    with pytest.raises(Malformed, match="bytes was not expected"):
        other.talk.hear(GENEROUS)
    with pytest.raises(Ended):
        other.talk.hear(GENEROUS)


def test_who_never_stops_talking_is_not_listened_to_for_ever(other: Other) -> None:
    def refused() -> bool:
        try:
            other.writes.write(struct.pack(">Q", 0) * 4000)
        except BrokenPipeError:
            return True
        return False

    other.talk.ask({"a": 1}, room=100_000)
    assert waited(refused)
    assert other.talk._answers.qsize() < 100_000 / 64 + 3
    with pytest.raises(Malformed):
        other.talk.hear(GENEROUS)


def test_the_room_of_an_answer_grows_with_its_problem() -> None:
    from tests.oracle.problems import random_problem

    problem = random_problem()
    extra = messages.longest_about(problem) - messages.SPARE
    assert extra > 8 * sum(array.nbytes for array in (problem.W, problem.A_prev, problem.dZ))
