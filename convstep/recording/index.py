"""Index: where in a log each thing stands, found once: its frames, its variables, its steps."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.frozen import frozen
from convstep.recording.bindings import Binding, bindings_of
from convstep.recording.columns import Entries, Rows, column
from convstep.recording.kept import Kept
from convstep.recording.log import Ref, refs, storage_in
from convstep.recording.shelf import narrow
from convstep.recording.sites import WRITES, Kind, Site

Flags = npt.NDArray[np.bool_]
Short = npt.NDArray[np.integer[Any]]
"""Numbers in as few bytes as they need: there are as many as entries."""


@frozen()
class Frame:
    """One call of a function of the source."""

    function: int
    first: int
    """The entry with which it begins."""
    last: int
    """The entry with which it is left; the last one of the log if it is not."""
    parent: int
    """The frame that calls it; -1 for the outermost."""
    quiet: bool
    """Whether it was called within a turn of an innermost loop: its statements are no steps of their own."""


class Index:
    """A log by entries, frames, variables and steps."""

    def __init__(self, log: Kept) -> None:
        self.log, sites = log, log.sites.sites
        kind = np.min_scalar_type(len(sites))  # short numbers are sorted in a tenth of the time
        self.order: Short = log.order.astype(kind)
        """By entry, the number of its site."""
        count = len(self.order)
        ranked = np.argsort(self.order, kind="stable")
        bounds = np.cumsum([0, *map(len, log.payloads)]).tolist()
        self.where: list[Entries] = [ranked[bounds[n] : bounds[n + 1]] for n in range(len(sites))]
        """By site, its entries, ascending."""
        self._met = [site for site in sites if len(self.where[site.number])]
        numbers = np.arange(max(map(len, self.where), default=0))
        numbers = numbers.astype(np.min_scalar_type(len(numbers)))
        self.occurrence: Short = np.empty(count, numbers.dtype)
        """By entry, how many of its site come before it."""
        for entries in self.where:
            self.occurrence[entries] = numbers[: len(entries)]
        self.statement: Short = narrow(np.array([site.statement for site in sites], np.intp)).take(self.order)
        """By entry, the number of its statement."""
        self.storages = log.storage_of
        """By array met, whose memory it is."""
        self.touched = {
            site.number: self._touched(site)
            for site in self._met
            if site.kind in (Kind.READ, Kind.WRITE, Kind.WHOLE, Kind.SCATTERED, Kind.SCATTERED_READ)
        }
        """By site, the storages that its entries read or write; -1 for what is no array."""
        self.bindings = list(self._bindings())
        """What stands for arrays."""
        self.frames, self.frame = self._frames()
        self.named = self._firsts((self.storages[one.refs], one.entries) for one in self.bindings)
        """By storage, the entry by which a variable first stood for it; -1 for arguments; see before."""
        self.named[self.storages[[number for _, number in log.given]]] = -1
        changing = self._changing()
        self.writes = _row(np.flatnonzero(changing))
        """The entries that change cells, ascending."""
        self.eventful = self._find_eventful(changing)
        """Which entries make a step of what they stand in."""
        self.ends = self._find_ends()
        """By step, the number of entries after it."""

    # single entries

    def site(self, entry: int) -> Site:
        """Where in the source an entry comes from."""
        return self.log.sites.sites[int(self.order[entry])]

    def payload(self, entry: int) -> Any:
        """What it says."""
        return self.log.payloads[self.order.item(entry)][self.occurrence.item(entry)]

    def begin(self, step: int) -> int:
        """The first entry of a step."""
        if not step:
            return 0 if self.ends else len(self.order)  # nothing to step: what there is, is there at once
        return self.ends[step - 1]

    def value_at(self, entry: int, name: str) -> Any:
        """What a variable is set to by an entry that sets it."""
        site, payload = self.site(entry), self.payload(entry)
        if site.kind is Kind.BIND:
            return payload
        return payload[site.names.index(name)]

    # variables

    def names_of(self, function: int) -> tuple[str, ...]:
        """The variables of a function, in the order of its source."""
        return tuple(self._settings[function])

    def setting(self, frame: int, name: str, entry: int) -> int | None:
        """The last entry before another one that sets a variable in a frame; None if there is none."""
        own, best = self.frames[frame], -1
        for site in self._settings[own.function].get(name, ()):
            entries = self.where[site]
            at = int(np.searchsorted(entries, entry)) - 1
            while at >= 0 and entries[at] >= own.first:
                if self.frame[entries[at]] == frame:  # and not a call of the same function within it
                    best = max(best, int(entries[at]))
                    break
                at -= 1
        return best if best >= 0 else None

    def standing_until(self, binding: Binding) -> Entries:
        """The entries at which a variable is set again, or its frame is left.

        Where a call's value sets it again, it stands until that call begins: what the call makes can have
        its name.
        """
        count, function = len(self.order), self.log.sites.statements[binding.site.statement].function
        name = binding.name
        if (function, name) not in self._merged:
            entries = [self.where[site] for site in self._settings[function].get(name, ())]
            self._merged[function, name] = (
                np.sort(np.concatenate(entries)) if entries else np.empty(0, np.intp)
            )
        merged = np.append(self._merged[function, name], count)
        again = merged[np.searchsorted(merged, binding.entries, side="right").clip(max=len(merged) - 1)]
        if len(self.frames) > 1:
            own, before = self.frame[binding.entries], np.clip(again - 1, 0, count - 1)
            called = self.frame[before]
            parents, firsts = (
                np.array([getattr(frame, fact) for frame in self.frames]) for fact in ("parent", "first")
            )
            by_call = (again < count) & self._of_kind(Kind.RETURN)[before] & (parents[called] == own)
            again = np.where(by_call, firsts[called], again)
        lasts = np.array([*(frame.last for frame in self.frames), count])[self.frame[binding.entries]]
        found: Entries = np.minimum(again, lasts)
        return found

    def turns_at(self, frame: int, loop: int, entry: int) -> tuple[int, int, int] | None:
        """The turn of a loop that is on before an entry, how many there are, and the entry of this one."""
        site = self.log.sites.loops[loop]
        enters, turns = self.where[site.enter], self.where[site.turn]
        at = int(np.searchsorted(enters, entry)) - 1
        while at >= 0 and self.frame[enters[at]] != frame:
            at -= 1
        if at < 0:
            return None
        first = int(np.searchsorted(turns, enters[at]))
        last = int(np.searchsorted(turns, entry))
        own = (
            [n for n in range(first, last) if self.frame[turns[n]] == frame]
            if self._recursive
            else range(first, last)
        )
        if not len(own):
            return None
        count = self.payload(int(enters[at]))
        if count is None:
            beyond = next((e for e in enters[at + 1 :] if self.frame[e] == frame), len(self.order))
            count = int(np.searchsorted(turns, beyond)) - first
        return len(own) - 1, count, int(turns[own[-1]])

    # found once

    @cached_property
    def first_touched(self) -> Entries:
        """By storage, the first entry that reads or writes it by a subscript; beyond the last for none."""
        return self._firsts((touched, self.where[n]) for n, touched in self.touched.items())

    @property
    def _recursive(self) -> bool:
        return len(self.frames) > len({frame.function for frame in self.frames})

    def _flags(self, fact: Callable[[Site], bool]) -> Flags:
        """Which entries come from sites of which something is true."""
        found = np.zeros(len(self.order), bool)
        for site in self._met:
            if fact(site):
                found[self.where[site.number]] = True
        return found

    def _of_kind(self, *kinds: Kind) -> Flags:
        return self._flags(lambda site: site.kind in kinds)

    def _frames(self) -> tuple[list[Frame], Short]:
        """The calls, and which of them each entry belongs to."""
        sites, statements, loops = self.log.sites.sites, self.log.sites.statements, self.log.sites.loops
        kinds = (Kind.CALL, Kind.RETURN, Kind.YIELD, Kind.RESUME)
        marks = np.flatnonzero(self._of_kind(*kinds))
        begun: list[tuple[int, int, int, bool]] = []
        at_entry: dict[int, int] = {}
        lasts: dict[int, int] = {}
        owner = np.zeros(len(self.order), np.min_scalar_type(-1 - len(marks)))
        stack, before = [-1], 0
        for mark in marks.tolist():
            site = sites[self.order[mark]]
            owner[before:mark] = stack[-1]
            if site.kind is Kind.CALL:
                quiet = stack[-1] >= 0 and begun[stack[-1]][3]
                if not quiet and mark:
                    last = sites[self.order[mark - 1]]
                    around = (last.loop,) if last.kind is Kind.TURN else statements[last.statement].loops
                    quiet = bool(around) and loops[around[-1]].innermost
                at_entry[mark] = len(begun)
                begun.append((site.function, mark, stack[-1], quiet))
                stack.append(len(begun) - 1)
            elif site.kind is Kind.RESUME:
                stack.append(at_entry[self.payload(mark)])
            owner[mark] = stack[-1]
            if site.kind in (Kind.RETURN, Kind.YIELD):
                # a generator that nobody drains is left at any time, by whoever forgets it
                token = self.payload(mark)
                own = stack[-1] if token is None else at_entry[token]
                owner[mark], lasts[own] = own, mark
                if own in stack[1:]:
                    del stack[len(stack) - 1 - stack[::-1].index(own)]
            before = mark + 1
        owner[before:] = stack[-1]
        end = max(len(self.order) - 1, 0)
        frames = [
            Frame(f, first, lasts.get(n, end), parent, quiet)
            for n, (f, first, parent, quiet) in enumerate(begun)
        ]
        self._merged: dict[tuple[int, str], Entries] = {}
        self._settings: dict[int, dict[str, list[int]]] = defaultdict(dict)
        for site in sites:
            names = (
                (site.text,)
                if site.kind is Kind.BIND
                else site.names
                if site.kind in (Kind.CALL, Kind.TURN)
                else ()
            )
            for name in names:
                function = statements[site.statement].function
                self._settings[function].setdefault(name, []).append(site.number)
        return frames, owner

    def values_bound(self, entry: int) -> Iterator[tuple[str, Any]]:
        """The variables that an entry sets."""
        site, payload = self.site(entry), self.payload(entry)
        if site.kind is Kind.BIND:
            yield site.text, payload
        elif site.kind in (Kind.CALL, Kind.TURN):
            yield from zip(site.names, payload, strict=True)
        elif site.kind is Kind.WRITE and payload[0] == "store":
            yield payload[1], payload[2]

    def _touched(self, site: Site) -> Entries:
        """The storages that the entries of a site read or write, -1 for what is no array."""
        payloads, storages = self.log.payloads[site.number], self.storages
        if site.kind is Kind.SCATTERED or site.kind is Kind.SCATTERED_READ:
            return np.array([payload[1] for payload in payloads], np.intp)
        named = self.log.named(site.number)  # nearly always
        if named is not None:
            return storages[named]
        return np.array([storage_in(payload, storages) for payload in payloads], np.intp)

    def _bindings(self) -> Iterator[Binding]:
        """What stands for arrays: by site and variable, the entries that set it to one."""
        for site in self._met:
            payloads, entries = self.log.payloads[site.number], self.where[site.number]
            if site.kind is Kind.BIND:
                yield from bindings_of(site, site.text, payloads, entries)
            elif site.kind in (Kind.CALL, Kind.TURN) and isinstance(payloads, Rows):
                for name, own in zip(site.names, payloads.columns, strict=True):
                    yield from bindings_of(site, name, own, entries)
            elif site.kind is Kind.WRITE and (self.touched[site.number] < 0).any():
                stores = [(n, p) for n, p in enumerate(payloads) if p[0] == "store"]
                for name in dict.fromkeys(payload[1] for _, payload in stores):
                    numbers, values = zip(*((n, p[2]) for n, p in stores if p[1] == name), strict=True)
                    yield from bindings_of(site, name, column(values), entries[list(numbers)])

    def _firsts(self, met: Iterable[tuple[Entries, Entries]]) -> Entries:
        """By storage the first entry at which it is met: storages, and the entries, ascending."""
        found = np.full(len(self.log.storages) + 1, len(self.order), np.intp)
        for storages, entries in met:
            if (storages == storages[:1]).all():  # mostly
                found[storages[:1]] = np.minimum(found[storages[:1]], entries[:1])
                continue
            own = np.full(len(found), len(self.order), np.intp)
            own[storages[::-1]] = entries[::-1]  # the first one stays
            found = np.minimum(found, own)
        return found

    def _changing(self) -> Flags:
        found = np.zeros(len(self.order), bool)
        for site in self._met:
            if site.kind in WRITES:
                changed = self.touched[site.number] >= 0  # and not a container
                found[self.where[site.number][changed]] = True
        return found

    def _find_eventful(self, changing: Flags) -> Flags:
        """Which entries make a step of what they stand in; those that change cells, `changing`, do."""
        statements = self.log.sites.statements
        arrays: dict[int, set[str]] = defaultdict(set)
        for one in self.bindings:
            if one.whole:
                arrays[statements[one.site.statement].function].add(one.name)
        given = {name for name, _ in self.log.given}
        alone = [one.alone for one in statements]
        computed = [bool((arrays[one.function] | given).intersection(one.loads)) for one in statements]

        whiles = {one.statement for one in self.log.sites.sites if one.kind is Kind.CHECK}
        conditions = whiles & {one.statement for one in self.log.sites.sites if one.kind is Kind.READ}

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
                values = self.log.payloads[site.number]
                return computed[site.statement] or any(Ref in map(type, value) for value in values)
            return site.kind is Kind.SCATTERED_READ

        found = self._flags(counts)
        found |= changing
        bound = self._flags(
            lambda site: site.kind is Kind.BIND and computed[site.statement] and not alone[site.statement]
        )
        found |= bound
        for entry in np.flatnonzero(
            self._flags(lambda s: s.kind is Kind.BIND and alone[s.statement])
        ).tolist():
            site, value = self.site(entry), self.payload(entry)
            if type(value) is Ref:
                found[entry] = self._is_new(entry, value) or self._rebinds(entry, site.text, value)
            elif any(self._is_new(entry, ref) for ref in refs(value)):
                found[entry] = True
            else:
                found[entry] = computed[site.statement] and isinstance(value, (float, np.generic, int, bool))
        for entry in np.flatnonzero(
            self._flags(lambda s: s.kind is Kind.READ and s.named and alone[s.statement])
        ).tolist():
            found[entry] = not self._gives_view(entry)
        for one in self.bindings:
            bound_here = one.site.kind is Kind.BIND and not alone[one.site.statement]
            if bound_here or one.site.kind is Kind.WRITE:
                found[one.entries] = True
        return found

    def _gives_view(self, entry: int) -> bool:
        """Whether what is read has axes of its own."""
        site, payload = self.site(entry), self.payload(entry)
        if type(payload[0]) is str:
            return payload[0] == "whole" and bool(self.log.views[payload[2]].shape)
        sliced = sum(part.sliced for part in site.template)
        single = len(site.template) - sliced - any(part.ellipsis for part in site.template)
        return len(self.log.views[payload[0]].shape) > single or bool(sliced)

    def _is_new(self, entry: int, ref: int) -> bool:
        """Whether a variable is the first to stand for the memory of an array."""
        return bool(self.named[self.storages[ref]] == entry)

    def _rebinds(self, entry: int, name: str, ref: int) -> bool:
        """Whether a variable now stands for another array that is made from its own: `dx = dx[:, 1:-1]`."""
        frame = int(self.frame[entry])
        if frame < 0 or not re.search(rf"\b{re.escape(name)}\b", self.site(entry).value):
            return False
        before = self.setting(frame, name, entry)
        if before is None:
            return False
        value = self.value_at(before, name)
        return type(value) is Ref and value != ref

    def _within_statements(self) -> Flags:
        """The entries of calls within a statement that have no step of their own: they divide nothing."""
        count, functions = len(self.order), self.log.sites.functions
        calls = [one for one in self.frames if one.parent >= 0 and not functions[one.function].generator]
        if not calls:
            return np.zeros(count, bool)
        tally = np.append(0, np.cumsum(self.eventful))
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
                or self.statement[before] != self.statement[last]
                or self.frame[before] != self.frame[last]
            ):
                found[first:last] = False
        return found

    def _find_ends(self) -> array[int]:
        count = len(self.order)
        if not count:
            return array("q")
        log, frames = self.log.sites, self.frames
        generators = [one.generator for one in log.functions]
        yielding = bool(frames) and generators[frames[0].function]
        after = np.zeros(count, bool)
        if yielding:
            after |= self._of_kind(Kind.YIELD)
        else:
            whiles = {one.loop for one in log.sites if one.kind is Kind.CHECK}
            # the condition of a `while` belongs to the turn that it lets through
            opening = self._flags(
                lambda site: (
                    site.kind in (Kind.ENTER, Kind.CHECK, Kind.EXIT)
                    or (site.kind is Kind.TURN and bool(site.names or site.loop not in whiles))
                )
            )
            after[:-1] |= opening[1:]
            following = np.ones(count, bool)
            following[:-1] = (self.statement[1:] != self.statement[:-1]) & ~self._of_kind(Kind.CALL)[1:]
            own = self._flags(lambda site: log.statements[site.statement].alone) & following
            own |= self._of_kind(Kind.ELEMENT, Kind.RETURN)
            if any(frame.quiet for frame in frames):
                own &= ~np.array([frame.quiet for frame in frames] + [False])[self.frame]
            after |= own
            after[self._within_statements()] = False
        after[-1] = True
        bounds = np.flatnonzero(after) + 1
        real = np.logical_or.reduceat(self.eventful, np.append(0, bounds[:-1]))
        ends = _row(bounds[real])
        left = ends[-1] if ends else 0
        raised = self.log.ended is not None and self.log.ended.kind == "raised"
        if raised and (self.statement[left:] != self.statement[-1]).any():
            ends.append(count)  # where it was raised, although nothing was read or written there
        elif ends:
            ends[-1] = count
        return ends


def _row(numbers: Entries) -> array[int]:
    """Whole numbers among which `bisect` is quick."""
    return array("q", numbers.astype(np.int64).tobytes())


def writes_between(writes: array[int], low: int, high: int) -> array[int]:
    """The entries that change cells among `low … high - 1`."""
    return writes[bisect_left(writes, low) : bisect_right(writes, high - 1)]
