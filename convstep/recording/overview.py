"""Overview: what is asked of a whole recording: its names, who writes a cell, where a condition holds."""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.recording.events import HOW, anchor_of, seen_by
from convstep.recording.facts import Writer
from convstep.recording.index import Index, writes_between
from convstep.recording.log import storage_in
from convstep.recording.memory import Memory
from convstep.recording.placing import places_of
from convstep.recording.sites import Kind
from convstep.recording.variables import NOTHING, Variables, arrays, frame_of, valued
from convstep.steps.cells import Array
from convstep.steps.layout import Layout
from convstep.steps.nest import Nest
from convstep.steps.stepped import Piece, Question

if TYPE_CHECKING:
    from convstep.recording.naming import Owner
    from convstep.recording.replayed import Replayed

_NONE = np.zeros(0, np.intp)
KEPT = 256
"""Cells and lines whose steps are kept: the same ones are asked for again and again."""
AT_ONCE = 256
"""Steps that a search looks at between two reports."""


def layout(recording: Replayed) -> Layout:
    """What can be named of a recording."""
    index = recording.index
    known = {one.name: one.shape for one in recording.catalogue}
    scalars: dict[str, tuple[int, ...] | str] = {"line": (), "step": (), "position": ()}
    for frame in dict.fromkeys(one.function for one in index.frames):
        for name in index.names_of(frame):
            if name.isidentifier():
                scalars.setdefault(name, ())
    written = {one.name: one.shape for one in recording.catalogue if one.written}
    return Layout(
        nest=Nest((), (), uneven=recording.total),
        written=written or known,
        touching=functools.lru_cache(KEPT)(recording.touching),
        executing=functools.lru_cache(KEPT)(functools.partial(executing, recording)),
        names={**scalars, **{name: shape for name, shape in known.items() if name.isidentifier()}},
        example=f"line == {_first_line(recording)}",
    )


def executing(recording: Replayed, line: int) -> list[int]:
    """The steps that execute a line of the source, ascending."""
    index, sites = recording.index, recording.log.sites
    around = (Kind.CALL, Kind.RETURN, Kind.ENTER, Kind.EXIT)
    here = [
        site.number
        for site in sites.sites
        if site.kind not in around
        and sites.statements[site.statement].line <= line <= sites.statements[site.statement].last_line
    ]
    entries = np.concatenate([np.zeros(0, np.intp), *(index.where[number] for number in here)])
    steps = np.unique(np.searchsorted(index.ends, entries, side="right"))
    return [int(step) for step in steps if step < recording.total]


def _first_line(recording: Replayed) -> int:
    index = recording.index
    if not recording.total:
        return recording.log.sites.functions[0].line if recording.log.sites.functions else 1
    return int(recording.log.sites.statements[index.statement[index.ends[0] - 1]].line)


def storage_of(index: Index, entry: int) -> int:
    """Whose memory an entry changes."""
    return storage_in(index.payload(entry), index.storages)


def writers(recording: Replayed, array: str, cell: tuple[int, ...]) -> Iterator[Writer]:
    """Every write to a cell of an array of this name, in order."""
    index = recording.index
    since, storages = recording.owners.by_name.get(array, (_NONE, _NONE))
    named: dict[int, Owner] = {storage: recording.owners[storage] for storage in storages.tolist()}
    shape = next((owner.view.shape for owner in named.values()), ())
    if len(cell) != len(shape):
        return
    memory = _Replay(recording)
    for entry in sorted({*index.writes, *since[since >= 0].tolist()}):
        statement = index.log.sites.statements[index.statement[entry]]
        step = bisect_right(index.ends, entry)
        for storage in named.keys() & set(recording.owners.born(entry)):
            value = _born(recording, storage, _offset(named[storage], cell))
            yield Writer(step, statement.line, statement.text, "makes", None, value)
        if _writes(index, entry) and (storage := storage_of(index, entry)) in named:
            owner = named[storage]
            found = _cell_in(recording, entry, _offset(owner, cell), np.dtype(owner.view.dtype))
            if found == ():  # written as numbers of another kind: what it is then tells the memory alone
                found = memory.around(entry, owner, cell)
            if found is not None:
                kind = HOW.get(index.site(entry).operator, "changes")
                yield Writer(step, statement.line, statement.text, kind, *found)


class _Replay:
    """Memory of its own, moved forward through a log: whoever asks may be another thread."""

    def __init__(self, recording: Replayed) -> None:
        self._index, self._memory, self._made = recording.index, Memory(recording.log), 0

    def around(self, entry: int, owner: Owner, cell: tuple[int, ...]) -> tuple[Any, Any]:
        """A cell before and after an entry; later ones are asked for later."""
        array = self._memory.seen(owner.view)
        self._make(entry)
        before = array[cell]
        self._make(entry + 1)
        return before, array[cell]

    def _make(self, end: int) -> None:
        for one in writes_between(self._index.writes, self._made, end):
            self._memory.change(self._index.site(one), self._index.payload(one), forward=True)
        self._made = end


def _offset(owner: Owner, cell: tuple[int, ...]) -> int:
    return owner.view.offset + sum(at * stride for at, stride in zip(cell, owner.view.strides, strict=True))


def _writes(index: Index, entry: int) -> bool:
    at = bisect_left(index.writes, entry)
    return at < len(index.writes) and index.writes[at] == entry


def _born(recording: Replayed, storage: int, offset: int) -> Any:
    """A cell as the array was made."""
    held = recording.log.storages[storage]
    kind = np.dtype(held.dtype)
    at = offset // kind.itemsize
    return np.frombuffer(held.content, kind)[at]


def _cell_in(
    recording: Replayed, entry: int, offset: int, own: np.dtype[Any]
) -> tuple[Any, Any] | tuple[()] | None:
    """A cell, of `own` kind, before and after an entry; () if of another kind, None if not changed."""
    site, payload = recording.index.site(entry), recording.index.payload(entry)
    if payload[0] == "cells":
        kind = np.dtype(recording.log.storages[payload[1]].dtype)
        places = np.frombuffer(payload[2], np.int64) * kind.itemsize
    else:
        view = seen_by(recording, site, payload)
        kind, places = np.dtype(view.dtype), places_of(view)
    at = np.flatnonzero((places.ravel() < offset + own.itemsize) & (places.ravel() + kind.itemsize > offset))
    if not len(at):
        return None
    if kind != own:
        return ()
    before, after = (np.frombuffer(payload[-2 + n], kind)[at[0]] for n in range(2))
    return before, after


def matching(
    recording: Replayed, question: Question, low: int, high: int, backwards: bool
) -> Iterator[Piece]:
    """The steps after which a condition is true; the arrays are moved along only if it asks for any."""
    arrays_too = bool(question.names & {one.name for one in recording.catalogue})
    starts = range(low, high, AT_ONCE)
    for first in reversed(starts) if backwards else starts:
        last = min(first + AT_ONCE, high)
        found = list[int]()
        for step in range(first, last):
            if arrays_too:
                recording.seek(step + 1)
            held = values_after(recording, step, question.names)
            if held is not None and bool(question.holds(held)[0, 0]):
                found.append(step)
        yield Piece(first if backwards else last, np.array(found, np.intp))


def values_after(recording: Replayed, step: int, names: frozenset[str]) -> dict[str, Array] | None:
    """What a condition asks of a step; None if some of it is not there, or is no number."""
    index = recording.index
    end = index.ends[step]
    own = Variables(recording, frame_of(index, anchor_of(index, index.begin(step), end)), end)
    held: dict[str, Array] = {}
    for name in names:
        if name in ("step", "position"):
            value: Any = step + (name == "position")
        elif name == "line":
            value = index.log.sites.statements[index.statement[anchor_of(index, index.begin(step), end)]].line
        else:
            value = own.logged(name)
            value = (
                arrays(recording, end).get(name, NOTHING) if value is NOTHING else valued(recording, value)
            )
        if not isinstance(value, (int, float, bool, np.generic, np.ndarray)):
            return None
        held[name] = np.asarray(value, np.float64)[np.newaxis, np.newaxis]
    return held
