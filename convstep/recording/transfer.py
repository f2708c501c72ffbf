"""Plain values as a few arrays and back: how a log goes through a pipe, or into a file. Never pickle.

Lists, tuples and dicts of numbers, texts and bytes become one array a kind and a depth, so that a
hundred thousand of them cost no loop of ours. Who reads believes nothing: whatever does not fit together
is a `ValueError`, and nothing that is read is ever run.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.recording.log import Ended, Log, Other, Ref, Storage, View
from convstep.recording.recorder import Run
from convstep.recording.recording import Recording
from convstep.recording.sites import FunctionSite, Hole, Kind, LoopSite, Site, Sites, StatementSite
from convstep.recording.sites import Part as IndexPart
from convstep.recording.source import SourceText

Array = npt.NDArray[Any]

DEEPEST = 24
"""How deep values may lie in each other."""
_NUMBERS = "biufc"
"""Kinds of NumPy's numbers."""
_INTS = (np.int8, np.int16, np.int32, np.int64)
_AXES = 64
_MOST = 10_000
"""Values of a container that are sent of what a function returned."""
_FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)


class UnsayableError(TypeError):
    """A value that has no plain form."""


FORM = 1
"""The number of the form in which a recording is written; what reads another one refuses."""


def arrays_of(recording: Recording | Run) -> dict[str, Array]:
    """A recording as arrays of numbers.

    Args:
        recording: it, or the run that it is made of.
    """
    source = recording.source if isinstance(recording.source, SourceText) else recording.source.text
    held = (FORM, recording.log, source, recording.name, _plain(recording.result))
    return packed(held)


def recording_of(arrays: Mapping[str, Array]) -> Recording:
    """The recording that `arrays_of` made arrays of, before its first step.

    Raises:
        ValueError: they are damaged, of another form, or no recording.
    """
    held = unpacked(arrays)
    _require(type(held) is tuple and len(held) > 0)
    if held[0] != FORM:
        raise ValueError(f"it is of form {held[0]!r} and this convstep reads form {FORM}")
    _require(len(held) == 5 and type(held[1]) is Log and type(held[2]) is SourceText and type(held[3]) is str)
    try:
        return Recording(*held[1:])
    except _FAILURES as error:
        raise ValueError(f"its log does not fit together: {error}") from error


def _plain(value: Any, depth: int = 4) -> Any:
    """What a function returned, as far as it can be sent: what it cannot becomes the name of its type."""
    if type(value) in (list, tuple, dict) and depth and len(value) <= _MOST:
        if type(value) is dict:
            return {_plain(key, 1): _plain(held, depth - 1) for key, held in value.items()}
        return type(value)(_plain(each, depth - 1) for each in value)
    if type(value) is np.ndarray and value.dtype.kind in _NUMBERS:
        return value
    if isinstance(value, np.generic) and value.dtype.kind in _NUMBERS:
        return value
    simple = value is None or type(value) in (bool, int, float, complex, str, bytes)
    return value if simple else Other(type(value).__name__)


def packed(value: object) -> dict[str, Array]:
    """A value as arrays of numbers.

    Args:
        value: None, truths, numbers, texts, bytes, NumPy's numbers and arrays of numbers, in lists,
            tuples and dicts up to `DEEPEST` deep.

    Raises:
        UnsayableError: there is something else in it.
    """
    arrays: dict[str, Array] = {}
    level: list[Any] = [value]
    for depth in range(DEEPEST):
        inner: list[Iterable[Any]] = []
        codes = _codes(level)
        arrays[f"{depth}.kinds"] = codes
        for code in np.unique(codes).tolist():
            items = list(itertools.compress(level, (codes == code).tolist()))
            for name, array in _PACK[code](items, inner).items():
                arrays[f"{depth}.{_NAMES[code]}{name}"] = array
        level = list(itertools.chain.from_iterable(inner))
        if not level:
            return arrays
    raise UnsayableError(f"values lie more than {DEEPEST} deep in each other")


def unpacked(arrays: Mapping[str, Array]) -> Any:
    """The value that `packed` made arrays of.

    Raises:
        ValueError: it has made none of these.
    """
    try:
        return _unpacked(arrays)
    except _FAILURES as error:
        raise ValueError(f"these arrays hold no plain value: {error}") from error


def _unpacked(arrays: Mapping[str, Array]) -> Any:
    depths = sum(name.endswith(".kinds") for name in arrays)
    _require(0 < depths <= DEEPEST)
    inner: list[Any] = []
    for depth in reversed(range(depths)):
        codes = _one_axis(arrays[f"{depth}.kinds"], "u")
        _require(not codes.size or int(codes.max()) < len(_NAMES))
        counts = np.bincount(codes, minlength=len(_NAMES)).tolist()
        left = iter(inner)
        values: list[Iterator[Any]] = []
        for code, count in enumerate(counts):
            name = f"{depth}.{_NAMES[code]}"
            items = _UNPACK[code](partial(_named, arrays, name), count, left) if count else []
            _require(len(items) == count)
            values.append(iter(items))
        _require(next(left, _NOTHING) is _NOTHING)
        inner = list(map(next, map(values.__getitem__, codes.tolist())))
    _require(len(inner) == 1)
    return inner[0]


def _named(arrays: Mapping[str, Array], name: str, part: str) -> Array:
    return arrays[name + part]


_NOTHING = object()


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("they do not fit together")


def _one_axis(array: Array, kinds: str) -> Array:
    _require(array.ndim == 1 and array.dtype.kind in kinds)
    return array


Part = Callable[[str], Array]
Packing = Callable[[list[Any], list[Iterable[Any]]], dict[str, Array]]
Unpacking = Callable[[Part, int, Iterator[Any]], list[Any]]


def _pack_none(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {}


def _pack_truths(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {"": np.array(items, np.uint8)}


def _pack_ints(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    low, high = min(items), max(items)
    fits = (kind for kind in _INTS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return {"": np.array(items, next(fits))}


def _pack_long(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return _pack_bytes([n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True) for n in items], inner)


def _pack_floats(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {"": np.array(items, np.float64)}


def _pack_complex(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {"": np.array(items, np.complex128).view(np.float64)}


def _pack_bytes(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {"": np.frombuffer(b"".join(items), np.uint8), "_lengths": _lengths(items)}


def _pack_texts(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    """Texts repeat: each is kept once."""
    table = dict(zip(dict.fromkeys(items), itertools.count()))
    kept = _pack_bytes([text.encode("utf-8", "surrogatepass") for text in table], inner)
    return {**kept, "_numbers": np.array(list(map(table.__getitem__, items)), np.uint32)}


def _pack_containers(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    inner += items
    return {"_lengths": _lengths(items)}


def _pack_dicts(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    inner += [itertools.chain(each.keys(), each.values()) for each in items]
    return {"_lengths": _lengths(items)}


def _pack_arrays(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    for each in items:
        if each.dtype.kind not in _NUMBERS or each.ndim > _AXES:
            raise UnsayableError(f"an array of {each.dtype} has no plain form")
        inner.append((each.dtype.str, each.shape, each.tobytes()))
    return {}


def _pack_scalars(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    """NumPy's numbers, in one array for each kind of them."""
    types = list(map(type, items))
    table = dict(zip(dict.fromkeys(types), itertools.count()))
    numbers = np.array(list(map(table.__getitem__, types)), np.uint8)
    arrays = {"_numbers": numbers}
    dtypes = []
    for at in table.values():
        held = np.array(list(itertools.compress(items, (numbers == at).tolist())))
        if held.dtype.kind not in _NUMBERS or held.ndim != 1:
            raise UnsayableError(f"a number of {held.dtype} has no plain form")
        dtypes.append(held.dtype.str)
        arrays[f"_{at}"] = held.view(np.uint8)
    return {**arrays, "_kinds": np.frombuffer(",".join(dtypes).encode(), np.uint8)}


def _pack_records(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    """Dataclasses of a log: which, and its fields."""
    for each in items:
        number = _RECORD_NUMBERS[type(each)]
        inner.append((number, *(getattr(each, name) for name in _FIELDS[number])))
    return {}


def _pack_tables(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    """Lists of tuples of one length: what stands at one place in all of them goes together."""
    # zip(*each) would hold an iterator a tuple
    inner.append([[list(map(itemgetter(at), each)) for at in range(len(each[0]))] for each in items])
    return {}


def _pack_record_tables(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    for each in items:
        number = _RECORD_NUMBERS[type(each[0])]
        inner.append([[number, *(list(map(attrgetter(name), each)) for name in _FIELDS[number])]])
    return {}


def _packing_lists(code: int) -> Packing:
    """Packs lists of values of one simple kind."""

    def pack(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
        held = _PACK[code](list(itertools.chain.from_iterable(items)), inner)
        return {**held, "_counts": _lengths(items)}

    return pack


def _pack_kinds(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {"": np.array([each.value for each in items], np.uint8)}


def _lengths(items: list[Any]) -> Array:
    return np.array(list(map(len, items)), np.int64)


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
    _require(min(lengths, default=0) >= 0)
    found = [tuple(itertools.islice(inner, length)) for length in lengths]
    _require(all(map(int.__eq__, map(len, found), lengths)))
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
        _require(type(dtype) is str and type(shape) is tuple and type(content) is bytes)
        kind = np.dtype(dtype)
        _require(kind.kind in _NUMBERS and len(shape) <= _AXES)
        _require(all(type(length) is int and length >= 0 for length in shape))
        _require(math.prod(shape) * kind.itemsize == len(content))
        found.append(np.frombuffer(content, kind).reshape(shape).copy())
    return found


def _unpack_scalars(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    numbers = _one_axis(part("_numbers"), "u")
    dtypes = [np.dtype(name) for name in _one_axis(part("_kinds"), "u").tobytes().decode().split(",")]
    _require(all(dtype.kind in _NUMBERS for dtype in dtypes))
    _require(not numbers.size or int(numbers.max()) < len(dtypes))
    held = [np.frombuffer(_one_axis(part(f"_{at}"), "u").tobytes(), dtype) for at, dtype in enumerate(dtypes)]
    counts = np.bincount(numbers, minlength=len(dtypes)).tolist()
    _require(counts == list(map(len, held)))
    return list(map(next, map(list(map(iter, held)).__getitem__, numbers.tolist())))


def _unpack_refs(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*map(Ref, _unpack_ints(part, count, inner))]


def _unpack_others(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*map(Other, _unpack_texts(part, count, inner))]


def _unpack_records(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    found = []
    for _ in range(count):
        number: Any = next(inner, None)
        _require(type(number) is int and 0 <= number < len(_RECORDS))
        values = [*itertools.islice(inner, len(_FIELDS[number]))]
        found.append(_RECORDS[number](**dict(zip(_FIELDS[number], values, strict=True))))
    return found


def _unpack_tables(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [[*zip(*columns, strict=True)] for columns in itertools.islice(inner, count)]


def _unpack_record_tables(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    found = []
    for number, *columns in itertools.islice(inner, count):
        _require(type(number) is int and 0 <= number < len(_RECORDS))
        rows = zip(*columns, strict=True)
        found.append([*itertools.starmap(_RECORDS[number], rows)])
    return found


def _unpacking_lists(code: int) -> Unpacking:
    def unpack(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
        counts = _one_axis(part("_counts"), "iu")
        _require(not counts.size or int(counts.min()) >= 0)
        ends = np.cumsum(counts).tolist()
        items = _UNPACK[code](part, ends[-1], inner)
        _require(len(items) == ends[-1])
        return [items[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]

    return unpack


def _unpack_kinds(part: Part, count: int, inner: Iterator[Any]) -> list[Any]:
    return [*map(Kind, _one_axis(part(""), "u").tolist())]


def _ends(part: Part, whole: int) -> list[int]:
    lengths = _one_axis(part("_lengths"), "iu")
    _require(not lengths.size or int(lengths.min()) >= 0)
    ends: list[int] = np.cumsum(lengths).tolist()
    _require((ends[-1] if ends else 0) == whole)
    return ends


LONG = 8
"""From so many values on it is worth looking whether a list holds one kind alone."""
_SIMPLE: dict[type, int] = {bool: 1, int: 2, float: 4, str: 6, bytes: 7, Ref: 13, Other: 14}
"""Kinds that lists of one kind are kept of, and their places in `_KINDS`."""
_KINDS: tuple[tuple[str, Packing, Unpacking], ...] = (
    ("none", _pack_none, _unpack_none),
    ("truths", _pack_truths, _unpack_truths),
    ("ints", _pack_ints, _unpack_ints),
    ("long", _pack_long, _unpack_long),
    ("floats", _pack_floats, _unpack_floats),
    ("complex", _pack_complex, _unpack_complex),
    ("texts", _pack_texts, _unpack_texts),
    ("bytes", _pack_bytes, _unpack_bytes),
    ("tuples", _pack_containers, _unpack_tuples),
    ("lists", _pack_containers, _unpack_lists),
    ("dicts", _pack_dicts, _unpack_dicts),
    ("arrays", _pack_arrays, _unpack_arrays),
    ("scalars", _pack_scalars, _unpack_scalars),
    ("refs", _pack_ints, _unpack_refs),
    ("others", _pack_texts, _unpack_others),
    ("records", _pack_records, _unpack_records),
    ("sites", _pack_kinds, _unpack_kinds),
    ("tables", _pack_tables, _unpack_tables),
    ("record_tables", _pack_record_tables, _unpack_record_tables),
    *((f"lists_of_{code}", _packing_lists(code), _unpacking_lists(code)) for code in _SIMPLE.values()),
)
"""Kinds of values: their name in the arrays, and the two ways."""
_RECORDS: tuple[type, ...] = (
    *(Log, View, Storage, Ended),
    *(Sites, Site, StatementSite, LoopSite, FunctionSite, IndexPart, Hole),
    SourceText,
)
"""Dataclasses that a log is made of; the number of each is part of the form."""
_RECORD_NUMBERS = {kind: number for number, kind in enumerate(_RECORDS)}
_FIELDS: list[tuple[str, ...]] = [
    getattr(kind, "_fields", None) or tuple(each.name for each in fields(kind)) for kind in _RECORDS
]
_NAMES = [name for name, _, _ in _KINDS]
_PACK = [pack for _, pack, _ in _KINDS]
_UNPACK = [unpack for _, _, unpack in _KINDS]
_INT, _LONG = _NAMES.index("ints"), _NAMES.index("long")


class _CodeOf(dict[type, int]):
    def __missing__(self, kind: type) -> int:
        if issubclass(kind, np.generic):
            return _NAMES.index("scalars")
        raise UnsayableError(f"{kind.__name__} has no plain form")


_CODES = _CodeOf(
    {type(None): 0, bool: 1, int: 2, float: 4, complex: 5, str: 6, bytes: 7, tuple: 8, list: 9, dict: 10}
    | {np.ndarray: 11, Ref: 13, Other: 14, Kind: 16}
)
_CODES.update(dict.fromkeys(_RECORDS, 15))


_LIST, _TABLE, _RECORD_TABLE = (_NAMES.index(name) for name in ("lists", "tables", "record_tables"))
_ALIKE = {kind: _NAMES.index(f"lists_of_{code}") for kind, code in _SIMPLE.items()}


def _codes(level: list[Any]) -> Array:
    """What kind each value is of."""
    codes = np.array(list(map(_CODES.__getitem__, map(type, level))), np.uint8)
    ints = list(itertools.compress(level, (codes == _INT).tolist()))
    if ints and not _fits(ints):
        for at in np.flatnonzero(codes == _INT).tolist():
            if not _fits([level[at]]):
                codes[at] = _LONG
    for at in np.flatnonzero(codes == _LIST).tolist():
        if len(level[at]) >= LONG:
            codes[at] = _code_of_list(level[at])
    return codes


def _code_of_list(values: list[Any]) -> int:
    kinds = set(map(type, values))
    if len(kinds) > 1:
        return _LIST
    (kind,) = kinds
    if kind is tuple and values[0] and len(set(map(len, values))) == 1:
        return _TABLE
    if kind in _RECORD_NUMBERS:
        return _RECORD_TABLE
    if kind in (int, Ref) and not _fits(values):
        return _LIST
    return _ALIKE.get(kind, _LIST)


def _fits(values: list[int]) -> bool:
    return min(values) >= -(1 << 63) and max(values) < 1 << 63
