"""Events: what a step of a recording was, read off the log: its loops, statements, accesses and variables."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from convstep.recording.indices import filled
from convstep.recording.log import Other, Ref, View
from convstep.recording.placing import Placed, placed, scattered
from convstep.recording.sites import Kind, Site
from convstep.steps.event import Access, Event, Loop, Region, Statement
from convstep.steps.layout import Layout
from convstep.steps.nest import Nest
from convstep.steps.stepped import Piece, Question

if TYPE_CHECKING:
    from convstep.recording.index import Index
    from convstep.recording.naming import Owner
    from convstep.recording.recording import Recording, Writer

Array = npt.NDArray[Any]
How = Literal["reads", "adds", "assigns", "changes", "makes", "names"]
_HOW: dict[str, How] = {"+=": "adds", "=": "assigns"}
AT_ONCE = 256
"""Steps that a search looks at between two reports."""


# what there is at an entry


class Variables(Mapping[str, object]):
    """The variables of one call of a function, each looked up when it is asked for."""

    def __init__(self, recording: Recording, frame: int, entry: int) -> None:
        """As they are after so many entries."""
        self._recording, self._frame, self._entry = recording, frame, entry

    def __getitem__(self, name: str) -> object:
        """A number, a text, a tuple, or an array as a live view.

        Raises:
            KeyError: there is no such variable yet.
        """
        found = self.logged(name)
        if found is _NOTHING:
            raise KeyError(name)
        return valued(self._recording, found)

    def logged(self, name: str) -> Any:
        """The same as the log has it."""
        index = self._recording.index
        if self._frame < 0:
            return _NOTHING
        at = index.setting(self._frame, name, self._entry)
        if at is not None:
            return index.value_at(at, name)
        if "." in name or "[" in name:
            return next((Ref(n) for given, n in self._recording.log.given if given == name), _NOTHING)
        return _NOTHING

    def __iter__(self) -> Iterator[str]:
        """The names of those that are set, in the order of the source."""
        if self._frame >= 0:
            names = self._recording.index.names_of(self._recording.index.frames[self._frame].function)
            yield from (name for name in names if name != "return" and self.logged(name) is not _NOTHING)

    def __len__(self) -> int:
        """How many are set."""
        return sum(1 for _ in self)


_NOTHING = object()


def valued(recording: Recording, value: Any) -> Any:
    """A logged value with its arrays, live."""
    if type(value) is Ref:
        return recording.memory.view(value)
    if type(value) is tuple:
        return tuple(valued(recording, one) for one in value)
    return str(value) if type(value) is Other else value


def variables(recording: Recording, entry: int) -> Variables:
    """The variables of the function that runs after so many entries."""
    return Variables(recording, _frame_at(recording.index, entry), entry)


def _frame_at(index: Index, entry: int) -> int:
    if not len(index.order):
        return -1
    frame = int(index.frame[max(entry - 1, 0)])
    return frame if frame >= 0 or not index.frames else 0


def arrays(recording: Recording, entry: int) -> Mapping[str, Array]:
    """Every array that has a name after so many entries, live; the latest of a name."""
    found: dict[str, tuple[int, Array]] = {}
    for _, owner in recording.owners.items():
        if owner.since < max(entry, 1) and found.get(owner.name, (-2,))[0] <= owner.since:
            found[owner.name] = owner.since, recording.memory.seen(owner.view)
    return {name: array for name, (_, array) in found.items()}


# a step


def event(recording: Recording, step: int, made: int, *, executed: bool) -> Event:
    """A step in full. The memory is moved through it, and stands where it stood afterwards.

    Args:
        recording: at the step, before, in or after it.
        step: which.
        made: how many of its writes are made where it is under way; 0 where it is not.
        executed: whether it is executed or under way, and not the first step to come.
    """
    if not recording.total:
        return Event(0, (), (), 0)
    index, entry = recording.index, recording.entry
    low, high = index.begin(step), index.ends[step]
    recording.go_to_entry(low)
    statements = list(_statements(recording, low, high))
    recording.go_to_entry(entry)
    accesses = tuple(access for statement in statements for access in statement.accesses)
    count = sum(access.writes for access in accesses)
    done = made or (count if executed else 0)
    anchor = _anchor(index, low, high)
    current = _current(statements, made) if made else None
    line = index.log.sites.statements[index.statement[anchor]].line
    if statements:
        line = (current or statements[-1]).line
    return Event(
        step,
        _loops(recording, anchor),
        accesses,
        done,
        line=line,
        statements=tuple(statements),
        variables=variables(recording, entry if made else high),
    )


def _anchor(index: Index, low: int, high: int) -> int:
    """The entry that tells best where a step stands: the last one of a statement within the step."""
    marks = (Kind.EXIT, Kind.ENTER, Kind.RETURN, Kind.CALL)
    return next((e for e in range(high - 1, low - 1, -1) if index.site(e).kind not in marks), high - 1)


def _current(statements: Sequence[Statement], made: int) -> Statement | None:
    """The statement that made the last of so many writes."""
    for statement in statements:
        made -= sum(access.writes for access in statement.accesses)
        if made <= 0:
            return statement
    return None


def _loops(recording: Recording, anchor: int) -> tuple[Loop, ...]:
    """The loops around an entry, those around the calls that lead to it first."""
    index, sites = recording.index, recording.log.sites
    found = list[Loop]()
    frame, entry = int(index.frame[anchor]), anchor
    while frame >= 0:
        statement = sites.statements[index.statement[entry]]
        around = list(statement.loops)
        if index.site(entry).kind is Kind.TURN:
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


def _statements(recording: Recording, low: int, high: int) -> Iterator[Statement]:
    """The statements of a step, the memory being moved through them."""
    index = recording.index
    entry = low
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
            accesses += _accesses(recording, one, known.line)
            for name, value in index.values_bound(one):
                bound[name] = valued(recording, value)
        if own and (accesses or bound):
            yield Statement(known.line, known.last_line, known.text, tuple(accesses), bound, depth)
        entry = end


def _again(index: Index, entry: int) -> bool:
    """Whether an entry begins something anew although it belongs to the same statement."""
    return index.site(entry).kind in (Kind.TURN, Kind.CALL, Kind.RETURN)


def _loaded(
    recording: Recording, names: Sequence[str], frame: int, entry: int, line: int
) -> Iterator[Access]:
    """What a statement reads by a name alone."""
    found = Variables(recording, frame, entry)
    for name in names:
        value = found.logged(name)
        if type(value) is Ref:
            view = recording.log.views[value]
            access = _access(recording, view, placed_view(recording, view), "reads", name, line)
            if access is not None:
                yield access


def _accesses(recording: Recording, entry: int, line: int) -> Iterator[Access]:
    """What an entry reads or writes; the change is made."""
    index = recording.index
    site, payload = index.site(entry), index.payload(entry)
    found: Access | None = None
    match site.kind:
        case Kind.READ if not site.through:
            view, where = _where(recording, site, payload)
            single = payload[0] == "cells" or not _has_axes(recording, site, payload)
            if not site.named or single:
                found = _access(recording, view, where, "reads", site.value, line)
        case Kind.SCATTERED_READ:
            view, where = _where(recording, site, payload)
            found = _access(recording, view, where, "reads", site.value, line)
        case Kind.WRITE if payload[0] == "store":
            found = _named(recording, entry, payload[1], payload[2], site, line)
        case Kind.WRITE | Kind.WHOLE | Kind.SCATTERED:
            view, where = _where(recording, site, payload)
            how = _HOW.get(site.operator, "changes")
            text = site.value or site.text
            before = _values(recording, view, where)
            recording.memory.change(site, payload, forward=True)
            recording._entry = entry + 1  # the memory has moved
            after = _values(recording, view, where)
            found = _access(recording, view, where, how, text, line, before, after)
        case Kind.BIND:
            found = _named(recording, entry, site.text, payload, site, line)
    if found is not None:
        yield found


def _named(recording: Recording, entry: int, name: str, value: Any, site: Site, line: int) -> Access | None:
    """A variable that stands for an array from here on."""
    if type(value) is not Ref:
        return None
    view = recording.log.views[value]
    owner = recording.owners.get(view.storage)
    new = owner is not None and owner.since == entry and not owner.of_caller
    if name == "return" and not new:
        return None
    where = placed_view(recording, view)
    return _access(recording, view, where, "makes" if new else "names", site.value or name, line, name=name)


def _has_axes(recording: Recording, site: Site, payload: Any) -> bool:
    number, *parts = payload
    return recording.memory.cells(number, site, parts).ndim > 0


def _where(recording: Recording, site: Site, payload: Any) -> tuple[View, Placed | None]:
    """The cells that an entry is about, in the array that owns them."""
    log = recording.log
    if payload[0] == "cells":
        view = View(payload[1], 0, (), (), log.storages[payload[1]].dtype)
        owner = recording.owners.get(payload[1])
        if owner is None:
            return view, None
        items = np.frombuffer(payload[2], np.int64)
        return view, scattered(items * np.dtype(view.dtype).itemsize, owner.view)
    number = payload[2] if payload[0] == "whole" else payload[0]
    view = log.views[number]
    if site.kind is Kind.WHOLE or payload[0] == "whole":
        return view, placed_view(recording, view)
    parts = payload[1:-2] if site.kind is Kind.WRITE else payload[1:]
    array = recording.memory.view(number)
    cells = array[(*filled(site.template, parts), *(() if _elliptic(site) else (Ellipsis,)))]
    offset = view.offset + (
        cells.__array_interface__["data"][0] - array.__array_interface__["data"][0] if cells.size else 0
    )
    return view, placed_view(recording, View(view.storage, offset, cells.shape, cells.strides, view.dtype))


def _elliptic(site: Site) -> bool:
    return any(part.ellipsis for part in site.template)


def placed_view(recording: Recording, view: View) -> Placed | None:
    """Where a view lies in its owner; None if that has no name, or is looked at as another kind of number."""
    owner = recording.owners.get(view.storage)
    if owner is None or owner.view.dtype != view.dtype:
        return None
    return placed(view.offset, view.shape, view.strides, owner.view)


def _values(recording: Recording, view: View, where: Placed | None) -> Any:
    """The cells of a region, a copy."""
    owner = recording.owners.get(view.storage)
    if owner is None or where is None:
        return None
    return recording.memory.seen(owner.view)[where.region].copy()


def _access(
    recording: Recording,
    view: View,
    where: Placed | None,
    how: How,
    text: str,
    line: int,
    before: Any = None,
    after: Any = None,
    *,
    name: str = "",
) -> Access | None:
    """An access; None where what it is about has no name."""
    owner = recording.owners.get(view.storage)
    if owner is None or where is None:
        return None
    value = after if after is not None else _values(recording, view, where)
    if how == "makes":
        after = value
    del name
    return Access(owner.name, where.region, how, text, value, before, after, line, where.cells)


# the whole run


def layout(recording: Recording) -> Layout:
    """What can be named of a recording."""
    log, index = recording.log, recording.index
    names = list(
        dict.fromkeys(
            ", ".join(one.names) for one in log.sites.loops if one.names and len(index.where[one.turn])
        )
    )
    counts = [
        max(
            (
                _count(index, loop.enter, loop.turn)
                for loop in log.sites.loops
                if ", ".join(loop.names) == name
            ),
            default=0,
        )
        for name in names
    ]
    known = {one.name: one.shape for one in recording.catalogue}
    scalars: dict[str, Region | str] = {"line": (), "step": (), "position": ()}
    for frame in dict.fromkeys(one.function for one in index.frames):
        for name in index.names_of(frame):
            if name.isidentifier():
                scalars.setdefault(name, ())
    written = {one.name: one.shape for one in recording.catalogue if one.written}
    return Layout(
        nest=Nest(tuple(names), tuple(counts), uneven=recording.total),
        written=written or known,
        touching=None,
        names={**scalars, **{name: shape for name, shape in known.items() if name.isidentifier()}},  # type: ignore[arg-type]
        example=f"line == {_first_line(recording)}",
    )


def _first_line(recording: Recording) -> int:
    index = recording.index
    if not recording.total:
        return recording.log.sites.functions[0].line if recording.log.sites.functions else 1
    return int(recording.log.sites.statements[index.statement[index.ends[0] - 1]].line)


def _count(index: Index, enter: int, turn: int) -> int:
    del enter
    return len(index.where[turn])


def storage_of(index: Index, entry: int) -> int:
    """Whose memory an entry changes."""
    payload = index.payload(entry)
    if payload[0] == "cells":
        found: int = payload[1]
        return found
    return index.log.views[payload[2] if payload[0] == "whole" else payload[0]].storage


def writers(recording: Recording, array: str, cell: tuple[int, ...]) -> Iterator[Writer]:
    """Every write to a cell of an array of this name, in order."""
    from convstep.recording.recording import Writer

    index = recording.index
    named: dict[int, Owner] = {s: owner for s, owner in recording.owners.items() if owner.name == array}
    for entry in index.writes:
        storage = storage_of(index, entry)
        owner = named.get(storage)
        if owner is None or len(cell) != len(owner.view.shape):
            continue
        offset = owner.view.offset + sum(a * s for a, s in zip(cell, owner.view.strides, strict=True))
        found = _cell_in(recording, entry, offset)
        if found is not None:
            statement = index.log.sites.statements[index.statement[entry]]
            kind = _HOW.get(index.site(entry).operator, "changes")
            yield Writer(bisect_right(index.ends, entry), statement.line, statement.text, kind, *found)


def _cell_in(recording: Recording, entry: int, offset: int) -> tuple[Any, Any] | None:
    """A cell before and after an entry that changes it; None if it does not."""
    site, payload = recording.index.site(entry), recording.index.payload(entry)
    log = recording.log
    if payload[0] == "cells":
        kind = np.dtype(log.storages[payload[1]].dtype)
        at = np.flatnonzero(np.frombuffer(payload[2], np.int64) * kind.itemsize == offset)
    else:
        number = payload[2] if payload[0] == "whole" else payload[0]
        view = log.views[number]
        kind = np.dtype(view.dtype)
        shape, strides, begin = view.shape, view.strides, view.offset
        if site.kind is Kind.WRITE and payload[0] != "whole":
            cells = recording.memory.cells(number, site, payload[1:-2])
            whole = recording.memory.view(number)
            if not cells.size:
                return None
            begin += cells.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
            shape, strides = cells.shape, cells.strides
        places = np.array(begin, np.int64)
        for length, stride in zip(shape, strides, strict=True):
            places = places[..., np.newaxis] + np.arange(length) * stride
        at = np.flatnonzero(places.ravel() == offset)
    if not len(at):
        return None
    before, after = (np.frombuffer(payload[-2 + n], kind)[at[0]] for n in range(2))
    return before, after


def matching(
    recording: Recording, question: Question, low: int, high: int, backwards: bool
) -> Iterator[Piece]:
    """The steps after which a condition is true; the arrays are moved along only if it asks for any."""
    index = recording.index
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
    del index


def values_after(recording: Recording, step: int, names: frozenset[str]) -> dict[str, Array] | None:
    """What a condition asks of a step; None if some of it is not there, or is no number."""
    index = recording.index
    end = index.ends[step]
    own = Variables(recording, _frame_at(index, _anchor(index, index.begin(step), end) + 1), end)
    held: dict[str, Array] = {}
    for name in names:
        if name in ("step", "position"):
            value: Any = step + (name == "position")
        elif name == "line":
            value = index.log.sites.statements[index.statement[_anchor(index, index.begin(step), end)]].line
        else:
            value = own.logged(name)
            value = (
                arrays(recording, end).get(name, _NOTHING) if value is _NOTHING else valued(recording, value)
            )
        if not isinstance(value, (int, float, bool, np.generic, np.ndarray)):
            return None
        held[name] = np.asarray(value, np.float64)[np.newaxis, np.newaxis]
    return held


__all__ = ["bisect_left"]
