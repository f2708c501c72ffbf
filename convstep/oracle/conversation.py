"""Questions to a process and its answers, when the process may do anything.

It may not read: so a thread writes, and nobody waits for that. It may write what nobody asked for: so
every answer carries its question's number, and has a limited size. It may have to wait for a processor: so
every answer says how much time the process had of one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Protocol

import numpy.typing as npt

from convstep.language import tr
from convstep.oracle import messages, watched
from convstep.oracle.messages import Malformed, Message

_EACH = 64
_NUMBER, _SPENT = "number", "microseconds"


class Pipe(messages.RawPipe, Protocol):
    """This process's end of a pipe; who writes to it or reads from it closes it, and nobody else.

    Somebody on the way to read would read from the next pipe that is opened, which gets the same number.
    """

    def close(self) -> None:
        """Give the number back."""
        ...


class Silent(Exception):
    """No answer within the time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        """How long that was."""


class Ended(Exception):
    """The pipe has ended: no answer will come any more."""


class Conversation:
    """What is said to one process. One thread asks and hears, or several that take turns."""

    def __init__(self, questions: Pipe, answers: Pipe) -> None:
        """What the process says first needs no question, and has the number 0."""
        self._questions: SimpleQueue[dict[str, npt.ArrayLike] | None] = SimpleQueue()
        self._answers: SimpleQueue[bytearray | Malformed | None] = SimpleQueue()
        self._number, self._room = 0, messages.SPARE
        self.spent = 0.0
        """Seconds of CPU time that the process had when it said the last thing."""
        for what, pipe in ((self._write, questions), (self._read, answers)):
            threading.Thread(target=what, args=(pipe,), name="conversation", daemon=True).start()

    def ask(self, question: Mapping[str, npt.ArrayLike], room: int = messages.SPARE) -> None:
        """Send a question, and return at once; all that comes for it may have so many bytes."""
        self._number += 1
        self._room = room
        self._questions.put({**question, _NUMBER: self._number})

    def hear(self, seconds: float | None = None) -> Message:
        """The next message that comes for the question asked; `seconds` None waits for ever.

        Raises Silent: none came; Ended: none will come; Malformed: something came that is no answer to it.
        """
        try:
            received = self._answers.get(timeout=None if seconds is None else max(seconds, 0.0))
        except Empty:
            raise Silent(seconds or 0.0) from None
        if received is None:
            self._answers.put(None)  # for whoever hears next
            raise Ended
        if isinstance(received, Malformed):
            raise received
        message = messages.opened(received)
        if messages.number(message, _NUMBER) != self._number:
            raise Malformed("an answer that was not due")
        self.spent = messages.number(message, _SPENT) / 1e6
        del message[_NUMBER], message[_SPENT]
        return message

    def close(self) -> None:
        """Send nothing any more; what was not sent yet is dropped when the process ends."""
        self._questions.put(None)

    def _write(self, pipe: Pipe) -> None:
        with contextlib.suppress(OSError, MemoryError):  # who does not read has died
            while (question := self._questions.get()) is not None:
                messages.send(pipe, question)
        with contextlib.suppress(OSError):
            pipe.close()

    def _read(self, pipe: Pipe) -> None:
        try:
            while (received := messages.receive(pipe, lambda: self._room)) is not None:
                self._room -= len(received) + _EACH
                self._answers.put(received)
        except Malformed as error:
            self._answers.put(error)
        except (OSError, MemoryError):
            pass
        finally:  # whatever happened: who hears without a limit would wait for ever
            self._answers.put(None)
        with contextlib.suppress(OSError):
            pipe.close()


def heard(questions: messages.RawPipe) -> SimpleQueue[bytearray]:
    """Questions as they come; without a parent this process has no reason to live, whatever it computes."""
    received: SimpleQueue[bytearray] = SimpleQueue()

    def read() -> None:
        while (question := messages.receive(questions)) is not None:
            received.put(question)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return received


def answering(question: Message | None, reply: Mapping[str, npt.ArrayLike]) -> dict[str, npt.ArrayLike]:
    """A reply as a message: with the number of its question, or as what is said first; and the CPU time."""
    number = 0 if question is None else question[_NUMBER]
    return {**reply, _NUMBER: number, _SPENT: int(time.process_time() * 1e6)}


def started(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], Conversation]:
    """A supervised process that finds the modules that this one finds, and the conversation with it.

    It runs `main` of the module; `environment` is set there unless it is set here. Raises OSError: it cannot
    be started.
    """
    if not sys.executable:
        raise OSError(tr("this Python cannot tell where its interpreter is"))
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    process = subprocess.Popen(
        watched.command(module, *arguments),
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**(environment or {}), **os.environ, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl+C in the terminal is for the parent
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return process, Conversation(process.stdin, process.stdout)
