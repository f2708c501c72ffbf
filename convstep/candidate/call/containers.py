"""Parameters that hold several things: a cache, options, a dict of kernels and bias.

The source says it: from where it takes the parameter apart, by `x, w = cache`, `params["W"]`,
`options.get("stride", 1)` or `conf.stride`, as deep as it goes. What is in it is then called as the key
or as the variable that it goes into. A key with a number in it, `params[f"W{layer}"]`, is that of layer 1.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from convstep.candidate.call.words import roles_of
from convstep.candidate.load.parsing import tree_of


class _Held(SimpleNamespace):
    """An object with attributes, written as one makes it."""

    def __repr__(self) -> str:
        return f"types.SimpleNamespace({super().__repr__().partition('(')[2]}"


Path = tuple[str | int, ...]
"""Where something lies: an index, a key, or an attribute, which begins with a dot."""
PAIRS = ("stride", "padding", "dilation")
"""Roles of what may be two numbers, one an axis."""
_OF_ARRAYS = re.compile(
    "shape|T|ndim|size|dtype|copy|reshape|transpose|sum|dot|astype|mean|max|min|flatten|ravel|swapaxes|"
    "permute|view|contiguous|clone|detach|numpy|squeeze|unsqueeze|device|type|data|grad|new_zeros|"
    "keys|values|items|get|pop|append"
)
"""Attributes that say nothing about what holds them."""
LAYER = 1
"""The number of the layer that is called."""
_ALIKE = re.compile(r"dict|vars|tuple|list|\w*pair|\w*tuple|_?two|_?both")
"""Functions whose result holds what they were given."""


def leaves(source: str, roots: Iterable[str]) -> dict[str, list[tuple[Path, str]]]:
    r"""For each parameter, what the source takes out of it: where each thing lies, and what it is called.

    >>> leaves("def f(g, c):\n    x, conf = c\n    s = conf['conv']['stride']", ["c"])
    {'c': [((0,), 'x'), ((1, 'conv', 'stride'), 'stride')]}
    """
    taken = _Taken(roots)
    taken.visit(tree_of(source))
    names = {
        (root, path): name
        for (root, path), name in taken.names.items()
        if not path
        or isinstance(path[-1], str)
        or not _is_whole(taken.names.get((root, path[:-1]), ""), name)
    }
    found: dict[str, list[tuple[Path, str]]] = {}
    for (root, path), name in names.items():
        deeper = any(
            other == root and len(longer) > len(path) and longer[: len(path)] == path
            for other, longer in names
        )
        if path and not deeper:
            found.setdefault(root, []).append((path, name))
    return found


def _is_whole(holder: str, part: str) -> bool:
    """Whether what has an item is one thing by its name, an array or a pair, whose cell or side that is."""
    whole = roles_of(holder)[:1]
    return bool(holder) and (not part or whole in [(role,) for role in ("A_prev", "W", "b", *PAIRS)])


class _Taken(ast.NodeVisitor):
    """Follows where the parts of some variables go, and what they are called there."""

    def __init__(self, roots: Iterable[str]) -> None:
        self.known: dict[str, tuple[str, Path]] = {root: (root, ()) for root in roots}
        self.names: dict[tuple[str, Path], str] = {}
        self.stems: dict[str, str] = {}

    def place(self, node: ast.expr) -> tuple[str, Path] | None:
        """Where in which variable the value of an expression comes from; None if from none of them."""
        if isinstance(node, (ast.Name, ast.Attribute)) and (known := self.known.get(ast.unparse(node))):
            return known
        key: str | int | None = None
        inner: ast.expr | None = None
        match node:
            case ast.Subscript(value=inner, slice=ast.Constant(value=str() | int() as key)):
                pass
            case ast.Subscript(value=inner, slice=index) if (said := numbered(index)) is not None:
                key = f"{said[0]}{LAYER}"
                self.stems[key] = said[0].strip("_")
            case ast.Attribute(value=inner, attr=attr) if not _OF_ARRAYS.fullmatch(attr):
                key = f".{attr}"
            case ast.Call(
                func=ast.Attribute(value=inner, attr="get" | "pop"),
                args=[ast.Constant(value=str() as key), *_],
            ):
                pass
            case ast.IfExp(body=same, orelse=ast.Constant(value=None)):
                return self.place(same)
            case ast.Subscript(value=ast.Name() as same, slice=ast.Slice(lower=None)):
                first = self.place(same)  # x, w = inputs[:2]
                return first if first is not None and not first[1] else None
            case ast.Call(func=ast.Name(id=name), args=[same, *_]) if _ALIKE.fullmatch(name):
                return self.place(same)
        if key is None or inner is None or (within := self.place(inner)) is None:
            return None
        return within[0], (*within[1], key)

    def note(self, place: tuple[str, Path], name: str) -> None:
        """Something was taken from a place."""
        key = place[1][-1] if place[1] else ""
        word = self.stems.get(key, key).lstrip(".") if isinstance(key, str) else name
        self.names.setdefault(place, word)

    def bind(self, target: ast.expr, place: tuple[str, Path]) -> None:
        """A name, or several, for what lies somewhere."""
        if isinstance(target, (ast.Tuple, ast.List)):
            for number, each in enumerate(target.elts):
                self.bind(each, (place[0], (*place[1], number)))
            return
        text = ast.unparse(target)
        self.note(place, text.rpartition(".")[2])
        if isinstance(target, (ast.Name, ast.Attribute)):
            self.known[text] = place

    def visit_Assign(self, node: ast.Assign) -> None:
        """`a, b = cache`, `x = cache[0]`, `w, x = params["W"], cache["x"]`."""
        for target in node.targets:
            pairs: Sequence[tuple[ast.expr, ast.expr]] = [(target, node.value)]
            both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            if both and len(target.elts) == len(node.value.elts):  # type: ignore[attr-defined]
                pairs = list(zip(target.elts, node.value.elts, strict=True))  # type: ignore[attr-defined]
            for name, value in pairs:
                if (place := self.place(value)) is not None:
                    self.bind(name, place)
        self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Anything that is read."""
        written_to = isinstance(getattr(node, "ctx", None), ast.Store)
        if (
            isinstance(node, ast.expr)
            and not written_to
            and (place := self.place(node)) is not None
            and place[1]
        ):
            self.note(place, "")
        super().generic_visit(node)


def numbered(node: ast.expr) -> tuple[str, str] | None:
    """What a key is called that code makes of a name and a number, and the variable with the number.

    >>> [numbered(ast.parse(text, mode="eval").body) for text in ("f'W{l}'", "'W%d' % n", "'W' + str(i)")]
    [('W', 'l'), ('W', 'n'), ('W', 'i')]
    """
    match node:
        case ast.JoinedStr([ast.Constant(str() as stem), ast.FormattedValue(ast.Name(name))]) | ast.BinOp(
            ast.Constant(str() as stem), ast.Add(), ast.Call(ast.Name("str"), [ast.Name(name)])
        ):
            return stem, name
        case ast.BinOp(ast.Constant(str() as stem), ast.Mod(), ast.Name(name)) | ast.Call(
            ast.Attribute(ast.Constant(str() as stem), "format"), [ast.Name(name)]
        ) if bare := re.fullmatch(r"(\w+)(?:%[dis]|{[0d:]*})", stem):
            return bare[1], name
    return None


def written(root: str, path: Path, word: str) -> str:
    """A place as one writes it, and what is there: `cache[1]['stride']: stride`, `conf.pad: pad`."""
    keys = "".join(k if isinstance(k, str) and k[:1] == "." else f"[{k!r}]" for k in path)
    return f"{root}{keys}: {word}"


@functools.lru_cache(maxsize=1 << 10)  # of each parameter at each call
def root_of(text: str) -> str:
    """The parameter of a place that was written."""
    return re.split(r"[.\[]", text, maxsplit=1)[0]


def word_of(text: str) -> str:
    """What is in a place that was written; the parameter itself where that is all."""
    return text.rpartition(": ")[2]


@functools.lru_cache(maxsize=1 << 10)
def path_of(text: str) -> Path:
    """The path of a place that was written; empty for the parameter itself."""
    keys = re.findall(r"\.\w+|\[(?:'[^']*'|\"[^\"]*\"|-?\d+)\]", text.rpartition(": ")[0])
    return tuple(key if key[0] == "." else ast.literal_eval(key[1:-1]) for key in keys)


def built(parts: Sequence[tuple[Path, Any]]) -> Any:
    """The container that has values in these places.

    >>> built([((0,), 1), ((1, "conv", "stride"), 2)])
    (1, {'conv': {'stride': 2}})
    >>> built([((), None), ((0,), 1)])
    (1,)
    """
    if not any(path for path, _ in parts):
        return parts[0][1]
    inner: dict[str | int, list[tuple[Path, Any]]] = {}
    for (first, *rest), value in (part for part in parts if part[0]):  # what holds others is made of them
        inner.setdefault(first, []).append((tuple(rest), value))
    held = {key: built(each) for key, each in inner.items()}
    places = [key for key in held if isinstance(key, int)]
    if len(places) == len(held):
        return tuple(held.get(number) for number in range(max(places) + 1))
    if all(isinstance(key, str) and key.startswith(".") for key in held):
        return _Held(**{str(key)[1:]: value for key, value in held.items()})
    return {key: value for key, value in held.items() if not str(key).startswith(".")}


def asked_for(source: str, rest: str) -> dict[str, bool]:
    r"""The names that a source takes out of its `**kwargs`, and whether it cannot do without each.

    >>> asked_for("x = kw['x']\ns = kw.get('stride', 1)", "kw")
    {'x': True, 'stride': False}
    """
    keys = [path[0] for path, _ in leaves(source, [rest]).get(rest, [])]
    needed = rf"\b{rest}(?:\[|\.pop\()[\"']{{}}[\"'] *[\])]"
    return {
        key: re.search(needed.format(re.escape(key)), source) is not None
        for key in keys
        if isinstance(key, str) and key.isidentifier()
    }


def own_options(source: str, namespace: Mapping[str, Any]) -> tuple[str, ...]:
    """The class of a file that holds hyperparameters and whose methods a source calls, and its fields; ()."""
    roles = [(role,) for role in PAIRS]
    for name, kind in list(namespace.items()):
        if not isinstance(kind, type) or kind.__module__ != namespace.get("__name__"):
            continue
        asked = [each for each, value in vars(kind).items() if inspect.isfunction(value) and each[:2] != "__"]
        if any(re.search(rf"(?<!self)\.{each}\(", source) for each in asked):
            with contextlib.suppress(ValueError, TypeError):
                fields = inspect.signature(kind).parameters
                known = [each for each in fields if roles_of(each)[:1] in roles]
                if known and all(
                    each in known or one.default is not one.empty for each, one in fields.items()
                ):
                    return (name, *known)
    return ()


@functools.lru_cache(16)
def sides_of(source: str) -> str:
    """How a source takes a padding of its own for each side apart: "pairs", or "tblr" in some order; or "".

    >>> sides_of("top, bottom, left, right = pads"), sides_of("(pt, pb), (pl, pr) = padding")
    ('tblr', 'pairs')
    """
    for node in ast.walk(tree_of(source)):
        match node:
            case ast.Assign([ast.Tuple(sides)], ast.Name(name)) if "padding" in roles_of(name):
                if len(sides) == 2 and all(isinstance(side, ast.Tuple) for side in sides):
                    return "pairs"
                words = [re.sub("^(p|pad)_", "", ast.unparse(side)) for side in sides]
                words = [word[1:] if re.fullmatch("p[tblr]", word) else word for word in words]
                order = "".join(word[:1] for word in words)
                if sorted(order) == sorted("tblr"):
                    return order
    return ""
