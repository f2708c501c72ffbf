"""Find out which operator somebody's backward is and how it is called, then try it on many problems."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED, CannotCall
from convstep.candidate.operators.answer import UNSAID, Judged, Swept
from convstep.candidate.operators.caller import Caller
from convstep.candidate.operators.detect import (
    SEED,
    Detecting,
    Trial,
    cannot_call,
    deadline,
    divisions,
)
from convstep.candidate.operators.gathering import answer, forward_fits, judged, renamed
from convstep.candidate.operators.own_forward import by_own_forward
from convstep.candidate.operators.ways import CONV2D, Way, likely
from convstep.language import tr
from convstep.operators.operator import Convention, Operator, OperatorProblem
from convstep.operators.registry import operator_named

BUDGET = 20.0
"""Seconds for all of it."""
MANY = 36
"""Problems on which it is tried, if it can be told so many."""
MOST = 240
"""Problems that are drawn for that."""
TRYING, GUESSING = 1.5, 5.0
"""Seconds for an operator that nothing but its numbers suggests, and for all such."""
CHUNK = 12
"""Problems in one message."""

Progress = Callable[[int, int], None]


def swept(
    worker: Caller,
    operator: str | None = None,
    progress: Progress | None = None,
    budget: float = BUDGET,
    convention: str | None = None,
) -> Swept | None:
    """Try somebody's backward as an operator's.

    Args:
        worker: it, in its process.
        operator: what it is; by default found from its name.
        progress: told how many problems are done, and how many there are.
        budget: seconds for all of it.
        convention: how its arrays lie, by the name of a convention; by default found out.

    Returns:
        What came of it; None for a convolution's backward, and for what is not known.

    Raises:
        CannotCall: it is one by its name, and no way was found to call it.
        OperatorError: there is no operator, or no convention, of that name.
    """
    if operator is not None:
        if operator == CONV2D:
            return None
        listed = [operator_named(operator)]
    else:
        listed = likely(worker.candidate)
    in_time = deadline(budget)
    failed: CannotCall | None = None
    found: list[Swept] = []
    for one in listed:
        detecting = Detecting(worker, one, deadline(budget / 3 / max(len(listed), 1)), convention)
        trial = detecting.best()
        if trial is not None and operator is None and trial.another and not trial.right:
            other = _other_operator(worker, in_time, {each.name for each in listed})
            if other is not None and other[1].forward:
                detecting, trial = other
        if trial is None or not trial.believable:
            failed = failed or cannot_call(worker, detecting.tried, one)
            continue
        swept = _swept(worker, detecting, trial, progress, in_time)
        if swept.failing is not None:
            return _noted(swept, [])
        found.append(swept)
    if found:
        return _noted(found[0], found[1:])
    if operator is None and (other := _other_operator(worker, in_time)) is not None:
        detecting, trial = other
        return _swept(worker, detecting, trial, progress, in_time)
    if failed is not None:
        raise failed
    return None


def _other_operator(
    worker: Caller, in_time: Callable[[], bool], tried: Collection[str] = ()
) -> tuple[Detecting, Trial] | None:
    """What its numbers show it to be, where its name shows nothing that fits."""
    name, text = worker.candidate.name.lower(), worker.candidate.source.lower()
    convolves = "conv" in name
    if convolves and not re.search(r"temporal|1_?d|seq|length|transpose|deconv|upsampl", name + text):
        return None
    soon = deadline(GUESSING)
    for one in likely(worker.candidate, everything=True):
        if not (in_time() and soon()):
            break
        if one.name in tried or (convolves and "conv" not in one.name):
            continue
        detecting = Detecting(worker, one, deadline(TRYING))
        trial = detecting.best()
        if trial is not None and trial.certain:
            return detecting, trial
    return None


def _noted(swept: Swept, others: Sequence[Swept]) -> Swept:
    said = [
        tr("it is {operator} as well, and right there too", operator=tr(other.operator.title))
        for other in others
    ]
    return replace(swept, notes=(*swept.notes, *said))


def _swept(
    worker: Caller,
    detecting: Detecting,
    trial: Trial,
    progress: Progress | None,
    in_time: Callable[[], bool],
) -> Swept:
    way = trial.way
    results: list[Judged] = []
    problems = _problems(detecting.operator)
    drawn = 0
    heard = 0
    while heard < MANY and drawn < MOST and in_time():
        chunk: list[tuple[OperatorProblem, Any]] = []
        while len(chunk) < CHUNK and drawn < MOST:
            drawn += 1
            problem = next(problems)
            told = way.handed(problem)
            if told is not None:
                chunk.append(told)
            elif problem.about:
                results.append(_untold(way, problem))
        raws = worker.ask(
            detecting.words, [each for _, each in chunk], pairs=way.pairs, tensors=way.tensors, mode=way.mode
        )
        divided = _divided(way)
        for (problem, _), raw in zip(chunk, raws, strict=False):
            one = judged(way, answer(way, detecting.words, problem, raw), divided)
            if raw.stage in ("make", "plant", "forward") and raw.kind in (RAISED, REFUSED):
                said = tr("not tried: its own forward raises there: {message}", message=raw.message)
                one = renamed(one, UNSAID, said)
            elif _other_shape(one):
                said = tr("not tried: what its own forward returns there has another shape")
                one = renamed(one, UNSAID, said)
            elif raw.kind == REFUSED:
                one = renamed(one, UNSAID, raw.message)
            results.append(one)
            heard += one.answer.kind != UNSAID
        if progress is not None:
            progress(min(heard, MANY), MANY)
        if any(raw.kind in (HUNG, DIED) for raw in raws):
            break
    results = _other_ranks(detecting.operator, results)
    results = [one for one in results if one.answer.kind != UNSAID or one.answer.problem.about]
    results += _in_batches(worker, detecting, way, results)
    if all(one.answer.kind == UNSAID for one in results):
        raise cannot_call(worker, detecting.tried, detecting.operator)
    if not detecting.insisted:
        results, way = _averaged(way, results)
    results, way = _ignoring(way, results)
    if in_time():
        results = by_own_forward(worker, way, detecting.words, results)
    notes = _notes(way)
    return Swept(detecting.operator, way.convention, tuple(results), dict(way.fixed), tuple(notes), way)


def _in_batches(worker: Caller, detecting: Detecting, way: Way, results: Sequence[Judged]) -> list[Judged]:
    """What takes an x of one more axis in front is tried on that too: its own forward shows it."""
    operator = way.operator
    first = next(iter(operator.axes))
    if operator.axes[first] != "N*" or not way.axes[first].startswith("N"):
        return []
    deep = [
        one for one in results if one.answer.kind == RETURNED and one.answer.problem.arrays[first].ndim > 2
    ]
    lying = {**way.axes, **{name: f"1{axes}" for name, axes in way.axes.items() if axes[:1] == "N"}}
    other = replace(way, convention=Convention("a batch of samples", lying, _divided(way)))
    told = [other.handed(problem) for problem in itertools.islice(_problems(operator), CHUNK)]
    handed = [each for each in told if each is not None and each[0].arrays[first].ndim == 2]
    if deep or not handed:
        return []
    raws = worker.ask(
        detecting.words, [each for _, each in handed], pairs=way.pairs, tensors=way.tensors, mode=way.mode
    )
    found = [
        judged(other, answer(other, detecting.words, problem, raw), _divided(way))
        for (problem, _), raw in zip(handed, raws, strict=False)
    ]
    right = sum(_weights_right(one, f"d{first}") for one in found)
    return found if all(map(forward_fits, found)) and 2 * right > len(found) else []


def _weights_right(one: Judged, of_x: str) -> bool:
    """Whether all gradients but that of x came, and are right."""
    return bool(one.off) and all(off <= 1 for name, off in one.off.items() if name != of_x)


def _divided(way: Way) -> Mapping[str, str]:
    return way.convention.divided if way.convention else {}


def _other_shape(one: Judged) -> bool:
    """Whether its own forward returns something of another shape, so that no gradient from above fits."""
    return any(array.shape != one.outputs[name].shape for name, array in one.answer.outputs.items())


def _problems(operator: Operator) -> Iterator[OperatorProblem]:
    return operator.problems(np.random.default_rng(SEED))


def _untold(way: Way, problem: OperatorProblem) -> Judged:
    from convstep.candidate.operators.answer import Answer

    return Judged(Answer(problem, UNSAID), way.operator.right(problem), way.operator.run(problem), {})


def _other_ranks(operator: Operator, results: list[Judged]) -> list[Judged]:
    """What takes x of so many axes nowhere is not meant for it, so that nothing is said of that.

    That it takes them shows where its own forward agrees on most of them, or, without one, where it returns
    the gradients of its weights right; and those have their shapes.
    """
    first = next(iter(operator.axes))
    if "*" not in operator.axes[first]:
        return results
    by_rank: dict[int, list[Judged]] = {}
    for one in results:
        by_rank.setdefault(one.answer.problem.arrays[first].ndim, []).append(one)
    taken = {rank: _takes(some, f"d{first}") for rank, some in by_rank.items()}
    if operator.axes[first] == "*":  # such a forward takes any, whatever its backward is meant for
        right = [rank for rank, some in by_rank.items() if not any(one.failed for one in some)]
        taken = {rank: taken[rank] and (not right or rank in right) for rank in taken}
    if not any(taken.values()):
        return results
    said = tr("it does not take x of so many axes")
    return [
        one
        if taken[one.answer.problem.arrays[first].ndim] or one.answer.kind not in (RETURNED, RAISED)
        else renamed(one, UNSAID, said)
        for one in results
    ]


def _takes(results: Sequence[Judged], of_x: str) -> bool:
    """Whether it is meant for these problems."""
    heard = [one for one in results if one.answer.kind in (RETURNED, RAISED)]
    others = [[off for name, off in one.off.items() if name != of_x] for one in heard]
    if any(others) and not any(offs and np.inf not in offs for offs in others):
        return False
    if any(one.answer.outputs for one in results):
        return 2 * sum(forward_fits(one) is True for one in results) > len(results)
    return any(_weights_right(one, of_x) for one in heard)


def _averaged(way: Way, results: list[Judged]) -> tuple[list[Judged], Way]:
    """Gradients divided by the batch on every problem are a convention, though the trials missed it."""
    right = sum(share <= 1 for one in results for share in one.off.values())
    for convention in divisions(way):
        divided = convention.divided if convention else {}
        other = [judged(way, one.answer, divided) for one in results]
        all_right = all(one.off[name] <= 1 for one in other for name in divided if name in one.off)
        if divided and all_right and sum(share <= 1 for one in other for share in one.off.values()) > right:
            return other, replace(way, convention=convention)
    return results, way


def _ignoring(way: Way, results: list[Judged]) -> tuple[list[Judged], Way]:
    """A loss's backward that takes the gradient from above to be 1, whatever it is told."""
    scalar = all(array.ndim == 0 for one in results for array in one.answer.problem.upstream.values())
    if way.above or not scalar or not any(share > 1 for one in results for share in one.off.values()):
        return results, way
    alone = replace(way, above="1")
    others = []
    for one in results:
        problem = one.answer.problem
        ones = {name: np.ones_like(array) for name, array in problem.upstream.items()}
        told = replace(one.answer, problem=replace(problem, upstream=ones, about=""))
        other = judged(alone, told, way.convention.divided if way.convention else {})
        others.append(other if one.off else one)
    return (results, way) if any(one.failed for one in others) else (others, alone)


def _notes(way: Way) -> Iterator[str]:
    divided = way.convention.divided if way.convention else {}
    if divided:
        yield tr(
            "{names} are divided by the number of samples: a convention of its course, not a mistake",
            names=", ".join(divided),
        )
    if way.above == "1":
        yield tr("it takes the gradient from above to be 1")
    if way.above == "N":
        yield tr(
            "its gradient is that of the sum over the samples, not of their mean: whoever uses it divides"
        )
