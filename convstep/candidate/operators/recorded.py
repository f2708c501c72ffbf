"""Record somebody's backward of an operator, in the process in which it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.calling import Reached
from convstep.candidate.call.served import Served, Ways
from convstep.candidate.load.target import CandidateError
from convstep.candidate.operators.calling import Making, call
from convstep.candidate.operators.came import Came
from convstep.candidate.operators.child import as_asked
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.record import child
from convstep.candidate.record.filling import Filled
from convstep.candidate.record.subject import Ready, failed_words
from convstep.candidate.verdicts.calls import Called
from convstep.language import tr
from convstep.oracle import messages


class _Readying(Making):
    """Stops where the backward would be called, and keeps the forward's call so that it can be made again."""

    def __init__(self) -> None:
        self.before: tuple[Called, Called, Any] | None = None
        self.function: Callable[..., Any] | None = None

    def forward(self, function: Callable[..., Any], given: Filled) -> Any:
        self.function = function
        try:
            before = Called.kept(function, *given.places, **given.named)
        except Exception:  # a lock, a generator: it cannot be made again
            return super().forward(function, given)
        made = super().forward(function, given)
        self.before = before, Called(function, given.places, given.named), made
        return made

    def backward(self, function: Callable[..., Any], given: Filled) -> Any:
        raise Reached(function, tuple(given.places), dict(given.named))


def recorded(ways: Ways, question: messages.Message) -> dict[str, npt.ArrayLike]:
    """See `record.child.recorded`; also of an operator's backward on a problem."""
    return child.recorded(ways, question, _ready)


def judged(ways: Ways, question: messages.Message) -> dict[str, npt.ArrayLike]:
    """See `record.child.judged`; also of an operator's backward on a problem."""
    return child.judged(ways, question, _ready)


def _ready(ways: Ways, asked: Mapping[str, Any], question: messages.Message) -> tuple[Served, Ready]:
    if "operator" not in asked:
        return child.on_convolution(ways, asked, question)
    served, told = ways.first, dict(asked["operator"])
    (each,) = told["problems"]
    # copies, which it may change
    arrays = {name[2:]: np.array(array) for name, array in question.items() if name.startswith("0.")}
    making = _Readying()
    np.random.seed(0)
    try:
        call(served, as_asked(Vocabulary.read(told["words"]), told, each, arrays), Came(), False, making)
    except Reached as found:
        how = tr("on a small problem, as check calls it")
        ready = Ready(found.function, found.places, found.named, how)
        ready.forward, ready.before = making.function, making.before
        return served, ready
    except Exception as error:
        said = tr("what comes before its backward fails")
        raise CandidateError(failed_words(served, error, said)) from error
    raise CandidateError(tr("it cannot be recorded"))
