"""The grades of a call: each gradient that came back, compared with the right one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.candidate.call.outcome import NAMES, REFUSED, RETURNED, Outcome, not_tried
from convstep.candidate.check.cases import Case, Right, right_of
from convstep.candidate.load.target import CandidateError
from convstep.conv.forward import expected_forward
from convstep.conv.step import quiet
from convstep.conv.validation import padding_text, pair_text, shape_text
from convstep.frozen import frozen
from convstep.steps.cells import Array

if TYPE_CHECKING:
    from convstep.candidate.call.call import Call
    from convstep.candidate.call.worker import Worker


RIGHT, WRONG, SHAPE = "right", "wrong", "shape"
"""How a gradient compares: its numbers are right, or wrong in the right shape, or its shape is wrong."""


@frozen(eq=False)
class Grade:
    """How right one gradient of one call is."""

    name: str
    """ "dW", "db" or "dA_prev"."""
    kind: str
    """RIGHT, WRONG or SHAPE."""
    shape: tuple[int, ...] = ()
    """The shape it has, in our layout."""
    max_abs_error: float = 0.0
    """The largest error; inf where one of the two is NaN or inf, or the shape is wrong."""
    worst: tuple[int, ...] = ()
    """The cell with the largest error."""
    rounding: bool = True
    """Whether all errors are rounding in the problem's own precision."""

    __repr__ = brief


@frozen(eq=False)
class Result:
    """One problem of the sweep, and what the candidate made of it."""

    case: Case | None
    """Its integers; None for a problem that was given."""
    right: Right
    """The problem, and what is right."""
    outcome: Outcome
    """What came of the call."""
    grades: tuple[Grade, ...]
    """One for each gradient that came back."""
    same: bool = False
    """Whether it was told a "same" padding that makes none here."""

    __repr__ = brief

    @property
    def refused(self) -> bool:
        """Whether the candidate said it does not take this size, or cannot be judged on it."""
        return self.outcome.kind == REFUSED or self.outcome.ours

    @property
    def ok(self) -> bool:
        """Whether everything that came back is right, and no input was changed."""
        complete = self.outcome.kind == RETURNED and not self.outcome.changed
        return complete and all(found.kind == RIGHT for found in self.grades)

    @property
    def failed(self) -> bool:
        """Whether something is wrong."""
        return not self.ok and not self.refused

    def wrong(self, name: str) -> bool:
        """Whether a gradient came back and is not right."""
        return any(found.name == name and found.kind != RIGHT for found in self.grades)


def grade(case: Case | None, right: Right, outcome: Outcome) -> Result:
    """Compare an outcome with what is right, gradient by gradient.

    A `CandidateError` if it says nothing about the candidate: the call needed something that is missing here.
    """
    if outcome.lacks:
        raise CandidateError(outcome.lacks)
    grades: tuple[Grade, ...] = ()
    if outcome.kind == RETURNED:
        grades = tuple(
            _grade(name, right, outcome.gradients[name])
            for name in NAMES
            if name in right.gradients and name in outcome.gradients  # what is not computed is not wrong
        )
    fits = outcome.kind == RETURNED and all(found.kind == RIGHT for found in grades)
    if outcome.forward_message.startswith("AssertionError") and not fits:  # its author says it takes no such
        said = not_tried(outcome.forward_message)
        outcome, grades = replace(outcome, kind=REFUSED, message=said), ()
    return Result(case, right, outcome, grades)


def asked(worker: Worker, call: Call, case: Case, *, fresh: bool = False) -> Result:
    """What a candidate makes of the problem of a case; see `grade`."""
    right = right_of(case)
    return grade(case, right, worker.call(call, right.problem, fresh=fresh))


def wrong_cells(
    name: str, right: Right, actual: Array, expected: Array | None = None
) -> npt.NDArray[np.bool_]:
    """The cells of a gradient of the right shape that are off by more than any rounding of the right pass.

    `expected` is what it should be, if not that pass's.
    """
    wanted = right.gradients[name] if expected is None else expected
    with quiet():
        same = (actual == wanted) | (np.isnan(actual) & np.isnan(wanted))
        error = np.abs(np.asarray(actual, np.float64) - np.asarray(wanted, np.float64))
        cells: npt.NDArray[np.bool_] = ~same & ~(error <= right.loose[name])
    return cells


def _grade(name: str, right: Right, actual: Array) -> Grade:
    expected = right.gradients[name]
    if actual.shape != expected.shape:
        return Grade(name, SHAPE, actual.shape, np.inf)
    wrong = wrong_cells(name, right, actual)
    with quiet():
        error = np.abs(np.asarray(actual, np.float64) - expected)
        error = np.where(np.isnan(error), np.where(wrong, np.inf, 0.0), error)
    worst = np.unravel_index(int(np.argmax(error)), error.shape) if error.size else ()
    return Grade(
        name,
        WRONG if wrong.any() else RIGHT,
        actual.shape,
        float(error.max(initial=0.0)),
        tuple(int(i) for i in worst),
        bool((error <= right.rounding[name]).all()),
    )


def problem_words(result: Result) -> str:
    """The problem of a result in a few words: `5x4x2 → 3@3x3, stride 2, padding 1`."""
    geometry = result.right.problem.geometry
    c_out, f_h, f_w, _ = geometry.kernel_shape
    batch = "" if geometry.batch in (None, 1) else f"{geometry.batch} × "
    words = [f"{batch}{shape_text(geometry.input_shape)} → {c_out}@{f_h}x{f_w}"]
    words.append(f"stride {pair_text(geometry.stride)}")
    words.append(f"padding {padding_text(geometry.padding)}")
    if geometry.dilation != (1, 1):
        words.append(f"dilation {pair_text(geometry.dilation)}")
    if geometry.groups != 1:
        words.append(f"groups {geometry.groups}")
    return ", ".join(words)


def wrong_forwards(results: Sequence[Result]) -> list[Result]:
    """The problems on which the candidate's own forward returned other numbers than it should.

    What has other samples or channels is not an output of this convolution, whatever it is called; an
    output that went through a ReLU is right.
    """
    return [result for result in results if forward_fits(result) is False]


def forward_is_right(results: Sequence[Result]) -> bool | None:
    """Whether the candidate's own forward is; None if none was called, or not all of it is comparable."""
    made = [forward_fits(result) for result in results if result.outcome.Z is not None]
    if False in made:
        return False
    return True if made and None not in made else None


def forward_fits(result: Result) -> bool | None:
    """Whether what a forward returned is right; None if nothing came, or no output of this convolution."""
    Z = result.outcome.Z
    if Z is None:
        return None
    expected = expected_forward(result.right.problem)
    if Z.ndim != expected.ndim or (*Z.shape[:-3], Z.shape[-1]) != (*expected.shape[:-3], expected.shape[-1]):
        return None
    return _alike(Z, expected) or _alike(Z, np.maximum(expected, 0))


def makes_it(result: Result) -> bool:
    """Whether its forward gave what is right, or what a true convolution gives: its kernel rotated."""
    Z, problem = result.outcome.Z, result.right.problem
    rotated = problem.with_arrays(W=problem.W[:, ::-1, ::-1])
    return Z is not None and any(
        Z.shape == problem.dZ.shape and np.allclose(Z, expected_forward(each), 1e-4, 1e-4)
        for each in (problem, rotated)
    )


def ends_in_relu(results: Sequence[Result]) -> bool:
    """Whether the candidate's own forward, right but for that, returns what went through a ReLU."""
    made = [
        (Z, expected_forward(each.right.problem)) for each in results if (Z := each.outcome.Z) is not None
    ]
    return bool(forward_is_right(results)) and any(not _alike(Z, expected) for Z, expected in made)


def _alike(Z: Array, expected: Array) -> bool:
    """Whether an output is this one, but for rounding."""
    scale = 4e-6 * (1 + float(np.abs(expected).max(initial=0.0)))
    return Z.shape == expected.shape and np.allclose(Z, expected, rtol=0, atol=scale, equal_nan=True)
