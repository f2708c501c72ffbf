"""While it runs: the gradient so far, against that of those cells of `dout` that have been read so far.

A backward is linear in the gradient from above. So where each turn of a loop adds what some of its cells
contribute, the state in between is the backward of the gradient from above with zeros in the other cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts.calls import text
from convstep.candidate.verdicts.ending import Judged, beside
from convstep.candidate.verdicts.loops import Place, place_of
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, Mark
from convstep.candidate.verdicts.slopes import Clock, Jacobian, jacobian
from convstep.candidate.verdicts.trial import Trial
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array, cell_text
from convstep.steps.number_text import short

CLOSE = 1e-5
"""What a cell may be off, as a share of the sizes that make it up."""
MOST_MARKS = 5_000
"""How many positions are looked at."""


@dataclass(slots=True)
class Held:
    """What is known of a result while it is made."""

    positions: dict[int, Mark] = field(default_factory=dict)
    """By position, whether it is what it should be then."""
    line: int = 0
    """The line after which it is not, for the first time; 0 if it always is."""
    how: str = ""
    """What was found there."""


def running(trial: Trial, judged: Judged, results: Sequence[Judged], clock: Clock) -> Held | None:
    """How a result fares while the loop that makes it runs; None where that says nothing."""
    definition = trial.definition(backward=True)
    if definition is None or not trial.above or not judged.of or judged.mark.kind not in (AGREES, DIFFERS):
        return None
    above = {text(path): one.size for path, one in zip(trial.above, trial.loss.upstream, strict=True)}
    names = {one.result.name for one in results}
    place = place_of(trial.trace, definition.node, above, judged.result.name, names)
    if place is None:
        return None
    rates = judged.jacobian or jacobian(trial.forward, trial.inputs[judged.of], trial.loss, clock)
    if not len(rates.cells) or not rates.smooth.any():
        return None
    clock.check()
    looked = list(checks(place, BySlopes(rates, trial.loss.upstream), clock))
    wrong = [one for one in looked if one.off is not None]
    if judged.mark.kind == AGREES:
        if wrong:
            return None  # the loop does not add up cell by cell
    elif not place.additive or not wrong:
        return None
    return held(place, looked, lambda check: _sentence(trial, judged, check))


def held(place: Place, looked: Sequence[Check], sentence: Callable[[Check], str]) -> Held:
    """What was found at some positions, for whoever shows it."""
    wrong = [one for one in looked if one.off is not None]
    found = Held(
        {
            one.position: Mark(AGREES if one.off is None else DIFFERS, sentence(one), one in wrong[:1])
            for one in looked
            if one.off is not None or not one.still
        }
    )
    if wrong:
        found.line, found.how = line_of(place, wrong[0]), sentence(wrong[0])
    return found


# the state in between


class Expected(Protocol):
    """What a result should be, in some of its cells."""

    cells: npt.NDArray[np.intp]
    """Which, as numbers in the order of the array."""
    certain: npt.NDArray[np.bool_]
    """In which of these something can be said."""
    allowed: Array
    """How far each may be off."""

    def after(self, seen: npt.NDArray[np.bool_]) -> Array:
        """The cells, where only the gradients from above that were seen, of all in a row, are not 0."""


class BySlopes:
    """By central differences of the forward."""

    def __init__(self, rates: Jacobian, upstream: Sequence[Array]) -> None:
        """Know the rates of the outputs by the cells, and the gradients from above."""
        self.cells, self.certain, self._rates = rates.cells, rates.smooth, rates.rates
        self._upstream = np.concatenate([one.ravel() for one in upstream])
        whole = np.abs(self._rates) @ np.abs(self._upstream)
        self.allowed: Array = CLOSE * (whole + 1e-2 * whole.max(initial=0.0)) + 1e-9

    def after(self, seen: npt.NDArray[np.bool_]) -> Array:
        """See `Expected`."""
        found: Array = self._rates @ np.where(seen, self._upstream, 0.0)
        return found


@frozen(eq=False)
class Check:
    """The result at one position."""

    position: int
    """After so many steps."""
    since: int
    """Where it was looked at before."""
    off: tuple[int, float, float] | None
    """A cell that has gone off since then, as a number; what it is; what it should be; None if none has."""
    still: bool = False
    """Whether a cell is off that was before, so that nothing new is wrong and yet not all is right."""


def checks(place: Place, expected: Expected, clock: Clock, most: int = MOST_MARKS) -> Iterator[Check]:
    """The result wherever the next step reads further cells, and at the end of the loop.

    At most so many of these positions are looked at, as evenly as may be; always the last one.
    """
    places = list(read_before(place))
    every = -(-len(places) // most)
    recording, since, off = place.trace.recording, place.low, np.zeros(len(expected.cells))
    for number, (step, seen) in enumerate(places):
        if (len(places) - 1 - number) % every:
            continue
        clock.check()
        recording.seek(step)
        actual = np.asarray(place.view, np.float64).ravel()[expected.cells]
        right = expected.after(seen)
        now = np.where(expected.certain, actual - right, 0.0)
        wrong = ~(np.abs(now) <= expected.allowed)
        moved = wrong & ~(np.abs(now - off) <= expected.allowed)  # what has come right has moved as well
        worst = int(np.argmax(np.where(moved, np.abs(now - off), -1.0)))
        gone = (int(expected.cells[worst]), float(actual[worst]), float(right[worst]))
        yield Check(step, since, gone if moved.any() else None, bool(wrong.any()))
        off, since = now, step
    recording.seek(recording.total)


def read_before(place: Place) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """The positions to look at, each with the cells from above that have been read before it."""
    arrays = place.trace.recording.arrays
    seen = np.zeros(sum(arrays[name].size for name in place.above), bool)
    written = False
    for step in range(place.low, place.high):
        read = [cells for _, cells in place.reads(step)]
        new = np.concatenate(read) if read else np.zeros(0, np.intp)
        if written and not seen[new].all():
            yield step, seen.copy()
            written = False
        seen[new] = True
        written = written or bool(place.writes(step))
    if written:
        yield place.high, seen


def line_of(place: Place, check: Check) -> int:
    """The line that has written the cell that went off; otherwise the last one that has written any."""
    found = 0
    address = place.view.__array_interface__["data"][0]
    strides, shape = place.view.strides, place.view.shape
    owner = place.trace.recording.arrays[place.owner]
    index = np.unravel_index(check.off[0], shape) if check.off else ()
    byte = (
        address
        + sum(int(i) * s for i, s in zip(index, strides, strict=True))
        - owner.__array_interface__["data"][0]
    )
    cell = byte // owner.itemsize if owner.flags.c_contiguous else -1
    hit = 0
    for step in range(check.since, check.position):
        for one in place.writes(step):
            if one.kind != "makes":
                found = one.line
                hit = one.line if cell in one.cells else hit
    return hit or found


def _sentence(trial: Trial, judged: Judged, check: Check) -> str:
    above = ", ".join(f"`{text(path)}`" for path in trial.above)
    if check.off is None:
        how = tr(
            "with zeros in the cells of {above} that are not read yet, the gradient by central differences "
            "of {forward} is what `{result}` is now",
            above=above,
            forward=trial.names[0],
            result=judged.result.name,
        )
        return how + beside(trial)
    cell, actual, expected = check.off
    index = tuple(int(one) for one in np.unravel_index(cell, judged.result.value.shape))
    how = tr(
        "`{cell}` is {value} now; with zeros in the cells of {above} that are not read yet, the gradient by "
        "central differences of {forward} is {expected}",
        cell=cell_text(judged.result.name, index),
        value=short(actual),
        above=above,
        forward=trial.names[0],
        expected=short(expected),
    )
    return how + beside(trial)
