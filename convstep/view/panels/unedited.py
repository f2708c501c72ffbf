"""Unedited: the run as it is without the numbers that somebody edited, beside the one that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from convstep.conv.geometry import Geometry
from convstep.language import tr
from convstep.replay.edits import Numbers
from convstep.steps.cells import Array
from convstep.steps.stepped import Stepped
from convstep.view.grid.faces import face
from convstep.view.grid.panel import Cell, Panel
from convstep.view.scene.staged import digits

EDITED, CHANGED = "*", "Δ"
"""The marks of a cell that was edited, and of one that has another number because of that."""


@dataclass(eq=False)
class Unedited:
    """Holds what is shown against a run of the unedited numbers that stands at the same place."""

    run: Stepped
    """That run; it follows the one that is shown."""
    numbers: Numbers
    """What was edited, as a stage takes it."""
    shown: Numbers
    """The same by the arrays of the panels."""
    _arrays: Mapping[str, Array] = field(init=False, default_factory=dict)
    _masks: dict[str, npt.NDArray[np.bool_]] = field(init=False, default_factory=dict)

    def follow(self, run: Stepped) -> None:
        """Go to where a run stands, or to the end if that lies before it."""
        position, made = min(run.position, self.run.total), run.made
        if (self.run.position, self.run.made) != (position, made):
            self.run.seek(position)
            for _ in range(made):
                self.run.next_write()
        self.hold(self.run.arrays)

    def hold(self, arrays: Mapping[str, Array]) -> None:
        """Hold the panels against these arrays, by name."""
        self._arrays = arrays

    def marked(self, panel: Panel) -> Panel:
        """A panel with marks on what was edited, and on what is another number because of that."""
        edited = {
            cell: EDITED
            for index in self.shown.get(panel.face.name, ())
            if (cell := panel.face.find(index)) is not None
        }
        values = self._of(panel)
        if values is None or panel.differing is not None:
            return replace(panel, marks={**edited, **panel.marks}) if edited else panel
        mask = differing(panel.face.values, values)
        for cell in edited:
            mask[cell] = False
        shown = f"{panel.key} {panel.face.name}"  # of a gradient with its padding, or without it
        before = self._masks.setdefault(shown, mask)
        if not np.array_equal(before, mask):
            before = self._masks[shown] = mask
        # the same object where it is the same mask: a step then repaints little
        return replace(
            panel,
            marks={**edited, **panel.marks},
            differing=before if mask.any() else None,
            differing_mark=CHANGED,
        )

    def with_words(self, words: str, panel: Panel, cell: Cell) -> str:
        """What is said of a cell, with what it holds without the edits if that is something else."""
        values = self._of(panel)
        if values is None or not differing(panel.face.values[cell], values[cell]):
            return words
        return tr("{words} (unedited {before})", words=words, before=digits(values[cell]))

    def _of(self, panel: Panel) -> Array | None:
        """The unedited values of a panel's face; None where there is no such face."""
        array = self._arrays.get(panel.face.name)
        if array is None or array.shape != panel.face.lengths:
            return None
        return face(panel.face.name, array, panel.face.fixed).values


def differing(one: Array, other: Array) -> Array:
    """Where two arrays hold other numbers; NaN and NaN are the same."""
    return np.asarray((one != other) & ~((one != one) & (other != other)))


# of a convolution


def beside(run: Stepped, numbers: Numbers, geometry: Geometry) -> Unedited:
    """A run of the unedited problem to hold an edited one against."""
    shown = dict(numbers)
    if inputs := shown.pop("A_prev", None):
        from convstep.lessons.tensors import padded

        shown["A_prev_pad"] = {padded(index, geometry): number for index, number in inputs.items()}
    return Unedited(run, numbers, shown)
