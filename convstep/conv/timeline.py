"""Timeline: the backward loop with a position that moves both ways, to the bit."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convstep.brief import brief, picture, told
from convstep.conv.checkpoints import Checkpoints, default_budget
from convstep.conv.geometry import StepIndex
from convstep.conv.problem import Problem
from convstep.conv.step import Run, Step, quiet
from convstep.conv.validation import check_type, place_text
from convstep.language import tr

Array = npt.NDArray[Any]

NEAR = 64
"""Steps ahead that are executed one by one, which keeps what they overwrite."""
BEHIND = 512
"""Steps that are executed again so that going on backwards is cheap."""
MOST_BEHIND = 4096
"""The most steps whose overwritten values are kept."""
BEHIND_SHARE = 8
"""Overwritten values may take this part of the budget: 1/8."""
PER_STEP = 1300
"""Bytes that Python itself takes to keep a step's overwritten values."""


class Overwritten(NamedTuple):
    """What one addition is about to overwrite: enough to undo it, and to show "before"."""

    gradient: str
    """Which array: "dW", "dA_prev_pad" or "db"."""
    region: tuple[int | slice, ...]
    """The cells it writes, as an index into that array."""
    before: Array
    """Their values before the addition, in the region's shape."""

    def __repr__(self) -> str:
        """Shapes, not numbers."""
        return brief(self)


class Timeline:
    """A backward pass at a position that can move in any direction.

    The state at every position has the same bits as the plain loop after that many steps,
    whatever the order of calls. Gradients are live: the arrays stay the same objects.

    Between two positions stand the additions of one step (dW, then dA_prev_pad, then db);
    `next_addition` and `back_addition` stop there, every other move leaves them.
    """

    def __init__(self, problem: Problem, budget: int | None = None) -> None:
        """Start before the first step.

        Args:
            problem: what to step through.
            budget: bytes of history that may be kept; `default_budget` if left out.
        """
        check_type("problem", problem, Problem)
        self.problem = problem
        """What the pass works on."""
        self._run = Run.begin(problem)
        self._position = 0
        self._under_way: list[Overwritten] = []
        budget = default_budget(problem) if budget is None else operator.index(budget)
        self._checkpoints = Checkpoints(problem, budget - budget // BEHIND_SHARE)
        step_bytes = PER_STEP + 2 * (problem.W.nbytes // len(problem.W))
        kept = min(budget // BEHIND_SHARE // step_bytes, MOST_BEHIND)
        self._history: deque[tuple[Overwritten, ...]] = deque(maxlen=max(kept, 1))

    def __repr__(self) -> str:
        """Where it stands, and how it is moved."""
        place = place_text(self.step.loop_index, self.problem.geometry)
        state = "at" if self._position or self._under_way else "about to run"
        return told(
            f"Timeline(position {self._position} of {self.total}, {state} {place})",
            "next(), back() and seek(position) move it",
        )

    _repr_html_ = picture

    @property
    def position(self) -> int:
        """How many steps have been executed whole: 0 … total."""
        return self._position

    @property
    def total(self) -> int:
        """How many steps there are."""
        return self.problem.total_steps

    @property
    def additions(self) -> int:
        """How many additions of the step after `position` are already made: 0 between steps."""
        return len(self._under_way)

    @property
    def additions_per_step(self) -> int:
        """3, or 2 without a bias."""
        return 2 if self._run.db is None else 3

    @property
    def step(self) -> Step:
        """The step to look at: the one under way, else the last one executed, else step 0."""
        number = self._position if self._under_way else max(self._position - 1, 0)
        return self._run.step(self.problem.geometry.index_at(number))

    @property
    def overwritten(self) -> Mapping[str, Overwritten]:
        """What `step` has overwritten so far, by gradient; empty at position 0."""
        made = self._under_way or (self._history[-1] if self._history else ())
        return {change.gradient: change for change in made}

    @property
    def dW(self) -> Array:
        """Running gradient of the kernels, live, `(C_out, F_h, F_w, C_in // groups)`."""
        return self._run.dW

    @property
    def db(self) -> Array | None:
        """Running gradient of the bias, live, `(C_out,)`; None without a bias."""
        return self._run.db

    @property
    def dA_prev_pad(self) -> Array:
        """Running gradient of the padded input, live, in the shape of `A_prev` padded."""
        return self._run.dA_prev_pad

    @property
    def dA_prev(self) -> Array:
        """Running gradient of the input: `dA_prev_pad` without its padding, a view."""
        return self._run.gradients().dA_prev

    def settled_copy(self) -> tuple[Array, Array | None, Array]:
        """Copies of `(dW, db, dA_prev_pad)` at `position`, without what is under way of the next step."""
        copy = Run(
            self.problem,
            self.problem.geometry,
            np.array(self.dW),
            None if self.db is None else np.array(self.db),
            np.array(self.dA_prev_pad),
        )
        for change in self._under_way:
            _target(copy, change.gradient)[change.region] = change.before
        return copy.dW, copy.db, copy.dA_prev_pad

    def next(self) -> Step | None:
        """Execute one step, or the rest of the one under way.

        Returns:
            The step just executed, or None at the end.
        """
        if self._position == self.total:
            return None
        with quiet():
            self._execute()
        return self.step

    def back(self) -> Step | None:
        """Undo one step, or what was made of the one under way.

        Returns:
            The step now last executed (step 0 at the start), or None if there was nothing to undo.
        """
        if self._under_way:
            self._undo(self._under_way)
            self._under_way = []
        elif self._position == 0:
            return None
        else:
            self._undo(self._history.pop())
            self._position -= 1
        self._ensure_history()
        return self.step

    def seek(self, position: int) -> None:
        """Go to a position, forwards or backwards.

        Args:
            position: 0 … total.

        Raises:
            ValueError: no such position.
            TypeError: not a whole number.
        """
        position = operator.index(position)
        if not 0 <= position <= self.total:
            raise ValueError(
                tr(
                    "position {position} does not exist; positions go from 0 to {total}",
                    position=position,
                    total=self.total,
                )
            )
        if self._under_way:
            self.back()
        if 0 < self._position - position < len(self._history):
            self._rewind(position)
        elif not 0 <= position - self._position <= NEAR:
            # the step to look at is executed itself: what it overwrites is shown
            self._restore(max(position - 1, 0))
        with quiet():
            while self._position < position:
                self._execute()

    def prepared(self, position: int) -> bool:
        """Whether a seek to a position takes no noticeable time."""
        ahead = position - self._position
        return 0 <= ahead <= NEAR or self._checkpoints.at_hand(max(position - 1, 0))

    def prepare(self, position: int) -> Iterator[float]:
        """Build what a far `seek` needs, part by part, without moving; yields the share done.

        A seek builds what is missing by itself; this is for whoever wants to show progress, or to
        stop half-way. Any thread may run it.
        """
        return self._checkpoints.build(max(position - 1, 0))

    @property
    def history_bytes(self) -> int:
        """What is kept to travel in time: checkpoints, the furthest pass, overwritten values."""
        before = sum(change.before.nbytes for made in self._history for change in made)
        return self._checkpoints.kept_bytes + before + PER_STEP * len(self._history)

    def next_addition(self) -> bool:
        """Make one addition of the next step; the last one completes the step.

        Returns:
            False at the end, where nothing is left to add.
        """
        if self._position == self.total:
            return False
        index = self.problem.geometry.index_at(self._position)
        with quiet():
            self._add(index, self.problem.geometry.window(index))
        self._complete()
        return True

    def back_addition(self) -> bool:
        """Undo one addition; from a whole step, its last.

        Returns:
            False at the start, where nothing is left to undo.
        """
        if not self._under_way:
            if self._position == 0:
                return False
            self._under_way = list(self._history.pop())
            self._position -= 1
        self._undo([self._under_way.pop()])
        if not self._under_way:
            self._ensure_history()
        return True

    def _execute(self) -> None:
        """Make the additions that are left of the next step, in the loop's order."""
        index = self.problem.geometry.index_at(self._position)
        window = self.problem.geometry.window(index)
        while not self._complete():
            self._add(index, window)

    def _complete(self) -> bool:
        """Count the step under way as executed once all its additions are made."""
        if len(self._under_way) < self.additions_per_step:
            return False
        self._history.append(tuple(self._under_way))
        self._under_way = []
        self._position += 1
        return True

    def _add(self, index: StepIndex, window: tuple[int, slice, slice, slice]) -> None:
        """The next of the three additions of the step at an index, the value it overwrites kept."""
        dz = self._run.samples(self.problem.dZ)[index]
        match len(self._under_way):
            case 0:
                x = self._run.samples(self.problem.A_prev_pad)[window]
                self._overwrite("dW", (index.i_c,), x * dz)
            case 1:
                self._overwrite("dA_prev_pad", window, self.problem.W[index.i_c] * dz)
            case _:
                self._overwrite("db", (index.i_c,), dz)

    def _overwrite(self, gradient: str, region: tuple[int | slice, ...], contribution: Array) -> None:
        cells = _target(self._run, gradient)[region]
        self._under_way.append(Overwritten(gradient, region, np.array(cells)))
        _target(self._run, gradient)[region] = cells + contribution

    def _undo(self, made: list[Overwritten] | tuple[Overwritten, ...]) -> None:
        """Put back what the additions overwrote; never subtract, floats do not come back."""
        for change in made:
            _target(self._run, change.gradient)[change.region] = change.before

    def _rewind(self, position: int) -> None:
        """Undo steps, one by one."""
        while self._position > position:
            self._undo(self._history.pop())
            self._position -= 1

    def _ensure_history(self) -> None:
        """Execute the last steps again so that they can be undone, and shown with before and after."""
        if self._position and not self._history:
            position = self._position
            self._restore(max(position - min(BEHIND, self._history.maxlen or 1), 0))
            with quiet():
                while self._position < position:
                    self._execute()

    def _restore(self, position: int) -> None:
        """Go to a position from the nearest checkpoint; nothing is left to undo there."""
        self._checkpoints.restore(self._run, self._position, position)
        self._history.clear()
        self._position = position


def _target(run: Run, gradient: str) -> Array:
    """A running gradient, with a batch axis where the loop's index has one."""
    if gradient == "dA_prev_pad":
        return run.samples(run.dA_prev_pad)
    target: Array = getattr(run, gradient)
    return target
