"""NaN hunting over captured layers: which layer, and which of its steps, made the first one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from convstep.conv.problem import Problem
from convstep.language import tr
from convstep.oracle.captured import CapturedLayer
from convstep.replay.nonfinite import FirstNonfinite, first_nonfinite
from convstep.view.nonfinite import first_words

NONE = "every gradient is finite: no NaN, no inf"
"""What is said where there is nothing to find."""


@dataclass(frozen=True, slots=True, eq=False)
class Hunted:
    """Where NaN and inf begin."""

    at: int
    """The layer, as an index into those that were searched."""
    problem: Problem
    """What its backward works on."""
    first: FirstNonfinite | None
    """The step; None where PyTorch's gradients hold one but the loop makes none."""
    forward: str
    """What of the forward pass held one already, in words; "" where nothing did."""

    def words(self, layer: CapturedLayer) -> str:
        """What was found, one sentence."""
        if self.first is None:
            return tr(
                "PyTorch's gradients of {layer} contain NaN or inf, but no step of the loop makes one in "
                "{dtype}: they overflowed in a narrower format, or a hook made them",
                layer=layer.name,
                dtype=self.problem.dtype,
            )
        found = f"{layer.name}: {first_words(self.first, self.problem.dtype)}"
        return tr("; ").join([found, self.forward] if self.forward else [found])


def suspects(layers: Sequence[CapturedLayer]) -> list[int]:
    """The layers with a gradient that is not finite, in the order in which they were computed.

    A backward pass goes from the last call to the first, so the first suspect is the nearest to the
    loss: gradients that are not finite spoil those of every layer before it.
    """
    order = sorted(range(len(layers)), key=lambda at: (layers[at].step, -layers[at].convolution.order))
    return [at for at in order if any(any(layers[at].nonfinite[n]) for n in ("dZ", *layers[at].gradients))]


def hunt(
    layers: Sequence[CapturedLayer], sample: int | None = None, leave: Callable[[], bool] = lambda: False
) -> Hunted | None:
    """The first step of the first layer that makes a NaN or inf.

    Args:
        layers: of one capture.
        sample: the sample to look at first; the whole batch otherwise, and where it has none.
        leave: asked now and then; when it says so the search ends with None.
    """
    found = suspects(layers)
    for at in found:
        layer = layers[at]
        alone = sample is not None and layer.samples is not None and -layer.samples <= sample < layer.samples
        for chosen in (sample, None) if alone else (None,):
            if leave():
                return None
            problem = layer.problem(chosen)
            first = first_nonfinite(problem, leave)
            if first is not None:
                return Hunted(at, problem, first, _forward(layers, layer, first))
    if not found or leave():
        return None
    return Hunted(found[0], layers[found[0]].problem(), None, "")


def _forward(layers: Sequence[CapturedLayer], hunted: CapturedLayer, first: FirstNonfinite) -> str:
    """Whether the forward pass is to blame: the first layer of it that read a NaN or inf."""
    if not first.came_with:
        return ""
    same_pass = [layer for layer in layers if layer.step == hunted.step]
    for layer in sorted(same_pass, key=lambda layer: layer.convolution.order):
        for name in ("A_prev", "W", "b"):
            if name in layer.nonfinite and any(layer.nonfinite[name]):
                return tr(
                    "the forward pass already had one, in {name} of {layer}", name=name, layer=layer.name
                )
    return ""
