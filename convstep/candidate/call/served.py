"""Served: a candidate that is loaded, in its own process, and how it is loaded again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convstep.candidate.call.calling import Call
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.load.document import Part
from convstep.candidate.load.placeholders import Placeholder


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
