"""Provenance against a loop that writes down everything it does to every cell."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.backward import conv2d_backward_steps
from convstep.conv.geometry import Geometry
from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.conv.provenance import provenance
from convstep.conv.step import quiet
from convstep.steps.provenance import Provenance
from tests.strategies import draw_problem, problems

Array = npt.NDArray[Any]
Cell = tuple[int, ...]


def recorded(problem: Problem) -> dict[str, dict[Cell, list[tuple[int, bytes]]]]:
    """Of every cell: the steps that wrote it, and its bits after each."""
    arrays: dict[str, Array] = {"dW": problem.W, "dA_prev_pad": problem.A_prev_pad}
    if problem.b is not None:
        arrays["db"] = problem.b
    found: dict[str, dict[Cell, list[tuple[int, bytes]]]] = {
        name: {cell: [] for cell in np.ndindex(values.shape)} for name, values in arrays.items()
    }
    numbers = {name: np.arange(values.size).reshape(values.shape) for name, values in arrays.items()}
    steps = conv2d_backward_steps(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    with quiet():
        for step in steps:
            window = step.window if problem.geometry.batch is not None else step.window[1:]
            for name, region in (("dW", (step.i_c,)), ("dA_prev_pad", window), ("db", (step.i_c,))):
                if name not in arrays:
                    continue
                live = getattr(step, name)
                for number in numbers[name][region].reshape(-1):
                    cell = tuple(int(at) for at in np.unravel_index(number, live.shape))
                    found[name][cell].append((step.index, live[cell].tobytes()))
    return found


def value(problem: Problem, name: str) -> Any:
    """The number that a text like `dZ[1, 2, 0]` names."""
    array, index = re.fullmatch(r"(\w+)\[([\d, ]+)\]", name).groups()  # type: ignore[union-attr]
    return getattr(problem, array)[tuple(map(int, index.split(",")))]


@given(problems())
def test_every_cell_of_every_gradient_has_the_steps_and_bits_of_the_loop(problem: Problem) -> None:
    for gradient, cells in recorded(problem).items():
        for cell, expected in cells.items():
            found = provenance(problem, gradient, cell)
            assert found.steps.tolist() == [step for step, _ in expected]
            assert [after.tobytes() for after in found.running] == [bits for _, bits in expected]
            assert len(found) == len(expected)
            assert found.running.dtype == problem.dtype
            assert bool(found.reason) == (not expected)


@given(problems(), st.integers(0, 2**16))
def test_the_factors_are_the_named_values_and_give_the_product(problem: Problem, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for gradient in GRADIENTS if problem.b is not None else GRADIENTS[:2]:
        shape = {"dW": problem.W, "dA_prev_pad": problem.A_prev_pad, "db": problem.b}[gradient].shape  # type: ignore[union-attr]
        found = provenance(problem, gradient, [int(rng.integers(length)) for length in shape])
        for at in range(len(found)):
            dz = value(problem, found.second_cell(at))
            assert dz == found.second_factor[at]
            assert found.second_cell(at).startswith("dZ[")
            if gradient == "db":
                assert found.first_factor is None
                assert found.first_cell(at) == ""
                assert found.product[at] == dz
            else:
                assert found.first_factor is not None
                x = value(problem, found.first_cell(at))
                assert found.first_cell(at).startswith(found.first_name + "[")
                assert x == found.first_factor[at]
                assert found.product[at] == x * dz


@given(problems(), st.integers(0, 2**16))
def test_what_is_done_agrees_with_the_steps(problem: Problem, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for gradient, values in (("dW", problem.W), ("dA_prev_pad", problem.A_prev_pad)):
        cell = [int(rng.integers(length)) for length in values.shape]
        found = provenance(problem, gradient, cell)
        for position in range(problem.total_steps + 1):
            assert found.done(position) == sum(step < position for step in found.steps.tolist())


@pytest.mark.parametrize("strange", [np.nan, np.inf, -0.0])
@pytest.mark.filterwarnings("error")
def test_strange_values_run_as_in_the_loop(strange: float) -> None:
    plain = line(length=9, taps=3)
    dZ = np.array(plain.dZ)
    dZ[0, 2] = strange
    problem = Problem(plain.A_prev, plain.W, plain.b, dZ)
    for gradient, cells in recorded(problem).items():
        for cell, expected in cells.items():
            loop = np.frombuffer(b"".join(bits for _, bits in expected), problem.dtype)
            np.testing.assert_array_equal(provenance(problem, gradient, cell).running, loop)


def test_a_sum_of_negative_zeros_is_zero_as_in_the_loop() -> None:
    problem = Problem(np.zeros((1, 3, 1)), np.full((1, 1, 1, 1), -1.0), None, np.zeros((1, 3, 1)))
    found = provenance(problem, "dA_prev_pad", (0, 1, 0))
    assert np.signbit(found.product[0])
    assert not np.signbit(found.running[0])


# --- cells that no window covers ----------------------------------------------------------


def line(
    length: int, taps: int, stride: int = 1, dilation: int = 1, *, down: bool = False, other: int = 1
) -> Problem:
    """A problem in which one axis does something, and the other is as long as its kernel."""
    rng = np.random.default_rng(0)
    size, kernel = (other, length), (1, taps)
    strides, dilations = (other, stride), (1, dilation)
    if down:
        size, kernel, strides, dilations = size[::-1], kernel[::-1], strides[::-1], dilations[::-1]
    return Problem(
        rng.standard_normal((*size, 1)),
        rng.standard_normal((2, *kernel, 1)),
        np.zeros(2),
        None,
        stride=strides,
        dilation=dilations,
    )


def reason(problem: Problem, row: int, column: int) -> str:
    found = provenance(problem, "dA_prev_pad", (row, column, 0))
    assert len(found) == 0
    assert found.running.shape == found.product.shape == (0,)
    return found.reason


OPENING = "no window covers this cell: its gradient is exactly zero; "


def test_a_column_left_over_at_the_right_is_explained() -> None:
    assert reason(line(8, 3, stride=2), 0, 7) == (
        OPENING + "the last column is left over: (8 - 3) is not a multiple of stride 2"
    )


def test_rows_left_over_at_the_bottom_are_explained() -> None:
    assert reason(line(8, 3, stride=3, down=True), 7, 0) == (
        OPENING + "the last 2 rows are left over: (8 - 3) is not a multiple of stride 3"
    )


def test_a_column_between_two_windows_is_explained() -> None:
    assert reason(line(8, 2, stride=3), 0, 2) == (
        OPENING + "column 2 lies between two windows: stride 3 is more than the 2 columns that a window spans"
    )
    assert "the 1 row that a window spans" in reason(line(5, 1, stride=2, down=True), 1, 0)


def test_a_row_in_a_gap_of_the_dilation_is_explained() -> None:
    problem = line(9, 3, stride=2, dilation=2, down=True)
    assert reason(problem, 1, 0) == (
        OPENING + "row 1 lies in a gap of the dilation: taps are 2 rows apart and windows 2, "
        "so none falls on it"
    )


def test_both_axes_are_named_where_both_keep_windows_away() -> None:
    assert reason(line(8, 3, stride=2, other=3), 1, 7) == (
        OPENING + "the last 2 rows are left over: (3 - 1) is not a multiple of stride 3, "
        "and the last column is left over: (8 - 3) is not a multiple of stride 2"
    )


@given(problems())
def test_an_unreachable_cell_names_exactly_the_axes_that_keep_windows_away(problem: Problem) -> None:
    found = problem.geometry
    h_pad, w_pad, _ = found.padded_shape
    rows = {r for i in range(found.output_shape[0]) for r in range(h_pad)[found.rows(i)]}
    columns = {c for i in range(found.output_shape[1]) for c in range(w_pad)[found.columns(i)]}
    for row in range(h_pad):
        for column in range(w_pad):
            cell = (row, column, 0) if found.batch is None else (0, row, column, 0)
            text = provenance(problem, "dA_prev_pad", cell).reason
            causes = text.removeprefix(OPENING)
            assert ("row" in causes) == (row not in rows)
            assert ("column" in causes) == (column not in columns)


# --- what is not a cell -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gradient", "index", "sentence"),
    [
        ("dZ", (0,), "'dZ' is not a running gradient; they are dW, dA_prev_pad, db"),
        ("dW", (0, 1), "dW[0, 1] has 2 indices, but dW has 4 axes: (2, 1, 3, 1)"),
        ("dW", (2, 0, 0, 0), "dW[2, 0, 0, 0] does not exist: index 0 is 2, but it goes from 0 to 1"),
        ("db", (-1,), "db[-1] does not exist: index 0 is -1, but it goes from 0 to 1"),
        (
            "dA_prev_pad",
            (0, 8, 0),
            "dA_prev_pad[0, 8, 0] does not exist: index 1 is 8, but it goes from 0 to 7",
        ),
    ],
)
def test_what_is_no_cell_is_refused_in_one_sentence(gradient: str, index: Cell, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        provenance(line(8, 3), gradient, index)


def test_without_a_bias_there_is_no_db() -> None:
    problem = Problem(np.ones((2, 2, 1)), np.ones((1, 1, 1, 1)), None, None)
    with pytest.raises(ValueError, match="no bias"):
        provenance(problem, "db", (0,))


def test_numpys_integers_are_an_index() -> None:
    cell = np.array([1, 0, 2, 0])
    found = provenance(line(8, 3), "dW", cell)  # type: ignore[arg-type]
    assert found.name == "dW[1, 0, 2, 0]"


# --- size ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stem() -> Problem:
    """The first layer of a ResNet, 802,816 steps."""
    return draw_problem(
        np.random.default_rng(0),
        kernel=(7, 7),
        stride=(2, 2),
        dilation=(1, 1),
        padding=((3, 3), (3, 3)),
        groups=1,
        per_group=(3, 64),
        output=(112, 112),
        spare=(1, 1),
        batch=None,
        bias=True,
        dtype=np.float32,
    )


def test_in_a_large_layer_the_steps_of_a_cell_are_computed_and_not_looked_for(
    stem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("nothing may be asked of every step")

    for name in ("index_at", "window"):
        monkeypatch.setattr(Geometry, name, forbidden)
    assert stem.A_prev.shape == (224, 224, 3)
    cells: list[tuple[str, Cell, int]] = [
        ("dW", (5, 3, 2, 1), 12_544),
        ("db", (63,), 12_544),
        ("dA_prev_pad", (100, 101, 2), 4 * 3 * 64),
    ]
    for gradient, cell, contributions in cells:
        found = provenance(stem, gradient, cell)
        assert len(found) == contributions
        check_running(found)


def check_running(found: Provenance) -> None:
    total = found.product.dtype.type(0)
    for product, after in zip(found.product, found.running, strict=True):
        total += product
        assert total == after
