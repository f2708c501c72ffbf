"""Somebody's own function on the command line: open, trace, export."""

from __future__ import annotations

import json
import linecache
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.candidate.record.file import save
from convstep.candidate.record.recorder import Recorded
from convstep.candidate.recordable import Recordable
from convstep.cli import console
from convstep.cli.targets import is_target
from convstep.recording.record import record
from convstep.recording.recording import Recording
from convstep.replay.session import SavedStop, Session
from convstep.replay.session import save as save_session
from tests.cli.conftest import Refused, Run

FILE = """import numpy as np

def summed(x, scale=1):
    out = np.zeros(len(x))
    for i in range(len(x)):
        for j in range(x.shape[1]):
            out[i] += scale * x[i, j]
    return out

def relu_backward(dout, cache):
    dx = dout * (cache > 0)
    return dx

class Doubled:
    def __init__(self, by):
        self.by = by
    def forward(self, x):
        return self.by * x

def _hidden(x):
    return x
"""
SHAPE = ("--shape", "x=2x3", "--shape", "scale=2")


@pytest.fixture
def mine(tmp_path: Path, run: Run) -> str:
    """A file in the folder where commands run."""
    (tmp_path / "mine.py").write_text(FILE)
    return "mine.py:summed"


KEPT: dict[object, Recorded] = {}


@pytest.fixture(autouse=True)
def recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that was recorded for one test is not recorded for the next."""
    real = Recordable.record

    def record_once(self: Recordable, meanwhile: object = None) -> Recorded:
        key = Path(self.file or "").read_text(), self.target, self.arguments, tuple(self._options.items())
        if key not in KEPT:
            KEPT[key] = real(self)
        return replace(KEPT[key], recording=KEPT[key].recording.scout())

    monkeypatch.setattr(Recordable, "record", record_once)


@pytest.fixture
def opened(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Recording, Session, dict[str, Any]]]:
    """What was opened, in front of a terminal that is none."""
    found: list[tuple[Recording, Session, dict[str, Any]]] = []
    monkeypatch.setattr(console, "has_terminal", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(
        "convstep.ui.recording_app.run_recording",
        lambda recording, session, **more: found.append((recording, session, more)),
    )
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mine.py:f", True),
        ("mine.py", True),
        ("a b/mine.IPYNB:C.f", True),
        ("package.module:f", True),
        ("run.npz:layer", False),
        ("digit", False),
        ("layer.npz", False),
        ("run.npz:stem.conv:0", False),
    ],
)
def test_what_names_a_function_is_told_from_a_problem(name: str, expected: bool) -> None:
    assert is_target(name) is expected


def test_a_function_is_opened_where_and_how_the_command_line_says(
    run: Run, mine: str, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run(
        "open", mine, *SHAPE, "--goto", "4", "--break", "line == 7", "--break", "watch out[1]", "--run-all"
    )
    assert (ended.code, ended.err) == (0, "")
    ((recording, session, more),) = opened
    assert (recording.name, recording.total) == ("summed", 7)
    assert (session.problem, session.position) == (mine, 4)
    assert [stop.text for stop in session.stops] == ["line == 7", "watch out[1]"]
    assert shlex.join(more["options"]) == "--shape x=2x3 --shape scale=2 --run-all"
    assert more["how"] == "arguments given by name"
    assert more["again"]() is None


def test_a_file_with_one_function_needs_no_name_and_one_with_several_lists_them(
    run: Run, refused: Refused, mine: str, tmp_path: Path
) -> None:
    (tmp_path / "one.py").write_text(
        "import numpy as np\ndef only():\n    return np.ones(2) + 1\ndef _help(): pass\n"
    )
    assert run("trace", "one.py").out.startswith("one.py:only: no arguments\n\nstep 1/1")
    assert refused("trace", "mine.py") == (
        "name the function: mine.py:relu_backward; the file also has summed and Doubled.forward"
    )
    (tmp_path / "none.py").write_text("x = 1\n")
    assert refused("open", "none.py") == "none.py defines no function; name a file that does"
    assert refused("open", "nowhere.py") == "there is no file nowhere.py; check the name and the folder"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "summed is no operator that is known by name, so its arguments have to be given; "
             "write the call, like --call 'summed(x)', or give each, like --shape x=4x5"),
        (("--call", "summed("), "--call summed( is not Python: "),
        (("--args", "gone.npz"), "gone.npz does not exist; check the path"),
        (("--layer", "stem"), "--layer is about a PROBLEM; leave it out for a function"),
        ((*SHAPE, "--goto", "99"), "--goto: 99 is beyond the end; steps go from 0 to 7"),
        ((*SHAPE, "--break", "line 99"), "--break: line 99 would never stop: no step executes it"),
        ((*SHAPE, "--break", "watch x[0, 0]"), "--break: "),
        (SHAPE, "convstep open needs a terminal; "
                f"`convstep trace mine.py:summed {shlex.join(SHAPE)}` works without one"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(
    refused: Refused, mine: str, words: tuple[str, ...], said: str
) -> None:
    assert refused("open", mine, *words).startswith(said)


@pytest.mark.parametrize("command", ["compare", "trace", "open"])
def test_what_is_about_functions_is_refused_for_a_problem_and_the_other_way_round(
    refused: Refused, mine: str, command: str
) -> None:
    if command == "compare":
        said = (
            f"{mine} is a function and no problem; `convstep open {mine}` and `convstep trace {mine}` step it"
        )
        assert refused("compare", mine) == said
    else:
        assert refused(command, "digit", "--args", "a.npz").startswith("--args is about a function")
        assert "is not a number of up to 9 digits" in refused(command, "digit", "--call", "f(x)")


def test_every_step_is_written_as_text_and_as_json(run: Run, mine: str) -> None:
    text = run("trace", mine, *SHAPE, "--from", "2", "--to", "3")
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith(
        "mine.py:summed: arguments given by name\n\nstep 2/7  (i 0/2, j 0/3)  line 7\n"
    )
    assert "\n7: out[0] += scale * x[0, 0]\n" in text.out
    lines = run("trace", mine, *SHAPE, "--format", "jsonl").out.splitlines()
    plain = [json.loads(line) for line in lines]
    assert [each["position"] for each in plain] == [1, 2, 3, 4, 5, 6, 7]
    write = plain[1]["statements"][-1]["accesses"][-1]
    assert (write["array"], write["kind"], write["before"]) == ("out", "adds", 0.0)


def test_a_function_that_raises_is_traced_to_there_and_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(x):\n    x = x + 1\n    return x[9]\n")
    ended = run("trace", "mine.py:f", "--shape", "x=3x")
    assert ended.code == 0
    assert ended.out.endswith(
        "\n\nit raised at line 3: IndexError: index 9 is out of bounds for axis 0 with size 3\n"
    )
    records = map(
        json.loads, run("trace", "mine.py:f", "--shape", "x=3x", "--format", "jsonl").out.splitlines()
    )
    *others, last = records
    assert (last["ended"]["kind"], last["ended"]["line"]) == ("raised", 3)
    assert not any("ended" in record for record in others)


def test_a_function_without_arrays_has_nothing_to_step(refused: Refused, tmp_path: Path, run: Run) -> None:
    (tmp_path / "mine.py").write_text("def f(x):\n    return x + 1\n")
    assert refused("trace", "mine.py:f", "--shape", "x=3") == (
        "f has no step on an array; only what touches NumPy arrays is stepped"
    )
    assert refused("trace", "mine.py:f", "--call", "f()").startswith(
        "f has no step on an array: it raised TypeError: f() missing 1"
    )


def test_pictures_of_a_function_show_its_lines(run: Run, refused: Refused, mine: str, tmp_path: Path) -> None:
    ended = run("export", mine, *SHAPE, "--steps", "4", "--why", "out[0]", "-o", "f.svg", "--size", "100x30")
    assert (ended.code, ended.err, ended.out) == (0, "", "f.svg\n")
    assert "out[0]" in (tmp_path / "f.svg").read_text().replace("&#160;", " ")
    assert refused("export", mine, *SHAPE, "--steps", "40", "-o", "g.svg") == (
        "steps 40:40 do not exist; mine.py:summed has steps 0 to 7"
    )
    assert refused("export", mine, *SHAPE, "--compare", "--steps", "4", "-o", "g.svg").startswith(
        "--compare is about"
    )


def test_pictures_of_a_backward_have_its_verdicts(run: Run, tmp_path: Path) -> None:
    begin = "import numpy as np\n\ndef taps_backward(dout, w):\n    dx = np.zeros(len(dout) + 1)\n"
    loop = "    for i in range(len(dout)):\n        dx[i : i + 2] = dout[i] * w\n    return dx\n"
    (tmp_path / "taps.py").write_text(begin + loop)
    call = "taps_backward(np.array([1.0, 2, 4]), np.array([3.0, 5]))"
    assert run("export", "taps.py:taps_backward", "--call", call, "--steps", "2", "-o", "taps.svg").code == 0
    assert "≠" in (tmp_path / "taps.svg").read_text(encoding="utf-8")


def test_a_recording_and_its_session_open_without_running_anything(
    run: Run, refused: Refused, mine: str, tmp_path: Path, opened: list[Any]
) -> None:
    scope: dict[str, Any] = {"np": np}
    linecache.cache["mine"] = (len(FILE), None, FILE.splitlines(keepends=True), "mine")
    exec(compile(FILE, "mine", "exec"), scope)
    folder = tmp_path / "kept"
    folder.mkdir()
    save(record(scope["summed"], np.ones((2, 3))), folder / "s.npz")
    (tmp_path / "mine.py").unlink()  # nothing could run
    words = "mine.py:summed --call 'summed(np.ones((2, 3)))'"
    save_session(Session("s.npz", 3, (SavedStop("line 7"),), function=words), folder / "s.json")
    assert run("open", "kept/s.npz", "--goto", "2").code == 0
    assert run("open", "kept/s.json").code == 0
    assert [(each.name, session.problem, session.position) for each, session, _ in opened] == [
        ("summed", "kept/s.npz", 2),
        ("summed", "mine.py:summed", 3),
    ]
    assert opened[1][2]["options"] == ("--call", "summed(np.ones((2, 3)))")
    assert opened[1][2]["again"] is None
    assert [(more["anew"], more["runs"]) for *_, more in opened] == [(None, "")] * 2
    (tmp_path / "mine.py").write_text(FILE, encoding="utf-8")
    assert run("open", "kept/s.json").code == 0
    assert opened.pop()[2]["runs"] == words, "what an edit would run"
    (tmp_path / "mine.py").unlink()
    assert run("trace", "kept/s.json", "--to", "1").out.startswith("step 1/7  line 4\n")
    assert "is a recording of a function and no problem" in refused("compare", "kept/s.npz")
    # one that names a file to run is no session
    save_session(Session("mine.py:summed", 3), folder / "runs.json")
    assert "mine.py:summed is a function and no problem" in refused("open", "kept/runs.json")
    content = (folder / "s.npz").read_bytes()
    (folder / "s.npz").write_bytes(content[: len(content) // 2])
    assert "is not a readable .npz file" in refused("open", "kept/s.npz")
