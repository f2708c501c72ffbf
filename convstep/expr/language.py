"""The language: a syntax tree, checked node by node; Python only *reads* the text, and `values` computes.

An expression has numbers, the names that whoever reads it supplies, `+ - * / // % **`, comparisons and chains
of them, `and or not`, the functions of `values`, and indices. For a single value (a lesson's number) it also
has slices, computed indices and `.shape`, and computes as Python and NumPy do; for many steps at once (a
condition) all numbers are float64, so nothing overflows or raises.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convstep.expr.text import ExpressionError, check_characters, closest, error_at, parse_text
from convstep.expr.values import EACH_CELL, REDUCTIONS, Computing, Evaluate, Node, Place, Shape, Values
from convstep.frozen import NamedTuple
from convstep.language import tr

DEEPEST = 40
"""Levels of nesting."""
LARGEST_EXPONENT = 8
"""Of a power, either sign."""
CONSTANTS = {"inf": np.inf, "nan": np.nan}
"""Numbers with a name."""
FUNCTIONS = (*EACH_CELL, *REDUCTIONS)
"""What may be called; each takes one argument."""

Names = Mapping[str, Shape | str]
"""By name the axes of its cells, or why there is none of that name here, in a sentence."""

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
REFUSED: dict[type[ast.AST], str] = {
    ast.Lambda: "a lambda is not allowed",
    ast.NamedExpr: "an assignment is not allowed; compare with ==",
    ast.IfExp: "if … else is not allowed; use and, or",
    ast.ListComp: "a comprehension is not allowed",
    ast.SetComp: "a comprehension is not allowed",
    ast.DictComp: "a comprehension is not allowed",
    ast.GeneratorExp: "a comprehension is not allowed",
    ast.JoinedStr: "text in quotes is not allowed",
    ast.Tuple: "a comma is allowed only in an index like x[0, 1, 0]",
    ast.BitAnd: "use and instead of &",
    ast.BitOr: "use or instead of |",
    ast.BitXor: "use ** for a power, != for exclusive or",
    ast.Invert: "use not instead of ~",
}
"""What is said about Python that the language does not have."""


class Expression(NamedTuple):
    """A whole expression, checked."""

    tree: ast.expr
    names: frozenset[str]
    """Which of the names it uses; constants and functions left out."""
    boolean: bool
    """Whether its value is true or false rather than a number."""
    value: Evaluate
    """Its value, from the values of the names; may raise what NumPy raises where there is a single value."""
    truth: Evaluate
    """Whether it holds: for an array, whether it does for any cell."""


def read_expression(
    text: str, names: Names, looks: str, *, many: bool = False, deepest: int = DEEPEST
) -> Expression:
    """Check an expression that speaks of `names`; ExpressionError, one sentence, says where it is not one.

    `looks` is shown to whoever typed something else: "a condition looks like dz > 1". With `many`, every
    value will be that of many steps, `(places, channels, *cells)` in float64, and unknown lengths are None.

    >>> float(read_expression("sum(x) * 2", {"x": (3,)}, "write x").value({"x": np.ones(3)}))
    6.0
    """
    if many:
        check_characters(text, deepest)
    reader = _Reader(text, names, looks, many, deepest)
    tree = parse_text(text, looks)
    node = reader.read(tree, 1)
    return Expression(
        tree, frozenset(reader.used), node.boolean, node.evaluate, reader.computing.truth(node).evaluate
    )


def whole_number(node: ast.expr) -> int | None:
    """A whole number as it stands in the text, or None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        positive = whole_number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if positive is None else -positive
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value < 2**31:
        return node.value
    return None


class _Reader:
    """Turns a tree into closures, node by node."""

    def __init__(self, text: str, names: Names, looks: str, many: bool, deepest: int) -> None:
        self.text, self.names, self.looks, self.many, self.deepest = text, names, looks, many, deepest
        self.computing = Computing(2 if many else 0)
        self.used: set[str] = set()

    def wrong(self, sentence: str, node: ast.expr, /, **values: object) -> ExpressionError:
        """An error that points at a node; the sentence and what to fill in are as for `tr`."""
        return error_at(self.text, node, tr(sentence, **values))

    def read(self, node: ast.expr, depth: int) -> Node:
        """One node and what is below it."""
        if depth > self.deepest:
            raise self.wrong("it is nested more than {most} deep; use fewer terms", node, most=self.deepest)
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node, node.id)
            case ast.Attribute():
                return self._attribute(node, depth)
            case ast.UnaryOp():
                return self._unary(node, depth)
            case ast.BinOp():
                return self._arithmetic(node, depth)
            case ast.BoolOp():
                parts = [self._number(part, depth) for part in node.values]
                return self.computing.joined(isinstance(node.op, ast.And), parts)
            case ast.Compare():
                return self._comparison(node, depth)
            case ast.Call():
                return self._call(node, depth)
            case ast.Subscript():
                return self._indexed(node, depth)
        if type(node) in REFUSED:
            raise self.wrong(REFUSED[type(node)], node)
        raise self.wrong("this is not allowed; {looks}", node, looks=self.looks)

    def _number(self, node: ast.expr, depth: int) -> Node:
        inner = self.read(node, depth + 1)
        if inner.is_shape:
            sentence = "a shape is not a number; take one of its numbers, like {shape}[0]"
            raise self.wrong(sentence, node, shape=ast.unparse(node))
        return inner

    def _constant(self, node: ast.Constant) -> Node:
        number = node.value
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise self.wrong("only whole numbers and decimals are allowed here", node)
        try:
            return self.computing.constant(number)
        except OverflowError:
            raise self.wrong("the number is too large; write inf for infinity", node) from None

    def _name(self, node: ast.expr, name: str) -> Node:
        if name in CONSTANTS:
            return self.computing.constant(CONSTANTS[name])
        if name in FUNCTIONS and name not in self.names:  # a run may have a variable called mean
            sentence = "{name} needs an argument, like {name}({some})"
            raise self.wrong(sentence, node, name=name, some=self._some())
        if name not in self.names:
            known = (*self.names, *FUNCTIONS)
            close = closest(name, known)
            sentence = "no such name; did you mean {close!r}?" if close else "no such name; there are {known}"
            if not self.names:  # a number is wanted, not one of a few functions
                sentence = "no such name; {looks}"
            raise self.wrong(sentence, node, close=close, known=", ".join(known), looks=self.looks)
        shape = self.names[name]
        if isinstance(shape, str):
            raise error_at(self.text, node, shape)
        self.used.add(name)
        return Node(lambda values: values[name], shape)

    def _some(self) -> str:
        """What a function may be given, as an example."""
        return next((name for name, shape in self.names.items() if not isinstance(shape, str) and shape), "1")

    def _attribute(self, node: ast.Attribute, depth: int) -> Node:
        """A dotted name, or the shape of an array."""
        first = getattr(node.value, "id", None)
        if first and any(name.startswith(f"{first}.") for name in self.names):
            return self._name(node, f"{first}.{node.attr}")
        if self.many:
            raise self.wrong("attributes are not allowed", node)
        if node.attr != "shape":
            raise self.wrong("attributes other than .shape are not allowed", node)
        inner = self.read(node.value, depth + 1)
        return Node(lambda values: np.shape(inner.evaluate(values)), (inner.rank,), is_shape=True)

    def _unary(self, node: ast.UnaryOp, depth: int) -> Node:
        if isinstance(node.op, ast.Invert):
            raise self.wrong(REFUSED[ast.Invert], node)
        inner = self._number(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return self.computing.negated(inner)
        number = inner.number()
        if isinstance(node.op, ast.UAdd):
            return Node(number, inner.shape)
        return Node(lambda values: -number(values), inner.shape)

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Node:
        if isinstance(node.op, ast.Pow):
            base, exponent = self._number(node.left, depth), whole_number(node.right)
            if exponent is None or abs(exponent) > LARGEST_EXPONENT:
                sentence = "an exponent is a whole number from -{most} to {most}"
                raise self.wrong(sentence, node.right, most=LARGEST_EXPONENT)
            return self.computing.power(base, exponent)
        if type(node.op) not in _ARITHMETIC:
            if type(node.op) in REFUSED:
                raise self.wrong(REFUSED[type(node.op)], node)
            raise self.wrong("this operator is not allowed; the operators are + - * / // % **", node)
        left, right = self._number(node.left, depth), self._number(node.right, depth)
        return self.computing.combined(_ARITHMETIC[type(node.op)], left, right)

    def _comparison(self, node: ast.Compare, depth: int) -> Node:
        """A chain holds for a cell if each of its links does: `0 < dA < 1`."""
        parts = [self._number(part, depth) for part in (node.left, *node.comparators)]
        links = []
        for sign, left, right in zip(node.ops, parts, parts[1:], strict=False):
            if type(sign) not in _COMPARISONS:
                raise self.wrong("is and in are not allowed; compare with == != < <= > >=", node)
            links.append(self.computing.combined(_COMPARISONS[type(sign)], left, right, boolean=True))
        return functools.reduce(
            lambda one, two: self.computing.combined(np.logical_and, one, two, True), links
        )

    def _call(self, node: ast.Call, depth: int) -> Node:
        known = ", ".join(FUNCTIONS)
        if not isinstance(node.func, ast.Name):
            raise self.wrong("this cannot be called; the functions are {known}", node.func, known=known)
        name = node.func.id
        if name not in FUNCTIONS:
            close = closest(name, FUNCTIONS)
            raise self.wrong(
                "no such function; did you mean {close!r}?"
                if close
                else "no such function; the functions are {known}",
                node.func,
                close=close,
                known=known,
            )
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            sentence = "{name} takes one plain argument, like {name}({some})"
            raise self.wrong(sentence, node, name=name, some=self._some())
        if len(node.args) != 1:
            raise self.wrong("{name} takes 1 argument, not {count}", node, name=name, count=len(node.args))
        return self.computing.applied(name, self.read(node.args[0], depth + 1))

    def _indexed(self, node: ast.Subscript, depth: int) -> Node:
        inner = self.read(node.value, depth + 1)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not inner.rank:
            raise self.wrong("a single number has no index", node)
        if len(parts) > inner.rank or (self.many and not parts):
            sentence = (
                "it has {count} indices and may have {most}; a name means the cells of one step"
                if self.many
                else "it has {count} indices and may have {most}"
            )
            raise self.wrong(sentence, node, count=len(parts), most=inner.rank)
        along = list(zip(parts, inner.shape, strict=False))
        places = [self._place(part, length, depth) for part, length in along]
        kept = tuple(None for part, _ in along if isinstance(part, ast.Slice))
        return self.computing.indexed(inner, places, kept + inner.shape[len(parts) :])

    def _place(self, part: ast.expr, length: int | None, depth: int) -> Place:
        """An index or a slice along an axis."""
        if isinstance(part, ast.Slice):
            if self.many:
                raise self.wrong("a slice is not allowed; give whole numbers like x[0, 1, 0]", part)
            ends = [end and self._whole(end, depth) for end in (part.lower, part.upper, part.step)]
            return lambda values, _: slice(*(end and end(values) for end in ends))
        whole = self._whole(part, depth)

        def place(values: Values, length: int) -> int:
            number = whole(values)
            if not -length <= number < length:
                sentence = "index {index} does not exist; it goes from 0 to {last}"
                raise self.wrong(sentence, part, index=number, last=length - 1)
            return number

        if length is not None and whole_number(part) is not None:
            place({}, length)
        return place

    def _whole(self, node: ast.expr, depth: int) -> Callable[[Values], int]:
        """A whole number, written out or, for a single value, computed."""
        number = whole_number(node)
        if number is not None:
            return lambda values: number
        not_whole = self.wrong("an index is a whole number, like x[0, 1, 0]", node)
        if self.many:
            raise not_whole
        inner = self._number(node, depth)

        def computed(values: Values) -> int:
            value = np.asarray(inner.evaluate(values))
            if value.size != 1 or not np.isfinite(value).all() or int(value.reshape(())) != value:
                raise not_whole
            return int(value.reshape(()))

        return computed
