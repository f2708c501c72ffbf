"""Step through a black box: what a candidate thinks each iteration adds, and where it goes wrong.

Backward is linear in dZ. So called with a dZ that is zero except at one step, a candidate returns what it
thinks that step contributes, and with dZ zeroed from a step on its running state there, be it loops, im2col,
FFT or autograd. The first step at which it diverges is found by bisection. Where the parts do not add up to
the whole it keeps something from call to call, or is not linear: a finding of its own. One that writes `=`
for `+=` is linear.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.candidate.call.calling import Call
from convstep.candidate.call.outcome import NAMES, RETURNED, Outcome
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Right
from convstep.candidate.check.grade import wrong_cells
from convstep.conv.blocks import exact_gradients
from convstep.conv.geometry import StepIndex
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.frozen import frozen
from convstep.steps.cells import Array

SHOWN_CELLS = 50
"""Cells of a divergence that are listed."""


@frozen(eq=False)
class Divergence:
    """The first step at which a candidate diverges from the reference."""

    step: int
    """Its number as Python counts, from 0; people are told the position after it."""
    index: StepIndex
    gradient: str
    """The first gradient that differs there."""
    cells: tuple[tuple[int, ...], ...]
    """The cells of that gradient that differ, in reading order; none where its shape is wrong."""
    count: int
    """How many there are: `cells` lists the first ones."""
    expected: tuple[float, ...]
    """What these cells should hold after the step."""
    actual: tuple[float, ...]
    """What the candidate has there."""
    gradients: tuple[str, ...]
    """All gradients that differ after this step."""
    before_any: bool = False
    """Whether it is wrong with a dZ of zeros already: no step is to blame."""
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """The shape it should have and the one it has, where they differ."""
    running: bool = False
    """Whether this is seen while its loop runs, and not in what it returns for the first steps of dZ."""

    __repr__ = brief

    @property
    def position(self) -> int:
        """How many steps are executed when it is seen: what `--goto` takes and the debugger shows."""
        return 0 if self.before_any else self.step + 1


@frozen(eq=False)
class Additivity:
    """Whether a candidate's parts add up to its whole."""

    broken: tuple[str, ...]
    """Gradients for which they do not."""
    offset: tuple[str, ...]
    """Gradients that are not zero when dZ is."""

    __repr__ = brief


class Probe:
    """Asks a candidate about the steps of one problem."""

    def __init__(self, worker: Worker, call: Call, problem: Problem, *, fresh: bool = False) -> None:
        """Nothing is called yet; `fresh` loads the candidate before every call, because it keeps state."""
        self.problem, self.call = problem, call
        self.right = Right.of(problem)
        self._worker, self._fresh = worker, fresh
        self._begun: dict[str, Array] | None = None

    def whole(self) -> Outcome:
        """The candidate on the problem as it is."""
        return self._worker.call(self.call, self.problem, fresh=self._fresh)

    def block(self, first: int, last: int) -> Outcome:
        """What it thinks the steps `first` to `last - 1` add together."""
        return self.with_dZ(_only(self.problem, first, last))

    def part(self, first: int, last: int) -> Outcome:
        """The same, less what it returns where dZ is zero: what it begins with is no step's doing."""
        outcome, begun = self.block(first, last), self._begun_with()
        if not begun or outcome.kind != RETURNED:
            return outcome
        with quiet():
            steps = {
                name: value - begun[name] if name in begun and value.shape == begun[name].shape else value
                for name, value in outcome.gradients.items()
            }
        return dataclasses.replace(outcome, gradients=steps)

    def with_dZ(self, dZ: Array) -> Outcome:
        """The candidate with another upstream gradient."""
        return self._worker.call(self.call, self.problem.with_arrays(dZ=dZ), fresh=self._fresh)

    def expected(self, first: int, last: int) -> dict[str, Array]:
        """What the steps `first` to `last - 1` really add together."""
        return reference(self.problem.with_arrays(dZ=_only(self.problem, first, last)))

    def differing(self, outcome: Outcome, expected: Mapping[str, Array]) -> tuple[str, ...]:
        """The gradients in which an outcome differs; all if nothing came back, not what is not computed."""
        if outcome.kind != RETURNED:
            return tuple(expected)
        found = {name: outcome.gradients[name] for name in expected if name in outcome.gradients}
        return tuple(
            name
            for name, actual in found.items()
            if actual is None
            or actual.shape != expected[name].shape
            or wrong_cells(name, self.right, actual, expected[name]).any()
        )

    def first_divergence(self) -> Divergence | None:
        """The first step after which its running state is not the reference's; None if right or no return."""
        total = self.problem.total_steps
        whole = self.whole()
        if whole.kind != RETURNED or not self.differing(whole, self.right.gradients):
            return None
        nothing = self.block(0, 0)
        if nothing.kind != RETURNED:
            return None
        if self.differing(nothing, self.expected(0, 0)):
            # a wrong shape is there from the first step on, a value only if no step is to blame
            shapes = {name: np.shape(values) for name, values in nothing.gradients.items()}
            right = {name: values.shape for name, values in self.right.gradients.items()}
            misshapen = any(right.get(name, shape) != shape for name, shape in shapes.items())
            return self._divergence(0, before_any=not misshapen)
        below, above = 0, total  # right after `below` steps, wrong after `above`
        while above - below > 1:
            middle = (below + above) // 2
            if self.differing(self.block(0, middle), self.expected(0, middle)):
                above = middle
            else:
                below = middle
        return self._divergence(above - 1)

    def adds_wrong(self, first: int, last: int) -> bool:
        """Whether steps by themselves add something wrong, whatever the candidate begins with."""
        return bool(self.differing(self.part(first, last), self.expected(first, last)))

    def next_divergent(self, after: int) -> int | None:
        """The first step from `after` on that adds something wrong by itself; None if none does."""
        return self._divergent(after, self.problem.total_steps, forward=True)

    def previous_divergent(self, before: int) -> int | None:
        """The last step before `before` that adds something wrong by itself; None if none does."""
        return self._divergent(0, before, forward=False)

    def additivity(self) -> Additivity:
        """Call it with zeros, two halves of dZ, every other step's, and the whole; hold them together."""
        dZ = self.problem.dZ
        even, odd = np.zeros_like(dZ), np.zeros_like(dZ)
        even.reshape(-1)[::2] = dZ.reshape(-1)[::2]
        odd.reshape(-1)[1::2] = dZ.reshape(-1)[1::2]
        nothing, whole = self.with_dZ(np.zeros_like(dZ)), self.whole()
        halves = self.with_dZ(even), self.with_dZ(odd)
        if any(outcome.kind != RETURNED for outcome in (nothing, whole, *halves)):
            return Additivity((), ())
        broken, offset = [], []
        for name in self.right.gradients:
            parts = [outcome.gradients.get(name) for outcome in (nothing, whole, *halves)]
            if any(part is None or part.shape != self.right.gradients[name].shape for part in parts):
                continue
            zero, all_of_it, first, second = (np.asarray(part, np.float64) for part in parts)
            if wrong_cells(name, self.right, zero, np.zeros_like(zero)).any():
                offset.append(name)
            with quiet():
                together = first + second - zero
            if wrong_cells(name, self.right, together, all_of_it).any():
                broken.append(name)
        return Additivity(tuple(broken), tuple(offset))

    def _begun_with(self) -> dict[str, Array]:
        """The gradients that are not zero although dZ is, with their values; asked once."""
        if self._begun is None:
            nothing, zeros = self.block(0, 0), self.expected(0, 0)
            wrong = self.differing(nothing, zeros) if nothing.kind == RETURNED else ()
            found = {name: np.asarray(nothing.gradients[name]) for name in wrong}
            self._begun = {name: value for name, value in found.items() if value.shape == zeros[name].shape}
        return self._begun

    def _divergent(self, first: int, last: int, *, forward: bool) -> int | None:
        """Bisect for a step that is wrong by itself; blocks are taken apart only if wrong."""
        if first >= last or not self.adds_wrong(first, last):
            return None
        if last - first == 1:
            return first
        middle = (first + last) // 2
        halves = [(first, middle), (middle, last)]
        for start, stop in halves if forward else halves[::-1]:
            found = self._divergent(start, stop, forward=forward)
            if found is not None:
                return found
        return None

    def _divergence(self, step: int, *, before_any: bool = False) -> Divergence | None:
        """What differs after a step; None where nothing comes back."""
        upto = 0 if before_any else step + 1
        outcome, expected = self.block(0, upto), self.expected(0, upto)
        if outcome.kind != RETURNED:
            return None
        return describe(self.right, step, outcome.gradients, expected, before_any=before_any)


def describe(
    right: Right,
    step: int,
    actual: Mapping[str, Array],
    expected: Mapping[str, Array],
    *,
    before_any: bool = False,
) -> Divergence:
    """Where two running states, which part, do so after a step; errors are measured by `right`."""
    found: list[str] = []
    cells: npt.NDArray[np.intp] = np.empty((0, 0), np.intp)
    shapes = None
    for name in NAMES:
        if name not in expected or name not in actual:
            continue
        values = actual[name]
        if values is None or values.shape != expected[name].shape:
            shapes = (expected[name].shape, () if values is None else values.shape) if not found else shapes
            found.append(name)
            continue
        wrong = np.argwhere(wrong_cells(name, right, values, expected[name]))
        if len(wrong):
            cells = cells if found else wrong
            found.append(name)
    first = found[0]
    listed = tuple(tuple(int(i) for i in cell) for cell in cells[:SHOWN_CELLS])
    return Divergence(
        step,
        right.problem.geometry.index_at(step),
        first,
        listed,
        len(cells),
        tuple(float(expected[first][cell]) for cell in listed),
        tuple(float(actual[first][cell]) for cell in listed),
        tuple(found),
        before_any,
        shapes,
    )


def reference(problem: Problem) -> dict[str, Array]:
    """The right gradients by name."""
    found = zip(NAMES, exact_gradients(problem), strict=True)
    return {name: array for name, array in found if array is not None}


def _only(problem: Problem, first: int, last: int) -> Array:
    """A dZ with zeros for every step outside `first` to `last - 1`."""
    dZ = np.zeros_like(problem.dZ)
    dZ.reshape(-1)[first:last] = problem.dZ.reshape(-1)[first:last]
    return dZ
