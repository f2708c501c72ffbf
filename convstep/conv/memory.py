"""How much memory there is for arrays that somebody's file claims to hold."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

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
