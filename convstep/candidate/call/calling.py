"""Runs in the child: one call of a candidate, whatever it does, becomes an `Outcome`."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.candidate.call import views
from convstep.candidate.call.by_name import (
    ForwardFailed,
    PyTorchFailed,
    Values,
    accepted,
    run,
    through_autograd,
)
from convstep.candidate.call.call import CLOSURE, TAPE
from convstep.candidate.call.call import Call as Call
from convstep.candidate.call.conventions import convention_of, spelled
from convstep.candidate.call.failure import failure, short
from convstep.candidate.call.layouts import Inputs, in_lists
from convstep.candidate.call.outcome import REFUSED, RETURNED, Candidate, Outcome, not_tried
from convstep.candidate.call.returned import plain_gradients, same
from convstep.candidate.call.running import on_one_object, run_layer
from convstep.conv.problem import Problem
from convstep.language import tr
from convstep.steps.cells import Array

if TYPE_CHECKING:
    from collections.abc import Callable


PRINTED = 2000
"""Characters kept of what a candidate prints."""
WARNINGS = 5
"""Different warnings kept of one call."""
INPUTS = ("A_prev", "W", "b", "dZ")


class Tail(io.TextIOBase):
    """A text stream that keeps only the end of what is written to it."""

    def __init__(self) -> None:
        self._kept = ""

    def writable(self) -> bool:
        """Anything may be written."""
        return True

    def write(self, text: str) -> int:
        """Keep the last characters."""
        self._kept = (self._kept + text)[-PRINTED:]
        return len(text)

    def take(self) -> str:
        """What is kept; forgotten afterwards."""
        kept, self._kept = self._kept, ""
        return kept


def perform(
    function: Callable[..., Any],
    forward: Callable[..., Any] | None,
    candidate: Candidate,
    call: Call,
    problem: Problem,
    hint: Callable[[BaseException], str | None] = lambda error: None,
) -> Outcome:
    """Call a candidate on a problem; never raises, except for what ends the process.

    Its arrays are made writable, as a caller's own would be. `hint` says what to do about an exception that
    comes of how the candidate was loaded.
    """
    convention = convention_of(call)
    for name in INPUTS:
        if (array := getattr(problem, name)) is not None:
            array.setflags(write=True)
    facts: dict[str, Any] = {}
    before = {name: array.copy() for name in INPUTS if (array := getattr(problem, name)) is not None}
    inputs = convention.inputs(problem, integers=call.integers)
    kept = {name: np.array(value) for name in INPUTS if (value := getattr(inputs, name)) is not None}
    with _listening() as heard, _lying(call):
        try:
            if call.again and call.convention != "layer":
                function, clear = on_one_object(function)
                once = problem.with_arrays(**{name: array.copy() for name, array in before.items()})
                _result(function, forward, candidate, call, convention.inputs(once), {})
                clear()
            result = _result(function, forward, candidate, call, inputs, facts)
            returned, labels = plain_gradients(result, convention, problem)
            facts |= {"kind": RETURNED, "returned": returned, "labels": labels}
        except ForwardFailed as failed:
            said = failure(failed.__cause__ or failed, candidate)["message"]
            facts |= {"kind": REFUSED, "forward_message": said}
            facts["message"] = not_tried(said)
            if isinstance(failed, PyTorchFailed):
                words = "not tried: PyTorch's own backward, or its compiler, raises there: {message}"
                facts["message"] = tr(words, message=said)
            elif facts.get("places") == ("stage make",):
                facts["message"] = tr("not tried: it cannot be made there: {message}", message=said)
        except BaseException as error:
            facts |= failure(error, candidate)
            if hinted := hint(error):
                facts["message"] = facts["lacks"] = hinted
    held, originals = (problem, before) if convention.name == "problem" else (inputs, kept)
    rated = call.backward is not None and any(role == "rate" for _, role in call.backward.given)
    updated = ("W", "b") if rated else ()  # who is told a rate is to change these
    facts["changed"] = tuple(
        name
        for name, array in originals.items()
        if name not in updated and not _same(array, getattr(held, name))
    )
    return Outcome(memory=resident(), **facts, **heard)


class Reached(BaseException):
    """A candidate was about to be called: the function, and its arguments."""

    def __init__(self, function: Callable[..., Any], places: tuple[Any, ...], named: dict[str, Any]) -> None:
        super().__init__()
        self.function, self.places, self.named = function, places, named
        """What would have been called, with what by place and by name."""


def reached(
    function: Callable[..., Any],
    forward: Callable[..., Any] | None,
    candidate: Candidate,
    call: Call,
    problem: Problem,
) -> Reached:
    """The call of a candidate's backward, not through autograd, with all that comes before it done.

    Its own forward is run too. Raises whatever is raised before the backward is called.
    """

    def instead(*places: Any, **named: Any) -> None:
        raise Reached(function, places, named)

    def forwards(*places: Any, **named: Any) -> Any:
        made = function(*places, **named)
        return tuple(_reaching(each) for each in made) if isinstance(made, tuple) else made

    spy: Any = instead
    if call.backward is not None and call.backward.name == CLOSURE:
        spy = forwards
    elif call.backward is not None and call.backward.name == TAPE:
        spy = function  # its backward is nobody's to call
    elif call.convention == "layer" and call.backward is not None and isinstance(function, type):
        spy = _spied(function, call.backward.name)
    inputs = convention_of(call).inputs(problem, integers=call.integers)
    try:
        with _listening(), _lying(call):
            _result(spy, forward, candidate, replace(call, again=False, after=False), inputs, {})
    except Reached as found:
        return found
    raise ForwardFailed(tr("its backward was not called"))


def _reaching(value: Any) -> Any:
    """A function that stops where it would be called; anything else as it is."""
    if not callable(value):
        return value

    def instead(*places: Any, **named: Any) -> None:
        raise Reached(value, places, named)

    return instead


def _spied(kind: type, method: str) -> type:
    """A class whose objects stop where one of their methods would be called."""

    def instead(held: Any, *places: Any, **named: Any) -> None:
        held.__class__ = kind  # what is looked at is an object of its author's class
        raise Reached(getattr(held, method), places, named)

    made: type = type(kind)(kind.__name__, (kind,), {method: instead, "__module__": kind.__module__})
    return made


def _lying(call: Call) -> contextlib.AbstractContextManager[None]:
    """Within this, tensors are laid out in memory as the call says (see `pytorch.laid`)."""
    if not call.laid:
        return contextlib.nullcontext()
    from convstep.oracle.pytorch import laid

    return laid(call.laid)


def _result(
    function: Callable[..., Any],
    forward: Callable[..., Any] | None,
    candidate: Candidate,
    call: Call,
    inputs: Inputs,
    facts: dict[str, Any],
) -> Any:
    """What the candidate makes of the inputs."""
    if call.convention == "layer":
        return run_layer(function, call, inputs, facts)
    values = Values(inputs, spelled(call, candidate, accepted(forward)), candidate, function)
    if values.call.by_autograd(candidate):
        return through_autograd(function, values, facts)
    if call.lists:
        for name in INPUTS:
            if (array := getattr(inputs, name)) is not None:
                setattr(inputs, name, in_lists(name, array, call.lists))
    elif call.with_tensors(candidate):
        from convstep.oracle.pytorch import tensor

        for name in INPUTS:
            if (array := getattr(inputs, name)) is not None:
                setattr(inputs, name, tensor(array, name))
    return run(function, forward, values, facts)


@contextlib.contextmanager
def _listening() -> Iterator[dict[str, Any]]:
    """Collect what is printed, and the warnings given, in the meantime."""
    heard: dict[str, Any] = {}
    tail, streams = Tail(), (sys.stdout, sys.stderr)
    sys.stdout = sys.stderr = tail
    try:
        with np.errstate(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield heard
    finally:
        sys.stdout, sys.stderr = streams
        said = dict.fromkeys(f"{w.category.__name__}: {short(str(w.message))}" for w in caught)
        heard |= {"printed": tail.take(), "warnings": tuple(said)[:WARNINGS], "beyond": views.taken()}


def _same(kept: Array, now: Any) -> bool:
    array = now.detach().cpu().numpy() if hasattr(now, "detach") else np.asarray(now)
    return same(kept, array)


def resident() -> int:
    """Bytes this process holds in memory; 0 where that cannot be told."""
    try:
        statm = os.open("/proc/self/statm", os.O_RDONLY)  # in a fifth of the time of `open`, at every call
        try:
            return int(os.read(statm, 100).split()[1]) * 4096
        finally:
            os.close(statm)
    except (OSError, ValueError, IndexError):
        return 0
