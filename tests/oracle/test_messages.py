"""Messages between processes: whole, bit for bit, or not at all."""

from __future__ import annotations

import json
import os
import struct
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from convstep import Problem
from convstep.oracle.expectation import Expectation, Expected
from convstep.oracle.messages import (
    Malformed,
    expectation_message,
    opened,
    problem_message,
    read_expectation,
    read_problem,
    receive,
    send,
    text,
)
from tests.oracle.problems import random_problem


class Halting:
    """A pipe that moves few bytes at a time."""

    def __init__(self, at_once: int) -> None:
        self.kept, self.at_once = bytearray(), at_once

    def write(self, chunk: memoryview) -> int | None:
        taken = bytes(chunk[: self.at_once])
        self.kept += taken
        return len(taken)

    def read(self, size: int) -> bytes:
        count = min(size, self.at_once)
        taken, self.kept = bytes(self.kept[:count]), self.kept[count:]
        return taken


@pytest.fixture
def pipe() -> Iterator[tuple[Any, Any]]:
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering=0) as reading, os.fdopen(into, "wb", buffering=0) as writing:
        yield reading, writing


@pytest.mark.parametrize("at_once", [1, 3, 8, 10**6])
def test_a_pipe_that_moves_few_bytes_moves_all(at_once: int) -> None:
    slow = Halting(at_once)
    send(slow, {"a": np.arange(6.0).reshape(2, 3), "b": 4})
    send(slow, {"c": "text"})
    first, second = (opened(received) for _ in range(2) if (received := receive(slow)) is not None)
    np.testing.assert_array_equal(first["a"], [[0, 1, 2], [3, 4, 5]])
    assert int(first["b"]) == 4
    assert str(second["c"]) == "text"
    assert receive(slow) is None


def test_a_message_larger_than_the_pipe_goes_through(pipe: tuple[Any, Any]) -> None:
    reading, writing = pipe
    array = np.random.default_rng(0).standard_normal(1 << 18)
    sending = threading.Thread(target=send, args=(writing, {"a": array}))
    sending.start()
    received = receive(reading)
    sending.join()
    assert received is not None
    np.testing.assert_array_equal(opened(received)["a"], array)


@pytest.mark.parametrize("kept", [0, 4, 8, 12, 30])
def test_a_message_cut_short_is_none(kept: int) -> None:
    whole = Halting(100)
    send(whole, {"a": np.arange(9.0)})
    del whole.kept[kept:]
    assert receive(whole) is None


def test_nobody_to_read_is_an_error(pipe: tuple[Any, Any]) -> None:
    reading, writing = pipe
    reading.close()
    with pytest.raises(OSError, match="Broken pipe"):
        send(writing, {"a": np.zeros(3)})


def test_objects_do_not_travel() -> None:
    memory = Halting(100)
    send(memory, {"a": np.array([object()])})
    received = receive(memory)
    assert received is not None
    with pytest.raises(ValueError, match="OBJECT"):
        opened(received)


def test_arrays_of_a_message_are_separate_and_may_be_changed() -> None:
    memory = Halting(1000)
    send(memory, {"a": np.zeros(3), "b": np.zeros(3), "empty": np.zeros((0, 2)), "text": ""})
    received = receive(memory)
    assert received is not None
    message = opened(received)
    message["a"] += 1
    assert not message["b"].any()
    assert message["empty"].shape == (0, 2)
    assert str(message["text"]) == ""


def test_a_problem_arrives_with_its_geometry() -> None:
    rng = np.random.default_rng(0)
    A_prev, W = rng.standard_normal((2, 7, 6, 4)), rng.standard_normal((2, 2, 3, 2))
    problem = Problem(A_prev, W, None, None, (2, 1), ((1, 0), (0, 2)), (1, 2), 2)
    memory = Halting(1000)
    send(memory, problem_message(problem))
    received = receive(memory)
    assert received is not None
    found = read_problem(opened(received))
    assert found.geometry == problem.geometry
    assert found.b is None
    np.testing.assert_array_equal(found.dZ, problem.dZ)


def test_an_expectation_arrives() -> None:
    problem = random_problem(bias=False)
    shapes = {"dW": problem.W.shape, "dA_prev": problem.A_prev.shape}
    values = {name: Expected(np.ones(shape), np.full(shape, 3.0)) for name, shape in shapes.items()}
    memory = Halting(1000)
    send(memory, expectation_message(Expectation("PyTorch 2", values)))
    received = receive(memory)
    assert received is not None
    found = read_expectation(opened(received), problem)
    assert found.oracle == "PyTorch 2"
    assert found.gradients.keys() == values.keys()
    np.testing.assert_array_equal(found.gradients["dW"].magnitude, np.full(problem.W.shape, 3.0))


def message_of(table: object, body: bytes = b"", length: int | None = None) -> bytes:
    """A message made by hand."""
    written = table if isinstance(table, bytes) else json.dumps(table).encode()
    return struct.pack(">Q", len(written) if length is None else length) + written + body


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"\0" * 7,
        message_of({}, length=1 << 63),
        message_of({}, length=3),
        message_of(b"\xff\xfe"),
        message_of(b'{"a": '),
        message_of(b"[" * 100_000),
        message_of(b"9" * 10_000),
        message_of(b'{"a": ["<f8", [' + b"9" * 5000 + b"]]}"),
        message_of([]),
        message_of(None),
        message_of({"a": 1}),
        message_of({"a": ["<f8"]}),
        message_of({"a": ["<f8", [1], 3]}, bytes(8)),
        message_of({"a": ["<f8", "1"]}, bytes(8)),
        message_of({"a": ["<f8", [1.0]]}, bytes(8)),
        message_of({"a": ["<f8", [True]]}, bytes(8)),
        message_of({"a": ["<f8", [-1]]}),
        message_of({"a": ["<f8", [1 << 62]]}),
        message_of({"a": ["<f8", [0, 1 << 62]]}),
        message_of({"a": ["<f8", [1 << 32, 1 << 32]]}),
        message_of({"a": ["<f8", [1] * 100]}, bytes(8)),
        message_of({"a": ["<f8", [2]]}, bytes(8)),
        message_of({"a": ["<f8", [1]]}, bytes(9)),
        message_of({"a": ["<U0", [10**9]]}),
        message_of({"a": ["<U1000000000", []]}, bytes(8)),
        message_of({"a": ["V8", [1]]}, bytes(8)),
        message_of({"a": ["|O", []]}, bytes(8)),
        message_of({"a": ["|O", [0]]}),
        message_of({"a": ["f8,f8", [1]]}, bytes(16)),
        message_of({"a": [[["x", "<f8"]], [1]]}, bytes(8)),
        message_of({"a": ["M8[s]", [1]]}, bytes(8)),
        message_of({"a": ["<c16", [1]]}, bytes(16)),
        message_of({"a": ["no such", []]}),
        message_of({str(number): ["<f8", [0]] for number in range(1000)}),
        message_of({"a" * (1 << 20): ["<f8", [0]]}),
    ],
    ids=lambda received: repr(received[8:40]),
)
def test_what_is_no_message_is_malformed(received: bytes) -> None:
    with pytest.raises(Malformed):
        opened(received)


@pytest.mark.parametrize("value", [np.array([0x7FFFFFFF], "<u4").view("<U1")[0:1].reshape(()), 3, ["a", "b"]])
def test_what_is_no_text_is_malformed(value: object) -> None:
    with pytest.raises(Malformed):
        text({"a": np.asarray(value)}, "a")
    with pytest.raises(Malformed):
        text({}, "a")


PROBLEM = random_problem(batch=2)


def expected_message() -> dict[str, Any]:
    assert PROBLEM.b is not None
    arrays = {"dW": PROBLEM.W, "db": PROBLEM.b, "dA_prev": PROBLEM.A_prev}
    found = Expectation("PyTorch 2", {name: Expected(array, abs(array)) for name, array in arrays.items()})
    return {name: np.asarray(value) for name, value in expectation_message(found).items()}


@pytest.mark.parametrize("name", expected_message())
@pytest.mark.parametrize("wrong", [None, np.zeros(3), "text", np.zeros((2, 2), int)], ids=repr)
def test_an_expectation_of_another_problem_is_malformed(name: str, wrong: Any) -> None:
    message = expected_message()
    assert read_expectation(message, PROBLEM).gradients.keys() == {"dW", "db", "dA_prev"}
    del message[name]
    if wrong is not None and not (name == "oracle" and isinstance(wrong, str)):
        message[name] = np.asarray(wrong)
    with pytest.raises(Malformed):
        read_expectation(message, PROBLEM)
