"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from convstep import Problem, check, compare
from convstep.lessons.reading import read_lesson
from tests.lessons.mistakes import mistake
from tests.ui.learning import opened_lesson

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def _printed() -> str:
    """What the README says that the capture prints."""
    found = re.search(r"It prints `([^`]*)`", README)
    assert found
    return found[1]


def block(marker: str) -> str:
    """The code block after a marker."""
    found = re.search(rf"<!-- {re.escape(marker)} -->\n(````?)\w+\n(.*?)\n\1\n", README, re.DOTALL)
    assert found, marker
    return f"{found[2]}\n"


def test_the_broken_function_is_diagnosed_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(block("mine.py"), encoding="utf-8")
    assert f"{check('mine.py:conv2d_backward')}\n" == block("check mine.py")


def test_a_real_layer_is_captured_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(block("train.py"), "train.py", "exec"), {"__name__": "train"})
    said, shown = (text.partition("; ")[0] for text in (capsys.readouterr().out, _printed()))
    assert re.sub(r"PyTorch \S+", "PyTorch", said) == re.sub(r"PyTorch \S+", "PyTorch", shown)
    saved = Problem.load("conv2.npz")
    assert saved.A_prev.shape == (8, 8, 8)
    assert saved.groups == 2
    assert compare(saved, oracle="recorded").ok
    assert compare(saved).ok


async def test_a_lesson_of_ones_own_works_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "my_lesson.md"
    path.write_text(block("my_lesson.md"), encoding="utf-8")
    lesson = read_lesson(str(path))
    async with opened_lesson(lesson) as learner:
        for _ in lesson.pages:
            question = learner.page.walk.question
            assert question is not None
            await learner.answer(mistake(question))
            await learner.answer(question.solution)
            assert learner.page.walk.revealed
            await learner.press("enter")
        assert learner.dialog == "FinishScreen"
