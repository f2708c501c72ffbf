"""Naming: what each array of a run is called, in the words of its author."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from convstep.frozen import NamedTuple
from convstep.recording.columns import Entries
from convstep.recording.index import Index
from convstep.recording.log import View
from convstep.recording.sites import Kind

RETURNED = "return"
"""What stands for the value of a `return`, if nothing else does."""
_VARIABLE, _PATH, _LAST, _SUBSCRIPTED = range(4)
"""Kinds of names, the best first: a variable, `cache[0]`, what is returned, what is subscripted."""


class Owner(NamedTuple):
    """An array that owns its memory."""

    name: str
    """What the author calls it; where several would have the name at once, with a number behind it."""
    view: View
    """How it looks at its memory."""
    since: int
    """The entry from which on it has the name; -1 for what came with the arguments."""
    line: int
    """The line that made it; of an argument that of the `def`."""
    of_caller: bool


class Owners(Mapping[int, Owner]):
    """Every array with a name, by its storage, as they appear; each is made when it is asked for.

    It has the name of the first variable that stood for all of it, in the outermost function where one
    does; else that of a view of it and `.base`, as NumPy says.
    """

    def __init__(self, index: Index) -> None:
        self._index, chosen = index, _chosen(index)
        self.storages: Entries = chosen.storages
        """Whose memory each one owns."""
        self.since: Entries = chosen.since
        """By array, the entry from which on it has its name; see `Owner`. Ascending."""
        self._views, self._lines = chosen.views, chosen.lines
        self._names, self.name_of = _distinct(index, chosen)
        self._row = np.full(len(index.log.storages) + 1, -1, np.intp)
        self._row[self.storages] = np.arange(len(self.storages))
        self._made: dict[int, Owner] = {}

    def __getitem__(self, storage: int) -> Owner:
        found = self._made.get(storage)
        if found is None:
            row = int(self._row[storage]) if 0 <= storage < len(self._row) else -1
            if row < 0:
                raise KeyError(storage)
            log = self._index.log
            number, held = int(self._views[row]), log.storages[storage]
            size = np.dtype(held.dtype).itemsize
            listed = View(storage, 0, (len(held.content) // size,), (size,), held.dtype)
            view = log.views[number] if number >= 0 else listed
            facts = int(self.since[row]), int(self._lines[row]), held.of_caller
            found = self._made[storage] = Owner(self._names[self.name_of[row]], view, *facts)
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self.storages.tolist())

    def __len__(self) -> int:
        return len(self.storages)

    @functools.cached_property
    def by_name(self) -> dict[str, tuple[Entries, Entries]]:
        """The arrays of each name, as they follow each other: since when, and their storages."""
        order = np.argsort(self.name_of, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(self.name_of[order])) + 1) if len(order) else []
        own = sorted(parts, key=lambda rows: int(rows[0]))
        return {self._names[self.name_of[one[0]]]: (self.since[one], self.storages[one]) for one in own}

    def born(self, entry: int) -> list[int]:
        """The storages that an entry is the first to name; those of arguments left out."""
        low, high = np.searchsorted(self.since, (entry, entry + 1)).tolist()
        own = self.storages[low:high].tolist() if entry >= 0 else []
        return [storage for storage in own if not self._index.log.storages[storage].of_caller]


class _Chosen(NamedTuple):
    """Of every storage the best of all names under which it was met, as they appear."""

    names: list[str]
    name_of: Entries
    """Which of them each has."""
    storages: Entries
    views: Entries
    """The number of the array that has the name, or of one that is all of it; -1 for its cells in a row."""
    partial: npt.NDArray[np.bool_]
    """Whether what has the name is a part of it."""
    since: Entries
    lines: Entries


def _chosen(index: Index) -> _Chosen:
    names, ranks, offered = list[str](), list[int](), list[tuple[Entries, Entries]]()
    named = np.zeros(len(index.log.storages) + 1, bool)

    def offer(name: str, rank: int, refs: Entries, entries: Entries) -> None:
        names.append(name)
        ranks.append(rank)
        offered.append((refs, entries))
        named[index.storages[refs]] = True

    for name, given in index.log.given:
        offer(name, _PATH if _is_path(name) else _VARIABLE, np.array([given]), np.array([-1]))
    for bound in index.bindings:
        path = _is_path(bound.name) or not bound.whole
        kind = _PATH if path else _VARIABLE
        if bound.site.kind is Kind.BIND and bound.site.text == RETURNED:
            kind = _LAST
        offer(bound.name, kind, bound.refs, bound.entries)
    for site, touched in index.touched.items():
        for at in np.flatnonzero((touched >= 0) & ~named[touched]).tolist():
            payload = index.log.payloads[site][at]
            if not named[touched[at]] and type(payload[0]) is int:
                entry = index.where[site][at : at + 1]
                offer(index.log.sites.sites[site].text, _SUBSCRIPTED, np.array([payload[0]]), entry)
    nothing = np.zeros(0, np.intp)
    offer("", _LAST, nothing, nothing)  # should there be no other
    number, entry = (np.concatenate(one) for one in zip(*offered, strict=True))
    name_of, whole = np.repeat(np.arange(len(names)), [len(refs) for refs, _ in offered]), _whole(index)
    storage, partial = index.storages[number], ~whole[number]
    # of one variable the first array of each storage is enough, and the first that is all of it
    apart = (name_of * len(named) + storage) * 2 + partial
    kept = np.unique(apart, return_index=True)[1]
    storage, partial, entry, number, name_of = (
        one[kept] for one in (storage, partial, entry, number, name_of)
    )
    rank = np.array(ranks)[name_of]
    depth = np.array([*_depths(index), 0])[np.append(index.frame, -1)[entry]]
    # a name for a part counts only where nothing but a subscript stands for all of it
    best = np.lexsort((name_of, entry, rank, depth, partial, rank == _SUBSCRIPTED, storage))
    chosen = best[np.flatnonzero(np.diff(storage[best], prepend=-1))]
    views, part = number[chosen], partial[chosen]
    all_of = np.full(len(index.log.storages) + 1, -1, np.intp)
    met = np.flatnonzero(whole)[::-1]
    all_of[index.storages[met]] = met  # the first one stays
    views = np.where(part, all_of[storage[chosen]], views)
    since, lines = _since(index, storage[chosen], entry[chosen])
    appear = np.lexsort((storage[chosen], since))
    own = name_of[chosen], storage[chosen], views, part, since, lines
    return _Chosen(names, *(one[appear] for one in own))  # type: ignore[arg-type]  # as they stand


def _since(index: Index, storages: Entries, entries: Entries) -> tuple[Entries, Entries]:
    """From which entry on arrays have their names, and the lines that made them."""
    never, log = len(index.order), index.log
    since = np.where(index.named[storages] < never, index.named[storages], entries)
    if not never:
        return since, np.zeros(len(since), np.intp)
    # a subscript came first: of a variable from outside, or of what an expression has made
    touched = index.first_touched[storages]
    before = (touched < since) | (index.named[storages] == never)
    outside = np.array([one.text.replace(".", "").isidentifier() for one in log.sites.sites], bool)
    first = touched[before]
    since[before] = np.where(outside[index.order[first]], -1, first)
    lines = np.array([statement.line for statement in log.sites.statements], np.intp)
    return since, lines[index.statement[np.maximum(since, 0)]]


def _distinct(index: Index, chosen: _Chosen) -> tuple[list[str], Entries]:
    """No two arrays with one name at one time, and all of one name alike in shape: the names, and whose."""
    parts, own = np.unique(chosen.name_of * 2 + chosen.partial, return_inverse=True)
    texts = [f"{chosen.names[one // 2]}{'.base' * (one % 2)}" for one in parts.tolist()]
    base = dict.fromkeys(texts)
    numbered = {text: number for number, text in enumerate(base)}
    name_of: Entries = np.array([numbered[text] for text in texts], np.intp)[own]
    looks, ends = _looks(index, chosen), np.maximum(_ends(index)[chosen.storages], chosen.since)
    order = np.argsort(name_of, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(name_of[order])) + 1) if len(order) else ():
        until = np.maximum.accumulate(ends[rows])
        if (looks[rows] == looks[rows[0]]).all() and (until[:-1] <= chosen.since[rows[1:]]).all():
            continue  # each after the other, and all alike
        name, taken, shown = texts[own[rows[0]]], dict[str, int](), dict[str, int]()
        facts = (one[rows].tolist() for one in (chosen.since, ends, looks))
        for row, since, end, look in zip(rows.tolist(), *facts, strict=True):
            number, text = 1, name
            while (
                taken.get(text, -2) > since or shown.get(text, look) != look or (number > 1 and text in base)
            ):
                number += 1
                text = f"{name}_{number}"
            shown[text], taken[text] = look, max(end, taken.get(text, -2))
            name_of[row] = numbered.setdefault(text, len(numbered))
    return list(numbered), name_of


def _looks(index: Index, chosen: _Chosen) -> Entries:
    """Numbers that are the same for arrays of the same shape and kind."""
    log, met = index.log, chosen.views
    found: Entries = np.append(log.looks, -1)[met]
    listed: dict[tuple[int, str], int] = {}  # all cells of a storage in a row
    for row in np.flatnonzero(met < 0).tolist():
        held = log.storages[int(chosen.storages[row])]
        found[row] = -2 - listed.setdefault((len(held.content), held.dtype), len(listed))
    return found


def _ends(index: Index) -> npt.NDArray[np.intp]:
    """By storage, the last entry at which something stands for it, or touches it."""
    found = np.full(len(index.log.storages) + 1, -1, np.intp)
    for site, storages in index.touched.items():
        np.maximum.at(found, storages, index.where[site])
    for one in index.bindings:
        np.maximum.at(found, index.storages[one.refs], index.standing_until(one))
    for _, number in index.log.given:
        found[index.storages[number]] = max(found[index.storages[number]], 0)
    return found


def _whole(index: Index) -> npt.NDArray[np.bool_]:
    """By array met, whether it is all of its memory."""
    log = index.log
    _, firsts, own = np.unique(log.lies, return_index=True, return_inverse=True)  # most are alike
    known = [_covers(index, log.views[first], log.views[first].storage) for first in firsts.tolist()]
    found: npt.NDArray[np.bool_] = np.array(known, bool)[own]
    return found


def _depths(index: Index) -> list[int]:
    depths = list[int]()
    for frame in index.frames:
        depths.append(depths[frame.parent] + 1 if frame.parent >= 0 else 0)
    return depths or [0]


def _covers(index: Index, view: View, storage: int) -> bool:
    """Whether an array has every cell of its memory, once."""
    held = index.log.storages[storage]
    size = np.dtype(view.dtype).itemsize
    if view.dtype != held.dtype or math.prod(view.shape) * size != len(held.content):
        return False
    if not held.content:
        return True  # without cells it has them all, however NumPy would stride over them
    return all(stride or length == 1 for length, stride in zip(view.shape, view.strides, strict=True))


def _is_path(name: str) -> bool:
    return "[" in name or "." in name
