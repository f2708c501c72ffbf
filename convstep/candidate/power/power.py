"""Power: which known mistakes a person's own gradient test sees, and what would show it the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convstep.brief import brief, told
from convstep.candidate.power.suspects import Suspect
from convstep.candidate.power.words import problem_words
from convstep.language import tr
from convstep.operators.operator import Operator, OperatorProblem
from convstep.printable import printable

SEEN, MISSED, UNTRIED = "seen", "missed", "untried"
"""A test fails on the mistake; it passes; the run did not end."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One way of making a mistake, and whether the test sees it."""

    suspect: Suspect
    """What is done wrong."""
    outcome: str
    """SEEN, MISSED or UNTRIED."""
    by: str = ""
    """The test that fails; "" for a script."""
    spoiled: tuple[str, ...] = ()
    """The gradients that come out otherwise in the test, which passes all the same."""
    smallest: OperatorProblem | None = None
    """Of one that is missed: the smallest problem known here on which it shows."""

    __repr__ = brief

    @property
    def passes(self) -> bool:
        """Whether the test would pass with it, where it makes a difference to the test or to a problem."""
        return self.outcome == MISSED and bool(self.spoiled or self.smallest)


@dataclass(frozen=True, slots=True, eq=False)
class Power:
    """What a test can see."""

    test: str
    """The test, as it was named."""
    target: str
    """What it tests."""
    operator: Operator
    """Which operator that is."""
    rows: tuple[Row, ...]
    """Every known mistake, in each way of making it."""
    problems: tuple[str, ...]
    """What the test asks, a few words each."""
    would_see: tuple[OperatorProblem, ...]
    """A few problems that would show all that is missed because it is not asked."""
    text: Callable[[Power], str]
    """Writes all of it for a person, in several lines."""
    script: bool = False
    """Whether it holds no tests, and was run as a program."""
    asks_check: bool = False
    """Whether it asks `check` or `assert_correct`, which does not count here."""
    unread: int = 0
    """In how many calls it is not known which problem it was, so that no mistake could be made there."""
    unplaced: tuple[str, ...] = ()
    """The gradients that are not in what it returns, so that no mistake could be made in them."""

    @property
    def ok(self) -> bool:
        """Whether it sees a mistake, and misses none that some problem of the target shows."""
        return not self.missed and bool(self.seen)

    def _of(self, outcome: str) -> list[Row]:
        return [row for row in self.rows if row.outcome == outcome]

    def missed_ways(self, id: str) -> list[Row]:
        """The ways of making a mistake that would pass.

        Args:
            id: the mistake's.
        """
        return [row for row in self.rows if row.passes and row.suspect.id == id]

    @property
    def missed(self) -> tuple[str, ...]:
        """The ids of the mistakes that would pass in some way, each once."""
        return tuple(dict.fromkeys(row.suspect.id for row in self.rows if row.passes))

    @property
    def seen(self) -> tuple[str, ...]:
        """The ids of the mistakes that it sees in every way in which they show."""
        ids = dict.fromkeys(row.suspect.id for row in self._of(SEEN))
        return tuple(id for id in ids if id not in self.missed)

    @property
    def untried(self) -> tuple[str, ...]:
        """The ids of those of which nothing is known in some way, and nothing bad in any other."""
        ids = dict.fromkeys(row.suspect.id for row in self._of(UNTRIED))
        return tuple(id for id in ids if id not in self.missed)

    @property
    def never(self) -> tuple[str, ...]:
        """The ids of those that no problem of the target shows."""
        ids = dict.fromkeys(row.suspect.id for row in self._of(MISSED))
        return tuple(id for id in ids if id not in (*self.missed, *self.seen, *self.untried))

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        return tr(
            "{test} sees the known mistakes of {operator}, {count} of them"
            if self.ok
            else "with no known mistake of {operator} is it known what {test} does"
            if not self.missed
            else "{test} would pass with {missed} of {count} known mistakes of {operator}",
            test=printable(self.test),
            missed=len(self.missed),
            count=len({*self.seen, *self.missed}),
            operator=tr(self.operator.title),
        )

    def __str__(self) -> str:
        """All of it, for a person."""
        return self.text(self)

    def __bool__(self) -> bool:
        """The same as `ok`."""
        return self.ok

    def __repr__(self) -> str:
        """The result, and how to see it."""
        return told(f"Power({self.headline})", "print(power) says it all; .rows has every mistake")

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON takes it."""
        return {
            "ok": self.ok,
            "test": self.test,
            "target": self.target,
            "operator": self.operator.name,
            "problems": list(self.problems),
            "mistakes": [
                {
                    "id": row.suspect.id,
                    "way": row.suspect.label,
                    "outcome": row.outcome,
                    "by": row.by,
                    "spoiled": list(row.spoiled),
                    "smallest": None
                    if row.smallest is None
                    else {"about": row.smallest.about, "problem": problem_words(self.operator, row.smallest)},
                }
                for row in self.rows
            ],
            "would_see": [problem_words(self.operator, one) for one in self.would_see],
        }
