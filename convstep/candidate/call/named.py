"""Ways of calling a function that are found from what its parameters are called.

A parameter's name gives its role (`words`); where names say nothing, its place does. How the arrays lie is
then a matter of trying: every way made here is cheap, and `check.choosing` keeps the one that fits.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convstep.candidate.call import layers
from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.convention import Array, Convention, Inputs, one
from convstep.candidate.call.conventions import CONVENTIONS
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.words import roles_of
from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from convstep.language import tr

LAYOUTS = [
    Layouts(pictures, kernels)
    for pictures, kernels in (
        *(("NCHW", "OIHW"), ("NHWC", "HWIO"), ("NHWC", "OHWI"), ("CHW", "OIHW"), ("HWC", "HWIO")),
        *(("HWC", "OHWI"), ("HW", "HW"), ("NCHW", "HWIO"), ("NHWC", "OIHW"), ("NCHW", "OHWI")),
        *(("NCHW", "IOHW"), ("NHWC", "IOHW"), ("CHW", "HWIO"), ("HWC", "OIHW"), ("NHW", "OHW")),
        *(("NHW", "HW"), ("HWCN", "HWIO"), ("CHWN", "OIHW"), ("CHWN", "IHWO"), ("NHWC", "HWOI")),
    )
]
"""How pictures and kernels lie, the commonest first."""
BIASES = ("O", "111O", "O1", "1O11", "O11", "1O")
SIGNATURES = 8
"""Readings of a signature that are tried."""
SQUARE = r"\b([A-Za-z_]\w*),\s*\1\b[^=\n]*=\s*\w+\.shape"
"""How a source says that its kernels are square: `f, f, C_in, C_out = W.shape`."""
WORD = r"(?i)\b{name}\b[^=,()]*=\s*[\"'](same|valid)[\"']"
"""How a source says that its padding is a word."""
ARRAYS = ("dZ", "A_prev", "W")
_GIVEN = {
    *ARRAYS, "b", "stride", "padding", "dilation", "groups", "cache", "hparameters", "ctx",
    "A_prev_pad", "W_shape", "input_shape", "kernel_size", "activation", "Z",
}  # fmt: skip
"""Roles that something can be given for."""


@dataclass(frozen=True, slots=True)
class Named(Convention):
    """The convention of one call that says for itself what is given, and how it lies."""

    told: Call | None = None
    """The call."""
    layouts: Layouts = field(default_factory=Layouts)
    """How its arrays lie."""

    def cannot_say(self, geometry: Geometry, candidate: Candidate) -> str:
        """What of a geometry has no place in this call; "" if all of it has."""
        assert self.told is not None
        if self.told.convention == "layer":
            return layers.cannot_say(self.told, geometry)
        says, (_, f_h, f_w, _) = self.told.says, geometry.kernel_shape
        (top, bottom), (left, right) = geometry.padding
        if missing := self.layouts.cannot_say(geometry):
            return missing
        if self.square and f_h != f_w:
            return tr("kernels that are not square")
        if geometry.stride != (1, 1) and "stride" not in says:
            return tr("stride")
        if not self.pairs and geometry.stride[0] != geometry.stride[1]:
            return tr("different strides along H and W")
        if not self.pairs and geometry.dilation[0] != geometry.dilation[1]:
            return tr("different dilation along H and W")
        for name in ("dilation", "groups"):
            if getattr(geometry, name) not in ((1, 1), 1) and name not in says:
                return tr("dilation") if name == "dilation" else tr("groups")
        if top != bottom or left != right:
            return tr("different padding on opposite sides")
        if "padding:word" in says:
            same = top == left == f_h // 2 and f_h == f_w and f_h % 2 == 1 and geometry.stride == (1, 1)
            return "" if same or top == left == 0 else tr("padding")
        if "padding" not in says:
            half = f_h // 2 if self.told.same else 0
            return "" if top == left == half else tr("padding")
        return tr("different padding along H and W") if top != left and not self.pairs else ""

    def inputs(self, problem: Problem, *, integers: bool = False) -> Inputs:
        """A problem's arrays as this call lays them out."""
        assert self.told is not None
        A_prev, W, b = problem.A_prev, problem.W, problem.b
        if integers:
            A_prev, W = A_prev.astype("int64"), W.astype("int64")
        geometry, always = problem.geometry, self.told.pairs is True
        padding = tuple(top for top, _ in geometry.padding)
        return Inputs(
            self.layouts.theirs("A_prev", A_prev),
            self.layouts.theirs("W", W),
            None if b is None else self.layouts.theirs("b", b),
            self.layouts.theirs("dZ", problem.dZ),
            None,
            geometry.stride if always else one(geometry.stride),
            padding if always else one(padding),
            geometry.dilation if always else one(geometry.dilation),
            geometry.groups,
            problem,
        )

    def ours(self, name: str, array: Array, problem: Problem) -> Array:
        """A gradient in our layout; a layer's are read in it. Another number of axes leaves it as it is."""
        if self.told is not None and self.told.convention == "layer":
            return array
        if name == "db" and array.ndim > 1 and array.size == problem.W.shape[0]:
            assert self.told is not None
            unknown = "b" not in self.told.says and sorted(array.shape)[:-1] == [1] * (array.ndim - 1)
            if unknown or array.shape == (1, 1, 1, array.size):
                return array.reshape(-1)
        return self.layouts.ours(name, array, problem.geometry)


def convention_of(call: Call) -> Convention:
    """How a call speaks: one of the conventions people share, or its own."""
    known = CONVENTIONS.get(call.convention)
    if known is not None:
        return replace(known, pairs=False) if call.pairs is False else known
    layouts = call.layouts or Layouts()
    return Named(
        call.convention,
        "",
        call.returns,
        layouts.A,
        layouts.W,
        lambda inputs, candidate, cache: ((), {}),
        square=call.square,
        pairs=call.pairs is not False,
        general=True,
        told=call,
        layouts=layouts,
    )


def ways(candidate: Candidate) -> Iterator[tuple[Call, ...]]:
    """Ways of calling a candidate, likeliest first: readings of its signature, each in every layout."""
    readings = itertools.chain(itertools.islice(_readings(candidate), SIGNATURES), _by_place(candidate))
    for call in dict.fromkeys(_in_words(call, candidate.source) for call in readings):
        says = call.says
        call = replace(call, square=re.search(SQUARE, candidate.source) is not None)
        layouts = LAYOUTS[:1] if candidate.kind == "autograd" else LAYOUTS
        paddings = (False,) if says & {"padding", "padding:word"} else (False, True)
        biases = BIASES if "b" in says and candidate.kind != "autograd" else BIASES[:1]
        method = call.backward or call.forward
        if method is not None and any(
            role.partition(":")[0] not in (*roles_of(name), "dZ") for name, role in method.given
        ):
            layouts, biases = layouts[:7], biases[:1]  # a guess
        yield tuple(
            replace(call, layouts=replace(lying, b=bias), same=same)
            for bias, lying, same in itertools.product(biases, layouts, paddings)
        )


def _in_words(call: Call, source: str) -> Call:
    """The same call, its padding said as "same" or "valid" where its default is such a word."""
    method = call.backward
    if method is None or call.forward is not None:
        return call
    said = [
        (name, "padding:word" if role == "padding" and re.search(WORD.format(name=name), source) else role)
        for name, role in method.given
    ]
    return replace(call, backward=Method(method.name, tuple(said)))


def _readings(candidate: Candidate) -> Iterator[Call]:
    """What a candidate's parameters may mean, in the commonest layout."""
    own = _methods(candidate.forward_parameters, candidate.forward_required)
    if candidate.kind == "autograd":
        for given in _assigned(candidate.parameters, candidate.parameters[: candidate.required]):
            if {"A_prev", "W"} <= {role for _, role in given}:
                yield Call("named", forward=Method("apply", given))
        return
    names = (*candidate.parameters, *candidate.keywords)
    required = candidate.parameters[: candidate.required]
    for given in _assigned(names, required):
        roles, backward = {role for _, role in given}, Method("", given)
        if "ctx" in roles:
            for forward in own:
                if forward.given and forward.given[0][1] == "ctx":
                    yield Call("named", forward=forward, backward=backward)
        elif "dZ" not in roles:
            if {"A_prev", "W"} <= roles and not roles & {"cache", "ctx"}:
                yield Call("named", forward=backward, backward=Method("closure", (("", "dZ"),)))
        elif "cache" in roles or any(role.startswith("own") for role in roles):
            caches = [None] if "cache" not in roles else [_cache(candidate, given)]
            if caches[0] is not None:
                yield Call("named", backward=backward, cache=caches[0])
            for forward in own:
                yield Call("named", own_cache=True, forward=forward, backward=backward)
        elif roles & {"A_prev", "A_prev_pad", "W", "input_shape", "W_shape"}:
            yield Call("named", backward=backward)


def _methods(parameters: Sequence[str], required: Sequence[str]) -> list[Method]:
    """The ways of calling a forward by its parameters' names."""
    return [
        Method("forward", given)
        for given in itertools.islice(_assigned(parameters, required), 3)
        if {"A_prev", "W"} <= {role for _, role in given}
    ]


def _assigned(names: Sequence[str], required: Sequence[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Roles for parameters by their names, each role once; what has a default and no role is left out."""
    choices: list[list[str]] = []
    for place, name in enumerate(names):
        roles = [role for role in roles_of(name) if role in _GIVEN]
        if "ctx" in roles and place == 0:
            roles = ["ctx", *(role for role in roles if role != "ctx")]
        if len(roles) > 1 and "kernel_size" in roles:  # a kernel that is handed over is an array
            roles = [*(role for role in roles if role != "kernel_size"), "kernel_size"]
        left_out = [] if name in required else [""]
        choices.append([*roles, *left_out] if roles else left_out or ["?"])
    seen = set()
    for picked in itertools.islice(itertools.product(*choices), 4096):
        real = [role for role in picked if role not in ("", "?")]
        if len(set(real)) < len(real):
            continue
        for full in _filled(picked):
            given = tuple((name, role) for name, role in zip(names, full, strict=True) if role)
            if given not in seen:
                seen.add(given)
                yield given


def _filled(picked: Sequence[str]) -> Iterator[list[str]]:
    """Roles for those that have none by name: arrays not handed over yet, or what the own forward makes."""
    unknown = [place for place, role in enumerate(picked) if role == "?"]
    if not unknown:
        yield list(picked)
        return
    if "dZ" in picked:
        full = list(picked)
        for number, place in enumerate(unknown):
            full[place] = f"own.{number}"
        yield full
    arrays = [role for role in ARRAYS if role not in picked]
    count = min(len(unknown), len(arrays))
    others = [role for role in ("b", "stride", "padding") if role not in picked]
    rests = list(itertools.permutations(others, len(unknown) - count))
    for rest, first in itertools.product(rests, itertools.permutations(arrays, count)):
        if "dZ" in {*first, *picked}:
            full = list(picked)
            for place, role in zip(unknown, (*first, *rest), strict=True):
                full[place] = role
            yield full


def _by_place(candidate: Candidate) -> Iterator[Call]:
    """Readings by place alone: the three arrays in any order, then what else it takes."""
    count = candidate.required if candidate.required >= 3 else len(candidate.parameters)
    rests: dict[int, tuple[tuple[str, ...], ...]] = {
        3: ((),),
        4: (("b",), ("stride",), ("padding",)),
        5: (("stride", "padding"), ("b", "stride"), ("padding", "stride")),
        6: (("b", "stride", "padding"), ("b", "padding", "stride")),
    }
    for rest, arrays in itertools.product(rests.get(count, ()), itertools.permutations(ARRAYS)):
        given = tuple(zip(candidate.parameters[:count], (*arrays, *rest), strict=True))
        yield Call("named", backward=Method("", given))


def _cache(candidate: Candidate, given: Sequence[tuple[str, str]]) -> Method | None:
    """What a cache holds, from where the source takes it apart; None if it does not say all of it."""
    name = next(parameter for parameter, role in given if role == "cache")
    taken = {role for _, role in given} - {"cache"}
    try:
        tree = ast.parse(_dedented(candidate.source))
    except (SyntaxError, ValueError):
        return None
    slots: dict[str, list[str]] = {"tuple": [], "dict": [], "object": []}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is(node.value, name) and isinstance(node.targets[0], ast.Tuple):
            slots["tuple"] = [_slot(each) for each in node.targets[0].elts]
        elif isinstance(node, ast.Subscript) and _is(node.value, name):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                slots["dict"].append(node.slice.value)
        elif isinstance(node, ast.Attribute) and _is(node.value, name):
            slots["object"].append(node.attr)
    for kind, words in slots.items():
        words = words if kind == "tuple" else list(dict.fromkeys(words))
        if words and kind != "object":
            for pairs in _assigned(words, words):
                roles = [role for _, role in pairs]
                if len(pairs) == len(words) and not any(role in taken or "own" in role for role in roles):
                    return Method(kind, pairs)
    return None


def _slot(node: ast.expr) -> str:
    """The name of one of the things a cache is unpacked into."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else "_"


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _dedented(source: str) -> str:
    import textwrap

    return textwrap.dedent(source)


def described(call: Call, candidate: Candidate) -> str:
    """How it is called in one line: the call as its author would write it, and how the arrays lie."""
    method = call.backward if call.backward is not None else call.forward
    if method is None:
        return f"{candidate.name}({', '.join(candidate.parameters)})"
    words = ", ".join(parameter or role for parameter, role in method.given)
    text = f"{candidate.name}({words})"
    if method.name == "closure" and call.forward is not None:
        made = ", ".join(parameter for parameter, _ in call.forward.given)
        text = f"out, back = {candidate.name}({made}); back(dZ)"
    elif call.forward is not None and candidate.forward and candidate.kind != "autograd":
        made = ", ".join(parameter for parameter, _ in call.forward.given)
        text = tr("{call} after {forward}", call=text, forward=f"{candidate.forward}({made})")
    elif call.cache is not None:
        text = tr("{call}, cache ({slots})", call=text, slots=", ".join(name for name, _ in call.cache.given))
    lying = call.layouts or Layouts()
    kernels = lying.W.replace("O", "F").replace("I", "C").replace("H", "K").replace("W", "L")
    parts = [
        tr("pictures ({axes})", axes=", ".join(lying.A)),
        tr("kernels ({axes})", axes=", ".join(kernels)),
    ]
    if "b" in call.says and lying.b not in ("", "O"):
        parts.append(tr("bias ({axes})", axes=", ".join(lying.b.replace("O", "F"))))
    if "padding" not in call.says:
        parts.append(tr("padding always half the kernel") if call.same else tr("no padding"))
    if call.tensors or (call.tensors is None and candidate.tensors):
        parts.append(tr("tensors"))
    return f"{text}: {tr(', ').join(parts)}"


def given(method: Method, parameters: Sequence[str], values: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call: by place as long as none is left out, then by name.

    Args:
        method: what it is given.
        parameters: its parameters in order.
        values: from a role to a value.
    """
    places: list[Any] = []
    named: dict[str, Any] = {}
    for number, (parameter, role) in enumerate(method.given):
        value = values(role)
        if not parameter or (parameters[number : number + 1] == (parameter,) and not named):
            places.append(value)
        else:
            named[parameter] = value
    return places, named


def is_forward(candidate: Candidate) -> bool:
    """Whether it is a forward by its names: it takes an input and kernels, and no upstream gradient."""
    name = candidate.name.rpartition(".")[2].lower()
    if candidate.kind == "autograd" or re.search("back|grad|bwd|vjp|deriv|pullback", name):
        return False
    if re.search("forward|fwd", name):
        return True
    required = candidate.parameters[: candidate.required]
    roles = {role for each in candidate.parameters for role in roles_of(each)}
    known = all(roles_of(each) for each in required)
    return known and {"A_prev", "W"} <= roles and not roles & {"dZ", "cache"}
