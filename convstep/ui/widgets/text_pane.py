"""TextPane: a bordered part of the screen whose text depends on its size."""

from __future__ import annotations

from collections.abc import Callable, Collection

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.visual import Visual, visualize
from textual.widget import Widget

from convstep.view.scene.own_lines import LINE

Draw = Callable[[int, int], Text]
"""From columns and lines of room to the text."""


class TextPane(Widget, can_focus=True):
    """The source pane and the step card: what they say is decided in `view`."""

    DEFAULT_CSS = """
    TextPane {
        text-wrap: nowrap; text-overflow: clip;
        border: round $foreground 35%; border-title-color: $foreground;
    }
    TextPane:focus { border: heavy $foreground; border-title-style: bold; }
    """

    def __init__(self, key: str, title: str, to_line: Callable[[int], None] | None = None) -> None:
        """Make an empty part of a key in the plan; `to_line` does what a click on a numbered line does."""
        super().__init__(id=key)
        self.key = key
        """Its key in the plan."""
        self.border_title = title
        self._draw: Draw | None = None
        self._lines: list[Text] = []
        """What was drawn last."""
        self._painted: list[Text] = []
        """What was painted last."""
        self._stale = False
        """Whether something else may be due than that."""
        self._painting = False
        self._to_line = to_line

    def show(self, draw: Draw) -> None:
        """Draw this from now on."""
        self._draw, self._stale = draw, True
        self.refresh(Region())  # which lines are new is found out when a frame is due

    def _exchange_repaint_regions(self) -> Collection[Region]:
        """What to paint again: lines that are as before, as most are, stay."""
        # of the frame before: to ask for the size now would find the places of the next one too early
        size = self._render_cache.size
        if self._stale and size:
            self._stale = False
            self._draw_for(size)
            for y in range(min(max(len(self._lines), len(self._painted)), size.height)):
                if self._lines[y : y + 1] != self._painted[y : y + 1]:
                    self._set_dirty(Region(-1, y, size.width + 2, 1))  # a line in part is cut first
        return super()._exchange_repaint_regions()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines to paint; all anew where they are painted before it is known which are new."""
        if self._stale:
            self._stale = False
            self._set_dirty()
        self._painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._painting = False

    def render_line(self, y: int) -> Strip:
        """One line; to whoever does not paint, with the place of its parts, by which Textual selects text."""
        line = super().render_line(y)
        marked = not self._painting and y < len(self._render_cache.lines)
        return line.apply_offsets(0, y) if marked else line

    def _render_content(self) -> None:
        """Render the new lines alone, if no more than these was asked for."""
        kept, dirty = self._render_cache, self._dirty_regions
        if self.text_selection is not None:
            super()._render_content()
        elif kept.size != self.size or any(region.height > 1 for region in dirty):
            self._render_cache = kept._replace(size=self.size, lines=self._strips(self._render()))
        else:
            rows = {region.y - self.content_offset.y for region in dirty if region}
            new = Text("\n").join(line if y in rows else Text() for y, line in enumerate(self._lines))
            strips = self._strips(visualize(self, new, markup=False))
            old = dict(enumerate(kept.lines))
            lines = [strip if y in rows else old.get(y, strip) for y, strip in enumerate(strips)]
            self._render_cache = kept._replace(lines=lines)
        dirty.clear()
        self._painted = self._lines

    def _strips(self, visual: Visual) -> list[Strip]:
        """What Textual makes of a text, but for the places of its parts: styles are told apart by them."""
        assert isinstance(visual, Content)
        (width, height), base = self.size, self.visual_style
        lines = [line.expand_tabs().truncate(width) for line in visual.split(allow_blank=True)[:height]]
        parts = (line.render(base, end="", parse_style=self._get_style) for line in lines)
        drawn = ([Segment(text, (base + style).rich_style) for text, style in line] for line in parts)
        return [Strip(segments, line.cell_length) for segments, line in zip(drawn, lines, strict=True)]

    def on_click(self, event: events.Click) -> None:
        """Say which line was clicked, if one was."""
        line = event.style.meta.get(LINE)
        if line is not None and self._to_line is not None:
            self._to_line(line)

    def render(self) -> Text:
        """The text for the room there is."""
        return self._draw_for(self.content_size)

    def _draw_for(self, size: Size) -> Text:
        text = Text() if self._draw is None else self._draw(*size)
        self._lines = list(text.split("\n", allow_blank=True))
        return text
