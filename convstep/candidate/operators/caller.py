"""Caller: somebody's operator in a process of its own, called on many problems at a time."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from convstep.candidate.call import protocol
from convstep.candidate.call.failure import died_at
from convstep.candidate.call.opening import open_worker
from convstep.candidate.call.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED
from convstep.candidate.call.processes import AskedSpawned
from convstep.candidate.call.worker import nonsense
from convstep.candidate.load.target import CandidateError
from convstep.candidate.operators import child, recorded
from convstep.candidate.operators.answer import UNSAID
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.record.recorder import Posed, Recorder, _Forked
from convstep.candidate.verdicts.marks import Verdicts
from convstep.frozen import frozen
from convstep.language import tr
from convstep.operators.operator import Array
from convstep.oracle import messages
from convstep.oracle.conversation import Ended, Silent
from convstep.printable import SENTENCE, printable
from convstep.recording.recording import Recording

RECORDING = 5.0
"""Seconds that a call may take while it is recorded."""
ROOM = 256 << 20
"""Bytes that the answers to one question may have."""
KINDS = (RETURNED, REFUSED, RAISED, HUNG, DIED, UNSAID)


@frozen(eq=False)
class Handed:
    """One problem as it is handed over."""

    arrays: Mapping[str, Array]
    """By the operator's names, laid as they have them: inputs, outputs, gradients from above."""
    options: Mapping[str, Any]
    """By name."""
    sizes: Mapping[str, int]
    """By axis letter and role; see `telling.Told`."""


@frozen(eq=False)
class Raw:
    """What one call brought, as it came."""

    kind: str
    """See `Answer.kind`."""
    arrays: Mapping[str, Array] = field(default_factory=dict)
    """By where they were found; see `calling.Came`."""
    names: Mapping[str, str] = field(default_factory=dict)
    """By the same, what their author calls them."""
    planted: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By array, the shape in which a layer holds it."""
    said: tuple[str, ...] = ()
    """Which of the operator's arrays and options it was told."""
    changed: tuple[str, ...] = ()
    """Which of the caller's arrays were changed."""
    message: str = ""
    """Why there is no result."""
    stage: str = ""
    """How far it came: make, plant, forward, backward."""
    usable: bool = True
    """Whether it was called at all: False where no value was known for a parameter."""
    lacks: bool = False
    """Whether no value was known for a parameter, however arrays lie."""
    guessed: bool = False
    """Whether its backward was given more than the gradient from above and what its own forward kept."""
    call: str = ""
    """How it was called."""
    place: Mapping[str, Any] = field(default_factory=dict)
    """line, line_text, file, cell."""


class _AskedForked(_Forked):
    others = {  # noqa: RUF012  # it is looked at only
        **_Forked.others,
        child.QUESTION: child.answered,
        protocol.RECORD: recorded.recorded,
        protocol.JUDGE: recorded.judged,
    }


class Caller(Recorder):
    """Calls and records a function in its process, as a convolution's backward or as any operator's."""

    Spawned = AskedSpawned
    Forked = _AskedForked

    def ask(
        self,
        words: Vocabulary,
        problems: Sequence[Handed],
        *,
        pairs: frozenset[str] = frozenset(),
        tensors: bool = False,
        mode: str = "",
        above: str = "",
        seed: int = 0,
    ) -> list[Raw]:
        """Call it on problems; one that hangs or dies costs itself alone.

        `pairs` as in `telling.Told`, `above` as in `ways.Way`; a parameter `mode` is given that. NumPy's
        random numbers begin at `seed` before each problem.
        """
        asked = {**self._asked_of(words, pairs, tensors, mode), "above": above, "seed": seed}
        found: list[Raw] = []
        with self._one_call:
            while len(found) < len(problems):
                came = self._some(asked, problems[len(found) : len(found) + _at_once(problems[len(found) :])])
                found += came
                if sum(raw.kind in (HUNG, DIED) for raw in found) > 1:
                    break
        return found

    def pose(
        self, words: Vocabulary, problem: Handed, pairs: frozenset[str] = frozenset(), mode: str = ""
    ) -> Posed:
        """A problem to be recorded, as `ask` asks it."""
        question = _question(self._asked_of(words, pairs, False, mode), [problem])
        return Posed(json.loads(question.pop(child.QUESTION)), question)

    def record_operator(self, posed: Posed, seconds: float = RECORDING) -> tuple[Recording, Verdicts]:
        """Record its backward on a problem; with what its own forward says of it, if it has one.

        The call may take so many seconds, and as long again what is said of it. A `CandidateError` says in
        one sentence that it cannot be called like that, or that its process ended.
        """
        return self.record(posed, seconds)[0], self.judge(posed, seconds)[0]

    def _asked_of(self, words: Vocabulary, pairs: frozenset[str], tensors: bool, mode: str) -> dict[str, Any]:
        """How it is called, as the child reads it."""
        keys = list(dict.fromkeys(re.findall(r"[\"']([A-Za-z_]\w*)[\"']", self.text)))
        told = {"pairs": sorted(pairs), "tensors": tensors, "mode": mode, "words": words.as_plain()}
        return {**told, "keys": keys}

    @functools.cached_property
    def text(self) -> str:
        """The author's file, or as much of it as is known."""
        if self.candidate.file.endswith(".py"):
            with (
                contextlib.suppress(OSError),
                open(self.candidate.file, encoding="utf-8", errors="replace") as file,
            ):
                return file.read(1 << 20)
        return self.candidate.source

    def _some(self, asked: Mapping[str, Any], problems: Sequence[Handed]) -> list[Raw]:
        """The answers up to the first that hangs or dies."""
        if self._process is None:
            try:
                self._begin()
            except CandidateError as error:
                return [Raw(DIED, message=str(error))]
        talk, found = self._conversation, list[Raw]()
        assert talk is not None
        try:
            talk.ask(_question(asked, problems), ROOM)
            seconds = self.seconds + self._seconds_of_torch(bool(asked["tensors"]))
            for _ in problems:
                found.append(_read(talk.hear(seconds)))
                seconds = self.seconds
        except Silent as silent:
            self._end()
            said = tr("it did not return within {seconds:g} s", seconds=silent.seconds)
            found.append(Raw(HUNG, message=said))
        except Ended:
            how, places = self._death()
            found.append(Raw(DIED, message=how, place=died_at(places, self.candidate)))
        except messages.Malformed:
            self._end()
            found.append(Raw(DIED, message=nonsense()))
        except BaseException:
            self._end()
            raise
        return found


def _at_once(problems: Sequence[Handed]) -> int:
    """How many of the problems a message has room for, by their arrays; one at least."""
    whole = itertools.accumulate(len(one.arrays) for one in problems)
    return max(1, sum(count < messages.NAMES for count in whole))


def _question(asked: Mapping[str, Any], problems: Sequence[Handed]) -> dict[str, Any]:
    each = [{"options": dict(one.options), "sizes": dict(one.sizes)} for one in problems]
    arrays = {f"{at}.{name}": array for at, one in enumerate(problems) for name, array in one.arrays.items()}
    return {child.QUESTION: json.dumps({**asked, "problems": each}, default=_plain), **arrays}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else list(value)


def _read(said: messages.Message) -> Raw:
    with messages.strictly():
        facts = messages.checked(json.loads(messages.text(said, "facts")), dict)
        messages.require(facts["kind"] in KINDS)
        arrays = {name.removeprefix("a."): array for name, array in said.items() if name != "facts"}
        messages.require(all(array.dtype.kind in "biuf" for array in arrays.values()))
        place = {
            "line": messages.checked(facts.get("line", 0), int),
            "line_text": printable(messages.checked(facts.get("line_text", ""), str), SENTENCE),
            "file": messages.checked(facts.get("file", ""), str),
            "cell": messages.checked(facts.get("cell", 0), int),
        }
        return Raw(
            facts["kind"],
            arrays,
            {str(where): printable(str(name), SENTENCE) for where, name in facts["names"].items()},
            {str(name): tuple(int(n) for n in shape) for name, shape in facts["planted"].items()},
            tuple(map(str, facts["said"])),
            tuple(map(str, facts["changed"])),
            printable(messages.checked(facts["message"], str), SENTENCE),
            str(facts["stage"]),
            bool(facts.get("usable", True)),
            bool(facts.get("lacks", False)),
            bool(facts.get("guessed", False)),
            printable(messages.checked(facts["call"], str), SENTENCE),
            place,
        )


def open_caller(
    candidate: Callable[..., Any] | str,
    options: dict[str, Any] | None = None,
    timeout: float | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Caller:
    """The candidate in a process of its own, that calls it as any operator; see `open_worker`."""
    return open_worker(  # type: ignore[return-value]
        candidate, options, timeout, meanwhile, spawned=AskedSpawned, kind=lambda: Caller
    )
