"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from convstep import check

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
