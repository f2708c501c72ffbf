"""A verdict on an operator has the face of every verdict; its report says where, why and how to go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep import Verdict
from convstep.candidate.operators.diagnose import diagnose
from convstep.candidate.operators.notes import notes
from convstep.candidate.operators.report import report
from convstep.candidate.operators.settled import settled
from convstep.candidate.operators.verdict import OperatorVerdict
from convstep.candidate.operators.ways import Way
from convstep.operators.operator import Array
from convstep.operators.registry import operator_named
from tests.candidate.operators.sweeping import swept, with_outputs


def verdict_on(name: str, backward: Callable[..., Any] | None = None) -> OperatorVerdict:
    operator = operator_named(name)
    sweep, said = settled(swept(operator, backward or operator.backward))
    return OperatorVerdict(
        report, "mine.py:f", "f", sweep, diagnose(sweep), (*said, *notes(sweep)), own="line 3: `dx = 0`."
    )


def overwriting() -> OperatorVerdict:
    return verdict_on("max-pool", operator_named("max-pool").mistake("overwrite").variants[0].backward)


def test_it_has_what_every_verdict_has() -> None:
    face = ("ok", "failing", "first_divergence", "diagnosis", "headline", "notes", "operator", "mistakes")
    for name in (
        *face,
        "name",
        "place",
        "pattern",
        "convention",
        "as_dict",
        "rows",
        "saved",
        "path",
        "flags",
    ):
        assert hasattr(OperatorVerdict, name) or name in OperatorVerdict.__dataclass_fields__
        assert hasattr(Verdict, name) or name in Verdict.__dataclass_fields__


def test_a_right_one_is_right_and_says_of_what() -> None:
    verdict = verdict_on("linear")
    assert verdict
    assert verdict.failing is None
    assert verdict.headline == "f is right: dx, dw and db agree with a linear layer on 20 problems"
    assert str(verdict).splitlines()[1] == "checked as linear"
    assert json.loads(json.dumps(verdict.as_dict()))["verdict"] == "right"


def test_a_wrong_one_says_where_why_and_what_to_write() -> None:
    verdict = overwriting()
    assert not verdict
    assert verdict.mistakes == ("overwrite",)
    told = verdict.first_divergence
    assert told is not None
    assert told.gradient == "dx"
    lines = str(verdict).splitlines()
    assert lines[0].startswith("f is wrong on ")
    assert "smallest failing problem: x " in str(verdict)
    assert any(line.strip().startswith("dx[") and " instead of " in line for line in lines)
    assert "    wrong  dx_pad[i_n, i_c, h + k_h, w + k_w] = dout[i_n, i_c, i_h, i_w]" in lines
    assert "    right  dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]" in lines
    assert "to see it" not in str(verdict)  # what `f` is given is not known from its name
    named = replace(verdict, name="max_pool_backward", target="mine.py:max_pool_backward")
    assert str(named).splitlines()[-2] == "to see it: convstep open mine.py:max_pool_backward"
    assert lines[-1] == "the same mistake in readable lines: convstep open max-pool --mistake overwrite"
    assert "line 3: `dx = 0`" in str(verdict)


def test_a_command_that_refuses_tensors_is_not_advised_for_them() -> None:
    verdict = overwriting()
    on_tensors = replace(verdict.swept, way=Way(verdict.swept.operator, tensors=True))
    named = replace(verdict, name="MaxPool", target="mine.py:MaxPool", swept=on_tensors)
    assert "mine.py" not in str(named)
    assert "convstep open max-pool --mistake overwrite" in str(named)
    assert str(replace(named, diagnosis=())).endswith("a right one in readable lines: convstep open max-pool")


def test_the_numbers_of_the_report_are_those_of_the_failing_problem() -> None:
    verdict = overwriting()
    judged, told = verdict.failing_result, verdict.first_divergence
    assert judged is not None
    assert told is not None
    assert told.actual == judged.answer.gradients["dx"][told.cell]
    assert told.expected == judged.right["dx"][told.cell]
    worst = np.abs(judged.answer.gradients["dx"] - judged.right["dx"]).max()
    assert abs(told.actual - told.expected) == worst


def test_cells_and_shapes_are_said_as_the_author_lays_them() -> None:
    verdict = overwriting()
    last = replace(verdict.swept, convention=operator_named("max-pool").conventions[0])
    theirs, told = str(replace(verdict, swept=last)), verdict.first_divergence
    assert told is not None
    n, c, h, w = told.cell
    assert f"dx[{n}, {h}, {w}, {c}] is " in theirs
    assert f"dx[{n}, {c}, {h}, {w}] is " in str(verdict)
    N, C, H, W = verdict.failing.arrays["x"].shape  # type: ignore[union-attr]
    assert f"problem: x {N}x{H}x{W}x{C}, " in theirs


def test_the_failing_problem_is_a_file_without_pickles(tmp_path: Path) -> None:
    verdict = overwriting().saved(str(tmp_path / "failing.npz"))
    assert verdict.path == str(tmp_path / "failing.npz")
    problem = verdict.failing
    assert problem is not None
    with np.load(tmp_path / "failing.npz", allow_pickle=False) as held:
        assert str(held["operator"]) == "max-pool"
        assert np.array_equal(held["x"], problem.arrays["x"])
        assert np.array_equal(held["dout"], problem.upstream["dout"])
        assert tuple(held["stride"]) == problem.options["stride"]
    with pytest.raises(ValueError, match="no failing problem"):
        verdict_on("relu").saved(str(tmp_path / "other.npz"))


def test_what_changes_its_callers_array_fails_with_right_gradients() -> None:
    def backward(dout: Array, x: Array) -> Array:
        dout[x <= 0] = 0
        return dout.copy()

    verdict = verdict_on("relu", backward)
    assert not verdict.ok
    assert verdict.headline == (
        "f returns the right gradients, but something else is wrong: writes-into-dout"
    )
    assert verdict.failing is not None


def test_a_row_for_each_problem_is_a_table() -> None:
    rows = overwriting().rows()
    assert len({tuple(row) for row in rows}) == 1
    assert {row["outcome"] for row in rows} == {"right", "wrong"}


def test_a_loss_that_overflows_is_a_note_and_the_gradient_is_right() -> None:
    def loss(x: Array, y: Array) -> Array:
        exps = np.exp(x - x.max(axis=1, keepdims=True))
        probs = exps / exps.sum(axis=1, keepdims=True)
        found: Array = -np.log(probs[np.arange(len(x)), y]).mean()
        return found

    operator = operator_named("softmax-cross-entropy")
    sweep = with_outputs(swept(operator, operator.backward), loss)
    assert diagnose(sweep) == ()
    (note,) = notes(sweep)
    assert note.startswith("loss-overflows: loss is inf or nan on ")
    assert "the gradients are right there" in note
