"""Recorded gradients as an oracle: what training really computed, beside what the loop computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.blocks import run_to
from convstep.conv.number_text import short
from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.oracle.expectation import Expectation, Expected, OracleUnavailable, absolute_problem
from convstep.oracle.tolerance import contributions, factor

Array = npt.NDArray[Any]

FLOAT32 = float(np.finfo(np.float32).eps)

HALF = float(np.finfo(np.float16).eps)

ROUNDINGS = 8
"""How often a low precision may round a cell, by its eps times S: once at the end, and partial sums."""


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
                tr("this problem has no recorded gradients; capture a layer during training to get them")
            )
        if position != problem.total_steps:
            raise OracleUnavailable(
                tr(
                    "recorded gradients are those of the whole backward pass; "
                    "compare after step {total}, the last one",
                    total=problem.total_steps,
                )
            )
        sizes, most = _sizes(problem), contributions(problem.geometry)
        lower = recorded.eps > np.finfo(problem.dtype).eps
        gradients = {
            name: _expected(values, sizes[name], recorded, most[name] if lower else None)
            for name, values in recorded.gradients.items()
        }
        slack = _rounded(recorded.eps) if lower else ""
        return Expectation(recorded.by, gradients, slack)


def _rounded(eps: float) -> str:
    """What is added to a tolerance for a precision that is lower than the problem's."""
    return tr("{count}·{eps}·S (the precision of the recording)", count=ROUNDINGS, eps=short(eps, 3))


def _sizes(problem: Problem) -> dict[str, Array]:
    """S of every cell by gradient, float64; our own loop makes it, so torch is not needed."""
    run = run_to(absolute_problem(problem, problem.total_steps), problem.total_steps)
    rows, columns = problem.geometry.crop
    sizes = {"dW": run.dW, "dA_prev": run.dA_prev_pad[..., rows, columns, :]}
    return sizes if run.db is None else sizes | {"db": run.db}


def _expected(values: Array, S: Array, recorded: Recorded, n: int | None) -> Expected:
    """One gradient; `n` contributions to a cell when the recorded precision is the lower one.

    Half precisions are multiplied and added in float32 by every kernel there is, and rounded at the
    end: their eps counts a few times, whatever n is.
    """
    if n is None:
        return Expected(values, S)
    with quiet():
        slack = (ROUNDINGS * recorded.eps + factor(n) * min(recorded.eps, FLOAT32)) * S
    if recorded.eps == HALF:
        half = np.finfo(np.float16)
        # float16 ends at 65504, and below 6e-8: what leaves its range may be inf there, or 0
        S = np.where(~np.isfinite(values) & (float(half.max) / 2 <= S), np.inf, S)
        slack = slack + ROUNDINGS * float(half.smallest_subnormal)
    return Expected(values, S, slack)
