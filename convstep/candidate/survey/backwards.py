"""The backwards in a file, found without running it: by their names, as a person would look for them."""

from __future__ import annotations

import ast
import hashlib
import linecache
import os
import re
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from convstep.candidate.load import names
from convstep.candidate.load.document import Document, Part, read
from convstep.candidate.load.selection import is_stub
from convstep.candidate.verdicts import naming
from convstep.frozen import frozen
from convstep.language import tr

_OTHER = re.compile(
    r"numeric|check|clip(?!\w*(back|bwd))|descent|ascent|zero_?grad|no_?grad|requires_?grad|test|update|optimi[sz]|plot|print"
    r"|for_?backward|hook|auto_?grad",
    re.IGNORECASE,
)
"""Names that are about gradients and are no backward."""
_ALSO = re.compile(r"vjp|(?<![a-z])bw(?![a-z])|retropropag|r(ue|ü)ckw(ae|ä)rts", re.IGNORECASE)
"""What a backward is called besides, by few."""
_LOSS = re.compile(r"(softmax|cross_?entropy)\w*loss|cross_?entropy", re.IGNORECASE)
"""What a loss is called that is known here."""
_LAYER = re.compile(
    r"(feed_?)?forward\w*|fprop|__call__|call|(back|gradient|grad|bprop|bwd)(ward|_?prop\w*)?(_?pass)?"
)
"""The methods by which a class is a layer, or a Function, and not a place for several functions."""
_DEFINED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@frozen()
class Found:
    """A backward that a file defines."""

    name: str
    """ "function", "Class" or "Class.method"."""
    line: int
    """Where its `def` or `class` stands."""
    cell: int = 0
    """In which code cell of a notebook, from 1; 0 for a file."""
    written: bool = True
    """Whether it does more than say that it is not written yet."""


@frozen()
class Contents:
    """What a file holds."""

    backwards: tuple[Found, ...]
    """In the order in which they stand there."""
    key: str = ""
    """The same for files that hold the same and need nothing beside them; "" for one that may."""
    said: str = ""
    """Why nothing was found, a sentence; "" if something was."""
    readable: bool = True
    """Whether all of it is Python."""


def contents(path: str, function: str | None = None, top: str | None = None) -> Contents:
    """The backwards of a file, or one function, with modules below `top`; CandidateError if unreadable."""
    document = read(Path(os.path.abspath(path)))
    for part in document.parts:  # of thousands of files the lines need not be kept
        linecache.cache.pop(part.filename, None)
    named = dict(_named(document))
    if function is None:
        found = tuple(_backwards(document, named))
    else:
        found = (named[function],) if function in named else ()
    readable = not any(part.unread for part in document.parts)
    return Contents(
        found, _key(document, top), "" if found else _nothing(document, named, function), readable
    )


def _backwards(document: Document, named: dict[str, Found]) -> Iterator[Found]:
    """Those of public names; where there are none, the private ones."""
    chosen = [
        name for name in _chosen(document, named) if named[name].written or not _is_base(document, name)
    ]
    public = [name for name in chosen if not re.search(r"(^|\.)_", name)] or chosen
    for name in sorted(public, key=lambda name: (named[name].cell, named[name].line)):
        yield named[name]


def _chosen(document: Document, named: dict[str, Found]) -> Iterator[str]:
    classes = {node.name: node for _, node in _definitions(document) if isinstance(node, ast.ClassDef)}
    for _, node in _definitions(document):
        if isinstance(node, ast.ClassDef):
            yield from _of_class(node, classes)
        elif (_is_backward(node.name) or _is_loss(node)) and _takes_something(node):
            yield node.name
    for name in named:  # what does not compile may be Python 2, which loading reads
        if named[name].written and _unread(document, name) and _is_backward(name):
            owner, _, method = name.rpartition(".")
            yield owner or method


def _of_class(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    """A layer or an autograd Function is one backward; static methods and those of no layer are one each."""
    own = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    inherited = {
        each.name: each
        for base in node.bases
        if isinstance(base, ast.Name) and (known := classes.get(base.id)) is not None and known is not node
        for each in known.body
        if isinstance(each, ast.FunctionDef)
    }
    methods = [each for each in own.values() if _is_backward(each.name)]
    if not methods and own.keys() & {"__init__", "forward"}:
        methods = [each for each in inherited.values() if _is_backward(each.name)]
    methods = [each for each in methods if not each.name.startswith("_")]
    function = any(ast.unparse(base).rpartition(".")[2] == "Function" for base in node.bases)
    static = [
        each
        for each in methods
        if {ast.unparse(one) for one in each.decorator_list} & {"staticmethod", "classmethod"}
    ]
    alone = not any(map(_LAYER.fullmatch, own.keys() | inherited.keys()))
    if methods and not function and (len(static) == len(methods) or alone):
        yield from (f"{node.name}.{each.name}" for each in methods)
    elif methods or own.keys() >= {"_forward", "_backward"}:
        yield node.name


def _is_backward(name: str) -> bool:
    last = name.rpartition(".")[2]
    return (names.looks_backward(last) or bool(_ALSO.search(last))) and not _OTHER.search(last)


def _is_loss(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it is a loss that returns its gradient as well: `return loss, dx`."""
    returns = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
    beside = [one for value in returns if isinstance(value, ast.Tuple) for one in value.elts[1:]]
    named = (each.id for one in beside for each in ast.walk(one) if isinstance(each, ast.Name))
    return _LOSS.search(node.name) is not None and any(map(naming.of_gradient, named))


def _takes_something(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it has a parameter: what nobody can hand a gradient to is no backward."""
    given = node.args
    return bool(given.posonlyargs or given.args or given.vararg or given.kwonlyargs or given.kwarg)


def _is_base(document: Document, name: str) -> bool:
    """Whether a class is there for others of the file to begin from."""
    return any(
        isinstance(node, ast.ClassDef) and any(ast.unparse(base) == name for base in node.bases)
        for _, node in _definitions(document)
    )


def _definitions(document: Document) -> Iterator[tuple[Part, _DEFINED]]:
    """The functions and classes at top level; of those of one name the last, which counts."""
    last: dict[str, tuple[Part, _DEFINED]] = {}
    for part in document.parts:
        for node in part.statements:
            if isinstance(node, _DEFINED):
                last[node.name] = part, node
    yield from last.values()


def _named(document: Document) -> Iterator[tuple[str, Found]]:
    """All that can be named: functions, classes, methods; those in lines that are no Python as well."""
    for part in document.parts:
        for unread in part.unread:
            for name in names.defined(unread.text):
                line = unread.first_line + _line_of(unread.text, name)
                yield name, Found(name, line, part.cell or 0)
    for part, node in _definitions(document):
        yield node.name, _found(node.name, part, node)
        for each in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(each, ast.FunctionDef):
                name = f"{node.name}.{each.name}"
                yield name, _found(name, part, each)


def _found(name: str, part: Part, node: _DEFINED) -> Found:
    text = "\n".join(part.text.split("\n")[node.lineno - 1 : node.end_lineno])
    return Found(name, node.lineno, part.cell or 0, not is_stub(text))


def _line_of(text: str, name: str) -> int:
    """In which line of a text something is defined, from 0."""
    last = re.escape(name.rpartition(".")[2])
    found = re.search(rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{last}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) if found else 0


def _unread(document: Document, name: str) -> bool:
    return any(name in names.defined(each.text) for part in document.parts for each in part.unread)


def _nothing(document: Document, named: dict[str, Found], function: str | None) -> str:
    """Why nothing was found."""
    unread = next(((part, each) for part in document.parts for each in part.unread), None)
    if unread is not None:
        part, each = unread
        return tr("{place} is not Python: {reason}", place=part.place(each.error_line), reason=each.reason)
    if function is None:
        return tr("it defines no function or class whose name says backward or gradient")
    near = names.closest(function, named)
    return tr(
        "it has no {name}; did you mean {near}?" if near else "it has no {name}",
        name=function,
        near=near or "",
    )


def _key(document: Document, top: str | None) -> str:
    """A digest of a file whose verdict depends on nothing beside it."""
    folders = [document.path.parent]
    outermost = Path(os.path.abspath(top)) if top is not None else document.path.parent
    while folders[-1] != outermost and folders[-1] != folders[-1].parent:
        folders.append(folders[-1].parent)
    for part in document.parts:
        for node in (node for statement in part.statements for node in ast.walk(statement)):
            if isinstance(node, ast.ImportFrom) and node.level:
                return ""
            tops = _imported(node)
            if any(
                (folder / f"{top}{end}").exists() for top in tops for folder in folders for end in ("", ".py")
            ):
                return ""
            if not all(map(_is_installed, tops)):
                return ""
    texts = "\0".join(f"{part.cell}\0{part.text}" for part in document.parts)
    return hashlib.sha256(f"{document.path.suffix}\0{texts}".encode(errors="surrogatepass")).hexdigest()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return []


def _is_installed(top: str) -> bool:
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return True
    try:
        return PathFinder.find_spec(top) is not None
    except (ImportError, ValueError, OSError):
        return False
