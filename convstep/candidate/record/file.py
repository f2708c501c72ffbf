"""Recordings as `.npz` files: arrays of numbers alone, so that opening one runs nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from convstep.candidate.record.marked import MARK
from convstep.conv.held import Held, free_memory
from convstep.conv.storage import made_of
from convstep.conv.validation import ProblemError
from convstep.files import written_whole
from convstep.language import tr
from convstep.recording.recording import Recording
from convstep.recording.transfer import FORM, arrays_of, recording_of

LOOKED_AT = 2000
"""Steps of a file's recording that are looked at when it is opened."""
HELD = 16
"""How much more room Python's own numbers take than those of an array."""


def save(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Write a recording to exactly `path`, whole or not at all; raises OSError without a writable folder."""
    arrays: dict[str, Any] = {MARK: np.array(FORM), **arrays_of(recording)}
    with written_whole(path) as file:
        np.savez_compressed(file, **arrays)


def load(path: str | os.PathLike[str]) -> Recording:
    """Read a recording, which stands before its first step; ProblemError, one sentence, if it is none."""
    return made_of(path, _made)


def _made(held: Mapping[str, Held], name: str) -> Recording:
    if MARK not in held:
        raise ProblemError(tr("{name} is not a recording; convstep.debug writes one", name=name))
    if HELD * sum(held[each].nbytes for each in held) > free_memory():
        raise ProblemError(tr("{name} claims arrays larger than the memory of this machine", name=name))
    arrays = {each: held[each].read() for each in held if each != MARK}
    try:
        recording = recording_of(arrays)
        _walk(recording)
        return recording
    except ValueError as error:
        raise ProblemError(
            tr("{name} is not a readable recording: {reason}; record it again", name=name, reason=error)
        ) from error


def _walk(recording: Recording) -> None:
    """Execute every step once and look at many of a stranger's recording; ValueError if one cannot be."""
    try:
        every = recording.total // LOOKED_AT + 1
        for position in range(0, recording.total + 1, every):
            recording.seek(position)
            recording.event  # noqa: B018  it is made when it is asked for
        recording.seek(recording.total)
        recording.seek(0)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, AssertionError) as error:
        raise ValueError(tr("step {step} does not fit its arrays", step=recording.position)) from error
