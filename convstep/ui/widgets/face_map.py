"""FaceMap: a whole large face as half-block heat, with the window on it."""

from __future__ import annotations

from collections.abc import Collection

from rich.cells import cell_len
from textual.geometry import Region
from textual.strip import Strip

from convstep.language import tr
from convstep.ui.widgets.fitted import Fitted
from convstep.ui.widgets.looks import look_for
from convstep.view.grid.look import Look
from convstep.view.grid.overview import Overview
from convstep.view.grid.panel import Panel, Span


class FaceMap(Fitted, can_focus=True):
    """Draws one panel's face in little room; a step takes only the pixels it touched anew."""

    DEFAULT_CSS = """
    FaceMap {
        text-wrap: nowrap; text-overflow: clip;
        border: round $foreground 35%; border-title-color: $foreground;
        border-subtitle-color: $foreground 60%;
    }
    FaceMap:focus { border: heavy $foreground; border-title-style: bold; }
    """

    def __init__(self, key: str) -> None:
        super().__init__(id=key)
        self.key = key
        """Its key in the plan."""
        self._panel: Panel | None = None
        self._overview = Overview(1, 1)
        self._look: Look | None = None

    def show(self, panel: Panel, changed: Collection[Span] | None) -> None:
        """Show a panel's face, which may have changed there since the last call; None for anywhere."""
        old, self._panel = self._panel, panel
        if old is None or old.face.fixed != panel.face.fixed or old.face.name != panel.face.name:
            changed = None
        if old is None or old.face.label != panel.face.label:  # a new title repaints the whole map
            self._write_title()
        if not self.display:
            return  # taken whole when it is shown again
        for span in [None] if changed is None else changed:
            self._overview.update(panel.face.values, span)
        if changed is None or old is None or old.limit != panel.limit:
            self.refresh()
            return
        for span in {*changed, old.window, panel.window} - {None}:
            assert span is not None
            lines = self._overview.lines_of(span)
            self.refresh(Region(0, lines.start, self.content_size.width, len(lines)))

    def fit(self) -> None:
        """The room changed: the pixels stand for other cells."""
        self._overview = Overview(self.content_size.width, self.content_size.height)
        if self._panel is not None:
            self._overview.update(self._panel.face.values, None)
            self._write_title()
        self.refresh()  # shown again in the same size, it would keep the old picture

    def notify_style_update(self) -> None:
        """A theme changed: colours are looked up anew."""
        super().notify_style_update()
        self._look = None

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        width = self.content_size.width
        if self._panel is None:
            return Strip.blank(width, self.rich_style)
        if self._look is None:
            self._look = look_for(self)
        segments = self._overview.line(y, self._panel, self._look)
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _write_title(self) -> None:
        """Name the face on the border, in as many words as fit."""
        assert self._panel is not None
        label, room = self._panel.face.label, self.content_size.width - 4
        shorter = (tr("map: {face}", face=face) for face in (label, label.replace(", ", ",")))
        titles = (tr("map of {face}", face=label), *shorter, label)
        title = next((title for title in titles if cell_len(title) <= room), titles[-1])
        self.border_title = title.replace("[", r"\[")
