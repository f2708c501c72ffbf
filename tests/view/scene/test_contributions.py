from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from convstep.conv.problem import Problem
from convstep.conv.provenance import provenance
from convstep.examples import catalog
from convstep.view.numbers.text import short
from convstep.view.scene.contributions import ContributionTable
from tests.view.panels.test_stage import made

BATCH: Any = made()
CELLS = [
    (catalog.load("digit"), "dA_prev_pad", (4, 3, 0)),
    (catalog.load("digit"), "dW", (2, 0, 1, 0)),
    (catalog.load("digit"), "db", (3,)),
    (BATCH, "dA_prev_pad", (1, 2, 4, 3)),
    (BATCH, "dW", (5, 1, 2, 1)),
]


@pytest.mark.parametrize(("problem", "gradient", "index"), CELLS)
@pytest.mark.parametrize("width", [200, 70, 50])
def test_rows_stand_below_each_other_and_add_up(
    problem: Any, gradient: str, index: tuple[int, ...], width: int
) -> None:
    found = provenance(problem, gradient, index)
    position = int(found.steps[len(found) // 2])
    table = ContributionTable(found, position)
    table.fit(width)
    rows = [table.row(at).plain for at in range(len(table))]
    assert len({len(row) for row in rows}) == 1
    assert [row.startswith("✓") for row in rows] == [step < position for step in found.steps]
    assert table.done == sum(step < position for step in found.steps)
    assert f"{len(rows)} contributions, {table.done} made" in table.title
    for at, row in enumerate(rows):
        assert str(int(found.steps[at]) + 1) in row
        numbers = row.split(" = ")[-1].split()
        shown = float(numbers[-1].replace("−", "-"))
        assert shown == pytest.approx(float(found.running[at]), rel=1e-2, abs=1e-2)
        if found.first_factor is not None:
            assert found.first_factor[at] * found.second_factor[at] == found.product[at]
            assert float(numbers[0]) == pytest.approx(float(found.product[at]), rel=1e-2, abs=1e-2)


@pytest.mark.parametrize("made", [0, 1, 20, 36])
def test_the_value_now_is_the_sum_of_what_is_made(made: int) -> None:
    found = provenance(catalog.load("digit"), "dA_prev_pad", (4, 3, 0))
    assert len(found) == 36
    table = ContributionTable(found, int([*found.steps, 256][made]))
    now = found.running[made - 1] if made else 0
    assert table.done == made
    assert table.summary == f"now {short(now, 6)}, at the end {short(found.running[-1], 6)}"


def test_a_cell_without_contributions_has_a_reason_and_no_rows() -> None:
    problem = catalog.load("stride-2")
    rows, columns, _ = np.shape(problem.A_prev_pad)
    table = ContributionTable(provenance(problem, "dA_prev_pad", (rows - 1, columns - 1, 0)), 3)
    assert len(table) == 0
    assert "left over" in table.summary
    assert "0 contributions, 0 made" in table.title


def tiny(scale: float) -> Problem:
    numbers = np.random.default_rng(5)
    dZ = numbers.standard_normal((6, 7, 3)) * scale
    return Problem(numbers.random((6, 7, 2)), numbers.random((3, 3, 3, 2)) / 9, np.zeros(3), dZ, padding=1)


@pytest.mark.parametrize("scale", [1e-20, 1e-7, 1e-4, 1e6, 1e30])
@pytest.mark.parametrize(
    ("gradient", "index"), [("dW", (1, 0, 1, 1)), ("dA_prev_pad", (3, 2, 1)), ("db", (2,))]
)
@pytest.mark.parametrize("width", [200, 54])
def test_factors_keep_four_digits_and_the_columns_name_what_is_taken_out(
    scale: float, gradient: str, index: tuple[int, ...], width: int
) -> None:
    found = provenance(tiny(scale), gradient, index)
    table = ContributionTable(found, 0)
    table.fit(width)
    header, start = table.header().plain, table.row(0).plain
    assert len(header) <= width
    columns = {"second": found.second_factor, "sum": found.running}
    if found.first_factor is not None:
        columns = {"first": found.first_factor, "second": found.second_factor, "product": found.product,
                   "sum": found.running}  # fmt: skip
    assert len(start) == len(header)
    factors = [10.0 ** int(power) for power in re.findall(r"×1e(-?\d+)", header)]
    for values in [found.second_factor, found.running]:
        power = int(f"{np.abs(values).max():e}".split("e")[1])
        assert f"×1e{power}" in header
    for at in range(len(table)):
        row = re.sub(r"\w+\[[^]]*\]|[×=]", " ", table.row(at).plain)
        shown = [float(text) for text in row.split()[-len(columns) :]]
        for number, (name, values) in zip(shown, columns.items(), strict=True):
            true, largest = float(values[at]), float(np.abs(values).max())
            joint = (
                max(largest, float(np.abs(columns.get("product", values)).max()))
                if name == "sum"
                else largest
            )
            assert any(
                number * factor == pytest.approx(true, abs=joint * 2e-3, rel=1e-9)
                for factor in (1.0, *factors)
            ), (name, number, true)


@pytest.mark.parametrize("scale", [1e-7, 1.0])
def test_results_keep_their_name_beside_the_factor_and_factors_are_named_before_places(scale: float) -> None:
    batch: Any = made(dZ=np.random.default_rng(3).standard_normal((2, 3, 8, 6)) * scale)
    for gradient, index in (("dA_prev_pad", (1, 2, 4, 3)), ("dW", (5, 1, 2, 1))):
        table = ContributionTable(provenance(batch, gradient, index), 0)
        for width in (140, 106, 70):
            table.fit(width)
            header, row = table.header().plain, table.row(0).plain
            assert len(header) == len(row) <= width
            assert re.search(r"product ×1e-\d+ +sum ×1e-\d+$" if scale < 1 else r"product +sum$", header)
            assert ("dZ[" in row, "i_n " in row) == (width > 100, width == 140)
