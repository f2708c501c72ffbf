"""A call, its arrays and their cells as the candidate's author would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convstep.candidate.call.by_name import Values
from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.conventions import CONVENTIONS, Inputs, convention_of, spelled
from convstep.candidate.call.given import value_of
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.named import given
from convstep.candidate.call.outcome import Candidate
from convstep.conv.problem import Problem

Shape = tuple[int, ...]

_WORDS = {"NCHW": {"A_prev": "x", "W": "w", "dZ": "dout"}}
"""What the arrays are called by people who lay them out so; others say A_prev, W and dZ."""


def layouts_of(call: Call) -> Layouts | None:
    """How a candidate's arrays lie; None where they lie as ours."""
    known = CONVENTIONS.get(call.convention)
    return call.layouts if known is None or call.layouts or known.name == "problem" else known.layouts


def their_cell(call: Call, name: str, index: Shape) -> Shape:
    """A cell of ours as the author indexes it."""
    lie = layouts_of(call)
    axes = {"W": (4,), "b": ()}.get(name[-1], (3, 4))  # a bias is flat, or is flattened by some
    return index if lie is None or len(index) not in axes else lie.cell(name, index)


def their_shape(call: Call, name: str, shape: Shape) -> Shape:
    """A shape of ours as the author has it: an axis that ours lacks has the length 1."""
    last = their_cell(call, name, tuple(length - 1 for length in shape))
    return tuple(length + 1 for length in last)


def call_text(call: Call, candidate: Candidate, problem: Problem) -> str:
    """The call as one would type it, with shapes in the place of arrays; "" for what is given a problem.

    >>> from convstep.candidate.check.cases import Case, right_of
    >>> problem = right_of(Case((4, 5), (3, 3), filters=2)).problem
    >>> call_text(Call("coursera"), Candidate("back", "function", ("dZ", "cache"), 2), problem)
    "back(dZ of (1, 2, 3, 2), (A_prev of (1, 4, 5, 1), W of (3, 3, 1, 2), b, {'stride': 1, 'pad': 0}))"
    """
    if call.convention == "problem":
        return ""
    inputs, told = convention_of(call).inputs(problem, integers=call.integers), spelled(call, candidate)
    owner = candidate.name.removesuffix(".backward").removesuffix(".apply")
    names = {told.maker: f"layer = {owner}", told.forward: f"{owner}.apply", told.backward: candidate.name}
    methods = [told.forward if candidate.kind == "autograd" else told.backward]
    if told.maker is not None:
        methods = [told.maker, told.forward, told.backward]
        names |= {each: f"layer.{each.name}" for each in methods[1:] if each is not None}
    return "; ".join(
        f"{names[each]}({_arguments(told, each, candidate, inputs)})" for each in methods if each is not None
    )


class Code(str):
    """Code in the place of a value: in a tuple or a dict, too, it is shown as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class _Array(Code):
    """An array; it goes by the parameter that takes it."""

    __slots__ = ()


def listed(given: Sequence[Any], named: Mapping[str, Any], parameters: Sequence[str] = ()) -> str:
    """Arguments with commas between them.

    Args:
        given: by position.
        named: by name.
        parameters: who takes those by position.
    """
    places = [*parameters, *[""] * len(given)]
    shown = [_shown(value, place) for value, place in zip(given, places, strict=False)]
    return ", ".join([*shown, *(f"{name}={value!r}" for name, value in named.items())])


def _shown(value: Any, parameter: str) -> str:
    if callable(value):
        return "lambda Z: Z"
    if isinstance(value, _Array) and parameter:
        return f"{parameter}{value[value.find(' of') :] if ' of' in value else ''}"
    parts = value if isinstance(value, tuple) else (value,)
    whole = isinstance(value, Mapping) or any(isinstance(each, Code) for each in parts)
    return repr(value) if whole or not parameter else f"{parameter}={value!r}"


def _arguments(call: Call, method: Method, candidate: Candidate, inputs: Inputs) -> str:
    """The arguments of a call, what it takes apart put together."""
    words, values = _WORDS.get((call.layouts or Layouts()).A, {}), Values(inputs, call, candidate)
    parameters, layer = candidate.parameters, call.maker is not None
    if layer:
        told = tuple(
            pair for pair in method.given if not pair[0].startswith("self.")
        )  # else set from outside
        method, parameters = Method(method.name, told), tuple(name for name, _ in told)
    elif method is call.forward and candidate.kind != "autograd":
        parameters = candidate.forward_parameters

    def code(role: str) -> Any:
        if role in ("A_prev", "W", "dZ", "b"):
            shape = "" if role == "b" else f" of {tuple(getattr(inputs, role).shape)}"
            return _Array(f"{words.get(role, role)}{shape}")
        if role == "cache" and call.convention in CONVENTIONS and call.forward is not None:
            return Code(
                f"the cache of {candidate.forward}({_arguments(call, call.forward, candidate, inputs)})"
            )
        value: Any = None
        if layer:
            value = value_of(role, inputs.problem, call)
        elif not role.startswith("own."):
            value = values(role)
        plain = isinstance(value, (bool, int, float, str, tuple)) or (callable(value) and not layer)
        return value if plain else _Array(role.partition(".")[0])

    return listed(*given(method, parameters, code), parameters)
