"""A step's additions in numbers: what is added where, and the cells before and after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.step import quiet
from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.view.grid.faces import Face, face
from convstep.view.grid.panel import Cell
from convstep.view.scene.scene import Addition

Array = npt.NDArray[Any]


def additions(timeline: Timeline, k: int, made: int, summed: Timeline | None = None) -> tuple[Addition, ...]:
    """The additions of the shown step, in the loop's order.

    Args:
        timeline: the pass, at the step.
        k: the input channel that is shown, counted within the step's group.
        made: how many of the step's additions are made.
        summed: the same pass over the step's sample alone, if its sums are shown; see `SampleShare`.
    """
    sums = timeline if summed is None else summed
    sample = timeline.step.i_n
    part = () if summed is None else (f" {tr('of i_n {sample}', sample=sample)}", f", i_n {sample}")
    with quiet():
        kernels = replace(_to_kernels(sums, k, made > 0), part=part)
        found = (kernels, _to_input(timeline, k, made > 1))
        return (*found, replace(_to_bias(sums, made > 2), part=part)) if sums.db is not None else found


def _to_kernels(timeline: Timeline, k: int, done: bool) -> Addition:
    step = timeline.step
    cells = face("dW", timeline.dW, (step.i_c, None, None, k))
    return _addition(
        timeline,
        target=f"dW[{step.i_c}]",
        shown=cells.label,
        formula="x * dz",
        factor=step.input_slice[..., k],
        cells=cells,
        live=cells.values,
        where=(Cell(0, 0), Cell(1, 1)),
        channel=k,
        done=done,
    )


def _to_input(timeline: Timeline, k: int, done: bool) -> Addition:
    step = timeline.step
    i_n, rows, columns, channels = step.window
    batch = () if timeline.problem.geometry.batch is None else (i_n,)
    cells = face("dA_prev_pad", timeline.dA_prev_pad, (*batch, None, None, channels.start + k))
    span = ", ".join([*map(str, batch), _slice_text(rows), _slice_text(columns)])
    channel = "" if cells.single[-1] else f", {channels.start + k}"
    return _addition(
        timeline,
        target=f"dA_prev_pad[{span}]",
        shown=f"dA_prev_pad[{span}{channel}]",
        formula="w * dz",
        factor=step.kernel[..., k],
        cells=cells,
        live=cells.values[rows, columns],
        where=(Cell(rows.start, columns.start), Cell(rows.step, columns.step)),
        channel=k,
        done=done,
    )


def _to_bias(timeline: Timeline, done: bool) -> Addition:
    i_c = timeline.step.i_c
    assert timeline.db is not None
    cells = face("db", timeline.db, (None,))
    return _addition(
        timeline,
        target=f"db[{i_c}]",
        shown=f"db[{i_c}]",
        formula="dz",
        factor=np.ones((1, 1), timeline.problem.dtype),
        cells=cells,
        live=cells.values[i_c : i_c + 1],
        where=(Cell(i_c, 0), Cell(1, 1)),
        channel=0,
        done=done,
    )


def _addition(
    timeline: Timeline,
    *,
    target: str,
    shown: str,
    formula: str,
    factor: Array,
    cells: Face,
    live: Array,
    where: tuple[Cell, Cell],
    channel: int,
    done: bool,
) -> Addition:
    """One addition; a made one has kept what it overwrote.

    Args:
        timeline: the pass, at the step.
        target: what is added to.
        shown: the part of it that is shown.
        formula: what is added.
        factor: the array factor's face.
        cells: the gradient's face.
        live: the cells of that face that are added to.
        where: the place of `live[0, 0]` on the face, and the pace between its cells.
        channel: which of the overwritten input channels is shown.
        done: whether it is made.
    """
    added = factor * timeline.step.dz
    overwritten = timeline.overwritten.get(cells.name) if done else None
    if overwritten is None:
        before, after = np.array(live), live + added
    else:
        kept = overwritten.before
        before = kept[..., channel] if kept.ndim == 3 else kept.reshape(1, 1)
        after = np.array(live)
    return Addition(
        target=target,
        shown=shown,
        formula=formula,
        factor_name=formula.split(" * ")[0] if " * " in formula else "",
        factor=factor,
        added=added,
        before=before,
        after=after,
        cells=cells,
        origin=where[0],
        pace=where[1],
        done=done,
    )


def _slice_text(part: slice) -> str:
    """`4:7`, or `4:9:2` with a step."""
    return f"{part.start}:{part.stop}" + (f":{part.step}" if part.step not in (None, 1) else "")
