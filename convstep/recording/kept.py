"""Kept: a log of which the run has ended, in columns: what a recording is made of, and what is sent or saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.recording.columns import Column, Numbers, Rows, column, narrow
from convstep.recording.log import Ended, Log, Ref, Storage, View
from convstep.recording.shelf import require
from convstep.recording.sites import Sites

Array = npt.NDArray[Any]
Entries = npt.NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Kept:
    """A run, noted; see `Log`."""

    sites: Sites
    """What is known of its source."""
    order: Array
    """The number of the site of each entry."""
    payloads: list[Column]
    """By site, what each of its entries says."""
    views: Column
    """Every array met."""
    storages: Column
    """Every piece of memory met."""
    given: list[tuple[str, int]]
    """The arrays that came in with the arguments."""
    ended: Ended | None
    """Why the run ended early."""
    unseen: list[int]
    """The storages that held something else in the end than what was noted."""

    __repr__ = brief

    @classmethod
    def of(cls, log: Log) -> Kept:
        """What a run has noted; the log's lists may be forgotten."""
        order = narrow(np.fromiter(log.order, np.int64, len(log.order)))
        payloads = [column(each) for each in log.payloads]
        views, storages = column(log.views), column(log.storages)
        return cls(log.sites, order, payloads, views, storages, log.given, log.ended, log.unseen)

    def check(self) -> None:
        """Go on if it fits together."""

    @property
    def storage_of(self) -> Entries:
        """By array met, whose memory it is."""
        return _numbers(self.views, 0)

    def named(self, site: int) -> Entries | None:
        """The array that each entry of a site begins with; None where some begin with something else."""
        own = self.payloads[site]
        alike = isinstance(own, Rows) and own.columns[0].kind is int
        return _numbers(own, 0) if alike else None


def _numbers(own: Column, at: int) -> Entries:
    """What stands at one place of rows: whole numbers."""
    if not len(own):
        return np.zeros(0, np.intp)
    return cast(Numbers, cast(Rows, own).columns[at]).array.astype(np.intp)
