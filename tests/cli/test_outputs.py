from __future__ import annotations

import os

import pytest

from tests.cli.conftest import Refused


@pytest.mark.parametrize(
    "command",
    [
        ("new", "--input", "4x4x1", "--filters", "1", "--kernel", "2", "--force", "-o", "{}.npz"),
        ("check", "missing.py:f", "--force", "--save", "{}.npz"),
        ("export", "digit", "--steps", "1:1", "-o", "{}.svg"),
    ],
    ids=lambda command: command[0],
)
def test_only_a_file_is_replaced_and_that_is_said_before_any_work(
    refused: Refused, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    suffix = command[-1].partition(".")[2]
    os.mkfifo(f"pipe.{suffix}")
    os.symlink("nowhere", f"link.{suffix}")
    for name, words in (("pipe", "it is a pipe, and only"), ("link", "it is a symbolic link; give the path")):
        said = refused(*(word.format(name) for word in command))
        assert said.startswith(f"{name}.{suffix} cannot be written: {words}")
    assert {*os.listdir()} == {f"pipe.{suffix}", f"link.{suffix}"}
