"""Finding: one thing that is wrong with somebody's backward of an operator, in words and with its lines."""

from __future__ import annotations

from dataclasses import dataclass

from convstep.candidate.check.wording import AnyFinding
from convstep.operators.mistake import Mistake, Variant


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Finding(AnyFinding):
    """One thing that is wrong."""

    mistake: Mistake | None = None
    """The operator's mistake, if it is one: its explanation."""
    variant: Variant | None = None
    """The way of making it that gives these numbers: its lines."""

    @property
    def known(self) -> Mistake | None:
        """The same as `mistake`."""
        return self.mistake

    @property
    def lines(self) -> tuple[str, str]:
        """The wrong lines and the right ones, without those of other gradients; "" where there are none."""
        return ("", "") if self.variant is None else self.variant.lines(self.gradients)
