"""Judges at work side by side: each asked by a thread, and replaced by another if it ends."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any, Self

from convstep.candidate.call.child import MEMORY
from convstep.conv.held import free_memory
from convstep.language import spoken, tr
from convstep.oracle import messages, watched
from convstep.oracle.conversation import Conversation, Ended, Silent, started
from convstep.printable import SentenceError

LONGEST = 600.0
"""Seconds that one backward may take in all: its calls have limits of their own, met long before."""

LEAST = 1 << 30
"""Bytes that what is checked may ask for at least: a framework takes half of them before it is called."""

Question = Mapping[str, Any]
Answer = dict[str, Any]


def room_for(jobs: int) -> int:
    """Bytes that what is checked may ask for: its share of what is free, so that all have room."""
    return int(min(MEMORY, max(LEAST, free_memory() / jobs)))


class UnansweredError(SentenceError):
    """A judge ended, or took too long, before it answered; one sentence."""


class Judge:
    """One process, and the conversation with it."""

    def __init__(self, room: int) -> None:
        """Nothing is started before it is asked; what it checks may ask for so many bytes."""
        self._room = room
        self._process: subprocess.Popen[bytes] | None = None
        self._talk: Conversation | None = None
        self.closed = False
        """Whether nothing can be asked any more."""

    def ask(self, question: Question) -> Answer:
        """Its answer. Raises UnansweredError: there is none."""
        try:
            talk = self._talk or self._started()
            talk.ask({"asked": json.dumps(question)})
            return json.loads(messages.text(talk.hear(LONGEST), "said"))  # type: ignore[no-any-return]
        except OSError as error:
            reason = error.strerror or error
            raise UnansweredError(tr("no process can be started: {reason}", reason=reason)) from None
        except Silent:
            self._end()
            raise UnansweredError(
                tr("checking it did not finish within {seconds:g} s", seconds=LONGEST)
            ) from None
        except (Ended, messages.Malformed):
            self._end()
            raise UnansweredError(tr("the process that checked it was ended")) from None

    def close(self) -> None:
        """End it at once, with all that it has started."""
        self.closed = True
        self._end()

    def _started(self) -> Conversation:
        if self.closed:
            raise Ended
        self._process, self._talk = started("convstep.candidate.survey.judge", spoken(), str(self._room))
        if self.closed:  # meanwhile
            self._end()
            raise Ended
        return self._talk

    def _end(self) -> None:
        process, self._process = self._process, None
        talk, self._talk = self._talk, None
        if process is not None:
            watched.end(process)
        if talk is not None:
            talk.close()


class Judges:
    """Several of them."""

    def __init__(self, jobs: int) -> None:
        self._judges = [Judge(room_for(jobs)) for _ in range(jobs)]

    def answers(
        self,
        questions: Iterable[Question],
        at_once: Callable[[Question, Answer | UnansweredError], object] = lambda *_: None,
    ) -> Iterator[tuple[Question, Answer | UnansweredError]]:
        """Each question, taken when a judge has time for it, with its answer, as soon as there is one.

        Before a judge takes another, `at_once` is told the answer, in a thread of its own.
        """
        left, one_takes = iter(questions), threading.Lock()
        heard: SimpleQueue[tuple[Question, Answer | UnansweredError] | BaseException | None] = SimpleQueue()

        def work(judge: Judge) -> None:
            while not judge.closed:
                with one_takes:
                    question = next(left, None)
                if question is None:
                    break
                answer: Answer | UnansweredError
                try:
                    answer = judge.ask(question)
                except UnansweredError as error:
                    answer = error
                at_once(question, answer)
                heard.put((question, answer))

        def to_the_end(judge: Judge) -> None:
            try:
                work(judge)
            except BaseException as error:  # whoever waits for answers must hear that there are none
                heard.put(error)
            else:
                heard.put(None)

        for judge in self._judges:
            threading.Thread(target=to_the_end, args=(judge,), name="judge", daemon=True).start()
        working = len(self._judges)
        while working:
            said = heard.get()
            if isinstance(said, BaseException):
                raise said
            if said is None:
                working -= 1
            else:
                yield said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for judge in self._judges:
            judge.close()
