"""Problems of a running script as files, each in a new temporary folder: nothing is overwritten."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterable, Iterator

from convstep.conv.problem import Problem

LONGEST = 80
"""Characters of a file's name before its ending."""


def save_all(named: Iterable[tuple[str, Problem]]) -> Iterator[str]:
    """Write problems to files in one new folder, named after what they are called; yields their paths.

    Raises:
        OSError: they cannot be written.
    """
    folder, taken = tempfile.mkdtemp(prefix="convstep-"), set[str]()
    for name, problem in named:
        stem = stem_of(name)
        # some file systems take Conv1 and conv1 for one
        unlike = next(s for s in (stem, *(f"{stem}-{n}" for n in range(2, 10**6))) if s.lower() not in taken)
        taken.add(unlike.lower())
        path = os.path.join(folder, f"{unlike}.npz")
        problem.save(path)
        yield path


def save(name: str, problem: Problem) -> str:
    """Write one problem to a file of its own, and say where."""
    return next(iter(save_all([(name, problem)])))


def stem_of(name: str) -> str:
    """A name as a file may be called: `features.0`, `decoder_up`."""
    return re.sub(r"[^\w.\-]+", "_", name).strip("._")[:LONGEST] or "layer"


def command_for(path: str) -> str:
    """What opens a file."""
    return f"convstep open {shlex.quote(path)}"
