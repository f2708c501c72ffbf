"""The candidate beside the reference: where they part, in numbers, and why."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from convstep.language import tr
from convstep.ui.dialogs.comparison import ComparisonScreen
from convstep.ui.screens.candidate_queries import AskingScreen
from convstep.ui.widgets.face_map import FaceMap
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.ui.widgets.text_pane import Draw, TextPane
from convstep.view.candidate.candidate_panels import keys_of
from convstep.view.candidate.compare_card import draw_shares
from convstep.view.candidate.diagnosis import draw_diagnosis, subtitle
from convstep.view.grid.panel import Cell, Panel
from convstep.view.layout.arrange import CARD, MAP, SOURCE, Plan
from convstep.view.layout.candidate import DIAGNOSIS, arrange_candidate
from convstep.view.layout.present import present_rows
from convstep.view.panels.problem_words import problem_facts
from convstep.view.scene.source import draw_source

if TYPE_CHECKING:
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.step.stepping import CandidateTimeline


class CandidateScreen(AskingScreen):
    """The debugger with a reference, a candidate and a difference of every gradient."""

    def __init__(
        self,
        candidate: CandidateTimeline,
        name: str,
        problem_name: str | None,
        position: int | None = None,
    ) -> None:
        """Open a candidate on a problem.

        Args:
            candidate: the candidate on that problem.
            name: what to call the candidate on the screen.
            problem_name: what to call the problem on the command line; None for the verdict's own.
            position: where to begin; by default just after the first divergent step.
        """
        super().__init__(candidate, name.rsplit("/", 1)[-1], problem_name or "")
        self._verdict, self._problem_name = candidate.verdict, problem_name
        self._wished = position
        known = self._verdict.first_divergence if self._is_the_failing_problem() else None
        self._first = 0 if known is None else self._index_of(known.gradient)
        self.followed = keys_of(self._stage.gradients[self._first])[2]
        if known is not None and position is None:
            self._stage.look_at(known)
        self.begin_at(self._start(known) if position is None else position)

    def on_mount(self) -> None:
        """Look for the place where the two part, where it is not known yet."""
        if not self._is_the_failing_problem():
            self.find_first_divergence()

    def parts(self) -> list[Widget]:
        """The gradients first, then what is said about them, then what the step reads."""
        panels = self._scene.panels
        gradients = [panel for panel in panels if self._is_gradient(panel)]
        return [
            *(TensorGrid(panel.key) for panel in gradients),
            TextPane(CARD, tr("this step")),
            TextPane(DIAGNOSIS, tr("diagnosis")),
            *(TensorGrid(panel.key) for panel in panels if not self._is_gradient(panel)),
            TextPane(SOURCE, tr("{file}: the reference", file="backward.py")),
            FaceMap(MAP),
        ]

    def drawings(self) -> dict[str, Draw]:
        """The step in both, the diagnosis, the reference's source."""
        scene, shares = self._scene, self._stage.shares()
        return {
            SOURCE: lambda w, h: draw_source(scene, w, h),
            CARD: lambda w, h: draw_shares(scene, shares, w, h),
            DIAGNOSIS: lambda w, h: draw_diagnosis(self._verdict, w, h),
        }

    def part_names(self) -> dict[str, str]:
        """Short names; the panels of a gradient are told apart."""
        names = super().part_names() | {DIAGNOSIS: tr("diagnosis")}
        for gradient in self._stage.gradients:
            reference, candidate, difference = keys_of(gradient)
            names |= {reference: f"{gradient}:{tr('ref')}", candidate: f"{gradient}:{tr('cand')}"}
            names |= {difference: f"{gradient}:{tr('diff')}"}
        return names

    def plan(self, width: int, height: int) -> Plan:
        """Where the parts stand."""
        if self.presenting:
            return self.presented_plan(width, height)
        scene = self._scene
        context = [panel for panel in scene.panels if not self._is_gradient(panel)]
        return arrange_candidate(
            width, height, self._triples(), context, self._first, self._tab, self._maximised
        )

    def presented_plan(self, width: int, height: int) -> Plan:
        """Reference, candidate and difference, the gradient that is wrong first."""
        return present_rows(width, height, self._triples(), self._first, self._maximised)

    def title_names(self) -> Sequence[str]:
        """Whose backward it is."""
        return self.problem_name, self.problem_name.rpartition(":")[2]

    def title_facts(self) -> list[str]:
        """When it is wrong, then the problem."""
        facts = [] if self.presenting else problem_facts(self._problem)
        return [subtitle(self._verdict), *facts]

    def standing(self) -> str:
        """How many cells differ here."""
        return self._stage.standing()

    def cell_words(self, panel: Panel, cell: Cell) -> str:
        """A gradient's cell in both; others as ever."""
        return self._stage.cell_words(panel, cell) or super().cell_words(panel, cell)

    def action_divergence(self, by: int) -> None:
        """To the next or the previous step that adds something wrong by itself."""
        # a long timeline is marked by stretches: the step in them has to be looked for
        if not self._all_tried or any(last - first > 1 for first, last in self._wrong):
            self.search_divergence(by)
            return
        position = self._timeline.position
        places = [first + 1 for first, _ in self.wrong_steps]
        ahead = [at for at in places if (at > position if by > 0 else at < position)]
        self.arrive_at_divergence((ahead[0] if by > 0 else ahead[-1]) if ahead else None, by)

    def action_diagnosis(self) -> None:
        """The whole verdict, and the candidate's own source."""
        from convstep.ui.dialogs.diagnosis import DiagnosisScreen

        self.app.push_screen(DiagnosisScreen(self._verdict))

    def last_words(self) -> str:
        """The diagnosis comes after the last step."""
        return tr("last step: d shows the diagnosis, o compares the reference with PyTorch")

    def make_comparison(self) -> ComparisonScreen:
        """The reference's gradients are compared; what the candidate's are is said beside them."""
        return ComparisonScreen(self._timeline, self.app.torch, candidate=self._stage.standing)

    def whose_steps(self) -> str:
        """The candidate's own steps are not known, only what it returns."""
        return tr("in the reference")

    def _show_status(self) -> None:
        """An answer of the candidate's is news for an open comparison as well."""
        super()._show_status()
        for screen in self.app.screen_stack:
            if isinstance(screen, ComparisonScreen) and screen.is_mounted:  # else it asks by itself
                screen.show_candidate()

    def action_share(self) -> None:
        """A candidate answers for the whole batch only."""
        self._update_status(tr("a sample's share is shown only without a candidate: convstep open"))

    def action_save(self) -> None:
        """A session names a problem; the verdict's own has no name before it is saved."""
        if self._problem_name is None:
            self._update_status(
                tr("this problem is not in a file; convstep check TARGET --save FILE.npz saves it")
            )
        else:
            super().action_save()

    def commands_back(self, problem: str) -> list[str]:
        """The command that opens the candidate beside the reference."""
        return [self._command(problem)]

    def permalink(self) -> str:
        """The command that opens this candidate at this place."""
        return self._command(self._problem_name)

    def _command(self, problem: str | None) -> str:
        from convstep.replay.places import place_argument

        words = ["convstep", "debug", self._verdict.target]
        words += [problem] if problem is not None else []
        place = place_argument(self._timeline.position, self._problem.geometry)
        return shlex.join([*words, "--goto", place, *self._verdict.flags])

    def open_at(self, found: Divergence | None) -> None:
        """Go to just after the first divergent step, unless a place was asked for or gone to."""
        if found is not None:
            self._first = self._index_of(found.gradient)
        if self._wished is None and self._timeline.position == 0 and not self._timeline.additions:
            if found is not None:
                self._stage.look_at(found)
            self.travel(self._start(found))
        self._arrange()

    def _start(self, found: Divergence | None) -> int:
        """Just after the first divergent step; where there is none, the whole pass is looked at."""
        if found is None:
            return self._timeline.total if self._is_the_failing_problem() or self._verdict.ok else 0
        return found.position

    def _triples(self) -> list[list[Panel]]:
        """The three panels of each gradient."""
        return [[self._scene.panel(key) for key in keys_of(name)] for name in self._stage.gradients]

    def _is_the_failing_problem(self) -> bool:
        return self._verdict.failing is self._problem

    def _is_gradient(self, panel: Panel) -> bool:
        return any(panel.key in keys_of(name) for name in self._stage.gradients)

    def _index_of(self, gradient: str) -> int:
        return self._stage.gradients.index(gradient)
