"""Arrays in a file that nobody has read yet: what they claim to be is looked at before they are.

A few bytes can claim any size: a `.npz` is a zip, whose sizes and directory are as its writer pleased.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from convstep.frozen import frozen
from convstep.steps.cells import Array

COPIES = 4
"""What stepping through a problem holds, in multiples of its arrays: they, padded, running, and kept ones."""

_CONTAINERS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says what a container may have."""


def free_memory() -> float:
    """Bytes that can be had without swapping; infinite where the system does not tell."""
    rooms = [_free_on_linux() or _all_there_is()]
    for path in _CONTAINERS:
        with contextlib.suppress(OSError, ValueError):  # there is none, or it has no limit
            rooms.append(float(int(Path(path).read_text(encoding="ascii"))))
    return min(rooms)


def _free_on_linux() -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024.0
    return 0.0


def _all_there_is() -> float:
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return float("inf")


LONGEST_READ = 2**20
"""Bytes that are read in one go; tables of names are, and ten thousand arrays fit in one."""
LONGEST_TABLE = 2**23
"""Bytes of the table of names of a `.npz`, which may hold the arrays of thousands of captured calls."""
MOST_READS = 1_000_000
"""How often a file is read from: a table of names is read piece by piece, too."""
LONGEST_LINE = 500
"""Bytes of a line of text between the others; in pickles it is the name of a class."""
LONGEST_HEADER = 10_000
"""Bytes in front of an array's numbers; NumPy believes no longer one of a stranger's either."""
LOCAL_HEADER = 30
"""Bytes at least between an entry's place in a zip and its content."""


class DamagedError(ValueError):
    """The file is not what its beginning promises, or claims what cannot be."""


class TooManyNamesError(DamagedError):
    """The table of names is longer than any of a few arrays, or claims to be."""


class CompressionError(DamagedError):
    """A compression whose decompressor knows no bounds."""


class PythonObjectsError(ValueError):
    """An array of Python objects, which are never loaded."""


@frozen()
class Held:
    """An array in a file, as the file describes it."""

    shape: tuple[int, ...] | None
    """Its axes, as claimed; None for a short one that is known when it is read."""
    dtype: str
    """Of its numbers, as `read` gives them, whatever the machine's byte order; "" where the axes are None."""
    nbytes: int
    """How many bytes they take."""
    read: Callable[[], Array]
    """The array; a reader that finds other bytes than claimed says so."""

    @property
    def cells(self) -> int:
        """How many numbers it claims."""
        return 0 if self.shape is None else math.prod(self.shape)


class Bounded:
    """A file that gives only so much at once, whatever size a reader has been told; it has no descriptor."""

    def __init__(self, file: BinaryIO, longest: int = LONGEST_READ) -> None:
        self._file, self._reads, self._longest = file, 0, longest
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes, without a size all of a short file's; TooManyNamesError for more."""
        self._reads += 1
        if size > self._longest or self._reads > MOST_READS:
            raise TooManyNamesError
        return self._file.read(LONGEST_READ if size < 0 else size)

    def readline(self, size: int = -1) -> bytes:
        """A line, or the beginning of a long one."""
        return self._file.readline(LONGEST_LINE)


def directory(file: BinaryIO, longest: int = LONGEST_READ) -> zipfile.ZipFile:
    """A zip in a seekable file, its directory of at most `longest` bytes checked: no two entries share bytes.

    Raises Exception: it is damaged; zipfile has no one error for that.
    """
    archive = zipfile.ZipFile(Bounded(file, longest))
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    ends = [entry.header_offset + LOCAL_HEADER + entry.compress_size for entry in entries]
    begins = [*(entry.header_offset for entry in entries[1:]), archive.start_dir]
    if any(end > begin for end, begin in zip(ends, begins, strict=False)):
        raise DamagedError("entries that overlap")
    return archive


class Members(Mapping[str, Held]):
    """The arrays of a `.npz` by name; an array that nobody asks for is not read."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the names. Raises Exception: see `directory`."""
        self._archive = directory(file, LONGEST_TABLE)
        self._entries = {entry.filename.removesuffix(".npy"): entry for entry in self._archive.infolist()}
        self._known: dict[str, Held] = {}

    def __getitem__(self, name: str) -> Held:
        """What an array claims to be, by its own header and by the zip's directory alike.

        Raises CompressionError: it is packed in another way than np.savez_compressed does; DamagedError: the
        two do not agree; PythonObjectsError: it holds more than numbers.
        """
        if name in self._known:  # a header is read once
            return self._known[name]
        entry = self._entries[name]
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CompressionError
        with self._archive.open(entry) as content:
            shape, dtype, length = header(content.read(LONGEST_HEADER))
        cells = math.prod(shape)
        if length + cells * dtype.itemsize != entry.file_size:
            raise DamagedError("another number of bytes than of numbers")
        kind = str(dtype.newbyteorder("="))
        self._known[name] = Held(shape, kind, cells * dtype.itemsize, lambda: self._read(entry))
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _read(self, entry: zipfile.ZipInfo) -> Array:
        with self._archive.open(entry) as content:
            array: Array = np.lib.format.read_array(content, allow_pickle=False)
            return array


def header(begin: bytes) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape, dtype and length of what announces an array; raises DamagedError or PythonObjectsError."""
    file = io.BytesIO(begin)
    formats = np.lib.format
    try:
        version = formats.read_magic(file)
        # version 3 differs in the letters that names may have
        read = formats.read_array_header_1_0 if version == (1, 0) else formats.read_array_header_2_0
        shape, _, dtype = read(file)
    except (MemoryError, RecursionError, Exception) as error:  # ast has many ways to fail
        raise DamagedError("a header that is none") from error
    if dtype.hasobject:
        raise PythonObjectsError
    if any(length < 0 for length in shape):
        raise DamagedError("a negative size")
    return shape, dtype, file.tell()
