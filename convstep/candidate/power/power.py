"""Power: which known mistakes a person's own gradient test sees, and what would show it the others."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.power.server import BROKEN, FAILED, NONE, OUT_OF_TIME, PASSED
from convstep.candidate.power.suspects import Suspect, suspects
from convstep.candidate.power.words import problem_words
from convstep.language import spoken, tr
from convstep.operators.operator import Operator, OperatorProblem
from convstep.oracle import messages, watched
from convstep.oracle.conversation import Conversation, Ended, Silent
from convstep.printable import SENTENCE, printable

SEEN, MISSED, UNTRIED = "seen", "missed", "untried"
"""A test fails on the mistake; it passes; the mistake could not be put in, or the run did not end."""
FIRST = 300.0
"""Seconds that the test itself may take."""
SLOWER = 5.0
"""How many times as long it may take on a mistake, and so many seconds more."""
WIDTH = 100
TELLING = 40
"""Problems among which those are looked for that would show a mistake."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One way of making a mistake, and whether the test sees it."""

    suspect: Suspect
    """What is done wrong."""
    outcome: str
    """SEEN, MISSED or UNTRIED."""
    by: str = ""
    """The test that fails; "" for a script."""
    shown: bool = True
    """Whether anything the test has asked comes out otherwise with it."""
    smallest: OperatorProblem | None = None
    """Of one that is missed: the smallest problem known here on which it shows."""

    __repr__ = brief


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
    """A few problems that would show all that is missed, as far as one can be found."""
    script: bool = False
    """Whether it holds no tests, and was run as a program."""

    __repr__ = brief

    @property
    def ok(self) -> bool:
        """Whether no mistake is missed that some problem of the target shows."""
        return not self.missed

    def _of(self, outcome: str) -> list[Row]:
        return [row for row in self.rows if row.outcome == outcome]

    def missed_ways(self, id: str) -> list[Row]:
        """The ways of making a mistake that would pass, and that some problem shows.

        Args:
            id: the mistake's.
        """
        return [row for row in self._of(MISSED) if row.suspect.id == id and row.smallest is not None]

    @property
    def missed(self) -> tuple[str, ...]:
        """The ids of the mistakes that would pass in some way, each once."""
        return tuple(dict.fromkeys(row.suspect.id for row in self._of(MISSED) if row.smallest is not None))

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        hidden = {row.suspect.id for row in self.rows if row.outcome == SEEN} | {*self.missed}
        return tr(
            "{test} sees the known mistakes of {operator}, {count} of them"
            if self.ok
            else "{test} would pass with {missed} of {count} known mistakes of {operator}",
            test=printable(self.test),
            missed=len(self.missed),
            count=len(hidden),
            operator=tr(self.operator.title),
        )

    def __str__(self) -> str:
        """All of it, for a person."""
        return "\n".join(_report(self))

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
                    "smallest": None
                    if row.smallest is None
                    else {"about": row.smallest.about, "problem": problem_words(self.operator, row.smallest)},
                }
                for row in self.rows
            ],
            "would_see": [problem_words(self.operator, one) for one in self.would_see],
        }


def power_of(
    test: str,
    target: str,
    operator: Operator,
    *,
    asked: Sequence[OperatorProblem] | None = None,
    jobs: int = 2,
    timeout: float = FIRST,
    progress: Progress | None = None,
) -> Power:
    """Run a person's test on each known mistake of what it tests.

    The test and the target run in processes that end with this one.

    Args:
        test: a pytest file, also `file.py::test`, or a script that ends well if the gradients are right.
        target: `path.py:function` or `path.py:Class.backward`; it is right, as far as `check` knows.
        operator: which operator that is.
        asked: problems that the target takes, among which those are looked for that would show a mistake; by
            default any that the operator has.
        jobs: how many mistakes are tried at a time.
        timeout: seconds that the test may take.
        progress: called with how many mistakes are done, and of how many.

    Raises:
        CandidateError: the test cannot be run, fails as it is, or never calls the target.
    """
    parsed = Target.parse(target)
    file, _, _ = test.partition("::")
    if not os.path.isfile(file):
        raise CandidateError(
            tr("{file} is not a file; name the file that your test is in", file=printable(file))
        )
    if parsed.path is None or not parsed.path.endswith(".py") or not parsed.name:
        raise CandidateError(
            tr(
                "{target} is not a function of a Python file, like layers.py:relu_backward",
                target=printable(target),
            )
        )
    command = watched.command(
        "convstep.candidate.power.server",
        os.path.abspath(file) + test[len(file) :],
        os.path.abspath(parsed.path),
        parsed.name,
        operator.name,
        spoken(),
    )
    listed = suspects(operator)
    with contextlib.ExitStack() as ending:
        talks = [ending.enter_context(_server(command))]
        started = time.monotonic()
        plain = _asked(talks[0], -1, timeout)
        _check_plain(plain, test, target, operator)
        seconds = SLOWER * (time.monotonic() - started) + SLOWER
        marks = [str(mark) for mark in plain.get("same", ())] or [
            str(number) for number in range(len(listed))
        ]
        alike = {mark: number for number, mark in reversed([*enumerate(marks)]) if mark}
        talks += [ending.enter_context(_server(command)) for _ in range(min(jobs, len(alike)) - 1)]
        runs = _all_asked(talks, sorted(alike.values()), seconds, progress)
    blind = {"code": PASSED, "shown": 0}
    rows = [
        _row(suspect, runs[alike[mark]] if mark else blind)
        for suspect, mark in zip(listed, marks, strict=True)
    ]
    problems = telling(operator) if asked is None else list(asked)
    shows = {row.suspect: _shown_on(operator, row.suspect, problems) for row in rows if row.outcome == MISSED}
    told = [
        Row(row.suspect, row.outcome, row.by, row.shown, next(iter(shows.get(row.suspect, ())), None))
        for row in rows
    ]
    said = tuple(printable(str(one)) for one in plain.get("problems", ()))
    return Power(
        test, target, operator, tuple(told), said, _few([*shows.values()]), bool(plain.get("script"))
    )


@contextlib.contextmanager
def _server(command: Sequence[str]) -> Iterator[Conversation]:
    """A process in which the test runs, as long as it is needed."""
    process = subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    talk = Conversation(process.stdin, process.stdout)
    try:
        yield talk
    finally:
        talk.close()
        watched.end(process)


def _all_asked(
    talks: Sequence[Conversation], numbers: Sequence[int], seconds: float, progress: Progress | None
) -> dict[int, dict[str, Any]]:
    """What becomes of the test with each of these mistakes, several at a time."""
    left, runs, free = iter(numbers), dict[int, dict[str, Any]](), SimpleQueue[Conversation]()
    for talk in talks:
        free.put(talk)

    def ask(number: int) -> tuple[int, dict[str, Any]]:
        talk = free.get()
        try:
            return number, _asked(talk, number, seconds)
        finally:
            free.put(talk)

    with ThreadPoolExecutor(len(talks)) as pool:
        for done, (number, run) in enumerate(pool.map(ask, left), 1):
            runs[number] = run
            if progress is not None:
                progress(done, len(numbers))
    return runs


def _asked(talk: Conversation, number: int, seconds: float) -> dict[str, Any]:
    talk.ask({"suspect": number, "seconds": seconds})
    try:
        said: dict[str, Any] = json.loads(messages.text(talk.hear(seconds + FIRST), "run"))
    except (Silent, Ended, messages.Malformed, ValueError):
        raise CandidateError(tr("the process that runs the test has ended")) from None
    return said


def _check_plain(plain: Mapping[str, Any], test: str, target: str, operator: Operator) -> None:
    """Refuse a test that says nothing as it is."""
    test, target, why = printable(test), printable(target), printable(str(plain.get("message", "")), SENTENCE)
    if plain["code"] == OUT_OF_TIME:
        raise CandidateError(tr("{test} does not end in time; give it more with --timeout", test=test))
    if plain["code"] == FAILED:
        raise CandidateError(
            tr(
                "{test} fails as it is: {why}; its power is known only where it passes",
                test=test,
                why=why or printable(str(plain.get("failed", ""))),
            )
        )
    if plain["code"] not in (PASSED, NONE):
        raise CandidateError(tr("{test} cannot be run: {why}", test=test, why=why or tr("its process ended")))
    if not plain["calls"]:
        raise CandidateError(tr("{test} never calls {target}", test=test, target=target))
    if not plain["read"]:
        raise CandidateError(
            tr(
                "no call of {target} in {test} can be read as {operator}, so that no mistake can be put in",
                test=test,
                target=target,
                operator=tr(operator.title),
            )
        )


def _row(suspect: Suspect, run: Mapping[str, Any]) -> Row:
    code, by = run["code"], printable(str(run.get("failed", "")))
    if code == PASSED:
        return Row(suspect, MISSED, shown=bool(run["shown"]))
    if code in (FAILED, NONE, BROKEN) and run.get("calls"):
        return Row(suspect, SEEN, by)
    return Row(suspect, UNTRIED)


def telling(operator: Operator) -> list[OperatorProblem]:
    """Problems that tell mistakes apart, the smallest first, each said in words."""
    found = itertools.islice(operator.problems(np.random.default_rng(0)), TELLING)
    told = [one for one in found if one.about]
    return sorted(
        told, key=lambda one: sum(array.size for array in (*one.arrays.values(), *one.upstream.values()))
    )


def _shown_on(
    operator: Operator, suspect: Suspect, problems: Sequence[OperatorProblem]
) -> list[OperatorProblem]:
    """The problems on which a mistake shows."""
    return [one for one in problems if _shows(operator, suspect, one)]


def _shows(operator: Operator, suspect: Suspect, problem: OperatorProblem) -> bool:
    right = operator.right(problem)
    try:
        with np.errstate(all="ignore"):
            wrong = suspect.gradients(problem)
    except Exception:  # what a person would see there
        return True
    return any(
        one.shape != right[name].shape or not np.allclose(one, right[name], rtol=1e-6, atol=1e-9)
        for name, one in wrong.items()
    )


def _few(shows: Sequence[Sequence[OperatorProblem]]) -> tuple[OperatorProblem, ...]:
    """A few problems of which each mistake shows on one: always the one that shows most of the rest."""
    left, chosen = [one for one in shows if one], []
    while left:
        every = {id(problem): problem for one in left for problem in one}
        best = max(
            every.values(), key=lambda problem: sum(any(problem is each for each in one) for one in left)
        )
        chosen.append(best)
        left = [one for one in left if all(problem is not best for problem in one)]
    return tuple(chosen)


# for a person


def _report(power: Power) -> Iterator[str]:
    yield power.headline
    operator = power.operator
    if power.problems:
        shown = "; ".join(power.problems[:4]) + ("; …" if len(power.problems) > 4 else "")
        yield from _wrapped(tr("it asks: {problems}", problems=shown), "  ")
    for id in power.missed:
        ways = power.missed_ways(id)
        first = min(ways, key=lambda row: len(row.suspect.wrong))
        yield ""
        yield from _wrapped(f"{id}: {tr(first.suspect.title)}", "  ")
        for word, code in (("wrong", first.suspect.wrong), ("right", first.suspect.right)):
            yield from textwrap.indent(code, " " * 11).replace(" " * 11, f"    {word}  ", 1).splitlines()
        assert first.smallest is not None
        about, said = tr(first.smallest.about), problem_words(operator, first.smallest)
        yield from _wrapped(tr("shows where {about}: {problem}", about=about, problem=said), "    ")
        if len(ways) > 1:
            yield from _wrapped(tr("and {count} more ways of making it", count=len(ways) - 1), "    ")
    if power.would_see:
        yield ""
        yield from _wrapped(
            tr(
                "one more problem would show it:"
                if len(power.would_see) == 1
                else "{count} more problems would show them:",
                count=len(power.would_see),
            )
        )
        for one in power.would_see:
            yield from _wrapped(f"{problem_words(operator, one)}  ({tr(one.about)})", "  ")
    seen = dict.fromkeys(
        row.suspect.id for row in power.rows if row.outcome == SEEN and row.suspect.id not in power.missed
    )
    if seen:
        yield ""
        yield from _wrapped(tr("it sees: {ids}", ids=", ".join(seen)))
    never = dict.fromkeys(
        row.suspect.id
        for row in power.rows
        if row.outcome == MISSED and row.suspect.id not in {*seen, *power.missed}
    )
    if never:
        yield from _wrapped(tr("no problem tried here shows: {ids}", ids=", ".join(never)))
    untried = dict.fromkeys(row.suspect.id for row in power.rows if row.outcome == UNTRIED)
    if untried:
        yield from _wrapped(tr("not tried, because the run did not end: {ids}", ids=", ".join(untried)))
    if power.script:
        yield from _wrapped(
            tr("it holds no tests and was run as a script: what it prints is not looked at, only how it ends")
        )


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False
    )
