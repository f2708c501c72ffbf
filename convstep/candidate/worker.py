"""A candidate in a process of its own, so that nothing it does harms the one who asks.

It may hang, crash, leave, print, eat memory: each becomes an `Outcome` in words, and the next call
gets a new process where the old one is gone.
"""

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
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Protocol, Self

from convstep.candidate import wire
from convstep.candidate.calling import Call
from convstep.candidate.outcome import DIED, HUNG, OUT_OF_MEMORY, Candidate, Outcome
from convstep.candidate.serve import no_class, serve
from convstep.candidate.source_of import kind_of, name_of, served_function
from convstep.candidate.target import CandidateError, Target
from convstep.conv.problem import Problem
from convstep.oracle import messages

SECONDS = 10.0
"""How long one call may take, unless told otherwise."""
LOADING = 60.0
"""How long loading may take at least: importing a large framework is slow on a cold disk."""


class Process(Protocol):
    """A started child: two pipes, and a way to end it."""

    questions: messages.RawPipe
    """Where calls go."""
    answers: messages.RawPipe
    """Where outcomes come from."""

    def end(self, *, by_itself: bool = False) -> int | None:
        """Kill it with all it started.

        Args:
            by_itself: it is ending already, so its exit code is worth a moment.

        Returns:
            That code, negative for a signal; None if unknown.
        """
        ...


Starter = Callable[[], Process]


class Worker:
    """Calls a candidate in its process. Any thread may call anything; calls take turns."""

    def __init__(
        self, start: Starter, title: str, seconds: float = SECONDS, flags: tuple[str, ...] = ()
    ) -> None:
        """Start the process and wait until the candidate is loaded.

        Args:
            start: starts a process that serves the candidate.
            title: how the command line names it, or what to call it where it cannot.
            seconds: how long one call may take.
            flags: what the command line adds, to load it in the same way.

        Raises:
            CandidateError: it cannot be loaded.
        """
        self.address, self.seconds, self.flags = title, seconds, flags
        self._start = start
        self._one_call = threading.RLock()
        self._closed = False
        self._called = False
        self._process: Process | None = None
        self._received: SimpleQueue[bytes | None] = SimpleQueue()
        self.candidate: Candidate = self._begin()
        """What loading found out."""

    @classmethod
    def of_target(
        cls, target: Target, options: dict[str, Any] | None = None, seconds: float = SECONDS
    ) -> Worker:
        """A worker for code in a file or a module."""
        flags: list[str] = []
        for name, value in (options or {}).items():
            if value:
                flags += [f"--{name.replace('_', '-')}", *([value] if isinstance(value, str) else [])]
        return cls(lambda: _Spawned(target, options or {}), str(target), seconds, tuple(flags))

    @classmethod
    def of_function(cls, function: Callable[..., Any], seconds: float = SECONDS) -> Worker:
        """A worker for a function of this process: a copy of the process calls it.

        Raises:
            CandidateError: this system cannot copy a process, or it is not a function.
        """
        if not callable(function):
            raise CandidateError(f"{function!r} cannot be called; give a function or 'path.py:function'")
        if kind_of(function) == "class":
            raise CandidateError(no_class(name_of(function)))
        if not hasattr(os, "fork"):
            return cls.of_target(importable(function), None, seconds)
        return cls(lambda: _Forked(function), _address(function), seconds)

    def call(self, call: Call, problem: Problem, *, fresh: bool = False) -> Outcome:
        """Call the candidate once; whatever happens is in the outcome.

        Args:
            call: how to call it.
            problem: what on.
            fresh: load it again first, so that what it kept from other calls is gone.
        """
        with self._one_call:
            if fresh and self._called and isinstance(self._process, _Forked):
                self._end()
            if self._process is None:
                try:
                    self._begin()
                except CandidateError as error:
                    return Outcome(DIED, message=str(error))
            try:
                return self._answer(call, problem, fresh and self._called)
            except BaseException:  # Ctrl+C: the answer to this call must not become the next one's
                self._end()
                raise
            finally:
                self._called = True

    def _answer(self, call: Call, problem: Problem, fresh: bool) -> Outcome:
        assert self._process is not None
        with contextlib.suppress(OSError, ValueError):  # who does not read has died
            messages.send(self._process.questions, wire.question(call, problem, fresh=fresh))
        longest, what = self.seconds, "it did not return"
        try:
            if fresh:  # it says when it is loaded, and the time of the call starts
                longest, what = max(LOADING, self.seconds), "loading it again did not finish"
                loaded = self._received.get(timeout=longest)
                longest, what = self.seconds, "it did not return"
                received = None if loaded is None else self._received.get(timeout=longest)
            else:
                received = self._received.get(timeout=longest)
        except Empty:
            self._end()
            return Outcome(HUNG, message=f"{what} within {longest:g} s", seconds=longest)
        if received is None:
            return Outcome(DIED, message=_how_it_died(self._end(by_itself=True)))
        return wire.read_answer(messages.opened(received), call, problem)

    def close(self) -> None:
        """End the process, whatever it is doing; calling it again does nothing."""
        self._closed = True
        process = self._process
        if process is not None:
            process.end()

    def __enter__(self) -> Self:
        """The worker itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def _begin(self) -> Candidate:
        if self._closed:
            raise CandidateError("the candidate's process was closed")
        self._called = False
        try:
            self._process = self._start()
        except OSError as error:
            raise CandidateError(
                f"no process for the candidate can be started: {error.strerror or error}"
            ) from None
        self._received = SimpleQueue()
        listening = threading.Thread(
            target=_listen, args=(self._process.answers, self._received), name="candidate", daemon=True
        )
        listening.start()
        longest = max(LOADING, self.seconds)
        try:
            received = self._received.get(timeout=longest)
        except Empty:
            self._end()
            raise CandidateError(f"loading {self.address} did not finish within {longest:g} s") from None
        except BaseException:  # Ctrl+C
            self._end()
            raise
        if received is None:
            raise CandidateError(f"loading {self.address}: {_how_it_died(self._end(by_itself=True))}")
        introduction = messages.opened(received)
        if "error" in introduction:
            self._end()
            raise CandidateError(wire.text(introduction, "error"))
        return wire.read_introduction(introduction)

    def _end(self, *, by_itself: bool = False) -> int | None:
        process, self._process = self._process, None
        return None if process is None else process.end(by_itself=by_itself)


class _Spawned:
    """A new interpreter that loads a target."""

    def __init__(self, target: Target, options: dict[str, Any]) -> None:
        if not sys.executable:
            raise OSError("this Python does not know where its interpreter is")
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "convstep.candidate.serve", str(target), json.dumps(options)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**threads, **os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl+C is for the parent, and what it starts ends with it
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self.questions: messages.RawPipe = self._child.stdin
        self.answers: messages.RawPipe = self._child.stdout

    def end(self, *, by_itself: bool = False) -> int | None:
        """Kill the process group."""
        if self._child.returncode is not None:  # its number may be another's by now
            return None
        code = None
        if by_itself:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._child.wait(timeout=0.2)
        _kill_group(self._child.pid)
        self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=2)
        for pipe in (self._child.stdin, self._child.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        return code


class _Forked:
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
        self.questions: messages.RawPipe = os.fdopen(question_in, "wb", buffering=0)
        self.answers: messages.RawPipe = os.fdopen(answer_out, "rb", buffering=0)
        self._ended = False

    def end(self, *, by_itself: bool = False) -> int | None:
        """Kill the copy and its children."""
        if self._ended:
            return None
        self._ended = True
        code = self._waited(40) if by_itself else None
        _kill_group(self._pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        if code is None:
            self._waited(400)
        for pipe in (self.questions, self.answers):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[attr-defined]
        return code

    def _waited(self, turns: int) -> int | None:
        """The exit code, if it ended within some hundredths of a second."""
        pause = threading.Event()
        for _ in range(turns):
            try:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid:
                return os.waitstatus_to_exitcode(status)
            pause.wait(0.005)
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


def _listen(answers: messages.RawPipe, received: SimpleQueue[bytes | None]) -> None:
    """Collect answers until the pipe ends."""
    with contextlib.suppress(OSError, ValueError):
        while (answer := messages.receive(answers)) is not None:
            received.put(answer)
    received.put(None)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
        os.killpg(pid, signal.SIGKILL)


def _how_it_died(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None:
        return "its process ended"
    if code == OUT_OF_MEMORY:
        return "it ran out of memory"
    if code >= 0:
        return f"it ended its process with exit code {code}"
    known = {
        signal.SIGSEGV: "it crashed: segmentation fault",
        signal.SIGABRT: "it crashed: aborted",
        signal.SIGFPE: "it crashed: arithmetic error",
        signal.SIGILL: "it crashed: illegal instruction",
        signal.SIGKILL: "its process was killed, perhaps for want of memory",
    }
    try:
        return known.get(signal.Signals(-code), f"it was ended by {signal.Signals(-code).name}")
    except ValueError:
        return f"it was ended by signal {-code}"


def _address(function: Callable[..., Any]) -> str:
    """How the command line names a function, or its name where it cannot."""
    with contextlib.suppress(CandidateError):
        return str(importable(function))
    return name_of(function)


def importable(function: Callable[..., Any]) -> Target:
    """The target under which another process finds a function.

    Raises:
        CandidateError: it lives in this process alone.
    """
    import inspect

    name = name_of(function)
    file = None
    with contextlib.suppress(TypeError, OSError):
        file = inspect.getsourcefile(inspect.unwrap(function))
    if file is None or "<" in name or not os.path.exists(file):
        raise CandidateError(f"{name} is not in a file; save it in one and check 'path.py:{name}'")
    return Target.parse(f"{file}:{name}")
