"""What the arrays and the statements of a recorded step are on the screen: faces, notes, sentences."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.language import tr
from convstep.printable import printable
from convstep.recording.events import anchor_of
from convstep.recording.overview import storage_of
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Access, Event, Statement
from convstep.steps.number_text import shape_text
from convstep.view.grid.faces import Face, Fixed, face
from convstep.view.numbers.text import is_whole, largest_finite, short
from convstep.view.scene.numbered import numbered
from convstep.view.scene.own_lines import set_text
from convstep.view.scene.scene import Words

if TYPE_CHECKING:
    from convstep.recording.index import Index
    from convstep.recording.recording import Recording
    from convstep.recording.sites import FunctionSite
    from convstep.recording.source import SourceText


NUMBERS = "biuf"
"""Kinds of arrays whose cells are written as numbers."""
READS = 4
"""Single values that are said of one statement."""
FAR = 64
"""Other calls of a statement that are passed over in search of its own line."""


def cell_name(array: str, index: Sequence[int]) -> str:
    """A cell by name; of an array without axes the array itself."""
    return cell_text(array, index) if index else array


def shape_words(name: str, shape: Sequence[int]) -> str:
    """An array with its shape: `dx 2x3x8x8`; a list `db (3,)`."""
    return f"{name} {shape_text(shape)}" if shape else name


def number_of(index: Sequence[int | None], axes: Sequence[int], shape: Sequence[int]) -> int:
    """Which face a cell or another face stands on, counted through the axes that are not seen."""
    number = 0
    for axis, (at, length) in enumerate(zip(index, shape, strict=True)):
        if axis not in axes:
            number = number * length + (at or 0)
    return number


def fixed_at(number: int, axes: Sequence[int], shape: Sequence[int]) -> Fixed:
    """The other way round than `number_of`."""
    fixed: list[int | None] = [None] * len(shape)
    for axis in reversed(range(len(shape))):
        if axis not in axes:
            number, fixed[axis] = divmod(number, max(shape[axis], 1))
    return tuple(fixed)


def face_of(name: str, array: Array | None, shape: tuple[int, ...], fixed: Fixed) -> Face:
    """A face of an array; zeros in its place where there is none or its cells are no numbers."""
    if not all(shape):
        return Face(name, np.zeros((1, 1)), tuple(0 for _ in shape), shape)
    if array is None or array.dtype.kind not in NUMBERS:
        array = nothing(shape)
    return face(name, array, fixed)


def nothing(shape: tuple[int, ...]) -> Array:
    """Stands for an array that is not there yet."""
    return np.broadcast_to(0.0, shape)


def magnitude(values: Array) -> float:
    """The largest magnitude in an array; 0 where there are no numbers."""
    if not values.size or values.dtype.kind not in NUMBERS:
        return 0.0
    return largest_finite(values if values.dtype.kind == "f" else values.astype(float))


def note_of(array: Array | None, shape: Sequence[int], line: int) -> str:
    """What a panel says in place of numbers; "" where it has some."""
    if array is None:
        return tr("not there yet: line {line} makes it", line=line) if line else tr("not there yet")
    if not all(shape):
        return tr("empty: {shape}", shape=shape_text(shape))
    if array.dtype.kind not in NUMBERS:
        return tr("{dtype} is not shown", dtype=array.dtype)
    return ""


def statement_texts(event: Event) -> list[str]:
    """The step's statements with their indices as numbers."""
    return [numbered(statement.text, statement.subscripts) for statement in event.statements]


def told(event: Event, texts: Sequence[str], source: SourceText) -> tuple[str, str]:
    """The statement at which a step stands, and the cell that this writes, before and after, if it is one."""
    own = [pair for pair in zip(texts, event.statements, strict=True) if pair[1].line == event.line]
    text, accesses = source.line(event.line).strip(), tuple[Access, ...]()
    if own:
        text, accesses = own[-1][0], own[-1][1].accesses
    writes = [access for access in accesses if access.writes]
    both = [] if len(writes) != 1 or writes[0].before is None else [writes[0].before, writes[0].after]
    numbers = [_number(np.ravel(one)[0]) for one in both if one is not None and one.size == 1]
    return printable(text, None), printable(" → ".join(numbers))


def words_of(event: Event, texts: Sequence[str]) -> dict[int, Words]:
    """By the number of a write, what its statement says; a value that several read is said once.

    `texts` are the step's statements with numbers.
    """
    found, said = dict[int, Words](), set[str]()
    for statement, text in zip(event.statements, texts, strict=True):
        reads = list(_reads(statement))
        single = [f"{name} = {_number(read.value)}" for name, read in reads if not np.ndim(read.value)]
        single = [words for words in dict.fromkeys(single) if words not in said][:READS]
        several = sum(access.kind in ("makes", "names") for access in statement.accesses) > 1
        for access in statement.accesses:
            if access.writes:
                shape = np.shape(access.value)
                # of `o, g = f(a), h(b)` nobody knows which of what is read makes which
                alike = {
                    name: read
                    for name, read in reads
                    if shape and not several and np.shape(read.value) == shape
                }
                remark = tr("new: {array}", array=shape_words(access.array, access.extent))
                found[len(found)] = Words(
                    text, tuple(single), remark if access.kind == "makes" else "", tuple(alike.items())[:2]
                )
                said |= set(single)
                single = []
    return found


def _reads(statement: Statement) -> Iterator[tuple[str, Access]]:
    """What a statement reads, by its names with numbers."""
    for access in statement.accesses:
        if access.kind == "reads" and access.cells is None:
            yield numbered(access.text, statement.subscripts), access


def _number(value: Any) -> str:
    return short(value, 6) if np.asarray(value).dtype.kind in "f" else str(value)


def notes_of(event: Event, texts: Sequence[str]) -> dict[int, str]:
    """By line, what its statement came to: what it has set, or the statement with its indices."""
    found = dict[int, str]()
    counted = {loop.line for loop in event.loops if not loop.value}
    for statement, text in zip(event.statements, texts, strict=True):
        if statement.line in counted:
            continue
        writes = any(access.writes for access in statement.accesses)
        said = text if writes and text != statement.text else ""
        if not said and statement.variables:
            said = set_text(statement.variables)
        if said:
            found[statement.line] = said
    return found


def remarks_of(event: Event, arrays: Mapping[str, Array]) -> list[str]:
    """What the card says beside what is written: what names now stand for, and what is set."""
    found, heads = list[str](), {loop.line for loop in event.loops}
    single = dict[str, object]()
    for statement in event.statements:
        if statement.line not in heads:
            found += _named(statement, arrays)
            single |= {name: value for name, value in statement.variables.items() if not _is_array(value)}
    return [*found, set_text(single)] if single else found


def _named(statement: Statement, arrays: Mapping[str, Array]) -> Iterator[str]:
    """What names now stand for: `dx is now dx_pad[:, 1:-1]`."""
    names = [name for name, value in statement.variables.items() if isinstance(value, np.ndarray)]
    views = [access for access in statement.accesses if access.kind in ("names", "makes")]
    for name, access in zip(names, views, strict=False):
        cells = region_text(access, arrays.get(access.array))
        if access.kind == "names" and cells != name:
            yield tr("{name} is now {cells}", name=name, cells=cells)


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def region_text(access: Access, owner: Array | None) -> str:
    """The cells of an access as NumPy writes them, whole axes as `:`."""
    parts = list[int | slice | str]()
    lengths = owner.shape if owner is not None else (-1,) * len(access.region)
    for part, length in zip(access.region, lengths, strict=False):
        all_of_it = isinstance(part, slice) and part.indices(max(length, 0)) == (0, length, 1)
        parts.append(":" if all_of_it else part)
    if all(part == ":" or (part == 0 and length == 1) for part, length in zip(parts, lengths, strict=False)):
        return access.array
    while parts and parts[-1] == ":":
        parts.pop()
    words = [part if isinstance(part, str) else cell_text("", (part,))[1:-1] for part in parts]
    return f"{access.array}[{', '.join(words)}]" if words else access.array


def called_at(recording: Recording, event: Event, function: FunctionSite, *, executed: bool) -> int:
    """The line that called a function in which a step stands; 0 where the log leaves it open.

    A statement goes on where its calls have returned, so that what comes next in the log is its own, but of
    an `if`, which says nothing. So it must call the function by name, and nothing in between may name it. The
    recording stands at the step; `executed` means after its last statement, and not before its first.
    """
    index, sites = recording.index, recording.log.sites
    if not recording.total:
        return 0
    low, high = index.begin(event.index), index.ends[event.index]
    at = recording.entry - 1 if recording.made else anchor_of(index, low, high) if executed else low
    frame = int(index.frame[at])
    while frame >= 0 and index.frames[frame].function != function.number:
        frame = index.frames[frame].parent
    if frame < 0 or index.frames[frame].parent < 0 or function.generator:
        return 0
    before, after = (_beside_call(index, frame, by) for by in (-1, 1))
    if before is None or after is None:
        return 0
    name = rf"\b{re.escape(function.name.rpartition('.')[2])}\b"
    begun, found = (sites.statements[index.statement[entry]] for entry in (before, after))
    if not re.search(rf"{name}\s*\(", found.text):
        return 0
    if begun is found:  # it had begun to read
        return int(found.line)
    around = sites.functions[index.frames[index.frames[frame].parent].function]
    between = range(begun.line, found.line) if begun.line < found.line else range(*_body(around))
    own = range(found.line, found.last_line + 1)
    named = (re.search(name, recording.source.line(line)) for line in between if line not in own)
    return 0 if any(named) else int(found.line)


def _beside_call(index: Index, frame: int, by: int) -> int | None:
    """The entry before or after a call, of the frame that makes it; None where it is far or there is none."""
    parent = index.frames[frame].parent
    for _ in range(FAR):
        own = index.frames[frame]
        entry = own.last + 1 if by > 0 else own.first - 1
        if not 0 <= entry < len(index.order):
            return None
        frame = int(index.frame[entry])
        if frame == parent:
            return entry
        if frame < 0:
            return None
    return None


def _body(function: FunctionSite) -> tuple[int, int]:
    return function.line + 1, function.last_line + 1


def changing_arguments(recording: Recording) -> dict[int, list[str]]:
    """By step, the arrays of the caller whose memory it changes."""
    found = dict[int, list[str]]()
    if not recording.alarms:
        return found
    index, storages, owners = recording.index, recording.log.storages, recording.owners
    for entry in index.writes:
        storage = storage_of(index, entry)
        if storages[storage].of_caller and storage in owners:
            names = found.setdefault(bisect_right(index.ends, entry), [])
            if owners[storage].name not in names:
                names.append(owners[storage].name)
    return found


def fractions_since(recording: Recording, most: int) -> dict[str, int]:
    """By array, from which entry of the log on it may hold numbers that are not whole, if there is one.

    At most so many changes of cells are looked through; later ones may write anything.
    """
    index, storages, since = recording.index, recording.log.storages, dict[int, int]()
    for storage, owner in recording.owners.items():
        if not _whole(storages[storage].content, storages[storage].dtype):
            since[storage] = owner.since
    for entry in index.writes[:most]:
        storage = storage_of(index, entry)
        if storage not in since and not _whole(index.payload(entry)[-1], storages[storage].dtype):
            since[storage] = entry
    for storage in recording.written_storages if len(index.writes) > most else ():
        if np.dtype(storages[storage].dtype).kind not in "biu":
            since.setdefault(storage, index.writes[most])
    found = dict[str, int]()
    for storage, owner in recording.owners.items():
        if storage in since:
            found[owner.name] = min(found.get(owner.name, since[storage]), since[storage])
    return found


def _whole(content: Any, dtype: str) -> bool:
    """Whether bytes are whole numbers."""
    numbers = _floats(content, dtype)
    return np.dtype(dtype).kind in "biu" or (numbers is not None and is_whole(numbers))


def _floats(content: Any, dtype: str) -> Array | None:
    """Bytes as the floats that they are; None where they are none, or not looked at as such."""
    kind = np.dtype(dtype)
    if kind.kind != "f" or not isinstance(content, (bytes, memoryview)) or len(content) % kind.itemsize:
        return None
    return np.frombuffer(content, kind)


def suspicious(recording: Recording) -> list[int]:
    """The steps that write a NaN or an infinity, or make an array that has one, ascending."""
    index, storages, found = recording.index, recording.log.storages, set[int]()
    for entry in index.writes:
        if _strange(index.payload(entry)[-1], storages[storage_of(index, entry)].dtype):
            found.add(bisect_right(index.ends, entry))
    for storage, owner in recording.owners.items():
        if owner.since >= 0 and _strange(storages[storage].content, storages[storage].dtype):
            found.add(bisect_right(index.ends, owner.since))
    return sorted(step for step in found if step < recording.total)


def _strange(content: Any, dtype: str) -> bool:
    """Whether bytes are numbers of which some are not finite."""
    numbers = _floats(content, dtype)
    return numbers is not None and not np.isfinite(numbers).all()


def nonfinite(event: Event) -> tuple[str, tuple[int, ...], Any] | None:
    """The first cell that a step makes NaN or infinite: the array, the index, what it is."""
    for write in event.writes:
        after = np.asarray(write.after)
        if after.dtype.kind != "f":
            continue
        strange = ~np.isfinite(after)
        if write.before is not None:
            strange &= np.isfinite(write.before)
        if write.cells is not None:
            strange &= write.cells
        if strange.any():
            offset = tuple(int(at) for at in np.argwhere(strange)[0])
            return write.array, write.cell(offset), after[offset]
    return None
