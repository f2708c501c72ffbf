"""What code does with a name says what it is: a stride steps over windows, a padding pads, a size is cut."""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections.abc import Iterator
from typing import overload

from convstep.candidate.call.call import Method
from convstep.candidate.call.containers import PAIRS, numbered, sides_of
from convstep.candidate.call.words import roles_of
from convstep.candidate.load.parsing import tree_of

HELD = "(?:data|value|val|array)"
"""What a node of a graph calls its array."""
GRADS = "(?:grad|g|gradient|adjoint|diff)"
"""What it calls its gradient."""
INPUTS = "(?:inputs|parents|children|_?prev|operands|sources)"
"""What it calls the nodes that it was made of."""
CONV2D = ("A_prev", "W", "b", "stride", "padding", "dilation")
"""What a conv2d of a library takes by place."""
_ROUNDED = ("int", "floor", "int32", "int64")
_MADE = ("randn", "rand", "zeros", "ones", "empty", "normal", "uniform", "standard_normal", "full")


@functools.lru_cache(64)
def used_as(source: str) -> dict[str, str]:
    r"""Roles of names by how a source passes them on, `conv2d(x, bank, padding=p)`, or reckons with them.

    An attribute that was set to a parameter speaks for it. A "side" is the input's height or width.

    >>> used_as("def f(self, n, q, u, v):\n self.u = u\n self.h = (n + 2 * v - q) // self.u + 1")
    {'u': 'stride', 'n': 'side', 'v': 'padding', 'q': 'kernel_size'}
    """
    found: dict[str, str] = {}
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.expr) and (said := numbered(node)) is not None:
            found[said[1]] = "layer"
        pairs: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.Call):
            pairs = [*_passed(node), *_made(node)]
        elif isinstance(node, ast.BinOp):
            pairs = [*_sizes(node)]
        elif isinstance(node, ast.Slice):
            pairs = [*_window(node)]
        elif isinstance(node, (ast.If, ast.IfExp)):
            pairs = [("flag", each) for each in (node.test, getattr(node.test, "operand", node.test))]
        for role, value in pairs:
            if isinstance(value, (ast.Name, ast.Attribute)):
                found.setdefault(ast.unparse(value).rpartition(".")[2], role)
    return _resolved(source, found)


@functools.lru_cache(64)
def taken_apart(source: str) -> dict[str, int]:
    r"""Into how many names a source unpacks a parameter, or its shape, which is written `x.shape`.

    >>> taken_apart("def f(x, s):\n n, h, w = x.shape\n sh, sw = s")
    {'x.shape': 3, 's': 2}
    """
    found: dict[str, int] = {}
    for node in ast.walk(tree_of(source)):
        match node:
            case ast.Assign([ast.Tuple(names)], ast.Name() | ast.Attribute(attr="shape") as value):
                if not any(isinstance(each, ast.Starred) for each in names):
                    found.setdefault(ast.unparse(value), len(names))
    return found


@functools.lru_cache(64)
def nodes_of(source: str) -> dict[str, str]:
    r"""The names that a source takes for nodes of a graph, by what they are: "node", an output, or "boxed".

    It puts gradients into what they keep, `x.g = …`, or looks at what they were made of, `node.inputs`.

    >>> nodes_of("def f(x, w, out):\n x.g = out.g @ w.data"), nodes_of("def f(x, w):\n return x.data")
    ({'x': 'boxed', 'out': 'node', 'w': 'boxed'}, {})
    """
    found: dict[str, str] = {}
    attributes = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.Attribute)]
    written = [node for node in attributes if isinstance(node.ctx, ast.Store)]
    inside = re.search(rf"\.{GRADS}(\[[^\]\n]*\])+\s*[+-]?=(?!=)|\.{GRADS}\.add_\(", source)
    put = inside is not None or any(re.fullmatch(GRADS, node.attr) for node in written)
    stored = {ast.unparse(node.value) for node in written}
    stored |= set(re.findall(rf"\b(\w+)\.{GRADS}\s*(?:\[[^\n=]*\]\s*[+-]?=(?!=)|\.add_\()", source))
    for name, attribute in re.findall(rf"\b(\w+)\.({HELD}|{GRADS}|{INPUTS})\b", source):
        if not put and (not re.fullmatch(INPUTS, attribute) or {"cache", "ctx"} & {*roles_of(name)}):
            continue
        output = re.fullmatch(INPUTS, attribute) or (re.fullmatch(GRADS, attribute) and name not in stored)
        if found.get(name) != "node" and name != "self":
            found[name] = "node" if output else "boxed"
    return found


@functools.lru_cache(64)
def returns_function(source: str) -> bool:
    r"""Whether a function returns, besides its output, a function that is written in it.

    >>> returns_function("def f(x):\n def back(g):\n  return g\n return x, back")
    True
    """
    nodes = [*ast.walk(tree_of(source))]
    inner = {each.name for each in nodes if isinstance(each, ast.FunctionDef)}
    tuples = [
        each.value.elts
        for each in nodes
        if isinstance(each, ast.Return) and isinstance(each.value, ast.Tuple)
    ]
    parts = itertools.chain.from_iterable(tuples)
    return any(
        isinstance(each, ast.Lambda) or (isinstance(each, ast.Name) and each.id in inner) for each in parts
    )


@overload
def in_pairs(method: Method, source: str) -> Method: ...
@overload
def in_pairs(method: None, source: str) -> None: ...
def in_pairs(method: Method | None, source: str) -> Method | None:
    """The same method, told pairs even where both are equal of what its source takes apart into two."""
    pairs, sides = _pairs(source), sides_of(source)

    def told(name: str, role: str) -> str:
        if name not in pairs or (sides and role == "padding"):
            return role
        both = (*PAIRS, "kernel_size")
        return f"{role}:pair" if role in both else "input_shape:HW" if role == "input_shape" else role

    return method and Method(method.name, tuple((name, told(name, role)) for name, role in method.given))


@functools.lru_cache(64)
def _pairs(source: str) -> frozenset[str]:
    r"""The names that a source unpacks into two, and those of a padding whose default is a pair.

    >>> sorted(_pairs("def conv(x, w, stride=(1, 1), pad=(0, 0), d=1):\n dh, dw = d"))
    ['d', 'pad']
    """
    found = {name for name, count in taken_apart(source).items() if count == 2}
    for node in ast.walk(tree_of(source)):
        match node:
            case ast.Tuple([_, _, ast.Starred(ast.Name(name))]):  # (n, c, *size)
                found.add(name)
        if isinstance(node, ast.FunctionDef):
            plain = node.args.posonlyargs + node.args.args
            defaults = zip(plain[::-1], node.args.defaults[::-1], strict=False)
            for each, value in (*defaults, *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)):
                pair = isinstance(value, ast.Tuple) and len(value.elts) == 2
                if pair and "padding" in roles_of(each.arg) and all(map(_is_number, value.elts)):  # type: ignore[union-attr]
                    found.add(each.arg)
    return frozenset(found)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _passed(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    called = ast.unparse(node.func).rpartition(".")[2]
    for each in node.keywords:
        if each.arg in (*CONV2D, "dZ", "groups"):
            yield each.arg, each.value
    if called == "conv2d":
        yield from zip(CONV2D, node.args, strict=False)
    if called == "pad":
        queue = list(node.args[1:2])
        for how in queue:  # what is added to the input at its ends, not what that is made of
            queue += how.elts if isinstance(how, ast.Tuple) else ()
            yield "padding", how


def _sizes(node: ast.BinOp) -> Iterator[tuple[str, ast.expr]]:
    """The parts of a size of an output: `(n + 2 * p - k) // s + 1`, in any order."""
    if not isinstance(node.op, ast.Add):
        return
    for one, rest in ((node.right, node.left), (node.left, node.right)):
        if not (isinstance(one, ast.Constant) and one.value in (1, 1.0)):
            continue
        while (
            isinstance(rest, ast.Call) and ast.unparse(rest.func).rpartition(".")[2] in _ROUNDED and rest.args
        ):
            rest = rest.args[0]
        if isinstance(rest, ast.BinOp) and isinstance(rest.op, (ast.Div, ast.FloorDiv)):
            terms = list(_terms(rest.left, 1))
            if any(sign < 0 for sign, _ in terms) and any(sign > 0 for sign, _ in terms):
                yield "stride", rest.right
                yield from _of_size(terms)


def _of_size(terms: list[tuple[int, ast.expr]]) -> Iterator[tuple[str, ast.expr]]:
    for sign, term in terms:
        double = isinstance(term, ast.BinOp) and isinstance(term.op, ast.Mult)
        if sign > 0 and double:
            assert isinstance(term, ast.BinOp)
            for two, value in ((term.left, term.right), (term.right, term.left)):
                if isinstance(two, ast.Constant) and two.value == 2:
                    yield "padding", value
        else:
            yield "side" if sign > 0 else "kernel_size", term


def _terms(node: ast.expr, sign: int) -> Iterator[tuple[int, ast.expr]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield from _terms(node.left, sign)
        yield from _terms(node.right, sign if isinstance(node.op, ast.Add) else -sign)
    else:
        yield sign, node


def _window(node: ast.Slice) -> Iterator[tuple[str, ast.expr]]:
    """The stride and the kernel's side in `i * s:i * s + k`."""
    start, end = node.lower, node.upper
    if not (isinstance(start, ast.BinOp) and isinstance(start.op, ast.Mult) and isinstance(end, ast.BinOp)):
        return
    if isinstance(end.op, ast.Add) and ast.dump(end.left) == ast.dump(start):
        yield "kernel_size", end.right
        attributes = [each for each in (start.left, start.right) if isinstance(each, ast.Attribute)]
        yield from (("stride", each) for each in attributes if len(attributes) == 1)


def _made(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The kernels' side in `randn(n, c, k, k)`."""
    if ast.unparse(node.func).rpartition(".")[2] not in _MADE:
        return
    listed = [*node.args, *(each.value for each in node.keywords if each.arg == "size")]
    tuples = [each.elts for each in listed if isinstance(each, ast.Tuple)]
    sides = tuples[0] if tuples else listed
    said = [ast.unparse(each) for each in sides]
    twice = {each for each in said if said.count(each) == 2}
    if len(sides) == 4 and len(twice) == 1:
        yield from (("kernel_size", each) for each in sides if ast.unparse(each) in twice)


def _resolved(source: str, found: dict[str, str]) -> dict[str, str]:
    """The same with what attributes were set to, `self.step = u`, and what they gave: `s = self.step`."""
    both: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(tree_of(source)):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            assert isinstance(node, ast.Assign)
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                both += zip(target.elts, node.value.elts, strict=False)
            else:
                both.append((target, node.value))
    for name, value in both:
        if isinstance(name, ast.Name) and isinstance(value, ast.Attribute):
            role = found.get(name.id)
            if role in ("stride", "padding", "kernel_size") and ast.unparse(value.value) == "self":
                found.setdefault(value.attr, role)
    for name, value in both:
        if isinstance(name, ast.Attribute) and isinstance(value, ast.Name) and name.attr in found:
            found.setdefault(value.id, found[name.attr])
    return found
