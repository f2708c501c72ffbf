"""Playing: one step after another by itself, until somebody or something says stop."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Protocol

from convstep.language import tr
from convstep.replay.stop_list import Watch
from convstep.ui.debugger.host import Handler, Handlers, Host

PACES = (0.5, 1, 2, 4, 8, 16, 32)
"""Steps a second, from the slowest to the fastest."""
FIRST_PACE = 2
"""Steps a second until somebody asks for more or fewer."""
BREATH = 0.001
"""Seconds between a frame that came late and the next step: keys are read in between."""


class Clock(Protocol):
    """What makes the next tick come."""

    def in_front(self) -> bool:
        """Whether nothing lies over the debugger."""

    def after_frame(self, what: Callable[[], None]) -> None:
        """Do something once what was shown is painted."""

    def after(self, seconds: float, what: Callable[[], None]) -> Callable[[], None]:
        """Do something after a while; returns what calls it off."""


class Playing:
    """Executes steps by a timer; what a person does by hand pauses it."""

    def __init__(
        self,
        host: Host,
        clock: Clock,
        *,
        plays_on: Callable[[], bool | None],
        rewinds: Callable[[], bool],
        under_way: Callable[[], bool],
    ) -> None:
        """Play a host's timeline.

        `plays_on` does what a tick does in place of a step; None for a step, False if nothing is left. Where
        it `rewinds`, playing goes on wherever it stands. While a far place is being built it is `under_way`.
        """
        self._host, self._state, self._clock = host, host.state, clock
        self._plays_on, self._rewinds, self._under_way = plays_on, rewinds, under_way
        self.on, self._by_itself = False, False
        """Whether steps follow each other by themselves."""
        self._pace = PACES.index(FIRST_PACE)
        self._watch = Watch()
        self._call_off: Callable[[], None] | None = None

    def handlers(self) -> Handlers:
        """On and off, faster and slower."""
        return {
            "play": Handler(self.play),
            "pause": Handler(self.play, lambda: self.on),
            "faster": Handler(lambda: self._change_pace(1)),
            "slower": Handler(lambda: self._change_pace(-1)),
        }

    @property
    def pace(self) -> float:
        """Steps a second."""
        return PACES[self._pace]

    @property
    def awaited(self) -> bool:
        """Whether a tick will come."""
        return self._call_off is not None

    def play(self) -> None:
        """Play on, or pause."""
        if self.on:
            self.pause(tr("paused after step {position} · e resumes", position=self._state.position))
            return
        self._host.travel.stop()
        if not self._rewinds() and self._state.at_end:
            self._host.travel.to(0)
        self.on, self._watch = True, Watch()
        self._host.show_lines()
        self._await_tick(1 / self.pace)

    def interrupt(self) -> None:
        """Pause, because somebody goes somewhere by hand; what a tick itself does is not that."""
        if not self._by_itself:
            self.pause()

    def pause(self, said: str = "") -> None:
        """Play no further, and say why."""
        if not self.on:
            return
        self.close()
        self._host.show_lines()
        if said:
            self._host.say(said)

    def close(self) -> None:
        """Play no further; nobody looks any more."""
        self.on = False
        self._cancel_tick()

    def tick(self) -> None:
        """Do the next thing; the one after it waits until this one has been painted."""
        if not self.on:
            return
        if not self._clock.in_front():
            self.pause()
            return
        began, goes_on = monotonic(), True
        if not self._under_way():
            self._by_itself = True
            try:
                goes_on = self._next_thing()
            finally:
                self._by_itself = False
        if goes_on:
            self._clock.after_frame(lambda: self._painted(began))
        else:
            self.pause()

    def title(self) -> str:
        """What the title says where no status line says that it plays; "" while it does not."""
        return f"▶ {self._pace_words()}   " if self.on and self._state.presenting else ""

    def status(self) -> str:
        """While it plays, how fast, and how to pause; else ""."""
        return tr("playing, {pace} · e pauses", pace=self._pace_words()) if self.on else ""

    def _next_thing(self) -> bool:
        """Returns False when there is nothing more to do."""
        done = self._plays_on()
        if done is not None:
            return done
        if self._state.timeline.next() is None:
            self._host.past_end()
            return False
        self._host.moved()
        stop = self._watch.hit(self._state.timeline, self._state.stops)
        if stop is not None:
            self.pause()
            self._host.say(tr("stop {id}: {stop}", id=stop.id, stop=stop))
        # where something comes after the last step, that is seen for a tick
        return not self._state.at_end or bool(self._host.end_hint())

    def _change_pace(self, by: int) -> None:
        """Faster or slower, now or when it plays."""
        self._pace = min(max(self._pace + by, 0), len(PACES) - 1)
        if self.on:
            self._host.show_lines()
            self._await_tick(1 / self.pace)
        else:
            self._host.say(tr("{pace} · e plays", pace=self._pace_words()))

    def _pace_words(self) -> str:
        return tr("1 step/s" if self.pace == 1 else "{count:g} steps/s", count=self.pace)

    def _painted(self, began: float) -> None:
        """The frame is out; the next step comes at its time, or at once if that is over."""
        if self.on:
            self._await_tick(began + 1 / self.pace - monotonic())

    def _await_tick(self, seconds: float) -> None:
        """Tick once after a while, in place of any tick that is awaited already."""
        self._cancel_tick()
        self._call_off = self._clock.after(max(seconds, BREATH), self.tick)

    def _cancel_tick(self) -> None:
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
