"""Answer: what came of calling somebody's forward and backward of an operator on one problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from convstep.brief import brief
from convstep.candidate.call.outcome import DIED, HUNG, RAISED
from convstep.frozen import frozen
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem

OWN = "own"
"""What the operator's own layout is called where a convention's name is asked."""
UNSAID = "unsaid"
"""Beside the kinds of `call.outcome`: it has no way to be told this problem; nothing is said of it."""


@frozen(eq=False)
class Answer:
    """What one call came to."""

    problem: OperatorProblem
    """What it was given, in the operator's layout."""
    kind: str
    """RETURNED, REFUSED, RAISED, HUNG, DIED (see `call.outcome`), or UNSAID."""
    outputs: Mapping[str, Array] = field(default_factory=dict)
    """Of its own forward, by name, in the operator's layout; empty where none was called."""
    gradients: Mapping[str, Array] = field(default_factory=dict)
    """By name; in the operator's layout where the number of axes allows it, not multiplied by anything; one
    that did not come is missing."""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The gradients' shapes as they came."""
    called: Mapping[str, str] = field(default_factory=dict)
    """By gradient, what its author calls it, where that is known: "dA_prev", "self.dW"."""
    changed: tuple[str, ...] = ()
    """The caller's arrays that were changed in place, by the operator's names: "dout"."""
    message: str = ""
    """Why there is no result: the exception, or a sentence."""
    line: int = 0
    """The author's line that raised; 0 if unknown."""
    line_text: str = ""
    """That line."""
    file: str = ""
    """The file it is in; "" if unknown."""
    cell: int = 0
    """The code cell of the notebook it is in, from 1; 0 for a file."""
    call: str = ""
    """How it was called, as its author would write it."""
    summed: bool = False
    """Whether its own forward returned a number a sample, or their sum, where the operator has their mean."""

    summed_to_fit: bool = False
    """Whether PyTorch's engine was between: it sums a gradient to its array's shape, where that can be."""
    batch: Convention | None = None
    """How it was laid, where that is with one more axis in front than the sweep's problems have."""
    besides: bool = False
    """Whether its labels came in another form than in the sweep's problems: rows for numbers, or numbers."""
    guessed: bool = False
    """Whether its backward was given more than the gradient from above and what its own forward kept."""
    updated: tuple[str, ...] = ()
    """Gradients that were read from what an update subtracted."""

    __repr__ = brief


@frozen(eq=False)
class Judged:
    """An answer beside what is right."""

    answer: Answer
    """What came."""
    right: Mapping[str, Array]
    """The gradients as they should be, by name, divided as the convention divides."""
    outputs: Mapping[str, Array]
    """The forward's outputs as they should be."""
    off: Mapping[str, float]
    """By gradient that came, how far it is off, as a share of what is allowed: right up to 1; inf for another
    shape."""

    __repr__ = brief

    @property
    def failed(self) -> bool:
        """Whether something is wrong here: a gradient, or an exception of its own."""
        return any(share > 1 for share in self.off.values()) or self.answer.kind in (RAISED, HUNG, DIED)


@frozen(eq=False)
class Swept:
    """Somebody's backward, tried on many problems."""

    operator: Operator
    """What it is taken to be."""
    convention: Convention | None
    """How it is laid; None for the operator's own layout."""
    results: tuple[Judged, ...]
    """Every problem that it was tried on, the smallest first."""
    options: Mapping[str, object] = field(default_factory=dict)
    """What it always has, where it was not asked: `{"eps": 1e-5}`, found in its text or by trying."""
    notes: tuple[str, ...] = ()
    """What was seen on the way, sentences."""
    way: Any = None
    """How it was called, a `ways.Way`; None where nobody was called."""
    varying: tuple[str, ...] = ()
    """Gradients that are wrong, and other numbers each time it is called on the same problem."""
    depending: Mapping[str, str] = field(default_factory=dict)
    """What is amiss in what wrong gradients depend on, as `dependence.depending` has it."""

    __repr__ = brief

    def of(self, answer: Answer) -> Swept:
        """The same, laid as it was for one answer."""
        return self if answer.batch is None else replace(self, convention=answer.batch)

    @property
    def failing(self) -> Judged | None:
        """The smallest problem on which it fails."""
        return next((one for one in self.results if one.failed), None)
