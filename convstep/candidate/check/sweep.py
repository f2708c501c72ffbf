"""Find out how a candidate is to be called, try it on many small problems, and keep what fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.calling import Call
from convstep.candidate.call.conventions import AUTO, convention_of
from convstep.candidate.call.outcome import DIED, HUNG, RAISED, RETURNED, UNCLEARED, Candidate, Outcome
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Case, Right, cases_for, right_of
from convstep.candidate.check.detect_convention import detect_convention
from convstep.candidate.check.fresh import FreshProblems, neighbours, random_cases
from convstep.candidate.check.grade import Result, asked, grade, wrong_cells
from convstep.candidate.check.laid import Laid, laid_otherwise
from convstep.candidate.check.limits import Limit, counted, limits
from convstep.candidate.check.trying import GUESSES, LARGEST_BATCH, trials
from convstep.conv.forward import expected_forward
from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem

BUDGET = 40.0
"""Seconds that a sweep may take; what is not reached by then is not tried, and said so."""
ENOUGH = 20
"""Of so many problems at least a verdict should speak: what a candidate refuses is made up for."""
SHARE = 3
"""One in so many problems is tried on a candidate that keeps state."""
DEATHS = 3
"""How often its process may die before no more is tried."""

Progress = Callable[[int, int], None]
"""Told how many problems are done, and how many there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Swept:
    """What a sweep found."""

    candidate: Candidate
    """Who was tried."""
    call: Call
    """How it was called."""
    reason: str
    """Why so, when that was found out."""
    results: tuple[Result, ...]
    """Every problem tried, smallest first."""
    untried: int
    """How many problems there was no time for."""
    unsaid: tuple[str, ...]
    """What the convention cannot express, so that it was not tried."""
    second: Outcome | None
    """A second call on the first problem, in the same process; None if it was not made."""
    keeps_state: bool
    """Whether the second call differs from the first."""
    grew: int
    """Bytes by which its process grew over the sweep."""
    only_batch: int
    """The one batch size that a candidate takes which raises on every problem; 0 if none was found."""
    limits: tuple[Limit, ...]
    """What it never takes, whose problems are not among the results."""
    whole_numbers: tuple[str, ...]
    """Gradients that are cut to whole numbers when the inputs are integers."""
    laid: tuple[Laid, ...] = ()
    """What came of tensors that lie in memory otherwise."""
    stale: bool = False
    """Whether an object that was called on another picture before returns something else."""
    summing: tuple[str, ...] = ()
    """Gradients that a second call adds to those of the first, for all that its file shows on purpose."""

    __repr__ = brief

    @property
    def failing(self) -> Result | None:
        """The smallest problem on which it fails; None if there is none."""
        return next((result for result in self.results if result.failed), None)

    @property
    def passed(self) -> int:
        """On how many problems everything is right."""
        return sum(result.ok for result in self.results)

    @property
    def refused(self) -> int:
        """How many problems the candidate does not take."""
        return sum(result.refused for result in self.results)


def sweep(
    worker: Worker,
    convention: str = AUTO,
    problem: Problem | None = None,
    progress: Progress | None = None,
    budget: float = BUDGET,
    clock: Callable[[], float] | None = None,
) -> Swept:
    """Try a candidate on the small problems, and then on one more if it is given.

    All of it may take `budget` seconds of `clock`, by default the candidate's. A `CandidateError` if it takes
    arguments that no convention has.
    """
    clock = clock or worker.clock
    began = clock()
    call, reason, stuck = detect_convention(worker, convention, budget / 2, clock)
    cases, unsaid = cases_for(convention_of(call), worker.candidate)
    results: list[Result] = [] if stuck is None else [stuck]
    second, keeps_state = None, False
    if stuck is None:
        first, second, keeps_state = _twice(worker, call, cases[0])
        results.append(first)
    if keeps_state:  # it is loaded again for every call, which takes time
        cases = cases[::SHARE]
    deaths = 0
    for number, case in enumerate(cases[1:]):
        late = clock() - began > budget
        deaths += results[-1].outcome.kind == DIED
        if late or deaths >= DEATHS or results[-1].outcome.kind == HUNG:
            break
        results.append(asked(worker, call, case, fresh=keeps_state))
        if progress is not None:
            progress(number + 2, len(cases))
    untried = len(cases) - len(results)
    stopped = results[-1].outcome.kind == HUNG or deaths >= DEATHS
    summing: tuple[str, ...] = ()
    if not stopped and not keeps_state and (other := _on_one_object(worker, call, results)) is not None:
        summing = _summing(results, other)
        if not summing:
            second, keeps_state = other, True
    stale = not stopped and not keeps_state and _after_another(worker, call, results)
    beyond: tuple[Limit, ...] = ()
    if not stopped:
        beyond = limits(call, worker.candidate, results)
        results = counted(beyond, results)
        more = _made_up_for(worker, call, results, lambda: clock() - began > budget, fresh=keeps_state)
        results += counted(beyond, list(more))
        if call.convention == "alx":
            results += _rounded_up(worker, call, fresh=keeps_state)
    if (
        problem is not None
        and not stopped
        and not convention_of(call).cannot_say(problem.geometry, worker.candidate)
    ):
        right = Right.of(problem)
        results.append(grade(None, right, worker.call(call, problem, fresh=keeps_state)))
    held = [result.outcome.memory for result in results if result.outcome.memory]
    candidate = worker.candidate
    if call.by_autograd(candidate):  # whatever else its file holds, it is its own forward
        candidate = replace(candidate, forward="")
    return Swept(
        candidate,
        call,
        reason,
        tuple(results),
        untried,
        unsaid,
        second,
        keeps_state,
        held[-1] - held[0] if len(held) > 1 else 0,
        _only_batch(worker, call, results),
        beyond,
        _whole_numbers(worker, call, results, keeps_state),
        () if stopped else tuple(laid_otherwise(worker, call, results, fresh=keeps_state)),
        stale,
        summing,
    )


def _made_up_for(
    worker: Worker, call: Call, results: Sequence[Result], late: Callable[[], bool], *, fresh: bool
) -> Iterator[Result]:
    """More problems like those that it takes, where it refused so many that few are left."""
    taken = [r.case for r in results if r.case is not None and r.outcome.kind == RETURNED]
    refused = any(result.refused for result in results)
    known = {result.case for result in results}
    queues = [neighbours(case) for case in taken]
    lacking = ENOUGH - len(taken)
    while refused and lacking > 0 and queues and not late():
        queue = queues.pop(0)
        case = next((each for each in queue if each not in known and each.possible), None)
        if case is None or convention_of(call).cannot_say(case.geometry, worker.candidate):
            continue
        queues.append(queue)
        known.add(case)
        result = asked(worker, call, case, fresh=fresh)
        if result.refused:
            continue  # it was not asked for this one
        lacking -= 1
        yield result
        if result.outcome.kind in (HUNG, DIED):
            return


def _rounded_up(worker: Worker, call: Call, *, fresh: bool) -> Iterator[Result]:
    """Problems with an odd amount of "same" padding, if its own forward shows that it rounds up."""
    for size, (f_h, f_w) in (((3, 4), (2, 2)), ((4, 3), (2, 3)), ((5, 5), (4, 4))):
        padding = (f_h // 2, f_h // 2), (f_w // 2, f_w // 2)
        case = Case(size, (f_h, f_w), padding=padding, channels=2, batch=1)
        result = asked(worker, call, case, fresh=fresh)
        Z, expected = result.outcome.Z, expected_forward(result.right.problem)
        if Z is None or Z.shape != expected.shape or not np.allclose(Z, expected):
            return
        yield result


def before_relu(worker: Worker, swept: Swept) -> Swept:
    """The same problems with a dZ that a ReLU lets through; as it is where nothing fails on these."""
    cases = [replace(each.case, relu=True) for each in swept.results if each.case is not None]
    results = tuple(asked(worker, swept.call, case, fresh=swept.keeps_state) for case in cases)
    return replace(swept, results=results) if any(each.failed for each in results) else swept


def fresh_problems(worker: Worker, swept: Swept, seconds: float) -> FreshProblems:
    """More problems for the same call, on which claims about the candidate can be tested."""
    convention = convention_of(swept.call)
    like = [result.case for result in swept.results if result.case is not None and not result.refused]

    def sayable(geometry: Geometry) -> bool:
        beyond = any(limit.beyond(geometry) for limit in swept.limits)
        return not beyond and not convention.cannot_say(geometry, swept.candidate)

    cases = random_cases(sayable, like)
    return FreshProblems(
        lambda problem: worker.call(swept.call, problem, fresh=swept.keeps_state),
        cases,
        seconds,
        worker.clock,
    )


def _twice(worker: Worker, call: Call, case: Case) -> tuple[Result, Outcome | None, bool]:
    """One problem, called twice in one process: both outcomes, and whether state was kept.

    Loading again takes time, so the first call is made where the trials were made; only if the
    second differs is it looked at afresh. What differs at random keeps no state.
    """
    right = right_of(case)
    first = worker.call(call, right.problem)
    second = worker.call(call, right.problem) if first.kind == RETURNED else None
    if second is None or _same(first, second):
        return grade(case, right, first), second, False
    first = worker.call(call, right.problem, fresh=True)
    second = worker.call(call, right.problem)
    again = worker.call(call, right.problem, fresh=True)
    return grade(case, right, first), second, not _same(first, second) and _same(first, again)


def _on_one_object(worker: Worker, call: Call, results: Sequence[Result]) -> Outcome | None:
    """A second call on one object, where each call makes its own; None unless it differs from the first.

    What differs at random keeps no state.
    """
    first = next((result for result in results if result.outcome.kind == RETURNED), None)
    if first is None or call.convention not in ("layer", "problem"):
        return None
    again, once_more = (worker.call(replace(call, again=True), first.right.problem) for _ in range(2))
    differs = again.kind == RETURNED and not _same(first.outcome, again)
    return again if differs and _same(again, once_more) else None


def _summing(results: Sequence[Result], again: Outcome) -> tuple[str, ...]:
    """The gradients that a second call on one object adds to the first's, if that is all that differs.

    Whoever trains has to clear them then: a `zero_grad` of another file. () if its own file does not leave
    that open.
    """
    first = next(result.outcome for result in results if result.outcome.kind == RETURNED)
    if UNCLEARED not in again.places or first.gradients.keys() != again.gradients.keys():
        return ()
    found = []
    for name, one in first.gradients.items():
        other = again.gradients[name]
        if one.shape != other.shape:
            return ()
        if np.allclose(one, other, rtol=1e-6, atol=1e-9):
            continue
        if name == "dA_prev" or not np.allclose(2 * one, other, rtol=1e-6, atol=1e-9):
            return ()
        found.append(name)
    return tuple(found)


def _after_another(worker: Worker, call: Call, results: Sequence[Result]) -> bool:
    """Whether a layer that was called on another picture before returns something else than a new one."""
    sound = next((result for result in results if result.ok), None)
    if sound is None or call.convention != "layer":
        return False
    later = replace(call, after=True)
    then = worker.call(later, sound.right.problem)
    if then.kind != RETURNED or _same(sound.outcome, then):
        return False
    return _same(then, worker.call(later, sound.right.problem))


def _same(first: Outcome, second: Outcome) -> bool:
    """Whether two calls had the same outcome, NaN included."""
    if first.kind != second.kind or len(first.returned) != len(second.returned):
        return False
    return all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
        for a, b in zip(first.returned, second.returned, strict=True)
    )


def _only_batch(worker: Worker, call: Call, results: Sequence[Result]) -> int:
    """The batch size hard-coded in a candidate that raises with every other, if it can be guessed.

    Numbers to try come from what it raises and from its source.
    """
    batched = convention_of(call).layouts.batched
    if not batched or any(r.outcome.kind not in (RAISED, RETURNED) for r in results):
        return 0

    def right_with(case: Case, number: int) -> bool:
        return asked(worker, call, replace(case, batch=number), fresh=True).ok

    taken = [r for r in results if r.outcome.kind == RETURNED]
    raising = {r.right.problem.geometry.samples for r in results if r.outcome.kind == RAISED}
    sizes = {r.right.problem.geometry.samples for r in taken}
    if taken:
        size, case = sizes.pop(), taken[0].case
        alone = not sizes and raising and size not in raising
        return size if alone and case and not right_with(case, size + 1) else 0
    words = " ".join((results[0].outcome.message, results[0].outcome.line_text, worker.candidate.source))
    numbers = dict.fromkeys(int(word) for word in re.findall(r"\b\d{1,3}\b", words))
    tried = [number for number in numbers if 2 < number <= LARGEST_BATCH][:GUESSES]
    cases = trials(worker, call)[:1]
    return next((number for case in cases for number in tried if right_with(case, number)), 0)


def _whole_numbers(
    worker: Worker, call: Call, results: Sequence[Result], keeps_state: bool
) -> tuple[str, ...]:
    """Gradients that are right for real inputs and cut to whole numbers for integer ones."""
    sound = next((result for result in results if result.ok and result.case is not None), None)
    if sound is None or call.convention in ("problem", "torch"):
        return ()
    given = sound.right.problem
    problem = given.with_arrays(A_prev=np.rint(given.A_prev * 3), W=np.rint(given.W * 3))
    right = Right.of(problem)
    outcome = worker.call(replace(call, integers=True), problem, fresh=keeps_state)
    if outcome.kind != RETURNED:
        return ()
    return tuple(
        name
        for name, gradient in outcome.gradients.items()
        if name in right.gradients
        and gradient.shape == right.gradients[name].shape
        and bool((gradient == np.rint(gradient)).all())
        and wrong_cells(name, right, gradient).any()
    )
