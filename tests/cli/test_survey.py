"""`convstep survey`."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from convstep.candidate.survey import surveying
from tests.candidate.survey.rows import course
from tests.cli.conftest import RIGHT, Refused, Run
from tests.strategies import SELDOM, THOROUGH, some

NAMED = RIGHT.replace("conv2d_mine", "conv_backward")
WRONG = """
from convstep import conv2d_backward

def conv_backward(dZ, cache, stride, padding):
    dW, db, dA = conv2d_backward(dZ, cache, stride, padding)
    return dW, db / dZ[..., 0].size, dA
"""
SLOW = "import time\nclass Slow:\n    time.sleep(99)\n"
HEAD = "def conv_backward(dZ, cache, stride, padding):\n"


HANDED_IN = {
    "anna/hw.py": NAMED,
    "dies.py": f"import os\n{HEAD}    os._exit(3)\n",
    "bo.py": WRONG,
    "hangs_loading.py": f"{SLOW}{NAMED}{NAMED.replace('conv_b', 'other_b')}",
    "cy/deep/hw.py": NAMED,
    "loud.py": NAMED.replace("    return", "    print('x' * 3_000_000)\n    return"),
    "hangs.py": f"import threading\n{HEAD}    threading.Event().wait()\n",
    "syntax.py": f"{HEAD}    return dZ +\n",
    "without.py": "x = 1\n",
    "todo.py": f"{HEAD}    pass\n",
}
ROWS = {
    "anna": ("conv_backward", "right", ""),
    "dies.py": ("conv_backward", "wrong", "crashes"),
    "bo.py": ("conv_backward", "wrong", "db-mean"),
    "hangs_loading.py": ("", "cannot be loaded", ""),
    "cy": ("conv_backward", "right", ""),
    "loud.py": ("conv_backward", "right", ""),
    "hangs.py": ("conv_backward", "wrong", "hangs"),
    "syntax.py": ("conv_backward", "cannot be loaded", ""),
    "without.py": ("", "no backward", ""),
    "todo.py": ("conv_backward", "not written", ""),
}
"""What is told of each: the function, the verdict and the mistake."""


@SELDOM
def test_whatever_is_handed_in_is_a_row(run: Run, tmp_path: Path) -> None:
    for name, text in some(HANDED_IN.items()):
        (tmp_path / "hw" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "hw" / name).write_text(text)
    ended = run("survey", "hw", "--timeout", "2", "--csv", "marks.csv", "--markdown", "page.md")
    assert (ended.code, ended.err) == (0, "")
    with open(tmp_path / "marks.csv", encoding="ascii", newline="") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    told = {name: (row["function"], row["verdict"], row["mistakes"]) for name, row in rows.items()}
    assert told == dict(some(ROWS.items()))
    assert (rows["anna"]["same_as"], rows["cy"]["same_as"]) == ("", "anna")
    assert rows["hangs.py"]["command"] == f"convstep debug hw{os.sep}hangs.py:conv_backward --timeout 2"
    every = "3 wrong, 3 right, 2 cannot be loaded, 1 not written, 1 without a backward"
    counts = every if THOROUGH else "2 wrong, 2 right, 1 without a backward"
    assert ended.out.endswith(f"\n\n{counts}\n")
    assert len(ended.out.splitlines()) == len(rows) + 3
    assert (tmp_path / "page.md").read_text().startswith(f"# Survey of hw\n\n{len(rows)} submissions: ")


def test_ctrl_c_shows_and_writes_what_is_done_and_ends_with_130(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = course()
    found.interrupted, found.left = True, 5
    monkeypatch.setattr(surveying, "survey", lambda *_, **__: found)
    ended = run("survey", "hw", "--csv", "a.csv", "--markdown", "a.md")
    assert (ended.code, ended.err) == (130, "")
    assert ended.out.endswith(", 5 not reached\n")
    assert "It was interrupted" in (tmp_path / "a.md").read_text()
    assert len((tmp_path / "a.csv").read_text().splitlines()) == len(found.rows) + 1


def test_how_backwards_are_called_is_passed_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def survey(folder: str, **given: object) -> surveying.Survey:
        asked.update(given, folder=folder)
        return course()

    monkeypatch.setattr(surveying, "survey", survey)
    words = "--function f --operator conv2d --jobs 3 --timeout 2 --run-all --python2 --convention cs231n"
    assert run("survey", "hw", *words.split(), "--adapter", "a.py:f").code == 0
    assert asked == {
        "folder": "hw",
        "function": "f",
        "operator": "conv2d",
        "jobs": 3,
        "timeout": 2.0,
        "progress": None,
        "run_all": True,
        "python2": True,
        "convention": "cs231n",
        "adapter": "a.py:f",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no folder nowhere; check the name"),
        (["kept.csv"], "kept.csv is a file; name a folder, or `convstep check` it"),
        (["."], "there is no .py file and no notebook in ."),
        ([".", "--operator", "pooling"], "pooling is not an operator; "),
        ([".", "--convention", "keras"], "there is no convention 'keras'; the conventions are "),
        ([".", "--jobs", "0"], "'0' is not a number from 1 to 64; write it like 4"),
        ([".", "--csv", "kept.csv"], "kept.csv already exists; choose another --csv or add --force"),
        ([".", "--markdown", "missing/a.md"], "the folder missing does not exist; "),
        (
            [".", "--csv", "a", "--markdown", "./a"],
            "--csv and --markdown are the same file; give each its own",
        ),
        ([], "FOLDER"),
    ],
)
def test_what_cannot_be_surveyed_is_one_sentence(
    refused: Refused, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "kept.csv").write_text("kept")
    assert said in refused("survey", *arguments)
    assert (tmp_path / "kept.csv").read_text() == "kept"
