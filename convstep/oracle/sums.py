"""The sums behind the gradients, in float64 by matrix products, and what they are on the way.

How far rounding may move a sum depends on its partial sums: so at some marks of the loop, how large `dW` and
`db` are there, and how far the loop's own float32 has drifted by then.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator, Mapping

import numpy as np

from convstep.conv.blocks import Block, add_block_dA, add_block_db, add_block_dW, add_rest
from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from convstep.conv.step import Run, quiet
from convstep.frozen import NamedTuple, frozen
from convstep.oracle import watched
from convstep.oracle.expectation import dZ_until
from convstep.steps.cells import Array

MARKS = 32
"""How often the sums are looked at on the way, about."""

CELLS = 1 << 21
"""Cells of the windows that are copied at a time: 16 MB."""


@frozen(eq=False)
class Way:
    """How one gradient comes about in the loop's order; all arrays have its shape."""

    loop: Array | None = None
    """What the loop makes of it in float32; None in float64, which has nothing to be held against."""
    scale: Array | None = None
    """float64: the larger of R, the mean size of the partial sums, and Q/2, with Q the root of the sum of
    the squared contributions. None where a cell gets so few that the sum of their sizes will do."""
    drift: Array | None = None
    """float64: D, how far rounding moved the loop from mark to mark, whatever the direction; None where
    `loop` is, and where a cell gets few contributions."""


class Followed(NamedTuple):
    """The loop's gradients at a position, and what its sums were on the way there."""

    gradients: tuple[Array, Array | None, Array] | None
    """`(dW, db, dA_prev_pad)` as the loop makes them; None in float64."""
    ways: Mapping[str, Way]


def followed(problem: Problem, position: int) -> Followed:
    """Follow the loop to a position, 0 … total, once for all who ask; what is not finite has size zero."""
    with _one_at_a_time:
        if problem not in _latest or _latest[problem][0] != position:
            _latest[problem] = position, _follow(problem, position)
        return _latest[problem][1]


_one_at_a_time = watched.lock()
_latest = weakref.WeakKeyDictionary[Problem, tuple[int, Followed]]()


def _follow(problem: Problem, position: int) -> Followed:
    geometry = problem.geometry
    run = Run.begin(problem) if problem.dtype != np.float64 else None
    _, w_out, c_out = geometry.output_shape
    rows, rest = divmod(position, w_out * c_out)
    dZ = dZ_until(problem, position)
    A_bits, dZ_bits = _exponent(problem.A_prev), _exponent(dZ)
    A_prev_pad, dZ = geometry.batched(problem.A_prev_pad), geometry.batched(dZ)
    notes = {"dW": _Notes(problem.W.shape, A_bits + dZ_bits, None if run is None else run.dW)}
    if problem.b is not None:
        notes["db"] = _Notes(problem.b.shape, dZ_bits, None if run is None else run.db)
    pieces = [*_pieces(geometry, rows + bool(rest))]
    every = math.ceil(len(pieces) / MARKS)
    sample = -1
    with quiet():
        for number, piece in enumerate(pieces, 1):
            if piece.i_n != sample:
                sample = piece.i_n
                scaled = _scaled(A_prev_pad[sample], A_bits), _scaled(dZ[sample], dZ_bits)
            if run is not None:
                _advance(run, piece, rows, position if rest else None)
            _note(notes, *_matrices(*scaled, piece, geometry))
            if number % every == 0 or number == len(pieces):
                for note in notes.values():
                    note.mark()
        ways = {name: note.way() for name, note in notes.items()}
    made = None if run is None else (run.dW, run.db, run.dA_prev_pad)
    return Followed(made, ways | {"dA_prev": Way(None if run is None else run.gradients().dA_prev)})


def gradients64(problem: Problem) -> dict[str, Array]:
    """The gradients of the whole pass in float64, by name; NaN and inf where the loop has them."""
    geometry = problem.geometry
    A_prev_pad, dZ = geometry.batched(problem.A_prev_pad), geometry.batched(problem.dZ)
    dW, db, dA_prev_pad = np.zeros(problem.W.shape), np.zeros(len(problem.W)), np.zeros(A_prev_pad.shape)
    W = problem.W.astype(np.float64)
    with quiet():
        for i_n in range(geometry.samples):
            wide = A_prev_pad[i_n].astype(np.float64), dZ[i_n].astype(np.float64)
            for piece in _pieces(geometry, geometry.output_shape[0]):
                x, dz = _matrices(*wide, piece, geometry)
                dW += (dz @ x).reshape(dW.shape)
                db += dz.sum(axis=-1).reshape(-1)
            _add_dA(dA_prev_pad[i_n], W, wide[1], geometry)
    rows, columns = geometry.crop
    dA_prev = dA_prev_pad[:, rows, columns]
    found = {"dW": dW, "dA_prev": dA_prev if geometry.batch is not None else dA_prev[0]}
    return found if problem.b is None else found | {"db": db}


class _Notes:
    """What is noted of one gradient at the marks."""

    def __init__(self, shape: tuple[int, ...], bits: int, loop: Array | None) -> None:
        self._loop, self._bits = loop, bits
        self._total, self._squares, self._sizes = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._off, self._drift, self._marks = np.zeros(shape), np.zeros(shape), 0

    def add(self, terms: Array, squares: Array) -> None:
        """The sums of some more contributions and of their squares; both scaled, so that none overflows."""
        self._total += np.ldexp(terms, self._bits).reshape(self._total.shape)
        self._squares += squares.reshape(self._squares.shape)

    def mark(self) -> None:
        """Look at the sums here."""
        self._sizes += np.abs(self._total)
        self._marks += 1
        if self._loop is not None:
            off = self._loop - self._total
            off[~np.isfinite(off)] = 0
            self._drift += np.abs(off - self._off)
            self._off = off

    def way(self) -> Way:
        root = np.ldexp(np.sqrt(self._squares), self._bits)
        scale = np.fmax(self._sizes / max(self._marks, 1), root / 2)
        return Way(self._loop, scale, None if self._loop is None else self._drift)


def _advance(run: Run, piece: Block, rows: int, until: int | None) -> None:
    """The loop's steps of a piece; those of `dA_prev_pad` by whole samples, which is quicker."""
    h_out = run.geometry.output_shape[0]
    first = piece.i_n * h_out
    if first + piece.rows.start == rows:
        assert until is not None
        add_rest(run, until)
        return
    add_block_dW(run, piece)
    add_block_db(run, piece)
    if piece.rows.stop == min(h_out, rows - first):
        add_block_dA(run, piece._replace(rows=range(piece.rows.stop)))


def _note(notes: dict[str, _Notes], x: Array, dz: Array) -> None:
    terms, db = dz @ x, dz.sum(axis=-1)
    np.square(x, out=x)
    dz = np.square(dz)
    notes["dW"].add(terms, dz @ x)
    if "db" in notes:
        notes["db"].add(db, dz.sum(axis=-1))


def _pieces(geometry: Geometry, rows: int) -> Iterator[Block]:
    """The first so many output rows of all samples, a few at a time; the last alone, if executed in part."""
    h_out, w_out, _ = geometry.output_shape
    _, f_h, f_w, _ = geometry.kernel_shape
    room = CELLS // (w_out * f_h * f_w * geometry.input_shape[2])
    height = max(1, min(room, math.ceil(h_out * geometry.samples / MARKS)))
    for first in range(0, rows, h_out):
        last = min(h_out, rows - first)
        whole = last - (first + last == rows)
        for top in range(0, whole, height):
            yield Block(first // h_out, range(top, min(top + height, whole)), range(w_out))
        if whole < last:
            yield Block(first // h_out, range(whole, last), range(w_out))


def _matrices(A_prev_pad: Array, dZ: Array, piece: Block, geometry: Geometry) -> tuple[Array, Array]:
    """A piece's windows and its `dZ`: `(groups, places, taps · channels)` and `(groups, filters, places)`."""
    (s_h, s_w), (d_h, d_w), groups = geometry.stride, geometry.dilation, geometry.groups
    _, f_h, f_w, c_k = geometry.kernel_shape
    span = (f_h - 1) * d_h + 1, (f_w - 1) * d_w + 1
    seen = np.lib.stride_tricks.sliding_window_view(A_prev_pad, span, (0, 1))[::s_h, ::s_w, :, ::d_h, ::d_w]
    rows = slice(piece.rows.start, piece.rows.stop)
    seen = seen[rows, : len(piece.columns)]
    x = seen.reshape(*seen.shape[:2], groups, c_k, f_h, f_w).transpose(2, 0, 1, 4, 5, 3)
    dz = dZ[rows].reshape(piece.places, groups, -1).transpose(1, 2, 0)
    windows = np.array(x, order="C").reshape(groups, piece.places, f_h * f_w * c_k)
    return windows, np.ascontiguousarray(dz)


def _add_dA(dA_prev_pad: Array, W: Array, dZ: Array, geometry: Geometry) -> None:
    """One sample's contributions to `dA_prev_pad`, tap by tap."""
    groups, (_, f_h, f_w, c_k) = geometry.groups, geometry.kernel_shape
    h_out, w_out, _ = geometry.output_shape
    dz = np.ascontiguousarray(dZ.reshape(h_out * w_out, groups, -1).transpose(1, 0, 2))
    for k_h in range(f_h):
        for k_w in range(f_w):
            added = dz @ np.ascontiguousarray(W[:, k_h, k_w].reshape(groups, -1, c_k))
            target = dA_prev_pad[geometry.tap(k_h, k_w)]
            target += added.transpose(1, 0, 2).reshape(target.shape)


def _exponent(array: Array) -> int:
    """Of a power of two above all finite values."""
    return math.frexp(float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array))))[1]


def _scaled(array: Array, bits: int) -> Array:
    """In float64, between -1 and 1; what is not finite is 0."""
    return np.ldexp(np.where(np.isfinite(array), array, 0.0).astype(np.float64), -bits)
