"""What was captured of a running model: the arrays of each call, and the gradients it really got."""

from __future__ import annotations

import functools
import operator
import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convstep.brief import COLUMNS, LINES, MORE, lines, picture, quoted, some, told
from convstep.conv.problem import Problem
from convstep.conv.recorded import NAMES, Recorded
from convstep.conv.step import quiet
from convstep.conv.validation import check_type, pair_text, table_columns
from convstep.language import tr
from convstep.oracle.capture_log import CaptureLog, Convolution, Reached, Seen
from convstep.printable import SENTENCE, SentenceError, printable

if TYPE_CHECKING:
    from convstep.oracle.origin import Origin
    from convstep.oracle.run_file import Run

Array = npt.NDArray[Any]


class CaptureError(SentenceError, ValueError):
    """Nothing can be captured, or what is asked for was not; one sentence that says what to do."""


class Nonfinite(NamedTuple):
    """How many cells of an array are NaN or infinite."""

    nan: int
    """Cells that are NaN."""
    inf: int
    """Cells that are inf or -inf."""


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
        """Its name, and all of the reason below it."""
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

    def __repr__(self) -> str:
        """What and when, not the numbers."""
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
        with quiet():
            return {name: _norm(values) for name, values in {"dZ": self.dZ, **self.gradients}.items()}

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
                raise CaptureError(
                    tr(
                        "sample {sample} of {layer!r} was not kept; capture kept sample {only}",
                        sample=sample,
                        layer=self.name,
                        only=only,
                    )
                )
            return 0
        if not -samples <= sample < samples:
            raise CaptureError(
                tr(
                    "sample {sample} does not exist; {layer!r} was called with samples 0 to {last}"
                    if samples > 1
                    else "sample {sample} does not exist; {layer!r} was called with sample 0 only",
                    sample=sample,
                    layer=self.name,
                    last=samples - 1,
                )
            )
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


class Captured:
    """What a `capture` block has seen so far; NumPy arrays only, nothing of the model."""

    def __init__(self, log: CaptureLog) -> None:
        """Read from a log, which may still be written to."""
        self._log = log
        self._final: list[CapturedLayer] | None = None
        self._run: Run | None = None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Captured:
        """What `save` has written; torch is not needed for that.

        Raises:
            ProblemError: the file is missing, damaged or holds no run; one sentence.
        """
        from convstep.oracle.run_file import load

        run = load(path)
        names = list(dict.fromkeys(layer.name for layer in run.layers))
        loaded = cls(CaptureLog(names, {name: reason for name, _, reason, _ in run.skipped}, run.by))
        loaded._log.closed = True
        loaded._run, loaded._final = run, list(run.layers)
        return loaded

    def __repr__(self) -> str:
        """How much there is, and what to do with it."""
        # while the block is open, `layers` would compare arrays
        held = self._final if self._final is not None else self._log.reached()
        calls = [one.name if isinstance(one, CapturedLayer) else one.convolution.name for one in held]
        names = list(dict.fromkeys(calls))
        skipped = self.skipped if self._log.closed else []
        closed = [one.name for one in skipped if one.name not in names]
        left = some(closed, 2)
        found = f"Captured({len(calls)} calls of {len(names)} layers)"
        missing = f"not opened: {left}; .skipped says why" if left else ""
        if len(closed) < len(skipped):
            partly = dict.fromkeys(one.name for one in skipped if one.name in names)
            more = f"not every call of {some(partly, 2)}"
            missing = (
                f"not opened: {left}, and {more}; .skipped says why" if left else f"{more}; .skipped says why"
            )
        if not calls:
            return told(found, missing, *textwrap.wrap(printable(self.why_nothing), COLUMNS - 2))
        opens = ".rows() is the table, .problem(layer=…) one layer; convstep.debug(…) opens the list"
        return told(found, some(names), missing, opens)

    _repr_html_ = picture

    def rows(self) -> list[dict[str, str | int | float | None]]:
        """A table: one dict for each of `layers`, as `pandas.DataFrame` and `csv.DictWriter` take them.

        All have the same keys: "name", "call", "step"; shapes as text ("A_prev", "W", "b", "dZ"); "stride",
        "padding", "dilation", "groups"; "steps" of the loop; Euclidean norms ("|dZ|", "|dW|", "|db|",
        "|dA_prev|"); and how many "nan" and "inf" all of its arrays hold together, its output included.
        What there is not is None.
        """
        return [layer.row() for layer in self.layers]

    @property
    def why_nothing(self) -> str:
        """Where nothing was captured, why, and what to do; one sentence."""
        return self._log.why_nothing(None)

    @property
    def layers(self) -> list[CapturedLayer]:
        """One for each call that a backward pass reached, in the order of the forward passes.

        A call that two backward passes went through stands there twice.
        """
        if self._final is not None:
            return list(self._final)
        layers = _layers(self._log.reached(), self._log.by)
        if self._log.closed:
            self._final = layers
        return list(layers)

    @property
    def skipped(self) -> list[Skipped]:
        """What was not captured, each with the reason; empty when nothing is missing.

        A layer that is captured stands here with those of its calls that are not, once for each reason:
        without gradients, such as for an evaluation; reached by no backward pass; beyond the limit. What
        `last=` lets go and what ran for passes that `when=` does not choose was not asked for, and is not
        listed.
        """
        if self._run is not None:
            return list(self._run.skipped)
        captured = set(self.names)
        return [Skipped(*row) for row in self._log.skipped(captured)]

    @property
    def memory(self) -> int:
        """The bytes that the captured arrays take."""
        return self._log.memory if self._run is None else self._run.size

    @property
    def names(self) -> list[str]:
        """The captured layers, each once, in the order in which they were first called."""
        return list(dict.fromkeys(layer.name for layer in self.layers))

    def layer(self, layer: str | int | None = None, call: int = -1) -> CapturedLayer:
        """One call of one layer.

        Args:
            layer: its dotted name, or its place in `names`; may be left out if there is only one.
            call: which of its entries in `layers`, from 0; negative counts from the last.

        Raises:
            CaptureError: it was not captured; the sentence says what to do.
        """
        name = self._name(layer)
        calls = [found for found in self.layers if found.name == name]
        if not calls:
            raise CaptureError(self._log.why_nothing(name))
        call = operator.index(call)
        if not -len(calls) <= call < len(calls):
            raise CaptureError(
                tr(
                    "call {call} of {layer!r} does not exist; it was captured once, as call 0"
                    if len(calls) == 1
                    else "call {call} of {layer!r} does not exist; it was captured {count} times, "
                    "calls 0 to {last}",
                    call=call,
                    layer=name,
                    count=len(calls),
                    last=len(calls) - 1,
                )
            )
        return calls[call]

    def first_nonfinite(self) -> Origin | None:
        """Where the first NaN or inf was born: in which layer and array, at which cell, and how.

        None when all that was captured is finite; its `sentence` says all of it otherwise.

        Raises:
            CaptureError: nothing was captured; if a forward still had an output that is not finite, the
                sentence says so.
        """
        from convstep.oracle.origin import origin_of

        layers = self.layers
        if not layers:
            try:
                self.layer()  # says why there is none
            except CaptureError as error:
                if bad := self._log.first_bad:
                    raise CaptureError(f"{error}; {bad}") from None
                raise
        return origin_of(layers)

    def problem(self, sample: int | None = None, layer: str | int | None = None, call: int = -1) -> Problem:
        """The problem behind one call of one layer.

        Args:
            sample: one sample alone, without a batch axis; None is the whole batch.
            layer: its dotted name, or its place in `names`; may be left out if there is only one.
            call: which of its entries in `layers`; the last by default.

        Raises:
            CaptureError: it was not captured; the sentence says what to do.
        """
        return self.layer(layer, call).problem(sample)

    def save(
        self,
        path: str | os.PathLike[str],
        sample: int | None = None,
        layer: str | int | None = None,
        call: int | None = None,
    ) -> None:
        """Write all that was captured, or one problem of it, as a `.npz` that `convstep open` opens.

        With a path alone it is everything: every call with its gradients and what was seen of its
        output, and what was skipped; `Captured.load` reads it. If that is a single call, the file is a
        problem too, for `Problem.load`. With a sample, a layer or a call it is one problem; see `problem`.

        Raises:
            CaptureError: it was not captured, the name says another format, or it is more than a file holds.
            OSError: the file cannot be written.
        """
        ending = os.path.splitext(path)[1].lower()
        if ending in (".pt", ".pth", ".safetensors"):
            raise CaptureError(
                f"a captured problem is saved as .npz, not as {ending}; give the file that ending"
            )
        if sample is not None or layer is not None or call is not None:
            self.problem(sample, layer, -1 if call is None else call).save(path)
            return
        from convstep.oracle.run_file import Run, save

        layers = self.layers
        if not layers:
            self.layer()  # says why there is none
        save(Run(layers, self._log.by, self.skipped), path)

    def _name(self, layer: str | int | None) -> str:
        names = self.names
        if layer is not None:
            check_type("layer", layer, str, int)
        if isinstance(layer, int):
            if not -len(names) <= layer < len(names):
                raise CaptureError(
                    tr(
                        "layer {layer} does not exist; the layers captured are 0 to {last}"
                        if names
                        else "layer {layer} does not exist; no layer was captured",
                        layer=layer,
                        last=len(names) - 1,
                    )
                )
            return names[layer]
        known = list(self._log.tallies)
        if layer is None:
            if len(names) > 1:
                shown = ", ".join(repr(name) for name in names[:5]) + (", …" if len(names) > 5 else "")
                raise CaptureError(f"{len(names)} layers were captured; name one with layer=: {shown}")
            if not names and len(known) != 1:
                raise CaptureError(self._log.why_nothing(None))
            return names[0] if names else known[0]
        if layer not in known:
            raise CaptureError(f"{layer!r} is not among the layers to capture; {self._log.closest(layer)}")
        return layer


def _norm(values: Array) -> float:
    flat = values.astype(np.float64).ravel()
    return float(np.sqrt(flat @ flat))


def _layers(reached: list[Reached], by: str) -> list[CapturedLayer]:
    """The log's entries, numbered by layer."""
    numbers: dict[str, int] = {}
    layers = []
    for entry in reached:
        name = entry.convolution.name
        numbers[name] = numbers.get(name, -1) + 1
        gradients, compared = entry.gradients()
        layers.append(
            CapturedLayer(
                name,
                numbers[name],
                entry.backward.number,
                entry.convolution,
                entry.dZ,
                gradients,
                frozenset(compared),
                entry.shared_by,
                by,
            )
        )
    return layers
