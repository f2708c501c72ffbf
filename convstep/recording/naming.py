"""Naming: what each array of a run is called, in the words of its author."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from convstep.recording.index import Index, refs
from convstep.recording.log import View
from convstep.recording.sites import Kind

RETURNED = "return"
"""What stands for the value of a `return`, if nothing else does."""


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


class _Candidate(NamedTuple):
    later: bool
    depth: int
    path: bool
    entry: int
    name: str
    number: int


def owners(index: Index) -> dict[int, Owner]:
    """Every array with a name, by its storage.

    It has the name of the first variable that stood for all of it, in the outermost function where one
    does; else that of a view of it and `.base`, as NumPy says.
    """
    log, found = index.log, dict[int, list[_Candidate]]()
    for name, number in log.given:
        found.setdefault(log.views[number].storage, []).append(
            _Candidate(False, 0, _is_path(name), -1, name, number)
        )
    depths = _depths(index)
    for entry in index.referring:
        depth = depths[index.frame[entry]] if index.frames else 0
        for name, value in index.values_bound(entry):
            for number in refs(value):
                one = _Candidate(
                    name == RETURNED, depth, _is_path(name) or type(value) is tuple, entry, name, number
                )
                found.setdefault(log.views[number].storage, []).append(one)
    for storage, entry, name, number in _subscripted(index):
        found.setdefault(storage, [_Candidate(True, 0, True, entry, name, number)])
    chosen = {storage: _chosen(index, storage, candidates) for storage, candidates in found.items()}
    return dict(_distinct(index, chosen))


def _chosen(index: Index, storage: int, candidates: list[_Candidate]) -> Owner:
    log = index.log
    whole = [one for one in candidates if _covers(index, log.views[one.number], storage)]
    best = min(whole or candidates)
    first, _ = index.named.get(storage, (best.entry, best.name))
    name, view = best.name, log.views[best.number]
    if not whole:
        name, view = f"{name}.base", _all_of(index, storage)
    of_caller = log.storages[storage].of_caller
    line = log.sites.statements[index.site(max(first, 0)).statement].line if len(index.order) else 0
    return Owner(name, view, first, line, of_caller)


def _distinct(index: Index, chosen: dict[int, Owner]) -> Iterator[tuple[int, Owner]]:
    """No two arrays with one name at one time."""
    ends = _ends(index)
    taken: dict[str, int] = {}
    names = {one.name for one in chosen.values()}
    for storage, owner in sorted(chosen.items(), key=lambda item: (item[1].since, item[0])):
        name, number = owner.name, 1
        while taken.get(name, -2) > owner.since or (number > 1 and name in names):
            number += 1
            name = f"{owner.name}_{number}"
        taken[name] = max(ends.get(storage, -1), taken.get(name, -2), owner.since)
        yield storage, owner._replace(name=name)


def _ends(index: Index) -> dict[int, int]:
    """By storage, the last entry at which something stands for it, or touches it."""
    log, found = index.log, defaultdict[int, int](lambda: -1)
    storages = np.array([view.storage for view in log.views] or [0])
    for site in log.sites.sites:
        entries = index.where[site.number]
        if site.kind in (Kind.READ, Kind.WRITE, Kind.WHOLE, Kind.SCATTERED):
            for payload, entry in zip(log.payloads[site.number], entries.tolist(), strict=True):
                number = payload[0]
                if type(number) is str:
                    if number == "store":
                        continue
                    storage = payload[1] if number == "cells" else int(storages[payload[2]])
                else:
                    storage = int(storages[number])
                if found[storage] < entry:
                    found[storage] = entry
    for entry in index.referring:
        for name, value in index.values_bound(entry):
            for number in refs(value):
                storage = int(storages[number])
                found[storage] = max(found[storage], index.standing_until(entry, name))
    for name, number in log.given:
        del name
        found[int(storages[number])] = max(found[int(storages[number])], 0)
    return found


def _depths(index: Index) -> list[int]:
    depths = list[int]()
    for frame in index.frames:
        depths.append(depths[frame.parent] + 1 if frame.parent >= 0 else 0)
    return depths or [0]


def _subscripted(index: Index) -> Iterator[tuple[int, int, str, int]]:
    """The first subscript of every storage: its entry, what is subscripted, the array."""
    log, seen = index.log, set[int]()
    for site in log.sites.sites:
        if site.kind not in (Kind.READ, Kind.WRITE):
            continue
        for payload, entry in zip(log.payloads[site.number], index.where[site.number].tolist(), strict=True):
            if type(payload[0]) is int and (storage := log.views[payload[0]].storage) not in seen:
                seen.add(storage)
                yield storage, entry, site.text, payload[0]


def _covers(index: Index, view: View, storage: int) -> bool:
    """Whether an array has every cell of its memory, once."""
    held = index.log.storages[storage]
    size = np.dtype(view.dtype).itemsize
    if view.dtype != held.dtype or math.prod(view.shape) * size != len(held.content):
        return False
    return all(stride or length == 1 for length, stride in zip(view.shape, view.strides, strict=True))


def _all_of(index: Index, storage: int) -> View:
    """An array that has all cells of a storage: one that was met, or a list of them."""
    held = index.log.storages[storage]
    met = (view for view in index.log.views if view.storage == storage and _covers(index, view, storage))
    size = np.dtype(held.dtype).itemsize
    return next(met, View(storage, 0, (len(held.content) // size,), (size,), held.dtype))


def _is_path(name: str) -> bool:
    return "[" in name or "." in name
