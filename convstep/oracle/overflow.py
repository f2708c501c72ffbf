"""Where a sum leaves the range of the format it was computed in, though float32 or float64 still holds it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping

import numpy as np

from convstep.conv.blocks import Block, add_block, add_rest
from convstep.conv.geometry import StepIndex
from convstep.conv.problem import Problem
from convstep.conv.step import Run, quiet
from convstep.frozen import NamedTuple
from convstep.steps.cells import Array


class Overflow(NamedTuple):
    """The first step after which a running gradient has left a range."""

    position: int
    """Just after that step."""
    gradient: str
    """"dW", "dA_prev" or "db", the first in the loop's order that the step spoils."""
    cell: tuple[int, ...]
    """Its first such cell, as an index into that gradient."""
    value: float
    """What stands there then: inf, -inf or NaN; later steps may make NaN of an inf."""
    product: bool
    """Whether what the step adds is beyond the range by itself; else the sum is."""


class Format(NamedTuple):
    """A floating-point format, as far as its range goes."""

    name: str
    """As NumPy and PyTorch call it."""
    largest: float
    end: float
    """The smallest that is rounded to inf: half of the last place beyond the largest."""

    def overflows(self, value: float) -> bool:
        """Whether a number, rounded to this format, is not finite."""
        return not abs(value) < self.end

    @property
    def scale(self) -> float:
        """What brings its end to that of the dtype which holds its numbers."""
        if self.end > float(np.finfo(np.float32).max):
            return 1.0
        return float(np.nextafter(np.float32(2.0**128 / self.end), np.float32(np.inf)))


HALF = float(np.finfo(np.float16).eps)

FLOAT32 = Format("float32", float(np.finfo(np.float32).max), (2 - 2.0**-24) * 2.0**127)
"""Also the range of TF32."""

FORMATS = {
    HALF: Format("float16", 65504.0, 65520.0),
    2.0**-7: Format("bfloat16", (2 - 2.0**-7) * 2.0**127, (2 - 2.0**-8) * 2.0**127),
    2.0**-52: Format("float64", float(np.finfo(np.float64).max), np.inf),
}
"""The others, by eps."""


def format_of(eps: float) -> Format:
    """The format that has an eps."""
    return FORMATS.get(eps, FLOAT32)


def output_sum(problem: Problem, cell: tuple[int, ...]) -> float:
    """What a cell `(i_h, i_w, i_c)` of an output without batch axis adds up to in float64, bias included."""
    i_h, i_w, i_c = cell
    _, *window = problem.geometry.window(StepIndex(0, i_h, i_w, i_c))
    seen, kernel = problem.A_prev_pad[tuple(window)], problem.W[i_c]
    with quiet():
        total = float(np.sum(seen.astype(np.float64) * kernel.astype(np.float64)))
    return total if problem.b is None else total + float(problem.b[i_c])


def first_overflow(
    problem: Problem, eps: float, among: Mapping[str, Array], leave: Callable[[], bool] = lambda: False
) -> Overflow | None:
    """The first step after which a running gradient, held in a narrower range, is NaN or infinite; else None.

    Backward is linear in dZ. So dZ is multiplied by what brings the end of the narrow range to that of
    the problem's dtype: then the loop itself overflows where the narrow sum would, and what is
    infinite stays infinite or NaN, so that whole rows may be executed at once.

    All arrays are finite; `eps` tells the range, `among` which cells are looked at by "dW", "db" and
    "dA_prev"; after each row `leave` may end the search.
    """
    scale = format_of(eps).scale
    with quiet():
        scaled = problem if scale == 1 else problem.with_arrays(dZ=problem.dZ * problem.dtype.type(scale))
    run, geometry = Run.begin(scaled), problem.geometry
    masks = dict(among)
    if "dA_prev" in masks:
        around = [(0, 0)] * (problem.A_prev.ndim - 3) + [*geometry.padding, (0, 0)]
        masks["dA_prev"] = np.pad(masks["dA_prev"], around)
    h_out, w_out, _ = geometry.output_shape
    with quiet():
        for row in range(geometry.samples * h_out):
            i_n, i_h = divmod(row, h_out)
            watched = _watched(run, masks, i_n, i_h)
            before = [values.copy() for values, _ in watched.values()]
            add_block(run, Block(i_n, range(i_h, i_h + 1), range(w_out)))
            if leave():
                return None
            if _spoilt(watched):
                return _within(run, row, watched, before)
    return None


Watched = dict[str, tuple[Array, Array]]
"""By gradient, the live cells that a row writes, and which of them are looked at."""


def _watched(run: Run, masks: Mapping[str, Array], i_n: int, i_h: int) -> Watched:
    rows = run.geometry.rows(i_h)
    found: Watched = {}
    for name, mask in masks.items():
        if name == "dA_prev":
            found[name] = run.samples(run.dA_prev_pad)[i_n, rows], run.samples(mask)[i_n, rows]
        else:
            found[name] = getattr(run, name), mask
    return found


def _spoilt(watched: Watched) -> bool:
    return any(bool((~np.isfinite(values) & mask).any()) for values, mask in watched.values())


def _within(run: Run, row: int, watched: Watched, before: list[Array]) -> Overflow:
    """The step of an output row that spoils a cell, and the cell."""
    geometry = run.geometry
    h_out, w_out, c_out = geometry.output_shape
    i_n, i_h = divmod(row, h_out)
    first, last = row * w_out * c_out, (row + 1) * w_out * c_out

    def spoilt(position: int) -> bool:
        for (values, _), old in zip(watched.values(), before, strict=True):
            values[...] = old
        if position == last:
            add_block(run, Block(i_n, range(i_h, i_h + 1), range(w_out)))
        else:
            add_rest(run, position)
        return _spoilt(watched)

    position = bisect_left(range(last), True, lo=first + 1, key=spoilt)
    spoilt(position)
    name, bad = next(
        (name, bad) for name, (values, mask) in watched.items() if (bad := ~np.isfinite(values) & mask).any()
    )
    cell = tuple(int(i) for i in np.argwhere(bad)[0])
    value = float(watched[name][0][cell])
    product = not np.isfinite(_added(run, position - 1, name, cell))
    if name == "dA_prev":
        rows, ((top, _), (left, _)) = geometry.rows(i_h), geometry.padding
        cell = rows.start + cell[0] * rows.step - top, cell[1] - left, cell[2]
        cell = cell if geometry.batch is None else (i_n, *cell)
    return Overflow(position, name, cell, value, product)


def _added(run: Run, step: int, name: str, cell: tuple[int, ...]) -> float:
    """What a step adds to a cell: of `dA_prev`, to one of the rows that it reads."""
    at = run.step(run.geometry.index_at(step))
    if name == "db":
        return float(at.dz)
    if name == "dW":
        return float(at.input_slice[cell[1:]] * at.dz)
    _, _, columns, channels = at.window
    tap = cell[0], (cell[1] - columns.start) // columns.step, cell[2] - channels.start
    return float(at.kernel[tap] * at.dz)
