"""The processes a candidate runs in: a new interpreter, or a copy of this one.

Nothing here imports NumPy before it is needed: a new interpreter takes as long to start as we take for
all of our own imports, so it starts before them.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, Protocol

from convstep.candidate.load.target import Target
from convstep.language import spoken, tr
from convstep.oracle import nursery, watched
from convstep.printable import printable
from convstep.served import DRIVER

if TYPE_CHECKING:
    from convstep.candidate.call.child import Answering
    from convstep.oracle.conversation import Pipe

CRASHES = {
    "SIGSEGV": "it crashed: segmentation fault",
    "SIGABRT": "it crashed: aborted",
    "SIGFPE": "it crashed: arithmetic error",
    "SIGILL": "it crashed: illegal instruction",
    "SIGKILL": "its process was killed, perhaps because memory ran out",
}
"""How a process ended, by the name of the signal that ended it."""
KEPT = 8000
"""Bytes kept of the end of what a process writes to stderr."""
_DUMP = re.compile(rb'^\s*File "(?P<file>[^"\n]+)", line (?P<line>\d+) in ', re.M)
_DYING = b"Fatal Python error: "
_STACK = (
    b"Stack (most",
    b"Current thread 0x",
    b"Thread 0x",
    b"Extension modules: ",
    b"  File ",
    b"Python runtime",
)
"""How what Python itself writes when a signal ends it begins, and the lines that follow."""
PAUSE = 0.002
"""Seconds between two looks at whether a copy has ended."""


class LastWords:
    """The end of what a process writes to stderr; it is read all the time, so that nobody waits to write."""

    def __init__(self, pipe: int) -> None:
        """Read from a pipe's end, which is closed when it has ended."""
        self._kept = b""
        self._reading = threading.Thread(target=self._read, args=(pipe,), name="last words", daemon=True)
        self._reading.start()

    def _read(self, pipe: int) -> None:
        with contextlib.suppress(OSError):
            while said := os.read(pipe, 1 << 16):
                self._kept = (self._kept + said)[-KEPT:]
        os.close(pipe)

    def taken(self) -> tuple[str, list[tuple[str, int]]]:
        """The last line that says something; the files and lines at which Python died, innermost first."""
        self._reading.join(timeout=1.0)  # the process has ended
        said, dying, stack = self._kept.rpartition(_DYING)
        if not dying:
            said, stack = stack, b""
        lines = [line for line in said.split(b"\n") if line.strip() and not line.startswith(_STACK)]
        places = [(os.fsdecode(found["file"]), int(found["line"])) for found in _DUMP.finditer(stack)]
        last = " ".join(lines[-1].decode("utf-8", "replace").split()) if lines else ""
        return printable(last), places


class Process(Protocol):
    """A started child: two pipes, and a way to end it."""

    questions: Pipe
    """Where calls go."""
    answers: Pipe
    """Where outcomes come from."""
    words: LastWords
    """What it writes to stderr."""

    def end(self, *, by_itself: bool = False) -> int | None:
        """Kill it with all it started; its exit code, negative for a signal, None if unknown.

        If it is ending `by_itself`, that code is worth a moment.
        """
        ...


class Spawned:
    """A new interpreter that loads a target."""

    main = "convstep.candidate.call.child"
    """The module whose `main` it runs."""

    def __init__(self, target: Target, options: dict[str, Any]) -> None:
        if not sys.executable:
            raise OSError(tr("this Python cannot tell where its interpreter is"))
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        said = str(target), json.dumps(options), spoken()
        environment = {**threads, **os.environ, "PYTHONPATH": path, DRIVER: ""}  # no browser shows this one
        pipes = [*os.pipe(), *os.pipe(), *os.pipe()]
        theirs = pipes[0], pipes[3], pipes[5]
        try:
            self._child: watched.Child = nursery.born(
                self.main, said, environment, theirs
            ) or subprocess.Popen(
                watched.command(self.main, *said),
                stdin=theirs[0],
                stdout=theirs[1],
                stderr=theirs[2],
                env=environment,
                start_new_session=True,  # Ctrl+C is for the parent
            )
        except BaseException:
            for pipe in (pipes[1], pipes[2], pipes[4]):
                os.close(pipe)
            raise
        finally:
            for pipe in theirs:
                os.close(pipe)
        self.questions: Pipe = os.fdopen(pipes[1], "wb", buffering=0)
        self.answers: Pipe = os.fdopen(pipes[2], "rb", buffering=0)
        self.words = LastWords(pipes[4])

    def end(self, *, by_itself: bool = False) -> int | None:
        """Have the supervisor end it."""
        return watched.end(self._child, by_itself=by_itself)


class Forked:
    """A copy of this process, which has the function already."""

    others: Mapping[str, Answering] = {}
    """Who answers what is no call, as `child.serve` takes it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        from convstep.candidate.call import child, source_of  # noqa: F401  before the copy is made

        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()  # else the copy would write it again
        pipes = [*os.pipe(), *os.pipe(), *os.pipe()]
        here, mask = os.getpid(), signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:  # a signal that is for this process must not run a handler of its in the copy
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # threads stay behind: the copy needs none of them
                pid = os.fork()
            if not pid:
                _live_as_copy(function, pipes, here, mask, self.others)
        except OSError:
            for pipe in pipes:
                os.close(pipe)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for pipe in (pipes[0], pipes[3], pipes[5]):
            os.close(pipe)
        self._child = _Copy(pid)
        self.questions: Pipe = os.fdopen(pipes[1], "wb", buffering=0)
        self.answers: Pipe = os.fdopen(pipes[2], "rb", buffering=0)
        self.words = LastWords(pipes[4])

    def end(self, *, by_itself: bool = False) -> int | None:
        """Have the supervisor end it."""
        return watched.end(self._child, by_itself=by_itself)


class _Copy:
    """What `watched.end` needs of a process that was forked, as `subprocess.Popen` has it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._one_wait = threading.Lock()

    def wait(self, timeout: float) -> int:
        """Its exit code, if it ends in time."""
        pause, end = threading.Event(), time.monotonic() + timeout
        while self._poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            pause.wait(PAUSE)
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        """Ask the supervisor to end it."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End the supervisor."""
        self._send(signal.SIGKILL)

    def _poll(self) -> int | None:
        with self._one_wait:
            if self.returncode is None:
                try:
                    pid, status = os.waitpid(self.pid, os.WNOHANG)
                except ChildProcessError:  # somebody else has waited for it
                    pid, status = self.pid, 0
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def _send(self, number: int) -> None:
        if self._poll() is None:  # else the number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _live_as_copy(
    function: Callable[..., Any],
    pipes: Sequence[int],
    parent: int,
    mask: Set[int],
    others: Mapping[str, Answering],
) -> None:
    """The copy's whole life; never returns into the program it was copied from."""
    from convstep.candidate.call.child import serve
    from convstep.candidate.call.source_of import served_function

    try:
        faulthandler.disable()  # pytest turns it on, and a crash would fill its screen
        watched.supervised(parent, mask)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for pipe in (pipes[1], pipes[2], pipes[4]):
            os.close(pipe)
        questions, answers = (watched.out_of_reach(pipe) for pipe in (pipes[0], pipes[3]))
        os.dup2(pipes[5], 2)
        os.close(pipes[5])
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(nowhere, stream)
        faulthandler.enable(2, all_threads=False)
        sys.stdin = open(os.devnull)  # noqa: SIM115  open as long as the process lives
        torch = sys.modules.get("torch")
        if torch is not None:  # its threads stayed behind; waiting for them would never end
            torch.set_num_threads(1)
        serve(
            served_function(function),
            os.fdopen(questions, "rb", buffering=0),
            os.fdopen(answers, "wb", buffering=0),
            others,
        )
    finally:
        os._exit(0)


def how_it_died(code: int | None) -> str:
    """How a process ended, in words."""
    from convstep.candidate.call.outcome import CLOSED, OUT_OF_MEMORY

    if code is None:
        return tr("its process ended")
    if code == OUT_OF_MEMORY:
        return tr("it ran out of memory")
    if code == CLOSED:
        return tr("it closed the pipe that its answers go through")
    if code >= 0:
        return tr("it ended its process with exit code {code}", code=code)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return tr("it was ended by signal {signal}", signal=-code)
    return tr(CRASHES[name]) if name in CRASHES else tr("it was ended by {signal}", signal=name)


class RecordingSpawned(Spawned):
    """A new interpreter that loads a target, and records its calls where it is asked to."""

    main = "convstep.candidate.record.child"


class AskedSpawned(RecordingSpawned):
    """The same, which also calls it as any operator."""

    main = "convstep.candidate.operators.child"
