"""No room knows an operator that is not its business."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import convstep

HOUSE = Path(convstep.__file__).parent
VIEW = ("candidate", "grid", "layout", "lesson", "numbers", "scene", "text")
ROOMS = ("steps", "expr", "replay", *(f"view/{room}" for room in VIEW))
"""Rooms that work on whatever can be stepped."""
OPERATOR = re.compile(r"\b(dW|dA|dA_prev|dA_prev_pad|A_prev|A_prev_pad|dZ|i_n|i_h|i_w|i_c)\b")
"""Names of one operator, the convolution."""


def said_in_code(source: str) -> Iterator[tuple[int, str]]:
    """The lines of names and texts in a module's code; comments and docstrings are no code."""
    tree = ast.parse(source)
    documents = {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(body := getattr(node, "body", None), list)
        for statement in body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.lineno, node.value
        for word in ("id", "attr", "arg", "name"):
            if isinstance(name := getattr(node, word, None), str):
                yield getattr(node, "lineno", 0), name


KNOWS_OPERATORS = ("conv", "operators", "oracle", "candidate", "lessons", "examples", "view/panels")
"""Rooms whose business an operator is."""
OUTPUTS = re.compile(r"\b(dW|dA_prev|dA_prev_pad|i_c)\b")
"""What the program names nowhere else."""


def operators_names(source: str) -> list[tuple[int, str]]:
    if not OPERATOR.search(source):
        return []
    return [(line, said) for line, said in said_in_code(source) if OPERATOR.search(said)]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_for_any_run_names_no_array_and_no_loop_of_the_convolution(room: str) -> None:
    files = sorted((HOUSE / room).rglob("*.py"))
    assert files
    found = {path.name: names for path in files if (names := operators_names(path.read_text()))}
    assert found == {}


def test_a_name_in_code_is_found_and_one_in_a_docstring_is_not() -> None:
    source = """
"About dW."
LIMIT = 3
"Of dW."
def f(i_c):
    "i_h"
    return {"dA_prev": x.dZ}  # i_w
"""
    assert sorted(operators_names(source)) == [(5, "i_c"), (7, "dA_prev"), (7, "dZ")]


def test_only_the_rooms_of_operators_name_what_a_convolution_makes() -> None:
    found = [
        f"{room}:{line} {said}"
        for path in sorted(HOUSE.rglob("*.py"))
        if not (room := path.relative_to(HOUSE).as_posix()).startswith(KNOWS_OPERATORS)
        if OUTPUTS.search(source := path.read_text())
        for line, said in said_in_code(source)
        if OUTPUTS.search(said)
    ]
    assert found == []
