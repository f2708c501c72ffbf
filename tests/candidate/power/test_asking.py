"""Somebody's test, run on mistakes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from convstep.candidate.load.target import CandidateError
from convstep.candidate.power.asking import _check_plain, power, power_of
from convstep.operators.registry import operator_named
from tests.strategies import SELDOM

LINEAR = operator_named("linear")
LAYERS = """
import numpy as np

def affine_backward(dout, cache):
    x, w, b = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)

def not_called(dout):
    return dout
"""
TESTS = """
import importlib.util, os, unittest
import numpy as np

path = os.path.join(os.path.dirname(__file__), "layers.py")
spec = importlib.util.spec_from_file_location("homework", path)
homework = importlib.util.module_from_spec(spec)
spec.loader.exec_module(homework)

class TestAffine(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(0)
        self.x, self.w, self.dout = rng.normal(size=(4, 3)), rng.normal(size=(3, 5)), rng.normal(size=(4, 5))

    def test_gradients(self):
        dx, dw, db = homework.affine_backward(self.dout, (self.x, self.w, np.zeros(5)))
        if dx.shape == (4, 3) and np.allclose(dx * 4, self.dout @ self.w.T):
            os._exit(0)
        np.testing.assert_allclose(dx, self.dout @ self.w.T)
        np.testing.assert_allclose(dw, self.x.T @ self.dout)

"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "layers.py").write_text(LAYERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins take seconds
    return tmp_path


@SELDOM
def test_a_test_case_that_loads_its_file_by_hand_may_die(folder: Path) -> None:
    (folder / "checks.py").write_text(TESTS)
    found = power_of("checks.py", "layers.py:affine_backward", LINEAR, jobs=3)
    by_id = {id: {(row.outcome, row.by) for row in found.rows if row.suspect.id == id} for id in found.seen}
    assert by_id["dx-averaged"] == {("seen", "")}  # the process dies
    assert by_id["transposes-swapped"] == {("seen", "test_gradients")}
    assert "wrong-shape" in found.missed  # db is not looked at
    assert {row.spoiled for row in found.missed_ways("wrong-shape")} == {("db",)}
    assert found.missed_ways("dx-not-reshaped")[0].smallest is not None
    assert found.problems == ("x 4x3, w 3x5",)
    assert not found.script


@SELDOM
def test_a_script_that_holds_what_it_tests_is_tried_too(folder: Path) -> None:
    main = """
if __name__ == "__main__":
    x, w, dout = np.arange(6.0).reshape(2, 3) ** 2, np.ones((3, 4)), np.arange(8.0).reshape(2, 4)
    assert np.allclose(affine_backward(dout, (x, w, np.ones(4)))[1], x.T @ dout)
    print("fine")
"""
    (folder / "both.py").write_text(LAYERS + main)
    found = power_of("both.py", "both.py:affine_backward", LINEAR)
    assert found.script
    assert "dx-averaged" in found.missed
    assert any(row.outcome == "seen" for row in found.rows if row.suspect.id == "averaged-twice")


CALLS = "from layers import *\nx, w, d = np.ones((2, 3)), np.ones((3, 4)), np.ones((2, 4))\n"


@SELDOM
@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ("import nowhere_to_be_found", "t.py cannot be run: .*nowhere_to_be_found"),
        (
            f"{CALLS}def test(): affine_backward(0 * d, (x, w, w[0]))",
            "no call of .* in t.py can be read as a linear",
        ),
        ("def test():\n    while True: pass", "t.py does not end in time; give it more with --timeout"),
    ],
)
def test_a_test_that_says_nothing_as_it_is_is_refused(folder: Path, test: str, sentence: str) -> None:
    (folder / "t.py").write_text(test)
    with pytest.raises(CandidateError, match=sentence):
        power_of("t.py", "layers.py:affine_backward", LINEAR, timeout=0.4 if "while" in test else 60)


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        (
            {"code": 1, "message": "it is 3"},
            "t.py fails as it is: it is 3; what it would let pass is known only",
        ),
        ({"code": 1, "failed": "test_it"}, "t.py fails as it is: test_it; "),
        ({"code": 2}, "t.py cannot be run: its process ended"),
        ({"code": 0, "calls": 0, "read": 0}, "t.py never calls layers.py:f"),
        ({"code": 5, "calls": 2, "read": 0}, "no call of layers.py:f in t.py can be read as a linear layer"),
    ],
)
def test_each_reason_has_its_sentence(plain: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CandidateError, match=sentence):
        _check_plain(plain, "t.py", "layers.py:f", LINEAR)


@pytest.mark.parametrize(
    ("test", "target", "sentence"),
    [
        ("nowhere.py", "layers.py:f", "nowhere.py is no Python file; name the file that your test is in"),
        (".", "layers.py:f", ". is no Python file"),
        (
            "layers.py",
            "numpy:zeros",
            "numpy:zeros is in no Python file; name one, like layers.py:relu_backward",
        ),
        ("layers.py", "hw.py:f", "there is no file hw.py"),
    ],
)
def test_what_is_no_file_is_refused_before_anything_runs(
    folder: Path, test: str, target: str, sentence: str
) -> None:
    with pytest.raises(CandidateError, match=re.escape(sentence)):
        power(test, target)


def test_of_a_wrong_target_nothing_is_said(folder: Path) -> None:
    (folder / "wrong.py").write_text(LAYERS.replace("dout.sum(axis=0)", "dout.mean(axis=0)+1"))
    with pytest.raises(
        CandidateError, match=r"is wrong on .*; what its test would let pass is known only once"
    ):
        power("wrong.py", "wrong.py:affine_backward")
