"""Find out which operator somebody's function is, and how it is called."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call.outcome import HUNG, RAISED, REFUSED, RETURNED, Attempt, CannotCall
from convstep.candidate.operators.answer import OWN, Judged
from convstep.candidate.operators.asking import Asking, ruled_out
from convstep.candidate.operators.axes import ONE_SAMPLE, blocks, layouts
from convstep.candidate.operators.caller import Caller, Handed, Raw
from convstep.candidate.operators.evidence import Mistaken
from convstep.candidate.operators.gathering import (
    answers,
    how_far,
    judged,
    renamed,
)
from convstep.candidate.operators.trial import ENOUGH, Trial
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.operators.ways import (
    NEUTRAL,
    OUTPUT,
    Way,
    choices,
    labels,
    modes,
    trials,
    vocabulary,
    written_sizes,
)
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.operators.operator import Convention, Operator, OperatorProblem
from convstep.operators.registry import OperatorError
from convstep.printable import printable

TOGETHER = 5
"""Ways that are tried by one message."""
CONSTANTS = 24
"""Of how many values of what a function is not told the best are looked for."""
SEED = 18
"""Of the problems."""


CHANNELS_LAST = re.compile(r"(?i),\s*\w*h\w*,\s*\w*w\w*,\s*\w*c\w*\)?\s*=\s*[\w.]+\.shape")
"""What an author writes whose pictures have their channels last: `m, n_H, n_W, n_C = dA.shape`."""


class Detecting:
    """Looks for the way to call one candidate as one operator."""

    def __init__(
        self,
        worker: Caller,
        operator: Operator,
        clock: Callable[[], bool],
        convention: str | None = None,
        *,
        doubted: bool = False,
    ) -> None:
        """Find out nothing yet; an `OperatorError` if there is no such convention.

        With `doubted` only a trial that is certain says anything: nothing but its numbers suggests the
        operator.
        """
        self.doubted, self.mistaken = doubted, Mistaken()
        self.asking = Asking(worker, vocabulary(operator), remembers=doubted)
        self.worker, self.operator, self.in_time = worker, operator, clock
        self.insisted = convention is not None
        known = layouts(operator) if convention is None else conventions(operator, convention)
        last = CHANNELS_LAST.search(worker.candidate.source) is not None
        # of layouts that fit alike the first is taken
        self.layouts = tuple(sorted(known, key=lambda one: not (last and one and one.name == "NHWC")))
        self.words: Vocabulary = self.asking.words
        self.problems: Sequence[OperatorProblem] = trials(operator, SEED)
        self.sets = list(_by_rank(self.problems).values())
        self.tried: list[Trial] = []

    def best(self) -> Trial | None:
        """The way that fits best; None if none could be called."""
        for mode in modes(self.operator, self.worker.candidate):
            found = self._best_of(mode)
            if found is not None and (found.believable or found.perfect):
                return found
        return max(self.tried, key=lambda trial: trial.fit, default=None)

    def _best_of(self, mode: str) -> Trial | None:
        candidate = self.worker.candidate
        torch = candidate.tensors and "torch" in candidate.source
        kinds = (
            (True, False) if torch or candidate.kind == "autograd" else (False, True)[: 1 + candidate.tensors]
        )
        hots = (False, True) if labels(self.operator, self.problems[0]) else (False,)
        best: Trial | None = None
        for tensors, problems, hot in itertools.product(kinds, self.sets, hots):
            self.problems = problems
            sets = self._pairs()
            while sets:
                engine = candidate.kind == "autograd"
                way = Way(self.operator, None, sets.pop(0), tensors, engine, mode, hot=hot)
                found = self._laid(way)
                if found is not None:
                    settled = self.divided(found)
                    best = settled if best is None or settled.fit > best.fit else best
                if best is not None and (best.forward or best.right or not self.in_time()):
                    return best
                if found is None or not any(_wants_other(raw) for raw in self._raised(found)):
                    break
                if way.pairs == frozenset():
                    sets.sort(key=lambda pairs: self._wanting(replace(way, pairs=pairs)))
        return best

    def _wanting(self, way: Way) -> bool:
        """Whether it fails, in the operator's own layout, on a number for a pair or a pair for a number."""
        trial = self.trial(way)
        return trial is None or all(map(_wants_other, trial.raws))

    def _pairs(self) -> list[frozenset[str]]:
        """Which options are given as pairs, the likeliest first."""
        paired = [name for name, value in self.problems[0].options.items() if isinstance(value, tuple)]
        sets = [frozenset[str](), frozenset(paired), frozenset(paired[:1]), frozenset(paired[1:2])]
        return [*dict.fromkeys([*sets, frozenset({"kernel"}), frozenset({"kernel", *paired})])]

    def _raised(self, found: Trial) -> list[Raw]:
        return [raw for trial in self.tried for raw in trial.raws if trial.way.pairs == found.way.pairs]

    def _laid(self, way: Way) -> Trial | None:
        """The best of all layouts, the likeliest first, several at a time."""
        best: Trial | None = None
        listed = [replace(way, convention=convention) for convention in self.layouts]
        groups = [listed[:1], *(listed[at : at + TOGETHER] for at in range(1, len(listed), TOGETHER))]
        beyond: set[int] = set()
        for group in groups:
            some = [one for one in group if len(one.lying) not in beyond]
            if best is not None and best.settles:  # what has no samples shows less, and so seems right
                some = [one for one in some if one.whole]
            if any(trial.way.whole and trial.shaped for trial in self.tried):  # it takes several samples
                some = [one for one in some if one.convention is None or one.convention.name != ONE_SAMPLE]
            if not self.in_time():
                break
            for trial in map(self._above, map(self._ordered, map(self._neutral, self._fixed(some)))):
                self.tried.append(trial)
                if best is None or trial.fit > best.fit:
                    best = trial
                ended = trial.perfect or trial.laid_right or any(raw.kind == HUNG for raw in trial.raws)
                if ended or all(not raw.usable and raw.lacks for raw in trial.raws):
                    return best
                if all(_wants_other_axes(raw) for raw in trial.raws):
                    beyond.add(len(trial.way.lying))
        return best

    def _fixed(self, ways: Sequence[Way]) -> Iterator[Trial]:
        """The trials of ways; with what each is not told found by trying."""
        for trial in self._trials(ways):
            ran = [raw for raw in trial.raws if raw.usable and raw.stage in ("forward", "backward")]
            said = {role.partition("[")[0] for raw in ran for role in raw.said}
            known = said | {*trial.way.always(self.problems[0])}
            unsaid = [name for name in self.problems[0].options if name not in known]
            if not ran or not unsaid:
                yield trial
            elif trial.perfect:
                yield self._narrow(trial, unsaid)
            else:
                yield self._sized(self._with_constants(trial, unsaid))

    def _with_constants(self, trial: Trial, unsaid: Sequence[str]) -> Trial:
        """The trial that fits best with some values of what it is not told."""
        changing = {*self.words.outputs, *self.words.upstream}
        if self.doubted and ruled_out(trial.raws[0]) and not changing & {*trial.raws[0].said}:
            return trial  # it saw nothing that such values change
        lists = [list(choices(self.operator, name, self.problems, self.worker.text)) for name in unsaid]
        values = list(itertools.islice(itertools.product(*lists), CONSTANTS))
        ways = [replace(trial.way, fixed=dict(zip(unsaid, each, strict=True))) for each in values]
        best = trial
        for at in range(0, len(ways), TOGETHER):
            for other in self._trials(ways[at : at + TOGETHER]):
                if not best.way.fixed or other.with_constants > best.with_constants:
                    best = other
            if best.perfect and not any(isinstance(value, float) for value in values[0]):
                break
        return best

    def _sized(self, trial: Trial) -> Trial:
        """The trial, refused if only a guess says what windows it has: those of the whole picture, maybe."""
        size = trial.way.fixed.get("size")
        shown = trial.perfect or any(one.answer.outputs for one in trial.heard)
        if size is None or shown or {*np.ravel(size)} <= written_sizes(self.worker.candidate.source):
            return trial
        said = tr("nothing in it says how large its windows are")
        return replace(trial, results=tuple(renamed(one, REFUSED, said) for one in trial.results))

    def _narrow(self, trial: Trial, unsaid: Sequence[str]) -> Trial:
        """Right on these problems without being told some options: those have their values here for good."""
        fixed: dict[str, Any] = {}
        for name in unsaid:
            values = {one.answer.problem.options[name] for one in trial.heard}
            if len(values) == 1:
                fixed[name] = values.pop()
        if "stride" in unsaid and "size" not in unsaid:
            other = self.trial(replace(trial.way, fixed={**fixed, "stride": "=size"}))
            if other is not None and other.perfect and self._told_apart(other):
                return other
        other = self.trial(replace(trial.way, fixed=fixed))
        return other if other is not None and other.perfect else trial

    def _neutral(self, trial: Trial) -> Trial:
        """With the arrays that it is never told as if they were not there: a norm without gamma."""
        ran = [raw for raw in trial.raws if raw.kind == RETURNED]
        told = {name.partition("[")[0] for raw in ran for name in (*raw.said, *raw.planted)}
        untold = frozenset(name for name in NEUTRAL if name in self.words.arrays and name not in told)
        if not ran or not untold or trial.perfect:
            return trial
        return self.trial(replace(trial.way, neutral=untold)) or trial

    def _ordered(self, trial: Trial) -> Trial:
        """With its blocks in the order that its own forward shows: the gates of an LSTM."""
        operator, heard = self.operator, [one for one in trial.heard if one.answer.outputs]
        if not heard or trial.forward:
            return trial
        for letter, names in operator.blocks.items():
            for places in itertools.permutations(range(len(names))):
                if not all(_runs_with(operator, {letter: places}, one) for one in heard):
                    continue
                known = trial.way.convention or Convention("")
                called = " ".join(names[at] for at in places)
                named = replace(known, name=called, divided={}, blocks={letter: places})
                return self.trial(replace(trial.way, convention=named)) or trial
        return trial

    def _told_apart(self, trial: Trial) -> bool:
        return len({one.answer.problem.options["stride"] for one in trial.heard}) > 1

    def _above(self, trial: Trial) -> Trial:
        """With what it takes the gradient from above to be, where it is not told or does not ask."""
        said = {role for raw in trial.raws for role in raw.said}
        told = any(name in said for name in self.operator.upstream)
        scalar = all(array.ndim == 0 for array in self.problems[0].upstream.values())
        raised = told and scalar and _all_raised(trial)
        if (told and (trial.perfect or not scalar)) or not self.operator.upstream or trial.way.engine:
            return trial
        if not (trial.shaped or raised):
            return trial
        best = None if told else self.trial(replace(trial.way, above="1"))
        best = best or trial
        others = ("1", "N") if scalar and not self._means(trial) else ("1",)
        for above in (OUTPUT,) if raised else others:
            other = self.trial(replace(trial.way, above=above))
            if other is None:
                continue
            named = (
                not best.right and not raised and other.explained > best.explained
            )  # wrong by a known mistake
            if (other.right, raised and other.shaped) > (best.right, 0) or named:
                best = other
        return best

    def _means(self, trial: Trial) -> bool:
        """Whether its own forward returns the mean over the samples."""
        outputs = [(one, array) for one in trial.heard for array in one.answer.outputs.values()]
        return any(array.size == 1 and not one.answer.summed for one, array in outputs)

    def divided(self, trial: Trial) -> Trial:
        """The trial by the rule of division that makes most of it right."""
        best = trial
        for convention in () if self.insisted else divisions(trial.way):
            divided = convention.divided if convention else {}
            results = tuple(judged(trial.way, one.answer, divided) for one in trial.results)
            other = replace(trial, way=replace(trial.way, convention=convention), results=results)
            if other.right > best.right and all(
                one.off.get(name, 2) <= 1 for one in other.heard for name in divided if one.off
            ):
                best = other
        return best

    def trial(self, way: Way) -> Trial | None:
        """What comes of a way on a few problems; None if none of them can be said."""
        return next(iter(self._trials([way])), None)

    def _trials(self, ways: Sequence[Way]) -> list[Trial]:
        """What comes of ways that differ in layouts and constants only, but for those that cannot be said."""
        if not ways:
            return []
        told = [list(itertools.islice(self._handed(way), ENOUGH)) for way in ways]
        raws = self.asking.raws(ways[0], [some[: 1 if self.doubted else None] for some in told])
        if self.doubted:  # one that raises on the first cannot be certain any more, whatever comes then
            for some, each in zip(told, raws, strict=True):
                del some[1 if any(map(ruled_out, each)) else len(some) :]
            rest = self.asking.raws(ways[0], [some[1:] for some in told])
            raws = [[*first, *others] for first, others in zip(raws, rest, strict=True)]
        found = []
        for way, some, each in zip(ways, told, raws, strict=True):
            came = [(problem, raw) for (problem, _), raw in zip(some, each, strict=False)]
            divided = way.convention.divided if way.convention else {}
            results = [judged(way, each, divided) for each in answers(way, self.words, came)]
            if results:
                found.append(Trial(way, tuple(raw for _, raw in came), tuple(results), self.mistaken))
        return found

    def _handed(self, way: Way) -> Iterator[tuple[OperatorProblem, Handed]]:
        for problem in self.problems:
            told = way.handed(problem)
            if told is not None:
                yield told


def _runs_with(operator: Operator, order: Mapping[str, tuple[int, ...]], one: Judged) -> bool:
    """Whether its own forward, which was handed blocks in our order, has taken them to be in another."""
    arrays = {
        name: blocks(array, operator.axes[name], order, back=True)
        for name, array in one.answer.problem.arrays.items()
    }
    with quiet():
        outputs = operator.run(replace(one.answer.problem, arrays=arrays))
    return all(how_far(array, outputs[name]) <= 1 for name, array in one.answer.outputs.items())


def _by_rank(problems: Sequence[OperatorProblem]) -> dict[int, list[OperatorProblem]]:
    """Problems by how many axes the first array has, if there are enough of them; the usual number first."""
    found: dict[int, list[OperatorProblem]] = {}
    for problem in problems:
        found.setdefault(next(iter(problem.arrays.values())).ndim, []).append(problem)
    return {rank: some for rank, some in found.items() if len(some) >= ENOUGH} or {0: list(problems)}


def _all_raised(trial: Trial) -> bool:
    return all(raw.kind == RAISED and raw.stage == "backward" for raw in trial.raws)


def _wants_other_axes(raw: Raw) -> bool:
    """Whether its forward failed on how many axes something has, however they lie."""
    said = r"values to unpack|AxisError|too many indices|out of bounds for array of dimension"
    return raw.stage == "forward" and bool(re.search(said, raw.message))


def _wants_other(raw: Raw) -> bool:
    """Whether it failed because it was given an int for a pair, or a pair for an int."""
    return bool(
        re.search(
            r"int.* (iterable|subscriptable)|iterable int|int.* has no len|'tuple'|slice indices must be int",
            raw.message,
        )
    )


def conventions(operator: Operator, name: str) -> Iterator[Convention | None]:
    """The ways of laying an operator's arrays that have a name; an `OperatorError` if there is none."""
    known = [(OWN, None), *((one.name, one) for one in operator.conventions)]
    known += [
        (one.name, one) for one in layouts(operator) if one is not None and one not in operator.conventions
    ]
    found = [convention for called, convention in known if called == name]
    if not found:
        raise OperatorError(
            tr(
                "{name} is not a convention of {operator}; it has {known}",
                name=printable(name),
                operator=operator.name,
                known=", ".join([OWN, *(one.name for one in operator.conventions)]),
            )
        )
    yield from found


def divisions(way: Way) -> Iterator[Convention | None]:
    """The conventions that lie as a way does, with other divisions."""
    operator, axes = way.operator, way.axes
    for each in (None, *operator.conventions):
        one = each or Convention("")
        if {**operator.axes, **one.axes} == axes:
            yield replace(way.convention or one, name=one.name, divided=one.divided)
    first = next(iter(operator.axes))
    parameters = [name for name in operator.gradients if "N" not in operator.axes[name[1:]]]
    if len(parameters) > 1 and "N" in operator.axes[first]:
        yield replace(way.convention or Convention(""), name="mean", divided=dict.fromkeys(parameters, "N"))


def cannot_call(worker: Caller, tried: Sequence[Trial], operator: Operator) -> CannotCall:
    """Why it cannot be called, with what was tried."""
    candidate = worker.candidate
    attempts: dict[str, Attempt] = {}
    for trial in sorted(tried, key=lambda one: one.fit, reverse=True):
        for one in trial.results:
            answer = one.answer
            message = answer.message or tr("what came back has not the shapes of the gradients")
            place = tr("line {line}", line=answer.line) if answer.line else ""
            attempts.setdefault(
                message, Attempt(answer.call or candidate.name, message, answer.line, answer.line_text, place)
            )
    listed = tuple(attempts.values())[:3]
    reason = listed[0].message if listed else tr("no value is known for its parameters")
    return CannotCall(
        tr(
            "{name} cannot be called as {operator}: {reason}",
            name=candidate.name,
            operator=tr(operator.title),
            reason=reason,
        ),
        candidate,
        listed,
    )


def deadline(seconds: float, clock: Callable[[], float]) -> Callable[[], bool]:
    """Tells whether so many seconds of a clock have not passed yet."""
    end = clock() + seconds
    return lambda: clock() < end
