"""Indices of a source as templates: what is constant in `x[n, :, i:i + 3]`, and what is known at run time."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from convstep.frozen import frozen
from convstep.recording.sites import Hole, Part

_NEWAXIS = Part(False, (None,))
_ELLIPSIS = Part(False, (), ellipsis=True)


@frozen()
class Index:
    """An index: its template, and the expressions of what the template leaves open."""

    template: tuple[Part, ...]
    holes: tuple[ast.expr, ...]
    """The expressions, in the order in which Python evaluates them."""
    single: bool
    """Whether it is one entry without a comma: `x[i]`, where `i` may itself be several."""

    def rebuilt(self, values: Sequence[ast.expr]) -> ast.expr:
        """The index with other expressions in its holes."""
        entries = [_entry(part, values) for part in self.template]
        return entries[0] if self.single else ast.Tuple(entries, ast.Load())


def index_of(node: ast.expr) -> Index:
    """Take an index apart."""
    entries = node.elts if isinstance(node, ast.Tuple) and node.elts else [node]
    if isinstance(node, ast.Tuple) and (
        not node.elts or any(isinstance(one, ast.Starred) for one in entries)
    ):
        return Index((Part(False, (Hole(0),)),), (_as_tuple(node),), single=True)
    holes = list[ast.expr]()
    template = tuple(_part(one, holes) for one in entries)
    return Index(template, tuple(holes), single=not isinstance(node, ast.Tuple))


def filled(template: Sequence[Part], values: Sequence[Any]) -> tuple[Any, ...]:
    """The index that a template is with these values of its holes, as a tuple."""
    return tuple(_filled(part, values) for part in template)


def text(template: Sequence[Part], *, single: bool) -> str:
    """The template as source, its holes as `p0`, `p1`; `single` if it is written without a comma."""
    return ", ".join(map(_text, template)) + ("" if single else ",")


def index_text(parts: Sequence[Any]) -> str:
    """An index with its numbers, as it is written between brackets: `0, :, 2:4`."""
    return ", ".join(map(_part_text, parts))


def _part_text(part: Any) -> str:
    if part is Ellipsis:
        return "..."
    if not isinstance(part, slice):
        return str(part)
    start, stop = ("" if one is None else str(one) for one in (part.start, part.stop))
    return f"{start}:{stop}" + ("" if part.step is None else f":{part.step}")


def _part(node: ast.expr, holes: list[ast.expr]) -> Part:
    match node:
        case ast.Slice(lower, upper, step):
            return Part(True, tuple(_number(one, holes) for one in (lower, upper, step)))
        case ast.Constant(value=None):
            return _NEWAXIS
        case ast.Constant(value=value) if value is Ellipsis:
            return _ELLIPSIS
    return Part(False, (_number(node, holes),))


def _number(node: ast.expr | None, holes: list[ast.expr]) -> Hole | int | None:
    match node:
        case None:
            return None
        case ast.Constant(value=value) if type(value) is int or value is None:
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)) if type(value) is int:
            return -value
    holes.append(node)
    return Hole(len(holes) - 1)


def _filled(part: Part, values: Sequence[Any]) -> Any:
    if part.ellipsis:
        return Ellipsis
    numbers = [values[one.place] if isinstance(one, Hole) else one for one in part.values]
    return slice(*numbers) if part.sliced else numbers[0]


def _text(part: Part) -> str:
    if part.ellipsis:
        return "..."
    words = [f"p{one.place}" if isinstance(one, Hole) else str(one) for one in part.values]
    if not part.sliced:
        return words[0]
    start, stop, step = ("" if word == "None" else word for word in words)
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _entry(part: Part, values: Sequence[ast.expr]) -> ast.expr:
    if part.ellipsis:
        return ast.Constant(Ellipsis)
    found = [_node(one, values) for one in part.values]
    if part.sliced:
        return ast.Slice(*found)
    assert found[0] is not None
    return found[0]


def _node(one: Hole | int | None, values: Sequence[ast.expr]) -> ast.expr | None:
    if isinstance(one, Hole):
        return values[one.place]
    return ast.Constant(one)


def _as_tuple(node: ast.Tuple) -> ast.expr:
    """A tuple of an index in which some entries are unpacked, its slices made by hand."""
    made = [
        ast.Call(
            ast.Name("_convstep_slice", ast.Load()),
            [ast.Constant(None) if one is None else one for one in (entry.lower, entry.upper, entry.step)],
            [],
        )
        if isinstance(entry, ast.Slice)
        else entry
        for entry in node.elts
    ]
    return ast.Tuple(made, ast.Load())
