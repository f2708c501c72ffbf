"""The window that an iteration of the candidate uses, and the one that the reference uses for the same dZ."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from convstep.brief import brief
from convstep.candidate.step.own_arrays import Held, axis_of, touched
from convstep.conv.geometry import Geometry, StepIndex
from convstep.frozen import frozen
from convstep.recording.recording import Recording
from convstep.steps.cells import Array
from convstep.steps.event import Access, Event, Statement


@frozen(eq=False)
class OwnWindow:
    """Rows and columns of one array of the author's."""

    array: str
    """What the author calls it."""
    rows: range
    columns: range
    right_rows: range
    """The rows that the reference uses, counted in the author's array."""
    right_columns: range
    statement: Statement | None = None
    """The statement of the same iteration that says where the window is; None if there is no single one."""
    name: str = ""
    """The variable that this sets to where the window begins; "" if it sets something else."""
    value: int = 0
    """What that is."""
    right_value: int = 0
    """Where the reference's window begins along the same axis."""

    __repr__ = brief

    @property
    def differs(self) -> list[tuple[int, range, range]]:
        """Of rows (0) and columns (1) those that are others than the reference's: its own, and those."""
        both = (self.rows, self.right_rows), (self.columns, self.right_columns)
        return [(n, own, right) for n, (own, right) in enumerate(both) if [*own] != [*right]]


def window_of(
    recording: Recording,
    event: Event,
    statement: Statement,
    geometry: Geometry,
    index: StepIndex,
    held: Sequence[Held],
    *,
    writes: bool,
) -> OwnWindow | None:
    """The window of a step's statement, or None if it is the reference's, or is not seen.

    The recording stands after the step, `index` is the reference's step with the same dZ, `held` where the
    run has the array that the window lies in.
    """
    for access in statement.accesses:
        found = touched(recording, access) if access.writes == writes else None
        if found is None or not len(found[1]):
            continue
        axes = _axes(recording, found[0], held)
        if axes is None:
            continue
        lines = _lines_of(access, axes, recording.owners[found[0]].view.shape)
        if lines is None:
            return None
        array = recording.memory.seen(recording.owners[found[0]].view)
        window = _against(array, access, axes, lines, geometry, index)
        if window is None or _stands_elsewhere(window, axes, geometry):
            return window
        return _with_statement(array, window, event, statement, access, axes)
    return None


Axes = tuple[tuple[int, int], tuple[int, int]]
"""Of rows and of columns: the axis of the author's array, and how far it is shifted there."""


def _axes(recording: Recording, storage: int, held: Sequence[Held]) -> Axes | None:
    """Along which axes of an array the rows and columns of a picture run."""
    for one in held:
        own = one.storages == storage
        if not own.any():
            continue
        places, cells, view = one.places[own], np.nonzero(own), recording.owners[storage].view
        rows, columns = (axis_of(view, places, cells[axis]) for axis in (-3, -2))
        if rows is not None and columns is not None and rows[0] != columns[0]:
            return rows, columns
    return None


def _lines_of(access: Access, axes: Axes, shape: Sequence[int]) -> tuple[range, range] | None:
    """The rows and columns that an access touches; None if they are no box."""
    if access.cells is not None:
        return None
    found = []
    for axis, _ in axes:
        part = access.region[axis] if axis < len(access.region) else slice(0, shape[axis], 1)
        found.append(range(shape[axis])[part] if isinstance(part, slice) else range(part, part + 1))
    return found[0], found[1]


def _against(
    array: Array, access: Access, axes: Axes, lines: tuple[range, range], geometry: Geometry, index: StepIndex
) -> OwnWindow | None:
    """The window beside the reference's; None if both are the same."""
    right: list[range] = []
    for (axis, shift), taken, (before, _) in zip(
        axes, (geometry.rows(index.i_h), geometry.columns(index.i_w)), geometry.padding, strict=True
    ):
        offset = shift - before
        whole = range(taken.start + offset, taken.stop + offset, taken.step)
        inside = [at for at in whole if 0 <= at < array.shape[axis]]
        right.append(range(inside[0], inside[-1] + 1, taken.step) if inside else range(0))
    window = OwnWindow(access.array, *lines, right[0], right[1])
    return window if window.differs else None


def _stands_elsewhere(window: OwnWindow, axes: Axes, geometry: Geometry) -> bool:
    """Whether the reference has such a window at another step: then the cell of dZ may be the wrong one."""
    for n, own, _ in window.differs:
        _, shift = axes[n]
        start = own.start - shift + geometry.padding[n][0] if len(own) else 0
        steps = range(0, geometry.output_shape[n] * geometry.stride[n], geometry.stride[n])
        taps = range(start, start + geometry.reach[n], geometry.dilation[n])
        if start in steps and len(own) == len(taps) and own.step == taps.step:
            return True
    return False


def _with_statement(
    array: Array, window: OwnWindow, event: Event, statement: Statement, access: Access, axes: Axes
) -> OwnWindow:
    """The same with the statement that says where it is."""
    n, own, right = window.differs[0]
    found = _Deciding(event, access, array, _bound(event, statement)).of(statement, axes[n][0])
    if found is None:
        return window
    name, setting = found
    value = setting.variables.get(name)
    if not isinstance(value, (int, np.integer)) or value != own.start or not (len(own) and len(right)):
        return replace(window, statement=setting)
    return replace(window, statement=setting, name=name, value=own.start, right_value=right.start)


def _bound(event: Event, statement: Statement) -> dict[str, Statement]:
    """The variables that the step sets before a statement, each with the statement that sets it last."""
    loops = {loop.line for loop in event.loops}
    found: dict[str, Statement] = {}
    for one in event.statements:
        if one is statement:
            break
        if one.line not in loops and one.frame == statement.frame:
            found |= dict.fromkeys(one.variables, one)
    return found


@frozen(eq=False)
class _Deciding:
    """Looks for the statement of a step that says where an access begins."""

    event: Event
    access: Access
    array: Array
    """The array that it is an access of, live."""
    bound: dict[str, Statement]
    """The variables that the step sets before."""

    def of(self, statement: Statement, axis: int, deep: int = 3) -> tuple[str, Statement] | None:
        """The variable on which it depends, and the statement that sets it; None if there is none."""
        try:
            tree = ast.parse(statement.text)
        except SyntaxError:  # the head of an `if`
            return None
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                dropped = self._axes_dropped(node.value.id)
                if dropped is None:
                    continue
                for name in _begins(node.slice, axis - dropped):
                    if name in self.bound:
                        return name, self.bound[name]
        for node in ast.walk(tree):  # a window that was given a name before
            if isinstance(node, ast.Name) and node.id in self.bound and deep:
                setting = self.bound[node.id]
                if setting is not statement and _is_view(setting, self.access):
                    return self.of(setting, axis, deep - 1) or (node.id, setting)
        return None

    def _axes_dropped(self, name: str) -> int | None:
        """How many axes of the array a variable lacks that stands for a part of it; None if it does not."""
        value = self.event.variables.get(name)
        if not isinstance(value, np.ndarray) or not np.may_share_memory(value, self.array):
            return None
        return self.array.ndim - value.ndim


def _is_view(statement: Statement, access: Access) -> bool:
    """Whether a statement gives these very cells a name."""
    return any(
        one.kind == "names" and one.array == access.array and one.region == access.region
        for one in statement.accesses
    )


def _begins(index: ast.expr, axis: int) -> Iterator[str]:
    """The variables that by themselves say where an index begins along an axis."""
    parts: Collection[ast.expr] = index.elts if isinstance(index, ast.Tuple) else [index]
    listed = list(parts)
    plain = not any(
        isinstance(part, ast.Starred) or (isinstance(part, ast.Constant) and part.value in (..., None))
        for part in listed
    )
    own = listed[max(axis, 0) : axis + 1] if plain and isinstance(index, ast.Tuple) else listed
    for part in own:
        begin = part.lower if isinstance(part, ast.Slice) else part
        if isinstance(begin, ast.Name):  # of a sum, either may be meant otherwise
            yield begin.id
