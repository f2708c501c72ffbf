"""The language of conditions: a syntax tree, checked node by node.

Python only *reads* the text. Every node of the tree must be one of those handled here, and what is
computed is computed by the closures of `condition_values`; nothing typed is ever executed.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

import numpy as np

from convstep.language import tr
from convstep.replay import condition_values as values_of
from convstep.replay.condition_text import (
    ARRAYS,
    CONSTANTS,
    DEEPEST,
    EXAMPLE,
    FUNCTIONS,
    SCALARS,
    ConditionError,
    closest,
    error_at,
    parse_text,
)
from convstep.replay.condition_values import Evaluate, Node

LARGEST_EXPONENT = 8
"""Of a power, either sign."""

_ARITHMETIC: dict[type[ast.operator], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.remainder,
}
_COMPARISONS: dict[type[ast.cmpop], np.ufunc] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "attributes are not allowed",
    ast.Lambda: "a lambda is not allowed",
    ast.NamedExpr: "an assignment is not allowed; compare with ==",
    ast.IfExp: "if … else is not allowed; use and, or",
    ast.ListComp: "a comprehension is not allowed",
    ast.SetComp: "a comprehension is not allowed",
    ast.DictComp: "a comprehension is not allowed",
    ast.GeneratorExp: "a comprehension is not allowed",
    ast.JoinedStr: "text in quotes is not allowed",
    ast.Slice: "a slice is not allowed; give whole numbers like x[0, 1, 0]",
    ast.Tuple: "a comma is allowed only in an index like x[0, 1, 0]",
    ast.BitAnd: "use and instead of &",
    ast.BitOr: "use or instead of |",
    ast.BitXor: "use ** for a power, != for exclusive or",
    ast.Invert: "use not instead of ~",
}
"""What is said about Python that conditions do not have."""


class Expression(NamedTuple):
    """A whole condition, checked."""

    tree: ast.expr
    """As Python reads it."""
    names: frozenset[str]
    """Which of `SCALARS` and `ARRAYS` it uses."""
    truth: Evaluate
    """Whether it holds, `(places, channels)` or with 1 for either."""


def read_expression(text: str, cells: tuple[int, int, int] | None = None, bias: bool = True) -> Expression:
    """Check a condition.

    Args:
        text: what was typed.
        cells: `(F_h, F_w, C_in // groups)`, to check indices against; unchecked if left out.
        bias: whether there is a `db`.

    Raises:
        ConditionError: anything but the language of conditions.
    """
    tree = parse_text(text)
    reader = _Reader(text, cells, bias)
    node = reader.read(tree, 1)
    if not reader.names:
        raise reader.error(
            tree, tr("it is the same at every step; a condition looks like {example}", example=EXAMPLE)
        )
    return Expression(tree, frozenset(reader.names), node.truth())


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

    def __init__(self, text: str, cells: tuple[int, int, int] | None, bias: bool) -> None:
        self.text, self.cells, self.bias = text, cells, bias
        self.names: set[str] = set()

    def error(self, node: ast.expr, reason: str) -> ConditionError:
        """An error that points at a node."""
        return error_at(self.text, node, reason)

    def read(self, node: ast.expr, depth: int) -> Node:
        """One node and what is below it."""
        if depth > DEEPEST:
            raise self.error(node, tr("it is nested more than {most} deep; use fewer terms", most=DEEPEST))
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp():
                return self._unary(node, depth)
            case ast.BinOp():
                return self._arithmetic(node, depth)
            case ast.BoolOp():
                ufunc = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
                return values_of.joined(ufunc, [self.read(part, depth + 1) for part in node.values])
            case ast.Compare():
                return self._comparison(node, depth)
            case ast.Call():
                return self._call(node, depth)
            case ast.Subscript():
                return self._indexed(node, depth)
        if type(node) in REFUSED:
            raise self.error(node, tr(REFUSED[type(node)]))
        raise self.error(node, tr("this is not allowed; a condition looks like {example}", example=EXAMPLE))

    def _constant(self, node: ast.Constant) -> Node:
        number = node.value
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise self.error(node, tr("only whole numbers and decimals are allowed here"))
        try:
            return values_of.constant(float(number))
        except OverflowError:
            raise self.error(node, tr("the number is too large; write inf for infinity")) from None

    def _name(self, node: ast.Name) -> Node:
        name = node.id
        if name in CONSTANTS:
            return values_of.constant(CONSTANTS[name])
        if name in FUNCTIONS:
            raise self.error(node, tr("{name} needs an argument, like {name}(dA)", name=name))
        if name not in SCALARS + ARRAYS:
            known = SCALARS + ARRAYS + FUNCTIONS
            close = closest(name, known)
            raise self.error(
                node,
                tr(
                    "no such name; did you mean {close!r}?" if close else "no such name; there are {known}",
                    close=close,
                    known=", ".join(known),
                ),
            )
        if name == "db" and not self.bias:
            raise self.error(node, tr("there is no db: the problem has no bias"))
        self.names.add(name)
        return Node(lambda values: values[name], 3 if name in ARRAYS else 0, boolean=False)

    def _unary(self, node: ast.UnaryOp, depth: int) -> Node:
        if isinstance(node.op, ast.Invert):
            raise self.error(node, tr(REFUSED[ast.Invert]))
        inner = self.read(node.operand, depth + 1)
        if isinstance(node.op, ast.Not):
            return values_of.negated(inner)
        number = inner.number()
        if isinstance(node.op, ast.UAdd):
            return Node(number, inner.rank, boolean=False)
        return Node(lambda values: np.negative(number(values)), inner.rank, boolean=False)

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Node:
        if isinstance(node.op, ast.Pow):
            base, exponent = self.read(node.left, depth + 1), whole_number(node.right)
            if exponent is None or abs(exponent) > LARGEST_EXPONENT:
                raise self.error(
                    node.right,
                    tr("an exponent is a whole number from -{most} to {most}", most=LARGEST_EXPONENT),
                )
            return values_of.power(base, exponent)
        if type(node.op) not in _ARITHMETIC:
            if type(node.op) in REFUSED:
                raise self.error(node, tr(REFUSED[type(node.op)]))
            raise self.error(node, tr("this operator is not allowed; the operators are + - * / // % **"))
        left, right = self.read(node.left, depth + 1), self.read(node.right, depth + 1)
        return values_of.combined(_ARITHMETIC[type(node.op)], left, right)

    def _comparison(self, node: ast.Compare, depth: int) -> Node:
        """A chain holds for a cell if each of its links does: `0 < dA < 1`."""
        parts = [self.read(part, depth + 1) for part in (node.left, *node.comparators)]
        links = []
        for operator, left, right in zip(node.ops, parts, parts[1:], strict=False):
            if type(operator) not in _COMPARISONS:
                raise self.error(node, tr("is and in are not allowed; compare with == != < <= > >="))
            links.append(values_of.combined(_COMPARISONS[type(operator)], left, right, boolean=True))
        chain = links[0]
        for link in links[1:]:
            chain = values_of.both(chain, link)
        return chain

    def _call(self, node: ast.Call, depth: int) -> Node:
        if not isinstance(node.func, ast.Name):
            raise self.error(
                node.func,
                tr("this cannot be called; the functions are {known}", known=", ".join(FUNCTIONS)),
            )
        name = node.func.id
        if name not in FUNCTIONS:
            close = closest(name, FUNCTIONS)
            raise self.error(
                node.func,
                tr(
                    "no such function; did you mean {close!r}?"
                    if close
                    else "no such function; the functions are {known}",
                    close=close,
                    known=", ".join(FUNCTIONS),
                ),
            )
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.error(node, tr("{name} takes one plain argument, like {name}(dA)", name=name))
        if len(node.args) != 1:
            raise self.error(
                node, tr("{name} takes 1 argument, not {count}", name=name, count=len(node.args))
            )
        return values_of.applied(name, self.read(node.args[0], depth + 1))

    def _indexed(self, node: ast.Subscript, depth: int) -> Node:
        inner = self.read(node.value, depth + 1)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not inner.rank:
            raise self.error(node, tr("a single number has no index"))
        if not 0 < len(parts) <= inner.rank:
            raise self.error(
                node,
                tr(
                    "it has {count} indices and may have {most} (dW means dW[i_c] here, dA the window)",
                    count=len(parts),
                    most=inner.rank,
                ),
            )
        index = tuple(self._index(part, inner.rank, axis) for axis, part in enumerate(parts))
        return values_of.indexed(inner, index)

    def _index(self, part: ast.expr, rank: int, axis: int) -> int:
        """A whole number within the shape; -1 is the last."""
        if isinstance(part, ast.Slice):
            raise self.error(part, tr(REFUSED[ast.Slice]))
        number = whole_number(part)
        if number is None:
            raise self.error(part, tr("an index is a whole number, like x[0, 1, 0]"))
        if self.cells is not None:
            length = self.cells[len(self.cells) - rank + axis]
            if not -length <= number < length:
                raise self.error(
                    part,
                    tr(
                        "index {index} does not exist; it goes from 0 to {last}",
                        index=number,
                        last=length - 1,
                    ),
                )
        return number
