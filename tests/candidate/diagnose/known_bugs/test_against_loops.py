"""Flawed gradients against the loops they stand for, written out step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from convstep.candidate.diagnose.known_bugs import Mistakes, flawed_gradient, flawed_running

from convstep.conv.problem import Problem
from tests.candidate.diagnose.known_bugs.geometries import PROBLEMS

Array = npt.NDArray[Any]

Write = Callable[[Array, Any, Array], None]


def _add(target: Array, at: Any, values: Array) -> None:
    target[at] += values


def _set(target: Array, at: Any, values: Array) -> None:
    target[at] = values


def _truncate(target: Array, at: Any, values: Array) -> None:
    target[at] = np.trunc(target[at] + values)


def _cut(target: Array, at: Any, values: Array) -> None:
    here = target[at]
    here += values[tuple(slice(length) for length in here.shape)]


def loop(
    problem: Problem,
    *,
    dA_write: Write = _add,
    dW_write: Write = _add,
    stride: bool = True,
    swapped: bool = False,
    dZ_transposed: bool = False,
    padded: bool = True,
    wider: int = 0,
    until: int | None = None,
) -> tuple[Array, Array, Array]:
    """A backward by slices: dW, db, dA_prev; it raises where slices do not fit."""
    geometry = problem.geometry
    n, (h_out, w_out, c_out) = geometry.samples, geometry.output_shape
    (s_h, s_w), (d_h, d_w) = geometry.stride if stride else (1, 1), geometry.dilation
    around = [(p + wider, q + wider) for p, q in geometry.padding] if padded else [(0, 0)] * 2
    A = np.pad(problem.A_prev.reshape(n, *geometry.input_shape), ((0, 0), *around, (0, 0)))
    dZ = problem.dZ.reshape(n, h_out, w_out, c_out)
    dW, db, dA = np.zeros(problem.W.shape), np.zeros(c_out), np.zeros(A.shape)
    steps = 0
    for i_n in range(n):
        for i_h in range(h_out):
            for i_w in range(w_out):
                for i_c in range(c_out):
                    steps += 1
                    if until is not None and steps > until:
                        continue
                    top, left = (i_w * s_h, i_h * s_w) if swapped else (i_h * s_h, i_w * s_w)
                    window = (
                        i_n,
                        slice(top, top + geometry.reach[0], d_h),
                        slice(left, left + geometry.reach[1], d_w),
                        geometry.channels(i_c),
                    )
                    dz = dZ[i_n, i_w, i_h, i_c] if dZ_transposed else dZ[i_n, i_h, i_w, i_c]
                    dW_write(dW, i_c, A[window] * dz)
                    dA_write(dA, window, problem.W[i_c] * dz)
                    dW_write(db, i_c, dz)
    (top, _), (left, _) = around
    height, width, _ = geometry.input_shape
    dA = dA[:, top : top + height, left : left + width]
    return dW, db, dA if geometry.batch is not None else dA[0]


CASES: dict[str, tuple[Mistakes, dict[str, Any]]] = {
    "none": (Mistakes(), {}),
    "stride ignored": (Mistakes(stride="none"), {"stride": False}),
    "wider": (Mistakes(padding="+1"), {"wider": 1}),
    "not padded": (Mistakes(padding="0"), {"padded": False}),
    "swapped": (Mistakes(swapped="window"), {"swapped": True}),
    "dZ transposed": (Mistakes(dz_index="transposed"), {"dZ_transposed": True}),
    "overwritten": (Mistakes(last="nhw", write="step"), {"dA_write": _set, "dW_write": _set}),
    "truncated": (Mistakes(integers="step"), {"dA_write": _truncate, "dW_write": _truncate}),
}
everywhere = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=list(PROBLEMS))


@everywhere
@pytest.mark.parametrize("case", CASES)
def test_it_returns_what_the_loop_returns_and_raises_where_it_raises(problem: Problem, case: str) -> None:
    mistakes, arguments = CASES[case]
    for index, name in enumerate(("dW", "db", "dA_prev")):
        # one gradient at a time: what the others raise is theirs
        alone = {"dW": {"dA_write": _ignore}, "dA_prev": {"dW_write": _ignore}, "db": {}}[name]
        try:
            expected = loop(problem, **{**arguments, **alone})[index]
        except (ValueError, IndexError) as error:
            if name == "db" and not isinstance(error, IndexError):
                continue
            with pytest.raises((ValueError, IndexError)):
                flawed_gradient(name, problem, mistakes)
        else:
            np.testing.assert_allclose(flawed_gradient(name, problem, mistakes), expected, atol=1e-12)


def _ignore(target: Array, at: Any, values: Array) -> None:
    """Write nothing."""


@everywhere
def test_a_cut_window_loses_what_is_past_the_border(problem: Problem) -> None:
    expected = loop(problem, padded=False, dA_write=_cut, dW_write=_ignore)[2]
    found = flawed_gradient("dA_prev", problem, Mistakes(padding="0", cut=True))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@everywhere
def test_a_running_gradient_is_the_loop_stopped(problem: Problem) -> None:
    mistakes = Mistakes(last="nhw", write="step")
    for position in {0, 1, 7, problem.total_steps // 2, problem.total_steps - 1, problem.total_steps}:
        stopped = loop(problem, dA_write=_set, dW_write=_set, until=position)
        for name, expected in zip(("dW", "db", "dA_prev"), stopped, strict=True):
            found = flawed_running(name, problem, mistakes, position)
            assert found is not None
            np.testing.assert_allclose(found, expected, atol=1e-12)


def _per_sample(problem: Problem) -> Array:
    found: Array = problem.dZ.reshape(problem.geometry.samples, *problem.geometry.output_shape)
    return found


def test_db_keeps_what_stands_behind_the_last_assignment() -> None:
    problem = PROBLEMS["batch 3"]
    dZ = _per_sample(problem)
    for last, expected in {
        "n": dZ[-1].sum(axis=(0, 1)),
        "nh": dZ[-1, -1].sum(axis=0),
        "hw": dZ[:, -1, -1].sum(axis=0),
        "h": dZ[:, -1].sum(axis=(0, 1)),
        "w": dZ[:, :, -1].sum(axis=(0, 1)),
    }.items():
        np.testing.assert_allclose(flawed_gradient("db", problem, Mistakes(last=last)), expected)  # type: ignore[arg-type]


def test_a_col2im_that_assigns_keeps_the_last_tap() -> None:
    problem = PROBLEMS["batch 3"]
    n, (h_out, w_out, _) = 3, problem.geometry.output_shape
    columns = np.einsum("nhwo,oijc->nhwijc", problem.dZ, problem.W)
    expected = np.zeros(problem.A_prev.shape)
    for k_h in range(2):
        for k_w in range(2):
            expected[:n, k_h : k_h + h_out, k_w : k_w + w_out] = columns[:, :, :, k_h, k_w]
    np.testing.assert_allclose(flawed_gradient("dA_prev", problem, Mistakes(write="tap")), expected)


def test_filters_summed_before_the_assignment_leave_the_last_window() -> None:
    problem = PROBLEMS["batch 3"]
    _, h_out, w_out, _ = problem.dZ.shape
    expected = np.zeros(problem.A_prev.shape)
    for i_h in range(h_out):
        for i_w in range(w_out):
            summed = np.einsum("no,oijc->nijc", problem.dZ[:, i_h, i_w], problem.W)
            expected[:, i_h : i_h + 2, i_w : i_w + 2] = summed
    np.testing.assert_allclose(flawed_gradient("dA_prev", problem, Mistakes(write="place")), expected)


def test_a_transposed_form_without_its_zeros_is_too_small() -> None:
    problem = PROBLEMS["stride 2, no padding"]
    h_out, w_out, _ = problem.dZ.shape
    padded = np.pad(problem.dZ, ((2, 2), (2, 2), (0, 0)))
    expected = np.zeros((h_out + 2, w_out + 2, 3))
    for row in range(h_out + 2):
        for column in range(w_out + 2):
            window = padded[row : row + 3, column : column + 3]
            expected[row, column] = np.einsum("ijo,oijc->c", window, problem.W[:, ::-1, ::-1])
    mistakes = Mistakes(stride="none", buffer="reached", crop="[p:size-p]")
    np.testing.assert_allclose(flawed_gradient("dA_prev", problem, mistakes), expected)


def test_dW_as_a_correlation_with_spread_dZ_has_taps_too_many() -> None:
    problem = PROBLEMS["padding 2, remainder"]
    found = flawed_gradient("dW", problem, Mistakes(buffer="reached"))
    down, right = problem.geometry.remainder
    assert found.shape == (3, 3 + down, 2 + right, 2)
    assert (down, right) != (0, 0)
    np.testing.assert_allclose(found[:, :3, :2], flawed_gradient("dW", problem, Mistakes()))
