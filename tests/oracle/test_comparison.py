from __future__ import annotations

import copy
import dataclasses
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.conv.validation import cell_text, shape_text
from convstep.oracle.comparison import Comparison, RunningGradients, compare
from convstep.oracle.pytorch import gradients_until
from convstep.oracle.tolerance import contributions
from convstep.oracle.wording import short_name
from convstep.steps.number_text import short
from tests.oracle.problems import Array, problems, random_problem, with_arrays
from tests.strategies import tried
from tests.tables import read_back

NAN, INF = float("nan"), float("inf")


def right_gradients(problem: Problem, position: int | None = None) -> RunningGradients:
    found = gradients_until(problem, problem.total_steps if position is None else position)
    return found.dW, found.db, found.dA_prev_pad


def row(comparison: Comparison, name: str) -> int:
    return [row.name for row in comparison.rows].index(name)


@given(problems(), st.data(), st.sampled_from(["dW", "db", "dA_prev"]), st.sampled_from(["torch", "numeric"]))
@settings(max_examples=tried(60), deadline=None)
def test_one_corrupted_cell_is_found_where_it_is(
    problem: Problem, data: st.DataObject, name: str, oracle: str
) -> None:
    position = data.draw(st.integers(0, problem.total_steps))
    dW, db, dA_prev_pad = right_gradients(problem, position)
    rows, columns = problem.geometry.crop
    target = {"dW": dW, "db": db, "dA_prev": dA_prev_pad[..., rows, columns, :]}[name]
    if target is None:
        return
    cell = tuple(data.draw(st.integers(0, length - 1)) for length in target.shape)
    before = float(target[cell])
    target[cell] += 1e-3
    comparison = compare(problem, position, (dW, db, dA_prev_pad), oracle)
    assert not comparison.ok
    found = comparison.rows[row(comparison, name)]
    assert [r.name for r in comparison.rows if not r.ok] == [name]
    assert found.worst_index == cell
    assert found.wrong == 1
    assert found.max_abs_error == pytest.approx(1e-3, rel=0.01)
    assert found.actual_value == float(target[cell])
    assert found.expected_value == pytest.approx(before, rel=1e-4, abs=1e-5)
    assert np.abs(found.difference).argmax() == np.ravel_multi_index(cell, target.shape)
    assert found.largest_wrong == cell
    assert f" differs from {comparison.oracle}" in comparison.verdict
    assert f"; largest at {cell_text(name, cell)}: ours " in comparison.verdict


@given(problems(), st.data())
def test_a_missing_contribution_is_found(problem: Problem, data: st.DataObject) -> None:
    dZ = np.where(np.abs(problem.dZ) < 0.1, 1, problem.dZ)
    problem = with_arrays(problem, b=np.ones(len(problem.W), problem.dtype), dZ=dZ.astype(problem.dtype))
    position = data.draw(st.integers(1, problem.total_steps))
    assert not compare(problem, position, right_gradients(problem, position - 1)).ok


@given(problems(), st.integers(0, 2**32 - 1))
def test_ten_units_in_the_last_place_are_rounding(problem: Problem, seed: int) -> None:
    random = np.random.default_rng(seed)

    def noisy(values: Array) -> Array:
        ulps = random.choice([-10, 10], values.shape) * np.spacing(values)
        return np.where(values == 0, values, values + ulps).astype(values.dtype)

    dW, db, dA_prev_pad = right_gradients(problem)
    noise = noisy(dW), None if db is None else noisy(db), noisy(dA_prev_pad)
    comparison = compare(problem, gradients=noise)
    assert comparison.ok, comparison.verdict


def test_flat_float32_data_whose_roundings_all_point_one_way_agrees() -> None:
    problem = random_problem(size=(150, 151), kernel=(1, 2), channels=(1, 1), groups=1, dtype=np.float32)
    for x, dz in ((0.1, 0.7), (0.9, 1 / 22500), (1 / 3, 0.3)):
        flat = with_arrays(problem, A_prev=np.full_like(problem.A_prev, x), dZ=np.full_like(problem.dZ, dz))
        comparison = compare(flat)
        assert comparison.ok, comparison.verdict


def test_a_cell_to_which_nothing_was_added_must_be_zero() -> None:
    problem = random_problem()
    dW, db, dA_prev_pad = right_gradients(problem, 5)
    dA_prev_pad[-1, -1, -1] = 1e-300
    comparison = compare(problem, 5, (dW, db, dA_prev_pad))
    found = comparison.rows[row(comparison, "dA_prev")]
    assert not found.ok
    assert found.tolerance == 0
    assert found.max_rel_error == INF


def test_at_the_start_everything_is_zero_and_agrees() -> None:
    comparison = compare(random_problem(), 0)
    assert comparison.ok
    assert all(row.max_abs_error == row.max_rel_error == 0 for row in comparison.rows)
    assert re.fullmatch(
        r"All 218 running gradients match PyTorch \S+ before the first step; largest difference 0",
        comparison.verdict,
    )


def test_wrong_values_are_counted_over_all_gradients_and_the_largest_is_named() -> None:
    problem = random_problem()
    dW, db, dA_prev_pad = right_gradients(problem)
    assert db is not None
    dW[2, 0, 1, 0] += 1
    db[3] = 0
    verdict = compare(problem, gradients=(dW, db, dA_prev_pad)).verdict
    assert verdict.startswith("2 of 218 gradients differ from PyTorch ")
    assert "; largest at db[3]: ours 0, PyTorch " in verdict


def off_by(problem: Problem, cells: int) -> RunningGradients:
    """The right gradients with the first values of dW off by 1, 2, 3, …"""
    dW, db, dA_prev_pad = right_gradients(problem)
    dW.reshape(-1)[:cells] += np.arange(1, cells + 1)
    return dW, db, dA_prev_pad


def test_one_and_several_are_told_apart_in_the_verdict() -> None:
    one = Problem(np.ones((1, 1, 1)), np.ones((1, 1, 1, 1)), None, np.ones((1, 1, 1)))
    whole = compare(one, gradients=off_by(one, 1), oracle="numeric")
    alone = replace(whole, rows=whole.rows[:1])
    assert alone.verdict == (
        "The one gradient differs from central differences; "
        "largest at dW[0, 0, 0, 0]: ours 2, central differences 1"
    )
    assert whole.verdict.startswith("1 of 2 gradients differs from central differences; ")
    assert compare(one, gradients=off_by(one, 1), position=1, oracle="torch").verdict.startswith("1 of 2 ")
    right = compare(one, oracle="numeric")
    assert replace(right, rows=right.rows[:1]).verdict == (
        "The one gradient matches central differences; largest difference 0"
    )
    many = random_problem()
    verdict = compare(many, gradients=off_by(many, 3), oracle="numeric").verdict
    assert verdict.startswith(
        "3 of 218 gradients differ from central differences; largest at dW[0, 0, 1, 0]: "
    )


@given(problems(), st.data())
def test_the_verdict_counts_every_value_and_says_after_which_step(
    problem: Problem, data: st.DataObject
) -> None:
    position = data.draw(st.integers(1, problem.total_steps - 1)) if problem.total_steps > 1 else 1
    comparison = compare(problem, position)
    count = problem.W.size + (0 if problem.b is None else problem.b.size) + problem.A_prev.size
    running = "" if position == problem.total_steps else "running "
    after = f" after step {position}" if running else ""
    largest = max(row.max_abs_error for row in comparison.rows)
    said = f"All {count:,} {running}gradients match {comparison.oracle}{after}"
    assert comparison.verdict == f"{said}; largest difference {short(largest, 3)}"


def test_what_is_nan_or_inf_on_both_sides_matches_and_is_counted() -> None:
    problem = Problem(np.ones((1, 1, 1)), np.ones((2, 1, 1, 1)), None, np.array([[[NAN, 1.0]]]))
    assert re.fullmatch(
        r"All 3 gradients match PyTorch \S+; 2 are NaN or inf; largest difference 0", compare(problem).verdict
    )
    all_nan = Problem(np.ones((1, 1, 1)), np.ones((1, 1, 1, 1)), None, np.full((1, 1, 1), NAN))
    assert re.fullmatch(r"All 2 gradients match PyTorch \S+; 2 are NaN or inf", compare(all_nan).verdict)
    assert compare(all_nan, oracle="numeric").verdict == (
        "central differences could check nothing: no cell has a finite derivative here"
    )


@pytest.mark.parametrize(
    ("oracle", "called"),
    [
        ("PyTorch 2.13.0", "PyTorch"),
        ("PyTorch 2.13.0+cpu", "PyTorch"),
        ("PyTorch 2.13.0 (float64)", "PyTorch"),
        ("central differences", "central differences"),
        ("PyTorch 2.13.0 during training", "theirs"),
    ],
)
def test_no_version_stands_beside_a_number(oracle: str, called: str) -> None:
    assert short_name(oracle) == called


def test_a_step_and_a_number_are_written_one_way_in_every_sentence() -> None:
    problem = random_problem(size=(40, 41), channels=(1, 2), kernel=(2, 2), groups=1)
    dW, db, dA_prev_pad = right_gradients(problem, 2000)
    dW[0, 0, 0, 0] = 2.25e15
    comparison = compare(problem, 2000, (dW, db, dA_prev_pad))
    assert f" after step 2000; largest at dW[0, 0, 0, 0]: ours {short(2.25e15, 3)}, " in comparison.verdict
    assert "2.25e15" in comparison.verdict
    assert f"with eps {short(np.finfo(problem.dtype).eps, 3)} (" in comparison.tolerance_text


def test_nearly_equal_values_are_told_apart_in_the_verdict() -> None:
    problem = random_problem()
    dW, db, dA_prev_pad = right_gradients(problem)
    dW[0, 0, 0, 0] *= 1 + 1e-9
    verdict = compare(problem, gradients=(dW, db, dA_prev_pad)).verdict
    found = re.search(r"ours (\S+), PyTorch (\S+)$", verdict)
    assert found
    assert found[1] != found[2]


@pytest.mark.parametrize(
    ("actual", "expected", "agree"),
    [
        (NAN, NAN, True),
        (INF, INF, True),
        (-INF, -INF, True),
        (INF, -INF, False),
        (NAN, INF, False),
        (0.5, NAN, False),
        (INF, 0.5, False),
    ],
)
def test_nan_and_inf_agree_with_their_like_only(actual: float, expected: float, agree: bool) -> None:
    problem = random_problem(groups=1)
    dZ, A_prev = np.array(problem.dZ), np.array(problem.A_prev)
    if np.isnan(expected):
        dZ[..., 0] = NAN
    elif np.isinf(expected):
        dZ[..., 0] = np.copysign(INF, expected)
        A_prev[...] = 1
    problem = with_arrays(problem, dZ=dZ, A_prev=A_prev)
    dW, db, dA_prev_pad = right_gradients(problem)
    dW[0, 1, 1, 2] = actual
    comparison = compare(problem, gradients=(dW, db, dA_prev_pad))
    found = comparison.rows[0]
    assert found.ok == agree
    if not agree:
        assert found.worst_index == (0, 1, 1, 2)
        assert found.max_abs_error == found.max_rel_error == INF


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_that_overflow_in_one_order_only_are_no_mistake(dtype: type[np.floating]) -> None:
    problem = random_problem(dtype=dtype, padding=1)
    largest = float(np.finfo(dtype).max)
    for factor in (largest / 3, largest / 30, largest**0.55):
        with np.errstate(over="ignore"):
            dZ = (problem.dZ * dtype(factor)).astype(dtype)
        comparison = compare(with_arrays(problem, dZ=dZ))
        assert comparison.ok, comparison.verdict


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_near_the_smallest_numbers_agree(dtype: type[np.floating]) -> None:
    problem = random_problem(dtype=dtype, padding=1)
    for factor in (1.0, 30.0, 1e6):
        dZ = (problem.dZ * dtype(np.finfo(dtype).smallest_subnormal * dtype(factor))).astype(dtype)
        for oracle in ("torch", "numeric"):
            comparison = compare(with_arrays(problem, dZ=dZ), oracle=oracle)
            assert comparison.ok, comparison.verdict


def test_the_dictionary_is_strict_json() -> None:
    problem = random_problem()
    dW, db, dA_prev_pad = right_gradients(problem)
    dW[1, 2, 1, 1] = NAN
    comparison = compare(problem, gradients=(dW, db, dA_prev_pad))
    told = json.loads(json.dumps(comparison.as_dict(), allow_nan=False))
    assert list(told) == ["ok", "oracle", "position", "total", "verdict", "tolerance", "rows"]
    assert told["ok"] is False
    assert told["position"] == told["total"] == problem.total_steps
    assert told["rows"][0] == {
        "name": "dW",
        "shape": [6, 3, 2, 2],
        "max_abs_error": "inf",
        "max_rel_error": "inf",
        "worst_index": [1, 2, 1, 1],
        "tolerance": comparison.rows[0].tolerance,
        "ok": False,
    }
    assert "; NaN or inf at dW[1, 2, 1, 1]: ours nan, PyTorch " in told["verdict"]


def test_the_arrays_of_a_row_do_not_follow_the_running_gradients() -> None:
    problem = random_problem()
    dW, db, dA_prev_pad = right_gradients(problem)
    comparison = compare(problem, gradients=(dW, db, dA_prev_pad))
    before = comparison.rows[0].actual.copy()
    dW += 1
    np.testing.assert_array_equal(comparison.rows[0].actual, before)


def test_most_contributions_are_counted_by_geometry() -> None:
    problem = random_problem(size=(9, 12), kernel=(3, 2), channels=(4, 6), groups=2, batch=3)
    assert contributions(problem.geometry) == {"dW": 3 * 7 * 11, "db": 3 * 7 * 11, "dA_prev": 3 * 2 * 3}


@pytest.mark.parametrize("position", [-1, 10**9])
def test_a_position_that_does_not_exist_is_refused(position: int) -> None:
    with pytest.raises(ValueError, match=f"position {position} does not exist"):
        compare(random_problem(), position)


def test_an_unknown_oracle_is_refused() -> None:
    with pytest.raises(ValueError, match="'torch', 'numeric'"):
        compare(random_problem(), oracle="jax")


def test_gradients_of_another_shape_are_refused() -> None:
    problem = random_problem()
    dW, db, dA_prev_pad = right_gradients(problem)
    with pytest.raises(ValueError, match="dW is of shape"):
        compare(problem, gradients=(dW[1:], db, dA_prev_pad))
    with pytest.raises(ValueError, match="db is missing"):
        compare(problem, gradients=(dW, None, dA_prev_pad))


def test_rows_are_a_table_of_numbers_and_words() -> None:
    problem = with_arrays(random_problem(batch=2), A_prev=np.full((2, 5, 7, 4), np.nan))
    for comparison in (compare(random_problem(), oracle="numeric"), compare(problem, oracle="torch")):
        table = comparison.table()
        assert [row["name"] for row in table] == [row.name for row in comparison.rows]
        for plain, row, read in zip(table, comparison.rows, read_back(table), strict=True):
            # what pandas makes of the rows themselves
            fields = dataclasses.asdict(row)
            assert fields.keys() == plain.keys() == read.keys()
            assert not any(isinstance(value, np.ndarray) for value in fields.values())
            assert plain["shape"] == shape_text(row.shape)
            assert plain["worst_index"] == cell_text("", row.worst_index)
            assert plain["checked"] == np.count_nonzero(row.cells)
            assert row.actual.shape == row.expected.shape == row.differs.shape == row.shape
            assert copy.deepcopy(row).actual.shape == row.shape
