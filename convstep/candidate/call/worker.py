"""A candidate in a process of its own, so that nothing it does can harm ours.

It may hang, crash, leave, print, eat memory: each becomes an `Outcome` in words, and the next call
gets a new process where the old one is gone.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from convstep.candidate.call import protocol
from convstep.candidate.call.calling import Call
from convstep.candidate.call.failure import died_at
from convstep.candidate.call.outcome import DIED, HUNG, Candidate, Outcome
from convstep.candidate.call.processes import Forked, Process, Spawned, how_it_died
from convstep.candidate.load.target import CandidateError, NotLoaded, Target
from convstep.conv.problem import Problem
from convstep.language import tr
from convstep.oracle import messages
from convstep.oracle.conversation import Conversation, Ended, Silent

SECONDS = 10.0
"""How long one call may take, unless told otherwise."""
PAUSE = 0.02
"""Seconds between two looks at whether a call has ended."""
COMPILING = 60.0
"""How long a call may take that may have to wait for a compiler, unless told otherwise."""
LOADING = 60.0
"""How long loading may take, unless told otherwise; and on top, however told, to start Python and import
installed packages: a large framework is slow on a cold disk."""
WAITING = 8
"""How many seconds in which nobody computes count as one: others may use the processors, or it sleeps."""

Message = messages.Message

Starter = Callable[[], Process]


class Worker:
    """Calls a candidate in its process. Any thread may call anything; calls take turns."""

    Spawned: type[Spawned] = Spawned
    """How a new interpreter is started."""
    Forked: type[Forked] = Forked
    """How this process is copied."""

    def __init__(
        self, start: Starter, title: str, seconds: float | None = None, flags: tuple[str, ...] = ()
    ) -> None:
        """Start the process and wait until the candidate is loaded; a `CandidateError` if it cannot be.

        The title is how the command line names it, or what to call it where it cannot, and the flags what it
        adds to load it in the same way. One call may take so many seconds, and so may loading; by default
        SECONDS and LOADING.
        """
        self.address, self.flags = title, flags
        self.seconds = SECONDS if seconds is None else seconds
        self._limited = seconds is not None
        self._compiled: frozenset[tuple[Call, str]] = frozenset()
        self._has_torch = False
        self.loading = LOADING if seconds is None else seconds
        self._start = start
        self._one_call = threading.RLock()
        self._closed = False
        self._called = False
        self._process: Process | None = None
        self._conversation: Conversation | None = None
        self._spent = 0.0
        self.candidate: Candidate = self._begin()
        """What loading found out."""

    @classmethod
    def of_target(
        cls,
        target: Target,
        options: dict[str, Any] | None = None,
        seconds: float | None = None,
        started: Process | None = None,
    ) -> Self:
        """A worker for code in a file or a module, whose first process may have been started already."""
        flags: list[str] = []
        waiting = [] if started is None else [started]
        for name, value in (options or {}).items():
            if value:
                flags += [f"--{name.replace('_', '-')}", *([value] if isinstance(value, str) else [])]

        def start() -> Process:
            return waiting.pop() if waiting else cls.Spawned(target, options or {})

        return cls(start, str(target), seconds, tuple(flags))

    @classmethod
    def of_function(cls, function: Callable[..., Any], seconds: float | None = None) -> Worker:
        """A worker for a function of this process: a copy of the process calls it.

        A `CandidateError` if this system cannot copy a process, or it is not a function.
        """
        if not callable(function):
            raise CandidateError(
                tr("{value!r} cannot be called; give a function or 'path.py:function'", value=function)
            )
        if not hasattr(os, "fork"):
            return cls.of_target(importable(function), None, seconds)
        return cls(lambda: cls.Forked(function), _address(function), seconds)

    def call(self, call: Call, problem: Problem, *, fresh: bool = False) -> Outcome:
        """Call the candidate once; whatever happens is in the outcome.

        `fresh`: load it again first, so that what it kept from other calls is gone.
        """
        return self._outcomes(call, [problem], fresh=fresh)[0]

    def calls(self, call: Call, problems: Sequence[Problem]) -> list[Outcome]:
        """Call it on one problem after the other, until it hangs or does not even begin.

        They are sent at once: to wait for each takes longer than most calls.
        """
        found: list[Outcome] = []
        while len(found) < len(problems):  # a process that died is followed by another
            found += self._outcomes(call, problems[len(found) :])
            if found[-1].kind == HUNG or found[-1].not_begun:
                break
        return found

    def _outcomes(self, call: Call, problems: Sequence[Problem], *, fresh: bool = False) -> list[Outcome]:
        """What comes of a call in one process: of fewer problems where it ends, or does not begin."""
        with self._one_call:
            if fresh and self._called and isinstance(self._process, Forked):
                self._end()
            if self._process is None:
                try:
                    self._begin()
                except CandidateError as error:
                    return [Outcome(DIED, message=str(error))]
            try:
                return self._answers(call, problems, fresh and self._called)
            except BaseException:  # Ctrl+C: the answer to this call must not become the next one's
                self._end()
                raise
            finally:
                self._called = True

    def clock(self) -> float:
        """What budgets are read from: seconds of CPU time, of the candidate and of this thread."""
        talk = self._conversation
        busy = time.thread_time() + self._spent + (0.0 if talk is None else talk.spent)
        return busy + (time.monotonic() - busy) / WAITING

    def _answers(self, call: Call, problems: Sequence[Problem], fresh: bool) -> list[Outcome]:
        talk = self._conversation
        assert talk is not None
        loading = fresh
        found: list[Outcome] = []
        try:
            room = sum(map(messages.longest_about, problems))
            talk.ask(protocol.question(call, problems, fresh=fresh), room)
            if fresh:  # it says when it is loaded, and the time of the call starts
                self._heard_loading(talk)
                loading = False
            for problem in problems:
                outcome = protocol.read_answer(talk.hear(self._seconds_of(call, problem)), call, problem)
                found.append(outcome)
                if outcome.notes != self.candidate.notes:  # it had to be loaded otherwise
                    self.candidate = replace(self.candidate, notes=outcome.notes)
                if outcome.not_begun:
                    break
            return found
        except Silent as silent:
            self._end()
            message = tr(
                "loading it again did not finish within {seconds:g} s"
                if loading
                else "it did not return within {seconds:g} s",
                seconds=silent.seconds,
            )
            return [*found, Outcome(HUNG, message=message)]
        except Ended:
            how, places = self._death()
            return [*found, Outcome(DIED, message=how, **died_at(places, self.candidate))]
        except messages.Malformed:
            self._end()
            return [*found, Outcome(DIED, message=nonsense())]

    def _seconds_of(self, call: Call, problem: Problem) -> float:
        """How long a call may take: the first of its kind may have to wait for a compiler, or for PyTorch."""
        if self.candidate.compiles and not self._limited:
            kind = call, problem.A_prev.dtype.str
            if kind not in self._compiled:
                self._compiled |= {kind}
                return COMPILING
        return self.seconds + self._seconds_of_torch(call.with_tensors(self.candidate))

    def _seconds_of_torch(self, tensors: bool) -> float:
        """What its process may need to import PyTorch because we hand it tensors: not its own time."""
        first = tensors and not self._has_torch and not self.candidate.compiles
        self._has_torch = self._has_torch or tensors
        return LOADING if first else 0.0

    def _heard_loading(self, talk: Conversation, starting: bool = False) -> Message:
        """Wait for the message that loading has ended; earlier ones say whose time is running.

        `Silent` if it took too long, `Ended` if it will never be said, `Malformed` if something else was.
        """
        left = {False: self.loading, True: max(LOADING, self.loading)}
        importing = starting
        while True:
            began = time.monotonic()
            try:
                said = talk.hear(left[importing])
            except Silent:
                raise Silent(max(LOADING, self.loading) if importing else self.loading) from None
            if "importing" not in said:
                return said
            left[importing] -= time.monotonic() - began
            importing = bool(messages.number(said, "importing"))

    def close(self) -> None:
        """End the process, whatever it is doing; calling it again does nothing."""
        self._closed = True
        free = False
        while not free:  # a call under way is answered by the death of its process
            process = self._process
            if process is not None:
                process.end()
            free = self._one_call.acquire(timeout=PAUSE)
        try:
            self._end()
        finally:
            self._one_call.release()

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
            raise CandidateError(tr("the candidate's process was closed"))
        self._called, self._compiled, self._has_torch = False, frozenset(), False
        try:
            self._process = self._start()
        except OSError as error:
            raise CandidateError(
                tr("no process for the candidate can be started: {reason}", reason=error.strerror or error)
            ) from None
        talk = self._conversation = Conversation(self._process.questions, self._process.answers)
        try:
            return self._introduced(talk)
        except BaseException:  # Ctrl+C, too
            self._end()
            raise

    def _introduced(self, talk: Conversation) -> Candidate:
        try:
            said = self._heard_loading(talk, starting=True)
            if "error" in said:
                raise CandidateError(messages.text(said, "error"))
            return protocol.read_introduction(said)
        except Silent as silent:
            raise NotLoaded(
                tr(
                    "loading {target} did not finish within {seconds:g} s",
                    target=self.address,
                    seconds=silent.seconds,
                )
            ) from None
        except Ended:
            how, _ = self._death()
            raise NotLoaded(tr("loading {target}: {how}", target=self.address, how=how)) from None
        except messages.Malformed:
            raise NotLoaded(tr("loading {target}: {how}", target=self.address, how=nonsense())) from None

    def _death(self) -> tuple[str, list[tuple[str, int]]]:
        """How the process ended, with its last words, and the lines at which that was."""
        process = self._process
        how = how_it_died(self._end(by_itself=True))
        words, places = ("", []) if process is None else process.words.taken()
        return (tr("{how}; its last words: {words}", how=how, words=words) if words else how), places

    def _end(self, *, by_itself: bool = False) -> int | None:
        process, self._process = self._process, None
        talk, self._conversation = self._conversation, None
        if process is None:
            return None
        code = process.end(by_itself=by_itself)
        if talk is not None:
            self._spent += talk.spent
            talk.close()
        return code


def nonsense() -> str:
    """The sentence about a process whose pipe brings something other than answers."""
    return tr("its process answered nonsense: something in it writes to pipes that are not its own")


def _address(function: Callable[..., Any]) -> str:
    """How the command line names a function, or its name where it cannot."""
    from convstep.candidate.call.source_of import name_of

    with contextlib.suppress(CandidateError):
        return str(importable(function))
    return name_of(function)


def importable(function: Callable[..., Any]) -> Target:
    """The target under which another process finds a function; else a `CandidateError`."""
    import inspect

    from convstep.candidate.call.source_of import name_of

    name = name_of(function)
    file = None
    with contextlib.suppress(TypeError, OSError):
        file = inspect.getsourcefile(inspect.unwrap(function))
    if file is None or "<" in name or not os.path.exists(file):
        raise CandidateError(
            tr("{name} is not in a file; save it in one and check 'path.py:{name}'", name=name)
        )
    return Target.parse(f"{file}:{name}")
