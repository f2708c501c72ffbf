"""Statements with the numbers that they had in one step: `dx[n, i:i + 2]` as `dx[0, 2:4]`."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence

from convstep.frozen import NamedTuple
from convstep.steps.event import Subscript


def numbered(text: str, subscripts: Sequence[Subscript]) -> str:
    """Source text whose indices are the numbers that they had; as it is written where that is not known.

    The text is on one line; a subscript that had several values in this step stays as it is written.

    >>> subscripts = [Subscript("m", "m[k]", "1"), Subscript("dx", "", "0, :, 2:4")]
    >>> numbered("dx[n, :, i * s:i * s + 2] += m[k] * x[idx]", subscripts)
    'dx[0, :, 2:4] += m[1] * x[idx]'
    """
    if not subscripts:
        return text
    source, taken = text.encode(), list[tuple[int, int, str]]()
    for place, index in _indices(_places(text), subscripts):
        if not taken or place.begin >= taken[-1][1]:  # not one within an index that is numbered already
            taken.append((place.begin, place.end, index))
    for begin, end, index in reversed(taken):
        source = source[:begin] + index.encode() + source[end:]
    return source.decode()


class _Place(NamedTuple):
    """A subscript of a source."""

    begin: int
    """Where its index begins, in bytes."""
    end: int
    """Where that ends."""
    base: str
    """What is subscripted."""
    text: str
    """All of it; "" where cells are written."""


@functools.lru_cache(maxsize=1024)
def _places(text: str) -> tuple[_Place, ...]:
    """The subscripts of a statement, those around others before them."""
    tree, source = _parsed(text), text.encode()
    found = list[_Place]()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Subscript):
            begin, end = node.slice.col_offset, node.slice.end_col_offset or 0
            bracketed = isinstance(node.slice, ast.Tuple) and source[begin : begin + 1] == b"("
            whole = ast.unparse(node) if isinstance(node.ctx, ast.Load) else ""
            found.append(_Place(begin + bracketed, end - bracketed, ast.unparse(node.value), whole))
    return tuple(sorted(found, key=lambda place: (place.begin, -place.end)))


def _parsed(text: str) -> ast.Module | None:
    for form in (text, f"{text} pass", f"{text}\n pass"):
        try:
            return ast.parse(form)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _indices(places: Sequence[_Place], subscripts: Sequence[Subscript]) -> Iterator[tuple[_Place, str]]:
    """Each subscript of the source whose index is known, and that index."""
    for place in places:
        if place.text:
            values = {one.numbers for one in subscripts if one.text == place.text}
        else:
            own = [one.numbers for one in subscripts if not one.text and one.base == place.base]
            alike = [other for other in places if not other.text and other.base == place.base]
            # several of one array get theirs in turn
            values = {own[alike.index(place)]} if len(own) == len(alike) else set(own)
            if len(alike) > 1 and len(own) != len(alike):
                continue
        if len(values) == 1:
            yield place, values.pop()
