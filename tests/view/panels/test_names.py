"""Which files of view know the operator."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import convstep.view

NAMES = re.compile(r"\b(dW|db|dZ|A_prev\w*|dA_prev\w*|i_[nhwc])\b")
VIEW = Path(convstep.view.__file__).parent


def words(tree: ast.AST) -> Iterator[str]:
    """Names and strings of a module, without docstrings and comments."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in said:
                yield text
            case (
                ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text) | ast.keyword(arg=str(text))
            ):
                yield text


def test_only_the_rooms_of_panels_know_the_arrays_of_a_convolution() -> None:
    files = [path for path in VIEW.rglob("*.py") if "panels" not in path.relative_to(VIEW).parts]
    assert len(files) > 40
    found = {
        str(path.relative_to(VIEW)): names
        for path in files
        if (names := [word for word in words(ast.parse(path.read_text())) if NAMES.search(word)])
    }
    assert found.keys() <= {"text/trace.py"}, found
