"""Marking cells on a grid: the answer to "which cells?"."""

from __future__ import annotations

import itertools

from rich.cells import cell_len

from convstep.lessons.questions import CellsQuestion
from convstep.lessons.words import say
from convstep.ui.messages import CellClicked
from convstep.ui.screens.page import PageScreen
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.grid.panel import Cell
from convstep.view.lesson.pointing import index_of, panel_of


class MarkingScreen(PageScreen):
    """While cells are marked, keys and clicks mark them instead of moving the debugger."""

    _last_marked: Cell | None = None
    """Where a block of marks begins."""

    def action_stop_here(self) -> None:
        """While cells are marked, mark all from the last one to the cursor; else a stop."""
        grid = self.focused
        if not self.selecting or not isinstance(grid, TensorGrid) or grid.cursor is None:
            super().action_stop_here()
            return
        first, last = self._last_marked or grid.cursor, grid.cursor
        rows, columns = (sorted(pair) for pair in zip(first, last, strict=True))
        cells = itertools.product(range(rows[0], rows[1] + 1), range(columns[0], columns[1] + 1))
        self._mark(grid.key, [Cell(*cell) for cell in cells], add=True)

    def on_cell_clicked(self, message: CellClicked) -> None:
        """While cells are marked, a click marks one; it goes nowhere."""
        if self.selecting:
            message.prevent_default()
            self._toggle(message.key, message.cell)

    def begin_selecting(self, question: CellsQuestion) -> None:
        """Let cells be marked on the panel that the question is about."""
        panel = panel_of(self._scene, question.tensor)
        if panel is None:
            return
        if self.wandered:
            self.stand()
        self.selecting, self._last_marked = True, None
        self._tab, self._maximised = panel.key, ""
        self._arrange()
        grid = self.query_one(f"#{panel.key}", TensorGrid)
        self.set_focus(grid, scroll_visible=False)
        grid.pointed()
        self.tell()
        room = self.size.width - 4
        self.say(question.how if cell_len(question.how) <= room else say(self.language, "how.cells.short"))

    def leave_selecting(self) -> None:
        """Mark no more; the marks stay."""
        if self.selecting:
            self.selecting = False
            self._arrange()

    def toggle_pointed(self) -> None:
        """Mark the cell under the cursor, or take its mark away."""
        grid = self.focused
        if isinstance(grid, TensorGrid) and grid.cursor is not None:
            self._toggle(grid.key, grid.cursor)

    def _toggle(self, key: str, cell: Cell) -> None:
        """Mark a cell, or take its mark away."""
        self._last_marked = cell
        self._mark(key, [cell], add=False)

    def _mark(self, key: str, cells: list[Cell], *, add: bool) -> None:
        """Mark cells of a panel; unless adding, a marked one loses its mark."""
        question, panel = self.walk.question, self._scene.find(key)
        if panel is None or not isinstance(question, CellsQuestion):  # a click that comes after the page
            return
        found = [index_of(panel, cell, self._problem.geometry) for cell in cells]
        if {tensor for tensor, _ in found} != {question.tensor}:
            self.say(question.prompt)
            return
        indices = {index for _, index in found}
        self.chosen = self.chosen | indices if add else self.chosen ^ indices
        self.put_marks()
        self._show(all_changed=False)
