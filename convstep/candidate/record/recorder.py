"""Record somebody's own function in a process of its own, with arguments found or given."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import numpy.typing as npt

from convstep.candidate.call import protocol
from convstep.candidate.call.call import Call
from convstep.candidate.call.conventions import convention_of
from convstep.candidate.call.failure import died_at
from convstep.candidate.call.outcome import Candidate, CannotCall
from convstep.candidate.call.processes import Forked, RecordingSpawned
from convstep.candidate.call.words import roles_of
from convstep.candidate.call.worker import Worker, nonsense
from convstep.candidate.check.cases import Case, fitted, right_of
from convstep.candidate.check.detect_convention import detect_convention
from convstep.candidate.load.names import looks_backward
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.record import child, guessing
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.child import Wish
from convstep.candidate.record.watching import WatchedFile
from convstep.candidate.verdicts.marks import Held, Verdicts, digest
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle import messages
from convstep.oracle.conversation import Ended, Silent
from convstep.printable import SENTENCE, printable
from convstep.recording import transfer
from convstep.recording.recorder import Edited
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
DETECTING = 8.0
"""Seconds for finding out how a convolution's backward is called."""
SHOWN = (
    *(Case((5, 6), (3, 3), (2, 2), ((1, 1), (1, 1)), 2, 2, batch) for batch in (1, None)),
    *(Case((4, 5), (3, 3), channels=2, filters=2, batch=batch) for batch in (1, None)),
    Case((4, 5), (3, 3), channels=1, filters=1, batch=1),
)
"""The convolutions that a backward is stepped on: the first that its call can say."""


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
What = Arguments | tuple[Call, Problem]
"""A call as its arguments say, or that of a convolution's backward on a problem, as `check` calls it."""


class Recorder(Worker):
    """Calls and records a function in its process."""

    Spawned = RecordingSpawned
    Forked = _Forked

    guess = 0
    """Which of the calls that were tried was recorded."""

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
        return {"call": None, "arguments": what.as_plain(), "folder": os.getcwd()}, {}
    call, problem = what
    return {"call": asdict(call), "arguments": None}, messages.problem_message(problem)


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


class Recordable:
    """A function of a file, a notebook or an installed module, to be recorded once or whenever it changes."""

    def __init__(
        self,
        target: str,
        arguments: Arguments | None = None,
        options: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Nothing runs yet; a `CandidateError` if there is no such file, or nothing there to be called so.

        The target is `layers.py:max_pool_backward`, `layers.py:Conv.backward` or `notebook.ipynb:f`;
        arguments of which nothing is said are found. The timeout is that of loading it, and of running it.
        """
        self.target, self.arguments = target, arguments or Arguments()
        self.arguments.check()
        self._parsed, self._options, self._timeout = Target.parse(target), options or {}, timeout
        self._loading = {**self._options, "unmade": True}
        self._running: Recorder | RecordingSpawned | None = None
        self._judging: Recorder | None = None
        self._what: What = self.arguments
        self._guess = 0
        self._first: Recording | None = None
        self._wish, self._closed = Wish(), False
        self._watched = None if self._parsed.path is None else WatchedFile(self._parsed.path)

    @property
    def file(self) -> str | None:
        """The file that it is in; None for an installed module."""
        return self._parsed.path

    def record(self, meanwhile: Callable[[], object] | None = None) -> Recorded:
        """Record it in a process that ends with it, doing `meanwhile` while a new interpreter starts.

        Any thread may, one at a time. A `CandidateError` says why it cannot be loaded or called.
        """
        started = None
        with contextlib.suppress(OSError):  # the recorder tries again, and says what is wrong
            started = self._running = RecordingSpawned(self._parsed, self._loading)
        if meanwhile is not None:
            meanwhile()
        if self._closed:
            self.close()
        with Recorder.of_target(self._parsed, self._loading, self._timeout, started) as recorder:
            self._running = recorder
            if self._closed:
                self.close()
            return self._recorded(recorder)

    def judge(self, recording: Recording) -> Verdicts:
        """What the author's own forward says of what was recorded last, found in a process that ends with it.

        Any thread may, beside `record`, one at a time; it takes at most about `JUDGING` seconds.
        Raises CandidateError: its process ended, or `close` has ended it; one sentence.
        """
        if self.edited:
            said = tr("what its own forward says is asked only of the call as it is, without edited numbers")
            return Verdicts(note=said)
        what, before = self._what, self._judging
        if before is not None:  # of what was recorded before: nobody wants to know any more
            before.close()
        with Recorder.of_target(self._parsed, self._loading, self._timeout) as judging:
            self._judging = judging
            if self._closed:
                self.close()
            try:
                found, text = judging.judge(what)
            finally:
                if self._judging is judging:
                    self._judging = None
        if text != digest(recording.source):
            return Verdicts(note=tr("the file has changed since it was recorded"))
        return found

    def with_numbers(self, numbers: Edited) -> Recording:
        """Record the call with other numbers by array and index, with none the first; or CandidateError."""
        assert self._first is not None
        paths = self._first.handed_in
        wish = (
            Wish(self._guess, {paths[name]: cells for name, cells in numbers.items()}) if numbers else Wish()
        )
        before, self._wish = self._wish, wish
        try:
            return self.record().recording if numbers else self._first.scout()
        except CandidateError:
            self._wish = before
            raise

    @property
    def edited(self) -> bool:
        """Whether it was recorded with other numbers than its call has."""
        return bool(self._wish.numbers)

    def changed(self) -> bool:
        """Whether its file was saved since it was recorded or asked about; never of an installed module."""
        return self._watched is not None and self._watched.changed()

    def again(self) -> Recording | None:
        """Record it anew if its file was saved, or CandidateError; None if it was not."""
        if not self.changed():
            return None
        self._wish = NO_WISH  # who asks puts what was edited into the new one
        return self.record().recording

    def close(self) -> None:
        """End what is being recorded; whoever waits for it gets a CandidateError."""
        self._closed, running, judging = True, self._running, self._judging
        if judging is not None:
            judging.close()
        if isinstance(running, Recorder):
            running.close()
        elif running is not None:
            running.end()

    def _recorded(self, recorder: Recorder) -> Recorded:
        seconds, found = SECONDS if self._timeout is None else self._timeout, None
        if self.edited:
            recording, how = recorder.record(self._what, seconds, self._wish)
            return Recorded(recording, self.target, (), how, recorder.candidate.notes)
        if self.arguments == Arguments() and _is_convolution(recorder.candidate):
            found = _on_a_convolution(recorder, seconds)
        self._what = self.arguments if found is None else found[1]
        recording, how = recorder.record(self.arguments, seconds) if found is None else found[0]
        self._first, self._guess = recording, recorder.guess
        _check_tensors(recorder.candidate, recording)
        flags = (f"--{name.replace('_', '-')}" for name, value in self._options.items() if value)
        words = (*self.arguments.words, *flags)
        return Recorded(recording, self.target, words, how, recorder.candidate.notes)


def _is_convolution(candidate: Candidate) -> bool:
    """Whether it is worth trying to call it as a convolution's backward."""
    name = f"{candidate.name} {candidate.forward}".lower()
    if not (looks_backward(candidate.name) or candidate.kind == "class") or candidate.kind == "autograd":
        return False
    if "conv" in candidate.name.lower() or candidate.parameters == ("problem",):
        return True
    if guessing.known(candidate.name):
        return False
    roles = {role for each in candidate.parameters for role in roles_of(each)}
    return "conv" in name or {"stride", "padding"} <= roles or "hparameters" in roles


def _on_a_convolution(
    recorder: Recorder, seconds: float
) -> tuple[tuple[Recording, str], tuple[Call, Problem]] | None:
    """A recording of a convolution's backward on a small problem, and its call; None if it is none."""
    candidate = recorder.candidate
    try:
        call, _, stuck = detect_convention(recorder, budget=DETECTING)
    except CannotCall:
        return None
    if stuck is not None:
        return None
    if call.by_autograd(candidate) or call.with_tensors(candidate):
        said = tr(
            "{name} works on PyTorch's tensors; only functions over NumPy arrays can be stepped",
            name=candidate.name,
        )
        raise CandidateError(said)
    convention, failed = convention_of(call), None
    for case in SHOWN:
        told = fitted(case, convention)
        if convention.cannot_say(told.geometry, candidate):
            continue
        problem = right_of(told).problem
        try:
            return recorder.record((call, problem), seconds), (call, problem)
        except CandidateError as error:
            failed = failed or error
    return None


def _check_tensors(candidate: Candidate, recording: Recording) -> None:
    """Refuse, with a CandidateError, a function that wanted tensors: what it does to them is not seen."""
    ended = recording.ended
    if ended is not None and ended.kind == "raised" and candidate.tensors and "torch" in candidate.source:
        said = tr(
            "{name} works on PyTorch's tensors ({said}); only functions over NumPy arrays can be stepped",
            name=candidate.name,
            said=ended.sentence,
        )
        raise CandidateError(said)
