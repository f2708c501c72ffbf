from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from convstep.conv.step import quiet
from convstep.conv.timeline import Timeline
from convstep.oracle.capture_log import Seen
from convstep.oracle.captured import CapturedLayer
from convstep.oracle.origin import origin_of
from convstep.view.panels.nonfinite import Spot, spot_of_origin
from tests.captures import small


def spoilt(layer: CapturedLayer, array: str, cell: tuple[int, ...]) -> CapturedLayer:
    """The layer with a NaN in one cell; the loop that is stepped through has it as well."""
    if array == "Z":
        return replace(layer, convolution=replace(layer.convolution, Z=Seen(1, 0, cell)))
    held: Any = layer if array == "dZ" else layer.convolution
    values = np.array(layer.gradients[array] if array in layer.gradients else getattr(held, array))
    values[cell] = np.nan
    if array in layer.gradients:
        return replace(layer, gradients={**layer.gradients, array: values})
    if array == "dZ":
        return replace(layer, dZ=values)
    changes: dict[str, Any] = {array: values}
    return replace(layer, convolution=replace(layer.convolution, **changes))


@pytest.mark.parametrize("sample", [None, 0, 1, -1])
@pytest.mark.parametrize(
    ("array", "cell", "shown", "there"),
    [
        ("A_prev", (1, 3, 4, 1), "A_prev_pad", (1, 4, 5, 1)),
        ("W", (2, 1, 0, 1), "W", (2, 1, 0, 1)),
        ("b", (3,), "b", (3,)),
        ("Z", (1, 2, 3, 1), "dZ", (1, 2, 3, 1)),
        ("dZ", (1, 2, 3, 1), "dZ", (1, 2, 3, 1)),
        ("dW", (2, 1, 0, 1), "dW", (2, 1, 0, 1)),
        ("db", (3,), "db", (3,)),
    ],
)
def test_the_spot_is_where_a_step_meets_the_cell(
    sample: int | None, array: str, cell: tuple[int, ...], shown: str, there: tuple[int, ...]
) -> None:
    layer = spoilt(small().layers[0], array, cell)
    found = origin_of([layer])
    assert found is not None
    assert (found.array, found.cell) == (array, cell)
    problem, spot = spot_of_origin(found, layer, sample)
    alone = sample is not None and (array in ("W", "b") or (len(cell) == 4 and array != "dW" and sample != 0))
    assert (problem.geometry.batch is None) == alone
    here = there[1:] if alone and len(there) == 4 and array != "W" else there
    assert spot == Spot(spot.position, shown, here, found.words)
    timeline = Timeline(problem)
    with quiet():
        timeline.seek(spot.position)
    step = timeline.step
    if shown == "dZ":
        assert problem.geometry.place_of(step.index) == here
    elif shown == "A_prev_pad":
        assert np.isnan(step.input_slice).any()
    else:
        assert step.i_c == cell[0]
    if array in layer.gradients:
        assert spot.position > timeline.total - layer.dZ.shape[-1], "the last step that writes it"


def test_a_cell_of_dA_prev_that_no_step_spoils_is_shown_complete() -> None:
    layer = spoilt(small().layers[1], "dA_prev", (1, 3, 4, 1))
    found = origin_of([layer])
    assert found is not None
    for sample in (None, 1):
        problem, spot = spot_of_origin(found, layer, sample)
        assert spot.array == "dA_prev_pad"
        assert problem.geometry.batch == (2 if sample is None else None)
        assert spot.position == problem.geometry.steps_touching("dA_prev_pad", spot.cell)[-1] + 1
