"""Asking the candidate beside the screen: one question at a time, answers that come too late dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding
from textual.worker import Worker, get_current_worker

from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.ui.commands import beside_bindings
from convstep.ui.screens.debugger import DebuggerScreen
from convstep.ui.telling import tell
from convstep.ui.widgets.timeline_bar import TimelineBar
from convstep.view.candidate.stage import CandidateStage
from convstep.view.grid.panel import Span
from convstep.view.panels.stage import Stage

if TYPE_CHECKING:
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.step.stepping import Beside, CandidateTimeline

WRONG_MARK = "✗"
"""A divergent step on the timeline."""

BETWEEN_MARKS = 0.1
"""Seconds between two paintings of the marks while they are found."""


LOOK = 0.1
"""Seconds between two looks at whether the person has left, while another question is open."""


class AskingScreen(DebuggerScreen, inherit_bindings=False):
    """Keeps the candidate's side of the scene up to date, and the divergent steps marked.

    The candidate may take seconds for an answer, or never give one. So nothing waits for it: a
    thread asks, and the screen shows the last answer, marked as old, until the next one is there.
    """

    BINDINGS: ClassVar[list[Binding]] = beside_bindings()

    _stage: CandidateStage

    def __init__(self, candidate: CandidateTimeline, name: str, command_name: str) -> None:
        """Put a candidate beside the reference.

        Args:
            candidate: whom to ask.
            name: what to call it on the screen.
            command_name: what to call its problem on the command line.
        """
        self._candidate = candidate
        super().__init__(candidate.problem, name, command_name, compare_at_end=False)
        self._asking, self._listening = False, False
        self._idle, self._left = threading.Event(), threading.Event()
        self._idle.set()
        self._wrong: list[tuple[int, int]] = []
        self._all_tried, self._spoken = False, ""

    def make_stage(self, timeline: Timeline) -> Stage:
        """What builds scenes of both."""
        return CandidateStage(timeline, self._candidate.probe.right)

    @property
    def wrong_steps(self) -> list[tuple[int, int]]:
        """The divergent steps found up to now, as first and last + 1."""
        return sorted(self._wrong)

    def on_mount(self) -> None:
        """Begin to ask."""
        # no super(): Textual calls every class's handler by itself
        self._listening = True
        self._ask()
        self._find_wrong_steps()

    def on_unmount(self) -> None:
        """Ask nothing more."""
        self._left.set()
        self._idle.set()

    def _show(self, *, all_changed: bool, touched: Span | None = None) -> None:
        """Take what is remembered, show it, and ask for what is missing."""
        self._take_remembered()
        super()._show(all_changed=True)
        self._ask()

    def _place(self) -> tuple[int, int]:
        return self._timeline.position, self._timeline.additions

    def _step(self) -> int:
        return int(self._timeline.step.index)

    def _heard(self) -> bool:
        added = self._stage.added
        return self._stage.up_to_date and added is not None and added[0] == self._step()

    def _take_remembered(self) -> None:
        """What the candidate was asked before is there at once."""
        position, additions = self._place()
        if not self._stage.up_to_date:
            before = self._candidate.remembered(position)
            after = self._candidate.remembered(position + 1) if additions else None
            if before is not None and (after is not None or not additions):
                self._stage.take(before, after)
        step = self._step()
        known = self._candidate.remembered_contribution(step)
        if known is not None:
            self._stage.added = step, known

    def _ask(self) -> None:
        """Ask about this place, unless a question is still open."""
        if self._asking or self._heard() or not self._listening or self._left.is_set():
            return
        self._asking = True
        self._idle.clear()
        self._answer(*self._place(), self._step())

    @work(thread=True, group="candidate")
    def _answer(self, position: int, additions: int, step: int) -> None:
        """Ask; the answers stay with the candidate's timeline, and the screen takes them from there."""
        candidate = self._candidate
        wanted: list[Callable[[], Beside]] = [
            lambda: candidate.at(position),
            lambda: candidate.contribution(step),
        ]
        if additions:
            wanted.insert(1, lambda: candidate.at(position + 1))
        for ask in wanted:
            if self._left.is_set() or (position, additions) != self._place():
                break
            ask()
            self._tell(self._heard_something)
        self._tell(self._answered)
        # the next step is the likeliest question; who gives no answer here is left in peace
        known = candidate.remembered(position)
        trouble = known is None or bool(known.problems)
        if self._idle.is_set() and not trouble and position < self._timeline.total:
            candidate.at(position + 1)
            candidate.contribution(position)

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        """Have something done by the screen, unless it is gone."""
        if not self._left.is_set():
            tell(self, what, *arguments)

    def _heard_something(self) -> None:
        before = self._stage.up_to_date, self._stage.added
        self._take_remembered()
        if (self._stage.up_to_date, self._stage.added) != before:
            spoken = self._spoken
            super()._show(all_changed=True)
            if spoken:  # what a key was answered with stays until the next key
                self._update_status(spoken)

    def _show_status(self) -> None:
        super()._show_status()
        self._spoken = ""

    def _update_status(self, left: str, *, said: bool = True) -> None:
        self._spoken = left
        super()._update_status(left, said=said)

    def _answered(self) -> None:
        self._asking = False
        self._idle.set()
        self._ask()  # the person may have gone on meanwhile

    @work(thread=True, group="marks")
    def _find_wrong_steps(self) -> None:
        """Mark the divergent steps, letting every question of the person go first."""
        worker: Worker[object] = get_current_worker()

        def gone() -> bool:  # after a crash it may not hear that it is unmounted
            return self._left.is_set() or worker.is_cancelled or not self.is_running

        def leave() -> bool:
            while not (self._idle.wait(LOOK) or gone()):
                pass
            return gone()

        told = 0.0

        def found(first: int, last: int) -> None:
            nonlocal told
            self._wrong.append((first, last))
            if time.monotonic() - told > BETWEEN_MARKS:
                told = time.monotonic()
                self._tell(self._mark_timeline)

        self._candidate.wrong_steps(found, leave)
        self._all_tried = True
        self._tell(self._mark_timeline)

    def further_marks(self, bar: TimelineBar) -> dict[int, tuple[int, str]]:
        """The divergent steps."""
        found: dict[int, tuple[int, str]] = {}
        for first, last in list(self._wrong):
            for column in range(bar.place_of(first + 1), bar.place_of(last) + 1):
                found.setdefault(column, (round(column / max(bar.columns - 1, 1) * bar.total), WRONG_MARK))
        return found

    def search_divergence(self, by: int) -> None:
        """Look for the next divergent step in a thread, and go there."""
        for worker in self.workers:
            if worker.group == "divergence":
                worker.cancel()
        self._update_status(tr("looking for a divergent step …"))
        self._search_divergence(self._timeline.position, by)

    @work(thread=True, group="divergence")
    def _search_divergence(self, position: int, by: int) -> None:
        worker: Worker[object] = get_current_worker()
        candidate = self._candidate
        found = candidate.next_divergent(position) if by > 0 else candidate.previous_divergent(position)
        if not self._left.is_set():
            tell(self, self.arrive_at_divergence, found, by, of=worker)

    def arrive_at_divergence(self, position: int | None, by: int) -> None:
        """Go to a divergent step, or say that there is none."""
        answer = self._stage.answer
        if position is not None:
            self.travel(position)
        elif answer is not None and answer.problems:
            self._update_status(self.standing(), said=False)
        elif answer is not None and answer.modelled and not self._stage.discreet:
            self._update_status(
                tr("each step alone is right; the mistake is in how the steps are added up: press d")
            )
        else:
            self._update_status(
                tr(
                    "no later step adds anything wrong by itself"
                    if by > 0
                    else "no earlier step adds anything wrong by itself"
                )
            )

    @work(thread=True, group="first")
    def find_first_divergence(self) -> None:
        """Ask where the two part, and go there if the person has not gone anywhere yet."""
        found = self._candidate.first_divergence()
        self._tell(self.open_at, found)

    def open_at(self, found: Divergence | None) -> None:
        """Go to just after the first divergent step."""
        raise NotImplementedError
