"""How a candidate wants to be called: what its signature allows is tried, and what fits is taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convstep.candidate.call.calling import Call
from convstep.candidate.call.conventions import AUTO, CONVENTIONS, likely
from convstep.candidate.call.outcome import HUNG, RAISED, REFUSED, RETURNED, Candidate
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Case, cases_for, right_of
from convstep.candidate.check.judging import RIGHT, WRONG, Result, judge
from convstep.candidate.load.target import CandidateError
from convstep.language import tr


def choose(
    worker: Worker,
    convention: str = AUTO,
    budget: float = 20.0,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Call, str, Result | None]:
    """How to call a candidate, why so, and the call that hung while this was tried, if one did.

    A convention asked for is taken. Else each that the signature allows is tried on two problems
    that most wrong backwards get right, and the one that fits best is taken, the likelier first.
    The cache is the one the convention prescribes, unless the candidate's own forward's fits better.
    After `budget` seconds of `clock` the best of those tried is taken.
    """
    began = clock()
    if convention != AUTO:
        if convention not in CONVENTIONS:
            raise CandidateError(
                tr(
                    "there is no convention {convention!r}; the conventions are {known}",
                    convention=convention,
                    known=", ".join((AUTO, *CONVENTIONS)),
                )
            )
        options = [(convention, tr("it was asked for"))]
    else:
        options = likely(worker.candidate)
    if not options:
        raise CandidateError(
            tr(
                "{call} fits no convention; write an adapter, a function backward(problem) that calls it "
                "and returns dW, db, dA_prev (see README)",
                call=f"{worker.candidate.name}({', '.join(worker.candidate.parameters)})",
            )
        )
    own = bool(worker.candidate.forward)
    ways = [
        (Call(name, own_cache), reason)
        for name, reason in options
        for own_cache in (False, True)
        if not own_cache or (own and CONVENTIONS[name].has_cache)
    ]
    if len(ways) == 1 and ways[0][0].convention != "torch":
        return (*ways[0], None)
    tried: list[tuple[tuple[int, int, int], Call, str]] = []
    while ways and (not tried or clock() - began < budget):
        call, reason = ways.pop(0)
        results = list(_trial_results(worker, call))
        if call.own_cache:
            own_forward = worker.candidate.forward
            reason = tr("{reason}, with the cache from its own {forward}", reason=reason, forward=own_forward)
        if call.tensors is not None:
            reason = tr(
                "{reason}, with tensors" if call.tensors else "{reason}, with NumPy arrays", reason=reason
            )
        if results[-1].outcome.kind == HUNG:
            return call, reason, results[-1]
        tried.append((_fit(results), call, reason))
        if all(result.ok for result in results):
            break
        if _wants_other_arrays(worker.candidate, call, results):
            ways.insert(0, (replace(call, tensors=not worker.candidate.tensors), reason))
    _, call, reason = max(tried, key=lambda entry: entry[0])  # of equals the likelier
    return call, reason, None


def _wants_other_arrays(candidate: Candidate, call: Call, results: Sequence[Result]) -> bool:
    """Whether a torch-like call raised, perhaps for being given arrays and not tensors, or tensors."""
    torch_like = call.convention == "torch" and candidate.kind != "autograd" and call.tensors is None
    return torch_like and all(result.outcome.kind in (RAISED, REFUSED) for result in results)


def trials(worker: Worker, call: Call) -> list[Case]:
    """Two problems that most wrong backwards get right: stride 1, one sample, padding 1 if possible."""
    cases, _ = cases_for(CONVENTIONS[call.convention], worker.candidate)
    simple = [
        case
        for case in cases
        if case.stride == (1, 1)
        and case.batch in (None, 1)
        and case.dilation == (1, 1)
        and case.groups == 1
        and case.channels != case.filters
        and case.kernel[0] > 1
    ]
    padded = [case for case in simple if case.padding == ((1, 1), (1, 1))]
    return [*padded[:1], *[case for case in simple if case.padding == ((0, 0), (0, 0))][:1]] or cases[:1]


def _trial_results(worker: Worker, call: Call) -> Iterator[Result]:
    """What becomes of the trials, until one hangs."""
    for case in trials(worker, call):
        result = judge(case, right_of(case), worker.call(call, right_of(case).problem))
        yield result
        if result.outcome.kind == HUNG:
            return


def _fit(results: Sequence[Result]) -> tuple[int, int, int]:
    """How well a way of calling fits: gradients right, shapes right, calls that returned."""
    judged = [found for result in results for found in result.judged]
    return (
        sum(found.kind == RIGHT for found in judged),
        sum(found.kind in (RIGHT, WRONG) for found in judged),
        sum(result.outcome.kind in (RETURNED, REFUSED) for result in results),
    )
