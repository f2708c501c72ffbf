"""From an `ask` block to a question: its answer is computed from the problem, not written down."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from convstep.lessons import explaining
from convstep.lessons.document import Block
from convstep.lessons.errors import LessonError
from convstep.lessons.explaining import cell_name
from convstep.lessons.expressions import fill_in, number_at
from convstep.lessons.fields import Fields, parse_fields, whole_number
from convstep.lessons.lesson import Stop
from convstep.lessons.questions import (
    CellsQuestion,
    ChoiceQuestion,
    LineQuestion,
    Option,
    Question,
    ShapeQuestion,
    StepQuestion,
    ValueQuestion,
)
from convstep.lessons.rounding import addition, tolerance, typeable
from convstep.lessons.standing import Face, Standing, face_name, face_of, on_face, seeing
from convstep.lessons.tensors import (
    Cells,
    Index,
    array_shape,
    cells_of_step,
    in_padding,
    parse_cell,
    parse_cells,
    shapes,
    untouched,
)
from convstep.lessons.words import say
from convstep.replay.provenance import GRADIENTS, provenance

COMMON = ("prompt", "hint", "why")
"""Keys of every question."""


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """A block on its way to a question."""

    fields: Fields
    """Its keys."""
    items: list[tuple[str, int]]
    """Its list lines."""
    standing: Standing
    """Where the debugger stands when it is asked."""
    language: str
    """Of the lesson."""
    code: str
    """The code above it, "" without."""

    def common(self, prompt: str, explanation: str) -> dict[str, Any]:
        """What every question has.

        Args:
            prompt: what is asked, unless the lesson says it.
            explanation: from the numbers.
        """
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
        return fill_in(text, self.standing.timeline, line)

    def next_step(self) -> int:
        """The step that is about to run.

        Raises:
            LessonError: there is none.
        """
        step = self.standing.next_step
        if step is None:
            raise LessonError("this asks about the next step, but the loop is at its end", self.fields.line)
        return step


Asked = tuple[Question, Stop, Stop]
"""The question, the stop with the cells in sight, and the stop when it is answered."""


def parse_question(block: Block, standing: Standing, language: str, code: str) -> Asked:
    """Read an `ask` block.

    Args:
        block: its words are `ask` and the kind.
        standing: where the debugger stands.
        language: of the lesson.
        code: the code block above it on the page.

    Raises:
        LessonError: there is no such kind, or its keys make no question.
    """
    kind = block.info[1] if len(block.info) == 2 else ""
    if kind not in KINDS:
        raise LessonError(f"ask what? write `ask` and one of {', '.join(KINDS)}", block.line - 1)
    fields, items = parse_fields(block.text, block.line, f"ask {kind}")
    known, parse = KINDS[kind]
    fields.check_keys((*COMMON, *known), several=("hint",))
    if items and kind != "choice":
        raise LessonError("only `ask choice` has a list of choices", items[0][1])
    return parse(Asking(fields, items, standing, language, code))


def _cells(asking: Asking) -> Asked:
    fields, standing = asking.fields, asking.standing
    geometry = standing.problem.geometry
    wish = fields.text("answer", "next step")
    tensor, face = _asked_face(asking)
    line, why, reveal = fields.line_of("answer"), "", standing.stop
    if wish == "next step":
        step = asking.next_step()
        if tensor not in GRADIENTS:
            raise LessonError(
                f"no step changes {tensor}; ask about {', '.join(GRADIENTS)}", fields.line_of("on")
            )
        every = cells_of_step(tensor, step, geometry)
        face = face or face_of(tensor, min(every))  # the first channel of its group
        why = explaining.step_writes(asking.language, tensor, step, geometry)
        key, reveal = "ask.cells", Stop(step + 1, given=True)
    elif wish in ("untouched", "padding"):
        if tensor != "dA_prev_pad":
            raise LessonError(f"{wish} is about dA_prev_pad", line)
        every = (untouched if wish == "untouched" else in_padding)(geometry)
        found = explaining.untouched_why if wish == "untouched" else explaining.padding_why
        key, why = f"ask.cells.{wish}", found(asking.language, geometry)
    else:
        fields.need("answer")
        parts = [parse_cells(part, standing.problem, line) for part in wish.split(";")]
        if {part.tensor for part in parts} != {tensor}:
            raise LessonError(f"answer is about other cells than those of {tensor}", line)
        every, key = frozenset(index for part in parts for index in part.indices), "ask.cells.these"
    face = face or standing.shown_face(tensor)
    cells = frozenset(index for index in every if on_face(index, face))
    if not cells:
        raise LessonError(f"no such cell is on {face_name(tensor, face)}; ask something else", line)
    seen = [n for n, held in zip(shapes(standing.problem)[tensor], face, strict=True) if held is None]
    if len(cells) == math.prod(seen) and tensor not in ("dW", "db"):
        raise LessonError(
            f"all cells of {face_name(tensor, face)} are right answers; ask something else", line
        )
    right = Cells(tensor, tuple(sorted(cells)))
    question = CellsQuestion(
        **asking.common(asking.say(key, tensor=face_name(tensor, face)), why),
        tensor=tensor,
        face=face,
        cells=cells,
    )
    stop = _in_sight(replace(standing.stop, focus=tensor), asking, tensor, face)
    reveal = replace(reveal, marks=(*reveal.marks, right), focus=tensor)
    return question, stop, _in_sight(reveal, asking, tensor, face)


def _value(asking: Asking) -> Asked:
    fields, standing = asking.fields, asking.standing
    if "cell" not in fields:
        answer = fields.need("answer")
        value = typeable(number_at(answer.text, standing.timeline, answer.line), answer)
        question = ValueQuestion(
            **asking.common(fields.need("prompt").text, ""), value=value, tolerance=tolerance(value)
        )
        return question, standing.stop, standing.stop
    found = fields.need("cell")
    tensor, index = parse_cell(found.text, standing.problem, found.line)
    when = fields.text("when", "after" if tensor in GRADIENTS else "now")
    if when not in ("after", "now"):
        raise LessonError(f"when is {when!r}; it is `after` (the next step) or `now`", fields.line_of("when"))
    name = cell_name(tensor, index)
    stop = _pointing(standing.stop, asking, tensor, index)
    if when == "now":
        now = typeable(number_at(name, standing.timeline, found.line), found)
        why = explaining.value_why(asking.language, standing, tensor, index, now)
        common = asking.common(asking.say("ask.value.now", cell=name), why)
        return ValueQuestion(**common, value=now, tolerance=tolerance(now)), stop, stop
    if tensor not in GRADIENTS:
        raise LessonError(f"no step changes {tensor}; leave `when: after` out", fields.line_of("when"))
    step = asking.next_step()
    made = provenance(standing.problem, tensor, index)
    before, added, factors = addition(made, step)
    after = typeable(explaining.held(made, made.done(step + 1)), found)
    why = explaining.next_value_why(asking.language, standing.problem, tensor, index, step)
    question = ValueQuestion(
        **asking.common(asking.say("ask.value.after", cell=name), why),
        value=after,
        tolerance=tolerance(after, before, added, *factors),
        before=before if added else None,
        added=added if before and added else None,
    )
    reveal = _pointing(Stop(step + 1, given=True), asking, tensor, index)
    return question, stop, reveal


def _step(asking: Asking) -> Asked:
    fields, standing = asking.fields, asking.standing
    found = fields.need("cell")
    tensor, index = parse_cell(found.text, standing.problem, found.line)
    if tensor not in GRADIENTS:
        raise LessonError(f"steps add to {', '.join(GRADIENTS)}, not to {tensor}", found.line)
    geometry = standing.problem.geometry
    steps = [int(step) for step in geometry.steps_touching(tensor, index)]
    which = fields.text("which", "any")
    if which not in ("any", "first", "last"):
        raise LessonError(f"which is {which!r}; it is first, last or any", fields.line_of("which"))
    if not steps:
        raise LessonError(f"no step adds to {found.text}; ask for another cell", found.line)
    right = {"any": steps, "first": steps[:1], "last": steps[-1:]}[which]
    if len(right) == standing.problem.total_steps:
        raise LessonError(f"every step adds to {found.text}; ask for another cell", found.line)
    key = "ask.step" if which == "any" else f"ask.step.{which}"
    names = "i_n,i_h,i_w,i_c" if geometry.batch is not None else "i_h,i_w,i_c"
    prompt = asking.say(key, cell=cell_name(tensor, index), indices=names)
    why = explaining.steps_why(asking.language, tensor, index, geometry)
    question = StepQuestion(**asking.common(prompt, why), geometry=geometry, steps=frozenset(right))
    stop = _pointing(standing.stop, asking, tensor, index)
    reveal = _pointing(Stop(right[0] + 1, given=True), asking, tensor, index)
    return question, stop, reveal


def _shape_question(asking: Asking) -> Asked:
    fields, standing = asking.fields, asking.standing
    if "of" in fields:
        found = fields.need("of")
        shape = array_shape(found.text, standing.problem)
        if shape is None:
            known = ", ".join(shapes(standing.problem))
            raise LessonError(f"there is no {found.text!r}; there are {known}", found.line)
        why = explaining.shape_why(asking.language, found.text, standing.problem)
        common = asking.common(asking.say("ask.shape", name=found.text), why)
        return ShapeQuestion(**common, shape=shape), standing.stop, standing.stop
    found = fields.need("answer")
    if not re.fullmatch(r"\(?\s*\d{1,9}(\s*,\s*\d{1,9})*\s*,?\s*\)?", found.text):
        raise LessonError(f"{found.text!r} is no shape; write it like (4, 3)", found.line)
    shape = tuple(map(int, re.findall(r"\d+", found.text)))
    question = ShapeQuestion(**asking.common(fields.need("prompt").text, ""), shape=shape)
    return question, standing.stop, standing.stop


def _line(asking: Asking) -> Asked:
    fields = asking.fields
    if not asking.code:
        raise LessonError("there is no code above this question; add a ```python block", fields.line)
    found = fields.need("answer")
    code = asking.code.rstrip()
    last = len(code.splitlines())
    lines = {whole_number(part.strip()) or 0 for part in found.text.split(",")}
    if not lines <= {*range(1, last + 1)}:
        raise LessonError(f"answer is {found.text!r}; it is a line of the code, 1 to {last}", found.line)
    if len(lines) == last:
        raise LessonError("every line is a right answer; name fewer", found.line)
    right, why = fields.text("right"), ""
    if right:
        why = asking.say("why.line", line=min(lines)) + f"\n\n```python\n{right}\n```"
    common = asking.common(asking.say("ask.line"), why)
    question = LineQuestion(**common, code=code, lines=frozenset(lines), right=right)
    return question, asking.standing.stop, asking.standing.stop


def _choice(asking: Asking) -> Asked:
    options = []
    for text, line in asking.items:
        found = re.fullmatch(r"\[([ xX])\]\s+(.+?)(?:\s+\|\s+(.+))?", text)
        if found is None:
            raise LessonError(
                f"{text!r} is no choice; write `- [ ] text | reason`, [x] for a right one", line
            )
        said, reason = (asking.filled(part or "", line) for part in (found[2], found[3]))
        options.append(Option(said, found[1] != " ", reason))
    if len(options) < 2 or not any(o.right for o in options) or all(o.right for o in options):
        raise LessonError("a choice needs a right and a wrong option at least", asking.fields.line)
    common = asking.common(asking.say("ask.choice"), "")
    question = ChoiceQuestion(**common, options=tuple(options))
    return question, asking.standing.stop, asking.standing.stop


KINDS: dict[str, tuple[tuple[str, ...], Callable[[Asking], Asked]]] = {
    "cells": (("on", "answer"), _cells),
    "value": (("cell", "when", "answer"), _value),
    "step": (("cell", "which"), _step),
    "shape": (("of", "answer"), _shape_question),
    "line": (("answer", "right"), _line),
    "choice": ((), _choice),
}
"""By the word after `ask`: its own keys, and what reads it."""


def _asked_face(asking: Asking) -> tuple[str, Face | None]:
    """The tensor a question about cells is on, and the face if the lesson names one."""
    found = asking.fields.need("on")
    tensor, _, index = found.text.partition("[")
    tensor = tensor.strip()
    shape = shapes(asking.standing.problem).get(tensor)
    if shape is None or tensor == "b":
        names = ", ".join(name for name in shapes(asking.standing.problem) if name != "b")
        raise LessonError(f"there is no panel {found.text!r}; there are {names}", found.line)
    if not index:
        return tensor, None
    cells = parse_cells(found.text, asking.standing.problem, found.line)
    return tensor, face_of(tensor, cells.indices[0])


def _pointing(stop: Stop, asking: Asking, tensor: str, index: Index) -> Stop:
    """The stop with a cell marked and in sight."""
    stop = replace(stop, marks=(*stop.marks, Cells(tensor, (index,))), focus=tensor)
    return _in_sight(stop, asking, tensor, face_of(tensor, index))


def _in_sight(stop: Stop, asking: Asking, tensor: str, face: Face) -> Stop:
    """The stop with a face shown."""
    if tensor in ("b", "db"):
        return stop
    return seeing(stop, asking.standing.problem, [(tensor, face)], asking.fields.line)
