"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from convstep import Problem, check, compare

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    """The code block after a marker."""
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found[1]


def test_the_broken_function_is_diagnosed_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(block("mine.py"), encoding="utf-8")
    assert f"{check('mine.py:conv2d_backward')}\n" == block("check mine.py")


def test_a_real_layer_is_captured_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(block("train.py"), "train.py", "exec"), {"__name__": "train"})
    assert capsys.readouterr().out.startswith("the gradients agree with PyTorch ")
    saved = Problem.load("conv2.npz")
    assert saved.A_prev.shape == (8, 8, 8)
    assert saved.groups == 2
    assert compare(saved, oracle="recorded").ok
    assert compare(saved).ok
