"""What README and the guide show is what happens."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from convstep import Problem, compare
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS
from convstep.candidate.survey.table import summary, table
from convstep.cli import main
from convstep.lessons import course
from convstep.lessons.reading import read_lesson
from tests.guide import ROOT, block, text_of
from tests.lessons.mistakes import mistake
from tests.strategies import SELDOM
from tests.ui.learning import opened_lesson

README = text_of(ROOT / "README.md")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, from which modules are imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A block saved under its name and imported."""
    Path(name).write_text(block(name), encoding="utf-8")
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, Path(name).stem, raising=False)
    return importlib.import_module(Path(name).stem)


def printed_by(code: str, names: dict[str, Any]) -> str:
    """What a block of Python prints.

    Args:
        code: the block.
        names: what it finds, and where it leaves what it makes.
    """
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "example.py", "exec"), names)
    return out.getvalue()


def test_the_broken_function_is_diagnosed_as_it_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tested = [module(name, monkeypatch) for name in ("mine.py", "test_mine.py")][1]
    names = dict(vars(tested))
    said = printed_by(block("verdict.py"), names)
    assert said.replace(f"{folder}/", "") == block("check mine.py")
    assert len(KNOWN_BUGS) > 40
    assert Problem.load("failing.npz").stride == (2, 2)
    verdict = json.dumps(names["verdict"].as_dict())
    for key in re.findall(r'"(\w+)"', block("check --json").partition("\n\n")[0].replace('"wrong"', "")):
        assert f'"{key}": ' in verdict
    with pytest.raises(AssertionError, match="stride-ignored"):
        tested.test_backward()


@SELDOM
def test_a_course_is_surveyed_as_it_says(folder: Path) -> None:
    wrong = block("mine.py")
    right = re.sub(r"slice\((i_[hw]), \1 \+ f\)", r"slice(\1 * stride, \1 * stride + f)", wrong)
    todo = "def conv2d_backward(dZ, cache, stride, padding):\n    pass\n"
    for name, text in {"alice/hw2/mine.py": right, "bob.py": wrong, "carol/mine.py": todo}.items():
        Path("submissions", name).parent.mkdir(parents=True, exist_ok=True)
        Path("submissions", name).write_text(text, encoding="utf-8")
    names: dict[str, Any] = {"convstep": importlib.import_module("convstep")}
    said = printed_by(block("survey.py"), names)
    assert said == "alice right\nbob.py wrong stride-ignored\ncarol not written\n"
    assert names["table"][1]["mistake_line"] == 15
    shown = "\n".join([*table(names["found"], 76), "", summary(names["found"])])
    assert f"{shown}\n" == block("survey")


@SELDOM
def test_what_cannot_be_called_is_told_as_it_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.py").write_text("def odd(a, b, c, d, e, f): return 1\n", encoding="utf-8")
    assert main(["check", "odd.py:odd", "--json"]) == 2
    shown = block("check --json").partition("\n\n")[2]
    answer = capsys.readouterr().out
    assert answer.startswith('{"ok": null, "verdict": "cannot be called"')
    assert set(re.findall(r'"(\w+)"', shown)) <= set(re.findall(r'"(\w+)"', answer))


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


@SELDOM
@pytest.mark.parametrize("name", ["adapter.py", "my_adapter.py"])
def test_adapters_run_as_printed(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in ("layers.py", "my_project.py"):
        Path(file).write_text(LAYERS, encoding="utf-8")
    text = block(name)
    Path(name).write_text(text, encoding="utf-8")
    command = shlex.split(text.splitlines()[0].removeprefix("# convstep "))
    assert main(command) == 0
    assert " is right: all gradients agree on " in capsys.readouterr().out


def test_a_real_layer_is_captured_as_it_says(folder: Path) -> None:
    said = printed_by(block("train.py"), {"__name__": "train"}).partition("; ")[0]
    shown = re.search(r"It prints `([^`;]*)", text_of(ROOT / "convstep/guide/layers.md"))
    assert shown
    assert re.sub(r"PyTorch \S+", "PyTorch", said) == re.sub(r"PyTorch \S+", "PyTorch", shown[1])
    saved = Problem.load("conv2.npz")
    assert saved.A_prev.shape == (8, 8, 8)
    assert saved.groups == 2
    assert compare(saved, oracle="recorded").ok
    assert compare(saved).ok


def test_any_model_is_captured_as_it_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.ReLU(), torch.nn.Conv2d(3, 1, 2))
    x = torch.ones(2, 2, 6, 5)
    printed_by(block("capture.py"), {"model": model, "train_step": lambda: model(x).sum().backward()})
    assert main(["compare", "run.npz"]) == 0
    assert capsys.readouterr().out.count("✓") >= 4


def test_python_does_what_its_comments_say(folder: Path) -> None:
    A_prev, dZ = np.ones((6, 7, 2)), np.ones((6, 7, 5))
    names: dict[str, Any] = {"A_prev": A_prev, "W": np.ones((5, 3, 3, 2)), "b": np.zeros(5), "dZ": dZ}
    assert printed_by(block("python"), names).startswith("0 0 0 1.0\n")
    assert names["comparison"].ok
    assert names["timeline"].position == 100
    assert Problem.load("layer.npz").dZ.shape == dZ.shape


async def test_a_lesson_of_ones_own_works_as_it_says(folder: Path) -> None:
    path = folder / "my_lesson.md"
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


def test_there_are_as_many_lessons_as_it_says() -> None:
    hunts = [entry.hunt for entry in course.entries("en")]
    assert (hunts.count(False), hunts.count(True)) == (18, 14)
    assert "eighteen lessons and fourteen bug hunts" in " ".join(README.split())
