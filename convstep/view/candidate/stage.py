"""The candidate beside the reference: each gradient as reference, candidate and difference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from convstep.conv.step import Step
from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.replay.stop_kinds import Stop, Watchpoint
from convstep.view.candidate.candidate_panels import KEYS, MADE, Answer, hold, triple
from convstep.view.candidate.compare_card import Share
from convstep.view.candidate.compare_step import cropped_window, shares
from convstep.view.grid.faces import face
from convstep.view.grid.panel import Cell, Panel
from convstep.view.scene.scene import Choice
from convstep.view.scene.stage import Stage

if TYPE_CHECKING:
    from convstep.candidate.check.cases import Right
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.step.stepping import Beside
    from convstep.conv.provenance import Provenance

Array = npt.NDArray[Any]


class CandidateStage(Stage):
    """Builds scenes of both; the candidate's side is as old as its last answer."""

    def __init__(self, timeline: Timeline, right: Right) -> None:
        """Stage a problem.

        Args:
            timeline: the reference.
            right: how large an error is rounding.
        """
        super().__init__(timeline)
        self.right = right
        self.answer: Answer | None = None
        """The candidate's last running gradients."""
        self.discreet = False
        """Whether not to say what kind of mistake the candidate's panels show."""
        self.added: tuple[int, Beside] | None = None
        """The last step whose contribution is known, and that."""

    @property
    def gradients(self) -> tuple[str, ...]:
        """The gradients there are, the largest first."""
        return tuple(name for name in KEYS if name in self.right.gradients)

    @property
    def up_to_date(self) -> bool:
        """Whether the answer is about this place."""
        answer, timeline = self.answer, self.timeline
        place = (timeline.position, timeline.additions)
        return answer is not None and (answer.position, answer.additions) == place

    def take(self, before: Beside, after: Beside | None) -> None:
        """Hold the candidate's gradients at this place against the reference's.

        Args:
            before: the candidate at the timeline's position.
            after: the candidate one step on, where some of that step's additions are made.
        """
        place = self.timeline.position, self.timeline.additions
        self.answer = hold(place, self.right, self._running(), before, after)

    def look_at(self, found: Divergence) -> None:
        """Choose the faces on which the first cell of a divergence stands."""
        if not found.cells or found.gradient == "db":
            return
        geometry, index = self._geometry, found.index
        c_out, _, _, c_k = geometry.kernel_shape
        start = index.i_c // (c_out // geometry.groups) * c_k
        first = found.cells[0]
        if found.gradient == "dW":
            own = [cell for cell in found.cells if cell[0] == index.i_c]
            cell = next((cell for cell in own if cell[-1] == 0), (own or [first])[0])
            shown = None if cell[0] == index.i_c else cell[0]
            self.choice = Choice(cell[-1] or None, shown)
        else:
            on_start = [cell for cell in found.cells if cell[-1] == start]
            channel = (on_start or [first])[0][-1]
            self.choice = Choice((channel - start) % geometry.input_shape[2] or None, None)

    def choose(self, panel: Panel, by: int) -> None:
        """Another face of a panel; the other panels show the same channels."""
        c_k = self._geometry.kernel_shape[3]
        count, current = panel.choices
        chosen = (current + by) % count
        if panel.face.name == "dA_prev":
            offset = ((self.choice.input_channel or 0) + by) % count
            self.choice = replace(self.choice, input_channel=offset)
        elif panel.face.name == "dW":
            self.choice = Choice(chosen % c_k, chosen // c_k)
        else:
            super().choose(panel, by)

    def stop_at(self, panel: Panel, cell: Cell) -> Stop | None:
        """The stop that a cell stands for; on all three panels of a gradient it is the reference's."""
        if panel.face.name == "dA_prev":
            return Watchpoint("dA_prev_pad", self._padded(panel.face.index(*cell)))
        return super().stop_at(panel, cell)

    def provenance_of(self, panel: Panel, cell: Cell) -> Provenance | None:
        """What makes a cell in the reference; None for a cell of another tensor."""
        from convstep.conv.provenance import provenance

        if panel.face.name == "dA_prev":
            return provenance(self._problem, "dA_prev_pad", self._padded(panel.face.index(*cell)))
        return super().provenance_of(panel, cell)

    def standing(self) -> str:
        """How many cells of which gradient differ at this place, in words."""
        if self.answer is None or not self.up_to_date:
            return tr("waiting for the candidate …")
        return self.answer.standing(self.timeline.position == self.timeline.total)

    def cell_words(self, panel: Panel, cell: Cell) -> str:
        """A cell of a gradient in both, in full; "" for other panels and where there is no answer."""
        name, answer = panel.face.name, self.answer
        if name not in KEYS or answer is None or name not in answer.actual:
            return ""
        index = panel.face.index(*cell)
        actual, difference = answer.actual[name][index], answer.difference[name][index]
        reference = self._running()[name][index] if self.up_to_date else actual - difference
        return tr(
            "{cell} = {reference}, candidate {candidate}: off by {difference}"
            if answer.differing[name][index]
            else "{cell} = {reference}, candidate {candidate}: agrees",
            cell=panel.face.cell(*cell),
            reference=str(reference),
            candidate=str(actual),
            difference=str(difference),
        )

    def shares(self) -> tuple[Share, ...]:
        """What the shown step adds in both, in the loop's order."""
        known, index = self.added, self.timeline.step.index
        beside = known[1] if known is not None and known[0] == index else None
        return shares(self.timeline, self.right, self._channel(), beside)

    def _channel(self) -> int:
        return (self.choice.input_channel or 0) % self._geometry.kernel_shape[3]

    def _running(self) -> dict[str, Array]:
        """The reference's gradients as they stand, by name; live."""
        rows, columns = self._geometry.crop
        found = {"dA_prev": self.timeline.dA_prev_pad[..., rows, columns, :], "dW": self.timeline.dW}
        return found if self.timeline.db is None else {**found, "db": self.timeline.db}

    def _panels(self, step: Step, made: int) -> tuple[Panel, ...]:
        """Three panels a gradient, then what the step reads."""
        k, shown = self._channel(), self._shown_filter(step.loop_index)
        c_out, _, _, c_k = self._geometry.kernel_shape
        reads = self._panels_of(step, made, k, shown)
        around = [replace(p, stage=False) for p in reads if p.key in ("input", "kernel", "upstream")]
        around = [
            replace(p, titles=_context_titles(p), stack="" if p.key == "input" else "around") for p in around
        ]
        kernel = next(panel for panel in reads if panel.key == KEYS["dW"])
        kernel = replace(kernel, caption="", stack="", choices=(c_out * c_k, shown * c_k + k))

        def both(reference: Panel) -> tuple[Panel, Panel, Panel]:
            return triple(reference, self.answer, self.up_to_date, discreet=self.discreet)

        found = [*both(self._input_gradient(step, made)), *both(kernel)]
        if self.timeline.db is not None:
            db = next(panel for panel in reads if panel.key == KEYS["db"])
            found += both(replace(db, caption=""))
        return (*found, *around)

    def _input_gradient(self, step: Step, made: int) -> Panel:
        """dA_prev without the padding, the window in its own coordinates."""
        channels, window = self._geometry.input_shape[2], cropped_window(step, self._geometry)
        channel = (step.window[3].start + (self.choice.input_channel or 0)) % channels
        own = step.window[3].start <= channel < step.window[3].stop
        fixed = (*self._batch(step.loop_index), None, None, channel)
        return Panel(
            key=KEYS["dA_prev"],
            face=face("dA_prev", self._running()["dA_prev"], fixed),
            limit=self.limits["dA_prev"],
            framed=True,
            window=window if own else None,
            changed=window if own and made >= MADE["dA_prev"] else None,
            choices=(channels, channel),
            whole=self.whole,
        )

    def _marked(self, panel: Panel) -> Panel:
        """The panel with the stops that stand on its face; those on padding are not seen."""
        if panel.face.name != "dA_prev":
            return super()._marked(panel)
        (top, _), (left, _) = self._geometry.padding
        cells = set()
        for stop in self.stops:
            if stop.enabled and isinstance(stop, Watchpoint) and stop.array == "dA_prev_pad":
                *batch, row, column, channel = stop.index
                cells.add(panel.face.find((*batch, row - top, column - left, channel)))
        rows, columns = panel.face.shape
        found = {at for at in cells if at is not None and 0 <= at[0] < rows and 0 <= at[1] < columns}
        marks = self._marks_on(panel)
        return replace(panel, stops=frozenset(found), marks=marks) if found or marks else panel

    def _marks_on(self, panel: Panel) -> dict[tuple[int, int], str]:
        """By cell, what stands on this face; marks on dA_prev_pad are seen on dA_prev."""
        if panel.face.name != "dA_prev" or not self.marks:
            return super()._marks_on(panel)
        (top, _), (left, _) = self._geometry.padding
        rows, columns = panel.face.shape
        found = {}
        for (*batch, row, column, channel), mark in self.marks.get("dA_prev_pad", {}).items():
            at = panel.face.find((*batch, row - top, column - left, channel))
            if at is not None and 0 <= at[0] < rows and 0 <= at[1] < columns:
                found[at] = mark
        return found

    def _padded(self, index: tuple[int, ...]) -> tuple[int, ...]:
        (top, _), (left, _) = self._geometry.padding
        *batch, row, column, channel = index
        return (*batch, row + top, column + left, channel)


def _context_titles(panel: Panel) -> tuple[str, ...]:
    label = panel.face.label
    return (*([f"{label}  {panel.caption_text}"] if panel.caption else []), label, label.replace(", ", ","))
