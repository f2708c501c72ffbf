"""Questions: what a learner is asked, how an answer is judged, and the explanation from the numbers."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from convstep.conv.geometry import Geometry
from convstep.frozen import frozen
from convstep.lessons.expressions import arithmetic, typed
from convstep.lessons.tensors import Index
from convstep.lessons.words import escaped, say
from convstep.printable import SentenceError
from convstep.replay.places import example_place, parse_place, place_argument

POINTS = 10
"""What a question is worth at the first attempt without a hint."""
ATTEMPT_COSTS = 3
"""Points that each wrong attempt costs."""
HINT_COSTS = 2
"""Points that each hint costs."""
LEAST = 1
"""Points for a right answer, however late."""

STARTS = frozenset("0123456789+-.,([")
"""What a typed answer may begin with; no answer begins with a letter."""

Answer = str | frozenset[Index]
"""What a learner gives: text, or marked cells."""


def starts_answer(text: str) -> bool:
    """Whether what was typed begins an answer, on whatever keyboard.

    >>> [starts_answer(text) for text in ("-", "（", "12", "n", " ", "")]
    [True, True, True, False, False, False]
    """
    return typed(text)[:1] in STARTS


class AnswerError(SentenceError, ValueError):
    """What was typed is no answer at all; one sentence in the lesson's language."""


@frozen()
class Judged:
    """What an answer is worth."""

    right: bool
    said: str
    """One sentence about it, in the lesson's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(ABC):
    """A question; its kinds say what an answer is."""

    language: str
    """In which it is asked and answered."""
    prompt: str
    hints: tuple[str, ...]
    """Given one by one, for points."""
    why: str
    """The lesson's own words about the answer, Markdown, "" without."""
    explanation: str
    """What the numbers on the screen say about it, Markdown, "" without."""
    line: int
    """Where it stands in the file."""

    kind = ""
    """The word after `ask`."""
    is_typed = False
    """Whether it is answered with the keyboard's characters."""

    @abstractmethod
    def judge(self, answer: Answer) -> Judged:
        """Whether an answer is right. Raises AnswerError: it is no answer to this kind of question."""

    @property
    @abstractmethod
    def solution(self) -> Answer:
        """A right answer."""

    @property
    def how(self) -> str:
        """How to answer, in a few words."""
        return say(self.language, f"how.{self.kind}")

    @property
    def given(self) -> str:
        """The answer as a sentence, for who gives up."""
        return say(self.language, "given", answer=self.solution)

    def points(self, attempts: int, hints: int) -> int:
        """What a right answer is worth after so many wrong attempts and hints."""
        return max(POINTS - ATTEMPT_COSTS * attempts - HINT_COSTS * hints, LEAST)

    def _right(self) -> Judged:
        return Judged(True, say(self.language, "right"))

    def _wrong(self, key: str = "wrong", **values: object) -> Judged:
        return Judged(False, escaped(say(self.language, key, **values)))

    def _error(self, key: str, **values: object) -> AnswerError:
        return AnswerError(escaped(say(self.language, key, **values)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsQuestion(Question):
    """Which cells? Marked on the grid."""

    tensor: str
    """Whose cells."""
    face: tuple[int | None, ...]
    """The face on which they are marked: a number for an axis that is held, None for one that is seen."""
    cells: frozenset[Index]
    """The right ones, all of them on the face."""

    kind = "cells"

    def judge(self, answer: Answer) -> Judged:
        """Right are exactly the cells."""
        if isinstance(answer, str) or not answer:
            raise self._error("not.cells")
        hit, extra = len(answer & self.cells), len(answer - self.cells)
        if answer == self.cells:
            return self._right()
        return self._wrong("wrong.cells", hit=hit, total=len(self.cells), extra=extra)

    @property
    def solution(self) -> Answer:
        """The cells."""
        return self.cells

    @property
    def given(self) -> str:
        """They are shown on the grid."""
        return say(self.language, "given.cells")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueQuestion(Question):
    """Which number?"""

    value: float
    """The right one."""
    tolerance: float
    """How far an answer may be off: people compute with the digits on the screen."""
    before: float | None = None
    """What the cell holds before the step, where a step is asked about."""
    added: float | None = None
    """What the step adds."""

    kind = "value"
    is_typed = True

    def judge(self, answer: Answer) -> Judged:
        """Right is what lies within the tolerance."""
        try:
            number = arithmetic(str(answer))
        except ValueError as error:
            raise self._error("not.number", text=repr(answer)) from error
        if self._near(number, self.value):
            return self._right()
        known = {"unchanged": self.before, "added": self.added, "sign": -self.value}
        for name, value in known.items():
            if value is not None and self._near(number, value):
                return self._wrong(f"wrong.value.{name}", text=str(answer).strip())
        return self._wrong()

    def _near(self, number: float, value: float) -> bool:
        return abs(number - value) <= self.tolerance

    @property
    def solution(self) -> Answer:
        """The number, as the lesson writes it."""
        short = f"{self.value:.4g}"
        return short if self._near(float(short), self.value) else repr(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepQuestion(Question):
    """Which step?"""

    geometry: Geometry
    """The loop it is about."""
    steps: frozenset[int]
    """The numbers of the right ones, counted from 0."""

    kind = "step"
    is_typed = True

    def judge(self, answer: Answer) -> Judged:
        """Right is any of the steps, by its index or as the position after it."""
        text = typed(str(answer))
        try:
            position = parse_place(text, self.geometry)
        except ValueError as error:
            raise self._error("not.step", text=repr(answer), example=self.example) from error
        return self._right() if position - 1 in self.steps else self._wrong()

    @property
    def solution(self) -> Answer:
        """The index of the first of them."""
        return place_argument(min(self.steps) + 1, self.geometry)

    @property
    def how(self) -> str:
        """By typing its index."""
        return say(self.language, "how.step", example=self.example)

    @property
    def example(self) -> str:
        """A place of this loop, to show how one is written."""
        return example_place(self.geometry)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeQuestion(Question):
    """Which shape?"""

    shape: Index
    """The right one."""
    name: str = ""
    """The tensor's name, "" where the lesson asks in its own words."""
    others: tuple[tuple[str, Index], ...] = ()
    """The layer's other tensors, by name, and their shapes, none of which is the right one."""

    kind = "shape"
    is_typed = True

    def judge(self, answer: Answer) -> Judged:
        """Right are the same numbers, however they are separated."""
        text = typed(str(answer))
        if not re.fullmatch(r"[(\[]?\s*\d{1,9}(?:(?:\s*[,x*]\s*|\s+)\d{1,9})*\s*,?\s*[)\]]?", text):
            raise self._error("not.shape", text=repr(answer), example=self.example)
        shape = tuple(map(int, re.findall(r"\d+", text)))
        return self._right() if shape == self.shape else self._slip(shape)

    @property
    def how(self) -> str:
        """By typing its numbers."""
        return say(self.language, "how.shape", example=self.example)

    @property
    def example(self) -> str:
        """A shape with as many axes, which is not the answer."""
        first = next(n for n in (8, 7) if n != self.shape[0])
        return str(tuple(range(first, first + len(self.shape))))

    def _slip(self, shape: Index) -> Judged:
        """What is wrong with a shape, as far as it can be told."""
        count = len(self.shape)
        other = next((name for name, held in self.others if held == shape), "")
        if other:
            return self._wrong("wrong.shape.other", other=other, shape=shape)
        if len(shape) != count:
            one = len(shape) == 1
            named = "wrong.shape.axis" if one else "wrong.shape.axes"
            asked = "wrong.shape.axis.asked" if one else "wrong.shape.axes.asked"
            key = named if self.name else asked
            return self._wrong(key, name=self.name, found=len(shape), count=count)
        if sorted(shape) == sorted(self.shape):
            return self._wrong("wrong.shape.order")
        hit = sum(mine == right for mine, right in zip(shape, self.shape, strict=True))
        if count == 1:
            return self._wrong()
        return self._wrong("wrong.shape.size" if hit == 1 else "wrong.shape.sizes", hit=hit, count=count)

    @property
    def solution(self) -> Answer:
        """As NumPy writes it."""
        return str(self.shape)


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


@frozen()
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
