"""What stops, places and conditions may name in a backward pass, and in a forward pass."""

from __future__ import annotations

from convstep.conv.geometry import Geometry, StepIndex
from convstep.language import tr
from convstep.steps.layout import Layout, Part

GRADIENTS = ("dW", "dA_prev_pad", "db")
"""The arrays that steps write, in the order of a step's additions."""
EXAMPLE = "abs(dz) > 0.1 and i_c == 2"
"""A condition, shown to whoever typed something else."""
FORWARD_EXAMPLE = "abs(Z) > 0.1 and i_c == 2"
"""The same in a forward pass."""


def layout(geometry: Geometry, bias: bool = True) -> Layout:
    """The loops of a backward pass, the cells it writes, with a bias `db` too, and their names."""
    batch = geometry.lead
    none, cells, padded = (0,) * len(batch), geometry.kernel_shape[1:], (*batch, *geometry.padded_shape)
    (top, _), (left, _) = geometry.padding
    absent = {} if bias else {"db": tr("there is no db: the problem has no bias")}
    written = {"dW": geometry.kernel_shape, "dA_prev_pad": padded, "db": geometry.kernel_shape[:1]}
    nest = geometry.nest
    one_number = ("step", "position", *nest.names, "dz", "db")
    return Layout(
        nest,
        {name: shape for name, shape in written.items() if name not in absent},
        geometry.steps_touching,
        {**dict.fromkeys(one_number, ()), **dict.fromkeys(("x", "w", "dW", "dA"), cells), **absent},
        EXAMPLE,
        short={"dA": "dA_prev_pad"},
        parts={"dA_prev": Part("dA_prev_pad", (*batch, *geometry.input_shape), (*none, top, left, 0))},
        absent=absent,
    )


def forward_layout(geometry: Geometry, bias: bool = True) -> Layout:
    """The loops of a forward pass, the cells of `Z`, each of which one step writes, and their names."""
    batch = geometry.lead
    nest, cells = geometry.nest, geometry.kernel_shape[1:]
    absent = {} if bias else {"b": tr("there is no b: the problem has no bias")}
    one_number = ("step", "position", *nest.names, "b", "Z")
    return Layout(
        nest,
        {"Z": (*batch, *geometry.output_shape)},
        lambda _, cell: range(step := geometry.step_at(StepIndex(*(0,) * (4 - len(cell)), *cell)), step + 1),
        {**dict.fromkeys(one_number, ()), **dict.fromkeys(("x", "w"), cells), **absent},
        FORWARD_EXAMPLE,
    )
