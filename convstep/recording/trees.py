"""Trees: what a syntax tree tells of names and places, and the pieces that a rewritten one is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from convstep.recording.sites import Site

PREFIX = "_convstep_"
"""What the names of hooks and of our own variables begin with."""
LOCALS = f"{PREFIX}locals"
"""The name of `locals`, whatever the source calls so."""
CALLED = f"{PREFIX}called"
"""The entry with which a generator's call began, in the generator."""
FORGET = f"{PREFIX}forget"
"""What is told of an array that will look at its memory otherwise."""
SHAPES = frozenset(
    {"shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides", "flags", "base", "data"}
)
"""Attributes of an array that are not its cells."""
EVERYTHING = "*"
"""Stands for all variables."""


def children(node: ast.AST) -> Iterator[ast.AST]:
    """What a node has in it, in its order; signs such as `Load` and `Add` are left out."""
    for value in node.__dict__.values():
        kind = type(value)
        if kind is list:
            for one in value:
                if isinstance(one, ast.AST):
                    yield one
        elif kind in _SIMPLE:
            continue
        elif isinstance(value, ast.AST) and value.__dict__:
            yield value


_SIMPLE = frozenset({int, str, type(None), float, ast.Load, ast.Store, ast.Add, ast.Mult})
"""Types of most of what has nothing in it."""


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all in it, those that lie less deep first."""
    todo = [node]
    for one in todo:
        todo += children(one)
        yield one


def placed(node: ast.AST, other: ast.stmt | ast.expr, *, anew: bool = False) -> None:
    """Let a tree stand where something of the source does; `anew`: also what stands somewhere already."""
    todo = [(node, other.__dict__)]
    while todo:
        one, place = todo.pop()
        held = one.__dict__
        if one._attributes:
            if not anew and _PLACE[-1] in held:
                place = held
            else:
                for name in _PLACE:
                    if anew or name not in held:
                        held[name] = place[name]
        for value in held.values():
            kind = type(value)
            if kind is list:
                todo += [(child, place) for child in value if isinstance(child, ast.AST)]
            elif kind not in _SIMPLE and isinstance(value, ast.AST):
                todo.append((value, place))


_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def own(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of statements, those of functions and classes defined in them left out."""
    todo = list(body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            todo += children(node)


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """All calls in a tree."""
    return (one for one in walk(node) if isinstance(one, ast.Call))


def heads(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, those of the statements in it left out."""
    for _, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.expr):
                yield one
            elif isinstance(one, ast.withitem):
                yield one.context_expr


def loads(node: ast.expr) -> Iterator[str]:
    """The names whose values an expression uses, other than by a subscript, in its order."""
    match node:
        case ast.Name(ctx=ast.Load()):
            yield node.id
        case ast.Attribute(attr=attr, value=inner):
            if attr in SHAPES:
                return
            if isinstance(node.ctx, ast.Load) and chain(node):
                yield ast.unparse(node)
            yield from loads(inner)
        case ast.Subscript(value=inner, slice=index):
            if not chain(inner):
                yield from loads(inner)
            yield from loads(index)
        case ast.Call(func=ast.Name(id="len")):
            return
        case ast.Call(func=func):
            if isinstance(func, ast.Attribute):
                yield from loads(func.value)
            for one in [*node.args, *(keyword.value for keyword in node.keywords)]:
                yield from loads(one)
        case ast.Lambda():
            return
        case _:
            for child in children(node):
                if isinstance(child, ast.expr):
                    yield from loads(child)
                elif isinstance(child, ast.comprehension):
                    yield from loads(child.iter)


def reachable(call: ast.Call) -> Iterator[str]:
    """The names by which a call may reach an array: what it is called on, and its arguments."""
    if isinstance(call.func, ast.Name) and call.func.id in ("exec", "eval"):
        yield EVERYTHING
    receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else [call.func]
    for one in [*receiver, *call.args, *(keyword.value for keyword in call.keywords)]:
        for node in walk(one):
            if isinstance(node, ast.Name):
                yield node.id


def chain(node: ast.expr) -> bool:
    """Whether it is a name, or attributes of one."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def text(node: ast.AST) -> str:
    """A tree as source."""
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def only_names(target: ast.expr) -> bool:
    """Whether a target is a name, or several."""
    if isinstance(target, ast.Starred):
        return only_names(target.value)
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(only_names, target.elts))
    return isinstance(target, ast.Name)


def names(target: ast.expr) -> Iterator[str]:
    """The names of a target."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Starred):
        yield from names(target.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for one in target.elts:
            yield from names(one)


def captured(pattern: ast.pattern) -> list[ast.expr]:
    """The names that a pattern captures, as targets."""
    found = (getattr(one, "name", None) or getattr(one, "rest", None) for one in walk(pattern))
    return [store(name) for name in found if isinstance(name, str)]


def parameters(args: ast.arguments) -> tuple[str, ...]:
    """The names of all parameters."""
    every = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    return tuple(one.arg for one in every if one is not None)


def copied(node: Any) -> Any:
    """A tree once more, which `copy.deepcopy` takes many times as long for."""
    made = type(node)()
    held = made.__dict__
    for name, value in node.__dict__.items():
        kind = type(value)
        if kind is list:
            held[name] = [copied(one) if isinstance(one, ast.AST) else one for one in value]
        else:
            held[name] = copied(value) if kind not in _SIMPLE and isinstance(value, ast.AST) else value
    return made


def name(word: str) -> str:
    """A name of ours."""
    return f"{PREFIX}{word}"


def load(name: str) -> ast.Name:
    """A variable that is read."""
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    """A variable that is set."""
    return ast.Name(name, ast.Store())


def call(site: Site, *arguments: ast.expr, suffix: str = "") -> ast.Call:
    """A call of the hook of a site."""
    return ast.Call(load(f"{PREFIX}{site.number}{suffix}"), list(arguments), [])


def statement_call(site: Site, *arguments: ast.expr, suffix: str = "") -> ast.stmt:
    """The same as a statement."""
    return ast.Expr(call(site, *arguments, suffix=suffix))
