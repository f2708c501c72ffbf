"""One captured call of a layer: its arrays, the gradients it really got, and what was left out and why."""

from __future__ import annotations

import functools
import math
import operator
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convstep.brief import COLUMNS, LINES, MORE, lines, quoted, told
from convstep.conv.problem import Problem
from convstep.conv.recorded import NAMES, Recorded
from convstep.conv.step import quiet
from convstep.conv.validation import pair_text, table_columns
from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.oracle.capture_log import Convolution, Seen
from convstep.printable import SENTENCE, SentenceError, printable
from convstep.steps.cells import Array

LEAST_SQUARES = 1e-280
"""Below this a sum of squares in float64 has lost digits, or all of them."""


class CaptureError(SentenceError, ValueError):
    """Nothing can be captured, or what is asked for was not; one sentence that says what to do."""


class Nonfinite(NamedTuple):
    """How many cells of an array are NaN or infinite."""

    nan: int
    inf: int


class Skipped(NamedTuple):
    """A convolution that is in the model, or ran, but is not among the captured layers."""

    name: str
    """As a captured layer's: `stem.conv` or `block.attn F.conv2d #2`."""
    kind: str
    """The class of the module, or the function: `ConvTranspose2d`, `F.conv3d`."""
    reason: str
    """What follows the name in a sentence: `was not called inside the block; run …`."""
    calls: int
    """How often it ran inside the block, as far as that is seen: not inside of what torch.jit or
    torch.compile has made. Of a layer that is captured, how many of its calls are not, for this reason."""

    def __repr__(self) -> str:
        head = f"Skipped(name={quoted(self.name)}, kind={quoted(self.kind)}, calls={self.calls})"
        reason = printable(self.reason, SENTENCE)
        width = (COLUMNS - 2) // (1 if reason.isascii() else 2)  # a Chinese letter takes two columns
        return told(head, *textwrap.wrap(reason, width, max_lines=LINES - 1, placeholder=f" {MORE}"))


@dataclass(frozen=True, eq=False)
class CapturedLayer:
    """One call of one layer, and what one backward pass brought it."""

    name: str
    """Dotted, as `model.named_modules()` has it; the class's name for a module captured by itself."""
    call: int
    """Which of the layer's entries this is, from 0, in the order of the forward passes."""
    step: int
    """Which backward pass inside the block, from 0."""
    convolution: Convolution
    """What the forward pass convolved: `A_prev`, `W`, `b` and the geometry."""
    dZ: Array
    """The upstream gradient, `(N, H_out, W_out, C_out)`, or without `N`."""
    gradients: Mapping[str, Array]
    """What PyTorch computed, by name, those that it did: "dW" and "db" as accumulated in `.grad` by
    this backward pass, "dA_prev" of this call."""
    compared: frozenset[str]
    """The names of the gradients that are this call's alone."""
    shared_by: int
    """How many calls of this backward pass used the same weight; `dW` and `db` belong to all of them."""
    by: str
    """Who computed them: "PyTorch 2.13.0 during training"."""
    reached: int | None = None
    """Its place, from 0, in the order in which the backward pass came by; None where a file does not say."""

    def __repr__(self) -> str:
        row = self._table_columns
        which = [quoted(self.name), f"call={self.call}", f"step={self.step}"]
        shapes = [f"{name} {row.pop(name)}" for name in self.shapes]
        geometry = [f"{name}={value}" for name, value in row.items() if value is not None]
        return lines("CapturedLayer", [*which, *shapes, *geometry])

    @property
    def samples(self) -> int | None:
        """How many samples the batch has; None without a batch axis."""
        A_prev = self.convolution.A_prev
        return A_prev.shape[0] if A_prev.ndim == 4 else None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """By name, channels last: `A_prev`, `W`, `b` if there is one, and `dZ`."""
        return {n: array.shape for n, array in self._arrays.items() if n not in NAMES}

    @functools.cached_property
    def gradient_norms(self) -> dict[str, float]:
        """The Euclidean norm of `dZ` and of each gradient, in float64; NaN or inf where one holds it."""
        return {name: _root(values, 1) for name, values in {"dZ": self.dZ, **self.gradients}.items()}

    @functools.cached_property
    def dZ_rms(self) -> float:
        """The root mean square of `dZ`: how large a cell of it is, whatever the layer's size; NaN or inf."""
        return _root(self.dZ, self.dZ.size)

    @functools.cached_property
    def dW_ratio(self) -> float | None:
        """The Euclidean norm of `dW` over that of `W`; None without a `dW`, or where `W` is zero."""
        if "dW" not in self.gradients:
            return None
        size = _root(self.convolution.W, 1)
        return _root(self.gradients["dW"], 1) / size if size else None

    @functools.cached_property
    def nonfinite(self) -> dict[str, Nonfinite]:
        """NaN and inf by array: `A_prev`, `W`, `b`, the output `Z`, `dZ` and the gradients there are."""
        found = {
            name: Nonfinite(0, 0)
            if np.isfinite(values).all()
            else Nonfinite(int(np.isnan(values).sum()), int(np.isinf(values).sum()))
            for name, values in self._arrays.items()
        }
        upstream = list(found).index("dZ")  # in the order in which they come to be
        forward, backward = list(found.items())[:upstream], list(found.items())[upstream:]
        return dict([*forward, ("Z", Nonfinite(self.Z_seen.nan, self.Z_seen.inf)), *backward])

    @property
    def Z_seen(self) -> Seen:
        """The NaN and inf of the output, which is not kept itself."""
        return self.convolution.Z

    def row(self) -> dict[str, str | int | float | None]:
        """The layer as a row of `Captured.rows`."""
        Z, seen = self.Z_seen, self.nonfinite.values()
        return {
            "name": self.name,
            "call": self.call,
            "step": self.step,
            **self._table_columns,
            "steps": self.dZ.size,
            **{f"|{name}|": self.gradient_norms.get(name) for name in ("dZ", *NAMES)},
            "RMS dZ": self.dZ_rms,
            "|dW|/|W|": self.dW_ratio,
            "reached": self.reached,
            "nan": Z.nan + sum(counts.nan for counts in seen),
            "inf": Z.inf + sum(counts.inf for counts in seen),
        }

    @property
    def note(self) -> str:
        """Why a gradient is not compared, one sentence; empty when all that there are, are."""
        kept = [name for name in self.gradients if name not in self.compared]
        if not kept:
            return ""
        names, one = " and ".join(kept), self.convolution
        if one.batch not in (None, 1):
            return (
                f"{names} {'belongs' if len(kept) == 1 else 'belong'} to all {one.batch} samples of the "
                f"batch, of which sample {one.sample} was kept; not compared"
            )
        if self.shared_by > 1:
            verbs = ("was", "it belongs", "is") if len(kept) == 1 else ("were", "they belong", "are")
            return (
                f"{names} {verbs[0]} accumulated over {self.shared_by} calls with the same weight in one "
                f"backward pass; {verbs[1]} to all of them and {verbs[2]} not compared"
            )
        return (
            f"{names} got more than this call's share: the parameter is used elsewhere too, or a hook "
            "changes its gradient; not compared"
        )

    def problem(self, sample: int | None = None) -> Problem:
        """What this call's backward worked on, with PyTorch's gradients recorded in it.

        Args:
            sample: one sample of the batch alone, without a batch axis, from 0 (or from the end when
                negative); its only recorded gradient is `dA_prev`, the others belong to the batch.
                None takes the whole batch.

        Raises:
            CaptureError: there is no such sample.
        """
        convolution, dZ = self.convolution, self.dZ
        A_prev = convolution.A_prev
        recorded = {name: self.gradients[name] for name in NAMES if name in self.compared}
        if sample is not None:
            index = self._index(sample)
            if self.samples is not None:
                A_prev, dZ = A_prev[index], dZ[index]
                recorded = {
                    name: values[index] if name == "dA_prev" else values
                    for name, values in recorded.items()
                    if name == "dA_prev" or self.samples == 1
                }
        problem = Problem(
            A_prev,
            convolution.W,
            convolution.b,
            dZ,
            convolution.stride,
            convolution.padding,
            convolution.dilation,
            convolution.groups,
        )
        return problem.with_recorded(Recorded(self.by, recorded, convolution.eps) if recorded else None)

    def _index(self, sample: int) -> int:
        samples, sample, only = self.samples or 1, operator.index(sample), self.convolution.sample
        if only is not None:
            if sample not in (only, only - (self.convolution.batch or 1)):
                said = "sample {sample} of {layer!r} was not kept; capture kept sample {only}"
                raise CaptureError(tr(said, sample=sample, layer=self.name, only=only))
            return 0
        if not -samples <= sample < samples:
            said = (
                "sample {sample} does not exist; {layer!r} was called with samples 0 to {last}"
                if samples > 1
                else "sample {sample} does not exist; {layer!r} was called with sample 0 only"
            )
            raise CaptureError(tr(said, sample=sample, layer=self.name, last=samples - 1))
        return sample

    @property
    def _table_columns(self) -> dict[str, str | int | None]:
        c = self.convolution
        shapes = {name: self.shapes.get(name) for name in ("A_prev", "W", "b", "dZ")}
        padding = c.padding if isinstance(c.padding, str) else pair_text(c.padding)
        return table_columns(shapes, c.stride, padding, c.dilation, c.groups)

    @functools.cached_property
    def _arrays(self) -> dict[str, Array]:
        inputs = {"A_prev": self.convolution.A_prev, "W": self.convolution.W, "b": self.convolution.b}
        held = {name: values for name, values in inputs.items() if values is not None}
        return {**held, "dZ": self.dZ, **self.gradients}


def _root(values: Array, cells: int) -> float:
    """The root of the sum of squares over a number of cells, in float64; NaN or inf where one is held."""
    with quiet():
        flat = values.astype(np.float64).ravel()
        squares = float(flat @ flat)
        if LEAST_SQUARES < squares < math.inf:
            return math.sqrt(squares / cells)
        largest = float(np.abs(flat).max(initial=0.0))
        if not 0 < largest < math.inf:
            return largest
        flat /= largest  # what is not zero has squares that are
        return largest * math.sqrt(float(flat @ flat) / cells)
