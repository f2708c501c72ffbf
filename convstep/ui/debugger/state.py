"""State: where a debugger stands, and how its person looks at it. No widget, no app."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from convstep.printable import printable
from convstep.replay.edits import Edits
from convstep.replay.stop_list import Stops
from convstep.replay.visited import Bookmarks, Visited
from convstep.view.layout.arrange import CARD
from convstep.view.scene.cards import Cards
from convstep.view.scene.difference import Changed, difference
from convstep.view.scene.scene import Scene

if TYPE_CHECKING:
    from convstep.steps.stepped import Stepped
    from convstep.view.scene.staged import Spot, Staged


@dataclass(eq=False, repr=False)
class State:
    """What parts and modes of one debugger share; the only way from them to the stage."""

    stage: Staged
    """What builds the scenes."""
    name: str
    """What the screen calls what is stepped through."""
    command_name: str
    """What the command line calls it; "" if nothing yet."""
    scene: Scene = field(init=False)
    """What is shown."""
    stops: Stops = field(default_factory=Stops)
    """What ends a run."""
    bookmarks: Bookmarks = field(default_factory=Bookmarks)
    """Positions to come back to."""
    visited: Visited = field(default_factory=Visited)
    """Where the person has been."""
    edits: Edits = field(default_factory=Edits)
    """What was edited of the numbers that it begins with; `stage` is of the run with these numbers."""
    saved: dict[str, Edits] = field(default_factory=dict)
    """What the command line calls edited numbers that were saved, and which these are."""
    begin_at: int = 0
    """Where to go once the screen is open; 0 once somebody has gone anywhere."""
    first_nonfinite: Spot | None = None
    """Where to go instead if the first NaN or inf is what is to be seen."""
    values: str = "both"
    """How values are shown: one of `MODES`."""
    precision: int = 0
    """Columns added to every number."""
    card: str = ""
    """What is seen of a convolution's step: one of `CARDS`; "" for both where they have room."""
    presenting: bool = False
    """Whether it is shown to a class: large numbers, nothing around the panels."""
    tab: str = CARD
    """Which of the parts that share a place is seen."""
    maximised: str = ""
    """The part that has all the room; "" for none."""

    _scout: Stepped | None = None
    _scouting: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.name = printable(self.name)
        self.stage.stops = self.stops
        self.scene = self.stage.scene()

    @property
    def called(self) -> str:
        """What the command line calls these very numbers; "" if that is nothing yet."""
        numbers = self.edits.numbers
        if not numbers:
            return self.command_name
        return next((name for name, edits in self.saved.items() if edits.numbers == numbers), "")

    @property
    def unsaved(self) -> bool:
        """Whether there are edited numbers that no file has."""
        return bool(self.edits.numbers) and not self.called

    @property
    def timeline(self) -> Stepped:
        """Where the run stands."""
        return self.stage.run

    @property
    def position(self) -> int:
        """Steps executed."""
        return self.stage.run.position

    @property
    def at_end(self) -> bool:
        """Whether every step is executed."""
        return self.position == self.timeline.total

    def restage(self, stage: Staged, position: int | None = None) -> None:
        """Show another run in place of this one, with what it has of stops and faces.

        By default at the same position, or at the end.
        """
        from convstep.replay.session import Session, SessionError, View

        old = self.stage
        position = min(self.position, stage.run.total) if position is None else position
        with self._scouting:
            self.stage, self._scout = stage, None
        for stop in self.stops.list():
            try:
                stop.check(stage.run.layout)
            except ValueError:
                self.stops.remove(stop.id)
        stage.stops, stage.beside = self.stops, old.beside
        with contextlib.suppress(SessionError):
            stage.choice = stage.resumed(Session(self.name, view=View(old.kept_faces()))).choice
        self.bookmarks = Bookmarks(mark for mark in self.bookmarks.list() if mark.position <= stage.run.total)
        stage.run.seek(position)

    def renew(self) -> Changed:
        """Take the scene at the timeline's position; where the one before it looked different."""
        old, self.scene = self.scene, self.stage.scene()
        return difference(old, self.scene, self.stage.swept(old, self.scene))

    @property
    def cards(self) -> Cards:
        """The scene's step and its window."""
        return Cards(self.scene, self.stage.window(self.scene), self.card, behind=self.stage.behind)

    @property
    def choice(self) -> Any:
        """Which faces are shown."""
        return self.stage.choice

    @choice.setter
    def choice(self, choice: Any) -> None:
        self.stage.choice = choice

    @contextlib.contextmanager
    def scout(self) -> Iterator[Stepped]:
        """A run for searches, one at a time: a stopped one may still be at it for a moment."""
        with self._scouting:
            if self._scout is None:
                self._scout = self.stage.scout()
            yield self._scout
