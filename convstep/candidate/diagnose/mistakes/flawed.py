"""What a backward with a patch returns: the patched text is run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.mistakes.patch import Patch, program
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]

_OVERWRITES = ("dW[", "db[", "dA_prev_pad[")
_STOPS = "if (i_n, i_h, i_w, i_c) >= last:"
"""A step is the last that is executed, or comes after it where that one is never executed."""


def flawed_gradient(name: str, problem: Problem, wrong: Patch) -> Array:
    """One gradient as a backward with this patch would return it.

    Without any, it is the reference's, to rounding. `db` is given also where the problem has no
    bias, as most people's code does.

    Args:
        name: "dW", "db" or "dA_prev".
        problem: any geometry.
        wrong: what is done wrong.

    Returns:
        The gradient in our layout, in the problem's dtype; of another shape where the patch leads
        there.

    Raises:
        Exception: whatever such a backward would raise: an IndexError, arrays that do not fit.

    >>> import numpy as np
    >>> from convstep.candidate.diagnose.mistakes.patch import patch
    >>> problem = Problem(np.ones((4, 4, 1)), np.ones((1, 2, 2, 1)), None, np.ones((3, 3, 1)))
    >>> flawed_gradient("dA_prev", problem, patch("dA_prev = dA_prev_pad[:, top:-bottom, left:-right]")).shape
    (0, 0, 1)
    """
    return _finished(name, problem, _compiled(name, wrong)(*_arguments(problem)))


def flawed_running(name: str, problem: Problem, wrong: Patch, position: int) -> Array | None:
    """A running gradient after some steps, where `dZ` with zeros for later steps would not show it.

    That is so for `=` in place of `+=`: a zero written is a zero, a step not executed is none.

    Args:
        name: "dW", "db" or "dA_prev".
        problem: any geometry.
        wrong: what is done wrong.
        position: how many steps of the article's loop are executed.

    Returns:
        The gradient as it stands; None where a call with a masked `dZ` gives the same, or where
        the loop has no steps (a col2im works tap by tap, after them all).
    """
    run = _stopping(name, wrong)
    if run is None:
        return None
    n, (h_out, w_out, c_out) = problem.geometry.samples, problem.geometry.output_shape
    last = np.unravel_index(position - 1, (n, h_out, w_out, c_out)) if position else (-1,)
    return _finished(name, problem, run(*_arguments(problem), tuple(map(int, last))))


@functools.lru_cache(maxsize=1 << 12)
def _compiled(name: str, wrong: Patch) -> Callable[..., Array]:
    return _function(program(name, wrong))


@functools.lru_cache(maxsize=1 << 8)
def _stopping(name: str, wrong: Patch) -> Callable[..., Array] | None:
    """The patched loop with one argument more, `last`: the indices of the step to stop after.

    None if it assigns nothing into the gradient at a step.
    """
    head, *lines = program(name, wrong)
    first = next((number for number, line in enumerate(lines) if "for i_n in " in line), len(lines))
    end = first + 1
    while end < len(lines) and lines[end].startswith(" " * 8):
        end += 1
    if not any(line.strip().startswith(_OVERWRITES) and "] = " in line for line in lines[first:end]):
        return None
    deepest = lines[end - 1][: len(lines[end - 1]) - len(lines[end - 1].lstrip())]
    rest = lines[end:]
    return _function(
        [
            head.replace("):", ", last):"),
            *lines[:first],
            "    if last < (0,):",
            *(f"    {line}" for line in rest),
            *lines[first:end],
            f"{deepest}{_STOPS}",
            *(f"{deepest}{line}" for line in rest),
            *rest,
        ]
    )


def _function(lines: list[str]) -> Callable[..., Array]:
    """Make a function of lines that stand in this folder; no candidate's text comes here."""
    names: dict[str, Any] = {"np": np}
    exec("\n".join(lines), names)
    made: Callable[..., Array] = names["backward"]
    return made


def _arguments(problem: Problem) -> tuple[Any, ...]:
    """What the loops are called with: float64, a batch axis, a bias; whole inputs as integers."""
    geometry = problem.geometry
    n = geometry.samples
    return (
        problem.dZ.reshape(n, *geometry.output_shape).astype(np.float64),
        _exact(problem.A_prev.reshape(n, *geometry.input_shape)),
        _exact(problem.W),
        np.zeros(len(problem.W)) if problem.b is None else problem.b.astype(np.float64),
        geometry.stride,
        geometry.padding,
        geometry.dilation,
        geometry.groups,
    )


def _exact(array: Array) -> Array:
    whole = bool((array == np.rint(array)).all())
    return array.astype(np.int64 if whole else np.float64)


def _finished(name: str, problem: Problem, gradient: Array) -> Array:
    """Without the batch axis that the problem does not have, in its dtype."""
    if name == "dA_prev" and problem.geometry.batch is None and len(gradient) == 1:
        gradient = gradient[0]
    return np.asarray(gradient, dtype=problem.dtype)
