"""By which learning rate a layer updates its kernels: ours if it takes one, or the one that is written."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from convstep.candidate.call.layers import RATE
from convstep.candidate.call.objects import says

RATES = ("lr", "learning_rate", "learningrate", "learn_rate", "eta", "_lr", "_learning_rate")
OPTIMIZERS = r"moment|velocity|beta|adam|rms|adagrad|nesterov|decay|optim"
"""Words of a source that makes something else of a gradient than a step."""

_SUMS = ("sum", "dot", "mean", "matmul", "einsum", "tensordot")
"""Calls that a gradient is made by where it is subtracted."""


def set_rates(held: Any, depth: int = 2) -> bool:
    """Set its learning rate, and its optimizer's, to ours; return whether there is one."""
    found = False
    everything = [*map(vars, reversed(type(held).__mro__)), getattr(held, "__dict__", {})]
    for name, value in {name: each for held_by in everything for name, each in held_by.items()}.items():
        if name.lower() in RATES and isinstance(value, float):
            setattr(held, name, RATE)
            found = True
        elif depth and "optim" in name.lower():
            found |= set_rates(value, depth - 1)
    return found


def written_rate(held: Any, path: tuple[str, ...]) -> float:
    """The number by which a layer's code multiplies the gradient that it subtracts from an array it keeps.

    `self.W -= 0.01 * dW` and, with a number LR in the file, `self.W = self.W - LR * dW` have one; `self.W -=
    dW` has 1. 0 where no such line is found, or what is subtracted is more than a number times a gradient.
    """
    if len(path) != 1:
        return 0.0
    found = {rate for kind in type(held).__mro__[:-1] for rate in _written(kind, path[0])}
    return found.pop() if len(found) == 1 else 0.0


@functools.lru_cache(32)  # a layer is made for every problem
def _written(kind: type, name: str) -> tuple[float, ...]:
    """The rates of all lines of a class that subtract from an attribute; 0 for one that cannot be read."""
    rates: list[float] = []
    for method in vars(kind).values():
        if not inspect.isfunction(method) or method.__name__ == "__init__":
            continue
        with contextlib.suppress(OSError, SyntaxError, TypeError):
            tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
            rates += [_rate(taken, method) for taken in _subtracted(tree, f"self.{name}")]
    return tuple(rates)


def _subtracted(tree: ast.AST, target: str) -> Iterator[ast.expr]:
    """What is subtracted from a target, by `-=` or by an assignment of the difference."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
            changed: ast.expr = node.target
            value: ast.expr | None = node.value
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            changed, value = node.targets[0], None
            if isinstance(node.value.op, ast.Sub) and ast.unparse(node.value.left) == ast.unparse(changed):
                value = node.value.right
        else:
            continue
        if value is not None and ast.unparse(changed).removesuffix("[...]").removesuffix("[:]") == target:
            yield value


def _rate(taken: ast.expr, method: FunctionType) -> float:
    """The number in a product of one and a gradient; 0 if it is something else."""
    rate, gradients = 1.0, 0
    factors = [taken]
    while factors:
        each = factors.pop()
        if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Mult):
            factors += [each.left, each.right]
            continue
        value: Any = each.value if isinstance(each, ast.Constant) else None
        if isinstance(each, ast.Name) and each.id not in method.__code__.co_varnames:
            value = method.__globals__.get(each.id)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in _SUMS:
            gradients += 1
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            rate *= value
        elif isinstance(each, (ast.Name, ast.Attribute)):
            role, gradient, kept = says((each.id if isinstance(each, ast.Name) else each.attr,))
            if not (role and gradient) or kept:
                return 0.0
            gradients += 1
        else:
            return 0.0
    return rate if gradients == 1 else 0.0
