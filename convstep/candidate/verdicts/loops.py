"""Loops: where a backward makes a result turn by turn, and whether its turns depend on each other."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.trace import Touch, Trace
from convstep.frozen import frozen
from convstep.steps.cells import Array

Loop = ast.For | ast.While


@frozen(eq=False)
class Place:
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


def place_of(
    trace: Trace,
    function: ast.FunctionDef,
    above: Mapping[str, int],
    result: str,
    results: Collection[str],
) -> Place | None:
    """The loop in which a result is made; None if there is none, or more than one.

    `above` has the gradients from above by name, each with how many cells it has.
    """
    standing = trace.standing(result) if trace.whole else None
    if standing is None:
        return None
    owner, view = standing
    changing = [
        step
        for step, touches in enumerate(trace.touches)
        if trace.loops[step]
        and any(one.array == owner and one.writes and one.kind != "makes" for one in touches)
    ]
    heads = {trace.loops[step][0] for step in changing}
    loop = next((one for one in ast.walk(function) if isinstance(one, Loop) and {one.lineno} == heads), None)
    if loop is None:
        return None
    steps = [step for step, lines in enumerate(trace.loops) if lines[:1] == (loop.lineno,)]
    starts = np.cumsum([0, *above.values()]).tolist()
    place = Place(
        trace,
        owner,
        view,
        dict(zip(above, starts, strict=False)),
        steps[0],
        steps[-1] + 1,
        range(loop.lineno + 1, (loop.end_lineno or loop.lineno) + 1),
        frozenset(one.lineno for one in ast.walk(loop) if isinstance(one, Loop)),
        additive=False,
    )
    if not _begins_and_ends(place):
        return None
    known = {*results, *(found[0] for name in results if (found := trace.standing(name)))}
    apart = not _carried(loop, trace, known) and not _tainted(function, loop, place, known)
    return replace(place, additive=apart and _independent(place))


def _begins_and_ends(place: Place) -> bool:
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
    variables, carried = trace.recording.variables, set[str]()
    for each in ast.walk(loop):
        if isinstance(each, Loop):
            used, added_to = _used_before_set(each)
            carried |= used | (added_to - results)
    return any(not isinstance(variables.get(name), (int, np.integer, tuple, str)) for name in carried)


def _used_before_set(loop: Loop) -> tuple[set[str], set[str]]:
    """The variables that a loop's body sets and uses before that, and those that it only adds to."""
    stored, used, added_to = set[str](), set[str](), set[str]()
    every = {_place_name(one) for one in ast.walk(loop) if isinstance(getattr(one, "ctx", None), ast.Store)}
    if isinstance(loop, ast.For):
        stored |= {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}

    def look(node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            order: list[ast.AST] = [node.value, *node.targets]
        elif isinstance(node, ast.AugAssign):
            order = [node.value]
            name = _place_name(node.target)
            if name and name not in stored:
                added_to.add(name)
            else:
                order.append(node.target)
        elif isinstance(node, ast.For):
            order = [node.iter, node.target, *node.body, *node.orelse]
        else:
            order = list(ast.iter_child_nodes(node))
        if (name := _place_name(node)) in every and name not in stored:
            (used if isinstance(getattr(node, "ctx", None), ast.Load) else stored).add(name)
        for one in order:
            look(one)

    for statement in loop.body:
        look(statement)
    return used, added_to


def _place_name(node: ast.AST) -> str:
    """What a place for a value is called: `h`, `self.h`, `state['h']`; "" for cells of an array."""
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
        return ""
    constant = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value
    if isinstance(node, (ast.Name, ast.Attribute)) or isinstance(constant, str):
        return ast.unparse(node)
    return ""


def _tainted(function: ast.FunctionDef, loop: Loop, place: Place, results: set[str]) -> bool:
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


def _independent(place: Place) -> bool:
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
        made = {one.array for one in touches if one.kind == "makes"}  # and read after that
        for one in touches:
            own = any(w.writes and w.array == one.array and w.line == one.line for w in touches)
            own = own or one.array in made
            if one.kind == "reads" and not own and one.array in written:
                before = written[one.array][one.cells]
                if ((before >= 0) & (before != turn)).any():
                    return False
        for one in touches:
            if one.writes and one.array in arrays:
                written.setdefault(one.array, np.full(arrays[one.array].size, -1))[one.cells] = turn
        since = since or bool(place.writes(step))
    return True
