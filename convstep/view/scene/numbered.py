"""Statements with the numbers that they have in one step: `dx[n, i:i + 2]` as `dx[0, 2:4]`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

Value = Callable[[str], object]
"""From an expression of the source to what it is; a ValueError where that is not known."""


class Assigned(NamedTuple):
    """A statement that gives something a value, taken apart."""

    target: str
    """What gets it: `dx[n, c, 2:4]`; "" for a bare call."""
    sign: str
    """`=`, `+=` and the like; "" for a bare call."""
    value: str
    """The right-hand side."""


def numbered(text: str, value_of: Value) -> str:
    """Source text whose indices are numbers, as far as they are known.

    >>> numbered("dx[n, :, i * s:i * s + 2] += m[k] * x[idx]", dict(n=0, k=1).__getitem__)
    'dx[0, :, i * s:i * s + 2] += m[1] * x[idx]'

    Args:
        text: a statement or an expression, on one line.
        value_of: what its parts are.
    """
    tree = _parsed(text)
    if tree is None:
        return text
    source = text.encode()
    for node, number in sorted(_indices(tree, text, value_of), key=lambda found: -found[0].col_offset):
        source = source[: node.col_offset] + str(number).encode() + source[node.end_col_offset :]
    return source.decode()


def assigned(text: str) -> Assigned:
    """The two sides of a statement.

    >>> assigned("dx[n, c] += mask * d"), assigned("np.add.at(dW, i, d)")
    (Assigned(target='dx[n, c]', sign='+=', value='mask * d'), Assigned(target='', sign='', value='np.add.at(dW, i, d)'))
    """
    tree = _parsed(text)
    node = tree.body[0] if tree is not None and tree.body else None
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and node.value is not None:
        target = node.targets[-1] if isinstance(node, ast.Assign) else node.target
        whole, between = ast.get_source_segment(text, target), text.encode()
        sign = between[target.end_col_offset : node.value.col_offset].decode().strip(" ()")
        if isinstance(node, ast.AnnAssign):
            sign = "="
        # parentheses around the value belong to it, and are in none of its nodes
        at = text.find(sign, len(between[: target.end_col_offset].decode())) + len(sign)
        return Assigned(whole or "", sign, text[at:].strip())
    return Assigned("", "", text)


def single_reads(text: str) -> Iterator[str]:
    """The subscripts that a statement reads, the outermost of those in each other, each once.

    >>> list(single_reads("dx[n] += m[k] * x[idx[0]] + m[k]"))
    ['m[k]', 'x[idx[0]]']
    """
    tree, seen = _parsed(text), set[str]()
    waiting: list[ast.AST] = [] if tree is None else [tree]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            segment = ast.get_source_segment(text, node) or ""
            if segment not in seen:
                seen.add(segment)
                yield segment
            continue
        waiting[:0] = ast.iter_child_nodes(node)


def _parsed(text: str) -> ast.Module | None:
    for form in (text, f"{text} pass", f"{text}\n pass"):
        try:
            return ast.parse(form)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _indices(node: ast.AST, text: str, value_of: Value) -> Iterator[tuple[ast.expr, int]]:
    """The parts of all indices that are whole numbers, the outermost of those in each other."""
    if not isinstance(node, ast.Subscript):
        for child in ast.iter_child_nodes(node):
            yield from _indices(child, text, value_of)
        return
    yield from _indices(node.value, text, value_of)
    for entry in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
        parts = (entry.lower, entry.upper, entry.step) if isinstance(entry, ast.Slice) else (entry,)
        for part in filter(None, parts):
            number = _whole_number(part, text, value_of)
            if number is None:
                yield from _indices(part, text, value_of)
            else:
                yield part, number


def _whole_number(part: ast.expr, text: str, value_of: Value) -> int | None:
    """What an index is where it is computed, and a single whole number."""
    if isinstance(part, ast.Constant):
        return None
    try:
        value = value_of(ast.get_source_segment(text, part) or "")
    except (ValueError, LookupError):
        return None
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return int(value) if whole else None  # type: ignore[call-overload,no-any-return]
