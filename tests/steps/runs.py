"""Runs that are no convolution: a handful of NumPy loops with a log that goes both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.steps.event import Access, Event, Loop
from convstep.steps.layout import Layout
from convstep.steps.nest import Nest
from convstep.steps.stepped import Stepped

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]
Body = Callable[..., Iterator[Access]]
"""From the arrays and the loops' turns to what the step reads and writes, each computed in its turn."""


class Logged(Stepped):
    """Any loop as a run: every step is kept as what it read and wrote."""

    def __init__(
        self, arrays: Arrays, body: Body, written: tuple[str, ...], turns: list[dict[str, int]]
    ) -> None:
        """Stand before the first step.

        Args:
            arrays: what the loop works on; they are copied.
            body: one turn of the innermost loop.
            written: which arrays it writes.
            turns: of all loops, at every step.
        """
        self._arrays = {name: np.array(values) for name, values in arrays.items()}
        self._body, self._turns = body, turns
        self._counts = {name: 1 + max(turn[name] for turn in turns) for name in turns[0]}
        self._log: list[tuple[Access, ...]] = []
        self._rest: list[Access] = []
        nest = Nest(tuple(self._counts), tuple(self._counts.values()))
        if nest.total != len(turns):
            nest = Nest(nest.names, nest.counts, uneven=len(turns))
        shapes = {name: self._arrays[name].shape for name in written}
        self._layout = Layout(nest, shapes, None, {}, "step > 2")
        names = {name: np.shape(value) for name, value in self._layout.values(self.event).items()}
        self._layout = Layout(nest, shapes, None, names, "step > 2")

    @property
    def position(self) -> int:
        return len(self._log)

    @property
    def total(self) -> int:
        return len(self._turns)

    @property
    def made(self) -> int:
        return sum(access.writes for access in self._rest)

    @property
    def arrays(self) -> Arrays:
        return self._arrays

    @property
    def layout(self) -> Layout:
        return self._layout

    @property
    def event(self) -> Event:
        if self._log and not self._rest:
            step, accesses = self.position - 1, self._log[-1]
            made = sum(access.writes for access in accesses)
        else:
            step, made = self.position, self.made
            future = self._copies()
            for access in reversed(self._rest):
                future[access.array][access.region] = access.before
            accesses = tuple(self._run(step, future))
        loops = (Loop(name, at, self._counts[name]) for name, at in self._turns[step].items())
        return Event(step, tuple(loops), accesses, made)

    def next(self) -> bool | None:
        if not self.next_write():
            return None
        while self._rest:
            self.next_write()
        return True

    def back(self) -> bool | None:
        if not self.back_write():
            return None
        while self._rest:
            self.back_write()
        return True

    def seek(self, position: int) -> None:
        if self._rest:
            self.back()
        while self.position != position:
            self.next() if self.position < position else self.back()

    def next_write(self) -> bool:
        if self.position == self.total:
            return False
        made = self.made
        accesses = self.event.accesses if made else tuple(self._run(self.position, self._copies()))
        writes = [access for access in accesses if access.writes]
        self._arrays[writes[made].array][writes[made].region] = writes[made].after
        self._rest.append(writes[made])
        if len(self._rest) == len(writes):
            self._log.append(accesses)
            self._rest = []
        return True

    def back_write(self) -> bool:
        if not self._rest:
            if not self._log:
                return False
            self._rest = [access for access in self._log.pop() if access.writes]
        undone = self._rest.pop()
        self._arrays[undone.array][undone.region] = undone.before
        return True

    def _copies(self) -> dict[str, Array]:
        return {name: np.array(values) for name, values in self._arrays.items()}

    def _run(self, step: int, arrays: Arrays) -> Iterator[Access]:
        """One step, executed in arrays."""
        for access in self._body(arrays, **self._turns[step]):
            if not access.writes:
                yield access._replace(value=np.array(access.value))
                continue
            before = np.array(arrays[access.array][access.region])
            after = np.asarray(access.value if access.kind == "assigns" else before + access.value)
            arrays[access.array][access.region] = after
            yield access._replace(before=before, after=after)


def running_sum(x: Array) -> Logged:
    """`y[t] = y[t - 1] + x[t]`, and the largest so far: one loop, assigned and not added to."""

    def body(of: Arrays, t: int) -> Iterator[Access]:
        before = of["y"][t - 1] if t else of["y"].dtype.type(0)
        if t:
            yield Access("y", (t - 1,), "reads", "before", before)
        else:
            yield Access("x", (0,), "reads", "before", before)
        yield Access("x", (t,), "reads", "now", of["x"][t])
        yield Access("y", (t,), "assigns", "before + now", before + of["x"][t])
        yield Access("most", (), "assigns", "max(most, y[t])", np.maximum(of["most"], of["y"][t]))

    arrays = {"x": x, "y": np.zeros_like(x), "most": np.array(-np.inf)}
    return Logged(arrays, body, ("y", "most"), [{"t": t} for t in range(len(x))])


def matrix_product(A: Array, B: Array, *, lower: bool = False) -> Logged:
    """`C[i] += A[i, k] * B[k]`: two loops, the inner one shorter where only the lower triangle counts."""

    def body(of: Arrays, i: int, k: int) -> Iterator[Access]:
        a, row = of["A"][i, k], of["B"][k]
        yield Access("A", (i, k), "reads", "a", a)
        yield Access("B", (k,), "reads", "row", row)
        yield Access("C", (i, slice(0, B.shape[1])), "adds", "a * row", a * row)
        yield Access("uses", (slice(k, None, 2),), "adds", "1", np.ones(len(range(k, len(B), 2))))

    rows, inner = A.shape
    turns = [{"i": i, "k": k} for i in range(rows) for k in range(min(i + 1, inner) if lower else inner)]
    arrays = {"A": A, "B": B, "C": np.zeros((rows, B.shape[1])), "uses": np.zeros(inner)}
    return Logged(arrays, body, ("C", "uses"), turns)
