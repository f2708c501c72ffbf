"""`A_prev[2, 3, 0] = 0`: a cell of an input that a lesson sets, or asks to be set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.fields import Field
from convstep.lessons.tensors import Index, named_cells, single
from convstep.replay.edits import Numbers, number_of, plain, same
from convstep.steps.cells import Array, cell_text

Setting = tuple[str, Index, str]
"""The input, the cell and the number as it is written."""


def read_setting(key: str, field: Field, inputs: Mapping[str, Array]) -> Setting:
    """What a `key: A_prev[2, 3, 0] = 0` sets.

    Raises LessonError: there is no such cell, it cannot hold the number, or holds it anyway.
    """
    first = next(iter(inputs), "x")
    example = f"{cell_text(first, (0,) * inputs[first].ndim) if inputs else 'x[0]'} = 0"
    text, equals, number = map(str.strip, field.text.partition("="))
    if not equals:
        raise wrong(
            "{key} is {text!r}; write {example}", field.line, key=key, text=field.text, example=example
        )
    known = {name: array.shape for name, array in inputs.items()}
    array, cell = single(named_cells(text, known, ", ".join(known), example, field.line), text, field.line)
    held = inputs[array][cell]
    try:
        wanted = number_of(number, held.dtype)
    except ValueError as error:
        raise LessonError(f"`{key}`: {error}", field.line) from error
    if same(held, wanted):
        sentence = "{cell} is {number} anyway; give it another number"
        raise wrong(sentence, field.line, cell=text, number=plain(held))
    return array, cell, number


def numbers_of(settings: list[Setting], inputs: Mapping[str, Array]) -> Numbers:
    """The same as a run takes them."""
    found: dict[str, dict[Index, Any]] = {}
    for array, cell, number in settings:
        found.setdefault(array, {})[cell] = number_of(number, inputs[array].dtype)
    return found
