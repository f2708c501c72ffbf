"""What one captured call says of a NaN or inf in it: the cell, a step, an explanation."""

from __future__ import annotations

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.validation import ProblemError
from convstep.language import tr
from convstep.oracle.capture_reasons import word
from convstep.oracle.captured_layer import CapturedLayer
from convstep.oracle.overflow import HALF, format_of, output_sum
from convstep.steps.cells import Array
from convstep.steps.number_text import short


def first_cell(layer: CapturedLayer, array: str) -> tuple[tuple[int, ...], str]:
    """The first cell that is not finite, and what stands there."""
    values = _values(layer, array)
    if values is None:  # of the output only the counts and the place are known
        counts = layer.Z_seen
        return counts.first or (), "inf" if not counts.nan else "NaN" if not counts.inf else "NaN or inf"
    cell = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    return cell, word(float(values[cell]))


def _values(layer: CapturedLayer, array: str) -> Array | None:
    """An array of a call by name; None for what is not kept."""
    if array in layer.gradients:
        return layer.gradients[array]
    found: Array | None = layer.dZ if array == "dZ" else getattr(layer.convolution, array)
    return found if isinstance(found, np.ndarray) else None


def met_at(layer: CapturedLayer, array: str, cell: tuple[int, ...]) -> int | None:
    """Just after the first step of the loop that meets a cell which it reads, or whose dZ it reads."""
    problem = problem_of(layer, cell[0] if array == "A_prev" and layer.samples is not None else None)
    if problem is None or not cell or array in layer.gradients:
        return None
    if array in ("W", "b"):
        return cell[0] + 1
    if array in ("Z", "dZ"):
        return int(np.ravel_multi_index(cell, layer.dZ.shape)) + 1
    row, column, channel = cell[-3:]
    (top, _), (left, _) = problem.geometry.padding
    steps = problem.geometry.steps_touching_padded(0, row + top, column + left, channel)
    before = cell[0] * problem.total_steps if layer.samples is not None else 0
    return before + steps[0] + 1 if steps else None


def problem_of(layer: CapturedLayer, sample: int | None = None) -> Problem | None:
    """What its backward worked on; None where that is nothing to step through, such as an empty batch."""
    try:
        return layer.problem(sample)
    except ProblemError:
        return None


def sum_words(layer: CapturedLayer) -> str:
    """Why the first cell of the output that is not finite is so, where its sum alone says it."""
    cell = layer.Z_seen.first
    problem = problem_of(layer, cell[0] if cell and layer.samples is not None else None)
    if problem is None or not cell:
        return ""
    value = output_sum(problem, cell[-3:])
    dtype = format_of(layer.convolution.eps)
    if not dtype.overflows(value):
        return ""
    return tr(
        "its sum is {value}, and {dtype} ends at {largest}",
        value=short(value, 3),
        dtype=dtype.name,
        largest=short(dtype.largest, 3),
    )


def cast_words(layer: CapturedLayer, array: str) -> str:
    """What autocast may have to do with an inf that a layer is given."""
    dtype = format_of(layer.convolution.eps)
    if dtype.name not in ("float16", "bfloat16") or not layer.nonfinite[array].inf:
        return ""
    return tr(
        "in {dtype}, as it was convolved, all beyond {largest} is inf",
        dtype=dtype.name,
        largest=short(dtype.largest, 5),
    )


def scaler_words(layer: CapturedLayer) -> str:
    """What may be meant to happen to gradients in float16."""
    return tr("a GradScaler would skip this step") if layer.convolution.eps == HALF else ""
