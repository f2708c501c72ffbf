"""How each file of corpus B is called, the problems it is called with, and what torch says to them.

A call gets the file's module and a problem, and returns the gradients under the reference's names, or None
where the file's own parameters cannot say the problem.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from tests.candidate.operators.calls_b import batch_norm, layer_norm, others
from tests.candidate.operators.calls_b.common import Gradients, Problem
from tests.candidate.operators.calls_b.norm import small

OPERATORS: dict[str, Any] = {"batch-norm": batch_norm, "layer-norm": layer_norm, "others": others}
"""Of each its calls, its problems and its reference."""

OPERATOR_OF = {target: operator for operator in OPERATORS.values() for target in operator.CALLS}


@cache
def judged(operator: Any, eps: float | None) -> list[tuple[Problem, Gradients]]:
    """The problems of an operator beside torch's answers."""
    drawn = operator.problems(np.random.default_rng(18))
    chosen = drawn if eps is None else [small(p, eps) for p in drawn]
    return [(p, operator.reference(p)) for p in chosen]


@np.errstate(all="ignore")
def verdicts(target: str, module: ModuleType) -> dict[str, int]:
    """How often a target is right, wrong and writes into the caller's arrays, over what it can be asked."""
    counted = {"right": 0, "wrong": 0, "written": 0}
    operator = OPERATOR_OF[target]
    for asked, expected in judged(operator, operator.FIXED_EPS.get(target)):
        p = Problem(**{k: v.copy() if isinstance(v, np.ndarray) else v for k, v in vars(asked).items()})
        try:
            found = operator.CALLS[target](module, p)
        except Exception:
            counted["wrong"] += 1
            continue
        if found is None:
            continue
        same = all(
            found[name].shape == value.shape and np.allclose(found[name], value, rtol=1e-7, atol=1e-9)
            for name, value in expected.items()
        )
        counted["right" if same else "wrong"] += 1
        arrays = {k: v for k, v in vars(asked).items() if isinstance(v, np.ndarray)}
        counted["written"] += any(not np.array_equal(v, vars(p)[k]) for k, v in arrays.items())
    return counted
