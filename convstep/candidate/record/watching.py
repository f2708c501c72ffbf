"""Whether somebody has saved a file since it was looked at last. Plain polling, no system's own events."""

from __future__ import annotations

import os

EVERY = 0.5
"""Seconds between two looks at a file."""
Stamp = tuple[int, int, int]


class WatchedFile:
    """A file that its author may be changing."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        """The same, wherever the process goes."""
        self._seen = _stamp(self.path)

    def changed(self) -> bool:
        """Whether it was saved since the last look; not while it is away, as some editors have it."""
        now = _stamp(self.path)
        if now is None or now == self._seen:
            return False
        self._seen = now
        return True


def _stamp(path: str) -> Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
