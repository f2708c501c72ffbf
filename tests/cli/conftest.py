from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from convstep import cli


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ended]
Refused = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in this process, in an empty folder and without a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def call(*arguments: str) -> Ended:
        code = cli.main(list(arguments))
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture
def refused(run: Run) -> Refused:
    """The sentence a bad command line is answered with."""

    def call(*arguments: str) -> str:
        ended = run(*arguments)
        assert ended.code == 2
        assert ended.out == ""
        assert ended.err.startswith("convstep: ")
        assert ended.err.count("\n") == 1
        assert ended.err.endswith("\n")
        return ended.err.removeprefix("convstep: ").rstrip("\n")

    return call
