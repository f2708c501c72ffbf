"""Find out how a candidate is to be called: try what its signature allows, and take what fits."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from convstep.candidate.call.calling import Call
from convstep.candidate.call.containers import path_of
from convstep.candidate.call.conventions import AUTO, CONVENTIONS, check_convention, convention_of
from convstep.candidate.call.likely import CONV1D, is_forward, likely, of_other_axes, spoken
from convstep.candidate.call.named import ONE_CELL, RULES, described, makes_column, ways
from convstep.candidate.call.outcome import DIED, RAISED, REFUSED, RETURNED, Attempt, Candidate, CannotCall
from convstep.candidate.call.words import roles_of
from convstep.candidate.call.worker import Worker
from convstep.candidate.call.written import call_text
from convstep.candidate.check import layers
from convstep.candidate.check.cases import fitted, right_of
from convstep.candidate.check.defaults import told_by_numbers
from convstep.candidate.check.grade import Result, asked, forward_fits
from convstep.candidate.check.trying import (
    PAIRS,
    Tried,
    by_name,
    in_lists,
    pointwise,
    right_with_two,
    square_pictures,
    told_more,
    trial_results,
    wants_other_arrays,
    written_batches,
    written_kernels,
)
from convstep.candidate.load.selection import is_stub
from convstep.language import tr

TRIED = 12
"""Attempts that are told of a candidate that cannot be called."""


def detect_convention(
    worker: Worker,
    convention: str = AUTO,
    budget: float = 20.0,
    clock: Callable[[], float] | None = None,
) -> tuple[Call, str, Result | None]:
    """How to call a candidate, why so, and the call that hung during the trials, if one did.

    A convention asked for is taken. Else each that the signature allows is tried on two problems that most
    wrong backwards get right, and the one that fits best is taken, the likelier first. The cache is the one
    the convention prescribes, unless the candidate's own forward's fits better. Where none of them fits, ways
    are found from the names of its parameters. After `budget` seconds of `clock` the best of those tried is
    taken.

    `CannotCall` if no way of calling returns gradients, or it is not a backward at all; a `CandidateError` if
    there is no such convention.
    """
    clock, candidate = clock or worker.clock, worker.candidate
    began = clock()
    check_convention(convention)
    if is_stub(candidate.source):
        raise CannotCall(tr("{name} is not written yet", name=candidate.name), candidate)
    if candidate.kind == "class":
        return layers.detect_layer_call(
            functools.partial(asked, worker),
            candidate,
            lambda: clock() - began < budget,
            lambda message: (
                not re.search(CALLING, message) and bool(re.match(r"\w+(Error|Exception)\b", message))
            ),
        )
    options = [(convention, tr("it was asked for"))] if convention != AUTO else likely(candidate)
    own = bool(candidate.forward)
    known = [
        (Call(name, own_cache, column=makes_column(candidate.source)), reason)
        for name, reason in options
        for own_cache in (False, True)
        if not own_cache or (own and CONVENTIONS[name].held and _may_take_options(candidate, name))
    ]
    if (len(known) == 1 and known[0][0].convention == "problem") or (
        convention not in (AUTO, "torch") and len(known) == 1
    ):
        return (*known[0], None)
    forward = convention == AUTO and is_forward(candidate)
    tried = (
        []
        if forward or (convention == AUTO and candidate.depthwise)
        else _known(worker, known, lambda: clock() - began < budget)
    )
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
        found = pointwise(worker, ONE_CELL, lambda: clock() - began < budget)
        if not any(way.right for way in found):
            found += by_name(worker, lambda: clock() - began < budget)
        if not any(way.right for way in (*tried, *found)):
            found += written_kernels(worker, found, lambda: clock() - began < 2 * budget) or square_pictures(
                worker, found
            )
            found += in_lists(worker, found, lambda: clock() - began < 2 * budget)
    cropped = any(way.perfect and way.cropped for way in found)
    better = max(found, key=lambda way: (way.rights if cropped else 0.0, way.perfect, way.fit), default=None)
    if better is not None and (better.hung or better.perfect):
        return _taken(worker, _with_its_cache(worker, told_more(better, found)))
    speaks = best is not None and spoken(candidate, best.call.convention)
    own_mistake = best is not None and _its_own(best, speaks)
    if best is not None and own_mistake and better is not None and better.right:
        # it may have been told the wrong things, unless it raises for the batch alone
        own_mistake = right_with_two(worker, best)
    if (
        better is not None
        and better.explained
        and (better.right or clock() - began < budget)  # there may be a better one that was not tried
        and not own_mistake
        and (best is None or better.fit > best.fit)
    ):
        return _taken(worker, better)
    if best is not None and (own_mistake or (best.believable and (best.right or speaks))):
        return _taken(worker, best)
    if better is not None and _its_own(better, False):
        return _taken(worker, better)
    if not forward and (only := written_batches(worker, [*tried, *found])):
        return _taken(worker, max(only, key=lambda way: way.fit))
    raise _cannot(candidate, [*tried, *found], forward)


def _may_take_options(candidate: Candidate, convention: str) -> bool:
    """Whether its own forward may be handed hyperparameters as a convention has it."""
    roles = [role for name in candidate.forward_parameters[3:4] for role in roles_of(name)]
    return convention not in ("coursera", "cs231n") or not roles or "hparameters" in roles


def _known(worker: Worker, ways: list[tuple[Call, str]], in_time: Callable[[], bool]) -> list[Tried]:
    """Try the conventions that a signature allows, until one fits."""
    tried: list[Tried] = []
    while ways and (not tried or in_time()):
        call, reason = ways.pop(0)
        results = tuple(trial_results(worker, call))
        if call.own_cache:
            own = worker.candidate.forward
            reason = tr("{reason}, with the cache from its own {forward}", reason=reason, forward=own)
        if call.tensors is not None:
            words = "{reason}, with tensors" if call.tensors else "{reason}, with NumPy arrays"
            reason = tr(words, reason=reason)
        tried.append(Tried(call, reason, results))
        if tried[-1].hung or tried[-1].perfect:
            break
        if wants_other_arrays(worker.candidate, call, results):
            ways.insert(0, (replace(call, tensors=not call.with_tensors(worker.candidate)), reason))
    return tried


def _with_its_cache(worker: Worker, way: Tried) -> Tried:
    """A right way, or the same with the cache of its own forward, where that forward takes more: a stride.

    A backward that never asks its cache for the stride looks like one that takes none.
    """
    held = () if way.call.own_cache or way.call.backward is None else way.call.backward.given
    said = {role for name in worker.candidate.forward_parameters for role in roles_of(name)}
    more = (said & {"stride", "padding", "dilation", "groups"}) - way.call.says
    if way.hung or not more or not any(path_of(name) for name, _ in held):
        return way
    for call in itertools.chain.from_iterable(ways(worker.candidate)):
        alike = (call.layouts, call.rule, call.stride) == (way.call.layouts, way.call.rule, way.call.stride)
        if not (call.own_cache and more & call.says and alike and "cache" in call.says):
            continue
        call = replace(call, returns=way.call.returns, tensors=way.call.tensors, pairs=way.call.pairs)
        results = tuple(trial_results(worker, call))
        if results[0].ok and all(forward_fits(one) and one.grades for one in results):
            return Tried(call, described(call, worker.candidate), results)
    return way


def _taken(worker: Worker, way: Tried) -> tuple[Call, str, Result | None]:
    """The result for the way that was chosen, after finding out whether it takes pairs."""
    call, reason = way.call, way.reason
    if way.hung is None and call.convention == "named":
        more = told_by_numbers(functools.partial(asked, worker), call, worker.candidate)
        reason = reason.replace(described(call, worker.candidate), described(more, worker.candidate))
        call = more
    convention = convention_of(call)
    if way.hung is None and call.convention in ("torch", "named") and call.pairs is None:
        told = r"TypeError|tuple|sequence|inhomogeneous|integral" if call.convention == "torch" else ""
        for case in (fitted(case, convention) for case in PAIRS):
            if convention.cannot_say(case.geometry, worker.candidate):
                continue
            outcome = worker.call(call, right_of(case).problem)
            raised = outcome.kind == RAISED or outcome.forward_message
            if raised and re.search(told, outcome.message):
                call = replace(call, pairs=False)
    if way.hung is None:
        shown = layers.with_even_kernels(functools.partial(asked, worker), call)
        if shown.rule != call.rule:
            reason = reason.replace(tr(RULES[call.rule]), tr(RULES[shown.rule]))
        call = shown
    return call, reason, way.hung


CALLING = (
    r"unpack|argument|AttributeError|KeyError|has no attribute|only integers, slices|indices must be"
    r"|tuple index|list index|only integer scalar arrays|too many indices"
    r"|TypeError(?!.*(slice indices|integer|float))"
)


def _its_own(way: Tried, speaks: bool) -> bool:
    """Whether what a candidate raises on every problem is surely its own mistake."""
    said = [
        result.outcome.message for result in way.results if result.outcome.kind in (RAISED, DIED, REFUSED)
    ]
    if _surely(way):
        return True
    return (
        speaks
        and bool(said)
        and not any(m in _empty() or re.search(CALLING, m) or _reshaped(m) for m in said)
    )


def _empty() -> tuple[str, str]:
    """What is said of a call that returned, but no gradients."""
    return (
        tr("it returned None; a backward must return its gradients"),
        tr("every gradient that it returned is None"),
    )


def _surely(way: Tried) -> bool:
    """Whether an exception can have no other reason than the code that raised it."""
    said = r"^(NameError|UnboundLocalError)\b|returned an invalid gradient"
    messages = [result.outcome.message for result in way.results]
    return any(re.search(said, message) and not _reshaped(message) for message in messages)


def _reshaped(message: str) -> bool:
    """Whether PyTorch refuses a gradient for its shape that fits if its input is given in that shape."""
    shapes = re.search(r"invalid gradient .*got \[([\d, ]*)\] but expected .*\[([\d, ]*)\]", message)
    if shapes is None:
        return False
    got, expected = ([size for size in re.findall(r"\d+", each) if size != "1"] for each in shapes.groups())
    return got == expected


def _cannot(candidate: Candidate, tried: Sequence[Tried], forward: bool) -> CannotCall:
    """Why a candidate cannot be called, in a sentence, and what was tried."""
    attempts: dict[str, Attempt] = {}
    for way in tried:
        outcome = way.results[0].outcome
        problem = way.results[0].right.problem
        how = call_text(way.call, candidate, problem) or described(way.call, candidate)
        attempt = Attempt.of(how, outcome, tr("what it returns does not have the shapes of gradients"))
        attempts.setdefault(attempt.message, attempt)
    name = candidate.name
    shown = f"{name}({', '.join((*candidate.parameters, *candidate.keywords))})"
    if forward and candidate.tensors and attempts:
        sentence = tr(
            "{name} is a forward; name its backward (autograd makes no gradients of a convolution of it)",
            name=name,
        )
    elif forward:
        sentence = tr("{name} is a forward; name its backward", name=name)
    elif attempts and set(attempts) <= set(_empty()):
        sentence = tr("{name} is not written yet: it returns None", name=name)
    elif another := of_other_axes(candidate, shown):
        sentence = another
    elif not candidate.parameters and not candidate.variadic:
        sentence = tr("{call} takes nothing, so it cannot be handed a gradient from above", call=shown)
    else:
        sentence = tr("{call} fits no convention, and its names do not tell how to call it", call=shown)
    return CannotCall(sentence, candidate, tuple(attempts.values())[:TRIED])
