"""Memory: what the arrays of a run held at one place of its log, going both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from convstep.recording.kept import Kept
from convstep.recording.log import Log, View
from convstep.recording.sites import Hole, Kind, Part, Site
from convstep.steps.cells import Array


class Memory:
    """The storages of a log, as they were after some of its entries."""

    def __init__(self, log: Log | Kept) -> None:
        """As they were before the first entry, each from its own beginning on."""
        self._log = log
        self._buffers: dict[int, bytearray] = {}
        self._views: dict[int, Array] = {}

    def view(self, number: int) -> Array:
        """An array of the run, live."""
        found = self._views.get(number)
        if found is None:
            found = self._views[number] = self.seen(self._log.views[number])
        return found

    def seen(self, view: View) -> Array:
        """The same for an array that need not have been met."""
        return np.ndarray(view.shape, view.dtype, self._buffer(view.storage), view.offset, view.strides)

    def items(self, storage: int) -> Array:
        """All cells of a storage in a row, live."""
        return np.frombuffer(self._buffer(storage), self._log.storages[storage].dtype)

    def change(self, site: Site, payload: Any, *, forward: bool) -> None:
        """Make the change of one entry, or undo it."""
        make(site, payload, self.view, self.items, forward=forward)

    def content(self, storage: int) -> bytes:
        """What a storage holds, a copy."""
        return bytes(self._buffer(storage))

    def restore(self, storage: int, content: bytes) -> None:
        """Let a storage hold what it held once."""
        self._buffer(storage)[:] = content

    def _buffer(self, storage: int) -> bytearray:
        found = self._buffers.get(storage)
        if found is None:
            found = self._buffers[storage] = bytearray(self._log.storages[storage].content)
        return found


def lasting(changes: Iterable[tuple[int, Any]]) -> Iterable[tuple[int, Any]]:
    """Of changes `(site, payload)` of exactly the same cells, the last first, those to be made, in order."""
    found: dict[tuple[int, tuple[Any, ...]], Any] = {}
    for number, payload in changes:
        found.setdefault((number, payload[:-2]), payload)  # without before and after: which cells
    return ((number, payload) for (number, _), payload in reversed(found.items()))


def cells_of(array: Array, site: Site, parts: Sequence[Any]) -> Array:
    """The cells that a subscript of an array means: a view, of no axes for a single cell."""
    template = site.template
    known, cut = _CUTS.get(id(template), (None, None))
    if cut is None or known is not template:
        if len(_CUTS) >= MOST_CUTS:
            _CUTS.clear()
        cut = _cut(template)
        _CUTS[id(template)] = template, cut
    found: Array = cut(array, parts)
    return found


def _cut(template: tuple[Part, ...]) -> Callable[[Array, Sequence[Any]], Array]:
    """A function that applies an index: it is called for every change that is made or undone."""
    entries = []
    for part in template:
        numbers = [f"p[{one.place}]" if isinstance(one, Hole) else repr(one) for one in part.values]
        entries.append(
            "..." if part.ellipsis else f"slice({', '.join(numbers)})" if part.sliced else numbers[0]
        )
    # an ellipsis makes a view of a single cell, too
    rest = [] if any(part.ellipsis for part in template) else ["..."]
    made: Callable[[Array, Sequence[Any]], Array] = eval(
        f"lambda array, p: array[{', '.join([*entries, *rest])},]"
    )
    return made


_CUTS: dict[int, tuple[tuple[Part, ...], Callable[[Array, Sequence[Any]], Array]]] = {}
"""By the `id` of a template, the template and the function that applies it."""
MOST_CUTS = 4096
"""Of those that are kept."""


def make(
    site: Site, payload: Any, view: Callable[[int], Array], items: Callable[[int], Array], *, forward: bool
) -> None:
    """Make the change of an entry in some memory, or undo it; `items` are all cells of a storage in a row."""
    match payload[0]:
        case "store":
            return
        case "cells":
            kept = items(payload[1])
            kept[np.frombuffer(payload[2], np.int64)] = np.frombuffer(
                payload[4 if forward else 3], kept.dtype
            )
            return
        case "whole":
            cells = view(payload[2])
        case number:
            cells = view(number)
            if site.kind is Kind.WRITE:
                cells = cells_of(cells, site, payload[1:-2])
    cells[...] = np.frombuffer(payload[-1 if forward else -2], cells.dtype).reshape(cells.shape)
