"""Expressions: a syntax tree with hooks at what it reads, sets or hands out within a statement."""

from __future__ import annotations

import ast
from typing import Any, Protocol

from convstep.recording.trees import PREFIX, SHAPES, load

OWN = f"{PREFIX}own"
"""What leaves our variables out of `locals()`."""
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
"""What makes its elements one by one."""


class Hooked(Protocol):
    """What makes hooks of parts of an expression, the parts within them having theirs: `rewrite`."""

    def read(self, node: ast.Subscript, *, through: bool, named: bool) -> ast.expr:
        """A subscript that is read; what is in it is still to come."""

    def elements(self, node: Comprehension) -> None:
        """A comprehension."""

    def walrus(self, node: ast.NamedExpr) -> ast.expr:
        """`(n := value)`."""

    def yielded(self, node: ast.Yield) -> ast.expr:
        """What is handed out."""


def hooked(rewriter: Hooked, node: ast.expr, *, through: bool = False, named: bool = False) -> ast.expr:
    """An expression, changed, with hooks; `through`: it leads to a subscript; `named`: it gets a name."""
    made = _Expressions(rewriter, through=through, named=named).visit(node)
    assert isinstance(made, ast.expr)
    return made


_LEAVES = frozenset({ast.Name, ast.Constant, ast.Load, ast.Add, ast.Sub, ast.Mult, ast.Div})
"""What has nothing in it that is rewritten; looking it up so is quicker than `NodeTransformer` does."""


class _Expressions(ast.NodeTransformer):
    """Hooks at the subscripts of an expression."""

    def __init__(self, rewriter: Hooked, *, through: bool = False, named: bool = False) -> None:
        self._rewriter, self._through, self._named = rewriter, through, named

    def visit(self, node: ast.AST) -> Any:
        """What is outermost may lead on, or get a name; what is in it is read."""
        through, named, self._through, self._named = self._through, self._named, False, False
        if type(node) in _LEAVES:
            return node
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            return self._rewriter.read(node, through=through, named=named)
        if isinstance(node, ast.Attribute) and node.attr in SHAPES:
            self._through = True
        return super().visit(node)

    def _comprehension(self, node: Comprehension) -> ast.AST:
        self.generic_visit(node)
        self._rewriter.elements(node)
        return node

    visit_ListComp = visit_SetComp = _comprehension  # noqa: N815  # the names that ast asks for
    visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        self.generic_visit(node)
        return self._rewriter.walrus(node)

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        self.generic_visit(node)
        return self._rewriter.yielded(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if (
            isinstance(node.func, ast.Name)
            and node.func.id in ("locals", "vars")
            and not (node.args or node.keywords)
        ):
            return ast.Call(load(OWN), [node], [])
        return node
