"""Memory: what the arrays of a run held at one place of its log, going both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.recording.indices import filled
from convstep.recording.log import Log, View
from convstep.recording.sites import Kind, Site

Array = npt.NDArray[Any]


class Memory:
    """The storages of a log, as they were after some of its entries."""

    def __init__(self, log: Log) -> None:
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

    def cells(self, number: int, site: Site, parts: Sequence[Any]) -> Array:
        """The cells that a subscript of an array means: a view, of no axes for a single cell."""
        found: Array = self.view(number)[(*filled(site.template, parts), *_rest(site))]
        return found

    def items(self, storage: int) -> Array:
        """All cells of a storage in a row, live."""
        return np.frombuffer(self._buffer(storage), self._log.storages[storage].dtype)

    def change(self, site: Site, payload: Any, *, forward: bool) -> None:
        """Make the change of one entry, or undo it."""
        if payload[0] == "cells":
            _, storage, items, before, after = payload
            kept = self.items(storage)
            kept[np.frombuffer(items, np.int64)] = np.frombuffer(after if forward else before, kept.dtype)
            return
        if payload[0] == "store":
            return
        if payload[0] == "whole":
            _, _, number, before, after = payload
            cells = self.view(number)
        elif site.kind is Kind.WHOLE:
            number, before, after = payload
            cells = self.view(number)
        else:
            number, *parts, before, after = payload
            cells = self.cells(number, site, parts)
        cells[...] = np.frombuffer(after if forward else before, cells.dtype).reshape(cells.shape)

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


def _rest(site: Site) -> tuple[Any, ...]:
    """What makes a view of a single cell."""
    return () if any(part.ellipsis for part in site.template) else (Ellipsis,)
