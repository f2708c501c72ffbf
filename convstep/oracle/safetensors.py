"""The `.safetensors` format: eight bytes of length, a header in JSON, the tensors' bytes.

Read with NumPy alone, and every number of the header is checked before it is believed. The format's
own package reads no bfloat16 into NumPy, and takes a path where we have a file that was looked at.

Source: https://huggingface.co/docs/safetensors, "Format".
"""

from __future__ import annotations

import functools
import json
import math
import os
from typing import Any, BinaryIO

import numpy as np

from convstep.conv.held import Held
from convstep.frozen import NamedTuple
from convstep.printable import SentenceError
from convstep.steps.cells import Array

LARGEST_HEADER = 3_000_000
"""Bytes: thirty thousand tensors. The format allows for 100 MB, which takes gigabytes to read."""

MOST_AXES = 32
"""What NumPy has room for in all its versions."""

DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|u1",
}
"""The format's kinds of numbers as NumPy's; bfloat16 and truth values are converted after."""


class SafetensorsError(SentenceError, ValueError):
    """The bytes are not in the format; the message is the end of a sentence."""


class _Entry(NamedTuple):
    """One tensor of the header, checked."""

    dtype: str
    """A key of `DTYPES`."""
    shape: tuple[int, ...]
    start: int
    """Where its bytes begin, after the header."""


def read_safetensors(file: BinaryIO) -> dict[str, Held]:
    """The tensors of a file by name, not read yet, and its metadata by name, numbers read as numbers.

    The file is seekable and stays open until the arrays are read. Raises SafetensorsError: the header does
    not fit the bytes, or has kinds of numbers unknown here.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    length = int.from_bytes(_exactly(file, 8), "little")
    if length > size - 8:
        raise SafetensorsError(f"its header claims {length} bytes of a file of {size}")
    if length > LARGEST_HEADER:
        raise SafetensorsError(f"its header claims {length:,} bytes, and at most {LARGEST_HEADER:,} are read")
    header = _header(_exactly(file, length))
    metadata = header.pop("__metadata__", {})
    room = size - 8 - length
    entries = {name: _entry(name, given, room) for name, given in header.items()}
    _check_overlaps(entries)
    tensors = {name: _held(file, 8 + length, entry) for name, entry in entries.items()}
    return _held_texts(metadata) | tensors


def _held(file: BinaryIO, begin: int, entry: _Entry) -> Held:
    def read() -> Array:
        file.seek(begin + entry.start)
        return _array(_exactly(file, _bytes(entry)), entry)

    kind = {"BF16": "float32", "BOOL": "bool"}.get(entry.dtype, np.dtype(DTYPES[entry.dtype]).name)
    return Held(entry.shape, kind, _bytes(entry), read)


def _exactly(file: BinaryIO, size: int) -> bytes:
    found = file.read(size)
    if len(found) != size:
        raise SafetensorsError("it ends too early")
    return found


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise SafetensorsError("its header is not JSON") from None
    if not isinstance(header, dict):
        raise SafetensorsError("its header is not a table of tensors")
    return header


def _entry(name: str, given: Any, room: int) -> _Entry:
    """What the header says of a tensor, checked; `room` is how many bytes there are after the header."""
    try:
        dtype, shape, (start, end) = given["dtype"], given["shape"], given["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise SafetensorsError(f"the entry of {name!r} lacks its dtype, shape or data_offsets") from None
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise SafetensorsError(f"{name!r} has the dtype {dtype!r}; convstep reads {', '.join(DTYPES)}")
    if not isinstance(shape, list) or len(shape) > MOST_AXES or not all(map(_is_size, (*shape, start, end))):
        raise SafetensorsError(f"the shape or the data_offsets of {name!r} make no sense")
    entry = _Entry(dtype, tuple(shape), start)
    if end > room or end - start != _bytes(entry):
        raise SafetensorsError(
            f"{name!r} claims bytes {start} to {end}, which its shape or the file does not have"
        )
    return entry


def _is_size(number: Any) -> bool:
    return type(number) is int and 0 <= number < 2**63


def _bytes(entry: _Entry) -> int:
    return math.prod(entry.shape) * np.dtype(DTYPES[entry.dtype]).itemsize


def _check_overlaps(entries: dict[str, _Entry]) -> None:
    """Bytes that belong to several tensors would let a small file fill the memory."""
    reached = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].start):
        if _bytes(entry) and entry.start < reached:
            raise SafetensorsError(f"{name!r} overlaps the bytes of another tensor")
        reached = max(reached, entry.start + _bytes(entry))


def _array(held: bytes, entry: _Entry) -> Array:
    values = np.frombuffer(held, DTYPES[entry.dtype]).reshape(entry.shape)
    if entry.dtype == "BF16":  # the upper half of a float32
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.bool_) if entry.dtype == "BOOL" else values.copy()


def _held_texts(metadata: Any) -> dict[str, Held]:
    """Metadata are texts; "2" and "[1, 2]" mean numbers, "same" is a word."""
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise SafetensorsError("its metadata is not a table of texts")
    return {
        name: Held(None, "", len(text), functools.partial(_number_or_text, text))
        for name, text in metadata.items()
    }


def _number_or_text(text: str) -> Array:
    try:
        return np.asarray(json.loads(text))
    except (ValueError, RecursionError, OverflowError):
        return np.asarray(text)
