"""Questions whose answer is picked: a line of code, or one of some options."""

from __future__ import annotations

import re
from dataclasses import dataclass

from convstep.lessons.expressions import typed
from convstep.lessons.questions import Answer, Judged, Question
from convstep.lessons.words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuestion(Question):
    """Which line of this code is wrong?"""

    code: str
    """The code, lines counted from 1."""
    lines: frozenset[int]
    """The wrong lines; naming one of them is right."""
    right: str
    """What should stand there."""

    kind = "line"

    def is_empty(self, line: int) -> bool:
        """Whether nothing stands on a line, counted from 1."""
        return not self.code.splitlines()[line - 1].strip()

    def judge(self, answer: Answer) -> Judged:
        """Right is any of the wrong lines."""
        last = len(self.code.splitlines())
        text = typed(str(answer))
        if not re.fullmatch(r"\d{1,4}", text) or not 1 <= int(text) <= last:
            raise self._error("not.line", text=repr(answer), last=last)
        return self._right() if int(text) in self.lines else self._wrong("wrong.line", line=int(text))

    @property
    def solution(self) -> Answer:
        """The number of the first wrong line."""
        return str(min(self.lines))


@dataclass(frozen=True, slots=True)
class Option:
    """One of the choices of a question."""

    text: str
    right: bool
    reason: str
    """Why, or why not; "" without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceQuestion(Question):
    """Which of these?"""

    options: tuple[Option, ...]
    """In the order of the lesson; one or more are right."""

    kind = "choice"

    def judge(self, answer: Answer) -> Judged:
        """Right is any of the right options, by its number from 1."""
        text = typed(str(answer))
        if not re.fullmatch(r"\d{1,2}", text) or not 1 <= int(text) <= len(self.options):
            raise self._error("not.choice", text=repr(answer), last=len(self.options))
        option = self.options[int(text) - 1]
        if option.right:  # the reason stands among the explanations
            return self._right()
        said = say(self.language, "and", first=self._wrong().said, second=option.reason)
        return Judged(False, said.rstrip())

    @property
    def solution(self) -> Answer:
        """The number of the first right one."""
        return str(1 + next(n for n, option in enumerate(self.options) if option.right))
