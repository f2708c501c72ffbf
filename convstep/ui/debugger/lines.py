"""Lines: what stands above and below the panels: title, status, and before a class one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.widgets import Static

from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import cell_text
from convstep.ui.messages import CellMessage
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.grid.panel import Panel
from convstep.view.layout.present import sentence_lines
from convstep.view.numbers.statistics import Statistics
from convstep.view.scene.staged import Input
from convstep.view.text.lines import status_line, title_line

if TYPE_CHECKING:
    from textual.screen import Screen

    from convstep.ui.debugger.state import State
    from convstep.ui.modes.mode import Mode
    from convstep.view.scene.difference import Changed


class Lines:
    """Writes the lines around the panels."""

    def __init__(
        self,
        screen: Screen[Any],
        state: State,
        mode: Mode,
        focused_panel: Callable[[], Panel | None],
        standing: Callable[[], str],
        playing: Callable[[], tuple[str, str]],
    ) -> None:
        """Write on a screen.

        The statistics are of the focused panel. `standing` is what the status says when no cell is asked
        about, `playing` what title and status say while it plays.
        """
        self._screen, self._state, self._mode = screen, state, mode
        self._focused_panel, self._standing, self._playing = focused_panel, standing, playing
        self._statistics, self._counted = Statistics(), ("", "", "")
        self._aside, self.spoken = "", ""
        """What a key was answered with, until the next move."""

    @property
    def _width(self) -> int:
        return self._screen.size.width - 2

    def show_title(self) -> None:
        """Name and geometry on the left, the position on the right; facts are dropped for room."""
        state, mode = self._state, self._mode
        about = state.stage.facts()
        way_out = [tr("z leaves")] if state.presenting else []
        edited = [tr("numbers edited ({count})", count=state.edits.count)] if state.edits.numbers else []
        names, facts = mode.title_names(), [*way_out, *edited, *mode.title_facts()]
        rights = self._places()
        if self._aside and not state.presenting:
            room = self._width - 2 - cell_len(self._aside)
            names, facts = [self._aside], []
            rights = [*(right for right in rights if cell_len(right) <= room), ""]
        title = title_line(
            names,
            facts,
            rights,
            self._width,
            kept=[*way_out, *edited, *about.kept],
            spared=about.spared,
            ended=state.scene.position == state.scene.total,
        )
        self._screen.query_one("#title", Static).update(title, layout=False)

    def show_status(self) -> None:
        """The cell under the cursor in full precision, and what the step is at."""
        grid, playing = self._screen.focused, self._playing()[1]
        if playing:
            self._write(playing)
        elif isinstance(grid, TensorGrid) and grid.cursor is not None:
            self.show_cell(CellMessage(grid.key, grid.cursor), pointed=True)
        else:
            self._write(self._standing())
        self.spoken = ""

    def show_cell(self, message: CellMessage, *, pointed: bool = False) -> None:
        """One cell in full precision; `pointed`: it is under the cursor, so that Enter is about it."""
        panel, cell = self._state.scene.find(message.key), message.cell
        if panel is None:
            return
        rows, columns = panel.face.shape
        if cell.row < rows and cell.column < columns:
            stage = self._state.stage
            words = panel.note or stage.cell_words(panel, cell)
            found = stage.input_at(panel, cell) if pointed and not self._mode.anew.why_not else None
            hints = [tr("Enter changes it")] if isinstance(found, Input) else []
            if isinstance(found, Input) and found.array != panel.face.name:  # it is seen with its padding
                name = printable(cell_text(found.array, found.cell))
                hints.insert(0, tr("Enter changes it: {cell}", cell=name))
            lines = [*(f"{words} · {hint}" for hint in hints), words]
            self._write(next((line for line in lines if cell_len(line) <= self._width), words))

    def say(self, words: str) -> None:
        """Answer a key, until the next move: the one place for what is said, on every screen."""
        self._write(words, said=True)

    def show_sentence(self) -> None:
        """The step before a class; what was said takes a place of it."""
        if not self._state.presenting:
            return
        from convstep.view.scene.sentence import draw_banner, draw_sentence

        if sentence_lines(self._screen.size.height) > 1:
            banner = draw_banner(self._state.scene, self._width, self._aside)
            self._screen.query_one("#sentence", Static).update(banner, layout=False)
        else:
            aside = set_cell_size(self._aside, min(cell_len(self._aside), self._width))
            sentence = draw_sentence(self._state.scene, self._width)
            shown = Text(aside, no_wrap=True) if self._aside else sentence
            self._screen.query_one("#sentence", Static).update(shown, layout=False)

    def count(self, changed: Changed) -> None:
        """Keep the statistics of the focused face; only what a move changed is looked at again."""
        panel = self._focused_panel()
        if panel is None:
            return
        spans = changed.get(panel.key) if self._counted == _what(panel) else None
        for span in [None] if spans is None else spans:
            self._statistics.update(panel.face.values, span)
        self._counted = _what(panel)

    def _places(self) -> list[str]:
        """What the title says on the right, the longest form first."""
        scene, plays = self._state.scene, self._playing()[0]
        step = tr("step {position}/{total}", position=scene.position, total=scene.total)
        bare, places = scene.brief_place, [step]
        if bare:  # outside of loops there is none
            short = f"{scene.position}/{scene.total} ({bare})"
            places = [f"{step}   ({scene.place})", f"{step} ({bare})", short, step]
        return [f"{plays}{place}" for place in places]

    def _write(self, left: str, *, said: bool = False) -> None:
        """A sentence on the left; on the right as much of the facts as there is room for.

        `said`: it answers a key and must be seen without a status line, too.
        """
        self.spoken = left
        panel, state = self._focused_panel(), self._state.scene.state
        if panel is not None and self._counted != _what(panel):  # a click moved the focus
            self.count({})
        remarks = self._state.stage.remarks()
        counted = []
        if panel is not None and not panel.note:
            part = f" {panel.part}" if panel.part else ""
            counted = [f"{panel.face.label}{part} {self._statistics.text(listed=panel.listed)}"]
        rights = " · ".join([*remarks, *counted, state]), " · ".join([*remarks, state]), state
        line = self._screen.query_one("#status", Static)
        line.update(status_line(left, rights, self._width), layout=False)
        aside = left if said and not line.display else ""
        if aside != self._aside:
            self._aside = aside
            if self._state.presenting:
                self.show_sentence()
            else:  # it takes the place of the title's facts
                self.show_title()


def _what(panel: Panel) -> tuple[str, str, str]:
    """Of which values the statistics are."""
    return panel.key, panel.face.label, panel.part
