"""OfProblem: what the stages of both directions share, and say of the arrays it begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convstep.conv import magnitude
from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.view.grid.panel import Cell, Panel
from convstep.view.panels import conv2d_cells
from convstep.view.panels.conv2d_cells import Choice
from convstep.view.scene.staged import Input, Staged

if TYPE_CHECKING:
    from convstep.conv.forward_timeline import ForwardTimeline


class OfProblem(Staged):
    """A stage of a convolution, whichever direction it shows."""

    timeline: Timeline | ForwardTimeline
    """What is shown."""
    choice: Choice
    """Which faces are shown."""

    @property
    def _problem(self) -> Problem:
        return self.timeline.problem

    @property
    def geometry(self) -> Geometry:
        """The convolution."""
        return self._problem.geometry

    @property
    def turns(self) -> bool:
        """Forward and backward are there."""
        return True

    @property
    def mapped(self) -> str:
        """The panel that has the keys first."""
        return self.followed

    @property
    def unmeasured(self) -> bool:
        """Whether magnitudes are too much work to find before the first screen."""
        return magnitude.work(self._problem) > magnitude.AT_ONCE

    @property
    def follows(self) -> bool:
        """Whether no channel was chosen."""
        return self.choice == Choice()

    def follow(self) -> None:
        """Follow the loop's channels."""
        self.choice = Choice()

    def turn(self, panel: Panel, by: int) -> None:
        """Choose another channel; panels that show the same one go along."""
        self.choice = conv2d_cells.chosen(self.choice, panel, by, self.geometry)

    def kept_faces(self) -> dict[str, int]:
        """The chosen channels by the axis they are of."""
        return conv2d_cells.kept_faces(self.choice)

    def input_at(self, panel: Panel, cell: Cell) -> Input | str | None:
        """A cell of `A_prev`, `W`, `b` or `dZ`, or why it is none; None on a panel of no input."""
        name, index = panel.face.name, panel.face.index(*cell)
        if name == "A_prev_pad":
            if panel.inside is not None and cell not in panel.inside:
                return tr("this cell is padding, which is no input: it is 0 whatever A_prev is")
            (top, _), (left, _) = self._problem.padding
            *sample, row, column, channel = index
            name, index = "A_prev", (*sample, row - top, column - left, channel)
        elif name not in ("W", "b", "dZ"):
            return None
        return Input(name, index, getattr(self._problem, name)[index])

    def input_of(self, array: str, cell: tuple[int, ...]) -> Input:
        """A cell of an array of the problem."""
        return Input(array, cell, getattr(self._problem, array)[cell])

    def save(self, path: str) -> None:
        """Write the problem."""
        self._problem.save(path)
