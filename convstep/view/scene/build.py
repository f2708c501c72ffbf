"""From an event to a scene, whatever is stepped: what the step reads and writes of every panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.steps.event import Access, Event, Region
from convstep.view.grid.faces import Face, Fixed, face
from convstep.view.grid.panel import Cell, Panel, Span
from convstep.view.numbers.text import largest
from convstep.view.scene.scene import Addition, Scene, SourceLine

Array = npt.NDArray[Any]


def build(
    place: tuple[int, int],
    event: Event,
    arrays: Mapping[str, Array],
    panels: Sequence[Panel],
    parts: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    source: Sequence[SourceLine] = (),
) -> Scene:
    """The scene of one step.

    Args:
        place: steps executed, and steps in all.
        event: the step.
        arrays: what it reads and writes, by name, live.
        panels: the faces to show, in reading order, without anything of the step on them.
        parts: by array, which part of its values is shown where not all, the longest form first.
        source: the lines of the loop.
    """
    return Scene(
        *place,
        event=event,
        additions=tuple(additions(event, arrays, panels, parts)),
        panels=tuple(placed(panel, event) for panel in panels),
        source=tuple(source),
    )


def placed(panel: Panel, event: Event) -> Panel:
    """A panel with what the step reads or writes of its face: frame, changed cells, current cell."""
    writes = event.writes
    access = next((one for one in (*writes, *event.accesses) if one.array == panel.face.name), None)
    if access is None:
        return panel
    changes: dict[str, Any] = {"caption": panel.caption or "running"} if access.writes else {}
    span = span_on(panel.face, access.region)
    if span is not None:
        if access.array in [write.array for write in writes[: event.made]]:
            changes["changed"] = span
        if panel.framed:
            changes["window"] = span
        elif np.ndim(access.value) == 0:
            changes["now"] = Cell(span.top, span.left)
        elif (factor := factor_of(access, event)) is not None:
            row, column = largest(values_on(panel.face.fixed, access.region, factor.value))
            changes["near"] = Cell(span.rows[row], span.columns[column])
    return replace(panel, **changes) if changes else panel


def additions(
    event: Event, arrays: Mapping[str, Array], panels: Sequence[Panel], parts: Mapping[str, tuple[str, ...]]
) -> Iterator[Addition]:
    """What the step writes, in the order of its source, on the faces that the panels turn to."""
    shown = {panel.face.name: panel.face for panel in reversed(panels)}
    for number, write in enumerate(event.writes):
        cells = turned(write, arrays[write.array], shown[write.array])
        factor, region = factor_of(write, event), write.region
        added = values_on(cells.fixed, region, write.value)
        span = span_on(cells, region)
        assert span is not None  # a write of no cells is no write
        assert write.before is not None
        assert write.after is not None
        yield Addition(
            target=cells.part(region, held=False),
            shown=cells.part(region, held=cells.lengths[-1] > 1),
            formula=write.text,
            factor_name="" if factor is None else factor.text,
            factor=np.ones_like(added) if factor is None else values_on(cells.fixed, region, factor.value),
            added=added,
            before=values_on(cells.fixed, region, write.before),
            after=values_on(cells.fixed, region, write.after),
            cells=cells,
            span=span,
            done=number < event.made,
            part=parts.get(write.array, ()),
        )


def turned(write: Access, array: Array, shown: Face) -> Face:
    """The face on which cells of a write stand: the one shown, turned to them where it shows others."""
    fixed = list[int | None]()
    for held, part, length in zip(shown.fixed, shown.region(write.region), array.shape, strict=True):
        if held is not None and isinstance(part, slice):
            places = range(*part.indices(length))
            held = places[(held - places.start) % len(places)]
        fixed.append(part if held is not None and not isinstance(part, slice) else held)
    return face(write.array, array, tuple(fixed))


def factor_of(write: Access, event: Event) -> Access | None:
    """What is read of several cells and stands in the text of what is written; None for a single value."""
    words = write.text.split(" * ")
    return next(
        (read for read in event.reads if read.text in words and np.ndim(read.value) and len(words) > 1), None
    )


def span_on(shown: Face, region: Region) -> Span | None:
    """The cells of a region on a face; None if there are none."""
    seen = list[range]()
    for held, part, length in zip(shown.fixed, shown.region(region), shown.lengths, strict=True):
        places = range(*part.indices(length)) if isinstance(part, slice) else range(part, part + 1)
        if held is None:
            seen.append(places)
        elif held not in places:
            return None
    rows, columns = seen if len(seen) == 2 else (seen[0], range(1))
    return Span(rows, columns) if rows and columns else None


def values_on(fixed: Fixed, region: Region, values: Array | np.generic) -> Array:
    """Of an access's values those on a face, as rows and columns.

    Args:
        fixed: the face.
        region: the cells of the access.
        values: in the region's shape.
    """
    index: list[int | slice | None] = []
    for held, part in zip(fixed, (*region, *[slice(None)] * (len(fixed) - len(region))), strict=True):
        if isinstance(part, slice):
            index.append(slice(None) if held is None else (held - (part.start or 0)) // (part.step or 1))
        elif held is None:
            index.append(np.newaxis)
    seen: Array = np.asarray(values)[tuple(index)]
    return seen if seen.ndim == 2 else seen[:, np.newaxis]
