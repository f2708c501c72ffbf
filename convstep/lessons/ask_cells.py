"""`ask cells`: which cells of a face, marked on the grid."""

from __future__ import annotations

import math
from dataclasses import replace

from convstep.conv.layout import GRADIENTS
from convstep.language import tr
from convstep.lessons import explaining
from convstep.lessons.ask_block import Asked, Asking, in_sight
from convstep.lessons.errors import LessonError
from convstep.lessons.lesson import PagePlace
from convstep.lessons.page_place import Face, face_name, face_of, on_face
from convstep.lessons.questions import CellsQuestion
from convstep.lessons.tensors import Cells, cells_of_step, in_padding, parse_cells, shapes, untouched


def ask_cells(asking: Asking) -> Asked:
    """Read a question about cells."""
    fields, standing = asking.fields, asking.standing
    geometry = standing.problem.geometry
    wish = fields.text("answer", "next step")
    tensor, face = _asked_face(asking)
    line, why, reveal = fields.line_of("answer"), "", standing.stop
    if wish == "next step":
        step = asking.next_step()
        if tensor not in GRADIENTS:
            raise LessonError(
                tr("no step changes {tensor}; ask about {names}", tensor=tensor, names=", ".join(GRADIENTS)),
                fields.line_of("on"),
            )
        every = cells_of_step(tensor, step, geometry)
        face = face or face_of(tensor, min(every))  # the first channel of its group
        why = explaining.step_writes(asking.language, tensor, step, geometry)
        key, reveal = "ask.cells", PagePlace(step + 1, given=True)
    elif wish in ("untouched", "padding"):
        if tensor != "dA_prev_pad":
            raise LessonError(tr("`answer: {wish}` is only for dA_prev_pad", wish=wish), line)
        every = (untouched if wish == "untouched" else in_padding)(geometry)
        found = explaining.untouched_why if wish == "untouched" else explaining.padding_why
        key, why = f"ask.cells.{wish}", found(asking.language, geometry)
    else:
        fields.need("answer")
        parts = [parse_cells(part, standing.problem, line) for part in wish.split(";")]
        if {part.tensor for part in parts} != {tensor}:
            raise LessonError(tr("the answer names cells that are not in {tensor}", tensor=tensor), line)
        every, key = frozenset(index for part in parts for index in part.indices), "ask.cells.these"
    face = face or standing.shown_face(tensor)
    cells = frozenset(index for index in every if on_face(index, face))
    if not cells:
        raise LessonError(
            tr("none of these cells is on {face}; ask something else", face=face_name(tensor, face)), line
        )
    seen = [n for n, held in zip(shapes(standing.problem)[tensor], face, strict=True) if held is None]
    if len(cells) == math.prod(seen) and tensor not in ("dW", "db"):
        raise LessonError(
            tr(
                "every cell of {face} would be a right answer; ask something else",
                face=face_name(tensor, face),
            ),
            line,
        )
    right = Cells(tensor, tuple(sorted(cells)))
    question = CellsQuestion(
        **asking.common(asking.say(key, tensor=face_name(tensor, face)), why),
        tensor=tensor,
        face=face,
        cells=cells,
    )
    stop = in_sight(replace(standing.stop, focus=standing.stop.focus or tensor), asking, tensor, face)
    reveal = replace(reveal, marks=(*reveal.marks, right), focus=tensor)
    return question, stop, in_sight(reveal, asking, tensor, face)


def _asked_face(asking: Asking) -> tuple[str, Face | None]:
    """The tensor a question about cells is on, and the face if the lesson names one."""
    found = asking.fields.need("on")
    tensor, _, index = found.text.partition("[")
    tensor = tensor.strip()
    shape = shapes(asking.standing.problem).get(tensor)
    if shape is None or tensor == "b":
        names = ", ".join(name for name in shapes(asking.standing.problem) if name != "b")
        raise LessonError(
            tr("there is no panel {name!r}; the panels are {names}", name=found.text, names=names), found.line
        )
    if not index:
        return tensor, None
    cells = parse_cells(found.text, asking.standing.problem, found.line)
    return tensor, face_of(tensor, cells.indices[0])
