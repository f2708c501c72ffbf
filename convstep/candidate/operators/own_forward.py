"""Where somebody's own forward is another than the operator's, its slopes say what is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.call.outcome import RETURNED, Attempt, CannotCall
from convstep.candidate.check.wording import count
from convstep.candidate.operators.answer import UNSAID, Judged, Swept
from convstep.candidate.operators.axes import sizes
from convstep.candidate.operators.caller import Caller, Handed
from convstep.candidate.operators.gathering import NEARLY, answer, forward_fits, how_far, renamed
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.operators.ways import Way
from convstep.candidate.operators.written import problem_words, their_cell
from convstep.language import tr
from convstep.operators.operator import Array, OperatorProblem
from convstep.steps.cells import cell_text
from convstep.steps.number_text import told_apart

STEP = 1e-4
"""How far a number is moved."""
CLOSE = 1e-5
"""What such a slope may be off, as a share of the largest one."""
CORNER = 0.02
"""How far slopes to either side may differ, as a share of the largest one: at a corner there is none."""
CELLS, PROBLEMS = 100, 3
"""Of how many cells at most, on how many problems at most, slopes are taken."""
CHUNK = 24
"""Problems in one message."""


def by_own_forward(worker: Caller, way: Way, words: Vocabulary, results: Sequence[Judged]) -> list[Judged]:
    """The results, where its forward differs judged by that: right for it is right.

    What cannot be judged is said to be nothing of.
    """
    tried = 0

    def by_slope(one: Judged, otherwise: Judged) -> Judged:
        nonlocal tried
        slopes = None
        if tried < PROBLEMS and _cells(one.answer.problem, way) <= CELLS:
            tried += 1
            slopes = _slopes(worker, way, words, one.answer.problem)
        return otherwise if slopes is None else _compared(one, slopes, way)

    said = tr("its own forward is another there, so that its backward is not compared")
    found = [by_slope(one, renamed(one, UNSAID, said)) if _differs(one) else one for one in results]
    if any(_differs(one) and now.failed for one, now in zip(results, found, strict=True)):
        # of a constant, as in log(p + 1e-7), so much does not come: what is far off is as wrong elsewhere
        found = [_far_off(one) or now for one, now in zip(results, found, strict=True)]
    another = [one for one, now in zip(results, found, strict=True) if _differs(one) and not now.failed]
    if another and len(another) == sum(map(_differs, results)):
        # it is another function, and right: where only corners tell them apart there is no slope to go by;
        # where there is one, and it says something else, it is wrong for its own forward too
        tried = 0
        again = [by_slope(one, renamed(one, UNSAID, said)) if one.failed else one for one in found]
        found = found if any(one.failed for one in again) else again
    return found


def another_operator(
    worker: Caller, way: Way, results: Sequence[Judged], found: Sequence[Judged]
) -> CannotCall | None:
    """That what it computes is something else, as its own forward shows on most problems; else None.

    What differs by a constant, as in log(p + 1e-7), is the same operator; and what is no gradient of its own
    forward either is wrong. `found` are the results, judged by its own forward; see `by_own_forward`.
    """
    if any(_differs(one) and now.failed for one, now in zip(results, found, strict=True)):
        return None
    compared = [one for one in results if forward_fits(one) is not None and _finite(one)]
    others = [one for one in compared if _differs(one) and forward_fits(one, NEARLY) is False]
    if 2 * len(others) <= len(compared):
        return None
    first = others[0]
    swept = Swept(way.operator, way.convention, tuple(results))
    name = next(
        each for each, array in first.answer.outputs.items() if how_far(array, first.outputs[each]) > 1
    )
    actual, right = first.answer.outputs[name], first.outputs[name]
    cell = tuple(int(at) for at in np.unravel_index(int(np.argmax(np.abs(actual - right))), right.shape))
    came, expected = told_apart(float(actual[cell]), float(right[cell]))
    reason = tr(
        "its own forward returns something else, for example on {problem}"
        if first.answer.summed
        else "its own forward returns something else: {cell} is {actual} where {operator} has {expected}, on "
        "{problem}",
        cell=cell_text(name, their_cell(swept, name, right.shape, cell)) if cell else name,
        actual=came,
        expected=expected,
        operator=tr(way.operator.title),
        problem=problem_words(swept, replace(first.answer.problem, about="")),
    )
    right_for_it = sum(
        _differs(one) and now.answer.kind == RETURNED for one, now in zip(results, found, strict=True)
    )
    if right_for_it:
        reason = tr(
            "{reason}; its gradients are right for that forward, by its slopes on {problems}",
            reason=reason,
            problems=count(right_for_it),
        )
    said = tr(
        "{name} cannot be called as {operator}: {reason}",
        name=worker.candidate.name,
        operator=tr(way.operator.title),
        reason=reason,
    )
    attempt = Attempt(first.answer.call or worker.candidate.name, reason)
    return CannotCall(said, worker.candidate, (attempt,))


def _far_off(one: Judged) -> Judged | None:
    """Of a forward near the operator's, the gradients that are nowhere near; None if there are none."""
    if not forward_fits(one, NEARLY) or not any(NEARLY < share < np.inf for share in one.off.values()):
        return None
    near = {name: one.answer.gradients[name] for name, share in one.off.items() if 1 < share <= NEARLY}
    return replace(one, off={**one.off, **dict.fromkeys(near, 0.0)}, right={**one.right, **near})


def _finite(one: Judged) -> bool:
    return all(np.isfinite(array).all() for array in one.answer.outputs.values())


def _differs(one: Judged) -> bool:
    """Whether its forward and its backward both return other numbers; inf and nan are none."""
    outputs = one.answer.outputs
    wrong = any(share > 1 for share in one.off.values())
    return one.answer.kind == RETURNED and bool(outputs) and wrong and _finite(one) and not forward_fits(one)


def _compared(one: Judged, slopes: Mapping[str, Array], way: Way) -> Judged:
    """Judged by slopes; of a loss that seems to be a sum over the samples, by those of the sum as well."""
    times = (1, sizes(way.operator, one.answer.problem).get("N", 1)) if one.answer.summed else (1,)
    off = dict(one.off)
    right = dict(one.right)
    for name, slope in slopes.items():
        array = one.answer.gradients.get(name)
        if array is None:
            continue
        if (
            min(how_far(array, slope * each) for each in times) * 1e-8 <= CLOSE
        ):  # the share of what is allowed for rounding
            off[name], right[name] = 0.0, array
    return replace(one, off=off, right=right)


def _cells(problem: OperatorProblem, way: Way) -> int:
    return sum(problem.arrays[name[1:]].size for name in way.operator.gradients)


def _slopes(worker: Caller, way: Way, words: Vocabulary, problem: OperatorProblem) -> dict[str, Array] | None:
    """The gradients by moving one number at a time; None where it jumps, or returns nothing there."""
    moved = list(_moved(way, problem))
    handed = [_handed(way, each) for each in moved]
    if any(each is None for each in handed):
        return None
    totals: list[float] = []
    for start in range(0, len(handed), CHUNK):
        some = [each for each in handed[start : start + CHUNK] if each is not None]
        raws = worker.ask(words, some, **way.asked)
        for raw, each in zip(raws, moved[start : start + CHUNK], strict=False):
            outputs = answer(way, words, each, raw).outputs
            if not outputs:
                return None
            above = problem.upstream.values()
            totals.append(sum(float(np.sum(o * d)) for o, d in zip(outputs.values(), above, strict=False)))
    if len(totals) != len(moved) or not np.isfinite(totals).all():
        return None
    here, there = totals[0], np.array(totals[1:]).reshape(-1, 2)
    slopes = (there[:, 0] - there[:, 1]) / (2 * STEP)
    bends = np.abs(there.sum(axis=1) - 2 * here) / STEP
    if bends.max(initial=0) > CORNER * max(float(np.abs(slopes).max(initial=0)), 1e-3):
        return None
    found, start = {}, 0
    for name in way.operator.gradients:
        array = problem.arrays[name[1:]]
        found[name] = slopes[start : start + array.size].reshape(array.shape)
        start += array.size
    return found


def _moved(way: Way, problem: OperatorProblem) -> Iterator[OperatorProblem]:
    """The problem, then for each number that has a gradient the problem with it moved, up and down."""
    yield problem
    for name in way.operator.gradients:
        array = problem.arrays[name[1:]]
        for at in np.ndindex(array.shape):
            for step in (STEP, -STEP):
                other = np.array(array, float)
                other[at] += step
                yield replace(problem, arrays={**problem.arrays, name[1:]: other})


def _handed(way: Way, problem: OperatorProblem) -> Handed | None:
    told = replace(way, fixed={}, above="").handed(problem)
    return None if told is None else told[1]
