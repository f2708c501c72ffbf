"""Stretches: which arrays belong together on the screen for a while, and which of their axes are seen.

A stretch is a loop nest with all its turns, or a few statements outside of loops. Nothing about its
panels changes from step to step but numbers, marks and the axes that follow the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from convstep.frozen import frozen
from convstep.recording.glance import glance, loops_of, touched
from convstep.steps.event import Access, Event, Loop
from convstep.view.grid.faces import Fixed

if TYPE_CHECKING:
    from convstep.recording.recording import Recording

MOST = 8
"""Arrays of a stretch outside of loops, unless a single statement has more."""
STATEMENTS = 400
"""Steps outside of loops that are looked at for one stretch, in either direction."""
BEGINNING = 48
"""Steps at the beginning of a nest that are looked at."""
ELSEWHERE = 24
"""Places in the rest of it at which two steps are looked at."""


@frozen()
class Following:
    """An axis whose place is told by a loop: `start + pace * turn`."""

    loop: str
    """The loop's variable."""
    start: int
    """The place at its first turn."""
    pace: int
    """How far it moves in a turn."""


@frozen()
class Seen:
    """How an array is seen in a stretch."""

    axes: tuple[int, ...]
    """The axes that its face runs along, ascending; at most two."""
    follows: Mapping[int, Following]
    """By axis, which loop tells its place."""
    framed: bool
    """Whether steps touch blocks of its face that are less than all of it."""


@dataclass(slots=True, eq=False)
class Stretch:
    """Steps for which the same arrays are shown."""

    steps: range
    """Which."""
    written: list[str] = field(default_factory=list)
    """Arrays that they write, in the order in which that first happens."""
    read: list[str] = field(default_factory=list)
    """Arrays that they read only, in that order."""
    seen: dict[str, Seen] = field(default_factory=dict)
    """How each of them is seen."""

    @property
    def names(self) -> list[str]:
        """Its arrays in the order of their panels."""
        return [*self.written, *self.read]


Key = Callable[[tuple[Loop, ...]], object]
"""What tells steps apart by the loops around them."""


class Stretches:
    """The stretches of a run, found when they are asked for."""

    def __init__(self, recording: Recording, shapes: Callable[[str], tuple[int, ...]]) -> None:
        """Look at a recording, which is not moved; `shapes` has that of an array by its name."""
        self._recording, self._shapes = recording, shapes
        self._found: list[Stretch] = []

    def at(self, event: Event) -> Stretch:
        """The stretch of a step; it has all that the step touches."""
        if not self._recording.total:
            return Stretch(range(0))
        stretch = next((one for one in self._found if event.index in one.steps), None)
        if stretch is None:
            stretch = self._stretch(event)
            if not stretch.names and (first := stretch.steps.start):  # it raised: what stood there stays
                before = self.at(self._event(first - 1))
                stretch = replace(before, steps=stretch.steps)
            self._found.append(stretch)
        if any(access.array not in stretch.seen for access in event.accesses):
            self._take(stretch, [event])
        return stretch

    def while_alike(self, step: int, key: Key, by: int) -> int:
        """The last step in a direction up to which a key of the loops around a step stays what it is there.

        Once it has changed it does not come back soon. `by` is 1 or -1.
        """
        wanted, length, total = key(self._loops(step)), 1, self._recording.total
        alike, other = step, None
        while other is None:
            ahead = min(max(alike + by * length, 0), total - 1)
            if ahead == alike:
                return alike
            if key(self._loops(ahead)) == wanted:
                alike, length = ahead, 2 * length
            else:
                other = ahead
        while abs(other - alike) > 1:
            middle = (alike + other) // 2
            if key(self._loops(middle)) == wanted:
                alike = middle
            else:
                other = middle
        return alike

    def _event(self, step: int) -> Event:
        return glance(self._recording, step)

    def _loops(self, step: int) -> tuple[Loop, ...]:
        return loops_of(self._recording, step)

    def _stretch(self, event: Event) -> Stretch:
        if not event.loops:
            return self._statements(event.index)
        bounds = [self.while_alike(event.index, _nest, by) for by in (-1, 1)]
        stretch = Stretch(range(bounds[0], bounds[1] + 1))
        self._take(stretch, map(self._event, _looked_at(stretch.steps)))
        rest = touched(self._recording, stretch.steps)
        stretch.written += [name for name in rest if rest[name] and name not in stretch.written]
        stretch.read = [name for name in dict.fromkeys((*stretch.read, *rest)) if name not in stretch.written]
        return stretch

    def _statements(self, step: int) -> Stretch:
        """The part of the steps outside of loops around a step, no more of them than few arrays have."""
        first, last = (self._outside(step, by) for by in (-1, 1))
        begun, arrays, events = first, set[str](), list[Event]()
        for at in range(first, last + 1):
            event = self._event(at)
            touched = {access.array for access in event.accesses}
            if events and len(arrays | touched) > MOST:
                if at > step:
                    break
                begun, arrays, events = at, set(), []
            arrays |= touched
            events.append(event)
        stretch = Stretch(range(begun, begun + len(events)))
        self._take(stretch, events)
        return stretch

    def _outside(self, step: int, by: int) -> int:
        """The last step in a direction that still is outside of loops."""
        for at in range(step + by, step + by * STATEMENTS, by):
            if not 0 <= at < self._recording.total or self._loops(at):
                return at - by
        return step + by * (STATEMENTS - 1)

    def _take(self, stretch: Stretch, events: Iterable[Event]) -> None:
        """Add what some steps touch to a stretch."""
        touched: dict[str, list[tuple[Access, Event]]] = {}
        for event in events:
            for access in event.accesses:
                touched.setdefault(access.array, []).append((access, event))
        kinds = {name: {access.kind for access, _ in found} for name, found in touched.items()}
        written = [
            name for name in touched if kinds[name] - {"reads", "names"} and name not in stretch.written
        ]
        # what is made anew all the time says less than what the loop fills
        stretch.written += sorted(written, key=lambda name: "makes" in kinds[name])
        stretch.read = [name for name in (*stretch.read, *touched) if name not in stretch.written]
        stretch.read = list(dict.fromkeys(stretch.read))
        tracks = {
            name: _Track(self._shapes(name), found)
            for name, found in touched.items()
            if name not in stretch.seen
        }
        windows = {loop for track in tracks.values() for loop in track.window_loops()}
        blocks = list(dict.fromkeys(block for track in tracks.values() for block in track.blocks()))
        for name, track in tracks.items():
            stretch.seen[name] = track.seen(windows, blocks)
        # what is touched cell by cell is seen like the array of its shape that windows move over
        alike = {self._shapes(name): seen.axes for name, seen in stretch.seen.items() if seen.framed}
        for name, track in tracks.items():
            if track.is_of_cells() and self._shapes(name) in alike:
                stretch.seen[name] = replace(stretch.seen[name], axes=alike[self._shapes(name)])


def placed_at(seen: Seen, shape: Sequence[int], event: Event, name: str) -> Fixed:
    """The face of an array at a step: its axes, and the others where the step or its loops put them."""
    own = [access for access in event.accesses if access.array == name]
    own.sort(key=lambda access: not access.writes)
    loops = {loop.name: loop.at for loop in event.loops}
    fixed = list[int | None]()
    for axis, length in enumerate(shape):
        part = own[0].region[axis] if own and axis < len(own[0].region) else None
        following = seen.follows.get(axis)
        if axis in seen.axes:
            fixed.append(None)
            continue
        at = 0
        if isinstance(part, int):
            at = part
        elif isinstance(part, slice) and own[0].cells is None:
            at = part.indices(length)[0]
        elif following is not None and following.loop in loops:
            at = following.start + following.pace * loops[following.loop]
        fixed.append(min(max(at, 0), length - 1))
    return tuple(fixed)


def _nest(loops: Sequence[Loop]) -> object:
    """What all steps of a loop nest have in common."""
    return (loops[0].line, loops[0].name) if loops else None


def _looked_at(steps: range) -> Iterator[int]:
    """Steps of a nest that tell of all of it: many at its beginning, then some in pairs."""
    yield from steps[:BEGINNING]
    rest = steps[BEGINNING:]
    if len(rest) <= 2 * ELSEWHERE:
        yield from rest
        return
    for number in range(ELSEWHERE):
        at = rest[(len(rest) - 2) * number // (ELSEWHERE - 1)]
        yield from (at, at + 1)


class _Track:
    """What steps do with one array."""

    def __init__(self, shape: tuple[int, ...], found: list[tuple[Access, Event]]) -> None:
        # where there are windows, they alone tell the axes: `return dx` touches all of them once
        windows = [one for one in found if _is_window(one[0], shape)]
        self.shape, self.found = shape, windows or found
        self.places = [[_places(access, axis, n) for axis, n in enumerate(shape)] for access, _ in self.found]
        self.follows = {
            axis: following for axis in range(len(shape)) if (following := self._following(axis)) is not None
        }

    def window_loops(self) -> Iterator[str]:
        """The loops that move blocks which are less than all of an axis."""
        for axis, following in self.follows.items():
            if self._extent(axis) == "part":
                yield following.loop

    def blocks(self) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Shapes of what is touched at once where two of three or more axes are parts, and which two."""
        for (access, _), places in zip(self.found, self.places, strict=True):
            axes = [axis for axis, part in enumerate(places) if not _is_single(access, axis)]
            parts = [at for at, axis in enumerate(axes) if 1 < len(places[axis]) < self.shape[axis]]
            if len(axes) > 2 and len(parts) == 2:
                yield tuple(len(places[axis]) for axis in axes), tuple(parts)

    def seen(self, windows: set[str], blocks: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> Seen:
        """How to see it, given which loops move windows, and which axes of blocks they show."""
        alike = set[int]()
        for shape, parts in blocks:
            several = [axis for axis in range(len(self.shape)) if not _is_single(self.found[0][0], axis)]
            if tuple(len(self.places[0][axis]) for axis in several) == shape:
                alike |= {several[at] for at in parts}
        scores = [self._score(axis, windows) + 1.5 * (axis in alike) for axis in range(len(self.shape))]
        best = sorted(range(len(self.shape)), key=lambda axis: (scores[axis], axis), reverse=True)[:2]
        axes = tuple(sorted(best))
        framed = any(self._is_block(at, axes) for at in range(len(self.found)))
        return Seen(axes, self.follows, framed)

    def is_of_cells(self) -> bool:
        """Whether it is touched in single cells, but for accesses that touch all of it."""
        return all(self._extent(axis) == "single" for axis, n in enumerate(self.shape) if n > 1)

    def _is_block(self, at: int, axes: tuple[int, ...]) -> bool:
        """Whether an access is a block of the face, more than a cell and less than all."""
        if self.found[at][0].cells is not None:
            return False
        lengths = [len(self.places[at][axis]) for axis in axes]
        return any(n > 1 for n in lengths) and any(
            n < self.shape[axis] for n, axis in zip(lengths, axes, strict=True)
        )

    def _extent(self, axis: int) -> str:
        lengths = {len(places[axis]) for places in self.places}
        if any(1 < length < self.shape[axis] for length in lengths):
            return "part"
        return "whole" if min(lengths) > 1 else "single"

    def _score(self, axis: int, windows: set[str]) -> float:
        """How much an axis says: it extends in part, it is moved along, it extends as a whole."""
        extent, following = self._extent(axis), self.follows.get(axis)
        if extent == "part":
            return 5.0
        moved = sum(
            first[axis] != second[axis] for first, second in zip(self.places, self.places[1:], strict=False)
        ) / max(len(self.places) - 1, 1)
        if extent == "whole":
            return 2.5 if self.shape[axis] > 1 else 0.1
        with_window = 1.5 if following is not None and following.loop in windows else 0.0
        return with_window + (1.0 + moved if moved else 0.2 if self.shape[axis] > 1 else 0.0)

    def _following(self, axis: int) -> Following | None:
        """The loop that tells where an axis is touched, the innermost of several."""
        starts = [places[axis].start for places in self.places]
        names = dict.fromkeys(
            loop.name for _, event in reversed(self.found) for loop in reversed(event.loops)
        )
        for name in names:
            turns = [_turn(event.loops, name) for _, event in self.found]
            pairs = sorted(
                {(turn, start) for turn, start in zip(turns, starts, strict=True) if turn is not None}
            )
            if len(pairs) < 2 or len(pairs) != len({turn for turn, _ in pairs}):
                continue
            (first, begun), (second, then) = pairs[:2]
            pace, rest = divmod(then - begun, second - first)
            if pace and not rest and all(start == begun + pace * (turn - first) for turn, start in pairs):
                return Following(name, begun - pace * first, pace)
        return None


def _turn(loops: Sequence[Loop], name: str) -> int | None:
    return next((loop.at for loop in loops if loop.name == name), None)


def _places(access: Access, axis: int, length: int) -> range:
    """Where an access touches an axis; of scattered cells the block around them."""
    part = access.region[axis] if axis < len(access.region) else slice(None)
    if not isinstance(part, slice):
        return range(part, part + 1)
    places = range(*part.indices(length))
    return places if places.step > 0 else places[::-1]


def _is_window(access: Access, shape: Sequence[int]) -> bool:
    """Whether an access extends along an axis without being all of it."""
    return any(1 < len(_places(access, axis, length)) < length for axis, length in enumerate(shape))


def _is_single(access: Access, axis: int) -> bool:
    return axis < len(access.region) and not isinstance(access.region[axis], slice)
