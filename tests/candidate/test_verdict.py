"""A verdict for programs: a truth value, and JSON that any reader takes."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep import CannotCall, Problem, Verdict, check, conv2d_backward
from convstep.candidate.call.outcome import REFUSED, Outcome
from convstep.candidate.call.worker import Worker
from convstep.candidate.conv_verdict import verdict_of
from convstep.candidate.notes import notes
from convstep.conv.validation import shape_text
from tests.strategies import SELDOM
from tests.tables import read_back


def right(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    return conv2d_backward(dZ, cache, stride, padding)


def not_numbers(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    return tuple(np.full_like(gradient, np.nan) for gradient in right(dZ, cache, stride, padding))


def infinite(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    dW, db, dA = right(dZ, cache, stride, padding)
    dA[0, 0, 0] = -np.inf
    return dW, db, dA


def raising(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    return np.zeros(2) @ np.zeros(3)


def hanging(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    while True:
        pass


def crashing(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    os._exit(3)


def refusing(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    raise ValueError("only 28x28")


def refusing_some(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    A_prev, W = cache["A_prev"], cache["W"]
    assert (A_prev.shape[0] + 2 * padding - W.shape[1]) % stride == 0, "does not tile"
    assert (A_prev.shape[1] + 2 * padding - W.shape[2]) % stride == 0, "does not tile"
    return right(dZ, cache, stride, padding)


def misshapen(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    dW, db, dA = right(dZ, cache, stride, padding)
    return dW, db, dA.reshape(-1)


def scalar(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    dW, db, dA = right(dZ, cache, stride, padding)
    return dW, db.sum(), dA


def without_bias(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    dW, _, dA = right(dZ, cache, stride, padding)
    return {"dW": dW, "dA": dA}


def chatty(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    np.log(np.array(-1.0))
    os.write(1, b"no harm")
    return right(dZ, cache, stride, padding)


CANDIDATES = [
    right,
    not_numbers,
    infinite,
    raising,
    hanging,
    crashing,
    refusing_some,
    misshapen,
    scalar,
    without_bias,
    chatty,
]


def judged(function: Callable[..., Any]) -> Verdict:
    if function in (right, chatty):
        return check(function)
    with Worker.of_function(function, 0.3 if function is hanging else 60) as running:
        return verdict_of(running, budget=0)


@pytest.mark.parametrize("function", CANDIDATES)
def test_every_kind_of_verdict_is_words_and_json(function: Callable[..., Any]) -> None:
    verdict = judged(function)
    plain = json.loads(json.dumps(verdict.as_dict(), allow_nan=False))
    assert set(plain) >= {
        "ok",
        "convention",
        "checked",
        "failing",
        "pattern",
        "first_divergence",
        "diagnosis",
        "forward_ok",
    }
    assert plain["ok"] is verdict.ok is bool(verdict)
    assert plain["verdict"] == ("right" if verdict.ok else "wrong")
    assert verdict.ok is (function in (right, refusing_some, chatty, without_bias))
    assert plain["convention"] == "article"
    assert ("db was not found, and is not checked" in plain["notes"]) is (function is without_bias)
    assert type(plain["checked"]) is int
    assert type(plain["pattern"]) is str
    assert plain["forward_ok"] in (None, True, False)
    assert (plain["failing"] is None) == (verdict.failing is None) == verdict.ok
    if plain["failing"] is not None:
        assert set(plain["failing"]) == {"geometry", "path"}
        assert plain["failing"]["path"] is None
        assert set(plain["failing"]["geometry"]) >= {"stride", "padding", "dilation", "groups"}
    if plain["first_divergence"] is not None:
        assert set(plain["first_divergence"]) == {"step", "position", "index", "gradient", "cells"}
        assert type(plain["first_divergence"]["step"]) is int
        assert len(plain["first_divergence"]["index"]) == 4
        assert plain["first_divergence"]["gradient"] in ("dW", "db", "dA_prev")
        assert all(type(i) is int for cell in plain["first_divergence"]["cells"] for i in cell)
    for finding in plain["diagnosis"]:
        assert set(finding) == {"id", "proven", "message"}
        assert type(finding["proven"]) is bool
        assert finding["id"]
        assert finding["message"]
    text = str(verdict)
    assert text.startswith(function.__name__)
    assert "Traceback" not in text


@SELDOM
@pytest.mark.parametrize(
    ("function", "headline"),
    [
        (hanging, "hanging hangs: it did not return within 0.3 s"),
        (crashing, "crashing crashes: it ended its process with exit code 3"),
    ],
)
def test_what_never_returns_says_so_first(function: Callable[..., Any], headline: str) -> None:
    verdict = judged(function)
    assert verdict.headline == headline
    assert verdict.first_divergence is None
    assert str(verdict).splitlines()[0] == headline + "."


def test_there_is_no_verdict_on_what_takes_nothing() -> None:
    with pytest.raises(CannotCall, match=r"^refusing refuses every .*: only 28x28$") as caught:
        judged(refusing)
    assert caught.value.candidate.name == "refusing"
    (attempt,) = caught.value.tried
    assert attempt.how.startswith("refusing(dZ of (")
    assert attempt.message == "ValueError: only 28x28"
    assert attempt.line_text == 'raise ValueError("only 28x28")'
    assert attempt.line == refusing.__code__.co_firstlineno + 1


def test_who_takes_few_problems_is_told_how_few_and_which() -> None:
    verdict = check(right)
    plain = {"stride": (2, 2), "padding": ((0, 0), (0, 0))}
    results = [
        result
        if all(getattr(result.right.problem, name) == value for name, value in plain.items())
        else dataclasses.replace(result, outcome=Outcome(REFUSED), grades=())
        for result in verdict.swept.results
    ]
    swept = dataclasses.replace(verdict.swept, results=tuple(results))
    assert 1 < swept.passed < 10
    headline = dataclasses.replace(verdict, swept=swept).headline
    assert headline == f"right is right, but takes only {swept.passed} problems: stride 2, padding 0"
    slow = dataclasses.replace(verdict.swept, results=verdict.swept.results[:1], untried=42)
    assert (
        dataclasses.replace(verdict, swept=slow).headline == "right is right, but was tried on only 1 problem"
    )


def test_gradients_that_never_come_are_noted_once() -> None:
    swept = check(right).swept
    results = [
        dataclasses.replace(
            result,
            outcome=dataclasses.replace(result.outcome, gradients={"dW": result.outcome.gradients["dW"]}),
            grades=tuple(found for found in result.grades if found.name == "dW"),
        )
        for result in swept.results
    ]
    said = tuple(notes(dataclasses.replace(swept, results=tuple(results))))
    assert "db and dA_prev were not found, and are not checked" in said


def test_a_right_one_says_on_how_many_problems() -> None:
    verdict = check(right)
    assert verdict.headline == f"right is right: all gradients agree on {verdict.swept.passed} problems"
    assert (verdict.pattern, verdict.patterns, verdict.failing_result) == ("", {}, None)
    with pytest.raises(ValueError, match="there is no failing problem to save"):
        verdict.saved("nowhere.npz")


@SELDOM
def test_who_refuses_some_sizes_is_right_and_it_is_said() -> None:
    verdict = check(refusing_some)
    assert verdict.ok
    assert verdict.swept.refused > 5
    assert any(
        note.startswith(f"it refuses {verdict.swept.refused} problems, which does not count as wrong: Asser")
        for note in verdict.notes
    )


@SELDOM
def test_a_verdict_is_about_what_fails_first() -> None:
    def conv2d_mine(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        dW, db, dA = right(dZ, cache, stride, padding)
        return dW, db, dA * (1 if stride == 1 else 2)

    verdict = check(conv2d_mine)
    assert verdict.pattern == "wrong only when stride > 1"
    assert verdict.patterns == {"dA_prev": "wrong only when stride > 1"}
    assert verdict.failing is not None
    assert verdict.failing.geometry.stride[0] > 1
    assert verdict.first_divergence is not None
    assert (verdict.first_divergence.gradient, verdict.first_divergence.step) == ("dA_prev", 0)


@SELDOM
def test_a_wrong_forward_shows_a_problem_where_it_is_wrong() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__", "right": right}
    text = (
        "def conv2d_forward(A_prev, W, b, stride, padding):\n"
        "    from convstep import conv2d_forward as forward\n"
        "    made = forward(A_prev, W, b, stride, padding)\n"
        "    return made | {'Z': made['Z'] + (padding == 2)}\n"
        "def conv2d_backward(dZ, cache, stride, padding):\n"
        "    return right(dZ, cache, stride, padding)\n"
    )
    exec(text, namespace)
    verdict = check(namespace["conv2d_backward"])
    assert not verdict.ok
    assert verdict.forward_ok is False
    assert [finding.id for finding in verdict.diagnosis] == ["forward-wrong"]
    assert verdict.failing is not None
    assert verdict.failing.geometry.padding == ((2, 2), (2, 2))
    assert "padding 2" in str(verdict)


def test_a_forward_that_returns_other_samples_is_neither_called_wrong_nor_right() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__", "right": right}
    text = (
        "import numpy as np\n"
        "def conv_forward(A_prev, W, b, hparameters):\n"
        "    from convstep import conv2d_forward as forward\n"
        "    given = np.moveaxis(W, -1, 0), b.reshape(-1), hparameters['stride'], hparameters['pad']\n"
        "    Z = forward(A_prev, *given)['Z']\n"
        "    return np.concatenate([Z, Z]), (A_prev, W, b, hparameters)\n"
        "def conv_backward(dZ, cache):\n"
        "    A_prev, W, b, hparameters = cache\n"
        "    given = {'A_prev': A_prev, 'W': np.moveaxis(W, -1, 0), 'b': b.reshape(-1)}\n"
        "    dW, db, dA = right(dZ, given, hparameters['stride'], hparameters['pad'])\n"
        "    return dA, np.moveaxis(dW, 0, -1), db.reshape(1, 1, 1, -1)\n"
    )
    exec(text, namespace)
    verdict = check(namespace["conv_backward"])
    assert verdict.convention == "coursera"
    assert (verdict.ok, verdict.forward_ok, verdict.diagnosis) == (True, None, ())


def test_the_saved_problem_is_the_failing_one_bit_for_bit(tmp_path: Path) -> None:
    verdict = judged(infinite)
    path = str(tmp_path / "a folder" / "failing.npz")
    os.mkdir(os.path.dirname(path))
    saved = verdict.saved(path)
    assert saved.as_dict()["failing"]["path"] == path
    assert verdict.path is None
    loaded, failing = Problem.load(path), verdict.failing
    assert failing is not None
    assert loaded.geometry == failing.geometry
    for name in ("A_prev", "W", "b", "dZ"):
        assert getattr(loaded, name).tobytes() == getattr(failing, name).tobytes()


def test_warnings_and_prints_are_notes() -> None:
    def conv2d_mine(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        import sys

        sys.stdout.write("shape (3, 3)\nmore\n")
        np.log(np.array(-1.0))
        return right(dZ, cache, stride, padding)

    found = check(conv2d_mine).notes
    assert "it prints: shape (3, 3)" in found
    assert "it warns: RuntimeWarning: invalid value encountered in log" in found


@SELDOM
@pytest.mark.parametrize("function", [right, refusing_some, raising, misshapen, without_bias])
def test_rows_are_a_table_of_the_problems_tried(function: Callable[..., Any]) -> None:
    verdict = judged(function)
    rows = verdict.rows()
    assert len(read_back(rows)) == len(verdict.swept.results)
    for row, result in zip(rows, verdict.swept.results, strict=True):
        assert row["W"] == shape_text(result.right.problem.W.shape)
        assert (row["outcome"] == "right") is result.ok
        assert (row["outcome"] == "refused") is result.refused
        assert row["message"] == result.outcome.message
    outcomes = {row["outcome"] for row in rows}
    assert (
        outcomes
        <= {
            right: {"right"},
            refusing_some: {"right", "refused"},
            raising: {"raised"},
            misshapen: {"wrong"},
            without_bias: {"right"},
        }[function]
    )
    if function is misshapen:
        assert rows[0]["dA_prev error"] == np.inf
    if function is without_bias:
        assert rows[0]["db error"] is None
