"""Index: where in a log each thing stands, found once: its frames, its variables, its steps."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.recording.log import Log, Ref
from convstep.recording.sites import WRITES, Kind, Site

Flags = npt.NDArray[np.bool_]
Entries = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a function of the source."""

    function: int
    """Which."""
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

    def __init__(self, log: Log) -> None:
        """Look through a log once."""
        self.log, sites = log, log.sites.sites
        self.order = np.array(log.order, np.intp)
        count = len(self.order)
        ranked = np.argsort(self.order, kind="stable")
        bounds = np.searchsorted(self.order[ranked], np.arange(len(sites) + 1))
        self.where: list[Entries] = [ranked[bounds[n] : bounds[n + 1]] for n in range(len(sites))]
        """By site, its entries, ascending."""
        self.occurrence = np.empty(count, np.intp)
        for entries in self.where:
            self.occurrence[entries] = np.arange(len(entries))
        self._kind = {kind: self._flags(lambda site, kind=kind: site.kind is kind) for kind in Kind}  # type: ignore[misc]
        self.statement = self._facts(lambda site: site.statement)
        self.frames, self.frame = self._frames()
        self.named = self._first_named()
        """By storage, the entry at which a variable first stood for it, and that variable; -1 for arguments."""
        self.writes: list[int] = self._writing()
        """The entries that change cells, ascending."""
        self._eventful = self._find_eventful()
        self.ends: list[int] = self._find_ends()
        """By step, the number of entries after it."""

    # single entries

    def site(self, entry: int) -> Site:
        """Where in the source an entry comes from."""
        return self.log.sites.sites[self.order[entry]]

    def payload(self, entry: int) -> Any:
        """What it says."""
        return self.log.payloads[self.order[entry]][self.occurrence[entry]]

    def begin(self, step: int) -> int:
        """The first entry of a step."""
        return self.ends[step - 1] if step else 0

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

    def standing_until(self, entry: int, name: str) -> int:
        """The entry at which a variable that is set by another one is set again, or its frame is left."""
        frame = int(self.frame[entry])
        if frame < 0:
            return len(self.order) - 1
        function = self.frames[frame].function
        if (function, name) not in self._merged:
            entries = [self.where[site] for site in self._settings[function].get(name, ())]
            self._merged[function, name] = (
                np.sort(np.concatenate(entries)) if entries else np.empty(0, np.intp)
            )
        merged = self._merged[function, name]
        at = int(np.searchsorted(merged, entry, side="right"))
        again = int(merged[at]) if at < len(merged) else len(self.order)
        return min(again, self.frames[frame].last)

    def turns_at(self, frame: int, loop: int, entry: int) -> tuple[int, int, int] | None:
        """How many turns of a loop have begun before an entry, how many there are, and the entry of this one."""
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

    @property
    def _recursive(self) -> bool:
        return len(self.frames) > len({frame.function for frame in self.frames})

    def _facts(self, fact: Any) -> npt.NDArray[Any]:
        """A fact about each entry's site."""
        known = np.array([fact(site) for site in self.log.sites.sites])
        found: npt.NDArray[Any] = known[self.order] if len(self.order) else known[:0]
        return found

    def _flags(self, fact: Any) -> Flags:
        return self._facts(fact).astype(bool)

    def _frames(self) -> tuple[list[Frame], Entries]:
        """The calls, and which of them each entry belongs to."""
        sites, statements, loops = self.log.sites.sites, self.log.sites.statements, self.log.sites.loops
        marks = np.flatnonzero(self._kind[Kind.CALL] | self._kind[Kind.RETURN])
        begun: list[tuple[int, int, int, bool]] = []
        lasts: dict[int, int] = {}
        owner = np.zeros(len(self.order), np.intp)
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
                begun.append((site.function, mark, stack[-1], quiet))
                stack.append(len(begun) - 1)
                owner[mark] = stack[-1]
            else:
                owner[mark] = stack[-1]
                lasts[stack[-1]] = mark
                if len(stack) > 1:
                    stack.pop()
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

    def _binding(self) -> list[int]:
        kinds = (Kind.BIND, Kind.CALL, Kind.TURN)
        found = np.logical_or.reduce([self._kind[kind] for kind in kinds]) if len(self.order) else []
        stores = (
            [e for e in np.flatnonzero(self._kind[Kind.WRITE]).tolist() if self.payload(e)[0] == "store"]
            if self._stores()
            else []
        )
        return sorted([*np.flatnonzero(found).tolist(), *stores])

    def _stores(self) -> bool:
        """Whether anything but arrays is subscripted to be set."""
        return any(
            type(payload[0]) is str
            for site in self.log.sites.sites
            if site.kind is Kind.WRITE
            for payload in self.log.payloads[site.number]
        )

    def _first_named(self) -> dict[int, tuple[int, str]]:
        views, found = self.log.views, dict[int, tuple[int, str]]()
        for name, number in self.log.given:
            found.setdefault(views[number].storage, (-1, name))
        for entry in self._referring():
            for name, value in self.values_bound(entry):
                for ref in refs(value):
                    found.setdefault(views[ref].storage, (entry, name))
        return found

    def _referring(self) -> list[int]:
        """The entries that set a variable to an array, or to several."""
        found = list[int]()
        for site in self.log.sites.sites:
            payloads = self.log.payloads[site.number]
            if site.kind is Kind.BIND:
                hits = [n for n, value in enumerate(payloads) if type(value) in (Ref, tuple)]
            elif site.kind in (Kind.CALL, Kind.TURN):
                hits = [
                    n for n, values in enumerate(payloads) if any(type(v) in (Ref, tuple) for v in values)
                ]
            elif site.kind is Kind.WRITE:
                hits = [n for n, payload in enumerate(payloads) if payload[0] == "store"]
            else:
                continue
            found += self.where[site.number][hits].tolist() if hits else []
        self.referring = sorted(found)
        """The same, kept."""
        return self.referring

    def _writing(self) -> list[int]:
        marked = np.zeros(len(self.order), bool)
        for site in self.log.sites.sites:
            if site.kind in WRITES:
                payloads = self.log.payloads[site.number]
                changing = (
                    [payload[0] != "store" for payload in payloads] if site.kind is Kind.WRITE else True
                )
                marked[self.where[site.number]] = changing
        found: list[int] = np.flatnonzero(marked).tolist()
        return found

    def _find_eventful(self) -> Flags:
        """Which entries make a step of what they stand in."""
        sites, statements = self.log.sites, self.log.sites.statements
        arrays: dict[int, set[str]] = defaultdict(set)
        for entry in self.referring:
            for name, value in self.values_bound(entry):
                if any(True for _ in refs(value)):
                    arrays[statements[self.site(entry).statement].function].add(name)
        given = {name for name, _ in self.log.given}
        alone = [one.alone for one in statements]
        computed = [bool((arrays[one.function] | given).intersection(one.loads)) for one in statements]

        def counts(site: Site) -> bool:
            if site.kind is Kind.READ:
                return not site.through and not (site.named and alone[site.statement])
            return site.kind in (Kind.SCATTERED_READ,)

        found = self._flags(counts)
        found[self.writes] = True
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
            else:
                found[entry] = computed[site.statement] and isinstance(value, (float, np.generic, int, bool))
        for entry in np.flatnonzero(
            self._flags(lambda s: s.kind is Kind.READ and s.named and alone[s.statement])
        ).tolist():
            payload = self.payload(entry)
            found[entry] = payload[0] == "cells" or not self._gives_view(entry)
        for entry in self.referring:
            if self.site(entry).kind is Kind.WRITE or not alone[self.site(entry).statement]:
                found[entry] |= self.site(entry).kind in (Kind.BIND, Kind.WRITE)
        del sites
        return found

    def _gives_view(self, entry: int) -> bool:
        """Whether what is read has axes of its own."""
        site, payload = self.site(entry), self.payload(entry)
        sliced = sum(part.sliced for part in site.template)
        single = len(site.template) - sliced - any(part.ellipsis for part in site.template)
        return len(self.log.views[payload[0]].shape) > single or bool(sliced)

    def _is_new(self, entry: int, ref: int) -> bool:
        """Whether a variable is the first to stand for the memory of an array."""
        return self.named.get(self.log.views[ref].storage, (-1, ""))[0] == entry

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

    def _find_ends(self) -> list[int]:
        count = len(self.order)
        if not count:
            return []
        log, frames = self.log.sites, self.frames
        generators = [one.generator for one in log.functions]
        yielding = bool(frames) and generators[frames[0].function]
        quiet = np.array([frame.quiet for frame in frames] + [False])[self.frame]
        after = np.zeros(count, bool)
        if yielding:
            after |= self._kind[Kind.YIELD]
        else:
            opening = self._kind[Kind.ENTER] | self._kind[Kind.TURN] | self._kind[Kind.EXIT]
            after[:-1] |= opening[1:]
            alone = self._flags(lambda site: log.statements[site.statement].alone) & ~quiet
            following = np.ones(count, bool)
            following[:-1] = (self.statement[1:] != self.statement[:-1]) & ~self._kind[Kind.CALL][1:]
            after |= alone & following
            after |= self._kind[Kind.RETURN] & ~quiet
        after[-1] = True
        bounds = np.flatnonzero(after) + 1
        tally = np.cumsum(self._eventful)[bounds - 1]
        real = np.diff(tally, prepend=0) > 0
        ends: list[int] = bounds[real].tolist()
        if ends:
            ends[-1] = count
        return ends


def refs(value: Any) -> Iterator[int]:
    """The numbers of the arrays in a logged value."""
    if type(value) is Ref:
        yield value
    elif type(value) is tuple:
        for one in value:
            yield from refs(one)


def writes_between(writes: list[int], low: int, high: int) -> list[int]:
    """The entries that change cells among `low … high - 1`."""
    return writes[bisect_left(writes, low) : bisect_right(writes, high - 1)]
