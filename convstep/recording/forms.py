"""Which values have a plain form, and what each kind of them is called there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.frozen import NamedTuple
from convstep.recording.log import Ended, Ref, Storage, View
from convstep.recording.sites import FunctionSite, Hole, Kind, LoopSite, Part, Site, Sites, StatementSite
from convstep.recording.source import SourceText

DEEPEST = 24
"""How deep values may lie in each other."""
NUMBERS = "biufc"
"""Kinds of NumPy's numbers."""
AXES = 64
"""Of an array, at most."""
RECORDS: tuple[type, ...] = (
    *(View, Storage, Ended, Sites, Site, StatementSite, LoopSite, FunctionSite, Part, Hole),
    SourceText,
)
"""Dataclasses that a log is made of; the number of each is part of the form."""
NUMBER_OF = {kind: number for number, kind in enumerate(RECORDS)}
FIELDS: list[tuple[str, ...]] = [
    getattr(kind, "_fields", None) or tuple(each.name for each in fields(kind)) for kind in RECORDS
]
REPEATING = {"shape", "strides"}
"""Fields whose tuples are nearly always a few."""
RUNS: dict[str, type] = {"lists": list, "tuples": tuple, "dicts": dict}
"""What holds others, by its name."""


class Single(NamedTuple):
    """Values that are one number each."""

    kind: type
    dtype: Any
    allowed: str
    """The kinds of numbers that may be read as such."""
    make: Callable[[npt.NDArray[Any]], list[Any]] = np.ndarray.tolist
    """The values of numbers."""


SINGLE = {
    "none": Single(type(None), np.uint8, "u", lambda array: [None] * len(array)),
    "truths": Single(bool, np.bool_, "b"),
    "ints": Single(int, np.int64, "iu"),
    "floats": Single(float, np.float64, "f"),
    "complex": Single(complex, np.complex128, "c"),
    "refs": Single(Ref, np.int64, "i", lambda array: [*map(Ref, array.tolist())]),
    "sites": Single(Kind, np.uint8, "u", lambda array: [*map(Kind, array.tolist())]),
}
SINGLE_OF = {single.kind: name for name, single in SINGLE.items()}
