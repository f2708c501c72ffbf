"""PyTorch in a child process: importing it would freeze a screen in this one for seconds.

Whoever asks before it is ready waits in a thread of their own. Scripts without a guard can use it.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from convstep.conv.problem import Problem
from convstep.language import spoken, tr
from convstep.oracle import messages, watched
from convstep.oracle.comparison import Comparison, RunningGradients, checked_position, comparison_with
from convstep.oracle.conversation import Conversation, Ended, started
from convstep.oracle.expectation import Expectation, OracleUnavailable
from convstep.steps.cells import Array

Answer = TypeVar("Answer")
DIED = "the process that runs PyTorch ended before it answered; compare again to start another"
"""What a question gets when the child was killed or crashed."""
NONSENSE = "the process that runs PyTorch answered nonsense; compare again to start another"
"""What a question gets when something else came than an answer."""


class ServiceClosed(RuntimeError):
    """The service was closed, so nobody waits for the answer any more."""


class TorchService:
    """PyTorch as an oracle, in a process of its own. Any thread may call anything."""

    def __init__(self) -> None:
        """Nothing runs until `start` or the first question."""
        self._one_question = threading.Lock()
        self._state = threading.Lock()
        self._child: _Child | None = None
        self._closed = False

    def start(self) -> None:
        """Start the child, unless it runs; problems show in `compare`. Raises ServiceClosed after `close`."""
        self._running_child()

    @property
    def ready(self) -> bool:
        """Whether torch is loaded, so that a comparison takes no longer than its arithmetic."""
        child = self._child
        return child is not None and child.ready

    def compare(
        self, problem: Problem, position: int | None = None, gradients: RunningGradients | None = None
    ) -> Comparison:
        """Hold the gradients at a position against PyTorch's; blocks, see `compare` for the arguments.

        Live gradients are copied as this starts; if another thread moves the timeline, pass copies.
        `OracleUnavailable` if torch is missing or broken, or the child died; `ServiceClosed` if it was
        closed, also while this was waiting.
        """
        reached = checked_position(problem, position)
        if gradients is not None:
            dW, db, dA_prev_pad = gradients
            gradients = np.array(dW), None if db is None else np.array(db), np.array(dA_prev_pad)
        return comparison_with(self.expected(problem, reached), problem, reached, gradients)

    def expected(self, problem: Problem, position: int) -> Expectation:
        """PyTorch's gradients after the first `position` steps; blocks. See `Oracle`."""
        return self._asked(lambda child: child.ask(problem, position))

    def gradients(self, question: messages.OperatorQuestion) -> tuple[str, dict[str, Array]]:
        """PyTorch's gradients of an operator, and its name and version; blocks, see `compare`."""
        return self._asked(lambda child: child.ask_operator(question))

    def _asked(self, ask: Callable[[_Child], Answer]) -> Answer:
        with self._one_question:
            child = self._running_child()
            try:
                return ask(child)
            except OracleUnavailable:
                if self._closed:
                    raise ServiceClosed(tr("the comparison was closed before PyTorch answered")) from None
                raise

    def close(self) -> None:
        """End the child at once, whatever it is doing; calling it again does nothing."""
        with self._state:
            self._closed = True
            if self._child is not None:
                self._child.end()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running_child(self) -> _Child:
        """The child; a new one when there is none, or it ended in a way that need not be the last word."""
        with self._state:
            if self._closed:
                raise ServiceClosed(tr("the comparison with PyTorch is closed"))
            if self._child is None or self._child.died or self._child.speaks_otherwise:
                self._child = _Child()
            return self._child


class _Child:
    """One child process, and what it has said so far."""

    def __init__(self) -> None:
        self.ready = False
        self._died = False
        self._failure, self._language = "", spoken()
        self._greeted = threading.Event()
        self._known_problem: Problem | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._conversation: Conversation | None = None
        try:
            self._process, self._conversation = started("convstep.oracle.child", spoken())
        except OSError as error:
            self._give_up(
                tr("no process for PyTorch can be started: {reason}", reason=error.strerror or error)
            )
        else:
            threading.Thread(target=self._listen, name="torch-service", daemon=True).start()

    @property
    def died(self) -> bool:
        """Whether it is gone, in a way that need not be the last word."""
        return self._died or (self.ready and self._process is not None and self._process.poll() is not None)

    @property
    def speaks_otherwise(self) -> bool:
        """Whether it failed for good, and said so in a language that is no longer spoken."""
        return bool(self._failure) and self._language != spoken()

    def ask(self, problem: Problem, position: int) -> Expectation:
        """Send a question and wait for the answer; one at a time."""
        question: dict[str, npt.ArrayLike] = {"position": position, "language": spoken()}
        if problem is not self._known_problem:
            question |= messages.problem_message(problem)
            self._known_problem = problem
        return self._answered(
            question, messages.longest_about(problem), lambda said: messages.read_expectation(said, problem)
        )

    def ask_operator(self, question: messages.OperatorQuestion) -> tuple[str, dict[str, Array]]:
        return self._answered({"language": spoken(), **question.message()}, messages.SPARE, question.answer)

    def _answered(
        self, question: dict[str, npt.ArrayLike], room: int, read: Callable[[messages.Message], Answer]
    ) -> Answer:
        self._greeted.wait()
        if self._failure or self._conversation is None:
            raise OracleUnavailable(self._failure)
        try:
            self._conversation.ask(question, room)
            answer = self._conversation.hear()
            if "error" in answer:
                raise OracleUnavailable(messages.text(answer, "error"))
            return read(answer)
        except (Ended, messages.Malformed) as error:
            self._fail(error)
            raise OracleUnavailable(self._failure) from None

    def end(self) -> None:
        """Kill the process; whoever waits for an answer gets the failure."""
        if self._process is not None:
            watched.end(self._process)
        if self._conversation is not None:
            self._conversation.close()

    def _listen(self) -> None:
        """Hear whether torch can be loaded, which takes seconds."""
        assert self._conversation is not None
        try:
            greeting = self._conversation.hear()
            if "error" in greeting:
                self._give_up(messages.text(greeting, "error"), lasting=True)
                self.end()
            else:
                self.ready = True
                self._greeted.set()
        except (Ended, messages.Malformed) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._give_up(tr(DIED) if isinstance(error, Ended) else tr(NONSENSE))
        self.end()

    def _give_up(self, failure: str, lasting: bool = False) -> None:
        """Answer everybody with the failure; a lasting one would only repeat in another child."""
        self.ready, self._died, self._failure = False, not lasting, failure
        self._greeted.set()
