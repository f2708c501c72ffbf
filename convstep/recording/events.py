"""Events: what a step of a recording was, read off the log: its loops, statements, accesses and variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from convstep.recording.addresses import address_of
from convstep.recording.indices import filled, index_text
from convstep.recording.log import Other, Ref, View
from convstep.recording.memory import cells_of
from convstep.recording.naming import RETURNED
from convstep.recording.placing import Placed, placed, places_of, scattered
from convstep.recording.sites import Kind, Site
from convstep.recording.variables import Variables, valued, variables_of
from convstep.steps.event import Access, Event, Loop, Statement, Subscript

if TYPE_CHECKING:
    from convstep.recording.index import Index
    from convstep.recording.replayed import Replayed

How = Literal["reads", "adds", "assigns", "changes", "makes", "names"]
HOW: dict[str, How] = {"+=": "adds", "=": "assigns"}


def event(recording: Replayed, step: int, made: int, *, executed: bool) -> Event:
    """A step in full, of which `made` writes are made if it is under way; see `Recording.event`.

    The memory is moved through it, and stands where it stood afterwards.
    """
    if not recording.total:
        return Event(0, (), (), 0)
    index, entry = recording.index, recording.entry
    low, high = index.begin(step), index.ends[step]
    statements = [statement for statement, _ in _looked_through(recording, step)]
    accesses = tuple(access for statement in statements for access in statement.accesses)
    count = sum(access.writes for access in accesses)
    done = made or (count if executed else 0)
    anchor = anchor_of(index, low, high)
    current = _current(statements, made) if made else None
    line = index.log.sites.statements[index.statement[anchor]].line
    if current is not None:
        line = current.line
    ended = recording.ended
    if ended is not None and ended.line and high == len(index.order) and not current:
        line = ended.line
    return Event(
        step,
        loops(recording, anchor),
        accesses,
        done,
        line=line,
        statements=tuple(statements),
        variables=variables_of(recording, entry - 1 if made else anchor, entry if made else high),
    )


def halves(recording: Replayed, step: int) -> list[tuple[int, int]]:
    """Where a step rests between its writes: entries and writes after each statement that makes some."""
    found, made = list[tuple[int, int]](), 0
    for statement, end in _looked_through(recording, step):
        own = sum(access.writes for access in statement.accesses)
        made += own
        if own:
            found.append((end, made))
    return found


def _looked_through(recording: Replayed, step: int) -> list[tuple[Statement, int]]:
    """The statements of a step, and how many entries are behind each."""
    index, entry = recording.index, recording.entry
    recording.go_to_entry(index.begin(step))
    found = list(_statements(recording, index.begin(step), index.ends[step]))
    recording.go_to_entry(entry)
    return found


def anchor_of(index: Index, low: int, high: int) -> int:
    """The last entry that makes a step of it: a `return` after a loop belongs to the last turn."""
    telling = np.flatnonzero(index.eventful[low:high])
    return low + int(telling[-1]) if len(telling) else high - 1


def _current(statements: Sequence[Statement], made: int) -> Statement | None:
    """The statement that made the last of so many writes."""
    for statement in statements:
        made -= sum(access.writes for access in statement.accesses)
        if made <= 0:
            return statement
    return None


def loops(recording: Replayed, anchor: int) -> tuple[Loop, ...]:
    """The loops around an entry, those around the calls that lead to it first."""
    index, sites = recording.index, recording.log.sites
    found = list[Loop]()
    frame, entry = int(index.frame[anchor]), anchor
    while frame >= 0:
        statement = sites.statements[index.statement[entry]]
        around = list(statement.loops)
        if index.site(entry).kind in (Kind.TURN, Kind.ELEMENT):
            around.append(index.site(entry).loop)
        inner = list[Loop]()
        for number in around:
            loop, turns = sites.loops[number], index.turns_at(frame, number, entry + 1)
            if turns is None:
                continue
            at, count, turn = turns
            value = index.payload(turn) if loop.names else ()
            inner.append(Loop(", ".join(loop.names) or "while", at, count, _said(value, at), loop.line))
        found = inner + found
        entry, frame = index.frames[frame].first - 1, index.frames[frame].parent
    return tuple(found)


def _said(values: Any, at: int) -> str:
    """What a loop's variables are, where that is not the number of the turn."""
    if (
        type(values) is not tuple
        or not values
        or (len(values) == 1 and values[0] == at and type(values[0]) is int)
    ):
        return ""
    if any(type(one) is Ref or type(one) is Other for one in values):
        return ""
    return (
        repr(values[0].item() if isinstance(values[0], np.generic) else values[0])
        if len(values) == 1
        else repr(tuple(one.item() if isinstance(one, np.generic) else one for one in values))
    )


def _statements(recording: Replayed, low: int, high: int) -> Iterator[tuple[Statement, int]]:
    """The statements of a step, the memory being moved through them."""
    index = recording.index
    entry, told = low, dict[int, tuple[int, tuple[Subscript, ...]]]()
    while entry < high:
        number, frame = int(index.statement[entry]), int(index.frame[entry])
        end = entry + 1
        while (
            end < high
            and index.statement[end] == number
            and index.frame[end] == frame
            and not _again(index, end)
        ):
            end += 1
        known = index.log.sites.statements[number]
        depth, parent = 0, frame
        while parent >= 0 and index.frames[parent].parent >= 0:
            depth, parent = depth + 1, index.frames[parent].parent
        accesses, bound = list[Access](), dict[str, object]()
        own = [one for one in range(entry, end) if index.site(one).kind not in (Kind.CALL, Kind.RETURN)]
        if own:
            accesses += _loaded(recording, known.loads, frame, entry, known.line)
        for one in range(entry, end):
            accesses += _made_here(recording, one, known.line)
            accesses += _accesses(recording, one, known.line)
            for name, value in index.values_bound(one):
                bound[name] = valued(recording, value)
        subscripts = tuple(one for at in range(entry, end) for one in _subscripts(index, at))
        if told.get(frame, (-1,))[0] == number and index.frame[entry - 1] != frame:
            # a call in it has returned, and it goes on with what it had evaluated before
            subscripts = (*told[frame][1], *subscripts)
        told[frame] = number, subscripts
        if accesses or (own and bound):
            found = Statement(
                known.line, known.last_line, known.text, tuple(accesses), bound, depth, subscripts
            )
            yield found, end
        entry = end


def _subscripts(index: Index, entry: int) -> Iterator[Subscript]:
    """The subscript that an entry is, with the numbers of its index."""
    site, payload = index.site(entry), index.payload(entry)
    if site.kind not in (Kind.READ, Kind.WRITE):
        return
    reads = site.kind is Kind.READ
    if type(payload[0]) is not str:
        numbers = index_text(filled(site.template, payload[1:] if reads else payload[1:-2]))
    elif payload[0] == "whole" and payload[1].startswith("["):
        numbers = payload[1][1:-1]
    else:
        return
    yield Subscript(site.text, site.value if reads else "", numbers)


def _again(index: Index, entry: int) -> bool:
    """Whether an entry begins something anew although it belongs to the same statement."""
    return index.site(entry).kind in (Kind.TURN, Kind.CALL, Kind.RETURN)


def _loaded(recording: Replayed, names: Sequence[str], frame: int, entry: int, line: int) -> Iterator[Access]:
    """What a statement reads by a name alone."""
    found = Variables(recording, frame, entry)
    for name in names:
        value = found.logged(name)
        if type(value) is Ref:
            view = recording.log.views[value]
            access = _access(recording, view, placed_view(recording, view), "reads", name, line)
            if access is not None:
                yield access


def _accesses(recording: Replayed, entry: int, line: int) -> Iterator[Access]:
    """What an entry reads or writes; the change is made."""
    index = recording.index
    site, payload = index.site(entry), index.payload(entry)
    found: Access | None = None
    match site.kind:
        case Kind.READ if not site.through:
            view, where = where_of(recording, site, payload)
            single = not _has_axes(recording, site, payload)
            if not site.named or single:
                found = _access(recording, view, where, "reads", site.value, line)
        case Kind.SCATTERED_READ:
            view, where = where_of(recording, site, payload)
            found = _access(recording, view, where, "reads", site.value, line)
        case Kind.WRITE if payload[0] == "store":
            found = _named(recording, entry, payload[1], payload[2], site, line)
        case Kind.WRITE | Kind.WHOLE | Kind.SCATTERED:
            view, where = where_of(recording, site, payload)
            how = HOW.get(site.operator, "changes")
            text = site.value or site.text
            before = _values(recording, view, where)
            recording.memory.change(site, payload, forward=True)
            recording.has_changed(entry)
            after = _values(recording, view, where)
            found = _access(recording, view, where, how, text, line, before, after)
        case Kind.BIND:
            found = _named(recording, entry, site.text, payload, site, line)
    if found is not None:
        yield found


def _made_here(recording: Replayed, entry: int, line: int) -> Iterator[Access]:
    """The arrays that an entry is the first to name."""
    site = recording.index.site(entry)
    for storage in recording.owners.born(entry):
        owner = recording.owners[storage]
        where = placed_view(recording, owner.view)
        text = site.value or (site.text if site.kind in (Kind.READ, Kind.WRITE) else owner.name)
        made = _access(recording, owner.view, where, "makes", text, line)
        if made is not None:
            yield made


def _named(recording: Replayed, entry: int, name: str, value: Any, site: Site, line: int) -> Access | None:
    """A variable that stands for an array from here on, which had a name before."""
    if type(value) is not Ref or name == RETURNED:
        return None
    view = recording.log.views[value]
    if view.storage in recording.owners.born(entry):
        return None
    before = recording.index.setting(int(recording.index.frame[entry]), name, entry)
    if before is not None and recording.index.value_at(before, name) == value:
        return None  # the same one, as after `x += 1`
    return _access(recording, view, placed_view(recording, view), "names", site.value or name, line)


def _has_axes(recording: Replayed, site: Site, payload: Any) -> bool:
    if type(payload[0]) is str:
        return payload[0] == "whole" and bool(recording.log.views[payload[2]].shape)
    return cells_of(recording.memory.view(payload[0]), site, payload[1:]).ndim > 0


def where_of(recording: Replayed, site: Site, payload: Any) -> tuple[View, Placed | None]:
    """The cells that an entry is about, in the array that owns them."""
    if payload[0] == "cells":
        view = View(payload[1], 0, (), (), recording.log.storages[payload[1]].dtype)
        owner = recording.owners.get(payload[1])
        if owner is None:
            return view, None
        items = np.frombuffer(payload[2], np.int64)
        return view, scattered(items * np.dtype(view.dtype).itemsize, owner.view)
    view = seen_by(recording, site, payload)
    return view, placed_view(recording, view)


def seen_by(recording: Replayed, site: Site, payload: Any) -> View:
    """The cells that an entry is about where they are no scattered ones, as an array of their own."""
    number = payload[2] if payload[0] == "whole" else payload[0]
    view: View = recording.log.views[number]
    if site.kind is Kind.WHOLE or payload[0] == "whole":
        return view
    array = recording.memory.view(number)
    cells = cells_of(array, site, payload[1:-2] if site.kind is Kind.WRITE else payload[1:])
    begun = address_of(cells) - address_of(array) if cells.size else 0
    return View(view.storage, view.offset + begun, cells.shape, cells.strides, view.dtype)


def placed_view(recording: Replayed, view: View) -> Placed | None:
    """Where a view lies in its owner; None if that has no name."""
    owner = recording.owners.get(view.storage)
    if owner is None:
        return None
    size, own = np.dtype(view.dtype).itemsize, np.dtype(owner.view.dtype).itemsize
    if size == own:
        return placed(view, owner.view)
    return scattered(np.unique(places_of(view) // own * own), owner.view)  # numbers of another kind


def _values(recording: Replayed, view: View, where: Placed | None) -> Any:
    """The cells of a region, a copy."""
    owner = recording.owners.get(view.storage)
    if owner is None or where is None:
        return None
    return recording.memory.seen(owner.view)[where.region].copy()


def _access(
    recording: Replayed,
    view: View,
    where: Placed | None,
    how: How,
    text: str,
    line: int,
    before: Any = None,
    after: Any = None,
) -> Access | None:
    """An access; None where what it is about has no name."""
    owner = recording.owners.get(view.storage)
    if owner is None or where is None:
        return None
    value = after if after is not None else _values(recording, view, where)
    if how == "makes":
        after = value
    return Access(owner.name, where.region, how, text, value, before, after, line, where.cells)
