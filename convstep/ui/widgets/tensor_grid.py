"""TensorGrid: one face of a tensor, drawn line by line; a step repaints only what it changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from textual import events
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from convstep.ui.messages import CellClicked, CellHovered
from convstep.ui.widgets.looks import look_for
from convstep.view.grid.drawing import Look, draw_header, draw_line, draw_note
from convstep.view.grid.panel import Cell, Panel, Span, title_of
from convstep.view.grid.places import GridLayout, Rect, lay_out_in_unit


class TensorGrid(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws a panel. Holds no numbers: the panel's face is a view of the live tensor."""

    DEFAULT_CSS = """
    TensorGrid {
        border: round $foreground 35%;
        border-title-color: $foreground;
        border-subtitle-color: $foreground 60%;
        scrollbar-size: 0 0;
        padding: 0;
    }
    TensorGrid:focus { border: heavy $foreground; border-title-style: bold; }
    """

    def __init__(self, key: str) -> None:
        """Make an empty grid for the panel with this key."""
        super().__init__(id=key)
        self.key = key
        """The panel's key."""
        self.panel: Panel | None = None
        """What is shown."""
        self.mode = "both"
        """How values are shown."""
        self.precision = 0
        """Columns added to each number."""
        self.large = False
        """Whether it is read from afar."""
        self.alone = False
        """Whether it has all the room."""
        self.footnote = ""
        """What the lower border says instead of the face's size."""
        self.cursor: Cell | None = None
        """Where the cell cursor stands; None until somebody moves it."""
        self._looking = False
        """Whether the cursor was moved since the last step: then it is what is kept in sight."""
        self._drawn: Panel | None = None
        """The panel as it is drawn: without a common factor where its title has no room for one."""
        self._window: Span | None = None
        """The latest window on a face of this shape: at a step without one no cell moves."""
        self._plan: GridLayout | None = None
        self._late = True
        """Whether it waits for room to be laid out in."""
        self._look: Look | None = None
        self._seen: tuple[Size, Offset] | None = None
        """While lines are painted, the room and what is scrolled past: neither changes from line to line."""
        self._border = ("", "")

    def show(self, panel: Panel, changed: Collection[Span] | None, *, stepped: bool = True) -> None:
        """Show a panel in place of the one before, which may look different where it changed; None: anywhere.

        `stepped`: it is another place of the pass, to which a person wants to be taken.
        """
        old, drawn, before = self.panel, self._drawn, self._plan
        self.panel = panel
        self._lay_out()
        self._repaint(drawn, before, changed)
        if stepped or old is None:
            self._looking = False
        if stepped or old is None or _where(old) != _where(panel):
            self._follow()

    def annotate(self, footnote: str) -> None:
        """Put a note on the lower border; an empty one gives the face's size back."""
        self.footnote = footnote
        if self._drawn is not None:
            self._write_border()

    def set_look(self, mode: str, precision: int, *, large: bool = False, alone: bool = False) -> None:
        """Change how values are drawn."""
        self.mode, self.precision = mode, precision if mode != "heat" else 0
        self.large, self.alone = large, alone
        self._look = None
        self._lay_out()
        self._follow()
        self.refresh()

    def move_cursor(self, rows: int, columns: int) -> None:
        """Move the cell cursor, within the face, and keep it in sight."""
        if self.cursor is None or self.panel is None:
            self.pointed()
            return
        last_row, last_column = (count - 1 for count in self.panel.face.shape)
        cell = Cell(
            min(max(self.cursor.row + rows, 0), last_row),
            min(max(self.cursor.column + columns, 0), last_column),
        )
        self.place_cursor(cell)

    def pointed(self) -> Cell:
        """The cell under the cursor, which appears if there was none; even before the panel has a size."""
        cell = self.cursor
        if cell is None:
            cell = Cell(0, 0) if self.panel is None else _first_cell(self.panel)
            self.place_cursor(cell)
        return cell

    def place_cursor(self, cell: Cell) -> None:
        """Put the cell cursor on a cell and keep it in sight."""
        self._redraw_cursor()
        self.cursor, self._looking = cell, True
        self._redraw_cursor()
        self._bring_into_view(Span.single(cell))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of the visible part."""
        self._seen = self.size, self.scroll_offset
        try:
            return super().render_lines(crop)
        finally:
            self._seen = None

    def render_line(self, y: int) -> Strip:
        """One line of the visible part."""
        (width, height), (scroll_x, scroll_y) = self._seen or (self.size, self.scroll_offset)
        panel = self._drawn
        if panel is None or self._plan is None:
            return Strip.blank(width, self.rich_style)
        look = self._current_look()
        if panel.note:
            segments = draw_note(panel.note, y, width, look)
        elif y < self._plan.header:
            segments = draw_header(panel, self._plan, scroll_x, width, look)
        else:
            header = self._plan.header
            cut = self._plan.lines > 1 and self._plan.is_cut(y + scroll_y, header + scroll_y, height - header)
            segments = draw_line(panel, self._plan, y + scroll_y, scroll_x, width, look, cut=cut)
        return Strip(segments, width)

    def _size_updated(self, size: Size, *others: Any, **named: Any) -> bool:
        """The room changed, or there is some again: cells grow or shrink in the frame in which it does."""
        changed = self._size != size
        told = super()._size_updated(size, *others, **named)
        if changed or self._late:
            self._lay_out()
            self._follow()
            self._set_dirty()
        return told

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Paint what came into sight; no bar is moved: none is seen, and all parts would be placed anew."""
        if round(old_value) != round(new_value):
            self._refresh_lines()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The same."""
        self.watch_scroll_x(old_value, new_value)

    def on_focus(self) -> None:
        """Show the cell cursor."""
        self._redraw_cursor()

    def on_blur(self) -> None:
        """Hide the cell cursor."""
        self._redraw_cursor()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell the screen which cell the mouse is on."""
        cell = self._cell_under(event)
        if cell is not None:
            self.post_message(CellHovered(self.key, cell))

    def on_click(self, event: events.Click) -> None:
        """Tell the screen which cell was clicked."""
        cell = self._cell_under(event)
        if cell is not None:
            self.place_cursor(cell)
            self.post_message(CellClicked(self.key, cell))

    def notify_style_update(self) -> None:
        """A theme changed: colours are looked up anew."""
        super().notify_style_update()
        self._look = None

    def _lay_out(self) -> None:
        before, self._drawn = self._drawn, self.panel
        panel = self.panel
        self._late = panel is None or not self.size
        if panel is None or self._late:
            if before is not None and panel is not None and before.face.shape != panel.face.shape:
                self._plan = None  # that of another face; laid out when there is room
            return
        if panel.window is not None or before is None or before.face.shape != panel.face.shape:
            self._window = panel.window
        room, window = (self.size.width, self.size.height), self._window
        shaded = self.mode == "both" and self.app.no_color
        panel, plan = lay_out_in_unit(
            panel,
            *room,
            precision=self.precision,
            large=self.large,
            alone=self.alone,
            window=window,
            shaded=shaded,
        )
        if panel.power and not self._title(panel):
            panel = replace(panel, unit=0)
        self._drawn = panel
        if plan != self._plan:
            if self._plan is None or (plan.width, plan.height) != (self._plan.width, self._plan.height):
                # without a new layout: no part's place depends on it
                self.set_reactive(TensorGrid.virtual_size, Size(plan.width, plan.height))
                self._scroll_update(self.virtual_size)
            self._plan = plan
        rows, columns = panel.face.shape
        if self.cursor is not None:
            self.cursor = Cell(min(self.cursor.row, rows - 1), min(self.cursor.column, columns - 1))
        self._write_border()

    def _write_border(self) -> None:
        """Name the face on the border; only if that is new, because it repaints the whole panel."""
        assert self._drawn is not None
        if not self.size:
            self._late = True
            return
        border = (_in_hue(self._title(self._drawn), self._drawn), self._part_shown())
        if border != self._border:
            self._border = self.border_title, self.border_subtitle = border

    def _title(self, panel: Panel) -> str:
        """The title for the room there is; "" where the factor that all numbers share has no room in it."""
        return title_of(panel, self.size.width - 4, brief=self.large)

    def _part_shown(self) -> str:
        """The face's size, as far as the border has room for it."""
        assert self.panel is not None
        if self.footnote:
            return self.footnote
        rows, columns = self.panel.face.shape
        text = f"{rows}x{columns}"
        told = self.panel.listed or self.panel.note or self.large
        room = self.size.width > len(text) + 6 and not told
        return text if room else ""

    def _current_look(self) -> Look:
        if self._look is None:
            self._look = look_for(self, self.mode, self.cursor if self.has_focus else None)
        return self._look

    def _redraw_cursor(self) -> None:
        self._look = None
        if self.cursor is not None:
            self._refresh_span(Span.single(self.cursor))

    def _repaint(
        self, old: Panel | None, before: GridLayout | None, changed: Collection[Span] | None
    ) -> None:
        """Refresh what the panel draws differently from an older one and its layout."""
        new, after = self._drawn, self._plan
        if old is None or new is None or before is None or after is None:
            self.refresh()
            return
        if changed is None or (before, old.power) != (after, new.power):
            self._refresh_lines()
            return
        for span in changed:
            self._refresh_span(span)
        for cell in (old.now, new.now) if old.now != new.now else ():  # the current row's label stands out
            if cell is not None:
                y = after.y_of(cell.row)
                self._refresh_rect(Rect(self.scroll_offset.x, y, after.margin, after.lines))

    def _refresh_lines(self) -> None:
        """Refresh all lines; with the borders beside them, as a line that is painted in part is cut first."""
        self.refresh(Region(-1, 0, self.size.width + 2, self.size.height))

    def _refresh_span(self, span: Span) -> None:
        if self._plan is not None:
            self._refresh_rect(self._plan.rect(span))

    def _refresh_rect(self, rect: Rect) -> None:
        """Refresh a block of the content, as far as it is in sight."""
        scroll_x, scroll_y = self.scroll_offset
        region = Region(rect.x - scroll_x, rect.y - scroll_y, rect.width, rect.height)
        visible = region.intersection(self.size.region)
        if visible:
            self.refresh(visible)

    def _follow(self) -> None:
        """Scroll so far that the window, or the current cell, is in sight, then a cursor that is in use."""
        panel = self.panel
        if panel is None or not self.size:
            return
        if panel.window is not None:
            self._bring_into_view(panel.window)
        elif (cell := panel.now or panel.near) is not None:
            self._bring_into_view(Span.single(cell))
        else:
            self._scroll_both(*self.scroll_offset)  # no further than the face goes
        if self._looking and self.cursor is not None and self.has_focus:
            self._bring_into_view(Span.single(self.cursor))

    def _bring_into_view(self, span: Span) -> None:
        if self._plan is not None:
            offset = self.scroll_offset
            self._scroll_both(*self._plan.scrolled_to(span, (offset.x, offset.y), *self.size))

    def _scroll_both(self, x: int, y: int) -> None:
        if self._plan is None:
            return
        x = max(min(x, self._plan.width - self.size.width), 0)
        y = max(min(y, self._plan.height - self.size.height), 0)
        if (x, y) != tuple(self.scroll_offset):
            self.scroll_to(x, y, animate=False, force=True, immediate=True)

    def _cell_under(self, event: events.MouseEvent) -> Cell | None:
        place = event.get_content_offset(self)
        if place is None or self._plan is None:
            return None
        x = place.x if place.x < self._plan.margin else place.x + self.scroll_offset.x
        y = place.y if place.y < self._plan.header else place.y + self.scroll_offset.y
        return self._plan.cell_at(x, y)


def _in_hue(title: str, panel: Panel) -> str:
    """A title as markup, with what the step does in its hue."""
    for text in filter(None, (*(f" {use}" for use in panel.use_texts), panel.use_mark)):
        before, found, after = title.rpartition(text)
        if found:
            gap = " " * found.startswith(" ")
            return f"{_escaped(before)}{gap}[bold ${panel.use}]{found.strip()}[/]{_escaped(after)}"
    return _escaped(title)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def _first_cell(panel: Panel) -> Cell:
    """Where the cell cursor appears: at the window, at the current cell, or at the corner."""
    if panel.window is not None:
        return Cell(panel.window.top, panel.window.left)
    return panel.now if panel.now is not None else Cell(0, 0)


def _where(panel: Panel) -> tuple[object, ...]:
    """What of a tensor a panel shows, and which cell or window of it."""
    return panel.face.name, panel.face.fixed, panel.face.shape, panel.window, panel.now, panel.near
