"""Panels: gives the parts on the screen their places, their scene and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.widget import Widget
from textual.widgets import Static

from convstep.language import tr
from convstep.ui.debugger.host import Handler, Handlers, Host
from convstep.ui.panel_area import PanelArea
from convstep.ui.widgets.face_map import FaceMap
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.ui.widgets.text_pane import TextPane
from convstep.ui.widgets.timeline_bar import TimelineBar
from convstep.view.grid.drawing import MODES
from convstep.view.grid.look import PRECISIONS
from convstep.view.grid.panel import Cell, Panel
from convstep.view.layout.arrange import CARD, LEAST
from convstep.view.layout.present import sentence_lines
from convstep.view.scene.cards import STEP, WINDOW
from convstep.view.scene.scene import Scene
from convstep.view.text.lines import tab_line

if TYPE_CHECKING:
    from textual.screen import Screen

    from convstep.ui.modes.mode import Mode
    from convstep.view.scene.difference import Changed

SHOWN = {"numbers": "values: numbers", "heat": "values: heat", "both": "values: both"}
"""What is said when values are shown in another way."""
CARDS_SHOWN = {STEP: "card: the step's additions", WINDOW: "card: the window, forward above backward"}
"""The same of the card."""
STATUS_FROM = 20
"""Lines from which there is room for the status line."""


class Panels:
    """Draws the parts, and follows what a person wants to see of them."""

    def __init__(self, host: Host, screen: Screen[Any], mode: Mode) -> None:
        """Look after a screen's parts; the mode says which they are, and where they stand."""
        self._host, self._state = host, host.state
        self._screen, self._mode = screen, mode
        self._had_keys: Widget | None = None
        """Who had the keys before the screen was too small."""
        self._lent: Widget | None = None
        """Who had them before a class was presented to, and was hidden then."""
        self._alone = ""
        """Which was maximised when the parts were placed last."""
        self._keeps: tuple[Widget | None, Cell | None] = (None, None)
        """What was looked at in its place: where that has changed, somebody chose another panel or cell."""

    def handlers(self) -> Handlers:
        """What a person does to look around."""
        return {
            "values": Handler(self._turn_values),
            "window": Handler(self._turn_card, self._has_window),
            "more-digits": Handler(lambda: self._change_digits(1)),
            "fewer-digits": Handler(lambda: self._change_digits(-1)),
            "next-face": Handler(lambda: self._turn_face(1)),
            "previous-face": Handler(lambda: self._turn_face(-1)),
            "follow": Handler(self._follow, lambda: not self._state.stage.follows),
            "restore": Handler(self._restore, lambda: bool(self._state.maximised)),
            "maximise": Handler(self._maximise),
            "present": Handler(self._present),
            "stop-presenting": Handler(self._present, lambda: self._state.presenting),
            "next-panel": Handler(lambda: self._turn(1)),
            "previous-panel": Handler(lambda: self._turn(-1)),
            "up": Handler(lambda: self._move_cursor(-1, 0), self._on_grid),
            "down": Handler(lambda: self._move_cursor(1, 0), self._on_grid),
            "left": Handler(lambda: self._move_cursor(0, -1), self._on_grid),
            "right": Handler(lambda: self._move_cursor(0, 1), self._on_grid),
        }

    @property
    def area(self) -> PanelArea:
        """Holds them."""
        return self._screen.query_one(PanelArea)

    @property
    def too_small(self) -> bool:
        """Whether the terminal is, so that nothing is seen."""
        return self._screen.has_class("-too-small")

    def grid(self, key: str) -> TensorGrid:
        """The widget of a panel."""
        return self._screen.query_one(f"#{key}", TensorGrid)

    def show(self, old: Scene, changed: Changed) -> None:
        """Hand the scene to every part; each panel may have changed there since the old one."""
        scene = self._state.scene
        self._take_in(old)
        stepped = (old.position, old.made) != (scene.position, scene.made)
        mapped = scene.find(self._state.stage.mapped)
        for overview in self._screen.query(FaceMap):
            if mapped is not None:
                overview.show(mapped, changed[mapped.key])
        for panel in scene.panels:
            self.grid(panel.key).show(panel, changed[panel.key], stepped=stepped)
        for key, draw in self._mode.drawings().items():
            self._screen.query_one(f"#{key}", TextPane).show(draw)
        bar = self._screen.query_one(TimelineBar)
        bar.total, bar.position = max(scene.total, 1), scene.position

    def apply_look(self) -> None:
        """Draw numbers in the way that the state says now."""
        for grid in self._screen.query(TensorGrid):
            self._set_look(grid)

    def focused_panel(self) -> Panel | None:
        """The panel with the focus, or the followed one while none has it that is in the scene."""
        scene = self._state.scene
        return scene.find(self._part_in_focus()) or scene.find(self._mode.followed)

    def pointed_cell(self) -> tuple[Panel, Cell] | None:
        """The cell under the cursor of the focused panel; the cursor appears if there was none."""
        grid = self._screen.focused
        panel = self._state.scene.find(grid.key) if isinstance(grid, TensorGrid) else None
        if not isinstance(grid, TensorGrid) or panel is None:
            self._host.say(tr("choose a cell first: Tab to a panel, then the arrow keys"))
            return None
        return panel, grid.pointed()

    def looked_at_cell(self) -> tuple[Panel, Cell] | None:
        """The cell of the focused panel on which the cursor is, or one of those where it may appear."""
        grid = self._screen.focused
        panel = self._state.scene.find(grid.key) if isinstance(grid, TensorGrid) else None
        if not isinstance(grid, TensorGrid) or panel is None:
            return None
        return panel, grid.cursor or Cell(0, 0)

    def point_at(self, panel: Panel, cell: tuple[int, int]) -> None:
        """Put the cursor on a cell, and the keys to its panel if it is seen."""
        grid = self.grid(panel.key)
        grid.place_cursor(Cell(*cell))
        if grid.display:
            self.focus(grid)

    def focus(self, part: Widget | str) -> None:
        """Give the keys to a part, at once: `focus()` waits, and a second fast Tab would not."""
        widget = self._screen.query_one(f"#{part}") if isinstance(part, str) else part
        self._screen.set_focus(widget, scroll_visible=False)

    def arrange(self) -> bool:
        """Plan the parts for the present size, or say which size is needed; returns whether they are seen."""
        screen, state, size = self._screen, self._state, self._screen.size
        too_small = size.width < LEAST[0] or size.height < LEAST[1]
        if too_small and not self.too_small:
            self._had_keys = screen.focused  # what is hidden loses them
        screen.set_class(too_small, "-too-small")
        status = screen.query_one("#status", Static)
        if too_small:
            status.display = False
            words = tr(
                "convstep needs {least}; this terminal is {size}. Make it larger, or press q.",
                least=f"{LEAST[0]}x{LEAST[1]}",
                size=f"{size.width}x{size.height}",
            )
            screen.query_one("#too-small", Static).update(words)
            return False
        status.display = size.height >= STATUS_FROM and not state.presenting
        sentence = sentence_lines(size.height)
        screen.query_one("#sentence", Static).styles.height = sentence
        # title, timeline and keys; before a class, title and sentence
        around = 1 + sentence if state.presenting else 4 if status.display else 3
        plan = self._mode.plan(size.width, size.height - around)
        if self._alone != state.maximised:
            self._alone = state.maximised
            self.apply_look()
        self.area.follow(plan)
        had, self._had_keys = self._had_keys, None
        if had is not None:
            self._give_keys_back(had)
        self._focus_something_visible()
        # what is maximised may be one of the further faces
        if plan.beside != state.stage.beside and not state.maximised:
            self._put_beside(plan.beside)
        self._name_tabs()
        return True

    def _turn_values(self) -> None:
        """Numbers, heat, both."""
        state = self._state
        state.values = MODES[(MODES.index(state.values) + 1) % len(MODES)]
        self.apply_look()
        self._host.say(tr(SHOWN[state.values]))

    def _has_window(self) -> bool:
        """Whether the forward pass of the backward step is known."""
        stage = self._state.stage
        return stage.turns and not stage.forward

    def _turn_card(self) -> None:
        """The step's window, or its additions; the card comes to the front."""
        state, area = self._state, self.area
        place = area.plan.places.get(CARD)
        seen = place is not None and state.cards.shows_window(place.width - 2, place.height - 2)
        state.card = STEP if seen else WINDOW
        state.tab = CARD if CARD in area.plan.tabs else state.tab
        if place is None and (state.maximised or state.presenting):
            state.maximised = CARD
        self._host.rearrange()
        self._host.show()
        self._host.say(tr(CARDS_SHOWN[state.card]))

    def _change_digits(self, more: int) -> None:
        state = self._state
        if state.values == "heat":
            self._host.say(tr("heat has no digits: v shows numbers"))
            return
        state.precision = min(max(state.precision + more, PRECISIONS[0]), PRECISIONS[-1])
        self.apply_look()
        self._host.say(tr("digits: {change:+d}   (+ shows more, - fewer)", change=state.precision))

    def _turn_face(self, by: int) -> None:
        """Another face of the focused panel; panels of the same axis go along."""
        panel = self.focused_panel()
        if panel is None or panel.choices[0] == 1:
            self._host.say(tr("this tensor has a single face"))
            return
        self._state.stage.turn(panel, by)
        self._host.show()

    def _follow(self) -> None:
        self._state.stage.follow()
        self._host.show()

    def _restore(self) -> None:
        self._state.maximised = ""
        self._host.rearrange()

    def _maximise(self) -> None:
        """The focused part alone, and back."""
        state = self._state
        state.maximised = "" if state.maximised else (self._part_in_focus() or self._mode.followed)
        self._host.rearrange()

    def _present(self) -> None:
        """Hide or show what is around the panels, and draw them anew."""
        state, looked_at = self._state, self._looked_at()
        state.presenting = not state.presenting
        self._screen.set_class(state.presenting, "-presenting")
        self.apply_look()
        self._host.rearrange()
        self._host.show()
        lent, self._lent = self._lent, self._lent if state.presenting else None
        if lent is not None and not state.presenting and self._keeps == looked_at:
            self._give_keys_back(lent)

    def _turn(self, by: int) -> None:
        """Focus the next part; on a small screen that also turns the tabs."""
        area, state = self.area, self._state
        parts = [
            part.id
            for part in area.children
            if part.id
            and (part.display or part.id in area.plan.tabs or state.maximised)
            # a further face that has no room any more
            and not (isinstance(part, TensorGrid) and state.scene.find(part.id) is None)
        ]
        keys = area.plan.in_turn(parts)
        focused = self._part_in_focus()
        at = keys.index(focused) if focused in keys else 0
        key = keys[(at + by) % len(keys)]
        if key in area.plan.tabs:
            state.tab = key
        if state.maximised:
            state.maximised = key
        self._host.rearrange()
        self.focus(key)
        self._host.show_status()

    def _on_grid(self) -> bool:
        return isinstance(self._screen.focused, TensorGrid)

    def _move_cursor(self, rows: int, columns: int) -> None:
        if isinstance(self._screen.focused, TensorGrid):
            self._screen.focused.move_cursor(rows, columns)
            self._host.show_status()

    def _give_keys_back(self, part: Widget) -> None:
        """Who had the keys before it was hidden has them again."""
        if not self._mode.take_keys_back(part):
            self.focus(part)

    def _set_look(self, grid: TensorGrid) -> None:
        state = self._state
        alone = grid.key == state.maximised
        grid.set_look(state.values, state.precision, large=state.presenting, alone=alone)

    def _part_in_focus(self) -> str:
        """The key of the part that has the focus, itself or by a line in it; "" for none."""
        area, focused = self.area, self._screen.focused
        around = [] if focused is None else focused.ancestors_with_self
        return next((widget.id or "" for widget in around if widget.parent is area), "")

    def _looked_at(self) -> tuple[Widget | None, Cell | None]:
        """The widget with the keys, and the cell under its cursor."""
        focused = self._screen.focused
        return focused, focused.cursor if isinstance(focused, TensorGrid) else None

    def _focus_something_visible(self) -> None:
        """A part that is not shown any more gives its keys to one that is."""
        places, had = self.area.plan.places, self._part_in_focus()
        if had not in places:
            # a further face to the first one of its tensor
            wanted = (had.rpartition("-")[0], self._mode.followed, *places)
            key = next((key for key in wanted if key in places), None)
            untouched = self._keeps == self._looked_at()
            if self._state.presenting and self._lent is None:
                self._lent, untouched = self._screen.focused, True
            if key is not None:
                self.focus(key)
            if untouched:
                self._keeps = self._looked_at()

    def _put_beside(self, beside: dict[str, int]) -> None:
        """Show further faces as far as there is room for them now."""
        self._state.stage.beside = beside
        self._host.show()

    def _take_in(self, old: Scene) -> None:
        """Give panels that are new a grid, and all of them their places where they have another size."""
        panels = self._state.scene.panels
        grids = [TensorGrid(panel.key) for panel in panels if not self.area.query(f"#{panel.key}")]
        for grid in grids:
            self._set_look(grid)
        if grids:
            self.area.mount(*grids)
        if _sizes(old) != _sizes(self._state.scene):
            self.arrange()

    def _name_tabs(self) -> None:
        """Name the parts that share a place on the border of the visible one."""
        tabs, shown = self.area.plan.tabs, self.area.plan.shown_tab
        for pane in self._screen.query(TextPane):
            pane.border_subtitle = None
        for grid in self._screen.query(TensorGrid):
            grid.annotate("")
        if not tabs:
            return
        names = self._mode.part_names()
        room = self.area.plan.places[shown].width - 6
        note = tab_line([names[tab] for tab in tabs], tabs.index(shown), room)
        part = self._screen.query_one(f"#{shown}")
        if isinstance(part, TensorGrid):
            part.annotate(note)
        else:
            part.border_subtitle = note


def _sizes(scene: Scene) -> list[tuple[str, tuple[int, ...]]]:
    """How large the panels are, without the further faces, for which there is room or not."""
    return [(panel.key, panel.face.shape) for panel in scene.panels if "-" not in panel.key]
