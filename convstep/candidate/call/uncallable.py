"""CannotCall: no way was found to call a candidate. That is no verdict on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convstep.brief import brief
from convstep.candidate.call.outcome import Candidate, Outcome
from convstep.candidate.load.target import CandidateError


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way of calling that was tried."""

    how: str
    """What was called with what, as its author would write it."""
    message: str
    """What came of it: the exception, or what is wrong with the result."""
    line: int = 0
    """The candidate's line that raised; 0 if unknown."""
    line_text: str = ""
    """That line."""
    place: str = ""
    """The same line for a sentence: "line 5" or "cell 3, line 5"; "" if unknown."""

    __repr__ = brief

    @classmethod
    def of(cls, how: str, outcome: Outcome, message: str = "") -> Attempt:
        """What came of a call.

        Args:
            how: the call.
            outcome: what it came to.
            message: what is wrong with what came back.
        """
        return cls(how, outcome.message or message, outcome.line, outcome.line_text, outcome.place)


class CannotCall(CandidateError):
    """One sentence: why it cannot be called and what to do; and what was tried."""

    def __init__(self, sentence: str, candidate: Candidate, tried: Sequence[Attempt] = ()) -> None:
        """Args: the sentence, who cannot be called, and what was tried, the likeliest first."""
        super().__init__(sentence)
        self.candidate = candidate
        self.tried = tuple(tried)

    def __repr__(self) -> str:
        """The sentence, and how many ways of calling were tried."""
        return f"{super().__repr__()[:-1]}, tried={len(self.tried)})"
