"""`{=…}`: the numbers of the narration are those of NumPy; and what a learner may type as a number."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv.forward import conv2d_forward
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.lessons.errors import LessonError
from convstep.lessons.expressions import arithmetic, fill_in, number_at, number_text
from tests.strategies import problems, tried

PROBLEM = Problem(np.arange(24.0).reshape(3, 4, 2), np.ones((2, 2, 2, 2)), None, None)


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(PROBLEM)


def truth(timeline: Timeline) -> dict[str, Any]:
    """What an expression may speak of, taken elsewhere."""
    problem = timeline.problem
    given = (problem.stride, problem.padding)
    step = timeline.step
    return {
        **{name: getattr(problem, name) for name in ("A_prev", "A_prev_pad", "W", "b", "dZ")},
        **{name: getattr(timeline, name) for name in ("dW", "db", "dA_prev_pad", "dA_prev")},
        **{name: getattr(timeline, name) for name in ("total", "position")},
        "Z": conv2d_forward(
            problem.A_prev, problem.W, problem.b, *given, dilation=problem.dilation, groups=problem.groups
        )["Z"],
        "step": step.index, "i_n": step.i_n, "i_h": step.i_h, "i_w": step.i_w, "i_c": step.i_c,
        "dz": step.dz, "x": step.input_slice, "w": step.kernel,
        "sum": np.sum, "abs": np.abs, "max": np.max, "min": np.min, "size": np.size, "mean": np.mean,
    }  # fmt: skip


EXPRESSIONS = [
    "dz", "2 * dz - -1", "sum(x * w)", "max(abs(dW)) / 2", "W[0, 0, 0, 0]", "W[-1][0, 0, 0]",
    "size(dA_prev_pad) - size(A_prev)", "W.shape[0]", "position // 2 % 3", "total", "min(Z)", "sum(dA_prev)",
    "step + i_n + i_h + i_w + i_c", "sum(dW != 0)", "dz ** 2", "1 - mean(x)", "x[i_h // 99, :, -1][0]",
    "A_prev_pad[::2].shape[0]", "sum(dW[0, :, ::-1])", "+dz * (1 + 2)",
]  # fmt: skip


@given(problems(), st.data())
@settings(max_examples=tried(100))
def test_expressions_are_those_of_numpy(problem: Problem, data: st.DataObject) -> None:
    timeline = Timeline(problem)
    timeline.seek(data.draw(st.integers(0, timeline.total)))
    text = data.draw(st.sampled_from(EXPRESSIONS))
    wanted = float(np.asarray(eval(text, {"__builtins__": {}}, truth(timeline))))
    assert number_at(text, timeline, 1) == wanted
    assert fill_in(f"a {{={text}}} b", timeline, 1) == f"a {number_text(wanted)} b"
    assert fill_in(f"{{= {text} :.3f}}", timeline, 1) == f"{wanted:.3f}"


@given(problems(), st.data())
@settings(max_examples=tried(60))
def test_next_is_the_step_about_to_run(problem: Problem, data: st.DataObject) -> None:
    timeline, ahead = Timeline(problem), Timeline(problem)
    at = data.draw(st.integers(0, timeline.total - 1))
    timeline.seek(at)
    ahead.seek(at + 1)
    for name in ("step", "i_n", "i_h", "i_w", "i_c", "dz", "sum(x)", "sum(w)"):
        later = name.replace("(", "(next.") if "(" in name else f"next.{name}"
        assert number_at(later, timeline, 1) == number_at(name, ahead, 1)
    assert timeline.position == at


def test_shapes_and_whole_numbers_are_written_as_they_are(timeline: Timeline) -> None:
    text = "{=W.shape} {=W.shape[1:2]} {=total} {=x.shape} {=0 * dz} {=-0.0} {=1 / 3}"
    assert fill_in(text, timeline, 1) == "(2, 2, 2, 2) (2,) 12 (2, 2, 2) 0 0 0.3333"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{=dq}", "column 1, 'dq': no such name; did you mean 'dz'?"),
        ("{=next.dq}", "no such name; did you mean 'next.dz'?"),
        ("{=dW}", "'dW' is 16 numbers; take one of them, or use sum(…)"),
        ("{=dW[9, 0, 0, 0]}", "column 4, '9': index 9 does not exist; it goes from 0 to 1"),
        ("{=dW[0.5]}", "an index is a whole number"),
        ("{=W.T}", "attributes other than .shape are not allowed"),
        ("{=dz ** 0.5}", "an exponent is a whole number from -8 to 8"),
        ("{=dz dz}", "this cannot be read; an expression looks like 2 * dz"),
        ("{=dz:2f}", "column 4, '2f': this number cannot be read"),
        ("{= }", "nothing was typed; an expression looks like 2 * dz"),
        ("{=}", "a `{=` is not closed, or is empty"),
        ("{=dz", "a `{=` is not closed, or is empty"),
        ("{={dz}}", "a `{=` is not closed, or is empty"),
        ("{=1 / 0}", "division"),
        ("{=W.shape * 100000000}", "a shape is not a number"),
        ("{=W.shape + 1}", "a shape is not a number"),
        ("{=b}", "there is no b: the problem has no bias"),
        ("{=db[0]}", "there is no db: the problem has no bias"),
        ("{=db + 1}", "cannot be computed here"),
        ("{=" + "9" * 400 + "}", "is too large"),
        ("{=" + "9" * 400 + " / 3}", "cannot be computed here"),
        ("{=" + "1+" * 300 + "1}", "it has 601 characters; at most 500 are allowed"),
        ("{=sum(1, 2)}", "sum takes 1 argument, not 2"),
        ("{=sum}", "sum needs an argument, like sum(A_prev)"),
        ("{=open('x')}", "no such function; the functions are abs"),
        ("{=().__class__}", "attributes other than .shape are not allowed"),
        ("{='a'}", "only whole numbers and decimals are allowed here"),
        ("{=True}", "only whole numbers and decimals are allowed here"),
        ("{=dW[dW]}", "an index is a whole number"),
        ("{=dW[total]}", "column 4, 'total': index 12 does not exist; it goes from 0 to 1"),
        ("{=dz > 0}", "it is true or false, and a number is wanted"),
        ("{=sum(x *\n  dq)}", "column 11, 'dq': no such name"),
    ],
)
def test_what_means_nothing_is_refused_with_its_line(timeline: Timeline, text: str, sentence: str) -> None:
    with pytest.raises(LessonError) as caught:
        fill_in(f"one {{=dz}}\ntwo\n{text}\nfour", timeline, 30)
    assert sentence in caught.value.sentence
    assert caught.value.line == 32


def test_there_is_no_next_step_at_the_end(timeline: Timeline) -> None:
    timeline.seek(timeline.total)
    with pytest.raises(LessonError, match="there is no next step at the end"):
        fill_in("{=next.dz}", timeline, 1)


def test_infinite_numbers_come_without_a_warning() -> None:
    timeline = Timeline(PROBLEM.with_arrays(dZ=np.zeros_like(PROBLEM.dZ)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fill_in("{=1 / dz} {=dz / dz}", timeline, 1) == "inf nan"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,5", 1.5), ("-,5", -0.5), ("−2", -2), ("2*3 - 1", 5), ("1e-3", 0.001), (" 7 ", 7), ("+4", 4),
        ("2×-3", -6), ("6÷4", 1.5), ("3·2", 6), ("（１＋２）＊３", 9), ("１，５", 1.5), ("－0。5", -0.5),
        (".5", 0.5), ("1_000", 1000),
        ("(1.5+2)*-1", -3.5), ("7//2%2", 1), ("abs(-2)", 2), ("–3", -3),
    ],
)  # fmt: skip
def test_numbers_may_be_typed_in_many_ways(text: str, value: float) -> None:
    assert arithmetic(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "½", "3²", "nan", "inf", "-inf", "1e999", "9**9**9", "9" * 5000, "1" * 400,
        "__import__('os')", "dz", "1,5 * 2", "1,2,3", "(1, 2)", "[1]", "1j", "True", "None", "'1'",
        "1 if 1 else 2", "1or 2", "1/0", "1//0", "5%0", "(1).shape", "1 2", "2 *", "\x00", "lambda: 1",
        "(" * 200, "0x", "x = 1", "1;2", "一", "…", "\\d",
    ],
)  # fmt: skip
def test_anything_else_is_no_number_and_runs_nothing(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="is not a"):
            arithmetic(text)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_finite_number_or_none(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert np.isfinite(arithmetic(text))


@given(st.floats(-1e300, 1e300))
def test_numbers_are_written_short_and_without_a_negative_zero(value: float) -> None:
    text = number_text(value)
    assert float(text) == pytest.approx(value, rel=5e-4, abs=1e-300)
    assert text != "-0"
