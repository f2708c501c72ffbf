"""The notebook of a capture: calls as they happen, backward passes as they reach them. NumPy only."""

from __future__ import annotations

import difflib
import weakref
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.conv.geometry import Pair
from convstep.language import tr

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
    kind: str = "Conv2d"
    """The class of the module, or the function."""
    sample: int | None = None
    """Which sample of the batch this is, where one alone was kept."""
    batch: int | None = None
    """How many there were, where one alone was kept."""

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
    dropped: bool = False
    """Whether it was let go: later ones took its place."""

    def uses(self, key: int) -> bool:
        """Whether a call that it went through, and that is kept, used this tensor."""
        return any(key in entry.convolution.parameters.values() for entry in self.reached.values())

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
        if self.convolution.batch not in (None, 1):  # one sample alone has no part in them
            alone -= PARAMETERS.keys()
        return found, alone

    @property
    def arrays(self) -> list[Array]:
        """All that is kept of it."""
        convolution = self.convolution
        inputs = [convolution.A_prev, convolution.W, self.dZ]
        return [*inputs, *([] if convolution.b is None else [convolution.b]), *self.own.values()]

    def _users(self, parameter: str) -> list[Reached]:
        key = self.convolution.parameters.get(parameter)
        if key is None:
            return [self]
        everyone = self.backward.reached.values()
        return [other for other in everyone if other.convolution.parameters.get(parameter) == key]


@dataclass(eq=False)
class Tally:
    """What became of the calls of one layer that no backward pass reached, by counts."""

    kind: str
    """The class of the module, or the function."""
    refused: str = ""
    """Why it cannot be captured, if that is known: what follows its name in a sentence."""
    calls: int = 0
    """How often it ran, however it ended."""
    switched_off: int = 0
    """Under `torch.no_grad()` or inference mode."""
    frozen: int = 0
    """With gradients, but neither the weight nor the input wanted any."""
    unwanted: int = 0
    """Before a backward pass that was not asked for."""
    short: int = 0
    """With a batch that has no such sample."""
    over: int = 0
    """When there was no room below the limit any more."""


class Held:
    """The bytes of what is kept and of what is still to come for it; they go when their owner goes."""

    def __init__(self, limit: int | None) -> None:
        """Nothing is held yet.

        Args:
            limit: the most that there is room for; None for no bound.
        """
        self.limit = limit
        self.bytes = 0

    def has_room(self, size: int) -> bool:
        """Whether that many bytes more stay below the limit."""
        return self.limit is None or self.bytes + size <= self.limit

    def take(self, owner: object, size: int) -> None:
        """Count them for as long as the owner lives."""
        self.bytes += size
        weakref.finalize(owner, self._give_back, size).atexit = False  # type: ignore[misc]

    def _give_back(self, size: int) -> None:
        self.bytes -= size


class CaptureLog:
    """Everything seen so far."""

    def __init__(
        self,
        watched: list[str],
        refused: dict[str, str],
        by: str,
        *,
        kinds: dict[str, str] | None = None,
        last: int | None = None,
        limit: int | None = None,
    ) -> None:
        """Begin.

        Args:
            watched: the layers' names.
            refused: by name, layers that cannot be captured, and why: what follows the name in a sentence.
            by: who computes the gradients.
            kinds: by name, the classes of their modules.
            last: how many backward passes are kept; None keeps all.
            limit: how many bytes are kept at most; None is without bound.
        """
        self.by = by
        self.compiled = False
        """Whether a part of the model is compiled."""
        self.closed = False
        """Whether the block has ended."""
        kinds = kinds or {}
        self.tallies = {
            name: Tally(kinds.get(name, "Conv2d"), refused.get(name, "")) for name in [*watched, *refused]
        }
        """By name, in the order of the model, then of the calls."""
        self.held = Held(limit)
        self.passes = 0
        """How many backward passes there have been."""
        self._last = last
        self._tasks: dict[int, BackwardPass] = {}
        self._kept: list[BackwardPass] = []

    def tally(self, name: str, kind: str) -> Tally:
        """The counts of a layer; new ones when its name is new."""
        return self.tallies.setdefault(name, Tally(kind))

    def backward(self, task: int) -> BackwardPass:
        """The backward pass with this number of PyTorch's; a new one when it is new."""
        if task not in self._tasks:
            self._tasks[task] = BackwardPass(self.passes)
            self.passes += 1
        return self._tasks[task]

    def reach(self, entry: Reached) -> None:
        """Keep a call that a backward pass went through, and let the oldest pass go for it."""
        backward = entry.backward
        if backward.dropped:
            return
        if not backward.reached:
            self._kept.append(backward)
        backward.reached[entry.convolution.order] = entry
        while self._last is not None and len(self._kept) > self._last:
            oldest = self._kept.pop(0)
            oldest.dropped = True
            oldest.reached.clear()
            oldest.accumulated.clear()

    def reached(self) -> list[Reached]:
        """Every call that a backward pass reached, in the order of the calls, then of the passes."""
        found = [entry for one in self._kept for entry in one.reached.values()]
        return sorted(found, key=lambda entry: (entry.convolution.order, entry.backward.number))

    @property
    def memory(self) -> int:
        """The bytes of all arrays that are kept, those that several entries share once."""
        arrays = [array for entry in self.reached() for array in entry.arrays]
        arrays += [array for one in self._kept for array in one.accumulated.values()]
        return sum({id(array): array.nbytes for array in arrays}.values())

    def skipped(self, captured: set[str]) -> list[tuple[str, str, str, int]]:
        """Name, kind, reason and calls: of every layer that is not captured, and of calls beyond the limit."""
        return [
            (name, tally.kind, self._reason(tally), tally.calls if name not in captured else tally.over)
            for name, tally in self.tallies.items()
            if name not in captured or tally.over
        ]

    def closest(self, name: str) -> str:
        """Which layers may have been meant."""
        return closest(name, list(self.tallies))

    def why_nothing(self, name: str | None) -> str:
        """Why a layer, or with None every one, was not captured; one sentence that says what to do."""
        if name is not None:
            return f"{name!r} {self._reason(self.tallies[name])}"
        tallies = list(self.tallies.values())
        if len(tallies) == 1:
            return self.why_nothing(next(iter(self.tallies)))
        whole = Tally("")
        for tally in tallies:
            for count in ("calls", "switched_off", "frozen", "unwanted", "short", "over"):
                setattr(whole, count, getattr(whole, count) + getattr(tally, count))
        if not tallies or not (whole.calls or self.compiled):
            return tr(
                "no layer was called inside the block; run the model and loss.backward() inside the with block "
                "(and without torch.compile)"
            )
        return f"{tr('the model')} {self._reason(whole)}"

    def _reason(self, tally: Tally) -> str:
        """Why nothing, or not everything, of a layer was captured: what follows its name in a sentence."""
        if tally.refused:
            return tally.refused
        if tally.over:
            return tr(
                "did not fit below the limit of {limit} bytes; give capture a larger limit=, or fewer "
                "layers=, last= passes or one sample=",
                limit=self.held.limit,
            )
        if not tally.calls and self.compiled:
            return tr(
                "was not called: hooks do not fire in a compiled model; capture it without torch.compile"
            )
        if not tally.calls:
            return tr(
                "was not called inside the block; run the model and loss.backward() inside the with block "
                "(and without torch.compile)"
            )
        if tally.calls == tally.switched_off + tally.frozen:
            return tr(
                "ran without gradients: nothing in it requires gradients; unfreeze its weight or its input"
                if not tally.switched_off
                else "ran without gradients: under torch.no_grad() or inference mode, or in the forward of a "
                "torch.autograd.Function, as torch.compile makes them; run the model and loss.backward() inside the with block, with gradients"
            )
        if tally.short:
            return tr("ran on batches that have no such sample; choose another sample=")
        if tally.unwanted:
            return tr("ran only for backward passes that when= does not choose")
        return tr(
            "ran but no backward pass reached it inside the block; call loss.backward() there, on a loss that "
            "depends on it"
        )


def closest(name: str, names: list[str]) -> str:
    """Which of the names may have been meant, or what there are; for a sentence."""
    if close := difflib.get_close_matches(name, names, n=3, cutoff=0.5):
        return f"did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"the conv layers are {shown}" if names else "the model has no conv layer"
