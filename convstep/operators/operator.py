"""Operator: a forward, its readable backward, and what is needed to check somebody else's."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.frozen import frozen
from convstep.operators.mistake import Mistake

if TYPE_CHECKING:
    from convstep.recording.recording import Recording

Array = npt.NDArray[Any]
Pair = tuple[int, int]
"""Of rows and of columns: a size, a stride, a padding."""


def random_pair(rng: np.random.Generator, low: int, high: int) -> Pair:
    """Two whole numbers from low to below high."""
    return int(rng.integers(low, high)), int(rng.integers(low, high))


@frozen(eq=False)
class OperatorProblem:
    """The arguments of an operator's forward, and the gradients from above."""

    arrays: Mapping[str, Array]
    """By parameter: x, w, b; also those that have no gradient, like labels."""
    upstream: Mapping[str, Array]
    """The gradients from above, by the backward's parameter: dout."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The other arguments, by parameter: sizes, strides, eps."""
    about: str = ""
    """What it tells apart, a clause: "the windows overlap"; "" if it is one of many."""

    __repr__ = brief


@frozen()
class Convention:
    """How somebody lays an operator's arrays, and by what they divide its gradients."""

    name: str
    """Where it comes from: "cs231n", "coursera"."""
    axes: Mapping[str, str] = field(default_factory=dict)
    """By array, its axes in their order, where it is another than the operator's; "1" is an axis of length
    1 that only they have: `{"x": "IN", "b": "O1"}`."""
    divided: Mapping[str, str] = field(default_factory=dict)
    """By gradient, the axes of `x` by whose lengths it is divided: `{"dw": "N", "db": "N"}`."""
    blocks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By axis letter, which of our blocks stands at each place of theirs; see `Operator.blocks`. `()` for an
    axis that runs the other way with them: a kernel that is turned round."""
    options: Callable[[Mapping[str, int], Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Options that always are something with it, from the lengths of the axes and what they are otherwise."""
    made: Mapping[str, Callable[[Array], Array | None]] = field(default_factory=dict)
    """By array, what they are handed in its place, made of it: the probabilities of scores; None if it cannot."""
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By a name of theirs, matrices of ours that stand one behind another in it: `{"w": ("wh", "wx")}`."""
    lay: Callable[[dict[str, Array]], dict[str, Any]] | None = None
    """Where axes do not say it: the forward's arguments by the names of theirs, from the operator's arrays."""
    read: Callable[[dict[str, Array]], dict[str, Array]] | None = None
    """With `lay`: the operator's gradients from theirs by their names."""
    upstream: Mapping[str, str] = field(default_factory=dict)
    """With `lay`: by the operator's gradient from above, what theirs is called."""


@dataclass(frozen=True, eq=False)
class Operator:
    """An operator, all of it."""

    name: str
    """As on the command line: "max-pool"."""
    title: str
    """In a sentence: "max pooling"."""
    forward: Callable[..., Any]
    """Takes arrays, then options; returns its output, or several."""
    backward: Callable[..., Any]
    """Takes the gradients from above, then what it needs of the forward's arguments, by the same names;
    returns the gradients, in the order of `gradients`. No argument is written into."""
    gradients: tuple[str, ...]
    """What the backward returns: "dx", "dw"; each is the gradient by the array of that name without the d."""
    axes: Mapping[str, str]
    """By array (the outputs too), a letter for each axis: `{"x": "NCHW", "out": "NCHW"}`; "*" stands for any
    number of them."""
    torch: str
    """The same as the forward, in one expression of its parameters, `torch` and `F`: PyTorch's outputs."""
    small: Callable[[], OperatorProblem]
    """Small whole numbers, to be stepped through."""
    problems: Callable[[np.random.Generator], Iterator[OperatorProblem]]
    """Random problems without end: first those that tell mistakes apart, the smallest first, then any."""
    outputs: tuple[str, ...] = ("out",)
    """What the forward returns."""
    conventions: tuple[Convention, ...] = ()
    """How others lay it, apart from as it is laid here; the likeliest first."""
    called: str = r"(?!)"
    """A pattern of what functions and classes are called that are this operator, in lower case."""
    words: Mapping[str, str] = field(default_factory=dict)
    """By array or option what it is called as a parameter, an attribute or a key, in lower case, besides
    what it is called here; `size[0]` is the first of a pair: `{"size": "f", "size[0]": "pool_height"}`; `wx[0]` is
    the first of an array's blocks, and what conventions join has words as well."""
    blocks: Mapping[str, str] = field(default_factory=dict)
    """By axis letter, a letter for each of the equal blocks along it, whose order everybody chooses: the gates
    of an LSTM, `{"G": "ifog"}`."""
    mistakes: Sequence[Mistake] = ()
    """What people do wrong, commonest first."""
    also_right: Sequence[Mistake] = ()
    """What has other numbers and is right as well, as patches: which of several tied maxima gets dout."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What only this operator needs to say, for whoever asks for it by name."""

    __repr__ = brief

    @functools.cached_property
    def upstream(self) -> tuple[str, ...]:
        """The backward's parameters that are gradients from above, in their order."""
        forward = inspect.signature(self.forward).parameters
        return tuple(name for name in self.parameters if name not in forward)

    @functools.cached_property
    def parameters(self) -> tuple[str, ...]:
        """The backward's parameters, in their order."""
        return tuple(inspect.signature(self.backward).parameters)

    def run(self, problem: OperatorProblem) -> dict[str, Array]:
        """The outputs of the forward, by name."""
        made = self.forward(**problem.arrays, **problem.options)
        values = made if len(self.outputs) > 1 else (made,)
        return {name: np.asarray(value) for name, value in zip(self.outputs, values, strict=True)}

    def arguments(self, problem: OperatorProblem) -> tuple[Any, ...]:
        """The backward's arguments, in its order."""
        known = {**problem.upstream, **problem.arrays, **problem.options}
        return tuple(known[name] for name in self.parameters)

    def right(self, problem: OperatorProblem, backward: Callable[..., Any] | None = None) -> dict[str, Array]:
        """The gradients, by name, of this backward or of another: one with a mistake, say."""
        made = (backward or self.backward)(*self.arguments(problem))
        values = made if len(self.gradients) > 1 else (made,)
        return {name: np.asarray(value) for name, value in zip(self.gradients, values, strict=True)}

    def record(self, problem: OperatorProblem | None = None) -> Recording:
        """A recording of the backward, to be stepped, by default on `small`."""
        from convstep.recording.record import record

        return record(self.backward, *self.arguments(problem or self.small()))

    def mistake(self, id: str) -> Mistake:
        """A mistake by its id; a KeyError if there is none."""
        return self._by_id[id]

    @functools.cached_property
    def _by_id(self) -> dict[str, Mistake]:
        return {one.id: one for one in self.mistakes}
