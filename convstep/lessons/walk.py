"""A learner's way through a lesson: page, attempts, hints, points."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from convstep.lessons.lesson import Lesson, Page, PagePlace
from convstep.lessons.questions import Answer, ChoiceQuestion, Judged, Question

RIGHT, SHOWN, SKIPPED = "right", "shown", "skipped"
"""How a question ended: answered, given up, passed over; "" while it is open."""


@dataclass(slots=True)
class Tried:
    """What happened to one page's question."""

    attempts: int = 0
    """Wrong answers."""
    hints: int = 0
    outcome: str = ""
    """`RIGHT`, `SHOWN`, `SKIPPED`, or "" while it is open."""


class Walk:
    """Where a learner is in a lesson, and what they got."""

    def __init__(
        self, lesson: Lesson, page: int = 0, tried: dict[str, Tried] | None = None, *, finished: bool = False
    ) -> None:
        """Begin, or go on at a page, from 0; what was tried goes by the questions' fingerprints."""
        self.lesson = lesson
        self._keys = fingerprints(lesson)
        self._at = min(max(page, 0), len(lesson.pages) - 1)
        self._tried = dict(tried or {})
        self.finished = finished
        """Whether the last page was seen and its question answered, shown or skipped; it stays so."""
        self._look_for_end()

    @property
    def at(self) -> int:
        """The page, counted from 0."""
        return self._at

    @property
    def page(self) -> Page:
        """The page."""
        return self.lesson.pages[self._at]

    @property
    def question(self) -> Question | None:
        """What this page asks."""
        return self.page.question

    @property
    def tried(self) -> Tried:
        """What happened to this page's question."""
        if self.question is None:
            return Tried(outcome=RIGHT)
        return self._of(self._at)

    @property
    def asked(self) -> str:
        """What tells this page's question from others, whatever its words; "" without one."""
        return self._keys[self._at]

    @property
    def revealed(self) -> bool:
        """Whether what stands below the question is shown."""
        return self.is_revealed(self._at)

    def is_revealed(self, page: int) -> bool:
        """The same of any page; a page without a question hides nothing."""
        if self.lesson.pages[page].question is None:
            return True
        return self._of(page).outcome in (RIGHT, SHOWN)

    @property
    def place(self) -> PagePlace:
        """Where the debugger stands now."""
        return self.page.place_after if self.revealed else self.page.place

    @property
    def on_last_page(self) -> bool:
        """Whether no page follows."""
        return self._at == len(self.lesson.pages) - 1

    def on(self) -> bool:
        """To the next page; an open question is passed over. False on the last page."""
        if self.question is not None and not self.tried.outcome:
            self.tried.outcome = SKIPPED
        if moved := not self.on_last_page:
            self._at += 1
        self._look_for_end()
        return moved

    def back(self) -> bool:
        """To the page before; False on the first one."""
        if self._at == 0:
            return False
        self._at -= 1
        return True

    def answer(self, answer: Answer) -> Judged:
        """Try an answer. Raises AnswerError: it is no answer; that costs nothing."""
        question = self.question
        assert question is not None
        judged = question.judge(answer)
        if not self.revealed:
            if judged.right:
                self.tried.outcome = RIGHT
            else:
                self.tried.attempts += 1
        self._look_for_end()
        return judged

    def hint(self) -> str | None:
        """The next hint, for points; None if there is none left."""
        question, tried = self.question, self.tried
        if question is None or self.revealed or tried.hints >= len(question.hints):
            return None
        tried.hints += 1
        return question.hints[tried.hints - 1]

    @property
    def hints_left(self) -> int:
        """How many hints this page still has."""
        return 0 if self.question is None else len(self.question.hints) - self.tried.hints

    @property
    def verdict(self) -> Judged | None:
        """What is said of a question that was answered or given up; None of any other."""
        question = self.question
        if question is None or not self.revealed:
            return None
        if self.tried.outcome == RIGHT:
            return question.judge(question.solution)
        return Judged(False, question.given)

    def give_up(self) -> None:
        """See the answer, for no points."""
        if self.question is not None and not self.revealed:
            self.tried.outcome = SHOWN
        self._look_for_end()

    def restart(self) -> None:
        """From the beginning, with nothing answered."""
        self._at, self._tried, self.finished = 0, {}, False
        self._look_for_end()

    def points_of(self, page: int) -> int:
        """What the question of a page brought."""
        question = self.lesson.pages[page].question
        tried = None if question is None else self._of(page)
        if question is None or tried is None or tried.outcome != RIGHT:
            return 0
        return question.points(tried.attempts, tried.hints)

    @property
    def points(self) -> int:
        """All that was got so far."""
        return sum(map(self.points_of, range(len(self.lesson.pages))))

    @property
    def right(self) -> int:
        """How many questions were answered."""
        asked = [n for n, page in enumerate(self.lesson.pages) if page.question is not None]
        return sum(self._of(n).outcome == RIGHT for n in asked)

    def adopt(self, lesson: Lesson) -> None:
        """Go on in an edited version: answers stay where the question is the same."""
        self.lesson, self._at = lesson, min(self._at, len(lesson.pages) - 1)
        self._keys = fingerprints(lesson)

    def as_dict(self) -> dict[str, Any]:
        """What is kept between two sessions."""
        answers = {
            key: [tried.attempts, tried.hints, tried.outcome]
            for key, tried in self._tried.items()
            if tried != Tried()
        }
        return {
            "page": self._at,
            "pages": len(self.lesson.pages),
            "points": self.points,
            "most": self.lesson.most_points,
            "finished": self.finished,
            "answers": answers,
        }

    def _of(self, page: int) -> Tried:
        return self._tried.setdefault(self._keys[page], Tried())

    def _look_for_end(self) -> None:
        if self.on_last_page and self.tried.outcome:
            self.finished = True


def fingerprints(lesson: Lesson) -> tuple[str, ...]:
    """By page what tells its question from others in any language or wording; "" without one."""
    found: list[str] = []
    for page in lesson.pages:
        key = "" if page.question is None else _fingerprint(page.question)
        twins = sum(other.startswith(key) for other in found) if key else 0
        found.append(f"{key}-{twins}" if twins else key)
    return tuple(found)


def _fingerprint(question: Question) -> str:
    solution = question.solution
    text = solution if isinstance(solution, str) else repr(sorted(solution))
    if isinstance(question, ChoiceQuestion):
        text = repr([option.right for option in question.options])
    return f"{question.kind}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
