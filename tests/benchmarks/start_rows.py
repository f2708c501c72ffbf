"""From the command line to the first screen, against a minimal Textual app; `--version` against nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.measuring import Row, median

MINIMAL = """
import numpy
from textual.app import App
from textual.widgets import Static

class Minimal(App):
    def compose(self):
        yield Static("first paint")

Minimal().run()
"""
"""The least that is a Textual app, and imports NumPy as well."""
WHOLE = (b"step 0/", b" .69", b"-1.2609", b"-.12", b"dz = dZ[", b"quit")
"""What stands in the title, in cells of `A_prev`, `W` and `dZ`, in the step card and among the keys: a first
screen without one of them is not the debugger's yet. Borders around nothing are not enough."""
PATIENCE = 30.0
"""Seconds after which something is wrong."""


def rows(quick: bool) -> Iterator[Row]:
    """The rows of this module, one after the other."""
    yield _painting(3 if quick else 15)
    ours, theirs = [], []
    for _ in range(5 if quick else 15):
        ours.append(_run([*_command(), "--version"]))
        theirs.append(_run([sys.executable, "-c", "pass"]))
    yield Row("convstep --version / python -c pass", 2.5, median(ours), median(theirs))


def _painting(repeats: int) -> Row:
    """Both compiled: who starts them a second time does not wait for the compiler."""
    ours, theirs = [], []
    debugger, minimal = [sys.executable, "-m", "convstep"], [sys.executable, "-c", MINIMAL]
    with tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(1 + repeats):
            ours.append(_first_paint(debugger, environment, *WHOLE))
            theirs.append(_first_paint(minimal, environment, b"first paint"))
    return Row(
        "first paint / a minimal Textual app with NumPy's first paint",
        1.3,
        median(ours[1:]),
        median(theirs[1:]),
    )


def _command() -> list[str]:
    """The installed command, or the package as a module where it is not installed."""
    beside = Path(sys.executable).with_name("convstep")
    return (
        [str(beside)] if beside.exists() else [shutil.which("convstep") or sys.executable, "-m", "convstep"]
    )


def _run(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _first_paint(command: Sequence[str], environment: dict[str, str], *shown: bytes) -> float:
    """Seconds until a terminal of 120x40 has been sent the first screen that shows all of this."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    try:
        painted = _painted_at(master, shown, started)
    finally:
        _end(process, master)
    return painted - started


def _painted_at(master: int, shown: Sequence[bytes], started: float) -> float:
    """When the output first held all that the screen shows."""
    output = b""
    while time.perf_counter() - started < PATIENCE:
        ready, _, _ = select.select([master], [], [], 1.0)
        if ready:
            try:
                output += os.read(master, 1 << 16)
            except OSError:  # the program has ended and closed its terminal
                break
            if all(text in output for text in shown):
                return time.perf_counter()
    raise RuntimeError(f"no screen that shows {shown}; the last output was {output[-300:]!r}")


def _end(process: subprocess.Popen[bytes], master: int) -> None:
    """Leave as a person would, by ctrl+q, and wait for what the program started itself."""
    with contextlib.suppress(OSError):
        os.write(master, b"\x11")
    deadline = time.perf_counter() + 5
    while process.poll() is None and time.perf_counter() < deadline:
        ready, _, _ = select.select([master], [], [], 0.05)
        with contextlib.suppress(OSError):
            if ready:
                os.read(master, 1 << 16)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    os.close(master)
