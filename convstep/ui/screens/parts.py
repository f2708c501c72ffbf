"""The parts of the debugger's screen: what they are, where they stand and what each one says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.printable import printable
from convstep.ui.dialogs.once import Once
from convstep.ui.panel_area import PanelArea
from convstep.ui.widgets.face_map import FaceMap
from convstep.ui.widgets.grid_roles import GridRoles
from convstep.ui.widgets.key_line import KeyLine
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.ui.widgets.text_pane import Draw, TextPane
from convstep.ui.widgets.timeline_bar import TimelineBar
from convstep.view.grid.panel import Cell, Panel
from convstep.view.layout.arrange import CARD, MAP, SOURCE, Plan, arrange
from convstep.view.layout.present import arrange_presented
from convstep.view.numbers.statistics import Statistics
from convstep.view.numbers.text import full
from convstep.view.panels.problem_words import problem_facts
from convstep.view.panels.stage import Stage
from convstep.view.scene.card import draw_card
from convstep.view.scene.scene import Scene
from convstep.view.scene.source import draw_source

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.ui.app import TorchApp

FOLLOWED = "input_gradient"
"""The panel that has the focus first and whose face the map shows."""


class PartsScreen(Once, Screen[None]):
    """The panels, the source, the step and the timeline; another kind of debugger has other parts."""

    app: TorchApp

    mode: reactive[str] = reactive("both")
    """How values are shown: one of `MODES`."""
    followed = FOLLOWED
    """The panel that has the focus first."""
    precision: reactive[int] = reactive(0)
    """Columns added to every number."""
    presenting: reactive[bool] = reactive(False, init=False)
    """Whether it is shown to a class: large numbers, nothing around the panels."""

    def __init__(self, problem: Problem, name: str) -> None:
        """Show a problem.

        Args:
            problem: what to step through.
            name: what to call it on the screen.
        """
        super().__init__()
        self._problem, self.problem_name = problem, printable(name)
        self._timeline = Timeline(problem)
        self._stage = self.make_stage(self._timeline)
        self._scene: Scene = self._stage.scene()
        self._tab, self._maximised = CARD, ""
        self._statistics, self._counted = Statistics(), ("", "", "")
        self._aside = ""
        self._had_keys: Widget | None = None

    @property
    def timeline(self) -> Timeline:
        """Where the pass stands."""
        return self._timeline

    @property
    def scene(self) -> Scene:
        """What is shown."""
        return self._scene

    def compose(self) -> ComposeResult:
        """Title, panels, status, timeline, keys."""
        yield Static(id="title")
        yield PanelArea(*self.parts())
        yield GridRoles()
        yield Static(id="sentence")
        yield Static(id="too-small")
        yield Static(id="status")
        yield TimelineBar(id="timeline")
        yield KeyLine(self.offers)

    def offers(self, action: str) -> bool:
        """Whether the line of keys names an action."""
        return True

    def make_stage(self, timeline: Timeline) -> Stage:
        """What builds the scenes."""
        return Stage(timeline)

    def parts(self) -> list[Widget]:
        """The parts in the order in which Tab goes through them."""
        return [
            TextPane(SOURCE, "backward.py"),
            *(TensorGrid(panel.key) for panel in self._scene.panels if panel.stage),
            TextPane(CARD, tr("this step")),
            *(TensorGrid(panel.key) for panel in self._scene.panels if not panel.stage),
            FaceMap(MAP),
        ]

    def drawings(self) -> dict[str, Draw]:
        """What the parts that are not panels show, by key."""
        scene = self._scene
        return {SOURCE: lambda w, h: draw_source(scene, w, h), CARD: lambda w, h: draw_card(scene, w, h)}

    def part_names(self) -> dict[str, str]:
        """Short names by key, for the parts that share a place."""
        names = {SOURCE: tr("source"), CARD: tr("step"), MAP: tr("map")}
        return names | {panel.key: panel.face.name for panel in self._scene.panels}

    def plan(self, width: int, height: int) -> Plan:
        """Where the parts stand."""
        if self.presenting:
            return self.presented_plan(width, height)
        return arrange(width, height, self._first_panels(), self._tab, self._maximised)

    def presented_plan(self, width: int, height: int) -> Plan:
        """The same in front of a class."""
        return arrange_presented(width, height, self._first_panels(), self._maximised)

    def title_names(self) -> Sequence[str]:
        """What the title calls it, the longest form first."""
        return f"convstep  {self.problem_name}", self.problem_name

    def title_facts(self) -> list[str]:
        """What the title says of it, the most important first."""
        return problem_facts(self._problem)

    def way_out(self) -> list[str]:
        """What the title says after the name, where no other line names the key that leaves."""
        return [tr("z leaves")] if self.presenting else []

    def title_places(self) -> list[str]:
        """What the title says on the right, the longest form first."""
        scene = self._scene
        step = tr("step {position}/{total}", position=scene.position, total=scene.total)
        bare = ", ".join(word.split()[-1] for word in scene.place.split(", "))
        return [
            f"{step}   ({scene.place})",
            f"{step} ({bare})",
            f"{scene.position}/{scene.total} ({bare})",
            step,
        ]

    def standing(self) -> str:
        """What the status line says when no cell is asked about."""
        return f"{self._scene.upstream} = {full(self._scene.dz, self._problem.dtype)}"

    def cell_words(self, panel: Panel, cell: Cell) -> str:
        """One cell in full precision."""
        part = f" ({panel.part})" if panel.part else ""
        return f"{panel.face.cell(*cell)}{part} = {full(panel.face.values[cell], self._problem.dtype)}"

    def _first_panels(self) -> list[Panel]:
        """The scene's panels without the further faces beside them."""
        return [panel for panel in self._scene.panels if "-" not in panel.key]
