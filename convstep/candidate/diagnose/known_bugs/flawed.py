"""A backward that makes chosen mistakes, gradient by gradient.

It is written for speed as well as for faithfulness: where a mistake allows, all places are done
at once; windows are cut, and arrays refuse to fit, exactly where a loop's slices would.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.known_bugs import rounding
from convstep.candidate.diagnose.known_bugs.flawed_bias import flawed_db
from convstep.candidate.diagnose.known_bugs.flawed_input import flawed_dA_prev
from convstep.candidate.diagnose.known_bugs.flawed_kernel import flawed_dW
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]

_COMPUTE = {"dW": flawed_dW, "db": flawed_db, "dA_prev": flawed_dA_prev}


def flawed_gradient(name: str, problem: Problem, mistakes: Mistakes) -> Array:
    """One gradient as a backward with these mistakes would return it.

    Without mistakes it is the reference's, to rounding. `db` is given also where the problem has
    no bias, as most people's code does.

    Args:
        name: "dW", "db" or "dA_prev".
        problem: any geometry.
        mistakes: what is done wrong.

    Returns:
        The gradient in our layout, in the problem's dtype; of another shape where the mistakes
        lead there.

    Raises:
        Exception: whatever such a backward would raise: an IndexError, arrays that do not fit.

    >>> import numpy as np
    >>> problem = Problem(np.ones((4, 4, 1)), np.ones((1, 2, 2, 1)), None, np.ones((3, 3, 1)))
    >>> flawed_gradient("dA_prev", problem, Mistakes(crop="[p:-p]")).shape
    (0, 0, 1)
    """
    return _finished(name, problem, mistakes, _COMPUTE[name](problem, mistakes))


def flawed_running(name: str, problem: Problem, mistakes: Mistakes, position: int) -> Array | None:
    """A running gradient after some steps, where `dZ` with zeros for later steps would not show it.

    That is so for `=` in place of `+=`: a zero written is a zero, a step not executed is none.

    Args:
        name: "dW", "db" or "dA_prev".
        problem: any geometry.
        mistakes: what is done wrong.
        position: how many steps of the article's loop are executed.

    Returns:
        The gradient as it stands; None where a call with a masked `dZ` gives the same, or where
        the mistake has no steps (a col2im works tap by tap, after them all).
    """
    ordered = mistakes.write in ("step", "place") if name == "dA_prev" else bool(mistakes.last)
    if not ordered:
        return None
    return _finished(name, problem, mistakes, _COMPUTE[name](problem, mistakes, position))


def _finished(name: str, problem: Problem, mistakes: Mistakes, gradient: Array) -> Array:
    """What is done to a gradient once it is summed up."""
    if mistakes.scale:
        gradient = gradient * _factor(problem, mistakes.scale)
    gradient = rounding.at_end(gradient, problem, mistakes, name)
    if mistakes.starts_from_input:
        start: Array | None = getattr(problem, rounding.LIKE[name])
        gradient = gradient if start is None else gradient + start
    if mistakes.zeros:
        gradient = np.zeros_like(gradient)
    return np.asarray(gradient, dtype=problem.dtype)


def _factor(problem: Problem, scale: str) -> float:
    geometry = problem.geometry
    n, (h_out, w_out, c_out) = geometry.samples, geometry.output_shape
    _, f_h, f_w, _ = geometry.kernel_shape
    return {
        "1/N": 1 / n,
        "1/(H_out*W_out)": 1 / (h_out * w_out),
        "1/(N*H_out*W_out)": 1 / (n * h_out * w_out),
        "1/(F_h*F_w)": 1 / (f_h * f_w),
        "1/C_out": 1 / c_out,
        "1/C_in": 1 / geometry.input_shape[2],
        "2": 2.0,
    }[scale]
