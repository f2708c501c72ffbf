from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.conv.problem import Problem


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "convstep", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
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
        return ended.wait(timeout=60), written.decode()
    finally:
        ended.kill()
        os.close(master)


def test_a_terminal_is_told_at_once_what_is_loaded_until_there_is_a_screen(tmp_path: Path) -> None:
    code, written = in_terminal(cwd=tmp_path)
    assert code == 0
    assert written.startswith("\x1b7loading digit …\x1b8\x1b[J\x1b[?1049h"), "wiped, then the other screen"
    screen = written.partition("\x1b[?1049h")[2]
    assert "\x1b[Hloading digit …" in screen.partition("step 0/256")[0], "said there until the first frame"
    assert "loading" not in screen.partition("step 0/256")[2]


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
        assert traced.wait(timeout=60) == 130
        assert traced.stderr is not None
        assert traced.stderr.read() == b""


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "convstep", "trace", "digit"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as traced:
        assert traced.stdout is not None
        assert traced.stderr is not None
        traced.stdout.readline()
        traced.stdout.close()
        assert (traced.wait(timeout=60), traced.stderr.read()) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "convstep", "examples"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert (ended.returncode, ended.stderr) == (2, "convstep: No space left on device\n")


def test_the_process_ends_with_the_codes_of_main(tmp_path: Path) -> None:
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 and no more")
    assert process("--version").stdout == f"convstep {version('convstep')}\n"
    for arguments in (["open", "digit"], ["compare", "damaged.npz"], ["frobnicate"]):
        ended = process(*arguments, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.count("\n") == 1
        assert "Traceback" not in ended.stderr


def test_a_terminal_without_unicode_still_gets_every_line() -> None:
    ended = process("compare", "digit", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "All 104 gradients match PyTorch" in ended.stdout
