"""Kept: the log of a run that has ended, in columns: what a recording is made of, what is sent and saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from convstep.brief import brief
from convstep.recording.columns import Column, Entries, Numbers, Rows, column, cut
from convstep.recording.log import Column as Swept
from convstep.recording.log import Ended, Log, Ref
from convstep.recording.shelf import require
from convstep.recording.sites import Kind, Sites
from convstep.steps.cells import Array


@dataclass(slots=True, eq=False)
class Kept:
    """A run, noted; see `Log`."""

    sites: Sites
    order: Array
    payloads: list[Column]
    views: Column
    storages: Column
    given: list[tuple[str, int]]
    ended: Ended | None
    unseen: list[int]

    __repr__ = brief

    @classmethod
    def of(cls, log: Log) -> Kept:
        """What a run has noted; the log's lists may be forgotten."""
        few = isinstance(log.order, bytearray)
        order = np.frombuffer(bytes(log.order), np.uint8) if few else np.array(log.order, np.int32)
        payloads = [_swept(each) if isinstance(each, Swept) else column(each) for each in log.payloads]
        views, storages = column(log.views), column(log.storages)
        return cls(log.sites, order, payloads, views, storages, log.given, log.ended, log.unseen)

    def check(self) -> None:
        """Raise a ValueError unless every number of arrays and memory in a stranger's is one there is."""
        sites, many, met = self.sites.sites, len(self.storages), len(self.views)
        require([one.number for one in sites] == [*range(len(sites))] and self.order.dtype.kind in "iu")
        require(not len(self.order) or 0 <= int(self.order.min()) <= int(self.order.max()) < len(sites))
        counts = np.bincount(self.order, minlength=len(sites)).tolist()
        require(counts == list(map(len, self.payloads)))
        for rows, kinds in ((self.views, _VIEW), (self.storages, _STORAGE)):
            alike = isinstance(rows, Rows) and [one.kind for one in rows.columns] == kinds
            require(alike or not len(rows))
        require(_within(self.storage_of, many) and _within(np.array(self.unseen, np.intp), many))
        require(_within(np.array([number for _, number in self.given], np.intp), met))
        require(all(type(name) is str for name, _ in self.given))
        require(self.ended is None or type(self.ended) is Ended)
        for site, own in zip(sites, self.payloads, strict=True):
            if site.kind in (Kind.READ, Kind.WRITE, Kind.WHOLE):
                named = self.named(site.number)
                require(named is None or _within(named, met))
            each = own.columns if isinstance(own, Rows) else [own]
            require(all(_within(one.of(Ref)[1].numbers, met) for one in each if len(one.of(Ref)[0])))

    @property
    def storage_of(self) -> Entries:
        """By array met, whose memory it is."""
        return _places(self.views, 0)

    @property
    def looks(self) -> Entries:
        """By array met, a number that is the same for all of the same shape and kind."""
        return _together(_places(self.views, 2), _places(self.views, 4))

    @property
    def lies(self) -> Entries:
        """By array met, the same for all that lie alike in memory that is as large and of the same kind."""
        held = _together(_places(self.storages, 2), _places(self.storages, 1))
        return _together(self.looks, _places(self.views, 3), held[self.storage_of])

    def named(self, site: int) -> Entries | None:
        """The array that each entry of a site begins with; None where some begin with something else."""
        own = self.payloads[site]
        return _places(own, 0) if isinstance(own, Rows) and own.columns[0].kind is int else None


def _swept(payloads: Swept) -> Column:
    """What a loop without hooks has noted."""
    try:
        places = payloads.places()
    except (ArithmeticError, TypeError, ValueError):
        return column(list(payloads))
    size, cells = payloads.changes()
    held = (cut(one, np.full(len(payloads), size, np.int8)) for one in cells)
    return Rows([*(Numbers("ints", each) for each in places), *held])


def _within(numbers: Array, many: int) -> bool:
    return not len(numbers) or (int(numbers.min()) >= 0 and int(numbers.max()) < many)


_VIEW, _STORAGE = [int, int, tuple, tuple, str], [int, bytes, str, bool]
"""What their fields are."""


def _places(own: Column, at: int) -> Entries:
    """What stands at one place of rows: whole numbers, or which of what repeats, or how many bytes."""
    if not len(own):
        return np.zeros(0, np.intp)
    return cast(Rows, own).columns[at].numbers.astype(np.intp)


def _together(first: Entries, *others: Entries) -> Entries:
    """Numbers that are the same where all of several are."""
    found = first
    for each in others:
        width = int(each.max(initial=0)) + 1
        if int(found.max(initial=0)) >= (1 << 62) // width:
            found = np.unique(found, return_inverse=True)[1]
        found = found * width + each
    return found
