"""Recorded gradients as an oracle: what training really computed, beside what the loop computes.

They were added up in an order and by kernels that nobody knows. So they are held against the sums in
float64, and may be off from these by what any right kernel may: the tolerance of a sum; three times the
loop's own drift, where the data makes rounding errors point one way; and 256 eps of the largest value,
because kernels after Winograd or Fourier spread their rounding over the array.

Half precisions are multiplied and added in float32 by the kernels of current processors and rounded
once, at the end. Others round the sums on the way too, and that shows: in many cells, not in one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.number_text import short
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.oracle.expectation import Expectation, Expected, OracleUnavailable, absolute_problem
from convstep.oracle.sums import Way, followed, gradients64
from convstep.oracle.tolerance import contributions, describe, in_any_order

Array = npt.NDArray[Any]

BFLOAT16 = 2.0**-7

FLOAT16 = float(np.finfo(np.float16).eps)

HALVES = {FLOAT16: "float16", BFLOAT16: "bfloat16"}
"""Precisions of results, by eps. A lower one that is not among them is one of factors, like TF32."""

SPREAD = 256
"""How many eps of its largest value any cell of a gradient may be off."""

UNITS = 2.5
"""How many units in the last place rounding to a half precision at the end may make."""

ON_THE_WAY = 8
"""How often a half precision may round partial sums, by its eps times S."""

MANY = 0.005
"""The share of cells off by more than one rounding from which on partial sums must have been rounded."""


class RecordedOracle:
    """What a problem brings along; it knows the end of the loop only."""

    def expected(self, problem: Problem, position: int) -> Expectation:
        """The gradients that were recorded, all or some of the three; see `Oracle`.

        Raises:
            OracleUnavailable: nothing was recorded, or `position` is not the last.
        """
        recorded = problem.recorded
        if recorded is None:
            raise OracleUnavailable(
                tr(
                    "this problem has no recorded gradients; a layer captured during training has them for "
                    "its whole batch, unless its `note` says why not"
                )
            )
        if position != problem.total_steps:
            raise OracleUnavailable(
                tr(
                    "recorded gradients are those of the whole backward pass; "
                    "compare after step {total}, the last one",
                    total=problem.total_steps,
                )
            )
        sizes, exact = gradients64(absolute_problem(problem, position)), gradients64(problem)
        _, ways = followed(problem, position)
        recordings = {
            name: _Recording(name, values, exact[name], sizes[name], ways[name], problem, recorded.eps)
            for name, values in recorded.gradients.items()
        }
        return Expectation(
            recorded.by,
            {name: recording.expected() for name, recording in recordings.items()},
            tolerance_text=_described(problem, recorded.eps, recordings),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Recording:
    """One recorded gradient beside the sums that it should be."""

    name: str
    values: Array
    exact: Array
    S: Array
    way: Way
    problem: Problem
    eps: float

    @property
    def lower(self) -> bool:
        """Whether it was recorded in a precision below the problem's: then the sums are float32's."""
        return self.eps > float(np.finfo(self.problem.dtype).eps)

    def expected(self) -> Expected:
        """It, and how far each cell may be off."""
        S = self.S
        with quiet():
            slack = self._summed()
            if self.eps in HALVES and self.lower:
                slack = slack + (self._partly() if self.rounded_on_the_way else UNITS * self._unit())
            elif self.lower:
                slack = slack + self.eps * S
        if self.eps == FLOAT16:
            # float16 ends at 65504: what leaves its range may be inf there
            most = float(np.finfo(np.float16).max)
            S = np.where(~np.isfinite(self.values) & (most / 2 <= S), np.inf, S)
        return Expected(self.values, S, slack, exact=self.exact)

    @property
    def rounded_on_the_way(self) -> bool:
        """Whether so many cells are off by more than one rounding that partial sums were rounded."""
        if not self.lower or self.eps not in HALVES:
            return False
        with quiet():
            off = np.abs(self.values - self.exact)
            further = np.isfinite(off) & (off > self._summed() + 0.75 * self._unit())
        return bool(np.count_nonzero(further) > max(1, MANY * further.size))

    def _summed(self) -> Array:
        """How far adding up may have moved it, in an unknown order."""
        dtype = np.dtype(np.float32) if self.lower else self.problem.dtype
        n, eps = contributions(self.problem.geometry)[self.name], float(np.finfo(dtype).eps)
        allowed = in_any_order(self.exact, self.S, dtype, n, self.way)
        if dtype == np.float32:
            # below these some processors, and some settings, take every product for 0
            allowed = allowed + n * float(np.finfo(np.float32).tiny)
        largest = float(np.max(np.abs(self.exact), initial=0.0, where=np.isfinite(self.exact)))
        return np.maximum(allowed, SPREAD * eps * largest)

    def _unit(self) -> Array:
        """The unit in the last place of the half precision."""
        size = np.fmax(np.abs(self.exact), np.where(np.isfinite(self.values), np.abs(self.values), 0))
        unit = np.ldexp(self.eps, np.frexp(np.nan_to_num(size, posinf=0.0))[1] - 1)
        least = float(np.finfo(np.float16).smallest_subnormal) if self.eps == FLOAT16 else 0.0
        return np.asarray(np.maximum(unit, least))

    def _partly(self) -> Array:
        """What rounding partial sums to a half precision makes: sample by sample, or tap by tap."""
        if self.way.scale is None:
            return ON_THE_WAY * self.eps * self.S + UNITS * self._unit()
        G = np.maximum(self.way.scale, np.nan_to_num(np.abs(self.exact), posinf=0.0) / 2)
        return (ON_THE_WAY + self.problem.geometry.samples) * self.eps * G + UNITS * self._unit()


def _described(problem: Problem, eps: float, recordings: dict[str, _Recording]) -> str:
    """The tolerance of recorded gradients in one sentence."""
    lower = any(recording.lower for recording in recordings.values())
    dtype = np.dtype(np.float32) if lower else problem.dtype
    clauses = [
        describe(dtype),
        tr(
            "recorded ones may be off as far from the sums in float64, or by {spread}·eps of the gradient's "
            "largest value",
            spread=SPREAD,
        ),
    ]
    partly = [name for name, recording in recordings.items() if recording.rounded_on_the_way]
    if lower and eps in HALVES and len(partly) < len(recordings):
        clauses.append(
            tr(
                "and by {units} units in the last place of {precision}, to which they were rounded",
                units=UNITS,
                precision=HALVES[eps],
            )
        )
    if partly:
        clauses.append(
            tr(
                "too many values of {names} are further off for that, so their partial sums were rounded to "
                "{precision}: by {times}·{eps}·S of dA_prev, by {more}·{eps}·G of dW and db",
                names=", ".join(partly),
                precision=HALVES[eps],
                times=ON_THE_WAY,
                more=ON_THE_WAY + problem.geometry.samples,
                eps=short(eps, 3),
            )
        )
    elif lower and eps not in HALVES:
        clauses.append(tr("and by {eps}·S, the precision of the recording", eps=short(eps, 3)))
    return tr("; ").join(clauses)
