"""Finding: one thing that is wrong with somebody's backward of an operator, in words and with its lines."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from convstep.brief import COLUMNS, told
from convstep.candidate.check.wording import PROVEN
from convstep.language import tr
from convstep.operators.mistake import Mistake, Variant
from convstep.printable import printable


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One thing that is wrong."""

    id: str
    """A mistake's id, or what there is to see: "wrong-shape", "raises", "unknown"."""
    strength: str
    """PROVEN, LIKELY or SEEN (see `check.wording`)."""
    message: str
    """What is wrong, in one or two sentences."""
    gradients: tuple[str, ...] = ()
    """Where it shows."""
    mistake: Mistake | None = None
    """The operator's mistake, if it is one: its explanation."""
    variant: Variant | None = None
    """The way of making it that gives these numbers: its lines."""
    alternative: bool = False
    """Whether an earlier finding explains the same numbers."""

    def __repr__(self) -> str:
        """Its name, how sure it is, and what it says."""
        said = textwrap.wrap(printable(self.message), COLUMNS - 2)
        return told(f"Finding({self.id!r}, {self.strength!r}, gradients={self.gradients})", *said)

    @property
    def proven(self) -> bool:
        """Whether it was reproduced in numbers, or watched happening."""
        return self.strength == PROVEN

    @property
    def title(self) -> str:
        """What the mistake is called; "" if it is none of the operator's."""
        return "" if self.mistake is None else tr(self.mistake.title)

    @property
    def lines(self) -> tuple[str, str]:
        """The wrong lines and the right ones; "" where there are none to show."""
        return ("", "") if self.variant is None else (self.variant.wrong, self.variant.right)

    @property
    def explanation(self) -> str:
        """What happens, why, and what to write instead; "" if it is no mistake of the operator's."""
        return "" if self.mistake is None else tr(self.mistake.explanation)


def called(mistake: Mistake, *labels: str) -> str:
    """What a mistake is called, with what sets its variants apart."""
    said, title = tr(", ").join(tr(label) for label in labels if label), tr(mistake.title)
    return tr("{title} ({variant})", title=title, variant=said) if said else title
