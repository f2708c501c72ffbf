"""What a backward takes besides: x of more axes, batches of samples, labels in another form."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.call.outcome import RAISED, REFUSED, RETURNED
from convstep.candidate.operators.answer import UNSAID, Judged, Swept
from convstep.candidate.operators.axes import SPLIT
from convstep.candidate.operators.caller import Caller, Handed, Raw
from convstep.candidate.operators.detect import SEED, Detecting
from convstep.candidate.operators.evidence import Evidence
from convstep.candidate.operators.gathering import answers, forward_fits, judged, renamed
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.operators.ways import Way, labels
from convstep.language import tr
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem

CHUNK = 12
"""Problems in one message."""
DEEPER = 60
"""Problems that are looked at for those whose x can have one more axis."""


def problems_of(operator: Operator) -> Iterator[OperatorProblem]:
    """The problems of a sweep."""
    return operator.problems(np.random.default_rng(SEED))


def divided(way: Way) -> Mapping[str, str]:
    """By what a way's gradients are divided."""
    return way.convention.divided if way.convention else {}


def tried(
    worker: Caller,
    words: Vocabulary,
    way: Way,
    told: Sequence[tuple[OperatorProblem, Handed]],
    before: list[tuple[OperatorProblem, Raw]] | None = None,
) -> list[Judged]:
    """What comes of problems, judged; nothing is said of those that its own forward does not take.

    `before` is what came of others; it gets these as well.
    """
    handed = [each for _, each in told]
    raws = worker.ask(words, handed, **way.asked)
    came = [(problem, raw) for (problem, _), raw in zip(told, raws, strict=False)]
    found = answers(way, words, came, before or ())
    if before is not None:
        before += came
    return [_taken(judged(way, each, divided(way)), raw) for each, (_, raw) in zip(found, came, strict=True)]


def varying_gradients(
    worker: Caller, words: Vocabulary, way: Way, results: Sequence[Judged]
) -> tuple[str, ...]:
    """Those of its wrong gradients that are other numbers when it is called again."""
    wrong = [one for one in results if one.answer.kind == RETURNED and one.failed]
    handed = replace(way, fixed={}, above="").handed(wrong[0].answer.problem) if wrong else None
    if handed is None:
        return ()

    def called(seed: int) -> Mapping[str, Array]:
        (raw,) = worker.ask(words, [handed[1]], **way.asked, seed=seed)
        (found,) = answers(way, words, [(handed[0], raw)])
        return found.gradients

    one, other = called(0), called(1)
    return tuple(
        name
        for name, array in one.items()
        if wrong[0].off.get(name, 0) > 1
        and name in other
        and not np.array_equal(array, other[name], equal_nan=True)
    )


def _taken(one: Judged, raw: Raw) -> Judged:
    if raw.stage in ("make", "plant", "forward") and raw.kind in (RAISED, REFUSED):
        said = tr("its own forward raises there: {message}", message=raw.message)
        return renamed(one, UNSAID, said)
    if any(array.shape != one.outputs[name].shape for name, array in one.answer.outputs.items()):
        return renamed(one, UNSAID, tr("what its own forward returns there has another shape"))
    return one


def other_ranks(way: Way, results: list[Judged]) -> list[Judged]:
    """What takes x of so many axes by accident is not meant for it, so that nothing is said of that.

    What it is meant for shows where its own forward agrees on most problems, or, without one, where it
    returns the gradients of its weights right. x of still more axes it takes if it does so on each of these
    problems (see `_takes_all`): NumPy multiplies and broadcasts some of what a function for matrices gets.
    """
    operator = way.operator
    first = next(iter(operator.axes))
    if "*" not in operator.axes[first]:
        return results
    by_rank: dict[int, list[Judged]] = {}
    for one in results:
        by_rank.setdefault(one.answer.problem.arrays[first].ndim, []).append(one)
    single = "N" not in way.lying
    taken = {rank: _takes(some, f"d{first}", single) for rank, some in by_rank.items()}
    if operator.axes[first] == "*":  # such a forward takes any, whatever its backward is meant for
        right = [rank for rank, some in by_rank.items() if not any(one.failed for one in some)]
        right = right or [rank for rank, some in by_rank.items() if _known(way, some)]
        taken = {rank: taken[rank] and (not right or rank in right) for rank in taken}
    heard = [rank for rank, some in by_rank.items() if any(one.answer.kind == RETURNED for one in some)]
    if not heard:
        return results
    sure = [rank for rank in by_rank if taken[rank]]
    lowest = min(sure or heard)
    for rank, some in by_rank.items():
        believed = taken[rank] if sure else rank >= lowest
        taken[rank] = believed and (rank == lowest or _takes_all(way, by_rank[lowest], some))
    said = tr("it does not take x of so many axes")
    return [
        one
        if taken[one.answer.problem.arrays[first].ndim] or one.answer.kind not in (RETURNED, RAISED)
        else renamed(replace(one, answer=replace(one.answer, outputs={})), UNSAID, said)
        for one in results
    ]


def _known(way: Way, results: Sequence[Judged]) -> bool:
    """Whether every gradient is that of a known mistake on all of these problems."""
    evidence = Evidence(Swept(way.operator, way.convention, tuple(results)))
    return bool(evidence.returned) and all(map(evidence.reproduced, way.operator.gradients))


def _takes_all(way: Way, lower: Sequence[Judged], results: Sequence[Judged]) -> bool:
    """Whether it takes all problems whose x has more axes than those that it is meant for.

    Its own forward has to be right there; without one it must not raise, and the gradients of its weights
    must have as many axes as before. One sample without an axis of its own has no more axes to flatten.
    An axis of length 1 shows nothing.
    """
    telling = [one for one in results if 1 not in _lengths(one)] or results
    if any(one.answer.outputs for one in results):
        return all(forward_fits(one) is True for one in telling)
    if "N" in way.operator.axes[next(iter(way.operator.axes))] and "N" not in way.lying:
        return False
    return all(one.answer.kind == RETURNED for one in results) and _ranks(telling) <= _ranks(lower)


def _lengths(one: Judged) -> set[int]:
    return {length for array in one.answer.problem.arrays.values() for length in array.shape[1:]}


def _ranks(results: Sequence[Judged]) -> set[tuple[str, int]]:
    """How many axes the gradients of the weights have."""
    first = next(iter(results)).answer.problem
    own = f"d{next(iter(first.arrays))}"
    return {(name, len(shape)) for one in results for name, shape in one.answer.shapes.items() if name != own}


def _takes(results: Sequence[Judged], of_x: str, single: bool) -> bool:
    """Whether it is meant for these problems."""
    heard = [one for one in results if one.answer.kind in (RETURNED, RAISED)]
    others = [[off for name, off in one.off.items() if name != of_x] for one in heard]
    if any(others) and not any(offs and np.inf not in offs for offs in others):
        return False
    if any(one.answer.outputs for one in results):
        return 2 * sum(forward_fits(one) is True for one in results) > len(results)
    if single or all({*one.off} <= {of_x} for one in heard):
        # a gradient that is zero is right by accident
        heard = [one for one in heard if one.off.get(of_x, 1) <= 1 and np.any(one.right.get(of_x, 1))]
    return any(_weights_right(one, of_x) for one in heard)


def _weights_right(one: Judged, of_x: str) -> bool:
    """Whether all gradients but that of x came, and are right."""
    return bool(one.off) and all(off <= 1 for name, off in one.off.items() if name != of_x)


def in_batches(
    worker: Caller, detecting: Detecting, way: Way, results: Sequence[Judged]
) -> tuple[list[Judged], bool]:
    """What comes of an x of one more axis in front, and whether it is meant for it.

    Its own forward shows that, and the gradients of its weights: most have to be right there, or all to have
    their shapes.
    """
    operator = way.operator
    first = next(iter(operator.axes))
    if operator.axes[first] != "N*" or not way.axes[first].startswith("N"):
        return [], False
    deep = [
        one for one in results if one.answer.kind == RETURNED and one.answer.problem.arrays[first].ndim > 2
    ]
    lying = {**way.axes, **{name: f"{SPLIT}{axes}" for name, axes in way.axes.items() if axes[:1] == "N"}}
    other = replace(way, convention=Convention("a batch of samples", lying, divided(way)))
    told = [other.handed(problem) for problem in itertools.islice(problems_of(operator), DEEPER)]
    handed = [each for each in told if each is not None and each[0].arrays[first].ndim == 2]
    if deep or not handed:
        return [], False
    found = [_batched(one, other.convention) for one in tried(worker, detecting.words, other, handed)]
    taken = all(map(forward_fits, found))
    right = sum(_weights_right(one, f"d{first}") for one in found)
    # whoever does not mean it has an axis too many, and no numbers that could be right
    shaped = not divided(way) and all(one.off and np.inf not in one.off.values() for one in found)
    return (found if taken else []), taken and (2 * right > len(found) or shaped)


def _batched(one: Judged, convention: Convention | None) -> Judged:
    problem = replace(one.answer.problem, about="there is one more axis in front")
    return replace(one, answer=replace(one.answer, problem=problem, batch=convention))


def other_labels(worker: Caller, detecting: Detecting, way: Way, results: Sequence[Judged]) -> list[Judged]:
    """What comes of labels in the other form, rows or numbers, where its forward returns the same then."""
    if not results or not labels(way.operator, results[0].answer.problem):
        return []
    other, losses = replace(way, hot=not way.hot), []
    told = []
    for one in results[:CHUNK]:
        handed = replace(other, fixed={}, above="").handed(one.answer.problem)
        if one.answer.kind == RETURNED and one.answer.outputs and handed is not None:
            told.append(handed)
            losses.append(one.answer.outputs)
    found = tried(worker, detecting.words, other, told) if told else []
    same = (
        all(
            one.answer.outputs.keys() == before.keys()
            and all(np.allclose(value, before[name]) for name, value in one.answer.outputs.items())
            for one, before in zip(found, losses, strict=True)
        )
        if len(found) == len(losses)
        else False
    )
    return [_as_labels(one, other.hot) for one in found] if same else []


def _as_labels(one: Judged, hot: bool) -> Judged:
    about = "labels are rows of zeros with a one" if hot else "labels are whole numbers"
    problem = replace(one.answer.problem, about=about)
    return replace(one, answer=replace(one.answer, problem=problem, besides=True))
