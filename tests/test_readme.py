"""What the README shows is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from convstep import Problem, check, compare
from convstep.cli import main
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


LAYERS = """
from convstep import Problem, conv2d_backward


class Conv2D:
    def __init__(self, channels, filters, size, stride, padding):
        self.stride, self.padding = stride, padding

    def forward(self, x):
        self.x = x

    def backward(self, dout):
        found = my_backward(self.x, self.W, dout, {"stride": self.stride, "pad": self.padding})
        self.dW, self.db = found["w"], found["b"]
        return found["x"]


def my_backward(x, w, dy, hyper):
    x, w, dy = (array.transpose(0, 2, 3, 1) for array in (x, w, dy))
    dW, db, dx = conv2d_backward(dy, {"A_prev": x, "W": w, "b": dy[0, 0, 0]}, hyper["stride"], hyper["pad"])
    return {"w": dW.transpose(0, 3, 1, 2), "b": db, "x": dx.transpose(0, 3, 1, 2)}
"""


@pytest.mark.parametrize("name", ["adapter.py", "my_adapter.py"])
def test_adapters_run_as_printed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for module in ("layers.py", "my_project.py"):
        Path(module).write_text(LAYERS, encoding="utf-8")
    text = block(name)
    Path(name).write_text(text, encoding="utf-8")
    command = shlex.split(text.splitlines()[0].removeprefix("# convstep "))
    assert main(command) == 0
    assert " is right: all gradients agree on " in capsys.readouterr().out


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
