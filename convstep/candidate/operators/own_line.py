"""The author's own line at which a running gradient parts from what is right for what was read so far.

A backward is linear in the gradient from above: in a loop that adds up, the gradient after some of its turns
is that of `dout` with zeros in the cells that were not read yet. So `Operator.right` of that is what the
author's own array should hold then. Where the loop does not add up, nothing is said.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.check.wording import listed
from convstep.candidate.load.names import line_words
from convstep.candidate.load.target import CandidateError
from convstep.candidate.operators import axes
from convstep.candidate.operators.answer import Judged, Swept
from convstep.candidate.operators.caller import Caller
from convstep.candidate.operators.evidence import same
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.operators.ways import Way, vocabulary
from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.loops import Place, place_of
from convstep.candidate.verdicts.marks import DIFFERS, Verdicts
from convstep.candidate.verdicts.running import Check, checks, line_of
from convstep.candidate.verdicts.slopes import Clock, OutOfTime
from convstep.candidate.verdicts.trace import Trace
from convstep.conv.step import quiet
from convstep.frozen import frozen
from convstep.language import tr
from convstep.operators.operator import Array, Operator, OperatorProblem
from convstep.recording.recording import Recording
from convstep.steps.cells import cell_text
from convstep.steps.number_text import told_apart

MOST = 200
"""At how many positions it is looked."""
SECONDS = 5.0
"""How long that may take."""
CLOSE = 1e-6
"""What a cell may be off, as a share of the largest."""
Lay = Callable[[str, Array], Array]
"""An array by the operator's name for it, in another layout."""


@frozen(eq=False)
class OwnLine:
    """Where a gradient parts, in the author's own run."""

    line: int
    """The line, as its file counts."""
    text: str
    """That line."""
    step: int
    """The step that it belongs to, from 1."""
    total: int
    """How many steps there are."""
    cell: str
    """The cell that parts, as the author indexes the array."""
    value: float
    """What it holds after the step."""
    expected: float
    """What it should, after the same of the gradient from above."""
    above: str
    """What the author calls the gradient from above."""
    file: str
    """The file that the line is in."""
    notebook_cell: int
    """The notebook's cell; 0 for a file."""
    cut: str = ""
    """The array that is right, where the gradient is cut out of it in the wrong place; else ""."""

    __repr__ = brief

    @property
    def place(self) -> tuple[str, int, int]:
        """Its file, the line, and the notebook's cell or 0."""
        return self.file, self.line, self.notebook_cell

    @property
    def words(self) -> str:
        """It in a sentence or two."""
        place = line_words(self.line, self.notebook_cell)
        if self.cut:
            return tr(
                "{place}: `{text}`. {array} holds the right numbers; the gradient is taken from other cells "
                "of it than it should be",
                place=place,
                text=self.text,
                array=self.cut,
            )
        value, expected = told_apart(self.value, self.expected)
        return tr(
            "first at step {step} of {total}, {place}: `{text}`. After it {cell} is {value}; for the cells "
            "of {above} read until then, {expected} would be right",
            step=self.step,
            total=self.total,
            place=place,
            text=self.text,
            cell=self.cell,
            value=value,
            above=self.above,
            expected=expected,
        )


@frozen()
class OwnWords:
    """What is said of the author's own lines, wherever it comes from."""

    words: str
    """A sentence or two."""
    place: tuple[str, int, int]
    """The file, the line, and the notebook's cell or 0."""


def own_words(worker: Caller, swept: Swept) -> OwnWords | None:
    """What the author's own steps show on the smallest failing problem; None where nothing is sure."""
    judged, way = swept.failing, swept.way
    if judged is None or judged.answer.kind != RETURNED or not isinstance(way, Way):
        return None
    handed = way.handed(judged.answer.problem)
    if way.tensors or worker.candidate.kind == "autograd" or handed is None:
        return None
    try:
        words = vocabulary(swept.operator)
        recording, said = worker.record_operator(worker.pose(words, handed[1], way.pairs, way.mode))
    except CandidateError:
        return None
    wrong = [name for name, share in judged.off.items() if 1 < share < np.inf]  # not of another shape
    if way.convention is None or way.convention.lay is None:
        lay, unlay = _layouts(swept.operator, way, judged)
        found = (own_line(recording, swept.operator, judged, name, lay, unlay) for name in wrong)
        first = next(filter(None, found), None)
        if first is not None:
            return OwnWords(first.words, first.place)
    line = said.first if said.differs else None
    if way.convention is not None and way.convention.divided:
        line = _beside_convention(said, words, wrong, way.convention.divided)
    if line is None or _takes_apart(recording, line):
        return None
    source, cell = recording.source, recording.source.cell or 0
    text = source.statement(line)
    how = tr("{place}: `{text}`. {how}", place=line_words(line, cell), text=text, how=said.lines[line].how)
    if line == said.first and said.open:
        made = listed([str(one) for one in said.open[:8]])
        how = tr("{how}. It is made of lines that are not judged: {lines}", how=how, lines=made)
    return OwnWords(how, (source.path, line, cell))


def _takes_apart(recording: Recording, line: int) -> bool:
    """Whether a line only names what was handed over: `x, w, c_bar = cache` makes no gradient."""
    node = _definition(recording)
    return node is not None and any(
        isinstance(one, ast.Assign) and one.lineno == line and isinstance(one.value, ast.Name)
        for one in ast.walk(node)
    )


def _beside_convention(
    said: Verdicts, words: Vocabulary, wrong: Sequence[str], divided: Mapping[str, str]
) -> int | None:
    """The first line that differs by more than a convention: by that a right one differs as well."""
    if not {*wrong} - {*divided}:
        return None
    right = {one.line for one in said.end if words.gradient(f"d{words.role(one.of)}") not in wrong}
    differing = {line for line, mark in said.lines.items() if mark.kind == DIFFERS}
    return min(differing - right, default=None)


def _layouts(operator: Operator, way: Way, judged: Judged) -> tuple[Lay, Lay]:
    """From the operator's layout to the author's, and back."""
    problem = judged.answer.problem
    sources = dict(zip(operator.upstream, operator.outputs, strict=False))
    sources |= {name: name.removeprefix("d") for name in operator.gradients}
    shapes = {name: array.shape for name, array in {**problem.upstream, **judged.right}.items()}

    def lay(name: str, array: Array) -> Array:
        source = sources[name]
        return axes.theirs(array, operator.axes.get(source, ""), way.axes.get(source, ""))

    def unlay(name: str, array: Array) -> Array:
        source = sources[name]
        return axes.ours(array, operator.axes.get(source, ""), way.axes.get(source, ""), shapes[name])

    return lay, unlay


def own_line(
    recording: Recording,
    operator: Operator,
    judged: Judged,
    name: str,
    theirs: Lay | None = None,
    ours: Lay | None = None,
) -> OwnLine | None:
    """Where a gradient parts in a recorded call of the author's backward; None if that is not sure.

    `theirs` leads from the operator's layout to the author's, `ours` back; by default they are the same.
    """
    clock, lay = Clock.of(SECONDS), theirs or _as_it_is
    node = _definition(recording)
    if node is None or recording.ended is not None or name not in judged.answer.gradients:
        return None
    problem, trace = judged.answer.problem, Trace.of(recording)
    above = _above(recording, problem, lay)
    returned = _returned(recording, node, lay(name, np.asarray(judged.answer.gradients[name])))
    if not above or returned is None:
        return None
    place = place_of(trace, node, {one: problem.upstream[up].size for one, up in above.items()}, *returned)
    right = np.asarray(lay(name, judged.right[name]))
    if place is not None and _lies_right(place, right):
        return _cut(recording, trace, place, returned[0])
    if place is None or not place.additive or place.view.shape != right.shape:
        return None
    expected = _ByOperator(operator, judged, name, tuple(above.values()), lay, ours or _as_it_is)
    try:
        looked = list(checks(place, expected, clock, MOST))
    except OutOfTime:
        return None
    first = next((one for one in looked if one.off is not None), None)
    return None if first is None or first.off is None else _found(recording, place, first, returned[0], above)


def _as_it_is(name: str, array: Array) -> Array:
    return array


def _definition(recording: Recording) -> ast.FunctionDef | None:
    """The function that was recorded, in its file's text."""
    try:
        tree = ast.parse("\n".join(recording.source.lines))
    except SyntaxError:
        return None
    recording.seek(min(1, recording.total))
    line = recording.event.line if recording.total else 0
    name = recording.name.rpartition(".")[2]
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.name == name
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return found[0] if len(found) == 1 else None


def _above(recording: Recording, problem: OperatorProblem, lay: Lay) -> dict[str, str]:
    """By what the author calls it, each gradient from above; none if one of them is not found."""
    recording.seek(0)
    found: dict[str, str] = {}
    for up, array in problem.upstream.items():
        wanted = lay(up, array)
        named = [
            own
            for own, held in recording.arrays.items()
            if own not in found and held.shape == wanted.shape and np.array_equal(held, wanted)
        ]
        if not named:
            return {}
        found[min(named, key=lambda one: not naming.of_gradient(one))] = up
    return found


def _returned(
    recording: Recording, node: ast.FunctionDef, gradient: Array
) -> tuple[str, tuple[str, ...]] | None:
    """The variable that is returned as a gradient, and all that are returned."""
    recording.seek(recording.total)
    names = [one for one in naming.returned(node) if one]
    variables: Mapping[str, Any] = recording.variables
    for name in names:
        value = variables.get(name)
        if isinstance(value, np.ndarray) and np.array_equal(value, gradient, equal_nan=True):
            return name, tuple(names)
    return None


class _ByOperator:
    """What a gradient should be while it is made, by the readable backward; see `running.Expected`."""

    def __init__(
        self, operator: Operator, judged: Judged, name: str, above: tuple[str, ...], lay: Lay, unlay: Lay
    ) -> None:
        self._operator, self._problem, self._name = operator, judged.answer.problem, name
        self._above, self._lay, self._unlay = above, lay, unlay
        whole = operator.right(self._problem)[name]
        with quiet():
            self._by = np.divide(judged.right[name], whole, out=np.ones_like(whole), where=whole != 0)
        size = whole.size
        self.cells: npt.NDArray[np.intp] = np.arange(size, dtype=np.intp)
        self.certain: npt.NDArray[np.bool_] = np.ones(size, bool)
        scale = float(np.abs(judged.right[name]).max(initial=0.0))
        self.allowed: Array = np.full(size, 10 * CLOSE * scale + 1e-12)

    def after(self, seen: npt.NDArray[np.bool_]) -> Array:
        """The gradient where only some cells of the gradients from above are not 0."""
        start, upstream = 0, dict(self._problem.upstream)
        for up in self._above:
            theirs = self._lay(up, upstream[up])
            part = seen[start : start + theirs.size].reshape(theirs.shape)
            upstream[up] = self._unlay(up, np.where(part, theirs, 0.0)).reshape(upstream[up].shape)
            start += theirs.size
        found = self._operator.right(replace(self._problem, upstream=upstream))[self._name] * self._by
        return np.asarray(self._lay(self._name, found)).ravel()


def _lies_right(place: Place, right: Array) -> bool:
    """Whether the right gradient lies in the array from which the author cuts another part."""
    whole = place.trace.recording.arrays[place.owner]
    if whole.ndim != right.ndim or whole.size == right.size or not right.size:
        return False
    if any(n < m for n, m in zip(whole.shape, right.shape, strict=True)):
        return False
    windows = np.lib.stride_tricks.sliding_window_view(whole, right.shape)
    return any(same(windows[at], right) for at in np.ndindex(*windows.shape[: right.ndim]))


def _cut(recording: Recording, trace: Trace, place: Place, result: str) -> OwnLine | None:
    """The line that cuts the gradient out of the array that holds it."""
    made = [one.line for one in trace.in_the_end() if one.name == result]
    line = made[-1] if made else trace.returned
    if not line:
        return None
    text, file, cell = recording.source.statement(line), recording.source.path, recording.source.cell or 0
    total = recording.total
    return OwnLine(line, text, total, total, "", 0.0, 0.0, "", file, cell, place.owner)


def _found(
    recording: Recording, place: Place, check: Check, result: str, above: Mapping[str, str]
) -> OwnLine:
    assert check.off is not None
    number, actual, expected = check.off
    line, source = line_of(place, check), recording.source
    index = tuple(int(one) for one in np.unravel_index(number, place.view.shape))
    return OwnLine(
        line,
        source.statement(line),
        check.position,
        recording.total,
        cell_text(result, index),
        actual,
        expected,
        " and ".join(above),
        source.path,
        source.cell or 0,
    )
