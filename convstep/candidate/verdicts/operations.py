"""The operations of an autograd engine, and the calls by which each is tried."""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convstep.candidate.load import names
from convstep.candidate.verdicts.nodes import Nodes
from convstep.frozen import frozen
from convstep.steps.cells import Array

BINARY = {
    "add": ("+", operator.add),
    "sub": ("-", operator.sub),
    "mul": ("*", operator.mul),
    "truediv": ("/", operator.truediv),
    "pow": ("**", operator.pow),
    "matmul": ("@", operator.matmul),
}
"""The operators with two operands: how they are written, and what calls them."""
UNARY: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "__neg__": ("-{a}", operator.neg),
    "__abs__": ("abs({a})", abs),
}
NO_OPERATION = re.compile(
    r"detach|copy|clone|deepcopy|numpy|item|tolist|list|stop|no|backprop|zero|zeros|ones?|onehot|hot|rand\w*"
    r"|grad\w*|requires|cpu|cuda|gpu|to|device|as\w*|type|float\d*|double|half|int|long|bool|arg\w*|sort|round"
    r"|floor|ceil|sign|drop\w*|print|draw|plot|show|save|load|step|update|eval|train|init|fill|eye|full|like|topo"
    r"|visit|child\w*|parents?|param\w*|eq|ne|gt|lt|ge|le|equal|greater|less|size|dim|ndim|shape|name|append"
    r"|register|hook|set|get|is|has|creators?|build|walk|constant|const|unique|len",
    re.I,
)
"""What the names of methods have that make no node, or one by which nobody derives."""
TIMES_MATRIX = re.compile(r"mat_?mul|mm|bmm|dot|matrix_?mult\w*|mat_?mult\w*", re.I)
CONVOLVES = re.compile(r"conv|pool|embed|im2col|pad|concat|stack|cat|split|where|einsum|tensordot", re.I)
"""Methods whose arguments are not guessed here."""
AXIS = re.compile(r"axis|dim|axes|dims", re.I)
TARGET = re.compile(r"t|target\w*|label\w*|y_?true|true|truth|ground\w*|mask\w*|idx|ind\w*|expected", re.I)
"""Parameters by which nobody derives."""
SHAPE = re.compile(r"\w*shape\w*|sizes?", re.I)
POSITIVE = re.compile(r"log|ln|sqrt|reciprocal|inv|entropy|nll|bce|xent|norm|std|div|pow|power|root", re.I)
"""Operations of positive numbers."""
WHOLE = (3, 2)
"""The shape of an operand that is an array."""
SIGNED, ABOVE_0, BELOW_1 = "signed", "positive", "below 1"


@frozen(eq=False)
class Trial:
    """One call of an operation."""

    operation: str
    """The method: `__mul__`."""
    text: str
    """How it is written, its operands a, b and c: `a * b`."""
    shapes: tuple[tuple[int, ...], ...]
    """Of each operand that is a node."""
    apply: Callable[[Sequence[Any]], Any]
    """Makes a node of them."""
    domain: str = SIGNED
    """What numbers they have."""
    target: int = -1
    """Which of them is a target or a mask, by which nobody derives; -1 for none."""
    plain: bool = True
    """Whether whoever has the operation can expect the call to work."""
    broadcast: bool = False
    """Whether its operands have different shapes, or one is a number."""

    def drawn(self, rng: np.random.Generator) -> list[Array]:
        """Random operands, away from 0, where much has a corner."""
        found = []
        for number, shape in enumerate(self.shapes):
            count = int(np.prod(shape))  # no two are close: a maximum of them has no corner near
            spread = rng.permutation(count) + rng.uniform(0.1, 0.9 if count == 1 else 0.3, count)
            size = (0.3 + (0.6 if self.domain == BELOW_1 else 1.4) * spread / count).reshape(shape)
            value = size if self.domain != SIGNED else size * rng.choice([-1.0, 1.0], shape)
            if number == self.target:
                value = np.abs(value)
                value = value / value.sum(axis=-1, keepdims=True) if value.ndim else value
            found.append(np.asarray(value))
        return found


def operations(nodes: Nodes) -> list[str]:
    """The methods by which nodes are made of nodes: sums and products first, on which others rest."""
    known = {"__neg__", "__abs__", "__getitem__", "T"}
    known |= {f"__{side}{name}__" for name in BINARY for side in ("", "r")}
    found = []
    for each in reversed(nodes.kind.__mro__[:-1]):
        for name, value in vars(each).items():
            if isinstance(value, (staticmethod, classmethod)) or name in found:
                continue
            public = inspect.isfunction(value) and name[:1] != "_" and not _is_none(name)
            looks = name != nodes.back_name and not names.looks_backward(name) and not CONVOLVES.search(name)
            if name in known or (public and looks):
                found.append(name)
    first = ("sum", "__add__", "add", "__mul__", "mul", "__neg__")
    return sorted(found, key=lambda name: first.index(name) if name in first else len(first))


def _is_none(name: str) -> bool:
    return any(NO_OPERATION.fullmatch(part) for part in name.strip("_").split("_"))


def trials(nodes: Nodes, name: str) -> Iterator[list[Trial]]:
    """The calls of an operation; of each list the first that works is meant."""
    whole = WHOLE if nodes.arrays else ()
    domains = (ABOVE_0, BELOW_1) if POSITIVE.search(name) else (SIGNED, ABOVE_0, BELOW_1)

    def each(text: str, shapes: Sequence[tuple[int, ...]], apply: Any, **more: Any) -> list[Trial]:
        return [Trial(name, text, tuple(shapes), apply, domain, **more) for domain in domains]

    if name in UNARY:
        text, function = UNARY[name]
        yield each(text.format(a="a"), [whole], lambda on: function(on[0]))
    elif name == "T":
        yield each("a.T", [whole], lambda on: on[0].T)
    elif name == "__getitem__":
        if nodes.arrays:
            for text, index in (("1", 1), ("0:2", slice(0, 2)), ("[0, 2, 0]", [0, 2, 0])):
                yield each(f"a[{text}]", [whole], _at(index), plain=text == "1")
    elif name.strip("_") in BINARY or name.strip("_")[1:] in BINARY:
        yield from _by_operator(nodes, name, each)
    else:
        yield from _by_method(nodes, name, each)


def _at(index: Any) -> Callable[[Sequence[Any]], Any]:
    return lambda on: on[0][index]


def _with(function: Callable[[Any, Any], Any], number: float) -> Callable[[Sequence[Any]], Any]:
    return lambda on: function(on[0], number)


def _by_operator(nodes: Nodes, name: str, each: Callable[..., list[Trial]]) -> Iterator[list[Trial]]:
    word = name.strip("_")
    swapped = word not in BINARY
    sign, function = BINARY[word[1:] if swapped else word]
    numbers = (2, 3, -1, 0.5) if sign == "**" else (1.75,)
    if swapped:
        if sign != "@":
            whole = WHOLE if nodes.arrays else ()
            apply = lambda on: function(1.75, on[0])  # noqa: E731
            yield each(f"1.75 {sign} a", [whole], apply, broadcast=nodes.arrays)
        return
    text = f"a {sign} b"

    def both(on: Sequence[Any]) -> Any:
        return function(on[0], on[1])

    if sign == "@":
        if nodes.arrays:
            yield each(text, [WHOLE, (2, 4)], both)
        return
    whole = WHOLE if nodes.arrays else ()
    yield each(text, [whole, whole], both)
    for number in numbers:
        yield each(f"a {sign} {number}", [whole], _with(function, number), broadcast=nodes.arrays)
    if nodes.arrays:
        yield from _stretched(text, both, each)


def _stretched(text: str, both: Any, each: Callable[..., list[Trial]]) -> Iterator[list[Trial]]:
    """Operands of which one is stretched to the shape of the other."""
    for small in ((2,), (1, 2), (3, 1)):
        yield each(text, [WHOLE, small], both, plain=False, broadcast=True)
    yield each(text, [(1, 2), WHOLE], both, plain=False, broadcast=True)


def _by_method(nodes: Nodes, name: str, each: Callable[..., list[Trial]]) -> Iterator[list[Trial]]:
    method = inspect.getattr_static(nodes.kind, name)
    whole = WHOLE if nodes.arrays else ()
    listed = list(inspect.signature(method).parameters.values())[1:]
    needed = [one for one in listed if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    several = [one for one in needed if one.kind is one.VAR_POSITIONAL]

    def called(*values: Any, **told: Any) -> Callable[[Sequence[Any]], Any]:
        return lambda on: getattr(on[0], name)(*on[1:], *values, **told)

    def said(*values: Any, **told: Any) -> str:
        words = [*map(repr, values), *(f"{key}={value!r}" for key, value in told.items())]
        return f"a.{name}({', '.join(words)})"

    if not needed or several == needed:
        if not (several and SHAPE.fullmatch(several[0].name)):
            yield each(said(), [whole], called())
        axis = next((one.name for one in listed if AXIS.fullmatch(one.name)), None)
        keep = next((one.name for one in listed if re.fullmatch("keep_?dims?", one.name, re.I)), None)
        if axis is not None and nodes.arrays:
            for place in (0, 1):
                for kept in ({}, {keep: True}) if keep else ({},):
                    told = {axis: place, **kept}
                    yield each(said(**told), [whole], called(**told), plain=False)
        if several and nodes.arrays:
            values = [(2, 3), (1, 6)] if SHAPE.fullmatch(several[0].name) else [(1, 0)]
            for value in values:
                yield each(said(*value), [whole], called(*value), plain=False)
        return
    if len(needed) == 1:
        (one,) = needed
        yield from _with_one(nodes, name, one.name, (called, said), each)
    elif len(needed) == 2 and all(re.fullmatch(r"min\w*|max\w*|lo\w*|hi\w*|a|b", one.name) for one in needed):
        yield each(said(-0.9, 0.9), [whole], called(-0.9, 0.9), plain=False)


def _with_one(
    nodes: Nodes, name: str, parameter: str, how: tuple[Any, Any], each: Callable[..., list[Trial]]
) -> Iterator[list[Trial]]:
    """The calls of a method that needs one argument besides its node."""
    called, said = how
    whole = WHOLE if nodes.arrays else ()

    def told(*values: Any) -> Iterator[list[Trial]]:
        for value in values:
            yield each(said(value), [whole], called(value), plain=False)

    text = f"a.{name}(b)"
    if AXIS.fullmatch(parameter):
        places = ((1, 0),) if parameter.lower() in ("axes", "dims") else (0, 1)
        yield from told(*places) if nodes.arrays else ()
    elif SHAPE.fullmatch(parameter):
        yield from told((2, 3), (1, 6)) if nodes.arrays else ()
    elif TIMES_MATRIX.fullmatch(name) and nodes.arrays:
        yield each(text, [WHOLE, (2, 4)], called())
    elif re.fullmatch(
        r"n|p|power|exp\w*|k|alpha|scale\w*|scalar|value|factor|slope|num\w*|c(onst\w*)?", parameter
    ):
        numbers = (2, 3) if re.search("pow|exp|root", name) else (1.75,)
        yield from told(*numbers)
    else:
        target = 1 if TARGET.fullmatch(parameter) else -1
        yield each(text, [whole, whole], called(), target=target, plain=target < 0)
        yield from _stretched(text, called(), each) if nodes.arrays and target < 0 else ()
        yield from told(1.75) if target < 0 else ()
