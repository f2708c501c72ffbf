from __future__ import annotations

import os
import signal
import subprocess
import sys
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
