"""Arrays through a pipe: eight bytes of length, a table of contents in JSON, the arrays' bytes.

Never pickle, and an `.npz` takes milliseconds. Who reads believes nothing of what the other side wrote.
"""

from __future__ import annotations

import contextlib
import json
import math
import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.oracle.expectation import Expectation, Expected

Message = dict[str, npt.NDArray[Any]]

_LENGTH = struct.Struct(">Q")
_PROBLEM = ("A_prev", "W", "b", "dZ", "stride", "padding", "dilation", "groups")
_PARTS = ("values", "magnitude")
_KINDS = "biufU"
_AXES = 32
NAMES = 256
_TABLE = 1 << 20
SPARE = 64 << 20
"""Bytes that a message may have whatever it is about."""
AT_ONCE = 1 << 16
"""Bytes that are put together before they are written, and that are read at once: what a pipe holds."""
_TIMES = 16
"""How many times a problem's arrays an answer about it may be, on top."""

_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
_Kind = TypeVar("_Kind")


class Malformed(ValueError):
    """What came through a pipe is not a message, or not the one that was due."""


class RawPipe(Protocol):
    """One end of a pipe without a buffer: calls may move fewer bytes than asked for."""

    def read(self, size: int, /) -> bytes | None:
        """At most `size` bytes; none at the end."""
        ...

    def write(self, chunk: memoryview, /) -> int | None:
        """How many bytes were taken."""
        ...


@runtime_checkable
class Pieces(Protocol):
    """An array of bytes that nobody has put together."""

    nbytes: int
    """How many there are."""

    def pieces(self) -> Iterator[bytes | memoryview]:
        """They, one after the other."""
        ...


def send(pipe: RawPipe, message: Mapping[str, npt.ArrayLike]) -> None:
    """Write one message whole. Raises OSError: nobody reads any more."""
    body = [_array_or_pieces(each) for each in message.values()]
    facts = [
        (one.dtype.str, one.shape) if isinstance(one, np.ndarray) else ("|u1", (one.nbytes,)) for one in body
    ]
    table = json.dumps(dict(zip(message, facts, strict=True))).encode()
    table += b" " * (-len(table) % _LENGTH.size)  # so that what comes first begins where numbers may
    size = _LENGTH.size + len(table) + sum(one.nbytes for one in body)
    held = bytearray(_LENGTH.pack(size) + _LENGTH.pack(len(table)) + table)
    for one in body:
        for piece in (one.tobytes(),) if isinstance(one, np.ndarray) else one.pieces():
            if len(held) + len(piece) > AT_ONCE:
                _write(pipe, held)
                _write(pipe, piece)
                held = bytearray()
            else:
                held += piece
    _write(pipe, held)


def _array_or_pieces(value: npt.ArrayLike | Pieces) -> npt.NDArray[Any] | Pieces:
    if isinstance(value, (np.ndarray, str, int, float, tuple)):
        return np.asarray(value)  # asking what is a protocol takes longer than all the rest
    return value if isinstance(value, Pieces) else np.asarray(value)


def _write(pipe: RawPipe, held: bytes | bytearray | memoryview) -> None:
    left = memoryview(held)
    while left:
        left = left[pipe.write(left) or 0 :]


def receive(pipe: RawPipe, longest: Callable[[], int] = lambda: SPARE) -> bytearray | None:
    """The next message as it came, None at the end; Malformed if longer than `longest` says then."""
    header = _exactly(pipe, _LENGTH.size)
    if header is None:
        return None
    (size,) = _LENGTH.unpack(header)
    if size > longest():
        raise Malformed(f"a message of {size} bytes was not expected")
    return _exactly(pipe, size)


def longest_about(problem: Problem) -> int:
    """Bytes that an answer about a problem may have; more than any answer that makes sense."""
    arrays = (problem.A_prev, problem.W, problem.b, problem.dZ)
    return SPARE + _TIMES * sum(array.nbytes for array in arrays if array is not None)


@contextlib.contextmanager
def strictly() -> Iterator[None]:
    """Whatever fails while a message is read is the message's fault. Raises Malformed: something did."""
    try:
        yield
    except Malformed:
        raise
    except _FAILURES as error:
        raise Malformed(str(error)) from error


def opened(received: bytes | bytearray) -> Message:
    """The arrays of a received message: numbers and texts, whole. Raises Malformed: it is none."""
    with strictly():
        table_end = _LENGTH.size + _LENGTH.unpack_from(received)[0]
        require(table_end <= min(len(received), _TABLE))
        contents = checked(json.loads(received[_LENGTH.size : table_end]), dict)
        require(len(contents) <= NAMES)
        arrays, start = {}, table_end
        for name, (dtype, shape) in contents.items():
            arrays[name], start = _array(received, start, checked(dtype, str), checked(shape, list))
        require(start == len(received))
        return arrays


def _array(
    received: bytes | bytearray, start: int, dtype: str, shape: list[Any]
) -> tuple[npt.NDArray[Any], int]:
    """One array of a message, and where the next one starts."""
    kind = np.dtype(dtype)
    require(len(shape) <= _AXES and all(0 <= checked(length, int) < 1 << 40 for length in shape))
    count = math.prod(shape)
    end = start + count * kind.itemsize
    # NumPy 1.26 makes a negative size of one that is too large
    require(start <= end <= len(received) and (kind.itemsize > 0 or count <= 1))
    array = np.frombuffer(received, kind, count, start) if end > start else np.zeros(count, kind)
    require(kind.kind in _KINDS)
    if kind == np.uint8 and 2 * array.nbytes > len(received):  # a log stays where it came
        return array.reshape(shape), end
    return array.reshape(shape).copy(), end


def checked(value: object, kind: type[_Kind]) -> _Kind:
    """A value of exactly that type. Raises Malformed: it is of another."""
    if type(value) is not kind:
        raise Malformed(f"{type(value).__name__} in place of {kind.__name__}")
    return value


def require(holds: bool) -> None:
    """Go on if something is as it must be. Raises Malformed: it is not."""
    if not holds:
        raise Malformed("a message that is not consistent")


def text(message: Message, name: str) -> str:
    """A text of a message. Raises Malformed: it is not there, or not a text."""
    with strictly():
        array = message[name]
        require(array.dtype.kind == "U" and array.ndim == 0)
        # NumPy lets in numbers that are no characters, and fails on them with a SystemError
        codes = array.reshape(1).view(f"{array.dtype.str[0]}u4") if array.nbytes else np.zeros(1)
        require(bool(codes.max() <= sys.maxunicode))
        return str(array)


def number(message: Message, name: str) -> int:
    """A whole number of a message; a truth is 0 or 1. Raises Malformed: it is not there, or not a number."""
    with strictly():
        value = message[name].item()
        return int(value) if type(value) is bool else checked(value, int)


def problem_message(problem: Problem) -> dict[str, npt.ArrayLike]:
    """A problem as the arrays of a message."""
    return {name: value for name in _PROBLEM if (value := getattr(problem, name)) is not None}


def read_problem(message: Message) -> Problem:
    """The problem of a message."""
    given: dict[str, Any] = {name: message[name] for name in _PROBLEM if name in message}
    return Problem(**{"b": None, **given})


def expectation_message(expectation: Expectation) -> dict[str, npt.ArrayLike]:
    """An oracle's answer as the arrays of a message; only for oracles that check every cell."""
    arrays: dict[str, npt.ArrayLike] = {"oracle": expectation.oracle}
    for name, expected in expectation.gradients.items():
        for part in _PARTS:
            arrays[f"{name}.{part}"] = getattr(expected, part)
    return arrays


def read_expectation(message: Message, problem: Problem) -> Expectation:
    """The answer about a problem; raises Malformed if it lacks numbers for one of the problem's gradients."""
    shapes = {"dW": problem.W.shape, "dA_prev": problem.A_prev.shape}
    if problem.b is not None:
        shapes["db"] = problem.b.shape
    with strictly():
        arrays = {f"{name}.{part}": message[f"{name}.{part}"] for name in shapes for part in _PARTS}
        require(all(array.shape == shapes[key.partition(".")[0]] for key, array in arrays.items()))
        require(all(array.dtype.kind == "f" for array in arrays.values()))
        gradients = {name: Expected(*(arrays[f"{name}.{part}"] for part in _PARTS)) for name in shapes}
        return Expectation(text(message, "oracle"), gradients)


@frozen(eq=False)
class OperatorQuestion:
    """What PyTorch is asked about an operator; see `torch_run`."""

    expression: str
    """The operator, in an expression of PyTorch's: code, which is run there."""
    arrays: Mapping[str, npt.NDArray[Any]]
    """By parameter."""
    options: Mapping[str, Any]
    """The other arguments: numbers, texts, None, and tuples of them."""
    upstream: Mapping[str, npt.NDArray[Any]]
    """The gradients from above, in the order of the outputs."""
    gradients: Sequence[str]
    """What is wanted: "dx"."""

    __repr__ = brief

    def message(self) -> dict[str, npt.ArrayLike]:
        """It as the arrays of a message."""
        plain = {"options": dict(self.options), "gradients": list(self.gradients)}
        told = json.dumps(plain, default=lambda value: value.tolist())
        arrays = prefixed("array", self.arrays) | prefixed("upstream", self.upstream)
        return {"expression": self.expression, "asked": told, **arrays}

    @classmethod
    def read(cls, message: Message) -> OperatorQuestion:
        """It, from a message."""
        asked = json.loads(text(message, "asked"))
        options = {name: tuples(value) for name, value in asked["options"].items()}
        arrays, upstream = without("array", message), without("upstream", message)
        return cls(text(message, "expression"), arrays, options, upstream, asked["gradients"])

    def answer(self, message: Message) -> tuple[str, dict[str, npt.NDArray[Any]]]:
        """Who answered, and the gradients. Raises Malformed: it is no answer to this."""
        found = without("gradient", message)
        with strictly():
            require(list(found) == list(self.gradients))
            for name, value in found.items():
                require(value.dtype.kind == "f" and value.shape == self.arrays[name.removeprefix("d")].shape)
        return text(message, "oracle"), found


def prefixed(word: str, arrays: Mapping[str, npt.ArrayLike]) -> dict[str, npt.ArrayLike]:
    """Arrays by names that begin with a word and a dot."""
    return {f"{word}.{name}": value for name, value in arrays.items()}


def without(word: str, message: Message) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a message whose names begin so, by what follows."""
    return {
        name.removeprefix(f"{word}."): value for name, value in message.items() if name.startswith(f"{word}.")
    }


def tuples(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def _exactly(pipe: RawPipe, size: int) -> bytearray | None:
    found = bytearray()
    while len(found) < size:  # and no room is taken for what does not come
        part = pipe.read(min(size - len(found), AT_ONCE))
        if not part:
            return None
        found += part
    return found
