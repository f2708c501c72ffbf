from __future__ import annotations

import numpy as np
import pytest

from convstep.cli import problems
from convstep.conv.forward import conv2d_forward
from convstep.conv.problem import Problem
from tests.captures import small
from tests.cli.conftest import Run, strictly


def test_trace_jsonl_is_one_strict_object_for_every_step(run: Run) -> None:
    ended = run("trace", "rectangle", "--format", "jsonl")
    assert (ended.code, ended.err) == (0, "")
    records = [strictly(line) for line in ended.out.splitlines()]
    assert [record["step"] for record in records] == list(range(len(records)))
    assert [record["position"] for record in records] == list(range(1, len(records) + 1))
    assert len(records) == problems.load_problem("rectangle").total_steps


def test_trace_of_nan_and_infinity_is_still_json(run: Run) -> None:
    strange = np.array([np.nan, np.inf, -np.inf, -0.0]).reshape(2, 2, 1)
    Problem(strange, np.ones((1, 1, 1, 1)), None, strange).save("strange.npz")
    ended = run("trace", "strange.npz", "--format", "jsonl")
    assert [strictly(line)["dz"] for line in ended.out.splitlines()] == ["nan", "inf", "-inf", -0.0]
    assert strictly(run("compare", "strange.npz", "--json").out)["rows"]


@pytest.mark.parametrize("bias", [True, False])
def test_trace_forward_tells_how_each_cell_of_z_is_made(run: Run, bias: bool) -> None:
    rng = np.random.default_rng(1)
    A_prev, W, b = rng.standard_normal((4, 3, 2)), rng.standard_normal((2, 2, 2, 2)), np.array([0.5, -1.0])
    given = A_prev, W, b if bias else None
    Problem(*given, None).save("made.npz")
    ended = run("trace", "made.npz", "--forward", "--format", "jsonl")
    assert (ended.code, ended.err) == (0, "")
    records = [strictly(line) for line in ended.out.splitlines()]
    assert [record["position"] for record in records] == list(range(1, 13))
    Z = conv2d_forward(*given, 1, 0)["Z"]
    for record in records:
        cell = Z[record["i_h"], record["i_w"], record["i_c"]]
        assert record["Z"]["before"] == 0
        assert record["Z"]["after"] == cell
        assert record["b"] == (b[record["i_c"]] if bias else None)
        products = np.array(record["x"]) * np.array(record["w"])
        assert record["Z"]["summed"] == products.sum()
    ended = run("trace", "made.npz", "--forward", "--to", "1")
    assert "at random" not in ended.out
    assert ended.out.startswith(f"step 1/12  (i_h 0, i_w 0, i_c 0)  Z[0, 0, 0] = {float(Z[0, 0, 0])!r}")
    assert "Z[0, 0, 0] = np.sum(x * w)\n  before  0.0\n" in ended.out
    assert ("Z[0, 0, 0] += b[i_c]" in ended.out) == bias


def test_trace_writes_the_range_it_is_asked_for(run: Run) -> None:
    ended = run("trace", "digit", "--from", "137", "--to", "138")
    assert ended.code == 0
    titles = [line for line in ended.out.splitlines() if line.startswith("step ")]
    assert [title.split()[1] for title in titles] == ["137/256", "138/256"]
    assert "(i_h 4, i_w 2, i_c 0)" in titles[0]
    assert "\n\nstep 138" in ended.out


def test_trace_of_many_layers_is_the_map_of_a_backward_pass(run: Run) -> None:
    small().save("run.npz")
    ended = run("trace", "run.npz")
    assert (ended.code, ended.out, ended.err) == (0, f"{small().map()}\n", "")
    records = [strictly(line) for line in run("trace", "run.npz", "--format", "jsonl").out.splitlines()]
    assert [record["name"] for record in records] == ["3", "2", "1", "0"]
    assert [record["reached"] for record in records] == [0, 1, 2, 3]
    for option in (("--to", "2"), ("--forward",)):
        ended = run("trace", "run.npz", *option)
        assert (ended.code, "add --layer NAME" in ended.err) == (2, True)
    assert run("trace", "run.npz", "--layer", "3", "--to", "1").out.startswith("step 1/")
