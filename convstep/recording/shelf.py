"""Shelf: arrays of numbers one after the other in a single piece of bytes, and their list."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convstep.steps.cells import Array

EDGE = 8
"""Bytes of which the place of each array is a multiple."""
AT_ONCE = 4096
"""Pieces of bytes that are put together at once."""
LARGE = 1 << 20
"""Bytes of a piece beyond which it is not copied."""
INTS = [
    (kind, -(1 << bits), (1 << bits) - 1)
    for kind, bits in ((np.int8, 7), (np.int16, 15), (np.int32, 31), (np.int64, 63))
]
"""Whole numbers, the shortest first: the least and the largest of each kind."""


def require(holds: bool) -> None:
    """Go on if something is as it must be. Raises ValueError: it is not."""
    if not holds:
        raise ValueError("they do not fit together")


def narrow(array: Array) -> Array:
    """Whole numbers in as few bytes as will do."""
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    return array.astype(next(kind for kind, least, most in INTS if least <= low and high <= most))


class Shelf:
    """Where arrays are put; as an array the bytes of all of them."""

    def __init__(self) -> None:
        self.table: list[tuple[str, int]] = []
        """By array, the dtype and the number of its cells."""
        self.nbytes = 0
        """How many bytes there are."""
        self._held: list[Array | Sequence[bytes]] = []

    def put(self, array: Array) -> None:
        """Add an array of one axis."""
        self._add(array, array.dtype.str, len(array), array.nbytes)

    def put_bytes(self, values: Sequence[bytes], length: int) -> None:
        """Add bytes as one array; together they are so long."""
        self._add(values, "|u1", length, length)

    def _add(self, held: Array | Sequence[bytes], dtype: str, cells: int, nbytes: int) -> None:
        self.table.append((dtype, cells))
        self._held.append(held)
        self.nbytes += nbytes + _gap(nbytes)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """All bytes, for whoever cannot take them piece by piece."""
        return np.frombuffer(b"".join(self.pieces()), np.uint8)

    def pieces(self) -> Iterator[bytes | memoryview]:
        """The bytes, of which no more than a few are made before they are taken."""
        for held in self._held:
            if isinstance(held, np.ndarray):
                yield held.view(np.uint8).data
                length = held.nbytes
            else:
                length = 0
                for low in range(0, len(held), AT_ONCE):
                    piece = b"".join(held[low : low + AT_ONCE])
                    length += len(piece)
                    yield piece
            yield bytes(_gap(length))


class Shelved:
    """What was on a shelf, to be taken in its order, each once."""

    def __init__(self, table: Any, cells: Array) -> None:
        """Look at the list: a table as `Shelf.table`, out of JSON, and all bytes."""
        require(cells.dtype == np.uint8 and cells.ndim == 1 and type(table) is list)
        self._left, self._cells, self._at = iter(table), cells, 0

    def take(self, kinds: str) -> Array:
        """The next array, where it is; it must be of one of these kinds of NumPy's numbers."""
        dtype, count = next(self._left)
        require(type(dtype) is str and type(count) is int and 0 <= count <= self._cells.nbytes)
        kind = np.dtype(dtype)
        require(kind.kind in kinds and kind.itemsize > 0)
        end = self._at + count * kind.itemsize
        require(end <= self._cells.nbytes)
        found: Array = self._cells[self._at : end].view(kind)
        self._at = end + _gap(end)
        return found

    def end(self) -> None:
        """Nothing may be left."""
        require(next(self._left, None) is None and self._at == self._cells.nbytes)


def ends_of(lengths: Array) -> Array:
    """Where pieces of these lengths begin, and where the last one ends."""
    found = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=found[1:])
    return found


class Pieces(Sequence[bytes]):
    """Bytes that stand one after the other."""

    def __init__(self, whole: memoryview, lengths: Array) -> None:
        self._whole, self._ends, self.nbytes = whole, ends_of(lengths), len(whole)
        require(int(self._ends[-1]) == len(whole))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, at: Any) -> Any:
        ends = self._ends[at.start : at.stop + 1].tolist()
        first, last = ends[0], ends[-1]
        found = self._whole[first:last]
        if len(ends) == 2 and len(found) > LARGE:
            return [found]  # a large array's memory: NumPy reads it where it is
        held = found.tobytes()
        return [held[start - first : end - first] for start, end in itertools.pairwise(ends)]


def _gap(length: int) -> int:
    return -length % EDGE
