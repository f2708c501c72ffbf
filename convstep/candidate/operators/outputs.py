"""What somebody's own forward of an operator returns, beside what it should."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.candidate.check.wording import PROVEN, count
from convstep.candidate.operators.answer import Judged, Swept
from convstep.candidate.operators.evidence import same
from convstep.candidate.operators.finding import Finding
from convstep.candidate.operators.gathering import how_far
from convstep.candidate.operators.pattern import where
from convstep.candidate.operators.written import problem_words
from convstep.language import tr

FORWARD = "forward-wrong"
"""The id of a forward of its own that returns other numbers where its gradients are wrong."""
FAR = 1e6
"""How many times what is allowed a forward is off that is wrong by more than a small constant: 1 %."""


def compared_outputs(swept: Swept, name: str) -> list[Judged]:
    """The problems on which its own forward returned an output of the right shape."""
    return [
        one
        for one in swept.results
        if name in one.answer.outputs and one.answer.outputs[name].shape == one.outputs[name].shape
    ]


def overflows(judged: Judged, name: str) -> bool:
    """Whether an output is inf or nan where it should be a number."""
    return bool((~np.isfinite(judged.answer.outputs[name]) & np.isfinite(judged.outputs[name])).any())


def other_outputs(swept: Swept, name: str) -> str:
    """That its own forward returns other numbers, and on which problems; "" if it does not."""
    compared = compared_outputs(swept, name)
    wrong = _differing(swept, name)
    if not wrong:
        return ""
    ids = {id(one) for one in wrong}
    pattern = where(compared, lambda one: id(one) in ids)
    return tr(
        "its own forward returns another {name} than {operator} does, on {problems}, {pattern}, for example "
        "{problem}"
        if pattern
        else "its own forward returns another {name} than {operator} does, on {problems}, for example "
        "{problem}",
        name=name,
        operator=tr(swept.operator.title),
        problems=count(len(wrong)),
        pattern=pattern,
        problem=problem_words(swept, wrong[0].answer.problem),
    )


def _differing(swept: Swept, name: str) -> list[Judged]:
    """The problems on which an output of its own is finite, and another."""
    return [
        one
        for one in compared_outputs(swept, name)
        if not overflows(one, name) and not same(one.answer.outputs[name], one.outputs[name])
    ]


def in_the_forward(swept: Swept) -> Iterator[Finding]:
    """That its own forward is wrong wherever its gradients are, which may be why.

    A constant, as in log(p + 1e-7), is no wrong forward; the notes say that it returns other numbers.
    """
    failing = {id(one) for one in swept.results if one.failed}
    for name in swept.operator.outputs if failing else ():
        wrong = [
            one
            for one in _differing(swept, name)
            if how_far(one.answer.outputs[name], one.outputs[name]) > FAR
        ]
        if failing <= {id(one) for one in wrong}:
            yield Finding(FORWARD, PROVEN, other_outputs(swept, name))
