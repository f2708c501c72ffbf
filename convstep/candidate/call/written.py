"""A call, its arrays and their cells as the candidate's author would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.conventions import CONVENTIONS, Inputs, autograd_arguments, matching_forward
from convstep.candidate.call.given import value_of
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.named import convention_of
from convstep.candidate.call.outcome import Candidate
from convstep.conv.problem import Problem

Shape = tuple[int, ...]

_HYPER = ("stride", "padding", "dilation", "groups")
_WORDS = {"NCHW": {"A_prev": "x", "W": "w", "dZ": "dout"}}
"""What the arrays are called by people who lay them out so; others say A_prev, W and dZ."""


def layouts_of(call: Call) -> Layouts | None:
    """How a candidate's arrays lie; None where they lie as ours."""
    if call.layouts is not None:
        return call.layouts
    convention = CONVENTIONS.get(call.convention)
    if convention is None or convention.name == "problem":
        return None
    return Layouts(
        convention.A_layout, convention.W_layout, "111O" if convention.name in ("coursera", "alx") else "O"
    )


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
    inputs = convention.inputs(problem, integers=call.integers)
    words = _WORDS.get(convention.A_layout, {})
    names = {id(getattr(inputs, name)): words.get(name, name) for name in ("A_prev", "W", "dZ")}
    if candidate.kind == "autograd":
        given = autograd_arguments(inputs, candidate)  # by position alone
        places = [p * hasattr(value, "shape") for p, value in zip(candidate.parameters, given, strict=False)]
        return f"{_owner(candidate.name)}.apply({_listed(given, places, names)})"
    arguments, named = convention.arguments(inputs, candidate, None)
    if not call.own_cache:
        return f"{candidate.name}({_listed(arguments, candidate.parameters, names, named)})"
    cache = f"the cache of {_forward_text(call, candidate, inputs, names)}"
    shown = _listed(arguments, candidate.parameters, names, named, {1: cache})
    return f"{candidate.name}({shown})"


def _forward_text(call: Call, candidate: Candidate, inputs: Inputs, names: Mapping[int, str]) -> str:
    convention = CONVENTIONS[call.convention]
    name = matching_forward(convention, candidate.name, [candidate.forward]) or candidate.forward
    if convention.forward is None:
        return name
    given, named = convention.forward(inputs, ())
    return f"{name}({_listed(given, (), names, named)})"


def _listed(
    given: tuple[Any, ...],
    parameters: Sequence[str],
    names: Mapping[int, str],
    named: Mapping[str, Any] | None = None,
    instead: Mapping[int, str] | None = None,
) -> str:
    """Arguments with commas between them; an array goes by the parameter that takes it.

    Args:
        given: by position.
        parameters: who takes them.
        names: of arrays, by their ids.
        named: arguments by name.
        instead: words in the place of an argument.
    """
    places = [*parameters, *[""] * len(given)]
    shown = [_shown(value, place, names) for value, place in zip(given, places, strict=False)]
    shown = [(instead or {}).get(place, words) for place, words in enumerate(shown)]
    return ", ".join([*shown, *(f"{name}={value!r}" for name, value in (named or {}).items())])


def _shown(value: Any, parameter: str, names: Mapping[int, str]) -> str:
    if callable(value):
        return "lambda Z: Z"
    if isinstance(value, Mapping):
        held = {key: _shown(each, key if key == "Z" else "", names) for key, each in value.items()}
        return f"{{{', '.join(f'{key!r}: {each}' for key, each in held.items())}}}"
    if isinstance(value, tuple) and any(hasattr(held, "shape") for held in value):
        return f"({', '.join(_shown(held, '', names) for held in value)})"
    if not hasattr(value, "shape"):
        return f"{parameter}={value!r}" if parameter else repr(value)
    name = parameter or names.get(id(value), "b")
    return name if id(value) not in names else f"{name} of {tuple(value.shape)}"


def _owner(name: str) -> str:
    return name.removesuffix(".backward").removesuffix(".apply")


def _calls_text(call: Call, candidate: Candidate, problem: Problem) -> str:
    """The calls of a candidate that is called by what its parameters are called."""
    inputs, name = convention_of(call).inputs(problem), candidate.name
    if call.maker is None:
        steps = [f"{name}{'.apply' if candidate.kind == 'autograd' else ''}"]
        method = call.forward if candidate.kind == "autograd" else call.backward
        return f"{steps[0]}({_arguments(call, method, inputs)})"
    steps = [
        f"layer.{method.name or 'backward'}({_arguments(call, method, inputs)})"
        for method in (call.forward, call.backward)
        if method is not None
    ]
    return "; ".join([f"layer = {_owner(name)}({_arguments(call, call.maker, inputs)})", *steps])


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
