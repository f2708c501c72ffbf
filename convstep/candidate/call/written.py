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
    if told.maker is not None:
        steps = [
            f"layer.{method.name or 'backward'}({_arguments(told, method, inputs)})"
            for method in (told.forward, told.backward)
            if method is not None
        ]
        made = f"layer = {_owner(candidate.name)}({_arguments(told, told.maker, inputs)})"
        return "; ".join([made, *steps])
    method = told.forward if candidate.kind == "autograd" else told.backward
    name = f"{_owner(candidate.name)}.apply" if candidate.kind == "autograd" else candidate.name
    return f"{name}({'' if method is None else _by_place(told, method, candidate, inputs)})"


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


def _owner(name: str) -> str:
    return name.removesuffix(".backward").removesuffix(".apply")


def _by_place(
    call: Call, method: Method, candidate: Candidate, inputs: Inputs, parameters: Sequence[str] | None = None
) -> str:
    """The arguments of a function, what it takes apart put together."""
    words, values = _WORDS.get((call.layouts or Layouts()).A, {}), Values(inputs, call, candidate)
    parameters = candidate.parameters if parameters is None else parameters

    def code(role: str) -> Any:
        if role in ("A_prev", "W", "dZ", "b"):
            shape = "" if role == "b" else f" of {tuple(getattr(inputs, role).shape)}"
            return _Array(f"{words.get(role, role)}{shape}")
        if role == "cache" and call.convention in CONVENTIONS and call.forward is not None:
            made = _by_place(call, call.forward, candidate, inputs, candidate.forward_parameters)
            return Code(f"the cache of {candidate.forward}({made})")
        value = None if role.startswith("own.") else values(role)
        plain = callable(value) or isinstance(value, (bool, int, float, str, tuple))
        return value if plain else _Array(role.partition(".")[0])

    return listed(*given(method, parameters, code), parameters)


def _arguments(call: Call, method: Method | None, inputs: Inputs) -> str:
    shown = []
    for parameter, role in () if method is None else method.given:
        if parameter.startswith("self."):  # set from outside
            continue
        if role == "b":
            shown.append(parameter or "b")
        elif role in ("A_prev", "W", "dZ"):
            shown.append(f"{parameter or role} of {getattr(inputs, role).shape}")
        else:
            value = _value(call, role, inputs)
            shown.append(f"{parameter}={value}" if parameter and value else parameter or role)
    return ", ".join(shown)


def _value(call: Call, role: str, inputs: Inputs) -> str:
    """What a layer's parameter that is no array is given; "" where that is more than a number or two."""
    given = value_of(role, inputs.problem, call)
    return repr(given) if isinstance(given, (bool, int, float, str, tuple)) else ""
