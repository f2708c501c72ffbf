"""KnownBug and Variant: what is said of a bug, and the family of mistakes that go by its name."""

from __future__ import annotations

from dataclasses import dataclass, field

from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes

ALL = ("dW", "db", "dA_prev")
"""The gradients, in the article's order."""
WINDOWED = ("dW", "dA_prev")
"""Those that depend on where windows lie."""
BY_ITS_NUMBERS = "its numbers"
"""How most bugs are seen."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One member of a bug's family."""

    gradients: tuple[str, ...]
    """Which gradients this member spoils."""
    mistakes: Mistakes
    """What it does wrong."""
    label: str
    """Which member it is: "along H only", "divided by N"; "" for the plain form."""


@dataclass(frozen=True, slots=True)
class KnownBug:
    """A bug people really make: what it looks like, why it happens, and what it computes."""

    id: str
    """The name that diagnosis reports."""
    title: str
    """A few words: "the stride is ignored"."""
    wrong: str
    """The line as people write it, in the article's names."""
    right: str
    """The line as it should be."""
    explanation: str
    """What happens, why, when it shows, and how to see it."""
    symptom: str
    """One line."""
    sources: tuple[str, ...] = ()
    """Where people met it."""
    variants: tuple[Variant, ...] = field(default=())
    """Its family; empty where numbers of one call cannot show it."""
    seen_by: str = BY_ITS_NUMBERS
    """What to look at to see it."""
