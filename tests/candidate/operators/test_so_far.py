"""The gradients of an operator at every step, beside those of what is read of dout by then."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import pytest

from convstep.candidate.operators.shown import Shown, shown, shown_of
from convstep.candidate.operators.so_far import Running, SoFar
from convstep.operators import own
from convstep.operators.operator import Array, Operator, OperatorProblem
from convstep.operators.registry import operator_named, operators
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.messages import OperatorQuestion

STEPPED = [one for one in operators() if one.name != "conv2d"]
"""Those that are stepped as recordings."""
LOOPS = {"avg-pool", "conv1d", "embedding", "linear", "max-pool"}
"""Those whose loops read dout cell by cell and add up."""


def running_of(found: Shown) -> Running:
    return found.running(found.recorded.recording)


def itself(operator: Operator) -> object:
    """An oracle that is asked as PyTorch is: the operator's own readable backward."""

    def ask(question: OperatorQuestion) -> tuple[str, Mapping[str, Array]]:
        assert question.expression == operator.torch
        problem = OperatorProblem(question.arrays, question.upstream, question.options)
        return "itself", operator.right(problem)

    return ask


@pytest.mark.parametrize("operator", STEPPED, ids=lambda one: one.name)
def test_every_position_that_is_compared_matches_and_the_others_say_why(operator: Operator) -> None:
    cases = (None, *map(str, range(1, 4)))
    for case in cases:
        found = shown_of(operator, case)
        running, total = running_of(found), found.recorded.recording.total
        compared = 0
        for position in range(max(total - 60, 0), total + 1):
            so_far = running.at(position)
            if isinstance(so_far, str):
                assert position < total
                assert so_far.startswith(("no loop of", "what is read of"))
                continue
            compared += 1
            assert (so_far.position, so_far.total) == (position, total)
            assert running.beside(so_far, itself(operator)).ok, (case, position)  # type: ignore[arg-type]
            if case is None:
                assert running.by_slopes(so_far).ok, position
        assert compared == (min(total, 60) + 1 if operator.name in LOOPS else compared)
        assert compared >= 1


def test_cells_that_are_not_read_are_zeros_in_the_gradient_from_above() -> None:
    found = shown("max-pool")
    running, total = running_of(found), found.recorded.recording.total
    counts = []
    for position in range(total + 1):
        so_far = running.at(position)
        assert isinstance(so_far, SoFar)
        counts.append(int(np.count_nonzero(so_far.upstream["dout"])))
    assert counts == [0, 0, 0, 1, 2, 3, 4]


def test_the_recording_stays_where_it_stands() -> None:
    found = shown("max-pool")
    recording = found.recorded.recording
    recording.seek(2)
    running_of(found).at(4)
    assert recording.position == 2


def test_a_mistake_differs_from_the_step_on_at_which_it_shows() -> None:
    found = shown("max-pool", mistake="overwrite")
    running = running_of(found)
    verdicts = []
    for position in range(found.recorded.recording.total + 1):
        so_far = running.at(position)
        assert isinstance(so_far, SoFar)
        verdicts.append(running.beside(so_far, itself(found.operator)).ok)  # type: ignore[arg-type]
    assert verdicts == [True] * 4 + [False] * 3


def test_a_tie_has_no_slope_and_is_left_out_of_central_differences_alone() -> None:
    found = shown("max-pool")
    running = running_of(found)
    so_far = running.at(found.recorded.recording.total)
    assert isinstance(so_far, SoFar)
    assert running.by_slopes(so_far).checked == (18, 20)
    assert running.beside(so_far, itself(found.operator)).checked == (20, 20)  # type: ignore[arg-type]


def test_a_gradient_of_another_shape_is_not_compared_and_says_so() -> None:
    operator = operator_named("linear")
    wide = next(
        one for one in islice(operator.problems(np.random.default_rng(0)), 99) if one.about == "one sample"
    )
    found = shown_of(operator, wide.about, "db-wrong-axis")
    running = running_of(found)
    so_far = running.at(found.recorded.recording.total)
    if isinstance(so_far, str):  # it raises instead
        assert "does not return" in so_far
        return
    with pytest.raises(OracleUnavailable, match="db has the shape"):
        running.by_slopes(so_far)


def clipped(x: Array) -> Array:
    return np.maximum(x, 0.0)


def clipped_backward(dout: Array, x: Array) -> Array:
    dx = dout
    dx[x <= 0] = 0
    return dx


def test_what_it_writes_into_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convstep.operators.registry._added", {})
    made = own.operator("clipped", clipped, clipped_backward, small={"x": np.array([1.0, -2.0, 3.0])})
    found = shown_of(made)
    before = np.array(found.problem.upstream["dout"])
    so_far = running_of(found).at(found.recorded.recording.total)
    assert isinstance(so_far, SoFar)
    assert so_far.changed == ("dout",)
    assert np.array_equal(found.problem.upstream["dout"], before)
    right = shown("relu")
    assert running_of(right).at(right.recorded.recording.total).changed == ()  # type: ignore[union-attr]


def broken_backward(dout: Array, x: Array) -> Array:
    dx = np.zeros(x.shape)
    for i in range(len(x) + 1 if x[0] == 2 else len(x)):
        dx[i] = dout[i]
    return dx


def test_what_does_not_return_is_not_compared_anywhere_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convstep.operators.registry._added", {})
    problems: list[dict[str, Any]] = [
        {"x": np.array([1.0, 3.0])},
        {"x": np.array([2.0, 3.0]), "about": "it begins with 2"},
    ]
    made = own.operator("broken", clipped, broken_backward, problems=problems)
    running = running_of(shown_of(made, "2"))
    for position in range(3):
        assert str(running.at(position)).startswith("broken_backward does not return: IndexError")
