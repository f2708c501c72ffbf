"""From an `ask` block to a question: its answer is computed from the problem, not written down."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convstep.conv.layout import GRADIENTS
from convstep.lessons import explaining
from convstep.lessons.ask_block import AskBlock, Asked, in_sight, need_next
from convstep.lessons.ask_edit import ask_edit
from convstep.lessons.ask_function import ask_cells_of, ask_shape_of, ask_value_of
from convstep.lessons.ask_numbers import ask_shape, ask_step, ask_value
from convstep.lessons.document import Block
from convstep.lessons.errors import wrong
from convstep.lessons.fields import parse_fields, whole_number
from convstep.lessons.function_place import Stood
from convstep.lessons.lesson import PagePlace, Standing
from convstep.lessons.page_place import Face, Placed, face_name, face_of, on_face, panel_of
from convstep.lessons.questions import CellsQuestion, ChoiceQuestion, LineQuestion, Option
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


def ask_line(block: AskBlock[Standing]) -> Asked:
    """Read a question about a line of code."""
    fields = block.fields
    if not block.code:
        raise wrong("there is no code above this question; add a ```python block", fields.line)
    found = fields.need("answer")
    code = block.code.rstrip()
    last = len(code.splitlines())
    lines = {whole_number(part.strip()) or 0 for part in found.text.split(",")}
    written = {number for number, line in enumerate(code.splitlines(), 1) if line.strip()}
    if not lines <= {*range(1, last + 1)}:
        sentence = "answer is {text!r}; it must be a line of the code, 1 to {last}"
        raise wrong(sentence, found.line, text=found.text, last=last)
    if not lines <= written:
        raise wrong("answer is {text!r}; that line is empty", found.line, text=found.text)
    if lines == written:
        raise wrong("every line would be a right answer; name fewer", found.line)
    right, why = fields.text("right"), ""
    if right:
        why = block.say("why.line", line=min(lines)) + f"\n\n```python\n{right}\n```"
    common = block.common(block.say("ask.line"), why)
    question = LineQuestion(**common, code=code, lines=frozenset(lines), right=right)
    return question, block.placed.place, block.placed.place


def ask_choice(block: AskBlock[Standing]) -> Asked:
    """Read a question with options."""
    options = []
    for text, line in block.items:
        found = re.fullmatch(r"\[([ xX])\]\s+(.+?)(?:\s+\|\s+(.+))?", text)
        if found is None:
            sentence = "{text!r} is not a choice; write `- [ ] text | reason`, [x] for a right one"
            raise wrong(sentence, line, text=text)
        said, reason = (block.filled(part or "", line) for part in (found[2], found[3]))
        options.append(Option(said, found[1] != " ", reason))
    if len(options) < 2 or not any(o.right for o in options) or all(o.right for o in options):
        raise wrong("a choice needs at least one right and one wrong option", block.fields.line)
    common = block.common(block.say("ask.choice"), "")
    question = ChoiceQuestion(**common, options=tuple(options))
    return question, block.placed.place, block.placed.place


COMMON = ("prompt", "hint", "why")
"""Keys of every question."""


def parse_question(block: Block, placed: Standing, language: str, code: str) -> Asked:
    """Read an `ask` block, whose second word is the kind, below `code`; LessonError if it is none."""
    kind = block.info[1] if len(block.info) == 2 else ""
    kinds = OF_FUNCTIONS if isinstance(placed, Stood) else KINDS
    if kind not in kinds:
        sentence = "this does not say what to ask; write `ask` and one of {kinds}"
        raise wrong(sentence, block.line - 1, kinds=", ".join(kinds))
    fields, items = parse_fields(block.text, block.line, f"ask {kind}")
    known, parse = kinds[kind]
    fields.check_keys((*COMMON, *known), several=("hint",))
    if items and kind != "choice":
        raise wrong("only `ask choice` has a list of choices", items[0][1])
    return parse(AskBlock(fields, items, placed, language, code))


Kinds = dict[str, tuple[tuple[str, ...], Callable[[AskBlock[Any]], Asked]]]

KINDS: Kinds = {
    "cells": (("on", "answer"), ask_cells),
    "value": (("cell", "when", "answer"), ask_value),
    "step": (("cell", "which"), ask_step),
    "shape": (("of", "answer"), ask_shape),
    "line": (("answer", "right"), ask_line),
    "choice": ((), ask_choice),
    "edit": (("on", "cells", "right", "answer"), ask_edit),
}
"""By the word after `ask`: its own keys, and what reads it."""
OF_FUNCTIONS: Kinds = {
    "cells": (("on", "answer"), ask_cells_of),
    "value": (("cell", "when", "answer"), ask_value_of),
    "shape": (("of", "answer"), ask_shape_of),
    "line": (("answer", "right"), ask_line),
    "choice": ((), ask_choice),
    "edit": (("on", "cells", "right", "answer"), ask_edit),
}
"""The same where a recorded function is stepped."""
