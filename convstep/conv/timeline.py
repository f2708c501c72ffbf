"""Timeline: the backward loop with a position that moves both ways, to the bit."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, repeat

import numpy as np

from convstep.brief import brief, picture, told
from convstep.conv.blocks import add_place_kept
from convstep.conv.checkpoints import Checkpoints, default_budget
from convstep.conv.problem import Problem
from convstep.conv.step import Run, Step, quiet
from convstep.conv.validation import check_type, place_text
from convstep.frozen import NamedTuple
from convstep.steps.cells import Array
from convstep.steps.event import Access, Event, Region
from convstep.steps.layout import Layout
from convstep.steps.stepped import Piece, Question, check_position

NEAR = 64
"""Steps ahead that are executed from where one stands, which keeps what they overwrite."""
BEHIND = 512
"""Steps that are executed again so that going on backwards is cheap."""
MOST_BEHIND = 4096
"""The most steps whose overwritten values are kept."""
BEHIND_SHARE = 8
"""Overwritten values may take this part of the budget: 1/8."""
PER_STEP = 1400
"""Bytes that Python itself takes to keep a step's overwritten values."""


class Overwritten(NamedTuple):
    """What one write is about to overwrite: enough to undo it, and to show "before"."""

    array: str
    """Which array: "dW", "dA_prev_pad" or "db"."""
    region: Region
    """The cells it writes, as an index into that array."""
    before: Array
    """Their values before the write, in the region's shape."""

    def __repr__(self) -> str:
        return brief(self)


Made = Callable[[], tuple[Overwritten, ...]]
"""What a step has overwritten, write by write: of most steps nobody asks."""


class Timeline:
    """A backward pass at a position that can move in any direction.

    The state at every position has the same bits as the plain loop after that many steps,
    whatever the order of calls. Gradients are live: the arrays stay the same objects.

    Between two positions stand the writes of one step (dW, then dA_prev_pad, then db);
    `next_write` and `back_write` stop there, every other move leaves them.
    """

    def __init__(self, problem: Problem, budget: int | None = None) -> None:
        """Start before the first step, with so many bytes for history; `default_budget` if left out."""
        check_type("problem", problem, Problem)
        self.problem = problem
        """What the pass works on."""
        self._run = run = Run.begin(problem)
        self._running = {"dW": run.dW, "dA_prev_pad": run.dA_prev_pad}
        if run.db is not None:
            self._running["db"] = run.db
        self._position = 0
        self._under_way: list[Overwritten] = []
        budget = default_budget(problem) if budget is None else operator.index(budget)
        self._checkpoints = Checkpoints(problem, budget - budget // BEHIND_SHARE)
        step_bytes = PER_STEP + 2 * (problem.W.nbytes // len(problem.W))
        kept = min(budget // BEHIND_SHARE // step_bytes, MOST_BEHIND)
        self._history: deque[Made] = deque(maxlen=max(kept, 1))

    def __repr__(self) -> str:
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
    def made(self) -> int:
        """How many writes of the step after `position` are already made: 0 between steps."""
        return len(self._under_way)

    @property
    def arrays(self) -> Mapping[str, Array]:
        """Every array that a step reads or writes, by name; the gradients are live."""
        problem = self.problem
        return {"A_prev_pad": problem.A_prev_pad, "W": problem.W, "dZ": problem.dZ} | self._running

    @property
    def step(self) -> Step:
        """The step to look at: the one under way, else the last one executed, else step 0."""
        return self._step(self._position if self._under_way else max(self._position - 1, 0))

    @property
    def event(self) -> Event:
        """What `step` reads and writes, with the cells before and after every write.

        Of a write that is not made yet, before is what stands there, and after what it will be.
        """
        step = self.step
        made = self._under_way or (self._history[-1]() if self._history else ())
        overwritten = {change.array: change.before for change in made}
        with quiet():
            accesses = tuple(
                self._seen(access, overwritten.get(access.array)) if access.writes else access
                for access in step.accesses()
            )
        loops = self.problem.geometry.nest.loops_at(step.index)
        return Event(step.index, loops, accesses, len(overwritten))

    @property
    def layout(self) -> Layout:
        """The loops of the pass and the cells it writes."""
        return self.problem.layout

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
            getattr(copy, change.array)[change.region] = change.before
        return copy.dW, copy.db, copy.dA_prev_pad

    def next(self) -> Step | None:
        """Execute one step, or the rest of the one under way; the step, None at the end."""
        if self._position == self.total:
            return None
        with quiet():
            return self._execute()

    def back(self) -> Step | None:
        """Undo one step, or what was made of the one under way.

        Gives the step now last executed, step 0 at the start; None if there was nothing to undo.
        """
        if self._under_way:
            self._undo(self._under_way)
            self._under_way = []
        elif self._position == 0:
            return None
        else:
            self._undo(self._history.pop()())
            self._position -= 1
        self._ensure_history()
        return self.step

    def seek(self, position: int) -> None:
        """Go to a position, 0 … total; raises ValueError: no such one; TypeError: not a whole number."""
        position = operator.index(position)
        check_position(position, self.total)
        if self._under_way:
            self.back()
        if 0 < self._position - position < len(self._history):
            while self._position > position:
                self._undo(self._history.pop()())
                self._position -= 1
        elif not 0 <= position - self._position <= NEAR:
            # the step to look at is executed itself: what it overwrites is shown
            self._restore(max(position - 1, 0))
        with quiet():
            if position - self._position == 1:
                self._execute()
            while self._position < position:
                self._execute_place(position)

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
        before = sum(change.before.nbytes for made in self._history for change in made())
        return self._checkpoints.kept_bytes + before + PER_STEP * len(self._history)

    def touching(self, array: str, index: Sequence[int]) -> Sequence[int]:
        """The steps that add to a cell of "dW", "dA_prev_pad" or "db", ascending, by index arithmetic.

        Raises ValueError: no such array or cell, or one that is never written; one sentence.
        """
        self.layout.check_cell(array, tuple(index))
        return self.problem.geometry.steps_touching(array, index)

    def matching(self, question: Question, low: int, high: int, backwards: bool) -> Iterator[Piece]:
        """Of steps `low … high - 1`, those after which it is true, with far fewer of them executed.

        Pieces come in the direction of the search. The timeline itself may be moved meanwhile.
        """
        from convstep.conv.matching import matching

        return matching(self.problem, self, question, low, high, backwards)

    def next_write(self) -> bool:
        """Make one write of the next step, the last one completes it; False at the end: none is left."""
        if self._position == self.total:
            return False
        with quiet():
            self._make(next(islice(self._step(self._position).writes(), self.made, None)))
        self._complete()
        return True

    def back_write(self) -> bool:
        """Undo one write; from a whole step, its last; False at the start, where nothing is left to undo."""
        if not self._under_way:
            if self._position == 0:
                return False
            self._under_way = list(self._history.pop()())
            self._position -= 1
        self._undo([self._under_way.pop()])
        if not self._under_way:
            self._ensure_history()
        return True

    def _step(self, number: int) -> Step:
        return self._run.step(self.problem.geometry.index_at(number))

    def _execute(self) -> Step:
        """Make the writes that are left of the next step."""
        step = self._step(self._position)
        for write in islice(step.writes(), self.made, None):
            self._make(write)
        self._complete()
        return step

    def _complete(self) -> None:
        """Count the step under way as executed once all its writes are made."""
        if self.made == len(self._running):
            self._history.append(repeat(tuple(self._under_way)).__next__)  # smaller than a partial
            self._under_way = []
            self._position += 1

    def _make(self, write: Access) -> None:
        """Write, with what is overwritten kept."""
        array = self._running[write.array]
        cells = array[write.region]
        self._under_way.append(Overwritten(write.array, write.region, np.array(cells)))
        array[write.region] = cells + write.value

    def _seen(self, write: Access, before: Array | None) -> Access:
        """A write with the cells before and after it."""
        live = np.array(self._running[write.array][write.region])
        if before is None:
            return write._replace(before=live, after=np.asarray(live + write.value))
        return write._replace(before=before, after=live)

    def _undo(self, made: list[Overwritten] | tuple[Overwritten, ...]) -> None:
        """Put back what the writes overwrote; never subtract, floats do not come back."""
        for change in made:
            self._running[change.array][change.region] = change.before

    def _ensure_history(self) -> None:
        """Execute the last steps again so that they can be undone, and shown with before and after."""
        if self._position and not self._history:
            position = self._position
            self._restore(max(position - min(BEHIND, self._history.maxlen or 1), 0))
            with quiet():
                while self._position < position:
                    self._execute_place(position)

    def _execute_place(self, position: int) -> None:
        """Execute the steps up to a position that stand at one place, all at once."""
        step = self._step(self._position)
        kept = add_place_kept(self._run, step.loop_index, position - self._position)
        overwritten = partial(_overwritten, tuple(self._running), step.region, kept, step.i_c)
        self._history.extend(map(partial, repeat(overwritten), range(len(kept[0]))))
        self._position += len(kept[0])

    def _restore(self, position: int) -> None:
        """Go to a position from the nearest checkpoint; nothing is left to undo there."""
        self._checkpoints.restore(self._run, self._position, position)
        self._history.clear()
        self._position = position


def _overwritten(
    arrays: Sequence[str], window: Region, kept: Sequence[Array], first: int, number: int
) -> tuple[Overwritten, ...]:
    """What one of the steps of a place has overwritten, of what all of them have."""
    channel = (first + number,)
    regions, before = (channel, window, channel), (each[number, ...] for each in kept)
    return tuple(map(Overwritten, arrays, regions, before))
