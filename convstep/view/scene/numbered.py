"""Statements with the numbers that they had in one step: `dx[n, i:i + 2]` as `dx[0, 2:4]`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from convstep.steps.event import Subscript


def numbered(text: str, subscripts: Sequence[Subscript]) -> str:
    """Source text whose indices are the numbers that they had; as it is written where that is not known.

    >>> subscripts = [Subscript("m", "m[k]", "1"), Subscript("dx", "", "0, :, 2:4")]
    >>> numbered("dx[n, :, i * s:i * s + 2] += m[k] * x[idx]", subscripts)
    'dx[0, :, 2:4] += m[1] * x[idx]'

    Args:
        text: a statement or an expression, on one line.
        subscripts: what was evaluated; one that had several values in this step stays as it is written.
    """
    tree = _parsed(text)
    if tree is None or not subscripts:
        return text
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    found = sorted(_indices(nodes, subscripts), key=lambda one: (one[0].lineno, one[0].col_offset))
    source, after = text.encode(), len(text.encode())
    for node, index in reversed(found):
        begin, end = node.slice.col_offset, node.slice.end_col_offset or 0
        if isinstance(node.slice, ast.Tuple) and source[begin : begin + 1] == b"(":
            begin, end = begin + 1, end - 1
        if end <= after:  # not one within an index that is numbered already
            source, after = source[:begin] + index.encode() + source[end:], begin
    return source.decode()


def _parsed(text: str) -> ast.Module | None:
    for form in (text, f"{text} pass", f"{text}\n pass"):
        try:
            return ast.parse(form)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _indices(
    nodes: Sequence[ast.Subscript], subscripts: Sequence[Subscript]
) -> Iterator[tuple[ast.Subscript, str]]:
    """Each subscript of the source whose index is known, and that index."""
    for node in nodes:
        if isinstance(node.ctx, ast.Load):
            text = ast.unparse(node)
            values = {one.index for one in subscripts if one.text == text}
        else:
            base = ast.unparse(node.value)
            own = [one.index for one in subscripts if not one.text and one.base == base]
            alike = [other for other in nodes if not isinstance(other.ctx, ast.Load)]
            alike = [other for other in alike if ast.unparse(other.value) == base]
            values = {own[alike.index(node)]} if len(own) == len(alike) else set(own)
            if len(alike) > 1 and len(own) != len(alike):
                continue
        if len(values) == 1:
            yield node, values.pop()
