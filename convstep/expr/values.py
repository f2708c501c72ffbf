"""What an expression computes: for a single value, for one step or for a million at once.

With `leading` axes a value holds one number or one block of cells for many steps: its shape is
`(places, channels, *cells)`, either leading axis 1 where nothing changes along it. One evaluator
serves one step and all of them, so both mean the same. Without leading axes a value is whatever
Python and NumPy make of it: whole numbers stay exact, float32 stays float32.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.frozen import NamedTuple

Array = npt.NDArray[Any]
Values = Mapping[str, Any]
Evaluate = Callable[[Values], Any]
Place = Callable[[Values, int], int | slice]
"""An index or a slice along one axis, from the values of the names and the axis's length."""
Shape = tuple[int | None, ...]
"""The cells of a value along each axis, () for a single number; None for a length that is not known yet."""

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
    "any": np.any,
    "all": np.all,
    "sum": np.sum,
    "mean": np.mean,
    "size": np.size,
}
"""Functions that make one value of all cells of a step."""


class Node(NamedTuple):
    """A part of an expression that can be computed."""

    evaluate: Evaluate
    """Its value, from the values of the names."""
    shape: Shape
    """The axes of its cells."""
    boolean: bool = False
    """Whether the value is true or false rather than a number."""
    is_shape: bool = False
    """Whether it is the shape of an array, a tuple, with which nobody computes."""

    @property
    def rank(self) -> int:
        """How many cell axes it has."""
        return len(self.shape)

    def number(self) -> Evaluate:
        """The value as a number; true counts as 1."""
        evaluate = self.evaluate
        return (lambda values: np.asarray(evaluate(values), np.float64)) if self.boolean else evaluate

    def each(self) -> Evaluate:
        """True or false for every cell: a number is true unless it is 0."""
        evaluate = self.evaluate
        return evaluate if self.boolean else (lambda values: np.asarray(evaluate(values) != 0))


class Computing:
    """Makes nodes of nodes, for values with so many leading axes."""

    def __init__(self, leading: int) -> None:
        self.leading = leading

    def constant(self, number: float) -> Node:
        """The same number at every step."""
        value = np.full((1,) * self.leading, float(number)) if self.leading else number
        return Node(lambda values: value, ())

    def combined(
        self, operation: Callable[[Any, Any], Any], left: Node, right: Node, boolean: bool = False
    ) -> Node:
        """Two values, cell by cell: numbers, or with `logical_and` truths, like those of `0 < dA < 1`."""
        rank, taken = max(left.rank, right.rank), Node.each if operation is np.logical_and else Node.number
        first, second = (self._lifted(node, taken(node), rank) for node in (left, right))
        lengths = zip(*((1,) * (rank - node.rank) + node.shape for node in (left, right)), strict=True)
        # where two lengths do not fit, NumPy says so
        shape = tuple(None if one is None or two is None else max(one, two) for one, two in lengths)
        return Node(lambda values: operation(first(values), second(values)), shape, boolean)

    def joined(self, every: bool, parts: Sequence[Node]) -> Node:
        """`and` (every) or `or` over the truth of whole steps."""
        operation = np.logical_and if every else np.logical_or
        truths = [self.truth(part).evaluate for part in parts]
        return Node(lambda values: functools.reduce(operation, (t(values) for t in truths)), (), True)

    def truth(self, inner: Node) -> Node:
        """True or false for a step: true if *any* cell is."""
        return self.applied("any", inner) if inner.rank else Node(inner.each(), (), True)

    def negated(self, inner: Node) -> Node:
        """`not`: true where not a single cell is."""
        truth = self.truth(inner).evaluate
        return Node(lambda values: np.logical_not(truth(values)), (), True)

    def power(self, base: Node, exponent: int) -> Node:
        """A small whole power, by multiplication: pow() has other bits for one number than for many."""
        if not exponent:  # everything is 1, and says so with a single cell
            return self.constant(1.0)
        number = base.number()

        def evaluate(values: Values) -> Any:
            factor = result = number(values)
            for _ in range(abs(exponent) - 1):
                result = result * factor
            return 1.0 / result if exponent < 0 else result

        return Node(evaluate, base.shape)

    def applied(self, name: str, inner: Node) -> Node:
        """A function of one argument."""
        if name in EACH_CELL:
            number, ufunc = inner.number(), EACH_CELL[name]
            return Node(lambda values: ufunc(number(values)), inner.shape, boolean=name != "abs")
        boolean = name in ("any", "all")
        evaluate = inner.each() if boolean else inner.number()
        reduction = REDUCTIONS[name]
        if not self.leading:
            return Node(lambda values: reduction(evaluate(values)), (), boolean)
        # all cells along one axis, in order: sums then have the same bits for one step and for many

        def reduced(values: Values) -> Array:
            value = evaluate(values)
            cells = np.ascontiguousarray(value.reshape(*value.shape[: self.leading], -1))
            return np.array(reduction(cells, axis=self.leading), ndmin=self.leading)

        return Node(reduced, (), boolean)

    def indexed(self, inner: Node, places: Sequence[Place], shape: Shape) -> Node:
        """Some cells, or one, of every step: a place for each of the first axes of `inner`, in a shape."""
        evaluate, leading = inner.evaluate, self.leading
        steps = (slice(None),) * leading

        def cells(values: Values) -> Any:
            value = evaluate(values)
            lengths = np.shape(value)[leading:]
            index = tuple(place(values, length) for place, length in zip(places, lengths, strict=False))
            return value[index[0]] if inner.is_shape else value[steps + index]

        return Node(cells, shape, inner.boolean, inner.is_shape and bool(shape))

    def _lifted(self, node: Node, evaluate: Evaluate, rank: int) -> Evaluate:
        """The value with as many cell axes as its partner has."""
        if node.rank == rank or not self.leading:
            return evaluate
        new: Any = (*(slice(None),) * self.leading, *(np.newaxis,) * (rank - node.rank), ...)
        return lambda values: evaluate(values)[new]
