"""Verdict: what `check` found out about a backward, for people and for programs."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from convstep.candidate.call.conventions import spelled
from convstep.candidate.call.outcome import NAMES, RETURNED
from convstep.candidate.check.grade import Result, forward_is_right, wrong_forwards
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import VERBS, AnyVerdict, count, listed
from convstep.candidate.diagnose.findings import Finding
from convstep.candidate.diagnose.patterns import features_of, pattern
from convstep.candidate.step.probing import Divergence
from convstep.conv.validation import padding_text, pair_text, shape_text, table_columns
from convstep.language import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from convstep.candidate.check.fresh import FreshProblems
    from convstep.candidate.step.own_lines import OwnLines
    from convstep.conv.geometry import Geometry
    from convstep.conv.problem import Problem
    from convstep.recording.facts import Alarm


FEW = 10
"""A candidate that is right on fewer problems is said to be right on these alone."""


@dataclass(frozen=True, eq=False, repr=False)
class Verdict(AnyVerdict):
    """What is known of a candidate after a sweep."""

    text: Callable[[Verdict], str]
    """Writes all of it for a person, in several lines."""
    target: str
    """What was checked, as it can be named on the command line."""
    swept: Swept
    """Every problem it was tried on."""
    diagnosis: tuple[Finding, ...]
    """What is wrong, the likeliest explanation first; empty if nothing is."""
    first_divergence: Divergence | None
    """The first step of the failing problem at which it diverges from the reference; None if it is
    right, or raises there, so that there is no step to look at."""
    notes: tuple[str, ...] = ()
    """What else was seen, in sentences: what was not tried, what was left out."""
    path: str | None = None
    """Where the failing problem was saved."""
    pattern: str = ""
    """On which problems it fails, in words; "" if on none."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """The same for each gradient that is wrong somewhere."""
    flags: tuple[str, ...] = ()
    """What the command line needs besides the target, to load and to call it in the same way."""
    own: OwnLines | None = None
    """Its own lines at the first divergence; None where its call cannot be recorded, or nothing is sure."""
    another: bool = False
    """Whether its own forward is no convolution, and nothing that is known to be made instead of one."""
    unfit: bool = False
    """Whether that is known to be meant as another function, of which the gradients seem to be none."""

    @property
    def ok(self) -> bool:
        """Whether all gradients are right on all problems it takes, and its own forward too."""
        swept = self.swept
        return not self.diagnosis and swept.failing is None and swept.passed > 0

    @property
    def name(self) -> str:
        """What its author calls it."""
        return self.swept.candidate.name

    @property
    def operator(self) -> str:
        """What it is the backward of, as every verdict says it."""
        return "conv2d"

    @property
    def place(self) -> tuple[str, int, int] | None:
        """The author's line where it parts from the reference, or raises: file, line, cell or 0."""
        found, failing = _own_line(self.own), self.failing_result
        if found is not None:
            return found["file"], found["line"], found["cell"] or 0
        if failing is not None and not failing.grades and failing.outcome.line:
            return failing.outcome.file, failing.outcome.line, failing.outcome.cell
        return None

    @property
    def convention(self) -> str:
        """How it was called."""
        return self.swept.call.convention

    @property
    def failing_result(self) -> Result | None:
        """The smallest problem on which it fails, with what it made of it."""
        if self.swept.failing is not None:
            return self.swept.failing
        if not self.diagnosis:
            return None
        # its gradients are right; what is wrong is its forward, how it reads tensors, or a second call
        laid = (each.result for each in self.swept.laid if each.failed)
        return next(itertools.chain(wrong_forwards(self.swept.results), laid), self.swept.results[0])

    @property
    def failing(self) -> Problem | None:
        """The smallest problem on which it fails; None if it is right."""
        result = self.failing_result
        return None if result is None else result.right.problem

    @functools.cached_property
    def forward_ok(self) -> bool | None:
        """Whether its own forward is right; None if there is none, or it could not be called or compared."""
        return forward_is_right(self.swept.results)

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        swept, name = self.swept, self.swept.candidate.name
        tried = len(swept.results) - swept.refused
        if self.ok and swept.passed < FEW:
            return _thin(swept)
        if self.ok:
            judged = {found.name for result in swept.results if result.ok for found in result.grades}
            return tr(
                "{name} is right: all gradients agree on {problems}"
                if len(judged) == len(NAMES)
                else "{name} is right: {gradients} agrees on {problems}"
                if len(judged) == 1
                else "{name} is right: {gradients} agree on {problems}",
                name=name,
                gradients=listed([each for each in NAMES if each in judged]),
                problems=count(swept.passed),
            )
        if swept.failing is None:
            ids = ", ".join(dict.fromkeys(finding.id for finding in self.diagnosis))
            return tr(
                "{name} returns the right gradients, but something else is wrong: {ids}", name=name, ids=ids
            )
        failed = sum(result.failed for result in swept.results)
        if failed == tried and verb_of(swept) != "wrong":
            return tr(
                "{name} {fails}: {message}"
                if swept.untried
                else "{name} {fails} on every problem: {message}",
                name=name,
                fails=tr(verb_of(swept)),
                message=swept.failing.outcome.message,
            )
        plain = tr(
            "{fails} on {count} of {tried} problems, in no simple pattern",
            fails=tr(verb_of(swept)),
            count=failed,
            tried=tried,
        )
        return tr(
            "{name} is wrong on all {tried} problems"
            if failed == tried > 1
            else "{name} is wrong on {failed} of {tried} problems, in no simple pattern"
            if self.pattern == plain
            else "{name} is wrong on {failed} of {tried} problems: {pattern}",
            name=name,
            failed=failed,
            tried=tried,
            pattern=self.pattern,
        )

    def _save(self, path: str) -> None:
        assert self.failing is not None
        self.failing.save(path)

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON takes it."""
        failing = self.failing
        return {
            **self._start(),
            "checked": len(self.swept.results),
            "passed": self.swept.passed,
            "refused": self.swept.refused,
            "failing": None if failing is None else {"geometry": _geometry(failing), "path": self.path},
            "pattern": self.pattern,
            "first_divergence": _divergence(self.first_divergence),
            "own_line": _own_line(self.own),
            "diagnosis": [
                {"id": finding.id, "proven": finding.proven, "message": finding.message}
                | ({"writes": [_write(each) for each in finding.writes]} if finding.writes else {})
                for finding in self.diagnosis
            ],
            "forward_ok": self.forward_ok,
            "notes": list(self.notes),
        }

    def rows(self) -> list[dict[str, str | int | float | None]]:
        """A table: one dict for each problem tried, as `pandas.DataFrame` and `csv.DictWriter` take them.

        All have the same keys: shapes as text ("A_prev", "W", "b", "dZ"); "stride", "padding", "dilation",
        "groups"; "outcome" ("right", "wrong", "refused", or how it failed: "raised", "hung", "died");
        "dW error", "db error" and "dA_prev error", the largest of each (None where it did not come back);
        and "message", what it raised. What is wrong in general is in `as_dict()["diagnosis"]`.
        """
        return [_row(result) for result in self.swept.results]

    def _where(self) -> str:
        found = self.first_divergence
        return "" if found is None else f"first divergence: {found.gradient}, position {found.position}"


def verb_of(swept: Swept) -> str:
    """What it does where it fails: "wrong", or one of `VERBS` where it never does anything else."""
    kinds = {result.outcome.kind for result in swept.results if result.failed}
    return VERBS.get("".join(kinds), "wrong")


def patterns_of(swept: Swept, fresh: FreshProblems | None = None) -> tuple[str, dict[str, str]]:
    """On which problems it fails at all, and on which each gradient is wrong; tried on any fresh ones."""
    more = features_of(spelled(swept.call, swept.candidate))
    for _ in range(2):  # what was claimed first meets what was tried last
        whole = pattern(swept.results, lambda result: result.failed, verb_of(swept), fresh, more=more)
        each = {
            name: pattern(
                swept.results,
                methodcaller("wrong", name),
                fresh=fresh,
                tells=lambda result: result.outcome.kind == RETURNED,
                more=more,
            )
            for name in NAMES
        }
    return whole, {name: words for name, words in each.items() if words}


def _geometry(problem: Problem) -> dict[str, Any]:
    """A problem's integers, by the names that Problem gives them."""
    geometry = problem.geometry
    return {
        "A_prev": list(problem.A_prev.shape),
        "W": list(problem.W.shape),
        "dZ": list(problem.dZ.shape),
        "stride": list(geometry.stride),
        "padding": [list(axis) for axis in geometry.padding],
        "dilation": list(geometry.dilation),
        "groups": geometry.groups,
    }


def _row(result: Result) -> dict[str, str | int | float | None]:
    """One problem of the sweep, and what became of it."""
    problem, kind = result.right.problem, result.outcome.kind
    shapes = {name: getattr(problem, name) for name in ("A_prev", "W", "b", "dZ")}
    errors = {found.name: found.max_abs_error for found in result.grades}
    judged = "right" if result.ok else "wrong"
    return {
        **table_columns(
            {name: None if values is None else values.shape for name, values in shapes.items()},
            problem.stride,
            padding_text(problem.padding),
            problem.dilation,
            problem.groups,
        ),
        "outcome": judged if kind == RETURNED else kind,
        **{f"{name} error": errors.get(name) for name in NAMES},
        "message": result.outcome.message,
    }


def _thin(swept: Swept) -> str:
    """The headline of a candidate that is right on few problems: what they have in common."""
    name, problems = swept.candidate.name, count(swept.passed)
    if not swept.refused:
        return tr("{name} is right, but was tried on only {problems}", name=name, problems=problems)
    common = []
    for words, size in SIZES.items():
        taken, refused = (
            {size(result.right.problem.geometry) for result in swept.results if result.ok is ok}
            for ok in (True, False)
        )
        if len(taken) == 1 and refused != taken:
            common.append(tr(words, size=taken.pop()))
    return tr(
        "{name} is right, but takes only {problems}: {common}"
        if common
        else "{name} is right, but takes only {problems}",
        name=name,
        problems=problems,
        common=tr(", ").join(common[:3]),
    )


SIZES: dict[str, Callable[[Geometry], object]] = {
    "stride {size}": lambda g: pair_text(g.stride),
    "padding {size}": lambda g: padding_text(g.padding),
    "batch of {size}": lambda g: g.samples,
    "{size} kernel": lambda g: shape_text(g.kernel_shape[1:3]),
    "input channels: {size}": lambda g: g.input_shape[2],
    "filters: {size}": lambda g: g.kernel_shape[0],
}
"""What a few problems may have in common."""


def _write(found: Alarm) -> dict[str, Any]:
    return {"array": found.array, "line": found.line, "text": found.text}


def _own_line(own: OwnLines | None) -> dict[str, Any] | None:
    if own is None:
        return None
    source, first = own.run.recording.source, own.first
    window = first.window
    lines = ("rows", "columns", "right_rows", "right_columns")
    return {
        "known": first.kind,
        "file": source.path,
        "cell": source.cell,
        "line": first.line,
        "text": first.text,
        "array": first.array,
        "window": window and {"array": window.array} | {each: list(getattr(window, each)) for each in lines},
    }


def _divergence(found: Divergence | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "step": found.step,
        "position": found.position,
        "index": list(found.index),
        "gradient": found.gradient,
        "cells": [list(cell) for cell in found.cells],
    }
