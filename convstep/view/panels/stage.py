"""Stage: the scenes of one timeline, with the faces, stops and marks that a person chose."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy.typing as npt

from convstep.conv import magnitude
from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from convstep.conv.sample_share import SampleShare
from convstep.conv.timeline import Timeline
from convstep.replay.stop_list import Stops
from convstep.steps.event import Event
from convstep.view.grid.panel import Panel, beside_key
from convstep.view.numbers.scale import round_limit
from convstep.view.numbers.text import is_whole
from convstep.view.panels import conv2d, conv2d_cells
from convstep.view.panels.conv2d import Faces
from convstep.view.panels.conv2d_cells import Choice
from convstep.view.scene.build import build
from convstep.view.scene.scene import Scene

Array = npt.NDArray[Any]


@dataclass(slots=True, eq=False)
class Stage:
    """What scenes of one timeline are built from; only `timeline` moves."""

    timeline: Timeline
    """What is shown."""
    limits: dict[str, float] = field(default_factory=dict)
    """Colour limits by array name; measured, which takes time with the arrays, unless they are given."""
    choice: Choice = field(default_factory=Choice)
    """Which faces are shown."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """How many further faces stand beside a panel, by its key."""
    stops: Stops = field(default_factory=Stops)
    """Where runs stop; those on cells are marked."""
    marks: Mapping[str, Mapping[tuple[int, ...], str]] = field(default_factory=dict)
    """What a lesson or a learner puts on cells: a character by tensor name and index."""
    share: SampleShare | None = None
    """One sample's share of what all samples add to, shown in place of the sums; None shows the sums."""
    whole: bool = field(init=False, default=False)
    """Whether all numbers are whole, and so all sums of their products."""

    def __post_init__(self) -> None:
        if self.limits:
            return
        self.take_magnitudes(magnitude.quick_magnitudes(self._problem))
        if not self.unmeasured:
            self.take_magnitudes(self.magnitudes())
        if not self.unmeasured or self._problem.total_steps <= magnitude.STEPWISE:
            read = (self._problem.A_prev, self._problem.W, self._problem.dZ)
            self.whole = all(map(is_whole, read))

    @property
    def geometry(self) -> Geometry:
        """The convolution."""
        return self.timeline.problem.geometry

    @property
    def unmeasured(self) -> bool:
        """Whether the gradients' magnitudes are too much work to find before the first screen."""
        return magnitude.work(self._problem) > magnitude.AT_ONCE

    def magnitudes(self) -> dict[str, float]:
        """How large the gradients get, by array name; takes time with the arrays."""
        return magnitude.reached_magnitudes(self._problem)

    def take_magnitudes(self, found: Mapping[str, float]) -> None:
        """Let colours saturate at these magnitudes, each rounded up to a round one."""
        self.limits |= {name: round_limit(largest) for name, largest in found.items()}

    def scene(self) -> Scene:
        """The scene at the timeline's position. Costs do not grow with the tensors."""
        timeline = self.timeline
        event, arrays = conv2d.shown_event(timeline, self.share)
        panels = self._panels(self._faces(event, arrays))
        place = timeline.position, timeline.total
        parts = {} if self.share is None else conv2d.share_parts(self.share.sample)
        scene = build(place, event, arrays, panels, parts, conv2d.source_lines())
        return replace(scene, panels=tuple(map(self._marked, scene.panels)))

    def prepared(self, position: int) -> bool:
        """Whether the scene at a position takes no time to speak of."""
        there = self.timeline.prepared(position)
        return there and (self.share is None or self.share.prepared(position))

    def prepare(self, position: int) -> Iterator[float]:
        """Build what the scene at a position needs, beside the screen; yields how far it is."""
        if self.share is None:
            yield from self.timeline.prepare(position)
            return
        for half, work in enumerate((self.timeline.prepare(position), self.share.prepare(position))):
            for done in work:
                yield (half + done) / 2

    @property
    def _problem(self) -> Problem:
        return self.timeline.problem

    def _faces(self, event: Event, arrays: Mapping[str, Array]) -> Faces:
        """What the panels of the step are made by."""
        return Faces(
            self.geometry,
            self.timeline.step.loop_index,
            arrays,
            self.limits,
            executed=event.made == len(event.writes),
            drawn=self._problem.dZ_drawn,
            alone=self.share is not None,
            whole=self.whole,
        )

    def _panels(self, faces: Faces) -> list[Panel]:
        """The panels of the chosen faces, and further ones beside them."""
        panels_at = functools.cache(faces.panels)
        panels = list(panels_at(self.choice))
        for number in range(1, max(self.beside.values(), default=0) + 1):
            for panel in panels_at(self.choice):
                if number <= self.beside.get(panel.key, 0):
                    others = panels_at(conv2d_cells.chosen(self.choice, panel, number, self.geometry))
                    further = next(other for other in others if other.key == panel.key)
                    panels.append(replace(further, key=beside_key(panel.key, number)))
        return panels

    def _marked(self, panel: Panel) -> Panel:
        """The panel with the stops and the marks that stand on its face."""
        geometry = self.geometry
        stops = [conv2d_cells.stop_on(panel, stop, geometry) for stop in self.stops if stop.enabled]
        marks = [
            (conv2d_cells.found_on(panel, name, index, geometry), mark)
            for name, wanted in self.marks.items()
            if conv2d_cells.shows(panel, name)
            for index, mark in wanted.items()
        ]
        cells = frozenset(cell for cell in stops if cell is not None)
        seen: dict[tuple[int, int], str] = {cell: mark for cell, mark in marks if cell is not None}
        return replace(panel, stops=cells, marks=seen) if cells or seen else panel


def begin(problem: Problem) -> Timeline:
    """A run of a problem before its first step."""
    return Timeline(problem)
