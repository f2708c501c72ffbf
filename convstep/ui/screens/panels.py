"""The panels: draws the scene at the timeline's position, and lets a person look around in it."""

from __future__ import annotations

from rich.cells import cell_len
from textual import work
from textual.widget import Widget
from textual.widgets import Static

from convstep.conv import magnitude
from convstep.language import tr
from convstep.ui.messages import CellHovered, CellMessage
from convstep.ui.panel_area import PanelArea
from convstep.ui.screens.parts import FOLLOWED, PartsScreen
from convstep.ui.telling import tell
from convstep.ui.widgets.face_map import FaceMap
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.ui.widgets.text_pane import TextPane
from convstep.ui.widgets.timeline_bar import TimelineBar
from convstep.view.grid.drawing import MODES
from convstep.view.grid.look import PRECISIONS
from convstep.view.grid.panel import Panel, Span, beside_key
from convstep.view.layout.arrange import LEAST
from convstep.view.panels.problem_words import shape_facts, window_facts
from convstep.view.scene.scene import Choice, Scene
from convstep.view.text.lines import status_line, tab_line, title_line

SHOWN = {"numbers": "values: numbers", "heat": "values: heat", "both": "values: both"}
"""What is said when values are shown in another way."""
STATUS_FROM = 20
"""Lines from which there is room for the status line."""


class PanelScreen(PartsScreen):
    """Draws the parts, and follows what a person wants to see of them."""

    def on_mount(self) -> None:
        """Show the first scene; measure what was too large to measure before it."""
        self.focus_first()
        self._arrange()
        self._apply_look()  # a resumed session brings its own
        self._show(all_changed=True)
        if self._stage.unmeasured:
            self._measure()

    def focus_first(self) -> None:
        """Give the keys to the panel that is looked at first."""
        self.set_focus(self.query_one(f"#{self.followed}"), scroll_visible=False)

    def give_keys_back(self, widget: Widget) -> None:
        """The keys go to whom they belonged before the screen was too small."""
        self.set_focus(widget, scroll_visible=False)

    def on_resize(self) -> None:
        """Arrange the parts for the new size."""
        self._arrange()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where nothing is seen, the screen's keys do nothing; the way out is the app's."""
        return False if self.has_class("-too-small") else super().check_action(action, parameters)

    def action_values(self) -> None:
        """Numbers, heat, both."""
        self.mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self._update_status(tr(SHOWN[self.mode]))

    def action_precision(self, more: int) -> None:
        """More or fewer digits."""
        if self.mode == "heat":
            self._update_status(tr("heat has no digits: v shows numbers"))
            return
        self.precision = min(max(self.precision + more, PRECISIONS[0]), PRECISIONS[-1])
        self._update_status(tr("digits: {change:+d}   (+ shows more, - fewer)", change=self.precision))

    def watch_mode(self) -> None:
        """Redraw in the new mode."""
        self._apply_look()

    def watch_precision(self) -> None:
        """Redraw with more or fewer digits."""
        self._apply_look()

    def action_face(self, by: int) -> None:
        """Another face of the focused panel; panels of the same axis go along."""
        panel = self._focused_panel()
        if panel.choices[0] == 1:
            self._update_status(tr("this tensor has a single face"))
            return
        self._stage.choose(panel, by)
        self._show(all_changed=True)

    def action_follow(self) -> None:
        """Leave a maximised panel, or follow the loop's faces again."""
        if self._maximised:
            self._maximised = ""
            self._arrange()
        else:
            self._stage.choice = Choice()
            self._show(all_changed=True)

    def action_maximise(self) -> None:
        """The focused part alone, and back."""
        self._maximised = "" if self._maximised else (self._part_in_focus() or self.followed)
        self._arrange()

    def action_panel(self, by: int) -> None:
        """Focus the next part; on a small screen that also turns the tabs."""
        area = self.query_one(PanelArea)
        keys = [
            part.id
            for part in area.children
            if part.id
            and (part.display or part.id in area.plan.tabs or self._maximised)
            # a further face that has no room any more
            and not (isinstance(part, TensorGrid) and self._scene.find(part.id) is None)
        ]
        focused = self._part_in_focus()
        at = keys.index(focused) if focused in keys else 0
        key = keys[(at + by) % len(keys)]
        if key in area.plan.tabs:
            self._tab = key
        if self._maximised:
            self._maximised = key
        self._arrange()
        # focus() waits for the next message: two fast Tabs would start from the same part
        self.set_focus(self.query_one(f"#{key}"), scroll_visible=False)
        self._count(None, True, None)
        self._show_status()

    def action_cursor(self, rows: int, columns: int) -> None:
        """Move the cell cursor of the focused panel."""
        if isinstance(self.focused, TensorGrid):
            self.focused.move_cursor(rows, columns)
            self._show_status()

    def on_cell_hovered(self, message: CellHovered) -> None:
        """Show the cell under the mouse in full precision."""
        self._show_cell(message)

    def _show(self, *, all_changed: bool, touched: Span | None = None) -> None:
        """Hand the scene at this position to every part.

        Args:
            all_changed: whether more may have changed than two neighbouring steps mark.
            touched: the block of the stage's faces in which it has; None for anywhere.
        """
        old, self._scene = self._scene, self._stage.scene()
        scene = self._scene
        stepped = (old.position, old.made) != (scene.position, scene.made)
        spans = _changed_spans(old, scene, FOLLOWED)
        if all_changed and touched is not None:
            spans.append(touched)
        known = touched is not None or not all_changed
        self.query_one(FaceMap).show(scene.panel(FOLLOWED), spans if known else None)
        self._count(old, all_changed, touched)
        for panel in scene.panels:
            grid = self.query_one(f"#{panel.key}", TensorGrid)
            grid.show(panel, all_changed=all_changed, stepped=stepped)
        for key, draw in self.drawings().items():
            self.query_one(f"#{key}", TextPane).show(draw)
        bar = self.query_one(TimelineBar)
        bar.total, bar.position = scene.total, scene.position
        self._show_title()
        self._show_status()

    def say(self, words: str) -> None:
        """Answer a key, until the next move: the one place for what is said, on every screen."""
        self._update_status(words)

    def show_aside(self) -> None:
        """Where there is no status line, what was said takes the place of the title's facts."""
        self._show_title()

    def _show_title(self) -> None:
        """Name and geometry on the left, the position on the right; facts are dropped for room."""
        scene = self._scene
        names, facts, rights = self.title_names(), [*self.way_out(), *self.title_facts()], self.title_places()
        if self._aside and not self.presenting:
            room = self.size.width - 4 - cell_len(self._aside)
            names, facts = [self._aside], []
            rights = [*(right for right in rights if cell_len(right) <= room), ""]
        title = title_line(
            names,
            facts,
            rights,
            self.size.width - 2,
            kept=[*self.way_out(), *window_facts(self._problem)],
            spared=shape_facts(self._problem),
            ended=scene.position == scene.total,
        )
        self.query_one("#title", Static).update(title, layout=False)

    def _show_status(self) -> None:
        """The cell under the cursor in full precision, and what the step is at."""
        grid = self.focused
        if isinstance(grid, TensorGrid) and grid.cursor is not None:
            self._show_cell(CellMessage(grid.key, grid.cursor))
        else:
            self._update_status(self.standing(), said=False)

    def _show_cell(self, message: CellMessage) -> None:
        panel, cell = self._scene.find(message.key), message.cell
        if panel is None:
            return
        rows, columns = panel.face.shape
        if cell.row < rows and cell.column < columns:
            self._update_status(panel.note or self.cell_words(panel, cell), said=False)

    def _update_status(self, left: str, *, said: bool = True) -> None:
        """A sentence on the left; on the right as much of the facts as there is room for.

        Args:
            left: the sentence.
            said: whether it answers a key and must be seen without a status line, too.
        """
        width = self.size.width - 2
        panel, state = self._focused_panel(), self._scene.state
        if self._counted != _what(panel):  # a click moved the focus
            self._count(None, True, None)
        drawn = [tr("dZ drawn at random")] if self._problem.dZ_drawn else []
        part = f" {panel.part}" if panel.part else ""
        counted = [] if panel.note else [f"{panel.face.label}{part} {self._statistics.text()}"]
        rights = " · ".join([*drawn, *counted, state]), " · ".join([*drawn, state]), state
        status = status_line(left, rights, width)
        line = self.query_one("#status", Static)
        line.update(status, layout=False)
        aside = left if said and not line.display else ""
        if aside != self._aside:
            self._aside = aside
            self.show_aside()

    def _count(self, old: Scene | None, all_changed: bool, touched: Span | None) -> None:
        """Keep the statistics of the focused face; only what a move changed is looked at again."""
        panel = self._focused_panel()
        spans: list[Span | None] = [None]
        if old is not None and self._counted == _what(panel):
            if not all_changed:
                spans = [*_changed_spans(old, self._scene, panel.key)]
            elif touched is not None and panel.stage:
                spans = [*_changed_spans(old, self._scene, panel.key), touched]
        for span in spans:
            self._statistics.update(panel.face.values, span)
        self._counted = _what(panel)

    def _apply_look(self) -> None:
        for grid in self.query(TensorGrid):
            grid.set_look(self.mode, self.precision, large=self.presenting)

    def _focused_panel(self) -> Panel:
        """The panel with the focus, or the followed one while none has it that is in the scene."""
        return self._scene.find(self._part_in_focus()) or self._scene.panel(self.followed)

    def _part_in_focus(self) -> str:
        """The key of the part that has the focus, itself or by a line in it; "" for none."""
        area, focused = self.query_one(PanelArea), self.focused
        around = [] if focused is None else focused.ancestors_with_self
        return next((widget.id or "" for widget in around if widget.parent is area), "")

    def _focus_something_visible(self) -> None:
        """A part that is not shown any more gives its keys to one that is."""
        places, had = self.query_one(PanelArea).plan.places, self._part_in_focus()
        if had not in places:
            # a further face to the first one of its tensor
            wanted = (had.rpartition("-")[0], self.followed, *places)
            key = next((key for key in wanted if key in places), None)
            if key is not None:
                self.set_focus(self.query_one(f"#{key}"), scroll_visible=False)

    def _arrange(self) -> None:
        """Plan the parts for the present size, or say which size is needed."""
        too_small = self.size.width < LEAST[0] or self.size.height < LEAST[1]
        if too_small and not self.has_class("-too-small"):
            self._had_keys = self.focused  # what is hidden loses them
        self.set_class(too_small, "-too-small")
        if too_small:
            self.query_one("#status", Static).display = False
            self.query_one("#too-small", Static).update(
                tr(
                    "convstep needs {least}; this terminal is {size}. Make it larger, or press q.",
                    least=f"{LEAST[0]}x{LEAST[1]}",
                    size=f"{self.size.width}x{self.size.height}",
                )
            )
            return
        area = self.query_one(PanelArea)
        status = self.query_one("#status", Static)
        status.display = self.size.height >= STATUS_FROM and not self.presenting
        # title, timeline and keys; before a class, title and sentence
        around = 2 if self.presenting else 4 if status.display else 3
        plan = self.plan(self.size.width, self.size.height - around)
        area.follow(plan)
        had, self._had_keys = self._had_keys, None
        if had is not None:
            self.give_keys_back(had)
        self._focus_something_visible()
        # what is maximised may be one of the further faces
        if plan.beside != self._stage.beside and not self._maximised:
            self._put_beside(area, plan.beside)
        self._name_tabs(area)
        self._show_title()
        self._show_status()

    def _put_beside(self, area: PanelArea, beside: dict[str, int]) -> None:
        """Make grids for further faces as far as there is room for them now."""
        self._stage.beside = beside
        missing = [
            key
            for first, count in beside.items()
            for number in range(1, count + 1)
            if not area.query(f"#{(key := beside_key(first, number))}")
        ]
        grids = [TensorGrid(key) for key in missing]
        for grid in grids:
            grid.set_look(self.mode, self.precision, large=self.presenting)
        area.mount(*grids)
        self._show(all_changed=True)

    def _name_tabs(self, area: PanelArea) -> None:
        """Name the parts that share a place on the border of the visible one."""
        tabs = area.plan.tabs
        for drawn in self.query(TextPane):
            drawn.border_subtitle = None
        for grid in self.query(TensorGrid):
            grid.annotate("")
        if not tabs:
            return
        names, shown = self.part_names(), area.plan.shown_tab
        room = area.plan.places[shown].width - 6
        note = tab_line([names[tab] for tab in tabs], tabs.index(shown), room)
        part = self.query_one(f"#{shown}")
        if isinstance(part, TensorGrid):
            part.annotate(note)
        else:
            part.border_subtitle = note

    @work(thread=True, group="measure")
    def _measure(self) -> None:
        """Find how large the gradients get, for the colours of a large problem."""
        found = magnitude.reached_magnitudes(self._problem)
        tell(self, self._take_magnitudes, found)

    def _take_magnitudes(self, found: dict[str, float]) -> None:
        self._stage.take_magnitudes(found)
        self._show(all_changed=True)


def _what(panel: Panel) -> tuple[str, str, str]:
    """Of which values the statistics are."""
    return panel.key, panel.face.label, panel.part


def _changed_spans(old: Scene, new: Scene, key: str) -> list[Span]:
    """Where a panel's values may differ between two neighbouring scenes."""
    spans = [scene.panel(key).changed for scene in (old, new)]
    return [span for span in spans if span is not None]
