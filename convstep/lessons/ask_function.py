"""Questions about a recorded function: which cells, which number, which shape."""

from __future__ import annotations

import math
from dataclasses import replace

from convstep.lessons.ask_block import AskBlock, Asked, need_next
from convstep.lessons.ask_numbers import ask_written_shape, ask_written_value, tolerance, typeable
from convstep.lessons.errors import wrong
from convstep.lessons.expressions import number_text
from convstep.lessons.function_place import Stood
from convstep.lessons.lesson import PagePlace
from convstep.lessons.page_place import face_name, on_face
from convstep.lessons.questions import CellsQuestion, ShapeQuestion, ValueQuestion
from convstep.lessons.tensors import Cells, Index
from convstep.lessons.words import escaped
from convstep.steps.cells import cell_text

MOST_TERMS = 5
"""Terms of a sum that are written out."""


def ask_cells_of(block: AskBlock[Stood]) -> Asked:
    """Read a question about cells of an array."""
    fields, stood = block.fields, block.placed
    on = fields.need("on")
    array = stood.function.cells(on.text, on.line).tensor
    wish, line, place_after = fields.text("answer", "next step"), fields.line_of("answer"), stood.place
    if wish == "next step":
        step = need_next(stood.next_step, block)
        every, key = stood.written_next(array), "ask.cells"
        if not every:
            raise wrong("the next step does not change {tensor}", on.line, tensor=array)
        place_after = PagePlace(step + 1, given=True)
    else:
        parts = [stood.function.cells(part, line) for part in wish.split(";")]
        if {part.tensor for part in parts} != {array}:
            raise wrong("the answer names cells that are not in {tensor}", line, tensor=array)
        every, key = frozenset(index for part in parts for index in part.indices), "ask.cells.these"
    face = stood.face_of(every)
    seen = face_name(array, face) if any(held is not None for held in face) else array
    cells = frozenset(each for each in every if on_face(each, face))
    shape = stood.function.shapes[array]
    if len(cells) == math.prod(n for n, held in zip(shape, face, strict=True) if held is None):
        sentence = "every cell of {face} would be a right answer; ask something else"
        raise wrong(sentence, line, face=seen)
    question = CellsQuestion(
        **block.common(block.say(key, tensor=seen), ""),
        tensor=array,
        face=face,
        cells=cells,
    )
    place = replace(stood.place, focus=stood.place.focus or array)
    marks = (*place_after.marks, Cells(array, tuple(sorted(cells))))
    return question, place, replace(place_after, marks=marks, focus=array)


def ask_value_of(block: AskBlock[Stood]) -> Asked:
    """Read a question about a number."""
    fields, stood = block.fields, block.placed
    if "cell" not in fields:
        return ask_written_value(block)
    found = fields.need("cell")
    array, index = stood.function.cell(found)
    when = fields.text("when", "after")
    if when not in ("after", "now"):
        sentence = "when is {when!r}; it must be `after` (the next step) or `now`"
        raise wrong(sentence, fields.line_of("when"), when=when)
    name = cell_text(array, index)
    marks = (*stood.place.marks, Cells(array, (index,)))
    place = replace(stood.place, marks=marks, focus=stood.place.focus or array)
    there = stood.run.arrays
    before = float(there[array][index]) if array in there else 0.0
    if when == "now":
        if array not in there:
            raise wrong("there is no {name} yet; stop later", found.line, name=array)
        now = typeable(before, found)
        common = block.common(block.say("ask.value.now", cell=name), _sum_of(block, array, index, now))
        return ValueQuestion(**common, value=now, tolerance=tolerance(now)), place, place
    step = need_next(stood.next_step, block)
    if index not in stood.written_next(array):
        sentence = "the next step does not change {cell}; ask about now with `when: now`"
        raise wrong(sentence, found.line, cell=name)
    after = typeable(float(stood.ahead().arrays[array][index]), found)
    added = after - before
    question = ValueQuestion(
        **block.common(block.say("ask.value.after", cell=name), _becomes(block, array, index, after)),
        value=after,
        tolerance=tolerance(after, before, added),
        before=before if added else None,
        added=added if before and added else None,
    )
    return question, place, replace(place, position=step + 1, additions=0, given=True)


def ask_shape_of(block: AskBlock[Stood]) -> Asked:
    """Read a question about a shape."""
    fields, stood = block.fields, block.placed
    if "of" not in fields:
        return ask_written_shape(block)
    found, shapes = fields.need("of"), {name: held for name, held in stood.function.shapes.items() if held}
    if found.text not in shapes:
        sentence = "there is no array {name!r}; the arrays are {known}"
        raise wrong(sentence, found.line, name=found.text, known=", ".join(shapes))
    name, shape = found.text, shapes[found.text]
    others = {held: other for other, held in reversed(shapes.items()) if held != shape}
    question = ShapeQuestion(
        **block.common(
            block.say("ask.shape", name=name), escaped(block.say("why.shape", name=name, shape=shape))
        ),
        shape=shape,
        name=name,
        others=tuple((other, held) for held, other in others.items()),
    )
    return question, stood.place, stood.place


def _becomes(block: AskBlock[Stood], array: str, index: Index, after: float) -> str:
    """What the next step's statements make of a cell."""
    stood, cell = block.placed, escaped(cell_text(array, index))
    there, shape = stood.run.arrays, stood.function.shapes[array]
    made = [
        one.text
        for one in stood.ahead().event.statements
        if any(part.writes and part.array == array and part.covers(index, shape) for part in one.accesses)
    ]
    values = {"cell": cell, "text": "`; `".join(dict.fromkeys(made)), "value": number_text(after)}
    if array not in there:
        return block.say("why.made", **values)
    return block.say("why.becomes", before=number_text(float(there[array][index])), **values)


def _sum_of(block: AskBlock[Stood], array: str, index: Index, now: float) -> str:
    """What was added to a cell so far; or just what it is."""
    stood, cell = block.placed, cell_text(array, index)
    written = array in stood.run.layout.written
    writers = stood.run.writers(array, index) if written else []
    done = [one for one in writers if one.step < stood.place.position and one.before is not None]
    if len(done) > 1 and all(one.kind == "adds" for one in done):
        terms = [number_text(float(one.after) - float(one.before or 0)) for one in done]
        text = " + ".join(f"({term})" if term.startswith("-") else term for term in terms[:MOST_TERMS])
        if len(terms) > MOST_TERMS:
            text = block.say("why.more", terms=text, count=len(terms))
        return escaped(block.say("why.sum", cell=cell, sum=f"{text} = {number_text(now)}"))
    return escaped(block.say("why.plain", cell=cell, value=number_text(now)))
