"""Which arrays of a recorded run are those of the problem, found by what they hold, however they lie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.candidate.call.layouts import Layouts
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.recording.log import View
from convstep.recording.placing import places_of as places_of
from convstep.recording.recording import Recording
from convstep.steps.event import Access

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Laying = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]
"""From an array as the candidate lays it out to ours."""
LARGEST = 1 << 18
"""Cells of an array beyond which it is not looked for."""
FEWEST = 4
"""Cells that must be found again before an array is taken for a copy of another one."""


@frozen(eq=False)
class Held:
    """An array of the problem in the memory of a run: where each of its cells is."""

    storages: Places
    """By our cell, the storage; -1 where it was not found."""
    places: Places
    """By our cell, bytes from the storage's beginning."""
    view: View | None = None
    """The array, where it is one that lies as theirs does; None for copies."""

    __repr__ = brief

    @property
    def all_storages(self) -> set[int]:
        """The storages that it stands in."""
        return set(np.unique(self.storages[self.storages >= 0]).tolist())

    def where(self) -> dict[tuple[int, int], int]:
        """From storage and place to our cell, counted along the flat array."""
        found = zip(self.storages.ravel().tolist(), self.places.ravel().tolist(), strict=True)
        return {at: cell for cell, at in enumerate(found) if at[0] >= 0}

    def values(self, recording: Recording) -> Array:
        """What these cells hold where a recording stands; zeros for those that were not found."""
        found = np.zeros(self.storages.shape)
        for storage in self.all_storages:
            items = recording.memory.items(storage)
            own = self.storages == storage
            found[own] = items[self.places[own] // items.itemsize]
        return found


def holding(recording: Recording, ours: Array, lay: Laying) -> Iterator[Held]:
    """The arrays that hold ours, which `lay` makes of theirs, or nothing: itself first, then copies."""
    found = set[int]()
    for view in recording.log.views:
        if view.storage not in found and int(np.prod(view.shape)) == ours.size <= LARGEST:
            places = _as(recording, view, ours, lay)
            if places is not None:
                found.add(view.storage)
                yield Held(np.full(ours.shape, view.storage, np.int64), places, view)
    yield from _copies(recording, ours, found)


def holding_of(recording: Recording, problem: Problem, layouts: Layouts, name: str) -> Iterator[Held]:
    """The arrays that hold an input of the problem, "A_prev", "W", "b" or "dZ", as `holding` has them."""
    ours = np.asarray(getattr(problem, name), np.float64)
    return holding(recording, ours, lambda array: layouts.ours(name, array, problem.geometry))


def _as(recording: Recording, view: View, ours: Array, lay: Laying) -> Places | None:
    """Where our cells are in one of their arrays; None if it holds something else."""
    try:
        cells = lay(np.arange(ours.size, dtype=np.int64).reshape(view.shape))
    except (ValueError, IndexError, TypeError):
        return None
    if cells.shape != ours.shape or len(np.unique(cells)) != cells.size:
        return None
    same = np.array_equal(recording.memory.seen(view).ravel()[cells], ours, equal_nan=True)
    return places_of(view).ravel()[cells] if same else None


def _copies(recording: Recording, ours: Array, known: set[int]) -> Iterator[Held]:
    """Arrays in which every value of ours stands exactly once; those that one line makes count together."""
    values = ours[ours != 0].ravel()
    if len(values) < FEWEST or not np.isfinite(values).all() or len(np.unique(values)) < len(values):
        return
    by_line: dict[int, list[int]] = defaultdict(list)
    for storage, owner in recording.owners.items():
        if storage not in known and np.prod(owner.view.shape) <= LARGEST:
            by_line[owner.line].append(storage)
    order = np.argsort(ours, axis=None)
    ranked = ours.ravel()[order]
    for storages in by_line.values():
        own, places = np.full(ours.size, -1, np.int64), np.full(ours.size, -1, np.int64)
        times = np.zeros(ours.size, np.int64)
        for storage in storages:
            items = recording.memory.items(storage)
            if items.dtype.kind != "f":
                continue
            at = np.minimum(np.searchsorted(ranked, items), len(ranked) - 1)
            hits = np.flatnonzero((ranked[at] == items) & (items != 0))
            cells = order[at[hits]]
            own[cells], places[cells] = storage, hits * items.itemsize
            np.add.at(times, cells, 1)
        if (times[ours.ravel() != 0] == 1).all():
            yield Held(own.reshape(ours.shape), places.reshape(ours.shape))


def touched(recording: Recording, access: Access) -> tuple[int, Places] | None:
    """The storage and the places of the cells of an access where a recording stands."""
    owners = [(s, owner) for s, owner in recording.owners.items() if owner.name == access.array]
    owners = [(s, owner) for s, owner in owners if owner.since < max(recording.entry, 1)]
    if not owners:
        return None
    storage, owner = max(owners, key=lambda one: one[1].since)
    places = places_of(owner.view)[access.region]
    return storage, np.ravel(places if access.cells is None else places[access.cells])


def axis_of(view: View, places: Places, along: Places) -> tuple[int, int] | None:
    """Along which axis of an array one of ours runs, and how far it is shifted; None if unclear.

    `places` are where some cells of the array lie, `along` the index of each of them along our axis.
    """
    if not len(along) or np.ptp(along) == 0:
        return None
    index = _index_in(view, places)
    found = [axis for axis, at in enumerate(index) if np.ptp(at - along) == 0]
    return (found[0], int(index[found[0]][0] - along[0])) if len(found) == 1 else None


def _index_in(view: View, places: Places) -> Sequence[Places]:
    """The cells of an array that lie at some places, an array for each axis."""
    everything = places_of(view).ravel()
    order = np.argsort(everything)
    return np.unravel_index(order[np.searchsorted(everything[order], places)], view.shape)
