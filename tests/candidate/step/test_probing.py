"""Bisection finds the steps that trying every single one finds."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from convstep import Problem, conv2d_backward
from convstep.candidate.call.calling import Call, perform
from convstep.candidate.call.conventions import CONVENTIONS, named
from convstep.candidate.call.outcome import RETURNED, Candidate, Outcome
from convstep.candidate.call.source_of import served_function
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Case, Right, cases_for, right_of
from convstep.candidate.check.grade import grade, wrong_cells
from convstep.candidate.step.probing import Probe, reference
from tests.candidate.corpus import Specimen, one_each, specimen
from tests.strategies import some


class Direct:
    """A worker without a process: these candidates do no harm."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.candidate: Candidate = served_function(function).candidate
        self.calls = 0

    def call(self, call: Call, problem: Problem, *, fresh: bool = False) -> Outcome:
        self.calls += 1
        geometry = problem.stride, problem.padding, problem.dilation, problem.groups
        arrays = problem.A_prev.copy(), problem.W.copy(), problem.b, problem.dZ.copy()
        copy = Problem(*arrays, *geometry)
        outcome = perform(self.function, None, self.candidate, call, copy)
        if outcome.kind != RETURNED:
            return outcome
        found = named(CONVENTIONS[call.convention], outcome.returned, outcome.labels, problem)
        return replace(outcome, gradients=found)


def probe_of(function: Callable[..., Any], problem: Problem, convention: str = "problem") -> Probe:
    return Probe(cast(Worker, Direct(function)), Call(convention), problem)


LINEAR = {
    "stride-ignored",
    "stride-one-axis",
    "crop-offset",
    "pad-mode",
    "dW-flipped",
    "kernel-flipped",
    "kernel-transposed",
    "dZ-not-dilated",
    "dZ-channel-fixed",
    "one-channel-only",
    "db-mean",
    "averaged",
    "groups-ignored",
    "dilation-ignored",
    "batch-one-sample",
    "loop-range",
    "gradient-not-returned",
    "axes-swapped",
    "dZ-transposed",
}
OVERWRITING = {"overwrite-dW", "overwrite-dA", "overwrite-db"}


@functools.cache
def chosen(*bugs: str) -> list[Specimen]:
    conventions = ("problem", "coursera")
    return [found for found in one_each() if found.bug in bugs and found.convention in conventions]


def title(found: Specimen) -> str:
    return "-".join(filter(None, (found.convention, found.bug, found.form, found.variant)))


def failing(found: Specimen, most_steps: int = 60) -> Right | None:
    """The smallest problem on which it returns something wrong."""
    direct = Direct(found.function)
    for case in cases_for(CONVENTIONS[found.convention], direct.candidate)[0]:
        right = right_of(case)
        result = grade(case, right, direct.call(Call(found.convention), right.problem))
        if (
            result.failed
            and result.outcome.kind == RETURNED
            and not any(judged.kind == "shape" for judged in result.grades)
        ):
            return right if right.problem.total_steps <= most_steps else None
    return None


def one_step(problem: Problem, step: int) -> Problem:
    dZ = np.zeros_like(problem.dZ)
    dZ.reshape(-1)[step] = problem.dZ.reshape(-1)[step]
    return problem.with_arrays(dZ=dZ)


def brute_force(found: Specimen, right: Right) -> tuple[list[int], list[int]]:
    """The steps after which the sum of single contributions is wrong, and those wrong by themselves."""
    direct, problem = Direct(found.function), right.problem
    theirs = {name: np.zeros_like(values) for name, values in right.gradients.items()}
    ours = {name: np.zeros_like(values) for name, values in right.gradients.items()}
    running, alone = [], []
    for step in range(problem.total_steps):
        single = one_step(problem, step)
        answer = direct.call(Call(found.convention), single).gradients
        expected = reference(single)
        for name in theirs:
            theirs[name] = theirs[name] + answer[name]
            ours[name] = ours[name] + expected[name]
        if any(wrong_cells(name, right, answer[name], expected[name]).any() for name in theirs):
            alone.append(step)
        if any(wrong_cells(name, right, theirs[name], ours[name]).any() for name in theirs):
            running.append(step)
    return running, alone


@pytest.mark.parametrize("bug", some(sorted(LINEAR), 3))
def test_bisection_finds_what_trying_every_step_finds(bug: str) -> None:
    asked = [(found, right) for found in chosen(bug) if (right := failing(found)) is not None]
    assert asked
    for found, right in asked:
        running, alone = brute_force(found, right)
        probe = probe_of(found.function, right.problem, found.convention)
        divergence = probe.first_divergence()
        assert divergence is not None
        assert (divergence.step, divergence.before_any) == (running[0], False), title(found)
        assert divergence.index == right.problem.geometry.index_at(running[0])
        for place in range(0, right.problem.total_steps + 1, 5):
            following = next((step for step in alone if step >= place), None)
            assert probe.next_divergent(place) == following, title(found)
            preceding = next((step for step in alone[::-1] if step < place), None)
            assert probe.previous_divergent(place) == preceding, title(found)
        found_parts = probe.additivity()
        assert (found_parts.broken, found_parts.offset) == ((), ())


def test_bisection_asks_few_questions() -> None:
    right = right_of(Case((8, 9), (3, 3), channels=2, filters=4))

    def late(problem: Problem) -> Any:
        dZ = problem.dZ.copy()
        dZ.reshape(-1)[100] = 0
        return reference_of(problem.with_arrays(dZ=dZ))

    direct = Direct(late)
    probe = Probe(cast(Worker, direct), Call("problem"), right.problem)
    divergence = probe.first_divergence()
    assert divergence is not None
    assert divergence.step == 100
    assert direct.calls < 15


def reference_of(problem: Problem) -> Any:
    geometry = problem.stride, problem.padding, problem.dilation, problem.groups
    return conv2d_backward(problem.dZ, problem.cache, *geometry)


RIGHT = right_of(Case((5, 4), (3, 2), channels=2, filters=3))


def test_cells_and_values_are_those_after_the_step() -> None:
    def backward(problem: Problem) -> Any:
        dW, db, dA = reference_of(problem)
        dW[1, 2] *= 2
        return dW, db, dA

    found = probe_of(backward, RIGHT.problem).first_divergence()
    assert found is not None
    assert (found.step, found.gradient, found.gradients) == (1, "dW", ("dW",))
    assert found.cells == tuple((1, 2, k_w, c) for k_w in range(2) for c in range(2))
    assert found.count == 4
    step = one_step(RIGHT.problem, 1)
    right = [float(reference(step)["dW"][cell]) for cell in found.cells]
    np.testing.assert_allclose(found.expected, right)
    np.testing.assert_allclose(found.actual, np.multiply(right, 2))


@pytest.mark.parametrize("name", ["article", "coursera", "cs231n", "alx", "torch", "problem"])
def test_a_right_candidate_has_no_divergent_step(name: str) -> None:
    right = right_of(Case((4, 5), (2, 2), channels=2, batch=None if name == "article" else 1))
    probe = probe_of(specimen(name, "im2col").function, right.problem, name)
    assert probe.first_divergence() is None
    assert probe.next_divergent(0) is None
    assert probe.previous_divergent(right.problem.total_steps) is None
    assert (probe.additivity().broken, probe.additivity().offset) == ((), ())


@pytest.mark.parametrize("found", chosen(*OVERWRITING), ids=title)
def test_what_overwrites_parts_from_the_reference_but_adds_up(found: Specimen) -> None:
    right = failing(found)
    assert right is not None
    probe = probe_of(found.function, right.problem, found.convention)
    assert probe.first_divergence() is not None
    # the last step overwrites the others whatever dZ is, which is linear
    assert probe.additivity().broken == ()


def test_what_is_not_linear_or_keeps_state_does_not_add_up() -> None:
    kept: list[Any] = []

    def scaled(problem: Problem) -> Any:
        dW, db, dA = reference_of(problem)
        return dW / (1 + abs(problem.dZ).max()), db, dA

    def keeping(problem: Problem) -> Any:
        dW, db, dA = reference_of(problem)
        kept.append(db)
        return dW, sum(kept), dA

    assert probe_of(scaled, RIGHT.problem).additivity().broken == ("dW",)
    assert probe_of(keeping, RIGHT.problem).additivity().broken == ("db",)


def test_an_offset_is_there_before_the_first_step() -> None:
    def backward(problem: Problem) -> Any:
        dW, db, dA = reference_of(problem)
        return dW, db, dA + problem.A_prev

    probe = probe_of(backward, RIGHT.problem)
    assert probe.additivity().offset == ("dA_prev",)
    assert probe.additivity().broken == ()
    found = probe.first_divergence()
    assert found is not None
    assert (found.before_any, found.gradient) == (True, "dA_prev")
    # what it begins with is no step's doing
    assert probe.next_divergent(0) is None
    step = RIGHT.problem.total_steps // 2
    assert not probe.differing(probe.part(step, step + 1), probe.expected(step, step + 1))
    assert probe.differing(probe.block(step, step + 1), probe.expected(step, step + 1)) == ("dA_prev",)


def test_a_wrong_shape_is_there_from_the_first_step() -> None:
    def backward(problem: Problem) -> Any:
        dW, db, dA = reference_of(problem)
        return dW, db, dA[1:]

    found = probe_of(backward, RIGHT.problem).first_divergence()
    assert found is not None
    assert (found.step, found.before_any, found.gradient) == (0, False, "dA_prev")
    assert found.shapes == ((5, 4, 2), (4, 4, 2))


def test_who_raises_has_no_step_to_look_at() -> None:
    def always(problem: Problem) -> Any:
        raise IndexError

    def on_zeros(problem: Problem) -> Any:
        assert problem.dZ.any()
        return tuple(2 * gradient for gradient in reference_of(problem))

    assert probe_of(always, RIGHT.problem).first_divergence() is None
    assert probe_of(always, RIGHT.problem).additivity().broken == ()
    assert probe_of(on_zeros, RIGHT.problem).first_divergence() is None


@pytest.mark.parametrize("spoiled", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["A_prev", "W", "dZ"])
@pytest.mark.filterwarnings("error")
def test_nan_and_inf_in_the_problem_are_no_obstacle(name: str, spoiled: float) -> None:
    arrays = {each: np.array(getattr(RIGHT.problem, each)) for each in ("A_prev", "W", "b", "dZ")}
    arrays[name].reshape(-1)[4] = spoiled
    problem = Problem(arrays["A_prev"], arrays["W"], arrays["b"], arrays["dZ"])

    def doubled(problem: Problem) -> Any:
        with np.errstate(all="ignore"):
            return tuple(2 * gradient for gradient in reference_of(problem))

    for function in (reference_of, doubled):
        probe = probe_of(function, problem)
        found = probe.first_divergence()
        assert (found is None) == (function is reference_of)
        probe.next_divergent(0)
        probe.previous_divergent(problem.total_steps)
        probe.additivity()
