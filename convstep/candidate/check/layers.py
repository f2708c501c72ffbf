"""How a layer class wants to be called: what its signatures allow is tried until one way fits."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from convstep.candidate.call import layers
from convstep.candidate.call.call import Call
from convstep.candidate.call.convention import expected_forward
from convstep.candidate.call.outcome import DIED, HUNG, RETURNED, Candidate, Outcome
from convstep.candidate.call.uncallable import Attempt, CannotCall
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.judging import RIGHT, SHAPE, WRONG, Result, judge
from convstep.language import tr

TOLD, DEATHS = 8, 3
"""Attempts that are told of a layer that cannot be called; processes that may die meanwhile."""
_OPTIMIZER = r"moment|velocity|beta|adam|rms|adagrad|nesterov|decay|optim"
_STAGES = ("make", "plant", "forward", "backward")

Chosen = tuple[Call, str, Result | None]


def choose(
    called: Callable[[Call, Case], Outcome],
    candidate: Candidate,
    in_time: Callable[[], bool],
    own: Callable[[str], bool] = lambda message: False,
) -> Chosen:
    """How to call a layer, why so, and the call that hung while this was tried, if one did.

    Args:
        called: calls it on the problem of a case.
        candidate: what is known of it.
        in_time: whether there is time for more.
        own: whether an exception can only be the backward's own mistake.

    Raises:
        CannotCall: it cannot be made, run forward and back, or read.
    """
    best: tuple[tuple[int, ...], Call, str, Outcome, set[str]] | None = None
    attempts: dict[str, tuple[int, Attempt]] = {}
    unmade: dict[object, set[str]] = {}
    sure: Call | None = None
    raising: tuple[Call, str, Outcome] | None = None
    deaths = 0
    for call, reason in layers.ways(candidate):
        if best is not None and (not in_time() or deaths >= DEATHS):
            break
        if deaths >= DEATHS or not in_time():
            break
        if sure is not None and _but_backward(call) != _but_backward(sure):
            continue  # its forward was right when called in another way
        if len(unmade.get(call.maker, ())) > 2 and not _depends(call):
            continue
        results = _tried(called, call)
        for result in results:
            outcome = result.outcome
            if outcome.kind == HUNG:
                return call, reason, result
            deaths += outcome.kind == DIED
            if outcome.kind == RETURNED:
                continue
            stage = dict(each.partition(" ")[::2] for each in outcome.places).get("stage", "make")
            attempt = Attempt.of(reason, outcome)
            attempts.setdefault(outcome.message, (-_STAGES.index(stage) if stage in _STAGES else 0, attempt))
            if stage == "make":
                unmade.setdefault(call.maker, set()).add(str(call.layouts))
        if results and all(map(_forward_right, results)):
            sure = call
            raising = raising or (call, reason, results[0].outcome)
        returned = [result for result in results if result.outcome.kind == RETURNED]
        if not returned:
            unwritten = [r for r in results if r.outcome.message.startswith("NotImplementedError")]
            if unwritten and "stage make" not in unwritten[0].outcome.places:
                break
            continue
        fit = _fit(results)
        if best is None or fit > best[0]:
            wrong = {found.name for result in results for found in result.judged if found.kind == WRONG}
            best = fit, call, reason, returned[0].outcome, wrong
        if all(result.ok and result.judged for result in results):
            break
    if best is None and raising is not None and own(raising[2].message):
        return raising[0], raising[1], None
    if best is None:
        raise _cannot(
            candidate, [attempt for _, attempt in sorted(attempts.values(), key=lambda each: each[0])]
        )
    _, call, reason, outcome, wrong = best
    if wrong & set(layers.changes(outcome)) and re.search(_OPTIMIZER, candidate.source, re.I):
        # what an optimizer with a memory makes of a gradient is not the gradient
        kept = tuple(each for each in outcome.places if not each.endswith(" change"))
        outcome = replace(outcome, places=kept)
    call, reason = layers.settled(call, reason, outcome)
    return call, reason, None


def _tried(called: Callable[[Call, Case], Outcome], call: Call) -> list[Result]:
    """What becomes of a problem with padding and one without, with the first kernels that it takes."""
    results: list[Result] = []
    fixed = not {"kernel_size", "kernel_h", "W"} & {r.partition(":")[0] for r in call.says}
    for kernel in ((3, 3), (5, 5), (2, 2), (1, 1)) if fixed else ((3, 3),):
        results = []
        for case in _trials(call, kernel, fixed=fixed):
            outcome = called(call, case)
            results.append(judge(case, right_of(case), outcome))
            if outcome.kind != RETURNED:
                break
        if any(result.outcome.kind == RETURNED for result in results):
            break
    return results


def _trials(call: Call, kernel: tuple[int, int], *, fixed: bool) -> list[Case]:
    """Problems on which every axis has a length of its own: padded, and not, at stride 1 if possible.

    Where a layer pads by itself, stride 2 tells its rule.
    """
    found: list[Case] = []
    sizes = itertools.product((1, 0), (1, 2), (1, None), ((2, 4), (1, 4), (1, 1)))
    for p, stride, batch, channels in sizes:
        case = Case((6, 7), kernel, (stride, stride), ((p, p), (p, p)), *channels, batch)
        if call.rule and p:
            own = layers.padding_of(call.rule, case.geometry)
            case = case if own is None else replace(case, padding=own)
        if case.possible and not layers.cannot_say(call, case.geometry):
            found.append(case)
    padded = [case for case in found if case.padding != ((0, 0), (0, 0))]
    plain = [case for case in found if case.padding == ((0, 0), (0, 0))]
    strided = [case for case in padded if case.stride == (2, 2)] if call.rule else []
    trials = [*(strided or padded)[:1], *plain[:1]]
    if trials and call.rule and not fixed:  # half a kernel, or one?
        larger = replace(trials[0], kernel=(5, 5))
        padding = layers.padding_of(call.rule, larger.geometry)
        trials += [] if padding is None else [replace(larger, padding=padding)]
    return trials


def _forward_right(result: Result) -> bool:
    """Whether its forward gave what is right."""
    Z, problem = result.outcome.Z, result.right.problem
    return (
        Z is not None
        and Z.shape == problem.dZ.shape
        and np.allclose(Z, expected_forward(problem), 1e-4, 1e-4)
    )


def _fit(results: list[Result]) -> tuple[int, ...]:
    """How well a way fits: forwards and gradients right, shapes right, calls that returned."""
    judged = [found for result in results for found in result.judged]
    return (
        sum(map(_forward_right, results)) + sum(found.kind == RIGHT for found in judged),
        sum(found.kind != SHAPE for found in judged),
        sum(result.outcome.kind == RETURNED for result in results),
    )


def _depends(call: Call) -> bool:
    """Whether what the constructor is given depends on how pictures and kernels lie."""
    forms = ("shape", "full", "input_shape", "W", "hparameters")
    assert call.maker is not None
    return any(role.split(":")[-1] in forms or role.startswith("input_shape") for _, role in call.maker.given)


def _but_backward(call: Call) -> Call:
    return replace(call, backward=None)


def _cannot(candidate: Candidate, attempts: list[Attempt]) -> CannotCall:
    """Why a layer cannot be called, in a sentence, and what was tried."""
    name = candidate.name.partition(".")[0]
    likeliest = attempts[0] if attempts else Attempt("", tr("nothing could be tried"))
    place = f" ({likeliest.place}: {likeliest.line_text})" if likeliest.line else ""
    sentence = tr(
        "{name} is not written yet: {message}{place}"
        if likeliest.message.startswith("NotImplementedError")
        else "{name} cannot be called: {how}: {message}{place}",
        name=name,
        how=likeliest.how,
        message=likeliest.message,
        place=place,
    )
    return CannotCall(sentence, candidate, attempts[:TOLD])
