"""Served: a candidate that is loaded, in its own process, and how it is loaded again where that is needed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convstep.candidate.call.calling import INPUTS, Call, perform
from convstep.candidate.call.outcome import RAISED, Candidate, Outcome
from convstep.candidate.load.document import Part
from convstep.candidate.load.placeholders import Placeholder
from convstep.conv.problem import Problem


@dataclass(slots=True)
class Served:
    """A loaded candidate and what it stands among."""

    function: Callable[..., Any]
    """What to call."""
    namespace: dict[str, Any]
    """Names of its file; the forward is looked up there."""
    candidate: Candidate
    """What is known of it."""
    reload: Callable[[], Served] | None = None
    """Loads it again; None for a function that lives in its process alone."""
    hint: Callable[[BaseException], str | None] = lambda error: None
    """What to do about an exception that comes of how it was loaded."""
    otherwise: Callable[[str], Served | None] = lambda said: None
    """Loads it in the way that an exception suggests (as Python 2, say); None if it suggests nothing."""
    part: Callable[[str], Part | None] = lambda filename: None
    """What a code object's file or cell holds, by what the code object calls it; None if it is not known."""

    def forward(self, call: Call) -> Callable[..., Any] | None:
        """Its own forward, if there is one that a call may need."""
        return None if call.convention == "problem" else found(self.candidate.forward, self.namespace)


def found(name: str, namespace: dict[str, Any]) -> Callable[..., Any] | None:
    """What a dotted name stands for; None if nothing."""
    first, *rest = name.split(".")
    value: Any = namespace.get(first)
    for attribute in rest:
        value = getattr(value, attribute, None)
    return value if callable(value) and not isinstance(value, Placeholder) else None


class Ways:
    """A candidate as it was loaded first, and as it had to be loaded for some calls."""

    TRIES = 3
    """How often a way of calling is tried on a candidate that was loaded otherwise, without success."""

    def __init__(self, served: Served) -> None:
        """Nothing was called yet."""
        self._served = served
        self._others: dict[Call, Served] = {}
        self._tries: dict[Call, int] = {}
        self._loaded: dict[tuple[int, str], Served | None] = {}

    @property
    def first(self) -> Served:
        """As it was loaded first."""
        return self._served

    def used(self, call: Call) -> Served:
        """As it is loaded for a way of calling it."""
        return self._others.get(_key(call), self._served) if self._others else self._served

    def reload(self, call: Call) -> None:
        """Forget what earlier calls left."""
        key = _key(call)
        used = self.used(call)
        if used.reload is None:
            return
        if key in self._others:
            self._others[key] = used.reload()
        else:
            self._served = used.reload()

    def called(self, call: Call, problem: Problem) -> Outcome:
        """Call it; if it fails for how it was loaded, load it differently, and keep that if it helps."""
        key = _key(call)
        given = {name: np.copy(array) for name in INPUTS if (array := getattr(problem, name)) is not None}
        used = self.used(call)
        outcome, said = _called(used, call, problem)
        tried, tries = used, self._tries.get(key, 0) if said and self._tries else 0
        while said and tries < self.TRIES:
            other = self._otherwise(tried, said)
            if other is None:
                break
            found, said = _called(other, call, problem.with_arrays(**given))
            tried = other
            if _helped(outcome, found):
                used, outcome = other, found
                self._others[key] = other
        if tried is not used:
            self._tries[key] = tries + 1
        return replace(outcome, notes=used.candidate.notes) if used.candidate.notes else outcome

    def _otherwise(self, tried: Served, said: str) -> Served | None:
        """Load it as an exception suggests: once for all calls that raise the same."""
        key = id(tried), said
        if key not in self._loaded:
            self._loaded[key] = None
            with contextlib.suppress(Exception, SystemExit):  # loading runs somebody's code
                self._loaded[key] = tried.otherwise(said)
        return self._loaded[key]


def _key(call: Call) -> Call:
    if not (call.integers or call.again or call.after or call.laid):
        return call
    return replace(call, integers=False, again=False, after=False, laid=())


def _helped(before: Outcome, after: Outcome) -> bool:
    """Whether the second call got further than the first."""
    if before.kind == RAISED and after.kind == RAISED:
        return before.message.startswith("NameError") and not after.message.startswith("NameError")
    return (before.kind == RAISED) > (after.kind == RAISED) or bool(before.forward_message) > bool(
        after.forward_message
    )


def _called(served: Served, call: Call, problem: Problem) -> tuple[Outcome, str]:
    """The outcome of a call, and the exceptions raised in it as text."""
    raised: list[str] = []

    def hint(error: BaseException) -> str | None:
        with contextlib.suppress(Exception):  # what cannot be shown says nothing
            raised.append(f"{type(error).__name__}: {error}")
        return served.hint(error)

    outcome = perform(served.function, served.forward(call), served.candidate, call, problem, hint)
    return outcome, "\n".join([*raised, outcome.forward_message])
