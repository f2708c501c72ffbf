"""ForwardStage: the scenes of a forward pass: x, w and b read, one cell of Z made a step."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from convstep.conv import forward, magnitude
from convstep.conv.case import case_of
from convstep.conv.forward_timeline import ForwardTimeline
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.replay.conditions import Condition
from convstep.replay.stop_kinds import Breakpoint, Stop
from convstep.replay.stop_list import Stops
from convstep.snippet import Snippet
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Event
from convstep.steps.stepped import Stepped
from convstep.view.grid.panel import Cell, Panel, Span
from convstep.view.numbers.text import full, short
from convstep.view.panels import conv2d, conv2d_cells
from convstep.view.panels.conv2d import Faces
from convstep.view.panels.conv2d_cells import Choice
from convstep.view.panels.forward_products import Products
from convstep.view.panels.nonfinite import spot_of_output
from convstep.view.panels.of_problem import OfProblem
from convstep.view.panels.problem_words import problem_facts, shape_facts, window_facts
from convstep.view.panels.resuming import Resumed, resumed
from convstep.view.panels.stage import Stage
from convstep.view.scene.build import build
from convstep.view.scene.scene import Scene
from convstep.view.scene.source import LoopLine, loop_lines
from convstep.view.scene.staged import Facts, Listing, Prepared, Spot, Staged

if TYPE_CHECKING:
    from convstep.replay.edits import Numbers
    from convstep.replay.session import Session
    from convstep.view.panels.unedited import Unedited


INPUT, OUTPUT, BIAS = "input", "output", "bias"
"""Keys of panels that a backward pass has not, or shows as something else."""


class ForwardFaces(Faces):
    """Makes the panels of one step of a forward pass."""

    def panels(self, choice: Choice) -> tuple[Panel, ...]:
        """The panels in reading order."""
        k = (choice.input_channel or 0) % self.geometry.kernel_shape[3]
        shown = self.index.i_c if choice.output_channel is None else choice.output_channel
        found = [
            self._seen(INPUT, "A_prev_pad", k),
            self._by_steps(OUTPUT, "Z", shown, stage=True),
            self._kernel("W", k, shown),
        ]
        if "b" in self.arrays:
            found.append(self._panel(BIAS, "b", None, listed=True))
        return tuple(found)


@dataclass(eq=False, repr=False)
class ForwardStage(OfProblem):
    """What scenes of one forward pass are built from; only `timeline` moves."""

    timeline: ForwardTimeline
    """What is shown."""
    choice: Choice = field(default_factory=Choice)
    """Which faces are shown."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """How many further faces stand beside a panel, by its key."""
    stops: Stops = field(default_factory=Stops)
    """Where runs stop; those on cells of Z are marked."""
    unedited: Unedited | None = None
    """The pass of the problem as it was before some of its numbers were edited; None if none is."""
    limits: dict[str, float] = field(init=False, default_factory=dict)
    """The largest magnitude by array name."""
    whole: frozenset[str] = field(init=False, default=frozenset())
    """Arrays that have whole numbers only."""
    unsigned: frozenset[str] = field(init=False, default=frozenset())
    """Arrays that have no number below zero."""
    forward: bool = field(init=False, default=True)
    """The direction."""

    def __post_init__(self) -> None:
        problem = self._problem
        self.unsigned = conv2d.unsigned(problem)
        self.take_magnitudes(magnitude.quick_output(problem))
        if not self.unmeasured:
            self.take_magnitudes(self.magnitudes())
            self.whole = conv2d.whole(problem)

    @classmethod
    def on(cls, problem: Problem) -> ForwardStage:
        """The stage of a problem's forward pass before its first step."""
        return cls(ForwardTimeline(problem))

    # the run

    @property
    def run(self) -> ForwardTimeline:
        """What is shown."""
        return self.timeline

    def scout(self) -> ForwardTimeline:
        """Another run of the problem."""
        return ForwardTimeline(self._problem)

    def scene(self) -> Scene:
        """The scene at the run's position. Costs do not grow with the tensors."""
        run = self.timeline
        event, arrays = run.event, run.arrays
        if self.unedited is not None:
            self.unedited.follow(run)
        panels = self._faces(event, arrays).beside(self.choice, self.beside)
        source = conv2d.source_at(event, source_lines())
        scene = build((run.position, run.total), event, arrays, panels, source=source)
        summed, *added = scene.additions
        additions = (replace(summed, terms=self._terms(event, panels)), *added)
        return replace(scene, additions=additions, panels=tuple(map(self._marked, scene.panels)))

    def in_sample(self, by: int) -> int | str:
        """The position of the same place in another sample, or why there is none."""
        return conv2d_cells.in_sample(self.timeline.loop_index, by, self.geometry)

    def first_nonfinite(self, scout: Stepped, leave: Callable[[], bool]) -> Spot | None:
        """The first step whose cell of Z is NaN or infinite."""
        assert isinstance(scout, ForwardTimeline)
        condition = Condition.parse("isnan(Z) or isinf(Z)", scout.layout)
        for piece in scout.matching(condition, 0, scout.total, backwards=False):
            if leave():
                return None
            if len(piece.steps):
                scout.seek(int(piece.steps[0]) + 1)
                return spot_of_output(scout.event, self._problem.dtype)
        return None

    # panels

    @property
    def followed(self) -> str:
        """The output."""
        return OUTPUT

    def swept(self, old: Scene, new: Scene) -> Mapping[str, Span]:
        """The block of Z between two scenes."""
        places = conv2d_cells.places_between(old, new, self.geometry)
        return {} if places is None else {"Z": Span(*places)}

    def magnitudes(self) -> dict[str, float]:
        """How large Z gets, with its bias or before."""
        return magnitude.output_magnitude(self._problem)

    def take_magnitudes(self, found: Mapping[str, float]) -> None:
        """Let colours saturate at these magnitudes."""
        self.limits |= conv2d.magnitudes(found, conv2d.GIVEN)

    # faces

    def turn_to(self, array: str, cell: tuple[int, ...]) -> None:
        """The loop shows the channel of the cell it has just made."""
        self.choice = Choice()

    def resumed(self, session: Session) -> Resumed:
        """What a session brings back."""
        return resumed(session, self.geometry, self._problem.b is not None, forward=True)

    def toggle_share(self) -> str:
        """Every cell of Z belongs to one sample."""
        return tr("nothing is added up over the samples: every cell of Z belongs to one")

    # cells

    def stop_at(self, panel: Panel, cell: Cell) -> Stop | None:
        """The place of the step that makes a cell of Z."""
        name, index = panel.face.name, panel.face.index(*cell)
        nest = self.geometry.nest
        return Breakpoint(zip(nest.spoken, index, strict=True)) if name == "Z" else None

    def made_of(self, array: str, index: tuple[int, ...]) -> Listing | None:
        """The products that a cell of Z is the sum of."""
        return Products(self._problem, index, self.timeline.position) if array == "Z" else None

    # what it begins with

    @property
    def _runs(self) -> list[Prepared]:
        """The pass, and the same without the edits."""
        return [self.timeline, *([] if self.unedited is None else [self.unedited.run])]

    def with_numbers(self, numbers: Numbers) -> ForwardStage:
        """The stage of the problem with other numbers."""
        from convstep.lessons.page_place import edited_problem
        from convstep.view.panels import unedited

        original = self.timeline if self.unedited is None else self.unedited.run
        assert isinstance(original, ForwardTimeline)
        if not numbers:
            return type(self)(original)
        problem = original.problem
        edited = ForwardTimeline(edited_problem(problem, numbers))
        return type(self)(edited, unedited=unedited.beside(original, numbers, problem.geometry))

    # words

    def facts(self) -> Facts:
        """The direction, shapes and geometry."""
        problem, direction = self._problem, tr("forward")
        kept = [direction, *window_facts(problem)]
        return Facts([direction, *problem_facts(problem)], kept, shape_facts(problem))

    def standing(self) -> str:
        """The cell of Z that the step makes, as it stands."""
        write = self.timeline.event.writes[0]
        cell = cell_text(write.array, write.region)
        return f"{cell} = {full(self.timeline.Z[write.region], self._problem.dtype)}"

    @property
    def source_title(self) -> str:
        """Where the loop stands."""
        return "forward.py"

    def last_words(self) -> str:
        """What can be done at the last step."""
        return tr("last step: Z is complete; o checks it another way, D goes to the backward pass")

    @property
    def all_finite(self) -> str:
        """What is said where no cell is NaN or inf."""
        return tr("no step makes a NaN or inf: all of Z is finite")

    def checking(self) -> Callable[[], str]:
        """Says how far the cells made so far are from those of one matrix product for each tap."""
        count, problem = self.timeline.position, self._problem
        made = self.timeline.Z.reshape(-1)[:count].copy()

        def check() -> str:
            if not count:
                return tr("no cell of Z is made yet: there is nothing to check")
            with quiet():
                other = forward.expected_forward(problem).reshape(-1)[:count]
            known = np.isfinite(made) & np.isfinite(other)
            words = tr(
                "{count} cells of Z: at most {error} from a matrix product for each tap (largest {most})",
                count=int(known.sum()),
                error=short(np.abs(made[known] - other[known]).max(initial=0), 3),
                most=short(np.abs(made[known]).max(initial=0), 3),
            )
            left = count - int(known.sum())
            return words if not left else words + tr("; {count} are NaN or inf", count=left)

        return check

    def case(self, name: str, function: str = "") -> Snippet:
        """The problem, the call and what comes of it."""
        return case_of(self._problem, name, forward=True)

    def _faces(self, event: Event, arrays: Mapping[str, Array]) -> ForwardFaces:
        """What the panels of the step are made by."""
        return ForwardFaces(
            self.geometry,
            self.timeline.loop_index,
            arrays,
            self.limits,
            executed=event.made == len(event.writes),
            whole=self.whole,
            unsigned=self.unsigned,
        )

    def _terms(self, event: Event, panels: list[Panel]) -> tuple[tuple[str, Array], ...]:
        """The factors of the sum and their products, as far as the faces show them."""
        x, w = conv2d.factors_on(event, panels)
        *_, k = next(panel.face.fixed for panel in panels if panel.face.name == "W")
        channel = "" if self.geometry.kernel_shape[3] == 1 else f"[…, {k}]"
        with quiet():
            product = x * w
        return (
            (f"x{channel}", x),
            (f"w{channel}", w),
            (f"(x * w){channel}" if channel else "x * w", product),
        )

    def _marked(self, panel: Panel) -> Panel:
        """The panel with the stops that stand on its face."""
        cells = frozenset(self._stopping_cells(panel)) if panel.face.name == "Z" else frozenset()
        panel = replace(panel, stops=cells) if cells else panel
        return panel if self.unedited is None else self.unedited.marked(panel)

    def _stopping_cells(self, panel: Panel) -> Iterator[tuple[int, int]]:
        """Cells of Z at whose steps a run stops."""
        names = self.geometry.nest.spoken
        for stop in self.stops:
            place = dict(stop.place) if isinstance(stop, Breakpoint) and stop.enabled else {}
            index = tuple(place[name] for name in names if name in place)
            found = panel.face.find(index)
            if found is not None:
                yield found


def other_way(stage: Staged) -> Staged:
    """The stage of the same problem's other pass, before its first step; asked of what `turns`."""
    run = stage.run
    assert isinstance(run, Timeline | ForwardTimeline)
    assert isinstance(stage, Stage | ForwardStage)
    if stage.unedited is not None:
        run = stage.unedited.run
        assert isinstance(run, Timeline | ForwardTimeline)
    other = Stage.on(run.problem) if stage.forward else ForwardStage.on(run.problem)
    return other.with_numbers(stage.numbers) if stage.numbers else other


@functools.cache
def source_lines() -> tuple[LoopLine, ...]:
    """The lines of the loop that runs, from its first `for` on."""
    return loop_lines(forward._loop)
