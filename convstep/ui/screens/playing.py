"""Playing: one step after another by itself, until somebody or something says stop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer

from convstep.language import tr
from convstep.replay.watching import Watch
from convstep.ui.messages import CellClicked
from convstep.ui.screens.first_nonfinite import HuntingScreen
from convstep.view.grid.panel import Span

if TYPE_CHECKING:
    from convstep.conv.problem import Problem

PACES = (0.5, 1, 2, 4, 8, 16, 32)
"""Steps a second, from the slowest to the fastest."""
FIRST_PACE = 2
"""Steps a second until somebody asks for more or fewer."""
BREATH = 0.001
"""Seconds between a frame that came late and the next step: keys are read in between."""


class PlayingScreen(HuntingScreen):
    """Executes steps by a timer; what a person does by hand pauses it."""

    def __init__(self, problem: Problem, name: str) -> None:
        """Play a problem; see `PanelScreen`."""
        super().__init__(problem, name)
        self._playing, self._by_itself = False, False
        self._pace = PACES.index(FIRST_PACE)
        self._watch = Watch()
        self._next_tick: Timer | None = None

    @property
    def playing(self) -> bool:
        """Whether steps follow each other by themselves."""
        return self._playing

    @property
    def pace(self) -> float:
        """Steps a second."""
        return PACES[self._pace]

    def play_on(self) -> bool:
        """One tick: do the next thing; another kind of debugger may have others to do.

        Returns:
            False when there is nothing more to do.
        """
        step = self._timeline.next()
        if step is None:
            self.past_end()
            return False
        self._moved()
        stop = self._watch.hit(self._timeline, self.stops)
        if stop is not None:
            self.pause()
            self.say(tr("stop {id}: {stop}", id=stop.id, stop=stop))
        return not self.at_end or self.goes_past_end

    def rewind(self) -> None:
        """Go back to where playing begins, if there is nothing more to play."""
        if self.at_end:
            self.travel(0)

    def action_play(self) -> None:
        """Play on, or pause."""
        if self._playing:
            self.pause(tr("paused after step {position} · e resumes", position=self._timeline.position))
            return
        self.stop_travelling()
        self.rewind()
        self._playing, self._watch = True, Watch()
        self._show_pace()
        self._await_tick(1 / self.pace)

    def action_pace(self, by: int) -> None:
        """Faster or slower, now or when it plays."""
        self._pace = min(max(self._pace + by, 0), len(PACES) - 1)
        if self._playing:
            self._show_pace()
            self._await_tick(1 / self.pace)
        else:
            self._update_status(tr("{pace} · e plays", pace=self._pace_words()))

    def pause(self, said: str = "") -> None:
        """Play no further, and say why."""
        if not self._playing:
            return
        self._playing = False
        self._cancel_tick()
        self._show_pace()
        if said:
            self._update_status(said)

    def tick(self) -> None:
        """Do the next thing; the one after it waits until this one has been painted."""
        if not self._playing:
            return
        if self.app.screen is not self:  # `is_current` holds behind a dialog, too
            self.pause()
            return
        began, goes_on = monotonic(), True
        if not self._on_the_way():
            with self._own_move():
                goes_on = self.play_on()
        if goes_on:
            self.call_after_refresh(self._painted, began)
        else:
            self.pause()

    def stop_travelling(self, *, landing: bool = False) -> bool:
        """Pause as well: somebody goes somewhere."""
        if not self._by_itself:
            self.pause()
        return super().stop_travelling(landing=landing)

    def action_follow(self) -> None:
        """Escape pauses first of all."""
        if self._playing:
            self.action_play()
        else:
            super().action_follow()

    def on_cell_clicked(self, message: CellClicked) -> None:
        """Somebody wants to look at a cell."""
        self.pause()

    def on_screen_suspend(self) -> None:
        """A dialog opens."""
        self.pause()

    def on_unmount(self) -> None:
        """The screen is gone."""
        self._playing = False
        self._cancel_tick()

    @contextlib.contextmanager
    def _own_move(self) -> Iterator[None]:
        """What moves in here is not somebody else's."""
        before, self._by_itself = self._by_itself, True
        try:
            yield
        finally:
            self._by_itself = before

    def _arrive(self, position: int) -> None:
        """Who set out by hand has paused then: an end of a way that comes later pauses nothing."""
        with self._own_move():
            super()._arrive(position)

    def _moved(self, *, all_changed: bool = False, touched: Span | None = None) -> None:
        """Pause when the step was somebody else's."""
        if not self._by_itself:
            self.pause()
        super()._moved(all_changed=all_changed, touched=touched)

    def title_places(self) -> list[str]:
        """Before a class there is no status line: the title says that it plays."""
        places = super().title_places()
        plays = self._playing and self.presenting
        return [f"▶ {self._pace_words()}   {place}" for place in places] if plays else places

    def _show_status(self) -> None:
        """While it plays, how fast, and how to pause."""
        if self._playing:
            self._update_status(tr("playing, {pace} · e pauses", pace=self._pace_words()), said=False)
        else:
            super()._show_status()

    def _show_pace(self) -> None:
        self._show_title()
        self._show_status()

    def _pace_words(self) -> str:
        return tr("1 step/s" if self.pace == 1 else "{count:g} steps/s", count=self.pace)

    def _painted(self, began: float) -> None:
        """The frame is out; the next step comes at its time, or at once if that is over."""
        if self._playing:
            self._await_tick(began + 1 / self.pace - monotonic())

    def _await_tick(self, seconds: float) -> None:
        """Tick once after a while, in place of any tick that is awaited already."""
        self._cancel_tick()
        self._next_tick = self.set_timer(max(seconds, BREATH), self.tick)

    def _cancel_tick(self) -> None:
        if self._next_tick is not None:
            self._next_tick.stop()
            self._next_tick = None

    def _on_the_way(self) -> bool:
        """Whether a far place is still being built."""
        return any(worker.group == "travel" and worker.is_running for worker in self.workers)
