"""Conditions: a line of text that is true at some steps and not at others.

A condition speaks about the step just executed: `step` (from 0), `position` (`step + 1`) and the
variables of its loops; what it read, by the names the source has for it; and the cells it wrote,
after it, by the names of their arrays. `Layout.names` has them all.

Where true or false is wanted, an array is true if *any* of its cells is: `isnan(dA)`, `abs(dW) > 10`.
`not isnan(dA)` therefore says that no cell is NaN, and `all(dA > 0)` asks for every cell. A chain
is about single cells: `0 < dA < 1` wants one cell between both. Comparisons with NaN are false.
All numbers, those of a float32 problem too, are compared in float64.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.expr.language import Expression, read_expression, whole_number
from convstep.expr.text import error_at
from convstep.expr.values import Array, Values
from convstep.language import tr
from convstep.steps.layout import Layout

_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition; two that read the same to Python are equal."""

    text: str = field(compare=False)
    """As it was typed, without the spaces around it."""
    meaning: str = field(repr=False)
    """Its syntax tree, written out."""
    _expression: Expression = field(compare=False, repr=False)

    __repr__ = brief

    @classmethod
    def parse(cls, text: str, layout: Layout) -> Condition:
        """Read `abs(dz) > 0.1 and i_h == 2`, which never runs, of this layout; or ExpressionError."""
        looks = tr("a condition looks like {example}", example=layout.example)
        read = read_expression(text, layout.names, looks, many=True)
        if not read.names:
            raise error_at(text, read.tree, tr("it is the same at every step; {looks}", looks=looks))
        return cls(text.strip(), ast.dump(read.tree), read)

    def __str__(self) -> str:
        return self.text

    @property
    def names(self) -> frozenset[str]:
        """Which names it uses, functions and constants left out."""
        return self._expression.names

    def true_of(self, values: Mapping[str, Any]) -> bool:
        """Whether it is true of a step with these values of `names`; ExpressionError beyond an array."""
        alone = {name: np.asarray(values[name], np.float64)[np.newaxis, np.newaxis] for name in self.names}
        return bool(self.holds(alone)[0, 0])

    def holds(self, values: Values) -> Array:
        """Whether it is true of many steps at once: booleans, `(places, channels)`, 1 where nothing changes.

        The values of `names` are float64 `(places, channels, *cells)`, a leading axis 1 where nothing
        changes.
        """
        with np.errstate(all="ignore"):
            held: Array = self._expression.truth(values)
        return held

    def ranges(self, counts: Mapping[str, int]) -> dict[str, range]:
        """For which values of the loops' variables it can be true at all.

        Read off comparisons of them (and of `step`, `position`) with numbers that are joined by `and`;
        nothing is evaluated. `counts` are the turns of each loop, and as "step" all steps.
        """
        found = {name: range(count) for name, count in counts.items()}
        for name, operator, number in _bounds(self._expression.tree):
            if name == "position":
                name, number = "step", number - 1
            if name in found:
                found[name] = _narrowed(found[name], operator, number)
        return found

    def as_place(self, loops: Collection[str]) -> dict[str, int] | None:
        """`{"i_h": 2}` for a condition that only fixes variables of these loops, None for any other."""
        fixed: dict[str, int] = {}
        for part in _terms(self._expression.tree):
            match part:
                case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[right]):
                    number = whole_number(right)
                    if name not in loops or name in fixed or number is None:
                        return None
                    fixed[name] = number
                case _:
                    return None
        return fixed


def _terms(tree: ast.expr) -> Iterator[ast.expr]:
    """What all has to be true: the operands of the outermost `and`s."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for part in tree.values:
            yield from _terms(part)
    else:
        yield tree


def _bounds(tree: ast.expr) -> Iterator[tuple[str, type[ast.cmpop], float]]:
    """Every comparison of a loop index with a number that has to be true, the index on the left."""
    for part in _terms(tree):
        if isinstance(part, ast.Compare):
            operands = (part.left, *part.comparators)
            for operator, left, right in zip(part.ops, operands, operands[1:], strict=False):
                kind = type(operator)
                if kind in _MIRRORED:
                    yield from _bound(left, kind, right)
                    yield from _bound(right, _MIRRORED[kind], left)


def _bound(
    left: ast.expr, operator: type[ast.cmpop], right: ast.expr
) -> Iterator[tuple[str, type[ast.cmpop], float]]:
    if isinstance(left, ast.Name):
        negative = isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub)
        value = right.operand if negative and isinstance(right, ast.UnaryOp) else right
        if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
            number = float(value.value)
            if math.isfinite(number):
                yield left.id, operator, -number if negative else number


def _narrowed(values: range, operator: type[ast.cmpop], number: float) -> range:
    """The values for which the comparison holds."""
    lower, upper = math.ceil(number), math.floor(number)
    if operator is ast.Gt:
        lower = upper + 1
    elif operator is ast.Lt:
        upper = lower - 1
    first = values.start if operator in (ast.Lt, ast.LtE) else max(values.start, lower)
    last = values.stop if operator in (ast.Gt, ast.GtE) else min(values.stop, upper + 1)
    return range(first, max(first, last))
