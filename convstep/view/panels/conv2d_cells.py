"""Cells and faces of a convolution: what a key or a click on one means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convstep.conv.geometry import Geometry, StepIndex
from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.view.grid.panel import Cell, Panel, Span

if TYPE_CHECKING:
    from convstep.replay.stop_kinds import Stop
    from convstep.steps.provenance import Provenance
    from convstep.view.scene.scene import Scene

WITHOUT_BATCH = "this problem has no batch axis, so there is one sample"
"""Why there is no other sample to go to."""


class Choice(NamedTuple):
    """Which faces to show; None follows the loop."""

    input_channel: int | None = None
    """Offset of the input channel within the step's group."""
    output_channel: int | None = None
    """The output channel whose kernel and upstream gradient are shown."""


def chosen(choice: Choice, panel: Panel, by: int, geometry: Geometry) -> Choice:
    """The choice with another face of a panel; panels that show the same channel go along."""
    name, (count, current) = panel.face.name, panel.choices
    c_out, _, _, c_k = geometry.kernel_shape
    at = (current + by) % count
    if name == "dA_prev":
        return choice._replace(input_channel=((choice.input_channel or 0) + by) % count)
    if count == c_out * c_k > max(c_out, c_k):
        return Choice(at % c_k, at // c_k)
    if name in ("dZ", "db", "Z") or (name in ("W", "dW") and c_k == 1):
        return choice._replace(output_channel=at)
    return choice._replace(input_channel=at)


def choice_at(name: str, cells: Sequence[tuple[int, ...]], index: StepIndex, geometry: Geometry) -> Choice:
    """Faces that show one of some cells of dW or dA_prev, if they can the faces that the loop is at."""
    i_c, start = index.i_c, geometry.channels(index.i_c).start
    if name == "dW":
        own = [cell for cell in cells if cell[0] == i_c]
        cell = next((cell for cell in own if cell[-1] == 0), (own or cells)[0])
        return Choice(cell[-1] or None, None if cell[0] == i_c else cell[0])
    channel = ([cell for cell in cells if cell[-1] == start] or cells)[0][-1]
    return Choice((channel - start) % geometry.input_shape[2] or None, None)


def in_sample(index: StepIndex, by: int, geometry: Geometry) -> int | str:
    """The position after the same place of another sample, or why there is none."""
    count = geometry.samples
    if geometry.batch is None:
        return tr(WITHOUT_BATCH)
    if not 0 <= index.i_n + by < count:
        return tr(
            "this is the last of {count} samples" if by > 0 else "this is the first of {count} samples",
            count=count,
        )
    return geometry.step_at(index._replace(i_n=index.i_n + by)) + 1


def swept(old: Scene, new: Scene, geometry: Geometry) -> dict[str, Span]:
    """The block of the padded gradient's faces that was written between two scenes; {} for all."""
    places = places_between(old, new, geometry)
    if places is None:
        return {}
    down, along = places
    rows = slice(geometry.rows(down[0]).start, geometry.rows(down[-1]).stop)
    columns = slice(geometry.columns(along[0]).start, geometry.columns(along[-1]).stop)
    if len(down) > 1:
        columns = slice(0, geometry.padded_shape[1])
    return {"dA_prev_pad": Span.of(rows, columns)}


def places_between(old: Scene, new: Scene, geometry: Geometry) -> tuple[range, range] | None:
    """Output rows and columns of the steps executed between two scenes; None where that is no block."""
    (first, _), (last, under_way) = sorted((old.progress, new.progress))
    last += 1 if under_way else 0
    start, stop = (geometry.index_at(step) for step in (first, max(last - 1, first)))
    if start.i_n != stop.i_n or first == last:
        return None
    rows = range(start.i_h, stop.i_h + 1)
    return rows, range(start.i_w, stop.i_w + 1) if len(rows) == 1 else range(geometry.output_shape[1])


def kept_faces(choice: Choice) -> dict[str, int]:
    """The chosen channels by the axis they are of, as a session keeps them."""
    faces = {"input": choice.input_channel, "output": choice.output_channel}
    return {name: face for name, face in faces.items() if face is not None}


def shows(panel: Panel, name: str) -> bool:
    """Whether a panel shows an array; beside a candidate `dA_prev` stands for the padded one."""
    return panel.face.name in ((name, "dA_prev") if name == "dA_prev_pad" else (name,))


def panel_of(scene: Scene, name: str) -> Panel | None:
    """The first panel that shows an array."""
    return next((panel for panel in scene.panels if shows(panel, name)), None)


def cell_of(panel: Panel, cell: Cell, geometry: Geometry) -> tuple[str, tuple[int, ...]]:
    """The array and the index that a cell of a panel stands for; one of `dA_prev` for a padded one."""
    name, index = panel.face.name, panel.face.index(*cell)
    if name != "dA_prev":
        return name, index
    from convstep.lessons.tensors import padded

    return "dA_prev_pad", padded(index, geometry)


def found_on(panel: Panel, name: str, index: tuple[int, ...], geometry: Geometry) -> Cell | None:
    """Where a panel shows a cell of an array; the other way round than `cell_of`."""
    if (panel.face.name, name) == ("dA_prev", "dA_prev_pad"):
        (top, _), (left, _) = geometry.padding
        *sample, row, column, channel = index
        name, index = "dA_prev", (*sample, row - top, column - left, channel)
    at = panel.face.find(index) if panel.face.name == name else None
    rows, columns = panel.face.shape
    return Cell(*at) if at is not None and 0 <= at[0] < rows and 0 <= at[1] < columns else None


def stop_at(panel: Panel, cell: Cell, geometry: Geometry) -> Stop | None:
    """The stop that a cell stands for: a step's `dz`, or a gradient's cell; else None."""
    from convstep.replay.stop_kinds import Breakpoint, Watchpoint

    name, index = cell_of(panel, cell, geometry)
    if name == "dZ":
        *sample, i_h, i_w, i_c = index
        return Breakpoint(i_n=sample[0] if sample else None, i_h=i_h, i_w=i_w, i_c=i_c)
    return Watchpoint(name, index) if name in GRADIENTS else None


def stop_on(panel: Panel, stop: Stop, geometry: Geometry) -> Cell | None:
    """Where a stop stands on a panel; None for conditions, and for what is on other faces."""
    from convstep.replay.stop_kinds import Breakpoint, Watchpoint

    if isinstance(stop, Watchpoint):
        return found_on(panel, stop.array, stop.index, geometry)
    if not isinstance(stop, Breakpoint):
        return None
    place = dict(stop.place)
    index = tuple(place[name] for name in geometry.nest.spoken if name in place)
    return found_on(panel, "dZ", index, geometry) if len(index) == len(geometry.nest.spoken) else None


def provenance_at(problem: Problem, name: str, index: tuple[int, ...]) -> Provenance:
    """What makes a cell of a running gradient, by the array's name."""
    from convstep.conv.provenance import provenance

    return provenance(problem, name, index)
