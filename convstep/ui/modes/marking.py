"""Marking cells on a grid: the answer to "which cells?"."""

from __future__ import annotations

import itertools

from convstep.lessons.questions import CellsQuestion
from convstep.ui.debugger.host import Handler, Handlers
from convstep.ui.modes.page import Page
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.grid.panel import Cell
from convstep.view.lesson.pointing import pointed_at
from convstep.view.panels.conv2d_cells import panel_of


class Marking:
    """While cells are marked, keys and clicks mark them instead of moving the debugger."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._last: Cell | None = None
        """Where a block of marks begins."""

    def handlers(self) -> Handlers:
        """Keys while cells are marked."""
        page = self._page
        return {
            "mark": Handler(self._toggle_pointed, lambda: page.selecting),
            "mark-block": Handler(self._mark_block, lambda: page.selecting),
            "stop-marking": Handler(self.stop, lambda: page.selecting),
        }

    def begin(self, question: CellsQuestion) -> None:
        """Let cells be marked on the panel that the question is about."""
        page, state = self._page, self._page.state
        panel = panel_of(state.scene, question.tensor)
        if panel is None:
            return
        if page.wandered:
            page.stand()
        page.selecting, self._last = True, None
        state.tab, state.maximised = panel.key, ""
        page.host.rearrange()
        grid = page.host.panels.grid(panel.key)
        page.host.panels.focus(grid)
        grid.pointed()
        page.tell()
        page.say_how(question)

    def stop(self) -> None:
        """Mark no more, and read on; the marks stay."""
        self.leave()
        self._page.tell()
        self._page.take_keys()

    def leave(self) -> None:
        """Mark no more; the marks stay."""
        if self._page.selecting:
            self._page.selecting = False
            self._page.host.rearrange()

    def toggle(self, key: str, cell: Cell) -> None:
        """Mark a cell of a panel, or take its mark away."""
        self._last = cell
        self._mark(key, [cell], add=False)

    def _toggle_pointed(self) -> None:
        """The same under the cursor."""
        grid = self._pointed_grid()
        if grid is not None and grid.cursor is not None:
            self.toggle(grid.key, grid.cursor)

    def _mark_block(self) -> None:
        """Mark all from the last mark to the cursor."""
        grid = self._pointed_grid()
        if grid is None or grid.cursor is None:
            return
        first, last = self._last or grid.cursor, grid.cursor
        rows, columns = (sorted(pair) for pair in zip(first, last, strict=True))
        cells = itertools.product(range(rows[0], rows[1] + 1), range(columns[0], columns[1] + 1))
        self._mark(grid.key, [Cell(*cell) for cell in cells], add=True)

    def _pointed_grid(self) -> TensorGrid | None:
        """The grid with a cursor; None says how cells are marked."""
        grid, question = self._page.host.focused, self._page.walk.question
        if isinstance(grid, TensorGrid) and grid.cursor is not None:
            return grid
        if question is not None:
            self._page.say_how(question)
        return None

    def _mark(self, key: str, cells: list[Cell], *, add: bool) -> None:
        """Mark cells of a panel; unless adding, a marked one loses its mark."""
        page = self._page
        question, panel = page.walk.question, page.state.scene.find(key)
        if panel is None or not isinstance(question, CellsQuestion):  # a click that comes after the page
            return
        found = [pointed_at(page.state.stage, panel, cell) for cell in cells]
        if {tensor for tensor, _ in found} != {question.tensor}:
            page.host.say(question.prompt)
            return
        indices = {index for _, index in found}
        page.chosen = page.chosen | indices if add else page.chosen ^ indices
        page.put_marks()
        page.host.show()
