"""Python 2: its syntax through fissix, the maintained lib2to3; its division through the syntax tree."""

from __future__ import annotations

import ast
import bisect
import builtins
import functools
import importlib.util
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

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
    """The syntax tree of a Python 2 text, on its own line numbers; SyntaxError if no Python can read it."""
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
        _DIVISOR: lambda value: _Divisor(value) if _is_whole(value) else value,
    }


_DIVISOR = "__py2_divisor__"


class _Divisor:
    """An integer divisor: as in Python 2, dividing integers by it gives integers."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __rtruediv__(self, numerator: Any) -> Any:
        """A number divided by it; anything else is divided as usual."""
        return numerator // self._value if _is_whole(numerator) else numerator / self._value

    def __array_ufunc__(self, ufunc: Any, method: str, numerator: Any, _: Any, **named: Any) -> Any:
        """An array divided by it; for `/=`, `out` is the array itself."""
        import numpy as np

        if _is_whole(numerator):
            return np.floor_divide(numerator, self._value, casting="unsafe", **named)
        return np.true_divide(numerator, self._value, **named)


def _is_whole(value: Any) -> bool:
    import numpy as np  # here alone: the candidate's interpreter starts before NumPy is imported

    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iub"
    return isinstance(value, (int, np.integer, np.bool_))


def _execfile(path: str, *scopes: dict[str, Any]) -> None:
    with open(path, encoding="utf-8") as file:
        builtins.exec(compile(file.read(), path, "exec"), *scopes)


class _Division(ast.NodeTransformer):
    """Wraps divisors, which decide how `a / b`, `a /= b` and `a[i] /= b` divide."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """`a / b`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            node.right = _divisor(node.right)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """`a /= b`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            node.value = _divisor(node.value)
        return node


def _divisor(node: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.Name(_DIVISOR, ast.Load()), [node], []), node)


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
