"""One recorded gradient beside the sums that it should be, and how far each cell may be off.

It was added up in an order and by kernels that nobody knows. So it may be off from the sums in float64 by
what any right kernel may: the tolerance of a sum; three times the loop's own drift, where rounding errors
point one way; and 256 eps of the largest value, as kernels after Winograd or Fourier spread their rounding.

A recording narrows that down itself: what its kernel did, it did to many cells. On flat data the errors
relative to G are alike, so a cell is held against the middle one. Products below the normal numbers taken for
0, and half precisions whose sums are rounded on the way, are granted where they show in many cells.

Where PyTorch gives the same bits once more, each cell is held against that, too, which excuses partial sums
of a half precision, in few cells as well, and nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.oracle.expectation import Expected
from convstep.oracle.rerun import alike, unequal
from convstep.oracle.sums import Way
from convstep.oracle.tolerance import contributions, in_any_order, scale, tolerance
from convstep.steps.cells import Array

BFLOAT16 = 2.0**-7

FLOAT16 = float(np.finfo(np.float16).eps)

HALVES = {FLOAT16: "float16", BFLOAT16: "bfloat16"}
"""Precisions of results, by eps. A lower one that is not among them is one of factors, like TF32."""

SPREAD = 256
"""How many eps of its largest value any cell of a gradient may be off."""

UNITS = 2.5
"""How many units in the last place rounding to a half precision at the end may make."""

SIGHT_UNITS = 0.75
"""How many of them are one rounding and no more."""

ON_THE_WAY = 8
"""How often a half precision may round partial sums, by its eps times S."""

MANY = 0.005
"""The share of cells further off than a right kernel's from which on it is the kernel's doing."""

ENOUGH = 16
"""How many cells tell how a kernel rounds."""

TINY = float(np.finfo(np.float32).tiny)
"""The smallest normal number: below it some processors, and some settings, take every product for 0."""

LIKE = 0.125
"""By what share the loop's drift, by G, may differ between cells that are said to drift alike."""

APART = 3
"""How often the second largest distance from the middle of such cells one of them may be off from there."""

FEWEST = 4
"""How many cells a gradient has of which it is said that PyTorch gives them again."""

BY_CHANCE = 1e-4
"""Below what probability the bits of a recording are not those of another order."""

MOSTLY = 0.75
"""The share of bits that another order gives, too, from which on no cell is far off in it."""

REROUNDED = 1.5
"""How many units of a half precision a cell may be off the rerun, where that gives the others: in another
order one sum may be rounded up instead of down."""

ANOTHER = 8
"""How many eps·G a cell may be off the rerun where that gives the others, but sums are so short that
another order would give most of them too."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One recorded gradient beside the sums that it should be."""

    name: str
    values: Array
    exact: Array
    S: Array
    way: Way
    problem: Problem
    eps: float
    again: Array
    """What PyTorch makes of the same arrays now; without cells where that is not known."""
    by_rule: dict[Callable[..., Array], Array] = field(default_factory=dict)
    """What each rule allows: on a large layer it takes as long as the sums."""

    @property
    def lower(self) -> bool:
        """Whether it was recorded in a precision below the problem's: then the sums are float32's."""
        return self.eps > float(np.finfo(self.problem.dtype).eps)

    @property
    def dtype(self) -> np.dtype[Any]:
        """What it was added up in."""
        return np.dtype(np.float32) if self.lower else self.problem.dtype

    @property
    def half(self) -> bool:
        """Whether it was rounded to a half precision."""
        return self.lower and self.eps in HALVES

    def expected(self, *, flushed: bool, same: bool) -> Expected:
        """It, and how far each cell may be off; for `flushed` and `same` see `recorded`."""
        S, shift = self.S, None
        with quiet():
            slack = self._summed(flushed=flushed)
            if not self.lower:
                slack, shift = self._drifted(slack, flushed=flushed)
            if self.half:
                slack = slack + (self._partly() if self.rounded_on_the_way else UNITS * self._unit())
            elif self.lower:
                slack = slack + self.eps * S
            if self.held(same):
                slack, shift = self._near_rerun(slack, shift)
        if self.eps == FLOAT16:
            # float16 ends at 65504: what leaves its range may be inf there
            most = float(np.finfo(np.float16).max)
            S = np.where(~np.isfinite(self.values) & (most / 2 <= S), np.inf, S)
        return Expected(self.values, S, slack, exact=self.exact, shift=shift)

    def at_sight(self) -> Array | None:
        """How far off a cell may be whatever the loop's own rounding; None where one is further off.

        The middle error of `ENOUGH` cells that drift alike lies between the innermost of the outer ones.
        """
        room, half = self._spread, ENOUGH // 2
        unit = SIGHT_UNITS * self._unit() if self.half else 0.0
        with quiet():
            off = self.values - self.exact
            least, most = float(off.min()), float(off.max())
            if not (bool(np.all(np.abs(off) <= room + unit)) if self.lower else max(most, -least) <= room):
                return None
        if not self.lower and off.size >= ENOUGH and most - least > room:
            low, high = np.partition(off, (half - 1, off.size - half), axis=None)[[half - 1, -half]]
            if max(most - low, high - least) > room:
                return None
        return np.broadcast_to(room + unit, off.shape)

    @property
    def _spread(self) -> float:
        """What rounding may be spread over the array."""
        return SPREAD * float(np.finfo(self.dtype).eps) * float(largest(self.exact).flat[0])

    @property
    def rounded_on_the_way(self) -> bool:
        """Whether partial sums were rounded: more cells are off by more than one rounding than by mistake.

        What PyTorch gives once more is no mistake of anybody's.
        """
        if not self.half:
            return False
        with quiet():
            allowed = self._summed(flushed=True) + SIGHT_UNITS * self._unit()
            again = self.repeated and bool(np.any(np.abs(self.again - self.exact) > allowed))
            return again or self._many_beyond(allowed)

    @property
    def flushed(self) -> bool:
        """Whether many cells are as far off as taking small products for 0 explains, and nothing else."""
        with quiet():
            plain, most = self._summed(flushed=False), self._summed(flushed=True)
            return self._many_beyond(plain) and not self._many_beyond(most)

    def _many_beyond(self, allowed: Array) -> bool:
        off = np.abs(self.values - self.exact)
        further = np.isfinite(off) & (off > allowed)
        return bool(np.count_nonzero(further) > max(1, MANY * further.size))

    def _summed(self, *, flushed: bool, rule: Callable[..., Array] = in_any_order) -> Array:
        """How far adding up may have moved it: in an unknown order, or by another rule."""
        n = contributions(self.problem.geometry)[self.name]
        if rule not in self.by_rule:
            self.by_rule[rule] = rule(self.exact, self.S, self.dtype, n, self.way)
        allowed = self.by_rule[rule]
        if flushed and self.dtype == np.float32:
            allowed = allowed + n * TINY
        return np.maximum(allowed, self._spread)

    def _drifted(self, slack: Array, *, flushed: bool) -> tuple[Array, Array | None]:
        """How far off cells may be whose errors point one way, and from where, given that they do so alike.

        The room for drift is as wide as the loop drifts. The kernel drifts less or more, but the same
        for the same data: where enough cells are like each other, they say how far.
        """
        plain = self._summed(flushed=flushed, rule=tolerance)
        G = scale(self.exact, self.S, self.way)
        loop = slack / G
        like = (slack > plain) & np.isfinite(self.values)
        like &= np.abs(loop - np.median(loop[like])) <= LIKE * loop if like.any() else False
        if np.count_nonzero(like) < ENOUGH:
            return slack, None
        off = (self.values - self.exact) / G
        middle = np.median(off[like])
        apart = np.sort(np.abs(off[like] - middle))[-2]
        room = plain + APART * apart * G
        low, high = np.maximum(middle * G - room, -slack), np.minimum(middle * G + room, slack)
        narrowed = np.maximum(high - low, 0) / 2
        return np.where(like, narrowed, slack), np.where(like, (low + high) / 2, 0.0)

    @functools.cached_property
    def repeated(self) -> bool:
        """Whether PyTorch, run again, gives the same bits in all cells but one; of very few, in all."""
        few = self.values.size < FEWEST
        return self.again.size > 0 and unequal(self.values, self.again) <= (not few)

    @functools.cached_property
    def alike(self) -> float:
        """How probable it is that another order gives the bits of a cell, too; 1 if not `repeated`."""
        return alike(self.again, self.exact, self.eps) if self.repeated else 1.0

    @property
    def chance(self) -> float:
        """How probable it is that another order gives all bits but one cell's."""
        return float(self.alike ** (self.values.size - 1))

    def held(self, same: bool) -> bool:
        """Whether it is near the rerun: in the same order, or in any as most of them give its bits."""
        return self.repeated and (same or self.alike >= MOSTLY)

    def _near_rerun(self, slack: Array, shift: Array | None) -> tuple[Array, Array]:
        """How far off cells may be, and from where, given that PyTorch does the same again."""
        again, middle = self.again.astype(np.float64), 0.0 if shift is None else shift
        if self.half:
            on_the_way = self.rounded_on_the_way
            size = scale(self.exact, self.S, self.way) if on_the_way else np.abs(again)
            room = REROUNDED * self._unit(size)
        elif self.chance < BY_CHANCE:
            # below the distance of two numbers, and above the rounding of the judge
            largest = np.maximum(np.abs(again), np.abs(self.exact)).astype(self.dtype)
            units = 4 if self.dtype == np.float64 else 0.5
            room = units * np.spacing(largest).astype(np.float64) + 2.0**-48 * slack
        else:
            room = ANOTHER * float(np.finfo(self.dtype).eps) * scale(self.exact, self.S, self.way)
        off = again - self.exact
        low, high = np.maximum(off - room, middle - slack), np.minimum(off + room, middle + slack)
        known = np.isfinite(off) & (low <= high)
        return np.where(known, (high - low) / 2, slack), np.where(known, (low + high) / 2, middle)

    def _unit(self, least: Array | float = 0.0) -> Array:
        """The unit in the last place of the half precision: at the right value, or at a larger one."""
        size = np.maximum(np.nan_to_num(np.abs(self.exact), posinf=0.0), least)
        unit = np.ldexp(self.eps, np.frexp(size)[1] - 1)
        least = float(np.finfo(np.float16).smallest_subnormal) if self.eps == FLOAT16 else 0.0
        return np.asarray(np.maximum(unit, least))

    def _partly(self) -> Array:
        """What rounding partial sums to a half precision makes: sample by sample, or tap by tap."""
        if self.way.scale is None:
            return ON_THE_WAY * self.eps * self.S + UNITS * self._unit()
        G = np.maximum(self.way.scale, np.nan_to_num(np.abs(self.exact), posinf=0.0) / 2)
        return (ON_THE_WAY + self.problem.geometry.samples) * self.eps * G + UNITS * self._unit()


def largest(values: Array) -> Array:
    """The largest finite size among the values, in their shape."""
    finite = np.isfinite(values)
    most, least = (found(values, initial=0.0, where=finite) for found in (np.max, np.min))
    return np.broadcast_to(max(most, -least), values.shape)
