"""A problem as code: its arrays, the call, and what comes of it."""

from __future__ import annotations

import numpy as np

from convstep.conv.backward import conv2d_backward
from convstep.conv.forward import conv2d_forward
from convstep.conv.problem import Problem
from convstep.conv.validation import padding_text, pair_text, shape_text
from convstep.snippet import Check, Snippet
from convstep.steps.cells import Array

PRECISION = {"float32": 1e-5, "float64": 1e-12}
"""What a number may be off, as a share of the largest, where it is added up in another order."""


def case_of(problem: Problem, name: str, *, forward: bool = False) -> Snippet:
    """The backward pass of a problem, or its forward pass, as code, with the results it expects."""
    options = f"stride={pair_text(problem.stride)}, padding={padding_text(problem.padding)}"
    options += f", dilation={pair_text(problem.dilation)}" * (problem.dilation != (1, 1))
    options += f", groups={problem.groups}" * (problem.groups > 1)
    given = {"A_prev": problem.A_prev, "W": problem.W, "b": problem.b}
    if forward:
        call = f'Z = conv2d_forward(A_prev, W, b, {options})["Z"]'
        cache = conv2d_forward(problem.A_prev, problem.W, problem.b, *problem.numbers)
        results = {"Z": cache["Z"]}
    else:
        given["dZ"] = problem.dZ
        call = f'dW, db, dA_prev = conv2d_backward(dZ, {{"A_prev": A_prev, "W": W, "b": b}}, {options})'
        made = conv2d_backward(problem.dZ, problem.cache, *problem.numbers)
        results = {key: value for key, value in made._asdict().items() if value is not None}
    about = f"{name}: A_prev {shape_text(problem.A_prev.shape)}, W {shape_text(problem.W.shape)}"
    about += f", stride {pair_text(problem.stride)}, padding {padding_text(problem.padding)}"
    called = "conv2d_forward" if forward else "conv2d_backward"
    return Snippet(
        called,
        [f"{about}; put your own function in the place of {called}"],
        [f"from convstep import {called}"],
        given,
        [call],
        [Check(key, key, value, _off(value)) for key, value in results.items()],
    )


def _off(expected: Array) -> float:
    finite = np.abs(expected[np.isfinite(expected)])
    return float(finite.max(initial=0.0)) * PRECISION[expected.dtype.name]
