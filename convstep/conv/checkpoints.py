"""Checkpoints: what is kept of a pass, so that any position can be rebuilt in no time.

After the output rows before `r`, the rows of `dA_prev_pad` above `r * s_h` are final, those that a window
already reached are under way (the band), and all below is zero. So a state is the final rows, which the
furthest pass has anyway, one band, `dW` and `db`: kept at the boundaries of output rows, what is left is
added again. Within an output row the same holds for columns: only the last few places have to be added.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from convstep.brief import brief
from convstep.conv.blocks import (
    Block,
    add_block,
    add_block_db,
    add_block_dW,
    add_place,
    add_place_dA,
    add_row_dA,
    add_rows_dA,
    parts_for_dA,
)
from convstep.conv.problem import Problem
from convstep.conv.step import Run, quiet
from convstep.frozen import frozen
from convstep.steps.cells import Array

BUDGET = 2.0
"""How much may be kept, in sizes of the problem's arrays."""
LEAST_BUDGET = 1 << 20
"""Bytes that may be kept of even the smallest problem."""
CHUNK = 200_000_000
"""Multiply-adds of one part of the building, about a fifth of a second."""

MOST_BEYOND = 16
"""Places that are added one by one; more of them go faster as a row."""


@frozen(eq=False)
class Checkpoint:
    """The state at the boundary of an output row, without the final rows."""

    dW: Array
    """As `W`."""
    db: Array | None
    """As `b`."""
    band: Array
    """Rows of `dA_prev_pad` that are under way, `(band rows, W + p, C_in)`."""

    __repr__ = brief


class Checkpoints:
    """The furthest pass so far, and the checkpoints along its way.

    Output rows are counted through all samples: row `q` is row `q % H_out` of sample `q // H_out`.
    Any thread may build; the boundaries already built stay as they are.
    """

    def __init__(self, problem: Problem, budget: int | None = None) -> None:
        """Nothing is built before it is asked for; `budget` bytes are kept, by default twice the arrays."""
        self._problem, self._geometry = problem, problem.geometry
        self._lock = threading.Lock()
        self._front: Run | None = None
        self.reached = 0
        """Output rows built so far."""
        self._kept: dict[int, Checkpoint] = {}
        self.budget = default_budget(problem) if budget is None else budget
        """Bytes that may be kept."""
        self.spacing = self._spacing()
        """Output rows from one checkpoint to the next."""

    @property
    def kept_bytes(self) -> int:
        """What is kept now, in bytes."""
        front = [] if self._front is None else [self._front.dW, self._front.db, self._front.dA_prev_pad]
        kept = [array for point in self._kept.values() for array in (point.dW, point.db, point.band)]
        return sum(array.nbytes for array in (*front, *kept) if array is not None)

    def at_hand(self, position: int) -> bool:
        """Whether a position can be restored with nothing, or next to nothing, to build first."""
        rows = self._row_of(position) - self.reached
        return rows * self._row_work <= CHUNK // 20

    def build(self, position: int) -> Iterator[float]:
        """Build as far as a position needs, part by part; yields the share that is done."""
        wanted = self._row_of(position)
        start = self.reached
        while self.reached < wanted:
            with self._lock, quiet():
                if self.reached < wanted:
                    self._build_chunk()
            yield min((self.reached - start) / max(wanted - start, 1), 1.0)

    def restore(self, run: Run, standing: int, position: int) -> None:
        """Bring a run whose gradients are those of `standing` to a position; builds as far as needed."""
        for _ in self.build(position):
            pass
        row = self._row_of(position)
        first = row - row % self.spacing
        with self._lock, quiet():
            self._put(run, self._row_of(standing), first)
            self._add_rows(run, first, row)
            if position < self._problem.total_steps:
                self._add_rest(run, row, position)

    def _row_of(self, position: int) -> int:
        """The output row that a position stands in or before."""
        _, w_out, c_out = self._geometry.output_shape
        return position // (w_out * c_out)

    def _spacing(self) -> int:
        """As few rows between checkpoints as the budget allows."""
        h_pad, w_pad, c_in = self._geometry.padded_shape
        item = self._problem.dtype.itemsize
        dW = self._problem.W.nbytes + (0 if self._problem.b is None else self._problem.b.nbytes)
        front = dW + self._geometry.samples * h_pad * w_pad * c_in * item
        one = dW + self._band_rows * w_pad * c_in * item
        rows = self._geometry.samples * self._geometry.output_shape[0]
        affordable = max((self.budget - front) // one, 1)
        return int(-(-rows // affordable))

    @property
    def _row_work(self) -> int:
        """Multiply-adds of one output row."""
        _, w_out, c_out = self._geometry.output_shape
        return w_out * c_out * int(np.prod(self._geometry.kernel_shape[1:]))

    @property
    def _band_rows(self) -> int:
        return max(self._geometry.reach[0] - self._geometry.stride[0], 0)

    def _build_chunk(self) -> None:
        """Carry the front some rows further, within one sample, and keep checkpoints along the way."""
        if self._front is None:
            self._front = Run.begin(self._problem)
        front = self._front
        h_out, w_out, _ = self._geometry.output_shape
        i_n, first = divmod(self.reached, h_out)
        rows = range(first, min(first + max(CHUNK // self._row_work, 1), h_out))
        for part in parts_for_dA(front, Block(i_n, rows, range(w_out))):
            bands = self._bands_for(i_n, part.rows)
            self._add_with_bands(part, bands)
            for i_h in part.rows:
                self._keep(i_n * h_out + i_h, bands)
                add_block_dW(front, Block(i_n, range(i_h, i_h + 1), range(w_out)))
                add_block_db(front, Block(i_n, range(i_h, i_h + 1), range(w_out)))
        self.reached += len(rows)

    def _keep(self, row: int, bands: dict[int, Array]) -> None:
        """Keep the front's `dW` and `db`, and the band, at the boundary before a row."""
        if row % self.spacing == 0:
            front = self._front
            assert front is not None
            db = None if front.db is None else front.db.copy()
            self._kept[row] = Checkpoint(front.dW.copy(), db, bands[row])

    def _bands_for(self, i_n: int, rows: range) -> dict[int, Array]:
        """The bands at the boundaries before these rows; the first is whole already."""
        assert self._front is not None
        h_out, s_h = self._geometry.output_shape[0], self._geometry.stride[0]
        _, w_pad, c_in = self._geometry.padded_shape
        dA = self._front.samples(self._front.dA_prev_pad)[i_n]
        shape = (self._band_rows, w_pad, c_in)
        bands = {}
        for i_h in rows:
            if (i_n * h_out + i_h) % self.spacing == 0:
                band = np.zeros(shape, self._problem.dtype)
                if i_h == rows.start:
                    band[...] = dA[i_h * s_h : i_h * s_h + self._band_rows]
                bands[i_n * h_out + i_h] = band
        return bands

    def _add_with_bands(self, block: Block, bands: dict[int, Array]) -> None:
        """Add a block to the front's `dA_prev_pad`, and take each band at the moment it is right.

        Taps are added by descending `k_h`. Row `t` of the band before output row `r` is row
        `r * s_h + t` of the padded input, and rows before `r` reach it with `k_h * d_h >= t + s_h`:
        once those taps are in, and before the next, it has exactly the contributions it shall have.
        """
        assert self._front is not None
        (s_h, _), (d_h, _) = self._geometry.stride, self._geometry.dilation
        h_out = self._geometry.output_shape[0]
        dA = self._front.samples(self._front.dA_prev_pad)[block.i_n]

        def take(k_h: int) -> None:
            for t in range(self._band_rows):
                if -(-(t + s_h) // d_h) == k_h:
                    for row, band in bands.items():
                        i_h = row - block.i_n * h_out
                        if i_h != block.rows.start:
                            band[t] = dA[i_h * s_h + t]

        if len(block.rows) == 1:  # its only band is the first, which is whole
            add_row_dA(self._front, block)
        else:
            add_rows_dA(self._front, block, take)

    def _put(self, run: Run, standing: int, row: int) -> None:
        """Bring a run standing in an output row to the boundary of another that is kept."""
        if row == 0:
            self._put_zero(run, standing)
            return
        point = self._point(row)
        assert self._front is not None
        run.dW[...] = point.dW
        if run.db is not None:
            run.db[...] = point.db
        live, front = _flat(run), _flat(self._front)
        final, touched = self._final(row), self._final(standing) + self._geometry.reach[0]
        since = min(self._final(standing), final)
        live[since:final] = front[since:final]
        live[final : final + len(point.band)] = point.band[: len(live) - final]
        live[final + len(point.band) : touched] = 0

    def _put_zero(self, run: Run, standing: int) -> None:
        run.dW[...] = 0
        if run.db is not None:
            run.db[...] = 0
        _flat(run)[: self._final(standing) + self._geometry.reach[0]] = 0

    def _point(self, row: int) -> Checkpoint:
        """What is kept at a boundary; the front itself at its own."""
        if row in self._kept:
            return self._kept[row]
        assert self._front is not None
        assert row == self.reached
        final = self._final(row)
        band = _flat(self._front)[final : final + self._band_rows]
        return Checkpoint(self._front.dW, self._front.db, band)

    def _final(self, row: int) -> int:
        """Rows of `dA_prev_pad`, through all samples, that are final at the boundary before a row."""
        i_n, i_h = divmod(row, self._geometry.output_shape[0])
        return i_n * self._geometry.padded_shape[0] + i_h * self._geometry.stride[0]

    def _add_rows(self, run: Run, first: int, last: int) -> None:
        """Whole output rows, from one boundary to another."""
        h_out, w_out, _ = self._geometry.output_shape
        while first < last:
            i_n, i_h = divmod(first, h_out)
            rows = range(i_h, min(h_out, i_h + last - first))
            add_block(run, Block(i_n, rows, range(w_out)))
            first += len(rows)

    def _add_rest(self, run: Run, row: int, position: int) -> None:
        """What is left to a position within an output row."""
        i_n, i_h, i_w, i_c = self._geometry.index_at(position)
        if i_w:
            block = Block(i_n, range(i_h, i_h + 1), range(i_w))
            add_block_dW(run, block)
            add_block_db(run, block)
            self._add_rest_dA(run, row, block)
        if i_c:
            add_place(run, (i_n, i_h, i_w), range(i_c))

    def _add_rest_dA(self, run: Run, row: int, block: Block) -> None:
        """The same for `dA_prev_pad`: most of it stands at the row's end, if that is kept."""
        i_w, (_, s_w), (_, reach_w) = block.columns.stop, self._geometry.stride, self._geometry.reach
        beyond = range(max(i_w - (reach_w - 1) // s_w, 0), i_w)  # places that reach past the settled columns
        if len(beyond) > MOST_BEYOND or (row + 1 not in self._kept and row + 1 != self.reached):
            add_row_dA(run, block)
            return
        for place in beyond:
            c_out = self._geometry.kernel_shape[0]
            add_place_dA(run, (block.i_n, block.rows.start, place), range(c_out))
        self._put_columns(run, row, i_w * s_w)

    def _put_columns(self, run: Run, row: int, columns: int) -> None:
        """The first columns of an output row's windows, as they are at the row's end."""
        assert self._front is not None
        live, front = _flat(run), _flat(self._front)
        top = self._final(row)
        bottom = top + self._geometry.reach[0]
        final = min(self._final(row + 1), bottom)
        live[top:final, :columns] = front[top:final, :columns]
        if final < bottom:
            live[final:bottom, :columns] = self._point(row + 1).band[:, :columns]


def _flat(run: Run) -> Array:
    """`dA_prev_pad` with the rows of all samples after each other, a view."""
    dA = run.samples(run.dA_prev_pad)
    return dA.reshape(-1, *dA.shape[2:])


def default_budget(problem: Problem) -> int:
    """Bytes that may be kept of a problem: twice its arrays."""
    arrays = (problem.A_prev, problem.W, problem.b, problem.dZ)
    size = sum(array.nbytes for array in arrays if array is not None)
    return max(int(BUDGET * size), LEAST_BUDGET)
