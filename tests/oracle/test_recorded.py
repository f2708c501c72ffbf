from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convstep import cli
from convstep.conv.backward import conv2d_backward
from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.oracle.comparison import compare
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.pytorch import in_float64, torch_gradients
from tests.oracle.problems import problems, random_problem, with_arrays
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
    assume(value > 1e-3)
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
