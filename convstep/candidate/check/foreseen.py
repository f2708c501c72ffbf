"""Failures that are known before a call: hundreds of ways differ in what never comes to be looked at."""

from __future__ import annotations

import functools
import re
from dataclasses import replace

from convstep.candidate.call.call import Call
from convstep.candidate.call.outcome import RAISED, Outcome
from convstep.candidate.check.cases import Case

SHAPES = (
    r"(Value|Index|Runtime)Error: .*(shape|broadcast|dimension|out of (range|bounds)|subscript|aligned"
    r"|unpack|size of tensor)"
)
"""What is raised for the shapes of arrays, whatever their numbers are."""
BIASES = 3
"""With so many that lie differently the same must be raised, in the same words: then it was not for them."""


class Foreseen:
    """What a candidate has raised on arrays of some shapes: it does so again."""

    def __init__(self) -> None:
        """Nothing was called yet."""
        self._seen: dict[tuple[Call, Case], dict[str, Outcome]] = {}

    def __call__(self, call: Call, case: Case) -> Outcome | None:
        """What would come of a call; None if that is not known."""
        for about in _about(call, case):
            seen = self._seen.get(about, {})
            if (known := seen.get(_bias(call))) is not None:
                return known
            if len(seen) >= BIASES and len({_said(each) for each in seen.values()}) == 1:
                return next(iter(seen.values()))
        return None

    def learn(self, call: Call, case: Case, outcome: Outcome) -> None:
        """Take in what came of a call."""
        forward, backward = _about(call, case)
        said = outcome.forward_message or (outcome.message if outcome.kind == RAISED and outcome.line else "")
        if re.match(SHAPES, said) and not outcome.not_begun:
            about = forward if outcome.forward_message else backward
            self._seen.setdefault(about, {})[_bias(call)] = outcome


def _said(outcome: Outcome) -> tuple[object, ...]:
    return outcome.kind, outcome.line, outcome.message, outcome.forward_message


def _bias(call: Call) -> str:
    return "" if call.layouts is None else call.layouts.b


def _about(call: Call, case: Case) -> tuple[tuple[Call, Case], tuple[Call, Case]]:
    """All that its own forward is called with but the bias and the numbers; and the same of its backward."""
    forward, backward, padded = _called(call)
    return (forward, case if padded else replace(case, padding=((0, 0), (0, 0)))), (backward, case)


@functools.lru_cache(maxsize=8)  # a way is tried on several problems
def _called(call: Call) -> tuple[Call, Call, bool]:
    """A call as far as its own forward knows it, and its backward; whether the padding is known there."""
    lying = None if call.layouts is None else replace(call.layouts, b="O")
    backward = replace(call, layouts=lying, returns=(), rule=call.rule if call.worded else "")
    told = {role.partition(":")[0] for _, role in call.forward.given} if call.forward is not None else set()
    padded = not told.isdisjoint(("padding", "A_prev_pad", "hparameters", "Z"))
    return replace(backward, backward=None), backward, padded
