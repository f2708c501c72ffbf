"""A verdict as a row."""

from __future__ import annotations

from typing import Any

import pytest

from convstep.candidate.call.outcome import Candidate, CannotCall
from convstep.candidate.load.target import CandidateError, NotLoaded
from convstep.candidate.survey import judge
from convstep.candidate.survey.backwards import Found
from convstep.candidate.survey.judge import answer
from convstep.candidate.survey.row import Row
from convstep.candidate.survey.surveying import Options
from tests.candidate.conftest import Files
from tests.strategies import SELDOM

MINE = """
from convstep import conv2d_backward

def conv2d_mine(dZ, cache, stride, padding):
    dW, db, dA = conv2d_backward(dZ, cache, stride, padding)
    return dW, db / dZ[..., 0].size, dA
"""
CANDIDATE = Candidate("f_backward", "function", ("dout", "cache"), 2)


def judged(name: str, *, written: bool = True, **options: Any) -> Row:
    return judge.judged("a.py", Found(name, 7, written=written), Options(**options))


def test_a_wrong_one_says_what_is_wrong_where_and_how_to_see_it(files: Files) -> None:
    path = str(files.notebook("a.ipynb", "x = 1", MINE))
    row = judge.judged(path, Found("conv2d_mine", 3, 2), Options(timeout=5))
    assert (row.file, row.name, row.line, row.cell) == (path, "conv2d_mine", 3, 2)
    assert (row.operator, row.convention, row.verdict) == ("conv2d", "article", "wrong")
    assert (row.mistakes, row.mistake_cell, row.mistake_line) == (("db-mean",), 2, 5)
    assert row.says.startswith("is wrong on ")
    assert row.mistake.title
    assert row.mistake.explanation
    assert row.opens == f"convstep debug {path}:conv2d_mine --timeout 5"


@pytest.mark.parametrize(
    ("error", "verdict", "name"),
    [
        (CannotCall("it fits nothing", CANDIDATE), "cannot be called", "f_backward"),
        (CandidateError("it does not compile"), "cannot be loaded", "f_backward"),
        (NotLoaded("it hangs"), "cannot be loaded", ""),
    ],
)
def test_what_has_no_verdict_says_why(
    monkeypatch: pytest.MonkeyPatch, error: Exception, verdict: str, name: str
) -> None:
    def check(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(judge, "check", check)
    row = judged("f_backward")
    assert (row.verdict, row.name, row.says, row.command) == (verdict, name, str(error), ())


def test_what_is_not_written_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(judge, "check")
    assert judged("conv_backward", written=False).says == "conv_backward is not written yet"


@SELDOM
def test_what_no_check_is_known_for_is_held_against_its_own_forward_if_it_has_one(files: Files) -> None:
    names = ("rnn_backward", "conv_relu_backward", "tanh_backward")
    text = "".join(f"def {name}(dout, cache):\n    return dout\n" for name in names)
    forward = "import numpy as np\ndef tanh_forward(x):\n    return np.tanh(x), x\n"
    path = str(files.write("a.py", text + forward))
    row = judge.judged(path, Found("conv_relu_backward", 3), Options())
    assert (row.verdict, row.operator) == ("no check", "")
    assert row.says == "its name speaks of several operators; one at a time is checked"
    assert judge.judged(path, Found("rnn_backward", 1), Options()).says == "no check is known for rnn"
    row = judge.judged(path, Found("tanh_backward", 5), Options())
    assert (row.verdict, row.operator, row.mistakes) == ("wrong", "own forward", ("not-its-gradient",))


def test_what_nothing_says_to_be_a_convolution_is_not_wrong_as_one(files: Files) -> None:
    """It is tried as one, for want of a name; an exception is no proof of anything then."""
    text = "def backward(dout, cache):\n    return dout @ cache['nobody knows this']\n"
    path = str(
        files.write("a.py", f"{text}def conv_grad(dout, cache):\n    return dout @ cache['nor this']\n")
    )
    row = judge.judged(path, Found("backward", 1), Options())
    assert row.verdict == "cannot be called"


def test_a_mistake_of_ours_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division\x1b by zero")

    monkeypatch.setattr(judge, "check", check)
    asked = {"file": "a.py", "found": {"name": "f_backward", "line": 3}, "options": {}}
    row = Row.unpacked(answer(asked))
    assert (row.verdict, row.line) == ("not checked", 3)
    assert row.says == "checking it ended with ZeroDivisionError: division\\x1b by zero"


def test_an_operator_leaves_out_what_is_another_by_its_name(files: Files) -> None:
    text = "".join(
        f"def {name}(dout): return dout\n"
        for name in ("conv_backward", "relu_backward", "backward", "conv_relu_grad")
    )
    asked = {"file": str(files.write("a.py", text)), "function": None, "operator": "conv2d", "top": None}
    assert [found["name"] for found in answer(asked)["backwards"]] == ["conv_backward", "backward"]
    files.write("a.py", "def relu_backward(dout): return dout\n")
    assert answer(asked)["said"] == "it defines no backward of conv2d"
    unread = answer({**asked, "file": f"{files.folder}/b.ipynb"})
    assert (unread["backwards"], unread["unread"]) == ([], True)
