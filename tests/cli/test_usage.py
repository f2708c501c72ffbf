from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from convstep import cli
from convstep.examples import load
from convstep.printable import printable
from convstep.replay.session import Session, save
from tests.cli.conftest import Refused, Run


def test_version_is_the_one_in_the_metadata(run: Run) -> None:
    assert run("--version") == (0, f"convstep {version('convstep')}\n", "")


def test_version_is_found_without_its_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "listdir", lambda folder: ["other-9.9.dist-info"])
    assert cli._version() == version("convstep")


def test_help_names_every_command(run: Run) -> None:
    ended = run("--help")
    assert (ended.code, ended.err) == (0, "")
    assert all(f"\n    {name} " in ended.out for name in cli.COMMANDS)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    ended = run(command, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"usage: convstep {command}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["opne", "digit"], ["'opne'", "`convstep open`"]),
        (
            ["frobnicate"],
            ["'frobnicate'", "open, new, compare, trace, check, debug, learn, examples, export"],
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
            ["out.jpg", ".svg, .png, .gif, .cast or .md"],
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


@pytest.mark.parametrize("command", [[], ["open", "digit"], ["open", "rectangle"]])
def test_open_without_a_terminal_names_the_commands_that_need_none(
    refused: Refused, command: list[str]
) -> None:
    name = command[-1] if command else "digit"
    assert refused(*command) == (
        f"convstep open needs a terminal; `convstep compare {name}` and `convstep trace {name}` "
        "work without one"
    )


@pytest.mark.parametrize("character", ["\x1b", "\x9b", "\udce9"], ids=ascii)
def test_open_refuses_a_file_for_its_name_and_says_so(run: Run, refused: Refused, character: str) -> None:
    name = f"c{character}.npz"
    load("rectangle").save(name)
    said = refused("open", name)
    assert said.startswith(f"the name of the file {printable(name)} holds a character that a session cannot")
    assert said.endswith("rename the file")
    assert run("trace", name, "--to", "1").code == 0


@pytest.mark.parametrize("content", ["", '{"version": 1, "problem": 5}', '{"version": 1, "problem": "x"}'])
def test_a_session_that_cannot_be_read_is_named_once(refused: Refused, content: str) -> None:
    Path("a\x1b.json").write_text(content)
    for command in ("open", "compare", "trace"):
        assert refused(command, "a\x1b.json").count("json: ") == 1
    Path("b.json").write_text('{"version": 1, "problem": "b.json", "position": 0}')
    assert refused("compare", "b.json").startswith("b.json: b.json is not a readable .npz file")


def test_a_session_stands_for_its_problem_wherever_one_is_asked_for(run: Run) -> None:
    save(Session("rectangle", position=2), "a.json")
    for command in (
        ["compare", "{}"],
        ["trace", "{}", "--to", "2"],
        ["export", "{}", "-oa.svg", "--steps=1"],
    ):
        ended, plain = (run(*[word.format(name) for word in command]) for name in ("a.json", "rectangle"))
        assert ended == plain
        assert ended.code == 0


@pytest.mark.parametrize("command", ["open", "compare", "trace", "export"])
def test_a_damaged_file_is_one_sentence(refused: Refused, command: str) -> None:
    Path("damaged.npz").write_bytes(Path(__file__).read_bytes()[:500])
    options = ["--steps", "1", "-o", "out.svg"] if command == "export" else []
    assert "damaged.npz is not a readable .npz file" in refused(command, "damaged.npz", *options)


def test_a_mistake_of_our_own_is_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(given: Any) -> int:
        raise ValueError("a bug")

    monkeypatch.setitem(cli.COMMANDS, "examples", broken)
    with pytest.raises(ValueError, match="a bug"):
        run("examples")


def test_ctrl_c_ends_with_130_and_without_a_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(given: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "examples", interrupted)
    assert run("examples") == (130, "", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["open", "nowhere.npz"], "loading nowhere.npz …"),
        (["open", "gone.session.json"], "loading gone.session.json …"),
        (["learn"], "loading the lessons …"),
        (["learn", "mine.md"], "loading lesson mine.md …"),
        (["debug", "mine.py:back"], "loading mine.py:back …"),
    ],
)
def test_whoever_waits_for_a_screen_is_told_before_anything_is_looked_for(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    said: list[str] = []
    monkeypatch.setattr("convstep.waiting.say", lambda words, terminal: said.append(words))
    refused(*arguments)
    assert said == [], "there is nobody"
    monkeypatch.setattr("convstep.cli.has_terminal", lambda: True)
    monkeypatch.setenv("TERM", "dumb")  # no lesson opens in the end
    refused(*arguments)
    assert said == [told]


COMMANDS = [
    ("open", "{}.npz"), ("open", "{}.json"), ("compare", "{}.pt"), ("trace", "{}.safetensors"),
    ("check", "{}.py:f"), ("check", "{}.ipynb:f"), ("learn", "{}.md"), ("export", "{}.md", "-o", "new.svg"),
    ("export", "{}.npz", "--steps", "1:2", "-o", "new.svg"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command))
def test_what_is_no_file_is_never_waited_for(refused: Refused, command: tuple[str, ...]) -> None:
    suffix = command[1].partition(".")[2].partition(":")[0]
    os.mkfifo(f"pipe.{suffix}")
    os.symlink("/dev/zero", f"device.{suffix}")
    for name in ("pipe", "device"):
        said = refused(*(word.format(name) for word in command))
        assert f"it is a {name}, and only regular files are read" in said
        assert said.startswith(f"{name}.{suffix}")


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
