"""What a candidate's own text shows, where its numbers leave several lines open."""

from __future__ import annotations

import ast
import contextlib
import copy
import itertools
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from convstep.candidate.call.outcome import Candidate
from convstep.candidate.load.parsing import tree_of
from convstep.language import tr

NOT_BACKWARD = ("__init__", "__call__", "forward")
"""Methods whose text says nothing of a backward."""
MIRRORS = re.compile(r"flip|rot90|conv_transpose|::-1")
"""What stands in the text of a backward that slides a rotated kernel over dZ."""

GRADIENT = re.compile(r"^(self\.)?_?[dg]|grad|delta")
"""What names of gradients have in common."""
ZEROS = re.compile(r"(?:\w+\.)?(?:zeros_like\(([\w.]+)|zeros\(([\w.]+)\.shape)")
"""Zeros in the shape of something."""


def tells_apart(candidate: Candidate, ids: Collection[str]) -> str:
    """Which of some mistakes that give the same numbers the text shows; "" if it does not tell."""
    nodes = list(_of_backward(tree_of(candidate.source)))
    shown = {_crops(nodes), _rotates(nodes), _crosses(nodes)} & set(ids)
    return shown.pop() if len(shown) == 1 else ""


def _of_backward(tree: ast.AST) -> Iterator[ast.AST]:
    yield tree
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.FunctionDef) and node.name in NOT_BACKWARD):
            yield from _of_backward(node)


def _crops(nodes: Collection[ast.AST]) -> str:
    """How the text loses padding: no room for it where windows are added; a crop `[p:H-p]`, `[:H, :W]`."""
    if _adds_without_room(nodes):
        return "dA-not-padded"
    kept = [node.value for node in nodes if isinstance(node, ast.Return) and node.value]
    for node in nodes:
        if isinstance(node, ast.Assign):
            kept += [value for target, value in _assigned(node) if GRADIENT.search(ast.unparse(target))]
    cuts = [
        [part for part in _index(whole) if isinstance(part, ast.Slice) and part.upper and not part.step]
        for value in kept
        for whole in (value, *_elements(value))
    ]
    if any(len(cut) == 2 and all(map(_ends_early, cut)) for cut in cuts):
        return "crop-ends-early"
    return "crop-offset" if any([part.lower for part in cut] == [None, None] for cut in cuts) else ""


def _ends_early(cut: ast.Slice) -> bool:
    """Whether it is `p:H - p`."""
    match cut:
        case ast.Slice(lower=ast.expr() as lower, upper=ast.BinOp(op=ast.Sub(), right=right)):
            return ast.unparse(right) == ast.unparse(lower)
    return False


def _adds_without_room(nodes: Collection[ast.AST]) -> bool:
    """Whether windows are added to zeros in the shape of what is nowhere padded."""
    made: dict[str, set[str]] = {}
    for node in nodes:
        for target, value in _assigned(node) if isinstance(node, ast.Assign) else ():
            made.setdefault(ast.unparse(target), set()).add(ast.unparse(value))
    bare: dict[str, bool] = {}
    for name, values in made.items():
        of = ZEROS.match(min(values)) if len(values) == 1 else None
        like = (of[1] or of[2]) if of else ""
        bare[name] = bool(like) and not any("pad" in text.lower() for text in (like, *made.get(like, ())))
    windows = {name for name, values in made.items() if any(bare.get(v.partition("[")[0]) for v in values)}

    def adds_to(target: ast.expr) -> bool:
        name = ast.unparse(target).partition("[")[0]
        slides = any(isinstance(part, ast.Slice) and part.lower for part in _index(target))
        return name in windows or (slides and bare.get(name, False))

    return any(isinstance(node, ast.AugAssign) and adds_to(node.target) for node in nodes)


def _rotates(nodes: Collection[ast.AST]) -> str:
    """Whether a rotated kernel slides over dZ, or every step adds to a window."""
    adds = any(
        isinstance(node, ast.AugAssign)
        and sum(isinstance(part, ast.Slice) and part.lower is not None for part in _index(node.target)) > 1
        for node in nodes
    )
    rotates = any(MIRRORS.search(ast.unparse(node)) for node in nodes if isinstance(node, ast.expr))
    return "" if adds == rotates else "stride-ignored" if adds else "dZ-not-dilated"


def _crosses(nodes: Collection[ast.AST]) -> str:
    """Whether dZ's index or the window's corner has the loops' variables in the other order."""
    pairs = [pair for node in nodes if isinstance(node, ast.Assign) for pair in _assigned(node)]
    axes = {name: axis for node in nodes if isinstance(node, ast.For) for name, axis in _counted(node, pairs)}
    made = {name: {name} for name in axes}

    def counts(tree: ast.AST) -> set[str]:
        return set().union(*(made.get(name, ()) for name in _names(tree)))

    for target, value in pairs:
        if isinstance(target, ast.Name):
            made.setdefault(target.id, counts(value))
    plain: list[list[str]] = []
    windows: list[list[str]] = []
    for node in nodes:
        parts = [(part, counts(part)) for part in _index(node)]
        plain.append([part.id for part, _ in parts if isinstance(part, ast.Name) and part.id in axes])
        windows.append([min(of) for part, of in parts if len(of) == 1 and ast.unparse(part) not in axes])
    spatial = {name for window in windows for name in window}

    def crossed(places: list[list[str]]) -> bool:
        kept = ([axes[name] for name in place if name in spatial] for place in places)
        return any(place != sorted(place) for place in kept)

    if crossed(plain) == crossed(windows):
        return ""
    return "dZ-transposed" if crossed(plain) else "axes-swapped"


def _index(node: ast.AST) -> list[ast.expr]:
    """The parts of an index: between brackets, or a tuple of slices that has a name."""
    if isinstance(node, ast.Assign) and not _elements(node.targets[0]):
        parts = _elements(node.value)
        return parts if any(ast.unparse(part).startswith("slice(") for part in parts) else []
    return _elements(node.slice) if isinstance(node, ast.Subscript) else []


def _elements(node: ast.AST) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else []


def _assigned(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is given to what, one by one where both sides are listed."""
    targets, values = _elements(node.targets[0]), _elements(node.value)
    yield from zip(targets, values, strict=False) if targets and values else [(node.targets[0], node.value)]


def _counted(loop: ast.For, pairs: Collection[tuple[ast.expr, ast.expr]]) -> Iterator[tuple[str, int]]:
    """What a loop counts, and along which axis: where its range is an axis of some shape."""
    names, over = sorted(_names(loop.target), key=ast.unparse(loop.target).index), ast.unparse(loop.iter)
    axis = re.fullmatch(r"range\(.*\.shape\[(-?\d)\]\)", over)
    if "ndindex(" in over:
        yield from zip(names, itertools.count())
    elif axis:
        yield names[0], int(axis[1])
    for target, value in pairs:
        if ast.unparse(value).partition("[")[0].endswith(".shape"):
            sizes = [f"range({ast.unparse(size)})" for size in _elements(target)]
            yield from ((names[0], sizes.index(over)) for _ in range(over in sizes))


SCALARS = ("int", "len", "range", "min", "max", "sum", "slice", "enumerate", "zip")
"""Functions that make no array of what they are given."""


def added_once(candidate: Candidate) -> tuple[str, str]:
    """The line of its own that adds through arrays of indices, and what would add; "" if none surely does."""
    texts = [candidate.source]
    if candidate.file.endswith(".py"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            texts.append(Path(candidate.file).read_text(encoding="utf-8"))
    for text in texts:
        tree = tree_of(text)
        arrays = _arrays(tree)
        lines = [node for node in ast.walk(tree) if _adds_by_array(node, arrays)]
        if len(lines) == 1:
            (line,) = lines
            assert isinstance(line, ast.AugAssign)
            assert isinstance(line.target, ast.Subscript)
            index = ast.unparse(_NoSlices().visit(copy.deepcopy(line.target.slice)))
            target, value = ast.unparse(line.target.value), ast.unparse(line.value)
            return ast.unparse(line), f"np.add.at({target}, {index}, {value})"
    return "", ""


def once_words(line: str, fix: str) -> str:
    """What a line does that adds through arrays of indices, and what would do otherwise."""
    return tr(
        "`{line}` adds once to a cell, however often the index arrays name it; `{fix}` adds every time",
        line=line,
        fix=fix,
    )


class _NoSlices(ast.NodeTransformer):
    """`:` becomes `slice(None)`, as an index outside brackets is written."""

    def visit_Slice(self, node: ast.Slice) -> ast.AST:
        parts = [part or ast.Constant(None) for part in (node.lower, node.upper, node.step)]
        plain = node.lower is None and node.upper is None and node.step is None
        kept = parts[:1] if plain else parts if node.step is not None else parts[:2]
        return ast.Call(ast.Name("slice"), kept, [])


def _arrays(tree: ast.AST) -> set[str]:
    """The names given what a function made of nothing that a loop counts: no numbers, no window's slices."""
    counted = {
        name
        for node in ast.walk(tree)
        if isinstance(node, (ast.For, ast.comprehension))
        for name in _names(node.target)
    }
    made: set[str] = set()
    other = set(counted)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            call = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) not in SCALARS
            array = call and not counted & _names(node.value)
            for target in node.targets:
                (made if array else other).update(map(ast.unparse, _places(target)))
    return made - other


def _places(tree: ast.AST) -> Iterator[ast.expr]:
    """Names and attributes: what is given a value."""
    return (node for node in ast.walk(tree) if isinstance(node, (ast.Name, ast.Attribute)))


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _adds_by_array(node: ast.AST, arrays: set[str]) -> bool:
    """Whether it is `a[i, j] += …` where what stands between the brackets, by itself, is an array."""
    if not (isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add)):
        return False
    if not isinstance(node.target, ast.Subscript):
        return False
    return any(ast.unparse(part) in arrays for part in _joined(node.target.slice))


def _joined(index: ast.expr) -> Iterator[ast.expr]:
    """The parts of an index, those of tuples that are put together among them."""
    if isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add):
        yield from (*_joined(index.left), *_joined(index.right))
    else:
        yield from index.elts if isinstance(index, ast.Tuple) else [index]
