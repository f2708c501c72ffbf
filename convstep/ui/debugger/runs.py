"""Runs: to the next stop, or to the first step that makes a NaN or inf."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.ui.debugger.host import Handler, Handlers, Host, Job

if TYPE_CHECKING:
    from convstep.replay.stop_kinds import Stop
    from convstep.view.grid.panel import Panel
    from convstep.view.scene.staged import Spot

PAUSE = 0.1
"""Seconds between two reports of a run: more would keep the screen from its keys."""


class Runs:
    """Searches that end in a journey."""

    def __init__(
        self, host: Host, lands: Callable[[Job], bool], point_at: Callable[[Panel, tuple[int, int]], None]
    ) -> None:
        """Run a host's timeline.

        `lands` tells whether a stopped search shall end where it has come to; `point_at` puts the cursor on a
        panel's cell.
        """
        self._host, self._state = host, host.state
        self._lands, self._point_at = lands, point_at

    def handlers(self) -> Handlers:
        """Both directions, and the NaN."""
        return {
            "run": Handler(lambda: self._run(backwards=False)),
            "run-back": Handler(lambda: self._run(backwards=True)),
            "first-nonfinite": Handler(self._run_to_nonfinite),
        }

    def _run(self, *, backwards: bool) -> None:
        state, travel = self._state, self._host.travel
        if any(stop.enabled for stop in state.stops) and (backwards or not state.at_end):
            self._set_out(state.stops, backwards, lambda: self._found_none(backwards))
        elif backwards:
            travel.back_to(0)
        else:
            travel.on_to(state.timeline.total)

    def to_next(self, stop: Stop, none: str, *, backwards: bool) -> None:
        """Go to the next (previous) step that a stop waits at, whatever others there are.

        Where there is no such step, `none` is said.
        """
        self._set_out([stop], backwards, lambda: self._host.say(none))

    def _set_out(self, stops: Iterable[Stop], backwards: bool, none: Callable[[], None]) -> None:
        position = self._state.position
        self._host.travel.stop()
        self._host.travel.set_out(lambda job: self._search(job, position, stops, backwards, none))

    def _search(
        self, job: Job, position: int, stops: Iterable[Stop], backwards: bool, none: Callable[[], None]
    ) -> None:
        """Look for the stop beside the screen; a stopped search ends where it has come to."""
        from convstep.replay.stops import Found, search

        state, reached, told = self._state, position, 0.0
        with state.scout() as scout:
            for news in search(scout, position, stops, backwards=backwards):
                reached = news.position
                if isinstance(news, Found) and job.tell(self._stopped, reached, news.stop):
                    return
                if job.cancelled:
                    break
                if time.monotonic() - told >= PAUSE:
                    told = time.monotonic()
                    job.tell(self._host.say, tr("running … step {position}   Esc stops", position=reached))
        if not job.tell(none):
            job.tell(self._land, job, reached, even_cancelled=True)

    def _land(self, job: Job, position: int) -> None:
        """Stay where a stopped run has come to, unless the person has gone somewhere meanwhile."""
        if self._lands(job):
            self._stopped(position, None)

    def _stopped(self, position: int, stop: Stop | None) -> None:
        if stop is None:
            said = tr("stopped at step {position}", position=position)
        else:  # one that is not listed was asked for, and says nothing
            said = tr("stop {id}: {stop}", id=stop.id, stop=stop) if stop.id else ""
        self._host.travel.arrive(position, partial(self._host.say, said) if said else None)

    def _found_none(self, backwards: bool) -> None:
        def say() -> None:
            self._host.say(
                tr("no earlier stop: ran back to the start")
                if backwards
                else tr("no further stop: ran to the end") + self._host.end_hint()
            )

        self._host.travel.arrive(0 if backwards else self._state.timeline.total, say)

    def _run_to_nonfinite(self) -> None:
        """Look for the first step that makes a NaN or inf, and go there."""
        self._host.travel.stop()
        self._host.say(tr("looking for the first NaN or inf …   Esc stops"))
        self._host.travel.set_out(self._search_nonfinite)

    def _search_nonfinite(self, job: Job) -> None:
        with self._state.scout() as scout:
            found = self._state.stage.first_nonfinite(scout, lambda: job.cancelled)
        job.tell(self._searched_nonfinite, found)

    def _searched_nonfinite(self, found: Spot | None) -> None:
        if found is None:
            self._host.say(self._state.stage.all_finite)
        else:
            self.to_nonfinite(found)

    def to_nonfinite(self, found: Spot) -> None:
        """Go to just after the step that makes or meets the first NaN or inf, and say what it is."""
        self._host.travel.to(found.position, lambda: self._at_nonfinite(found))

    def _at_nonfinite(self, found: Spot) -> None:
        """Show the face with the cell, put the cursor on it, so that `why` explains it, and say it."""
        self._state.stage.turn_to(found.array, found.cell)
        self._host.show()
        for panel in self._state.scene.panels:
            place = panel.face.find(found.cell) if panel.face.name == found.array else None
            if place is not None:
                self._point_at(panel, place)
                break
        self._host.say(found.words)
