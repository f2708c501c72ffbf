"""Mode: what a debugger on a problem answers; other modes answer some of it otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from textual.widget import Widget

from convstep.language import tr
from convstep.ui.commands import PLAIN
from convstep.ui.debugger.host import Handler, Handlers, Host
from convstep.ui.debugger.state import State
from convstep.ui.modes.anew import Anew
from convstep.ui.widgets.face_map import FaceMap
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.ui.widgets.text_pane import Draw, TextPane
from convstep.view.grid.panel import Panel
from convstep.view.layout.arrange import CARD, MAP, SIDE_FROM, SOURCE, Plan, arrange
from convstep.view.layout.present import arrange_presented
from convstep.view.scene.source import draw_source

if TYPE_CHECKING:
    from pathlib import Path

    from convstep.ui.messages import CellClicked

Marks = dict[int, tuple[int, str]]
"""By column of the timeline, a position and what marks it."""


class Mode:
    """The plain debugger: one run, nobody beside it."""

    footer = PLAIN
    """Which keys the line of keys names."""
    lacks: frozenset[str] = frozenset()
    """Commands of the debugger's parts that mean nothing here."""

    host: Host
    """The screen, from `enter` on."""

    def __init__(self, state: State, *, compare_at_end: bool = True) -> None:
        """Debug a run; `compare_at_end`: going on at the last step opens the comparison."""
        self.state, self._compare_at_end = state, compare_at_end
        self.anew = Anew(state)
        """How its run begins anew with edited numbers."""
        self._other: Self | None = None

    @property
    def compares_at_end(self) -> bool:
        """Whether going on at the last step opens the comparison."""
        return self._compare_at_end and self.state.stage.compares

    def other_way(self) -> Self:
        """The mode of the other direction, always the same one: at the same place, and looked at alike."""
        from convstep.view.panels.forward import other_way  # most people look at one direction alone

        state = self.state
        if self._other is None:
            stage = other_way(state.stage)
            self._other = other = copy.copy(self)
            other.state = State(
                stage, "", state.command_name, bookmarks=state.bookmarks, edits=state.edits, saved=state.saved
            )
            other._other, other.anew = self, Anew(other.state)
        elif self._other.state.edits is not state.edits:  # edited here since
            self._other.state.restage(other_way(state.stage), 0)
            self._other.state.edits = state.edits
        step, begun = state.scene.event.index, state.position or state.timeline.made
        self._other.state.begin_at = state.begin_at or (step + 1 if begun else 0)
        for name in ("name", "values", "precision", "card", "presenting"):
            setattr(self._other.state, name, getattr(state, name))
        return self._other

    # the life of the screen

    def enter(self, host: Host) -> None:
        """Belong to a screen."""
        self.host = host

    def handlers(self) -> Handlers:
        """What is done here beside what the debugger's parts do."""
        return {"other-way": Handler(lambda: self.host.turn_around())} if self.state.stage.turns else {}

    def opened(self) -> None:
        """The screen has its parts."""

    def closed(self) -> None:
        """The screen is gone."""

    def will_show(self) -> None:
        """A scene is about to be shown."""

    def shown(self) -> None:
        """A scene was shown."""

    def focus_moved(self) -> None:
        """Another part has the keys."""

    def take_keys_back(self, part: Widget) -> bool:
        """Have the keys again after the screen was too small; False leaves it to the part."""
        return False

    def clicked(self, message: CellClicked) -> bool:
        """A cell was clicked. Returns whether that was all."""
        return False

    def play_on(self) -> bool | None:
        """What a tick does in place of a step: None for a step, False if nothing is left."""
        return None

    def rewind(self) -> bool:
        """Playing begins. Returns whether it goes on wherever it stands."""
        return False

    def unsent(self) -> list[str]:
        """What was typed here and not sent yet, a line each with what was asked."""
        return []

    def offers(self, id: str) -> bool:
        """Whether the line of keys names a command now."""
        return id != "compare" or self.state.stage.compares

    # what stands on it

    @property
    def followed(self) -> str:
        """The key of the panel that has the focus first, and whenever none has it."""
        return self.state.stage.followed

    @property
    def first_part(self) -> str:
        """The key of the part that has the focus first."""
        return self.followed

    def parts(self) -> list[Widget]:
        """The parts in the order in which Tab goes through them."""
        panels = self.state.scene.panels
        return [
            TextPane(SOURCE, self.state.stage.source_title),
            *(TensorGrid(panel.key) for panel in panels if panel.stage),
            TextPane(CARD, tr("this step")),
            *(TensorGrid(panel.key) for panel in panels if not panel.stage),
            FaceMap(MAP),
        ]

    def drawings(self) -> dict[str, Draw]:
        """What the parts that are not panels show, by key."""
        scene = self.state.scene
        return {SOURCE: lambda w, h: draw_source(scene, w, h), CARD: self.state.cards.draw}

    def part_names(self) -> dict[str, str]:
        """Short names by key, for the parts that share a place."""
        names = {SOURCE: tr("source"), CARD: tr("step"), MAP: tr("map")}
        return names | {panel.key: panel.face.name for panel in self.state.scene.panels}

    def plan(self, width: int, height: int) -> Plan:
        """Where the parts stand."""
        state, panels = self.state, self._first_panels()
        if state.presenting:
            return arrange_presented(width, height, panels, state.maximised)
        return arrange(width, height, panels, state.tab, state.maximised)

    def plan_beside_page(self, width: int, height: int) -> Plan:
        """The same in the room that a lesson's page leaves."""
        from convstep.view.layout.lesson import arrange_all

        found = None
        if not self.state.presenting and not (width >= SIDE_FROM[0] and height >= SIDE_FROM[1]):
            found = arrange_all(width, height, self._first_panels(), self.state.tab)
        return found or self.plan(width, height)

    def marks(self, place_of: Callable[[int], int], columns: int) -> Marks:
        """What is marked on the timeline's columns below stops and bookmarks."""
        return {}

    # what is said

    def title_names(self) -> Sequence[str]:
        """What the title calls it, the longest form first; only the name itself before a class."""
        name = self.state.name
        return [name] if self.state.presenting else [f"convstep  {name}", name]

    def title_facts(self) -> list[str]:
        """What the title says of it, the most important first; before a class the place stands beside it."""
        return [] if self.state.presenting else [*self.state.stage.facts().said]

    @property
    def after_end(self) -> str:
        """What a key that leads forward does at the last step; "" for nothing."""
        return tr("n opens the comparison") if self.compares_at_end else ""

    def past_end(self) -> bool:
        """A key that leads forward was pressed at the last step. Returns whether that was all."""
        return False

    def last_words(self) -> str:
        """What a key that leads forward is answered with at the last step, where nothing comes after it."""
        return self.state.stage.last_words()

    def compared_with(self) -> Callable[[], str] | None:
        """Says how somebody's own backward does, for the comparison; None if there is nobody."""
        return None

    def whose_steps(self) -> str:
        """Where the steps that make a cell are listed from, if that is not clear by itself."""
        return ""

    # ways back to here

    def command_here(self) -> str:
        """The command that leads back here; "" if that is the one which opens the session."""
        return ""

    def commands_back(self, problem: str) -> list[str]:
        """Commands, with the problem as the command line calls it, that show more than the session does."""
        return []

    @property
    def source_name(self) -> str:
        """What the command line calls the problem; "" if it has no name there."""
        return self.state.called

    def name_for_session(self) -> str:
        """The same for a session; a `SessionError` if it has none, and cannot be given one."""
        return self.state.called

    def save_beside(self, path: Path) -> str | None:
        """Write what a session at a path needs beside its file: numbers that were edited.

        What the session calls it; None if it needs nothing. An OSError or a ValueError if it cannot be
        written, or something else is there.
        """
        state, beside = self.state, path.with_suffix(".npz")
        if not state.unsaved:
            return None
        if beside.exists() and str(beside) not in state.saved:
            raise ValueError(tr("{path} is another file; choose another name", path=beside))
        state.stage.save(str(beside))
        state.saved[str(beside)] = state.edits
        return beside.name

    @property
    def function(self) -> str:
        """What the command line says to record anew what is stepped; "" if it is no function."""
        return ""

    def why_not_saved(self) -> str:
        """Why no session is saved here; "" if it is."""
        return ""

    def _first_panels(self) -> list[Panel]:
        """The scene's panels without the further faces beside them."""
        return [panel for panel in self.state.scene.panels if "-" not in panel.key]
