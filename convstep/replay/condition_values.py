"""What a condition computes, for one step or for a million at once.

A value holds one number or one block of cells for many steps: its shape is
`(places, channels, *cells)`, either leading axis 1 where nothing changes along it. `cells` are the
last `rank` axes of `(F_h, F_w, C_in // groups)`. One evaluator serves one step and all of them,
so both mean the same. All numbers are float64, so nothing overflows and nothing raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Values = Mapping[str, Array]
Evaluate = Callable[[Values], Array]

EACH_CELL: dict[str, np.ufunc] = {
    "abs": np.abs,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
}
"""Functions that leave the shape as it is."""
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "min": np.min,
    "max": np.max,
    "sum": np.sum,
    "mean": np.mean,
    "any": np.any,
    "all": np.all,
}
"""Functions that make one value of all cells of a step."""


class Node(NamedTuple):
    """A part of a condition that can be computed."""

    evaluate: Evaluate
    """Its value, from the values of the names."""
    rank: int
    """How many cell axes the value has, 0 for one number a step."""
    boolean: bool
    """Whether the value is true or false rather than a number."""

    def number(self) -> Evaluate:
        """The value in float64; true counts as 1."""
        evaluate = self.evaluate
        return (lambda values: evaluate(values).astype(np.float64)) if self.boolean else evaluate

    def each(self) -> Evaluate:
        """True or false for every cell: a number is true unless it is 0."""
        evaluate = self.evaluate
        return evaluate if self.boolean else (lambda values: np.asarray(evaluate(values) != 0.0))

    def truth(self) -> Evaluate:
        """True or false for a step: true if *any* cell is."""
        each = self.each()
        return (lambda values: np.asarray(_cells_last(each(values)).any(axis=2))) if self.rank else each


def constant(number: float) -> Node:
    """The same number at every step."""
    value = np.full((1, 1), number)
    return Node(lambda values: value, 0, boolean=False)


def combined(ufunc: np.ufunc, left: Node, right: Node, boolean: bool = False) -> Node:
    """Two numbers, cell by cell.

    Args:
        ufunc: arithmetic or a comparison.
        left: its first argument.
        right: its second.
        boolean: whether the result is true or false.
    """
    rank = max(left.rank, right.rank)
    first, second = _lifted(left, left.number(), rank), _lifted(right, right.number(), rank)
    return Node(lambda values: ufunc(first(values), second(values)), rank, boolean)


def both(left: Node, right: Node) -> Node:
    """Two truths, cell by cell: a link of a chain like `0 < dA < 1`."""
    rank = max(left.rank, right.rank)
    first, second = _lifted(left, left.each(), rank), _lifted(right, right.each(), rank)
    return Node(lambda values: np.logical_and(first(values), second(values)), rank, boolean=True)


def joined(ufunc: np.ufunc, parts: Sequence[Node]) -> Node:
    """`and` or `or` over the truth of whole steps."""
    truths = [part.truth() for part in parts]

    def evaluate(values: Values) -> Array:
        result = truths[0](values)
        for truth in truths[1:]:
            result = ufunc(result, truth(values))
        return result

    return Node(evaluate, 0, boolean=True)


def negated(inner: Node) -> Node:
    """`not`: true where not a single cell is."""
    truth = inner.truth()
    return Node(lambda values: np.logical_not(truth(values)), 0, boolean=True)


def power(base: Node, exponent: int) -> Node:
    """A small whole power, by multiplication: pow() has other bits for one number than for many."""
    number = base.number()

    def evaluate(values: Values) -> Array:
        factor, result = number(values), np.ones((1,) * (base.rank + 2))
        for _ in range(abs(exponent)):
            result = result * factor
        return np.asarray(1.0 / result if exponent < 0 else result)

    # to the power of 0 everything is 1, and says so with a single cell
    return Node(evaluate, base.rank, boolean=False) if exponent else constant(1.0)


def applied(name: str, inner: Node) -> Node:
    """A function of one argument; a reduction leaves a single number as it is."""
    if name in EACH_CELL:
        number, ufunc = inner.number(), EACH_CELL[name]
        return Node(lambda values: ufunc(number(values)), inner.rank, boolean=name != "abs")
    boolean = name in ("any", "all")
    evaluate = inner.each() if boolean else inner.number()
    if not inner.rank:
        return Node(evaluate, 0, boolean)
    reduction = REDUCTIONS[name]
    return Node(lambda values: np.asarray(reduction(_cells_last(evaluate(values)), axis=2)), 0, boolean)


def indexed(inner: Node, index: tuple[int, ...]) -> Node:
    """Some cells, or one, of every step."""
    evaluate = inner.evaluate
    at: Any = (slice(None), slice(None), *index)
    return Node(lambda values: evaluate(values)[at], inner.rank - len(index), inner.boolean)


def _cells_last(value: Array) -> Array:
    """All cells along one axis, in order: sums then have the same bits for one step and for many."""
    return np.ascontiguousarray(value.reshape(*value.shape[:2], -1))


def _lifted(node: Node, evaluate: Evaluate, rank: int) -> Evaluate:
    """The value with as many cell axes as its partner has."""
    if node.rank == rank:
        return evaluate
    new: Any = (slice(None), slice(None), *(np.newaxis,) * (rank - node.rank), ...)
    return lambda values: evaluate(values)[new]
