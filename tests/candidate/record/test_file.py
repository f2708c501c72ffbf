"""Recordings as files: what was written comes back, and whatever else is in a file is one sentence."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.candidate.record.file import load, save
from convstep.candidate.record.marked import MARK, holds_recording
from convstep.conv.validation import ProblemError
from convstep.examples import load as bundled
from convstep.printable import SENTENCE
from convstep.recording.record import record
from convstep.recording.recording import Recording
from tests.recording.test_packing import identical
from tests.strategies import SELDOM


def stepped(x: Any, options: dict[str, int]) -> Any:
    """Loops, views, a mask, a scattered write, a call of another function."""
    out = np.zeros_like(x)
    for i in range(len(x)):
        row = x[i]
        if i == options["skip"]:
            continue
        out[i] += helped(row)
    out[out > 3] = 3
    np.add.at(out, np.array([0, 0]), 1)
    return {"out": out, "n": len(x), "other": object()}


def helped(row: Any) -> Any:
    """Called by the other."""
    return row * 2


@pytest.fixture
def recording() -> Recording:
    """Of all that."""
    return record(stepped, np.arange(6.0, dtype=np.float32).reshape(3, 2), {"skip": 1})


def test_every_step_of_a_file_is_that_of_the_recording(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    save(recording, path)
    assert holds_recording(path)
    again = load(path)
    assert (again.position, again.total, again.name) == (0, recording.total, "stepped")
    assert again.source == recording.source
    assert again.catalogue == recording.catalogue
    assert again.result["n"] == 3
    assert identical(again.result["out"], recording.result["out"])
    assert again.result["other"] == "object"
    for position in [*range(recording.total + 1), *reversed(range(recording.total))]:
        recording.seek(position)
        again.seek(position)
        assert identical(dict(recording.arrays), dict(again.arrays))
        assert repr(recording.event) == repr(again.event)


def test_what_is_no_recording_is_one_sentence(recording: Recording, tmp_path: Path) -> None:
    bundled("rectangle").save(tmp_path / "problem.npz")
    assert not holds_recording(tmp_path / "problem.npz")
    assert not holds_recording(tmp_path / "gone.npz")
    with pytest.raises(ProblemError, match=r"is not a recording; convstep\.debug writes one"):
        load(tmp_path / "problem.npz")
    np.savez(tmp_path / "empty.npz", **{MARK: np.array(1)})  # type: ignore[arg-type]
    np.savez(tmp_path / "objects.npz", **{MARK: 1, "0.kinds": np.array([{}], object)})  # type: ignore[arg-type]
    for name in ("empty.npz", "objects.npz"):
        with pytest.raises(ProblemError) as caught:
            load(tmp_path / name)
        assert len(str(caught.value)) <= SENTENCE


@SELDOM
def test_damage_of_any_array_is_one_sentence_or_does_no_harm(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    save(recording, path)
    with np.load(path) as held:
        arrays = dict(held)
    rng = np.random.default_rng(0)
    for name in [MARK, *["form", "cells"] * 40]:
        damaged = dict(arrays)
        values = damaged[name].copy()
        if values.size:
            at = rng.integers(values.size)
            values.reshape(-1)[at] = values.reshape(-1)[at] + 7
        damaged[name] = values
        np.savez(path, **damaged)
        with contextlib.suppress(ProblemError):
            load(path)
