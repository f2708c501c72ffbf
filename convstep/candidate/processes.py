"""The processes a candidate runs in: a new interpreter, or a copy of this one."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, Protocol

from convstep.candidate.outcome import OUT_OF_MEMORY
from convstep.candidate.serve import serve
from convstep.candidate.source_of import served_function
from convstep.candidate.target import Target
from convstep.language import spoken, tr
from convstep.oracle import messages

CRASHES = {
    "SIGSEGV": "it crashed: segmentation fault",
    "SIGABRT": "it crashed: aborted",
    "SIGFPE": "it crashed: arithmetic error",
    "SIGILL": "it crashed: illegal instruction",
    "SIGKILL": "its process was killed, perhaps because memory ran out",
}
"""How a process ended, by the name of the signal that ended it."""
ENDING, PAUSE = 2.0, 0.005
"""Seconds for a process to end that was killed, or whose pipe has ended; and between two looks."""


class Pipe(messages.RawPipe, Protocol):
    """This process's end of a pipe.

    Who writes to it or reads from it closes it, and nobody else: somebody on the way to read would
    read from the next pipe that is opened, because that gets the same number.
    """

    def close(self) -> None:
        """Give the number back."""
        ...


class Process(Protocol):
    """A started child: two pipes, and a way to end it."""

    questions: Pipe
    """Where calls go."""
    answers: Pipe
    """Where outcomes come from."""

    def end(self, *, by_itself: bool = False) -> int | None:
        """Kill it with all it started.

        Args:
            by_itself: it is ending already, so its exit code is worth a moment.

        Returns:
            That code, negative for a signal; None if unknown.
        """
        ...


class Spawned:
    """A new interpreter that loads a target."""

    def __init__(self, target: Target, options: dict[str, Any]) -> None:
        if not sys.executable:
            raise OSError(tr("this Python cannot tell where its interpreter is"))
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        command = sys.executable, "-P", "-m", "convstep.candidate.serve"
        self._child = subprocess.Popen(
            [*command, str(target), json.dumps(options), spoken()],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**threads, **os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl+C is for the parent, and what it starts ends with it
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self.questions: Pipe = self._child.stdin
        self.answers: Pipe = self._child.stdout

    def end(self, *, by_itself: bool = False) -> int | None:
        """Kill the process group."""
        if self._child.returncode is not None:  # its number may be another's by now
            return None
        code = None
        if by_itself:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._child.wait(timeout=ENDING)
        _kill_group(self._child.pid)
        self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=ENDING)
        return code


class Forked:
    """A copy of this process, which has the function already."""

    def __init__(self, function: Callable[..., Any]) -> None:
        question_out, question_in = os.pipe()
        answer_out, answer_in = os.pipe()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()  # else the copy would write it again
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # threads stay behind: the copy needs none of them
            self._pid = os.fork()
        if self._pid == 0:
            _live_as_copy(function, question_out, answer_in, (question_in, answer_out))
        os.close(question_out)
        os.close(answer_in)
        self.questions: Pipe = os.fdopen(question_in, "wb", buffering=0)
        self.answers: Pipe = os.fdopen(answer_out, "rb", buffering=0)
        self._ended = False

    def end(self, *, by_itself: bool = False) -> int | None:
        """Kill the copy and its children."""
        if self._ended:
            return None
        self._ended = True
        code = self._waited() if by_itself else None
        _kill_group(self._pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        if code is None:
            self._waited()
        return code

    def _waited(self) -> int | None:
        """The exit code, if it ends in time."""
        pause = threading.Event()
        for _ in range(round(ENDING / PAUSE)):
            try:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid:
                return os.waitstatus_to_exitcode(status)
            pause.wait(PAUSE)
        return None


def _live_as_copy(
    function: Callable[..., Any], questions: int, answers: int, others: tuple[int, int]
) -> None:
    """The copy's whole life; never returns into the program it was copied from."""
    try:
        os.setsid()
        faulthandler.disable()  # pytest turns it on, and a crash would fill its screen
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for pipe in others:
            os.close(pipe)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        sys.stdin = open(os.devnull)  # noqa: SIM115  open as long as the process lives
        torch = sys.modules.get("torch")
        if torch is not None:  # its threads stayed behind; waiting for them would never end
            torch.set_num_threads(1)
        serve(
            served_function(function),
            os.fdopen(questions, "rb", buffering=0),
            os.fdopen(answers, "wb", buffering=0),
        )
    finally:
        os._exit(0)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
        os.killpg(pid, signal.SIGKILL)


def how_it_died(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None:
        return tr("its process ended")
    if code == OUT_OF_MEMORY:
        return tr("it ran out of memory")
    if code >= 0:
        return tr("it ended its process with exit code {code}", code=code)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return tr("it was ended by signal {signal}", signal=-code)
    return tr(CRASHES[name]) if name in CRASHES else tr("it was ended by {signal}", signal=name)
