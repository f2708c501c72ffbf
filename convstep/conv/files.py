"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when all of it is written.

    It is a new file in the same folder until then, so an older one at `path` stays as it is if
    anything goes wrong.

    Raises:
        OSError: the folder is missing or not writable.
    """
    target = Path(path)
    # made like any new file, so that it gets the permissions a person's files have
    temporary = target.with_name(f".{target.name}-{os.urandom(4).hex()}")
    try:
        with open(temporary, "xb") as file:
            yield file
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
