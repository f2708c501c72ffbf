"""Every bundled problem loads, is small, and shows what its description says."""

import subprocess
import sys
from importlib import resources

import numpy as np
import pytest

from convstep import ProblemError, conv2d_backward
from convstep.conv.problem import Problem
from convstep.examples import DEFAULT, EXAMPLES, Example, load, names

PROBLEMS = resources.files("convstep.examples") / "problems"


def touched(problem: Problem) -> np.ndarray:
    """Which cells of `A_prev_pad[:, :, 0]` any window covers."""
    geometry = problem.geometry
    height, width, _ = geometry.padded_shape
    return np.array(
        [[bool(geometry.steps_touching_padded(0, r, c, 0)) for c in range(width)] for r in range(height)]
    )


def test_the_catalog_and_the_files_name_the_same_problems() -> None:
    files = {entry.name for entry in PROBLEMS.iterdir()}
    assert files == {f"{name}.npz" for name in names()}
    assert len(set(names())) == len(EXAMPLES)
    assert DEFAULT in names()


def test_importing_the_catalog_loads_no_numpy() -> None:
    source = "import sys, convstep.examples, convstep.examples.catalog; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_description_is_one_short_line(example: Example) -> None:
    assert 0 < len(example.description) <= 72
    assert "\n" not in example.description
    assert not example.description.endswith(".")


@pytest.mark.parametrize("name", names())
def test_a_problem_fits_a_terminal_and_holds_everything(name: str) -> None:
    problem = load(name)
    height, width, _ = problem.geometry.padded_shape
    assert height <= 10
    assert width <= 12
    assert problem.W.shape[0] <= 4
    assert problem.b is not None
    assert not problem.dZ_drawn
    assert problem.dtype == np.float64


@pytest.mark.parametrize("name", names())
def test_the_numbers_are_worth_looking_at(name: str) -> None:
    problem = load(name)
    for values in (problem.A_prev, problem.W, np.asarray(problem.b), problem.dZ):
        assert np.isfinite(values).all()
        assert not np.all(values == values.flat[0]) or values.size == 1
        assert not np.signbit(values[values == 0]).any(), "a -0.0 would show its sign on the screen"
    assert not np.all(problem.dZ == 1)


def test_digit_has_256_steps_and_four_live_filters() -> None:
    digit = load("digit")
    assert digit.total_steps == 256
    assert digit.A_prev.shape == (8, 8, 1)
    assert digit.W.shape == (4, 3, 3, 1)
    assert digit.A_prev.min() == 0
    assert digit.A_prev.max() == 1
    assert (np.mean(digit.dZ != 0, axis=(0, 1)) >= 0.35).all()
    assert digit.dZ[0, 0].all(), "the first four steps add something"
    assert 0.1 < np.abs(digit.dZ).max() < 1


def test_one_window_is_one_step_of_the_digit() -> None:
    window, digit = load("one-window"), load("digit")
    rows, columns = digit.geometry.rows(3), digit.geometry.columns(5)
    assert window.total_steps == 1
    assert tuple(digit.geometry.index_at(116)) == (0, 3, 5, 0)
    np.testing.assert_array_equal(window.A_prev, digit.A_prev_pad[rows, columns])
    np.testing.assert_array_equal(window.W[0], digit.W[0])
    assert window.dZ.item() == digit.dZ[3, 5, 0] == digit.dZ.flat[116] != 0


def test_one_hot_gives_half_a_window_and_half_a_kernel() -> None:
    problem = load("one-hot")
    assert np.argwhere(problem.dZ).tolist() == [[3, 4, 1]]
    dW, _, dA_prev = conv2d_backward(problem.dZ, problem.cache, problem.stride, problem.padding)
    np.testing.assert_array_equal(dW[1], problem.A_prev[2:5, 3:6] / 2)
    np.testing.assert_array_equal(dA_prev[2:5, 3:6], problem.W[1] / 2)
    assert not dW[[0, 2, 3]].any()


def test_no_padding_keeps_the_inner_windows_of_the_digit() -> None:
    problem, digit = load("no-padding"), load("digit")
    assert problem.padding == ((0, 0), (0, 0))
    np.testing.assert_array_equal(problem.A_prev, digit.A_prev)
    np.testing.assert_array_equal(problem.dZ, digit.dZ[1:7, 1:7])


def test_stride_2_leaves_the_last_row_and_column_untouched() -> None:
    problem = load("stride-2")
    assert problem.stride == (2, 2)
    assert problem.geometry.remainder == (1, 1)
    cells = touched(problem)
    assert not cells[-1].any()
    assert not cells[:, -1].any()
    assert cells[:-1, :-1].all()
    _, _, dA_prev = conv2d_backward(problem.dZ, problem.cache, problem.stride, problem.padding)
    np.testing.assert_array_equal(dA_prev[..., 0] != 0, cells)


def test_rectangle_has_no_two_sides_alike() -> None:
    problem = load("rectangle")
    assert problem.A_prev.shape == (7, 10, 3)
    assert problem.W.shape == (4, 3, 3, 3)
    assert problem.dZ.shape == (4, 5, 4)
    assert (problem.stride, problem.padding) == ((2, 2), ((1, 1), (1, 1)))
    assert problem.total_steps == 80


def test_dilated_spreads_a_3x3_kernel_over_5x5() -> None:
    problem = load("dilated")
    assert problem.dilation == (2, 2)
    assert problem.W.shape[1:3] == (3, 3)
    assert problem.geometry.reach == (5, 5)


def test_depthwise_has_a_group_for_each_channel() -> None:
    problem = load("depthwise")
    assert problem.groups == problem.A_prev.shape[-1] == problem.W.shape[0] == 3
    assert problem.W.shape[-1] == 1


def test_same_keeps_the_size_with_uneven_margins() -> None:
    problem = load("same")
    assert problem.dZ.shape[:2] == problem.A_prev.shape[:2] == (6, 8)
    assert problem.padding == ((1, 2), (0, 1))


@pytest.mark.parametrize(
    ("given", "closest"), [("digti", "digit"), ("one_hot", "one-hot"), ("Stride 2", "stride-2")]
)
def test_an_unknown_name_is_answered_with_the_closest(given: str, closest: str) -> None:
    with pytest.raises(ProblemError, match=rf"^no example is called '{given}'; did you mean '{closest}'\?$"):
        load(given)


def test_a_name_like_no_other_is_answered_with_the_list() -> None:
    with pytest.raises(ProblemError, match=r"the examples are digit, one-window, .*, same$"):
        load("../../etc/passwd")
