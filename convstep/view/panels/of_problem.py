"""OfProblem: what the stages of both directions say of the arrays that a convolution begins with."""

from __future__ import annotations

from convstep.conv.problem import Problem
from convstep.language import tr
from convstep.view.grid.panel import Cell, Panel
from convstep.view.scene.staged import Input, Staged


class OfProblem(Staged):
    """A stage of a convolution, whichever direction it shows."""

    @property
    def _problem(self) -> Problem:
        """Whose steps."""
        raise NotImplementedError

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
