"""Dividing: which entries of a log make a step, and after which one each step ends."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from convstep.recording.log import Ref, refs
from convstep.recording.sites import Kind, Site

if TYPE_CHECKING:
    from convstep.recording.index import Index

Flags = npt.NDArray[np.bool_]


def eventful(index: Index, changing: Flags) -> Flags:
    """Which entries make a step of what they stand in.

    Args:
        index: of the log, but for its steps.
        changing: the entries that change cells; they do.
    """
    statements = index.log.sites.statements
    arrays: dict[int, set[str]] = defaultdict(set)
    for one in index.bindings:
        if one.whole:
            arrays[statements[one.site.statement].function].add(one.name)
    given = {name for name, _ in index.log.given}
    alone = [one.alone for one in statements]
    computed = [bool((arrays[one.function] | given).intersection(one.loads)) for one in statements]

    whiles = {one.statement for one in index.log.sites.sites if one.kind is Kind.CHECK}
    conditions = whiles & {one.statement for one in index.log.sites.sites if one.kind is Kind.READ}

    def counts(site: Site) -> bool:
        if site.kind is Kind.READ:
            # a condition is looked at once more than it lets through
            seen = not site.through and site.statement not in conditions
            return seen and not (site.named and alone[site.statement])
        if site.kind is Kind.TURN:
            return site.statement in conditions
        if site.kind is Kind.USE:
            return computed[site.statement]
        if site.kind is Kind.ELEMENT:
            values = index.log.payloads[site.number]
            return computed[site.statement] or any(Ref in map(type, value) for value in values)
        return site.kind is Kind.SCATTERED_READ

    found = index.flags(counts)
    found |= changing
    bound = index.flags(
        lambda site: site.kind is Kind.BIND and computed[site.statement] and not alone[site.statement]
    )
    found |= bound
    for entry in np.flatnonzero(index.flags(lambda s: s.kind is Kind.BIND and alone[s.statement])).tolist():
        site, value = index.site(entry), index.payload(entry)
        if type(value) is Ref:
            found[entry] = _is_new(index, entry, value) or _rebinds(index, entry, site.text, value)
        elif any(_is_new(index, entry, ref) for ref in refs(value)):
            found[entry] = True
        else:
            found[entry] = computed[site.statement] and isinstance(value, (float, np.generic, int, bool))
    for entry in np.flatnonzero(
        index.flags(lambda s: s.kind is Kind.READ and s.named and alone[s.statement])
    ).tolist():
        found[entry] = not _gives_view(index, entry)
    for one in index.bindings:
        bound_here = one.site.kind is Kind.BIND and not alone[one.site.statement]
        if bound_here or one.site.kind is Kind.WRITE:
            found[one.entries] = True
    return found


def _checked(index: Index, site: Site) -> bool:
    """Whether a turn is one of a `while`."""
    return any(one.kind is Kind.CHECK and one.loop == site.loop for one in index.log.sites.sites)


def _gives_view(index: Index, entry: int) -> bool:
    """Whether what is read has axes of its own."""
    site, payload = index.site(entry), index.payload(entry)
    if type(payload[0]) is str:
        return payload[0] == "whole" and bool(index.log.views[payload[2]].shape)
    sliced = sum(part.sliced for part in site.template)
    single = len(site.template) - sliced - any(part.ellipsis for part in site.template)
    return len(index.log.views[payload[0]].shape) > single or bool(sliced)


def _is_new(index: Index, entry: int, ref: int) -> bool:
    """Whether a variable is the first to stand for the memory of an array."""
    return bool(index.named[index.storages[ref]] == entry)


def _rebinds(index: Index, entry: int, name: str, ref: int) -> bool:
    """Whether a variable now stands for another array that is made from its own: `dx = dx[:, 1:-1]`."""
    frame = int(index.frame[entry])
    if frame < 0 or not re.search(rf"\b{re.escape(name)}\b", index.site(entry).value):
        return False
    before = index.setting(frame, name, entry)
    if before is None:
        return False
    value = index.value_at(before, name)
    return type(value) is Ref and value != ref


def _within_statements(index: Index) -> Flags:
    """The entries of calls within a statement that have no step of their own: they divide nothing."""
    count, functions = len(index.order), index.log.sites.functions
    calls = [one for one in index.frames if one.parent >= 0 and not functions[one.function].generator]
    if not calls:
        return np.zeros(count, bool)
    tally = np.append(0, np.cumsum(index.eventful))
    begun = np.array([one.first for one in calls], np.intp)
    left = np.array([one.last for one in calls], np.intp) + 1
    idle = tally[left] == tally[begun]
    change = np.zeros(count + 1, np.intp)
    np.add.at(change, begun[idle], 1)
    np.subtract.at(change, left[idle], 1)
    found = np.cumsum(change[:-1]) > 0
    edges = np.diff(np.concatenate([[False], found, [False]]).astype(np.int8))
    for first, last in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        before = first - 1
        if (
            last == count
            or index.statement[before] != index.statement[last]
            or index.frame[before] != index.frame[last]
        ):
            found[first:last] = False
    return found


def ends(index: Index) -> array[int]:
    """By step, the number of entries after it."""
    count = len(index.order)
    if not count:
        return array("q")
    log, frames = index.log.sites, index.frames
    generators = [one.generator for one in log.functions]
    yielding = bool(frames) and generators[frames[0].function]
    after = np.zeros(count, bool)
    if yielding:
        after |= index.of_kind(Kind.YIELD)
    else:
        # the condition of a `while` belongs to the turn that it lets through
        opening = index.flags(
            lambda site: (
                site.kind in (Kind.ENTER, Kind.CHECK, Kind.EXIT)
                or (site.kind is Kind.TURN and bool(site.names or not _checked(index, site)))
            )
        )
        after[:-1] |= opening[1:]
        following = np.ones(count, bool)
        following[:-1] = (index.statement[1:] != index.statement[:-1]) & ~index.of_kind(Kind.CALL)[1:]
        own = index.flags(lambda site: log.statements[site.statement].alone) & following
        own |= index.of_kind(Kind.ELEMENT, Kind.RETURN)
        if any(frame.quiet for frame in frames):
            own &= ~np.array([frame.quiet for frame in frames] + [False])[index.frame]
        after |= own
        after[_within_statements(index)] = False
    after[-1] = True
    bounds = np.flatnonzero(after) + 1
    real = np.logical_or.reduceat(index.eventful, np.append(0, bounds[:-1]))
    found = row(bounds[real])
    left = found[-1] if found else 0
    raised = index.log.ended is not None and index.log.ended.kind == "raised"
    if raised and (index.statement[left:] != index.statement[-1]).any():
        found.append(count)  # where it was raised, although nothing was read or written there
    elif found:
        found[-1] = count
    return found


def row(numbers: npt.NDArray[np.intp]) -> array[int]:
    """Whole numbers among which `bisect` is quick."""
    return array("q", numbers.astype(np.int64).tobytes())
