"""Shown: an operator's own backward, recorded on one of its problems, as it is or with a mistake."""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from convstep.candidate.call.failure import short
from convstep.candidate.operators.so_far import Running
from convstep.candidate.record.recorder import Recorded
from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.judging import judge
from convstep.candidate.verdicts.marks import Verdicts
from convstep.language import tr
from convstep.operators.mistake import Mistake, Variant
from convstep.operators.operator import Operator, OperatorProblem
from convstep.operators.registry import OperatorError, operator_named
from convstep.printable import printable
from convstep.recording import recorder
from convstep.recording.record import copied
from convstep.recording.recorder import Edited
from convstep.recording.recording import Recording
from convstep.recording.source import Source, SourceText
from convstep.replay.edits import put

MOST = 1000
"""Up to which number a problem can be asked for."""


@dataclass(slots=True, eq=False)
class Shown:
    """An operator's backward, or its forward, on a problem."""

    operator: Operator
    """It."""
    problem: OperatorProblem
    """What on."""
    recorded: Recorded
    """What can be stepped, and what the command line says for it."""
    backward: Callable[..., Any] | None
    """What ran: the readable backward, or one with a mistake; None where the forward did."""
    source: Source
    """Its text."""
    _original: OperatorProblem | None = field(default=None, repr=False)

    @property
    def compares(self) -> bool:
        """Whether it is the backward."""
        return self.backward is not None

    def running(self, recording: Recording) -> Running:
        """What its gradients should be."""
        return Running(self.operator, self.problem, recording)

    def with_numbers(self, numbers: Edited) -> Recording:
        """Record it on the same problem with other numbers; with none, on what there was."""
        original = self._original or self.problem
        problem = edited(original, numbers)
        recording = _run(self.operator, problem, self.backward, self.source)
        self.recorded = replace(self.recorded, recording=recording)
        self.problem, self._original = problem, original
        return self.recorded.recording

    def again(self) -> None:
        """It is ours: nobody saves its file."""

    def close(self) -> None:
        """Nothing of it goes on."""

    def judge(self, recording: Recording) -> Verdicts:
        """What the forward says of the backward, line by line; see `verdicts`."""
        assert self.backward is not None
        problem = self.problem
        forward = Called.kept(self.operator.forward, **problem.arrays, **problem.options)
        ran = forward.like()
        try:
            made = ran.make()
        except Exception as error:  # numbers that somebody edited may be none for it: a label that is none
            said = short(f"{type(error).__name__}: {error}")
            return Verdicts(note=tr("its forward ends with {said}", said=said))
        known = {**problem.upstream, **ran.arguments()}
        backward = Called(self.backward, tuple(known[name] for name in self.operator.parameters))
        pair = Pair.of(forward, ran, made, backward)
        return judge(pair, (None, self.source), recording.total)


def told(operator: Operator) -> list[OperatorProblem]:
    """The problems of an operator that tell mistakes apart, always the same ones."""
    every = operator.problems(np.random.default_rng(0))
    return list(itertools.takewhile(lambda one: one.about, itertools.islice(every, MOST)))


def problem_of(operator: Operator, case: str | None) -> OperatorProblem:
    """One of an operator's problems; an `OperatorError` if there is none.

    `case` is its number, from 1, as `told` lists them, or words of what it tells apart; None for the small
    one.
    """
    if case is None:
        return operator.small()
    if case.isascii() and case.isdigit() and len(case) < 10:
        if 1 <= int(case) <= MOST:
            every = operator.problems(np.random.default_rng(0))
            found = list(itertools.islice(every, int(case) - 1, int(case)))
            if found:
                return found[0]
        raise OperatorError(
            tr(
                "there is no problem {case}; `convstep operators {name}` lists them from 1",
                case=case,
                name=operator.name,
            )
        )
    listed = told(operator)
    wanted = " ".join(case.lower().split())
    fitting = [one for one in listed if wanted in _spoken(one)] or [
        one for one in listed if wanted and any(wanted in said for said in _spoken(one))
    ]
    if len(fitting) != 1:
        raise OperatorError(
            tr(
                "{case} fits several problems: {fitting}; write more of it, or its number"
                if fitting
                else "no problem of {name} is about {case}; `convstep operators {name}` lists them",
                case=printable(case),
                name=operator.name,
                fitting="; ".join(one.about for one in fitting),
            )
        )
    return fitting[0]


def _spoken(problem: OperatorProblem) -> tuple[str, str]:
    """What a problem tells apart, in English and in the language in use, in lower case."""
    return problem.about.lower(), tr(problem.about).lower()


def mistake_of(operator: Operator, wanted: str) -> tuple[Mistake, Variant]:
    """A mistake by its id, or what is right as well, and a way of making it: `overwrite`, `overwrite:2`."""
    id, colon, number = wanted.partition(":")
    every = (*operator.mistakes, *operator.also_right)
    found = next((one for one in every if one.id == id), None)
    if found is None:
        known = ", ".join(one.id for one in every)
        raise OperatorError(
            tr(
                "{name} has no mistake {id}; it has {known}" if known else "no mistake of {name} is known",
                name=operator.name,
                id=printable(id),
                known=known,
            )
        )
    if not found.variants:
        raise OperatorError(
            tr("{id} has no lines of its own that could be stepped: {title}", id=id, title=tr(found.title))
        )
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0 if colon else 1
    if not 1 <= at <= len(found.variants):
        raise OperatorError(
            tr(
                "there is no {wanted}; {id} is made in {count} ways, {id}:1 and so on"
                if len(found.variants) > 1
                else "there is no {wanted}; {id} is made in one way: leave out what follows it",
                wanted=printable(wanted),
                id=id,
                count=len(found.variants),
            )
        )
    return found, found.variants[at - 1]


def shown(name: str, case: str | None = None, mistake: str | None = None, *, forward: bool = False) -> Shown:
    """Record an operator's backward, or its forward; see `problem_of` and `mistake_of`.

    An `OperatorError` says in one sentence that there is no such operator, problem or mistake.
    """
    return shown_of(operator_named(name), case, mistake, forward=forward)


def shown_of(
    operator: Operator,
    case: str | None = None,
    mistake: str | None = None,
    *,
    forward: bool = False,
    numbers: Edited = MappingProxyType({}),  # it cannot be changed
) -> Shown:
    """The same of an operator itself, with other numbers in some cells of the problem's arrays."""
    if case is None and mistake is not None and not forward:
        case = _case_that_shows(operator, mistake_of(operator, mistake)[1])
    problem = problem_of(operator, case)
    words, said = ([], []) if case is None else (["--case", case], [])
    said.append(_about(operator, problem, case))
    function = operator.backward
    if forward:
        if mistake is not None:
            raise OperatorError(tr("a mistake is one of the backward; leave out --forward or --mistake"))
        words.append("--forward")
        function = operator.forward
    source = recorder.source_of(recorder.function_of(function))
    if mistake is not None:
        found, variant = mistake_of(operator, mistake)
        words += ["--mistake", mistake]
        sentence = "right as well: {title}" if found in operator.also_right else "a mistake: {title}"
        said.insert(0, tr(sentence, title=tr(found.title)))
        function, source = variant.backward, _source(variant, source.text, mistake)
    problem = edited(original := problem, numbers)
    recording = _run(operator, problem, None if forward else function, source)
    recorded = Recorded(recording, operator.name, tuple(words), tr("; ").join(said), ())
    return Shown(operator, problem, recorded, None if forward else function, source, original)


def edited(problem: OperatorProblem, numbers: Edited) -> OperatorProblem:
    """The problem with other numbers in some cells; an `OperatorError` if it has no such cell."""
    arrays, upstream = dict(problem.arrays), dict(problem.upstream)
    for name, cells in numbers.items():
        held = arrays if name in arrays else upstream
        try:
            held[name] = put(held[name], cells)
        except (KeyError, IndexError) as error:
            raise OperatorError(tr("the problem has no array {name} of that shape", name=name)) from error
    return replace(problem, arrays=arrays, upstream=upstream)


def _run(
    operator: Operator, problem: OperatorProblem, backward: Callable[..., Any] | None, source: Source
) -> Recording:
    """Record a backward on a problem, or the forward."""
    arguments, named = operator.arguments(problem), dict[str, Any]()
    if backward is None:
        arguments, named = (), {**problem.arrays, **problem.options}
    with np.errstate(all="ignore"):  # overflow may be what there is to see
        run = recorder.run(backward or operator.forward, *copied((arguments, named)), source=source)
    title = getattr(operator.backward, "__name__", run.name) if run.name.startswith("_") else run.name
    return Recording(run.log, run.source.text, title, run.result)


def _case_that_shows(operator: Operator, variant: Variant) -> str | None:
    """The number of the smallest problem on which a mistake shows; None if that is the small one, or none."""
    if _shows(operator, variant, operator.small()):
        return None
    found = [(number, one) for number, one in enumerate(told(operator), 1) if _shows(operator, variant, one)]
    smallest = min(found, key=lambda each: sum(a.size for a in each[1].arrays.values()), default=None)
    return None if smallest is None else str(smallest[0])


def _shows(operator: Operator, variant: Variant, problem: OperatorProblem) -> bool:
    """Whether a mistake makes wrong numbers of a problem, or raises, or changes what it is given."""
    mine, before = copy.deepcopy(problem), operator.arguments(problem)
    try:
        with np.errstate(all="ignore"):
            right, made = operator.right(problem), operator.right(mine, variant.backward)
    except Exception:  # of lines that are wrong anything may come
        return True
    same = all(
        right[name].shape == made[name].shape and np.allclose(right[name], made[name], equal_nan=True)
        for name in right
    )
    kept = zip(before, operator.arguments(mine), strict=True)
    return not same or any(
        isinstance(a, np.ndarray) and not np.array_equal(a, b, equal_nan=False) for a, b in kept
    )


def _about(operator: Operator, problem: OperatorProblem, case: str | None) -> str:
    if case is None:
        whole = all((array == np.round(array)).all() for array in problem.arrays.values())
        sentence = "{title} on small whole numbers" if whole else "{title} on a small problem"
        return tr(sentence, title=tr(operator.title))
    if not problem.about:
        return tr("{title} on random numbers", title=tr(operator.title))
    return tr("{title}, a problem in which {about}", title=tr(operator.title), about=tr(problem.about))


def _source(variant: Variant, right: SourceText, mistake: str) -> Source:
    """The text of a backward with a mistake, in a file that says so."""
    text = variant.text
    path = f"{right.path.removesuffix('.py')} ({mistake}).py"
    return Source(SourceText(path, tuple(text.removesuffix("\n").split("\n"))), ast.parse(text))
