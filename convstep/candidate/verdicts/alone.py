"""A backward without a known forward: the result so far, against what it makes of what it has read so far.

It is the same function twice: where it overwrites instead of adding the two differ, and where what it adds
is wrong they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.calls import Called
from convstep.candidate.verdicts.loops import place_of
from convstep.candidate.verdicts.running import Check, Held, checks, held
from convstep.candidate.verdicts.slopes import Clock, OutOfTime
from convstep.candidate.verdicts.trace import Trace
from convstep.candidate.verdicts.trial import definition_of, name_of, source_of
from convstep.frozen import frozen
from convstep.language import tr
from convstep.recording import recorder
from convstep.recording.limits import Limits
from convstep.recording.recording import Recording
from convstep.recording.source import Source
from convstep.steps.cells import Array, cell_text
from convstep.steps.number_text import short

CLOSE = 1e-6
"""What a cell may be off, as a share of the largest."""
MOST_CALLS = 200
"""How often it is called for one result."""


def alone(backward: Called, source: Source | None, clock: Clock) -> Iterator[Held]:
    """How the results of a backward fare while it runs, on copies; `source` where Python does not know it."""
    try:
        yield from _alone(backward, source or source_of(backward), clock)
    except OutOfTime:
        return
    except Exception:  # whatever somebody's own code raises
        return


def _alone(backward: Called, source: Source | None, clock: Clock) -> Iterator[Held]:
    definition = definition_of(backward, source)
    above = {name: value for name, value in backward.arguments().items() if _is_above(name, value)}
    if definition is None or not above or source is None:
        return
    call = backward.like()
    limits = Limits(seconds=max(clock.left / 2, 0.1))
    run = recorder.run(call.function, call.places, call.named, source=source, limits=limits)
    if run.log.ended is not None:
        return
    trace = Trace.of(Recording(run.log, run.source.text, run.name, run.result))
    names = naming.returned(definition.node)
    sizes = {name: value.size for name, value in above.items()}
    for number, name in enumerate(names):
        place = place_of(trace, definition.node, sizes, name, names) if name else None
        if place is None or not place.additive:
            continue
        expected = _Itself(backward, above, None if len(names) == 1 else number)
        if not expected.linear():
            continue
        looked = list(checks(place, expected, clock, MOST_CALLS))
        yield held(place, looked, _Sentence(backward, name, expected.shape, tuple(above)))


def _is_above(name: str, value: Any) -> bool:
    """Whether an argument is a gradient from above."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and bool(naming.of_gradient(name))


class _Itself:
    """What the backward makes of the gradients from above with zeros in some cells."""

    def __init__(self, backward: Called, above: Mapping[str, Array], number: int | None) -> None:
        """Make the call once, with its gradients from above by name.

        `number` is which of its results is looked at; None for its only one.
        """
        self._backward, self._above, self._number = backward, above, number
        self._whole = self._made(lambda value: value)
        self.shape = self._whole.shape
        self.cells = np.arange(self._whole.size)
        self.certain = np.isfinite(self._whole).ravel()
        self.allowed: Array = np.full(self._whole.size, CLOSE * np.abs(self._whole).max(initial=0.0) + 1e-12)
        if self._whole.dtype.itemsize < 8:
            self.allowed *= 1e3

    def linear(self) -> bool:
        """Whether it is nothing for nothing, and twice as much for twice as much."""
        none, twice = self._made(np.zeros_like), self._made(lambda value: 2 * value)
        off = np.abs(twice - 2 * self._whole).ravel()
        return not none.any() and bool(self.certain.all()) and bool((off <= 2 * self.allowed).all())

    def after(self, seen: npt.NDArray[np.bool_]) -> Array:
        """See `running.Expected`."""
        left = iter(np.split(seen, np.cumsum([one.size for one in self._above.values()])[:-1]))
        return self._made(lambda value: np.where(next(left).reshape(value.shape), value, 0)).ravel()

    def _made(self, change: Any) -> Array:
        call = self._backward.like({id(one): change(one) for one in self._above.values()})
        result = call.make()
        return np.array(result if self._number is None else result[self._number])


@frozen()
class _Sentence:
    """Says what was found at a position."""

    backward: Called
    """The call."""
    name: str
    """What the result is called."""
    shape: tuple[int, ...]
    """Its shape."""
    above: tuple[str, ...]
    """The gradients from above."""

    def __call__(self, check: Check) -> str:
        listed, backward = ", ".join(f"`{each}`" for each in self.above), name_of(self.backward)
        if check.off is None:
            return tr(
                "with zeros in the cells of {above} that are not read yet, {backward} returns the "
                "`{result}` of now",
                above=listed,
                backward=backward,
                result=self.name,
            )
        cell, actual, right = check.off
        index = tuple(int(one) for one in np.unravel_index(cell, self.shape))
        return tr(
            "`{cell}` is {value} now; with zeros in the cells of {above} that are not read yet, "
            "{backward} itself returns {expected} there",
            cell=cell_text(self.name, index),
            value=short(actual),
            above=listed,
            backward=backward,
            expected=short(right),
        )
