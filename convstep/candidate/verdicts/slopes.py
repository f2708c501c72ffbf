"""Slopes of a forward: `sum(out * dout)` on both sides of where it stands, in float64."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts.calls import Called, Path, at
from convstep.frozen import frozen
from convstep.steps.cells import Array

STEP = 1e-6
"""How far it is asked from where it stands, as a share of the size of what is moved."""
CLOSE = 1e-5
"""What a slope may be off, as a share of the sizes that make it up."""
NOISE = 1e-14
"""What rounding moves a sum of terms, as a share of their sizes."""
BEND = 1e-3
"""How much a slope may change over that way; more of it is a corner."""
MOST_RATES = 4_000_000
"""How many rates, of a cell and an output, are kept."""
DIRECTIONS = 3
"""Along how many random directions an array is moved."""


class OutOfTime(Exception):
    """There is no time left for another look."""


@dataclass(slots=True)
class Clock:
    """Tells when to stop looking, by the time that was worked: a busy machine finds what a quiet one does."""

    until: float
    """The time at which there is none left."""

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """A clock of this thread with so many seconds on it."""
        return cls(time.thread_time() + seconds)

    @property
    def left(self) -> float:
        """How many there are."""
        return self.until - time.thread_time()

    def check(self) -> None:
        """Raise `OutOfTime` if there are none."""
        if self.left < 0:
            raise OutOfTime


@frozen(eq=False)
class Loss:
    """`sum(out * dout)` of what a forward returns."""

    outputs: Sequence[Path]
    """Where its outputs stand; the first word "" is what it returned."""
    upstream: Sequence[Array]
    """What each is multiplied by."""

    def parts(self, forward: Called) -> list[Array]:
        """The outputs of a forward's call, in float64; a LookupError if it returned something else."""
        made = {"": forward.make()}
        if any(path[0] for path in self.outputs):  # to bind them takes as long as many a forward
            made |= forward.arguments()
        try:
            found = [np.array(at(made, path), np.float64) for path in self.outputs]
        except (KeyError, StopIteration, TypeError, ValueError) as error:
            raise LookupError(str(error)) from error
        if any(one.shape != up.shape for one, up in zip(found, self.upstream, strict=True)):
            raise LookupError("an output of another shape")
        return found

    def of(self, parts: Sequence[Array]) -> float:
        """The loss of these outputs."""
        return float(sum(float(np.sum(one * up)) for one, up in zip(parts, self.upstream, strict=True)))

    def size(self, parts: Sequence[Array]) -> float:
        """The size of the terms that make it up."""
        return float(sum(float(np.abs(one * up).sum()) for one, up in zip(parts, self.upstream, strict=True)))


@frozen()
class Slope:
    """A derivative of the loss along a direction."""

    value: float
    """What it is."""
    bend: float
    """How much it changes on the way."""
    noise: float
    """How far rounding may have moved it."""
    drift: float
    """How far it is from the same over twice the way."""

    def fits(self, claimed: float, size: float) -> bool:
        """Whether a claimed derivative is this one; `size` is that of the terms that make it up."""
        return bool(abs(claimed - self.value) <= CLOSE * (size + abs(self.value)) + self.noise)

    def smooth(self, size: float) -> bool:
        """Whether it is the same on both sides."""
        size += abs(self.value)
        return (
            bool(np.isfinite(self.value)) and max(self.bend, 10 * self.drift) <= BEND * size + 10 * self.noise
        )


def slope(near: Callable[[float], Sequence[Array]], loss: Loss, here: Sequence[Array], step: float) -> Slope:
    """The derivative of a loss where it stands, from the outputs here and `near`, a step away."""
    up, down, far_up, far_down = (loss.of(near(by)) for by in (step, -step, 2 * step, -2 * step))
    value = (up - down) / (2 * step)
    return Slope(
        value,
        abs(up - 2 * loss.of(here) + down) / step,
        NOISE * loss.size(here) / step,
        abs((far_up - far_down) / (4 * step) - value),
    )


def moved(forward: Called, array: Array, value: Array) -> Called:
    """A forward's call with other numbers in one of its arrays."""
    return forward.like({id(array): value})


def size_of(array: Array) -> float:
    """How large the cells of an array are, roughly; 1 where they are all 0."""
    found = float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))) if array.size else 1.0
    return found if np.isfinite(found) and found > 0 else 1.0


def directions(shape: tuple[int, ...], count: int = DIRECTIONS) -> list[Array]:
    """Random directions, always the same ones."""
    rng = np.random.default_rng([17, *shape])
    return [rng.standard_normal(shape) for _ in range(count)]


@frozen(eq=False)
class Jacobian:
    """What moving single cells of an array does to each output."""

    cells: Array
    """Which cells, as numbers in the order of the array."""
    rates: Array
    """`(cells, outputs)`, the outputs in a row, one after the other."""
    smooth: npt.NDArray[np.bool_]
    """`(cells,)`: whether the outputs have no corner there."""

    def gradient(self, upstream: Sequence[Array]) -> Array:
        """The derivatives of the loss by these cells, with gradients from above of the outputs' shapes."""
        found: Array = self.rates @ np.concatenate([one.ravel() for one in upstream])
        return found


def jacobian(forward: Called, array: Array, loss: Loss, clock: Clock, most: int = 400) -> Jacobian:
    """Central differences, cell by cell: of all cells, or of a sample, always the same one.

    No more cells are looked at than `most`, nor beyond half of the time that is left.
    """
    here = np.concatenate([one.ravel() for one in loss.parts(forward.like())])
    step = STEP * size_of(array)
    count = array.size
    most = max(1, min(most, MOST_RATES // max(len(here), 1)))
    order = np.arange(count) if count <= most else np.random.default_rng(17).permutation(count)[:most]
    rates, smooth, stop = list[Array](), list[bool](), clock.left / 2
    for cell in order:
        if rates and clock.left < stop:
            break
        sides = []
        for by in (step, -step):
            value = array.copy()
            value.flat[cell] += by
            sides.append(np.concatenate([one.ravel() for one in loss.parts(moved(forward, array, value))]))
        rate = (sides[0] - sides[1]) / (2 * step)
        bend = np.abs(sides[0] - 2 * here + sides[1]) / step
        allowed = BEND * (np.abs(rate).max(initial=0.0) + 1e-9) + NOISE * np.abs(here) / step
        rates.append(rate)
        smooth.append(bool(np.isfinite(rate).all() and (bend <= allowed).all()))
    found = np.array(order[: len(rates)], np.intp)
    return Jacobian(found, np.array(rates).reshape(len(found), len(here)), np.array(smooth, bool))
