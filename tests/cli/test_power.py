"""`convstep power`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Refused, Run
from tests.strategies import SELDOM

RELU = """
import numpy as np

def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    return dout * (cache > 0)

def test_relu():
    x, dout = np.array([[-1.0, 2.0, ZERO], [3.0, -4.0, 5.0]]), np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 6.0]])
    dx = relu_backward(dout, relu_forward(x)[1])
    assert np.allclose(dx, [[0, -2, LAST], [-4, 0, 6]])
"""


@pytest.fixture(autouse=True)
def without_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins take seconds


@SELDOM
def test_a_test_that_would_let_something_pass_ends_with_1(run: Run, tmp_path: Path) -> None:
    ones = RELU.replace("np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 6.0]])", "np.ones((2, 3))")
    ones = ones.replace("[[0, -2, LAST], [-4, 0, 6]]", "[[0, 1, 1], [1, 0, 1]]")
    (tmp_path / "relu.py").write_text(ones.replace("ZERO", "6.0"))
    ended = run("power", "relu.py", "relu.py:relu_backward")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith("relu.py would pass with 1 of 5 known mistakes of ReLU.\nit asks: x 2x3\n")
    assert "one more problem to ask:\n  x 2x3 (a few numbers)\n" in ended.out


@SELDOM
def test_one_that_sees_all_ends_with_0(run: Run, tmp_path: Path) -> None:
    (tmp_path / "relu.py").write_text(RELU.replace("ZERO", "0.0").replace("LAST", "0"))
    ended = run("power", "relu.py::test_relu", "relu.py:relu_backward", "--json", "--jobs", "1")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert (found["ok"], found["operator"], found["target"]) == (True, "relu", "relu.py:relu_backward")
    assert {row["outcome"] for row in found["mistakes"]} == {"seen"}


def test_what_cannot_be_known_ends_with_2_and_a_sentence(refused: Refused, tmp_path: Path) -> None:
    assert refused("power", "nowhere.py", "relu.py:f").startswith("nowhere.py is no Python file")
    (tmp_path / "relu.py").write_text(RELU.replace("cache > 0", "dout > 0"))
    said = refused("power", "relu.py", "relu.py:relu_backward")
    assert said.startswith("relu_backward is wrong on")
    assert said.endswith("known only once it is right: see convstep check")
