"""What a source says about how it is called, read without running it: names, shapes, pads, what it returns.

A guess is what an adapter starts from; the person who gets it decides.
"""

from __future__ import annotations

import ast
import contextlib
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from convstep.candidate.call.conventions import meaning
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.words import roles_of
from convstep.candidate.load.document import read
from convstep.candidate.load.installed import own_file
from convstep.candidate.load.target import CandidateError, Target
from convstep.language import tr

BACKWARD = ("dZ", "cache", "A_prev", "W", "b", "hparameters", "stride", "padding", "dilation", "groups")
MAKER = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "input_shape",
    "stride",
    "padding",
    "dilation",
    "groups",
)
FORWARD = ("A_prev", "W", "b", "hparameters", "stride", "padding", "dilation", "groups")
"""Roles that parameters can have there, the likelier first; others only where none of these fits."""

_ROWS = {"h", "w", "hh", "ww", "height", "width", "rows", "cols", "row", "col", "hin", "win", "ih", "iw"}
_TAPS = _ROWS | {"k", "l", "f", "r", "s", "kh", "kw", "fh", "fw", "hk", "wk", "hf", "wf", "ksize", "size"}
_GRADIENT = re.compile(r"^(d_?(L_?|loss_?)?d?_?(?=.)|grad(ient)?s?_?(?=.))|_?grad(ient)?s?$", re.IGNORECASE)
"""What a gradient's name has besides the name of what it belongs to."""
_PLACES = {2: ("NCHW", "OIHW"), 1: ("NHWC", "OHWI"), 0: ("HWCN", "HWIO")}
"""Layouts of four axes by where the rows are."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, and what it stands for."""

    name: str
    role: str
    """See `words.py`; "" if the name says nothing."""
    needed: bool
    """Whether it has no default."""
    word: bool = False
    """Whether its default is a text, as `padding="same"` has."""
    pair: bool = False
    """Whether it is used as a pair."""


@dataclass(slots=True)
class Guess:
    """How something is called, as far as its source tells."""

    name: str
    """What the loaded object is called: a function's or a class's name."""
    kind: str
    """ "function", "layer", "autograd" (a torch Function) or "context" (the same without torch)."""
    address: str
    """What `--adapter` goes with: the target, or its class where that has to be made first."""
    layouts: Layouts
    method: str = "backward"
    """A class's backward."""
    backward: tuple[Parameter, ...] = ()
    forward: tuple[Parameter, ...] | None = None
    forward_method: str = ".forward"
    """How a layer's forward is called; "" for the layer itself."""
    maker: tuple[Parameter, ...] = ()
    pattern: str = ""
    """What a call's result is assigned to: "dx, dw, db", "dx, [dw, db]"; "" where that is unknown."""
    keys: dict[str, str] = field(default_factory=dict)
    """By gradient the key, where a dict is returned."""
    cache: list[str] | dict[str, str] | None = None
    """The roles of a cache's parts, or by key; None where the source does not say."""
    hyper: dict[str, str] = field(default_factory=dict)
    """By key of the hyperparameters the role."""
    held: dict[str, str] = field(default_factory=dict)
    """By role ("W", "b", "dW", "db") where a layer keeps it: "weights", "params['W']"."""
    tensors: bool = False


def guess(target: Target, source: str = "") -> Guess:
    """Read a target's source.

    Args:
        target: what is called.
        source: its own lines, if loading found them, for what the target's file only imports.

    Raises:
        CandidateError: there is no such file, or what is named is not defined in it.
    """
    found = own_file(target.module or "") if target.path is None else (Path(target.path), None)
    statements = [s for part in read(found[0].absolute()).parts for s in part.statements] if found else []
    first, _, rest = target.name.partition(".")
    node = _named(statements, first) or _only(source)
    if node is None:
        raise CandidateError(
            tr("{target} is not defined there, so that no adapter can be made from it", target=target)
        )
    torch = any("torch" in ast.unparse(s) for s in statements if isinstance(s, ast.Import | ast.ImportFrom))
    if isinstance(node, ast.ClassDef):
        return _of_class(node, rest, target, torch)
    made = Guess(first, "function", str(target), _layouts([node]), tensors=torch)
    _read_backward(made, node, ())
    return made


def _named(statements: Sequence[ast.stmt], name: str) -> Function | ast.ClassDef | None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    every = [node for statement in statements for node in ast.walk(statement) if isinstance(node, kinds)]
    return next((node for node in reversed(every) if node.name == name), None)


def _only(source: str) -> Function | ast.ClassDef | None:
    """The definition that some lines are."""
    with contextlib.suppress(SyntaxError):
        body = ast.parse(textwrap.dedent(source)).body
        if body and isinstance(body[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return body[0]
    return None


def _of_class(node: ast.ClassDef, method: str, target: Target, torch: bool) -> Guess:
    methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    own = f"{target.path or target.module}:{node.name}"
    static = {name for name, each in methods.items() if {"staticmethod", "classmethod"} & _decorators(each)}
    maker = methods.get("__init__")
    back = methods.get(method or "backward") or next((m for n, m in methods.items() if "back" in n), None)
    if back is None:
        raise CandidateError(tr("{target} has no backward, so that no adapter can be made", target=own))
    layouts = _layouts([*methods.values()], maker)
    forward = methods.get("forward") or methods.get("__call__")
    context = forward is not None and forward.name in static and _first(forward) in ("ctx", "context", "self")
    if context and forward is not None:
        torch = any("Function" in ast.unparse(base) for base in node.bases)
        made = Guess(node.name, "autograd" if torch else "context", own, layouts, tensors=torch)
        made.forward = _parameters(forward, FORWARD)[1:]
        _read_backward(made, back, ())
        return made
    making = () if maker is None else _parameters(maker, MAKER)[1:]
    if back.name in static or (method and forward is None and not any(p.needed for p in making)):
        made = Guess(back.name, "function", f"{own}.{back.name}", layouts, tensors=torch)
        _read_backward(made, back, () if "staticmethod" in _decorators(back) else (_first(back),))
        return made
    made = Guess(node.name, "layer", own, layouts, maker=making, tensors=torch)
    made.forward = None if forward is None else _parameters(forward, FORWARD)[1:]
    _read_backward(made, back, (_first(back),))
    made.forward_method = "" if forward is not None and forward.name == "__call__" else ".forward"
    made.method, made.held = back.name, _held(node)
    return made


def _decorators(function: Function) -> set[str]:
    return {ast.unparse(each) for each in function.decorator_list}


def _first(function: Function) -> str:
    return function.args.args[0].arg if function.args.args else ""


def _parameters(function: Function, roles: Sequence[str]) -> tuple[Parameter, ...]:
    """Parameters with roles: names that can mean one thing first, then the others with what is left."""
    listed = [*function.args.posonlyargs, *function.args.args]
    defaults = [None] * (len(listed) - len(function.args.defaults)) + list(function.args.defaults)
    possible = {
        each.arg: [role for role in roles if role in roles_of(each.arg)] or list(roles_of(each.arg))
        for each in listed
    }
    taken: dict[str, str] = {}
    for name in sorted(possible, key=lambda name: len(possible[name])):
        role = next((role for role in possible[name] if role not in taken.values()), "")
        taken[name] = role
    pairs = _pairs(function)
    return tuple(
        Parameter(
            each.arg,
            taken[each.arg],
            default is None,
            isinstance(default, ast.Constant) and isinstance(default.value, str),
            each.arg in pairs or isinstance(default, ast.Tuple),
        )
        for each, default in zip(listed, defaults, strict=True)
    )


def _pairs(function: ast.AST) -> set[str]:
    """Names of what is taken apart into two, or indexed with 0 or 1."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            taken = node.value if len(node.targets[0].elts) == 2 else None
        else:
            first = isinstance(node, ast.Subscript) and ast.unparse(node.slice) in ("0", "1")
            taken = node.value if first and isinstance(node, ast.Subscript) else None
        if isinstance(taken, ast.Name | ast.Attribute):
            found.add(_leaf(taken))
    return found


def _leaf(node: ast.expr) -> str:
    """The last name of an expression: "W" of `self.W`, of `params["W"]` and of `W[0]`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        key = node.slice
        text = isinstance(key, ast.Constant) and isinstance(key.value, str)
        return str(key.value) if isinstance(key, ast.Constant) and text else _leaf(node.value)
    if isinstance(node, ast.Call):
        return _leaf(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    return node.id if isinstance(node, ast.Name) else ""


def _read_backward(made: Guess, function: Function, without: tuple[str, ...]) -> None:
    """Its parameters, what it takes its cache apart into, and what it returns."""
    kept = [each for each in _parameters(function, BACKWARD) if each.name not in without]
    made.backward = tuple(kept)
    roles = {each.role: each.name for each in kept}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            parts = [_leaf(part) for part in node.targets[0].elts]
            if isinstance(node.value, ast.Name) and node.value.id == roles.get("cache"):
                made.cache = [_role(part, FORWARD) for part in parts]
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            key, owner = node.slice.value, _leaf(node.value)
            if isinstance(key, str) and owner == roles.get("cache"):
                made.cache = {
                    **(made.cache if isinstance(made.cache, dict) else {}),
                    key: _role(key, FORWARD),
                }
            elif isinstance(key, str) and "hparameters" in roles_of(owner):
                made.hyper[key] = _role(key, FORWARD)
    ends = [node for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
    if ends:
        _read_result(made, ends[-1].value)


def _role(name: str, roles: Sequence[str]) -> str:
    word = re.sub(r"_?pad(ded)?$", "", name) or name  # X_pad in X's place
    return next((role for role in roles if role in roles_of(name) or role in roles_of(word)), "")


def _read_result(made: Guess, value: ast.expr | None) -> None:
    short = {"dA_prev": "dx", "dW": "dw", "db": "db"}
    if isinstance(value, ast.Dict):
        keys = {str(key.value): key for key in value.keys if isinstance(key, ast.Constant)}
        made.keys = {meaning(key): key for key in keys if meaning(key)}
    elif isinstance(value, ast.Tuple | ast.List) and not any(
        isinstance(part, ast.Starred) for part in ast.walk(value)
    ):
        flat = [part.elts if isinstance(part, ast.Tuple | ast.List) else [part] for part in value.elts]
        parts = [part for each in flat for part in each]
        told = [part for part in parts if not (isinstance(part, ast.Constant) and part.value is None)]
        names = [short.get(meaning(_leaf(part)), "") for part in told]
        if "" in names or len({*names}) < len(names):
            names = [*short.values(), *["_"] * len(told)][: len(told)]
        named = dict(zip(map(id, told), names, strict=True))
        left = iter([named.get(id(part), "_") for part in parts])
        words = [", ".join(next(left) for _ in parts) for parts in flat]
        nested = [isinstance(part, ast.Tuple | ast.List) for part in value.elts]
        made.pattern = ", ".join(f"[{w}]" if n else w for w, n in zip(words, nested, strict=True))
    elif isinstance(value, ast.expr) and not isinstance(value, ast.Tuple | ast.List):
        # a layer's one value is the gradient of its input; a function's may be anything
        made.pattern = short.get(meaning(_leaf(value)), "dx" if made.kind == "layer" else "")


def _held(node: ast.ClassDef) -> dict[str, str]:
    """Where a layer keeps its kernels, its bias and their gradients."""
    found: dict[str, str] = {}
    for target, value in _assigned(node):
        path = ast.unparse(target).removeprefix("self.")
        leaf = _leaf(target)
        plain = _GRADIENT.sub("", leaf)
        role = next((role for role in ("W", "b") if role in roles_of(plain)), "")
        if role and not isinstance(value, ast.Dict):
            gradient = plain != leaf or "grad" in path.lower()
            found.setdefault(f"d{role}" if gradient else role, path)
    return found


def _assigned(node: ast.ClassDef) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Attributes of self that are assigned, also in tuples, and entries of dicts in them."""
    for each in ast.walk(node):
        if not isinstance(each, ast.Assign | ast.AugAssign | ast.AnnAssign):
            continue
        for target in each.targets if isinstance(each, ast.Assign) else [each.target]:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if not ast.unparse(part).startswith("self."):
                    continue
                yield part, each.value
                if isinstance(each.value, ast.Dict) and isinstance(part, ast.Attribute):
                    for key, value in zip(each.value.keys, each.value.values, strict=True):
                        if isinstance(key, ast.Constant):
                            yield ast.Subscript(part, key, ast.Load()), value


def _layouts(functions: Sequence[Function], maker: Function | None = None) -> Layouts:
    """How arrays lie, by the names that shapes are taken apart into, by pads, and by how a layer is made."""
    A, W, made = "", "", ""
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
                names = [_leaf(part).lower() for part in node.targets[0].elts]
                value = node.value
                if isinstance(value, ast.Attribute) and value.attr == "shape":
                    roles = roles_of(_leaf(value.value))
                    if "W" in roles and "A_prev" not in roles:
                        W = W or _kernels(names)
                    elif {"A_prev", "dZ"} & {*roles}:
                        A = A or _pictures(names)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("pad"):
                A = A or _padded(node)
    if maker is not None:
        made = next(filter(None, map(_sizes, ast.walk(maker))), "")
        A = A or _alone(maker)
    W = made or W
    A = A or {"HW": "HW", "HWIO": "NHWC", "OHWI": "NHWC"}.get(W, "NCHW")
    return Layouts(A, W or ("HWIO" if A in ("NHWC", "HWC") else "HW" if A == "HW" else "OIHW"), "O")


def _alone(maker: Function) -> str:
    """The layout of one picture, where the shape of the input is taken apart into three sizes."""
    for node in ast.walk(maker):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            names = [_leaf(part).lower() for part in node.targets[0].elts]
            if len(names) == 3 and "input_shape" in roles_of(_leaf(node.value)):
                return _pictures(names)
    return ""


def _tokens(name: str) -> set[str]:
    return {name, *name.split("_"), re.sub(r"\d+$", "", name)}


def _rows_at(names: Sequence[str], known: set[str]) -> int:
    """Where two names in a row stand for rows and columns; -1 if nowhere."""
    return next(
        (p for p in range(len(names) - 2, -1, -1) if all(_tokens(n) & known for n in names[p : p + 2])), -1
    )


def _pictures(names: Sequence[str]) -> str:
    place = _rows_at(names, _ROWS)
    if place < 0:
        return ""
    return {4: _PLACES[place][0], 3: ("HWC", "CHW")[place % 2], 2: "HW"}.get(len(names), "")


def _kernels(names: Sequence[str]) -> str:
    place = _rows_at(names, _TAPS)
    if place < 0:
        return ""
    return {4: _PLACES[place][1], 3: ("HWO", "OHW")[place % 2], 2: "HW"}.get(len(names), "")


def _padded(call: ast.Call) -> str:
    """The layout of what `np.pad` is given, by which axes it pads."""
    widths = call.args[1] if len(call.args) > 1 else None
    if not isinstance(widths, ast.Tuple | ast.List):
        return ""
    none = [ast.unparse(width) in ("(0, 0)", "[0, 0]", "(0,)", "0") for width in widths.elts]
    place = next((p for p in range(len(none) - 1) if not none[p] and not none[p + 1]), -1)
    if place < 0 or sum(none) != len(none) - 2:
        return ""
    return {4: _PLACES[place][0], 3: ("HWC", "CHW")[place % 2], 2: "HW"}.get(len(none), "")


def _sizes(node: ast.AST) -> str:
    """The layout of kernels that are drawn in the sizes that a layer is made with."""
    given = node.elts if isinstance(node, ast.Tuple) else node.args if isinstance(node, ast.Call) else []
    axes = ""
    for part in given:
        roles = roles_of(_leaf(part))
        if "out_channels" in roles and "O" not in axes:
            axes += "O"
        elif "in_channels" in roles:
            axes += "I"
        elif "kernel_size" in roles:
            axes += "W" if "H" in axes else "H"
    return axes if sorted(axes) in (sorted("OIHW"), sorted("OHW")) else ""
