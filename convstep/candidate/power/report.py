"""A power as text: the sentence first, what passes and where it would show, then what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from convstep.candidate.check.wording import patch_lines, wrapped
from convstep.candidate.power.suspects import untold
from convstep.candidate.power.words import problem_words
from convstep.language import tr
from convstep.printable import printable_lines

if TYPE_CHECKING:
    from convstep.candidate.power.power import Power, Row
    from convstep.operators.operator import Operator, OperatorProblem

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
