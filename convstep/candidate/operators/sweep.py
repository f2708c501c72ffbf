"""Find out which operator somebody's backward is and how it is called, then try it on many problems."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.call.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED, CannotCall
from convstep.candidate.check.wording import listed
from convstep.candidate.operators.answer import UNSAID, Answer, Judged, Swept
from convstep.candidate.operators.axes import ONE_SAMPLE
from convstep.candidate.operators.caller import Caller, Raw
from convstep.candidate.operators.dependence import IGNORED, depending
from convstep.candidate.operators.detect import (
    Detecting,
    cannot_call,
    deadline,
    divisions,
)
from convstep.candidate.operators.evidence import Evidence, same
from convstep.candidate.operators.gathering import forward_fits, how_far, judged
from convstep.candidate.operators.own_forward import another_operator, by_own_forward
from convstep.candidate.operators.takes import (
    CHUNK,
    in_batches,
    other_labels,
    other_ranks,
    problems_of,
    tried,
    varying_gradients,
)
from convstep.candidate.operators.trial import Trial
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.operators.ways import CONV2D, Way, likely, modes
from convstep.language import tr
from convstep.operators.mistake import Variant
from convstep.operators.operator import Operator, OperatorProblem
from convstep.operators.registry import operator_named

BUDGET = 20.0
"""Seconds for all of it."""
MANY = 36
"""Problems on which it is tried, if it can be told so many."""
MOST = 240
"""Problems that are drawn for that."""
TRYING, GUESSING = 1.5, 4.0
"""Seconds for an operator that nothing but its numbers suggests, and for all such."""

NARROW = "rank-2-assumed"
"""What a note begins with about a backward that is right for so many axes of x alone."""

Progress = Callable[[int, int], None]


def swept(
    worker: Caller,
    operator: str | None = None,
    progress: Progress | None = None,
    budget: float = BUDGET,
    convention: str | None = None,
) -> Swept | None:
    """Try somebody's backward as an operator's, by default the one of its name, in a convention of that name.

    None for a convolution's backward, and for what is not known. `CannotCall` if it is one by its name, and
    no way was found to call it; an `OperatorError` if there is no such operator or convention.
    """
    if operator is not None:
        if operator == CONV2D:
            return None
        listed = [operator_named(operator)]
    else:
        listed = likely(worker.candidate)
    in_time = deadline(budget, worker.clock)
    failed: CannotCall | None = None
    found: list[Swept] = []
    wrong: list[Swept] = []
    fits = False
    queue: list[tuple[Operator, tuple[Detecting, Trial | None] | None]] = [(one, None) for one in listed]
    for one, known in queue:  # which grows: last comes what its own forward is not
        if found and operator is None and modes(one, worker.candidate) == [found[-1].way.mode]:
            continue  # by the same call it is something already
        if known is None:
            detecting = Detecting(
                worker, one, deadline(budget / 4 / max(len(listed), 1), worker.clock), convention
            )
            trial = detecting.best()
        else:
            detecting, trial = known
        foreign = trial is not None and trial.another and not trial.right
        if foreign and operator is None and known is None:
            queue.append((one, (detecting, trial)))
            continue
        if foreign and fits:
            break
        if foreign and operator is None and one is queue[-1][0] and not found:
            other = _other_operator(worker, in_time, {each.name for each in listed})
            if other is not None and other[1].forward:
                detecting, trial = other
        if trial is None or not trial.believable:
            failed = failed or cannot_call(worker, detecting.tried, one)
            continue
        try:
            swept = _swept(worker, detecting, trial, progress, in_time)
        except CannotCall as error:
            failed = failed or error
            continue
        fits = fits or not foreign
        if swept.failing is None:
            found.append(swept)
        elif swept.way.mode or len(listed) == 1:
            return _noted(swept, [])
        else:
            wrong.append(swept)
    wrong = [one for one in wrong if all(one.way.mode != each.way.mode for each in found)]
    if wrong:  # if it is right as none of them, it is what explains most
        return _noted(max(wrong, key=_explained), [])
    if found:
        return _noted(found[0], found[1:])
    if operator is None and (other := _other_operator(worker, in_time)) is not None:
        detecting, trial = other
        with contextlib.suppress(CannotCall):  # nobody has called it that
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
    soon = deadline(GUESSING, worker.clock)
    for one in likely(worker.candidate, everything=True):
        if not (in_time() and soon()):
            break
        if one.name in tried or (convolves and "conv" not in one.name):
            continue
        detecting = Detecting(worker, one, deadline(TRYING, worker.clock), doubted=True)
        trial = detecting.best()
        if trial is not None and trial.certain:
            return detecting, trial
    return None


def _explained(swept: Swept) -> float:
    """On what share of the problems its gradients are those of one known mistake."""
    evidence = Evidence(swept)

    def share(variant: Variant) -> float:
        made = [(one.answer.gradients, evidence.made(variant, one)) for one in evidence.returned]
        fits = [
            each is not None and all(same(array, each[name]) for name, array in came.items())
            for came, each in made
        ]
        return sum(fits) / max(len(fits), 1)

    return max((share(variant) for _, variant in evidence.variants()), default=0.0)


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
    before = [(one.answer.problem, raw) for one, raw in zip(trial.results, trial.raws, strict=True)]
    results = _results(worker, detecting, way, progress, in_time, before)
    whole, results = results, other_ranks(way, results)
    results = [one for one in results if one.answer.kind != UNSAID or one.answer.problem.about]
    deeper, meant = in_batches(worker, detecting, way, results)
    whole = [*whole, *deeper]
    results += (deeper if meant else []) + other_labels(worker, detecting, way, results)
    if all(
        one.answer.kind in (UNSAID, REFUSED) or (one.answer.kind == RETURNED and not one.off)
        for one in results
    ):
        raise cannot_call(worker, detecting.tried, detecting.operator)
    if not detecting.insisted:
        results, way = _averaged(way, results)
    results, way = _ignoring(worker, detecting.words, way, results)
    if in_time():
        found = by_own_forward(worker, way, detecting.words, results)
        if (another := another_operator(worker, way, results, found)) is not None:
            raise another
        results = found
    varying = varying_gradients(worker, detecting.words, way, results) if in_time() else ()
    notes = (
        *_notes(way, results),
        *_raising_in_batches(detecting, way),
        *_too_narrow(way, whole, results),
        *_ignored(way, results, {role for _, raw in before for role in raw.said}),
    )
    swept = Swept(detecting.operator, way.convention, tuple(results), dict(way.fixed), notes, way, varying)
    # it is called again as it is laid otherwise, without one more axis in front
    evidence = Evidence(replace(swept, results=tuple(one for one in results if one.answer.batch is None)))
    unknown = [name for name in evidence.wrong() if name not in varying and not evidence.reproduced(name)]
    if way.above or not unknown or not in_time():
        return swept
    return replace(swept, depending=depending(worker, detecting.words, way, results, unknown))


def _results(
    worker: Caller,
    detecting: Detecting,
    way: Way,
    progress: Progress | None,
    in_time: Callable[[], bool],
    before: list[tuple[OperatorProblem, Raw]],
) -> list[Judged]:
    """What comes of the operator's problems, until it was told enough of them."""
    results: list[Judged] = []
    problems = itertools.islice(problems_of(detecting.operator), MOST)
    heard = 0
    while heard < MANY and in_time() and (drawn := list(itertools.islice(problems, CHUNK))):
        told = [(problem, way.handed(problem)) for problem in drawn]
        results += [_untold(way, problem) for problem, each in told if each is None and problem.about]
        came = tried(worker, detecting.words, way, [each for _, each in told if each is not None], before)
        results += came
        heard += sum(one.answer.kind not in (UNSAID, REFUSED) for one in came)
        if progress is not None:
            progress(min(heard, MANY), MANY)
        if any(one.answer.kind in (HUNG, DIED) for one in came):
            break
    return results


def _untold(way: Way, problem: OperatorProblem) -> Judged:
    return Judged(Answer(problem, UNSAID), way.operator.right(problem), way.operator.run(problem), {})


def _averaged(way: Way, results: list[Judged]) -> tuple[list[Judged], Way]:
    """Gradients divided by the batch on every problem are a convention, though the trials missed it.

    One of several that are divided may be wrong if it is what a known mistake gives, divided as well, or if
    it is wrong undivided too and no known mistake gives it.
    """
    right = _right(results)
    plain = Evidence(Swept(way.operator, way.convention, tuple(results)))
    for convention in divisions(way):
        divided = convention.divided if convention else {}
        other = [judged(way, one.answer, divided) for one in results]
        if not divided or _right(other) <= right:
            continue
        wrong = {name for one in other for name in divided if one.off.get(name, 0) > 1}
        evidence = Evidence(Swept(way.operator, convention, tuple(other)))
        if wrong < {*divided} and all(
            evidence.reproduced(name) or (plain.wrong([name]) and not plain.reproduced(name))
            for name in wrong
        ):
            return other, replace(way, convention=convention)
    return results, way


def _ignoring(worker: Caller, words: Vocabulary, way: Way, results: list[Judged]) -> tuple[list[Judged], Way]:
    """A loss's backward that takes the gradient from above to be 1, whatever it is told; not a Function's."""
    scalar = all(array.ndim == 0 for one in results for array in one.answer.problem.upstream.values())
    if (
        way.above
        or way.engine
        or not scalar
        or not any(share > 1 for one in results for share in one.off.values())
    ):
        return results, way
    alone = replace(way, above="1")
    others = []
    for one in results:
        problem = one.answer.problem
        ones = {name: np.ones_like(array) for name, array in problem.upstream.items()}
        told = replace(one.answer, problem=replace(problem, upstream=ones, about=""))
        other = judged(alone, told, way.convention.divided if way.convention else {})
        others.append(other if one.off else one)
    if _right(others) > _right(results):
        return others, alone
    ignored = depending(worker, words, way, results, way.operator.gradients)
    same = _right(others) == _right(results) and {*ignored.values()} == {IGNORED}
    return (others, alone) if same else (results, way)  # what is wrong with it is something else


def _right(results: Sequence[Judged]) -> int:
    return sum(share <= 1 for one in results for share in one.off.values())


def _too_narrow(way: Way, whole: Sequence[Judged], told: Sequence[Judged]) -> Iterator[str]:
    """That for another number of axes dx is right as well, and its own forward, but not the other gradients.

    `told` is the whole without what it is not meant for.
    """
    meant = {id(one.answer.problem) for one in told if one.answer.kind == RETURNED}
    beyond = [one for one in whole if one.answer.kind == RETURNED and id(one.answer.problem) not in meant]
    of_x = f"d{next(iter(way.operator.axes))}"
    fitting = (forward_fits(one) is not False and one.off.get(of_x, 2) <= 1 for one in beyond)
    if not beyond or not all(fitting):
        return
    names = [name for name in way.operator.gradients if any(one.off.get(name) == np.inf for one in beyond)]
    if names:
        yield tr(
            "{id}: where x has another number of axes {of_x} is right there too, but not the shape of "
            "{names}; if it is meant for such an x, that is a mistake",
            id=NARROW,
            of_x=of_x,
            names=listed(names),
        )


def _raising_in_batches(detecting: Detecting, way: Way) -> Iterator[str]:
    """That what was judged on one sample alone raises on several, which its own forward takes."""
    if way.convention is None or way.convention.name != ONE_SAMPLE:
        return
    for trial in detecting.tried:
        for one in trial.results if "N" in trial.way.lying else ():
            if one.answer.kind == RAISED and one.answer.outputs and forward_fits(one):
                yield tr(
                    "it was tried on one sample at a time: its own forward takes several, but then it raises "
                    "{message}",
                    message=one.answer.message,
                )
                return


def _ignored(way: Way, results: Sequence[Judged], said: Collection[str]) -> Iterator[str]:
    """That its own forward computes as if a padding that it takes were none."""
    for name in said:
        padded = [
            one
            for one in results
            if "pad" in name and np.any(one.answer.problem.options.get(name, 0)) and one.answer.outputs
        ]
        if padded and all(_as_without(way, one.answer, name) for one in padded):
            yield tr(
                "it takes {name}, but its own forward ignores it: what is said here holds without {name}",
                name=name,
            )


def _as_without(way: Way, answer: Answer, option: str) -> bool:
    """Whether its own forward returns what the operator does without a padding."""
    options = {**answer.problem.options, option: np.zeros_like(answer.problem.options[option]).tolist()}
    options[option] = tuple(options[option]) if isinstance(options[option], list) else options[option]
    plain = way.operator.run(replace(answer.problem, options=options))
    return all(how_far(array, plain[name]) <= 1 for name, array in answer.outputs.items())


def _notes(way: Way, results: Sequence[Judged]) -> Iterator[str]:
    came = {name for one in results for name in one.off}
    evidence = Evidence(Swept(way.operator, way.convention, tuple(results)))
    divided = [name for name in (way.convention.divided if way.convention else {}) if name in came]
    unknown = [name for name in evidence.wrong(divided) if not evidence.reproduced(name)]
    divided = [name for name in divided if name not in unknown]
    if divided:
        yield tr(
            "{names} is divided by the number of samples: a convention of its course, not a mistake"
            if len(divided) == 1
            else "{names} are divided by the number of samples: a convention of its course, not a mistake",
            names=listed(divided),
        )
    if way.above == "1":
        yield tr("it takes the gradient from above to be 1")
    if way.above == "N":
        yield tr(
            "its gradient is that of the sum over the samples, not of their mean: whoever uses it divides"
        )
