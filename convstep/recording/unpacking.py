"""Unpacking: the values of which `packing` made arrays. Who reads believes nothing, and runs nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from convstep.recording.log import Other, Ref
from convstep.recording.plain import AXES, DEEPEST, FIELDS, KINDS, NUMBERS, RECORDS, SIMPLE, Array
from convstep.recording.sites import Kind

Part = Callable[[str], Array]
"""An array of a kind by the end of its name."""
Unpacking = Callable[[Part, int, Iterator[Any]], list[Any]]
"""Makes so many values of a kind from its arrays, and what is in them from those of the next depth."""
FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
"""How reading what does not fit together fails."""


def unpacked(arrays: Mapping[str, Array]) -> Any:
    """The value that `packed` made arrays of.

    Raises:
        ValueError: it has made none of these.
    """
    try:
        return _unpacked(arrays)
    except FAILURES as error:
        raise ValueError(f"these arrays hold no plain value: {error}") from error


def _unpacked(arrays: Mapping[str, Array]) -> Any:
    depths = sum(name.endswith(".kinds") for name in arrays)
    require(0 < depths <= DEEPEST)
    inner: list[Any] = []
    for depth in reversed(range(depths)):
        codes = _one_axis(arrays[f"{depth}.kinds"], "u")
        require(not codes.size or int(codes.max()) < len(KINDS))
        counts = np.bincount(codes, minlength=len(KINDS)).tolist()
        left = iter(inner)
        values: list[Iterator[Any]] = []
        for code, count in enumerate(counts):
            name = f"{depth}.{KINDS[code]}"
            items = _UNPACK[KINDS[code]](partial(_named, arrays, name), count, left) if count else []
            require(len(items) == count)
            values.append(iter(items))
        require(next(left, _NOTHING) is _NOTHING)
        inner = list(map(next, map(values.__getitem__, codes.tolist())))
    require(len(inner) == 1)
    return inner[0]


def _named(arrays: Mapping[str, Array], name: str, part: str) -> Array:
    return arrays[name + part]


_NOTHING = object()


def require(holds: bool) -> None:
    """Go on if something is as it must be.

    Raises:
        ValueError: it is not.
    """
    if not holds:
        raise ValueError("they do not fit together")


def _one_axis(array: Array, kinds: str) -> Array:
    require(array.ndim == 1 and array.dtype.kind in kinds)
    return array


def _unpack_none(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [None] * count


def _unpack_truths(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*_one_axis(part(""), "u").astype(bool).tolist()]


def _unpack_ints(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*_one_axis(part(""), "iu").tolist()]


def _unpack_floats(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*_one_axis(part(""), "f").tolist()]


def _unpack_complex(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*np.ascontiguousarray(_one_axis(part(""), "f")).view(np.complex128).tolist()]


def _unpack_bytes(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    whole = _one_axis(part(""), "u").tobytes()
    ends = _ends(part, len(whole))
    return [whole[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _unpack_long(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [int.from_bytes(each, "little", signed=True) for each in _unpack_bytes(part, count, inner)]


def _unpack_texts(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    table = [each.decode("utf-8", "surrogatepass") for each in _unpack_bytes(part, count, inner)]
    return list(map(table.__getitem__, _one_axis(part("_numbers"), "u").tolist()))


def _unpack_lists(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*map(list, _unpack_tuples(part, count, inner))]


def _unpack_tuples(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    lengths = _one_axis(part("_lengths"), "iu").tolist()
    require(min(lengths, default=0) >= 0)
    found = [tuple(itertools.islice(inner, length)) for length in lengths]
    require(all(map(int.__eq__, map(len, found), lengths)))
    return found


def _unpack_dicts(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    def doubled(name: str) -> Array:
        return np.multiply(_one_axis(part(name), "iu"), 2)

    halves = [
        (held[: len(held) // 2], held[len(held) // 2 :]) for held in _unpack_tuples(doubled, count, inner)
    ]
    return [dict(zip(keys, held, strict=True)) for keys, held in halves]


def _unpack_arrays(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    found = []
    for _ in range(count):
        dtype, shape, content = itertools.islice(inner, 3)
        require(type(dtype) is str and type(shape) is tuple and type(content) is bytes)
        kind = np.dtype(dtype)
        require(kind.kind in NUMBERS and len(shape) <= AXES)
        require(all(type(length) is int and length >= 0 for length in shape))
        require(math.prod(shape) * kind.itemsize == len(content))
        found.append(np.frombuffer(content, kind).reshape(shape).copy())
    return found


def _unpack_scalars(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    numbers = _one_axis(part("_numbers"), "u")
    dtypes = [np.dtype(name) for name in _one_axis(part("_kinds"), "u").tobytes().decode().split(",")]
    require(all(dtype.kind in NUMBERS for dtype in dtypes))
    require(not numbers.size or int(numbers.max()) < len(dtypes))
    held = [np.frombuffer(_one_axis(part(f"_{at}"), "u").tobytes(), dtype) for at, dtype in enumerate(dtypes)]
    counts = np.bincount(numbers, minlength=len(dtypes)).tolist()
    require(counts == list(map(len, held)))
    return list(map(next, map(list(map(iter, held)).__getitem__, numbers.tolist())))


def _unpack_refs(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*map(Ref, _unpack_ints(part, count, inner))]


def _unpack_others(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*map(Other, _unpack_texts(part, count, inner))]


def _unpack_records(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    found = []
    for _ in range(count):
        number: Any = next(inner, None)
        require(type(number) is int and 0 <= number < len(RECORDS))
        values = [*itertools.islice(inner, len(FIELDS[number]))]
        found.append(RECORDS[number](**dict(zip(FIELDS[number], values, strict=True))))
    return found


def _unpack_tables(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [[*zip(*columns, strict=True)] for columns in itertools.islice(inner, count)]


def _unpack_record_tables(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    found = []
    for number, *columns in itertools.islice(inner, count):
        require(type(number) is int and 0 <= number < len(RECORDS))
        rows = zip(*columns, strict=True)
        found.append([*itertools.starmap(RECORDS[number], rows)])
    return found


def _unpacking_lists(kind: str) -> Unpacking:
    def unpack(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
        counts = _one_axis(part("_counts"), "iu")
        require(not counts.size or int(counts.min()) >= 0)
        ends = np.cumsum(counts).tolist()
        items = _UNPACK[kind](part, ends[-1], inner)
        require(len(items) == ends[-1])
        return [items[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]

    return unpack


def _unpack_kinds(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*map(Kind, _one_axis(part(""), "u").tolist())]


def _ends(part: Part, whole: int) -> list[int]:
    lengths = _one_axis(part("_lengths"), "iu")
    require(not lengths.size or int(lengths.min()) >= 0)
    ends: list[int] = np.cumsum(lengths).tolist()
    require((ends[-1] if ends else 0) == whole)
    return ends


_UNPACK: dict[str, Unpacking] = {
    "none": _unpack_none,
    "truths": _unpack_truths,
    "ints": _unpack_ints,
    "long": _unpack_long,
    "floats": _unpack_floats,
    "complex": _unpack_complex,
    "texts": _unpack_texts,
    "bytes": _unpack_bytes,
    "tuples": _unpack_tuples,
    "lists": _unpack_lists,
    "dicts": _unpack_dicts,
    "arrays": _unpack_arrays,
    "scalars": _unpack_scalars,
    "refs": _unpack_refs,
    "others": _unpack_others,
    "records": _unpack_records,
    "sites": _unpack_kinds,
    "tables": _unpack_tables,
    "record_tables": _unpack_record_tables,
    **{f"lists_of_{kind}": _unpacking_lists(kind) for kind in SIMPLE.values()},
}
