"""A line of somebody's source and what each part of it is worth where a run stands."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from rich.text import Text

from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import cell_text
from convstep.steps.number_text import shape_text
from convstep.view.numbers.factor import common_power, factor_text
from convstep.view.numbers.text import CellFormat, full, is_whole, largest_finite, short

MOST_ROWS, MOST_COLUMNS = 12, 12
"""Cells of an array that are written out along each axis; of others the shape and the range are said."""
CELL = 9
"""Columns of a cell."""


@frozen()
class Part:
    """An expression within a statement."""

    text: str
    """As it is written."""
    value: object
    """What it is; None where there is none."""
    why_not: str = ""
    """Why it has no value here, one sentence."""


def statement_at(lines: Sequence[str], number: int) -> str:
    r"""The statement on a line, from 1, on as many lines as it takes; of one with a body its head alone.

    >>> statement_at(["def f(x):", "    y = g(x,", "          2)", "    for i in y: pass"], 3)
    'y = g(x,\n          2)'
    >>> statement_at(["def f(x):", "    for i in x:", "        pass"], 2)
    'for i in x: pass'
    """
    here = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    text = "\n".join(lines)
    tree = _parsed(text)
    if tree is None:  # another Python's
        return here
    around = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= number <= _head_end(node)
    ]  # fmt: skip
    if not around:
        return here
    node = max(around, key=lambda node: (node.lineno, node.col_offset))
    if not getattr(node, "body", None):
        return ast.get_source_segment(text, node) or here
    head = "\n".join(lines[node.lineno - 1 : _head_end(node)]).strip()
    return f"{head} pass" if head.endswith(":") else head


def parts(statement: str, value_of: Callable[[str], object]) -> list[Part]:
    """Every expression of a statement with its value, those within others first; each once.

    `value_of` raises a ValueError of one sentence where an expression has no value.
    """
    tree = _parsed(statement)
    if tree is None:
        return []
    found: dict[str, Part] = {}
    for node in _expressions(tree):
        text = ast.get_source_segment(statement, node) or ""
        if not text or text in found:
            continue
        try:
            found[text] = Part(text, value_of(" ".join(text.split())))
        except ValueError as error:
            found[text] = Part(text, None, str(error))
    return list(found.values())


def draw_parts(found: Sequence[Part]) -> list[Text]:
    """Each expression with its value: numbers beside it, cells of an array below it."""
    drawn = [line for part in found for line in _part(part)]
    return drawn or [Text(tr("there is no expression on this line"), "dim")]


def value_words(value: object) -> str:
    """A value in a line: a number in full, of an array its shape, dtype and range."""
    if isinstance(value, np.ndarray) and value.ndim:
        words = f"{shape_text(value.shape)} {value.dtype}"
        if value.size and value.dtype.kind in "biuf":
            words += f", {short(float(value.min()), 4)} … {short(float(value.max()), 4)}"
        return words
    return _number(value[()] if isinstance(value, np.ndarray) else value)


def _number(value: object) -> str:
    if isinstance(value, slice):
        return cell_text("", (value,))[1:-1]
    return full(value) if isinstance(value, (float, np.floating)) else printable(str(value), 200)


def _part(part: Part) -> Iterator[Text]:
    name = Text(printable(" ".join(part.text.split()), None), "bold")
    if part.why_not:
        why = part.why_not.removeprefix(" ".join(part.text.split())).strip()
        yield name + Text(f"  {printable(why)}", "not bold dim")
        return
    value = part.value
    sign = "  " if isinstance(value, np.ndarray) and value.ndim else " = "
    yield name + Text(f"{sign}{value_words(value)}", "not bold")
    if isinstance(value, np.ndarray) and 0 < value.ndim <= 2 and value.size and value.dtype.kind in "biuf":
        yield from _cells(value if value.ndim == 2 else value[np.newaxis])


def _cells(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Iterator[Text]:
    """The cells of a small array, one line a row."""
    rows, columns = values.shape
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        return
    numbers = values.astype(float)
    limit, whole = largest_finite(numbers, 1.0), is_whole(numbers)
    power = common_power(limit, CELL - 1, whole=whole)
    if power:
        yield Text(f"  {factor_text(power)}", "dim")
    shape = CellFormat.fitting(CELL - 1, limit, whole=whole, power=power)
    for row in numbers.tolist():
        yield Text("  " + "".join(f" {shape.text(value)}" for value in row), no_wrap=True)


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a tree worth a look, those within others first."""
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For)):  # what it is set to comes first
        children.sort(key=lambda child: isinstance(getattr(child, "ctx", None), ast.Store))
    for child in children:
        if isinstance(child, (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)):
            continue  # what is within has no value of its own here
        if isinstance(node, ast.Call) and child is node.func:
            # of a function its name says nothing, of a method the array it is of does
            if isinstance(child, ast.Attribute) and not isinstance(child.value, ast.Name):
                yield from _expressions(child)
            continue
        if not (isinstance(node, ast.Attribute) and isinstance(child, ast.Name)):
            yield from _expressions(child)
        else:  # a module, or what has the attribute
            continue
        if isinstance(child, ast.expr) and _says_something(child):
            yield child


def _says_something(node: ast.expr) -> bool:
    """Whether the value of an expression is news to who reads it."""
    return not isinstance(node, (ast.Constant, ast.Slice, ast.Starred, ast.JoinedStr, ast.Tuple))


def _head_end(node: ast.stmt) -> int:
    """The last line of a statement without its body."""
    body = getattr(node, "body", None)
    if body and isinstance(body[0], ast.stmt):
        return max(body[0].lineno - 1, node.lineno)
    return node.end_lineno or node.lineno


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
