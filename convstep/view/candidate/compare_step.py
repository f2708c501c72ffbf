"""From one step to what it adds in the reference and in the candidate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.check.grade import wrong_cells
from convstep.conv.geometry import Geometry
from convstep.conv.step import Step, quiet
from convstep.conv.timeline import Timeline
from convstep.conv.validation import cell_text
from convstep.language import tr
from convstep.view.candidate.candidate_panels import MADE
from convstep.view.candidate.compare_card import MOST_LISTED, Share, Stray
from convstep.view.grid.panel import Span

if TYPE_CHECKING:
    from convstep.candidate.check.cases import Right
    from convstep.candidate.step.stepping import Beside

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The cells of a gradient to which a contribution belongs."""

    target: str
    """What they are called."""
    formula: str
    """What is added to them."""
    cells: Any
    """An index of the whole gradient."""
    shape: tuple[int, int]
    """Rows and columns."""


def shares(timeline: Timeline, right: Right, k: int, beside: Beside | None) -> tuple[Share, ...]:
    """What the shown step adds in both, in the loop's order.

    Args:
        timeline: the reference, at the step.
        right: how large an error is rounding.
        k: the input channel that is shown, counted within the step's group.
        beside: what the candidate adds; None if it has not said so yet.
    """
    added, blocks = _contributions(timeline), _blocks(timeline, k)
    return tuple(_share(name, right, added[name], blocks[name], beside) for name in MADE if name in added)


def cropped_window(step: Step, geometry: Geometry) -> Span | None:
    """The step's window in the coordinates of dA_prev; None if it lies in the padding."""
    _, rows, columns, _ = step.window
    cropped = []
    for part, crop in zip((rows, columns), geometry.crop, strict=True):
        places = range(part.start, part.stop, part.step or 1)
        inside = [at - crop.start for at in places if crop.start <= at < crop.stop]
        if not inside:
            return None
        cropped.append(range(inside[0], inside[-1] + 1, part.step or 1))
    return Span(*cropped)


def _share(name: str, right: Right, expected: Array, block: _Block, beside: Beside | None) -> Share:
    share = Share(block.target, block.formula, expected[block.cells].reshape(block.shape))
    if beside is None:
        return share
    if name not in beside.gradients:
        return replace(share, problem=beside.problems.get(name, tr("it is not returned")))
    actual = beside.gradients[name]
    wrong = wrong_cells(name, right, actual, expected)
    inside = np.array(wrong[block.cells]).reshape(block.shape)
    wrong[block.cells] = False
    others = np.argwhere(wrong)
    return replace(
        share,
        actual=actual[block.cells].reshape(block.shape),
        differing=inside,
        strays=tuple(
            Stray(cell_text(name, at), expected[tuple(at)], actual[tuple(at)])
            for at in others[:MOST_LISTED].tolist()
        ),
        elsewhere=len(others),
    )


def _contributions(timeline: Timeline) -> dict[str, Array]:
    """What the step adds in the reference, each in the whole gradient's shape."""
    geometry, step = timeline.problem.geometry, timeline.step
    sample, rows, columns, channels = step.window
    crop_rows, crop_columns = geometry.crop
    padded = np.zeros_like(timeline.dA_prev_pad)
    kernels = np.zeros_like(timeline.dW)
    with quiet():
        batch = () if geometry.batch is None else (sample,)
        padded[(*batch, rows, columns, channels)] = step.kernel * step.dz
        kernels[step.i_c] = step.input_slice * step.dz
    found = {"dW": kernels, "dA_prev": padded[..., crop_rows, crop_columns, :]}
    if timeline.db is not None:
        db = np.zeros_like(timeline.db)
        db[step.i_c] = step.dz
        found["db"] = db
    return found


def _blocks(timeline: Timeline, k: int) -> dict[str, _Block]:
    """Where each contribution belongs, on the faces now shown."""
    geometry, step = timeline.problem.geometry, timeline.step
    window = cropped_window(step, geometry)
    _, f_h, f_w, _ = geometry.kernel_shape
    channel = step.window[3].start + k
    rows = window.rows if window is not None else range(0)
    columns = window.columns if window is not None else range(0)
    batch = () if geometry.batch is None else (step.i_n,)
    at = ", ".join([*map(str, batch), _range_text(rows), _range_text(columns), str(channel)])
    cells = np.ix_(*([i] for i in batch), list(rows), list(columns), [channel])
    filters = f"dW[{step.i_c}]" if geometry.kernel_shape[3] == 1 else f"dW[{step.i_c}, :, :, {k}]"
    return {
        "dW": _Block(filters, "x * dz", (step.i_c, slice(None), slice(None), k), (f_h, f_w)),
        "dA_prev": _Block(f"dA_prev[{at}]", "w * dz", cells, (len(rows), len(columns))),
        "db": _Block(f"db[{step.i_c}]", "dz", (slice(step.i_c, step.i_c + 1),), (1, 1)),
    }


def _range_text(part: range) -> str:
    """`4:7`, or `4:9:2` with a step; `-` where there is nothing."""
    if not part:
        return "-"
    return f"{part.start}:{part.stop}" + (f":{part.step}" if part.step != 1 else "")
