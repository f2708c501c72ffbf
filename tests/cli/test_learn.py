"""`convstep learn`, and what `convstep export` makes of a lesson's name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from convstep.export.frame import Frame, Look
from convstep.export.frame import Run as Cells
from convstep.lessons import course
from convstep.lessons.lesson import Lesson
from tests.cli.conftest import Refused, Run
from tests.lessons.texts import FRONT, PLAIN, asks

NEEDS = "convstep learn needs a terminal; `convstep learn --list`"
LOOK = Look((224, 224, 224), (18, 18, 18))
FRAME = Frame(((Cells("it", LOOK),),), (2, 1), "convstep it", "page 1", 1, 2)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_list_names_every_lesson(run: Run, language: str) -> None:
    ended = run("learn", "--list", "--lang", language)
    lines = ended.out.splitlines()
    entries = course.entries(language)
    assert (ended.code, ended.err, len(lines)) == (0, "", len(entries))
    for line, entry in zip(lines, entries, strict=True):
        assert line.split(maxsplit=1) == [entry.key, entry.title]


def test_the_language_is_the_computers_unless_one_is_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    chinese = run("learn", "--list").out
    assert chinese == run("learn", "--list", "--lang", "zh").out
    assert chinese != run("learn", "--list", "--lang", "en").out


@pytest.mark.parametrize("lesson", [[], ["4"], ["hunt-3"]])
def test_without_a_terminal_it_names_what_works_without_one(refused: Refused, lesson: list[str]) -> None:
    assert refused("learn", *lesson).startswith(NEEDS)


def test_an_unknown_lesson_is_said_with_the_closest(refused: Refused) -> None:
    assert refused("learn", "paddign") == "no lesson is called 'paddign'; did you mean '04-padding'?"


def test_an_unknown_language_is_bad_usage(refused: Refused) -> None:
    assert "--lang" in refused("learn", "--lang", "de")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            FRONT + "## P\n```stop\nat: 99\n```\n",
            "own.md:15: at: 99 is beyond the end; steps go from 0 to 48",
        ),
        (
            FRONT.replace("filters: 3", "filters: three") + PLAIN,
            "own.md:4: filters: 'three' is not a whole number",
        ),
        ("", "own.md:1: the front matter is missing"),
        (None, "own.md: the file does not exist; check the path"),
    ],
)
@pytest.mark.parametrize("command", [("learn", "own.md"), ("export", "own.md", "-o", "out.svg")])
def test_a_broken_lesson_is_one_line_with_its_place(
    refused: Refused, text: str | None, said: str, command: tuple[str, ...]
) -> None:
    if text is not None:
        Path("own.md").write_text(text)
    assert refused(*command).startswith(said)
    assert not Path("out.svg").exists()


def test_in_a_terminal_the_lesson_is_opened(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str | None, str]] = []

    def record(lesson: Lesson | None, language: str) -> None:
        opened.append((None if lesson is None else lesson.key, language))

    monkeypatch.setattr("convstep.ui.lesson_app.run_lessons", record)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    Path("own.md").write_text(FRONT + PLAIN)
    for arguments in (["learn"], ["learn", "4", "--lang", "zh"], ["learn", "own.md"]):
        assert run(*arguments).code == 0
    assert opened == [(None, "en"), ("04-padding", "zh"), (str(Path("own.md").resolve()), "en")]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be drawn of lessons; a frame of two cells stands for every picture."""
    asked: list[Any] = []

    def record(lesson: Lesson, pages: Any, size: Any, **options: Any) -> list[Frame]:
        options.pop("progress")
        asked.append((lesson.key, lesson.language, list(pages), size, options))
        return [FRAME]

    monkeypatch.setattr("convstep.export.lesson.lesson_frames", record)
    return asked


def test_export_takes_lessons_and_their_pages(run: Run, drawn: list[Any]) -> None:
    Path("own.md").write_text(FRONT + PLAIN + asks("W"))
    assert run("export", "own.md", "-o", "a.svg").code == 0
    assert run("export", "own.md", "--steps", "2", "--size", "80x24", "-o", "a.gif").code == 0
    assert (
        run("export", "04-padding", "--steps", "2:3", "--lang", "zh", "--seconds", "4", "-o", "a.md").code
        == 0
    )
    key = str(Path("own.md").resolve())
    assert drawn == [
        (key, "en", [0, 1], (120, 40), {"moving": False, "seconds": None, "answers": "inline"}),
        (key, "en", [1], (80, 24), {"moving": True, "seconds": None, "answers": "inline"}),
        ("04-padding", "zh", [1, 2], (120, 40), {"moving": False, "seconds": 4.0, "answers": "inline"}),
    ]


@pytest.mark.parametrize("steps", ["0", "3", "1:3", "0:1"])
def test_pages_that_do_not_exist_are_refused(refused: Refused, drawn: list[Any], steps: str) -> None:
    Path("own.md").write_text(FRONT + PLAIN + PLAIN)
    said = refused("export", "own.md", "--steps", steps, "-o", "a.svg")
    assert said.startswith("pages ")
    assert said.endswith("do not exist; own.md has pages 1 to 2")
    assert not drawn


@pytest.mark.parametrize("option", [["--compare"], ["--why", "dW[0,0,0,0]"]])
def test_what_is_about_a_problem_is_refused_for_a_lesson(
    refused: Refused, drawn: list[Any], option: list[str]
) -> None:
    said = refused("export", "04-padding", *option, "-o", "a.svg")
    assert said == "--compare and --why are about a problem; a lesson opens what its pages name"
    assert not drawn


def test_a_problem_of_the_same_name_goes_first(refused: Refused, drawn: list[Any]) -> None:
    assert refused("export", "one-window", "-o", "a.svg").startswith("--steps is missing")
    assert not drawn


def test_a_command_line_about_lessons_is_answered_in_the_lessons_language(refused: Refused) -> None:
    for command, more in (("learn", ()), ("export", ("-o", "x.svg"))):
        said = refused(command, "hunt-99", "--lang", "zh", *more)
        assert said == "没有叫 'hunt-99' 的课；是不是想写 'hunt-13-alias'？"
    assert refused("learn", "4", "--lang", "zh").startswith("convstep learn 需要终端；")
    assert refused("export", "4", "--lang", "zh", "-o", "no/such/x.svg") == (
        "文件夹 no/such 不存在；请创建它，或者换一个 -o"
    )
    assert refused("export", "4", "--lang", "zh", "--steps", "9:99", "-o", "x.svg").startswith(
        "没有第 9:99 页"
    )
    assert refused("learn", "hunt-99", "--lang", "en").startswith("no lesson is called 'hunt-99'")
