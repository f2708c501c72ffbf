"""Arrays through a pipe: eight bytes of length, a table of contents in JSON, the arrays' bytes.

Never pickle. An `.npz` would do as well, but takes milliseconds where many small messages go.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from convstep.conv.problem import Problem
from convstep.oracle.expectation import Expectation, Expected

Message = dict[str, npt.NDArray[Any]]

_LENGTH = struct.Struct(">Q")
_PROBLEM = ("A_prev", "W", "b", "dZ", "stride", "padding", "dilation", "groups")
_PARTS = ("values", "magnitude")


class RawPipe(Protocol):
    """One end of a pipe without a buffer: calls may move fewer bytes than asked for."""

    def read(self, size: int, /) -> bytes | None:
        """At most `size` bytes; none at the end."""
        ...

    def write(self, chunk: memoryview, /) -> int | None:
        """How many bytes were taken."""
        ...


def send(pipe: RawPipe, message: Mapping[str, npt.ArrayLike]) -> None:
    """Write one message whole.

    Raises:
        OSError: nobody reads any more.
    """
    arrays = {name: np.asarray(value) for name, value in message.items()}
    contents = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    table = json.dumps(contents).encode()
    body = [np.ascontiguousarray(array).tobytes() for array in arrays.values()]
    whole = b"".join((_LENGTH.pack(len(table)), table, *body))
    left = memoryview(_LENGTH.pack(len(whole)) + whole)
    while left:
        left = left[pipe.write(left) or 0 :]


def receive(pipe: RawPipe) -> bytes | None:
    """The next message as it came, or None at the end of the stream, be it in the middle of one."""
    header = _exactly(pipe, _LENGTH.size)
    return None if header is None else _exactly(pipe, _LENGTH.unpack(header)[0])


def opened(received: bytes) -> Message:
    """The arrays of a received message."""
    table_end = _LENGTH.size + _LENGTH.unpack_from(received)[0]
    arrays, start = {}, table_end
    for name, (dtype, shape) in json.loads(received[_LENGTH.size : table_end]).items():
        kind = np.dtype(dtype)
        count = math.prod(shape)
        array = np.frombuffer(received, kind, count, start) if count and kind.itemsize else np.empty(0, kind)
        arrays[name] = array.reshape(shape).copy() if kind.itemsize else np.zeros(shape, kind)
        start += count * kind.itemsize
    return arrays


def problem_message(problem: Problem) -> dict[str, npt.ArrayLike]:
    """A problem as the arrays of a message."""
    return {name: value for name in _PROBLEM if (value := getattr(problem, name)) is not None}


def read_problem(message: Message) -> Problem:
    """The problem of a message."""
    (top, bottom), (left, right) = message["padding"].tolist()
    s_h, s_w = message["stride"].tolist()
    d_h, d_w = message["dilation"].tolist()
    return Problem(
        message["A_prev"],
        message["W"],
        message.get("b"),
        message["dZ"],
        (s_h, s_w),
        ((top, bottom), (left, right)),
        (d_h, d_w),
        int(message["groups"]),
    )


def expectation_message(expectation: Expectation) -> dict[str, npt.ArrayLike]:
    """An oracle's answer as the arrays of a message; only for oracles that check every cell."""
    arrays: dict[str, npt.ArrayLike] = {"oracle": expectation.oracle}
    for name, expected in expectation.gradients.items():
        for part in _PARTS:
            arrays[f"{name}.{part}"] = getattr(expected, part)
    return arrays


def read_expectation(message: Message) -> Expectation:
    """The answer of a message."""
    names = [key.partition(".")[0] for key in message if key.endswith(".values")]
    return Expectation(
        str(message["oracle"]),
        {name: Expected(*(message[f"{name}.{part}"] for part in _PARTS)) for name in names},
    )


def _exactly(pipe: RawPipe, size: int) -> bytes | None:
    parts, missing = [], size
    while missing:
        part = pipe.read(min(missing, 1 << 20))
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
