"""Facts of a whole recording: its arrays, who writes a cell, what is changed for the caller."""

from __future__ import annotations

from typing import Any

import numpy as np

from convstep import brief as reprs
from convstep.frozen import frozen


@frozen()
class ArrayInfo:
    """An array of a recording, whether it is shown or not."""

    name: str
    """As `Recording.arrays` has it."""
    shape: tuple[int, ...]
    """Its lengths when it was made first."""
    dtype: np.dtype[Any]
    line: int
    """The line that makes it; of an argument that of the `def`."""
    is_argument: bool
    written: bool

    __repr__ = reprs.brief


@frozen()
class Alarm:
    """A write into memory of the caller's arguments."""

    step: int
    """Which step does it first, from 0."""
    line: int
    """The line that does it; 0 where the array has changed and no line was seen to do it."""
    array: str
    """The argument."""
    text: str
    """The line, as it is written."""

    __repr__ = reprs.brief


@frozen(eq=False)
class Writer:
    """One write to a cell."""

    step: int
    """Which step makes it, from 0."""
    line: int
    """The line that makes it."""
    text: str
    """The statement, as it is written."""
    kind: str
    """As `Access.kind`."""
    before: np.generic | None
    """The cell before it; None for what makes the array."""
    after: np.generic

    __repr__ = reprs.brief
