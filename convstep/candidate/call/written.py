"""A call, its arrays and their cells as the candidate's author would write them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.convention import Arguments, Convention, Inputs
from convstep.candidate.call.conventions import CONVENTIONS, autograd_arguments, matching_forward
from convstep.candidate.call.given import value_of
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.named import convention_of, given
from convstep.candidate.call.outcome import Candidate
from convstep.conv.problem import Problem

Shape = tuple[int, ...]

_WORDS = {"NCHW": {"A_prev": "x", "W": "w", "dZ": "dout"}}
"""What the arrays are called by people who lay them out so; others say A_prev, W and dZ."""


def layouts_of(call: Call) -> Layouts | None:
    """How a candidate's arrays lie; None where they lie as ours."""
    known = CONVENTIONS.get(call.convention)
    return call.layouts if known is None or call.layouts or known.name == "problem" else known.lie


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
    if call.convention not in CONVENTIONS:
        return _calls_text(call, candidate, problem)
    convention = CONVENTIONS[call.convention]
    if convention.name == "problem":
        return ""
    inputs = _in_words(convention, convention.inputs(problem, integers=call.integers))
    if candidate.kind == "autograd":
        given = autograd_arguments(inputs, candidate)  # by position alone
        places = [p * isinstance(value, Code) for p, value in zip(candidate.parameters, given, strict=False)]
        return f"{_owner(candidate.name)}.apply({listed(given, {}, places)})"
    cache = _forward_text(convention, candidate, inputs) if call.own_cache else None
    arguments = convention.arguments(inputs, candidate, cache)
    return f"{candidate.name}({listed(*arguments, candidate.parameters)})"


def _in_words(convention: Convention, inputs: Inputs) -> Inputs:
    """The same inputs, with words in the place of arrays."""
    words = _WORDS.get(convention.A_layout, {})
    for name in ("A_prev", "W", "dZ"):
        setattr(inputs, name, _Array(f"{words.get(name, name)} of {tuple(getattr(inputs, name).shape)}"))
    inputs.b, inputs.Z = (None if inputs.b is None else _Array("b")), _Array("Z")
    return inputs


def _forward_text(convention: Convention, candidate: Candidate, inputs: Inputs) -> Code:
    name = matching_forward(convention, candidate.name, [candidate.forward]) or candidate.forward
    given: Arguments = ((), {}) if convention.forward is None else convention.forward(inputs, ())
    return Code(f"the cache of {name}({listed(*given)})")


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


def _calls_text(call: Call, candidate: Candidate, problem: Problem) -> str:
    """The calls of a candidate that is called by what its parameters are called."""
    inputs, name = convention_of(call).inputs(problem), candidate.name
    if call.maker is None:
        steps = [f"{name}{'.apply' if candidate.kind == 'autograd' else ''}"]
        method = call.forward if call.by_autograd(candidate) else call.backward
        return f"{steps[0]}({'' if method is None else _by_place(call, method, candidate, inputs)})"
    steps = [
        f"layer.{method.name or 'backward'}({_arguments(call, method, inputs)})"
        for method in (call.forward, call.backward)
        if method is not None
    ]
    return "; ".join([f"layer = {_owner(name)}({_arguments(call, call.maker, inputs)})", *steps])


def _by_place(call: Call, method: Method, candidate: Candidate, inputs: Inputs) -> str:
    """The arguments of a function, what it takes apart put together."""
    words = _WORDS.get((call.layouts or Layouts()).A, {})

    def code(role: str) -> Any:
        if role in ("A_prev", "W", "dZ", "b"):
            shape = "" if role == "b" else f" of {tuple(getattr(inputs, role).shape)}"
            return _Array(f"{words.get(role, role)}{shape}")
        value = _value(call, role, inputs)
        return ast.literal_eval(value) if value else _Array(role.partition(".")[0])

    places, by_name = given(method, candidate.parameters, code)
    return listed(places, by_name, candidate.parameters)


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
    """What a parameter that is no array is given; "" where that is more than a number or two."""
    if call.maker is not None:
        given = value_of(role, inputs.problem, call)
        return repr(given) if isinstance(given, (bool, int, float, str, tuple)) else ""
    geometry = inputs.problem.geometry
    filters, *kernel, _ = geometry.kernel_shape
    values: dict[str, Any] = {
        "in_channels": geometry.input_shape[2],
        "out_channels": filters,
        "kernel_size": tuple(kernel),
        "stride": geometry.stride,
        "padding": tuple(top for top, _ in geometry.padding),
        "dilation": geometry.dilation,
        "groups": geometry.groups,
        "rate": call.rate,
    }
    value = values.get(role, "")
    pair = isinstance(value, tuple)
    return str(value[0] if pair and value[0] == value[1] and not call.pairs else value)
