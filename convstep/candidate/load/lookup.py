"""From a name to what is called, and to the lines where it stands."""

from __future__ import annotations

import ast
import dis
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from convstep.candidate.load import names
from convstep.candidate.load.document import Document, Part
from convstep.candidate.load.placeholders import Placeholder, why_missing
from convstep.candidate.load.target import CandidateError
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import error_text

OPERATORS = {"__add__", "__mul__", "__sub__", "__matmul__", "add", "mul", "matmul", "dot"}
"""Methods of which the nodes of an autograd have some."""


@frozen()
class Definition:
    """The lines where something is defined."""

    part: Part
    """The file or the cell they are in."""
    first_line: int
    """The first of them, decorators included."""
    source: str


def resolve(
    namespace: Mapping[str, Any], name: str, file: str, *, unmade: bool = False
) -> tuple[Callable[..., Any], str]:
    """What is called for a name whose first part is in the namespace, and its kind: see `Loaded.kind`.

    With `unmade` a method stands for its class, of which nothing is made. Raises CandidateError: there is no
    such method, it cannot be called, or its object cannot be made.
    """
    first, *rest = name.split(".")
    owner: Any = None
    value, walked = namespace[first], first
    for attribute in rest:
        _check_there(value, walked)
        owner, walked = value, f"{walked}.{attribute}"
        if not hasattr(owner, attribute):
            raise CandidateError(_no_member(owner, attribute, walked, file))
        value = getattr(owner, attribute)
    _check_there(value, walked)
    if isinstance(value, type):
        return value, "autograd" if is_autograd(value) else "class"
    if not callable(value):
        said = "{name} in {file} is not a function ({kind}); name a function"
        raise CandidateError(
            tr(said, name=walked, file=file, kind="None" if value is None else type(value).__name__)
        )
    applied = getattr(value, "__self__", None)
    if isinstance(applied, type) and is_autograd(applied) and value.__name__ == "apply":
        return applied, "autograd"
    if not isinstance(owner, type):
        return value, "method" if rest else "function"
    if is_autograd(owner) and rest[-1] == "backward":
        return owner, "autograd"
    static = inspect.getattr_static(owner, rest[-1])
    if isinstance(static, (staticmethod, classmethod)) or inspect.ismethod(value):
        return value, "method"
    if held_by(owner) and not names.looks_backward(rest[-1]):  # an operation, whose output knows its way back
        return value, "function"
    walks = names.looks_backward(rest[-1]) and has_operators(owner) and not _made_of_nothing(owner)
    if unmade or walks or _is_layer(owner, value):
        return owner, "class"
    return getattr(_instance(owner, file), rest[-1]), "method"


def _is_layer(owner: type, backward: Callable[..., Any]) -> bool:
    """Whether a method is the backward of a layer that has run forward: no kernels are handed to it.

    What is called otherwise is one if it reads what another method keeps, and cannot be had without an object
    that arguments make.
    """
    try:
        parameters = list(inspect.signature(backward).parameters)[1:]
    except (TypeError, ValueError):
        return False
    handed = r"cache\w*|ctx|context|w|weights?|kernels?|filters?|hparam\w*|\w*_shape|problem"
    if any(re.fullmatch(handed, name, re.I) for name in parameters):
        return False
    others = [each for name, each in vars(owner).items() if name[:2] != "__" and each is not backward]
    code = getattr(inspect.unwrap(backward), "__code__", None)
    kept = set().union(*map(_stored, others)) & {*getattr(code, "co_names", ())}
    if not names.looks_backward(backward.__name__):
        return bool(kept) and not _made_of_nothing(owner)
    has_forward = any(re.fullmatch(r"(feed_?)?forward\w*|fprop|__call__|call", name) for name in dir(owner))
    return has_forward or bool(kept)


def _made_of_nothing(owner: type) -> bool:
    """Whether a class can be made without arguments, as far as that is known."""
    try:
        inspect.signature(owner).bind()
    except TypeError:
        return False
    except ValueError:
        pass
    return True


def _stored(function: object) -> set[str]:
    """The attributes that a function sets."""
    code = getattr(function, "__code__", None)
    listed = dis.get_instructions(code) if code is not None else ()
    return {each.argval for each in listed if each.opname == "STORE_ATTR"}


def is_autograd(kind: type) -> bool:
    """Whether a class is a `torch.autograd.Function`; torch itself is not asked."""
    return any(
        base.__qualname__ == "Function" and base.__module__.startswith("torch.autograd")
        for base in kind.__mro__[1:]
    )


def has_operators(kind: object) -> bool:
    """Whether a class has operators and no forward, as that of an autograd's nodes has."""
    if not isinstance(kind, type) or kind.__module__.partition(".")[0] in ("torch", "numpy", "builtins"):
        return False
    own = {name for base in kind.__mro__[:-1] for name in vars(base)}
    return not own & {"forward", "__call__"} and bool(own & OPERATORS)


def held_by(kind: object) -> str:
    """What a class that keeps an array, its gradient and its way back calls the array; "" for any other."""
    if not isinstance(kind, type) or kind.__module__.partition(".")[0] in ("torch", "numpy", "builtins"):
        return ""
    made = getattr(inspect.getattr_static(kind, "__init__"), "__code__", None)
    names = {*getattr(made, "co_names", ()), *vars(kind).get("__slots__", ())}
    if "grad" not in names or not callable(getattr(kind, "backward", None)):
        return ""
    return next((name for name in ("data", "value", "val", "array") if {name, f"_{name}"} & names), "")


def find(value: Any, name: str, documents: Mapping[str, Document]) -> Definition | None:
    """Where a value is defined that was asked for by a name; None when that is in none of the documents."""
    parts = [part for document in documents.values() for part in document.parts]
    function = inspect.unwrap(value) if callable(value) else value
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is not None:
        for part in parts:
            if part.filename == code.co_filename and (found := _at(part, code.co_firstlineno)):
                return _definition(part, found)
        return None
    document = documents.get(getattr(value, "__module__", None) or "")
    for part in reversed(document.parts if document else []):
        for node in reversed(list(_definitions(part.statements))):
            if isinstance(node, ast.ClassDef) and node.name == getattr(value, "__name__", name):
                return _definition(part, node)
    return None


def _check_there(value: Any, name: str) -> None:
    if isinstance(value, Placeholder):
        said = "{name} is imported, but {reason}; name a function that is there"
        raise CandidateError(tr(said, name=name, reason=why_missing(value)))


def _no_member(owner: Any, attribute: str, walked: str, file: str) -> str:
    members = [
        each for each in dir(owner) if not each.startswith("_") and callable(getattr(owner, each, None))
    ]
    own = [each for each in members if each in vars(owner)] if isinstance(owner, type) else members
    near = names.closest(attribute, members)
    said = "{file} has no {name}; it has {names}" if own else "{file} has no {name}"
    if near:
        said = (
            "{file} has no {name}; did you mean {meant}? It has {names}"
            if own
            else "{file} has no {name}; did you mean {meant}?"
        )
    return tr(
        said,
        file=file,
        name=walked,
        meant=f"{walked.rpartition('.')[0]}.{near}",
        names=names.listed(names.backward_first(own)),
    )


def _instance(owner: type, file: str) -> Any:
    """An object to call the method on."""
    try:
        inspect.signature(owner).bind()
    except TypeError:
        needed = [
            parameter.name
            for parameter in inspect.signature(owner).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]
        sentence = (
            "{name} in {file} needs {arguments} to be made; write a function backward(problem) "
            "in a file of your own that builds the layer, calls it and returns dW, db, dA_prev"
        )
        raise CandidateError(
            tr(sentence, name=owner.__name__, file=file, arguments=names.in_words(needed))
        ) from None
    except ValueError:
        pass  # no signature to be had
    try:
        return owner()
    except (Exception, SystemExit) as error:
        words = (
            "{name}() in {file} fails ({said}); write a function backward(problem) "
            "in a file of your own that builds the layer, calls it and returns dW, db, dA_prev"
        )
        raise CandidateError(tr(words, name=owner.__name__, file=file, said=error_text(error))) from error


_Definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def _definitions(nodes: list[ast.stmt]) -> Iterator[_Definitions]:
    for statement in nodes:
        for node in ast.walk(statement):
            if isinstance(node, _Definitions):
                yield node


def _first_line(node: ast.stmt | ast.expr) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _at(part: Part, line: int) -> ast.stmt | None:
    """The definition that starts at a line; of a lambda, the whole statement."""
    for node in _definitions(part.statements):
        if _first_line(node) == line and not isinstance(node, ast.Lambda):
            return node
    spanning = (each for each in part.statements if each.lineno <= line <= (each.end_lineno or 0))
    return next(spanning, None)


def _definition(part: Part, node: ast.stmt) -> Definition:
    first, last = _first_line(node), node.end_lineno
    return Definition(part, first, "\n".join(part.text.split("\n")[first - 1 : last]))
