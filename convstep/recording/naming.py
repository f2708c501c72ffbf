"""Naming: what each array of a run is called, in the words of its author."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

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
    """Whether it came with the arguments."""


def owners(index: Index) -> dict[int, Owner]:
    """Every array with a name, by its storage.

    It has the name of the first variable that stood for all of it, in the outermost function where one
    does; else that of a view of it and `.base`, as NumPy says.
    """
    chosen = dict(_chosen(index))
    return dict(_distinct(index, chosen))


def _chosen(index: Index) -> Iterator[tuple[int, Owner]]:
    """For every storage the best of all names under which it was met."""
    names, columns = list[str](), list[tuple[npt.NDArray[Any], ...]]()
    whole, depths = _whole(index), np.array([*_depths(index), 0])

    def offer(name: str, numbers: Any, entries: Any, depth: Any, rank: int) -> None:
        refs = np.atleast_1d(np.asarray(numbers, np.intp))
        storages = index.storages[refs]
        # of one variable the first array of each storage is enough, and the first that is all of it
        kept = np.unique(storages * 2 + ~whole[refs], return_index=True)[1]
        count = len(kept)
        facts = (
            storages[kept],
            ~whole[refs][kept],
            np.full(count, rank),
            np.broadcast_to(depth, len(refs))[kept],
        )
        more = (np.broadcast_to(entries, len(refs))[kept], refs[kept], np.full(count, len(names)))
        columns.append((*facts, *more))
        names.append(name)

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
    for site, touched in index.touched.items():
        for at in np.flatnonzero(~known[touched]).tolist():
            payload = index.log.payloads[site][at]
            if not known[touched[at]] and type(payload[0]) is int:
                known[touched[at]] = True
                text = index.log.sites.sites[site].text
                offer(text, payload[0], index.where[site][at], 0, _SUBSCRIPTED)
    if not columns:
        return
    storage, partial, rank, depth, entry, number, name_of = (
        np.concatenate(one) for one in zip(*columns, strict=True)
    )
    # a name for a part counts only where nothing but a subscript stands for all of it
    best = np.lexsort((name_of, entry, rank, depth, partial, rank == _SUBSCRIPTED, storage))
    firsts = best[np.unique(storage[best], return_index=True)[1]]
    chosen = [one[firsts].tolist() for one in (storage, name_of, number, entry, partial)]
    yield from _owners(index, [names[at] for at in chosen.pop(1)], *chosen)


def _owners(
    index: Index,
    names: list[str],
    storages: list[int],
    numbers: list[int],
    entries: list[int],
    partial: list[bool],
) -> Iterator[tuple[int, Owner]]:
    """The arrays, from what is chosen of each: name, storage, number, entry, and whether that is a part."""
    log = index.log
    sinces = [index.named.get(storage, (entry,))[0] for storage, entry in zip(storages, entries, strict=True)]
    touched = index.first_touched[storages].tolist()
    for at, (storage, first, since) in enumerate(zip(storages, touched, sinces, strict=True)):
        if 0 <= first < since or storage not in index.named:
            # a subscript came first: of a variable from outside, or of what an expression has made
            text = index.site(first).text
            sinces[at] = -1 if text.replace(".", "").isidentifier() else first
    lines = [0] * len(sinces)
    if len(index.order):
        known = np.array([statement.line for statement in log.sites.statements])
        lines = known[index.statement[np.maximum(sinces, 0)]].tolist()
    rows = zip(names, storages, numbers, sinces, lines, partial, strict=True)
    for name, storage, number, since, line, part in rows:
        view = _all_of(index, storage) if part else log.views[number]
        own = f"{name}.base" if part else name
        yield storage, Owner(own, view, since, line, log.storages[storage].of_caller)


def _distinct(index: Index, chosen: dict[int, Owner]) -> Iterator[tuple[int, Owner]]:
    """No two arrays with one name at one time, and all of one name alike in shape."""
    lasts = _ends(index).tolist()
    taken: dict[str, int] = {}
    looks: dict[str, tuple[tuple[int, ...], str]] = {}
    names = {one.name for one in chosen.values()}
    for storage, owner in sorted(chosen.items(), key=lambda item: (item[1].since, item[0])):
        name, number = owner.name, 1
        look = owner.view.shape, owner.view.dtype
        while (
            taken.get(name, -2) > owner.since
            or looks.get(name, look) != look
            or (number > 1 and name in names)
        ):
            number += 1
            name = f"{owner.name}_{number}"
        looks[name] = look
        taken[name] = max(lasts[storage], taken.get(name, -2), owner.since)
        yield storage, owner if number == 1 else owner._replace(name=name)


def _ends(index: Index) -> npt.NDArray[np.intp]:
    """By storage, the last entry at which something stands for it, or touches it."""
    found = np.full(len(index.log.storages) + 1, -1, np.intp)
    for site, storages in index.touched.items():
        # of those that are set twice the last one stays
        found[storages] = np.maximum(found[storages], index.where[site])
    for one in index.bindings:
        np.maximum.at(found, index.storages[one.refs], index.standing_until(one))
    for _, number in index.log.given:
        found[index.storages[number]] = max(found[index.storages[number]], 0)
    return found


def _whole(index: Index) -> npt.NDArray[np.bool_]:
    """By array met, whether it is all of its memory."""
    known: dict[tuple[Any, ...], bool] = {}
    found, storages = list[bool](), index.log.storages
    for view in index.log.views:
        held = storages[view.storage]
        kind = (view.shape, view.strides, view.dtype, held.dtype, len(held.content))  # most are alike
        whole = known.get(kind)
        if whole is None:
            whole = known[kind] = _covers(index, view, view.storage)
        found.append(whole)
    return np.array(found, bool)


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
