"""How people call their backward: which arrays, in which layout, in which order.

A convention is a table's row: what the parameters of its backward and of its forward are given, by place.
`spelled` writes that out for one candidate; from there on a call says for itself what is given, and one
that was found from names (`named.py`) is called in the same way.

Source of the table: the calling styles of the article, of the Deep Learning Specialization's and
CS231n's assignments, of the ALX curriculum, and of `torch.nn.functional.conv2d`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call import layers
from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.layouts import Inputs, Layouts
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.used import in_pairs
from convstep.candidate.load.target import CandidateError
from convstep.conv.geometry import Geometry, Pair
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array


@frozen()
class Convention:
    """The layouts, order and arguments of a call: a convention that many people use, or a call's own."""

    name: str
    """What `--convention` calls it; "named" or "layer" for a call that says for itself what is given."""
    layouts: Layouts
    """How its arrays lie."""
    returns: tuple[str, ...]
    """The gradients in the order they come back."""
    takes: str = ""
    """What its backward is given by place; what ends in "=" only where a parameter has that name."""
    forward: str = ""
    """The same of the matching forward; "" where none is asked."""
    held: tuple[tuple[str, str], ...] = ()
    """What its cache holds, by place; where there is one, the candidate's own forward can make it."""
    square: bool = False
    """Whether kernels must be square."""
    pairs: bool = False
    """Whether stride, padding and dilation may differ along the axes."""
    column: bool = False
    """Whether its code makes db a column."""
    told: Call | None = None
    """The call that says for itself what is given."""

    def cannot_say(self, geometry: Geometry, candidate: Candidate | None = None) -> str:
        """The part of a geometry that this call cannot express, in words; "" if it can express all of it.

        What a convention hands over depends on the candidate's parameters.
        """
        if self.name == "problem":
            return ""
        call = self.told
        if call is None:
            assert candidate is not None
            call = spelled(Call(self.name), candidate)
        says, (_, rows, columns, _) = call.says, geometry.kernel_shape
        told, free = {role.partition(":")[0] for role in says}, "hparameters" in says
        if call.depthwise and geometry.kernel_shape[3] > 1:
            return tr("channels without a kernel of their own")
        if missing := self.layouts.cannot_say(geometry):
            return missing

        def one_for_both(name: str) -> bool:
            pair = f"{name}:pair" in says
            if call.maker is None:  # a function may take a pair of one thing, and one of another
                return not (self.pairs or pair)
            return not (self.pairs and pair)

        if rows != columns and (self.square or (call.maker is None and call.square)):
            return tr("kernels that are not square")
        if "stride" not in told and geometry.stride != (call.stride, call.stride):
            return tr("stride")
        if geometry.stride[0] != geometry.stride[1] and one_for_both("stride"):
            return tr("different strides along H and W")
        if rows != columns and call.maker is not None and _is_square(call, told):
            return tr("kernels that are not square")
        sized = call.maker is not None and {"kernel_size", "kernel_h", "W"} & told
        fixed = None if free or sized else layers.kernel_of(call)
        if fixed is not None and fixed != (rows, columns):
            return tr("kernels other than {kernel}", kernel="x".join(map(str, fixed)))
        one_side = call.square_pictures or "input_shape:side" in says
        if one_side and geometry.input_shape[0] != geometry.input_shape[1]:
            return tr("pictures that are not square")
        if call.channels and geometry.input_shape[2] != call.channels:
            words = "several input channels" if call.channels == 1 else "other than {count} input channels"
            return tr(words, count=call.channels)
        if geometry.dilation != (1, 1) and "dilation" not in told:
            return tr("dilation")
        if geometry.dilation[0] != geometry.dilation[1] and one_for_both("dilation"):
            return tr("different dilation along H and W")
        if call.depthwise and not geometry.groups == geometry.input_shape[2] == geometry.kernel_shape[0]:
            return tr("channels without a kernel of their own")
        if geometry.groups != 1 and "groups" not in told and not call.depthwise:
            return tr("groups")
        if missing := self._cannot_pad(geometry, call, told):
            return missing
        differs = not call.rule and geometry.padding[0] != geometry.padding[1]
        return tr("different padding along H and W") if differs and one_for_both("padding") else ""

    def _cannot_pad(self, geometry: Geometry, call: Call, told: set[str]) -> str:
        (top, bottom), (left, right) = geometry.padding
        words = call.worded
        if not any((top, bottom, left, right)) and (words or not call.rule):
            return ""
        if words or call.rule:
            own = layers.padding_of(call.rule or "half", geometry) == geometry.padding
            if own and (call.rule or geometry.stride == (1, 1)):
                return ""
            word = words and "padding:flag" not in call.says
            return tr(
                'padding other than its own "same" and "valid"' if word else "padding other than its own"
            )
        if "padding" not in told and self.told is not None:
            return tr("padding")
        alike = (top, left) == (bottom, right) or call.sides
        return "" if alike else tr("different padding on opposite sides")

    def inputs(self, problem: Problem, *, integers: bool = False) -> Inputs:
        """The arrays of a problem that the call can express, as this call lays them out.

        `integers`: `A_prev` and `W`, whose values are whole numbers, as int64.
        """
        A_prev, W, b, geometry = problem.A_prev, problem.W, problem.b, problem.geometry
        if integers:
            A_prev, W = A_prev.astype(np.int64), W.astype(np.int64)
        if b is None and self.forward and self.name != "torch":
            b = np.zeros(len(W), problem.dtype)
        always = self.name == "alx" or (self.told is not None and self.told.pairs is True)
        padding = tuple(top for top, _ in geometry.padding)
        return Inputs(
            self.layouts.theirs("A_prev", A_prev),
            self.layouts.theirs("W", W),
            None if b is None else self.layouts.theirs("b", b),
            self.layouts.theirs("dZ", problem.dZ),
            stride=geometry.stride if always else one(geometry.stride),
            padding=padding if always else one(padding),
            dilation=geometry.dilation if always else one(geometry.dilation),
            groups=geometry.groups,
            problem=problem,
        )

    def ours(self, name: str, array: Array, problem: Problem) -> Array:
        """A gradient in our layout; as it is where it has another number of axes."""
        if self.name == "layer" or (self.name == "problem" and name == "dA_prev"):
            return array  # a layer's are read in our layout
        # an adapter need not know in which shape the code behind it has b
        free = self.name == "problem" or self.column or (self.told is not None and "b" not in self.told.says)
        flat = free or array.shape == (1, 1, 1, array.size) or (not array.ndim and len(problem.W) == 1)
        if name == "db" and flat and array.size == max(array.shape, default=1):
            return array.reshape(-1)
        return self.layouts.ours(name, array, problem.geometry)


def _is_square(call: Call, told: set[str]) -> bool:
    """Whether the kernels of a layer have one size, or were found to have."""
    sized = any(role.startswith("kernel_size:") for role in call.says) and not call.square
    return not sized and not {"kernel_h", "W"} & told


_DX_FIRST = ("dA_prev", "dW", "db")
_OPTIONS = (("['stride']", "stride"), ("['pad']", "padding"))
_CACHE = (("[0]", "A_prev"), ("[1]", "W"), ("[2]", "b"), *((f"[3]{key}", role) for key, role in _OPTIONS))
_TORCH = "A_prev W b stride padding dilation groups"

CONVENTIONS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        Convention(
            "article",
            Layouts("HWC", "OHWI"),
            ("dW", "db", "dA_prev"),
            "dZ cache stride padding dilation= groups=",
            "A_prev W b stride padding dilation= groups=",
            (("['Z']", "Z"), ("['W']", "W"), ("['b']", "b"), ("['A_prev']", "A_prev")),
            square=True,
        ),
        Convention(
            "coursera",
            Layouts("NHWC", "HWIO", "111O"),
            _DX_FIRST,
            "dZ cache",
            "A_prev W b hparameters",
            _CACHE,
            square=True,
        ),
        Convention(
            "cs231n", Layouts("NCHW", "OIHW"), _DX_FIRST, "dZ cache", "A_prev W b hparameters", _CACHE
        ),
        Convention(
            "alx",
            Layouts("NHWC", "HWIO", "111O"),
            _DX_FIRST,
            "dZ A_prev W b padding:word stride",
            "A_prev W b activation padding:word stride",
            pairs=True,
        ),
        Convention("torch", Layouts("NCHW", "OIHW"), _DX_FIRST, f"dZ {_TORCH}", _TORCH, pairs=True),
        Convention("problem", Layouts(), ("dW", "db", "dA_prev"), "problem", pairs=True),
    )
}
"""Every convention by name."""

AUTO = "auto"
"""The convention that is found out."""


_TORCH_WORDS = {
    "dZ": "grad_output grad_out grad dout dy dz grad_outputs upstream",
    "A_prev": "input x inp inputs a_prev a",
    "W": "weight w weights kernel",
    "b": "bias b",
    "stride": "stride strides",
    "padding": "padding pad",
    "dilation": "dilation",
    "groups": "groups",
}
"""What parameters are called by people who call their functions as torch does: few of `words.py`, as with
more of them a function that is called by its names would be taken for one that is called by place."""


def check_convention(convention: str) -> None:
    """Refuse a name that no convention has, by a `CandidateError` with the names that there are."""
    if convention != AUTO and convention not in CONVENTIONS:
        raise CandidateError(
            tr(
                "there is no convention {convention!r}; the conventions are {known}",
                convention=convention,
                known=", ".join((AUTO, *CONVENTIONS)),
            )
        )


def torch_role(name: str) -> str:
    """What a parameter is given by torch's names for it; "" for any other name."""
    return next((role for role, words in _TORCH_WORDS.items() if name.lower() in words.split()), "")


def convention_of(call: Call) -> Convention:
    """The convention that a call names, or one made from what the call itself says."""
    known = CONVENTIONS.get(call.convention)
    if known is not None:
        return replace(known, pairs=known.pairs and call.pairs is not False, column=call.column)
    return Convention(
        call.convention,
        call.layouts or Layouts(),
        call.returns,
        pairs=call.pairs is not False,
        column=call.column,
        told=call,
    )


def spelled(call: Call, candidate: Candidate, accepted: Sequence[str] | None = None) -> Call:
    """The call with its convention written out: what each parameter of this candidate is given.

    `accepted` are the parameters of its forward, by default of the one that was found beside it.
    """
    return _spelled(call, candidate, accepted) if call.convention in CONVENTIONS else call


@functools.lru_cache(maxsize=64)
def _spelled(call: Call, candidate: Candidate, accepted: Sequence[str] | None) -> Call:
    known = CONVENTIONS[call.convention]
    if candidate.kind == "autograd":
        forward = in_pairs(_placed(CONVENTIONS["torch"], _TORCH, candidate.parameters), candidate.source)
        return replace(call, layouts=known.layouts, forward=forward)
    alx, names = call.convention == "alx", () if candidate.variadic else candidate.parameters
    placed = in_pairs(_placed(known, known.takes, names, own=call.own_cache), candidate.source)
    given = replace(placed, name="")
    call = replace(
        call, layouts=known.layouts, backward=given, rule="alx" if alx else "", pairs=alx or call.pairs
    )
    if not known.forward:
        return call
    theirs = candidate.forward_parameters if accepted is None else accepted
    forward = in_pairs(_placed(known, known.forward, theirs), candidate.source)
    return replace(call, forward=forward) if call.own_cache else replace(call, watched=forward)


def _placed(known: Convention, takes: str, names: Sequence[str], *, own: bool = False) -> Method:
    """What parameters are given by place; torch's by what they are called, where all of them say it.

    There are no names where they cannot be told. `own`: a cache is what the candidate's own forward made.
    """
    roles = takes.split()
    if known.name == "torch":
        by_name = [torch_role(name) for name in names]
        enough = len(names) > (3 if roles[0] == "dZ" else 0)
        if enough and "" not in by_name and len({*by_name}) == len(names):
            return Method("forward", tuple(zip(names, by_name, strict=True)))
        roles = roles[: len(names) or len(roles)]
    both = known.name == "alx" and {"stride", "padding"} <= {*names}
    given: list[tuple[str, str]] = []
    for place, role in enumerate(roles):
        base = role.rstrip("=").partition(":")[0]
        name = names[place] if place < len(names) else f"*{place}"
        if role[-1] == "=" or (both and base in ("stride", "padding")):
            given += [(base, role.rstrip("="))] if base in names else []
        elif role == "hparameters" or (role == "cache" and not own):
            held = known.held if role == "cache" else _OPTIONS
            given += [(f"{name}{path}: {inner}", inner) for path, inner in held]
        else:
            given.append((name, role))
    return Method("forward", tuple(given))


def named(
    convention: Convention,
    returned: Sequence[Array],
    labels: Sequence[str],
    problem: Problem,
    order: Sequence[str] | None = None,
) -> dict[str, Array]:
    """The returned arrays by name, in our layout.

    The labels, if any, came with them; `order` is another one than the convention's.
    """
    names = labels or order or convention.returns
    if not labels and len(returned) > len(names):
        names = convention.returns
    return {
        name: convention.ours(name, array, problem)
        for name, array in zip(names, returned, strict=False)
        if name
    }


def one(pair: Pair | tuple[int, ...]) -> Any:
    """An int if both are equal, else the pair."""
    return pair[0] if pair[0] == pair[1] else tuple(pair)
