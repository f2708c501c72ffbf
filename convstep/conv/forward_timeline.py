"""ForwardTimeline: the forward loop with a position that moves both ways, to the bit.

Every step makes one cell of `Z` and no step reads one. So the state at a position is the first cells of the
finished `Z` and zeros: going back clears cells, and a seek makes those that are not known yet, many at once.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from convstep.brief import told
from convstep.conv.geometry import StepIndex
from convstep.conv.layout import forward_layout
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.conv.step_values import StepValues
from convstep.conv.validation import check_type, place_text
from convstep.steps.cells import Array
from convstep.steps.event import Access, Event
from convstep.steps.layout import Layout
from convstep.steps.stepped import Piece, Question, check_position

PRODUCTS = 1 << 20
"""Products `x * w` between two reports of how far a seek has come."""
AT_ONCE = 1 << 22
"""Products that take no noticeable time."""


class ForwardTimeline:
    """A forward pass at a position that can move in any direction: `Timeline` for the other half.

    `Z` has the same bits as after that many turns of the loop of `conv2d_forward`, whatever the order of
    calls. Between two positions stands the sum of one window without its bias; `next_write` and
    `back_write` stop there.
    """

    def __init__(self, problem: Problem) -> None:
        """Start before the first step; the problem's `dZ` is not looked at."""
        check_type("problem", problem, Problem)
        self.problem = problem
        """What the pass works on."""
        self.Z = np.zeros_like(problem.dZ)
        """The output as far as it is made, live, `(…, H_out, W_out, C_out)`."""
        self._cells, self._made, self._position = self.Z.reshape(-1), 0, 0
        self._finished: Array = np.empty_like(self._cells)
        self._known = 0
        self._values = StepValues(problem)
        self._per_step = 1 if problem.b is None else 2

    def __repr__(self) -> str:
        place = place_text(self.loop_index, self.problem.geometry)
        state = "at" if self._position or self._made else "about to run"
        return told(
            f"ForwardTimeline(position {self._position} of {self.total}, {state} {place})",
            "next(), back() and seek(position) move it",
        )

    @property
    def position(self) -> int:
        """How many steps have been executed whole: 0 … total."""
        return self._position

    @property
    def total(self) -> int:
        """How many steps there are."""
        return self.problem.total_steps

    @property
    def made(self) -> int:
        """How many writes of the step after `position` are already made: 0 between steps."""
        return self._made

    @property
    def arrays(self) -> Mapping[str, Array]:
        """Every array that a step reads or writes, by name; `Z` is live."""
        problem = self.problem
        bias = {} if problem.b is None else {"b": problem.b}
        return {"A_prev_pad": problem.A_prev_pad, "W": problem.W, **bias, "Z": self.Z}

    @property
    def layout(self) -> Layout:
        """The loops of the pass and the cells it writes."""
        return forward_layout(self.problem.geometry, self.problem.b is not None)

    @property
    def loop_index(self) -> StepIndex:
        """`(i_n, i_h, i_w, i_c)` of the step under way, else of the last one executed, else of step 0."""
        return self.problem.geometry.index_at(self._looked_at)

    @property
    def event(self) -> Event:
        """What that step reads and writes, with the cell before and after every write."""
        made = self._made or (self._per_step if self._position else 0)
        return forward_event(self.problem, self._looked_at, made)

    def next(self) -> Event | None:
        """Execute one step, or the rest of the one under way; the step just executed, or None at the end."""
        if self._position == self.total:
            return None
        while self._made < self._per_step:
            self._write()
        self._complete()
        return self.event

    def back(self) -> Event | None:
        """Undo one step, or the part made of one; the step now last executed, None if nothing was undone."""
        if not self._made:
            if self._position == 0:
                return None
            self._position -= 1
        self._clear()
        return self.event

    def seek(self, position: int) -> None:
        """Go to a position, 0 … total; raises ValueError for another one, TypeError for no whole number."""
        position = operator.index(position)
        check_position(position, self.total)
        for _ in self.prepare(position):
            pass
        here = slice(self._position, position)
        self._cells[here] = self._finished[here]
        self._cells[position : self._position + 1] = 0
        self._position, self._made = position, 0

    def prepared(self, position: int) -> bool:
        """Whether a seek to a position takes no noticeable time."""
        return (position - self._known) * math.prod(self.problem.W.shape[1:]) <= AT_ONCE

    def prepare(self, position: int) -> Iterator[float]:
        """Make the cells that a far `seek` needs, without moving, in any thread; yields the share done."""
        c_out = len(self.problem.W)
        first, places = self._known, max(PRODUCTS // self.problem.W.size, 1)
        while self._known < position:
            start = self._known // c_out
            stop = min(start + places, self.total // c_out)
            cells = self._values.Z(np.arange(start, stop), range(c_out)).reshape(-1)
            # two threads may do the same work: they write the same bits
            self._finished[start * c_out : stop * c_out] = cells
            self._known = max(self._known, stop * c_out)
            yield min((self._known - first) / (position - first), 1.0)

    def touching(self, array: str, index: Sequence[int]) -> Sequence[int]:
        """The step that writes a cell; raises ValueError: there is none, or it is never written."""
        layout, cell = self.layout, tuple(index)
        layout.check_cell(array, cell)
        assert layout.touching is not None
        return layout.touching(array, cell)

    def matching(self, question: Question, low: int, high: int, backwards: bool) -> Iterator[Piece]:
        """The steps of a range after which something is true; none is executed. See `Timeline.matching`."""
        from convstep.conv.matching import matching

        return matching(self.problem, self, question, low, high, backwards)

    def next_write(self) -> bool:
        """Make one write of the next step, the last one completes it; False where nothing is left."""
        if self._position == self.total:
            return False
        self._write()
        if self._made == self._per_step:
            self._complete()
        return True

    def back_write(self) -> bool:
        """Undo one write, of a whole step its last; False where nothing is left to undo."""
        left = (self._made or self._per_step) - 1
        if not self._made:
            if self._position == 0:
                return False
            self._position -= 1
        self._clear()
        while self._made < left:
            self._write()
        return True

    @property
    def _looked_at(self) -> int:
        return self._position if self._made else max(self._position - 1, 0)

    def _write(self) -> None:
        """Make one write of the step after `position`: the loop's body, line by line."""
        problem, index = self.problem, self.problem.geometry.index_at(self._position)
        with quiet():
            if self._made == 0:
                i_n, *window = problem.geometry.window(index)
                x = (problem.A_prev_pad if self.Z.ndim == 3 else problem.A_prev_pad[i_n])[tuple(window)]
                self._cells[self._position] = np.sum(x * problem.W[index.i_c])
            elif problem.b is not None:
                self._cells[self._position] += problem.b[index.i_c]
        self._made += 1

    def _complete(self) -> None:
        self._position, self._made = self._position + 1, 0

    def _clear(self) -> None:
        """Make nothing of the step after `position`."""
        self._cells[self._position], self._made = 0, 0


def forward_event(problem: Problem, step: int, made: int) -> Event:
    """What one step reads and writes, `made` of the writes being made: the loop's body as data."""
    with quiet():
        accesses = tuple(_accesses(problem, problem.geometry.index_at(step)))
    return Event(step, problem.geometry.nest.loops_at(step), accesses, made)


def _accesses(problem: Problem, index: StepIndex) -> Iterator[Access]:
    geometry = problem.geometry
    batch = () if geometry.batch is None else (index.i_n,)
    window, cell = (*batch, *geometry.window(index)[1:]), (*batch, *index[1:])
    x, w, b = problem.A_prev_pad[window], problem.W[index.i_c], problem.b
    total = np.sum(x * w)
    yield Access("A_prev_pad", window, "reads", "x", x)
    yield Access("W", (index.i_c,), "reads", "w", w)
    if b is not None:
        yield Access("b", (index.i_c,), "reads", "b", b[index.i_c])
    zero = np.asarray(np.zeros_like(total))
    yield Access("Z", cell, "assigns", "np.sum(x * w)", total, zero, np.asarray(total))
    if b is not None:
        added = np.asarray(total + b[index.i_c])
        yield Access("Z", cell, "adds", "b[i_c]", b[index.i_c], np.asarray(total), added)
