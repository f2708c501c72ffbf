"""Which forward of the same file belongs to a backward, or which function to a derivative, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from convstep.candidate.call.served import found
from convstep.candidate.call.signatures import BACKWARD_WORDS, FORWARD_WORDS
from convstep.candidate.load import names
from convstep.candidate.load.target import CandidateError
from convstep.candidate.verdicts.naming import plain
from convstep.language import tr

FORWARD = re.compile(rf"(feed_?)?forward\w*|fprop|__call__|call|{FORWARD_WORDS}", re.I)
"""What a layer's forward is called."""
_BACKWARD = re.compile(rf"back(ward|prop)\w*|bprop|bwd|{BACKWARD_WORDS}")
"""What its backward is called, whatever else there is."""
_ASIDE = tuple(
    re.compile(rf"(?<![a-z])(?:{words.replace(chr(92) + 'w*', '[a-z]*')})(?![a-z])")
    for words in (rf"{BACKWARD_WORDS}|retro", FORWARD_WORDS)
)
"""The same within a function's name: what is left of both is what they are of."""
_OTHER_FORWARD = re.compile(r"[a-z]\w*_forward")
LOSS = re.compile(r"(compute_?|calc(ulate)?_?)?(loss|cost)|calc(ulate)?")
"""What it is called where the layer is a loss."""
_WORDS = "derivative|derivate|deriv|prime|gradients?|grad|jacobian|jac|diff|der"
_DERIVATIVE = (
    re.compile(rf"(?:compute_?)?(?:{_WORDS}|d)(?:_of)?_?(?P<of>\w+)", re.I),
    re.compile(rf"(?P<of>\w+?)_?(?:out(?:put)?_?)?(?:2|to)?_?(?:(?:{_WORDS})|(?<=_)dx?)", re.I),
)
"""`d_tanh`, `grad_f`; `tanh_prime`, `tanhDerivative`, `loss_grad`, `sigmoid_output_to_derivative`."""
_SOME = r"_?(?:(?:compute|calc|calculate|eval|get)_?)?"
_ANY = r"(?:_?(?:function|func|fn))?"
_ALONE = re.compile(rf"{_SOME}(?:{_WORDS}){_ANY}|df_?dx", re.I)
"""A derivative whose name does not say of what."""
_FUNCTIONS = (
    re.compile(rf"{_SOME}(?:cost|loss|objective){_ANY}|J"),
    re.compile(r"f|fn|fun|func|function|value|evaluate|apply"),
    re.compile(rf"{_SOME}(?:activation|activate|act){_ANY}"),
    re.compile(r"forward|call"),
    re.compile(r"__call__"),
)
"""What it is of then."""


def forward_of(name: str, namespace: dict[str, Any]) -> Callable[..., Any] | None:
    """The forward in the same file that belongs to a backward by its name."""
    owner, _, last = name.rpartition(".")
    kind = found(owner, namespace) if owner else None
    prefix = f"{owner}." if owner else ""
    for each in _candidates(last, list(vars(kind)) if kind is not None else list(namespace)):
        forward = found(prefix + each, namespace)
        if callable(forward) and not isinstance(forward, type) and each != last:
            return forward
    return None


def forward_in(kind: type, method: str) -> Callable[..., Any] | None:
    """The forward of a class whose backward is called."""
    listed: list[str] = []
    if names.looks_backward(method):
        named = [
            name
            for pattern in (FORWARD, LOSS, _OTHER_FORWARD)
            for name in dir(kind)
            if pattern.fullmatch(name)
        ]
        listed = [re.sub("backward|bwd|backprop", "forward", method), *named]
    listed += functions_of(method, [name for name in dir(kind) if name[:2] != "__" or name == "__call__"])
    return next(
        (value for name in listed if callable(value := getattr(kind, name, None)) and name != method), None
    )


def method_of(kind: type) -> str:
    """The method meant by a class: its backward, or its forward; CandidateError if it has no method."""
    methods = [name for name in vars(kind) if callable(getattr(kind, name, None))]
    own = [name for name in methods if name[:1] != "_"]
    back = [name for name in own if names.looks_backward(name)]
    back.sort(key=lambda name: _BACKWARD.fullmatch(name) is None)  # before `conv_back`, which it calls
    back += [name for name in methods if re.fullmatch("_(backward|backprop|bwd)", name)]
    back += [name for name in own if any(True for _ in functions_of(name, methods))]
    if not any(map(FORWARD.fullmatch, own)):  # all of it is inherited
        back += [name for name in dir(kind) if _BACKWARD.fullmatch(name)]
    forward = [name for name in dir(kind) if FORWARD.fullmatch(name) and name != "__call__"]
    if not (back or forward or own):
        raise CandidateError(
            tr("{name} has no method that could be stepped; name a function", name=kind.__name__)
        )
    return (back or forward or own)[0]


def functions_of(name: str, known: Iterable[str]) -> Iterator[str]:
    """Those of some names that a derivative's name says it is of, the likeliest first."""
    others = [each for each in known if each != name]
    for pattern in _DERIVATIVE:
        if match := pattern.fullmatch(name):
            about = re.escape(plain(match["of"]))
            for ending in ("", "forward|function|func|fn|activation|value"):
                yield from (each for each in others if re.fullmatch(f"{about}({ending})", plain(each)))
    for kind in _FUNCTIONS if _ALONE.fullmatch(name) else ():
        functions = [each for each in others if kind.fullmatch(each)]
        yield from functions if len(functions) == 1 else ()


def _in_other_words(name: str, known: list[str]) -> Iterator[str]:
    """Those of some names that say forward in another language of what a name says backward of.

    >>> [*_in_other_words("retro_tanh", ["relu_adelante", "tanh_adelante"])]
    ['tanh_adelante']
    """
    backward, forward = _ASIDE
    of, said = backward.subn("", name.lower())
    for each in known if said else ():
        about, count = forward.subn("", each.lower())
        if count and plain(about) == plain(of):
            yield each


def _candidates(last: str, known: list[str]) -> Iterator[str]:
    if names.looks_backward(last):
        stem = re.split(r"backward|backprop|bwd|_?grad|_?back", last)[0]
        exact = re.sub("backprop|backward", "forward", last).replace("bwd", "fwd")
        alike = [each for each in known if each.startswith(stem) and re.search("forward|fwd", each)]
        yield from (exact, stem.rstrip("_"), *functions_of(last, known), *_in_other_words(last, known))
        yield from sorted(
            alike, key=lambda each: (not last.startswith(each.partition("forward")[0]), len(each))
        )
    else:
        yield from functions_of(last, known)
