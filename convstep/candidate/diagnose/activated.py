"""What a candidate does with the activation that it has by default, where it was tried with none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.call import Call
from convstep.candidate.call.layers import told_more
from convstep.candidate.call.named import described, ways
from convstep.candidate.call.outcome import NAMES, RETURNED, Candidate
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Right
from convstep.candidate.check.defaults import defaults
from convstep.candidate.check.grade import Result, asked, grade
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import SEEN, listed
from convstep.candidate.diagnose.diagnosis import UNKNOWN
from convstep.candidate.diagnose.findings import Finding
from convstep.candidate.diagnose.forward_forms import ACTIVATIONS, Activation, Whole
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.steps.cells import Array

PROBLEMS = 12
"""On how many problems it is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Activated:
    """What came of it."""

    note: str = ""
    """What is right with it, or not known; "" if something is wrong."""
    swept: Swept | None = None
    """The problems on which something is, with what is right there."""
    finding: Finding | None = None
    """What is."""

    __repr__ = brief


def activated(worker: Worker, swept: Swept) -> Activated | None:
    """What a candidate that is right without an activation does with its default; None if it has none.

    Which that is, its own forward shows; what is not known is not judged. Wrong is what is right neither as
    the gradient of that forward nor as that of the convolution before it.
    """
    call, default = _by_default(swept.call, swept.candidate)
    if not default:
        return None
    sound = [each.case for each in swept.results if each.ok and each.case is not None]
    cases = sound[:: max(1, len(sound) // PROBLEMS)][:PROBLEMS]
    results = [asked(worker, call, case, fresh=swept.keeps_state) for case in cases]
    activation = _which(results)
    if activation is None:
        return Activated(tr("not tried with its default, {default}: it was called without", default=default))
    does = tr(activation.words)
    if not does:
        return None
    if all(each.ok for each in results):
        return Activated(
            tr(
                "with its default, {default}, {does}, which the backward leaves out: it is right if it is "
                "given the gradient before that",
                default=default,
                does=does,
            )
        )
    behind = [each for result in results if (each := _behind(result, activation)) is not None]
    wrong = [name for name in NAMES if any(each.wrong(name) for each in behind)]
    if not wrong:
        return Activated(tr("also right with its default, {default}: {does}", default=default, does=does))
    before = [name for name in wrong if not any(each.wrong(name) for each in results)]
    if "dA_prev" in wrong and [*before, "dA_prev"] == wrong and len(wrong) > 1:
        # a delta rule: it takes the gradient before its activation, and returns that before the last layer's
        return Activated(tr("not tried with its default, {default}: it was called without", default=default))
    words = tr(
        "with its default, {default}, {does}: for that {names} is wrong"
        if len(wrong) == 1
        else "with its default, {default}, {does}: for that {names} are wrong",
        default=default,
        does=does,
        names=listed(wrong),
    )
    if before:
        taken = "{words}; {names} would be right without it{where}"
        where = "".join(_line_of(name, swept) for name in before)
        words = tr(taken, words=words, names=listed(before), where=where)
    reason = told_more(swept.reason, swept.call, call, swept.candidate)
    reason = reason.replace(described(swept.call, swept.candidate), described(call, swept.candidate))
    found = replace(swept, call=call, reason=reason, results=tuple(behind), laid=(), untried=0, stale=False)
    return Activated(swept=found, finding=Finding(UNKNOWN, SEEN, words, tuple(wrong)))


def _by_default(call: Call, candidate: Candidate) -> tuple[Call, str]:
    """The call that leaves its activation at its default, and that default; "" if it was told none."""
    changed, said = {}, ""
    for which in ("maker", "forward", "backward"):
        method = getattr(call, which)
        values = {} if method is None else defaults(method, call, candidate)
        for name, role in method.given if method is not None else ():
            if role.partition(":")[0] == "activation" and values.get(name, "None") not in ("None", "..."):
                changed[which] = replace(method, given=tuple(p for p in method.given if p[0] != name))
                said = said or f"{name}={values[name]}"
    if not said and "activation" in call.says and call.forward is None:  # in a cache that was made for it
        alike = (
            replace(each, returns=call.returns, pairs=call.pairs)
            for each in itertools.chain.from_iterable(ways(candidate))
            if each.own_cache and (each.layouts, each.rule) == (call.layouts, call.rule)
        )
        return next((found for each in alike if (found := _by_default(each, candidate))[1]), (call, ""))
    return replace(call, **changed), said


def _which(results: Sequence[Result]) -> Activation | None:
    """The activation after which all outputs are right; None if some did not come, or it is not known."""
    if not results or any(each.outcome.kind != RETURNED or each.outcome.Z is None for each in results):
        return None

    def makes(activation: Activation, result: Result) -> bool:
        given = result.outcome.Z
        return given is not None and Whole((), activation).makes(given, result.right.problem)

    with quiet():
        return next((each for each in ACTIVATIONS if all(makes(each, result) for result in results)), None)


def _behind(result: Result, activation: Activation) -> Result | None:
    """The result held against the gradients of what comes behind it; None where these are no others."""
    problem = result.right.problem
    linear = Whole((), activation).linear(problem, problem.dZ.shape)
    slope: Array = activation.slope(linear)  # type: ignore[arg-type]
    if np.all(slope == 1):
        return None
    right = Right.of(problem.with_arrays(dZ=problem.dZ * slope))
    return grade(result.case, replace(right, problem=problem), result.outcome)


def _line_of(name: str, swept: Swept) -> str:
    """The line that makes a gradient which a layer keeps, if there is one; else ""."""
    place = dict(swept.call.places).get(name, "")
    made = re.compile(rf"\bself\.{re.escape(place)}\s*[+-]?=(?!=)")
    lines = [
        (number, text.strip())
        for number, text in enumerate(swept.candidate.source.splitlines(), swept.candidate.first_line)
        if place and made.search(text) and "zeros" not in text and "None" not in text
    ]
    if len(lines) != 1 or not swept.candidate.first_line:
        return ""
    return tr(" (line {line}: {text})", line=lines[0][0], text=lines[0][1])
