from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pytest

from convstep import cli
from convstep.conv.problem import Problem
from convstep.oracle.comparison import Comparison, compare
from tests import candidates
from tests.candidates import verdict
from tests.cli.conftest import Refused
from tests.strategies import SELDOM
from tests.waiting import GENEROUS


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
    monkeypatch.setattr("convstep.cli.console.has_terminal", lambda: True)
    monkeypatch.setenv("TERM", "dumb")  # no lesson opens in the end
    refused(*arguments)
    assert said == [told]


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "convstep", *arguments],
        capture_output=True,
        text=True,
        timeout=GENEROUS,
        stdin=subprocess.DEVNULL,
        **options,
    )


def in_terminal(*arguments: str, cwd: Path) -> tuple[int, str]:
    """The command line in a terminal of its own, left by ctrl+q once a screen is there; what was written."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    ended = subprocess.Popen(
        [sys.executable, "-m", "convstep", *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=cwd,
        env=os.environ | {"TERM": "xterm-256color"}, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    written, leaving = b"", False
    try:
        while True:
            try:
                written += os.read(master, 1 << 16)
            except OSError:  # the other side is closed
                break
            if not leaving and b"quit" in written:
                leaving = True
                os.write(master, b"\x11")
        return ended.wait(timeout=GENEROUS), written.decode()
    finally:
        ended.kill()
        os.close(master)


@SELDOM
def test_a_terminal_is_told_once_why_a_backward_cannot_be_called(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def conv2d_mine(dZ, cache, stride, padding):\n    raise ValueError()\n"
    )
    code, written = in_terminal("check", "mine.py:conv2d_mine", "--convention", "article", cwd=tmp_path)
    assert (code, " ".join(written.split()).count("conv2d_mine refuses every problem")) == (2, 1)


def test_a_terminal_is_told_at_once_what_is_loaded_until_there_is_a_screen(tmp_path: Path) -> None:
    code, written = in_terminal(cwd=tmp_path)
    assert code == 0
    assert written.startswith("\x1b7loading digit …\x1b8\x1b[J\x1b[?1049h"), "wiped, then the other screen"
    screen = written.partition("\x1b[?1049h")[2]
    assert "\x1b[Hloading digit …" in screen.partition("step 0/256")[0], "said there until the first frame"
    assert "loading" not in screen.partition("step 0/256")[2]
    assert "quit" not in screen.partition("step 0/256")[0], "the first frame is a whole one"


def test_a_mistyped_path_leaves_one_sentence_in_the_terminal(tmp_path: Path) -> None:
    code, written = in_terminal("open", "nowhere.npz", cwd=tmp_path)
    assert code == 2
    said = written.removeprefix("\x1b7loading nowhere.npz …\x1b8\x1b[J")
    assert said.startswith("convstep: ")
    assert said.endswith("\r\n")
    assert (said.count("\n"), said.count("\x1b"), said.count("loading")) == (1, 0, 0)


def test_a_process_that_is_interrupted_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "long.npz"
    Problem(rng.standard_normal((60, 60, 1)), rng.standard_normal((8, 3, 3, 1)), None, None).save(path)
    with subprocess.Popen(
        [sys.executable, "-m", "convstep", "trace", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # what runs in the background of a shell ignores it, and so do its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as traced:
        assert traced.stdout is not None
        traced.stdout.read(1000)  # it is well under way, and blocks on the full pipe
        traced.send_signal(signal.SIGINT)
        assert traced.wait(timeout=GENEROUS) == 130
        assert traced.stderr is not None
        assert traced.stderr.read() == b""


@contextlib.contextmanager
def lost(where: str, *, at_once: bool) -> Iterator[TextIO | None]:
    """A stream that nobody reads.

    Args:
        where: "pipe" whose reader has gone, "full" disk, or "closed".
        at_once: whether every write fails, and not only the one that empties the buffer.
    """
    if where == "closed":
        yield None
        return
    if where == "full":
        writing = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, writing = os.pipe()
        os.close(reading)
    with open(writing, "w", buffering=1 if at_once else -1) as stream:
        yield stream


LOST = [where for where in ("pipe", "full", "closed") if where != "full" or os.path.exists("/dev/full")]
SENTENCE = "convstep: the results cannot be written: "


@pytest.mark.parametrize("where", LOST)
def test_a_reader_that_has_seen_enough_is_no_error_and_a_full_disk_is_one_sentence(
    where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["trace", "digit", "--to", "9"], ["examples"], ["--version"]):
        with lost(where, at_once=False) as stream, monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            code = cli.main(command)
        said = f"{SENTENCE}No space left on device\n" if where == "full" else ""
        assert (code, capsys.readouterr().err) == (2 if said else 0, said)


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes `check` and `compare` find that all is right, or wrong, at once."""

    def decide(right: bool) -> None:
        found = verdict(candidates.right if right else candidates.stride_ignored)
        monkeypatch.setattr("convstep.cli.candidates.opened", lambda *_: contextlib.nullcontext())
        monkeypatch.setattr("convstep.cli.candidates.judged", lambda *_: found)

        def of(problem: Problem) -> Comparison:
            zeros = np.zeros_like(problem.W), np.zeros_like(problem.b), np.zeros_like(problem.A_prev_pad)
            return compare(problem, gradients=None if right else zeros)

        monkeypatch.setattr("convstep.oracle.comparison.best_comparison", of)

    return decide


@SELDOM
@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("where", LOST)
def test_whoever_cannot_read_a_verdict_still_gets_its_code(
    where: str,
    right: bool,
    decided: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    decided(right)
    for command in (["check", "mine.py:f"], ["compare", "digit"]):
        for more, at_once in itertools.product(([], ["--json"]), (True, False)):
            with lost(where, at_once=at_once) as stream, monkeypatch.context() as patched:
                patched.setattr(sys, "stdout", stream)
                code = cli.main([*command, *more])
            assert code == (1 if not right else 2 if where == "full" else 0)
            said = capsys.readouterr()
            assert said.out == ""
            expected = f"{SENTENCE}No space left on device\n" if where == "full" else ""
            assert said.err == expected


@pytest.mark.parametrize("where", LOST)
def test_a_sentence_that_nobody_can_read_changes_no_code(
    where: str,
    decided: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nor does it go to stdout instead, where a program may be reading JSON."""
    decided(right=False)
    for arguments, expected in (
        (["compare", "nowhere.npz"], 2),
        (["frobnicate"], 2),
        (["check", "mine.py:f", "--save", "/proc/x.npz", "--json"], 1),
    ):
        with lost(where, at_once=True) as stream, monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", stream)
            assert cli.main(arguments) == expected
        out = capsys.readouterr().out
        assert (json.loads(out)["ok"] is False) if expected == 1 else (out == "")


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
def test_a_failing_problem_that_cannot_be_written_comes_after_the_verdict(
    more: list[str], decided: Callable[..., None], tmp_path: Path
) -> None:
    """A disk that is full, a limit on the sizes of files, a folder that is gone by the time it is saved."""
    decided(right=False)
    path, said = str(tmp_path / "x.npz"), io.StringIO()

    def unwritable(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with (
        pytest.MonkeyPatch.context() as patched,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        patched.setattr(os, "replace", unwritable)
        assert cli.main(["check", "mine.py:f", "--save", path, *more]) == 1
    verdict, complaint, rest = said.getvalue().rpartition("convstep: ")
    assert verdict.startswith('{"ok": false' if more else "stride_ignored is wrong on ")
    assert complaint + rest == f"convstep: {path} cannot be written: No space left on device\n"
    assert path not in verdict
    assert not [*tmp_path.iterdir()]


@SELDOM
def test_a_wrong_one_in_front_of_a_reader_that_is_gone_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def conv2d_mine(dZ, cache, stride, padding):\n    return 1, 2, 3\n")
    command = shlex.join([sys.executable, "-m", "convstep", "check", "mine.py:conv2d_mine"])
    pipes = f"set -o pipefail; {command} 2>&1 | head -c0; echo $?; {command} >&- 2>&- <&-; echo $?"
    ended = subprocess.run(
        ["bash", "-c", pipes], capture_output=True, text=True, timeout=GENEROUS, cwd=tmp_path
    )
    assert (ended.stdout, ended.stderr) == ("1\n1\n", "")


def test_the_process_ends_with_the_codes_of_main(tmp_path: Path) -> None:
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 and no more")
    assert process("--version").stdout == f"convstep {version('convstep')}\n"
    ended = process("compare", "damaged.npz", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


def test_a_terminal_without_unicode_still_gets_every_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert cli.main(["compare", "digit"]) == 0
    assert capsys.readouterr().err == ""
    assert b"All 104 gradients match PyTorch" in written.getvalue()
    assert b"\\u2713 matches" in written.getvalue()


@pytest.mark.parametrize(
    "command", [["open", "digit"], ["debug", "json:loads"], ["learn"]], ids=lambda command: command[0]
)
def test_a_terminal_without_a_full_screen_is_told_so_before_anything_opens(
    command: list[str], refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convstep.cli.console.has_terminal", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    said = refused(*command)
    start = (
        f"convstep {command[0]} needs a terminal that can show a full screen (TERM=dumb cannot); `convstep "
    )
    assert said.removeprefix("convstep: ").startswith(start)
