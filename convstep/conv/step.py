"""Step: one iteration of the backward loop, as the generator hands it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convstep.brief import brief, picture
from convstep.conv.geometry import Geometry, StepIndex, Window
from convstep.conv.problem import Problem
from convstep.frozen import NamedTuple, frozen
from convstep.steps.cells import Array
from convstep.steps.event import Access, Region


class Gradients(NamedTuple):
    """What backward returns, in the article's order."""

    dW: Array
    """Gradient of the kernels, `(C_out, F_h, F_w, C_in // groups)`."""
    db: Array | None
    """Gradient of the bias, `(C_out,)`; None without a bias."""
    dA_prev: Array
    """Gradient of the input, in the shape of `A_prev`."""

    def __repr__(self) -> str:
        return brief(self)


@frozen(eq=False)
class Run:
    """One backward pass under way: the problem and its running gradients."""

    problem: Problem
    geometry: Geometry
    dW: Array
    """Running gradient of `W`, live, `(C_out, F_h, F_w, C_in // groups)`."""
    db: Array | None
    """Running gradient of `b`, live, `(C_out,)`; None without a bias."""
    dA_prev_pad: Array
    """Running gradient of the padded input, live, in the shape of `A_prev` padded."""

    __repr__ = brief

    @classmethod
    def begin(cls, problem: Problem) -> Run:
        """A pass before its first step: every gradient is zero."""
        return cls(
            problem,
            problem.geometry,
            dW=np.zeros_like(problem.W),
            db=None if problem.b is None else np.zeros_like(problem.b),
            dA_prev_pad=np.zeros_like(problem.A_prev_pad),
        )

    def samples(self, array: Array) -> Array:
        """The array with a batch axis, whether the problem has one or not; a view."""
        return self.geometry.batched(array)

    def step(self, index: StepIndex) -> Step:
        """The step at a loop index, as the loop would hand it out."""
        i_n, i_h, i_w, i_c = index
        x = self.samples(self.problem.A_prev_pad)[self.geometry.window(index)]
        dz = self.samples(self.problem.dZ)[index]
        return Step(self, i_n, i_h, i_w, i_c, x, self.problem.W[i_c], dz)

    def gradients(self) -> Gradients:
        """`(dW, db, dA_prev)` as they stand; `dA_prev` is the padded gradient cropped."""
        rows, columns = self.geometry.crop
        return Gradients(self.dW, self.db, self.dA_prev_pad[..., rows, columns, :])


def quiet() -> np.errstate:
    """A context in which NaN and inf are data, not a reason to warn."""
    return np.errstate(all="ignore")


class Step:
    """One iteration `(i_n, i_h, i_w, i_c)` with what it read; the gradients are live.

    A plain class with slots and no more than the loop has at hand: a step is made at every
    iteration, and whatever can be derived is derived when somebody asks.
    """

    __slots__ = ("dz", "i_c", "i_h", "i_n", "i_w", "input_slice", "kernel", "run")

    def __init__(
        self,
        run: Run,
        i_n: int,
        i_h: int,
        i_w: int,
        i_c: int,
        input_slice: Array,
        kernel: Array,
        dz: np.floating[Any],
    ) -> None:
        self.run = run
        """What all steps of this pass share."""
        self.i_n = i_n
        """Sample, 0 without a batch axis."""
        self.i_h = i_h
        """Output row."""
        self.i_w = i_w
        """Output column."""
        self.i_c = i_c
        """Output channel."""
        self.input_slice = input_slice
        """Window of `A_prev_pad`, a view, `(F_h, F_w, C_in // groups)`."""
        self.kernel = kernel
        """`W[i_c]`, a view, `(F_h, F_w, C_in // groups)`."""
        self.dz = dz
        """The value `dZ[i_h, i_w, i_c]`."""

    def __repr__(self) -> str:
        """Where the step stands, e.g. `Step(137, i_n=0, i_h=4, i_w=2, i_c=1, dz=0.25)`."""
        return (
            f"Step({self.index}, i_n={self.i_n}, i_h={self.i_h}, i_w={self.i_w}, "
            f"i_c={self.i_c}, dz={float(self.dz):.6g})"
        )

    _repr_html_ = picture

    @property
    def loop_index(self) -> StepIndex:
        """`(i_n, i_h, i_w, i_c)`."""
        return StepIndex(self.i_n, self.i_h, self.i_w, self.i_c)

    @property
    def index(self) -> int:
        """The step's number in the loop's order, from 0."""
        return self.run.geometry.step_at(self.loop_index)

    @property
    def window(self) -> Window:
        """Where the step lies in the padded input, batch axis included."""
        return self.run.geometry.window(self.loop_index)

    @property
    def dW(self) -> Array:
        """The running gradient of all kernels, live, `(C_out, F_h, F_w, C_in // groups)`."""
        return self.run.dW

    @property
    def db(self) -> Array | None:
        """The running gradient of the bias, live, `(C_out,)`; None without a bias."""
        return self.run.db

    @property
    def dA_prev_pad(self) -> Array:
        """The running gradient of the padded input, live, in the shape of `A_prev` padded."""
        return self.run.dA_prev_pad

    def accesses(self) -> tuple[Access, ...]:
        """What the step reads and writes, in the loop's order: the loop's body as data.

        Regions index the arrays of the problem and its gradients, with the batch axis where there is one.
        """
        return (
            Access("A_prev_pad", self.region, "reads", "x", self.input_slice),
            Access("W", (self.i_c,), "reads", "w", self.kernel),
            Access("dZ", (*self._sample, self.i_h, self.i_w, self.i_c), "reads", "dz", self.dz),
            *self.writes(),
        )

    def writes(self) -> Iterator[Access]:
        """What the step adds, in the loop's order; a value is computed when its turn comes."""
        yield Access("dW", (self.i_c,), "adds", "x * dz", self.input_slice * self.dz)
        yield Access("dA_prev_pad", self.region, "adds", "w * dz", self.kernel * self.dz)
        if self.run.db is not None:
            yield Access("db", (self.i_c,), "adds", "dz", self.dz)

    @property
    def region(self) -> Region:
        """The window, as an index into the problem's own arrays."""
        return self.window if self._sample else self.window[1:]

    @property
    def _sample(self) -> tuple[int, ...]:
        """What an index into the problem's arrays begins with."""
        return () if self.run.geometry.batch is None else (self.i_n,)
