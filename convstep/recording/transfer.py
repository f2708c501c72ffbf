"""A recording as two arrays of numbers and back: how it goes through a pipe, or into a file. Never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.recording.columns import Column, Numbers, column, read
from convstep.recording.forms import NUMBERS
from convstep.recording.kept import Kept
from convstep.recording.log import Other
from convstep.recording.recorder import Run, uncollected
from convstep.recording.recording import Recording
from convstep.recording.shelf import Shelf, Shelved, require
from convstep.recording.source import SourceText
from convstep.steps.cells import Array

MOST = 10_000
"""Values of a container that are sent of what a function returned."""
FORM = 2
"""The number of the form in which a recording is written; what reads another one refuses."""
FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""How reading what does not fit together fails."""


def packed(*columns: Column) -> dict[str, npt.ArrayLike]:
    """Columns as two arrays: what they are, and their cells, which are put together when they are taken."""
    shelf = Shelf()
    specs = [each.put(shelf) for each in columns]
    told = json.dumps([FORM, shelf.table, specs]).encode()
    return {"cells": shelf, "form": np.frombuffer(told, np.uint8)}


def unpacked(arrays: Mapping[str, Array]) -> list[Column]:
    """The columns that `packed` made arrays of. Raises ValueError: it has made none of these."""
    try:
        form, table, specs = json.loads(arrays["form"].tobytes())
        if form != FORM:
            raise ValueError(f"it is of form {form!r} and this convstep reads form {FORM}")
        shelf = Shelved(table, arrays["cells"])
        found = [read(each, shelf) for each in specs]
        shelf.end()
        return found
    except FAILURES as error:
        raise ValueError(f"these arrays hold no plain value: {error}") from error


def made_of(values: Column) -> list[Any]:
    """All values of a column of a stranger's. Raises ValueError: it has none."""
    try:
        return list(values)
    except FAILURES as error:
        raise ValueError(f"these arrays hold no plain value: {error}") from error


def arrays_of(recording: Recording | Run) -> dict[str, npt.ArrayLike]:
    """A recording, or the run that it is made of, as arrays of numbers."""
    source = recording.source if isinstance(recording.source, SourceText) else recording.source.text
    with uncollected():
        log = recording.log if isinstance(recording.log, Kept) else Kept.of(recording.log)
    few = (source, recording.name, _plain(recording.result), log.sites, log.given, log.ended, log.unseen)
    return packed(column([few]), Numbers("ints", log.order), log.views, log.storages, *log.payloads)


def recording_of(arrays: Mapping[str, Array]) -> Recording:
    """The recording that `arrays_of` made arrays of, at its start; ValueError for anything else."""
    try:
        few, order, views, storages, *payloads = unpacked(arrays)
        source, name, result, sites, given, ended, unseen = few[0]
        require(type(source) is SourceText and type(name) is str and order.kind is int)
        log = Kept(sites, order.numbers, payloads, views, storages, given, ended, unseen)
        log.check()
        return Recording(log, source, name, result)
    except FAILURES as error:
        raise ValueError(f"its log does not fit together: {error}") from error


def _plain(value: Any, depth: int = 4) -> Any:
    """What a function returned, as far as it can be sent: what it cannot becomes the name of its type."""
    if type(value) in (list, tuple, dict) and depth and len(value) <= MOST:
        if type(value) is dict:
            return {_plain(key, 1): _plain(held, depth - 1) for key, held in value.items()}
        return type(value)(_plain(each, depth - 1) for each in value)
    if type(value) is np.ndarray and value.dtype.kind in NUMBERS:
        return value
    if isinstance(value, np.generic) and value.dtype.kind in NUMBERS:
        return value
    simple = value is None or type(value) in (bool, int, float, complex, str, bytes)
    return value if simple else Other(type(value).__name__)
