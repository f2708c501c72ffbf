from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from convstep import cli
from tests.captures import alone, repeated, small


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ended]
Refused = Callable[..., str]
Write = Callable[[str, str], str]
RIGHT = """
from convstep import conv2d_backward

def conv2d_mine(dZ, cache, stride, padding):
    return conv2d_backward(dZ, cache, stride, padding)
"""


def strictly(text: str) -> Any:
    """JSON without the numbers that are none."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


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


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a file into the folder where the command runs, and names its function."""

    def put(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return f"{name}:conv2d_mine"

    return put


@pytest.fixture
def in_folder(tmp_path: Path) -> Path:
    """The folder, with files of everything that was captured: of calls, of repeated ones, and of one."""
    small().save(tmp_path / "run.npz")
    repeated().save(tmp_path / "twice.npz")
    alone(small(), "2").save(tmp_path / "one.npz")
    return tmp_path
