"""While it runs: the gradient so far, against that of those cells of `dout` that have been read so far.

A backward is linear in the gradient from above. So where each turn of a loop adds what some of its cells
contribute, the state in between is the backward of the gradient from above with zeros in the other cells.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.calls import text
from convstep.candidate.verdicts.ending import Judged, beside
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, Mark
from convstep.candidate.verdicts.slopes import Clock, Jacobian, jacobian
from convstep.candidate.verdicts.trace import Touch, Trace
from convstep.candidate.verdicts.trial import Trial
from convstep.language import tr
from convstep.steps.cells import cell_text
from convstep.steps.number_text import short

Array = npt.NDArray[Any]
Loop = ast.For | ast.While
CLOSE = 1e-5
"""What a cell may be off, as a share of the sizes that make it up."""
MOST_MARKS = 5_000
"""How many positions are marked."""


@dataclass(slots=True)
class Held:
    """What is known of a result while it is made."""

    positions: dict[int, Mark] = field(default_factory=dict)
    """By position, whether it is what it should be then."""
    line: int = 0
    """The line after which it is not, for the first time; 0 if it always is."""
    how: str = ""
    """What was found there."""


def running(trial: Trial, judged: Judged, results: Sequence[Judged], clock: Clock) -> Held | None:
    """How a result fares while the loop that makes it runs; None where that says nothing.

    Args:
        trial: the run.
        judged: the result, and what is said of it in the end.
        results: all of them.
        clock: tells when to stop.
    """
    place = _place(trial, judged, results)
    if place is None or judged.mark.kind not in (AGREES, DIFFERS):
        return None
    rates = judged.jacobian or jacobian(trial.forward, trial.inputs[judged.of], trial.loss, clock)
    if not len(rates.cells) or not rates.smooth.any():
        return None
    clock.check()
    checks = list(_checks(trial, place, rates, clock))
    found = Held()
    wrong = [one for one in checks if one.off is not None]
    if judged.mark.kind == AGREES:
        if wrong:
            return None  # the loop does not add up cell by cell
    elif not place.additive or not wrong:
        return None
    for check in checks[:MOST_MARKS]:
        how = _sentence(trial, judged, check)
        found.positions[check.position] = Mark(
            DIFFERS if check.off is not None else AGREES, how, check in wrong[:1]
        )
    if wrong:
        found.line, found.how = _line(place, wrong[0]), _sentence(trial, judged, wrong[0])
        if wrong[0].position not in found.positions:
            found.positions[wrong[0].position] = Mark(DIFFERS, found.how, True)
    return found


# where it is made


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """The loop in which a result is made."""

    trace: Trace
    """Of the run."""
    owner: str
    """The array that it is, or lies in."""
    view: Array
    """It, live."""
    above: Mapping[str, int]
    """The gradients from above by name, each with where its cells begin among all of them."""
    low: int
    """The first step of the loop."""
    high: int
    """The step after it."""
    lines: range
    """The lines of its body."""
    heads: frozenset[int]
    """The lines at which loops begin."""
    additive: bool
    """Whether a turn depends on nothing but the cells that it reads, and what was there before the loop."""

    def reads(self, step: int) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
        """The cells of the gradients from above that a step reads."""
        for one in self.trace.touches[step]:
            if (
                one.array in self.above
                and one.kind == "reads"
                and one.line in self.lines
                and one.line not in self.heads
            ):
                yield one.array, one.cells + self.above[one.array]

    def writes(self, step: int) -> list[Touch]:
        """What a step writes of the result."""
        return [
            one
            for one in self.trace.touches[step]
            if one.array == self.owner and one.writes and one.line in self.lines
        ]


def _place(trial: Trial, judged: Judged, results: Sequence[Judged]) -> _Place | None:
    """The loop in which a result is made; None if there is none, or more than one."""
    trace = trial.trace
    standing = trace.standing(judged.result.name) if trace.whole and judged.of else None
    definition = trial.definition(backward=True)
    if standing is None or definition is None:
        return None
    owner, view = standing
    changing = [
        step
        for step, touches in enumerate(trace.touches)
        if trace.loops[step]
        and any(one.array == owner and one.writes and one.kind != "makes" for one in touches)
    ]
    heads = {trace.loops[step][0] for step in changing}
    loop = next(
        (one for one in ast.walk(definition.node) if isinstance(one, Loop) and {one.lineno} == heads), None
    )
    if loop is None:
        return None
    steps = [step for step, lines in enumerate(trace.loops) if lines[:1] == (loop.lineno,)]
    above, count = dict[str, int](), 0
    for path, upstream in zip(trial.above, trial.loss.upstream, strict=True):
        above[text(path)] = count
        count += upstream.size
    inner = frozenset(one.lineno for one in ast.walk(loop) if isinstance(one, Loop))
    place = _Place(
        trace,
        owner,
        view,
        above,
        steps[0],
        steps[-1] + 1,
        range(loop.lineno + 1, (loop.end_lineno or loop.lineno) + 1),
        inner,
        additive=False,
    )
    if not _begins_and_ends(place):
        return None
    names = {one.result.name for one in results}
    owners = {found[0] for one in results if (found := trace.standing(one.result.name))}
    apart = not _carried(loop, trace, owners | names) and not _tainted(
        definition.node, loop, place, owners | names
    )
    additive = apart and _independent(place)
    return _Place(trace, owner, view, above, place.low, place.high, place.lines, inner, additive)


def _begins_and_ends(place: _Place) -> bool:
    """Whether the result is zeros before the loop, and is not changed after it."""
    recording = place.trace.recording
    end = np.array(place.view)
    recording.seek(place.high)
    after = np.array(place.view)
    recording.seek(place.low)
    made = place.owner in recording.arrays
    before = np.array(place.view) if made else np.zeros_like(end)
    recording.seek(recording.total)
    return not before.any() and np.array_equal(after, end, equal_nan=True)


# whether the turns of the loop are independent of each other


def _carried(loop: Loop, trace: Trace, results: set[str]) -> bool:
    """Whether a turn uses numbers that an earlier one has left in a variable."""
    variables = trace.recording.variables
    return any(
        name not in results
        and not isinstance(variables.get(name), (int, np.integer, tuple, str))
        and not (isinstance(value := variables.get(name), np.ndarray) and _stands_for(value, trace, results))
        for each in ast.walk(loop)
        if isinstance(each, Loop)
        for name in _used_before_set(each)
    )


def _used_before_set(loop: Loop) -> set[str]:
    """The variables that a loop's body sets, and uses before that."""
    stored, carried = set[str](), set[str]()
    every = {one.id for one in ast.walk(loop) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    if isinstance(loop, ast.For):
        stored |= {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}

    def look(node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            order: list[ast.AST] = [node.value, *node.targets]
        elif isinstance(node, ast.AugAssign):
            order = [node.value]
            if isinstance(node.target, ast.Name) and node.target.id not in stored:
                carried.add(node.target.id)
            order.append(node.target)
        elif isinstance(node, ast.For):
            order = [node.iter, node.target, *node.body, *node.orelse]
        else:
            order = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                stored.add(node.id)
            elif node.id in every and node.id not in stored:
                carried.add(node.id)
        for one in order:
            look(one)

    for statement in loop.body:
        look(statement)
    return carried


def _tainted(function: ast.FunctionDef, loop: Loop, place: _Place, results: set[str]) -> bool:
    """Whether the loop uses what was made of the gradients from above before it, other than views of them."""
    tainted, before = set(place.above), set[str]()
    inside = {id(one) for one in ast.walk(loop)}
    for _ in range(2):
        for node in naming.own(function):
            if isinstance(node, (ast.Assign, ast.AugAssign)) and id(node) not in inside:
                used = set(naming.valued(node.value))
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if used & tainted:
                    tainted |= {
                        one.id for each in targets for one in ast.walk(each) if isinstance(one, ast.Name)
                    }
    before = tainted - set(place.above) - results
    used = {one.id for one in ast.walk(loop) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    variables = place.trace.recording.variables
    free = set[str]()
    for name in before & used:
        value = variables.get(name)
        if isinstance(value, (int, np.integer, tuple, str)) or (
            isinstance(value, np.ndarray) and _stands_for(value, place.trace, set(place.above) | results)
        ):
            free.add(name)
    return bool((before & used) - free)


def _stands_for(value: Array, trace: Trace, names: set[str]) -> bool:
    """Whether an array shares its memory with one of some arrays."""
    arrays = trace.recording.arrays
    return any(np.shares_memory(value, arrays[name]) for name in names if name in arrays)


def _independent(place: _Place) -> bool:
    """Whether no cell from above is read in two turns looked at apart, nor what another turn has written."""
    arrays = place.trace.recording.arrays
    first = np.full(sum(arrays[name].size for name in place.above), -1)
    written: dict[str, npt.NDArray[np.intp]] = {}
    turn, since = 0, False
    for step in range(place.low, place.high):
        read = [cells for _, cells in place.reads(step)]
        cells = np.concatenate(read) if read else np.zeros(0, np.intp)
        if since and (first[cells] < 0).any():
            turn, since = turn + 1, False
        first[cells] = np.where(first[cells] < 0, turn, first[cells])
        if (first[cells] != turn).any():
            return False
        touches = [one for one in place.trace.touches[step] if one.line in place.lines]
        for one in touches:
            own = any(w.writes and w.array == one.array and w.line == one.line for w in touches)
            if one.kind == "reads" and not own and one.array in written:
                before = written[one.array][one.cells]
                if ((before >= 0) & (before != turn)).any():
                    return False
        for one in touches:
            if one.kind == "makes":
                written.pop(one.array, None)
            elif one.writes and one.array in arrays:
                written.setdefault(one.array, np.full(arrays[one.array].size, -1))[one.cells] = turn
        since = since or bool(place.writes(step))
    return True


# the state in between


@dataclass(frozen=True, slots=True, eq=False)
class _Check:
    """The result at one position."""

    position: int
    """After so many steps."""
    since: int
    """Where it was looked at before."""
    read: int
    """How many cells from above have been read by then."""
    off: tuple[int, float, float] | None
    """A cell that has gone off since then, as a number; what it is; what it should be; None if none has."""


def _checks(trial: Trial, place: _Place, rates: Jacobian, clock: Clock) -> Iterator[_Check]:
    """The result wherever the next step reads further cells, and at the end of the loop."""
    upstream = np.concatenate([one.ravel() for one in trial.loss.upstream])
    whole = np.abs(rates.rates) @ np.abs(upstream)
    allowed = CLOSE * (whole + 1e-2 * whole.max(initial=0.0)) + 1e-9
    expected, off = np.zeros(len(rates.cells)), np.zeros(len(rates.cells))
    seen = np.zeros(len(upstream), bool)
    recording, since, written = place.trace.recording, place.low, False
    for step in range(place.low, place.high + 1):
        new = np.array([], np.intp)
        if step < place.high:
            read = [cells for _, cells in place.reads(step)]
            new = np.unique(np.concatenate(read)) if read else new
            new = new[~seen[new]]
        if written and (step == place.high or len(new)):
            clock.check()
            recording.seek(step)
            actual = np.asarray(place.view, np.float64).ravel()[rates.cells]
            now = np.where(rates.smooth, actual - expected, 0.0)
            moved = ~(np.abs(now - off) <= allowed)
            worst = int(np.argmax(np.where(moved, np.abs(now - off), -1.0)))
            gone = moved.any()
            place_off = (
                (int(rates.cells[worst]), float(actual[worst]), float(expected[worst])) if gone else None
            )
            yield _Check(step, since, int(seen.sum()), place_off)
            off, since, written = now, step, False
        if len(new):
            expected = expected + rates.rates[:, new] @ upstream[new]
            seen[new] = True
        if step < place.high:
            written = written or bool(place.writes(step))
    recording.seek(recording.total)


def _line(place: _Place, check: _Check) -> int:
    """The line that has written the cell that went off; otherwise the last one that has written any."""
    found = 0
    address = place.view.__array_interface__["data"][0]
    strides, shape = place.view.strides, place.view.shape
    owner = place.trace.recording.arrays[place.owner]
    index = np.unravel_index(check.off[0], shape) if check.off else ()
    byte = (
        address
        + sum(int(i) * s for i, s in zip(index, strides, strict=True))
        - owner.__array_interface__["data"][0]
    )
    cell = byte // owner.itemsize if owner.flags.c_contiguous else -1
    hit = 0
    for step in range(check.since, check.position):
        for one in place.writes(step):
            if one.kind != "makes":
                found = one.line
                hit = one.line if cell in one.cells else hit
    return hit or found


def _sentence(trial: Trial, judged: Judged, check: _Check) -> str:
    above = ", ".join(f"`{text(path)}`" for path in trial.above)
    if check.off is None:
        how = tr(
            "with zeros in the cells of {above} that are not read yet, the gradient by central differences "
            "of {forward} is what `{result}` is now",
            above=above,
            forward=trial.names[0],
            result=judged.result.name,
        )
        return how + beside(trial)
    cell, actual, expected = check.off
    index = tuple(int(one) for one in np.unravel_index(cell, judged.result.value.shape))
    how = tr(
        "`{cell}` is {value} now; with zeros in the cells of {above} that are not read yet, the gradient by "
        "central differences of {forward} is {expected}",
        cell=cell_text(judged.result.name, index),
        value=short(actual),
        above=above,
        forward=trial.names[0],
        expected=short(expected),
    )
    return how + beside(trial)
