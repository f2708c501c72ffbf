"""Queries: the candidate is asked beside the screen, one question at a time; late answers are dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.ui.debugger.host import Host, Job
from convstep.view.candidate.stage import CandidateStage

if TYPE_CHECKING:
    from convstep.candidate.step.own_lines import OwnLines
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.step.stepping import Beside, CandidateTimeline

WRONG_MARK = "✗"
"""A divergent step on the timeline."""
BETWEEN_MARKS = 0.1
"""Seconds between two paintings of the marks while they are found."""
LOOK = 0.1
"""Seconds between two looks at whether the person has left, while another question is open."""


class Queries:
    """Keeps the candidate's side of the scene up to date, and finds the divergent steps.

    The candidate may take seconds for an answer, or never give one. So nothing waits for it: a
    thread asks, and the screen shows the last answer, marked as old, until the next one is there.
    """

    def __init__(self, candidate: CandidateTimeline, stage: CandidateStage) -> None:
        """Ask nothing yet; the stage takes the answers."""
        self._candidate, self._timeline = candidate, stage.timeline
        self.stage = stage
        """What takes the answers."""
        self._host: Host | None = None
        self._asking = False
        self._idle, self._left = threading.Event(), threading.Event()
        self._idle.set()
        self._wrong: list[tuple[int, int]] = []
        self._all_tried = False
        self._search: Job | None = None

    @property
    def wrong_steps(self) -> list[tuple[int, int]]:
        """The divergent steps found up to now, as first and last + 1."""
        return sorted(self._wrong)

    @property
    def open(self) -> bool:
        """Whether a question is open."""
        return not self._idle.is_set()

    def begin(self, host: Host) -> None:
        """Begin to ask, for this screen."""
        self._host = host
        self.ask()
        host.begin("marks", self._find_wrong_steps)

    def close(self) -> None:
        """Ask nothing more."""
        self._left.set()
        self._idle.set()

    def take_remembered(self) -> None:
        """What the candidate was asked before is there at once."""
        position, additions = self._place()
        if not self.stage.up_to_date:
            before = self._candidate.remembered(position)
            after = self._candidate.remembered(position + 1) if additions else None
            if before is not None and (after is not None or not additions):
                self.stage.take(before, after)
        step = self._step()
        known = self._candidate.remembered_contribution(step)
        if known is not None:
            self.stage.added = step, known

    def ask(self) -> None:
        """Ask about this place, unless a question is still open."""
        if self._asking or self._heard() or self._host is None or self._left.is_set():
            return
        self._asking = True
        self._idle.clear()
        place, step = self._place(), self._step()
        self._host.begin("candidate", lambda job: self._answer(job, *place, step))

    def marks(self, place_of: Callable[[int], int], columns: int, total: int) -> dict[int, tuple[int, str]]:
        """The divergent steps by column of a timeline."""
        found: dict[int, tuple[int, str]] = {}
        for first, last in list(self._wrong):
            for column in range(place_of(first + 1), place_of(last) + 1):
                found.setdefault(column, (round(column / max(columns - 1, 1) * total), WRONG_MARK))
        return found

    def seek_divergence(self, by: int) -> None:
        """Go to the next divergent step, or the previous one; it may have to be looked for."""
        # a long timeline is marked by stretches: the step in them has to be looked for
        if not self._all_tried or any(last - first > 1 for first, last in self._wrong):
            self._look_for_divergence(by)
            return
        position = self._timeline.position
        places = [first + 1 for first, _ in self.wrong_steps]
        ahead = [at for at in places if (at > position if by > 0 else at < position)]
        self._arrive_at((ahead[0] if by > 0 else ahead[-1]) if ahead else None, by)

    def find_first(
        self, found: Callable[[Divergence | None], None], own: Callable[[OwnLines | None], None]
    ) -> None:
        """Look in a thread for where the two part, and then for the candidate's own lines there."""
        assert self._host is not None

        def look(job: Job) -> None:
            first = self._candidate.first_divergence()
            self._tell(job, found, first)
            self._tell(job, own, self._candidate.own_lines(first))

        self._host.begin("first", look)

    def _place(self) -> tuple[int, int]:
        return self._timeline.position, self._timeline.made

    def _step(self) -> int:
        return int(self._timeline.step.index)

    def _heard(self) -> bool:
        added = self.stage.added
        return self.stage.up_to_date and added is not None and added[0] == self._step()

    def _answer(self, job: Job, position: int, additions: int, step: int) -> None:
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
            self._tell(job, self._heard_something)
        self._tell(job, self._answered)
        # the next step is the likeliest question; who gives no answer here is left in peace
        known = candidate.remembered(position)
        trouble = known is None or bool(known.problems)
        if self._idle.is_set() and not trouble and position < self._timeline.total:
            candidate.at(position + 1)
            candidate.contribution(position)

    def _tell(self, job: Job, what: Callable[..., object], *arguments: object) -> None:
        """Have something done by the screen, unless it is gone."""
        if not self._left.is_set():
            job.tell(what, *arguments, even_cancelled=True)

    def _heard_something(self) -> None:
        before = self.stage.up_to_date, self.stage.added
        self.take_remembered()
        if (self.stage.up_to_date, self.stage.added) != before and self._host is not None:
            self._host.show(keep_said=True)

    def _answered(self) -> None:
        self._asking = False
        self._idle.set()
        self.ask()  # the person may have gone on meanwhile

    def _find_wrong_steps(self, job: Job) -> None:
        """Mark the divergent steps, letting every question of the person go first."""
        told = 0.0

        def gone() -> bool:
            return self._left.is_set() or job.cancelled or job.orphaned

        def leave() -> bool:
            while not (self._idle.wait(LOOK) or gone()):
                pass
            return gone()

        def mark() -> None:
            if self._host is not None:
                self._host.mark_timeline()

        def found(first: int, last: int) -> None:
            nonlocal told
            self._wrong.append((first, last))
            if time.monotonic() - told > BETWEEN_MARKS:
                told = time.monotonic()
                self._tell(job, mark)

        self._candidate.wrong_steps(found, leave)
        self._all_tried = True
        self._tell(job, mark)

    def _look_for_divergence(self, by: int) -> None:
        assert self._host is not None
        if self._search is not None:
            self._search.cancel()
        self._host.say(tr("looking for a divergent step …"))
        position, candidate = self._timeline.position, self._candidate

        def search(job: Job) -> None:
            found = candidate.next_divergent(position) if by > 0 else candidate.previous_divergent(position)
            if not self._left.is_set():
                job.tell(self._arrive_at, found, by)

        self._search = self._host.begin("divergence", search)

    def _arrive_at(self, position: int | None, by: int) -> None:
        """Go to a divergent step, or say that there is none."""
        assert self._host is not None
        answer = self.stage.answer
        if position is not None:
            self._host.travel.to(position)
        elif answer is not None and answer.problems:
            self._host.say(self.stage.standing())
        elif answer is not None and answer.modelled and not self.stage.discreet:
            self._host.say(
                tr("each step alone is right; the mistake is in how the steps are added up: press d")
            )
        else:
            self._host.say(
                tr(
                    "no later step adds anything wrong by itself"
                    if by > 0
                    else "no earlier step adds anything wrong by itself"
                )
            )
