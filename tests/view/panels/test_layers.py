from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from convstep.oracle.capture_log import Seen
from convstep.oracle.captured import CapturedLayer
from convstep.view.panels.layers import (
    BAD,
    LayerTable,
    details,
    entry_title,
    holds_nonfinite,
    nonfinite_words,
    shape_words,
    shortened,
)
from tests.captures import small


def spoilt(layer: CapturedLayer, name: str, value: float) -> CapturedLayer:
    """The layer with one value in a gradient, or in dZ."""
    values = np.array(layer.dZ if name == "dZ" else layer.gradients[name])
    values.flat[0] = value
    return (
        replace(layer, dZ=values)
        if name == "dZ"
        else replace(layer, gradients={**layer.gradients, name: values})
    )


@pytest.mark.parametrize("width", [30, 57, 77, 117, 200])
def test_rows_and_details_fit_the_width(width: int) -> None:
    layers = [
        replace(layer, name=f"backbone.stage{at}.block.conv") for at, layer in enumerate(small().layers)
    ]
    table = LayerTable(layers)
    table.fit(width)
    lines = [table.header(), *(table.row(at) for at in range(len(table)))]
    assert len({cell_len(line.plain) for line in lines}) == 1, "columns stand below each other"
    assert all(cell_len(line.plain) <= width for line in lines)
    assert all(cell_len(line) <= width for layer in layers for line in details(layer, width))
    assert [line.plain[0] for line in lines] == [" ", "▶", " ", " ", " "]


def test_a_wide_row_says_everything() -> None:
    table = LayerTable(small().layers)
    assert table.header().plain.split() == [
        "layer", "A_prev", "W", "geometry", "steps", "|dZ|", "|dW|", "|db|", "|dA_prev|", "NaN,", "inf",
    ]  # fmt: skip
    row = table.row(1).plain.split()
    assert row[:6] == ["1", "2x7x9x4", "4@3x3x2", "s2", "g2", "96"]
    layer = small().layers[1]
    for cell, values in zip(row[6:8], (layer.dZ, layer.gradients["dW"]), strict=True):
        assert float(cell) == pytest.approx(float(np.linalg.norm(values)), rel=0.01)
    assert table.row(3).plain.split()[:5] == ["3", "2x3x4x3", "2@2x2x3", "same", "d2"]


def test_calls_and_passes_have_columns_where_there_are_several() -> None:
    first, *others = small().layers
    table = LayerTable([first, replace(first, call=1, step=1), *others])
    assert table.header().plain.split()[1:3] == ["call", "pass"]
    assert entry_title(first, table.layers) == "0 call 0"
    assert entry_title(others[0], table.layers) == "1"


def test_nan_and_inf_are_counted_and_marked() -> None:
    layer = small().layers[0]
    assert nonfinite_words(layer) == "-"
    bad = spoilt(spoilt(layer, "dW", np.nan), "db", -np.inf)
    assert nonfinite_words(bad) == f"{BAD} 1 NaN 1 inf"
    assert details(bad, 80)[-1] == f"{BAD} dW 1 NaN · db 1 inf"
    assert BAD in LayerTable([bad]).row(0).plain
    assert [holds_nonfinite(each) for each in (layer, bad)] == [False, True]


def test_the_forward_pass_counts_as_well() -> None:
    layer = small().layers[0]
    convolution = replace(layer.convolution, Z=Seen(3, 1, (0, 1, 2, 3)))
    bad = replace(layer, convolution=convolution)
    assert nonfinite_words(bad) == f"{BAD} 3 NaN 1 inf"
    assert details(bad, 80)[-1] == f"{BAD} Z 3 NaN 1 inf"
    weight = np.full_like(convolution.W, np.inf)
    assert holds_nonfinite(replace(layer, convolution=replace(layer.convolution, W=weight)))


def test_names_and_shapes() -> None:
    assert shape_words(small().layers[0]) == {
        "A_prev": "2x7x9x2", "W": "4@3x3x2", "b": "4", "dZ": "2x7x9x4",
    }  # fmt: skip
    assert cell_len(shortened("features.0.conv", 9)) == 9
    assert shortened("features.0.conv", 9).endswith("conv")
    assert "\x1b" not in LayerTable([replace(small().layers[0], name="a\x1b[31mb")]).row(0).plain
