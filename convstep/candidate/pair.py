"""A backward of which no operator is known: it is held against its own forward, by central differences."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convstep.candidate.check.wording import (
    SEEN,
    AnyFinding,
    AnyVerdict,
    diagnosis_lines,
    headed,
    listed,
    wrapped,
)
from convstep.candidate.load.target import CandidateError
from convstep.candidate.operators.answer import OWN
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.recorder import Recorder
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Held
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import printable, printable_lines

OPERATOR = "own forward"
"""In the place of an operator's name: nothing is known but what its own forward does."""
DIFFERENT = "not-its-gradient"
"""The id of what is found."""


class Difference(AnyFinding):
    """A result that is not the gradient of its own forward; the message says how that was found out."""

    __slots__ = ()
    variant = None

    @property
    def known(self) -> None:
        """None: it is no known mistake."""
        return None


@dataclass(frozen=True, eq=False, repr=False)
class PairVerdict(AnyVerdict):
    """What is known of a backward and its forward, whatever they compute."""

    target: str
    """What was checked, as it can be named on the command line."""
    name: str
    """What its author calls it."""
    held: Held
    """What its forward says of it."""
    notes: tuple[str, ...]
    """What else was seen, in sentences."""
    flags: tuple[str, ...]
    """What the command line needs besides the target, to call it in the same way."""
    steps: bool
    """Whether the same call is the one that is stepped through."""
    file: str = ""
    """Its file."""
    text: Callable[[PairVerdict], str] = lambda verdict: report(verdict)
    """Writes all of it for a person, in several lines."""

    operator = OPERATOR
    convention = OWN
    failing = None
    first_divergence = None
    path = None
    pattern = ""

    @property
    def ok(self) -> bool:
        """Whether every result is the gradient of the forward."""
        return self.held.agrees

    @property
    def diagnosis(self) -> tuple[Difference, ...]:  # type: ignore[override]
        """The results that differ."""
        return tuple(
            Difference(DIFFERENT, SEEN, one.mark.how, (one.result,))
            for one in self.held.ends
            if one.mark.kind == DIFFERS
        )

    @property
    def place(self) -> tuple[str, int, int] | None:
        """The first line that differs, as `Verdict.place`; None if that is not known."""
        known = self.held.line and not self.held.before and self.file.endswith(".py")
        return (self.file, self.held.line, 0) if known else None

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        wrong = [one for one in self.held.ends if one.mark.kind == DIFFERS]
        facts = {
            "name": self.name,
            "forward": _forward(self.held),
            "gradients": listed([one.result for one in wrong or self.held.ends]),
            "draws": self.held.draws,
            "differing": self.held.differing,
        }
        one = len(wrong or self.held.ends) == 1
        if self.held.engine:
            return tr(
                "{name} is right for its own forwards: {gradients} agrees with central differences on "
                "{draws} draws of numbers"
                if self.ok and one
                else "{name} is right for its own forwards: {gradients} agree with central differences on "
                "{draws} draws of numbers"
                if self.ok
                else "{name} is wrong for its own forwards: {gradients} differs from central differences"
                if one
                else "{name} is wrong for its own forwards: {gradients} differ from central differences",
                **facts,
            )
        if self.held.of_output:
            return tr(
                "{name} is right, given the output of {forward}, not its input: {gradients} agrees with "
                "central differences on {draws} draws of numbers",
                **facts,
            )
        if self.ok and self.held.assumes:
            return tr(
                "{name} is right for its own {forward}, given a gradient of which one number is not 0: "
                "{gradients} agrees with central differences on {draws} draws of numbers"
                if one
                else "{name} is right for its own {forward}, given a gradient of which one number is not 0: "
                "{gradients} agree with central differences on {draws} draws of numbers",
                **facts,
            )
        if self.ok:
            return tr(
                "{name} is right for its own {forward}: {gradients} agrees with central differences "
                "on {draws} draws of numbers"
                if one
                else "{name} is right for its own {forward}: {gradients} agree with central differences "
                "on {draws} draws of numbers",
                **facts,
            )
        return tr(
            "{name} is wrong for its own {forward}: {gradients} differs from central differences "
            "on {differing} of {draws} draws of numbers"
            if one
            else "{name} is wrong for its own {forward}: {gradients} differ from central differences "
            "on {differing} of {draws} draws of numbers",
            **facts,
        )

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON takes it."""
        return {
            **self._start(),
            "forward": self.held.forward,
            "backward": self.held.backward,
            "given": "output" if self.held.of_output else "",
            "checked": self.held.draws,
            "passed": self.held.draws - self.held.differing,
            "gradients": [
                {
                    "name": one.result,
                    "of": one.of,
                    "says": one.mark.kind,
                    "how": one.mark.how,
                    "line": one.line,
                }
                for one in self.held.ends
            ],
            "line": 0 if self.held.before else self.held.line,
            "failing": None,
            "mistakes": list(self.mistakes),
            "notes": list(self.notes),
            "text": str(self),
        }

    def rows(self) -> list[dict[str, Any]]:
        """A table, a row for each result."""
        return list(self.as_dict()["gradients"])


@frozen()
class Open:
    """Why a backward is not judged by its own forward."""

    why: str
    """A clause."""
    asks: bool = False
    """Whether something has to be told."""
    paired: bool = False
    """Whether its own forward was run."""


def against_forward(worker: Recorder, arguments: Arguments | None = None) -> PairVerdict | Open:
    """Hold a backward against its own forward; arguments of which nothing is said are guessed."""
    given, candidate = arguments or Arguments(), worker.candidate
    try:
        held, first = worker.held(given)
    except CandidateError as error:
        return Open(str(error))
    if held.asks:
        return Open(held.asks, asks=True)
    if not (held.agrees or held.differs):
        return Open(_unsaid(held), paired=True)
    notes = [
        *filter(None, [held.assumes]),
        tr("whether the forwards of its operations are themselves right is not known")
        if held.engine
        else tr("whether {forward} itself is right is not known", forward=_forward(held)),
        *([tr("it agrees with {numbers}, too", numbers=tr("; with ").join(held.also))] if held.also else []),
        *([tr("not varied: {numbers}", numbers=listed(held.kept))] if held.kept else []),
        *(held.notes if held.engine else (tr("besides: {why}", why=why) for why in held.notes[:3])),
        *(
            tr("`{result}` is not judged: {why}", result=one.result, why=one.mark.how)
            for one in held.ends
            if one.mark.kind == UNKNOWN
        ),
    ]
    flags = (*given.words, *worker.flags)
    return PairVerdict(worker.address, candidate.name, held, tuple(notes), flags, first, candidate.file)


def _forward(held: Held) -> str:
    """What the forward is called; of a function that returns both, its loss."""
    name = held.forward.partition("(")[0]
    return tr("loss") if held.forward == held.backward else name


def _unsaid(held: Held) -> str:
    """Why nothing can be said."""
    found = [one.mark.how for one in held.ends if one.mark.kind == UNKNOWN]
    agreeing = [one.result for one in held.ends if one.mark.kind == AGREES]
    why = next(iter([*found, *held.notes]), tr("it returns no gradient"))
    return tr("{why}; what agrees: {gradients}", gradients=listed(agreeing), why=why) if agreeing else why


def report(verdict: PairVerdict) -> str:
    """All that a person wants to read, lines of at most `WIDTH` columns where words allow."""
    held = verdict.held
    calls = tr(
        "an autograd of its own: {backward} was called after each operation, and after what could be "
        "made of several"
        if held.engine
        else "no operator was told or known; called as {backward}"
        if held.backward == held.forward
        else "no operator was told or known; called as {backward} after {forward}",
        backward=held.backward,
        forward=held.forward,
    )
    lines = [*headed(verdict.headline), *wrapped(calls)]
    for one in verdict.diagnosis:
        lines += ["", *wrapped(one.message)]
    if held.line and not held.engine:
        said = {one.mark.how for one in held.ends}
        facts = {"line": held.line, "lines": listed([str(one) for one in held.before[:8] or (0,)])}
        lines += wrapped(
            tr("it differs at line {line}, which is made of lines that are not judged: {lines}", **facts)
            if held.before
            else tr("the first line known to differ is {line}", **facts)
            if any(one.startswith(held.how) for one in said)
            else tr("the first line known to differ is {line}: {how}", how=held.how, **facts)
        )
    agreeing = [one.result for one in held.ends if one.mark.kind == AGREES]
    if agreeing and not verdict.ok:
        lines += wrapped(tr("what agrees: {gradients}", gradients=listed(agreeing)))
    lines += diagnosis_lines((), list, verdict.notes)
    if not verdict.ok and verdict.steps and ":" in verdict.target:
        command = shlex.join(["convstep", "open", verdict.target, *verdict.flags])
        lines += ["", tr("to see it: {command}", command=printable(command, None))]
    return printable_lines("\n".join(lines))
