"""Columns: plain values in a row, as arrays of numbers, which become values again where they are asked for.

A hundred thousand go through a pipe or into a file as they stand. Never pickle: who reads one runs nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from operator import attrgetter, countOf
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.recording import forms
from convstep.recording.log import Other
from convstep.recording.shelf import Pieces, Shelf, Shelved, ends_of, narrow, require
from convstep.steps.cells import Array

Entries = npt.NDArray[np.intp]
"""Numbers of entries of a log, or of what it holds."""
Spec = list[Any]
"""What JSON says of a column: its kind, and what that needs; its numbers lie on a shelf, in this order."""

BLOCK = 4096
"""Values of which a column is made at once."""
CHUNK, ROOM, CHUNKS = 256, 1 << 20, 16
"""Values that are made at once, their bytes, and how many such pieces a column keeps."""


class UnsayableError(TypeError):
    """A value that has no plain form."""


class Column(Sequence[Any]):
    """Values in a row; `part` makes some of them, an index keeps what it made."""

    kind: type | None = None
    """The type of all of them; None if they are of several, or there are none."""
    nbytes = 0
    """About how many bytes they take."""
    numbers: Array
    """A whole number for each, where there is one: itself, which of those that repeat, how many bytes."""

    def __init__(self, count: int) -> None:
        self._count, self._kept, self._size = count, dict[int, list[Any]](), 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        """One value, or those of a slice without steps."""
        if isinstance(at, slice):
            low, high, _ = at.indices(self._count)
            return self.part(low, max(low, high))
        if not 0 <= at < self._count:
            raise IndexError(at)
        size = self._size or self._sized()
        kept = self._kept.get(at // size)
        if kept is None:
            if len(self._kept) >= CHUNKS:
                self._kept = {}
            begin = at - at % size
            kept = self._kept[at // size] = self.part(begin, min(begin + size, self._count))
        return kept[at % size]

    def __iter__(self) -> Iterator[Any]:
        size = self._sized()
        for low in range(0, self._count, size):
            yield from self.part(low, min(low + size, self._count))

    def _sized(self) -> int:
        """How many are made at once."""
        self._size = max(1, min(CHUNK, ROOM * self._count // (self.nbytes or 1)))
        return self._size

    def part(self, low: int, high: int) -> list[Any]:
        """The values at `low … high - 1`, made anew."""
        raise NotImplementedError

    def of(self, kind: type) -> tuple[Entries, Column]:
        """Where values of one type stand, and these alone."""
        return np.arange(self._count if kind is self.kind else 0), self

    def joined(self, blocks: Sequence[Any]) -> Column | None:
        """Columns of its class and kind, itself the first, as one; None where that is not simple."""
        return None

    def put(self, shelf: Shelf) -> Spec:
        """Put it on a shelf, and say what it is."""
        raise NotImplementedError


class Numbers(Column):
    """Whatever is one number each: truths, arrays' numbers, places in a source, None."""

    def __init__(self, name: str, array: Array) -> None:
        super().__init__(len(array))
        self.name, self.numbers, self.nbytes = name, array, array.nbytes
        self.kind = array.dtype.type if name == "scalars" else forms.SINGLE[name].kind
        self._make = list if name == "scalars" else forms.SINGLE[name].make

    def part(self, low: int, high: int) -> list[Any]:
        """See `Column`."""
        return self._make(self.numbers[low:high])

    def joined(self, blocks: Sequence[Numbers]) -> Column:
        """See `Column`."""
        return Numbers(self.name, np.concatenate([one.numbers for one in blocks]))

    def put(self, shelf: Shelf) -> Spec:
        """See `Column`."""
        shelf.put(self.numbers)
        return [self.name]


class _Bytes(Column):
    """Bytes, and whole numbers that are longer than eight of them."""

    def __init__(self, values: Sequence[bytes], lengths: Array, make: str = "bytes") -> None:
        super().__init__(len(values))
        self._values, self.numbers, self.name = values, lengths, make
        self.kind = int if make == "long" else bytes
        self.nbytes = values.nbytes if isinstance(values, Pieces) else int(lengths.sum())

    def part(self, low: int, high: int) -> list[Any]:
        values = list(self._values[low:high])
        return [int.from_bytes(one, "little", signed=True) for one in values] if self.kind is int else values

    def joined(self, blocks: Sequence[_Bytes]) -> Column:
        values = list(itertools.chain.from_iterable(one._values for one in blocks))
        return _Bytes(values, np.concatenate([one.numbers for one in blocks]), self.name)

    def put(self, shelf: Shelf) -> Spec:
        shelf.put(self.numbers)
        shelf.put_bytes(self._values, self.nbytes)
        return [self.name]


class _Repeated(Column):
    """Values of which most are alike: each is kept once."""

    def __init__(self, table: Column, numbers: Array, values: list[Any] | None = None) -> None:
        super().__init__(len(numbers))
        self._table, self._values, self.numbers = table, table[:] if values is None else values, numbers
        self.kind, self.nbytes = table.kind, numbers.nbytes

    @classmethod
    def of_values(cls, values: Sequence[Any]) -> _Repeated:
        """Keep each of them once."""
        numbered: defaultdict[Any, int] = defaultdict(itertools.count().__next__)
        numbers = np.fromiter(map(numbered.__getitem__, values), np.int64, len(values))
        table, kind = list(numbered), type(values[0])
        if kind is not str and kind is not Other:
            return cls(column(table), narrow(numbers), table)
        held = [each.encode("utf-8", "surrogatepass") for each in table]
        return cls(_Texts(column(held), kind), narrow(numbers), table)

    def part(self, low: int, high: int) -> list[Any]:
        return list(map(self._values.__getitem__, self.numbers[low:high].tolist()))

    def joined(self, blocks: Sequence[_Repeated]) -> Column:
        ends = np.cumsum([0, *(len(one._values) for one in blocks)]).tolist()
        tables = _Repeated.of_values(list(itertools.chain.from_iterable(one._values for one in blocks)))
        numbers = [tables.numbers[end:][one.numbers] for end, one in zip(ends, blocks, strict=False)]
        return _Repeated(tables._table, np.concatenate(numbers))

    def put(self, shelf: Shelf) -> Spec:
        shelf.put(self.numbers)
        return ["repeated", self._table.put(shelf)]


class _Texts(Column):
    """Texts, by their bytes."""

    def __init__(self, held: Column, kind: type) -> None:
        super().__init__(len(held))
        self._held, self.kind, self.nbytes = held, kind, held.nbytes

    def part(self, low: int, high: int) -> list[Any]:
        found = [each.decode("utf-8", "surrogatepass") for each in map(bytes, self._held.part(low, high))]
        return found if self.kind is str else list(map(Other, found))

    def put(self, shelf: Shelf) -> Spec:
        return ["texts" if self.kind is str else "others", self._held.put(shelf)]


class Rows(Column):
    """Tuples of one length, or what is made of such: arrays, dataclasses."""

    def __init__(self, columns: Sequence[Column], number: int | None = None, *, arrays: bool = False) -> None:
        super().__init__(len(columns[0]))
        require(len({len(each) for each in columns}) == 1)
        self.columns, self._number, self._arrays = list(columns), number, arrays
        self.nbytes = sum(each.nbytes for each in columns)
        self.kind = np.ndarray if arrays else tuple if number is None else forms.RECORDS[number]

    def part(self, low: int, high: int) -> list[Any]:
        """See `Column`."""
        rows = zip(*(each.part(low, high) for each in self.columns), strict=True)
        if self._arrays:
            return list(itertools.starmap(_array, rows))
        return (
            list(rows) if self._number is None else list(itertools.starmap(forms.RECORDS[self._number], rows))
        )

    def joined(self, blocks: Sequence[Rows]) -> Column | None:
        """See `Column`."""
        if len({len(one.columns) for one in blocks}) > 1 or self._arrays:
            return None
        found = [_joined(own) for own in zip(*(one.columns for one in blocks), strict=True)]
        columns = [one for one in found if one is not None]
        return Rows(columns, self._number) if len(columns) == len(found) else None

    def put(self, shelf: Shelf) -> Spec:
        """See `Column`."""
        return [
            "arrays" if self._arrays else "rows",
            self._number,
            *(each.put(shelf) for each in self.columns),
        ]


class _Runs(Column):
    """Lists, dicts, and tuples of different lengths: what is in them stands in one column."""

    def __init__(self, name: str, lengths: Array, items: Column) -> None:
        super().__init__(len(lengths))
        self._name, self.kind, self._lengths, self._items = name, forms.RUNS[name], lengths, items
        self._ends, self.nbytes = ends_of(lengths), items.nbytes
        require(int(self._ends[-1]) == len(items))

    def part(self, low: int, high: int) -> list[Any]:
        ends = self._ends[low : high + 1].tolist()
        left = iter(self._items.part(ends[0], ends[-1]))
        found = [list(itertools.islice(left, end - start)) for start, end in itertools.pairwise(ends)]
        if self.kind is dict:
            return [dict(zip(each[::2], each[1::2], strict=True)) for each in found]
        return found if self.kind is list else list(map(tuple, found))

    def put(self, shelf: Shelf) -> Spec:
        shelf.put(self._lengths)
        return [self._name, self._items.put(shelf)]


class _Mixed(Column):
    """Values of several kinds: those of each stand in a column, in their order."""

    def __init__(self, codes: Array, columns: Sequence[Column]) -> None:
        super().__init__(len(codes))
        self._codes, self._columns, self.nbytes = codes, columns, codes.nbytes
        counts = np.bincount(codes, minlength=len(columns)).tolist()
        require(counts == list(map(len, columns)))
        self.nbytes += sum(each.nbytes for each in columns)
        kinds = {each.kind for each in columns}
        self.kind = kinds.pop() if len(kinds) == 1 else None

    def part(self, low: int, high: int) -> list[Any]:
        codes = self._codes[low:high]
        before = np.bincount(self._codes[:low], minlength=len(self._columns)).tolist()
        counts = np.bincount(codes, minlength=len(self._columns)).tolist()
        own = [
            iter(each.part(first, first + count))
            for each, first, count in zip(self._columns, before, counts, strict=True)
        ]
        return list(map(next, map(own.__getitem__, codes.tolist())))

    def of(self, kind: type) -> tuple[Entries, Column]:
        if kind is self.kind:
            return super().of(kind)
        for code, each in enumerate(self._columns):
            if each.kind is kind:
                return np.flatnonzero(self._codes == code), each
        return np.arange(0), self._columns[0]

    def put(self, shelf: Shelf) -> Spec:
        shelf.put(self._codes)
        return ["mixed", *(each.put(shelf) for each in self._columns)]


# from values


def column(values: Sequence[Any], depth: int = 0) -> Column:
    """Values as a column; raises UnsayableError if there is something else in them.

    They are None, truths, numbers, texts, bytes, NumPy's numbers and arrays of numbers, in lists, tuples,
    dicts and the dataclasses of a log, up to `forms.DEEPEST` deep; `depth` is that of what they lie in.
    """
    if depth > forms.DEEPEST:
        raise UnsayableError(f"values lie more than {forms.DEEPEST} deep in each other")
    if len(values) > 2 * BLOCK:  # many are looked at as a few thousand at a time: those stay in the cache
        blocks = [column(values[low : low + BLOCK], depth) for low in range(0, len(values), BLOCK)]
        whole = _joined(blocks)
        if whole is not None:
            return whole
    if not values:
        return Numbers("none", np.zeros(0, np.uint8))
    if countOf(map(type, values), type(values[0])) == len(values):
        return _alike(values, type(values[0]), depth)
    several = list(dict.fromkeys(map(type, values)))
    numbered = {kind: code for code, kind in enumerate(several)}
    return _mixed(values, list(map(numbered.__getitem__, map(type, values))), depth)


def _joined(blocks: Sequence[Column]) -> Column | None:
    """Columns one after the other as one; None where they are not alike."""
    first = blocks[0]
    alike = all(type(one) is type(first) and one.kind is first.kind for one in blocks)
    return first.joined(blocks) if alike else None


def _mixed(values: Sequence[Any], codes: list[int], depth: int) -> Column:
    found = np.array(codes, np.uint8 if max(codes) < 256 else np.uint32)
    own = (list(itertools.compress(values, (found == code).tolist())) for code in range(max(codes) + 1))
    return _Mixed(found, [column(each, depth) for each in own])


def _alike(values: Sequence[Any], kind: type, depth: int) -> Column:
    """A column of values of one type."""
    name = forms.SINGLE_OF.get(kind, "")
    if name == "none":
        return Numbers(name, np.zeros(len(values), np.uint8))
    if name == "sites":
        return Numbers(name, np.array([each.value for each in values], np.uint8))
    if name:
        dtype = forms.SINGLE[name].dtype
        if name != "ints":
            return Numbers(name, np.fromiter(values, dtype, len(values)))
        with contextlib.suppress(ValueError):  # a sixth of the time, if all are short
            return Numbers(name, np.frombuffer(bytes(values), np.uint8))
        try:
            return Numbers(name, narrow(np.fromiter(values, dtype, len(values))))
        except OverflowError:
            held = [n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True) for n in values]
            return _Bytes(held, _lengths(held), "long")
    if kind is bytes:
        return _Bytes(values, _lengths(values))
    if kind is str or kind is Other:
        return _Repeated.of_values(values)
    if kind is tuple:
        return _tuples(values, depth)
    if kind is list:
        return _Runs(
            "lists", _lengths(values), column(list(itertools.chain.from_iterable(values)), depth + 1)
        )
    if kind is dict:
        items = itertools.chain.from_iterable(each.items() for each in values)
        held = list(itertools.chain.from_iterable(items))
        return _Runs("dicts", narrow(2 * _lengths(values).astype(np.int64)), column(held, depth + 1))
    if kind in forms.NUMBER_OF:
        return _records(values, kind, depth)
    if kind is np.ndarray:
        return _arrays(values)
    if issubclass(kind, np.generic):
        numbers = np.array(values)
        if numbers.dtype.kind in forms.NUMBERS and numbers.dtype.type is kind:
            return Numbers("scalars", numbers)
    raise UnsayableError(f"{kind.__name__} has no plain form")


def _tuples(values: Sequence[Any], depth: int) -> Column:
    with contextlib.suppress(ValueError):  # they are of different lengths
        if values[0] and len(values) <= 2 * BLOCK:
            return Rows([column(own, depth + 1) for own in zip(*values, strict=True)])
    lengths = set(map(len, values))
    if len(lengths) == 1 and (width := lengths.pop()):
        flat = list(itertools.chain.from_iterable(values))
        return Rows([column(flat[at::width], depth + 1) for at in range(width)])
    if 1 < len(lengths) <= CHUNK and len(values) >= CHUNK:
        numbered = {length: code for code, length in enumerate(lengths)}
        return _mixed(values, list(map(numbered.__getitem__, map(len, values))), depth)
    return _Runs("tuples", _lengths(values), column(list(itertools.chain.from_iterable(values)), depth + 1))


def _records(values: Sequence[Any], kind: type, depth: int) -> Column:
    number = forms.NUMBER_OF[kind]
    attributes = (list(map(attrgetter(name), values)) for name in forms.FIELDS[number])
    own = zip(*values, strict=True) if issubclass(kind, tuple) else attributes
    columns = [
        _Repeated.of_values(each) if name in forms.REPEATING else column(each, depth + 1)
        for name, each in zip(forms.FIELDS[number], own, strict=True)
    ]
    return Rows(columns, number)


def cut(whole: bytes | memoryview, lengths: Array, name: str = "bytes") -> Column:
    """A column of bytes that stand one after the other, as long as is said."""
    return _Bytes(Pieces(memoryview(whole), lengths), lengths, name)


def _arrays(values: Sequence[Array]) -> Column:
    for each in values:
        if each.dtype.kind not in forms.NUMBERS or each.ndim > forms.AXES:
            raise UnsayableError(f"an array of {each.dtype} has no plain form")
    facts = (
        [each.dtype.str for each in values],
        [each.shape for each in values],
        [each.tobytes() for each in values],
    )
    return Rows([column(own) for own in facts], arrays=True)


def _array(dtype: Any, shape: Any, content: Any) -> Array:
    require(type(dtype) is str and type(shape) is tuple)
    kind = np.dtype(dtype)
    require(kind.kind in forms.NUMBERS and len(shape) <= forms.AXES)
    require(all(type(length) is int and length >= 0 for length in shape))
    require(math.prod(shape) * kind.itemsize == len(content))
    return np.frombuffer(content, kind).reshape(shape).copy()


def _lengths(values: Sequence[Any]) -> Array:
    length = len(values[0])
    if countOf(map(len, values), length) == len(values):
        return narrow(np.full(len(values), length))
    return narrow(np.fromiter(map(len, values), np.int64, len(values)))


# from a shelf


def read(spec: Any, shelf: Shelved, depth: int = 0) -> Column:
    """The column of which `put` has said this. Raises ValueError, or another error: it is none."""
    require(type(spec) is list and depth <= 2 * forms.DEEPEST)
    name, *more = spec
    inner = partial(read, shelf=shelf, depth=depth + 1)
    if name in forms.SINGLE or name == "scalars":
        return Numbers(
            name, shelf.take(forms.SINGLE[name].allowed if name in forms.SINGLE else forms.NUMBERS)
        )
    if name in ("bytes", "long"):
        lengths = _counts(shelf)
        return cut(memoryview(shelf.take("u").data).toreadonly(), lengths, name)
    if name in ("texts", "others"):
        held = inner(more[0])
        require(not len(held) or held.kind is bytes)
        return _Texts(held, str if name == "texts" else Other)
    if name == "repeated":
        numbers = _counts(shelf)
        table = inner(more[0])
        require(not len(numbers) or int(numbers.max()) < len(table))
        return _Repeated(table, numbers)
    if name in ("rows", "arrays"):
        number, *own = more
        columns = [inner(each) for each in own]
        require(
            number is None
            or (type(number) is int and number >= 0 and len(columns) == len(forms.FIELDS[number]))
        )
        require(name == "rows" or (number is None and len(columns) == 3))
        return Rows(columns, number, arrays=name == "arrays")
    if name == "mixed":
        codes = shelf.take("u")
        require(not len(codes) or int(codes.max()) < len(more))
        return _Mixed(codes, [inner(each) for each in more])
    return _Runs(name, _counts(shelf), inner(more[0]))


def _counts(shelf: Shelved) -> Array:
    found = shelf.take("i")
    require(not found.size or int(found.min()) >= 0)
    return found
