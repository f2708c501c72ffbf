"""What NumPy once had or took. Old course code uses it, and it says nothing about a backward."""

from __future__ import annotations

import ast
import copy
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convstep.candidate.load.document import Document
from convstep.language import tr

_RENAMED = """
    float_=float64 complex_=complex128 int0=intp singlecomplex=complex64 cfloat=complex128
    longfloat=longdouble string_=bytes_ unicode_=str_ object0=object_ bool8=bool_
    product=prod cumproduct=cumprod alltrue=all sometrue=any in1d=isin row_stack=vstack trapz=trapezoid
    round_=round mat=asmatrix Inf=inf Infinity=inf infty=inf PINF=inf NaN=nan NAN=nan
"""
"""What has another name now."""
_OTHERS: dict[str, Any] = {
    **{kind.__name__: kind for kind in (float, int, bool, object, complex, str)},
    "long": int,
    "unicode": str,
    "math": math,
    "NINF": -np.inf,
    "PZERO": 0.0,
    "NZERO": -0.0,
    "asscalar": lambda array: np.asarray(array).item(),
    "asfarray": lambda array, dtype=np.float64: np.asarray(array, dtype=dtype),
}
"""What was Python's own, or has no other name."""
_restored: set[str] = set()
"""What had to be put back in this process."""


def restore() -> frozenset[str]:
    """Put back what this NumPy no longer has, for this whole process; the names that had to be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # asking for a name that is going warns
        renamed = dict(each.split("=") for each in _RENAMED.split())
        there = {name: getattr(np, now) for name, now in renamed.items() if hasattr(np, now)}
        for name, value in (there | _OTHERS).items():
            if not hasattr(np, name):
                setattr(np, name, value)
                _restored.add(name)
    return frozenset(_restored)


def notes(document: Document) -> Iterator[str]:
    """The restored names that a document uses, a sentence each: with this NumPy alone it would fail."""
    told: set[str] = set()
    for part in document.parts:
        for node in (node for statement in part.statements for node in ast.walk(statement)):
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                continue
            name = f"{node.value.id}.{node.attr}"
            if node.attr in _restored and node.value.id in ("np", "numpy") and name not in told:
                told.add(name)
                place = part.place(node.lineno)
                said = "{name} ({place}) no longer exists in NumPy {version}; it was restored for this run"
                yield tr(said, name=name, place=place, version=np.__version__)


def with_one_element(node: ast.stmt) -> ast.stmt:
    """A statement in which an array of one element may stand for a number, as it could before NumPy 2.4."""
    return ast.fix_missing_locations(_OneElement().visit(copy.deepcopy(node)))  # type: ignore[no-any-return]


class _OneElement(ast.NodeTransformer):
    """`float(x)` and `a[i] = x` go through functions that try again with the element."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`float(x)`, `int(x)`, `math.sqrt(x)`."""
        self.generic_visit(node)
        called = node.func
        of_number = isinstance(called, ast.Name) and called.id in ("float", "int", "complex", "round")
        of_math = isinstance(called, ast.Attribute) and ast.unparse(called.value) == "math"
        if not (of_number or of_math) or node.keywords:
            return node
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            return node
        return ast.copy_location(ast.Call(ast.Name(_NUMBER, ast.Load()), [called, *node.args], []), node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`a[i]` that is given a value; what stands around it stays, so the order of evaluation does."""
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Store):
            node.value = ast.copy_location(
                ast.Call(ast.Name(_CELLS, ast.Load()), [node.value], []), node.value
            )
        return node


def _of_number(function: Callable[..., Any], *values: Any) -> Any:
    try:
        return function(*values)
    except TypeError:
        if not any(map(_has_one_element, values)):
            raise
    return function(*(value.item() if _has_one_element(value) else value for value in values))


def _has_one_element(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.size == 1


class _Cells:
    """An array whose cells take an array of one element."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        self._array = array

    def __getitem__(self, index: Any) -> Any:
        return self._array[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        try:
            self._array[index] = value
        except (TypeError, ValueError):
            if not _has_one_element(value) or np.ndim(self._array[index]):
                raise
            self._array[index] = value.item()


_NUMBER, _CELLS = "__np_number__", "__np_cells__"
ONE_ELEMENT: dict[str, Any] = {
    _NUMBER: _of_number,
    _CELLS: lambda target: _Cells(target) if isinstance(target, np.ndarray) else target,
}
"""What a statement of `with_one_element` needs among its builtins."""
