"""Naming: what each array of a run is called, in the words of its author."""

from __future__ import annotations

import math
import operator
from collections.abc import Container, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convstep.recording.index import UNNAMED, Index
from convstep.recording.log import View
from convstep.recording.sites import Kind

Numbers = npt.NDArray[np.intp]
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
    """Whether it came with the arguments."""


_owner = partial(tuple.__new__, Owner)
"""Makes one of its fields, in a third of the time."""


def owners(index: Index) -> dict[int, Owner]:
    """Every array with a name, by its storage.

    It has the name of the first variable that stood for all of it, in the outermost function where one
    does; else that of a view of it and `.base`, as NumPy says.
    """
    looks = _Looks(index)
    names, *chosen = _chosen(index, looks)
    return _owners(index, looks, names, *chosen) if names else {}


def _chosen(index: Index, looks: _Looks) -> tuple[list[str], *tuple[Numbers, ...]]:
    """All names; and of every storage the best of those under which it was met.

    These are its storage, the name, the array that had it, the entry, and whether that is a part of it.
    """
    names, columns = list[str](), list[tuple[npt.NDArray[Any], ...]]()
    depths = np.array([*_depths(index), 0])
    settled = np.full(len(index.log.storages), len(index.order), np.intp)  # when no better name can come

    def offer(name: str, numbers: Any, entries: Any, depth: Any, rank: int) -> None:
        refs = np.atleast_1d(np.asarray(numbers, np.intp))
        depth, entries = (np.broadcast_to(one, len(refs)) for one in (depth, entries))
        hopeful = np.flatnonzero(settled[index.storages[refs]] >= entries)
        refs, depth, entries = refs[hopeful], depth[hopeful], entries[hopeful]
        storages, partial = index.storages[refs], ~looks.whole(refs)
        # of one variable the first array of each storage is enough, and the first that is all of it
        kept = np.unique(storages * 2 + partial, return_index=True)[1]
        columns.append(
            (
                *(storages[kept], partial[kept], np.full(len(kept), rank)),
                *(depth[kept], entries[kept], refs[kept], np.full(len(kept), len(names))),
            )
        )
        names.append(name)
        if rank == _VARIABLE:
            best = kept[~partial[kept] & (depth[kept] == 0)]
            settled[storages[best]] = np.minimum(settled[storages[best]], entries[best])

    for name, given in index.log.given:
        offer(name, given, -1, 0, _PATH if _is_path(name) else _VARIABLE)
    for bound in index.bindings:
        path = _is_path(bound.name) or not bound.whole
        kind = _PATH if path else _VARIABLE
        if bound.site.kind is Kind.BIND and bound.site.text == RETURNED:
            kind = _LAST
        offer(bound.name, bound.refs, bound.entries, depths[index.frame[bound.entries]], kind)
    known = np.zeros(len(index.log.storages) + 1, bool)
    known[-1] = True  # what is no array
    for column in columns:
        known[column[0]] = True
    for site, touched in index.touched.items() if (index.first_touched[~known] >= 0).any() else ():
        for at in np.flatnonzero(~known[touched]).tolist():
            payload = index.log.payloads[site][at]
            if not known[touched[at]] and type(payload[0]) is int:
                known[touched[at]] = True
                text = index.log.sites.sites[site].text
                offer(text, payload[0], index.where[site][at], 0, _SUBSCRIPTED)
    if not columns:
        return ([],)
    storage, partial, rank, depth, entry, number, name_of = (
        np.concatenate(one) for one in zip(*columns, strict=True)
    )
    several = np.flatnonzero(np.bincount(storage)[storage] > 1)
    keys = (one[several] for one in (name_of, entry, rank, depth, partial, rank == _SUBSCRIPTED, storage))
    # a name for a part counts only where nothing but a subscript stands for all of it
    best = several[np.lexsort(tuple(keys))]
    worse = best[1:][storage[best[1:]] == storage[best[:-1]]]
    firsts = np.delete(np.arange(len(storage)), worse)
    return names, *(one[firsts] for one in (storage, name_of, number, entry, partial))


def _owners(
    index: Index, looks: _Looks, names: list[str], storage: Numbers, name_of: Numbers, number: Numbers,
    entry: Numbers, partial: Numbers,
) -> dict[int, Owner]:  # fmt: skip
    """The arrays, from what is chosen of each, in the order in which they have their names."""
    log, named, touched = index.log, index.named[storage], index.first_touched[storage]
    since = np.where(named == UNNAMED, entry, named)
    for at in np.flatnonzero((touched >= 0) & (touched < since) | (named == UNNAMED)).tolist():
        # a subscript came first: of a variable from outside, or of what an expression has made
        text = index.site(touched[at]).text
        since[at] = -1 if text.replace(".", "").isidentifier() else touched[at]
    lines = np.zeros(len(since), np.intp)
    if len(index.order):
        known = np.array([statement.line for statement in log.sites.statements])
        lines = known[index.statement[np.maximum(since, 0)]]
    ranked = np.lexsort((storage, since))
    storage, number, since, lines, partial = (one[ranked] for one in (storage, number, since, lines, partial))
    words = [*names, *(f"{name}.base" for name in names)]
    distinct = {word: at for at, word in enumerate(words)}  # several may have one name
    name_of = np.array([distinct[word] for word in words])[name_of[ranked] + len(names) * partial]
    views = list(map(log.views.__getitem__, number.tolist()))
    for at in np.flatnonzero(partial).tolist():
        views[at] = _all_of(index, int(storage[at]))
    said = list(map(words.__getitem__, name_of.tolist()))
    _distinguish(said, views, name_of, since, _ends(index)[storage], looks.numbers(number))
    storages = storage.tolist()
    of_caller = [log.storages[own].of_caller for own in storages]
    facts = zip(said, views, since.tolist(), lines.tolist(), of_caller, strict=True)
    return dict(zip(storages, map(_owner, facts), strict=True))


def _distinguish(
    said: list[str], views: list[View], name_of: Numbers, since: Numbers, last: Numbers, look: Numbers
) -> None:
    """Let no two arrays have one name at one time, and all of one name be alike in shape.

    Args:
        said: the name of each, in the order in which they have it; changed.
        views: how each looks at its memory.
        name_of: which name.
        since: the entry from which on each has it.
        last: the last entry at which it is there.
        look: the number of what it looks like.
    """
    by_name = np.argsort(name_of, kind="stable")
    own, begun, ended, alike = (one[by_name] for one in (name_of, since, last, look))
    trouble = (own[1:] == own[:-1]) & ((ended[:-1] > begun[1:]) | (alike[1:] != alike[:-1]))
    for name in dict.fromkeys(own[1:][trouble].tolist()):
        places = np.flatnonzero(name_of == name).tolist()
        bearers = [(views[at], int(since[at]), int(last[at])) for at in places]
        for at, word in zip(places, _numbered(said[places[0]], bearers, {*said}), strict=True):
            said[at] = word


def _numbered(own: str, bearers: list[tuple[View, int, int]], names: Container[str]) -> Iterator[str]:
    """What each of several arrays of one name is called: by how it looks, since when and until when."""
    taken: dict[str, int] = {}
    looks: dict[str, tuple[tuple[int, ...], str]] = {}
    for view, since, last in bearers:
        name, number = own, 1
        look = view.shape, view.dtype
        while taken.get(name, -2) > since or looks.get(name, look) != look or (number > 1 and name in names):
            number += 1
            name = f"{own}_{number}"
        looks[name] = look
        taken[name] = max(last, taken.get(name, -2), since)
        yield name


def _ends(index: Index) -> npt.NDArray[np.intp]:
    """By storage, the last entry at which something stands for it, or touches it."""
    found = index.last_touched.copy()
    for one in index.bindings:
        np.maximum.at(found, index.storages[one.refs], index.standing_until(one))
    for _, number in index.log.given:
        found[index.storages[number]] = max(found[index.storages[number]], 0)
    return found


class _Looks:
    """What the arrays of a log look like; nearly all of them look as others do."""

    def __init__(self, index: Index) -> None:
        """Look at none yet."""
        self._index = index
        self._known: dict[tuple[Any, ...], int] = {}
        self._numbers = np.full(len(index.log.views), -1, np.intp)
        owned: dict[tuple[str, int], int] = {}
        kinds = ((held.dtype, len(held.content)) for held in index.log.storages)
        self._owned = np.array([owned.setdefault(kind, len(owned)) for kind in kinds], np.intp)

    def numbers(self, refs: Numbers) -> Numbers:
        """By array, the number of its shape, its strides and its dtype."""
        left = refs[self._numbers[refs] < 0]
        if len(left):
            looks = map(_LOOKS, map(self._index.log.views.__getitem__, left.tolist()))
            known = self._known
            self._numbers[left] = [known.setdefault(look, len(known)) for look in looks]
        return self._numbers[refs]

    def whole(self, refs: Numbers) -> npt.NDArray[np.bool_]:
        """By array, whether it is all of its memory."""
        index = self._index
        pairs = self.numbers(refs) * (len(index.log.storages) + 1) + self._owned[index.storages[refs]]
        _, firsts, kinds = np.unique(pairs, return_index=True, return_inverse=True)
        views = (index.log.views[number] for number in refs[firsts].tolist())
        return np.array([_covers(index, view, view.storage) for view in views], bool)[kinds]


_LOOKS = operator.itemgetter(2, 3, 4)
"""The shape, the strides and the dtype of a view."""


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


def _all_of(index: Index, storage: int) -> View:
    """An array that has all cells of a storage: one that was met, or a list of them."""
    held = index.log.storages[storage]
    met = (view for view in index.log.views if view.storage == storage and _covers(index, view, storage))
    size = np.dtype(held.dtype).itemsize
    return next(met, View(storage, 0, (len(held.content) // size,), (size,), held.dtype))


def _is_path(name: str) -> bool:
    return "[" in name or "." in name
