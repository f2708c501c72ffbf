"""Python 2: its syntax through fissix, the maintained lib2to3; its division through the syntax tree."""

from __future__ import annotations

import ast
import bisect
import builtins
import functools
import importlib.util
import operator
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from convstep.candidate.load.target import CandidateError
from convstep.language import tr

_FIXES = (
    "apply basestring dict except exec filter funcattrs getcwdu has_key imports isinstance itertools "
    "itertools_imports long map methodattrs ne next nonzero numliterals paren print raise renames repr "
    "sys_exc throw tuple_params types unicode xrange xreadlines zip"
)
"""Fixes that keep every line where it is, tuple parameters aside; the rest are builtins below."""

SYNTAX_SIGNS = {
    "a print statement": r"^[ \t]*print[ \t]+(?![=(.\[,:])\S|^[ \t]*print[ \t]*>>",
    "except with a comma": r"^[ \t]*except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:",
    "raise with a comma": r"^[ \t]*raise[ \t]+[\w.]+[ \t]*,",
    "<>": r"[\w)\]][ \t]*<>[ \t]*[\w(]",
    "exec without parentheses": r"^[ \t]*exec[ \t]+[\w\"']",
    "backticks": r"^[^#'\"`\n]*`[^`\n]+`",
}
"""What shows that lines are Python 2, by what it is called."""
_LIBRARY_SIGNS = {
    "xrange": r"\bxrange[ \t]*\(",
    "raw_input": r"\braw_input[ \t]*\(",
    "iteritems": r"\.iter(?:items|keys|values)\(\)",
    "has_key": r"\.has_key\(",
}
_OWN_DEFINITION = re.compile(r"^[ \t]*(?:xrange|raw_input)[ \t]*=|import[^\n]*\b(?:xrange|raw_input)\b", re.M)
_TRUE_DIVISION = re.compile(r"^[ \t]*from[ \t]+__future__[ \t]+import\b[^#\n]*(?:\([^)]*)?\bdivision\b", re.M)


def syntax_sign(text: str) -> str | None:
    """What shows that lines which do not parse are Python 2; None when nothing does."""
    return next((name for name, pattern in SYNTAX_SIGNS.items() if re.search(pattern, text, re.M)), None)


def library_sign(text: str) -> tuple[str, int] | None:
    """A name of Python 2 that a text uses, and the line; None when it looks after both Pythons."""
    if _OWN_DEFINITION.search(text):
        return None
    for name, pattern in _LIBRARY_SIGNS.items():
        if found := re.search(pattern, text):
            return name, text.count("\n", 0, found.start()) + 1
    return None


def is_available() -> bool:
    """Whether the package that translates it is installed."""
    return importlib.util.find_spec("fissix") is not None


def how_to_install() -> str:
    """What to do where it is not, without a capital."""
    return tr("to have it read as Python 2: pip install 'convstep[python2]'")


def has_true_division(text: str) -> bool:
    """Whether the author asked for `/` as it is today."""
    return _TRUE_DIVISION.search(text) is not None


def parse(text: str, *, true_division: bool) -> ast.Module:
    """The syntax tree of a Python 2 text, on its own line numbers.

    Raises:
        SyntaxError: it is neither Python 2 nor Python 3.
    """
    try:
        converted = str(
            _converter().refactor_string(text if text.endswith("\n") else text + "\n", "candidate")
        )
        tree = _on_own_lines(ast.parse(converted), converted)
    except CandidateError:
        raise
    except _parse_errors() as error:
        try:
            tree = ast.parse(text)
        except SyntaxError as today:
            today.lineno = _line_of(error) or today.lineno
            raise today from None
    return tree if true_division else ast.fix_missing_locations(_Division().visit(tree))


def names() -> dict[str, Any]:
    """What Python 2 had among its builtins, and the division."""
    return {
        "xrange": range,
        "raw_input": input,
        "unicode": str,
        "long": int,
        "basestring": str,
        "reduce": functools.reduce,
        "unichr": chr,
        "intern": sys.intern,
        "cmp": lambda first, second: (first > second) - (first < second),
        "execfile": _execfile,
        _DIVIDE: divide,
        _DIVIDED: divided_in_place,
        _SET_ATTRIBUTE: _divide_attribute,
        _SET_ITEM: _divide_item,
    }


def divide(numerator: Any, denominator: Any) -> Any:
    """`/` as Python 2 had it: integers give an integer."""
    if _is_integer(numerator) and _is_integer(denominator):
        return numerator // denominator
    return numerator / denominator


def divided_in_place(numerator: Any, denominator: Any) -> Any:
    """`/=` as Python 2 had it; an array changes where it is."""
    if not (_is_integer(numerator) and _is_integer(denominator)):
        return operator.itruediv(numerator, denominator)  # type: ignore[no-untyped-call]
    if isinstance(numerator, np.ndarray):
        return np.floor_divide(numerator, denominator, out=numerator, casting="unsafe")
    return numerator // denominator


_DIVIDE, _DIVIDED = "__py2_divide__", "__py2_divided__"
_SET_ATTRIBUTE, _SET_ITEM = "__py2_divide_attribute__", "__py2_divide_item__"


def _is_integer(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iub"
    return isinstance(value, (int, np.integer, np.bool_))


def _divide_attribute(owner: Any, name: str, denominator: Any) -> None:
    setattr(owner, name, divided_in_place(getattr(owner, name), denominator))


def _divide_item(container: Any, index: Any, denominator: Any) -> None:
    container[index] = divided_in_place(container[index], denominator)


def _execfile(path: str, *scopes: dict[str, Any]) -> None:
    with open(path, encoding="utf-8") as file:
        builtins.exec(compile(file.read(), path, "exec"), *scopes)


class _Division(ast.NodeTransformer):
    """Every `/` becomes a call that looks at what it divides."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """`a / b`."""
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return ast.copy_location(_call(_DIVIDE, node.left, node.right), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """`a /= b`, `a.b /= c`, `a[i] /= b`: the owner and the index are looked at once."""
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        target = node.target
        changed: ast.stmt
        if isinstance(target, ast.Name):
            now = ast.copy_location(ast.Name(target.id, ast.Load()), target)
            changed = ast.Assign([target], _call(_DIVIDED, now, node.value))
        elif isinstance(target, ast.Attribute):
            name = ast.Constant(target.attr)
            changed = ast.Expr(_call(_SET_ATTRIBUTE, target.value, name, node.value))
        else:
            changed = ast.Expr(_call(_SET_ITEM, target.value, _index(target.slice), node.value))
        return ast.copy_location(changed, node)


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _index(node: ast.expr) -> ast.expr:
    """An index as a value that can be passed: `1:2` -> `slice(1, 2, None)`."""
    if isinstance(node, ast.Tuple):
        return ast.copy_location(ast.Tuple([_index(part) for part in node.elts], ast.Load()), node)
    if isinstance(node, ast.Slice):
        return _call("slice", *(part or ast.Constant(None) for part in (node.lower, node.upper, node.step)))
    return node


def _on_own_lines(tree: ast.Module, converted: str) -> ast.Module:
    """Undo the lines that fissix adds: it unpacks a tuple parameter in a line of its own."""
    lines = enumerate(converted.split("\n"), start=1)
    added = [number for number, line in lines if re.search(r"= xxx_todo_changeme\d*$", line)]
    for node in ast.walk(tree) if added else ():
        for attribute in ("lineno", "end_lineno"):
            if (line := getattr(node, attribute, None)) is not None:
                setattr(node, attribute, line - bisect.bisect_right(added, line))
    return tree


@functools.cache
def _converter() -> Any:
    # only here: most people's Python 3 files never need it
    if not is_available():
        raise CandidateError(how_to_install())
    import fissix

    try:
        fissix.CACHE_DIR.mkdir(parents=True, exist_ok=True)
    except OSError:  # it insists on a place for its grammar
        fissix.CACHE_DIR = Path(tempfile.mkdtemp())
    from fissix import refactor

    return refactor.RefactoringTool([f"fissix.fixes.fix_{name}" for name in _FIXES.split()])


def _parse_errors() -> tuple[type[Exception], ...]:
    """What fissix raises; CandidateError, a ValueError too, is ours."""
    from fissix.pgen2.parse import ParseError
    from fissix.pgen2.tokenize import TokenError

    return SyntaxError, ParseError, TokenError, ValueError


def _line_of(error: BaseException) -> int | None:
    """Where fissix stopped."""
    context = getattr(error, "context", None)
    return int(context[1][0]) if context else None
