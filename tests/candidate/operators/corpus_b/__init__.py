"""How each file of corpus B is called, the problems it is called with, and what torch says to them.

A call gets the file's module and a problem, and returns the gradients under the reference's names, or None
where the file's own parameters cannot say the problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from tests.candidate.operators.corpus_b import (
    batch_norm,
    conv1d,
    conv_transpose2d,
    layer_norm,
    lstm_step,
    others,
)
from tests.candidate.operators.corpus_b.common import Gradients, Problem
from tests.candidate.operators.corpus_b.norm import small

OPERATORS: dict[str, Any] = {
    "batch-norm": batch_norm,
    "layer-norm": layer_norm,
    "conv1d": conv1d,
    "lstm-step": lstm_step,
    "conv-transpose2d": conv_transpose2d,
    "others": others,
}
"""Of each its calls, its problems and its reference."""

OPERATOR_OF = {target: operator for operator in OPERATORS.values() for target in operator.CALLS}


@cache
def judged(operator: Any, eps: float | None) -> list[tuple[Problem, Gradients]]:
    """The problems of an operator beside torch's answers."""
    drawn = operator.problems(np.random.default_rng(18))
    chosen = drawn if eps is None else [small(p, eps) for p in drawn]
    return [(p, operator.reference(p)) for p in chosen]


def verdicts(target: str, module: ModuleType) -> Iterator[str]:
    """Of each problem a target can be asked "right" or "wrong", and "written" where an input has changed."""
    operator = OPERATOR_OF[target]
    for asked, expected in judged(operator, operator.FIXED_EPS.get(target)):
        arrays = {name: value for name, value in vars(asked).items() if isinstance(value, np.ndarray)}
        p = Problem(**{**vars(asked), **{name: value.copy() for name, value in arrays.items()}})
        try:
            with np.errstate(all="ignore"):
                found = operator.CALLS[target](module, p)
        except Exception:
            yield "wrong"
            continue
        if found is not None:
            yield "right" if agree(found, expected) else "wrong"
            if not all(np.array_equal(value, vars(p)[name]) for name, value in arrays.items()):
                yield "written"


def agree(found: Gradients, expected: Gradients) -> bool:
    return all(
        found[name].shape == value.shape and np.allclose(found[name], value, rtol=1e-7, atol=1e-9)
        for name, value in expected.items()
    )
