"""So far: an operator's gradients at any step of its recorded backward, beside what they should be there.

A backward is linear in the gradient from above. Where each turn of a loop adds what some of its cells
contribute, the gradients in between are those of the gradient from above with zeros in the cells that are
not read yet. A straight line has its gradients in the end alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts.calls import Called
from convstep.candidate.verdicts.loops import Place, place_of
from convstep.candidate.verdicts.marks import DIFFERS, UNKNOWN, Ending, Mark, Verdicts
from convstep.candidate.verdicts.running import read_before
from convstep.candidate.verdicts.slopes import Clock, Jacobian, Loss, jacobian
from convstep.candidate.verdicts.trace import Trace
from convstep.frozen import frozen
from convstep.language import tr
from convstep.operators.operator import Array, Operator, OperatorProblem
from convstep.oracle.comparison import Comparison, row_of
from convstep.oracle.expectation import Expected, OracleUnavailable
from convstep.oracle.messages import OperatorQuestion
from convstep.oracle.numeric import NAME
from convstep.oracle.row import Row
from convstep.oracle.tolerance import Judgement
from convstep.oracle.wording import distinguishable
from convstep.printable import printable
from convstep.recording.recording import Recording
from convstep.steps.cells import cell_text
from convstep.steps.number_text import short

CLOSE, BY_SLOPES = 1e-10, 1e-5
"""What a cell may be off, as a share of the largest number: beside PyTorch, beside central differences."""
LEAST = 1e-3
"""The same share, of how much more a sum may hold than comes of it."""
MOST_MARKS = 200
"""At how many positions PyTorch is asked for the marks on the timeline."""
SECONDS = 20.0
"""How long central differences may take; the cells that are not looked at by then are left out."""

Cells = npt.NDArray[np.bool_]
Asking = Callable[[OperatorQuestion], tuple[str, Mapping[str, Array]]]
"""PyTorch: its name, and the gradients."""


@frozen(eq=False)
class SoFar:
    """The gradients at one position."""

    position: int
    """After so many steps."""
    total: int
    """Of so many."""
    gradients: Mapping[str, Array]
    """By name, as they stand there, copies; one that is not known there is missing."""
    upstream: Mapping[str, Array]
    """The gradients from above by name, with zeros in the cells that are not read yet."""
    changed: tuple[str, ...] = ()
    """Arrays of the caller that it has changed by then."""


class Running:
    """Says what stands where in a recording, and what should."""

    def __init__(self, operator: Operator, problem: OperatorProblem, recording: Recording) -> None:
        """Look at nothing yet; the recording of a backward of the operator is left where it stands."""
        self.operator, self.problem = operator, problem
        self._recording = recording.scout()
        self._slopes = Slopes(operator, problem)

    # what stands there

    def at(self, position: int) -> SoFar | str:
        """The gradients at a position, or a sentence on why there are none to compare."""
        total, ended = self._recording.total, self._recording.ended
        if ended is not None:
            return tr("{name} does not return: {reason}", name=self._recording.name, reason=ended.sentence)
        if position == total:
            return self._in_the_end()
        places = {name: place for name, place in self._places.items() if place is not None}
        if not places:
            return tr(
                "no loop of {name} adds up cell by cell: its gradients are compared after the last step",
                name=self._recording.name,
            )
        known = {name: seen for name in places if (seen := self._read(name, position)) is not None}
        if not known:
            later = [at for name in places for at in self._complete[name] if at > position]
            return tr(
                "what is read of {above} by now is not all added yet: compare after step {step}",
                above=", ".join(self.operator.upstream),
                step=min(later, default=total),
            )
        seen = next(iter(known.values()))
        self._recording.seek(position)
        made = self._recording.arrays
        gradients = {
            name: np.array(places[name].view)
            if places[name].owner in made
            else np.zeros_like(places[name].view)
            for name, mine in known.items()
            if np.array_equal(mine, seen)
        }
        self._recording.seek(total)
        return SoFar(position, total, gradients, self._masked(seen), self._changed(position))

    def _in_the_end(self) -> SoFar:
        total = self._recording.total
        names, made = self.operator.gradients, self._recording.result
        values = made if len(names) > 1 and isinstance(made, (tuple, list)) else (made,)
        gradients = {
            name: np.array(value)
            for name, value in zip(names, values, strict=False)
            if isinstance(value, (np.ndarray, float, np.floating))
        }
        return SoFar(total, total, gradients, self.problem.upstream, self._changed(total))

    def _changed(self, position: int) -> tuple[str, ...]:
        alarms = self._recording.alarms
        return tuple(dict.fromkeys(printable(one.array) for one in alarms if one.step < position))

    @cached_property
    def _places(self) -> dict[str, Place | None]:
        """By gradient, the loop that makes it, where it is one whose turns add up."""
        recording, operator = self._recording, self.operator
        tree = ast.parse("\n".join(recording.source.lines))
        function = next(
            (
                one
                for one in ast.walk(tree)
                if isinstance(one, ast.FunctionDef) and one.name == recording.name
            ),
            None,
        )
        if function is None:
            return {}
        trace = Trace.of(recording)
        above = {name: self.problem.upstream[name].size for name in operator.upstream}
        found = {
            name: place_of(trace, function, above, name, operator.gradients) for name in operator.gradients
        }
        recording.seek(recording.total)
        return {
            name: place if place is not None and place.additive else None for name, place in found.items()
        }

    @cached_property
    def _complete(self) -> dict[str, dict[int, Cells]]:
        """By gradient, the positions in its loop at which all that is read is added, and what is read."""
        return {name: dict(read_before(place)) for name, place in self._places.items() if place is not None}

    def _read(self, name: str, position: int) -> Cells | None:
        """The cells from above that are in a gradient at a position; None where some are on their way."""
        place = self._places[name]
        assert place is not None
        if place.low < position < place.high:
            return self._complete[name].get(position)
        return np.full(sum(self.problem.upstream[each].size for each in place.above), position >= place.high)

    def _masked(self, seen: Cells) -> dict[str, Array]:
        """The gradients from above with zeros in the other cells."""
        upstream = {name: self.problem.upstream[name] for name in self.operator.upstream}
        parts = np.split(seen, np.cumsum([one.size for one in upstream.values()])[:-1])
        return {
            name: np.where(part.reshape(value.shape), value, 0.0)
            for part, (name, value) in zip(parts, upstream.items(), strict=True)
        }

    # what should

    def beside(self, found: SoFar, asking: Asking) -> Comparison:
        """The gradients of a position beside PyTorch's."""
        operator, problem = self.operator, self.problem
        upstream = {name: found.upstream[name] for name in operator.upstream}
        question = OperatorQuestion(
            operator.torch, problem.arrays, problem.options, upstream, operator.gradients
        )
        oracle, values = asking(question)
        expected = {
            name: Expected(values[name], _size(found.upstream, values[name])) for name in found.gradients
        }
        return _compared(found, oracle, expected, CLOSE, tolerance(CLOSE))

    def by_slopes(self, found: SoFar) -> Comparison:
        """The same beside central differences of the forward."""
        return self._slopes.beside(found)

    def marked(self, verdicts: Verdicts, asking: Asking) -> Verdicts:
        """What is said of a run; where it is not what PyTorch has, only that; maybe `OracleUnavailable`."""
        total = self._recording.total
        every = -(-total // MOST_MARKS) or 1
        positions, first = dict(verdicts.positions), True
        endings = {one.result: one for one in verdicts.end}
        for position in (*range(0, total, every), total):
            found = self.at(position)
            if isinstance(found, str):
                continue
            shapes = {name: self.problem.arrays[name.removeprefix("d")].shape for name in found.gradients}
            if any(value.shape != shapes[name] for name, value in found.gradients.items()):
                continue  # their cells cannot be compared
            comparison = self.beside(found, asking)
            wrong = [row for row in comparison.rows if not row.ok]
            if wrong and position:
                known = positions.get(position)
                if known is None or known.kind != DIFFERS:
                    how = _how(wrong[0], comparison, self.operator.upstream)
                    positions[position] = Mark(DIFFERS, how, first)
                first = False
            for row in wrong if position == total else ():
                one = endings.get(
                    row.name, Ending(row.name, row.name.removeprefix("d"), 0, Mark(UNKNOWN, ""))
                )
                if one.mark.kind != DIFFERS:
                    mark = Mark(DIFFERS, _how(row, comparison, self.operator.upstream))
                    endings[row.name] = replace(one, mark=mark)
        return replace(verdicts, end=tuple(endings.values()), positions=dict(sorted(positions.items())))


def _how(row: Row, comparison: Comparison, above: Iterable[str]) -> str:
    actual, expected = distinguishable(
        float(row.actual[row.worst_index]), float(row.expected[row.worst_index])
    )
    return tr(
        "`{cell}` is {value}; {oracle} has {expected}"
        if comparison.position == comparison.total
        else "`{cell}` is {value} now; with zeros in the cells of {above} that are not read yet, {oracle} "
        "has {expected}",
        cell=cell_text(row.name, row.worst_index),
        value=actual,
        oracle=comparison.oracle,
        expected=expected,
        above=", ".join(f"`{each}`" for each in above),
    )


class Slopes:
    """An operator's gradients on a problem, by central differences of its forward."""

    def __init__(self, operator: Operator, problem: OperatorProblem) -> None:
        self._operator, self._problem = operator, problem
        self._known: dict[str, Jacobian] = {}

    def beside(self, found: SoFar) -> Comparison:
        """Gradients beside them."""
        expected = {name: self._expected(name, found.upstream) for name in found.gradients}
        return _compared(found, tr(NAME), expected, BY_SLOPES, tolerance(BY_SLOPES, sums=True))

    def _expected(self, name: str, upstream: Mapping[str, Array]) -> Expected:
        rates, array = self._rates(name), self._problem.arrays[name.removeprefix("d")]
        above = [upstream[each] for each in self._operator.upstream]
        values, cells, made_of = (
            np.full(array.shape, np.nan),
            np.zeros(array.shape, bool),
            np.zeros(array.shape),
        )
        values.flat[rates.cells] = rates.gradient(above)
        cells.flat[rates.cells] = rates.smooth
        made_of.flat[rates.cells] = np.abs(rates.rates) @ np.abs(
            np.concatenate([one.ravel() for one in above])
        )
        values[~cells] = np.nan
        return Expected(values, np.maximum(made_of, _size(upstream, values)), cells=cells)

    def _rates(self, name: str) -> Jacobian:
        """What moving the array of a gradient does to the outputs."""
        if name not in self._known:
            operator, problem = self._operator, self._problem
            arrays = {
                key: value.astype(float) if value.dtype.kind == "f" else value
                for key, value in problem.arrays.items()
            }
            forward = Called(operator.forward, (), {**arrays, **problem.options})
            single = len(operator.outputs) == 1
            paths = [("",) if single else ("", f"[{at}]") for at in range(len(operator.upstream))]
            loss = Loss(paths, [np.asarray(problem.upstream[each], float) for each in operator.upstream])
            self._known[name] = jacobian(forward, arrays[name.removeprefix("d")], loss, Clock.of(SECONDS))
        return self._known[name]


def unsound(operator: Operator, problems: Iterable[OperatorProblem]) -> str:
    """How an operator's backward is not the gradient of its own forward, a sentence; "" if it is."""
    for problem in problems:
        found = SoFar(1, 1, operator.right(problem), problem.upstream)
        comparison = Slopes(operator, problem).beside(found)
        if not comparison.ok:
            return comparison.verdict
    return ""


def _size(upstream: Mapping[str, Array], expected: Array) -> Array:
    """What errors are a share of: the largest number, and how large what comes from above is."""
    above = max((float(np.abs(one).max(initial=0.0)) for one in upstream.values()), default=0.0)
    largest = float(np.nanmax(np.abs(expected), initial=0.0))
    return np.full(expected.shape, largest + LEAST * above)


def _compared(
    found: SoFar, oracle: str, expected: Mapping[str, Expected], close: float, said: str
) -> Comparison:
    for name, actual in found.gradients.items():
        if actual.shape != expected[name].values.shape:
            raise OracleUnavailable(
                tr(
                    "{name} has the shape {shape}, and the right one has {right}: their cells cannot be "
                    "compared",
                    name=name,
                    shape=actual.shape,
                    right=expected[name].values.shape,
                )
            )

    def judging(actual: Array, wanted: Expected) -> Judgement:
        same = (actual == wanted.values) | (np.isnan(actual) & np.isnan(wanted.values))
        with np.errstate(all="ignore"):
            difference = np.where(same, 0.0, actual.astype(float) - wanted.values)
        error = np.abs(difference)
        error[np.isnan(error)] = np.inf
        if wanted.cells is not None:
            difference[~wanted.cells], error[~wanted.cells] = np.nan, 0.0
        allowed = close * wanted.magnitude
        return Judgement(difference, error, allowed, error <= allowed)

    rows = tuple(row_of(name, actual, expected[name], judging) for name, actual in found.gradients.items())
    return Comparison(rows, oracle, found.position, found.total, said)


def tolerance(close: float, *, sums: bool = False) -> str:
    """How far a cell may be off, a sentence; `sums`: also by a share of the sizes that make it up."""
    return tr(
        "A cell may be off by {close} of the largest value of its gradient and of {least} of the largest "
        "value from above, or by as much of the sum of the sizes that make it up, if that is more"
        if sums
        else "A cell may be off by {close} of the largest value of its gradient and of {least} of the "
        "largest value from above",
        close=short(close, 3),
        least=short(LEAST, 3),
    )
