"""What widgets tell the screen. Messages go up; widgets change nothing themselves."""

from __future__ import annotations

from textual.message import Message

from convstep.view.grid.panel import Cell


class CellMessage(Message):
    """Something about one cell of a panel."""

    def __init__(self, key: str, cell: Cell) -> None:
        super().__init__()
        self.key = key
        """The panel's key."""
        self.cell = cell
        """The cell of its face."""


class CellHovered(CellMessage):
    """The mouse rests on a cell."""


class CellClicked(CellMessage):
    """A cell was clicked."""


class SeekRequested(Message):
    """The timeline was clicked."""

    def __init__(self, position: int) -> None:
        super().__init__()
        self.position = position
        """Where to go: 0 … total."""
