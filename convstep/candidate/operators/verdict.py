"""OperatorVerdict: what `check` found out about a backward of an operator, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from convstep.candidate.call.outcome import REFUSED, RETURNED
from convstep.candidate.check.wording import VERBS, AnyVerdict, count, listed
from convstep.candidate.operators.answer import OWN, UNSAID, Judged, Swept
from convstep.candidate.operators.finding import Finding
from convstep.candidate.operators.gathering import forward_fits
from convstep.candidate.operators.pattern import where
from convstep.candidate.operators.written import option_text, shape_of
from convstep.files import written_whole
from convstep.frozen import frozen
from convstep.language import tr
from convstep.operators.operator import OperatorProblem

FEW = 5
"""A candidate that is right on fewer problems is said to be right on these alone."""


@frozen(eq=False)
class Divergence:
    """The cell of a wrong gradient, on the smallest failing problem, that is furthest from what is right."""

    gradient: str
    """Which gradient."""
    cell: tuple[int, ...]
    """The cell, in the operator's layout; () if the shape is wrong."""
    actual: float
    """What it is."""
    expected: float
    """What it should be."""
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """The right shape and the one that came, if they differ."""


@dataclass(frozen=True, eq=False, repr=False)
class OperatorVerdict(AnyVerdict):
    """What is known of a candidate after a sweep."""

    text: Callable[[OperatorVerdict], str]
    """Writes all of it for a person, in several lines."""
    target: str
    """What was checked, as it can be named on the command line."""
    name: str
    """What its author calls it."""
    swept: Swept
    """Every problem it was tried on."""
    diagnosis: tuple[Finding, ...]
    """What is wrong, the likeliest explanation first; empty if nothing is."""
    notes: tuple[str, ...] = ()
    """What else was seen, in sentences: what is right in another way, what was not tried."""
    path: str | None = None
    """Where the failing problem was saved."""
    flags: tuple[str, ...] = ()
    """What the command line needs besides the target, to load and to call it in the same way."""
    own: str = ""
    """What its own steps show on the failing problem, a sentence or two; "" where nothing is sure."""
    own_place: tuple[str, int, int] | None = None
    """Its line: the file, the line, and the notebook's cell or 0; None if there is none."""

    @property
    def ok(self) -> bool:
        """Whether all gradients are right on all problems it takes, and its caller's arrays stay the same."""
        return not self.diagnosis and self.swept.failing is None and self.passed > 0

    @property
    def operator(self) -> str:
        """The operator's name: "max-pool"."""
        return self.swept.operator.name

    @property
    def convention(self) -> str:
        """How its arrays are laid: the name of one of the operator's conventions, or "own"."""
        return OWN if self.swept.convention is None else self.swept.convention.name

    @property
    def seldom(self) -> bool:
        """Whether it is right, but could be tried on a few problems only."""
        return self.ok and self.passed < FEW

    @property
    def partly(self) -> bool:
        """Whether it is so because its own forward has other numbers elsewhere."""
        return self.seldom and any(forward_fits(one) is False for one in self.swept.results)

    @property
    def passed(self) -> int:
        """On how many problems everything that came is right."""
        return sum(
            one.answer.kind == RETURNED and not one.failed and not one.answer.changed
            for one in self.swept.results
        )

    @property
    def tried(self) -> list[Judged]:
        """The problems that say something."""
        return [one for one in self.swept.results if one.answer.kind not in (REFUSED, UNSAID)]

    @property
    def failing_result(self) -> Judged | None:
        """The smallest problem on which it fails, with what it made of it."""
        if self.swept.failing is not None or not self.diagnosis:
            return self.swept.failing
        changed = (one for one in self.swept.results if one.answer.changed)
        return next(changed, self.swept.results[0])

    @property
    def failing(self) -> OperatorProblem | None:
        """The smallest problem on which it fails; None if it is right."""
        result = self.failing_result
        return None if result is None else result.answer.problem

    @property
    def first_divergence(self) -> Divergence | None:
        """The cell that is furthest off on the smallest failing problem; None if it has no wrong numbers."""
        judged = self.swept.failing
        wrong = [] if judged is None else [name for name, share in judged.off.items() if share > 1]
        return None if judged is None or not wrong else divergence(judged, wrong[0])

    @property
    def place(self) -> tuple[str, int, int] | None:
        """The author's line that matters, as `own_place`: where it parts from what is right, or raises."""
        judged = self.failing_result
        if self.own_place is not None or judged is None or not judged.answer.line:
            return self.own_place
        return judged.answer.file, judged.answer.line, judged.answer.cell

    @property
    def pattern(self) -> str:
        """On which problems it fails: "where the windows overlap"; "" if that is no simple matter."""
        return where(self.tried, lambda one: one.failed)

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        tried, failed = self.tried, sum(one.failed for one in self.tried)
        names = {"name": self.name, "operator": tr(self.swept.operator.title)}
        if self.seldom:
            return tr(
                "{name} is right, but was tried on only {problems}", problems=count(self.passed), **names
            )
        if self.ok:
            judged = [name for name in self.swept.operator.gradients if any(name in one.off for one in tried)]
            return tr(
                "{name} is right: {gradients} agrees with {operator} on {problems}"
                if len(judged) == 1
                else "{name} is right: {gradients} agree with {operator} on {problems}",
                gradients=listed(judged),
                problems=count(self.passed),
                **names,
            )
        if self.swept.failing is None:
            ids = ", ".join(self.mistakes)
            return tr(
                "{name} returns the right gradients, but something else is wrong: {ids}", ids=ids, **names
            )
        kinds = {one.answer.kind for one in tried if one.failed}
        if failed == len(tried) and len(kinds) == 1 and kinds <= VERBS.keys():
            return tr(
                "{name} {fails} on every problem: {message}",
                fails=tr(VERBS[kinds.pop()]),
                message=self.swept.failing.answer.message,
                **names,
            )
        pattern = self.pattern
        return tr(
            "{name} is wrong on all {tried} problems"
            if failed == len(tried) > 1
            else "{name} is wrong on {failed} of {tried} problems, {pattern}"
            if pattern
            else "{name} is wrong on {failed} of {tried} problems",
            failed=failed,
            tried=len(tried),
            pattern=pattern,
            **names,
        )

    def _save(self, path: str) -> None:
        problem = self.failing
        assert problem is not None
        options = {name: np.asarray(value) for name, value in problem.options.items() if value is not None}
        named = {**problem.arrays, **problem.upstream, **options}
        with written_whole(path) as file:
            np.savez(file, allow_pickle=False, operator=np.asarray(self.operator), **named)

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON takes it."""
        failing = self.failing
        return {
            **self._start(),
            "checked": len(self.swept.results),
            "passed": self.passed,
            "refused": sum(one.answer.kind == REFUSED for one in self.swept.results),
            "failing": None if failing is None else {**_plain(failing), "path": self.path},
            "pattern": self.pattern,
            "first_divergence": _divergence(self.first_divergence),
            "own_line": self._own_line,
            "diagnosis": [
                {"id": one.id, "proven": one.proven, "message": one.message, "gradients": list(one.gradients)}
                | ({"alternative": True} if one.alternative else {})
                for one in self.diagnosis
            ],
            "notes": list(self.notes),
        }

    @property
    def _own_line(self) -> dict[str, Any] | None:
        if self.own_place is None:
            return None
        file, line, cell = self.own_place
        return {"file": file, "line": line, "cell": cell or None, "seen": self.own}

    def rows(self) -> list[dict[str, str | int | float | None]]:
        """A table: one dict for each problem tried, as `pandas.DataFrame` and `csv.DictWriter` take them."""
        return [_row(self.swept, one) for one in self.swept.results]


def divergence(judged: Judged, name: str) -> Divergence:
    """The cell of a wrong gradient that is furthest from what is right."""
    actual, right = judged.answer.gradients[name], judged.right[name]
    if actual.shape != right.shape:
        shapes = right.shape, judged.answer.shapes.get(name) or actual.shape
        return Divergence(name, (), float("nan"), float("nan"), shapes)
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(actual, np.float64) - np.asarray(right, np.float64))
        error = np.where(np.isnan(error), np.where(np.isnan(right), 0.0, np.inf), error)
    cell = tuple(int(i) for i in np.unravel_index(int(np.argmax(error)), error.shape))
    return Divergence(name, cell, float(actual[cell]), float(right[cell]))


def _plain(problem: OperatorProblem) -> dict[str, Any]:
    return {
        "shapes": {name: list(array.shape) for name, array in {**problem.arrays, **problem.upstream}.items()},
        "options": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in problem.options.items()
        },
        "about": problem.about,
    }


def _divergence(found: Divergence | None) -> dict[str, Any] | None:
    if found is None:
        return None
    if found.shapes is not None:
        right, actual = found.shapes
        return {"gradient": found.gradient, "shape": list(actual), "expected_shape": list(right)}
    numbers = {"actual": found.actual, "expected": found.expected}
    return {
        "gradient": found.gradient,
        "cell": list(found.cell),
        **{name: value if np.isfinite(value) else str(value) for name, value in numbers.items()},
    }


def _row(swept: Swept, judged: Judged) -> dict[str, str | int | float | None]:
    """One problem of the sweep, and what became of it."""
    problem, kind = judged.answer.problem, judged.answer.kind
    changed = ", ".join(judged.answer.changed)
    graded = "wrong" if judged.failed else f"writes into {changed}" if changed else "right"
    return {
        **{name: shape_of(array) for name, array in {**problem.arrays, **problem.upstream}.items()},
        **{name: option_text(value) for name, value in problem.options.items()},
        "about": problem.about,
        "outcome": graded if kind == RETURNED else kind,
        **{f"{name} off": judged.off.get(name) for name in swept.operator.gradients},
        "message": judged.answer.message,
    }
