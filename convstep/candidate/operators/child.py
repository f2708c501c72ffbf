"""The process in which somebody's operator is called on many problems: an answer each, in their order."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call import child
from convstep.candidate.call.calling import _listening
from convstep.candidate.call.failure import Unusable, failure
from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.call.returned import plain as plain_array
from convstep.candidate.call.served import Served, Ways
from convstep.candidate.operators.answer import UNSAID
from convstep.candidate.operators.calling import Lacking, Making, call
from convstep.candidate.operators.came import Came
from convstep.candidate.operators.telling import Told, Unsaid
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.record import child as recording
from convstep.candidate.record.filling import Filled
from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.marks import Verdicts
from convstep.language import tr
from convstep.oracle import messages
from convstep.recording import transfer
from convstep.recording.recorder import Run, run
from convstep.recording.registry import Limits
from convstep.recording.source import Source

QUESTION, RECORD = "operator", "operator-record"
"""What a question holds that asks for calls of an operator, or for one that is recorded."""


def answered(ways: Ways, question: messages.Message) -> Iterator[dict[str, npt.ArrayLike]]:
    """Call somebody's operator on each problem of a question.

    Args:
        ways: the function as it is loaded.
        question: the operator's words, how it is called, and problems.
    """
    asked = json.loads(str(question[QUESTION]))
    words = Vocabulary.read(asked["words"])
    for number, each in enumerate(asked["problems"]):
        mark = f"{number}."
        arrays = {name.removeprefix(mark): array for name, array in question.items() if name.startswith(mark)}
        yield _one(ways, words, asked, each, arrays)


def _one(
    ways: Ways, words: Vocabulary, asked: dict[str, Any], each: dict[str, Any], arrays: dict[str, Any]
) -> dict[str, npt.ArrayLike]:
    served, came = ways.first, Came()
    handed, kept = arrays, {name: array.copy() for name, array in arrays.items()}
    if asked["tensors"]:
        from convstep.oracle.pytorch import tensor

        handed = {name: tensor(array) for name, array in arrays.items()}
    told = _told(words, asked, each, handed)
    facts: dict[str, Any] = {"kind": RETURNED, "message": ""}
    np.random.seed(asked.get("seed", 0))
    with _listening():
        try:
            call(served, told, came, asked["tensors"])
        except Unsaid as unsaid:
            facts["kind"] = UNSAID
            facts["message"] = tr("its call has one number for {option}, and they have two", option=unsaid)
        except BaseException as error:
            facts |= failure(error, served.candidate)
            facts["usable"] = not isinstance(error, Unusable)
            facts["lacks"] = isinstance(error, Lacking)
            if hinted := served.hint(error):
                facts["message"] = hinted
    changed = [name for name, before in kept.items() if not _same(before, plain_array(handed[name]))]
    changed += came.changed
    facts |= {"said": sorted(told.said), "changed": changed, "stage": came.stage, "call": came.call}
    facts |= {"names": came.names, "planted": came.planted, "guessed": came.guessed}
    sent = {name: array for name, array in came.arrays.items() if array.dtype.kind in "biuf"}
    return {"facts": json.dumps(facts), **{f"a.{name}": array for name, array in sent.items()}}


def _told(words: Vocabulary, asked: dict[str, Any], each: dict[str, Any], arrays: dict[str, Any]) -> Told:
    """A problem as it was asked."""
    options = {
        name: tuple(value) if isinstance(value, list) else value for name, value in each["options"].items()
    }
    pairs, keys = frozenset(asked["pairs"]), tuple(asked["keys"])
    return Told(
        words, arrays, options, each["sizes"], pairs, asked["mode"], keys, above=asked.get("above", "")
    )


# recording


class _Recording(Making):
    """Records the backward's call, and keeps the forward's so that both can be made again."""

    def __init__(self, served: Served, seconds: float) -> None:
        self._served, self._seconds = served, seconds
        self._before: tuple[Called, Called, Any] | None = None
        self.done: Run | None = None
        self.pair: Pair | None = None
        self.sources: tuple[Source | None, Source | None] = (None, None)

    def forward(self, function: Callable[..., Any], given: Filled) -> Any:
        self.sources = recording.source_in(self._served, function), None
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
        source = recording.source_in(self._served, function)
        self.sources = self.sources[0], source
        limits = Limits(seconds=self._seconds)
        self.done = run(function, given.places, given.named, source=source, limits=limits)
        return self.done.result


def recorded(ways: Ways, question: messages.Message) -> dict[str, npt.ArrayLike]:
    """Record somebody's backward of an operator on one problem: its log, and what its own forward says of it.

    Args:
        ways: the function as it is loaded.
        question: see `answered`.
    """
    asked = json.loads(str(question[RECORD]))
    words, (each,) = Vocabulary.read(asked["words"]), asked["problems"]
    arrays = {name.removeprefix("0."): array for name, array in question.items() if name.startswith("0.")}
    making = _Recording(ways.first, asked["seconds"])
    np.random.seed(0)
    try:
        call(ways.first, _told(words, asked, each, arrays), Came(), False, making)
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


def _same(before: Any, now: Any) -> bool:
    return before.shape == now.shape and bool(np.array_equal(before, now, equal_nan=True))


def main(arguments: Sequence[str]) -> None:
    """Serve a target; see `convstep.candidate.call.child.main`."""
    child.main(
        arguments,
        {
            recording.QUESTION: recording.recorded,
            recording.JUDGE: recording.judged,
            recording.HOLD: recording.held,
            QUESTION: answered,
            RECORD: recorded,
        },
    )
