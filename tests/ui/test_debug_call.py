"""`convstep.debug`: in a terminal it opens the debugger, elsewhere it prints the way to it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.candidate.record.file import load
from convstep.conv.problem import Problem
from convstep.ui import debug_call as here
from convstep.ui.temporary_files import stem_of
from tests.captures import alone, small
from tests.strategies import SELDOM
from tests.waiting import GENEROUS


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def plain(samples: int | None = None) -> Problem:
    rng = np.random.default_rng(0)
    leading = () if samples is None else (samples,)
    return Problem(
        rng.standard_normal((*leading, 4, 4, 1)), rng.standard_normal((2, 3, 3, 1)), None,
        rng.standard_normal((*leading, 2, 2, 2)),
    )  # fmt: skip


def opened_by(line: str) -> Problem:
    words = shlex.split(line)
    assert words[:2] == ["convstep", "open"]
    return Problem.load(words[2])


def test_in_a_test_it_prints_the_command_that_opens_the_problem(capsys: pytest.CaptureFixture[str]) -> None:
    convstep.debug(plain())
    convstep.debug(plain())
    first, second = capsys.readouterr().out.splitlines()
    assert first != second
    assert np.array_equal(opened_by(first).dZ, plain().dZ)


def summed(x: Any, sample: int = 1) -> Any:
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] += x[i].sum() * sample
    x += 1
    return out


def test_a_function_is_run_on_copies_and_saved_with_the_command_that_opens_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    x = np.ones((3, 4))
    convstep.debug(summed, x, sample=2)
    assert x.sum() == 12
    words = shlex.split(capsys.readouterr().out)
    assert words[:2] == ["convstep", "open"]
    recording = load(words[2])
    assert recording.result.tolist() == [8.0, 8.0, 8.0]
    assert recording.name == "summed"
    convstep.debug(raising, x)
    recording = load(shlex.split(capsys.readouterr().out)[2])
    assert recording.ended is not None
    assert recording.ended.sentence == "ValueError: enough"


def raising(x: Any) -> Any:
    x[0] = 2
    raise ValueError("enough")


def test_a_function_that_cannot_be_stepped_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(convstep.RecordingError, match="len is not written in Python"):
        convstep.debug(len, [1])
    convstep.debug(stem_of, "a")
    assert capsys.readouterr().out == "stem_of has no step: only what touches NumPy arrays is stepped\n"


def test_one_sample_of_a_batch(capsys: pytest.CaptureFixture[str]) -> None:
    convstep.debug(plain(3), sample=-1)
    assert np.array_equal(opened_by(capsys.readouterr().out).A_prev, plain(3).A_prev[2])
    with pytest.raises(convstep.ProblemError, match="sample 3 does not exist; samples go from 0 to 2"):
        convstep.debug(plain(3), sample=3)


def test_of_what_was_captured_a_line_says_how_to_save_it_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    captured = small(True)
    convstep.debug(captured)
    line = capsys.readouterr().out
    assert line.startswith(
        f"4 calls of 4 layers captured, {captured.memory / 1000:.1f} kB; there is no terminal"
    )
    assert line.count("\n") == 1
    assert not [*tmp_path.iterdir()]
    command = line[line.index("captured.save") : line.index(" writes")]
    eval(command, {"captured": captured})  # it says what works
    words = shlex.split(line[line.index("`") + 1 : line.rindex("`")])
    assert words == ["convstep", "open", "run.npz"]
    assert len(convstep.Captured.load(words[2]).layers) == 4
    with pytest.raises(convstep.CaptureError, match="sample 9 does not exist"):
        convstep.debug(captured, sample=9)


def test_of_one_captured_call_it_names_the_sample(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    captured = small()
    captured.save(path, layer="1", call=0)
    with pytest.raises(convstep.ProblemError, match="no captured layers"):
        convstep.Captured.load(path)
    single = alone(captured)
    convstep.debug(single)
    assert "1 call of 1 layer captured" in capsys.readouterr().out
    convstep.debug(single, sample=1)
    assert 'captured.save("run.npz", sample=1) writes' in capsys.readouterr().out
    with pytest.raises(convstep.CaptureError, match="sample 2 does not exist"):
        convstep.debug(single, sample=2)
    convstep.debug(captured.layer("1"), sample=0)  # one layer is one problem, which was asked for
    assert np.array_equal(opened_by(capsys.readouterr().out).A_prev, captured.problem(0, "1").A_prev)


def test_what_cannot_be_debugged_is_refused() -> None:
    with pytest.raises(TypeError, match="debug takes a Problem"):
        convstep.debug(np.ones(3))  # type: ignore[arg-type]


def terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if somebody sat in front of a terminal."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    monkeypatch.setattr(here, "_is_terminal", lambda stream: True)
    monkeypatch.setattr(here, "_in_foreground", lambda: True)
    monkeypatch.delenv("TERM", raising=False)
    assert here.can_open_here()


async def test_inside_an_event_loop_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here, "_in_event_loop", lambda: False)
    terminals(monkeypatch)
    monkeypatch.undo()
    monkeypatch.setattr(here, "_is_terminal", lambda stream: True)
    assert not here.can_open_here()


def test_in_a_thread_a_dumb_terminal_or_a_notebook_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    terminals(monkeypatch)
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(here.can_open_here()))
    thread.start()
    thread.join()
    assert found == [False]
    with monkeypatch.context() as changed:
        changed.setenv("TERM", "dumb")
        assert not here.can_open_here()
    with monkeypatch.context() as changed:
        changed.setattr(here, "_in_notebook", lambda: True)
        assert not here.can_open_here()
    closed = open(os.devnull)  # noqa: SIM115
    closed.close()
    monkeypatch.undo()
    assert not here._is_terminal(closed)
    assert not here._is_terminal(None)


SCRIPT = """
import asyncio, signal
import numpy as np
import convstep
asyncio.set_event_loop(asyncio.new_event_loop())
before = [signal.getsignal(getattr(signal, name)) for name in ("SIGTSTP", "SIGCONT", "SIGWINCH", "SIGINT")]
problem = convstep.Problem(np.ones((4, 4, 1)), np.ones((2, 3, 3, 1)), None, np.ones((2, 2, 2)))
try:
    convstep.debug(problem)
except KeyboardInterrupt:
    print("interrupted")
asyncio.get_event_loop()
after = [signal.getsignal(getattr(signal, name)) for name in ("SIGTSTP", "SIGCONT", "SIGWINCH", "SIGINT")]
print("the script goes on", before == after)
"""


@SELDOM
@pytest.mark.parametrize("leave", ["q", "SIGINT"])
def test_in_a_terminal_it_opens_and_returns_to_the_script(leave: str) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))

    def own_terminal() -> None:
        # what runs in the background of a shell ignores it, and so do its children
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=slave, stdout=slave, stderr=slave,
        preexec_fn=own_terminal, env=environment | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(slave)
    seen, left, deadline = b"", False, time.monotonic() + GENEROUS
    try:
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    seen += os.read(master, 1 << 16)
                except OSError:  # the other side is closed
                    break
            if not left and b"step 0/8" in seen:
                left = True
                if leave == "q":
                    os.write(master, b"q")
                else:
                    process.send_signal(signal.SIGINT)
        assert process.wait(GENEROUS) == 0
    finally:
        process.kill()
        os.close(master)
    assert left
    said = "opening the debugger …".encode()
    assert seen.index(said) < seen.index(b"\x1b8\x1b[J") < seen.index(b"\x1b[?1049h"), (
        "said at once, then wiped"
    )
    assert b"the script goes on True" in seen
    assert (b"interrupted" in seen) == (leave == "SIGINT")
    assert seen.rindex(b"\x1b[?1049l") < seen.rindex(b"the script goes on"), "the screen is given back first"
    assert seen.rindex(b"\x1b[?25h") < seen.rindex(b"the script goes on"), "with its cursor"
