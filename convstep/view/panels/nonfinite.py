"""NaN and inf: in words, and where the debugger shows them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from convstep.conv.nonfinite import FirstNonfinite, first_nonfinite
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.lessons.tensors import padded
from convstep.steps.cells import cell_text
from convstep.steps.event import Event
from convstep.view.scene.staged import Spot as Spot

if TYPE_CHECKING:
    from convstep.conv.timeline import Timeline
    from convstep.oracle.captured import CapturedLayer
    from convstep.oracle.origin import Origin


def first_spot(scout: Timeline, leave: Callable[[], bool]) -> Spot | None:
    """Where the first NaN or inf is made: by a step of the loop, else by the sums of what was recorded.

    The scout may be moved. `leave` is asked now and then; when it says so the search ends with None.
    """
    found = first_nonfinite(scout.problem, leave, scout)
    return (
        spot_of_recording(scout.problem, leave) if found is None else spot_of_step(found, scout.problem.dtype)
    )


def spot_of_step(found: FirstNonfinite, dtype: object) -> Spot:
    """Where the loop itself makes the first NaN or inf; see `first_words`."""
    return Spot(found.position, found.gradient, found.cell, first_words(found, dtype))


def spot_of_output(event: Event, dtype: object) -> Spot:
    """Where a step of a forward pass makes the first NaN or inf, and what of.

    `dtype` is what its cell of Z is summed up in.
    """
    write = event.writes[-1]
    cell = tuple(part for part in write.region if isinstance(part, int))
    value, position = float(np.asarray(write.after)), event.index + 1
    for read in event.reads:
        bad = np.asarray(read.value)[~np.isfinite(read.value)]
        if not bad.size:
            continue
        array = read.array.removesuffix("_pad")
        if (bad == value).any() or (math.isnan(value) and np.isnan(bad).any()):
            return spot_of_step(FirstNonfinite(position, write.array, cell, value, array, False), dtype)
        words = tr(
            "first {value}: {cell}; made here, of {other} in {array}",
            value=value_word(value),
            cell=cell_text(write.array, cell),
            other=value_word(float(bad[0])),
            array=array,
        )
        return Spot(position, write.array, cell, words)
    with quiet():
        product = np.asarray(event.read("x").value) * event.read("w").value
    overflows = not np.isfinite(product).all()
    return spot_of_step(FirstNonfinite(position, write.array, cell, value, "", overflows), dtype)


def spot_of_recording(problem: Problem, leave: Callable[[], bool]) -> Spot | None:
    """Where a recorded gradient's NaN or inf is made: its sum leaves the range of the recorded precision.

    The problem's loop stays finite in its own, wider dtype. For `leave` see `first_spot`.
    """
    from convstep.oracle.overflow import first_overflow, format_of

    recorded = problem.recorded
    bad = {name: ~np.isfinite(values) for name, values in recorded.gradients.items()} if recorded else {}
    if recorded is None or not any(mask.any() for mask in bad.values()):
        return None
    found = first_overflow(problem, recorded.eps, bad, leave)
    if found is None:
        return None
    gradient, cell = _shown(found.gradient, found.cell, problem)
    first = FirstNonfinite(found.position, gradient, cell, found.value, "", found.product)
    return spot_of_step(first, format_of(recorded.eps).name)


def spot_of_origin(origin: Origin, layer: CapturedLayer, sample: int | None = None) -> tuple[Problem, Spot]:
    """What to open, and where in it a captured run's first NaN or inf stands.

    `sample` is the one to open alone; the whole batch is opened otherwise, and where another sample has the
    cell, or all have a share in it. A `ProblemError` if there is nothing to step through.
    """
    array, cell, position = origin.array, origin.cell, origin.position
    batched = layer.samples is not None and array in ("A_prev", "Z", "dZ", "dA_prev")
    alone = sample is not None and layer.samples is not None and -layer.samples <= sample < layer.samples
    if alone and batched:
        alone = bool(cell) and sample in (cell[0], cell[0] - (layer.samples or 0))
    elif array in layer.gradients:
        alone = False
    problem = layer.problem(sample if alone else None)
    if alone and batched:
        position = None if position is None else position - cell[0] * problem.total_steps
        cell = cell[1:]
    array, cell = _shown(array, cell, problem)
    if position is None:
        geometry = problem.geometry
        writers = geometry.steps_touching(array, cell) if array in ("dW", "db", "dA_prev_pad") else ()
        position = writers[-1] + 1 if writers else 0
    return problem, Spot(position, array, cell, origin.words)


def _shown(array: str, cell: tuple[int, ...], problem: Problem) -> tuple[str, tuple[int, ...]]:
    """A cell where a panel shows it."""
    if array in ("A_prev", "dA_prev"):
        return f"{array}_pad", padded(cell, problem.geometry)
    return "dZ" if array == "Z" else array, cell  # the gradient of that output stands in the same place


def first_words(found: FirstNonfinite, dtype: object) -> str:
    """Where the first NaN or inf stands, and where it comes from, in one line.

    `dtype` is what the gradients accumulate in.
    """
    cell = cell_text(found.gradient, found.cell)
    overflow = (
        "first {value}: {cell}; made here, a product overflows {dtype}"
        if found.product_overflows
        else "first {value}: {cell}; made here, the sum overflows {dtype}"
    )
    if not found.came_with:
        return tr(overflow, value=value_word(found.value), cell=cell, dtype=dtype)
    return tr(
        "first {value}: {cell}; it was already in {array}",
        value=value_word(found.value),
        cell=cell,
        array=found.came_with,
    )


def value_word(value: float) -> str:
    """NaN, inf or -inf."""
    return "NaN" if math.isnan(value) else f"{value:.0f}"


def count_words(nan: int, inf: int) -> str:
    """`12 NaN 3 inf`; "" for none."""
    return " ".join(f"{count} {word}" for count, word in ((nan, "NaN"), (inf, "inf")) if count)
