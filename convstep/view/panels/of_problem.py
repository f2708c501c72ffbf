"""OfProblem: what the stages of both directions say of the arrays that a convolution begins with."""

from __future__ import annotations

from convstep.conv.problem import Problem
from convstep.view.grid.panel import Cell, Panel
from convstep.view.scene.staged import Input, Staged


class OfProblem(Staged):
    """A stage of a convolution, whichever direction it shows."""

    @property
    def _problem(self) -> Problem:
        """Whose steps."""
        raise NotImplementedError

    def input_at(self, panel: Panel, cell: Cell) -> Input | str | None:
        """A cell of `A_prev`, `W`, `b` or `dZ`."""
        from convstep.view.panels.unedited import input_at

        return input_at(panel, cell, self._problem)

    def input_of(self, array: str, cell: tuple[int, ...]) -> Input:
        """A cell of an array of the problem."""
        return Input(array, cell, getattr(self._problem, array)[cell])

    def save(self, path: str) -> None:
        """Write the problem."""
        self._problem.save(path)
