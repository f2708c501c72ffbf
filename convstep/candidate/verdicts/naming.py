"""Which array a gradient's name says it is of: `dx`, `d_x_hat`, `dXhat`, `grad_x`, `grads['x']`, `x_grad`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from convstep.candidate.call.words import roles_of

_BEFORE = re.compile(r"(?:d|d_|grad_?|gradient_?|g_|delta_?|dl_?d_?|dloss_?d_?|∂|Δ)(?P<of>\w+)", re.I)
_AFTER = re.compile(r"(?P<of>\w+?)_?(?:grad|gradient|grads|bar)", re.I)
UPSTREAM = re.compile(
    r"d(?!b$|t$|im|type|ropout|ilation|epth|ata|atch)[a-zA-Z_]\w*|.*grad.*|upstream\w*|delta\w*"
)
"""What the gradient that comes from above is called."""
_HOLDER = re.compile(r"_?(?:d|grads?|gradients?|dparams?|grad_?\w*|deltas?)", re.I)


def last(name: str) -> str:
    """The last word of a path: `W` of `self.W`, `params['W']`."""
    found = re.search(r"(\w+)(?:['\"]?\])?$", name)
    return found[1] if found else name


def plain(name: str) -> str:
    """A name without what people write in different ways: `x_hat`, `xHat` and `xhat` are the same."""
    return name.replace("_", "").lower()


def of_gradient(name: str) -> list[str]:
    """The names, as `plain` has them, of what a gradient of this name may be of; none if it is none."""
    word = last(name)
    found = [match["of"] for pattern in (_BEFORE, _AFTER) if (match := pattern.fullmatch(word))]
    holder = re.match(r"(?:\w+\.)*(\w+)\[", name)
    if holder and _HOLDER.fullmatch(holder[1]):
        found.append(word)
    # `d_x` is read both as d of `x` and, without its underscore, as d of `x`
    return list(dict.fromkeys(plain(one) for one in found if plain(one)))


def same(gradient: str, names: Iterable[str]) -> list[str]:
    """Those of some names that a gradient's name is about; by its very letters where that decides."""
    about = of_gradient(gradient)
    found = [name for name in names if plain(last(name)) in about]
    if len(found) > 1:
        word = last(gradient).replace("_", "")
        exact = [name for name in found if word.endswith(last(name).replace("_", ""))]
        return exact or found
    return found


def begins(gradient: str, name: str) -> bool:
    """Whether a gradient is called by the first letters of a name: `dp` for `positive`."""
    return any(plain(last(name)).startswith(one) for one in of_gradient(gradient))


def is_upstream(name: str) -> bool:
    """Whether a parameter's name says that it is the gradient from above."""
    return UPSTREAM.fullmatch(name) is not None or roles_of(name)[:1] == ("dZ",)


def returned(function: ast.FunctionDef) -> list[str]:
    """What the elements of a function's value are called; "" for what has no name, [] where that differs."""
    found = [
        tuple(_named(node.value)) for node in own(function) if isinstance(node, ast.Return) and node.value
    ]
    return list(found[0]) if found and len(set(found)) == 1 else []


def _named(value: ast.expr) -> Iterator[str]:
    for one in value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]:
        yield (
            ast.unparse(one)
            if isinstance(one, (ast.Name, ast.Attribute, ast.Subscript)) and _simple(one)
            else ""
        )


def _simple(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
    return True


def own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions in it, in the order of the source."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            yield from own(node)


def valued(node: ast.AST) -> Iterator[str]:
    """The variables whose numbers an expression uses, and not only their shapes."""
    if isinstance(node, ast.Attribute) and node.attr in ("shape", "ndim", "size", "dtype"):
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
        *("zeros_like", "empty_like", "ones_like", "len", "shape"),
    ):
        return
    if isinstance(node, ast.Name):
        yield node.id
    for one in ast.iter_child_nodes(node):
        yield from valued(one)
