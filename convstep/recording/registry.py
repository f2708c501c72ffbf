"""Registry: which arrays and which memory a running function has met, and what hooks do now and then."""

from __future__ import annotations

import ctypes
import operator
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from convstep.language import tr
from convstep.recording.addresses import address_of, bounds_of, content_of, root_of
from convstep.recording.indices import index_text
from convstep.recording.limits import Allowance, Limits
from convstep.recording.log import Column, Log, Other, Ref, Storage, Value, View, storage_in
from convstep.recording.memory import Memory, lasting, make
from convstep.recording.reach import arrays_behind, named_arrays
from convstep.recording.sites import WRITES, Site
from convstep.recording.trees import EVERYTHING
from convstep.steps.cells import Array

WHOLE_NUMBERS = frozenset(
    {int, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.intp}
)
"""Types that make an entry of an index a single place."""
_BASIC = WHOLE_NUMBERS | {slice, type(None), type(Ellipsis)}
"""Types of which an index makes a view."""
FOLLOWED = "biuf"
"""Kinds of numbers whose arrays are followed."""
FEW = 16
"""Entries of a tuple that are kept."""
IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv,
    "//=": operator.ifloordiv, "%=": operator.imod, "**=": operator.ipow, "@=": operator.imatmul,
    "&=": operator.iand, "|=": operator.ior, "^=": operator.ixor, "<<=": operator.ilshift,
    ">>=": operator.irshift,
}  # fmt: skip
FOLLOWED_BACK = 4_000
"""Writes up to which a log is followed to its end, to see whether it has missed any."""
FEW_STORAGES = 1000
"""Pieces of memory up to which all of them are looked at for that."""
Held = tuple[int, list[tuple[int, bytes]], int]
"""When somebody began to compare, what memory held then, and how many pieces of it were met."""


class Apart(Protocol):
    """What notes the turns of a loop in a way of its own: `sweeping`."""

    def forget(self) -> None:
        """An array may have another shape, or other memory."""

    def settle(self) -> None:
        """Note all turns as hooks would have, and let hooks do it from here on."""

    def columns(self) -> Mapping[int, list[Any] | Column]:
        """What its sites have noted, by site."""


class Registry:
    """Gives arrays their numbers, and keeps what is noted within limits."""

    PLAIN = frozenset(
        {int, float, bool, str, complex, type(None)}
        | {np.bool_, np.float16, np.float32, np.float64, *(WHOLE_NUMBERS - {int})}
    )
    """Types whose values are kept as they are."""

    def __init__(self, log: Log, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is met yet; the run is noted in the log, the clock counts seconds."""
        self.log = log
        self.payloads = [list[Any]() for _ in log.sites.sites]
        """By site, what hooks note."""
        log.payloads = [*self.payloads]
        self.numbers: dict[int, int] = {}
        """By the `id` of an array its number; -1 for one that is not followed."""
        self.allowance = Allowance(limits, log.order, clock)
        """What is left of the limits."""
        self.size = self.allowance.size
        """Bytes of cells that were written, and of memory that was met."""
        self.globals: Mapping[str, Any] = {}
        """What the code finds by a name that is no variable of its own."""
        self._held: list[Array] = []
        self._met: list[Array] = []
        self._of: list[int] = []
        self._storages: dict[int, int] = {}
        self._lows: list[int | None] = []
        self._roots: list[Array] = []
        self.remembering: list[dict[str, Any]] = []
        """What each hook knows of the array it saw last."""
        self.sweepings: list[Apart] = []
        """The loops that note their turns in a way of their own."""

    # what is met

    def meet(self, array: Array) -> int:
        """The number of an array that was not met before; -1 if it is not followed."""
        kind = kind_of(array.dtype)
        base = array.base
        if base is None:
            root = array
        else:
            root = base if type(base) is np.ndarray and base.base is None else root_of(array)
        storage = self._storages.get(id(root))
        if not kind or (storage is None and not kind_of(root.dtype)):
            self._held.append(array)  # whoever is known by its address stays alive
            self.numbers[id(array)] = -1
            return -1
        if storage is None:
            flags = root.flags
            if not flags.owndata:
                storage = self._lying_in(root)
            if storage is None:
                storage = self._meet_storage(root, contiguous=flags.c_contiguous)
                if root is not array:
                    self.meet(root)  # what owns the memory is an array, too
        number = self.numbers[id(array)] = len(self._of)
        self._of.append(storage)
        self._met.append(array)
        # now that it is at hand; it may be given another shape
        offset = 0 if array is self._roots[storage] else address_of(array) - self._low(storage)
        self.log.views.append(_new(View, (storage, offset, array.shape, array.strides, kind)))
        return number

    def _lying_in(self, array: Array) -> int | None:
        """The storage in which an array lies that owns none and does not say whose it is, as nditer's."""
        low, high = bounds_of(array)
        for number, root in enumerate(self._roots):
            begin = self._low(number)
            if (
                begin <= low
                and high <= begin + len(self.log.storages[number].content)
                and bounds_of(root)[0] == begin
            ):
                return number
        return None

    def _low(self, storage: int) -> int:
        """Where the memory of a storage begins; found when asked, where it was copied without looking."""
        low = self._lows[storage]
        if low is None:
            low = self._lows[storage] = address_of(self._roots[storage])
        return low

    def _meet_storage(self, root: Array, *, contiguous: bool) -> int:
        self._roots.append(root)
        number = self._storages[id(root)] = len(self.log.storages)
        low: int | None = None
        if contiguous:
            content = root.tobytes()
        else:
            low, high = bounds_of(root)
            content = ctypes.string_at(low, high - low)
        self._lows.append(low)
        self.log.storages.append(_new(Storage, (len(self.log.order), content, kind_of(root.dtype), False)))
        self.size[0] += len(content)
        if self.size[0] > self.allowance.limits.bytes:
            self.allowance.check()
        return number

    def forget(self, array: Any, *, memory: bool = True) -> None:
        """An array or anything else gets another shape, with `memory` maybe other memory: it is met anew."""
        for scope in self.remembering:
            scope["last"] = self
        for one in self.sweepings:
            one.forget()
        number = self.numbers.pop(id(array), -1)
        if memory and number >= 0 and self._storages.get(id(array)) is not None:
            storage = self._storages.pop(id(array))
            for known in [
                one
                for one in self.numbers
                if self.numbers[one] >= 0 and self._of[self.numbers[one]] == storage
            ]:
                del self.numbers[known]

    def number_of(self, array: Array) -> int:
        """The number of an array, met or not; -1 if it is not followed."""
        number = self.numbers.get(id(array))
        return self.meet(array) if number is None else number

    def give(self, name: str, value: Any, *, of_caller: bool = True) -> None:
        """Meet the arrays in an argument, by the names under which the source can reach them."""
        for path, array in named_arrays(value, name):
            number = self.number_of(array) if type(array) is np.ndarray else -1
            if number >= 0:
                self.log.given.append((path, number))
                storages, own = self.log.storages, self._of[number]
                storages[own] = storages[own]._replace(of_caller=storages[own].of_caller or of_caller)

    def unseen(self) -> list[int]:
        """The storages that hold something else now than what the log says.

        The whole log is followed where it is short; of a long one, what nothing was noted of. Of many
        arrays, as a loop makes them, those of the caller are looked at.
        """
        log, written = self.log, set[int]()
        writing = {n for n, site in enumerate(log.sites.sites) if site.kind in WRITES and log.payloads[n]}
        memory = Memory(log)
        if sum(len(log.payloads[number]) for number in writing) <= FOLLOWED_BACK:
            left = {number: reversed(log.payloads[number]) for number in writing}
            backwards = ((number, next(left[number])) for number in reversed(log.order) if number in writing)
            for number, payload in lasting(backwards):
                memory.change(log.sites.sites[number], payload, forward=True)
        else:
            for number in writing:
                payloads = log.payloads[number]
                firsts = (
                    payloads.met() if isinstance(payloads, Column) else {payload[0] for payload in payloads}
                )
                known = not any(type(first) is str for first in firsts)
                written |= (
                    {self._of[first] for first in firsts}
                    if known
                    else {storage_in(payload, self._of) for payload in payloads}
                )
        few = len(self._roots) <= FEW_STORAGES
        looked_at = (n for n, held in enumerate(log.storages) if n not in written and (few or held.of_caller))
        return [
            storage for storage in looked_at if content_of(self._roots[storage]) != memory.content(storage)
        ]

    def finish(self) -> None:
        """The run is over: what loops have noted in their own way goes into the log."""
        for one in self.sweepings:
            for number, column in one.columns().items():
                self.log.payloads[number] = column

    # what is noted

    def noted(self, value: Any) -> Value:
        """A value for the log."""
        return value if type(value) in self.PLAIN else self.kept(value)

    def kept(self, value: Any) -> Value:
        """A value that is not plain, for the log."""
        try:
            return self._kept(value)
        except Exception:  # an object of somebody's own may answer anything
            return Other(type(value).__name__)

    def _kept(self, value: Any) -> Value:
        if type(value) is np.ndarray:
            number = self.number_of(value)
            return (
                Ref(number)
                if number >= 0
                else Other(f"{value.dtype} {'x'.join(map(str, value.shape)) or '()'}")
            )
        if type(value) is tuple and len(value) <= FEW:
            if all(type(one) in self.PLAIN for one in value):
                return value
            return tuple(one if type(one) in self.PLAIN else self.kept(one) for one in value)
        if type(value) is slice:
            return Other(index_text((value,)))
        if isinstance(value, (list, tuple, dict, set)):
            return Other(tr("{kind} of {count}", kind=type(value).__name__, count=len(value)))
        return Other(getattr(value, "__qualname__", None) or type(value).__name__)

    def length(self, iterable: Any) -> int | None:
        """How many turns a loop over it takes, where that is known."""
        kind = type(iterable)
        return (
            len(iterable)
            if kind in (range, list, tuple, dict, str) or (kind is np.ndarray and iterable.ndim)
            else None
        )

    # what hooks hand over

    def scattered_read(self, site: Site) -> Callable[[Array, Any], None]:
        """What to do where a mask or arrays of indices read."""
        order, note = self.log.order.append, self.payloads[site.number].append

        def read(array: Array, index: Any) -> None:
            window = self._window(array, index)
            if window is not None:
                order(site.number)
                note(("whole", *window))
                return
            found = self._items(array, index)
            if found is not None:
                order(site.number)
                note(("cells", *found))

        return read

    def other_write(self, site: Site) -> Callable[..., None]:
        """What sets what is no box of cells: by a mask, by arrays of indices, in a dictionary."""
        order, note = self.log.order.append, self.payloads[site.number].append
        change = IN_PLACE.get(site.operator)

        def write(holder: Any, index: Any, value: Any, held: Any = None) -> None:
            window = self._window(holder, index) if type(holder) is np.ndarray else None
            if window is not None:
                seen = self._met[window[1]]
                before = seen.tobytes()
                holder[index] = (
                    value if change is None else change(holder[index] if held is None else held, value)
                )
                self.size[0] += len(before)
                order(site.number)
                note(("whole", *window, before, seen.tobytes()))
                return
            found = self._items(holder, index) if type(holder) is np.ndarray else None
            items = None
            around = None if type(holder) in (np.ndarray, dict, list) else self._before([holder])
            if found is not None:
                # the same cell may be named twice: each is kept once
                items = np.unique(np.frombuffer(found[1], np.int64))
                old = self._cells(found[0], items)
            if change is not None:
                held = holder[index] if held is None else held
                before = b""
                if type(held) is np.ndarray and found is None:
                    self.number_of(held)  # met with what it held
                    before = held.tobytes()
                value = change(held, value)
            holder[index] = value
            if found is not None and items is not None:
                self.size[0] += len(old) + items.nbytes
                order(site.number)
                note(("cells", found[0], items.tobytes(), old, self._cells(found[0], items)))
            elif around is not None:
                for payload in self._changes(*around):
                    order(site.number)
                    note(payload)
            elif type(holder) in (dict, list):
                name = f"{site.text}[{index!r}]"
                if type(value) is np.ndarray and value is held and self.number_of(value) >= 0:
                    order(site.number)
                    note(("whole", name, self.number_of(value), before, value.tobytes()))
                    return
                kept = value if type(value) in self.PLAIN else self.kept(value)
                order(site.number)
                note(("store", name, kept))

        return write

    def compared(self, site: Site) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """What stands around an expression whose calls may change arrays unnoticed."""
        order, note = self.log.order.append, self.payloads[site.number].append

        def before(variables: Mapping[str, Any]) -> Held:
            values = [variables[n] if n in variables else self.globals.get(n) for n in site.names]
            return self._before(list(variables.values()) if EVERYTHING in site.names else values)

        def after(held: Held, value: Any) -> Any:
            for payload in self._changes(*held):
                order(site.number)
                note(payload)
            return value

        return before, after

    def _before(self, values: list[Any]) -> Held:
        """What the memory that can be reached from values holds, and when that is."""
        storages = {self._of[n] for n in map(self.number_of, arrays_behind(values)) if n >= 0}
        contents = [(storage, self._content(storage)) for storage in storages]
        return len(self.log.order), contents, len(self.log.storages)

    def _changes(
        self, begun: int, contents: list[tuple[int, bytes]], known: int
    ) -> Iterator[tuple[Any, ...]]:
        """What has changed since without being noted, also in what was met since: `out=(d := empty(3))`."""
        if len(self.log.storages) - known <= FEW_STORAGES:
            met = range(known, len(self.log.storages))
            contents = [*contents, *((storage, self.log.storages[storage].content) for storage in met)]
        for storage, old in self._followed(begun, contents):
            size = np.dtype(self.log.storages[storage].dtype).itemsize
            if bounds_of(self._roots[storage]) != (self._low(storage), self._low(storage) + len(old)):
                self.forget(self._roots[storage])  # it was given other memory
                continue
            new = self._content(storage)
            if old != new:
                first, second = (np.frombuffer(one, np.uint8).reshape(-1, size) for one in (old, new))
                items = np.flatnonzero((first != second).any(axis=1))
                self.size[0] += 3 * len(items) * size
                yield "cells", storage, items.tobytes(), first[items].tobytes(), second[items].tobytes()

    def _followed(self, begun: int, contents: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """What storages would hold if nothing but what was noted since had changed them."""
        noted = Counter(self.log.order[begun:])
        writing = [number for number in noted if self.log.sites.sites[number].kind in WRITES]
        if not writing:
            return contents
        for one in self.sweepings:
            one.settle()
        buffers = {storage: bytearray(old) for storage, old in contents}

        def view(number: int) -> Array:
            array, storage = self._met[number], self._of[number]
            buffer = buffers.setdefault(storage, bytearray(len(self.log.storages[storage].content)))
            return np.ndarray(
                array.shape, array.dtype, buffer, address_of(array) - self._low(storage), array.strides
            )

        def items(storage: int) -> Array:
            held = self.log.storages[storage]
            return np.frombuffer(buffers.setdefault(storage, bytearray(len(held.content))), held.dtype)

        left = {number: iter(self.log.payloads[number][-noted[number] :]) for number in writing}
        for number in self.log.order[begun:]:
            if number in left:
                make(self.log.sites.sites[number], next(left[number]), view, items, forward=True)
        return [(storage, bytes(buffers[storage])) for storage, _ in contents]

    # memory

    def _content(self, storage: int) -> bytes:
        return ctypes.string_at(self._low(storage), len(self.log.storages[storage].content))

    def _cells(self, storage: int, items: npt.NDArray[np.int64]) -> bytes:
        held = np.frombuffer(self._content(storage), self.log.storages[storage].dtype)
        return held[items].tobytes()

    def _window(self, array: Array, index: Any) -> tuple[str, int] | None:
        """A view by an index of slices and numbers that is known at run time alone: its text and number."""
        parts = index if type(index) is tuple else (index,)
        if not all(type(part) in _BASIC for part in parts):
            return None
        rest = () if any(part is Ellipsis for part in parts) else (Ellipsis,)
        number = self.number_of(array[(*parts, *rest)])
        return (f"[{index_text(parts)}]", number) if number >= 0 else None

    def _items(self, array: Array, index: Any) -> tuple[int, bytes] | None:
        """The storage of an array, and which of its cells, counted from its beginning, an index means."""
        number = self.number_of(array)
        if number < 0:
            return None
        storage, size = self._of[number], array.itemsize
        offset = address_of(array) - self._low(storage)
        if array.dtype.str != self.log.storages[storage].dtype or offset % size:
            return None
        places = np.arange(array.size).reshape(array.shape)[index]
        at = np.unravel_index(np.asarray(places).ravel(), array.shape) if array.ndim else ()
        items = np.full(np.size(places), offset // size, np.int64)
        for along, stride in zip(at, array.strides, strict=True):
            items += along * (stride // size)
        return storage, items.tobytes()


_KINDS: dict[int, tuple[np.dtype[Any], str]] = {}
"""By the `id` of a dtype itself, and what it is called."""
_new = tuple.__new__


def kind_of(dtype: np.dtype[Any]) -> str:
    """The text of the numbers of arrays that are followed, always the same object; "" for others."""
    found = _KINDS.get(id(dtype))
    if found is None:
        followed = dtype.kind in FOLLOWED and dtype.isnative
        found = _KINDS[id(dtype)] = dtype, sys.intern(dtype.str) if followed else ""
    return found[1]
