from __future__ import annotations

import itertools
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.geometry import StepIndex
from convstep.conv.problem import Problem
from convstep.oracle.comparison import best_comparison, compare
from convstep.oracle.expectation import OracleUnavailable, dZ_until
from convstep.oracle.pytorch import executed_blocks, gradients_until, torch_gradients, version
from tests.oracle.problems import problems, random_problem, spoiled

NAN, INF = float("nan"), float("inf")


@given(problems())
def test_our_loop_agrees_with_torch_on_every_geometry(problem: Problem) -> None:
    comparison = compare(problem)
    assert comparison.ok, comparison.verdict
    assert (
        [row.name for row in comparison.rows] == ["dW", "dA_prev"]
        if problem.b is None
        else [
            "dW",
            "db",
            "dA_prev",
        ]
    )


@given(problems(), st.data())
def test_our_loop_agrees_with_torch_at_every_position(problem: Problem, data: st.DataObject) -> None:
    comparison = compare(problem, data.draw(st.integers(0, problem.total_steps)))
    assert comparison.ok, comparison.verdict


@given(problems(), st.data())
def test_the_blocks_hold_every_executed_step_once(problem: Problem, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, problem.total_steps))
    geometry = problem.geometry
    blocks = executed_blocks(geometry, position)
    assert len(blocks) <= 5
    covered = sorted(
        geometry.step_at(StepIndex(*index))
        for block in blocks
        for index in itertools.product(block.samples, block.rows, block.columns, block.channels)
    )
    assert covered == list(range(position))


@given(
    problems(),
    st.data(),
    st.sampled_from(["A_prev", "W", "dZ"]),
    st.sampled_from([(NAN,), (INF,), (INF, -INF), (NAN, -INF)]),
)
def test_nan_and_inf_spoil_exactly_the_cells_the_loop_has_reached(
    problem: Problem, data: st.DataObject, name: str, kinds: tuple[float, ...]
) -> None:
    problem = spoiled(problem, name, data.draw(st.integers(0, 2**32 - 1)), kinds)
    comparison = compare(problem, data.draw(st.integers(0, problem.total_steps)))
    assert comparison.ok, comparison.verdict


@pytest.mark.parametrize("name", ["A_prev", "W", "dZ"])
def test_inf_spoils_no_more_in_the_kernels_for_many_channels(name: str) -> None:
    for seed, size in enumerate([(6, 11), (9, 10), (7, 8), (8, 11)]):
        for kernel in ((2, 3), (3, 3)):
            problem = random_problem(
                seed, size, kernel, (16, 32), 2, dtype=np.float32, groups=1, stride=2, padding=seed % 2
            )
            comparison = compare(spoiled(problem, name, seed, (INF, NAN, -INF)))
            assert comparison.ok, comparison.verdict


def test_garbage_of_a_float32_kernel_is_not_held_against_our_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As oneDNN's returned it for one input channel and a stride of 3 along the width."""
    import torch

    right = torch.nn.functional.conv2d

    def conv2d(A_prev: torch.Tensor, *others: Any, **geometry: Any) -> torch.Tensor:
        Z: torch.Tensor = right(A_prev, *others, **geometry)
        return Z * 1.5 if Z.dtype == torch.float32 else Z

    monkeypatch.setattr(torch.nn.functional, "conv2d", conv2d)
    problem = random_problem(
        size=(4, 11), kernel=(2, 3), channels=(1, 3), groups=1, stride=(1, 3), dtype=np.float32
    )
    for position in (0, 5, problem.total_steps):
        comparison = compare(problem, position)
        assert comparison.ok, comparison.verdict
        assert re.search(r"match PyTorch [\d.]+ \(float64\)", comparison.verdict)
        assert {str(row.actual.dtype) for row in comparison.rows} == {"float32"}
    assert "(float64)" not in compare(random_problem()).oracle


def test_zeroing_alone_would_spoil_cells_that_are_not_reached() -> None:
    problem = spoiled(random_problem(batch=2, padding=1), "W", 1, (INF,))
    zeroed = torch_gradients(problem, dZ_until(problem, 3))
    assert np.isnan(zeroed.dA_prev).sum() > np.isnan(gradients_until(problem, 3).dA_prev).sum()
    assert compare(problem, 3).ok


@given(problems(), st.data())
def test_both_ways_to_a_position_agree_on_finite_data(problem: Problem, data: st.DataObject) -> None:
    from convstep.oracle import pytorch

    position = data.draw(st.integers(0, problem.total_steps))
    zeroed = gradients_until(problem, position)
    summed = pytorch._sum_of_blocks(problem, executed_blocks(problem.geometry, position))
    close = 1e-4 if problem.dtype == np.float32 else 1e-12
    for name in ("dW", "dA_prev", "dA_prev_pad"):
        np.testing.assert_allclose(getattr(summed, name), getattr(zeroed, name), rtol=close, atol=close)


def test_gradients_come_in_the_articles_layout_and_dtype() -> None:
    problem = random_problem(batch=3, padding=((1, 0), (2, 1)), dtype=np.float32)
    found = torch_gradients(problem)
    assert found.db is not None
    for ours, theirs in (
        (problem.W, found.dW),
        (problem.b, found.db),
        (problem.A_prev_pad, found.dA_prev_pad),
        (problem.A_prev, found.dA_prev),
    ):
        assert ours is not None
        assert theirs.shape == ours.shape
        assert theirs.dtype == np.float32
        assert theirs.flags.c_contiguous
    rows, columns = problem.geometry.crop
    np.testing.assert_array_equal(found.dA_prev, found.dA_prev_pad[:, rows, columns])


def test_torch_has_nothing_to_warn_about_read_only_arrays() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch_gradients(random_problem(channels=(1, 1), groups=1))


def test_the_callers_torch_switches_do_not_matter() -> None:
    import torch

    problem = random_problem()
    with torch.inference_mode(), torch.autocast("cpu"):
        assert compare(problem).ok
        assert compare(random_problem(dtype=np.float32)).ok


def test_the_version_is_short() -> None:
    assert version().count(".") == 2
    assert "+" not in version()


def test_without_torch_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(OracleUnavailable, match=r'torch is not installed; .*pip install "torch') as raised:
        compare(random_problem())
    assert "\n" not in str(raised.value)


def test_a_broken_torch_is_told_from_a_missing_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise OSError('libtorch_cpu.so: too short\\nand more')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch")
    with pytest.raises(
        OracleUnavailable, match=r"cannot be loaded \(libtorch_cpu.so: too short\); reinstall"
    ):
        version()


def test_without_torch_the_best_comparison_is_numeric_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem()
    assert best_comparison(problem).note == ""
    monkeypatch.setitem(sys.modules, "torch", None)
    comparison = best_comparison(problem)
    assert comparison.ok
    assert comparison.oracle == "central differences"
    assert "torch is not installed" in comparison.note
