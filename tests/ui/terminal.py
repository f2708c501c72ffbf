"""A terminal that remembers: what the app has really painted, cell for cell.

Textual repaints regions. A test that asks Textual what the screen looks like gets what Textual
would paint now; only the sum of everything it has sent shows a cell that was forgotten.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console, RenderableType
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.widget import Widget

from convstep.ui.torch_app import TorchApp
from convstep.ui.widgets.tensor_grid import TensorGrid

_RUNS = re.compile(r"\x1b\[([\d;]*)([mH])([^\x1b]*)")
"""A style or a place, and the text up to the next one."""
NEVER = "\0"
"""The text of a cell that was not painted yet."""


class Painted(NamedTuple):
    """One cell of a terminal."""

    text: str
    """The character; empty in the second column of a wide one."""
    style: str
    """The SGR parameters it was written with."""


class Terminal:
    """Takes what the app sends and keeps the screen that a person would see."""

    def __init__(self) -> None:
        self.updates = 0
        """How often something was painted."""
        # a list for every line: whole runs are written at once
        self._texts: list[list[str]] = []
        self._styles: list[list[str]] = []
        self._first: tuple[list[list[str]], list[list[str]]] = [], []
        self._runs: list[tuple[int, int, int]] = []
        self._console = Console(color_system="truecolor", force_terminal=True, width=10_000, _environ={})

    def paint(self, update: CompositorUpdate) -> None:
        """Write an update over what there is."""
        self.updates += 1
        line = column = 0
        style = ""
        # the reset in front gives text before the first style one of its own
        for parameters, kind, text in _RUNS.findall("\x1b[0m" + update.render_segments(self._console)):
            if kind == "H":
                line, column = (int(one) - 1 for one in parameters.split(";"))
            else:
                style = "" if parameters == "0" else parameters
            for number, part in enumerate(text.split("\n")) if text else ():
                if number:
                    line, column = line + 1, 0
                if part:
                    column = self._write(line, column, part, style)
        if self.updates == 1:
            self._first = [line[:] for line in self._texts], [line[:] for line in self._styles]

    def _write(self, line: int, column: int, text: str, style: str) -> int:
        """Put a text there; the column behind it."""
        characters = list(text)
        if not text.isascii() and cell_len(text) != len(text):
            characters = [part for one in text for part in (one, *[""] * (cell_len(one) - 1))]
        while len(self._texts) <= line:
            self._texts.append([])
            self._styles.append([])
        stop = column + len(characters)
        texts, styles = self._texts[line], self._styles[line]
        if len(texts) < stop:
            missing = stop - len(texts)
            texts += [NEVER] * missing
            styles += [""] * missing
        texts[column:stop] = characters
        styles[column:stop] = [style] * len(characters)
        self._runs.append((line, column, stop))
        return stop

    @property
    def cells(self) -> dict[tuple[int, int], Painted]:
        """All that was ever painted, by (line, column)."""
        return _by_place(self._texts, self._styles)

    @property
    def first(self) -> dict[tuple[int, int], Painted]:
        """What the first update put there."""
        return _by_place(*self._first)

    @property
    def latest(self) -> set[tuple[int, int]]:
        """What has been painted since `forget_latest`, by (line, column)."""
        return {(line, x) for line, start, stop in self._runs for x in range(start, stop)}

    def forget_latest(self) -> None:
        """Count what is painted from now on."""
        self._runs.clear()

    def cell(self, x: int, y: int) -> Painted:
        """One cell; a blank where nothing was painted."""
        if y >= len(self._texts) or x >= len(self._texts[y]) or self._texts[y][x] == NEVER:
            return Painted(" ", "")
        return Painted(self._texts[y][x], self._styles[y][x])

    def shows_the_same(self, other: Terminal) -> bool:
        """Whether a person would see no difference."""
        return self._texts == other._texts and self._styles == other._styles

    def clear(self) -> None:
        """What a terminal does when it is resized, at worst."""
        self._texts.clear()
        self._styles.clear()

    def lines(self, width: int, height: int) -> list[str]:
        """The visible text."""
        return [self.text(line, range(width)).rstrip() for line in range(height)]

    def text(self, line: int, columns: range) -> str:
        """Some columns of a line; blanks where nothing was painted."""
        painted = self._texts[line][columns.start : columns.stop] if line < len(self._texts) else []
        return "".join(painted).replace(NEVER, " ") + " " * (len(columns) - len(painted))


def watch(app: App[Any]) -> Terminal:
    """A terminal that an app, which does not run yet, will paint into as well."""
    terminal, display = Terminal(), app._display

    def painting(screen: Screen[Any], renderable: RenderableType | None) -> None:
        display(screen, renderable)
        if isinstance(renderable, CompositorUpdate) and not app._batch_count:
            terminal.paint(renderable)

    app._display = painting  # type: ignore[method-assign]
    return terminal


def busy(app: App[Any]) -> bool:
    """Whether a part waits to be painted or to be told something."""
    screen = app.screen
    if isinstance(app, TorchApp) and app.type_ahead.waiting:
        return True
    if screen._dirty_widgets or screen._layout_required or screen._compositor._dirty_regions:
        return True
    return any(
        not pump._message_queue.empty() or pump._next_callbacks or getattr(pump, "_repaint_required", False)
        for pump in (app, screen, *screen.walk_children(Widget))
    )


def stale_cells(app: App[Any], terminal: Terminal) -> list[str]:
    """Where the terminal differs from a screen painted afresh in the same state.

    Only looks: caches are emptied, nothing is sent to the terminal.
    """
    screen = app.screen
    for widget in [w for s in app.screen_stack for w in (s, *s.walk_children(Widget))]:
        widget._styles_cache.clear()
        if isinstance(widget, TensorGrid):
            widget._look = None
        elif not isinstance(widget, ScrollView):
            widget._dirty_regions.add(widget.size.region)  # so that `render` is called again
    fresh = Terminal()
    regions = set(screen._compositor._dirty_regions)
    whole = screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(whole, CompositorUpdate)
    fresh.paint(whole)
    screen._compositor._dirty_regions |= regions
    if terminal.shows_the_same(fresh):
        return []
    painted, afresh = terminal.cells, fresh.cells
    width, height = app.size
    return [
        f"line {y}, column {x}: painted {painted.get((y, x))}, should be {afresh.get((y, x))}"
        for y in range(height)
        for x in range(width)
        if painted.get((y, x)) != afresh.get((y, x))
    ]


def _by_place(texts: list[list[str]], styles: list[list[str]]) -> dict[tuple[int, int], Painted]:
    return {
        (y, x): Painted(text, style)
        for y, line in enumerate(zip(texts, styles, strict=True))
        for x, (text, style) in enumerate(zip(*line, strict=True))
        if text != NEVER
    }
