"""A recording as arrays of numbers and back: how it goes through a pipe, or into a file. Never pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.recording.log import Log, Other
from convstep.recording.packing import packed
from convstep.recording.plain import NUMBERS, Array
from convstep.recording.recorder import Run
from convstep.recording.recording import Recording
from convstep.recording.source import SourceText
from convstep.recording.unpacking import FAILURES, require, unpacked

MOST = 10_000
"""Values of a container that are sent of what a function returned."""
FORM = 1
"""The number of the form in which a recording is written; what reads another one refuses."""


def arrays_of(recording: Recording | Run) -> dict[str, Array]:
    """A recording as arrays of numbers.

    Args:
        recording: it, or the run that it is made of.
    """
    source = recording.source if isinstance(recording.source, SourceText) else recording.source.text
    # what is made when it is asked for is made
    log = replace(recording.log, payloads=[*map(list, recording.log.payloads)])
    held = (FORM, log, source, recording.name, _plain(recording.result))
    return packed(held)


def recording_of(arrays: Mapping[str, Array]) -> Recording:
    """The recording that `arrays_of` made arrays of, before its first step.

    Raises:
        ValueError: they are damaged, of another form, or no recording.
    """
    held = unpacked(arrays)
    require(type(held) is tuple and len(held) > 0)
    if held[0] != FORM:
        raise ValueError(f"it is of form {held[0]!r} and this convstep reads form {FORM}")
    require(len(held) == 5 and type(held[1]) is Log and type(held[2]) is SourceText and type(held[3]) is str)
    try:
        return Recording(*held[1:])
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
