"""Runs in the child: which method of somebody's class is the backward, and which function its forward."""

from __future__ import annotations

import re
from dataclasses import replace

from convstep.candidate.call.served import found
from convstep.candidate.record.forwards import FORWARD
from convstep.candidate.record.subject import Subject


def other_method(subject: Subject) -> Subject:
    """Of a class alone: its `backward` before a method that sounds like one, or one of another name."""
    kind, method = subject.maker, subject.method
    if kind is None or "." in subject.served.candidate.name:
        return subject
    own = [name for name in dir(kind) if callable(getattr(kind, name))]
    if FORWARD.fullmatch(method):
        named, forward = (
            [name for name in own if re.match(r"deriv|delta|prime|diff", name)],
            getattr(kind, method),
        )
    else:
        named, forward = (
            [name for name in own if re.fullmatch(r"back(ward|prop)|bprop", name)],
            subject.forward,
        )
    if not named or named[0] == method:
        return subject
    return Subject(subject.served, getattr(kind, named[0]), kind, named[0], forward)


def with_forward(subject: Subject) -> Subject:
    """A backward with the function whose name it has besides: `lookup_backward` with `lookup`."""
    name = subject.served.candidate.name
    stem = re.sub(r"_?(backward|backprop|bprop|bwd|grad|back)$", "", name)
    if subject.forward is not None or subject.maker is not None or stem in (name, ""):
        return subject
    return replace(subject, forward=found(stem, subject.served.namespace))
