"""Record somebody's backward of an operator, in the process in which it is called."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.served import Served, Ways
from convstep.candidate.operators.calling import Making, call
from convstep.candidate.operators.came import Came
from convstep.candidate.operators.child import RECORD, as_asked
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.record.child import source_in
from convstep.candidate.record.filling import Filled
from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.marks import Verdicts
from convstep.language import tr
from convstep.oracle import messages
from convstep.recording import transfer
from convstep.recording.limits import Limits
from convstep.recording.recorder import Run, run
from convstep.recording.source import Source


class _Recording(Making):
    """Records the backward's call, and keeps the forward's so that both can be made again."""

    def __init__(self, served: Served, seconds: float) -> None:
        self._served, self._seconds = served, seconds
        self._before: tuple[Called, Called, Any] | None = None
        self.done: Run | None = None
        self.pair: Pair | None = None
        self.sources: tuple[Source | None, Source | None] = (None, None)

    def forward(self, function: Callable[..., Any], given: Filled) -> Any:
        self.sources = source_in(self._served, function), None
        try:
            before = Called.kept(function, *given.places, **given.named)
        except Exception:  # a lock, a generator: it cannot be made again
            return super().forward(function, given)
        made = super().forward(function, given)
        self._before = before, Called(function, given.places, given.named), made
        return made

    def backward(self, function: Callable[..., Any], given: Filled) -> Any:
        if self._before is not None:
            with contextlib.suppress(Exception):
                self.pair = Pair.of(*self._before, Called(function, given.places, given.named))
        source = source_in(self._served, function)
        self.sources = self.sources[0], source
        limits = Limits(seconds=self._seconds)
        self.done = run(function, given.places, given.named, source=source, limits=limits)
        return self.done.result


def recorded(ways: Ways, question: messages.Message) -> dict[str, npt.ArrayLike]:
    """Record an operator's backward on one problem: its log, and what its own forward says of it."""
    asked = json.loads(str(question[RECORD]))
    words, (each,) = Vocabulary.read(asked["words"]), asked["problems"]
    arrays = {name.removeprefix("0."): array for name, array in question.items() if name.startswith("0.")}
    making = _Recording(ways.first, asked["seconds"])
    np.random.seed(0)
    try:
        call(ways.first, as_asked(words, asked, each, arrays), Came(), False, making)
    except BaseException as error:  # whatever somebody's own code raises
        if making.done is None:
            return {"error": f"{type(error).__name__}: {error}"}
    if making.done is None:
        return {"error": tr("it cannot be recorded")}
    from convstep.candidate.verdicts.judging import judge  # calls begin sooner without

    said = Verdicts()
    if making.pair is not None and making.done.log.ended is None:
        with contextlib.suppress(Exception):  # what cannot be judged is not
            said = judge(making.pair, making.sources, None, asked["seconds"])
    facts = json.dumps({"how": "", "verdicts": said.as_plain()})
    return {**messages.prefixed("log", transfer.arrays_of(making.done)), "facts": facts}
