from __future__ import annotations

import numpy as np

from convstep.cli import problems
from convstep.conv.problem import Problem
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


def test_trace_writes_the_range_it_is_asked_for(run: Run) -> None:
    ended = run("trace", "digit", "--from", "137", "--to", "138")
    assert ended.code == 0
    titles = [line for line in ended.out.splitlines() if line.startswith("step ")]
    assert [title.split()[1] for title in titles] == ["137/256", "138/256"]
    assert "(i_h 4, i_w 2, i_c 0)" in titles[0]
    assert "\n\nstep 138" in ended.out
