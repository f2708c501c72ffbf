"""A debugger's screen for its parts, without an app: threads run at once, dialogs are answered beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convstep.conv.problem import Problem
from convstep.examples import catalog
from convstep.ui.debugger.host import Job
from convstep.ui.debugger.state import State
from convstep.ui.debugger.travel import Travel
from convstep.view.grid.panel import Cell, Panel
from convstep.view.panels.stage import Stage
from convstep.view.scene.staged import Staged


class FakeJob(Job):
    """Runs where it is begun."""

    def __init__(self) -> None:
        self.stopped = False
        """Whether it was asked to end."""

    @property
    def running(self) -> bool:
        return False

    @property
    def cancelled(self) -> bool:
        return self.stopped

    def cancel(self) -> None:
        self.stopped = True

    def tell(self, what: Callable[..., object], *arguments: object, even_cancelled: bool = False) -> bool:
        if not self.stopped or even_cancelled:
            what(*arguments)
        return not self.stopped


class FakeHost:
    """What parts see of a screen."""

    def __init__(self, problem: Problem | str = "digit", position: int = 0) -> None:
        held = self.problem = catalog.load(problem) if isinstance(problem, str) else problem
        self.state = State(Stage.on(held), "made", "made.npz")
        self.state.timeline.seek(position)
        self.state.scene = self.state.stage.scene()
        self.interrupted = 0
        """How often somebody went somewhere by hand."""
        self.travel = Travel(self, self._interrupt)
        self.turned = 0
        """How often the other direction was asked for."""
        self.said: list[str] = []
        """What keys were answered with."""
        self.shown = self.ends = 0
        """How often a scene was shown, and how often a key led beyond the last step."""
        self.opened: list[Any] = []
        """The dialogs, each with whoever waits for its answer."""
        self.pointed: tuple[str, Cell] | None = None
        """The panel and the cell under the cursor."""
        self.jobs: list[FakeJob] = []
        """All that was done in threads."""

    def _interrupt(self) -> None:
        self.interrupted += 1

    @property
    def answer(self) -> str:
        """The last thing said."""
        return self.said[-1] if self.said else ""

    def say(self, words: str) -> None:
        self.said.append(words)

    def show(self, *, keep_said: bool = False) -> None:
        self.shown += 1
        self.state.scene = self.state.stage.scene()

    def show_status(self) -> None:
        pass

    def show_lines(self) -> None:
        pass

    def rearrange(self) -> None:
        pass

    def mark_timeline(self) -> None:
        pass

    def moved(self) -> None:
        self.state.visited.visit(self.state.position)
        self.show()

    def past_end(self) -> None:
        self.ends += 1

    def end_hint(self) -> str:
        return ""

    def turn_around(self) -> None:
        self.turned += 1

    def open(self, dialog: Any, answered: Callable[[Any], None]) -> None:
        self.opened.append((dialog, answered))

    def begin(self, group: str, work: Callable[[Job], None]) -> Job:
        job = FakeJob()
        self.jobs.append(job)
        work(job)
        return job

    def pointed_cell(self) -> tuple[Panel, Cell] | None:
        if self.pointed is None:
            self.say("choose a cell first")
            return None
        key, cell = self.pointed
        return self.state.scene.panel(key), cell

    def looked_at_cell(self) -> tuple[Panel, Cell] | None:
        if self.pointed is None:
            return None
        key, cell = self.pointed
        return self.state.scene.panel(key), cell

    def restage(self, stage: Staged, position: int | None = None) -> None:
        self.state.restage(stage, position)
        self.show()

    def lets_go(self) -> bool:
        return True
