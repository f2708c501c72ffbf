"""An `ask` block, and what every kind of question takes from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Generic, TypeVar

from convstep.frozen import frozen
from convstep.lessons.errors import wrong
from convstep.lessons.expressions import fill_in
from convstep.lessons.fields import Fields
from convstep.lessons.lesson import PagePlace, Standing
from convstep.lessons.page_place import Face, Placed, face_of, showing
from convstep.lessons.questions import Question
from convstep.lessons.tensors import Cells, Index
from convstep.lessons.words import say

At = TypeVar("At", bound=Standing, covariant=True)


@frozen(eq=False)
class AskBlock(Generic[At]):
    """What an `ask` block says, and where it is said."""

    fields: Fields
    items: list[tuple[str, int]]
    """Its list lines."""
    placed: At
    """Where the debugger stands when it is asked."""
    language: str
    code: str
    """The code above it, "" without."""

    def common(self, prompt: str, explanation: str) -> dict[str, Any]:
        """What every question has: the prompt unless the lesson says it, an explanation from the numbers."""
        own = self.fields.text("prompt", prompt)
        return {
            "language": self.language,
            "prompt": self.filled(own, self.fields.line_of("prompt")),
            "hints": tuple(self.filled(hint.text, hint.line) for hint in self.fields.all("hint")),
            "why": self.fields.text("why"),
            "explanation": explanation,
            "line": self.fields.line_of("why"),
        }

    def say(self, key: str, **values: object) -> str:
        """A sentence in the lesson's language."""
        return say(self.language, key, **values)

    def filled(self, text: str, line: int) -> str:
        """A text of the block with its numbers."""
        return fill_in(text, self.placed.here, line)


Asked = tuple[Question, PagePlace, PagePlace]
"""The question, the place with the cells it is about in sight, and the place once it is answered."""


def need_next(step: int | None, block: AskBlock[Standing]) -> int:
    """The step that is about to run. Raises LessonError: there is none."""
    if step is None:
        sentence = "this asks about the next step, but the loop is at its end; stop earlier"
        raise wrong(sentence, block.fields.line)
    return step


def pointing(place: PagePlace, block: AskBlock[Placed], tensor: str, index: Index) -> PagePlace:
    """The place with a cell marked and in sight."""
    place = replace(place, marks=(*place.marks, Cells(tensor, (index,))), focus=place.focus or tensor)
    return in_sight(place, block, tensor, face_of(tensor, index))


def in_sight(place: PagePlace, block: AskBlock[Placed], tensor: str, face: Face) -> PagePlace:
    """The place with a face in sight."""
    if tensor in ("b", "db"):
        return place
    return showing(place, block.placed.problem, [(tensor, face)], block.fields.line)
