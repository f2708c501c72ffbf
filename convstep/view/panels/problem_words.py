"""The problem in words, and the panel of what an oracle disagrees with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.validation import padding_text, pair_text, shape_text
from convstep.conv.validation import place_text as place_text
from convstep.language import tr
from convstep.steps.cells import Array
from convstep.view.grid.faces import face
from convstep.view.grid.panel import Cell, Panel
from convstep.view.numbers.scale import round_limit
from convstep.view.numbers.text import short

if TYPE_CHECKING:
    from convstep.conv.timeline import Timeline
    from convstep.oracle.row import Row


def gradient_names(problem: Problem) -> list[str]:
    """What backward returns, in its order."""
    return ["dW", "dA_prev"] if problem.b is None else ["dW", "db", "dA_prev"]


def problem_facts(problem: Problem) -> list[str]:
    """The problem in a few words each, the most telling first."""
    facts = [*shape_facts(problem), *window_facts(problem)]
    if problem.b is None:
        facts.append(tr("no bias"))
    facts.append(str(problem.dtype))
    if problem.recorded is not None:
        facts.append(tr("recorded gradients"))
    return facts


def shape_facts(problem: Problem) -> list[str]:
    """How large the arrays are, which the panels show as well."""
    c_out, f_h, f_w, c_k = problem.geometry.kernel_shape
    return [f"A_prev {shape_text(problem.A_prev.shape)}", f"W {c_out}@{f_h}x{f_w}x{c_k}"]


def window_facts(problem: Problem) -> list[str]:
    """Where the windows lie and what they join, which every title says."""
    facts = [f"stride {pair_text(problem.stride)}", f"padding {padding_text(problem.padding)}"]
    if problem.dilation != (1, 1):
        facts.append(f"dilation {pair_text(problem.dilation)}")
    if problem.groups != 1:
        facts.append(f"groups {problem.groups}")
    return facts


def difference_panel(row: Row, *, channels_last: bool = True) -> Panel:
    """The face of the difference with the worst cell on it; full colour is the tolerance.

    Its numbers are written in the unit of the worst error, of which the tolerance may be a million. Cells
    about which the oracle was not asked are blank. Unless `channels_last`, rows and columns are the last two
    axes.
    """
    worst = row.worst_index
    seen = _face_of(worst, channels_last=channels_last)
    error = face(tr("error of {name}", name=row.name), row.difference, seen)
    now = error.find(worst)
    return Panel(
        key=f"difference_{row.name}",
        face=error,
        titles=tuple(
            dict.fromkeys((error.label, error.label.replace(", ", ","), error.name, row.name, tr("error")))
        ),
        known=face(row.name, row.cells, seen).values,
        reach=row.max_abs_error,
        limit=row.tolerance if 0 < row.tolerance < np.inf else round_limit(row.max_abs_error),
        now=Cell(*now) if now is not None and row.cells[worst] else None,
        listed=len(row.shape) == 1,
    )


def waiting_panel(name: str, array: Array, note: str, *, channels_last: bool = True) -> Panel:
    """The place of a gradient's difference, of the array's shape, before there is one; see there."""
    seen = _face_of((0,) * array.ndim, channels_last=channels_last)
    return Panel(
        key=f"difference_{name}",
        face=face(tr("error of {name}", name=name), array, seen),
        limit=1.0,
        listed=array.ndim == 1,
        note=note,
    )


def _face_of(index: tuple[int, ...], *, channels_last: bool) -> tuple[int | None, ...]:
    """The face on which a cell of a gradient stands, as `face` takes it."""
    if channels_last and len(index) > 1:
        return (*index[:-3], None, None, index[-1])
    return (*index[:-2], *(None,) * min(len(index), 2))


def step_caption(timeline: Timeline) -> str:
    """What a position of the timeline shows, in a line: the step just executed, at 0 the first one."""
    step, position = timeline.step, timeline.position
    executed = f"step {position} of" if position else "before step 1 of"
    place = place_text(step.loop_index, step.run.geometry)
    return f"{executed} {timeline.total} ({place}): dW[{step.i_c}] += x * {short(step.dz)}"
