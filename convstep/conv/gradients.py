"""The running gradients by name: which there are, and which cells they have."""

from __future__ import annotations

from convstep.conv.geometry import Geometry
from convstep.language import tr
from convstep.steps.cells import check_index

GRADIENTS = ("dW", "db", "dA_prev_pad")
"""Arrays whose cells a step writes."""


def gradient_shape(gradient: str, geometry: Geometry) -> tuple[int, ...]:
    """The shape of a gradient, as the public arrays have it."""
    if gradient == "dA_prev_pad":
        leading = () if geometry.batch is None else (geometry.batch,)
        return (*leading, *geometry.padded_shape)
    return geometry.kernel_shape if gradient == "dW" else geometry.kernel_shape[:1]


def check_cell(gradient: str, index: tuple[int, ...], geometry: Geometry, bias: bool) -> None:
    """Raise a ValueError, one sentence, for a cell that does not exist.

    Args:
        gradient: its array's name.
        index: the cell.
        geometry: the convolution.
        bias: whether there is a `db`.
    """
    if gradient not in GRADIENTS:
        raise ValueError(
            tr(
                "{gradient!r} cannot be watched; only {gradients} can",
                gradient=gradient,
                gradients=", ".join(GRADIENTS),
            )
        )
    if gradient == "db" and not bias:
        raise ValueError(tr("there is no db: the problem has no bias"))
    check_index(gradient, index, gradient_shape(gradient, geometry))
