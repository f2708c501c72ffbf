"""What a line of the candidate's is made of: earlier lines and functions that nobody has judged."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from convstep.candidate.load.parsing import tree_of
from convstep.frozen import frozen

SIZES = re.compile(r"(.*\.shape(\[[-\d:]*\])?|len\(.*\)|.*np\.(zeros|empty)(_like)?\(.*\))")
"""What makes no numbers that could be wrong: sizes, and room for a sum."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@frozen()
class Made:
    """What the numbers of a line come from, besides what its function is given."""

    lines: tuple[int, ...] = ()
    """Earlier lines of its function that set what it uses, or what those use."""
    functions: tuple[str, ...] = ()
    """Functions of the file that it calls."""
    within: str = ""
    """The function that it stands in, where another one of the file calls that; else ""."""


def made_of(lines: Sequence[str], line: int, function: str, besides: str = "") -> Made:
    """What a line, counted from 1, is made of, in the function that is called.

    What stands in another function is given what that is given; `besides` is an array known to be right.

    >>> made_of(["def f(a, b):", "  c = a.T", "  d = g(c)", "  return d @ g(b)", "def g(x): ..."], 4, "f")
    Made(lines=(2, 3), functions=('g',), within='')
    """
    tree = tree_of("\n".join(lines))
    functions = [node for node in ast.walk(tree) if isinstance(node, _Function) and _holds(node, line)]
    if not functions:
        return Made()
    own = max(functions, key=lambda node: node.lineno)
    statements = [node for node in ast.walk(own) if isinstance(node, ast.stmt) and node is not own]
    here = max((one for one in statements if _holds(one, line)), key=lambda one: one.lineno, default=None)
    if here is None:
        return Made()
    wanted, found = _used(here) - {besides}, set[int]()
    setters = [(one, _set(one)) for one in statements if one is not here and one.lineno < line]
    for _ in setters:  # as deep as they can stand on each other
        more = [one for one, names in setters if names & wanted and one.lineno not in found]
        if not more:
            break
        for one in more:
            found.add(one.lineno)
            wanted |= _used(one) - {besides}
    shown = {one.lineno for one, _ in setters if one.lineno in found and not _plain(one)}
    known = {node.name for node in ast.walk(tree) if isinstance(node, _Function)}
    calls = [ast.unparse(node.func) for node in ast.walk(here) if isinstance(node, ast.Call)]
    called = dict.fromkeys(name for name in calls if name.removeprefix("self.") in known)
    name = function.rpartition(".")[2]
    return Made(
        tuple(sorted(shown)), tuple(called), "" if name in {node.name for node in functions} else own.name
    )


def _holds(node: _Function | ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _places(tree: ast.AST) -> Iterator[str]:
    """Names, and attributes of `self`."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            yield ast.unparse(node)


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    if isinstance(statement, (ast.AugAssign, ast.AnnAssign, ast.For)):
        return [statement.target]
    return []


def _value(statement: ast.stmt) -> ast.AST | None:
    return statement.iter if isinstance(statement, ast.For) else getattr(statement, "value", None)


def _set(statement: ast.stmt) -> set[str]:
    """What a statement sets, as a whole or in part."""
    found = set[str]()
    for target in _targets(statement):
        for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
            while isinstance(part, (ast.Subscript, ast.Starred)):
                part = part.value
            found.add(ast.unparse(part))
    return found


def _used(statement: ast.stmt) -> set[str]:
    """What a statement reads: its value, and where it puts it."""
    value, found = _value(statement), set[str]()
    for tree in (value, *(one.slice for one in _targets(statement) if isinstance(one, ast.Subscript))):
        found |= set(_places(tree)) if tree is not None else set()
    return found


def _plain(statement: ast.stmt) -> bool:
    value = _value(statement)
    text = "" if value is None else ast.unparse(value)
    return (isinstance(statement, ast.For) and text.startswith("range(")) or bool(SIZES.fullmatch(text))
