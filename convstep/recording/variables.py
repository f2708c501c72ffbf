"""Variables: what the names of a function stand for after some entries of its log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.recording.log import Ref
from convstep.steps.cells import Array

if TYPE_CHECKING:
    from convstep.recording.index import Index
    from convstep.recording.replayed import Replayed


class Variables(Mapping[str, object]):
    """The variables of one call of a function, each looked up when it is asked for."""

    def __init__(self, recording: Replayed, frame: int, entry: int) -> None:
        self._recording, self._frame, self._entry = recording, frame, entry

    def __getitem__(self, name: str) -> object:
        """A number, text, tuple, or an array as a live view; raises KeyError: there is no such one yet."""
        found = self.logged(name)
        if found is NOTHING:
            raise KeyError(name)
        return valued(self._recording, found)

    def logged(self, name: str) -> Any:
        """The same as the log has it."""
        index = self._recording.index
        if self._frame < 0:
            return NOTHING
        at = index.setting(self._frame, name, self._entry)
        if at is not None:
            return index.value_at(at, name)
        if "." in name or "[" in name:
            return next((Ref(n) for given, n in self._recording.log.given if given == name), NOTHING)
        return NOTHING

    def __iter__(self) -> Iterator[str]:
        """The names of those that are set, in the order of the source."""
        if self._frame >= 0:
            names = self._recording.index.names_of(self._recording.index.frames[self._frame].function)
            yield from (name for name in names if name != "return" and self.logged(name) is not NOTHING)

    def __len__(self) -> int:
        return sum(1 for _ in self)


NOTHING = object()


def valued(recording: Replayed, value: Any) -> Any:
    """A logged value with its arrays, live."""
    if type(value) is Ref:
        return recording.memory.view(value)
    if type(value) is tuple:
        return tuple(valued(recording, one) for one in value)
    return value


def variables_of(recording: Replayed, anchor: int, entry: int) -> Variables:
    """The variables of the function that an entry is in, as they are after so many entries."""
    return Variables(recording, frame_of(recording.index, anchor), entry)


def frame_of(index: Index, entry: int) -> int:
    """The call that an entry is in; -1 for none."""
    if not len(index.order):
        return -1
    frame = int(index.frame[entry])
    return frame if frame >= 0 or not index.frames else 0


def arrays(recording: Replayed, entry: int) -> Mapping[str, Array]:
    """Every array that has a name after so many entries, live; the latest of a name."""
    found: dict[str, Array] = {}
    for name, (since, storages) in recording.owners.by_name.items():
        at = int(np.searchsorted(since, max(entry, 1)))
        if at:
            found[name] = recording.memory.seen(recording.owners[int(storages[at - 1])].view)
    return found
