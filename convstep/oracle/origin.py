"""Where the first NaN or inf of a captured run was born: forward first, and no more said than is known.

Calls are taken in the order in which they ran: nothing later spoilt an array. Two calls that follow each
other need not be connected, so no sentence says that they are.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from convstep.brief import COLUMNS, lines, quoted, told
from convstep.conv.problem import Problem
from convstep.conv.validation import ProblemError, cell_text
from convstep.language import tr
from convstep.oracle.capture_reasons import word
from convstep.oracle.captured_layer import CapturedLayer
from convstep.oracle.overflow import HALF, Overflow, first_overflow, format_of, output_sum
from convstep.printable import printable
from convstep.steps.cells import Array
from convstep.steps.number_text import short


def first_cell(layer: CapturedLayer, array: str) -> tuple[tuple[int, ...], str]:
    """The first cell that is not finite, and what stands there."""
    values = _values(layer, array)
    if values is None:  # of the output only the counts and the place are known
        counts = layer.Z_seen
        return counts.first or (), "inf" if not counts.nan else "NaN" if not counts.inf else "NaN or inf"
    cell = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    return cell, word(float(values[cell]))


def _values(layer: CapturedLayer, array: str) -> Array | None:
    """An array of a call by name; None for what is not kept."""
    if array in layer.gradients:
        return layer.gradients[array]
    found: Array | None = layer.dZ if array == "dZ" else getattr(layer.convolution, array)
    return found if isinstance(found, np.ndarray) else None


def met_at(layer: CapturedLayer, array: str, cell: tuple[int, ...]) -> int | None:
    """Just after the first step of the loop that meets a cell which it reads, or whose dZ it reads."""
    problem = problem_of(layer, cell[0] if array == "A_prev" and layer.samples is not None else None)
    if problem is None or not cell or array in layer.gradients:
        return None
    if array in ("W", "b"):
        return cell[0] + 1
    if array in ("Z", "dZ"):
        return int(np.ravel_multi_index(cell, layer.dZ.shape)) + 1
    row, column, channel = cell[-3:]
    (top, _), (left, _) = problem.geometry.padding
    steps = problem.geometry.steps_touching_padded(0, row + top, column + left, channel)
    before = cell[0] * problem.total_steps if layer.samples is not None else 0
    return before + steps[0] + 1 if steps else None


def problem_of(layer: CapturedLayer, sample: int | None = None) -> Problem | None:
    """What its backward worked on; None where that is nothing to step through, such as an empty batch."""
    try:
        return layer.problem(sample)
    except ProblemError:
        return None


def sum_words(layer: CapturedLayer) -> str:
    """Why the first cell of the output that is not finite is so, where its sum alone says it."""
    cell = layer.Z_seen.first
    problem = problem_of(layer, cell[0] if cell and layer.samples is not None else None)
    if problem is None or not cell:
        return ""
    value = output_sum(problem, cell[-3:])
    dtype = format_of(layer.convolution.eps)
    if not dtype.overflows(value):
        return ""
    said = "its sum is {value}, and {dtype} ends at {largest}"
    return tr(said, value=short(value, 3), dtype=dtype.name, largest=short(dtype.largest, 3))


def cast_words(layer: CapturedLayer, array: str) -> str:
    """What autocast may have to do with an inf that a layer is given."""
    dtype = format_of(layer.convolution.eps)
    if dtype.name not in ("float16", "bfloat16") or not layer.nonfinite[array].inf:
        return ""
    said = "in {dtype}, as it was convolved, all beyond {largest} is inf"
    return tr(said, dtype=dtype.name, largest=short(dtype.largest, 5))


def scaler_words(layer: CapturedLayer) -> str:
    """What may be meant to happen to gradients in float16."""
    return tr("a GradScaler would skip this step") if layer.convolution.eps == HALF else ""


Leave = Callable[[], bool]

Kind = Literal[
    "data",
    "upstream",
    "weight",
    "update",
    "forward",
    "between",
    "loss",
    "between backward",
    "backward",
    "shared",
]
"""In what comes in from outside; before the first captured layer; in W or b; in W or b since an earlier
call; in a layer's forward; between two layers of the forward; after the last layer; between two layers of
the backward; in a layer's backward; in a gradient of which this call's own share is not known."""

GROWN = 1000
"""How many times larger a weight has become where that is worth a word."""


@dataclass(frozen=True, slots=True, repr=False)
class Origin:
    """Where the first NaN or inf was born."""

    kind: Kind
    index: int
    """The call in which it is first seen, as an index into the layers."""
    layer: str
    call: int
    """Which of the layer's entries, from 0."""
    step: int
    """Which backward pass, from 0."""
    array: str
    """Where it stands: "A_prev", "W", "b", "Z", "dZ", "dW", "db" or "dA_prev"."""
    cell: tuple[int, ...]
    """The first such cell, channels last; of a gradient that overflows, the one that does so first."""
    position: int | None
    """Just after the first step of the backward loop that meets the cell, or that makes it overflow; None
    where no step does."""
    words: str
    """What is found and why, without the layer."""
    sentence: str
    """All of it in words."""

    def __repr__(self) -> str:
        names = ("kind", "call", "step", "array", "cell", "position")
        fields = [f"layer={quoted(self.layer)}", *(f"{name}={getattr(self, name)!r}" for name in names)]
        said = textwrap.wrap(printable(self.sentence), COLUMNS - 2)
        return told(*lines("Origin", fields).split("\n"), *said)


def origin_of(layers: Sequence[CapturedLayer], leave: Leave = lambda: False) -> Origin | None:
    """Where the first NaN or inf of a run was born; None if all of it is finite, or when `leave` says so."""
    run = _Run(layers, leave)
    return next(run.found(), None)


class _Run:
    """The calls in the order in which they ran, and what can be said of one that holds NaN or inf."""

    def __init__(self, layers: Sequence[CapturedLayer], leave: Leave) -> None:
        self._layers, self._leave = layers, leave
        self._order = sorted(
            range(len(layers)), key=lambda at: (layers[at].convolution.order, layers[at].step)
        )
        self._passes: dict[int, list[int]] = {}
        for at in self._order:
            self._passes.setdefault(layers[at].step, []).append(at)

    def found(self) -> Iterator[Origin]:
        """What is not finite, the first first; what comes after it may be its consequence."""
        forward = iter(self._order)
        at = next(forward, None)
        for _, reached in sorted(self._passes.items()):
            last = self._layers[reached[-1]].convolution.order
            while at is not None and self._layers[at].convolution.order <= last:
                yield from self._forward(at)  # it ran before this pass, whichever pass reached it
                at = next(forward, None)
            for each in reversed(reached):
                yield from self._backward(each)
            for each in reversed(reached):  # sums over several calls are complete at the end of the pass
                yield from self._shared(each)

    def _bad(self, at: int, *names: str) -> Iterator[str]:
        """Which of the arrays are not finite; none as soon as nobody wants to know."""
        for name in names:
            if not self._leave() and any(self._layers[at].nonfinite.get(name, ())):
                yield name

    def _forward(self, at: int) -> Iterator[Origin]:
        layer = self._layers[at]
        for name in self._bad(at, "W", "b"):
            yield self._in_parameter(at, name)
        for name in self._bad(at, "A_prev"):
            yield self._in_input(at, name)
        for name in self._bad(at, "Z"):
            why = tr(
                "made in this layer's forward: A_prev and W are finite"
                if layer.convolution.b is None
                else "made in this layer's forward: A_prev, W and b are finite"
            )
            yield self._origin("forward", at, name, why, sum_words(layer), self._growth(layer))

    def _in_input(self, at: int, name: str) -> Origin:
        layer = self._layers[at]
        before = [other for other in self._passes[layer.step] if self._earlier(other, layer)]
        differentiated = "dA_prev" in layer.gradients
        kind: Kind = ("between" if before else "upstream") if differentiated else "data"
        if before:
            why = tr(
                "made or brought in between the layers: the output of every captured one that ran before is "
                "finite, {layer}'s too"
                if differentiated
                else "probably in the data, as no dA_prev was computed here: the output of every captured "
                "one that ran before is finite, {layer}'s too",
                layer=self._who(before[-1]),
            )
        else:
            why = tr(
                "made before this layer, the first captured of its pass, or in the data"
                if differentiated
                else "in the data, or made before this layer, the first captured of its pass"
            )
        return self._origin(kind, at, name, why, cast_words(layer, name))

    def _in_parameter(self, at: int, name: str) -> Origin:
        layer = self._layers[at]
        earlier = [other for other in self._order if self._earlier(other, layer, of=layer.name)]
        known = any(each.convolution.parameters for each in self._layers)  # a saved run does not say
        if known and name not in layer.convolution.parameters and f"d{name}" in layer.gradients:
            why = tr("it is no parameter but computed: made there, or in what it is computed from")
            return self._origin("weight", at, name, why, cast_words(layer, name))
        if not earlier:
            why = tr("there already when this layer was first captured")
            return self._origin("weight", at, name, why, cast_words(layer, name))
        last = self._layers[earlier[-1]]
        said = (
            "changed since the previous call, perhaps by an optimizer's step: finite then, as is every "
            "gradient captured up to here"
            if last.step == layer.step
            else "changed since the call of backward pass {number}, perhaps by an optimizer's step: finite "
            "then, as is every gradient captured up to here"
        )
        return self._origin("update", at, name, tr(said, number=last.step), cast_words(layer, name))

    def _growth(self, layer: CapturedLayer) -> str:
        """When the weight became much larger, if it did between two backward passes."""
        calls = [self._layers[at] for at in self._order if self._earlier(at, layer, of=layer.name)] + [layer]
        sizes = [float(np.abs(call.convolution.W).max(initial=0)) for call in calls]
        jumps = [at for at in range(len(sizes) - 1) if 0 < GROWN * sizes[at] <= sizes[at + 1]]
        start = jumps[0] if jumps else 0
        if calls[start].step == layer.step or not 0 < GROWN * sizes[start] <= sizes[-1]:
            return ""
        said = (
            "since the call of backward pass {number} the largest |W| has grown from {then} to {now}, "
            "perhaps by an optimizer's step"
        )
        return tr(said, number=calls[start].step, then=short(sizes[start], 3), now=short(sizes[-1], 3))

    def _backward(self, at: int) -> Iterator[Origin]:
        layer = self._layers[at]
        for name in self._bad(at, "dZ"):
            after = [other for other in self._passes[layer.step] if self._earlier(at, self._layers[other])]
            why = (
                tr(
                    "made on the way back to this layer, in no captured one that ran after it: their dZ and "
                    "dA_prev are finite, {layer}'s too",
                    layer=self._who(after[0]),
                )
                if after
                else tr(
                    "from the loss, what backward() was given, or what lies between it and this layer, the "
                    "last captured of its pass, all of whose outputs are finite"
                )
            )
            yield self._origin("between backward" if after else "loss", at, name, why, scaler_words(layer))
        alone = [name for name in self._bad(at, "dW", "dA_prev", "db") if name in layer.compared]
        if alone:
            yield from self._in_backward(at, alone)

    def _in_backward(self, at: int, names: Sequence[str]) -> Iterator[Origin]:
        layer = self._layers[at]
        eps, problem = layer.convolution.eps, problem_of(layer)
        dtype = format_of(eps).name
        masks = {name: ~np.isfinite(layer.gradients[name]) for name in names}
        overflow = None if problem is None else first_overflow(problem, eps, masks, self._leave)
        if self._leave():
            return
        if overflow is None:
            why = tr(
                "made in this layer's backward, or by a hook on its gradient, or A_prev or W changed after "
                "the forward: dZ is finite, A_prev and W as the forward used them are, and with these no "
                "step of the loop overflows {dtype} there",
                dtype=dtype,
            )
            yield self._origin("backward", at, names[0], why, scaler_words(layer))
            return
        why = tr(
            "a product overflows {dtype} in this backward: dZ, A_prev and W are finite"
            if overflow.product
            else "the sum overflows {dtype} in this backward: dZ, A_prev and W are finite",
            dtype=dtype,
        )
        yield self._origin("backward", at, overflow.gradient, why, scaler_words(layer), overflow=overflow)

    def _shared(self, at: int) -> Iterator[Origin]:
        layer = self._layers[at]
        for name in self._bad(at, *(name for name in layer.gradients if name not in layer.compared)):
            why = tr(
                "the sum over all that uses {array}: it came with one of these uses, with adding them up, or "
                "from a hook"
                if layer.convolution.sample is None
                else "it belongs to the whole batch",
                array=name.removeprefix("d"),
            )
            yield self._origin("shared", at, name, why, scaler_words(layer))

    def _earlier(self, at: int, layer: CapturedLayer, of: str = "") -> bool:
        """Whether a call, of a certain layer or of any, ran before another one."""
        other = self._layers[at]
        return other.convolution.order < layer.convolution.order and of in ("", other.name)

    def _who(self, at: int) -> str:
        """The layer, and which call where there are several."""
        layer = self._layers[at]
        if sum(other.name == layer.name for other in self._layers) < 2:
            return printable(layer.name)
        return tr("{layer} call {number}", layer=printable(layer.name), number=layer.call)

    def _origin(self, kind: Kind, at: int, array: str, *why: str, overflow: Overflow | None = None) -> Origin:
        layer, who = self._layers[at], self._who(at)
        if any(other.step for other in self._layers):
            who = f"{who}, {tr('backward pass {number}', number=layer.step)}"
        if overflow is None:
            cell, value = first_cell(layer, array)
            position = met_at(layer, array, cell)
        else:
            cell, value, position = overflow.cell, word(overflow.value), overflow.position
        found = tr("first {value}: {cell}", value=value, cell=cell_text(array, cell) if cell else array)
        part = layer.convolution.sample
        kept = "" if part is None else tr("of every batch only sample {sample} was kept", sample=part)
        words = tr("; ").join([found, *filter(None, (*why, kept))])
        where = at, layer.name, layer.call, layer.step, array, cell, position
        return Origin(kind, *where, words, f"{who}: {words}")
