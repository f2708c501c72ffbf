from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from convstep.oracle.captured import CapturedLayer
from convstep.view.panels.layer_order import ORDERS, Order, arranged, matching
from convstep.view.panels.layers import LayerTable
from tests.captures import small

BY = {order.words.removeprefix("sorted by "): order for order in ORDERS}


def named(*names: str) -> list[CapturedLayer]:
    return [replace(small().layers[at % 4], name=name) for at, name in enumerate(names)]


def with_dZ(layer: CapturedLayer, value: float) -> CapturedLayer:
    return replace(layer, dZ=np.full_like(layer.dZ, value))


def test_every_order_holds_each_layer_once_and_the_first_changes_nothing() -> None:
    for order in ORDERS:
        assert sorted(arranged(small().layers, order)) == [0, 1, 2, 3]
    assert arranged(small().layers, ORDERS[0]) == [0, 1, 2, 3]


def test_names_are_sorted_as_people_count() -> None:
    layers = named("features.10", "features.2", "stem", "features.2.conv", "block", "3", "²")
    order = [layers[at].name for at in arranged(layers, BY["name"])]
    assert [name for name in order if name.startswith("f")] == [
        "features.2",
        "features.2.conv",
        "features.10",
    ]
    assert order.index("block") < order.index("features.2") < order.index("stem")


@pytest.mark.parametrize("order", [BY["|dZ|"], BY["the largest gradient"]], ids=lambda order: order.words)
def test_the_largest_norm_comes_first_and_NaN_before_it(order: Order) -> None:
    layer = small().layers[0]
    sizes = [1.0, np.nan, -5.0, 0.0, np.inf, 1.0]
    layers = [replace(with_dZ(layer, size), gradients={"db": np.full(4, size, np.float32)}) for size in sizes]
    assert arranged(layers, order) == [1, 4, 2, 0, 5, 3], "equal ones stay in their order"


def test_a_layer_without_gradients_is_the_smallest() -> None:
    layers = [replace(small().layers[0], gradients={}), small().layers[1]]
    assert arranged(layers, BY["the largest gradient"]) == [1, 0]


def test_most_NaN_and_inf_first_and_the_largest_arrays_first() -> None:
    layer = small().layers[0]
    some = np.array(layer.dZ)
    some.flat[:3] = np.nan, np.inf, -np.inf
    layers = [layer, replace(layer, dZ=some), with_dZ(layer, np.nan)]
    assert arranged(layers, BY["NaN and inf"]) == [2, 1, 0]
    sizes = [sum(np.prod(shape) for shape in layer.shapes.values()) for layer in small().layers]
    assert arranged(small().layers, BY["size"]) == sorted(range(4), key=lambda at: -sizes[at])


def test_every_word_has_to_be_in_the_name_in_either_case_and_in_any_order() -> None:
    layers = named("Stem.conv", "layer1.0.conv1", "layer1.1.conv1", "head\x1b[m")
    for words, found in (
        ("", [0, 1, 2, 3]),
        ("CONV stem", [0]),
        ("conv1 1.1", [2]),
        ("x1b", [3]),
        ("zz", []),
    ):
        assert matching(layers, range(4), words) == found
    assert matching(layers, [2, 1, 0], "conv") == [2, 1, 0]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.words)
@pytest.mark.parametrize("width", [57, 77, 117, 197])
def test_the_header_marks_what_the_rows_are_sorted_by_and_no_column_moves_for_it(
    order: Order, width: int
) -> None:
    layers = [
        replace(layer, name=f"backbone.stage{at}.block.conv") for at, layer in enumerate(small().layers)
    ]
    table = LayerTable(layers)
    table.fit(width)
    table.sort(order)
    header, plain = table.header().plain, LayerTable(layers)
    assert header.count(order.mark) == len(order.columns)
    for title in order.columns:
        assert f"{title}{order.mark}" in header
    lines = [table.header(), *(table.row(at) for at in range(len(table)))]
    assert {cell_len(line.plain) for line in lines} == {cell_len(header)}
    assert cell_len(header) <= width
    if width > 190:
        plain.fit(width)
        assert len(plain.header().plain) == len(header), "there is room for the mark beforehand"


def test_sorting_and_filtering_leave_the_chosen_layer_chosen() -> None:
    table = LayerTable(small().layers)
    table.chosen = 2
    for order in ORDERS:
        table.sort(order)
        assert sorted(table.shown) == [0, 1, 2, 3]
        assert table.row(table.shown.index(2)).plain.startswith("▶ 2 ")
    table.filter("3")
    assert (table.shown, len(table), table.chosen) == ([3], 1, 2)
    table.filter("")
    assert table.row(table.shown.index(2)).plain.startswith("▶")
