"""Stopping: breakpoints, watchpoints and conditions, and the runs that end at them."""

from __future__ import annotations

import bisect
import re
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import work
from textual.worker import Worker, get_current_worker

from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.replay.stop_kinds import ConditionStop, Stop
from convstep.replay.stop_list import Stops
from convstep.ui.dialogs.prompt import PromptScreen
from convstep.ui.screens.movement import MovingScreen
from convstep.ui.telling import tell
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.ui.widgets.timeline_bar import TimelineBar
from convstep.view.grid.panel import Cell, Panel

if TYPE_CHECKING:
    from convstep.conv.problem import Problem

PAUSE = 0.1
"""Seconds between two reports of a run: more would keep the screen from its keys."""
STOP_MARK = "◆"
"""A stop on the timeline."""


BOOKMARK = "▼"
"""A bookmark on the timeline."""


class StoppingScreen(MovingScreen):
    """Runs that end where a person said."""

    def __init__(self, problem: Problem, name: str) -> None:
        """Run in a problem; see `PanelScreen`."""
        super().__init__(problem, name)
        self.stops = Stops()
        """What ends a run."""
        self._stage.stops = self.stops
        # a search moves a timeline of its own; a stopped one may still be at it for a moment
        self._scout: Timeline | None = None
        self._scouting = threading.Lock()

    def action_run(self) -> None:
        """On to the next stop, or to the end."""
        self._run_to_stop(backwards=False)

    def action_run_back(self) -> None:
        """Back to the previous stop, or to the start."""
        self._run_to_stop(backwards=True)

    def action_stop_here(self) -> None:
        """A stop at the cell under the cursor, or none there any more."""
        place = self._pointed_cell()
        if place is None:
            return
        panel, cell = place
        stop = self._stage.stop_at(panel, cell)
        if stop is None:
            self._update_status(tr("stops go on cells of dZ, dW, db or dA_prev_pad"))
            return
        if not self._stage.steps_of(stop):
            self._update_status(
                tr("no window covers this cell: a stop on {cell} would never be reached", cell=stop.target)
            )
            return
        made = self.stops.toggle(stop)
        self.stops_changed()
        self._update_status(
            tr("stop {id} set: {stop}", id=made.id, stop=made)
            if made
            else tr("stop removed: {stop}", stop=stop)
        )

    def action_stops(self) -> None:
        """List the stops."""
        from convstep.ui.dialogs.stops import StopsScreen

        self.app.push_screen(StopsScreen(self.stops), lambda _: self.stops_changed())

    def action_condition(self) -> None:
        """Ask for a stop in words."""
        from convstep.replay.stops import parse_stop

        def parse(text: str) -> Stop:
            return parse_stop(text, self._problem.layout)

        def answered(stop: Stop | None) -> None:
            if stop is not None:
                added = self.stops.add(stop)
                self.stops_changed()
                self._update_status(tr("stop {id} set: {stop}", id=added.id, stop=added))

        self.app.push_screen(
            PromptScreen(
                tr("Stop when"),
                "abs(dz) > 0.1 and i_c == 2 · isnan(dA) · 4,*,1",
                tr(
                    "A condition on position, i_n, i_h, i_w, i_c, dz, x, w, dW, db, dA with abs, min, max, "
                    "any, isnan; a place; or `watch dW[2, 0, 1, 0]`. "
                    "`hits 3` at the end stops at the third hit."
                ),
                parse,
                self._meaning,
            ),
            answered,
        )

    def action_to_cell(self, by: int) -> None:
        """To the step of the cell under the cursor, or to the next (previous) step that writes it."""
        place = self._pointed_cell()
        stop = self._stage.stop_at(*place) if place is not None else None
        if stop is None or isinstance(stop, ConditionStop):
            self._update_status(
                tr("go to a cell of dZ, dW, db or dA_prev_pad: those are what steps take and write")
            )
            return
        steps = self._stage.steps_of(stop)
        if len(steps) == 1:
            self.travel(steps[0] + 1)
            return
        position = self._timeline.position
        # step p - 1 is the one shown at position p
        at = bisect.bisect_left(steps, position) if by > 0 else bisect.bisect_left(steps, position - 1) - 1
        if 0 <= at < len(steps):
            self.travel(steps[at] + 1)
        elif not len(steps):
            self._update_status(tr("no window covers this cell: its gradient is exactly zero"))
        else:
            self._update_status(
                tr("no later step writes this cell" if by > 0 else "no earlier step writes this cell")
            )

    def stops_changed(self) -> None:
        """Show the stops where they stand."""
        self._show(all_changed=False)
        self._mark_timeline()

    def on_resize(self) -> None:
        """The timeline has other columns now."""
        # no super(): Textual calls every class's handler by itself
        self.call_after_refresh(self._mark_timeline)

    def _meaning(self, stop: Stop) -> str:
        if isinstance(stop, ConditionStop):
            meaning = tr("Stops after a step for which {condition} is true.", condition=stop.target)
            if re.search(r"\bstep\b", stop.target):
                meaning += " " + tr("Here step counts from 0; position is the step number shown.")
            return meaning
        count = len(self._stage.steps_of(stop))
        total = self._timeline.total
        return tr("Stops at {count} of {total} steps: {stop}.", count=count, total=total, stop=stop)

    def _pointed_cell(self) -> tuple[Panel, Cell] | None:
        """The cell under the cursor of the focused panel; the cursor appears if there was none."""
        grid = self.focused
        panel = self._scene.find(grid.key) if isinstance(grid, TensorGrid) else None
        if not isinstance(grid, TensorGrid) or panel is None:
            self._update_status(tr("choose a cell first: Tab to a panel, then the arrow keys"))
            return None
        return panel, grid.pointed()

    def _mark_timeline(self) -> None:
        """Mark the columns of the timeline in which a stop on a place or a cell waits."""
        bar = self.query_one(TimelineBar)
        marks = self.further_marks(bar)
        for stop in self.stops:
            found = _columns(bar, self._stage.steps_of(stop)) if stop.enabled else {}
            if len(found) <= bar.columns // 3:  # a mark everywhere says nothing
                marks |= found
        for mark in self.bookmarks.list():
            marks[bar.place_of(mark.position)] = (mark.position, BOOKMARK)
        bar.marks = tuple(marks.values())

    def further_marks(self, bar: TimelineBar) -> dict[int, tuple[int, str]]:
        """By column, what is marked below stops and bookmarks; nothing here."""
        return {}

    def _run_to_stop(self, *, backwards: bool) -> None:
        if self.at_end and not backwards:
            self.past_end()
        elif any(stop.enabled for stop in self.stops):
            self.stop_travelling()
            self._search(self._timeline.position, backwards)
        else:
            self.travel(0 if backwards else self._timeline.total)

    @work(thread=True, group="travel")
    def _search(self, position: int, backwards: bool) -> None:
        """Look for the stop beside the screen; a stopped search ends where it has come to."""
        from convstep.replay.stops import Found, search

        worker, reached, told = get_current_worker(), position, 0.0
        with self._scouting:
            if self._scout is None:
                self._scout = Timeline(self._problem)
            for news in search(self._scout, position, self.stops, backwards=backwards):
                reached = news.position
                if isinstance(news, Found) and tell(self, self._stopped, reached, news.stop, of=worker):
                    return
                if worker.is_cancelled:
                    break
                if time.monotonic() - told >= PAUSE:
                    told = time.monotonic()
                    running = tr("running … step {position}   Esc stops", position=reached)
                    tell(self, self._update_status, running, of=worker)
        if not tell(self, self._found_none, backwards, of=worker):
            tell(self, self._land, worker, reached)

    def _land(self, worker: Worker[None], position: int) -> None:
        """Stay where a stopped run has come to, unless the person has gone somewhere meanwhile."""
        if worker in self._landing:
            self._stopped(position, None)

    def _stopped(self, position: int, stop: Stop | None) -> None:
        self.go(position)
        self._update_status(
            tr("stop {id}: {stop}", id=stop.id, stop=stop)
            if stop is not None
            else tr("stopped at step {position}", position=position)
        )

    def _found_none(self, backwards: bool) -> None:
        self.go(0 if backwards else self._timeline.total)
        self._update_status(
            tr("no earlier stop: ran back to the start")
            if backwards
            else tr("no further stop: ran to the end") + self.end_hint()
        )


def _columns(bar: TimelineBar, steps: Sequence[int]) -> dict[int, tuple[int, str]]:
    """The columns of the timeline in which there is a step, each with its first one."""
    found, at = {}, 0
    while at < len(steps):
        column = bar.place_of(steps[at] + 1)
        found[column] = (steps[at] + 1, STOP_MARK)
        at = bisect.bisect_left(steps, column + 1, at + 1, key=lambda step: bar.place_of(step + 1))
    return found
