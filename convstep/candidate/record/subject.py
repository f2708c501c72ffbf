"""Runs in the child: who a target means, and what has to be made and run before it can be called."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convstep.candidate.call.failure import short
from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.call.served import Served, found
from convstep.candidate.load import names
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record import guessing
from convstep.candidate.record.filling import (
    KEPT,
    NOTHING,
    Filled,
    Lookup,
    after_forward,
    filled,
    is_upstream,
    upstream,
)
from convstep.candidate.verdicts.calls import Called
from convstep.candidate.verdicts.naming import returned
from convstep.language import tr

FORWARD = re.compile(r"(feed_?)?forward\w*|fprop|__call__|call")
"""What a layer's forward is called."""
LOSS = re.compile(r"(compute_?|calc(ulate)?_?)?(loss|cost)|calc(ulate)?")
"""What it is called where the layer is a loss."""


@dataclass(slots=True)
class Ready:
    """A call that can be recorded."""

    function: Callable[..., Any]
    """What is called: a function or a bound method."""
    places: Sequence[Any]
    """By place."""
    named: Mapping[str, Any] = field(default_factory=dict)
    """By name."""
    how: str = ""
    """Where its arguments come from, a clause: "arguments guessed for max pooling"."""
    asks: str = ""
    """Of a guess, what to write where it does not fit, a clause."""
    forward: Callable[..., Any] | None = None
    """What is called before it."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What its parameters would be given, by name, as far as that is known."""
    before: tuple[Called, Called, Any] | None = None
    """That call as it was, as it was made, and what it returned; None where that is not known."""
    guess: guessing.Guess | None = None
    """What its arguments are guessed by; None if they are given."""


@dataclass(slots=True)
class Subject:
    """Who is called, and what has to be called before."""

    served: Served
    """As it was loaded."""
    function: Callable[..., Any]
    """The function; of a method of a class that needs arguments, the plain function."""
    maker: type | None = None
    """The class that is made first."""
    method: str = ""
    """Which method of it is called."""
    forward: Callable[..., Any] | None = None
    """The forward that is run first; of a class, its plain function."""

    @classmethod
    def of(cls, served: Served) -> Subject:
        """Who a target means."""
        candidate, function = served.candidate, served.function
        own = getattr(function, "__self__", None)
        name = candidate.name.rpartition(".")[2]
        if candidate.kind == "autograd":
            raise CandidateError(
                tr(
                    "{name} is a torch.autograd.Function; only functions over NumPy arrays can be stepped",
                    name=candidate.name,
                )
            )
        if isinstance(function, type):
            if name == function.__name__:
                name = _method_of(function)
            return cls(served, getattr(function, name), function, name, _forward_in(function, name))
        if own is not None and not isinstance(own, type):
            kind = type(own)
            if getattr(kind, name, None) is not None:
                return cls(served, getattr(kind, name), kind, name, _forward_in(kind, name))
        return cls(served, function, forward=forward_of(candidate.name, served.namespace))

    def how_to_call(self) -> str:
        """What to write, a clause: the call, or each argument."""
        listed = [each.name for each in self._own() if each.default is each.empty]
        own = ", ".join(listed)
        made = "" if self.maker is None else f"{self.maker.__name__}(…).{self.method}({own})"
        call = made or f"{self.served.candidate.name}({own})"
        if not listed:
            return tr("write the call, like --call '{call}'", call=call)
        shapes = (f"--shape {name}={'4x5' if at == 0 else '…'}" for at, name in enumerate(listed[:4]))
        return tr(
            "write the call, like --call '{call}', or give each, like {shapes}",
            call=call,
            shapes=" ".join(shapes),
        )

    def check_names(self, values: Mapping[str, Any]) -> None:
        """Refuse names that no parameter has.

        Raises:
            CandidateError: with the one that was probably meant.
        """
        asked = [each for each in (self.function, self.forward, self.maker) if each is not None]
        wild = any(each.kind is each.VAR_KEYWORD for f in asked for each in _signature(f).values())
        known = [each for f in asked for each in _signature(f) if each != "self"]
        for name in values:
            if name not in known and not wild:
                near = names.closest(name, known)
                raise CandidateError(
                    tr(
                        "{function} has no parameter {name}; did you mean {near}?"
                        if near
                        else "{function} has no parameter {name}; it has {names}",
                        function=self.served.candidate.name,
                        name=name,
                        near=near,
                        names=names.listed([*dict.fromkeys(known)]),
                    )
                )

    def ready(
        self, lookup: Lookup, how: str, cache: Any = NOTHING, out: tuple[int, ...] | None = None
    ) -> Ready:
        """The call with what a lookup knows; its class made and its forward run first where that is needed.

        Args:
            lookup: what the parameters are given.
            how: where that comes from.
            cache: what is kept for a backward that has no forward.
            out: the shape of the gradient from above, for one that has no forward.

        Raises:
            CandidateError: something is missing, or what is called before fails.
        """
        function, held, call = self.function, None, None
        if self.maker is not None:
            held = self._made(self.maker, lookup)
            function = getattr(held, self.method)
        first = filled(function, lookup)
        forward = self.forward if held is None else getattr(held, getattr(self.forward, "__name__", ""), None)
        # a layer's backward needs its forward whatever it is given
        back = held is not None and names.looks_backward(self.method)
        if forward is not None and (first.missing or back):
            before = filled(forward, lookup)
            if before.missing and held is not None:
                raise self._lacks(before, tr("its forward"))
            if not before.missing:
                with contextlib.suppress(Exception):  # a lock, a generator: it cannot be made again
                    call = Called.kept(forward, *before.places, **before.named)
                made = self._run(forward, before, tr("its forward"))
                ran = Called(forward, before.places, before.named)
                first = filled(function, after_forward(made, lookup, _returned(forward)))
        if first.missing and cache is not NOTHING and out is not None:
            first = filled(function, _kept(cache, out, lookup))
        elif first.missing and out is not None:
            first = filled(function, _kept(NOTHING, out, lookup))
        if first.missing:
            raise self._lacks(first)
        done = None if call is None else (call, ran, made)
        listed = [] if forward is None else parameters_of(forward)
        known = {one.name: value for one in listed if (value := lookup(one.name)) is not NOTHING}
        return Ready(function, first.places, first.named, how, forward=forward, known=known, before=done)

    def asked(self) -> guessing.Asked:
        """What a guess is made by."""
        listed = [
            each
            for function in (self.function, self.forward, self.maker)
            if function is not None
            for each in parameters_of(function)
        ]
        before = [one for one in (self.forward, self.maker) if one is not None]
        taken = {each.name for function in before for each in parameters_of(function)}
        own = {each.name for each in parameters_of(self.function)} - taken
        candidate = self.served.candidate
        name = f"{self.maker.__name__}.{self.method}" if self.maker else candidate.name
        return guessing.Asked(
            name,
            frozenset(each.name.lower() for each in listed),
            {each.name.lower(): each.default for each in listed if each.default is not each.empty},
            candidate.source,
            tuple(dict.fromkeys(each.name.lower() for each in listed if each.name not in own)),
            () if self.maker is None else tuple(each.name.lower() for each in parameters_of(self.maker)),
        )

    def _own(self) -> list[inspect.Parameter]:
        listed = parameters_of(self.function)
        return listed[1:] if self.maker is not None else listed

    def _made(self, kind: type, lookup: Lookup) -> Any:
        given = filled(kind, lookup)
        if given.missing:
            raise self._lacks(given, f"{kind.__name__}()")
        return self._run(kind, given, f"{kind.__name__}()")

    def _run(self, function: Callable[..., Any], given: Filled, what: str) -> Any:
        try:
            return function(*given.places, **given.named)
        except (Exception, SystemExit) as error:
            said = tr("{what} fails on these arguments", what=what)
            raise CandidateError(failed_words(self.served, error, said)) from error

    def _lacks(self, given: Filled, whose: str = "") -> CandidateError:
        return CandidateError(
            tr(
                "there is no value for {names} of {whose}; {how}"
                if whose
                else "there is no value for {names}; {how}",
                names=names.in_words(given.missing),
                whose=whose,
                how=self.how_to_call(),
            )
        )


def _kept(cache: Any, out: tuple[int, ...], lookup: Lookup) -> Lookup:
    """The lookup for a backward without a forward: what a course keeps, a gradient of the output's shape."""
    count = iter(range(100))

    def found(name: str) -> Any:
        if (value := lookup(name)) is not NOTHING:
            return value
        if KEPT.fullmatch(name.lower()):
            return cache
        return upstream(out, next(count)) if is_upstream(name) else NOTHING

    return found


def failed_words(served: Served, error: BaseException, what: str) -> str:
    """What somebody's code raised, a sentence that begins with what was tried."""
    said = short(f"{type(error).__name__}: {error}")
    hint = served.hint(error)
    return tr("{what}: {said}; {hint}" if hint else "{what}: {said}", what=what, said=said, hint=hint)


def _signature(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _method_of(kind: type) -> str:
    """The method of a class that is meant when only the class is named: its backward, or its forward."""
    methods = [name for name in vars(kind) if callable(getattr(kind, name, None))]
    own = [name for name in methods if name[:1] != "_"]
    back = [name for name in own if names.looks_backward(name)]
    back += [name for name in methods if re.fullmatch("_(backward|backprop|bwd)", name)]
    forward = [name for name in dir(kind) if FORWARD.fullmatch(name) and name != "__call__"]
    if not (back or forward or own):
        raise CandidateError(
            tr("{name} has no method that could be stepped; name a function", name=kind.__name__)
        )
    return (back or forward or own)[0]


def _forward_in(kind: type, method: str) -> Callable[..., Any] | None:
    """The forward of a class whose backward is called."""
    if not names.looks_backward(method):
        return None
    exact = re.sub("backward|bwd|backprop", "forward", method)
    named = [name for pattern in (FORWARD, LOSS) for name in dir(kind) if pattern.fullmatch(name)]
    found = [exact, *(name for name in named if name != method)]
    return next(
        (value for name in found if callable(value := getattr(kind, name, None)) and name != method), None
    )


def _returned(function: Callable[..., Any]) -> list[str]:
    """What a function calls what it returns; [] if that is not known."""
    with contextlib.suppress(OSError, TypeError, SyntaxError):
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        if isinstance(node, ast.FunctionDef):
            return returned(node)
    return []


def forward_of(name: str, namespace: dict[str, Any]) -> Callable[..., Any] | None:
    """The forward in the same file that belongs to a backward by its name."""
    owner, _, last = name.rpartition(".")
    if not names.looks_backward(last):
        return None
    stem = re.split(r"backward|backprop|bwd|_?grad|_?back", last)[0]
    exact = re.sub("backprop|backward", "forward", last).replace("bwd", "fwd")
    prefix = f"{owner}." if owner else ""
    kind = found(owner, namespace) if owner else None
    known = list(vars(kind)) if kind is not None else list(namespace)
    alike = [each for each in known if each.startswith(stem) and re.search("forward|fwd", each)]
    for each in (
        exact,
        stem.rstrip("_"),
        *sorted(alike, key=lambda each: (not last.startswith(each.partition("forward")[0]), len(each))),
    ):
        forward = found(prefix + each, namespace)
        if forward is not None and each != last:
            return forward
    return None
