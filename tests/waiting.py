"""Waiting for what happens soon. How long it takes is nobody's promise, only that it happens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

GENEROUS = 200.0
"""Seconds for what happens soon, however busy the machine is."""


def waited(happened: Callable[[], bool]) -> bool:
    """Whether it happens; looks until then."""
    end = time.monotonic() + GENEROUS
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def runs(pid: int) -> bool:
    """Whether a process is there and not waiting to be buried."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def buried(pid: int) -> bool:
    """Whether nothing of a process is left."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
