"""Runs in the child: an autograd engine held against the forward of each of its operations."""

from __future__ import annotations

import ast
import contextlib
import inspect
import itertools
import linecache
import os
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
from convstep.candidate.verdicts.nodes import WANTED, Nodes, nodes_of
from convstep.candidate.verdicts.operations import WHOLE, Trial, operations, trials
from convstep.candidate.verdicts.pulling import Broken, Pulled, Ran, Untried
from convstep.candidate.verdicts.slopes import Clock
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import Array
from convstep.steps.number_text import shape_text, told_apart

DRAWS, FEWER = 6, 2
"""How many draws of numbers a call is tried on; of arrays, and in graphs, fewer."""
LETTERS = "abc"
"""What the operands are called."""
WALK = "backward"
"""In the place of an operation: the walk through the graph."""


@frozen(eq=False)
class Result:
    """What a call came to on its draws."""

    trial: Trial
    kind: str
    """One of `KINDS`."""
    draws: int = 0
    """On how many something was said."""
    differing: int = 0
    why: str = ""
    """Why nothing was said."""
    values: Sequence[Array] = ()
    """The operands of the draw on which it differs."""
    wrong: Pulled | None = None
    """What differs there."""
    raised: Exception | None = None
    """What its way back raises."""


@frozen(eq=False)
class Finding:
    """A call whose gradient is wrong, in words and by its line."""

    result: Result
    how: str
    file: str = ""
    line: int = 0
    ran: frozenset[tuple[str, int]] = frozenset()
    """The lines of operations that ran on the way back."""
    parts: frozenset[frozenset[str]] = frozenset()
    """The operations whose way back runs, and those of the other calls."""
    writer: tuple[str, int] = ("", 0)
    """Of axes that are not summed: where the gradient is put."""
    also: tuple[str, ...] = ()
    """Other calls that are wrong by the same line."""


def engine_held(served: Served, seconds: float) -> Held | None:
    """What the forwards of a class of nodes say of its way back; None if it is no such class."""
    if served.candidate.kind != "class":
        return None
    nodes = nodes_of(served.function, served.namespace)
    if nodes is None:
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return _Engine(nodes, served.candidate.file, Clock.of(seconds)).held()


class _Engine:
    """An engine while it is tried."""

    def __init__(self, nodes: Nodes, file: str, clock: Clock) -> None:
        self.nodes, self.file, self.clock = nodes, file, clock
        self.results: dict[str, list[Result]] = {}
        self.notes: list[str] = []
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
        findings = self._placed(wrong)
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
                why = str(error)
                if draw:
                    continue
                break
            except Broken as broken:
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
        return [one.trial for one in self.results[name] if one.kind == AGREES]

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

    # where and why

    def _placed(self, wrong: Sequence[Result]) -> list[Finding]:
        """What is wrong in words, one finding a line: what others are made of first."""
        found = sorted(map(self._finding, wrong), key=lambda one: len(one.ran))
        found = [_put(one, found) for one in found]
        walk = any(one.result.trial.operation == WALK for one in found)
        # what is made of several operations fails because the walk does
        found.sort(
            key=lambda one: (walk and one.result.trial.operation != WALK, max(map(len, one.parts), default=0))
        )
        kept: list[Finding] = []
        for one in found:
            text = one.result.trial.text
            same = next(
                (
                    at
                    for at, each in enumerate(kept)
                    if one.result.trial.operation == each.result.trial.operation
                    or (each.result.trial.operation == WALK and not one.line and not one.result.raised)
                    or (each.line and (each.file, each.line) in {*one.ran, (one.file, one.line)})
                    or any(part and part < whole for part in each.parts for whole in one.parts)
                ),
                None,
            )
            if same is None:
                kept.append(one)
                continue
            first = kept[same]
            also = () if text in (first.result.trial.text, *first.also) else (text,)
            kept[same] = replace(first, also=(*first.also, *also), parts=first.parts | one.parts)
        return kept

    def _finding(self, result: Result) -> Finding:
        if result.raised is not None:
            return self._raised(result)
        assert result.wrong is not None
        trial, one = result.trial, result.wrong
        with contextlib.suppress(Exception):  # somebody's own code runs, and its text may be anywhere
            if trial.operation == WALK:
                code = getattr(self.nodes.back, "__code__", None)
                place = (code.co_filename, code.co_firstlineno) if code else ("", 0)
                said = tr(REUSED) if trial.text.startswith("y = ") else tr(WALKED)
                return Finding(result, self._words(result, said), *place)
            ran, owners = self._ran(trial, result.values, one.operand), self._owners(trial)
            mine = [each for each in ran if pulling.own(self.nodes, each) and each.owner in owners]
            alone = any(each.trial is trial for each in self.results[trial.operation])
            twice = not alone and not self._carried(trial)
            place = self._line(ran, [] if twice else mine, owners)
            lines = frozenset((each.code.co_filename, each.line) for each in mine)
            said = self._mistake(result, *place)
            last = next((each for each in reversed(ran) if each.wrote), None)
            unsummed = last is not None and said == tr(UNSUMMED)
            writer = (last.code.co_filename, last.line) if last is not None and unsummed else ("", 0)
            return Finding(
                result, self._words(result, said), *place, lines, frozenset([frozenset(owners)]), writer
            )
        return Finding(result, self._words(result, ""))

    def _ran(self, trial: Trial, values: Sequence[Array], number: int = 0) -> list[Ran]:
        folder = os.path.dirname(os.path.abspath(self.file)) if self.file else "<"
        return pulling.lines_run(self.nodes, trial, values, number, summing=self.summing, folder=folder)

    def _carried(self, trial: Trial) -> bool:
        """Whether it is a call before another one."""
        return trial.text.endswith(" * w") or (trial.text[:1] == "-" and trial.operation != "__neg__")

    def _owners(self, trial: Trial) -> set[str]:
        """The operations whose way back runs for a call alone; without the sum that ends the graph."""

        def of(one: Trial) -> set[str]:
            ran = self._ran(one, one.drawn(np.random.default_rng(0)))
            return {each.owner for each in ran if pulling.own(self.nodes, each)}

        alone = next(one.trial for one in self.results[trial.operation] if one.kind != UNKNOWN)
        ends = self.summing and trial.operation != "sum"
        return of(alone) - (of(self._agreeing("sum")[0]) if ends else set())

    def _line(self, ran: Sequence[Ran], mine: Sequence[Ran], owners: set[str]) -> tuple[str, int]:
        """The line of an operation's way back that is to blame; nothing where several operations ran."""
        if len(owners) > 1:
            return "", 0
        last = max((at for at, each in enumerate(ran) if each.wrote), default=-1)
        if mine:
            until = [each for each in ran[: last + 1] if each in mine] or mine
            found = next((each for each in reversed(until) if each.wrote), until[-1])
            return found.code.co_filename, found.line
        if last < 0:
            return "", 0
        found = ran[last]
        walk = getattr(self.nodes.back, "__code__", None)
        if found.code is walk and found.caller is not None and found.caller[0] is walk:
            return walk.co_filename, found.caller[1]  # a walk that calls itself: where it does
        return found.code.co_filename, found.line

    def _mistake(self, result: Result, file: str, line: int) -> str:
        """What is surely wrong, a clause; "" if that is not known."""
        trial, one = result.trial, result.wrong
        assert one is not None
        if one.silent:
            return tr("no gradient reaches it")
        assert one.claimed is not None
        if one.claimed.shape != one.slopes.shape:
            summed = _summed_to(one.claimed, one.slopes.shape)
            if summed is not None and np.allclose(summed, one.slopes, 1e-3):
                return tr(UNSUMMED)
            return ""
        if any(each.trial is trial for each in self.results[trial.operation]):
            return ""
        if self._carried(trial):
            alone = next(iter(self._agreeing(trial.operation)))
            with contextlib.suppress(Untried, Broken, IndexError):
                found = pulling.pulled(self.nodes, alone, result.values, summing=self.summing)
                if np.allclose(found[one.operand].slopes, one.claimed, 1e-3):
                    return tr("the gradient from above is not taken into account")
            return ""
        if np.allclose(2 * one.claimed, one.slopes, 1e-3) and _assigns(file, line):
            return tr("= where += is needed: a node that is used twice keeps only one of its gradients")
        return ""

    def _words(self, result: Result, mistake: str) -> str:
        trial, one = result.trial, result.wrong
        assert one is not None
        name, facts = LETTERS[one.operand], {"call": trial.text, "on": _on(trial, result.values)}
        if one.claimed is not None and pulling.laid(one.claimed, one.slopes.shape) is None:
            said = tr(
                "`{call}`, {on}: the gradient of {name} has the shape {shape}, and {name} has {own}",
                name=name,
                shape=shape_text(one.claimed.shape),
                own=shape_text(one.slopes.shape),
                **facts,
            )
        else:
            laid = (
                np.zeros(one.slopes.shape)
                if one.claimed is None
                else pulling.laid(one.claimed, one.slopes.shape)
            )
            assert laid is not None
            off = np.abs(np.nan_to_num(laid - one.slopes, nan=np.inf))
            index = np.unravel_index(int(np.argmax(off)), off.shape)
            has, slope = told_apart(laid[index], one.slopes[index], 5)
            cell = f"[{', '.join(map(str, index))}]" if index else ""
            said = tr(
                "`{call}`, {on}: the gradient of {name}{cell} is {has}, and the slope is {slope}",
                name=name,
                cell=cell,
                has=has,
                slope=slope,
                **facts,
            )
        return f"{said}; {mistake}" if mistake else said

    def _raised(self, result: Result) -> Finding:
        error = result.raised
        assert error is not None
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == self.file]
        place = (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)
        said = tr(
            "`{call}`, {on}: the way back raises {error}",
            call=result.trial.text,
            on=_on(result.trial, result.values),
            error=printable(f"{type(error).__name__}: {error}"),
        )
        return Finding(result, said, *place)

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
                words = _on(one.trial, ()) if one.trial.broadcast and len(one.trial.shapes) > 1 else ""
                call = f"`{one.trial.text}`"
                reasons.setdefault(printable(why), []).append(f"{call} {words}" if words else call)
        for why, calls in reasons.items():
            yield tr("not judged: {calls}: {why}", calls=", ".join(dict.fromkeys(calls)), why=why)


BROADCASTS = re.compile(r"broadcast|sum_to|sum_out|reduce_grad|match_shape", re.I)
"""What is said where broadcasting is undone."""
UNSUMMED = "the axes along which it was broadcast are not summed"
OPEN = (
    "the gradient of an operand that is broadcast keeps the axes of the output; "
    "if operands of different shapes are meant, that is a mistake"
)
WALKED = "each operation in it is right alone, so that the walk through the graph is not"
REUSED = (
    "each operation in it is right alone, so that the walk through the graph is not: "
    "y, which is used again later, hands its gradient on before it has all of it, or more than once"
)


def _left_open(one: Result) -> Result:
    """A gradient that is right but for the axes that are not summed, in an engine that never sums them."""
    wrong = one.wrong
    if wrong is None or not one.trial.broadcast or wrong.claimed is None:
        return one
    summed = _summed_to(wrong.claimed, wrong.slopes.shape)
    if (
        summed is None
        or wrong.claimed.shape == wrong.slopes.shape
        or not np.allclose(summed, wrong.slopes, 1e-3)
    ):
        return one
    return replace(one, kind=UNKNOWN, why=tr(OPEN), wrong=None)


def _put(one: Finding, found: Sequence[Finding]) -> Finding:
    """Axes that several operations leave unsummed, at the line by which all of them put their gradients."""
    same = {each.result.trial.operation for each in found if each.writer[1] and each.writer == one.writer}
    return replace(one, file=one.writer[0], line=one.writer[1]) if len(same) > 1 else one


def _before(trial: Trial, sign: str, after: Callable[[Any], Any]) -> Trial:
    """A call whose output goes on into another one."""
    text = f"-{_inner(trial.text)}" if sign == "-" else f"{_inner(trial.text)}{sign}"
    return replace(trial, text=text, apply=lambda on: after(trial.apply(on)))


def _inner(text: str) -> str:
    """A call as a part of another one."""
    return f"({text})" if re.search(r"^-| [-+*/@]", text) else text


def _on(trial: Trial, values: Sequence[Array]) -> str:
    """The operands of a call in words: their numbers, or their shapes."""
    if any(trial.shapes):
        said = (f"{name} {shape_text(shape)}" for name, shape in zip(LETTERS, trial.shapes, strict=False))
    else:
        said = (f"{name} = {float(value):.4g}" for name, value in zip(LETTERS, values, strict=False))
    return ", ".join(said)


def _refuses(error: Exception) -> bool:
    """Whether what was raised says that a call is not taken: an assertion, or a `raise` of its author's."""
    if isinstance(error, (AssertionError, NotImplementedError, RecursionError)):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and (frames[-1].line or "").startswith(("raise", "assert"))


def _in_file(error: Exception, file: str) -> bool:
    return any(one.filename == file for one in traceback.extract_tb(error.__traceback__))


def _summed_to(array: Array, shape: tuple[int, ...]) -> Array | None:
    """An array summed along the axes along which the other shape is broadcast to its own."""
    try:
        if np.broadcast_shapes(array.shape, shape) != array.shape:
            return None
    except ValueError:
        return None
    more = array.ndim - len(shape)
    found = array.sum(axis=tuple(range(more)))
    axes = tuple(at for at, size in enumerate(shape) if size == 1)
    summed: Array = found.sum(axis=axes, keepdims=True)
    return summed


def _assigns(file: str, line: int) -> bool:
    """Whether a line sets an attribute to something in which that attribute has no part."""
    with contextlib.suppress(SyntaxError):
        tree = ast.parse(linecache.getline(file, line).strip())
        for one in tree.body:
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Attribute):
                name = ast.unparse(one.targets[0])
                return name not in ast.unparse(one.value)
    return False
