from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convstep import cli
from convstep.conv.backward import conv2d_backward
from convstep.conv.blocks import exact_gradients, run_to
from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.oracle import recorded
from convstep.oracle.comparison import Comparison, compare
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.pytorch import in_float64, torch_gradients
from convstep.oracle.recorded import RecordedOracle
from tests.oracle.problems import problems, random_problem, spoiled, with_arrays
from tests.strategies import tried

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def recorded_with(problem: Problem, precision: str, change: Callable[[Any], Any] = lambda dW: dW) -> Problem:
    """The problem with its own gradients recorded, dW changed."""
    dW, db, dA_prev = conv2d_backward(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    found = {"dW": change(np.array(dW)), "dA_prev": dA_prev}
    found |= {} if db is None else {"db": db}
    return problem.with_recorded(Recorded("somebody", found, EPS[precision]))


def to_bfloat16(values: Any) -> Any:
    whole = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((whole + 0x8000) & np.uint32(0xFFFF0000)).view(np.float32)


def test_recorded_gradients_are_compared_like_any_others() -> None:
    comparison = compare(recorded_with(random_problem(batch=2), "float64"), oracle="recorded")
    assert comparison.ok
    assert comparison.verdict.startswith("All 358 gradients match somebody; largest difference ")
    assert [row.name for row in comparison.rows] == ["dW", "db", "dA_prev"]
    assert "recorded in" not in comparison.tolerance_text


def test_only_what_was_recorded_is_compared() -> None:
    problem = random_problem(bias=False)
    some = problem.with_recorded(Recorded("somebody", {"dW": np.zeros(problem.W.shape)}, EPS["float64"]))
    comparison = compare(some, oracle="recorded")
    assert [row.name for row in comparison.rows] == ["dW"]
    assert not comparison.ok


@pytest.mark.parametrize("precision", EPS)
def test_a_real_difference_shows_in_every_precision(precision: str) -> None:
    dtype = np.float64 if precision == "float64" else np.float32
    problem = random_problem(batch=3, dtype=dtype)
    assert compare(recorded_with(problem, precision), oracle="recorded").ok
    wrong = recorded_with(problem, precision, lambda dW: dW * 1.5)
    assert not compare(wrong, oracle="recorded").ok


def test_rounding_to_the_recorded_precision_is_no_difference() -> None:
    problem = random_problem(batch=3, dtype=np.float32)
    rounded = {"bfloat16": to_bfloat16, "float16": lambda dW: dW.astype(np.float16).astype(np.float32)}
    for precision, change in rounded.items():
        comparison = compare(recorded_with(problem, precision, change), oracle="recorded")
        assert comparison.ok
        said = f"by 2.5 units in the last place of {precision}, to which they were rounded"
        assert said in comparison.tolerance_text
        assert not compare(recorded_with(problem, "float32", change), oracle="recorded").ok


def test_what_leaves_the_range_of_float16_is_no_difference() -> None:
    problem = random_problem(size=(9, 9), dtype=np.float32)
    large = Problem(problem.A_prev * 300, problem.W, problem.b, problem.dZ * 300, groups=2)

    def narrowed(dW: Any) -> Any:
        with np.errstate(over="ignore"):
            return dW.astype(np.float16).astype(np.float32)

    found = recorded_with(large, "float16", narrowed)
    assert found.recorded is not None
    assert np.isinf(found.recorded.gradients["dW"]).any()
    assert compare(found, oracle="recorded").ok
    assert not compare(recorded_with(large, "bfloat16", narrowed), oracle="recorded").ok
    # inf where nothing large was added is one, though
    assert not compare(recorded_with(problem, "float16", lambda dW: dW * np.inf), oracle="recorded").ok


def test_it_knows_the_end_alone() -> None:
    problem = recorded_with(random_problem(), "float64")
    with pytest.raises(OracleUnavailable, match=f"compare after step {problem.total_steps}, the last one"):
        compare(problem, 3, oracle="recorded")
    with pytest.raises(OracleUnavailable, match="no recorded gradients"):
        compare(random_problem(), oracle="recorded")


def test_the_command_line_prints_the_third_opinion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong, plain = (str(tmp_path / name) for name in ("right.npz", "wrong.npz", "plain.npz"))
    recorded_with(random_problem(), "float64").save(right)
    recorded_with(random_problem(), "float64", lambda dW: dW + 1).save(wrong)
    random_problem().save(plain)
    assert cli.main(["compare", right]) == 0
    out = capsys.readouterr().out
    assert "\nrecorded:\nAll 218 gradients match somebody; largest difference " in out
    assert cli.main(["compare", wrong]) == 1
    assert "\nrecorded:\n72 of 218 gradients differ from somebody; largest at dW[" in capsys.readouterr().out
    assert cli.main(["compare", wrong, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"]
    assert not found["recorded"]["ok"]
    assert set(found["recorded"]) == set(found) - {"problem", "dZ_drawn", "recorded"}
    assert cli.main(["compare", plain, "--json"]) == 0
    assert "recorded" not in json.loads(capsys.readouterr().out)


def by_samples(problem: Problem, rounded: Callable[[Any], Any]) -> dict[str, Any]:
    """dW and db as a kernel gives them that rounds after every sample."""
    dW, db = np.zeros(problem.W.shape), np.zeros(len(problem.W))
    for A_prev, dZ in zip(problem.A_prev, problem.dZ, strict=True):
        one = Problem(A_prev, problem.W, problem.b, dZ, problem.stride, problem.padding, problem.dilation, 2)
        gradients = conv2d_backward(dZ, one.cache, one.stride, one.padding, one.dilation, one.groups)
        dW, db = rounded(dW + rounded(gradients[0])), rounded(db + rounded(gradients[1]))
    return {"dW": dW, "db": db}


def test_partial_sums_in_a_half_precision_show_in_many_cells_and_agree() -> None:
    problem = random_problem(size=(6, 7), batch=12, dtype=np.float32)
    once = compare(recorded_with(problem, "bfloat16", to_bfloat16), oracle="recorded")
    assert once.ok
    assert "partial sums were rounded" not in once.tolerance_text
    found = Recorded("somebody", by_samples(problem, to_bfloat16), EPS["bfloat16"])
    several = compare(problem.with_recorded(found), oracle="recorded")
    assert several.ok, several.verdict
    assert "too many values of dW, db are further off for that" in several.tolerance_text
    off = {name: np.array(values) for name, values in found.gradients.items()}
    off["dW"] *= 2
    wrong = problem.with_recorded(Recorded("somebody", off, EPS["bfloat16"]))
    assert not compare(wrong, oracle="recorded").ok


@given(problems(), st.sampled_from(["bfloat16", "float16"]), st.data())
@settings(max_examples=tried(60), deadline=None)
def test_one_cell_four_units_off_is_wrong_in_a_half_precision(
    problem: Problem, precision: str, data: st.DataObject
) -> None:
    problem = with_arrays(problem, **{n: np.abs(getattr(problem, n)) for n in ("A_prev", "W", "dZ")})
    rounded: dict[str, Callable[[Any], Any]] = {
        "bfloat16": to_bfloat16,
        "float16": lambda dW: dW.astype(np.float16).astype(np.float32),
    }
    exact = torch_gradients(in_float64(problem))
    names = ["dW", "dA_prev", *(["db"] if problem.b is not None else [])]
    found = {name: rounded[precision](getattr(exact, name)) for name in names}
    eps = EPS[precision]
    comparison = compare(problem.with_recorded(Recorded("somebody", found, eps)), oracle="recorded")
    assert comparison.ok, comparison.verdict
    name = data.draw(st.sampled_from(names))
    cell = tuple(data.draw(st.integers(0, length - 1)) for length in found[name].shape)
    value = float(found[name][cell])
    # 256 eps of float32 of the largest value are no mistake, and may be 4 units of a small one
    assume(value > found[name].max() / 8)
    found[name][cell] += data.draw(st.sampled_from([-4, 4])) * eps * 2.0 ** np.floor(np.log2(value))
    comparison = compare(problem.with_recorded(Recorded("somebody", found, eps)), oracle="recorded")
    assert [row.name for row in comparison.rows if not row.ok] == [name]


def test_rounding_that_is_spread_over_the_array_agrees_and_one_cell_further_off_does_not() -> None:
    problem = random_problem(size=(12, 13), batch=2, dtype=np.float32)
    random = np.random.default_rng(0)

    def transformed(dW: Any) -> Any:
        spread = random.uniform(-1, 1, dW.shape) * 2e-5 * np.abs(dW).max()
        return (dW + spread).astype(np.float32)

    def further(dW: Any) -> Any:
        made = transformed(dW)
        made[2, 1, 1, 0] = dW[2, 1, 1, 0] + 1e-4 * np.abs(dW).max()
        return made

    assert compare(recorded_with(problem, "float32", transformed), oracle="recorded").ok
    found = compare(recorded_with(problem, "float32", further), oracle="recorded")
    assert [row.worst_index for row in found.rows if not row.ok] == [(2, 1, 1, 0)]


def flat(value: float, filters: int, upstream: float) -> Problem:
    """A white image under a constant dZ: every rounding error of a cell points the same way."""
    W = np.ones((filters, 3, 3, 2), np.float32)
    A_prev = np.full((96, 96, 2), value, np.float32)
    return Problem(A_prev, W, None, np.full((94, 94, filters), upstream, np.float32))


def with_dW(problem: Problem, dW: Any, eps: float = EPS["float32"]) -> Problem:
    return problem.with_recorded(Recorded("somebody", {"dW": dW}, eps))


@given(st.floats(0.25, 0.875, width=32), st.sampled_from([1, 7, 64]), st.data())
@settings(max_examples=tried(12), deadline=None)
def test_on_flat_data_a_cell_is_held_against_the_drift_of_the_others(
    value: float, pieces: int, data: st.DataObject
) -> None:
    problem = flat(value, 2, 1.0)
    exact = torch_gradients(in_float64(problem)).dW
    # added up in float32 by pieces: each count drifts in its own way, all cells alike
    parts = np.array_split(np.full(94 * 94, value, np.float32), pieces)
    total = np.cumsum([np.cumsum(part)[-1] for part in parts], dtype=np.float32)[-1]
    dW: Any = np.full(exact.shape, total, np.float32)
    assert compare(with_dW(problem, dW), oracle="recorded").ok
    cell = tuple(data.draw(st.integers(0, length - 1)) for length in dW.shape)
    dW[cell] += data.draw(st.sampled_from([-1e-4, 1e-4])) * dW.max()
    assume(abs(dW[cell] - exact[cell]) > 5e-5 * dW.max())  # else it has come right by chance
    found = compare(with_dW(problem, dW), oracle="recorded")
    assert [(row.wrong, row.worst_index) for row in found.rows] == [(1, cell)]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_wrong_cell_that_lies_beside_ours_is_held_against_the_others_all_the_same(sign: int) -> None:
    problem = flat(0.29278344, 2, 1.0)
    # ours drifts by as much, so that below the others the wrong cell is next to ours
    exact = torch_gradients(in_float64(problem)).dW
    dW = np.full(exact.shape, 2587.0496, np.float32)
    dW[1, 0, 2, 1] += sign * 1e-4 * dW.max()
    (row,) = compare(with_dW(problem, dW), oracle="recorded").rows
    assert (row.wrong, row.worst_index) == (1, (1, 0, 2, 1))
    assert row.max_abs_error > row.tolerance


def test_what_drifts_alike_is_said_and_others_keep_their_room() -> None:
    problem = flat(0.7, 2, 1.0)
    own = np.array(conv2d_backward(problem.dZ, problem.cache, 1, 0)[0])
    assert "many cells of dW drift alike" in compare(with_dW(problem, own), oracle="recorded").tolerance_text
    # a channel of its own drifts in its own way, and there is one cell of it
    A_prev = np.full((96, 96, 24), 0.7, np.float32)
    A_prev[..., 5] = 0.3
    W = np.ones((24, 1, 1, 1), np.float32)
    mixed = Problem(A_prev, W, None, np.ones((96, 96, 24), np.float32), groups=24)
    dW = torch_gradients(in_float64(mixed)).dW.astype(np.float32)
    dW[5] += 1e-4 * dW[5]
    assert compare(with_dW(mixed, dW), oracle="recorded").ok
    dW[6] += 1e-4 * dW[6]
    (row,) = compare(with_dW(mixed, dW), oracle="recorded").rows
    assert (row.wrong, row.worst_index) == (1, (6, 0, 0, 0))


def test_products_taken_for_0_show_in_many_cells() -> None:
    problem = random_problem(size=(9, 9), dtype=np.float32)
    tiny = with_arrays(problem, A_prev=problem.A_prev * np.float32(1e-30), dZ=problem.dZ * np.float32(1e-4))
    dW, db, _ = (np.array(found) for found in conv2d_backward(tiny.dZ, tiny.cache, 1, 0, 1, 2))
    right = tiny.with_recorded(Recorded("somebody", {"dW": dW, "db": db}, EPS["float32"]))
    found = compare(right, oracle="recorded")
    assert found.ok
    assert "taken for 0" not in found.tolerance_text
    dW[2, 1, 1, 0] += 1e-4 * np.abs(dW).max()
    assert not compare(with_dW(tiny, dW), oracle="recorded").ok
    below = with_arrays(tiny, dZ=problem.dZ * np.float32(1e-10))
    flushed = compare(with_dW(below, np.zeros_like(dW)), oracle="recorded")
    assert flushed.ok
    assert "and by n·1.18e-38, for products that were taken for 0" in flushed.tolerance_text


@pytest.mark.parametrize("change", [-4, 4])
def test_units_are_those_of_the_right_value(change: int) -> None:
    A_prev, dZ = np.ones((127, 2, 1), np.float32), np.ones((127, 2, 1), np.float32)
    problem = Problem(A_prev, np.ones((1, 1, 1, 1), np.float32), None, dZ)
    assert compare(with_dW(problem, np.full((1, 1, 1, 1), 256.0), EPS["bfloat16"]), oracle="recorded").ok
    wrong = with_dW(problem, np.full((1, 1, 1, 1), 254.0 + change), EPS["bfloat16"])
    assert not compare(wrong, oracle="recorded").ok


def test_what_cancels_to_less_than_its_tolerance_is_said() -> None:
    problem = random_problem(size=(20, 20), dtype=np.float32)
    dZ = problem.dZ.astype(np.float64)
    dZ = (dZ - dZ.mean(axis=(0, 1))).astype(np.float32)
    found = compare(recorded_with(with_arrays(problem, dZ=dZ), "float32"), oracle="recorded")
    assert found.ok
    assert [row.name for row in found.rows if row.near_zero] == ["db"]
    assert found.verdict.endswith("; db: too close to 0 to tell, no value is larger than its tolerance")
    assert "db 6 is too close to 0 to tell: off by up to " in repr(found)
    (db,) = (row for row in found.rows if row.near_zero)
    assert (np.abs(db.expected) <= 32 * 16 * EPS["float32"] * np.abs(dZ).sum()).all()
    assert "to tell" not in compare(recorded_with(problem, "float32"), oracle="recorded").verdict


AT_SIGHT = "The layer is large, so ours are sums in float64"


def both_ways(problem: Problem) -> tuple[Comparison, Comparison]:
    """As of a layer that is large, and with the loop's own gradients beside the recording."""
    with mock.patch.object(recorded, "LARGE", -1):
        return compare(problem, oracle="recorded"), compare(problem, oracle=RecordedOracle())


def judged(comparison: Comparison) -> list[Any]:
    return [(row.name, row.wrong, row.checked, row.ok or row.worst_index) for row in comparison.rows]


@given(problems(), st.sampled_from([*EPS, "TF32"]), st.data())
@settings(max_examples=tried(120), deadline=None)
def test_what_is_right_at_sight_is_right_beside_the_loop(
    problem: Problem, precision: str, data: st.DataObject
) -> None:
    spoilt = data.draw(st.sampled_from([None, None, "A_prev", "W", "dZ"]))
    if spoilt is not None:
        kinds = data.draw(st.sampled_from([(np.nan,), (np.inf,), (-np.inf, np.nan), (1e30, 1e-30)]))
        problem = spoiled(problem, spoilt, data.draw(st.integers(0, 9)), kinds)
    roundings: dict[str, Callable[[Any], Any]] = {
        "float32": lambda values: values.astype(np.float32),
        "float16": lambda values: values.astype(np.float16),
        "bfloat16": to_bfloat16,
    }
    eps = EPS.get(precision, 2.0**-10 * 1.5)
    with np.errstate(all="ignore"):
        gradients = {
            name: np.array(roundings.get(precision, np.array)(values), problem.dtype)
            for name, values in zip(("dW", "db", "dA_prev"), exact_gradients(problem), strict=True)
            if values is not None
        }
        name = data.draw(st.sampled_from(sorted(gradients)))
        values = gradients[name]
        cell = tuple(data.draw(st.integers(0, length - 1)) for length in values.shape)
        steps = data.draw(st.sampled_from([0, 1, 100, -200, 250, -260, 300, 1000, 1e5, np.nan, np.inf]))
        values[cell] += steps * float(np.finfo(problem.dtype).eps) * np.abs(values).max()
    sight, loop = both_ways(problem.with_recorded(Recorded("somebody", gradients, eps)))
    assert judged(sight) == judged(loop)
    assert sight.ok or AT_SIGHT not in sight.tolerance_text


def test_of_a_large_layer_the_loop_is_run_only_for_what_is_not_right_at_sight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = random_problem(size=(12, 13), batch=2, dtype=np.float32)
    right = recorded_with(problem, "float32")
    wrong, loop = both_ways(recorded_with(problem, "float32", lambda dW: dW * np.float32(1.001)))
    assert not wrong.ok
    assert judged(wrong) == judged(loop)
    assert wrong.tolerance_text == loop.tolerance_text
    assert wrong.rows[0].actual.tobytes() == exact_gradients(problem)[0].tobytes()
    run = run_to(problem, problem.total_steps)
    monkeypatch.setattr(recorded, "LARGE", -1)
    # somebody's own gradients are still held against what the loop may be off
    beside = compare(right, gradients=(run.dW, run.db, run.dA_prev_pad), oracle="recorded")
    assert AT_SIGHT not in beside.tolerance_text
    monkeypatch.setattr(recorded, "followed", None)
    monkeypatch.setattr("convstep.oracle.comparison.followed", None)
    found = compare(right, oracle="recorded")
    assert found.ok
    assert found.tolerance_text.startswith(AT_SIGHT)
    assert all(row.actual.dtype == np.float64 for row in found.rows)


def test_a_cell_apart_from_the_drift_of_the_others_is_not_right_at_sight() -> None:
    problem = flat(0.7, 2, 1.0)
    exact = torch_gradients(in_float64(problem)).dW
    dW = (exact * (1 + 200 * EPS["float32"])).astype(np.float32)
    sight, loop = both_ways(with_dW(problem, dW))
    assert sight.ok
    assert loop.ok
    assert AT_SIGHT in sight.tolerance_text
    dW[1, 2, 0, 1] = exact[1, 2, 0, 1] * (1 - 200 * EPS["float32"])
    sight, loop = both_ways(with_dW(problem, dW))
    assert judged(sight) == judged(loop)
    assert [(row.wrong, row.worst_index) for row in sight.rows] == [(1, (1, 2, 0, 1))]


def test_an_error_where_0_was_recorded_is_told_relative_to_the_largest_value() -> None:
    problem = random_problem(size=(9, 9), dtype=np.float32)
    dZ = np.array(problem.dZ)
    dZ[..., 2] *= np.float32(1e-5)
    small = with_arrays(problem, dZ=dZ)
    dW = np.array(exact_gradients(small)[0])
    dW[2] = 0
    (row,) = both_ways(with_dW(small, dW))[0].rows
    assert row.ok
    assert row.max_rel_error == pytest.approx(row.max_abs_error / np.abs(row.actual).max())
