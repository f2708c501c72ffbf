"""How a file that holds a recording is told from a problem's, without loading what reads it."""

from __future__ import annotations

import os

from convstep.conv.storage import made_of
from convstep.conv.validation import ProblemError

MARK = "convstep_recording"
"""The array that says what the others are."""


def holds_recording(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a recording's; one that cannot be read is not."""
    try:
        return made_of(path, lambda held, name: MARK in held)
    except ProblemError:
        return False
