"""Record somebody's own function in a process of its own, with arguments found or given."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import numpy.typing as npt

from convstep.candidate.call import protocol
from convstep.candidate.call.call import Call
from convstep.candidate.call.failure import died_at
from convstep.candidate.call.processes import Forked, RecordingSpawned
from convstep.candidate.call.worker import Worker, nonsense
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record import child
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.child import Wish
from convstep.candidate.verdicts.marks import Held, Verdicts
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle import messages
from convstep.oracle.conversation import Ended, Silent
from convstep.printable import SENTENCE, printable
from convstep.recording import transfer
from convstep.recording.recording import Recording

T = TypeVar("T")
SECONDS = 120.0
"""How long a function may run while it is recorded; what was recorded until then is kept."""
SPARE = 60.0
"""Seconds on top: to make its arguments, and to send what was recorded."""
ROOM = 4 << 30
"""Bytes that a log may have on its way."""
JUDGING = 20.0
"""How long may be spent on what is to be said of a recording."""


@frozen(eq=False)
class Recorded:
    """A function that was recorded, and how."""

    recording: Recording
    target: str
    """What was recorded, as on the command line."""
    words: tuple[str, ...]
    """What else the command line says, to record it in the same way: `--call`, `f(x)`."""
    how: str
    """Where they come from, a clause."""
    notes: tuple[str, ...]
    """What loading left out, a sentence each."""


class _Forked(Forked):
    others = {protocol.RECORD: child.recorded, protocol.HOLD: child.held}  # noqa: RUF012  # it is looked at only


NO_WISH = Wish()


@frozen(eq=False)
class Posed:
    """A problem of an operator as `check` hands it over."""

    question: Mapping[str, Any]
    """How it is called, as its process reads it."""
    arrays: Mapping[str, npt.ArrayLike]
    """What it is handed."""


What = Arguments | tuple[Call, Problem] | Posed
"""A call as its arguments say, or as `check` calls a backward on a problem of its operator."""


class Recorder(Worker):
    """Calls and records a function in its process."""

    Spawned = RecordingSpawned
    Forked = _Forked

    guess = 0
    """Which of the calls that were tried was recorded."""

    @property
    def runs(self) -> bool:
        """Whether its process does; it does not after a call that hung or died."""
        return self._process is not None

    def record(self, what: What, seconds: float = SECONDS, wish: Wish = NO_WISH) -> tuple[Recording, str]:
        """Record a call, and say where its arguments come from.

        The wish says which call it was, and other numbers in it, if it was recorded before. A
        `CandidateError` says in one sentence that it cannot be called like that, or that its process ended.
        """
        asked, more = _asked(what)
        asked |= {"wish": wish.as_plain()}
        recording, how, self.guess = self._replied(protocol.RECORD, asked, more, seconds, _read)
        return recording, how

    def judge(self, what: What, seconds: float = JUDGING) -> tuple[Verdicts, int]:
        """What its own forward says of the call that `record` records, and the `digest` of its file."""
        return self._replied(protocol.JUDGE, *_asked(what), seconds, _said)

    def held(self, arguments: Arguments, seconds: float = JUDGING) -> tuple[Held, bool]:
        """What its own forward says on several draws of numbers, and whether of the first way to call it.

        Raises CandidateError: see `record`; or no forward is known that belongs to it, or what is guessed of
        its arguments proves nothing.
        """
        return self._replied(protocol.HOLD, *_asked(arguments), seconds, _held)

    def _replied(
        self,
        kind: str,
        asked: Mapping[str, Any],
        more: Mapping[str, Any],
        seconds: float,
        read: Callable[[messages.Message], T],
    ) -> T:
        with self._one_call:
            if self._process is None:
                self._begin()
            talk = self._conversation
            assert talk is not None
            try:
                talk.ask({kind: json.dumps({**asked, "seconds": seconds}), **more}, ROOM)
                said = talk.hear(seconds + SPARE)
            except Silent as silent:
                self._end()
                raise CandidateError(
                    tr("it did not return within {seconds:g} s", seconds=silent.seconds)
                ) from None
            except Ended:
                raise CandidateError(self._died()) from None
            except messages.Malformed:
                self._end()
                raise CandidateError(nonsense()) from None
            except BaseException:  # Ctrl+C: this answer must not become the next one's
                self._end()
                raise
        try:
            if "error" in said:
                raise CandidateError(printable(messages.text(said, "error"), SENTENCE))
            return read(said)
        except messages.Malformed:
            self._end()
            raise CandidateError(nonsense()) from None

    def _died(self) -> str:
        how, places = self._death()
        line = died_at(places, self.candidate).get("line")
        return tr(
            "{target} ended at line {line}: {how}" if line else "{target}: {how}",
            target=self.address,
            line=line,
            how=how,
        )


def _asked(what: What) -> tuple[dict[str, Any], dict[str, npt.ArrayLike]]:
    """The question for a call, and the arrays that go with it."""
    if isinstance(what, Arguments):
        return {"arguments": what.as_plain(), "folder": os.getcwd()}, {}
    if isinstance(what, Posed):
        return {"arguments": None, "operator": {**what.question}}, {**what.arrays}
    call, problem = what
    return {"arguments": None, "call": asdict(call)}, messages.problem_message(problem)


def _read(said: messages.Message) -> tuple[Recording, str, int]:
    """The recording of an answer, where its arguments come from, and which of the calls it is."""
    with messages.strictly():
        facts = messages.checked(json.loads(messages.text(said, "facts")), dict)
        how, guess = facts["how"], messages.checked(facts["guess"], int)
        recording = transfer.recording_of(messages.without("log", said))
        return recording, printable(messages.checked(how, str)), guess


def _said(said: messages.Message) -> tuple[Verdicts, int]:
    """What an answer says of a recording, and the `digest` of the file it is about."""
    with messages.strictly():
        found = Verdicts.read(json.loads(messages.text(said, "verdicts")))
        return found, messages.number(said, "digest")


def _held(said: messages.Message) -> tuple[Held, bool]:
    """What an answer says of several draws; see `Recorder.held`."""
    with messages.strictly():
        best, first = json.loads(messages.text(said, "held"))
        return Held.read(best), messages.checked(first, bool)
