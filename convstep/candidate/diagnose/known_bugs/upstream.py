"""What a flawed backward takes from `dZ`: its values place by place, and which steps survive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.known_bugs.mistakes import Channels, Mistakes, Samples
from convstep.candidate.diagnose.known_bugs.places import Layout, Places, places
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Upstream:
    """The steps of a flawed backward and the value of `dZ` at each."""

    places: Places
    """Its places, `P` of them."""
    dz: Array
    """What every step multiplies with, float64, `(N, P, C_out)`."""
    executed: Array | None
    """Which steps have been executed, `(N, P, C_out)`; None once all are."""

    @property
    def by_place(self) -> Array:
        """`dz` with what is not executed put to zero."""
        return self.dz if self.executed is None else self.dz * self.executed

    def surviving(self, last: str) -> Array:
        """`by_place`, zero also where a later step along the loops named in `last` overwrites it.

        Args:
            last: some of "nhw"; the others are summed.
        """
        if not last:
            return self.by_place
        n, _, c_out = self.dz.shape
        shape = (n, *self.places.shape, c_out)
        order = np.arange(n * shape[1] * shape[2]).reshape(n, *shape[1:3], 1)
        done = True if self.executed is None else self.executed.reshape(shape)
        numbers = np.where(done, order, -1)
        along = tuple("nhw".index(loop) for loop in last)
        survives = done & (numbers == numbers.max(axis=along, keepdims=True, initial=-1))
        kept: Array = self.dz * np.broadcast_to(survives, shape).reshape(self.dz.shape)
        return kept


def upstream(problem: Problem, mistakes: Mistakes, position: int | None = None) -> Upstream:
    """Collect the values that the steps of a flawed backward multiply with.

    Args:
        problem: any geometry.
        mistakes: what it does wrong.
        position: how many steps of the article's loop are executed; None for all.

    Raises:
        IndexError: it looks for a place that `dZ` does not have.
        ValueError: it takes no batch of this size.
    """
    geometry = problem.geometry
    where = places(geometry, Layout.of(mistakes))
    h_out, w_out, c_out = geometry.output_shape
    dZ = problem.dZ.reshape(geometry.samples, h_out, w_out, c_out).astype(np.float64)
    if mistakes.dz_index == "reshaped":
        dZ = dZ.reshape(geometry.samples, w_out, h_out, c_out)
    elif mistakes.dz_index == "scrambled":
        dZ = dZ.swapaxes(1, 2).reshape(dZ.shape)
    dz = dZ[:, where.dz_h, where.dz_w]
    dz = _of_samples(_of_channels(dz, mistakes.channels), mistakes.samples)
    if mistakes.integers == "dZ":
        dz = np.trunc(dz)
    executed = None
    if position is not None:
        n, i_c = np.arange(geometry.samples)[:, np.newaxis, np.newaxis], np.arange(c_out)
        step = ((n * h_out + where.i_h[:, np.newaxis]) * w_out + where.i_w[:, np.newaxis]) * c_out + i_c
        executed = step < position
    return Upstream(where, dz, executed)


def _of_channels(dz: Array, channels: Channels) -> Array:
    match channels:
        case "dZ-first":
            return np.repeat(dz[..., :1], dz.shape[-1], axis=-1)
        case "dZ-last":
            return np.repeat(dz[..., -1:], dz.shape[-1], axis=-1)
        case "only-first" | "only-last":
            alone = np.zeros_like(dz)
            at = 0 if channels == "only-first" else -1
            alone[..., at] = dz[..., at]
            return alone
        case _:
            return dz


def _of_samples(dz: Array, samples: Samples) -> Array:
    count = len(dz)
    match samples:
        case "must be 1" | "must be 2":
            if count != int(samples[-1]):
                raise ValueError(f"a batch of {count} does not fit {samples[-1]}")
            return dz
        case "dZ-first":
            return np.repeat(dz[:1], count, axis=0)
        case "first" | "first-alone":
            used = slice(0, 1)
        case "last" | "last-alone":
            used = slice(count - 1, count)
        case "two":
            if count < 2:
                raise IndexError(f"index 1 is out of bounds for axis 0 with size {count}")
            used = slice(0, 2)
        case _:
            return dz
    alone = np.zeros_like(dz)
    alone[used] = dz[used]
    return alone
