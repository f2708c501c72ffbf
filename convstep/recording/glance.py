"""A glance at steps of a recording: where they read and write, without their numbers; nothing is moved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.recording import events
from convstep.recording.log import Ref, View, storage_in
from convstep.recording.placing import Placed
from convstep.recording.sites import WRITES, Kind
from convstep.recording.variables import Variables
from convstep.steps.event import Access, Event, Loop

if TYPE_CHECKING:
    from convstep.recording.recording import Recording

_NO_VALUE = np.zeros(0)


def loops_of(recording: Recording, step: int) -> tuple[Loop, ...]:
    """The loops around a step."""
    index = recording.index
    return events.loops(recording, events.anchor_of(index, index.begin(step), index.ends[step]))


def glance(recording: Recording, step: int) -> Event:
    """A step with its loops and its accesses; these have cells and kinds, and no values."""
    index = recording.index
    low, high = index.begin(step), index.ends[step]
    accesses, before = list[Access](), (-1, -1)
    for entry in range(low, high):
        statement = int(index.statement[entry]), int(index.frame[entry])
        if statement != before and index.site(entry).kind not in (Kind.CALL, Kind.RETURN):
            accesses += _loads(recording, *statement, entry)
            before = statement
        # an array that changes its length in place may look otherwise now than it did then
        with contextlib.suppress(ValueError, IndexError):
            accesses += _of(recording, entry)
    anchor = events.anchor_of(index, low, high)
    line = recording.log.sites.statements[index.statement[anchor]].line
    made = sum(one.writes for one in accesses)
    return Event(step, loops_of(recording, step), tuple(accesses), made, line=line)


def touched(recording: Recording, steps: range) -> dict[str, bool]:
    """The arrays that steps without gaps read or write by subscripts and calls, and whether they write."""
    index, log = recording.index, recording.log
    low, high = index.begin(steps.start), index.ends[steps.stop - 1]
    found: dict[str, bool] = {}
    for number in np.unique(index.order[low:high]).tolist():
        site, entries = log.sites.sites[number], index.where[number]
        if site.kind not in WRITES and site.kind not in (Kind.READ, Kind.SCATTERED_READ):
            continue
        first, last = np.searchsorted(entries, (low, high)).tolist()
        for storage in {storage_in(one, index.storages) for one in log.payloads[number][first:last]}:
            owner = recording.owners.get(storage)
            if owner is not None and not (site.kind is Kind.READ and site.through):
                found[owner.name] = found.get(owner.name, False) or site.kind in WRITES
    return found


def _loads(recording: Recording, statement: int, frame: int, entry: int) -> Iterator[Access]:
    """The arrays that a statement uses by a name alone."""
    variables = Variables(recording, frame, entry)
    for name in recording.log.sites.statements[statement].loads:
        value = variables.logged(name)
        if type(value) is Ref:
            view = recording.log.views[value]
            yield from _access(recording, view, events.placed_view(recording, view), "reads")


def _of(recording: Recording, entry: int) -> Iterator[Access]:
    """What an entry reads, writes or names."""
    site, payload = recording.index.site(entry), recording.index.payload(entry)
    value: Any = None
    match site.kind:
        case Kind.READ | Kind.SCATTERED_READ:
            if not site.through:
                yield from _access(recording, *events.where_of(recording, site, payload), "reads")
        case Kind.WRITE if payload[0] == "store":
            value = payload[2]
        case Kind.WRITE | Kind.WHOLE | Kind.SCATTERED:
            how = events.HOW.get(site.operator, "changes")
            yield from _access(recording, *events.where_of(recording, site, payload), how)
        case Kind.BIND:
            value = payload
    if type(value) is Ref:
        view = recording.log.views[value]
        owner = recording.owners.get(view.storage)
        new = owner is not None and owner.since == entry and not owner.of_caller
        kind: events.How = "makes" if new else "names"
        yield from _access(recording, view, events.placed_view(recording, view), kind)


def _access(recording: Recording, view: View, where: Placed | None, how: events.How) -> Iterator[Access]:
    owner = recording.owners.get(view.storage)
    if owner is not None and where is not None:
        yield Access(owner.name, where.region, how, "", _NO_VALUE, cells=where.cells)
