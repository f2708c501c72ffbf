"""How people call their backward: which arrays, in which layout, in which order.

A convention turns a `Problem` into a call and what comes back into `dW, db, dA_prev` in our
layout. Layouts are words: N sample, H row, W column, I input channel (C in the arrays without
filters), O filter. Ours are NHWC and OHWI; a convention's are the same axes in another order.

Source of the table: the calling styles of the article, of the Deep Learning Specialization's and
CS231n's assignments, of the ALX curriculum, and of `torch.nn.functional.conv2d`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from convstep.candidate.call.convention import Arguments as Arguments
from convstep.candidate.call.convention import Convention as Convention
from convstep.candidate.call.convention import Inputs as Inputs
from convstep.candidate.call.convention import alx_padding as alx_padding
from convstep.candidate.call.convention import expected_forward as expected_forward
from convstep.candidate.call.convention import flattened as flattened
from convstep.candidate.call.convention import meaning as meaning
from convstep.candidate.call.convention import named as named
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.words import roles_of
from convstep.language import tr

Array = npt.NDArray[Any]


def _article(inputs: Inputs, candidate: Candidate, cache: Any) -> Arguments:
    made = {"Z": inputs.Z, "W": inputs.W, "b": inputs.b, "A_prev": inputs.A_prev}
    extra = _named(inputs, candidate.parameters)
    return (inputs.dZ, made if cache is None else cache, inputs.stride, inputs.padding), extra


def _article_forward(inputs: Inputs, parameters: Sequence[str]) -> Arguments:
    return (inputs.A_prev, inputs.W, inputs.b, inputs.stride, inputs.padding), _named(inputs, parameters)


def _named(inputs: Inputs, parameters: Sequence[str]) -> dict[str, Any]:
    """Dilation and groups, where a function takes them."""
    both = {"dilation": inputs.dilation, "groups": inputs.groups}
    return {name: value for name, value in both.items() if name in parameters}


def _coursera(inputs: Inputs, candidate: Candidate, cache: Any) -> Arguments:
    hparameters = {"stride": inputs.stride, "pad": inputs.padding}
    return (inputs.dZ, (inputs.A_prev, inputs.W, inputs.b, hparameters) if cache is None else cache), {}


def _coursera_forward(inputs: Inputs, parameters: Sequence[str]) -> Arguments:
    return (inputs.A_prev, inputs.W, inputs.b, {"stride": inputs.stride, "pad": inputs.padding}), {}


def _alx(inputs: Inputs, candidate: Candidate, cache: Any) -> Arguments:
    arrays = inputs.dZ, inputs.A_prev, inputs.W, inputs.b
    named_both = {"padding", "stride"} <= set(candidate.parameters)
    if named_both:
        return arrays, {"padding": inputs.padding, "stride": inputs.stride}
    return (*arrays, inputs.padding, inputs.stride), {}


def _alx_forward(inputs: Inputs, parameters: Sequence[str]) -> Arguments:
    def linear(Z: Any) -> Any:
        return Z

    return (inputs.A_prev, inputs.W, inputs.b, linear, inputs.padding, inputs.stride), {}


_TORCH_WORDS = {
    "dZ": ("grad_output", "grad_out", "grad", "dout", "dy", "dz", "grad_outputs", "upstream"),
    "A_prev": ("input", "x", "inp", "inputs", "a_prev", "a"),
    "W": ("weight", "w", "weights", "kernel"),
    "b": ("bias", "b"),
    "stride": ("stride", "strides"),
    "padding": ("padding", "pad"),
    "dilation": ("dilation",),
    "groups": ("groups",),
}


def _torch(inputs: Inputs, candidate: Candidate, cache: Any) -> Arguments:
    """By the parameters' names where all are known, else by place, as many as it takes."""
    fields, words = list(_TORCH_WORDS), _torch_names(candidate)
    if not candidate.variadic and len(words) > 3:
        return tuple(getattr(inputs, name) for name in words), {}
    count = len(fields) if candidate.variadic else min(len(candidate.parameters), len(fields))
    return tuple(getattr(inputs, name) for name in fields[:count]), {}


def autograd_arguments(inputs: Inputs, candidate: Candidate) -> tuple[Any, ...]:
    """What `apply` of an autograd Function is given; its parameters are those of its forward."""
    fields = list(_TORCH_WORDS)[1:]
    names = _torch_names(candidate) or fields[: len(candidate.parameters) or len(fields)]
    return tuple(getattr(inputs, name) for name in names)


def _torch_names(candidate: Candidate) -> list[str]:
    """What each parameter is by torch's names for it; empty unless all are known, and each once."""
    known = {word: name for name, words in _TORCH_WORDS.items() for word in words}
    names = [known.get(parameter.lower(), "") for parameter in candidate.parameters]
    return names if "" not in names and len(set(names)) == len(names) else []


def _torch_forward(inputs: Inputs, parameters: Sequence[str]) -> Arguments:
    names = list(_TORCH_WORDS)[1:]
    return tuple(getattr(inputs, name) for name in names[: len(parameters) or len(names)]), {}


def _problem(inputs: Inputs, candidate: Candidate, cache: Any) -> Arguments:
    return (inputs.problem,), {}


_DX_FIRST = ("dA_prev", "dW", "db")

CONVENTIONS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        Convention(
            "article",
            "conv2d_backward(dZ, cache, stride, padding)",
            ("dW", "db", "dA_prev"),
            "HWC",
            "OHWI",
            _article,
            ("conv2d_forward", "conv_forward", "conv2d"),
            _article_forward,
            square=True,
            has_cache=True,
        ),
        Convention(
            "coursera",
            "conv_backward(dZ, cache)",
            _DX_FIRST,
            "NHWC",
            "HWIO",
            _coursera,
            ("conv_forward", "conv2d_forward", "convolution_forward", "conv_forward_naive"),
            _coursera_forward,
            square=True,
            has_cache=True,
        ),
        Convention(
            "cs231n",
            "conv_backward_naive(dout, cache)",
            _DX_FIRST,
            "NCHW",
            "OIHW",
            _coursera,
            (
                "conv_forward_naive",
                "conv_forward_fast",
                "conv_forward_im2col",
                "conv_forward",
                "conv2d_forward",
            ),
            _coursera_forward,
            has_cache=True,
        ),
        Convention(
            "alx",
            'conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1))',
            _DX_FIRST,
            "NHWC",
            "HWIO",
            _alx,
            ("conv_forward",),
            _alx_forward,
            pairs=True,
        ),
        Convention(
            "torch",
            "backward(grad_output, input, weight, bias, stride, padding, dilation, groups)",
            _DX_FIRST,
            "NCHW",
            "OIHW",
            _torch,
            ("forward", "conv2d", "conv2d_forward", "conv_forward"),
            _torch_forward,
            pairs=True,
            general=True,
        ),
        Convention(
            "problem",
            "backward(problem)",
            ("dW", "db", "dA_prev"),
            "NHWC",
            "OHWI",
            _problem,
            pairs=True,
            general=True,
        ),
    )
}
"""Every convention by name."""

AUTO = "auto"
"""The convention that is found out."""


def matching_forward(convention: Convention, backward: str, names: Sequence[str]) -> str:
    """The forward that belongs to a backward, among the functions of its file; "" if none does."""
    own = backward.rpartition(".")[2].replace("backward", "forward").replace("bwd", "fwd")
    own = own.replace("backprop", "forward").replace("_back", "_forward")
    wanted = [own, *convention.forward_names] if own != backward else list(convention.forward_names)
    return next((name for name in wanted if name in names and name != backward), "")


def likely(candidate: Candidate) -> list[tuple[str, str]]:
    """Conventions that fit a candidate's signature, likeliest first, each with the reason."""
    parameters = [parameter.lower() for parameter in candidate.parameters]
    name = candidate.name.rpartition(".")[2].lower()
    if candidate.kind == "autograd":
        known = {role for each in candidate.parameters for role in roles_of(each)}
        all_said = {"A_prev", "W", "b", "stride", "padding", "dilation", "groups"} <= known
        if all_said or candidate.variadic or not candidate.parameters:
            return [("torch", tr("it is a torch.autograd.Function"))]
        return []
    if candidate.keywords_required:
        return []  # what must be named says how
    least, most = candidate.required, math.inf if candidate.variadic else len(parameters)
    shown = f"({', '.join(candidate.parameters)})"
    found: list[tuple[float, str, str]] = []

    def consider(convention: str, arguments: int, score: float, reason: str) -> None:
        if least <= arguments <= most:
            found.append((score, convention, reason))

    consider("problem", 1, 3, tr("it takes one argument: {signature}", signature=shown))
    source = candidate.source
    first = "conv_param" in source or re.search(r"\bN\w*, *C\w*, *H\w*, *W\w*\)? *= *\w+\.shape", source)
    cs231n = "naive" in name or "dout" in parameters or candidate.forward == "conv_forward_naive"
    coursera = "dz" in parameters or "hparameters" in source
    word = candidate.parameters[0] if parameters else ""
    called = tr("it is called as {call}", call=f"{candidate.name}({word}, cache)")
    if first is None or "hparameters" in source:
        consider("coursera", 2, 2 + coursera - cs231n, called)
    if first or "hparameters" not in source:
        consider("cs231n", 2, 2 + cs231n - coursera + 0.5 * (not coursera), called)
    signature = tr("its signature is {signature}", signature=shown)
    second_is_cache = len(parameters) > 1 and "cache" in parameters[1]
    consider("article", 4, 4 if second_is_cache else 0, signature)
    alx = "padding" in parameters and parameters.index("padding") == 4
    alx = alx and len(parameters) == 6 and not any("grad" in parameter for parameter in parameters)
    consider("alx", 6, 3 if alx else 0, signature)
    for count in range(8, 3, -1):
        if least <= count <= most and not second_is_cache:
            torch = "dilation" in parameters or "groups" in parameters or any("grad" in p for p in parameters)
            consider("torch", count, 3.5 if torch else 1, signature)
            break
    found.sort(key=lambda entry: -entry[0])
    return [(convention, reason) for _, convention, reason in found]


def spoken(candidate: Candidate, convention: str) -> bool:
    """Whether a candidate's own words say that it has a convention, not only its number of parameters."""
    words = [parameter.lower() for parameter in candidate.parameters]
    if convention in ("cs231n", "coursera"):
        return words[:1] in (["dout"], ["dz"], ["dh"]) or any("cache" in word for word in words)
    if convention == "torch":
        known = [name for name, said in _TORCH_WORDS.items() if not set(said).isdisjoint(words)]
        named_so = {"dZ", "A_prev", "W"} <= set(known) and any("grad" in word for word in words)
        return candidate.kind != "autograd" and named_so
    if convention == "article":
        return "cache" in words
    return convention == "problem" or (convention == "alx" and "padding" in words[4:5])
