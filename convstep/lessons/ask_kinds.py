"""From an `ask` block to a question: its answer is computed from the problem, not written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convstep.lessons.ask_block import AskBlock, Asked
from convstep.lessons.ask_cells import ask_cells
from convstep.lessons.ask_choices import ask_choice, ask_line
from convstep.lessons.ask_edit import ask_edit
from convstep.lessons.ask_function import ask_cells_of, ask_shape_of, ask_value_of
from convstep.lessons.ask_numbers import ask_shape, ask_step, ask_value
from convstep.lessons.document import Block
from convstep.lessons.errors import wrong
from convstep.lessons.fields import parse_fields
from convstep.lessons.function_place import Stood
from convstep.lessons.lesson import Standing

COMMON = ("prompt", "hint", "why")
"""Keys of every question."""


def parse_question(block: Block, placed: Standing, language: str, code: str) -> Asked:
    """Read an `ask` block, whose words are that and the kind; `code` is the block above it on the page.

    Raises LessonError: there is no such kind, or its keys make no question.
    """
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
