"""An operator's problem as a file: arrays by name, and the operator's name."""

from __future__ import annotations

import io

import numpy as np

from convstep.files import written_whole
from convstep.operators.operator import Operator, OperatorProblem

OPERATOR = "operator"
"""Under what name the file says which operator it is about."""


def save(path: str, operator: Operator, problem: OperatorProblem) -> None:
    """Write a problem to a `.npz`: its arrays, gradients from above and options, each under its own name."""
    options = {name: np.asarray(value) for name, value in problem.options.items() if value is not None}
    whole = io.BytesIO()
    named = {**problem.arrays, **problem.upstream, **options}
    np.savez(whole, allow_pickle=False, **{OPERATOR: np.asarray(operator.name)}, **named)
    with written_whole(path) as file:
        file.write(whole.getvalue())
