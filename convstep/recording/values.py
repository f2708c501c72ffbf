"""Values of expressions where a recording stands, by an interpreter that runs nothing of the author's."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from convstep.language import tr
from convstep.printable import error_text
from convstep.recording.log import Other

_SLICE = re.compile(r"(-?\d+)?(:(-?\d+)?){1,2}")
LARGEST = 1 << 24
"""Cells of the largest array that is computed."""
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.MatMult: operator.matmul,
    ast.Pow: operator.pow, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert, ast.Not: operator.not_,
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip
_BUILTINS: dict[str, Callable[..., Any]] = {
    "abs": abs, "float": float, "int": int, "len": len, "max": max, "min": min, "round": round, "sum": sum,
    "bool": bool, "slice": slice,
}  # fmt: skip
_NUMPY = frozenset(
    {
        "abs", "absolute", "add", "all", "allclose", "amax", "amin", "any", "arange", "arccos",
        "arcsin", "arctan", "arctan2", "argmax", "argmin", "argsort", "array", "array_equal",
        "asarray", "atleast_1d", "atleast_2d", "broadcast_to", "ceil", "clip", "concatenate", "cos",
        "cosh", "count_nonzero", "cumprod", "cumsum", "diag", "diff", "divide", "dot", "einsum",
        "equal", "exp", "exp2", "expand_dims", "expm1", "eye", "flip", "floor", "full", "full_like",
        "greater", "greater_equal", "hstack", "inner", "isfinite", "isinf", "isnan", "less",
        "less_equal", "linspace", "log", "log10", "log1p", "log2", "logaddexp", "logical_and",
        "logical_not", "logical_or", "matmul", "max", "maximum", "mean", "median", "min", "minimum",
        "mod", "moveaxis", "multiply", "nan_to_num", "negative", "nonzero", "ones", "ones_like",
        "outer", "pad", "power", "prod", "ravel", "reciprocal", "repeat", "reshape", "rollaxis",
        "roll", "rot90", "round", "sign", "sin", "sinh", "sort", "split", "sqrt", "square", "squeeze",
        "stack", "std", "subtract", "sum", "swapaxes", "take", "tan", "tanh", "tensordot", "tile",
        "trace", "transpose", "tril", "triu", "true_divide", "unique", "unravel_index", "var", "vdot",
        "vstack", "where", "zeros", "zeros_like", "float32", "float64", "int32", "int64",
    }
)  # fmt: skip
"""Functions of NumPy that only compute."""
_METHODS = frozenset(
    {
        "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "copy", "cumprod", "cumsum",
        "diagonal", "dot", "flatten", "item", "max", "mean", "min", "nonzero", "prod", "ravel",
        "repeat", "reshape", "round", "squeeze", "std", "sum", "swapaxes", "take", "trace",
        "transpose", "var",
    }
)  # fmt: skip
"""Methods of arrays that only compute."""
_MAKERS = frozenset(
    {"arange", "broadcast_to", "eye", "full", "linspace", "ones", "outer", "pad", "repeat", "tile", "zeros"}
)
"""Functions whose results can be much larger than what they are given."""
_ATTRIBUTES = frozenset({"shape", "ndim", "size", "T", "dtype", "nbytes", "itemsize"})
_CONSTANTS = frozenset({"pi", "e", "inf", "nan", "newaxis"})


class _UnknownError(ValueError):
    """There is no value; the message is one sentence."""


def value_of(text: str, variables: Mapping[str, object]) -> Any:
    """The value of an expression of the source; ValueError, one sentence, where code would have to run."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(tr("{text} is no expression", text=text)) from error
    try:
        with np.errstate(all="ignore"):
            return _value(tree, variables)
    except _UnknownError:
        raise
    except Exception as error:  # whatever NumPy says of these numbers
        raise ValueError(error_text(error)) from error


def _value(node: ast.expr, names: Mapping[str, object]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            if name in names:
                return _kept(name, names[name])
            raise _UnknownError(tr("{name} has no value here", name=name))
        case ast.Tuple(elts=elts):
            return tuple(_value(one, names) for one in elts)
        case ast.List(elts=elts):
            return [_value(one, names) for one in elts]
        case ast.Slice(lower=lower, upper=upper, step=step):
            return slice(*(None if one is None else _value(one, names) for one in (lower, upper, step)))
        case ast.Subscript(value=inner, slice=index):
            path = ast.unparse(node)
            return _kept(path, names[path]) if path in names else _value(inner, names)[_value(index, names)]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _bounded(_BINARY[type(op)], _value(left, names), _value(right, names))
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_value(operand, names))
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _compared(left, ops, rights, names)
        case ast.BoolOp(op=op, values=operands):
            found: Any = None
            for one in operands:
                found = _value(one, names)
                if bool(found) is isinstance(op, ast.Or):
                    break
            return found
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body if _value(test, names) else other, names)
        case ast.Attribute(value=inner, attr=attr):
            return _attribute(node, inner, attr, names)
        case ast.Call():
            return _called(node, names)
    raise _UnknownError(tr("{text} is not computed here", text=ast.unparse(node)))


def _kept(name: str, value: object) -> Any:
    """The value of a variable; of one that is noted in words alone, a slice is told from them."""
    if type(value) is tuple:
        return tuple(_kept(name, one) for one in value)
    if type(value) is not Other:
        return value
    if not _SLICE.fullmatch(value):
        raise _UnknownError(tr("of {name} only this is kept: {words}", name=name, words=value))
    return slice(*(int(number) if number else None for number in value.split(":")))


def _compared(
    left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr], names: Mapping[str, object]
) -> Any:
    value, found = _value(left, names), None
    for op, right in zip(ops, rights, strict=True):
        if type(op) not in _COMPARED:
            raise _UnknownError(tr("{text} is not computed here", text="in"))
        other = _value(right, names)
        holds = _COMPARED[type(op)](value, other)
        found = holds if found is None else (found and holds)
        value = other
    return found


def _attribute(node: ast.Attribute, inner: ast.expr, attr: str, names: Mapping[str, object]) -> Any:
    path = ast.unparse(node)
    if path in names:  # self.W
        return _kept(path, names[path])
    if _is_numpy(inner, names) and attr in _CONSTANTS:
        return getattr(np, attr)
    value = _value(inner, names)
    if isinstance(value, (np.ndarray, np.generic)) and attr in _ATTRIBUTES:
        return getattr(value, attr)
    raise _UnknownError(tr("{text} has no value here", text=path))


def _called(node: ast.Call, names: Mapping[str, object]) -> Any:
    function: Callable[..., Any] | None = None
    match node.func:
        case ast.Name(id=name) if name in _BUILTINS and name not in names:
            function = _BUILTINS[name]
        case ast.Attribute(value=inner, attr=attr) if _is_numpy(inner, names):
            function = getattr(np, attr) if attr in _NUMPY else None
        case ast.Attribute(value=inner, attr=attr) if attr in _METHODS:
            owner = _value(inner, names)
            if isinstance(owner, (np.ndarray, np.generic)):
                function = getattr(owner, attr)
    if function is None or any(one.arg in (None, "out") for one in node.keywords):
        raise _UnknownError(tr("{text} is not computed here", text=ast.unparse(node)))
    arguments = [_value(one, names) for one in node.args]
    return _bounded(
        function, *arguments, **{one.arg or "": _value(one.value, names) for one in node.keywords}
    )


def _bounded(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """The value of a function, unless it would take the memory."""
    sizes = [np.size(one) for one in arguments if isinstance(one, np.ndarray)]
    numbers = [one for one in arguments if isinstance(one, int) and not isinstance(one, bool)]
    makes = function.__name__ in _MAKERS and math.prod(max(abs(n), 1) for n in _ints(arguments)) > LARGEST
    if makes or sum(sizes) > LARGEST or (len(numbers) == 2 and max(map(abs, numbers)) > LARGEST):
        raise _UnknownError(tr("it would take too long to compute here"))
    return function(*arguments, **keywords)


def _ints(values: Any) -> Iterator[int]:
    for value in values:
        if isinstance(value, tuple):
            yield from _ints(value)
        elif isinstance(value, int):
            yield value
        elif isinstance(value, np.ndarray):
            yield value.size


def _is_numpy(node: ast.expr, names: Mapping[str, object]) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy") and node.id not in names
