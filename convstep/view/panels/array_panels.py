"""The panels of a recording's arrays: which there are at a step, and what each shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from convstep.steps.cells import Array
from convstep.steps.event import Event
from convstep.view.grid.panel import Panel, beside_key
from convstep.view.numbers.scale import round_limit
from convstep.view.panels import recorded
from convstep.view.panels.stretches import Seen, Stretch, Stretches, placed_at

if TYPE_CHECKING:
    from convstep.recording.recording import Recording


PLACES = 8
"""Places of a long run at which the arrays' magnitudes are looked at."""
MEASURED = 2_000
"""Steps of a stretch whose end is looked at."""
LOOKED_THROUGH = 20_000
"""Changes of cells that are looked through for numbers that are not whole."""


class ArrayPanels:
    """Makes the panels of one recording, wherever that stands."""

    def __init__(self, recording: Recording) -> None:
        """Show the arrays of a recording; it is not moved."""
        self._recording, self._scout = recording, recording.scout()
        self.infos = {info.name: info for info in recording.catalogue}
        """What is known of each array, in the order in which they appear."""
        self.stretches = Stretches(recording, self.shape)
        """Which of them belong together."""
        self._keys = {name: f"array{number}" for number, name in enumerate(self.infos)}
        self._fractions = recorded.fractions_since(recording, LOOKED_THROUGH)
        self._limits: dict[str, float] = {}
        self._measured: list[Stretch] = []
        self._looked: tuple[tuple[int, int], Mapping[str, Array]] = ((-1, 0), {})

    @property
    def there(self) -> Mapping[str, Array]:
        """The arrays that there are by now, live; looked for once at every place."""
        place = self._recording.position, self._recording.made
        if self._looked[0] != place:
            self._looked = place, self._recording.arrays
        return self._looked[1]

    def stretch(self, event: Event) -> Stretch:
        """The stretch of a step; how large its arrays get is measured at its end, if that is near."""
        stretch = self.stretches.at(event)
        if stretch not in self._measured:
            self._measured.append(stretch)
            if 0 < len(stretch.steps) <= MEASURED:
                self._scout.seek(stretch.steps.stop)
                arrays = self._scout.arrays
                for name in stretch.names:
                    self._limit(name, arrays.get(name))
        return stretch

    def panels(
        self, event: Event, brought: Sequence[str], chosen: Mapping[str, int], beside: Mapping[str, int]
    ) -> list[Panel]:
        """The panels of a step, without anything of the step on them; further faces after all others.

        Arrays in `brought` are shown beside those of its stretch. `chosen` has by array which face is shown,
        else it follows the loop; `beside` by key how many further faces are.
        """
        stretch = self.stretch(event)
        names = list(dict.fromkeys((*stretch.names, *brought)))
        panels = [self._panel(name, stretch, event, chosen) for name in names]
        for number in range(1, max(beside.values(), default=0) + 1):
            panels += [
                self._panel(panel.face.name, stretch, event, chosen, number)
                for panel in panels[: len(names)]
                if number <= beside.get(panel.key, 0)
            ]
        # the first that is written and the first that is read are the large ones
        large = {next((panel.key for panel in panels if panel.running == it), "") for it in (True, False)}
        return [replace(panel, stage=panel.key in large) for panel in panels]

    def outlines(self, event: Event, brought: Sequence[str]) -> list[Panel]:
        """The panels of a step as they are arranged, whatever is in them: nothing is measured."""
        stretch = self.stretches.at(event)
        names = dict.fromkeys((*stretch.names, *brought))
        return [self._panel(name, stretch, event, {}, measured=False) for name in names]

    def arrays(self, event: Event) -> dict[str, Array]:
        """The arrays of a step, with zeros for those that are not there yet."""
        there, names = self.there, self.stretch(event).names
        return {name: recorded.nothing(self.shape(name)) for name in names if name not in there} | dict(there)

    def seen(self, name: str, event: Event) -> Seen:
        """How an array is seen at a step: as its stretch sees it, or in its last axes."""
        return self._seen(name, self.stretch(event))

    def _seen(self, name: str, stretch: Stretch) -> Seen:
        rank, seen = len(self.shape(name)), stretch.seen.get(name)
        if seen is None or any(axis >= rank for axis in seen.axes) or len(seen.axes) != min(rank, 2):
            return Seen(tuple(range(max(rank - 2, 0), rank)), {}, framed=False)
        return seen

    def shape(self, name: str) -> tuple[int, ...]:
        """Of an array: now, or when it is made."""
        array = self.there.get(name)
        return array.shape if array is not None else self.infos[name].shape if name in self.infos else ()

    def key(self, name: str) -> str:
        """Of an array's panel."""
        return self._keys.setdefault(name, f"array{len(self._keys)}")

    @property
    def unmeasured(self) -> bool:
        """Whether the recording is long, so that colours first go by what is seen."""
        return self._recording.total > MEASURED

    def magnitudes(self) -> dict[str, float]:
        """How large the arrays get, looked at in a few places; takes time with the recording."""
        scout, found = self._recording.scout(), dict[str, float]()
        for place in range(1, PLACES + 1):
            scout.seek(scout.total * place // PLACES)
            for name, values in scout.arrays.items():
                found[name] = max(found.get(name, 0.0), recorded.magnitude(values))
        return found

    def take_magnitudes(self, found: Mapping[str, float]) -> None:
        """Let colours saturate there, or at what has been seen if that is more."""
        self._limits |= {name: max(most, self._limits.get(name, 0.0)) for name, most in found.items()}

    def _limit(self, name: str, values: Array | None) -> float:
        """The largest magnitude of an array that was seen; it only grows."""
        if values is not None:
            self._limits[name] = max(self._limits.get(name, 0.0), recorded.magnitude(values))
        return self._limits.get(name, 0.0)

    def _panel(
        self,
        name: str,
        stretch: Stretch,
        event: Event,
        chosen: Mapping[str, int],
        further: int = 0,
        *,
        measured: bool = True,
    ) -> Panel:
        array, shape, seen = self.there.get(name), self.shape(name), self._seen(name, stretch)
        count = max(math.prod(length for axis, length in enumerate(shape) if axis not in seen.axes), 1)
        followed = recorded.number_of(placed_at(seen, shape, event, name), seen.axes, shape)
        at = (chosen.get(name, followed) + further) % count
        index, steps = self._recording.index, stretch.steps
        end = index.ends[steps.stop - 1] if steps else 0
        shown = recorded.face_of(name, array, shape, recorded.fixed_at(at, seen.axes, shape))
        most = self._limit(name, shown.values if measured and array is not None else None)
        return Panel(
            beside_key(self.key(name), further) if further else self.key(name),
            shown,
            round_limit(most),
            reach=most,
            running=name in stretch.written,
            framed=seen.framed,
            choices=(count, at),
            listed=len(shape) == 1,
            whole=self._fractions.get(name, end) >= end,
            note=recorded.note_of(array, shape, self.infos[name].line if name in self.infos else 0),
        )
