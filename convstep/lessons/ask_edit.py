"""`ask edit`: a cell of an input is to be set so that something holds of the run that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from convstep.lessons.ask_block import AskBlock, Asked
from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.expressions import holds
from convstep.lessons.fields import Field, whole_number
from convstep.lessons.lesson import PagePlace, Standing, Subject
from convstep.lessons.questions import Answer, Judged, Question
from convstep.lessons.tensors import Setting, numbers_of, read_setting
from convstep.lessons.words import say
from convstep.replay.edits import Edit, Edits, Numbers

MOST = 20
"""Cells that a question may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditQuestion(Question):
    """Which cell, set to what? Set on the grid, and judged by the run with it."""

    subject: Subject
    place: PagePlace
    """Where what is asked for shall hold."""
    array: str
    """The input whose cells may be set."""
    most: int
    """How many of them."""
    condition: str
    """What shall hold, in the language of lessons; `before.` is the run as it is."""
    settings: str
    """A right answer, `dZ[0, 1, 0] = 0; dZ[1, 0, 0] = 2`."""

    kind = "edit"

    def judge(self, answer: Answer) -> Judged:
        """Right is whatever makes it hold; with a cell left to set, nothing is wrong yet."""
        settings = self._read(str(answer))
        cells = {setting[:2] for setting in settings}
        if any(array != self.array for array, _ in cells):
            raise self._error("edit.other", array=self.array)
        if len(cells) > self.most:
            raise self._error("edit.many" if self.most > 1 else "edit.many.one", most=self.most)
        if self.holds(numbers_of(settings, self.subject.inputs)):
            return self._right()
        if len(cells) < self.most:
            raise self._error("edit.more")
        return self._wrong("wrong.edit")

    @property
    def solution(self) -> Answer:
        """As it is written in a lesson."""
        return self.settings

    @property
    def how(self) -> str:
        """On the grid."""
        return say(self.language, "how.edit", array=self.array)

    @property
    def given(self) -> str:
        """One of the answers: there may be others."""
        return say(self.language, "given.edit", answer=self.settings)

    @property
    def numbers(self) -> Numbers:
        """What that answer sets."""
        return numbers_of(self._read(self.settings), self.subject.inputs)

    @property
    def edits(self) -> Edits:
        """The same as somebody makes it."""
        inputs = self.subject.inputs
        made = self.numbers.items()
        return Edits(
            tuple(
                Edit(array, cell, inputs[array][cell], number)
                for array, cells in made
                for cell, number in cells.items()
            )
        )

    def holds(self, numbers: Numbers) -> bool:
        """Whether what is asked for holds of the run with these numbers."""
        try:
            there = self.subject.with_numbers(numbers).stand(self.place)
            return holds(self.condition, there.here, self.subject.stand(self.place).here, 0)
        except ValueError:  # the run ends before it, or cannot be: then nothing holds of it
            return False

    def _read(self, answer: str) -> list[Setting]:
        parts = [part for part in answer.split(";") if part.strip()]
        try:
            found = [read_setting("answer", Field(part, 0), self.subject.inputs) for part in parts]
        except LessonError as error:
            raise self._error("edit.other", array=self.array) from error
        if not found:
            raise self._error("not.edit", array=self.array)
        return found


def ask_edit(block: AskBlock[Standing]) -> Asked:
    """Read a question that is answered by setting cells."""
    fields, placed = block.fields, block.placed
    subject, on = placed.subject, fields.need("on")
    if placed.place.what_if is not None:
        raise wrong("a page that asks for an edit has no `what-if` of its own; remove one", fields.line)
    if on.text not in subject.inputs:
        sentence = "no cell of {name!r} can be set here; the inputs are {names}"
        raise wrong(sentence, on.line, name=on.text, names=", ".join(subject.inputs))
    condition, answer = fields.need("right"), fields.need("answer")
    settings = [
        read_setting("answer", Field(part, answer.line), subject.inputs) for part in answer.text.split(";")
    ]
    most = len(settings)
    if found := fields.get("cells"):
        most = whole_number(found.text) or 0
        if not 1 <= most <= MOST:
            sentence = "{key} is {text!r}; it must be 1 to {last}"
            raise wrong(sentence, found.line, key="cells", text=found.text, last=MOST)
    question = EditQuestion(
        **block.common(fields.need("prompt").text, ""),
        subject=subject,
        place=placed.place,
        array=on.text,
        most=most,
        condition=condition.text,
        settings=answer.text,
    )
    if holds(condition.text, placed.here, placed.here, condition.line):
        raise wrong(
            "{text!r} holds without an edit; ask for something else", condition.line, text=condition.text
        )
    others = {array for array, *_ in settings if array != on.text}
    if others or not question.judge(answer.text).right:
        raise wrong("with {text} what is asked for does not hold", answer.line, text=answer.text)
    # a problem's input is seen with its padding
    panel = "A_prev_pad" if on.text == "A_prev" and subject.problem is not None else on.text
    place = replace(placed.place, focus=placed.place.focus or panel)
    return question, place, place
