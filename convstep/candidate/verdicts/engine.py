"""Runs in the child: an autograd engine held against the forward of each of its operations."""

from __future__ import annotations

import inspect
import itertools
import linecache
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call.served import Served
from convstep.candidate.verdicts import pulling
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Ending, Held, Mark
from convstep.candidate.verdicts.nodes import WANTED, Nodes, nodes_of, raised_by_making
from convstep.candidate.verdicts.operations import WHOLE, Trial, operations, trials
from convstep.candidate.verdicts.placing import (
    WALK,
    Finding,
    Placing,
    Result,
    agreeing,
    operands_text,
    summed_to,
)
from convstep.candidate.verdicts.pulling import Broken, Pulled, Untried
from convstep.candidate.verdicts.slopes import Clock
from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import Array

DRAWS, FEWER = 6, 2
"""How many draws of numbers a call is tried on; of arrays, and in graphs, fewer."""


def engine_held(served: Served, seconds: float) -> tuple[Held | None, BaseException | None]:
    """What the forwards of a class of nodes say of its way back; None if it is none, and what it raised."""
    if not isinstance(served.function, type):
        return None, None
    nodes = nodes_of(served.function, served.namespace)
    if nodes is None:
        return None, raised_by_making(served.function)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        engine = _Engine(nodes, served.candidate.file, Clock.of(seconds))
        return engine.held(), engine.stuck


class _Engine:
    """An engine while it is tried."""

    def __init__(self, nodes: Nodes, file: str, clock: Clock) -> None:
        self.nodes, self.file, self.clock = nodes, file, clock
        self.results: dict[str, list[Result]] = {}
        self.stuck: BaseException | None = None
        """What was first raised."""
        self.summing = False

    def held(self) -> Held | None:
        """What was found out; None if nothing agrees: then it is not understood."""
        for name in operations(self.nodes):
            found = []
            for ways in trials(self.nodes, name):
                found += [self._first(ways)]
                self.summing |= found[-1].kind == AGREES and found[-1].trial.text == "a.sum()"
            if any(one.kind != UNKNOWN or one.raised for one in found):
                self.results[name] = found
        right = [name for name in self.results if self._is_right(name)]
        if not right:
            return None
        if not self._undoes_broadcasting():
            self.results = {name: list(map(_left_open, found)) for name, found in self.results.items()}
            right = [name for name in self.results if self._is_right(name)]
        wrong = [one for found in self.results.values() for one in found if one.kind == DIFFERS]
        wrong += self._raising()
        if right:
            wrong += self._in_graphs(right)
        findings = Placing(self.nodes, self.file, self.results, summing=self.summing).placed(wrong)
        return self._summed(right, findings)

    def _is_right(self, name: str) -> bool:
        kinds = {one.kind for one in self.results[name]}
        return AGREES in kinds and DIFFERS not in kinds

    def _first(self, ways: Sequence[Trial]) -> Result:
        """What the first of several calls came to that its engine takes; or the first one's refusal."""
        results = list[Result]()
        for trial in ways:
            results.append(self._tried(trial))
            if results[-1].kind != UNKNOWN or results[-1].raised:
                return results[-1]
        return results[0]

    def _tried(self, trial: Trial) -> Result:
        """Hold a call against its forward on several draws."""
        why, said, flat = "", 0, list[tuple[list[Array], Pulled]]()
        wrong, moves = list[tuple[list[Array], Pulled]](), False
        for draw in range(FEWER if self.nodes.arrays else DRAWS):
            if self.clock.left < 0:
                why = why or tr("there was no time left")
                break
            values = trial.drawn(np.random.default_rng([draw, *map(len, trial.shapes)]))
            try:
                found = pulling.pulled(self.nodes, trial, values, summing=self.summing)
            except Untried as error:
                why, self.stuck = str(error), self.stuck or error.__cause__
                if draw:
                    continue
                break
            except Broken as broken:
                self.stuck = self.stuck or broken.error
                return Result(trial, UNKNOWN, why=str(broken), raised=broken.error, values=values)
            judged = [one for one in found if self._counts(trial, one)]
            why = why or ("" if judged else tr("no gradient reaches what it is made of"))
            moves |= any(not one.flat for one in judged)
            said += bool(judged)
            flat += [(values, one) for one in judged if one.flat and one.far]
            wrong += [(values, one) for one in judged if not one.flat and one.far]
            if any(not one.close and not one.far for one in judged):
                return Result(trial, UNKNOWN, why=tr("its gradient is close to the slope, and not the same"))
        wrong += flat if moves else []
        if said < 2 or not moves:
            return Result(trial, UNKNOWN, why=why or tr("its output does not move with its operands"))
        if wrong:
            values, one = wrong[0]
            differing = len({id(each) for each, _ in wrong})
            return Result(trial, DIFFERS, said, differing, values=values, wrong=one)
        return Result(trial, AGREES, said)

    def _counts(self, trial: Trial, one: Pulled) -> bool:
        """Whether a gradient is meant to be one: not that of what an operation keeps no way back to."""
        if not one.silent or one.linked or one.flat:
            return True
        return trial.operation.startswith("__") and "pow" not in trial.operation and one.operand == 0

    def _raising(self) -> Iterator[Result]:
        """The calls whose way back raises, though its engine takes them and nobody meant to refuse them."""
        stretches = self._stretches()
        for one in itertools.chain(*self.results.values()):
            if one.raised is None or _refuses(one.raised) or not _in_file(one.raised, self.file):
                continue
            stretched = one.trial.broadcast and isinstance(one.raised, ValueError)
            if stretches if stretched else one.trial.plain:
                yield replace(one, kind=DIFFERS, differing=1, draws=1)

    def _stretches(self) -> bool:
        """Whether a gradient of an operand that is broadcast is right."""
        listed = itertools.chain(*self.results.values())
        return any(one.trial.broadcast and len(one.trial.shapes) > 1 and one.kind == AGREES for one in listed)

    def _undoes_broadcasting(self) -> bool:
        """Whether operands are meant to be broadcast: an operation undoes that, or the text says so."""
        return self._stretches() or any(map(BROADCASTS.search, linecache.getlines(self.file)))

    # graphs

    def _in_graphs(self, right: Sequence[str]) -> Iterator[Result]:
        """The calls that are right alone, and not before others, or with a node that is used twice."""
        carry = self._carrier(right)
        before = [
            result
            for name in right
            for trial in self._agreeing(name)[:3]
            if carry and (result := self._tried(_before(trial, *carry))).kind != UNKNOWN
        ]
        bad = {one.trial.operation for one in before if one.kind == DIFFERS}
        if len(bad) > 1 and all(one.kind == DIFFERS for one in before):  # it is none of them
            yield replace(before[0], trial=replace(before[0].trial, operation=WALK))
            return
        yield from (one for one in before if one.kind == DIFFERS)
        add = next((self._binary(name) for name in ("__add__", "add") if name in right), None)
        for name in right:
            for trial in (self._twice(trial, add) for trial in self._agreeing(name)[:2]):
                if name not in bad and trial and (result := self._tried(trial)).kind == DIFFERS:
                    bad.add(name)
                    yield result
        fine = [name for name in right if name not in bad]
        yield from self._with_constants(fine)
        for trial in self._graphs(fine):
            result = self._tried(trial)
            if result.kind == DIFFERS:
                yield result
                return

    def _agreeing(self, name: str) -> list[Trial]:
        return agreeing(self.results[name])

    def _carrier(self, right: Sequence[str]) -> tuple[str, Callable[[Any], Any]] | None:
        """What comes after a call, so that its gradient from above is not 1: a product, or a minus."""
        nodes = self.nodes
        for name in ("__mul__", "mul"):
            if name in right:
                times = self._binary(name)

                def weighted(out: Any, times: Callable[[Any, Any], Any] = times) -> Any:
                    shape = nodes.value(out).shape
                    weights = np.random.default_rng(len(shape)).uniform(0.4, 1.6, shape)
                    return times(out, nodes.made(weights))

                return " * w", weighted
        if "__neg__" in right:
            return "-", lambda out: -out
        return None

    def _binary(self, name: str) -> Callable[[Any, Any], Any]:
        return lambda one, other: getattr(one, name)(other)

    def _twice(self, trial: Trial, add: Callable[[Any, Any], Any] | None) -> Trial | None:
        """A call with the same node for both operands; or made twice of the same nodes, and added."""
        one, shape = trial.apply, trial.shapes[0]
        if len(trial.shapes) == 2 and trial.shapes[1] == shape and trial.target < 0:
            text = trial.text.replace("b", "a") if trial.operation.startswith("__") else trial.text
            text = text if trial.operation.startswith("__") else text.replace("(b)", "(a)")
            return replace(trial, text=text, shapes=(shape,), apply=lambda on: one([on[0], on[0]]))
        if add is None:
            return None
        text = f"{_inner(trial.text)} + {_inner(trial.text)}"
        return replace(trial, text=text, apply=lambda on: add(one(on), one(on)))

    def _with_constants(self, fine: Sequence[str]) -> Iterator[Result]:
        """The operations whose second operand is a node of which no gradient is wanted."""
        nodes, said = self.nodes, inspect.signature(self.nodes.kind).parameters
        if not any(map(WANTED.fullmatch, said)):
            return
        for name in fine:
            trial = self._agreeing(name)[0]
            if len(trial.shapes) == 2 and trial.target < 0:
                one, shape = trial.apply, trial.shapes[1]

                def apply(on: Sequence[Any], one: Any = one, shape: Any = shape) -> Any:
                    fixed = np.random.default_rng(3).uniform(0.4, 1.6, shape)
                    return one([on[0], nodes.made(fixed, wanted=False)])

                text = tr("{call} with a constant b", call=trial.text)
                other = self._tried(replace(trial, text=text, shapes=trial.shapes[:1], apply=apply))
                if other.kind == DIFFERS:
                    yield other

    def _graphs(self, fine: Sequence[str]) -> Iterator[Trial]:
        """Graphs in which an intermediate result is used again later, at another distance."""
        add = next((self._binary(name) for name in ("__add__", "add") if name in fine), None)
        times = next((self._binary(name) for name in ("__mul__", "mul") if name in fine), None)
        if add is None or times is None:
            return
        shape = WHOLE if self.nodes.arrays else ()

        def chain(on: Sequence[Any]) -> Any:
            y = on[0]
            for _ in range(6):
                y = add(times(y, on[1]), on[2])
            return y

        def graph(text: str, make: Callable[[Any, Any, Any], Any]) -> Trial:
            return Trial(WALK, text, (shape,) * 3, lambda on: make(*on))

        def last(a: Any, b: Any, c: Any) -> Any:
            y = times(a, b)
            return add(add(times(add(y, c), c), b), y)

        def first(a: Any, b: Any, c: Any) -> Any:
            y = times(a, b)
            return add(y, add(times(add(y, c), c), b))

        def nested(a: Any, b: Any, c: Any) -> Any:
            y = times(a, b)
            z = add(y, c)
            return add(times(z, y), z)

        yield Trial(WALK, tr("six times a = a * b + c"), (shape,) * 3, chain)
        yield graph("y = a * b; ((y + c) * c + b) + y", last)
        yield graph("y = a * b; y + ((y + c) * c + b)", first)
        yield graph("y = a * b; z = y + c; z * y + z", nested)

    # the whole

    def _summed(self, right: Sequence[str], findings: Sequence[Finding]) -> Held:
        name = self.nodes.back_name
        counted = list(itertools.chain(*self.results.values()))
        wrong = {one.result.trial.operation for one in findings}
        ends = [self._ending(one) for one in findings]
        ends += [Ending(name, "", 0, Mark(AGREES, self._of(name))) for name in right if name not in wrong]
        draws = min((one.draws for one in counted if one.kind == AGREES), default=0)
        first = next((one for one in findings if one.line and one.file == self.file), None)
        differing = max((one.result.differing for one in findings), default=0)
        return Held(
            backward=f"out.{name}()" if hasattr(self.nodes.kind, name) else f"{name}(out)",
            forward=f"{self.nodes.kind.__name__}(…)",
            draws=draws,
            differing=differing,
            ends=tuple(ends),
            line=first.line if first else 0,
            how=ends[findings.index(first)].mark.how if first else "",
            notes=tuple(self._untried()),
            engine=True,
        )

    def _ending(self, one: Finding) -> Ending:
        how = one.how
        if one.line:
            text = linecache.getline(one.file, one.line).strip()
            here = one.file == self.file
            how = tr(
                "line {line}: `{text}`: {how}" if here else "{file}, line {line}: `{text}`: {how}",
                file=printable(one.file),
                line=one.line,
                text=printable(text),
                how=how,
            )
        if one.also:
            how = tr(
                "{how}; also wrong: {calls}", how=how, calls=", ".join(f"`{each}`" for each in one.also[:6])
            )
        line = one.line if one.file == self.file else 0
        return Ending(one.result.trial.operation, "", line, Mark(DIFFERS, how))

    def _of(self, name: str) -> str:
        """With which calls an operation agrees."""
        calls = [f"`{one.trial.text}`" for one in self.results[name] if one.kind == AGREES]
        return tr("agrees: {calls}", calls=", ".join(dict.fromkeys(calls)))

    def _untried(self) -> Iterator[str]:
        """What was not judged, and why: a clause for each reason."""
        reasons: dict[str, list[str]] = {}
        raising = {id(one.trial) for one in self._raising()}
        for one in itertools.chain(*self.results.values()):
            if one.kind == UNKNOWN and id(one.trial) not in raising:
                why = tr("its way back raises {error}", error=one.why) if one.raised else one.why
                if isinstance(one.raised, ValueError) and one.trial.broadcast:
                    kind = type(one.raised).__name__
                    why = tr("its way back raises {error} where an operand is broadcast", error=kind)
                words = (
                    operands_text(one.trial, ()) if one.trial.broadcast and len(one.trial.shapes) > 1 else ""
                )
                call = f"`{one.trial.text}`"
                reasons.setdefault(printable(why), []).append(f"{call} {words}" if words else call)
        for why, calls in reasons.items():
            yield tr("not judged: {calls}: {why}", calls=", ".join(dict.fromkeys(calls)), why=why)


BROADCASTS = re.compile(r"broadcast|sum_to|sum_out|reduce_grad|match_shape", re.I)
"""What is said where broadcasting is undone."""
OPEN = (
    "the gradient of an operand that is broadcast keeps the axes of the output; "
    "if operands of different shapes are meant, that is a mistake"
)


def _left_open(one: Result) -> Result:
    """A gradient that is right but for the axes that are not summed, in an engine that never sums them."""
    wrong = one.wrong
    if wrong is None or not one.trial.broadcast or wrong.claimed is None:
        return one
    summed = summed_to(wrong.claimed, wrong.slopes.shape)
    if (
        summed is None
        or wrong.claimed.shape == wrong.slopes.shape
        or not np.allclose(summed, wrong.slopes, 1e-3)
    ):
        return one
    return replace(one, kind=UNKNOWN, why=tr(OPEN), wrong=None)


def _before(trial: Trial, sign: str, after: Callable[[Any], Any]) -> Trial:
    """A call whose output goes on into another one."""
    text = f"-{_inner(trial.text)}" if sign == "-" else f"{_inner(trial.text)}{sign}"
    return replace(trial, text=text, apply=lambda on: after(trial.apply(on)))


def _inner(text: str) -> str:
    """A call as a part of another one."""
    return f"({text})" if re.search(r"^-| [-+*/@]", text) else text


def _refuses(error: Exception) -> bool:
    """Whether what was raised says that a call is not taken: an assertion, or a `raise` of its author's."""
    if isinstance(error, (AssertionError, NotImplementedError, RecursionError)):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and (frames[-1].line or "").startswith(("raise", "assert"))


def _in_file(error: Exception, file: str) -> bool:
    return any(one.filename == file for one in traceback.extract_tb(error.__traceback__))
