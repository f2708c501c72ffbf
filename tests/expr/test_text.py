"""Reading an expression's text."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from convstep.expr.text import parse_text


def test_what_two_threads_read_at_once_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, failed = ast.parse, [SystemError("AST constructor recursion depth mismatch")]

    def once(*arguments: Any, **keywords: Any) -> Any:
        if failed:
            raise failed.pop()
        return parse(*arguments, **keywords)

    monkeypatch.setattr(ast, "parse", once)
    assert ast.unparse(parse_text("dz > 1", "")) == "dz > 1"
