"""Conditions: a line of text that is true at some steps and not at others.

A condition speaks about the step just executed, and about the gradients *after* it:

- `step` (from 0), `position` (`step + 1`), `i_n`, `i_h`, `i_w`, `i_c`;
- `dz`; `x`, the window the step read; `w`, its kernel;
- `dW`, meaning `dW[i_c]`; `db`, meaning `db[i_c]`; `dA`, the window of `dA_prev_pad`.

Where true or false is wanted, an array is true if *any* of its cells is: `isnan(dA)`, `abs(dW) > 10`.
`not isnan(dA)` therefore says that no cell is NaN, and `all(dA > 0)` asks for every cell. A chain
is about single cells: `0 < dA < 1` wants one cell between both. Comparisons with NaN are false.
All numbers, those of a float32 problem too, are compared in float64.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from convstep.brief import brief
from convstep.conv.geometry import Geometry, StepIndex
from convstep.conv.step import Step
from convstep.expr.language import Expression, Names, read_expression, whole_number
from convstep.expr.text import ExpressionError, error_at
from convstep.expr.values import Array, Values
from convstep.language import tr
from convstep.replay.boxes import loop_counts
from convstep.steps.event import Event

ConditionError = ExpressionError
"""A condition that cannot be understood; the message is one sentence that says where."""
EXAMPLE = "abs(dz) > 0.1 and i_c == 2"
"""Shown to whoever typed something else."""
RUNNING = frozenset(("dW", "db", "dA"))
"""Names whose values depend on the steps before."""
SHORT = {"dA_prev_pad": "dA"}
"""What a condition calls a written array, where that is not its own name."""

_FROM_STEP: dict[str, Callable[[Step], Any]] = {
    "step": lambda step: step.index,
    "position": lambda step: step.index + 1,
    "i_n": lambda step: step.i_n,
    "i_h": lambda step: step.i_h,
    "i_w": lambda step: step.i_w,
    "i_c": lambda step: step.i_c,
    "dz": lambda step: step.dz,
    "db": lambda step: None if step.db is None else step.db[step.i_c],
    "x": lambda step: step.input_slice,
    "w": lambda step: step.kernel,
    "dW": lambda step: step.dW[step.i_c],
    "dA": lambda step: step.run.samples(step.dA_prev_pad)[step.window],
}
"""The names of a step of the convolution: first those with one number, then those with its cells."""
_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}


class Places(NamedTuple):
    """Where in the loop a condition can be true at all; elsewhere it is false."""

    i_n: range
    """Samples."""
    i_h: range
    """Output rows."""
    i_w: range
    """Output columns."""
    i_c: range
    """Output channels."""
    step: range
    """Step numbers."""


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
    def parse(cls, text: str, geometry: Geometry | None = None, bias: bool = True) -> Condition:
        """Read a condition on the steps of a convolution.

        Args:
            text: such as `abs(dz) > 0.1 and i_c == 2`; it is never executed.
            geometry: to check indices such as `x[0, 1, 0]` against; unchecked if left out.
            bias: whether the problem has one; without, there is no `db`.

        Raises:
            ConditionError: one sentence that says where and what is wrong.

        >>> Condition.parse("abs(dz) > 0.1 and i_c == 2").cheap
        True
        """
        return cls.about(text, loop_names(geometry, bias), EXAMPLE)

    @classmethod
    def about(cls, text: str, names: Names, example: str) -> Condition:
        """Read a condition on the steps of anything.

        Args:
            text: what was typed.
            names: what there is at a step, as `event_names` has it.
            example: a condition, shown to whoever typed something else.

        Raises:
            ConditionError: one sentence that says where and what is wrong.
        """
        looks = tr("a condition looks like {example}", example=example)
        read = read_expression(text, names, looks, many=True)
        if not read.names:
            raise error_at(text, read.tree, tr("it is the same at every step; {looks}", looks=looks))
        return cls(text.strip(), ast.dump(read.tree), read)

    def __str__(self) -> str:
        """As it was typed."""
        return self.text

    @property
    def names(self) -> frozenset[str]:
        """Which names it uses, functions and constants left out."""
        return self._expression.names

    @property
    def cheap(self) -> bool:
        """Whether it can be answered without running gradients."""
        return not self.names & RUNNING

    def check(self, geometry: Geometry, bias: bool) -> None:
        """Raise a `ConditionError` if the condition does not fit a problem."""
        Condition.parse(self.text, geometry, bias)

    def matches(self, step: Step) -> bool:
        """Whether it is true of a step, with the gradients as they stand.

        Args:
            step: just executed.

        Raises:
            ConditionError: an index lies outside the step's arrays, or there is no bias.
        """
        values = {name: _FROM_STEP[name](step) for name in self.names}
        if any(value is None for value in values.values()):
            raise ConditionError(tr("there is no db: the problem has no bias"), 1)
        return self.true_of(values)

    def true_of(self, values: Mapping[str, Any]) -> bool:
        """Whether it is true of one step.

        Args:
            values: for each of `names` a number or an array, as `event_values` has them.

        Raises:
            ConditionError: an index lies outside an array.
        """
        alone = {name: np.asarray(values[name], np.float64)[np.newaxis, np.newaxis] for name in self.names}
        return bool(self.holds(alone)[0, 0])

    def holds(self, values: Values) -> Array:
        """Whether it is true of many steps at once.

        Args:
            values: for each of `names` a float64 array `(places, channels, *cells)`; a leading
                axis is 1 where the value does not change along it.

        Returns:
            Booleans, `(places, channels)`, again with 1 where nothing changes.
        """
        with np.errstate(all="ignore"):
            held: Array = self._expression.truth(values)
        return held

    def places(self, geometry: Geometry) -> Places:
        """Where in the loop it can be true at all: see `ranges`.

        Args:
            geometry: the loop it is about.
        """
        counts = zip(StepIndex._fields, loop_counts(geometry), strict=True)
        return Places(**self.ranges({**dict(counts), "step": geometry.total_steps}))

    def ranges(self, counts: Mapping[str, int]) -> dict[str, range]:
        """For which values of the loops' variables it can be true at all.

        Read off comparisons of them (and of `step`, `position`) with numbers that are joined by
        `and`; nothing is evaluated.

        Args:
            counts: how many turns each loop takes, and how many steps there are as "step".
        """
        found = {name: range(count) for name, count in counts.items()}
        for name, operator, number in _bounds(self._expression.tree):
            if name == "position":
                name, number = "step", number - 1
            if name in found:
                found[name] = _narrowed(found[name], operator, number)
        return found

    def as_index(self) -> dict[str, int] | None:
        """`{"i_c": 2}` for a condition that only fixes loop indices, None for any other."""
        fixed: dict[str, int] = {}
        for part in _terms(self._expression.tree):
            match part:
                case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[right]):
                    number = whole_number(right)
                    if name not in StepIndex._fields or name in fixed or number is None:
                        return None
                    fixed[name] = number
                case _:
                    return None
        return fixed


def loop_names(geometry: Geometry | None, bias: bool) -> Names:
    """What a condition on a convolution may speak of, with the axes of each name's cells."""
    cells = (None,) * 3 if geometry is None else geometry.kernel_shape[1:]
    names: dict[str, Any] = {name: cells if name in ("x", "w", "dW", "dA") else () for name in _FROM_STEP}
    return names if bias else names | {"db": tr("there is no db: the problem has no bias")}


def event_names(event: Event) -> Names:
    """What a condition may speak of at such a step: loop variables, what is read, what is written."""
    return {name: np.shape(value) for name, value in event_values(event).items()}


def event_values(event: Event) -> dict[str, Any]:
    """The values of these names at a step: of what is written, those after the step."""
    values: dict[str, Any] = {"step": event.index, "position": event.index + 1}
    values |= {loop.name: loop.at for loop in event.loops}
    values |= {read.text: read.value for read in event.reads}
    return values | {SHORT.get(write.array, write.array): write.after for write in event.writes}


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
