"""How a candidate wants to be called: what its signature allows is tried, and what fits is taken."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from convstep.candidate.call.calling import Call
from convstep.candidate.call.conventions import AUTO, CONVENTIONS, likely, named, spoken
from convstep.candidate.call.named import convention_of, described, is_forward, ways
from convstep.candidate.call.outcome import DIED, HUNG, NAMES, RAISED, REFUSED, RETURNED, Candidate, Outcome
from convstep.candidate.call.uncallable import Attempt, CannotCall
from convstep.candidate.call.words import roles_of
from convstep.candidate.call.worker import Worker
from convstep.candidate.check import layers
from convstep.candidate.check.cases import Case, cases_for, fitted, right_of
from convstep.candidate.check.judging import RIGHT, SHAPE, WRONG, Result, heeded, judge
from convstep.candidate.load.selection import is_stub
from convstep.candidate.load.target import CandidateError
from convstep.language import tr

TRIED = 12
"""Attempts that are told of a candidate that cannot be called."""
APART = (
    Case((7, 8), (3, 3), channels=2, filters=4, batch=1),
    Case((7, 11), (3, 3), (2, 2), ((1, 1), (1, 1)), 5, 7, 2),
)
"""Problems on which every axis has a length of its own, and stride and padding differ."""
CONV1D = r"conv_?1d"
PAIRS = Case((5, 6), (3, 3), (1, 2), ((0, 0), (1, 1)), 2, 2, 1)
"""A problem whose stride and padding differ along the axes."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """A way of calling and what became of the trials."""

    call: Call
    reason: str
    results: tuple[Result, ...]

    @property
    def fit(self) -> tuple[int, int, int]:
        """How well it fits: gradients right, shapes right, calls that returned."""
        judged = [found for result in self.results for found in result.judged]
        return (
            sum(found.kind == RIGHT for found in judged),
            sum(found.kind in (RIGHT, WRONG) for found in judged),
            sum(
                result.outcome.kind == RETURNED
                or (result.outcome.kind == REFUSED and not result.outcome.forward_message)
                for result in self.results
            ),
        )

    @property
    def perfect(self) -> bool:
        """Whether all that came back is right, on every trial."""
        return all(result.ok and result.judged for result in self.results)

    @property
    def believable(self) -> bool:
        """Whether gradients came back, of the right shapes, be it in another order."""
        return any(_shapes(self.call, result) for result in self.results)

    @property
    def explained(self) -> bool:
        """Whether it is no accident that gradients came back: the names said so, or numbers are right."""
        method = self.call.backward or self.call.forward
        by_name = method is not None and all(role in roles_of(name) for name, role in method.given)
        return self.believable and (self.right or by_name)

    @property
    def right(self) -> bool:
        """Whether a gradient that does not come out right by itself is right somewhere."""
        return any(f.kind == RIGHT and f.name != "db" for result in self.results for f in result.judged)

    @property
    def hung(self) -> Result | None:
        """The call that hung, if one did."""
        return self.results[-1] if self.results[-1].outcome.kind == HUNG else None


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
    Where none of them fits, ways are found from the names of its parameters.
    After `budget` seconds of `clock` the best of those tried is taken.

    Raises:
        CannotCall: no way of calling returns gradients, or it is not a backward at all.
        CandidateError: there is no such convention.
    """
    began, candidate = clock(), worker.candidate
    if convention != AUTO and convention not in CONVENTIONS:
        raise CandidateError(
            tr(
                "there is no convention {convention!r}; the conventions are {known}",
                convention=convention,
                known=", ".join((AUTO, *CONVENTIONS)),
            )
        )
    if is_stub(candidate.source):
        raise CannotCall(tr("{name} is not written yet", name=candidate.name), candidate)
    if candidate.kind == "class":
        return layers.choose(
            lambda call, case: heeded(worker.call(call, right_of(case).problem)),
            candidate,
            lambda: clock() - began < budget,
            lambda message: (
                not re.search(CALLING, message) and bool(re.match(r"\w+(Error|Exception)\b", message))
            ),
        )
    options = [(convention, tr("it was asked for"))] if convention != AUTO else likely(candidate)
    own = bool(candidate.forward)
    known = [
        (Call(name, own_cache), reason)
        for name, reason in options
        for own_cache in (False, True)
        if not own_cache or (own and CONVENTIONS[name].has_cache)
    ]
    if (len(known) == 1 and known[0][0].convention == "problem") or (
        convention not in (AUTO, "torch") and len(known) == 1
    ):
        return (*known[0], None)
    forward = convention == AUTO and is_forward(candidate)
    tried = [] if forward else _known(worker, known, lambda: clock() - began < budget)
    best = max(tried, key=lambda way: way.fit, default=None)  # of equals the likelier
    if best is not None:
        stuck = next((way for way in tried if way.hung), None)
        came = best.believable or any(result.outcome.kind == RETURNED for result in best.results)
        sure = came and spoken(candidate, best.call.convention)
        if stuck is not None or convention != AUTO or best.perfect or sure:
            return _taken(worker, stuck or best)
    if (best is not None and _surely(best)) or re.search(CONV1D, candidate.name.lower()):
        found = []
    else:
        found = _by_name(worker, lambda: clock() - began < budget)
    better = max(found, key=lambda way: way.fit, default=None)
    if better is not None and (better.hung or better.perfect):
        return _taken(worker, better)
    speaks = best is not None and spoken(candidate, best.call.convention)
    own_mistake = best is not None and _its_own(best, speaks)
    if (
        better is not None
        and better.explained
        and not own_mistake
        and (best is None or better.fit > best.fit)
    ):
        return _taken(worker, better)
    if best is not None and (best.believable or own_mistake):
        return _taken(worker, best)
    if better is not None and _its_own(better, False):
        return _taken(worker, better)
    raise _cannot(candidate, [*tried, *found], forward)


def _known(worker: Worker, ways: list[tuple[Call, str]], in_time: Callable[[], bool]) -> list[_Tried]:
    """What becomes of the conventions that a signature allows, until one fits."""
    tried: list[_Tried] = []
    while ways and (not tried or in_time()):
        call, reason = ways.pop(0)
        results = tuple(_trial_results(worker, call))
        if call.own_cache:
            own = worker.candidate.forward
            reason = tr("{reason}, with the cache from its own {forward}", reason=reason, forward=own)
        if call.tensors is not None:
            words = "{reason}, with tensors" if call.tensors else "{reason}, with NumPy arrays"
            reason = tr(words, reason=reason)
        tried.append(_Tried(call, reason, results))
        if tried[-1].hung or tried[-1].perfect:
            break
        if _wants_other_arrays(worker.candidate, call, results):
            ways.insert(0, (replace(call, tensors=not call.with_tensors(worker.candidate)), reason))
    return tried


def _by_name(worker: Worker, in_time: Callable[[], bool]) -> list[_Tried]:
    """What becomes of the ways that parameters' names allow, until one fits; no more than time allows."""
    tried: list[_Tried] = []
    deaths = 0
    no_backward = tr("{name} is a forward; name its backward", name=worker.candidate.name)
    for group in ways(worker.candidate):
        more: list[dict[str, bool | None]] = [{}]
        for changed in more:
            misfits: set[tuple[str, str, bool] | None] = set()
            ended: list[_Tried] = []
            for call in (replace(call, **changed) for call in group):
                lying = None if call.layouts is None else (call.layouts.A, call.layouts.W, call.same)
                if lying is not None and lying in misfits:
                    continue
                if not in_time() or deaths > 2:
                    return tried
                way = _tried(worker, call)
                tried.append(way)
                ended.append(way)
                deaths += way.results[-1].outcome.kind == DIED
                if way.hung or way.perfect or way.results[0].outcome.message == no_backward:
                    return tried
                if _wrong_arguments(way.results[0].outcome):
                    break
                if way.results[0].outcome.kind == RETURNED and not way.fit[0]:
                    misfits.add(lying)  # another shape of the bias does not help
            raised = all(way.results[0].outcome.kind in (RAISED, REFUSED) for way in ended)
            if raised and not changed and worker.candidate.kind != "autograd" and worker.candidate.tensors:
                more.append({"tensors": False})
            if any(_wants_pairs(way.results) for way in ended) and "pairs" not in changed:
                more.append({**changed, "pairs": True})
        if any(way.right for way in tried):
            break
    return tried


def _tried(worker: Worker, call: Call) -> _Tried:
    """A way found from names on the trial problems; the order of what it returns is found on the first."""
    results: list[Result] = []
    for case in trials(worker, call):
        result = _judged(worker, call, case)
        if result.outcome.kind == RETURNED and not call.returns and not result.outcome.labels:
            call = replace(call, returns=_shapes(call, result))
            gradients = named(convention_of(call), result.outcome.returned, (), result.right.problem)
            result = judge(case, result.right, replace(result.outcome, gradients=gradients))
        results.append(result)
        if result.outcome.kind == HUNG or _wrong_arguments(result.outcome):
            break
    return _Tried(call, described(call, worker.candidate), tuple(results))


def _judged(worker: Worker, call: Call, case: Case) -> Result:
    return judge(case, right_of(case), worker.call(call, right_of(case).problem))


def _shapes(call: Call, result: Result) -> tuple[str, ...]:
    """The names of what came back by its shapes, and by its numbers where these leave it open.

    "" is what is no gradient; nothing is returned unless two have their shapes, or all there are.
    """
    outcome, convention = result.outcome, convention_of(call)
    if outcome.kind != RETURNED:
        return ()
    if outcome.labels:
        alike = [found for found in result.judged if found.kind != SHAPE]
        return outcome.labels if alike else ()
    worth: dict[tuple[str, int], int] = {}
    arrays = outcome.returned[:5]
    for name, (place, array) in itertools.product(NAMES, enumerate(arrays)):
        gradients = {name: convention.ours(name, array, result.right.problem)}
        found = judge(result.case, result.right, replace(outcome, gradients=gradients)).judged
        worth[name, place] = sum(1000 if each.kind == RIGHT else each.kind == WRONG for each in found)
    best, most = (), 0
    for order in itertools.permutations((*NAMES, *[""] * max(0, len(arrays) - 1)), len(arrays)):
        value = sum(worth.get((name, place), 0) for place, name in enumerate(order))
        if value > most:
            best, most = tuple(n if worth.get((n, p)) else "" for p, n in enumerate(order)), value
    return best if sum(map(bool, best)) >= min(2, len(arrays)) else ()


def _taken(worker: Worker, way: _Tried) -> tuple[Call, str, Result | None]:
    """What is said of the way that was taken; whether it takes pairs is found out."""
    call, reason = way.call, way.reason
    convention = convention_of(call)
    if way.hung is None and call.convention in ("torch", "named") and call.pairs is None:
        case = fitted(PAIRS, convention)
        if not convention.cannot_say(case.geometry, worker.candidate):
            outcome = worker.call(call, right_of(case).problem)
            told = r"TypeError|tuple|sequence|inhomogeneous|integral" if call.convention == "torch" else ""
            if outcome.kind == RAISED and re.search(told, outcome.message):
                call = replace(call, pairs=False)
    return call, reason, way.hung


def _wrong_arguments(outcome: Outcome) -> bool:
    """Whether a call did not even begin: it has other parameters."""
    if outcome.forward_message:
        return "TypeError" in outcome.forward_message and "argument" in outcome.forward_message
    return outcome.kind == RAISED and not outcome.line and "argument" in outcome.message


def _wants_pairs(results: Sequence[Result]) -> bool:
    """Whether an int was taken for a pair."""
    said = r"TypeError: .*(non-iterable int|'int' object is not (subscri|itera)|of type 'int' has no len)"
    return any(re.search(said, result.outcome.message) for result in results)


CALLING = (
    r"unpack|argument|AttributeError|KeyError|has no attribute|tuple index|list index"
    r"|TypeError(?!.*(slice indices|integer|float))"
)


def _its_own(way: _Tried, speaks: bool) -> bool:
    """Whether what a candidate raises on every problem is surely its own mistake."""
    said = [
        result.outcome.message for result in way.results if result.outcome.kind in (RAISED, DIED, REFUSED)
    ]
    if _surely(way):
        return True
    empty = (
        tr("it returned None; a backward must return its gradients"),
        tr("every gradient that it returned is None"),
    )
    return speaks and bool(said) and not any(m in empty or re.search(CALLING, m) for m in said)


def _surely(way: _Tried) -> bool:
    """Whether an exception can have no other reason than the code that raised it."""
    said = r"^(NameError|UnboundLocalError)\b|returned an invalid gradient"
    return any(re.search(said, result.outcome.message) for result in way.results)


def _cannot(candidate: Candidate, tried: Sequence[_Tried], forward: bool) -> CannotCall:
    """Why a candidate cannot be called, in a sentence, and what was tried."""
    attempts: dict[str, Attempt] = {}
    for way in tried:
        outcome = way.results[0].outcome
        known = CONVENTIONS.get(way.call.convention)
        how = known.call if known is not None else described(way.call, candidate)
        message = outcome.message or tr("what it returns has not the shapes of gradients")
        attempts.setdefault(message, Attempt(how, message, outcome.line, outcome.line_text))
    name = candidate.name
    shown = f"{name}({', '.join((*candidate.parameters, *candidate.keywords))})"
    empty = (
        tr("it returned None; a backward must return its gradients"),
        tr("every gradient that it returned is None"),
    )
    if forward:
        sentence = tr("{name} is a forward; name its backward", name=name)
    elif attempts and set(attempts) <= set(empty):
        sentence = tr("{name} is not written yet: it returns None", name=name)
    elif re.search(CONV1D, name.lower()) or re.search(
        r"\w+,\s*\w+,\s*\w+\s*=\s*\w+\.shape\b(?!\[)", candidate.source
    ):
        sentence = tr("{call} cannot be called: this looks like a conv1d", call=shown)
    else:
        sentence = tr(
            "{call} fits no convention; write an adapter, a function backward(problem) that calls it "
            "and returns dW, db, dA_prev (see README)",
            call=shown,
        )
    return CannotCall(sentence, candidate, tuple(attempts.values())[:TRIED])


def _wants_other_arrays(candidate: Candidate, call: Call, results: Sequence[Result]) -> bool:
    """Whether a call raised, perhaps for being given arrays and not tensors, or tensors."""
    either = call.convention == "torch" or (candidate.tensors and call.convention != "problem")
    untold = either and candidate.kind != "autograd" and call.tensors is None
    return untold and all(result.outcome.kind in (RAISED, REFUSED) for result in results)


def trials(worker: Worker, call: Call) -> list[Case]:
    """Two problems that most wrong backwards get right: stride 1, one sample, padding 1 if possible."""
    convention = convention_of(call)
    if call.convention not in CONVENTIONS:
        return [fitted(case, convention) for case in APART]
    cases, _ = cases_for(convention, worker.candidate)
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
