"""Stage: the scenes of one convolution, with the faces, stops and marks that a person chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from convstep.conv import magnitude
from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.replay.stop_list import Stops
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Event
from convstep.steps.stepped import Stepped
from convstep.view.grid.panel import Cell, Panel, Span
from convstep.view.numbers.text import full
from convstep.view.panels import conv2d, conv2d_cells
from convstep.view.panels.conv2d import KEYS, Faces
from convstep.view.panels.conv2d_cells import Choice, provenance_at
from convstep.view.panels.of_problem import OfProblem
from convstep.view.panels.problem_words import problem_facts, shape_facts, step_caption, window_facts
from convstep.view.scene.build import build
from convstep.view.scene.scene import Scene
from convstep.view.scene.staged import Facts, Listing, Prepared, Resumed, Spot

if TYPE_CHECKING:
    from convstep.conv.sample_share import SampleShare
    from convstep.replay.edits import Numbers
    from convstep.replay.session import Session
    from convstep.replay.stop_kinds import Stop
    from convstep.snippet import Snippet
    from convstep.view.panels.compared import TimelineCompared
    from convstep.view.panels.unedited import Unedited
    from convstep.view.scene.window import Window


@dataclass(eq=False, repr=False)
class Stage(OfProblem):
    """What scenes of one timeline are built from; only `timeline` moves."""

    timeline: Timeline
    """What is shown."""
    limits: dict[str, float] = field(default_factory=dict)
    """The largest magnitude by array name; measured, which takes time with them, unless they are given."""
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
    unedited: Unedited | None = None
    """The pass of the problem as it was before some of its numbers were edited; None if none is."""
    whole: frozenset[str] = field(init=False, default=frozenset())
    """Arrays that have whole numbers only."""
    unsigned: frozenset[str] = field(init=False, default=frozenset())
    """Arrays that have no number below zero."""

    _share_beside: SampleShare | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.unsigned = conv2d.unsigned(self._problem)
        if self.limits:
            return
        self.take_magnitudes(magnitude.quick_magnitudes(self._problem))
        if not self.unmeasured:
            self.take_magnitudes(self.magnitudes())
        if not self.unmeasured or self._problem.total_steps <= magnitude.STEPWISE:
            self.whole = conv2d.whole(self._problem)

    @classmethod
    def on(cls, problem: Problem) -> Stage:
        """The stage of a problem before its first step."""
        return cls(begin(problem))

    @property
    def run(self) -> Timeline:
        """What is shown."""
        return self.timeline

    def scout(self) -> Timeline:
        """Another run of the problem."""
        return begin(self._problem)

    def magnitudes(self) -> dict[str, float]:
        """How large the gradients get, by array name; takes time with the arrays."""
        return magnitude.reached_magnitudes(self._problem)

    def take_magnitudes(self, found: Mapping[str, float]) -> None:
        """Let colours saturate at these magnitudes; sums may be larger on their way where steps are many."""
        few = self._problem.total_steps <= magnitude.STEPWISE
        self.limits |= conv2d.magnitudes(found, conv2d.MEASURED if few else conv2d.GIVEN)

    def scene(self) -> Scene:
        """The scene at the timeline's position. Costs do not grow with the tensors."""
        timeline = self.timeline
        event, arrays = conv2d.shown_event(timeline, self.share)
        if self.unedited is not None:
            self._follow(self.unedited)
        panels = self._faces(event, arrays).beside(self.choice, self.beside)
        place = timeline.position, timeline.total
        parts = {} if self.share is None else conv2d.share_parts(self.share.sample)
        scene = build(place, event, arrays, panels, parts, conv2d.source_at(event, conv2d.source_lines()))
        return replace(scene, panels=tuple(map(self._marked, scene.panels)))

    def window(self, scene: Scene) -> Window:
        """The step of a scene as the forward pass makes it, on the faces of its panels."""
        return conv2d.window(self._problem, scene.event.index, scene.panels)

    def in_sample(self, by: int) -> int | str:
        """The position of the same place in another sample, or why there is none."""
        return conv2d_cells.in_sample(self.timeline.step.loop_index, by, self.geometry)

    def first_nonfinite(self, scout: Stepped, leave: Callable[[], bool]) -> Spot | None:
        """Where the first NaN or inf is made."""
        from convstep.view.panels.nonfinite import first_spot

        assert isinstance(scout, Timeline)
        return first_spot(scout, leave)

    @property
    def followed(self) -> str:
        """The padded gradient."""
        return KEYS["dA_prev"]

    def swept(self, old: Scene, new: Scene) -> Mapping[str, Span]:
        """The block of the padded gradient between two scenes."""
        return conv2d_cells.swept(old, new, self.geometry)

    def turn_to(self, array: str, cell: tuple[int, ...]) -> None:
        """Choose the input channel of a cell, where the loop does not show it anyway."""
        shown = len(cell) < 3 or array == "dZ"
        # a kernel has the channels of one group, the input those of all
        self.choice = Choice(None if shown else cell[-1] % self.geometry.kernel_shape[3] or None)

    def resumed(self, session: Session) -> Resumed:
        """What a session brings back."""
        from convstep.view.panels.resuming import resumed

        return resumed(session, self.geometry, self._problem.b is not None)

    def toggle_share(self) -> str:
        """One sample's share in place of the sums, or the sums again."""
        self.share, said = conv2d.toggled(self.share, self.timeline)
        return said

    @property
    def untouched(self) -> str:
        """What the loop does not reach stays as it was."""
        return tr("no window covers this cell: its gradient is exactly zero")

    @property
    def stop_forms(self) -> tuple[str, str]:
        """Conditions on what is named here; places in the loop."""
        return f"{self.timeline.layout.example} · isnan(dA) · 4,*,1", tr("a place")

    @property
    def stopping(self) -> str:
        """The upstream gradient, and what is written."""
        return ", ".join(["dZ", *self.made])

    def stop_at(self, panel: Panel, cell: Cell) -> Stop | None:
        """A step's `dz`, or a gradient's cell."""
        return conv2d_cells.stop_at(panel, cell, self.geometry)

    def made_by(self, panel: Panel, cell: Cell) -> Listing | None:
        """The contributions to a cell of a running gradient."""
        return self.made_of(*conv2d_cells.cell_of(panel, cell, self.geometry))

    def made_of(self, array: str, index: tuple[int, ...]) -> Listing | None:
        """The same, of a cell of an array by its name."""
        if array not in GRADIENTS:
            return None
        from convstep.view.scene.contributions import ContributionTable

        return ContributionTable(provenance_at(self._problem, array, index), self.timeline.position)

    @property
    def original(self) -> Timeline:
        """The pass without what was edited; the one that is shown where nothing is."""
        run = self.timeline if self.unedited is None else self.unedited.run
        assert isinstance(run, Timeline)
        return run

    def with_numbers(self, numbers: Numbers) -> Stage:
        """The stage of the problem with other numbers."""
        from convstep.lessons.page_place import edited_problem
        from convstep.view.panels import unedited

        original = self.original
        if numbers:
            problem = original.problem
            edited = begin(edited_problem(problem, numbers))
            made = Stage(edited, unedited=unedited.beside(original, numbers, problem.geometry))
        else:
            made = Stage(original)
        made.marks, made.share = self.marks, None if self.share is None else type(self.share)(made.timeline)
        return made

    def facts(self) -> Facts:
        """Shapes and geometry."""
        problem = self._problem
        return Facts(problem_facts(problem), window_facts(problem), shape_facts(problem))

    def standing(self) -> str:
        """The value that the step takes."""
        taken = self.timeline.event.read("dz")
        cell = cell_text(taken.array, taken.region)
        return f"{cell} = {full(float(taken.value), self._problem.dtype)}"

    def remarks(self) -> list[str]:
        """Whether there was a dZ."""
        return [tr("dZ drawn at random")] if self._problem.dZ_drawn else []

    def caption(self) -> str:
        """The step and its first addition."""
        return step_caption(self.timeline)

    @property
    def source_title(self) -> str:
        """Where the loop stands."""
        return "backward.py"

    def last_words(self) -> str:
        """What can be done at the last step."""
        return tr("last step: o compares the gradients with PyTorch's")

    @property
    def all_finite(self) -> str:
        """What is said where no gradient is NaN or inf."""
        return tr("no step makes a NaN or inf: all running gradients stay finite")

    @property
    def compares(self) -> bool:
        """It is what PyTorch is asked about."""
        return True

    def compared(self) -> TimelineCompared:
        """The running gradients."""
        from convstep.view.panels.compared import TimelineCompared

        return TimelineCompared(self.timeline)

    def case(self, name: str, function: str = "") -> Snippet:
        """The problem, the call and what comes of it."""
        from convstep.conv.case import case_of

        return case_of(self._problem, name)

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
            unsigned=self.unsigned,
        )

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
        panel = replace(panel, stops=cells, marks=seen) if cells or seen else panel
        return panel if self.unedited is None else self.unedited.marked(panel)

    @property
    def _runs(self) -> list[Prepared]:
        """The pass, one sample's share of it, and both without the edits."""
        unedited = None if self.unedited is None else self.unedited.run
        runs = (self.timeline, self.share, unedited, self._unedited_share())
        return [run for run in runs if run is not None]

    def _unedited_share(self) -> SampleShare | None:
        if self.share is None or self.unedited is None:
            return None
        if self._share_beside is None or self._share_beside.whole is not self.unedited.run:
            self._share_beside = type(self.share)(self.original)
        return self._share_beside

    def _follow(self, unedited: Unedited) -> None:
        """Bring the pass without the edits to where this one stands, and its sample's share."""
        unedited.follow(self.timeline)
        share = self._unedited_share()
        if share is not None:
            unedited.hold(conv2d.shown_event(self.original, share)[1])


def begin(problem: Problem) -> Timeline:
    """A run of a problem before its first step."""
    return Timeline(problem)
