"""Runs in the child: from what a person said of the arguments to the call that is recorded."""

from __future__ import annotations

import ast
import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call import layer, layers
from convstep.candidate.call.call import BROUGHT, Call
from convstep.candidate.call.calling import reached
from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.given import value_of
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.call.served import Served
from convstep.candidate.load.placeholders import Placeholder
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record import guessing
from convstep.candidate.record.arguments import Arguments, called, drawn, loaded
from convstep.candidate.record.filling import by_name, upstream
from convstep.candidate.record.forwards import forward_of
from convstep.candidate.record.subject import Ready as Ready
from convstep.candidate.record.subject import Subject, failed_words
from convstep.candidate.record.unnamed import general
from convstep.candidate.verdicts.calls import Called
from convstep.conv.problem import Problem
from convstep.language import tr

Other = tuple[tuple[str, ...], str, Callable[[], Ready]]
"""What is told something else, in names and in words, and the call."""
LAYERS = 200
"""Ways of making a layer that are tried."""
SEED = 0
"""Of NumPy's random numbers while a call is made ready, so that it is the same one each time."""


def given_call(served: Served, arguments: Arguments) -> Iterator[Ready]:
    """The call that somebody's words ask for; several where it is guessed, the likeliest first.

    A `CandidateError` says in one sentence that it cannot be made.
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
    """The call of a backward on a problem of a convolution, with the cache of its own forward."""
    try:
        found = reached(served.function, served.forward(call), served.candidate, call, problem)
    except Exception as error:
        said = tr("what comes before its backward fails")
        raise CandidateError(failed_words(served, error, said)) from error
    how = tr("on a small convolution, as check calls it")
    return Ready(found.function, found.places, found.named, how, forward=Subject.of(served).forward)


def as_layers(served: Served) -> Iterator[Ready]:
    """The calls of a layer that can be made and run forward as one that convolves, whatever it computes.

    What its backward makes of them counts where it is right for that forward; else it may have been told the
    wrong things.
    """
    kind = served.function
    if not isinstance(kind, type) or served.candidate.kind != "class":
        return
    tried: set[object] = set()
    with contextlib.suppress(CandidateError):  # it has no forward or no backward
        for call, reason in layers.ways(served.candidate):
            assert call.layouts is not None
            key = call.maker, call.forward, call.backward, call.layouts.A, call.layouts.W
            if key in tried or call.backward is None or call.backward.name in BROUGHT or call.tensors:
                continue
            tried.add(key)
            if len(tried) > LAYERS:
                return
            problem = _sayable(call)
            with contextlib.suppress(Exception, SystemExit):  # whatever somebody's own code raises
                yield _on_layer(kind, call, problem, reason)


def _sayable(call: Call, *batch: int, **geometry: int) -> Problem:
    """A small problem that a call's arrays can hold, of as many channels as they can."""
    assert call.layouts is not None
    problems = (_problem(batch, *channels, **geometry) for channels in ((2, 4), (1, 4), (1, 1)))
    return next(each for each in problems if not call.layouts.cannot_say(each.geometry))


def _problem(batch: tuple[int, ...], channels: int, filters: int, **geometry: int) -> Problem:
    """A small one, of a kernel of 3x3."""
    rng = np.random.default_rng(SEED)
    shapes = (*batch, 7, 8, channels), (filters, 3, 3, channels), filters
    x, w, b = (rng.standard_normal(shape) for shape in shapes)
    return Problem(x, w, b, None, **geometry)


def _others(kind: type, call: Call, reason: str) -> Iterator[Other]:
    """The same on other convolutions, as far as its parameters say which."""
    if call.layouts is not None and "N" in call.layouts.A:
        yield (), tr("several samples"), functools.partial(_on_layer, kind, call, _sayable(call, 2), reason)
    for option in ("stride", "padding", "dilation"):
        names = _told(call, option)
        number = 1 if option == "padding" else 2
        if names:
            words = ", ".join(f"{name}={number}" for name in names)
            problem = _sayable(call, **{option: number})
            yield names, words, functools.partial(_on_layer, kind, call, problem, reason)


def _told(call: Call, option: str) -> tuple[str, ...]:
    """The parameters of a layer that are told a stride, or a padding."""
    methods = [each for each in (call.maker, call.forward) if each is not None]
    given = [pair for method in methods for pair in method.given]
    return tuple(name for name, role in given if role.partition(":")[0] == option)


def _on_layer(kind: type, call: Call, problem: Problem, reason: str) -> Ready:
    """One of these calls, its forward run."""
    assert call.maker is not None
    assert call.forward is not None
    assert call.backward is not None
    held = layer.called(kind, call.maker, lambda role: value_of(role, problem, call))
    for name, role in call.maker.given:
        if name.startswith("self."):  # set from outside
            setattr(held, name[5:], value_of(role, problem, call))
    made = layer.Layer(held, call, problem, call.layouts or Layouts(), {})
    with contextlib.suppress(Unusable):
        made.plant()
    made.inputs["A_prev"] = made.hand("A_prev")
    forward, places, named = made.prepared(call.forward)
    before = Called.kept(forward, *places, **named)
    made.take(out := forward(*places, **named))
    if not isinstance(made.Z, np.ndarray):
        raise Unusable(reason)
    made.inputs["dZ"] = upstream(made.Z.shape)
    backward, given, by_name = made.prepared(call.backward)
    return Ready(
        backward,
        given,
        by_name,
        reason,
        forward=forward,
        before=(before, Called(forward, places, named), out),
        guess=guessing.Guess("", {}, made.Z.shape, sure=False),
        only_right=True,
        others=functools.partial(_others, kind, call, reason),
    )


def _guessed(subject: Subject) -> Iterator[Ready]:
    """The calls that the name of an operator suggests; a function of no parameters needs none."""
    if subject.maker is None and not any(
        each.default is each.empty for each in parameters_of(subject.function)
    ):
        yield Ready(subject.function, (), how=tr("no arguments"))
        return
    failed: CandidateError | None = None
    any_ready = False
    asked = subject.asked()
    # of what nobody knows, its own forward says whether it can be called so
    unnamed = general(asked) if subject.forward is not None else ()
    for guess in itertools.chain(guessing.guesses(asked), unnamed):
        how = tr("arguments guessed for {operator}", operator=tr(guess.operator))
        try:
            ready = subject.ready(
                guess.lookup(),
                how if guess.operator else tr("arguments guessed by their names"),
                guess.kept(asked.source),
                guess.out,
            )
        except CandidateError as error:
            failed = failed or error
        else:
            any_ready = True
            yield replace(ready, asks=subject.how_to_call(), guess=guess)
    if not any_ready:
        raise failed or CandidateError(
            tr(
                "{name} is no operator that is known by name, so its arguments have to be given; {how}",
                name=subject.served.candidate.name,
                how=subject.how_to_call(),
            )
        )


def _evaluated(served: Served, text: str) -> Ready:
    """The call as it is written, each part of it evaluated in the file's own names."""
    tree, wanted = called(text), served.candidate.name.rpartition(".")[2]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    meant = next((node for node in calls if _called_name(node) == wanted), tree)
    namespace = {"np": np, **served.namespace}

    def value(node: ast.expr) -> Any:
        try:
            found = eval(compile(ast.Expression(node), "--call", "eval"), namespace)
        except (Exception, SystemExit) as error:
            raise CandidateError(failed_words(served, error, "--call")) from error
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
    forward = forward_of(served.candidate.name, served.namespace)
    return Ready(function, places, named, tr("called as given"), forward=forward)


def _called_name(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
