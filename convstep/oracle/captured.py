"""What was captured of a running model: every call that a backward pass reached, and what was skipped."""

from __future__ import annotations

import importlib
import operator
import os
import textwrap
from typing import TYPE_CHECKING

from convstep.brief import COLUMNS, picture, some, told
from convstep.conv.problem import Problem
from convstep.conv.validation import check_type
from convstep.language import tr
from convstep.oracle.capture_log import CaptureLog, Reached
from convstep.oracle.captured_layer import CapturedLayer as CapturedLayer
from convstep.oracle.captured_layer import CaptureError as CaptureError
from convstep.oracle.captured_layer import Skipped as Skipped
from convstep.printable import printable

if TYPE_CHECKING:
    from convstep.oracle.origin import Origin
    from convstep.oracle.run_file import Run


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
        opens = ".rows() is the table, .map() dZ on its way back; convstep.debug(…) opens the list"
        return told(found, some(names), missing, opens)

    _repr_html_ = picture

    def rows(self) -> list[dict[str, str | int | float | None]]:
        """A table: one dict for each of `layers`, as `pandas.DataFrame` and `csv.DictWriter` take them.

        All have the same keys: "name", "call", "step"; shapes as text ("A_prev", "W", "b", "dZ"); "stride",
        "padding", "dilation", "groups"; "steps" of the loop; Euclidean norms ("|dZ|", "|dW|", "|db|",
        "|dA_prev|"); the root mean square of dZ ("RMS dZ"), "|dW|/|W|", and in which place, from 0, the
        backward pass "reached" it; and how many "nan" and "inf" all of its arrays hold together, its
        output included.
        What there is not is None.
        """
        return [layer.row() for layer in self.layers]

    def map(self, step: int | None = None) -> str:
        """One backward pass as text: how large dZ was at each layer, from the loss back to the input.

            print(captured.map())

        A row for each call, in the order in which the backward pass reached them: the root mean square of
        dZ, its ratio to the call that was reached first, the ratio as a bar on a log scale, and |dW|/|W|.

        Args:
            step: which backward pass inside the block, from 0; negative counts from the last, which is
                the default.

        Raises:
            CaptureError: nothing was captured, or there is no such pass; the sentence says what to do.
        """
        layers, step = self.layers, -1 if step is None else operator.index(step)
        if not layers:
            self.layer()  # says why there is none
        passes = sorted({layer.step for layer in layers})
        wanted = passes[step] if -len(passes) <= step < 0 else step
        if wanted not in passes:
            said = tr(
                "backward pass {step} was not captured; those that were: {passes}",
                step=step,
                passes=", ".join(map(str, passes[:5])) + (", …" if len(passes) > 5 else ""),
            )
            raise CaptureError(said)
        # by its name, as `picture`: who draws stands above, and arrows point down
        drawn: str = importlib.import_module("convstep.view.panels.layer_map").map_text(
            layers, self.skipped, wanted
        )
        return drawn

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
            said = (
                "call {call} of {layer!r} does not exist; it was captured once, as call 0"
                if len(calls) == 1
                else "call {call} of {layer!r} does not exist; it was captured {count} times, "
                "calls 0 to {last}"
            )
            raise CaptureError(tr(said, call=call, layer=name, count=len(calls), last=len(calls) - 1))
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
                said = (
                    "layer {layer} does not exist; the layers captured are 0 to {last}"
                    if names
                    else "layer {layer} does not exist; no layer was captured"
                )
                raise CaptureError(tr(said, layer=layer, last=len(names) - 1))
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


def _layers(reached: list[Reached], by: str) -> list[CapturedLayer]:
    """The log's entries, numbered by layer."""
    numbers: dict[str, int] = {}
    passes = {id(entry.backward): entry.backward for entry in reached}.values()
    came_by = {id(entry): at for one in passes for at, entry in enumerate(one.reached.values())}
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
                came_by[id(entry)],
            )
        )
    return layers
