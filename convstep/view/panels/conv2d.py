"""The panels of a convolution: which faces of its arrays are shown, and as what."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.conv import backward
from convstep.conv.forward_timeline import forward_event
from convstep.conv.geometry import Geometry, StepIndex
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Access, Event
from convstep.view.grid.faces import face
from convstep.view.grid.panel import Panel, Span, beside_key
from convstep.view.numbers.scale import round_limit
from convstep.view.numbers.text import is_whole, largest_finite
from convstep.view.panels.conv2d_cells import Choice, chosen
from convstep.view.scene.build import values_on
from convstep.view.scene.scene import SourceLine
from convstep.view.scene.source import LoopLine, at_step, loop_lines
from convstep.view.scene.window import Window

if TYPE_CHECKING:
    from convstep.conv.sample_share import SampleShare

Shown = tuple[Event, Mapping[str, Array]]
"""A step, and the arrays that it reads and writes."""

KEYS = {"dA_prev": "input_gradient", "dW": "kernel_gradient", "db": "bias_gradient"}
"""The key of each gradient's panel, the largest gradient first."""
LIMITS = {"A_prev_pad": "A_prev", "dA_prev_pad": "dA_prev"}
"""The arrays whose magnitudes are those of another."""
MEASURED = ("A_prev", "W", "dZ", "dW", "db", "dA_prev")
"""The arrays whose magnitudes colour limits are chosen by."""
GIVEN = ("A_prev", "W", "b", "dZ")
"""Those of them whose magnitude is exact: no step changes them."""
SHARED = ("dW", "db")
"""What all samples add to."""


@frozen(eq=False)
class Faces:
    """Makes the panels of one step, without anything of the step on them but what is done of dZ."""

    geometry: Geometry
    """The integers of the convolution."""
    index: StepIndex
    """The step that is looked at."""
    arrays: Mapping[str, Array]
    """What it reads and writes, live."""
    limits: Mapping[str, float]
    """The largest magnitude by array, at which colours saturate as soon as it is rounded up."""
    executed: bool = False
    """Whether the step is executed whole."""
    drawn: bool = False
    """Whether dZ was drawn at random."""
    alone: bool = False
    """Whether the sums are those of the step's sample alone."""
    whole: frozenset[str] = frozenset()
    """Arrays that have whole numbers only."""
    unsigned: frozenset[str] = frozenset()
    """Arrays that have no number below zero."""

    def panels(self, choice: Choice) -> tuple[Panel, ...]:
        """The panels in reading order."""
        k = (choice.input_channel or 0) % self.geometry.kernel_shape[3]
        shown = self.index.i_c if choice.output_channel is None else choice.output_channel
        found = [*self._padded(k), self._kernel("W", k, shown), self._upstream(shown)]
        found.append(self._sum(self._kernel("dW", k, shown)))
        if "db" in self.arrays:
            found.append(self._sum(self._panel(KEYS["db"], "db", None, listed=True)))
        return tuple(found)

    def beside(self, choice: Choice, further: Mapping[str, int]) -> list[Panel]:
        """The panels of a choice of faces, and after them as many further faces of some, by key."""
        panels_at = functools.cache(self.panels)
        panels = list(panels_at(choice))
        for number in range(1, max(further.values(), default=0) + 1):
            for panel in panels_at(choice):
                if number <= further.get(panel.key, 0):
                    others = panels_at(chosen(choice, panel, number, self.geometry))
                    face_of = next(other for other in others if other.key == panel.key)
                    panels.append(replace(face_of, key=beside_key(panel.key, number)))
        return panels

    def compared(self, choice: Choice) -> tuple[tuple[Panel, ...], tuple[Panel, ...]]:
        """The gradients as `backward` returns them, the largest first, and what the step reads.

        Every channel of `dA_prev` and every face of `dW` can be chosen.
        """
        channels, (c_out, _, _, c_k) = self.geometry.input_shape[2], self.geometry.kernel_shape
        first, offset = self.geometry.channels(self.index.i_c).start, choice.input_channel or 0
        channel = (first + offset) % channels
        fixed = (*self.sample, None, None, channel)
        largest = self._panel(KEYS["dA_prev"], "dA_prev", *fixed, framed=True, choices=(channels, channel))
        panels = {panel.key: panel for panel in self.panels(choice)}
        _, kernel, *bias = (panels.pop(key) for key in KEYS.values() if key in panels)
        at = (kernel.face.fixed[0] or 0) * c_k + (kernel.face.fixed[-1] or 0)
        gradients = largest, replace(kernel, stack="", choices=(c_out * c_k, at)), *bias
        context = (
            replace(panel, stage=False, stack="" if panel.stage else "around", titles=_titles(panel))
            for panel in panels.values()
        )
        return gradients, tuple(context)

    @property
    def sample(self) -> tuple[int, ...]:
        """What an index into the arrays begins with."""
        return () if self.geometry.batch is None else (self.index.i_n,)

    def _panel(self, key: str, name: str, *fixed: int | None, **rest: Any) -> Panel:
        most = self.limits[LIMITS.get(name, name)]
        shown, signed = face(name, self.arrays[name], fixed), name not in self.unsigned
        if name in SHARED:  # a sample's share, or a sum on its way, may be larger than all sums at their end
            most = max(most, largest_finite(shown.values))
        return Panel(
            key, shown, round_limit(most), reach=most, whole=name in self.whole, signed=signed, **rest
        )

    def _padded(self, k: int) -> tuple[Panel, Panel]:
        """`A_prev_pad` and `dA_prev_pad`: the same face, one read and one written."""
        padded = self.geometry.padding != ((0, 0), (0, 0))
        return (
            self._seen("input", "A_prev_pad", k),
            self._seen(KEYS["dA_prev"], "dA_prev_pad", k, cropped=padded),
        )

    def _seen(self, key: str, name: str, k: int, **rest: Any) -> Panel:
        """An array that a window moves over, on the stage."""
        fixed = (*self.sample, None, None, self.geometry.channels(self.index.i_c).start + k)
        inside, choices = Span.of(*self.geometry.crop), (self.geometry.kernel_shape[3], k)
        return self._panel(key, name, *fixed, framed=True, inside=inside, choices=choices, stage=True, **rest)

    def _kernel(self, name: str, k: int, shown: int) -> Panel:
        c_out, _, _, c_k = self.geometry.kernel_shape
        choices = (c_k, k) if c_k > 1 else (c_out, shown)
        key = KEYS.get(name, "kernel")
        return self._panel(key, name, shown, None, None, k, choices=choices, stack="kernel")

    def _upstream(self, shown: int) -> Panel:
        return self._by_steps("upstream", "dZ", shown, caption="drawn at random" if self.drawn else "")

    def _by_steps(self, key: str, name: str, shown: int, **rest: Any) -> Panel:
        """An array with a cell for each step."""
        index, (_, w_out, c_out) = self.index, self.geometry.output_shape
        # how many cells of this face the loop has passed: those before the step's own, in
        # reading order, and the step's own place once its channel is beyond the shown one
        passed = index.i_c > shown or (index.i_c == shown and self.executed)
        done = index.i_h * w_out + index.i_w + passed
        return self._panel(
            key, name, *self.sample, None, None, shown, done=done, choices=(c_out, shown), **rest
        )

    def _sum(self, panel: Panel) -> Panel:
        """The panel of a sum over the samples, named for what it shows of it."""
        label, name, samples = panel.face.label, panel.face.name, self.geometry.samples
        if self.alone:
            sample = self.index.i_n
            part, (of, short) = tr("sample {sample}'s share", sample=sample), _sample_texts(sample)
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


def _titles(panel: Panel) -> tuple[str, ...]:
    label = panel.face.label
    return (*([f"{label}  {panel.caption_text}"] if panel.caption else []), label, label.replace(", ", ","))


def share_parts(sample: int) -> dict[str, tuple[str, str]]:
    """Whose sums they are where they are one sample's, by array: in words, and in short."""
    of, brief = _sample_texts(sample)
    return dict.fromkeys(SHARED, (f" {of}", f", {brief}"))


def _sample_texts(sample: int) -> tuple[str, str]:
    return tr("of i_n {sample}", sample=sample), f"i_n {sample}"


def toggled(share: SampleShare | None, timeline: Timeline) -> tuple[SampleShare | None, str]:
    """From the sums of the whole batch to the share of one sample, or back; and what is then shown."""
    names = "dW" if timeline.db is None else tr("dW and db")
    if timeline.problem.geometry.batch is None:
        return None, tr("this problem has no batch axis: its one sample makes all of {names}", names=names)
    if share is not None:
        return None, tr("{names}: the running sums of the whole batch", names=names)
    from convstep.conv.sample_share import SampleShare

    share = SampleShare(timeline)
    return share, tr("{names}: what sample {sample} alone has added so far", names=names, sample=share.sample)


def shown_event(timeline: Timeline, share: SampleShare | None) -> Shown:
    """The step to look at, and the arrays it reads and writes; the sums are the share's if there is one."""
    event, arrays = timeline.event, timeline.arrays
    if share is None:
        return event, arrays
    alone = share.follow()
    own = {write.array: write for write in alone.event.writes if write.array in SHARED}
    accesses = tuple(own.get(access.array, access) for access in event.accesses)
    return replace(event, accesses=accesses), {**arrays, **{name: alone.arrays[name] for name in own}}


def window(problem: Problem, step: int, panels: Sequence[Panel]) -> Window:
    """What the forward pass makes of a step's window, `x` and `w` on the faces that panels show."""
    event = forward_event(problem, step, made=0)
    x, w = factors_on(event, panels)
    summed, *_, last = (*event.writes, event.writes[-1])
    *_, k = next(panel.face.fixed for panel in panels if panel.face.name == "W")
    return Window(
        cell=cell_text("Z", last.region),
        x=x,
        w=w,
        total=float(summed.value),
        bias=None if problem.b is None else float(event.read("b").value),
        y=float(np.asarray(last.after)),
        channels=(k or 0, problem.geometry.kernel_shape[3]),
    )


def factors_on(event: Event, panels: Sequence[Panel]) -> tuple[Array, Array]:
    """`x` and `w` of a step, on the faces that panels show."""
    shown = {panel.face.name: panel.face for panel in reversed(panels)}
    x, w = event.read("x"), event.read("w")
    *_, k = shown["W"].fixed
    return values_on(shown["A_prev_pad"].fixed, x.region, x.value), np.asarray(w.value)[..., k]


def without_padding(event: Event, arrays: Mapping[str, Array], geometry: Geometry) -> Shown:
    """The same as writes to `dA_prev`: what lies in the padding is left out."""
    rows, columns = geometry.crop
    found = {**arrays, "dA_prev": arrays["dA_prev_pad"][..., rows, columns, :]}
    accesses = tuple(
        _cropped(access, geometry) if access.array == "dA_prev_pad" else access for access in event.accesses
    )
    return replace(event, accesses=accesses), found


def _cropped(write: Access, geometry: Geometry) -> Access:
    *sample, rows, columns, channels = write.region
    assert isinstance(rows, slice)
    assert isinstance(columns, slice)
    height, width = geometry.crop
    (rows, down), (columns, along) = _inside(rows, height), _inside(columns, width)
    if not np.asarray(write.value)[down, along].size:
        rows = down = columns = along = slice(0, 0)
    return write._replace(
        array="dA_prev",
        region=(*sample, rows, columns, channels),
        value=np.asarray(write.value)[down, along],
        before=None,
        after=None,
    )


def _inside(part: slice, crop: slice) -> tuple[slice, slice]:
    """Rows or columns of a window within the crop and counted in it, and which of the window's they are."""
    places = range(part.start, part.stop, part.step or 1)
    kept = [number for number, at in enumerate(places) if crop.start <= at < crop.stop]
    if not kept:
        return slice(0, 0), slice(0, 0)
    first, last = kept[0], kept[-1]
    region = slice(places[first] - crop.start, places[last] - crop.start + 1, part.step)
    return region, slice(first, last + 1)


@functools.cache
def source_lines() -> tuple[LoopLine, ...]:
    """The lines of the loop that runs, from its first `for` to its `yield`."""
    return loop_lines(backward._loop)


def source_at(event: Event, lines: Sequence[LoopLine]) -> tuple[SourceLine, ...]:
    """The lines of a loop at a step, with what its names stand for there."""
    x, w = event.read("x"), event.read("w")
    rows, columns, _ = (part for part in x.region if isinstance(part, slice))
    bounds = {"h_lower": rows.start, "h_upper": rows.stop, "w_lower": columns.start, "w_upper": columns.stop}
    single = {read.text: read.value for read in event.reads if np.ndim(read.value) == 0}
    return at_step(lines, event, {**bounds, "input_slice": x.value, "kernel_slice": w.value, **single})


def magnitudes(found: Mapping[str, float], exact: Collection[str]) -> dict[str, float]:
    """Magnitudes by array, those that are not exact rounded up: what is written must have room."""
    return {name: most if name in exact else round_limit(most) for name, most in found.items()}


def unsigned(problem: Problem) -> frozenset[str]:
    """The arrays that a picture, or what comes out of a ReLU, makes free of numbers below zero."""
    return frozenset() if (problem.A_prev < 0).any() else frozenset(("A_prev", "A_prev_pad"))


def whole(problem: Problem) -> frozenset[str]:
    """The arrays that have whole numbers only, at every step: given so, or sums of products of such."""
    b = problem.b is None or is_whole(problem.b)
    x, w, dz = map(is_whole, (problem.A_prev, problem.W, problem.dZ))
    held = {"A_prev": x, "W": w, "b": b, "Z": x and w and b, "dZ": dz, "dW": x and dz, "db": dz}
    held |= {"A_prev_pad": x, "dA_prev_pad": w and dz, "dA_prev": w and dz}
    return frozenset(name for name, is_so in held.items() if is_so)
