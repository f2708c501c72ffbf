"""Stops: breakpoints, watchpoints and conditions are set, listed and marked, and cells gone to."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.ui.debugger.host import Handler, Handlers, Host

if TYPE_CHECKING:
    from convstep.replay.stop_kinds import Stop

STOP_MARK = "◆"
"""A stop on the timeline."""
BOOKMARK = "▼"
"""A bookmark on the timeline."""

Marks = dict[int, tuple[int, str]]
"""By column of the timeline, a position and what marks it."""


class StopKeeping:
    """Keeps the stops of a debugger."""

    def __init__(self, host: Host) -> None:
        """Keep a host's stops."""
        self._host, self._state = host, host.state

    def handlers(self) -> Handlers:
        """What is done with stops and the cells they stand on."""
        return {
            "stop-here": Handler(self._stop_here),
            "condition": Handler(self._ask_condition),
            "stops": Handler(self._list),
            "next-write": Handler(lambda: self._to_cell(1)),
            "previous-write": Handler(lambda: self._to_cell(-1)),
        }

    def changed(self) -> None:
        """Show the stops where they stand."""
        self._host.show()
        self._host.mark_timeline()

    def marks(self, place_of: Callable[[int], int], columns: int) -> Marks:
        """Where stops on a place or a cell wait on a timeline's columns, and where bookmarks stand."""
        marks: Marks = {}
        for stop in self._state.stops:
            found = _marked(self._state.stage.steps_of(stop), place_of) if stop.enabled else {}
            if len(found) <= columns // 3:  # a mark everywhere says nothing
                marks |= found
        for mark in self._state.bookmarks.list():
            marks[place_of(mark.position)] = (mark.position, BOOKMARK)
        return marks

    def _stop_here(self) -> None:
        """A stop at the cell under the cursor, or none there any more."""
        place = self._host.pointed_cell()
        if place is None:
            return
        stop = self._state.stage.stop_at(*place)
        if stop is None:
            self._host.say(tr("stops go on cells of {names}", names=self._state.stage.stopping))
            return
        if not self._state.stage.steps_of(stop):
            why, cell = self._state.stage.untouched, stop.target
            self._host.say(tr("{why}; a stop on {cell} would never be reached", why=why, cell=cell))
            return
        made = self._state.stops.toggle(stop)
        self.changed()
        if made:
            self._host.say(tr("stop {id} set: {stop}", id=made.id, stop=made))
        else:
            self._host.say(tr("stop removed: {stop}", stop=stop))

    def _list(self) -> None:
        from convstep.ui.dialogs.stops import StopsScreen

        self._host.open(StopsScreen(self._state.stops), lambda _: self.changed())

    def _ask_condition(self) -> None:
        """Ask for a stop in words."""
        from convstep.replay.stops import parse_stop
        from convstep.ui.dialogs.prompt import PromptScreen

        layout, (forms, other) = self._state.timeline.layout, self._state.stage.stop_forms
        if not layout.written:
            self._host.say(tr("there is no array here, and so nothing to stop at"))
            return
        written, shape = next(iter(layout.written.items()))
        known = [name for name, cells in layout.names.items() if not isinstance(cells, str)]  # str: why not

        def answered(stop: Stop | None) -> None:
            if stop is not None:
                added = self._state.stops.add(stop)
                self.changed()
                self._host.say(tr("stop {id} set: {stop}", id=added.id, stop=added))

        prompt = PromptScreen(
            tr("Stop when"),
            forms,
            tr(
                "A condition on {names} with abs, min, max, any, isnan; {other}; or `watch {cell}`. "
                "`hits 3` at the end stops at the third hit.",
                other=other,
                names=", ".join(name for name in known if name != "step"),
                cell=f"{written}[{', '.join(str(size - 1) for size in shape)}]",
            ),
            lambda text: parse_stop(text, layout),
            self._meaning,
        )
        self._host.open(prompt, answered)

    def _meaning(self, stop: Stop) -> str:
        from convstep.replay.stop_kinds import ConditionStop

        if isinstance(stop, ConditionStop):
            meaning = tr("Stops after a step for which {condition} is true.", condition=stop.target)
            if re.search(r"\bstep\b", stop.target):
                meaning += " " + tr("Here step counts from 0; position is the step number shown.")
            return meaning
        steps = self._state.stage.steps_of(stop)
        if not steps:  # nobody knows before they are looked at
            return tr("Stops at {stop}.", stop=stop)
        count, total = len(steps), self._state.timeline.total
        return tr("Stops at {count} of {total} steps: {stop}.", count=count, total=total, stop=stop)

    def _to_cell(self, by: int) -> None:
        """To the step of the cell under the cursor, or to the next (previous) step that writes it."""
        from convstep.replay.stop_kinds import ConditionStop

        place, stage = self._host.pointed_cell(), self._state.stage
        if place is None:
            return
        stop = stage.stop_at(*place)
        if stop is None or isinstance(stop, ConditionStop):
            self._host.say(
                tr("go to a cell of {names}: those are what steps take and write", names=stage.stopping)
            )
            return
        steps, position = stage.steps_of(stop), self._state.position
        if len(steps) == 1:
            self._host.travel.to(steps[0] + 1)
            return
        # step p - 1 is the one shown at position p
        at = bisect.bisect_left(steps, position) if by > 0 else bisect.bisect_left(steps, position - 1) - 1
        if 0 <= at < len(steps):
            self._host.travel.to(steps[at] + 1)
        elif not len(steps):
            self._host.say(stage.untouched)
        else:
            self._host.say(
                tr("no later step writes this cell" if by > 0 else "no earlier step writes this cell")
            )


def _marked(steps: Sequence[int], place_of: Callable[[int], int]) -> Marks:
    """The columns of the timeline in which there is a step, each with its first one."""
    found: Marks = {}
    at = 0
    while at < len(steps):
        column = place_of(steps[at] + 1)
        found[column] = (steps[at] + 1, STOP_MARK)
        at = bisect.bisect_left(steps, column + 1, at + 1, key=lambda step: place_of(step + 1))
    return found
