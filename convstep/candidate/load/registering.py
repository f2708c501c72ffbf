"""Top-level calls that tell parts of a candidate about each other, as `op.defvjp(...)` does."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable

from convstep.candidate.load.selection import dotted, target_roots, words

_REGISTERS = re.compile(r"_*(register|def(?!ault)|declare|install|bind|attach|connect|hook|add|set|override)")
"""What calls are named that tell a part of the candidate about another."""
_REGISTERS_ALONE = re.compile(r"_*(register|install|bind|attach|hook)")
"""Those of them that need not be given anything: `register_all()`."""
_WRAPS = re.compile(r"wrap|primitive|decorat|regist|vectoriz|jit|compile|differentiable|implement", re.I)
"""What decorators are named that are called as functions: `conv = primitive(conv)`."""
_FILLS = words("append extend update insert setdefault add")
_DECLARES = words("define impl")
"""How a `torch.library.Library` is told of its operators."""
_LISTS = words("vars dir getattr getmembers items keys values import_module signature")
"""Calls that say what there is."""


class Registering:
    """Recognises what tells parts of the candidate about each other: `op.defvjp(...)`, `setattr(Op, ...)`.

    Such calls train, print and plot nothing, and without them its operators do not know their backward.
    """

    def __init__(
        self,
        is_part: Callable[[str], bool],
        is_constant: Callable[[str], bool],
        is_simple: Callable[[ast.expr], bool],
    ) -> None:
        """Know what names and expressions are.

        Args:
            is_part: whether a name stands for a module, class, function or object of the candidate.
            is_constant: whether it stands for a value that was written down.
            is_simple: whether an expression is a value.
        """
        self._is_part, self._is_constant, self._is_simple = is_part, is_constant, is_simple
        self._looped: set[str] = set()
        """Names that a loop over parts of the candidate gives a value."""

    def runs(self, node: ast.stmt) -> bool:
        """Whether a statement does nothing but that."""
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Call) and self._call(node.value)
        if isinstance(node, ast.For):
            return self._loop(node)
        if isinstance(node, ast.If):
            return self._listed(node.test) and all(map(self.runs, (*node.body, *node.orelse)))
        if isinstance(node, ast.Assign):
            return self._assignment(node)
        return isinstance(node, (ast.Pass, ast.Continue, ast.FunctionDef))

    def _loop(self, node: ast.For) -> bool:
        if not self._listed(node.iter):
            return False
        self._looped |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
        works = any(
            isinstance(each, (ast.Call, ast.Assign)) for inner in node.body for each in ast.walk(inner)
        )
        return works and not node.orelse and all(map(self.runs, node.body))

    def _assignment(self, node: ast.Assign) -> bool:
        """`Op.conv = wrapped(conv)`, `conv = primitive(conv)`, and in a loop any value for a name."""
        roots = list(target_roots(node))
        if self._looped and self._listed(node.value):
            return all(whole or self._owns(root) or self._is_constant(root or "") for root, whole in roots)
        called = node.value
        if not isinstance(called, ast.Call):
            return False
        name = (dotted(called.func) or "").rpartition(".")[2]
        if name == "Library" and self._listed(called.func) and all(map(self._listed, _arguments(called))):
            return all(whole for _, whole in roots)
        if not self._given_own(called):
            return False
        makes = bool(_WRAPS.search(name)) or (name[:1].isupper() and self._owns(name))
        return makes and all(whole or self._owns(root) for root, whole in roots)

    def _call(self, node: ast.Call) -> bool:
        name = dotted(node.func)
        if name is None:
            inner = node.func  # `register("conv")(Conv)`
            return isinstance(inner, ast.Call) and self._call(inner) and self._given_own(node)
        root, last = name.partition(".")[0], name.rpartition(".")[2]
        if not all(map(self._listed, _arguments(node))):
            return False
        if last in _DECLARES and self._is_constant(root):
            return True
        if name != last and last in _FILLS and (self._is_constant(root) or self._owns(root)):
            return True
        if _REGISTERS_ALONE.match(last) and self._owns(root):
            return True
        return _REGISTERS.match(last) is not None and self._given_own(node)

    def _given_own(self, node: ast.Call) -> bool:
        """Whether a part of the candidate, or a function written on the spot, is an argument."""
        for argument in _arguments(node):
            for each in ast.walk(argument):
                if isinstance(each, ast.Lambda) or (isinstance(each, ast.Name) and self._owns(each.id)):
                    return all(map(self._listed, _arguments(node)))
        return False

    def _owns(self, name: str | None) -> bool:
        return name is not None and (name in self._looped or self._is_part(name))

    def _listed(self, node: ast.expr) -> bool:
        """Whether an expression is a value, or says what there is, or makes a part of the candidate."""
        node = _WithoutLambdas().visit(copy.deepcopy(node))
        for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
            name = dotted(call.func) or ""
            last = name.rpartition(".")[2]
            made = last[:1].isupper() and self._owns(name.partition(".")[0])
            of = _WithoutCalls().visit(copy.deepcopy(call.func))  # `vars(ops).copy().items()`
            if not (last in _LISTS or made or self._is_simple(ast.Call(of, [], []))):
                return False
        return self._is_simple(_WithoutCalls().visit(node))


class _WithoutLambdas(ast.NodeTransformer):
    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Nothing in it runs now."""
        return ast.Constant(None)


class _WithoutCalls(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        """What it is given, as a tuple."""
        return ast.Tuple([self.visit(each) for each in _arguments(node)], ast.Load())


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]
