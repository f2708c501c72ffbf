"""Runs in the child: from what a person said of the arguments to the call that is recorded."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from convstep.candidate.call.call import Call
from convstep.candidate.call.calling import reached
from convstep.candidate.call.failure import short
from convstep.candidate.call.served import Served, found
from convstep.candidate.load import names
from convstep.candidate.load.placeholders import Placeholder
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record import guessing
from convstep.candidate.record.arguments import Arguments, called, drawn, loaded
from convstep.candidate.record.filling import (
    KEPT,
    NOTHING,
    Filled,
    Lookup,
    after_forward,
    by_name,
    filled,
    is_upstream,
    parameters_of,
    upstream,
)
from convstep.candidate.verdicts.calls import Called
from convstep.conv.problem import Problem
from convstep.language import tr

SEED = 0
"""Of NumPy's random numbers while a call is made ready, so that it is the same one each time."""
FORWARD = re.compile(r"(feed_?)?forward\w*|fprop|__call__|call")
"""What a layer's forward is called."""


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


def given_call(served: Served, arguments: Arguments) -> Iterator[Ready]:
    """The call that somebody's words ask for; several where it is guessed, the likeliest first.

    Raises:
        CandidateError: it cannot be made; one sentence.
    """
    np.random.seed(SEED)
    subject = Subject.of(served)
    if arguments.call is not None:
        yield _evaluated(served, arguments.call)
    elif arguments.file is not None or arguments.shapes:
        values = (loaded(arguments.file) if arguments.file is not None else {}) | drawn(arguments.shapes)
        subject.check_names(values)
        yield subject.ready(by_name(values), tr("arguments given by name"))
    else:
        yield from _guessed(subject)


def by_convention(served: Served, call: Call, problem: Problem) -> Ready:
    """The call of a backward on a problem of a convolution, with the cache of its own forward.

    Raises:
        CandidateError: what comes before it fails.
    """
    try:
        found = reached(served.function, served.forward(call), served.candidate, call, problem)
    except Exception as error:
        raise CandidateError(_failed(served, error, tr("what comes before its backward fails"))) from error
    how = tr("on a small convolution, as check calls it")
    return Ready(found.function, found.places, found.named, how, forward=Subject.of(served).forward)


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
        return cls(served, function, forward=_forward_of(candidate.name, served.namespace))

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
        if forward is not None and (first.missing or (held is not None and _goes_back(self.method))):
            before = filled(forward, lookup)
            if before.missing and held is not None:
                raise self._lacks(before, tr("its forward"))
            if not before.missing:
                with contextlib.suppress(Exception):  # a lock, a generator: it cannot be made again
                    call = Called.kept(forward, *before.places, **before.named)
                made = self._run(forward, before, tr("its forward"))
                ran = Called(forward, before.places, before.named)
                first = filled(function, after_forward(made, lookup))
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
        candidate = self.served.candidate
        name = f"{self.maker.__name__}.{self.method}" if self.maker else candidate.name
        return guessing.Asked(
            name,
            frozenset(each.name.lower() for each in listed),
            {each.name.lower(): each.default for each in listed if each.default is not each.empty},
            candidate.source,
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
            raise CandidateError(_failed(self.served, error, said)) from error

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


def _guessed(subject: Subject) -> Iterator[Ready]:
    """The calls that the name of an operator suggests; a function of no parameters needs none.

    Raises:
        CandidateError: no operator is known by that name, or none of the guesses fits.
    """
    if subject.maker is None and not any(
        each.default is each.empty for each in parameters_of(subject.function)
    ):
        yield Ready(subject.function, (), how=tr("no arguments"))
        return
    failed: CandidateError | None = None
    any_ready = False
    for guess in guessing.guesses(subject.asked()):
        try:
            ready = subject.ready(
                guess.lookup(),
                tr("arguments guessed for {operator}", operator=tr(guess.operator)),
                guess.cache,
                guess.out,
            )
        except CandidateError as error:
            failed = failed or error
        else:
            any_ready = True
            yield replace(ready, asks=subject.how_to_call())
    if not any_ready:
        raise failed or CandidateError(
            tr(
                "{name} is no operator that is known by name, so its arguments have to be given; {how}",
                name=subject.served.candidate.name,
                how=subject.how_to_call(),
            )
        )


def _evaluated(served: Served, text: str) -> Ready:
    """The call as it is written, each part of it evaluated in the file's own names.

    Raises:
        CandidateError: a part of it cannot be evaluated.
    """
    tree, wanted = called(text), served.candidate.name.rpartition(".")[2]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    meant = next((node for node in calls if _called_name(node) == wanted), tree)
    namespace = {"np": np, **served.namespace}

    def value(node: ast.expr) -> Any:
        try:
            found = eval(compile(ast.Expression(node), "--call", "eval"), namespace)
        except (Exception, SystemExit) as error:
            raise CandidateError(_failed(served, error, "--call")) from error
        if isinstance(found, Placeholder):
            raise CandidateError(tr("--call names {name}, which is not there", name=ast.unparse(node)))
        return found

    function = value(meant.func)
    if not callable(function):
        raise CandidateError(tr("--call calls {name}, which is no function", name=ast.unparse(meant.func)))
    places: list[Any] = []
    for each in meant.args:
        if isinstance(each, ast.Starred):
            places += list(value(each.value))
        else:
            places.append(value(each))
    named: dict[str, Any] = {}
    for keyword in meant.keywords:
        named |= {keyword.arg: value(keyword.value)} if keyword.arg else dict(value(keyword.value))
    forward = _forward_of(served.candidate.name, served.namespace)
    return Ready(function, places, named, tr("called as given"), forward=forward)


def _called_name(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _failed(served: Served, error: BaseException, what: str) -> str:
    said = short(f"{type(error).__name__}: {error}")
    hint = served.hint(error)
    return tr("{what}: {said}; {hint}" if hint else "{what}: {said}", what=what, said=said, hint=hint)


def _signature(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _goes_back(name: str) -> bool:
    return names.looks_backward(name)


def _method_of(kind: type) -> str:
    """The method of a class that is meant when only the class is named: its backward, or its forward."""
    own = [name for name in vars(kind) if callable(getattr(kind, name, None)) and name[:1] != "_"]
    back = [name for name in own if names.looks_backward(name)]
    forward = [name for name in dir(kind) if FORWARD.fullmatch(name) and name != "__call__"]
    if not (back or forward or own):
        raise CandidateError(
            tr("{name} has no method that could be stepped; name a function", name=kind.__name__)
        )
    return (back or forward or own)[0]


def _forward_in(kind: type, method: str) -> Callable[..., Any] | None:
    """The forward of a class whose backward is called."""
    if not _goes_back(method):
        return None
    exact = re.sub("backward|bwd|backprop", "forward", method)
    found = [exact, *(name for name in dir(kind) if FORWARD.fullmatch(name) and name != method)]
    return next(
        (value for name in found if callable(value := getattr(kind, name, None)) and name != method), None
    )


def _forward_of(name: str, namespace: dict[str, Any]) -> Callable[..., Any] | None:
    """The forward in the same file that belongs to a backward by its name."""
    owner, _, last = name.rpartition(".")
    if not _goes_back(last):
        return None
    stem = re.split(r"backward|backprop|bwd|_?grad|_?back", last)[0]
    exact = re.sub("backprop|backward", "forward", last).replace("bwd", "fwd")
    prefix = f"{owner}." if owner else ""
    kind = found(owner, namespace) if owner else None
    known = list(vars(kind)) if kind is not None else list(namespace)
    alike = [each for each in known if each.startswith(stem) and re.search("forward|fwd", each)]
    for each in (
        exact,
        *sorted(alike, key=lambda each: (not last.startswith(each.partition("forward")[0]), len(each))),
    ):
        forward = found(prefix + each, namespace)
        if forward is not None and each != last:
            return forward
    return None
