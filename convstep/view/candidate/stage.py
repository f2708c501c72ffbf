"""The candidate beside the reference: each gradient as reference, candidate and difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.steps.cells import Array
from convstep.view.candidate.candidate_panels import Answer, hold, triple
from convstep.view.candidate.compare_card import Share
from convstep.view.candidate.compare_step import share_of
from convstep.view.grid.panel import Cell, Panel
from convstep.view.panels import conv2d, conv2d_cells
from convstep.view.panels.conv2d import KEYS, Shown
from convstep.view.panels.stage import Stage, begin
from convstep.view.scene.build import placed
from convstep.view.scene.scene import Scene

if TYPE_CHECKING:
    from convstep.candidate.check.cases import Right
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.step.stepping import Beside, CandidateTimeline
    from convstep.conv.timeline import Timeline
    from convstep.replay.edits import Numbers
    from convstep.snippet import Snippet
    from convstep.view.panels.unedited import Unedited


class CandidateStage(Stage):
    """Builds scenes of both; the candidate's side is as old as its last answer."""

    def __init__(self, timeline: Timeline, right: Right, unedited: Unedited | None = None) -> None:
        """Stage a problem; `unedited` is the reference without the numbers that somebody edited, if any."""
        super().__init__(timeline, unedited=unedited)
        self.right = right
        self.answer: Answer | None = None
        """The candidate's last running gradients."""
        self.discreet = False
        """Whether not to say what kind of mistake the candidate's panels show."""
        self.written: Callable[[], Snippet] | None = None
        """Writes the candidate's case as code; None for the problem alone."""
        self.added: tuple[int, Beside] | None = None
        """The last step whose contribution is known, and that."""

    def anew(self, candidate: CandidateTimeline, numbers: Numbers) -> CandidateStage:
        """The stage of the same candidate on a problem in which some inputs hold other numbers."""
        from convstep.view.panels.unedited import beside

        run, held = self.original, None
        if numbers:
            run, held = begin(candidate.problem), beside(run, numbers, candidate.problem.geometry)
        made = CandidateStage(run, candidate.probe.right, held)
        made.marks, made.discreet, made.written = self.marks, self.discreet, self.written
        return made

    def case(self, name: str, function: str = "") -> Snippet:
        """The case in which the candidate fails."""
        return super().case(name) if self.written is None else self.written()

    @property
    def gradients(self) -> tuple[str, ...]:
        """The gradients there are, the largest first."""
        return tuple(name for name in KEYS if name in self.right.gradients)

    @property
    def made(self) -> tuple[str, ...]:
        """The gradients, without padding."""
        return self.gradients

    @property
    def up_to_date(self) -> bool:
        """Whether the answer is about this place."""
        answer, timeline = self.answer, self.timeline
        place = (timeline.position, timeline.made)
        return answer is not None and (answer.position, answer.additions) == place

    def take(self, before: Beside, after: Beside | None) -> None:
        """Hold the candidate's gradients at this place against the reference's.

        `after` is the candidate one step on, where some of that step's additions are made.
        """
        place = self.timeline.position, self.timeline.made
        made = {write.array for write in self._shown()[0].writes[: self.timeline.made]}
        self.answer = hold(place, made, self.right, self._running(), before, after)

    def scene(self) -> Scene:
        """The scene with three panels a gradient, then what the step reads."""
        scene = super().scene()  # brings along the run without the edits
        event, arrays = self._shown()
        gradients, context = self._faces(event, arrays).compared(self.choice)
        found = [self._marked(placed(panel, event)) for panel in (*gradients, *context)]
        panels = [
            panel
            for reference in found[: len(gradients)]
            for panel in triple(reference, self.answer, self.up_to_date, discreet=self.discreet)
        ]
        return replace(scene, panels=(*panels, *found[len(gradients) :]))

    def look_at(self, found: Divergence) -> None:
        """Choose the faces on which the first cell of a divergence stands."""
        if found.cells and len(found.cells[0]) > 1:  # a list has no other face
            self.choice = conv2d_cells.choice_at(found.gradient, found.cells, found.index, self.geometry)

    def standing(self) -> str:
        """How many cells of which gradient differ at this place, in words."""
        if self.answer is None or not self.up_to_date:
            return tr("waiting for the candidate …")
        return self.answer.standing(self.timeline.position == self.timeline.total)

    def cell_words(self, panel: Panel, cell: Cell) -> str:
        """A cell of a gradient in both, in full; others, and where there is no answer, as ever."""
        name, answer = panel.face.name, self.answer
        if name not in KEYS or answer is None or name not in answer.actual:
            return super().cell_words(panel, cell)
        index = panel.face.index(*cell)
        actual, difference = answer.actual[name][index], answer.difference[name][index]
        reference = self._running()[name][index] if self.up_to_date else actual - difference
        words = tr(
            "{cell} = {reference}, candidate {candidate}: off by {difference}"
            if answer.differing[name][index]
            else "{cell} = {reference}, candidate {candidate}: agrees",
            cell=panel.face.cell(*cell),
            reference=str(reference),
            candidate=str(actual),
            difference=str(difference),
        )
        is_reference = panel.key == KEYS[name]
        return self.unedited.with_words(words, panel, cell) if self.unedited and is_reference else words

    def shares(self) -> tuple[Share, ...]:
        """What the shown step adds in both, in the loop's order."""
        known, (event, arrays) = self.added, self._shown()
        beside = known[1] if known is not None and known[0] == event.index else None
        gradients, _ = self._faces(event, arrays).compared(self.choice)
        faces = {panel.face.name: panel.face for panel in gradients}
        return tuple(
            share_of(write, arrays[write.array], faces[write.array], self.right, beside)
            for write in event.writes
        )

    def _follow(self, unedited: Unedited) -> None:
        """Hold the gradients against those without the edits, with their padding and without."""
        super()._follow(unedited)
        _, arrays = conv2d.without_padding(*conv2d.shown_event(self.original, None), self.geometry)
        unedited.hold({**unedited.run.arrays, **arrays})

    def _shown(self) -> Shown:
        """The step and its arrays in the shapes of what a backward returns."""
        return conv2d.without_padding(*conv2d.shown_event(self.timeline, None), self.geometry)

    def _running(self) -> dict[str, Array]:
        """The reference's gradients as they stand, by name; live."""
        arrays = self._shown()[1]
        return {name: arrays[name] for name in self.gradients}
