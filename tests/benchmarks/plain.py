"""The project's own loop without its `yield`, made from its source so that the two cannot part."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections import deque
from collections.abc import Callable
from typing import Any

from convstep.conv import backward
from convstep.conv.problem import Problem


class _Without(ast.NodeTransformer):
    """Drops statements that only yield, and counts them."""

    dropped = 0

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Yield):
            self.dropped += 1
            return None
        return node


def loop_without_yield() -> Callable[..., Any]:
    """`backward._loop` with everything but the `yield` statement."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(backward._loop)))
    without = _Without()
    tree = ast.fix_missing_locations(without.visit(tree))
    assert without.dropped == 1, "the loop yields in one place; look at this benchmark again"
    found: dict[str, Any] = {}
    exec(compile(tree, "<loop without yield>", "exec"), vars(backward) | {"__name__": __name__}, found)
    plain: Callable[..., Any] = found["_loop"]
    assert not inspect.isgeneratorfunction(plain)
    return plain


def drain(problem: Problem) -> None:
    """Our generator, walked to its end."""
    deque(_steps(problem), maxlen=0)


def run_plain(problem: Problem, plain: Callable[..., Any]) -> Any:
    """The same call, the same preparation, with another loop at its heart."""
    held = backward._loop
    backward._loop = plain
    try:
        return _steps(problem)
    finally:
        backward._loop = held


def _steps(problem: Problem) -> Any:
    return backward.conv2d_backward_steps(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
