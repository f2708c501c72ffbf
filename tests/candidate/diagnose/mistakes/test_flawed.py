"""The loops that run, patched and not."""

from __future__ import annotations

import itertools
import textwrap
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from convstep.candidate.diagnose.mistakes import (
    KNOWN_BUGS,
    KnownBug,
    Patch,
    both,
    flawed_gradient,
    flawed_running,
)
from convstep.candidate.diagnose.mistakes.flawed import _arguments, _zero_pad
from convstep.candidate.diagnose.mistakes.patch import ALL, LOOPS, _loop_with, _loops, patch
from convstep.conv.blocks import exact_gradients
from convstep.conv.problem import Problem
from tests.candidate.diagnose.mistakes.geometries import PROBLEMS
from tests.candidate.diagnose.mistakes.outcomes import outcome, same
from tests.strategies import SELDOM, problems, some, tried

VARIANTS = [variant for bug in KNOWN_BUGS.values() for variant in bug.variants]
WINDOWS = patch("h_start, w_start = i_h, i_w")
WHOLE = patch("dA_prev = dA_prev_pad")


def run(loop: str, problem: Problem) -> tuple[Any, ...]:
    """What a loop's text returns as it stands."""
    names: dict[str, Any] = {"np": np, "zero_pad": _zero_pad, "same": bool(np.any(problem.padding))}
    exec(loop, names)
    found: tuple[Any, ...] = names["backward"](**_arguments(problem))
    return found


@pytest.mark.parametrize("loop", LOOPS, ids=("article", "columns", "transposed"))
@given(problem=problems(dtypes=(np.float64,)))
@settings(max_examples=tried(60))
def test_every_loop_is_a_right_backward(loop: str, problem: Problem) -> None:
    for found, right in zip(run(loop, problem), exact_gradients(problem), strict=True):
        if right is not None:
            np.testing.assert_allclose(found.reshape(right.shape), right, rtol=1e-9, atol=1e-9)


@given(problems())
@settings(max_examples=tried(40))
def test_without_a_patch_it_is_the_reference(problem: Problem) -> None:
    tolerance = 1e-10 if problem.dtype == np.float64 else 1e-4
    for name, right in zip(ALL, exact_gradients(problem), strict=True):
        found = flawed_gradient(name, problem, Patch())
        assert found.dtype == problem.dtype
        expected = problem.dZ.sum(axis=tuple(range(problem.dZ.ndim - 1))) if right is None else right
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def patched(wrong: Patch) -> str:
    """The whole text of a patched loop."""
    wrongs = {right: lines for lines, right in wrong.lines}
    found = _loop_with(wrongs)
    assert found is not None
    loop = LOOPS[_loops().index(found)]
    lines = [(line.strip(), line[: len(line) - len(line.lstrip())]) for line in loop.strip().splitlines()]
    return "\n".join(textwrap.indent(wrongs.get(text, text), indent) for text, indent in lines)


@SELDOM
@pytest.mark.parametrize("problem", some(["batch 2", "asymmetric", "groups", "dilation 2"]))
def test_the_lines_that_one_gradient_needs_give_what_all_of_them_give(problem: str) -> None:
    compared = 0
    for variant in VARIANTS:
        try:
            with np.errstate(all="ignore"):
                whole = dict(zip(ALL, run(patched(variant.mistakes), PROBLEMS[problem]), strict=True))
        except (IndexError, ValueError, TypeError):
            continue  # a line of another gradient raises
        for name in variant.gradients:
            found = flawed_gradient(name, PROBLEMS[problem], variant.mistakes)
            np.testing.assert_allclose(np.ravel(found), np.ravel(whole[name]), atol=1e-9)
            compared += 1
    assert compared > 250


@given(problems(dtypes=(np.float64,)))
@settings(max_examples=tried(10))
def test_every_variant_returns_or_raises_what_loops_raise(problem: Problem) -> None:
    for variant in VARIANTS:
        for name in variant.gradients:
            outcome(name, problem, variant.mistakes)


@pytest.mark.parametrize("problem", some(["asymmetric", "batch 2"]))
def test_two_mistakes_at_once_return_or_raise_what_loops_raise(problem: str) -> None:
    rng = np.random.default_rng(0)
    combined = 0
    for i, j in rng.integers(0, len(VARIANTS), (600, 2)):
        wrong = both(VARIANTS[i].mistakes, VARIANTS[j].mistakes)
        if wrong is not None:
            combined += 1
            for name in ALL:
                outcome(name, PROBLEMS[problem], wrong)
    assert combined > 300


def test_two_mistakes_show_both() -> None:
    problem = PROBLEMS["stride 2, padding 1"]
    wrong = both(WINDOWS, WHOLE)
    assert wrong is not None
    assert set(wrong.lines) == {*WINDOWS.lines, *WHOLE.lines}
    found = flawed_gradient("dA_prev", problem, wrong)
    assert found.shape == (9, 12, 3)
    np.testing.assert_array_equal(found[1:-1, 1:-1], flawed_gradient("dA_prev", problem, WINDOWS))


def test_patches_of_one_line_or_of_two_loops_do_not_combine() -> None:
    assert both(WINDOWS, patch("h_start, w_start = i_h, i_w * s_w")) is None
    assert both(WINDOWS, WINDOWS) == WINDOWS
    assert both(Patch(), WINDOWS) == WINDOWS
    assert both(WINDOWS, patch("dZ_up = dZ")) is None
    # the crop is the same line in every loop, but what is cropped here is known in one only
    short = patch("dA_prev = dA_full[:, top:top + H_in, left:left + W_in]")
    assert both(WINDOWS, short) is None
    assert both(patch("dZ_up = dZ"), WHOLE) is not None


def test_a_patch_of_lines_that_no_loop_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no loop has the lines"):
        patch("somewhere = else_entirely")


@pytest.mark.parametrize("bug", some(KNOWN_BUGS.values(), 3), ids=lambda bug: bug.id)
def test_running_is_the_gradient_at_the_end_and_zero_at_the_start(bug: KnownBug) -> None:
    for variant in bug.variants:
        for name, problem in itertools.product(variant.gradients, PROBLEMS.values()):
            whole = outcome(name, problem, variant.mistakes)
            if whole is None:
                continue
            running = flawed_running(name, problem, variant.mistakes, problem.total_steps)
            assert running is None or same(running, whole)
            begun = flawed_running(name, problem, variant.mistakes, 0)
            assert begun is None or not begun.any()


def test_a_running_gradient_is_the_loop_stopped() -> None:
    problem = PROBLEMS["batch 2"]
    shape = problem.dZ.shape
    for position in (1, 7, problem.total_steps // 2, problem.total_steps - 1):
        kept = np.zeros(shape[-1])
        for step in range(position):
            index = np.unravel_index(step, shape)
            kept[index[-1]] = problem.dZ[index]
        found = flawed_running("db", problem, patch("db[i_c] = dz"), position)
        np.testing.assert_array_equal(found, kept)
        # a row that is begun anew is not begun before its first step
        rows = flawed_running("db", problem, patch("for i_h in range(H_out):\n    db[...] = 0"), position)
        row = (position - 1) // (shape[2] * shape[3])
        steps = problem.dZ.reshape(-1, shape[3])[row * shape[2] : -(-position // shape[3])].copy()
        steps.ravel()[position - row * shape[2] * shape[3] :] = 0
        assert rows is not None
        np.testing.assert_allclose(rows, steps.sum(axis=0))


@pytest.mark.parametrize("name", ALL)
def test_every_overwriting_has_a_running_state_of_its_own(name: str) -> None:
    problem = PROBLEMS["batch 2"]
    for variant in KNOWN_BUGS["overwrite-" + name.removesuffix("_prev")].variants:
        running = flawed_running(name, problem, variant.mistakes, 5)
        assert (running is None) == ("col2im" in variant.label)


def test_running_is_left_to_a_masked_dZ_where_that_gives_the_same() -> None:
    problem = PROBLEMS["padding 1"]
    assert flawed_running("dW", problem, WINDOWS, 5) is None
    assert flawed_running("dA_prev", problem, patch("dW[i_c] = a_slice * dz"), 5) is None
    assert (
        flawed_running("dA_prev", problem, patch("dA_prev_pad[:, h, w] = dcolumns[:, :, :, k_h, k_w]"), 5)
        is None
    )
    assert flawed_running("db", problem, patch("db[i_c] = dz"), 5) is not None
