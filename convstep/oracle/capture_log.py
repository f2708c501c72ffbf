"""The notebook of a capture: calls as they happen, backward passes as they reach them. NumPy only."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.conv.geometry import Pair

Array = npt.NDArray[Any]

PARAMETERS = {"dW": "W", "db": "b"}
"""The gradients that are accumulated in a parameter, and the parameter."""


class Seen(NamedTuple):
    """What is kept of an array that is looked at and let go: its NaN and inf."""

    nan: int
    """Cells that are NaN."""
    inf: int
    """Cells that are inf or -inf."""
    first: tuple[int, ...] | None
    """The first such cell in memory order, channels last; None where all are finite."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """One call in the forward pass, as it was convolved; the arrays are copies."""

    name: str
    """The layer's."""
    order: int
    """Its place among all calls."""
    A_prev: Array
    """`(N, H, W, C_in)` or `(H, W, C_in)`."""
    W: Array
    """`(C_out, F_h, F_w, C_in // groups)`."""
    b: Array | None
    """`(C_out,)`."""
    stride: Pair
    """`(s_h, s_w)`."""
    padding: Pair | str
    """`(h, w)`, "same" or "valid"."""
    dilation: Pair
    """`(d_h, d_w)`."""
    groups: int
    """Channel groups."""
    eps: float
    """Of the precision it was convolved in."""
    parameters: dict[str, int]
    """Which tensor each of "W" and "b" was, where it is one that accumulates a gradient."""
    Z: Seen
    """The output, `(N, H_out, W_out, C_out)` or without `N`."""

    __repr__ = brief


@dataclass(eq=False)
class BackwardPass:
    """One backward pass, as far as it got."""

    number: int
    """From 0."""
    accumulated: dict[int, Array] = field(default_factory=dict)
    """What it added to `.grad`, by tensor; channels last."""
    reached: dict[int, Reached] = field(default_factory=dict)
    """The calls it went through, by their order."""

    __repr__ = brief


@dataclass(eq=False)
class Reached:
    """One call that a backward pass went through."""

    convolution: Convolution
    """The call."""
    backward: BackwardPass
    """The pass."""
    dZ: Array
    """The upstream gradient, channels last."""
    own: dict[str, Array]
    """The gradients by name as the convolution's own backward returned them, those that it did."""

    __repr__ = brief

    @property
    def shared_by(self) -> int:
        """How many calls of the pass, this one included, used the same weight."""
        return max((len(self._users(parameter)) for parameter in PARAMETERS.values()), default=1)

    def gradients(self) -> tuple[dict[str, Array], set[str]]:
        """All gradients by name, and the names of those that belong to this call alone."""
        found: dict[str, Array] = {}
        alone: set[str] = set()
        for name, parameter in PARAMETERS.items():
            key = self.convolution.parameters.get(parameter)
            whole = self.backward.accumulated.get(key) if key is not None else None
            share = self.own.get(name)
            if whole is not None:
                found[name] = whole
                # an operator that does not tell its share is alone where no other call is
                one = len(self._users(parameter)) == 1
                is_share = one if share is None else np.array_equal(share, whole, equal_nan=True)
                alone |= {name} if is_share else set()
            elif share is not None:  # no parameter of its own: weight_norm and the like
                found[name] = share
                alone.add(name)
        if "dA_prev" in self.own:
            found["dA_prev"] = self.own["dA_prev"]
            alone.add("dA_prev")
        return found, alone

    def _users(self, parameter: str) -> list[Reached]:
        key = self.convolution.parameters.get(parameter)
        if key is None:
            return [self]
        everyone = self.backward.reached.values()
        return [other for other in everyone if other.convolution.parameters.get(parameter) == key]


class CaptureLog:
    """Everything seen so far."""

    def __init__(self, watched: list[str], refused: dict[str, str], by: str) -> None:
        """Begin.

        Args:
            watched: the layers' names.
            refused: by name, layers that cannot be captured, and why: one sentence.
            by: who computes the gradients.
        """
        self.watched = watched
        self.refused = refused
        self.by = by
        self.compiled = False
        """Whether a part of the model is compiled."""
        self.closed = False
        """Whether the block has ended."""
        self.called: dict[str, int] = {}
        """How often each layer was called."""
        self.switched_off: dict[str, int] = {}
        """How often of these nothing was to be differentiated."""
        self._passes: dict[int, BackwardPass] = {}

    def backward(self, task: int) -> BackwardPass:
        """The backward pass with this number of PyTorch's; a new one when it is new."""
        return self._passes.setdefault(task, BackwardPass(len(self._passes)))

    def reached(self) -> list[Reached]:
        """Every call that a backward pass reached, in the order of the calls, then of the passes."""
        found = [entry for one in self._passes.values() for entry in one.reached.values()]
        return sorted(found, key=lambda entry: (entry.convolution.order, entry.backward.number))

    def skipped(self) -> list[tuple[str, str, str, int]]:
        """Name, kind, reason and calls of every layer, as far as no backward pass reached it."""
        return [
            (name, "Conv2d", self.why_nothing(name), self.called.get(name, 0))
            for name in [*self.watched, *self.refused]
        ]

    def closest(self, name: str) -> str:
        """Which layers may have been meant."""
        return closest(name, self.watched)

    def why_nothing(self, name: str | None) -> str:
        """Why a layer, or with None every one, was not captured; one sentence that says what to do."""
        if name is not None and name in self.refused:
            return self.refused[name]
        who = "no layer" if name is None else repr(name)
        names = self.watched if name is None else [name]
        called = sum(self.called.get(each, 0) for each in names)
        inside = "run the model and loss.backward() inside the with block"
        if not called:
            was = "was called" if name is None else "was not called"
            if self.compiled:
                return f"{who} {was}: hooks do not fire in a compiled model; capture it without torch.compile"
            return f"{who} {was} inside the block; {inside} (and without torch.compile)"
        if called == sum(self.switched_off.get(each, 0) for each in names):
            return (
                f"{_ran(name)} without gradients: under torch.no_grad() or inference mode, or nothing in it "
                f"requires gradients; {inside}, with gradients"
            )
        return (
            f"{_ran(name)} but no backward pass reached it inside the block; call loss.backward() there, "
            "on a loss that depends on it"
        )


def _ran(name: str | None) -> str:
    return "the model ran" if name is None else f"{name!r} ran"


def closest(name: str, names: list[str]) -> str:
    """Which of the names may have been meant, or what there are; for a sentence."""
    if close := difflib.get_close_matches(name, names, n=3, cutoff=0.5):
        return f"did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"the conv layers are {shown}" if names else "the model has no conv layer"
