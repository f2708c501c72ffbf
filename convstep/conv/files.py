"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from convstep.conv.validation import ProblemError
from convstep.language import tr


def path_of(path: str | os.PathLike[str]) -> str:
    """A path as text; a number, which Python takes for an open file and closes in the end, is none.

    Raises:
        TypeError: it is no path.
        ProblemError: no file can have that name.
    """
    name = os.fsdecode(path)
    try:
        possible = bool(name) and b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise ProblemError(tr("{name!r} cannot be the name of a file", name=name))
    return name


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when all of it is written.

    It is a new file in the same folder until then, so an older one at `path` stays as it is if
    anything goes wrong.

    Raises:
        OSError: the folder is missing or not writable.
    """
    target = Path(path_of(path))
    if not target.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    # made like any new file, so that it gets the permissions a person's files have
    temporary = target.with_name(f".{target.name}-{os.urandom(4).hex()}")
    try:
        with open(temporary, "xb") as file:
            yield file
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
