"""`convstep check`."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from convstep import Problem, cli
from convstep.candidate.record.watching import WatchedFile
from tests.cli.conftest import RIGHT, Refused, Run, Write
from tests.strategies import SELDOM

WRONG = """
from convstep import conv2d_backward

def conv2d_mine(dZ, cache, stride, padding):
    dW, db, dA = conv2d_backward(dZ, cache, stride, padding)
    return dW, db / dZ[..., 0].size, dA
"""


@SELDOM
def test_a_right_one_ends_with_0(run: Run, write: Write) -> None:
    ended = run("check", write("mine.py", RIGHT))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("conv2d_mine is right: all gradients agree on ")


def test_a_wrong_one_ends_with_1_and_the_command_to_see_it(run: Run, write: Write) -> None:
    ended = run("check", write("my homework.py", WRONG), "--convention", "article", "--timeout", "5")
    assert (ended.code, ended.err) == (1, "")
    assert "db-mean (proven)" in ended.out
    command = ended.out.splitlines()[-1].removeprefix("to see it: ")
    assert command == ("convstep debug 'my homework.py:conv2d_mine' --convention article --timeout 5")


@SELDOM
@pytest.mark.parametrize(("columns", "most"), [("60", 60), ("80", 80), ("200", 100)])
@pytest.mark.usefixtures("run")
def test_a_terminal_s_own_width_is_kept_by_every_sentence(
    monkeypatch: pytest.MonkeyPatch, write: Write, columns: str, most: int
) -> None:
    target, terminal = write("mine.py", WRONG), io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", terminal)
        assert cli.main(["check", target]) == 1
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) in range(most - 12, most + 1)
    assert "".join(lines[:2]).startswith("conv2d_mine is wrong on ")


@SELDOM
def test_one_that_cannot_be_called_ends_with_2_and_what_was_tried(run: Run, write: Write) -> None:
    stub = "def conv2d_mine(dZ, cache, stride, padding):\n    if stride: raise NotImplementedError('later')\n"
    target, said = write("mine.py", stub), "conv2d_mine refuses every problem: NotImplementedError: later"
    ended = run("check", target)
    assert (ended.code, ended.err) == (2, f"convstep: {said}\n")
    assert ended.out.startswith(f"cannot be called: {said}\n\nwhat was tried:\n  conv2d_mine(dZ of ")
    assert ended.out.endswith(f"to start from: convstep check {target} --write-adapter adapter.py\n")
    ended = run("check", target, "--json", "--convention", "article")
    assert (ended.code, ended.err, ended.out.count("\n")) == (2, f"convstep: {said}\n", 1)
    plain = json.loads(ended.out)
    assert (plain["ok"], plain["verdict"], plain["reason"]) == (None, "cannot be called", said)


LAYER = """
from convstep import conv2d_backward

class conv2d_mine:
    def __init__(self, in_channels, out_channels, kernel_size, stride, padding):
        self.stride, self.padding = stride, padding
        self.weights = self.make(out_channels, in_channels, kernel_size, kernel_size)
    def make(self, *sizes):
        return sizes
    def forward(self, x):
        self.x = x
    def backward(self, dout):
        x, w, dy = (array.transpose(0, 2, 3, 1) for array in (self.x, self.weights, dout))
        cache = {"A_prev": x, "W": w, "b": None}
        dW, db, dx = conv2d_backward(dy, cache, self.stride, self.padding)
        self.dweights, self.dbias = dW.transpose(0, 3, 1, 2), dout.sum((0, 2, 3))
        return dx.transpose(0, 3, 1, 2)
"""


@SELDOM
def test_an_adapter_is_written_and_works_as_it_stands(
    run: Run, refused: Refused, write: Write, tmp_path: Path
) -> None:
    target = write("my layer.py", LAYER)
    ended = run("check", target, "--write-adapter", "adapter.py")
    assert (ended.code, ended.err) == (0, "")
    name, command = ended.out.splitlines()
    assert name == "adapter.py"
    kept = (tmp_path / "adapter.py").read_bytes()
    assert refused("check", target, "--write-adapter", "adapter.py") == (
        "adapter.py already exists; choose another --write-adapter or add --force"
    )
    assert (tmp_path / "adapter.py").read_bytes() == kept
    ended = run(*shlex.split(command)[1:])
    assert ended.out.startswith("conv2d_mine is right: all gradients agree on ")
    assert "\ncalled by the adapter adapter.py:call\n" in ended.out
    assert ended.code == 0
    assert "adapter.txt is not a Python file" in refused("check", target, "--write-adapter", "adapter.txt")
    said = refused("check", "my layer.py:conv3d_mine", "--write-adapter", "other.py")
    assert "has no conv3d_mine; did you mean conv2d_mine?" in said or "it defines conv2d_mine" in said
    assert not (tmp_path / "other.py").exists()


def test_json_is_one_line_and_the_problem_is_saved(run: Run, write: Write, tmp_path: Path) -> None:
    target = write("mine.py", WRONG)
    ended = run("check", target, "--json", "--save", "failing.npz")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.count("\n") == 1
    plain = json.loads(ended.out)
    assert (plain["ok"], plain["convention"], plain["target"]) == (False, "article", target)
    assert plain["failing"]["path"] == "failing.npz"
    problem = Problem.load(str(tmp_path / "failing.npz"))
    assert list(problem.A_prev.shape) == plain["failing"]["geometry"]["A_prev"]
    assert plain["first_divergence"]["gradient"] == "db"


def test_nothing_is_overwritten_without_force(
    run: Run, refused: Refused, write: Write, tmp_path: Path
) -> None:
    target = write("mine.py", WRONG)
    (tmp_path / "kept.npz").write_text("kept")
    said = refused("check", target, "--save", "kept.npz")
    assert said == "kept.npz already exists; choose another --save or add --force"
    assert (tmp_path / "kept.npz").read_text() == "kept"
    assert run("check", target, "--save", "kept.npz", "--force").code == 1
    assert Problem.load(str(tmp_path / "kept.npz")).b is not None


def test_a_right_one_saves_nothing(run: Run, write: Write, tmp_path: Path) -> None:
    assert run("check", write("mine.py", RIGHT), "--save", "failing.npz").code == 0
    assert not (tmp_path / "failing.npz").exists()


LAYERS = f"""
{RIGHT.replace("conv2d_mine", "conv_backward")}
def conv_backward_fast(dZ, cache, stride, padding):
    dW, db, dA = conv_backward(dZ, cache, stride, padding)
    return dW, db / dZ[..., 0].size, dA

def conv_relu_backward(dout, cache):
    return dout

def conv_backward_im2col(dout, cache):
    pass
"""


@SELDOM
def test_a_file_alone_is_a_table_of_all_its_backwards(run: Run, write: Write) -> None:
    write("layers.py", LAYERS)
    ended = run("check", "layers.py")
    assert (ended.code, ended.err) == (1, "")
    heading, right, wrong, two, later, _, counts, more = ended.out.splitlines()
    assert heading.split() == ["function", "line", "operator", "verdict", "first", "mistake"]
    assert right.split()[:5] == ["conv_backward", "5", "conv2d", "✓", "right"]
    assert wrong.split()[:5] == ["conv_backward_fast", "8", "conv2d", "✗", "wrong"]
    assert two.endswith("- no check     its name speaks of several operators; one at a time is checked")
    assert later.endswith("- not written  conv_backward_im2col is not written yet")
    assert counts == "1 wrong, 1 right, 1 not written, 1 without a check"
    assert more == "all that is known of one: convstep check layers.py:conv_backward_fast"


@SELDOM
def test_a_file_of_which_nothing_can_be_called_ends_with_2(run: Run, write: Write) -> None:
    write("layers.py", "def gru_step_backward(dout): return dout\ndef conv_backward(dout): pass\n")
    ended = run("check", "layers.py", "--json")
    assert (ended.code, ended.err, ended.out.count("\n")) == (2, "", 1)
    plain = json.loads(ended.out)
    assert (plain["target"], plain["counts"]) == ("layers.py", {"not written": 1, "no check": 1})
    assert [(row["function"], row["line"]) for row in plain["rows"]] == [
        ("gru_step_backward", 1),
        ("conv_backward", 2),
    ]


def test_a_file_with_one_backward_gets_all_of_its_report(run: Run, write: Write) -> None:
    write("mine.py", RIGHT.replace("conv2d_mine", "conv_backward"))
    ended = run("check", "mine.py")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("conv_backward is right: all gradients agree on ")
    assert "\ncalled as article" in ended.out


@pytest.mark.parametrize(
    "words",
    [
        ["--adapter", "a.py:f"],
        ["--save", "a.npz"],
        ["--watch"],
        ["--snippet", "a.py"],
        ["--write-adapter", "a.py"],
    ],
)
def test_what_is_about_one_function_wants_its_name(refused: Refused, write: Write, words: list[str]) -> None:
    write("layers.py", LAYERS)
    assert refused("check", "layers.py", *words) == (
        f"{words[0]} is about one function, and the file has several; name one: layers.py:conv_backward"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.py:f"], "there is no file nowhere.py; "),
        (["mine.py"], "mine.py: it defines no function or class whose name says backward"),
        (["mine.py:other"], "mine.py has no other; it defines conv2d_mine"),
        (["broken.py:conv2d_mine"], "broken.py does not compile: line 1: "),
        (
            ["mine.py:conv2d_mine", "--convention", "keras"],
            "there is no convention 'keras'; the conventions ",
        ),
        (
            ["mine.py:conv2d_mine", "--timeout", "0"],
            "'0' is not a number of seconds from 0.001 to 999999.999; write it like 10 or 2.5",
        ),
        (["mine.py:conv2d_mine", "--timeout", "soon"], "'soon' is not a number of seconds"),
        (["mine.py:conv2d_mine", "--timeout", "-3"], "--timeout"),
        (["mine.py:conv2d_mine", "--save", "missing/x.npz"], "the folder missing does not exist; "),
        (["mine.py:conv2d_mine", "--save", "."], ". is a folder; give --save a file name in it"),
        ([], "TARGET"),
        ([f"{'x' * 300}.py:f"], "File name too long"),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(
    refused: Refused, write: Write, arguments: list[str], said: str
) -> None:
    write("mine.py", RIGHT)
    write("broken.py", "def conv2d_mine(:\n")
    assert said in refused("check", *arguments)


def test_a_problem_that_cannot_be_written_is_named_after_the_verdict(run: Run, write: Write) -> None:
    ended = run("check", write("mine.py", WRONG), "--save", "/proc/failing.npz")
    assert (ended.code, ended.out.splitlines()[0][:22]) == (1, "conv2d_mine is wrong o")
    assert ended.err.startswith("convstep: /proc/failing.npz cannot be written: ")
    assert ended.err.count("\n") == 1


def test_a_hanging_one_ends_in_its_time(run: Run, write: Write) -> None:
    hanging = "def conv2d_mine(dZ, cache, stride, padding):\n    while True: pass\n"
    ended = run("check", write("mine.py", hanging), "--timeout", "0.5", "--json")
    plain = json.loads(ended.out)
    assert ended.code == 1
    assert [finding["id"] for finding in plain["diagnosis"]] == ["hangs"]
    assert plain["first_divergence"] is None


def test_whatever_it_prints_stays_out_of_the_json(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    noisy = RIGHT.replace(
        "    return", "    import os; print('x'); os.write(1, b'y'); os.write(2, b'z')\n    return"
    )
    write("mine.py", f"print('at the top')\n{noisy}")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", "mine.py:conv2d_mine", "--json", "--run-all"]) == 0
    out, err = capfd.readouterr()
    assert (json.loads(out)["ok"], err) == (True, "")


def test_the_suggested_command_can_be_pasted(run: Run, write: Write) -> None:
    ended = run("check", write("it's mine.py", WRONG), "--save", "a problem.npz")
    command = ended.out.splitlines()[-1].removeprefix("to see it: ")
    assert shlex.split(command) == ["convstep", "debug", "it's mine.py:conv2d_mine", "a problem.npz"]


@SELDOM
def test_watching_says_a_verdict_at_each_save_and_ends_with_the_last_one(
    run: Run, refused: Refused, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = write("mine.py", WRONG)
    saved = [RIGHT, "def conv2d_mine(dZ:\n    pass\n", WRONG, ""]

    def changed(self: WatchedFile) -> bool:
        text = saved.pop(0)
        if not text:
            raise KeyboardInterrupt
        write("mine.py", text)
        return True

    monkeypatch.setattr(WatchedFile, "changed", changed)
    ended = run("check", target, "--watch", "--convention", "article", "--save", "failing.npz")
    assert ended.code == 1
    assert ended.out.count("conv2d_mine is right: ") == 1
    assert ended.out.count("db-mean (proven)") == 2
    assert ended.err.startswith("convstep: mine.py does not compile: line 1: ")
    assert ended.err.count("\n") == 1
    assert Problem.load(tmp_path / "failing.npz").total_steps
    said = "failing.npz already exists; choose another --save or add --force"
    assert refused("check", target, "--watch", "--save", "failing.npz") == said
    assert (
        refused("check", "numpy:sum", "--watch")
        == "--watch is about a file; numpy:sum is an installed module"
    )


def test_a_file_is_seen_to_be_saved_once_and_not_while_it_is_away(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = 1")
    file = WatchedFile(str(path))
    assert not file.changed()
    path.write_text("x = 12")
    assert file.changed()
    assert not file.changed()
    path.unlink()
    assert not file.changed()
    path.write_text("x = 12")  # as an editor does it that writes another file and renames it
    os.utime(path, (1, 1))
    assert file.changed()


@SELDOM
def test_the_failing_problem_is_written_as_a_test(run: Run, refused: Refused, write: Write) -> None:
    target = write("graded.py", WRONG)
    for path, said in (
        ("test.txt", "test.txt is not a Python file; choose another --snippet, like test_mine.py"),
        ("graded.py", "graded.py already exists; choose another --snippet or add --force"),
        ("nowhere/test_mine.py", "the folder nowhere does not exist; create it or choose another --snippet"),
    ):
        assert refused("check", target, "--snippet", path) == said
    assert "give --snippet a file" in refused("check", target, "--snippet", "-", "--json")
    ended = run("check", target, "--snippet", "test_mine.py")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith("conv2d_mine is wrong on ")
    code = Path("test_mine.py").read_text()
    assert run("check", target, "--snippet", "-") == (1, code, "")
    names: dict[str, Callable[[], None]] = {}
    exec(compile(code, "test_mine.py", "exec"), names)
    with pytest.raises(AssertionError, match="db"):
        names["test_conv2d_mine"]()
    right = write("right.py", RIGHT)
    ended = run("check", right, "--snippet", "test_right.py")
    assert (ended.code, ended.err, Path("test_right.py").exists()) == (0, "", False)


def test_an_adapter_of_an_operator_is_checked_as_that(run: Run, write: Write) -> None:
    write("layers.py", "def relu_backward(dout, cache):\n    x = cache\n    return dout * (x > 0)\n")
    ended = run("check", "layers.py:relu_backward", "--write-adapter", "adapter.py")
    assert ended.out.splitlines() == ["adapter.py", "convstep check adapter.py:relu_backward --operator relu"]
    ended = run("check", "adapter.py:relu_backward", "--operator", "relu")
    assert ended.out.startswith("relu_backward is right: dx agrees with ReLU")
