"""Packing: plain values as a few arrays of numbers, for a pipe or a file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from convstep.recording.log import Ref
from convstep.recording.plain import AXES, DEEPEST, FIELDS, INTS, KINDS, NUMBERS, RECORDS, SIMPLE, Array
from convstep.recording.sites import Kind

Packing = Callable[[list[Any], list[Iterable[Any]]], dict[str, Array]]
"""Makes arrays of values of one kind, and puts what is in them where the next depth is gathered."""
LONG = 8
"""From so many values on it is worth looking whether a list holds one kind alone."""


class UnsayableError(TypeError):
    """A value that has no plain form."""


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
            for name, array in _PACK[KINDS[code]](items, inner).items():
                arrays[f"{depth}.{KINDS[code]}{name}"] = array
        level = list(itertools.chain.from_iterable(inner))
        if not level:
            return arrays
    raise UnsayableError(f"values lie more than {DEEPEST} deep in each other")


def _pack_none(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {}


def _pack_truths(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {"": np.array(items, np.uint8)}


def _pack_ints(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    low, high = min(items), max(items)
    fits = (kind for kind in INTS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
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
        if each.dtype.kind not in NUMBERS or each.ndim > AXES:
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
        if held.dtype.kind not in NUMBERS or held.ndim != 1:
            raise UnsayableError(f"a number of {held.dtype} has no plain form")
        dtypes.append(held.dtype.str)
        arrays[f"_{at}"] = held.view(np.uint8)
    return {**arrays, "_kinds": np.frombuffer(",".join(dtypes).encode(), np.uint8)}


def _pack_records(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    """Dataclasses of a log: which, and its fields."""
    for each in items:
        number = _NUMBER_OF[type(each)]
        inner.append((number, *(getattr(each, name) for name in FIELDS[number])))
    return {}


def _pack_tables(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    """Lists of tuples of one length: what stands at one place in all of them goes together."""
    # zip(*each) would hold an iterator a tuple
    inner.append([[list(map(itemgetter(at), each)) for at in range(len(each[0]))] for each in items])
    return {}


def _pack_record_tables(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    for each in items:
        number = _NUMBER_OF[type(each[0])]
        inner.append([[number, *(list(map(attrgetter(name), each)) for name in FIELDS[number])]])
    return {}


def _packing_lists(kind: str) -> Packing:
    """Packs lists of values of one simple kind."""

    def pack(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
        held = _PACK[kind](list(itertools.chain.from_iterable(items)), inner)
        return {**held, "_counts": _lengths(items)}

    return pack


def _pack_kinds(items: list[Any], inner: list[Iterable[Any]]) -> dict[str, Array]:
    return {"": np.array([each.value for each in items], np.uint8)}


def _lengths(items: list[Any]) -> Array:
    return np.array(list(map(len, items)), np.int64)


_NUMBER_OF = {kind: number for number, kind in enumerate(RECORDS)}
_PACK: dict[str, Packing] = {
    "none": _pack_none,
    "truths": _pack_truths,
    "ints": _pack_ints,
    "long": _pack_long,
    "floats": _pack_floats,
    "complex": _pack_complex,
    "texts": _pack_texts,
    "bytes": _pack_bytes,
    "tuples": _pack_containers,
    "lists": _pack_containers,
    "dicts": _pack_dicts,
    "arrays": _pack_arrays,
    "scalars": _pack_scalars,
    "refs": _pack_ints,
    "others": _pack_texts,
    "records": _pack_records,
    "sites": _pack_kinds,
    "tables": _pack_tables,
    "record_tables": _pack_record_tables,
    **{f"lists_of_{kind}": _packing_lists(kind) for kind in SIMPLE.values()},
}
_CODE = {kind: code for code, kind in enumerate(KINDS)}


class _CodeOf(dict[type, int]):
    def __missing__(self, kind: type) -> int:
        if issubclass(kind, np.generic):
            return _CODE["scalars"]
        raise UnsayableError(f"{kind.__name__} has no plain form")


_CODES = _CodeOf(
    {kind: _CODE[name] for kind, name in SIMPLE.items()}
    | {type(None): _CODE["none"], complex: _CODE["complex"], Kind: _CODE["sites"]}
    | {tuple: _CODE["tuples"], list: _CODE["lists"], dict: _CODE["dicts"], np.ndarray: _CODE["arrays"]}
    | dict.fromkeys(RECORDS, _CODE["records"])
)
_INT, _LONG, _LIST, _TABLE, _RECORD_TABLE = (
    _CODE[name] for name in ("ints", "long", "lists", "tables", "record_tables")
)
_ALIKE = {kind: _CODE[f"lists_of_{name}"] for kind, name in SIMPLE.items()}


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
    if kind in _NUMBER_OF:
        return _RECORD_TABLE
    if kind in (int, Ref) and not _fits(values):
        return _LIST
    return _ALIKE.get(kind, _LIST)


def _fits(values: list[int]) -> bool:
    return min(values) >= -(1 << 63) and max(values) < 1 << 63
