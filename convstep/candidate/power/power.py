"""Power: which known mistakes a person's own gradient test sees, and what would show it the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convstep.brief import brief, told
from convstep.candidate.check.wording import patch_lines, wrapped
from convstep.candidate.power.suspects import Suspect, problem_words, untold
from convstep.frozen import frozen
from convstep.language import tr
from convstep.operators.operator import Operator, OperatorProblem
from convstep.printable import printable, printable_lines

SEEN, MISSED, UNTRIED = "seen", "missed", "untried"
"""A test fails on the mistake; it passes; the run did not end."""


@frozen(eq=False)
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


@frozen(eq=False)
class Power:
    """What a test can see."""

    test: str
    """The test, as it was named."""
    target: str
    operator: Operator
    rows: tuple[Row, ...]
    """Every known mistake, in each way of making it."""
    problems: tuple[str, ...]
    """What the test asks, a few words each."""
    would_see: tuple[OperatorProblem, ...]
    """A few problems that would show all that is missed because it is not asked."""
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
        """The ways of making a mistake, by its id, that would pass."""
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
        return report(self)

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
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


FEW = 4
"""Problems of the test that are told."""


def report(power: Power) -> str:
    """All that a person wants to read."""
    lines = [*wrapped(power.headline + "."), *_asked(power)]
    for id in power.missed:
        lines += ["", *_missed(power, id)]
    if power.would_see:
        lines += ["", *_would_see(power)]
    return printable_lines("\n".join([*lines, "", *_rest(power)]))


def _asked(power: Power) -> list[str]:
    more = "; …" if len(power.problems) > FEW else ""
    return wrapped(tr("it asks: {problems}", problems="; ".join(power.problems[:FEW]) + more))


def _missed(power: Power, id: str) -> Iterator[str]:
    """A mistake that passes, in the shortest of its ways, and where it would show."""
    ways = power.missed_ways(id)
    first = min(ways, key=lambda row: (not row.spoiled, len(row.suspect.wrong)))
    yield from wrapped(f"{id}: {tr(first.suspect.title)}", "  ")
    yield from patch_lines(first.suspect.wrong, first.suspect.right)
    yield from wrapped(_where(power.operator, first), "    ")
    if len(ways) > 1:
        yield from wrapped(
            tr(
                "another way of making it would pass, too"
                if len(ways) == 2
                else "{count} other ways of making it would pass, too",
                count=len(ways) - 1,
            ),
            "    ",
        )


def _where(operator: Operator, row: Row) -> str:
    """Where a mistake shows: in the test itself, which does not look, or at another problem."""
    if row.spoiled:
        names = ", ".join(row.spoiled)
        return tr(
            "{names} comes out wrong in this very test, and it passes: it does not compare that, or its "
            "shape, or not closely"
            if len(row.spoiled) == 1
            else "{names} come out wrong in this very test, and it passes: it does not compare them, or "
            "their shapes, or not closely",
            names=names,
        )
    problem = row.smallest
    assert problem is not None
    return tr("shows at {problem}", problem=_told(operator, problem))


def _told(operator: Operator, problem: OperatorProblem) -> str:
    """A problem, and what is special about it."""
    words = problem_words(operator, problem)
    return f"{words} ({tr(problem.about)})" if problem.about else words


def _would_see(power: Power) -> Iterator[str]:
    yield from wrapped(
        tr(
            "one more problem to ask:" if len(power.would_see) == 1 else "{count} more problems to ask:",
            count=len(power.would_see),
        )
    )
    for one in power.would_see:
        yield from wrapped(_told(power.operator, one), "  ")


def _rest(power: Power) -> Iterator[str]:
    """What is seen, and what is not known."""
    unread = tr("not known, because {count} calls could not be read:", count=power.unread)
    for heading, names in (
        (tr("it sees:"), power.seen),
        (tr("shown by no problem that the function takes:"), power.never),
        (unread if power.unread else tr("not known, because the run did not end:"), power.untried),
        (tr("not found in what it returns, so nothing is said of it:"), power.unplaced),
        (tr("not tried, because the gradients stay the same:"), untold(power.operator)),
    ):
        if names:
            yield from wrapped(f"{heading} {', '.join(names)}")
    if power.script:
        yield from wrapped(
            tr("it holds no tests and was run as a script: what it prints is not looked at, only how it ends")
        )
    if power.asks_check:
        yield from wrapped(
            tr("that it asks convstep to check does not count here; check sees all of these mistakes")
        )
