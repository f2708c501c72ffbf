"""Whole blocks of steps at once, with the bits of the loop.

Floating-point sums depend on their order only *within a cell*. So a block may be executed cell by cell, if
each cell meets its contributions in the loop's order:

- a cell of `dW` or `db`: by ascending place `(i_h, i_w)`;
- a cell of `dA_prev_pad`: by ascending `(i_h, i_w)`, which is descending `(k_h, k_w)`, and within
  one place by ascending `i_c`.

Such a sum is a stack `[start, first term, …]` reduced along its leading axis, which NumPy adds one after the
other as long as there is a second axis to be fast along; along the last axis it adds in pairs, so a stack of
single cells goes through `np.add.accumulate`. Products of short rows are taken by `np.einsum`, which is
faster; its -0.0 come as 0.0, which no sum that began at 0.0 tells apart.

Where two NaN meet, the machine decides whose sign and payload survive: only a byte comparison sees it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from convstep.conv.geometry import StepIndex
from convstep.conv.problem import Problem
from convstep.conv.step import Gradients, Run, quiet
from convstep.frozen import NamedTuple
from convstep.steps.cells import Array

BUFFER = 1 << 17
"""Cells of a stack of terms: small enough to stay in a processor's cache."""
PLANAR_BELOW = 16
"""Input channels of a group below which planes of one channel are added; else all channels of a place."""
TOGETHER = 1 << 11
"""Cells of one addition from which several rows go faster tap by tap than row by row."""


class Block(NamedTuple):
    """Places `(i_h, i_w)` of one sample, with all their channels.

    A block of several rows is as wide as the output: otherwise it would not be a run of steps.
    """

    i_n: int
    rows: range
    columns: range

    @property
    def places(self) -> int:
        """How many windows it holds."""
        return len(self.rows) * len(self.columns)


OnLevel = Callable[[int], None]
"""Called after all contributions of one `k_h` are in."""


def add_block(run: Run, block: Block) -> None:
    """Execute all steps of a block, maybe none; the run's gradients stand at its first."""
    if block.places:
        add_block_dW(run, block)
        add_block_db(run, block)
        add_block_dA(run, block)


def add_block_dA(run: Run, block: Block) -> None:
    """The block's contributions to `dA_prev_pad`, in the way that is faster."""
    for part in parts_for_dA(run, block):
        add_row_dA(run, part) if len(part.rows) == 1 else add_rows_dA(run, part)


def parts_for_dA(run: Run, block: Block) -> list[Block]:
    """The block whole where it goes faster tap by tap, else row by row."""
    c_k = run.geometry.kernel_shape[3]
    if block.places * (c_k if c_k >= PLANAR_BELOW else 1) >= TOGETHER:
        return [block]
    return [block._replace(rows=range(i_h, i_h + 1)) for i_h in block.rows]


def add_block_dW(run: Run, block: Block) -> None:
    """The block's contributions to `dW`, place by place."""
    geometry = run.geometry
    c_out, f_h, f_w, c_k = geometry.kernel_shape
    groups, columns = geometry.groups, len(block.columns)
    dW = run.dW.reshape(groups, c_out // groups, f_h * f_w * c_k)
    seen, dZ = _windows(run, block), _dZ(run, block)
    for i_h in range(len(block.rows)):
        x = seen[i_h].reshape(columns, f_h, f_w, groups, c_k).transpose(0, 3, 1, 2, 4)
        _add_outer(dW, x.reshape(columns, groups, -1), dZ[i_h].reshape(columns, groups, -1))


def _add_outer(dW: Array, x: Array, dz: Array) -> None:
    """`dW[g, i] += x[place, g] * dz[place, g, i]` for each place in turn.

    Shapes `(G, I, K)`, `(P, G, K)`, `(P, G, I)`.
    """
    places, groups, cells = x.shape
    filters = max(min(dW.shape[1], BUFFER // (2 * cells)), 1)
    together = max(min(groups, BUFFER // (2 * cells * filters)), 1)
    many = max(min(BUFFER // (together * filters * cells) - 1, places), 1)
    stack = np.empty((many + 1, together, filters, cells), dW.dtype)
    for group, first in itertools.product(range(0, groups, together), range(0, dW.shape[1], filters)):
        these, those = slice(group, group + together), slice(first, first + filters)
        target = dW[these, those]
        for place in range(0, places, many):
            here = slice(place, min(place + many, places))
            terms = stack[: here.stop - place + 1, : target.shape[0], : target.shape[1]]
            terms[0] = target
            np.einsum("pgk,pgi->pgik", x[here, these], dz[here, these, those], out=terms[1:])
            _sum_in_order(terms, target)


def add_block_db(run: Run, block: Block) -> None:
    """The block's contributions to `db`, place by place."""
    if run.db is not None:
        terms = np.empty((block.places + 1, run.db.size), run.db.dtype)
        terms[0] = run.db
        terms[1:] = _dZ(run, block).reshape(block.places, -1)
        _sum_in_order(terms, run.db)


def add_place(run: Run, index: tuple[int, int, int], channels: range) -> None:
    """Execute the steps of some channels at one place `(i_n, i_h, i_w)`.

    Channels of one place write different `dW[i_c]` and `db[i_c]`; only the window of
    `dA_prev_pad` meets them one after the other.
    """
    i_n, i_h, i_w = index
    geometry = run.geometry
    here = slice(channels.start, channels.stop)
    dZ = run.samples(run.problem.dZ)[i_n, i_h, i_w]
    if run.db is not None:
        run.db[here] += dZ[here]
    window = run.samples(run.problem.A_prev_pad)[i_n, geometry.rows(i_h), geometry.columns(i_w)]
    for part in _by_group(run, channels):
        dz = dZ[part.start : part.stop, np.newaxis, np.newaxis, np.newaxis]
        run.dW[part.start : part.stop] += window[np.newaxis, ..., geometry.channels(part.start)] * dz
    add_place_dA(run, index, channels)


def add_place_dA(run: Run, index: tuple[int, int, int], channels: range) -> None:
    """What the steps of some channels at one place add to `dA_prev_pad`."""
    i_n, i_h, i_w = index
    geometry = run.geometry
    dZ = run.samples(run.problem.dZ)[i_n, i_h, i_w]
    target = run.samples(run.dA_prev_pad)[i_n, geometry.rows(i_h), geometry.columns(i_w)]
    for part in _by_group(run, channels):
        seen = geometry.channels(part.start)
        w = run.problem.W[part.start : part.stop]
        terms = np.empty((len(part) + 1, *w.shape[1:]), w.dtype)
        terms[0] = target[..., seen]
        np.multiply(w, dZ[part.start : part.stop, np.newaxis, np.newaxis, np.newaxis], out=terms[1:])
        total = np.empty_like(terms[0])
        _sum_in_order(terms, total)
        target[..., seen] = total


def add_place_kept(run: Run, index: StepIndex, most: int) -> list[Array]:
    """Execute a step and up to `most` at its place in its group; the cells that each overwrites, before it.

    Those of `dW`, `dA_prev_pad` and, with a bias, `db`, step by step. The run's gradients stand at the step.
    """
    channels = _by_group(run, range(index.i_c, min(index.i_c + most, len(run.dW))))[0]
    here, window = slice(channels.start, channels.stop), run.geometry.window(index)
    dz = run.samples(run.problem.dZ)[index.i_n, index.i_h, index.i_w, here]
    factors, target = dz[:, np.newaxis, np.newaxis, np.newaxis], run.samples(run.dA_prev_pad)[window]
    terms = np.empty((len(channels) + 1, *target.shape), target.dtype)
    kept = [run.dW[here].copy(), terms[:-1]]
    run.dW[here] += run.samples(run.problem.A_prev_pad)[window][np.newaxis] * factors
    terms[0] = target
    np.multiply(run.problem.W[here], factors, out=terms[1:])
    np.add.accumulate(terms, axis=0, out=terms)  # strictly one after the other
    target[...] = terms[-1]
    if run.db is not None:
        kept.append(run.db[here].copy())
        run.db[here] += dz
    return kept


def exact_gradients(problem: Problem) -> Gradients:
    """`(dW, db, dA_prev)` of the whole pass, as `conv2d_backward` gives them to the bit, but faster."""
    return run_to(problem, problem.total_steps).gradients()


def run_to(problem: Problem, position: int) -> Run:
    """A fresh run at a position, 0 … total: whole samples and rows first, then what is left."""
    run = Run.begin(problem)
    h_out, w_out, c_out = problem.geometry.output_shape
    rows, rest = divmod(position, w_out * c_out)
    with quiet():
        for first in range(0, rows, h_out):
            add_block(run, Block(first // h_out, range(min(h_out, rows - first)), range(w_out)))
        if rest:
            add_rest(run, position)
    return run


def add_rest(run: Run, position: int) -> None:
    """Execute what is left to a position within its output row; the run stands before the row."""
    i_n, i_h, i_w, i_c = run.geometry.index_at(position)
    add_block(run, Block(i_n, range(i_h, i_h + 1), range(i_w)))
    if i_c:
        add_place(run, (i_n, i_h, i_w), range(i_c))


def _by_group(run: Run, channels: range) -> list[range]:
    """The channels cut where a group ends."""
    per_group = run.geometry.kernel_shape[0] // run.geometry.groups
    cuts = [channels.start, *range((channels.start // per_group + 1) * per_group, channels.stop, per_group)]
    ends = [*cuts[1:], channels.stop]
    return [range(first, last) for first, last in zip(cuts, ends, strict=True) if first < last]


def _sum_in_order(terms: Array, out: Array) -> None:
    """Add up a stack along its leading axis, strictly from the first to the last."""
    if out.size > 1 and len(terms) > 2:
        np.add.reduce(terms, axis=0, out=out)
    elif len(terms) == 2:
        np.add(terms[0], terms[1], out=out)
    else:
        out[...] = np.add.accumulate(terms, axis=0)[-1]


def _dZ(run: Run, block: Block) -> Array:
    """The block's part of `dZ`, `(rows, columns, C_out)`, a view."""
    rows, columns = block.rows, block.columns
    part: Array = run.samples(run.problem.dZ)[block.i_n, rows.start : rows.stop, columns.start : columns.stop]
    return part


def _windows(run: Run, block: Block) -> Array:
    """Every window of the block, `(rows, columns, F_h, F_w, C_in)`, a view."""
    geometry = run.geometry
    (s_h, s_w), (d_h, d_w) = geometry.stride, geometry.dilation
    _, f_h, f_w, _ = geometry.kernel_shape
    A = run.samples(run.problem.A_prev_pad)[block.i_n]
    corner = A[block.rows.start * s_h :, block.columns.start * s_w :]
    down, right, deep = A.strides
    return np.lib.stride_tricks.as_strided(
        corner,
        (len(block.rows), len(block.columns), f_h, f_w, A.shape[2]),
        (down * s_h, right * s_w, down * d_h, right * d_w, deep),
        writeable=False,
    )


def _taps(run: Run, block: Block, k_w: int) -> slice:
    """Columns of `dA_prev_pad` that the block's places reach through tap `k_w`."""
    s_w, start = run.geometry.stride[1], k_w * run.geometry.dilation[1]
    first = start + block.columns.start * s_w
    return slice(first, first + (len(block.columns) - 1) * s_w + 1, s_w)


def add_row_dA(run: Run, block: Block) -> None:
    """One output row, or a part of it: rows `k_h` are different cells, so all go at once."""
    geometry = run.geometry
    c_out, f_h, f_w, c_k = geometry.kernel_shape
    per_group = c_out // geometry.groups
    band = run.samples(run.dA_prev_pad)[block.i_n, geometry.rows(block.rows.start)]
    dZ = np.ascontiguousarray(_dZ(run, block)[0].T)
    places = len(block.columns)
    many = max(min(BUFFER // max(f_h * places * c_k, 1) - 1, per_group), 1)
    # the longer of the two axes innermost: NumPy is fast along the last one
    planar = places > c_k
    stack = np.empty((many + 1, f_h, c_k, places) if planar else (many + 1, f_h, places, c_k), dZ.dtype)
    for group in range(geometry.groups):
        seen = slice(group * c_k, (group + 1) * c_k)
        filters = range(group * per_group, (group + 1) * per_group)
        for k_w in range(f_w - 1, -1, -1):
            target = band[:, _taps(run, block, k_w), seen]
            target = target.swapaxes(1, 2) if planar else target
            total = np.ascontiguousarray(target)
            for first in range(filters.start, filters.stop, many):
                here = slice(first, min(first + many, filters.stop))
                terms = stack[: here.stop - here.start + 1]
                terms[0] = total
                w, dz = run.problem.W[here, :, k_w], dZ[here, np.newaxis]
                if planar:
                    np.multiply(w[..., np.newaxis], dz[:, :, np.newaxis], out=terms[1:])
                else:
                    np.multiply(w[:, :, np.newaxis], dz[..., np.newaxis], out=terms[1:])
                _sum_in_order(terms, total)
            target[...] = total


def add_rows_dA(run: Run, block: Block, on_level: OnLevel | None = None) -> None:
    """Whole output rows, tap by tap, each over the block; `on_level` comes after each descending `k_h`."""
    geometry = run.geometry
    (s_h, _), (d_h, _) = geometry.stride, geometry.dilation
    _, f_h, f_w, _ = geometry.kernel_shape
    dA = run.samples(run.dA_prev_pad)[block.i_n]
    dZ = np.ascontiguousarray(np.moveaxis(_dZ(run, block), -1, 0))
    for k_h in range(f_h - 1, -1, -1):
        top = k_h * d_h + block.rows.start * s_h
        rows = slice(top, top + (len(block.rows) - 1) * s_h + 1, s_h)
        for k_w in range(f_w - 1, -1, -1):
            _add_tap(run, dA[rows, _taps(run, block, k_w)], dZ, run.problem.W[:, k_h, k_w])
        if on_level is not None:
            on_level(k_h)


def _add_tap(run: Run, target: Array, dZ: Array, w: Array) -> None:
    """`target[..., c] += w[i_c, c] * dZ[i_c]` by ascending `i_c`, in pieces that fit a cache.

    Shapes: target `(rows, columns, C_in)`, dZ `(C_out, rows, columns)`, w `(C_out, C_k)`.
    """
    c_out, _, _, c_k = run.geometry.kernel_shape
    groups, planar = run.geometry.groups, c_k < PLANAR_BELOW
    rows, columns, _ = target.shape
    many = max(BUFFER // (2 * columns * c_k), 1)
    # the channels of a group are the first axis or the last: NumPy is fast along the last one if it is long
    for group, first in itertools.product(range(groups), range(0, rows, many)):
        here = slice(first, first + many)
        part = target[here, :, group * c_k : (group + 1) * c_k]
        part = np.moveaxis(part, -1, 0) if planar else part
        total = np.ascontiguousarray(part)
        product = np.empty_like(total)
        for i_c in range(group * c_out // groups, (group + 1) * c_out // groups):
            if planar:
                np.multiply(w[i_c, :, np.newaxis, np.newaxis], dZ[i_c, here], out=product)
            else:
                np.einsum("c,rq->rqc", w[i_c], dZ[i_c, here], out=product)
            np.add(total, product, out=total)
        part[...] = total
