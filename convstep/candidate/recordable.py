"""Recordable: a function of a file that is recorded, and recorded again whenever its file changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from convstep.candidate.call.call import Call
from convstep.candidate.call.conventions import convention_of
from convstep.candidate.call.outcome import Candidate, CannotCall
from convstep.candidate.call.processes import RecordingSpawned
from convstep.candidate.call.words import roles_of
from convstep.candidate.check.cases import Case, fitted, right_of
from convstep.candidate.check.detect_convention import detect_convention
from convstep.candidate.load.names import looks_backward
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.record import guessing
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.child import Wish
from convstep.candidate.record.recorder import NO_WISH, SECONDS, Posed, Recorded, Recorder, What
from convstep.candidate.record.watching import WatchedFile
from convstep.candidate.verdicts.marks import Verdicts, digest
from convstep.conv.problem import Problem
from convstep.language import tr
from convstep.recording.recorder import Edited
from convstep.recording.recording import Recording

DETECTING = 8.0
"""Seconds for finding out how a convolution's backward is called."""
SHOWN = (
    *(Case((5, 6), (3, 3), (2, 2), ((1, 1), (1, 1)), 2, 2, batch) for batch in (1, None)),
    *(Case((4, 5), (3, 3), channels=2, filters=2, batch=batch) for batch in (1, None)),
    Case((4, 5), (3, 3), channels=1, filters=1, batch=1),
)
"""The convolutions that a backward is stepped on: the first that its call can say."""


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
        started, kind = None, self._kind if self.edited else Recorder
        with contextlib.suppress(OSError):  # the recorder tries again, and says what is wrong
            started = self._running = kind.Spawned(self._parsed, self._loading)
        if meanwhile is not None:
            meanwhile()
        if self._closed:
            self.close()
        with kind.of_target(self._parsed, self._loading, self._timeout, started) as recorder:
            self._begin(recorder)
            try:
                return self._recorded(recorder)
            except CandidateError:
                # what hangs or dies would do so again, in each way of calling it
                if self.arguments != Arguments() or self.edited or not recorder.runs:
                    raise
                recorded = self._posed(recorder.candidate)
                if recorded is None:
                    raise
                return recorded

    def _begin(self, recorder: Recorder) -> None:
        self._running = recorder
        if self._closed:
            self.close()

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
        with self._kind.of_target(self._parsed, self._loading, self._timeout) as judging:
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
        found = None
        if self.edited:
            recording, how = recorder.record(self._what, self._seconds, self._wish)
            return Recorded(recording, self.target, (), how, recorder.candidate.notes)
        if self.arguments == Arguments() and _is_convolution(recorder.candidate):
            found = _on_a_convolution(recorder, self._seconds)
        what: What = self.arguments if found is None else found[1]
        return self._first_of(recorder, what, found and found[0])

    def _posed(self, candidate: Candidate) -> Recorded | None:
        """It, recorded as `check` calls the operator that its name says; None if it can't be called so."""
        from convstep.candidate.operators.caller import Caller
        from convstep.candidate.operators.posing import posed
        from convstep.candidate.operators.ways import likely

        if not likely(candidate):
            return None
        with Caller.of_target(self._parsed, self._loading, self._timeout) as caller:
            self._begin(caller)
            for what in posed(caller):
                with contextlib.suppress(CandidateError):
                    return self._first_of(caller, what)
        return None

    def _first_of(
        self, recorder: Recorder, what: What, found: tuple[Recording, str] | None = None
    ) -> Recorded:
        """A call recorded, unless it is already, which is what `judge` and `with_numbers` are about then."""
        recording, how = found or recorder.record(what, self._seconds)
        self._what, self._first, self._guess = what, recording, recorder.guess
        _check_tensors(recorder.candidate, recording)
        flags = (f"--{name.replace('_', '-')}" for name, value in self._options.items() if value)
        words = (*self.arguments.words, *flags)
        return Recorded(recording, self.target, words, how, recorder.candidate.notes)

    @property
    def _kind(self) -> type[Recorder]:
        """What records the call that was recorded last."""
        if not isinstance(self._what, Posed):
            return Recorder
        from convstep.candidate.operators.caller import Caller  # most functions need none

        return Caller

    @property
    def _seconds(self) -> float:
        return SECONDS if self._timeout is None else self._timeout


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
