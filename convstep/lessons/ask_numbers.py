"""`ask value`, `ask step` and `ask shape`: answers that are typed."""

from __future__ import annotations

import re

from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.conv.provenance import provenance
from convstep.conv.validation import cell_text
from convstep.language import tr
from convstep.lessons import explaining
from convstep.lessons.ask_block import Asked, Asking, pointing
from convstep.lessons.errors import LessonError
from convstep.lessons.expressions import number_at
from convstep.lessons.lesson import PagePlace
from convstep.lessons.questions import ShapeQuestion, StepQuestion, ValueQuestion
from convstep.lessons.rounding import addition, residue, tolerance, typeable
from convstep.lessons.tensors import Index, array_shape, parse_cell, shapes


def ask_value(asking: Asking) -> Asked:
    """Read a question about a number."""
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
        raise LessonError(
            tr("when is {when!r}; it must be `after` (the next step) or `now`", when=when),
            fields.line_of("when"),
        )
    name = cell_text(tensor, index)
    stop = pointing(standing.stop, asking, tensor, index)
    if when == "now":
        now = typeable(number_at(name, standing.timeline, found.line), found)
        why = explaining.value_why(asking.language, standing, tensor, index, now)
        common = asking.common(asking.say("ask.value.now", cell=name), why)
        left = 0.0
        if tensor in GRADIENTS:
            so_far = provenance(standing.problem, tensor, index)
            left = residue(so_far, so_far.done(standing.added_to(tensor)))
        return ValueQuestion(**common, value=now, tolerance=tolerance(now, residue=left)), stop, stop
    if tensor not in GRADIENTS:
        raise LessonError(
            tr("no step changes {tensor}; remove `when: after`", tensor=tensor), fields.line_of("when")
        )
    step = asking.next_step()
    made = provenance(standing.problem, tensor, index)
    before, added, factors = addition(made, step)
    after = typeable(explaining.held(made, made.done(step + 1)), found)
    why = explaining.next_value_why(asking.language, standing.problem, tensor, index, step)
    question = ValueQuestion(
        **asking.common(asking.say("ask.value.after", cell=name), why),
        value=after,
        tolerance=tolerance(after, before, added, *factors, residue=residue(made, made.done(step + 1))),
        before=before if added else None,
        added=added if before and added else None,
    )
    reveal = pointing(PagePlace(step + 1, given=True), asking, tensor, index)
    return question, stop, reveal


def ask_step(asking: Asking) -> Asked:
    """Read a question about a step."""
    fields, standing = asking.fields, asking.standing
    found = fields.need("cell")
    tensor, index = parse_cell(found.text, standing.problem, found.line)
    if tensor not in GRADIENTS:
        raise LessonError(
            tr("steps add to {names}, not to {tensor}", names=", ".join(GRADIENTS), tensor=tensor), found.line
        )
    geometry = standing.problem.geometry
    steps = [int(step) for step in geometry.steps_touching(tensor, index)]
    which = fields.text("which", "any")
    if which not in ("any", "first", "last"):
        raise LessonError(
            tr("which is {which!r}; it must be first, last or any", which=which), fields.line_of("which")
        )
    if not steps:
        raise LessonError(tr("no step adds to {cell}; ask for another cell", cell=found.text), found.line)
    right = {"any": steps, "first": steps[:1], "last": steps[-1:]}[which]
    if len(right) == standing.problem.total_steps:
        raise LessonError(tr("every step adds to {cell}; ask for another cell", cell=found.text), found.line)
    key = "ask.step" if which == "any" else f"ask.step.{which}"
    names = "i_n,i_h,i_w,i_c" if geometry.batch is not None else "i_h,i_w,i_c"
    prompt = asking.say(key, cell=cell_text(tensor, index), indices=names)
    why = explaining.steps_why(asking.language, tensor, index, geometry)
    question = StepQuestion(**asking.common(prompt, why), geometry=geometry, steps=frozenset(right))
    stop = pointing(standing.stop, asking, tensor, index)
    reveal = pointing(PagePlace(right[0] + 1, given=True), asking, tensor, index)
    return question, stop, reveal


def ask_shape(asking: Asking) -> Asked:
    """Read a question about a shape."""
    fields, standing = asking.fields, asking.standing
    if "of" in fields:
        found = fields.need("of")
        shape = array_shape(found.text, standing.problem)
        if shape is None:
            known = ", ".join(shapes(standing.problem))
            raise LessonError(
                tr("there is no array {name!r}; the arrays are {known}", name=found.text, known=known),
                found.line,
            )
        why = explaining.shape_why(asking.language, found.text, standing.problem)
        common = asking.common(asking.say("ask.shape", name=found.text), why)
        others = _others(found.text, standing.problem)
        question = ShapeQuestion(**common, shape=shape, name=found.text, others=others)
        return question, standing.stop, standing.stop
    found = fields.need("answer")
    if not re.fullmatch(r"\(?\s*\d{1,9}(\s*,\s*\d{1,9})*\s*,?\s*\)?", found.text):
        raise LessonError(tr("{text!r} is not a shape; write it like (4, 3)", text=found.text), found.line)
    shape = tuple(map(int, re.findall(r"\d+", found.text)))
    question = ShapeQuestion(**asking.common(fields.need("prompt").text, ""), shape=shape)
    return question, standing.stop, standing.stop


def _others(name: str, problem: Problem) -> tuple[tuple[str, Index], ...]:
    """The shapes that the layer's other tensors have, each once: of gradients if a gradient is asked for."""
    own, found = array_shape(name, problem), dict[Index, str]()
    gradient = "d" if name.startswith("d") else ""
    for other in ("dZ", *(f"{gradient}{tensor}" for tensor in ("A_prev", "A_prev_pad", "W", "b"))):
        shape = array_shape(other, problem)
        if shape is not None and shape != own:
            found.setdefault(shape, other)
    return tuple((other, shape) for shape, other in found.items())
