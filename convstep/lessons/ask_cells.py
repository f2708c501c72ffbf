"""`ask cells`: which cells of a face, marked on the grid."""

from __future__ import annotations

import math
from dataclasses import replace

from convstep.conv.layout import GRADIENTS
from convstep.lessons import explaining
from convstep.lessons.ask_block import AskBlock, Asked, in_sight, need_next
from convstep.lessons.errors import wrong
from convstep.lessons.lesson import PagePlace
from convstep.lessons.page_place import Face, Placed, face_name, face_of, on_face, panel_of
from convstep.lessons.questions import CellsQuestion
from convstep.lessons.tensors import Cells, cells_of_step, in_padding, parse_cells, shapes, untouched


def ask_cells(block: AskBlock[Placed]) -> Asked:
    """Read a question about cells."""
    fields, placed = block.fields, block.placed
    geometry = placed.problem.geometry
    wish = fields.text("answer", "next step")
    tensor, face = _asked_face(block)
    line, why, place_after = fields.line_of("answer"), "", placed.place
    if wish == "next step":
        step = need_next(placed.next_step, block)
        if tensor not in GRADIENTS:
            sentence = "no step changes {tensor}; ask about {names}"
            raise wrong(sentence, fields.line_of("on"), tensor=tensor, names=", ".join(GRADIENTS))
        every = cells_of_step(tensor, step, geometry)
        face = face or face_of(tensor, min(every))  # the first channel of its group
        why = explaining.step_writes(block.language, tensor, step, geometry)
        key, place_after = "ask.cells", PagePlace(step + 1, given=True)
    elif wish in ("untouched", "padding"):
        if tensor != "dA_prev_pad":
            raise wrong("`answer: {wish}` is only for dA_prev_pad", line, wish=wish)
        every = (untouched if wish == "untouched" else in_padding)(geometry)
        found = explaining.untouched_why if wish == "untouched" else explaining.padding_why
        key, why = f"ask.cells.{wish}", found(block.language, geometry)
    else:
        fields.need("answer")
        parts = [parse_cells(part, placed.problem, line) for part in wish.split(";")]
        if {part.tensor for part in parts} != {tensor}:
            raise wrong("the answer names cells that are not in {tensor}", line, tensor=tensor)
        every, key = frozenset(index for part in parts for index in part.indices), "ask.cells.these"
    face = face or placed.shown_face(tensor)
    cells = frozenset(index for index in every if on_face(index, face))
    if not cells:
        sentence = "none of these cells is on {face}; ask something else"
        raise wrong(sentence, line, face=face_name(tensor, face))
    seen = [n for n, held in zip(shapes(placed.problem)[tensor], face, strict=True) if held is None]
    if len(cells) == math.prod(seen) and tensor not in ("dW", "db"):
        sentence = "every cell of {face} would be a right answer; ask something else"
        raise wrong(sentence, line, face=face_name(tensor, face))
    right = Cells(tensor, tuple(sorted(cells)))
    question = CellsQuestion(
        **block.common(block.say(key, tensor=face_name(tensor, face)), why),
        tensor=tensor,
        face=face,
        cells=cells,
    )
    place = in_sight(replace(placed.place, focus=placed.place.focus or tensor), block, tensor, face)
    place_after = replace(place_after, marks=(*place_after.marks, right), focus=tensor)
    return question, place, in_sight(place_after, block, tensor, face)


def _asked_face(block: AskBlock[Placed]) -> tuple[str, Face | None]:
    """The tensor a question about cells is on, and the face if the lesson names one."""
    found = block.fields.need("on")
    name, bracket, _ = found.text.partition("[")
    tensor = panel_of(name.strip(), found, block.placed.problem)
    if not bracket:
        return tensor, None
    cells = parse_cells(found.text, block.placed.problem, found.line)
    return tensor, face_of(tensor, cells.indices[0])
