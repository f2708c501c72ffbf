"""The notebook of a capture: calls as they happen, backward passes as they reach them. NumPy only."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

import numpy as np

from convstep.brief import brief
from convstep.conv.geometry import Pair
from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.oracle.capture_reasons import Tally, closest, missing, reason_of
from convstep.steps.cells import Array

PARAMETERS = {"dW": "W", "db": "b"}
"""The gradients that are accumulated in a parameter, and the parameter."""


class Seen(NamedTuple):
    """What is kept of an array that is looked at and let go: its NaN and inf."""

    nan: int
    inf: int
    first: tuple[int, ...] | None
    """The first such cell in memory order, channels last; None where all are finite."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """One call in the forward pass, as it was convolved; the arrays are copies."""

    name: str
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
    parameters: set[int] = field(default_factory=set)
    """The tensors that accumulate a gradient and are used by the calls that it went through."""
    dropped: bool = False
    """Whether it was let go: later ones took its place."""

    __repr__ = brief


@dataclass(eq=False)
class Reached:
    """One call that a backward pass went through."""

    convolution: Convolution
    backward: BackwardPass
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


class Held:
    """The bytes of what is kept and of what is still to come for it; they go when their owner goes."""

    def __init__(self, limit: int | None) -> None:
        """Nothing is held yet; there is room for `limit` bytes, None for no bound."""
        self.limit = limit
        self.bytes = 0
        self._sizes: dict[int, int] = {}

    def of(self, owner: object) -> int:
        """What one owner holds."""
        return self._sizes.get(id(owner), 0)

    def take(self, owner: object, size: int) -> None:
        """Count them for as long as the owner lives."""
        self.bytes += size
        if id(owner) not in self._sizes:
            self._sizes[id(owner)] = 0
            weakref.finalize(owner, self._give_back, id(owner)).atexit = False
        self._sizes[id(owner)] += size

    def _give_back(self, owner: int) -> None:
        self.bytes -= self._sizes.pop(owner)


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
        sample: int | None = None,
        limit: int | None = None,
    ) -> None:
        """Begin with the layers watched, the reasons of those refused, who computes gradients, and classes.

        For `last`, `sample` and `limit` see `Options`.
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
        self.first_bad = ""
        """The first call of whose output it is known that it is not finite, in words; empty for none."""
        self._last, self._sample = last, sample
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

    def under_way(self, task: int) -> BackwardPass | None:
        """The backward pass with this number of PyTorch's, if it has reached anything."""
        return self._tasks.get(task)

    def reach(self, entry: Reached) -> None:
        """Keep a call that a backward pass went through, and let the oldest pass go for it."""
        backward = entry.backward
        if backward.dropped:
            return
        if not backward.reached:
            self._kept.append(backward)
        backward.reached[entry.convolution.order] = entry
        backward.parameters.update(entry.convolution.parameters.values())
        while self._last is not None and len(self._kept) > self._last:
            oldest = self._kept.pop(0)
            oldest.dropped = True
            oldest.reached.clear()
            oldest.parameters.clear()
            oldest.accumulated.clear()

    def has_room(self, size: int, backward: BackwardPass | None = None) -> bool:
        """Whether so many bytes more may be kept for a pass, or one to come, if the oldest goes for it."""
        held = self.held
        if held.limit is None or held.bytes + size <= held.limit:
            return True
        if self._last is None or len(self._kept) < self._last or backward in self._kept:
            return False
        oldest, *others = self._kept
        stay = {id(entry.convolution) for one in others for entry in one.reached.values()}
        go = {id(entry.convolution): entry.convolution for entry in oldest.reached.values()}
        freed = sum(held.of(convolution) for key, convolution in go.items() if key not in stay)
        freed += sum(held.of(array) for array in oldest.accumulated.values())
        return held.bytes - freed + size <= held.limit

    @property
    def less(self) -> str:
        """The arguments of `capture` that would let it keep less than they do now."""
        possible = {
            "layers=": len(self.tallies) > 1,
            "last=": self._last != 1,
            "when=": self._last != 1,
            "sample=": self._sample is None,
        }
        return tr(" or ").join(name for name, there in possible.items() if there)

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
        """Name, kind, reason and calls: of layers that are not captured, and of calls of those that are."""
        return [
            (name, tally.kind, reason, calls)
            for name, tally in self.tallies.items()
            for reason, calls in (
                missing(tally, self._beyond) if name in captured else [(self._reason(tally), tally.calls)]
            )
            if calls or name not in captured
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
            for count, value in vars(tally).items():
                if isinstance(value, int):
                    setattr(whole, count, getattr(whole, count) + value)
        if not tallies or not (whole.calls or self.compiled):
            return tr(
                "no layer was called inside the block; run the model and loss.backward() inside the with "
                "block (and without torch.compile)"
            )
        return f"{tr('the model')} {self._reason(whole)}"

    def _reason(self, tally: Tally) -> str:
        return reason_of(tally, self._beyond, compiled=self.compiled)

    @property
    def _beyond(self) -> str:
        return (
            tr(
                "did not fit below the limit of {limit} bytes; give capture a larger limit=, or let it keep "
                "less by {less}",
                limit=self.held.limit,
                less=less,
            )
            if (less := self.less)
            else tr(
                "did not fit below the limit of {limit} bytes; give capture a larger limit=",
                limit=self.held.limit,
            )
        )
