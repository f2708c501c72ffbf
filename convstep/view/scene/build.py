"""From an event to a scene, whatever is stepped: what the step reads and writes of every panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from convstep.steps.cells import Array
from convstep.steps.event import Access, Event, Region
from convstep.view.grid.faces import Face, Fixed, face
from convstep.view.grid.panel import READS, WRITES, Cell, Panel, Span
from convstep.view.numbers.text import largest
from convstep.view.scene.scene import NO_WORDS, Addition, Scene, SourceLine, Words

LONGEST_NAME = 12
"""Characters of a name that a title has room for."""


def build(
    place: tuple[int, int],
    event: Event,
    arrays: Mapping[str, Array],
    panels: Sequence[Panel],
    parts: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    source: Sequence[SourceLine] = (),
    words: Mapping[int, Words] = MappingProxyType({}),
) -> Scene:
    """The scene of one step.

    `place`: steps executed, and steps in all. The arrays are live, and the panels in reading order, without
    anything of the step on them; what is written and has none is seen in its last two axes. `parts` says by
    array which part of its values is shown where not all, the longest form first; `words` by the number of a
    write what its statement says, where it has one of its own.
    """
    event = replace(event, accesses=tuple(map(ascending, event.accesses)))
    return Scene(
        *place,
        event=event,
        additions=tuple(additions(event, arrays, panels, parts, words)),
        panels=tuple(placed(panel, event) for panel in panels),
        source=tuple(source),
    )


def ascending(access: Access) -> Access:
    """An access whose slices go upwards, as blocks on a face do: those of a reversed view are turned over."""
    if all(not isinstance(part, slice) or (part.step or 1) > 0 for part in access.region):
        return access
    region, over = list[int | slice](), list[slice]()
    lengths = iter(np.shape(access.value))
    for part in access.region:
        if isinstance(part, slice):
            count, down = next(lengths), (part.step or 1) < 0
            over.append(slice(None, None, -1 if down else 1))
            if down and count:
                first = part.start + (count - 1) * part.step
                part = slice(first, part.start + 1, -part.step)
            elif down:
                part = slice(0, 0)
        region.append(part)

    def turned_over(values: Array | np.generic | None) -> Any:
        return np.asarray(values)[tuple(over)] if np.ndim(values) else values  # type: ignore[arg-type]

    kept = (access.value, access.before, access.after, access.cells)
    value, before, after, cells = map(turned_over, kept)
    return access._replace(region=tuple(region), value=value, before=before, after=after, cells=cells)


def fits(access: Access, shape: Sequence[int]) -> bool:
    """Whether an access is of an array of this shape, and not of one that had its name before."""
    parts = [*access.region, *[slice(None)] * (len(shape) - len(access.region))]
    if len(parts) != len(shape):
        return False
    places = [
        range(*part.indices(length)) if isinstance(part, slice) else range(part, min(part + 1, length))
        for part, length in zip(parts, shape, strict=True)
    ]
    several = [len(one) for one, part in zip(places, parts, strict=True) if isinstance(part, slice)]
    return np.shape(access.value) == tuple(several) and all(
        one or isinstance(part, slice) for one, part in zip(places, parts, strict=True)
    )


def _standing_in(write: Access) -> Array:
    """An array with the cells of an access, where the one it is of is not there any more."""
    lengths = iter(np.shape(write.value))
    shape = [
        part + 1
        if isinstance(part, int)
        else (part.start or 0) + max(next(lengths) - 1, 0) * (part.step or 1) + 1
        for part in write.region
    ]
    return np.broadcast_to(0.0, tuple(shape))


def placed(panel: Panel, event: Event) -> Panel:
    """A panel with what the step reads or writes of its face: frame, changed cells, current cell."""
    own = [one for one in event.accesses if one.array == panel.face.name and one.kind != "names"]
    own = [one for one in own if fits(one, panel.face.lengths) and not _is_handed_on(one, event)]
    own = [one for one in own if one.writes or not _is_whole(one, panel.face)] or own
    writes = [one for one in own if one.writes]
    changes: dict[str, Any] = {"running": True} if writes else {}
    span = joined(seen_on(panel.face, one) for one in writes or own)
    if span is not None:
        changes["used"] = span
        changes |= {"use": WRITES} if writes else {"use": READS, "word": _name(own, panel.face)}
        made = (one for one in event.writes[: event.made] if any(one is other for other in writes))
        changes["changed"] = joined(seen_on(panel.face, one) for one in made)
        if panel.framed:
            whole = (len(span.rows), len(span.columns)) == panel.face.shape and event.statements
            changes["window"] = None if whole else span  # nothing to follow
        elif len(span.rows) * len(span.columns) == 1 and not any(np.ndim(one.value) for one in writes or own):
            changes["now"] = Cell(span.top, span.left)
        elif len(own) == 1 and (factor := factor_of(own[0], event)) is not None:
            row, column = largest(values_on(panel.face.fixed, own[0].region, factor.value))
            changes["near"] = Cell(span.rows[row], span.columns[column])
    return replace(panel, **changes) if changes else panel


def _name(reads: Iterable[Access], shown: Face) -> str:
    """What the source calls what is read, if that is a short name, one for all of it, and not the array's."""
    texts = {one.text for one in reads}
    text = texts.pop() if len(texts) == 1 else ""
    return text if text.isidentifier() and len(text) <= LONGEST_NAME and text != shown.name else ""


def _is_handed_on(access: Access, event: Event) -> bool:
    """Whether a helper only returns it to its caller: of its cells nothing is read."""
    if access.writes:
        return False
    said = access.line, f"return {access.text}"
    return any(one.frame and (one.line, one.text) == said for one in event.statements)


def _is_whole(access: Access, shown: Face) -> bool:
    """Whether all of an array is touched, as where it is handed to a function."""
    parts = zip(shown.region(access.region), shown.lengths, strict=True)
    return access.cells is None and all(
        isinstance(part, slice) and len(range(*part.indices(length))) == length for part, length in parts
    )


def additions(
    event: Event,
    arrays: Mapping[str, Array],
    panels: Sequence[Panel],
    parts: Mapping[str, tuple[str, ...]],
    words: Mapping[int, Words],
) -> Iterator[Addition]:
    """What the step writes, in the order of its source, on the faces that the panels turn to."""
    shown = {panel.face.name: panel for panel in reversed(panels)}
    for number, write in enumerate(event.writes):
        if not np.size(write.value):  # a write of no cells is no write
            continue
        array = arrays.get(write.array)
        if array is None or not fits(write, array.shape):
            array = _standing_in(write)
        panel = shown.get(write.array)
        if panel is None or panel.face.lengths != array.shape:
            panel, seen_so = None, face(write.array, array, last_axes(array))
        else:
            seen_so = panel.face
        cells = turned(write, array, seen_so)
        span = span_on(cells, write.region)
        assert span is not None  # the face is turned to the cells
        said, region = words.get(number, NO_WORDS), write.region
        factor = None if said.statement else factor_of(write, event)

        def seen(
            values: Array | np.generic | None, fixed: Fixed = cells.fixed, region: Region = region
        ) -> Any:
            return None if values is None else values_on(fixed, region, values)

        added = seen(write.value)
        yield Addition(
            target=cells.part(region, held=False),
            shown=cells.part(region, held=bool(cells.lengths) and cells.lengths[-1] > 1),
            sign="+=" if write.kind == "adds" else "=",
            formula=write.text,
            factor_name="" if factor is None else factor.text,
            factor=np.ones_like(added) if factor is None else seen(factor.value),
            added=added,
            before=np.zeros_like(added) if write.before is None else seen(write.before),
            after=added if write.after is None else seen(write.after),
            partial=np.size(write.value) != np.size(added),
            new=write.before is None,
            cells=cells,
            span=span,
            done=number < event.made,
            part=parts.get(write.array, ()),
            known=seen(write.cells),
            words=said,
            operands=tuple((name, seen(read.value)) for name, read in said.operands),
            number=number,
            panel=panel,
            factor_panel=None if factor is None else shown.get(factor.array),
        )


def last_axes(array: Array) -> Fixed:
    """The face of the last two axes, at the beginning of the others."""
    return tuple(0 if axis < array.ndim - 2 else None for axis in range(array.ndim))


def turned(write: Access, array: Array, shown: Face) -> Face:
    """The face on which cells of a write stand: the one shown, turned to them where it shows others."""
    fixed = list[int | None]()
    for held, part, length in zip(shown.fixed, shown.region(write.region), array.shape, strict=True):
        if held is not None and isinstance(part, slice):
            places = range(*part.indices(length))
            held = places[(held - places.start) % len(places)] if places else held
        fixed.append(part if held is not None and not isinstance(part, slice) else held)
    return face(write.array, array, tuple(fixed))


def factor_of(write: Access, event: Event) -> Access | None:
    """What is read of several cells and stands in the text of what is written; None for a single value."""
    words, shape = write.text.split(" * "), np.shape(write.value)
    found = (read for read in event.reads if read.text in words and np.shape(read.value) == shape)
    return next(found, None) if shape and len(words) > 1 else None


def span_on(shown: Face, region: Region) -> Span | None:
    """The block of a region's cells on a face; None if there are none."""
    seen = list[range]()
    for held, part, length in zip(shown.fixed, shown.region(region), shown.lengths, strict=True):
        places = range(*part.indices(length)) if isinstance(part, slice) else range(part, part + 1)
        if held is None:
            seen.append(places)
        elif held not in places:
            return None
    rows, columns = (*seen, *[range(1)] * (2 - len(seen)))
    return Span(rows, columns) if rows and columns else None


def seen_on(shown: Face, access: Access) -> Span | None:
    """The cells of an access on a face, scattered ones without those between them; None if there are none."""
    span = span_on(shown, access.region)
    if span is None or access.cells is None:
        return span
    return joined([replace(span, only=values_on(shown.fixed, access.region, access.cells).tobytes())])


def joined(spans: Iterable[Span | None]) -> Span | None:
    """The cells of several spans as one; None if there are none."""
    found = [span for span in spans if span is not None]
    if len(found) == 1 and not found[0].only:
        return found[0]
    rows = sorted({row for span in found for row in (span.top, span.bottom)})
    columns = sorted({column for span in found for column in (span.left, span.right)})
    if not found:
        return None
    cells = np.zeros((rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]), np.bool_)
    for span in found:
        block = np.ix_([row - rows[0] for row in span.rows], [column - columns[0] for column in span.columns])
        shape = len(span.rows), len(span.columns)
        cells[block] |= np.frombuffer(span.only, np.bool_).reshape(shape) if span.only else True
    return _block_of(cells, rows[0], columns[0])


def _block_of(cells: Array, top: int, left: int) -> Span | None:
    """The smallest block, with gaps or without, around some cells, with those that are meant."""
    down, along = np.flatnonzero(cells.any(1)), np.flatnonzero(cells.any(0))
    if not len(down):
        return None
    rows, columns = (_evenly(places) for places in (down, along))
    meant = cells[np.ix_(rows, columns)]
    only = b"" if meant.all() else meant.tobytes()
    return Span(range(rows.start + top, rows.stop + top, rows.step),
                range(columns.start + left, columns.stop + left, columns.step), only)  # fmt: skip


def _evenly(places: Array) -> range:
    """Ascending places as a range that has them all, with its gaps if they are even."""
    gaps = set(np.diff(places).tolist())
    return range(int(places[0]), int(places[-1]) + 1, gaps.pop() if len(gaps) == 1 else 1)


def values_on(fixed: Fixed, region: Region, values: Array | np.generic) -> Array:
    """Of an access's values, in the region's shape, those on a face, as rows and columns."""
    index: list[int | slice | None] = []
    for held, part in zip(fixed, (*region, *[slice(None)] * (len(fixed) - len(region))), strict=True):
        if isinstance(part, slice):
            index.append(slice(None) if held is None else (held - (part.start or 0)) // (part.step or 1))
        elif held is None:
            index.append(np.newaxis)
    seen: Array = np.asarray(values)[tuple(index)]
    return seen.reshape(*seen.shape, *[1] * (2 - seen.ndim))
