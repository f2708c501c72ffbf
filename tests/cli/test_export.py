"""`convstep export`: what it asks of the app, what it writes, what it refuses before any work."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convstep.conv.problem import Problem
from convstep.export.frame import Frame, Look
from convstep.export.frame import Run as Cells
from tests.cli.conftest import Refused, Run
from tests.strategies import SELDOM

LOOK = Look((224, 224, 224), (18, 18, 18))
FRAME = Frame(((Cells("it", LOOK),),), (2, 1), "convstep it", "step 1 of 2", 1, 2)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be drawn; a frame of two cells stands for every picture."""
    asked: list[Any] = []

    def record(problem: Problem, name: str, positions: Any, size: Any, **options: Any) -> list[Frame]:
        options.pop("progress")
        asked.append((name, list(positions), size, options))
        return [replace(FRAME, position=position) for position in positions]

    monkeypatch.setattr("convstep.export.draw.debugger_frames", record)
    return asked


def test_export_hands_its_options_on(run: Run, asked: list[Any]) -> None:
    export = "export", "digit", "-o", "out.svg"
    assert run(*export, "--steps", "12").out == "out.svg\n"
    assert run(*export, "--steps", "3:5", "--size", "80x24").out.split() == [
        "out-0003.svg",
        "out-0004.svg",
        "out-0005.svg",
    ]
    assert run(*export, "--steps", "255:", "--compare", "--seconds", "1.5").code == 0
    assert run(*export, "--steps", "7", "--why", "dW[2,0,1,0]").code == 0
    plain = {"comparison": False, "why": None, "forward": False, "seconds": 0.6}
    assert asked == [
        ("digit", [12], (120, 40), plain),
        ("digit", [3, 4, 5], (80, 24), plain),
        ("digit", [255, 256], (120, 40), plain | {"comparison": True, "seconds": 1.5}),
        ("digit", [7], (120, 40), plain | {"why": ("dW", (2, 0, 1, 0))}),
    ]
    del asked[:]
    assert run(*export, "--steps", "7", "--forward", "--why", "Z[7,7,3]").code == 0
    assert asked == [("digit", [7], (120, 40), plain | {"forward": True, "why": ("Z", (7, 7, 3))})]


def test_export_refuses_what_a_forward_pass_has_not(refused: Refused, asked: list[Any]) -> None:
    export = "export", "digit", "-o", "out.svg", "--steps", "7", "--forward"
    assert refused(*export, "--why", "dW[2,0,1,0]") == "--why: 'dW' cannot be watched; only Z can"
    assert refused(*export, "--compare").startswith("--compare is about gradients")
    for other in (["--candidate", "mine.py:f"], ["--diagnosis", "--candidate", "mine.py:f"]):
        assert refused(*export, *other).startswith("--forward is about a problem")
    assert refused("export", "1", "-o", "out.svg", "--forward").startswith("--forward is about a problem")
    assert asked == []


@pytest.mark.parametrize(
    ("output", "written"),
    [
        ("out.png", ["out-0001.png", "out-0002.png"]),
        ("out.gif", ["out.gif"]),
        ("out.cast", ["out.cast"]),
        ("out.md", ["out.md", "out-0001.png", "out-0002.png"]),
    ],
)
def test_the_suffix_says_what_is_written(run: Run, asked: list[Any], output: str, written: list[str]) -> None:
    assert run("export", "digit", "--steps", "1:2", "-o", output).out.split() == written
    assert sorted(path.name for path in Path().iterdir()) == sorted(written)


@pytest.mark.parametrize("suffix", ["png", "gif"])
@pytest.mark.usefixtures("without_pillow")
def test_without_pillow_pixels_are_refused_before_any_work(
    refused: Refused, asked: list[Any], suffix: str
) -> None:
    said = refused("export", "digit", "--steps", "1", "-o", f"out.{suffix}")
    assert said == "PNG and GIF need Pillow; pip install 'convstep[export]'"
    assert not asked


@pytest.mark.usefixtures("without_pillow")
def test_without_pillow_a_document_has_svg_pictures(run: Run, asked: list[Any]) -> None:
    assert run("export", "digit", "--steps", "1", "-o", "out.md").out.split() == ["out.md", "out-0001.svg"]
    assert "(out-0001.svg)" in Path("out.md").read_text(encoding="utf-8")


@pytest.fixture
def without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the export extra."""
    found = importlib.util.find_spec

    def missing(name: str, package: str | None = None) -> Any:
        return None if name == "PIL" else found(name, package)

    monkeypatch.setattr("importlib.util.find_spec", missing)


def test_a_person_who_waits_sees_how_far_it_is(
    run: Run, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    assert run("export", "digit", "--steps", "1:25", "-o", "out.svg").code == 0
    assert "written 24 of 25\r" in terminal.getvalue()
    assert terminal.getvalue().endswith(" \r")  # and then nothing of it is left
    terminal.truncate(0)
    assert run("export", "digit", "--steps", "1:3", "-o", "out.svg").code == 0
    assert terminal.getvalue() == ""


def test_too_many_pictures_of_a_candidate_are_refused_before_it_runs(refused: Refused) -> None:
    said = refused("export", "--candidate", "no.py:such", "--steps", "1:9000", "-o", "out.gif")
    assert said.startswith("9,000 pictures are too many")


@pytest.mark.parametrize("suffix", ["gif", "md", "png", "svg"])
def test_more_pictures_than_anybody_looks_at_are_refused(
    run: Run, refused: Refused, asked: list[Any], suffix: str
) -> None:
    new = "new", "--input", "64x64x1", "--filters", "1", "--kernel", "1", "-o", "large.npz"
    assert run(*new).code == 0
    said = refused("export", "large.npz", "--steps", "1:", "-o", f"out.{suffix}")
    assert said == "4,096 pictures are too many for one command; ask for 3,000 or fewer"
    assert not asked


@SELDOM
def test_a_lesson_whose_candidate_cannot_be_loaded_is_refused(refused: Refused) -> None:
    """The page would stand without the panels it speaks of, and say why."""
    front = "---\nlanguage: en\ninput: 4x4x1\nfilters: 1\nkernel: 2\n---\n"
    Path("mine.md").write_text(
        f"{front}# Mine\n\nIts aim.\n\n## Page\n\nLook.\n\n"
        "```python candidate\ndef backward(): return 3\n```\n"
    )
    said = refused("export", "mine.md", "--steps", "1", "-o", "out.svg")
    assert said.startswith("the lesson's candidate cannot be shown: backward() takes nothing")
    assert not Path("out.svg").exists()


def test_answers_are_about_the_handout_of_a_lesson(refused: Refused) -> None:
    for name, output in (("digit", "out.md"), ("1", "out.gif"), ("1", "out.png")):
        said = refused("export", name, "--steps", "1", "--answers", "end", "-o", output)
        assert said == "--answers is about the handout of a lesson; give a lesson, and -o OUT.md"


def test_what_a_page_has_no_use_for_is_refused(refused: Refused) -> None:
    assert "--size is about pictures" in refused("export", "digit", "--size", "80x24", "-o", "out.html")


def test_steps_that_end_before_they_begin_are_turned_round(refused: Refused) -> None:
    said = refused("export", "digit", "--steps", "5:2", "-o", "out.svg")
    assert "5:2 ends before it begins; write 2:5" in said
