"""The mode of a candidate beside the reference: where they part, in numbers, and why."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widget import Widget

from convstep.language import tr
from convstep.lessons.page_place import edited_problem
from convstep.ui.commands import BESIDE
from convstep.ui.debugger.host import Handler, Handlers
from convstep.ui.debugger.state import State
from convstep.ui.modes.anew import Anew
from convstep.ui.modes.mode import Marks, Mode
from convstep.ui.modes.queries import Queries
from convstep.ui.widgets.face_map import FaceMap
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.ui.widgets.text_pane import Draw, TextPane
from convstep.view.candidate.candidate_panels import keys_of
from convstep.view.candidate.compare_card import draw_shares
from convstep.view.candidate.diagnosis import draw_diagnosis, subtitle, whole_diagnosis
from convstep.view.candidate.own_source import draw_own, own_title
from convstep.view.candidate.stage import CandidateStage
from convstep.view.grid.panel import Panel
from convstep.view.layout.arrange import CARD, MAP, SOURCE, Plan
from convstep.view.layout.candidate import DIAGNOSIS, OWN, arrange_candidate
from convstep.view.layout.present import present_rows
from convstep.view.panels.problem_words import problem_facts
from convstep.view.panels.stage import begin
from convstep.view.scene.source import draw_source

if TYPE_CHECKING:
    from convstep.candidate.step.own_lines import OwnLines
    from convstep.candidate.step.own_run import OwnStep
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.replay.edits import Numbers
    from convstep.snippet import Snippet


class AnewBeside(Anew):
    """A candidate beside the reference: both get the edited numbers; what is asked of it is asked later."""

    def __init__(self, state: State, candidate: CandidateTimeline) -> None:
        super().__init__(state)
        self._original = candidate
        self.candidate = candidate
        """On the numbers of the stage that was made last."""

    def stage(self, numbers: Numbers) -> CandidateStage:
        """Both on the problem with other numbers."""
        assert isinstance(self.state.stage, CandidateStage)
        self.candidate = self._original
        if numbers:
            self.candidate = self._original.on(edited_problem(self._original.problem, numbers))
        return self.state.stage.anew(self.candidate, numbers)


class CandidateMode(Mode):
    """A reference, a candidate and a difference of every gradient."""

    footer = BESIDE
    lacks = frozenset({"share", "window"})

    def __init__(
        self,
        candidate: CandidateTimeline,
        name: str,
        problem_name: str | None,
        position: int | None = None,
    ) -> None:
        """Put a candidate beside the reference; see `run_candidate`."""
        stage = CandidateStage(begin(candidate.problem), candidate.probe.right)
        super().__init__(State(stage, name.rsplit("/", 1)[-1], problem_name or ""), compare_at_end=False)
        self.anew: AnewBeside = AnewBeside(self.state, candidate)
        self.candidate, self.queries = candidate, Queries(candidate, stage)
        self.stage.written = self._case
        self._verdict, self._problem_name = candidate.verdict, problem_name
        self._wished = position
        known = self._verdict.first_divergence if self._is_the_failing_problem() else None
        self.own: OwnLines | None = None
        """The candidate's own run, where it is known."""
        self._own_steps: dict[int, OwnStep | None] = {}
        self._own_is_old = False
        self._own_pane = TextPane(OWN, "")
        self._first = 0 if known is None else self._index_of(known.gradient)
        self._followed = keys_of(self.stage.gradients[self._first])[2]
        if known is not None and position is None:
            self.stage.look_at(known)
        self.state.begin_at = self._start(known) if position is None else position
        if self._is_the_failing_problem():
            self._own_is(self._verdict.own)

    @property
    def stage(self) -> CandidateStage:
        """What builds the scenes; another one once numbers were edited."""
        assert isinstance(self.state.stage, CandidateStage)
        return self.state.stage

    def handlers(self) -> Handlers:
        """Where the two part, and why."""
        return {
            "next-divergence": Handler(lambda: self.queries.seek_divergence(1)),
            "previous-divergence": Handler(lambda: self.queries.seek_divergence(-1)),
            "diagnosis": Handler(self.show_diagnosis),
        }

    @property
    def followed(self) -> str:
        """The difference of the gradient that is wrong first."""
        return self._followed

    def opened(self) -> None:
        """Begin to ask; look for the place where the two part, where it is not known yet."""
        self.queries.begin(self.host)
        if not self._is_the_failing_problem():
            self.queries.find_first(self.open_at, self.take_own)

    def _begin_anew(self) -> None:
        """Numbers were edited, or set back: ask about the problem as it is now, and where the two part."""
        self.queries.close()
        self.candidate = self.anew.candidate
        self.queries = Queries(self.candidate, self.stage)
        self._own_is_old = True
        self.queries.begin(self.host)
        self.queries.find_first(self._parts_at, self.take_own)

    def _parts_at(self, found: Divergence | None) -> None:
        """Say where they part now; one stays where one stands."""
        self.host.say(
            tr("no step is found at which the two diverge with these numbers")
            if found is None
            else tr("with these numbers the first divergence is at step {position}", position=found.position)
        )

    def closed(self) -> None:
        """Ask nothing more."""
        self.queries.close()

    def will_show(self) -> None:
        """Take what is remembered of the candidate."""
        if self.queries.stage is not self.stage:
            self._begin_anew()
        self.queries.take_remembered()

    def shown(self) -> None:
        """Ask for what is missing."""
        self.queries.ask()

    def parts(self) -> list[Widget]:
        """The gradients first, then what is said about them, then what the step reads."""
        panels = self.state.scene.panels
        gradients = [panel for panel in panels if self._is_gradient(panel)]
        return [
            *(TensorGrid(panel.key) for panel in gradients),
            TextPane(CARD, tr("this step")),
            self._own_pane,
            TextPane(DIAGNOSIS, tr("diagnosis")),
            *(TensorGrid(panel.key) for panel in panels if not self._is_gradient(panel)),
            TextPane(SOURCE, tr("{file}: the reference", file="backward.py")),
            FaceMap(MAP),
        ]

    def drawings(self) -> dict[str, Draw]:
        """The step in both, the diagnosis, the reference's source."""
        scene, shares = self.state.scene, self.stage.shares()
        return {
            SOURCE: lambda w, h: draw_source(scene, w, h),
            CARD: lambda w, h: draw_shares(scene, shares, w, h),
            DIAGNOSIS: lambda w, h: draw_diagnosis(self._verdict, w, h),
            OWN: self._draw_own,
        }

    def part_names(self) -> dict[str, str]:
        """Short names; the panels of a gradient are told apart."""
        names = super().part_names() | {DIAGNOSIS: tr("diagnosis"), OWN: tr("yours")}
        for gradient in self.stage.gradients:
            reference, candidate, difference = keys_of(gradient)
            names |= {reference: f"{gradient}:{tr('ref')}", candidate: f"{gradient}:{tr('cand')}"}
            names |= {difference: f"{gradient}:{tr('diff')}"}
        return names

    def plan(self, width: int, height: int) -> Plan:
        """Where the parts stand, the gradient that is wrong first."""
        state = self.state
        triples = [[state.scene.panel(key) for key in keys_of(name)] for name in self.stage.gradients]
        if state.presenting:
            return present_rows(width, height, triples, self._first, state.maximised)
        context = [panel for panel in state.scene.panels if not self._is_gradient(panel)]
        own, shown = self.own is not None, (self._first, state.tab, state.maximised)
        return arrange_candidate(width, height, triples, context, *shown, own=own)

    def plan_beside_page(self, width: int, height: int) -> Plan:
        """The same: there is never room for all of them at once."""
        return self.plan(width, height)

    def marks(self, place_of: Callable[[int], int], columns: int) -> Marks:
        """The divergent steps."""
        return self.queries.marks(place_of, columns, self.state.timeline.total)

    def title_names(self) -> Sequence[str]:
        """Whose backward it is."""
        return self.state.name, self.state.name.rpartition(":")[2]

    def title_facts(self) -> list[str]:
        """When it is wrong, then the problem."""
        facts = [] if self.state.presenting else problem_facts(self.candidate.problem)
        return [subtitle(self._verdict), *facts]

    def show_diagnosis(self) -> None:
        """The whole verdict, and the candidate's own source."""
        from convstep.ui.dialogs.paragraphs import ParagraphsScreen

        text = whole_diagnosis(self._verdict)
        dialog = ParagraphsScreen(tr("Diagnosis"), [text], opened_with="d", wide=True)
        self.host.open(dialog, lambda _: None)

    def last_words(self) -> str:
        """The diagnosis comes after the last step."""
        return tr("last step: d shows the diagnosis, o compares the reference with PyTorch")

    def compared_with(self) -> Callable[[], str]:
        """The reference's gradients are compared; what the candidate's are is said beside them."""
        return self.stage.standing

    def whose_steps(self) -> str:
        """The candidate's own steps are not known, only what it returns."""
        return tr("in the reference")

    def _case(self) -> Snippet:
        """The problem on which it fails, called as its author calls it."""
        from convstep.candidate.snippet import snippet_beside, snippet_of

        if self._is_the_failing_problem() or self._verdict.ok:
            return snippet_of(self._verdict)
        return snippet_beside(self._verdict, self.candidate.probe.right, self.candidate.probe.whole())

    def why_not_saved(self) -> str:
        """A session names a problem; the verdict's own has no name before it is saved."""
        if self._problem_name is not None or self.state.edits.numbers:  # edited ones are saved beside it
            return ""
        return tr("this problem is not in a file; convstep check TARGET --save FILE.npz saves it")

    def commands_back(self, problem: str) -> list[str]:
        """The command that opens the candidate beside the reference."""
        return [self._command(problem)]

    def command_here(self) -> str:
        """The command that opens this candidate at this place."""
        return self._command(self.state.called if self.state.edits.numbers else self._problem_name)

    def _command(self, problem: str | None) -> str:
        from convstep.replay.places import place_argument

        words = ["convstep", "debug", self._verdict.target]
        words += [problem] if problem is not None else []
        place = place_argument(self.state.position, self.candidate.problem.geometry)
        return shlex.join([*words, "--goto", place, *self._verdict.flags])

    def open_at(self, found: Divergence | None) -> None:
        """Go to just after the first divergent step, unless a place was asked for or gone to."""
        timeline = self.state.timeline
        if found is not None:
            self._first = self._index_of(found.gradient)
        if self._wished is None and timeline.position == 0 and not timeline.made:
            if found is not None:
                self.stage.look_at(found)
            self.host.travel.to(self._start(found))
        self.host.rearrange()

    def take_own(self, own: OwnLines | None) -> None:
        """Show the candidate's own lines from now on, if they are known."""
        if own is not None or self.own is not None:
            self._own_is(own)
            self.host.rearrange()
            self.host.show(keep_said=True)

    def _own_is(self, own: OwnLines | None) -> None:
        self.own, self._own_steps, self._own_is_old = own, {}, False
        if own is None:
            self.state.tab = CARD if self.state.tab == OWN else self.state.tab
            return
        self._own_pane.border_title = own_title(own).replace("[", r"\[")
        if self.state.tab == CARD:  # nobody has chosen another one
            self.state.tab = OWN

    def _draw_own(self, width: int, height: int) -> Text:
        """Its own source at the step that does what the shown one does."""
        if self.own is None or self._own_is_old:  # of the numbers before
            return Text("…" if self.own else "")
        step = self.state.scene.event.index
        if step not in self._own_steps:
            self._own_steps[step] = self.own.at(step) if self.own.run.groups else self.own.first
        return draw_own(self.own, self._own_steps[step], width, height)

    def _start(self, found: Divergence | None) -> int:
        """Just after the first divergent step; where there is none, the whole pass is looked at."""
        if found is None:
            return self.state.timeline.total if self._is_the_failing_problem() or self._verdict.ok else 0
        return found.position

    def _is_the_failing_problem(self) -> bool:
        return self._verdict.failing is self.candidate.problem

    def _is_gradient(self, panel: Panel) -> bool:
        return any(panel.key in keys_of(name) for name in self.stage.gradients)

    def _index_of(self, gradient: str) -> int:
        return self.stage.gradients.index(gradient)
