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
    source = text.encode()
    found = sorted(_spans(nodes, subscripts, source), key=lambda one: (one[0], -one[1]))
    taken = list[tuple[int, int, str]]()
    for one in found:
        if not taken or one[0] >= taken[-1][1]:  # not one within an index that is numbered already
            taken.append(one)
    for begin, end, index in reversed(taken):
        source = source[:begin] + index.encode() + source[end:]
    return source.decode()


def _spans(
    nodes: Sequence[ast.Subscript], subscripts: Sequence[Subscript], source: bytes
) -> Iterator[tuple[int, int, str]]:
    """Where each index that is known begins and ends, in bytes, and what it was."""
    for node, index in _indices(nodes, subscripts):
        begin, end = node.slice.col_offset, node.slice.end_col_offset or 0
        bracketed = isinstance(node.slice, ast.Tuple) and source[begin : begin + 1] == b"("
        yield (begin + 1, end - 1, index) if bracketed else (begin, end, index)


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
            values = {one.numbers for one in subscripts if one.text == text}
        else:
            base = ast.unparse(node.value)
            own = [one.numbers for one in subscripts if not one.text and one.base == base]
            alike = [other for other in nodes if not isinstance(other.ctx, ast.Load)]
            alike = [other for other in alike if ast.unparse(other.value) == base]
            values = {own[alike.index(node)]} if len(own) == len(alike) else set(own)
            if len(alike) > 1 and len(own) != len(alike):
                continue
        if len(values) == 1:
            yield node, values.pop()
