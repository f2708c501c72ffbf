"""How a problem of an operator is told in a few words."""

from __future__ import annotations

from typing import Any

from convstep.operators.operator import Operator, OperatorProblem

PLAIN = {"padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}
"""Options that are not worth a word where they are this."""


def problem_words(operator: Operator, problem: OperatorProblem) -> str:
    """A problem: `x 2x3x4x4, size 2x2, stride 2`.

    Args:
        operator: whose.
        problem: which.
    """
    first, *rest = operator.gradients
    shown = [name for name in problem.arrays if f"d{name}" in (first, *rest)][:2]
    parts = [f"{name} {shape_words(problem.arrays[name].shape)}" for name in shown]
    parts += [
        f"{name} {option_words(value)}"
        for name, value in problem.options.items()
        if (value[0] if isinstance(value, tuple) and value[0] == value[1] else value) != PLAIN.get(name)
    ]
    return ", ".join(parts)


def shape_words(shape: tuple[int, ...]) -> str:
    """`2x3x4`."""
    return "x".join(map(str, shape)) or "1 number"


def option_words(value: Any) -> str:
    """`2`, `2x3`, `1e-05`."""
    if isinstance(value, tuple):
        return str(value[0]) if value[0] == value[1] else "x".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
