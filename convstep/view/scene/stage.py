"""Scene: from a timeline to the panels to show. The one place that knows which tensors matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from convstep.conv import magnitude
from convstep.conv.geometry import Geometry, StepIndex
from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.conv.sample_share import SampleShare
from convstep.conv.step import Step
from convstep.conv.timeline import Timeline
from convstep.conv.validation import cell_text
from convstep.language import tr
from convstep.replay.stop_kinds import Breakpoint, Stop, Watchpoint
from convstep.replay.stop_list import Stops
from convstep.view.grid.faces import face
from convstep.view.grid.panel import Cell, Panel, Span, beside_key
from convstep.view.numbers.scale import round_limit
from convstep.view.numbers.text import is_whole
from convstep.view.scene.additions import additions
from convstep.view.scene.card import largest
from convstep.view.scene.scene import Choice, Loop, Scene
from convstep.view.text.words import place_text

if TYPE_CHECKING:
    from convstep.conv.provenance import Provenance

Array = npt.NDArray[Any]


WITHOUT_BATCH = "this problem has no batch axis, so there is one sample"
"""Why there is no other sample to go to."""


@dataclass(slots=True, eq=False)
class Stage:
    """Builds scenes for one timeline; holds what does not change from step to step."""

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
            self.take_magnitudes(magnitude.reached_magnitudes(self._problem))
        if not self.unmeasured or self._problem.total_steps <= magnitude.STEPWISE:
            read = (self._problem.A_prev, self._problem.W, self._problem.dZ)
            self.whole = all(map(is_whole, read))

    @property
    def unmeasured(self) -> bool:
        """Whether the gradients' magnitudes are too much work to find before the first screen."""
        return magnitude.work(self._problem) > magnitude.AT_ONCE

    def take_magnitudes(self, found: Mapping[str, float]) -> None:
        """Let colours saturate at these magnitudes, each rounded up to a round one."""
        self.limits |= {name: round_limit(largest) for name, largest in found.items()}

    @property
    def loop_lengths(self) -> tuple[int, int]:
        """Steps in the innermost loop, and in the one around it."""
        _, w_out, c_out = self._geometry.output_shape
        return c_out, w_out * c_out

    def scene(self) -> Scene:
        """The scene at the timeline's position. Costs do not grow with the tensors."""
        timeline = self.timeline
        step = timeline.step
        made = timeline.additions or (timeline.additions_per_step if timeline.position else 0)
        return Scene(
            position=timeline.position,
            total=timeline.total,
            place=place_text(step.loop_index, self._geometry),
            state=self._state(),
            loops=self._loops(step.loop_index),
            upstream=cell_text("dZ", self._geometry.place_of(step.index)),
            dz=float(step.dz),
            additions=additions(timeline, self._channel(), made, self.share.follow() if self.share else None),
            made=made,
            panels=tuple(self._marked(panel) for panel in self._panels(step, made)),
        )

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

    def toggle_share(self) -> str:
        """From the sums of the whole batch to the share of one sample, and back; says what is shown."""
        names = "dW" if self.timeline.db is None else tr("dW and db")
        if self._geometry.batch is None:
            return tr("this problem has no batch axis: its one sample makes all of {names}", names=names)
        if self.share is not None:
            self.share = None
            return tr("{names}: the running sums of the whole batch", names=names)
        self.share = SampleShare(self.timeline)
        sample = self.share.sample
        return tr("{names}: what sample {sample} alone has added so far", names=names, sample=sample)

    def in_sample(self, by: int) -> int | str:
        """The position after the same place of another sample, or why there is none."""
        index, count = self.timeline.step.loop_index, self._geometry.samples
        if self._geometry.batch is None:
            return tr(WITHOUT_BATCH)
        if not 0 <= index.i_n + by < count:
            return tr(
                "this is the last of {count} samples" if by > 0 else "this is the first of {count} samples",
                count=count,
            )
        return self._geometry.step_at(index._replace(i_n=index.i_n + by)) + 1

    def choose(self, panel: Panel, by: int) -> None:
        """Another face of a panel; panels that show the same channel go along."""
        count, current = panel.choices
        chosen = (current + by) % count
        kernel = panel.key in ("kernel", "kernel_gradient")
        if panel.stage or (kernel and self._geometry.kernel_shape[3] > 1):
            self.choice = replace(self.choice, input_channel=chosen)
        else:
            self.choice = replace(self.choice, output_channel=chosen)

    def touched(self, first: int, last: int) -> Span | None:
        """The block of a stage panel that changes between two positions; None if that is all of it.

        Args:
            first: a position.
            last: a later one.
        """
        start, stop = (self._geometry.index_at(step) for step in (first, max(last - 1, first)))
        if start.i_n != stop.i_n or first == last:
            return None
        rows = slice(self._geometry.rows(start.i_h).start, self._geometry.rows(stop.i_h).stop)
        columns = slice(0, self._geometry.padded_shape[1])
        if start.i_h == stop.i_h:
            left, right = self._geometry.columns(start.i_w), self._geometry.columns(stop.i_w)
            columns = slice(left.start, right.stop)
        return Span.of(rows, columns)

    def step_of(self, panel: Panel, cell: Cell) -> int | None:
        """The one step that a cell of the upstream gradient belongs to; None on other panels."""
        if panel.key != "upstream":
            return None
        *batch, i_h, i_w, i_c = panel.face.index(*cell)
        return self._geometry.step_at(StepIndex(batch[0] if batch else 0, i_h, i_w, i_c))

    def stop_at(self, panel: Panel, cell: Cell) -> Stop | None:
        """The stop that a cell stands for: a step's `dz`, or a gradient's cell; else None."""
        index = panel.face.index(*cell)
        if panel.face.name == "dZ":
            *batch, i_h, i_w, i_c = index
            return Breakpoint(i_n=batch[0] if batch else None, i_h=i_h, i_w=i_w, i_c=i_c)
        if panel.face.name in GRADIENTS:
            return Watchpoint(panel.face.name, index)
        return None

    def provenance_of(self, panel: Panel, cell: Cell) -> Provenance | None:
        """What makes a cell of a running gradient; None for a cell of another tensor."""
        if panel.face.name not in GRADIENTS:
            return None
        from convstep.conv.provenance import provenance

        return provenance(self._problem, panel.face.name, panel.face.index(*cell))

    def steps_of(self, stop: Stop) -> Sequence[int]:
        """The steps at which a stop on a place or a cell waits, ascending; none for a condition."""
        if isinstance(stop, (Breakpoint, Watchpoint)):
            return stop.steps(self._problem.layout) or ()
        return ()

    def _marked(self, panel: Panel) -> Panel:
        """The panel with the stops and the marks that stand on its face."""
        cells = set()
        for stop in self.stops:
            if stop.enabled and isinstance(stop, Watchpoint) and stop.array == panel.face.name:
                cells.add(panel.face.find(stop.index))
            elif stop.enabled and isinstance(stop, Breakpoint) and panel.face.name == "dZ":
                turns, names = dict(stop.place), StepIndex._fields[-len(panel.face.fixed) :]
                if turns.keys() >= set(names):
                    cells.add(panel.face.find(tuple(turns[name] for name in names)))
        found = frozenset(cell for cell in cells if cell is not None)
        marks = self._marks_on(panel) if self.marks else {}
        return replace(panel, stops=found, marks=marks) if found or marks else panel

    def _marks_on(self, panel: Panel) -> dict[tuple[int, int], str]:
        """By cell, what stands on this face; marks on other faces are not seen."""
        wanted = self.marks.get(panel.face.name)
        if not wanted:
            return {}
        placed = ((panel.face.find(index), mark) for index, mark in wanted.items())
        return {cell: mark for cell, mark in placed if cell is not None}

    @property
    def _problem(self) -> Problem:
        return self.timeline.problem

    @property
    def _geometry(self) -> Geometry:
        return self.timeline.problem.geometry

    def _state(self) -> str:
        if self.timeline.additions:
            made, count = self.timeline.additions, self.timeline.additions_per_step
            return tr("{made} of {count} additions made", made=made, count=count)
        return tr("executed" if self.timeline.position else "about to run")

    def _loops(self, index: StepIndex) -> tuple[Loop, ...]:
        counts = (self._geometry.samples, *self._geometry.output_shape)
        names = StepIndex._fields
        return tuple(Loop(n, at, count) for n, at, count in zip(names, index, counts, strict=True))

    def _batch(self, index: StepIndex) -> tuple[int, ...]:
        return () if self._geometry.batch is None else (index.i_n,)

    def _channel(self) -> int:
        """Offset of the shown input channel within a group."""
        return min(self.choice.input_channel or 0, self._geometry.kernel_shape[3] - 1)

    def _shown_filter(self, index: StepIndex) -> int:
        chosen = self.choice.output_channel
        return index.i_c if chosen is None else chosen

    def _panels(self, step: Step, made: int) -> tuple[Panel, ...]:
        k, shown = self._channel(), self._shown_filter(step.loop_index)
        first = self._panels_of(step, made, k, shown)
        panels = list(first)
        c_out, _, _, c_k = self._geometry.kernel_shape
        for number in range(1, max(self.beside.values(), default=0) + 1):
            others = self._panels_of(step, made, (k + number) % c_k, (shown + number) % c_out)
            if c_k > 1:  # kernels go through the channels they look at, not through the filters
                kernels = self._panels_of(step, made, (k + number) % c_k, shown)
                others = tuple(b if b.stack else a for a, b in zip(others, kernels, strict=True))
            panels += [
                replace(panel, key=beside_key(panel.key, number))
                for panel in others
                if number <= self.beside.get(panel.key, 0)
            ]
        return tuple(panels)

    def _panels_of(self, step: Step, made: int, k: int, shown: int) -> tuple[Panel, ...]:
        """The panels at one input channel offset and one output channel."""
        summed = self.timeline if self.share is None else self.share.follow()
        bias = () if summed.db is None else (self._shared(self._db_panel(summed.db, step, made >= 3)),)
        panels = (
            *self._padded_panels(step, made >= 2, k),
            self._kernel_panel("W", self._problem.W, step, (k, shown), written=False),
            self._upstream_panel(step, shown),
            self._shared(self._kernel_panel("dW", summed.dW, step, (k, shown), written=made >= 1)),
            *bias,
        )
        return tuple(replace(panel, whole=True) for panel in panels) if self.whole else panels

    def _shared(self, panel: Panel) -> Panel:
        """The panel of a sum over the samples, named for what it shows of it."""
        label, name, samples = panel.face.label, panel.face.name, self._geometry.samples
        if self.share is not None:
            sample = self.share.sample
            part, of = _share_text(sample), tr("of i_n {sample}", sample=sample)
            short = f"i_n {sample}"
            panel = replace(panel, caption=part, part=part)
        elif samples > 1:
            part, of, short = tr("sum of {count}", count=samples), tr("of all"), tr("all")
        else:
            return panel
        compact = label.replace(", ", ",")
        titles = [f"{label}  {part}"]
        titles += [f"{named} {word}" for word in (of, short) for named in (label, compact)]
        titles += [f"{name} {of}", f"{name}, {short}"]
        return replace(panel, titles=tuple(dict.fromkeys(titles)))

    def _padded_panels(self, step: Step, written: bool, k: int) -> tuple[Panel, Panel]:
        """`A_prev_pad` and `dA_prev_pad`: same face, same window, one read and one written."""
        geometry, index = self._geometry, step.loop_index
        _, rows, columns, channels = step.window
        window = Span.of(rows, columns)
        fixed = (*self._batch(index), None, None, channels.start + k)
        read = Panel(
            key="input",
            face=face("A_prev_pad", self._problem.A_prev_pad, fixed),
            limit=self.limits["A_prev"],
            framed=True,
            window=window,
            inside=Span.of(*geometry.crop),
            choices=(geometry.kernel_shape[3], k),
            stage=True,
        )
        return read, replace(
            read,
            key="input_gradient",
            face=face("dA_prev_pad", self.timeline.dA_prev_pad, fixed),
            limit=self.limits["dA_prev"],
            caption="running",
            changed=window if written else None,
            cropped=geometry.padding != ((0, 0), (0, 0)),
        )

    def _kernel_panel(
        self, name: str, tensor: Array, step: Step, channels: tuple[int, int], *, written: bool
    ) -> Panel:
        k, shown = channels
        running = name == "dW"
        c_out, f_h, f_w, c_k = self._geometry.kernel_shape
        touched = written and shown == step.i_c
        return Panel(
            key="kernel_gradient" if running else "kernel",
            face=face(name, tensor, (shown, None, None, k)),
            limit=self.limits[name],
            caption="running" if running else "",
            changed=Span(range(f_h), range(f_w)) if touched else None,
            near=Cell(*largest(step.input_slice[..., k])) if running and shown == step.i_c else None,
            choices=(c_k, k) if c_k > 1 else (c_out, shown),
            stack="kernel",
        )

    def _upstream_panel(self, step: Step, shown: int) -> Panel:
        index, (_, w_out, c_out) = step.loop_index, self._geometry.output_shape
        # how many cells of this face the loop has passed: those before the step's own, in
        # reading order, and the step's own place once its channel is beyond the shown one
        current = index.i_h * w_out + index.i_w
        executed = bool(self.timeline.position) and not self.timeline.additions
        passed = index.i_c > shown or (index.i_c == shown and executed)
        return Panel(
            key="upstream",
            face=face("dZ", self._problem.dZ, (*self._batch(index), None, None, shown)),
            limit=self.limits["dZ"],
            caption="drawn at random" if self._problem.dZ_drawn else "",
            now=Cell(index.i_h, index.i_w) if shown == index.i_c else None,
            done=current + passed,
            choices=(c_out, shown),
        )

    def _db_panel(self, db: Array, step: Step, written: bool) -> Panel:
        here = Span(range(step.i_c, step.i_c + 1), range(1))
        return Panel(
            key="bias_gradient",
            face=face("db", db, (None,)),
            limit=self.limits["db"],
            caption="running",
            changed=here if written else None,
            now=Cell(step.i_c, 0),
            listed=True,
        )


def _share_text(sample: int) -> str:
    return tr("sample {sample}'s share", sample=sample)
