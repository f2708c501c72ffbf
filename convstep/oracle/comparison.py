"""Comparison: our gradients beside an oracle's, cell by cell, and the verdict in words."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from convstep.brief import picture, quoted, told
from convstep.conv.blocks import run_to
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.conv.validation import as_array, as_float, cell_text, check_type, shape_text
from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle.expectation import NAMES, Expectation, Expected, Oracle, OracleUnavailable
from convstep.oracle.numeric import NumericOracle
from convstep.oracle.pytorch import TorchOracle
from convstep.oracle.recorded import RecordedOracle
from convstep.oracle.row import Row, checked_cells
from convstep.oracle.sums import followed
from convstep.oracle.tolerance import Judgement, contributions, describe, judge, judge_sums, made_by_loop
from convstep.oracle.wording import json_number, verdict
from convstep.steps.cells import Array
from convstep.steps.number_text import short
from convstep.steps.stepped import check_position

RunningGradients = tuple[Array, Array | None, Array]
"""`(dW, db, dA_prev_pad)`: the running arrays of a `Step` or a `Timeline`."""

ORACLES: dict[str, type[TorchOracle] | type[NumericOracle] | type[RecordedOracle]] = {
    "torch": TorchOracle,
    "numeric": NumericOracle,
    "recorded": RecordedOracle,
}
"""What `compare` knows by name."""


@frozen(eq=False)
class Comparison:
    """All gradients at one position beside an oracle's."""

    rows: tuple[Row, ...]
    """dW, db (missing without a bias) and dA_prev; of recorded gradients those that there are."""
    oracle: str
    """Who was asked: "PyTorch 2.13.0" or "central differences"."""
    position: int
    """How many steps had been executed."""
    total: int
    """How many steps there are."""
    tolerance_text: str
    """The tolerance, one sentence."""
    note: str = ""
    """Why another oracle was asked than the first choice, one sentence; empty if it was not."""

    def __repr__(self) -> str:
        """Each gradient in a line, and where there is more."""
        return told(
            f"Comparison(with {quoted(self.oracle)} after {self.position} of {self.total} steps)",
            *(
                f"{row.name} {shape_text(row.shape)} {_state(row)}: "
                f"off by up to {short(row.max_abs_error, 3)}, "
                f"at {cell_text('', row.worst_index)} the tolerance is {short(row.tolerance, 3)}"
                for row in self.rows
            ),
            ".verdict says it in a sentence, .table() in a table",
        )

    _repr_html_ = picture

    @property
    def ok(self) -> bool:
        """Whether every gradient matches: all its cells lie within their tolerances."""
        return all(row.ok for row in self.rows)

    @property
    def checked(self) -> tuple[int, int]:
        """How many cells were checked, and how many there are."""
        return checked_cells(self.rows)

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        return verdict(self.rows, self.oracle, self.position, self.total)

    def table(self) -> list[dict[str, str | float | bool]]:
        """A dict a gradient, as `pandas.DataFrame` and `csv.DictWriter` take them; `rows` has the arrays too.

        The keys are the fields of `Row`: "name", "shape" ("4x3x3x1"), "max_abs_error", "max_rel_error",
        "worst_index" ("[1, 0, 2, 0]"), "ok", "tolerance" (there), "checked".
        """
        return [
            dataclasses.asdict(row)
            | {"shape": shape_text(row.shape), "worst_index": cell_text("", row.worst_index)}
            for row in self.rows
        ]

    def as_dict(self) -> dict[str, Any]:
        """The outcome in values that JSON has; NaN and inf as "nan", "inf" and "-inf"."""
        return {
            "ok": self.ok,
            "oracle": self.oracle,
            "position": self.position,
            "total": self.total,
            "verdict": self.verdict,
            "tolerance": self.tolerance_text,
            "rows": [
                {
                    "name": row.name,
                    "shape": list(row.shape),
                    "max_abs_error": json_number(row.max_abs_error),
                    "max_rel_error": json_number(row.max_rel_error),
                    "worst_index": list(row.worst_index),
                    "tolerance": json_number(row.tolerance),
                    "ok": row.ok,
                }
                for row in self.rows
            ],
        }


def compare(
    problem: Problem,
    position: int | None = None,
    gradients: RunningGradients | None = None,
    oracle: str | Oracle = "torch",
) -> Comparison:
    """Hold the gradients at a position against an independent oracle's.

    Args:
        problem: any geometry; NaN and inf are data.
        position: how many steps have been executed; None is the end.
        gradients: the running `(dW, db, dA_prev_pad)` at `position`; None takes ours, with the loop's bits,
            or in float64 beside a large layer's recorded gradients that are right: see `tolerance_text`.
        oracle: "torch", "numeric" (central differences), "recorded" (what the problem brings along), or
            an `Oracle`.

    Raises:
        OracleUnavailable: the oracle cannot answer here, e.g. torch is not installed.
        ValueError: no such position or oracle, or gradients of another shape.

    >>> import numpy as np
    >>> problem = Problem(np.ones((3, 4, 1)), np.ones((2, 2, 3, 1)), None, None)
    >>> compare(problem, oracle="numeric").verdict.partition(";")[0]
    'All 24 gradients match central differences'
    """
    reached = checked_position(problem, position)
    if isinstance(oracle, str):
        if oracle not in ORACLES:
            said = "oracle is {oracle!r}; the oracles are {known}"
            raise ValueError(tr(said, oracle=oracle, known=", ".join(map(repr, ORACLES))))
        oracle = RecordedOracle(gradients is None) if oracle == "recorded" else ORACLES[oracle]()
    if not hasattr(oracle, "expected"):
        check_type("oracle", oracle, str)
    # the oracle first: without torch there is no need for our own gradients
    expectation = oracle.expected(problem, reached)
    return comparison_with(expectation, problem, reached, gradients)


def best_comparison(problem: Problem) -> Comparison:
    """Like `compare` with PyTorch, or where that is unavailable with central differences and a `note` why."""
    try:
        return compare(problem)
    except OracleUnavailable as error:
        return replace(compare(problem, oracle="numeric"), note=str(error))


def comparison_with(
    expectation: Expectation, problem: Problem, position: int, gradients: RunningGradients | None = None
) -> Comparison:
    """The comparison with what an oracle has already answered for this position; see `compare`."""
    if gradients is None and expectation.sums is not None:
        actual: Mapping[str, Array | None] = expectation.sums
        judgings = dict.fromkeys(NAMES, judge_sums)
    else:
        made, ways = followed(problem, position)
        actual = _cropped(problem, (made or _ran(problem, position)) if gradients is None else gradients)
        most, by_loop = contributions(problem.geometry), made_by_loop(actual, ways)
        judgings = {
            name: partial(judge, dtype=problem.dtype, n=most[name], way=way, by_loop=by_loop)
            for name, way in ways.items()
        }

    def row(name: str) -> Row:
        return row_of(name, actual[name], expectation.gradients[name], judgings[name])

    return Comparison(
        tuple(row(name) for name in NAMES if name in expectation.gradients),
        expectation.oracle,
        position,
        problem.total_steps,
        expectation.tolerance_text or describe(problem.dtype, expectation.slack_text),
    )


def _state(row: Row) -> str:
    """Whether a row matches, in a word."""
    if row.ok and row.near_zero:
        return "is too close to 0 to tell"
    return "differs" if not row.ok else "matches" if row.checked else "was not checked"


def _ran(problem: Problem, position: int) -> RunningGradients:
    run = run_to(problem, position)
    return run.dW, run.db, run.dA_prev_pad


def _cropped(problem: Problem, gradients: RunningGradients) -> dict[str, Array | None]:
    """Running gradients by name, `dA_prev` without its padding."""
    check_type("gradients", gradients, tuple, list)
    if len(gradients) != 3:
        raise ValueError(
            tr("gradients has {count} entries; it must be (dW, db, dA_prev_pad)", count=len(gradients))
        )
    dW, db, dA_prev_pad = (
        None if given is None else as_array(name, given)
        for name, given in zip(("dW", "db", "dA_prev_pad"), gradients, strict=True)
    )
    expected = problem.A_prev_pad.shape
    if dA_prev_pad is None or dA_prev_pad.shape != expected:
        raise ValueError(_of_another_shape("dA_prev_pad", dA_prev_pad, expected))
    rows, columns = problem.geometry.crop
    return {"dW": dW, "db": db, "dA_prev": dA_prev_pad[..., rows, columns, :]}


def _of_another_shape(name: str, given: Array | None, expected: tuple[int, ...]) -> str:
    said = (
        "{name} is missing; for this problem it has the shape {expected}"
        if given is None
        else "{name} is of shape {shape}; for this problem it has the shape {expected}"
    )
    return tr(said, name=name, shape=None if given is None else given.shape, expected=expected)


def checked_position(problem: Problem, position: int | None) -> int:
    """The position as an int, None as the end; raises ValueError or TypeError if there is none such."""
    check_type("problem", problem, Problem)
    total = problem.total_steps
    reached = total if position is None else operator.index(position)
    check_position(reached, total)
    return reached


def row_of(
    name: str, actual: Array | None, expected: Expected, judging: Callable[[Array, Expected], Judgement]
) -> Row:
    """One gradient beside what `judging` holds it against; ValueError if it is missing or misshapen."""
    shape = expected.values.shape
    if actual is None or actual.shape != shape:
        raise ValueError(_of_another_shape(name, actual, shape))
    if actual.dtype.kind not in "fiu":
        as_float(name, actual)  # says why not
    ours = np.array(actual)
    judged = judging(ours, expected)
    with quiet():
        against = np.where(expected.values == 0, expected.magnitude, np.abs(expected.values))
        relative = np.divide(judged.error, against, out=against)
        relative[judged.error == 0] = 0.0
        far = judged.error
        if not judged.agrees.all():
            excess = np.where(judged.agrees, -1.0, judged.error / judged.tolerance)
            # of several infinitely wrong cells, the one that is furthest off
            far = np.where(excess == excess.max(), judged.error, -1.0)
    worst = int(np.argmax(far))
    worst_index = tuple(int(i) for i in np.unravel_index(worst, shape))
    asked = np.ones(shape, np.bool_) if expected.cells is None else expected.cells
    row = Row(
        name,
        shape,
        max_abs_error=float(judged.error.max()),
        max_rel_error=math.inf if np.isnan(relative).any() else float(relative.max()),
        worst_index=worst_index,
        ok=bool(judged.agrees.all()),
        tolerance=float(judged.tolerance[worst_index]),
        checked=int(np.count_nonzero(asked)),
    )
    found = expected.values[asked]
    held = {
        "actual": ours,
        "expected": expected.values,
        "difference": judged.difference,
        "cells": asked,
        "differs": ~judged.agrees,
        "near_zero": bool(np.any(found != 0) and np.all(np.abs(found) <= judged.tolerance[asked])),
    }
    for what, value in held.items():
        object.__setattr__(row, what, value)  # it is frozen
    return row
