"""A recording from a file, whose function is run again once a number of it is edited."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convstep.candidate.kept import Kept
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.file import load, save
from convstep.candidate.recordable import Recordable
from convstep.recording.recording import Recording
from tests.strategies import SELDOM

LINES = """import numpy as np


def scaled(dout, cache, alpha=0.1):
    x, more = cache
    dx = np.zeros_like(x)
    for i in range(len(x)):
        dx[i] = dout[i] * x[i] * alpha + more["w"][i]
    return dx


def made():
    x = np.arange(1.0, 4.0)
    return np.ones(3), (x, {"w": np.full(3, 0.5)})
"""
CALL = "scaled(*made(), alpha=2)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(LINES)
    return path


@pytest.fixture
def kept(file: Path, tmp_path: Path) -> Recording:
    recording = Recordable(f"{file}:scaled", Arguments(CALL), {"run_all": True}).record().recording
    save(recording, tmp_path / "kept.npz")
    return load(tmp_path / "kept.npz")


def last(recording: Recording) -> list[float]:
    run = recording.scout()
    run.seek(run.total)
    found: list[float] = run.arrays["dx"].tolist()
    return found


@SELDOM
def test_what_a_session_says_is_run_with_another_number(file: Path, kept: Recording) -> None:
    call = Kept(kept, f"{file}:scaled", ["--call", CALL, "--run-all"])
    assert call.is_there
    assert call.runs == f"{file}:scaled --call '{CALL}' --run-all"
    edited = call.with_numbers({"x": {(1,): np.float64(10)}})
    assert (last(kept), last(edited)) == ([2.5, 4.5, 6.5], [2.5, 20.5, 6.5])
    assert last(call.with_numbers({})) == last(kept)
    call.close()


def test_without_a_session_it_is_called_with_the_arguments_that_were_recorded(
    file: Path, kept: Recording
) -> None:
    kept.source = replace(kept.source, lines=kept.source.lines[:-1])  # as it is where no child has read it
    call = Kept(kept, "kept.npz", [])
    assert call.is_there
    assert call.runs == f"{file}:scaled"
    edited = call.with_numbers({"cache[1]['w']": {(2,): np.float64(-1)}, "dout": {(0,): np.float64(3)}})
    assert last(edited) == [6.5, 4.5, 5.0]
    call.close()


def test_a_file_that_is_gone_or_was_changed_is_not_run(file: Path, kept: Recording) -> None:
    call = Kept(kept, "kept.npz", [])
    file.write_text(LINES.replace("* alpha", "- alpha"))
    assert not call.is_there
    file.unlink()
    assert not call.is_there
    assert not Kept(kept, str(file), []).is_there
    call.close()


@SELDOM
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--call", CALL.replace("2", "3"), "--run-all"], "it does not do what was recorded"),
        (["--nothing"], "cannot be run as the session says"),
        (["--call"], "cannot be run as the session says"),
        (["--call", "nothing()"], "nothing"),
    ],
)
def test_another_call_is_said_to_be_another(file: Path, kept: Recording, words: list[str], said: str) -> None:
    call = Kept(kept, f"{file}:scaled", words)
    with pytest.raises(CandidateError, match=said):
        call.with_numbers({"x": {(0,): np.float64(5)}})
    call.close()
