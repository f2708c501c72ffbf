"""What a recorded function's own forward says of it, found in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.recordable import Recordable
from convstep.candidate.verdicts.marks import AGREES, DIFFERS
from tests.strategies import SELDOM

SOURCE = """
import numpy as np

def affine_forward(x, w, b):
    out = x @ w + b
    return out, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout @ w.T
    dw = np.zeros_like(w)
    for n in range(len(x)):
        dw += np.outer(x[n], dout[n])
    db = dout.mean(axis=0)
    return dx, dw, db

x, w, b = np.arange(6.0).reshape(3, 2), np.arange(8.0).reshape(2, 4), np.ones(4)
out, cache = affine_forward(x, w, b)
dout = np.cos(out)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "affine.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def _line(text: str) -> int:
    return next(number for number, line in enumerate(SOURCE.splitlines(), 1) if text in line)


@SELDOM
def test_a_recorded_function_is_judged_with_the_arguments_that_it_was_recorded_with(file: Path) -> None:
    recordable = Recordable(f"{file}:affine_backward")
    recording = recordable.record().recording
    found = recordable.judge(recording)
    assert {one.result: one.mark.kind for one in found.end} == {"dx": AGREES, "dw": AGREES, "db": DIFFERS}
    assert found.first == _line("db =")
    assert max(found.positions) <= recording.total
    assert {mark.kind for mark in found.positions.values()} == {AGREES}

    file.write_text("# a line\n" + SOURCE, encoding="utf-8")
    assert "has changed" in recordable.judge(recording).note
    recordable.close()
    with pytest.raises(CandidateError):
        recordable.judge(recording)


def test_a_call_in_the_names_of_the_file_is_judged_if_the_forward_makes_its_cache(file: Path) -> None:
    recordable = Recordable(
        f"{file}:affine_backward", Arguments("affine_backward(dout, cache)"), {"run_all": True}
    )
    found = recordable.judge(recordable.record().recording)
    assert [one.mark.kind for one in found.end] == [AGREES, AGREES, DIFFERS]


@SELDOM
def test_a_cache_that_the_forward_does_not_make_says_nothing(file: Path) -> None:
    for call, said in (
        ("affine_backward(dout, (x, w, b, 1)[:3])", ""),
        ("affine_backward(dout, [x, w, b])", "no forward is known"),
        ("affine_backward(dout[:2], cache)", "does not return: IndexError"),
    ):
        recordable = Recordable(f"{file}:affine_backward", Arguments(call), {"run_all": True})
        found = recordable.judge(recordable.record().recording)
        assert said in found.note
        assert bool(found.end) is (not said)
