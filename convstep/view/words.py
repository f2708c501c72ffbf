"""The problem in words, and the panel of what an oracle disagrees with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.validation import padding_text, pair_text, shape_text
from convstep.conv.validation import place_text as place_text
from convstep.language import tr
from convstep.view.faces import face
from convstep.view.panel import Cell, Panel
from convstep.view.scale import round_limit

if TYPE_CHECKING:
    from convstep.oracle.comparison import Row


def gradient_names(problem: Problem) -> list[str]:
    """What backward returns, in its order."""
    return ["dW", "dA_prev"] if problem.b is None else ["dW", "db", "dA_prev"]


def problem_facts(problem: Problem) -> list[str]:
    """The problem in a few words each, the most telling first."""
    geometry = problem.geometry
    c_out, f_h, f_w, c_k = geometry.kernel_shape
    facts = [
        f"A_prev {shape_text(problem.A_prev.shape)}",
        f"W {c_out}@{f_h}x{f_w}x{c_k}",
        *window_facts(problem),
    ]
    if problem.dilation != (1, 1):
        facts.append(f"dilation {pair_text(problem.dilation)}")
    if problem.groups != 1:
        facts.append(f"groups {problem.groups}")
    if problem.b is None:
        facts.append(tr("no bias"))
    facts.append(str(problem.dtype))
    if problem.recorded is not None:
        facts.append(tr("recorded gradients"))
    return facts


def window_facts(problem: Problem) -> list[str]:
    """Where the windows lie, which every title says."""
    return [f"stride {pair_text(problem.stride)}", f"padding {padding_text(problem.padding)}"]


def difference_panel(row: Row) -> Panel:
    """The face of the difference with the worst cell on it; full colour is the tolerance.

    Its numbers are written in the unit of the worst error, of which the tolerance may be a million.
    Cells about which the oracle was not asked are blank.
    """
    fixed: tuple[int | None, ...]
    if len(row.shape) == 1:
        fixed, now = (None,), Cell(row.worst_index[0], 0)
    elif row.name == "dW":
        i_c, k_h, k_w, channel = row.worst_index
        fixed, now = (i_c, None, None, channel), Cell(k_h, k_w)
    else:
        *batch, row_at, column_at, channel = row.worst_index
        fixed, now = (*batch, None, None, channel), Cell(row_at, column_at)
    error = face(tr("error of {name}", name=row.name), row.difference, fixed)
    return Panel(
        key=f"difference_{row.name}",
        face=error,
        titles=tuple(dict.fromkeys((error.label, error.label.replace(", ", ","), error.name, tr("error")))),
        known=face(row.name, row.cells, fixed).values,
        reach=round_limit(row.max_abs_error),
        limit=row.tolerance if 0 < row.tolerance < np.inf else round_limit(row.max_abs_error),
        now=now if row.cells[row.worst_index] else None,
        listed=len(row.shape) == 1,
    )
