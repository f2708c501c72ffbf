"""Where and why an engine's gradients differ: each in words, by the line of an operation's way back."""

from __future__ import annotations

import ast
import contextlib
import linecache
import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.verdicts import pulling
from convstep.candidate.verdicts.marks import AGREES, UNKNOWN
from convstep.candidate.verdicts.nodes import Nodes
from convstep.candidate.verdicts.operations import Trial
from convstep.candidate.verdicts.pulling import Broken, Pulled, Ran, Untried
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import Array
from convstep.steps.number_text import shape_text, told_apart

LETTERS = "abc"
"""What the operands are called."""
WALK = "backward"
"""In the place of an operation: the walk through the graph."""
UNSUMMED = "the axes along which it was broadcast are not summed"
WALKED = "each operation in it is right alone, so that the walk through the graph is not"
REUSED = (
    "each operation in it is right alone, so that the walk through the graph is not: "
    "y, which is used again later, hands its gradient on before it has all of it, or more than once"
)


@frozen(eq=False)
class Result:
    """What a call came to on its draws."""

    trial: Trial
    kind: str
    """AGREES, DIFFERS or UNKNOWN."""
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


class Placing:
    """Says it of one engine."""

    def __init__(
        self, nodes: Nodes, file: str, results: Mapping[str, Sequence[Result]], *, summing: bool
    ) -> None:
        """Look at nothing yet; `results` by operation, and whether `sum` ends a graph."""
        self.nodes, self.file, self.results, self.summing = nodes, file, results, summing

    def placed(self, wrong: Sequence[Result]) -> list[Finding]:
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
            summed = summed_to(one.claimed, one.slopes.shape)
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
        name, facts = LETTERS[one.operand], {"call": trial.text, "on": operands_text(trial, result.values)}
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
            on=operands_text(result.trial, result.values),
            error=printable(f"{type(error).__name__}: {error}"),
        )
        return Finding(result, said, *place)

    def _agreeing(self, name: str) -> list[Trial]:
        return agreeing(self.results[name])


def agreeing(results: Sequence[Result]) -> list[Trial]:
    """The calls of an operation that are right."""
    return [one.trial for one in results if one.kind == AGREES]


def operands_text(trial: Trial, values: Sequence[Array]) -> str:
    """The operands of a call in words: their numbers, or their shapes."""
    if any(trial.shapes):
        said = (f"{name} {shape_text(shape)}" for name, shape in zip(LETTERS, trial.shapes, strict=False))
    else:
        said = (f"{name} = {float(value):.4g}" for name, value in zip(LETTERS, values, strict=False))
    return ", ".join(said)


def summed_to(array: Array, shape: tuple[int, ...]) -> Array | None:
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


def _put(one: Finding, found: Sequence[Finding]) -> Finding:
    """Axes that several operations leave unsummed, at the line by which all of them put their gradients."""
    same = {each.result.trial.operation for each in found if each.writer[1] and each.writer == one.writer}
    return replace(one, file=one.writer[0], line=one.writer[1]) if len(same) > 1 else one


def _assigns(file: str, line: int) -> bool:
    """Whether a line sets an attribute to something in which that attribute has no part."""
    with contextlib.suppress(SyntaxError):
        tree = ast.parse(linecache.getline(file, line).strip())
        for one in tree.body:
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Attribute):
                name = ast.unparse(one.targets[0])
                return name not in ast.unparse(one.value)
    return False
