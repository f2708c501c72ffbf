"""`ask value`, `ask step` and `ask shape`: answers that are typed."""

from __future__ import annotations

import math
import re

import numpy as np

from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.conv.provenance import provenance
from convstep.conv.validation import cell_text
from convstep.lessons import explaining
from convstep.lessons.ask_block import AskBlock, Asked, need_next, pointing
from convstep.lessons.errors import wrong
from convstep.lessons.explaining import held
from convstep.lessons.expressions import number_at
from convstep.lessons.fields import Field
from convstep.lessons.lesson import PagePlace, Standing
from convstep.lessons.page_place import Placed
from convstep.lessons.questions import ShapeQuestion, StepQuestion, ValueQuestion
from convstep.lessons.tensors import Index, array_shape, parse_cell, shapes
from convstep.steps.provenance import Provenance

LEAST_STEP = 0.005
"""Half of the last digit that the screen always shows."""


def addition(found: Provenance, step: int) -> tuple[float, float, list[float]]:
    """What a cell holds before a step, what the step adds to it, and from which factors."""
    at = found.done(step)
    before = held(found, at)
    if found.done(step + 1) == at:
        return before, 0.0, []
    first = [] if found.first_factor is None else [float(found.first_factor[at])]
    return before, float(found.product[at]), [*first, float(found.second_factor[at])]


def typeable(value: float, field: Field) -> float:
    """A number that can be typed. Raises LessonError: it is not finite."""
    if not math.isfinite(value):
        sentence = "{cell} is {value}; ask for a number that can be typed"
        raise wrong(sentence, field.line, cell=field.text, value=value)
    return value


def residue(found: Provenance, count: int) -> float:
    """What floats may leave where a sum of so many contributions is zero: 0.3 + 0.1 * -3 is -5.6e-17."""
    terms = found.product[:count]
    return float(np.abs(terms).sum() * np.finfo(terms.dtype).eps * (count + 3))


def tolerance(value: float, *parts: float, residue: float = 0.0) -> float:
    """What rounding to the screen's two decimals can do, but never as much as a forgotten term does.

    The value is made of its parts: the cell before, what is added, and the factors of that. What stands for
    zero may be `residue` from it; nobody can tell the two apart.
    """
    rounding = LEAST_STEP * (1 + sum(map(abs, parts))) + 0.01 * abs(value)
    apart = [abs(part) for part in (value, *parts[:2]) if abs(part) > residue]
    if all(part == round(part) for part in (value, *parts)):
        apart.append(1.0)  # nobody rounds whole numbers
    return min([rounding, *(distance / 4 for distance in apart)])


def ask_value(block: AskBlock[Placed]) -> Asked:
    """Read a question about a number."""
    fields, placed = block.fields, block.placed
    if "cell" not in fields:
        return ask_written_value(block)
    found = fields.need("cell")
    tensor, index = parse_cell(found.text, placed.problem, found.line)
    when = fields.text("when", "after" if tensor in GRADIENTS else "now")
    if when not in ("after", "now"):
        sentence = "when is {when!r}; it must be `after` (the next step) or `now`"
        raise wrong(sentence, fields.line_of("when"), when=when)
    name = cell_text(tensor, index)
    place = pointing(placed.place, block, tensor, index)
    if when == "now":
        now = typeable(number_at(name, placed.timeline, found.line), found)
        why = explaining.value_why(block.language, placed, tensor, index, now)
        common = block.common(block.say("ask.value.now", cell=name), why)
        left = 0.0
        if tensor in GRADIENTS:
            so_far = provenance(placed.problem, tensor, index)
            left = residue(so_far, so_far.done(placed.added_to(tensor)))
        return ValueQuestion(**common, value=now, tolerance=tolerance(now, residue=left)), place, place
    if tensor not in GRADIENTS:
        raise wrong("no step changes {tensor}; remove `when: after`", fields.line_of("when"), tensor=tensor)
    step = need_next(placed.next_step, block)
    made = provenance(placed.problem, tensor, index)
    before, added, factors = addition(made, step)
    after = typeable(explaining.held(made, made.done(step + 1)), found)
    why = explaining.next_value_why(block.language, placed.problem, tensor, index, step)
    question = ValueQuestion(
        **block.common(block.say("ask.value.after", cell=name), why),
        value=after,
        tolerance=tolerance(after, before, added, *factors, residue=residue(made, made.done(step + 1))),
        before=before if added else None,
        added=added if before and added else None,
    )
    place_after = pointing(PagePlace(step + 1, given=True), block, tensor, index)
    return question, place, place_after


def ask_step(block: AskBlock[Placed]) -> Asked:
    """Read a question about a step."""
    fields, placed = block.fields, block.placed
    found = fields.need("cell")
    tensor, index = parse_cell(found.text, placed.problem, found.line)
    if tensor not in GRADIENTS:
        sentence = "steps add to {names}, not to {tensor}"
        raise wrong(sentence, found.line, names=", ".join(GRADIENTS), tensor=tensor)
    geometry = placed.problem.geometry
    steps = [int(step) for step in geometry.steps_touching(tensor, index)]
    which = fields.text("which", "any")
    if which not in ("any", "first", "last"):
        raise wrong("which is {which!r}; it must be first, last or any", fields.line_of("which"), which=which)
    if not steps:
        raise wrong("no step adds to {cell}; ask for another cell", found.line, cell=found.text)
    right = {"any": steps, "first": steps[:1], "last": steps[-1:]}[which]
    if len(right) == placed.problem.total_steps:
        raise wrong("every step adds to {cell}; ask for another cell", found.line, cell=found.text)
    key = "ask.step" if which == "any" else f"ask.step.{which}"
    names = "i_n,i_h,i_w,i_c" if geometry.batch is not None else "i_h,i_w,i_c"
    prompt = block.say(key, cell=cell_text(tensor, index), indices=names)
    why = explaining.steps_why(block.language, tensor, index, geometry)
    question = StepQuestion(**block.common(prompt, why), geometry=geometry, steps=frozenset(right))
    place = pointing(placed.place, block, tensor, index)
    place_after = pointing(PagePlace(right[0] + 1, given=True), block, tensor, index)
    return question, place, place_after


def ask_shape(block: AskBlock[Placed]) -> Asked:
    """Read a question about a shape."""
    fields, placed = block.fields, block.placed
    if "of" in fields:
        found = fields.need("of")
        shape = array_shape(found.text, placed.problem)
        if shape is None:
            known = ", ".join(shapes(placed.problem))
            sentence = "there is no array {name!r}; the arrays are {known}"
            raise wrong(sentence, found.line, name=found.text, known=known)
        why = explaining.shape_why(block.language, found.text, placed.problem)
        common = block.common(block.say("ask.shape", name=found.text), why)
        others = _others(found.text, placed.problem)
        question = ShapeQuestion(**common, shape=shape, name=found.text, others=others)
        return question, placed.place, placed.place
    return ask_written_shape(block)


def ask_written_value(block: AskBlock[Standing]) -> Asked:
    """Read a question about the number that an expression means, asked in the lesson's own words."""
    fields, placed = block.fields, block.placed
    answer = fields.need("answer")
    value = typeable(number_at(answer.text, placed.here, answer.line), answer)
    common = block.common(fields.need("prompt").text, "")
    return ValueQuestion(**common, value=value, tolerance=tolerance(value)), placed.place, placed.place


def ask_written_shape(block: AskBlock[Standing]) -> Asked:
    """Read a question about a shape that the lesson says, asked in its own words."""
    fields, place = block.fields, block.placed.place
    found = fields.need("answer")
    if not re.fullmatch(r"\(?\s*\d{1,9}(\s*,\s*\d{1,9})*\s*,?\s*\)?", found.text):
        raise wrong("{text!r} is not a shape; write it like (4, 3)", found.line, text=found.text)
    shape = tuple(map(int, re.findall(r"\d+", found.text)))
    return ShapeQuestion(**block.common(fields.need("prompt").text, ""), shape=shape), place, place


def _others(name: str, problem: Problem) -> tuple[tuple[str, Index], ...]:
    """The shapes that the layer's other tensors have, each once: of gradients if a gradient is asked for."""
    own, found = array_shape(name, problem), dict[Index, str]()
    gradient = "d" if name.startswith("d") else ""
    for other in ("dZ", *(f"{gradient}{tensor}" for tensor in ("A_prev", "A_prev_pad", "W", "b"))):
        shape = array_shape(other, problem)
        if shape is not None and shape != own:
            found.setdefault(shape, other)
    return tuple((other, shape) for shape, other in found.items())
