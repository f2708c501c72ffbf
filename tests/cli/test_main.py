from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

import pytest

from convstep import cli
from convstep.cli.commands import examples
from tests.cli.conftest import Refused, Run


def test_version_is_the_one_in_the_metadata(run: Run) -> None:
    assert run("--version") == (0, f"convstep {version('convstep')}\n", "")


def test_version_is_found_without_its_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "listdir", lambda folder: ["other-9.9.dist-info"])
    assert cli._version() == version("convstep")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["opne", "digit"], ["'opne'", "`convstep open`"]),
        (
            ["frobnicate"],
            ["'frobnicate'", "check, compare, debug, examples, export, help, learn, new, open"],
        ),
        (["digit"], ["'digit' is a problem", "`convstep open digit`"]),
        (["mine.npz"], ["'mine.npz' is a problem", "`convstep open mine.npz`"]),
        (["--frob"], ["'--frob'", "convstep --help"]),
        (["compare"], ["PROBLEM", "convstep compare --help"]),
        (["compare", "digit", "--jsn"], ["--jsn", "convstep --help"]),
        (["compare", "digit", "--js"], ["--js"]),
        (["compare", "digt"], ["'digt'", "did you mean 'digit'?"]),
        (["compare", "zzz"], ["'zzz'", "the examples are digit"]),
        (["compare", "missing.npz"], ["missing.npz does not exist"]),
        (["compare", "folder/missing"], ["folder/missing does not exist"]),
        (["compare", "."], [". is a folder"]),
        (["trace", "digit", "--from", "300"], ["300", "256"]),
        (["trace", "digit", "--from", "0"], ["steps 0 to 256", "1 to 256"]),
        (["trace", "digit", "--from", "5", "--to", "4"], ["steps 5 to 4"]),
        (["trace", "digit", "--to", "1.5"], ["--to", "'1.5'", "whole number"]),
        (["trace", "digit", "--format", "xml"], ["--format", "'xml'", "jsonl"]),
        (
            ["export", "digit", "--steps", "1:2", "-o", "out.jpg"],
            ["out.jpg", ".svg, .png, .gif, .cast, .md or .html"],
        ),
        (["export", "digit", "--steps", "1:2"], ["-o"]),
        (["export", "digit", "--steps", "a:b", "-o", "out.svg"], ["'a:b'", "12:20"]),
        (["export", "digit", "--steps", "9:300", "-o", "out.svg"], ["9:300", "0 to 256"]),
        (["export", "digit", "--steps", "1", "-o", "missing/out.svg"], ["folder missing does not exist"]),
        (["export", "digit", "--steps", "1", "-o", f"{__file__}/out.svg"], ["is a file, not a folder"]),
        (["export", "digit", "--steps", "1", "-o", "out.svg", "--size", "big"], ["'big'", "120x40"]),
        *(
            (["export", *drawn, "-o", "out.svg", "--size", size], [size, limit])
            for size, limit in (
                ("10x10", "60x16 or more"),
                ("59x16", "60x16 or more"),
                ("60x15", "60x16 or more"),
                ("0x0", "60x16 or more"),
                ("100000x100000", "500x200 or less"),
                ("60x201", "500x200 or less"),
            )
            for drawn in (
                ("digit", "--steps", "1"),
                ("digit", "--steps", "1", "--compare"),
                ("digit", "--steps", "1", "--why", "dW[0,0,0,0]"),
                ("1", "--steps", "1"),
                ("--candidate", "no.py:such"),
                ("--candidate", "no.py:such", "--diagnosis"),
            )
        ),
        (["open", "digit", "--goto", "257"], ["257", "256"]),
        (["open", "digit", "--goto", "x"], ["x", "4,0,0"]),
        (["open", "digit", "--goto", "1,2,3,4,5"], ["5 numbers", "3"]),
        (["open", "digit", "--goto", "0,0,4"], ["i_c is 4", "0 to 3"]),
        (["open", "digit", "--goto", "1,0,0,0"], ["i_n is 1", "0 to 0"]),
    ],
)
def test_bad_usage_is_one_sentence(refused: Refused, arguments: list[str], words: list[str]) -> None:
    said = refused(*arguments)
    for word in words:
        assert word in said


def test_a_mistake_of_our_own_is_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(given: Any) -> int:
        raise ValueError("a bug")

    monkeypatch.setattr(examples, "run", broken)
    with pytest.raises(ValueError, match="a bug"):
        run("examples")


def test_ctrl_c_ends_with_130_and_without_a_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(given: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(examples, "run", interrupted)
    assert run("examples") == (130, "", "")
