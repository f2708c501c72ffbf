"""The plain values that a recording is made of, by kinds, each with the name that its arrays begin with.

Lists, tuples and dicts of numbers, texts and bytes become one array a kind and a depth, so that a
hundred thousand of them cost no loop of ours (`packing`); `unpacking` is the way back. Never pickle.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.recording.log import Ended, Log, Other, Ref, Storage, View
from convstep.recording.sites import FunctionSite, Hole, LoopSite, Part, Site, Sites, StatementSite
from convstep.recording.source import SourceText

Array = npt.NDArray[Any]

DEEPEST = 24
"""How deep values may lie in each other."""
NUMBERS = "biufc"
"""Kinds of NumPy's numbers."""
INTS = (np.int8, np.int16, np.int32, np.int64)
AXES = 64
"""Of an array, at most."""
SIMPLE: dict[type, str] = {
    bool: "truths", int: "ints", float: "floats", str: "texts", bytes: "bytes", Ref: "refs", Other: "others"
}  # fmt: skip
"""Kinds that lists of one kind are kept of."""
KINDS = (
    *("none", "truths", "ints", "long", "floats", "complex", "texts", "bytes", "tuples", "lists", "dicts"),
    *("arrays", "scalars", "refs", "others", "records", "sites", "tables", "record_tables"),
    *(f"lists_of_{kind}" for kind in SIMPLE.values()),
)
"""All kinds; the place of each is what stands for it in the arrays."""
RECORDS: tuple[type, ...] = (
    *(Log, View, Storage, Ended),
    *(Sites, Site, StatementSite, LoopSite, FunctionSite, Part, Hole),
    SourceText,
)
"""Dataclasses that a log is made of; the number of each is part of the form."""
FIELDS: list[tuple[str, ...]] = [
    getattr(kind, "_fields", None) or tuple(each.name for each in fields(kind)) for kind in RECORDS
]
"""The names of their fields."""
