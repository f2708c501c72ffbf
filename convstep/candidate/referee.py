"""Is this backward right? The public way in: `check`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convstep.candidate.call.conventions import AUTO
from convstep.candidate.call.outcome import RETURNED, Attempt, Candidate, CannotCall
from convstep.candidate.call.written import call_text
from convstep.candidate.check.grade import (
    RIGHT,
    WRONG,
    Result,
    problem_words,
    wrong_cells,
)
from convstep.candidate.check.sweep import Progress
from convstep.candidate.conv_verdict import verdict_of
from convstep.candidate.diagnose.diagnosis import UNKNOWN
from convstep.candidate.diagnose.evidence import resemblance
from convstep.candidate.operators.caller import Caller, open_caller
from convstep.candidate.operators.file import known
from convstep.candidate.operators.judge import operator_verdict
from convstep.candidate.operators.naming import named_operators, why_not
from convstep.candidate.operators.outputs import FORWARD
from convstep.candidate.operators.verdict import OperatorVerdict
from convstep.candidate.operators.ways import CONV2D, likely
from convstep.candidate.pair import Open, PairVerdict, against_forward
from convstep.candidate.verdict import Verdict
from convstep.conv.problem import Problem
from convstep.conv.validation import check_type
from convstep.language import tr
from convstep.operators.operator import Operator

CONV = r"conv|faltung|svertk|juanji|\u5377\u79ef|\u7573\u307f\u8fbc\u307f"
"""What the name of a convolution has, in Chinese and in Japanese at the end."""
_PICTURES = re.compile(r"of \d+x\d+x\d+x\d+\b")
"""A call in words with an array of four axes."""
MOST_WRONG = 0.99
"""The share of cells that is wrong where none is right but by chance."""


def check(
    candidate: Callable[..., Any] | str,
    convention: str = AUTO,
    *,
    problem: Problem | None = None,
    timeout: float | None = None,
    run_all: bool = False,
    python2: bool = False,
    adapter: Callable[..., Any] | str | None = None,
    progress: Progress | None = None,
    operator: str | Operator | None = None,
) -> Verdict | Any:  # Any is an OperatorVerdict or a PairVerdict, whose problems and cells are other things
    """Try a backward on many small problems; say whether it is right, and if not, where and why.

    The candidate runs in a process of its own: it may hang, crash or print without harm.

    Args:
        candidate: a function, or "path.py:function", "path.py:Class.method",
            "notebook.ipynb:function", "package.module:function".
        convention: how it is called: article, coursera, cs231n, alx, torch or problem, and of another
            operator than conv2d one of its `conventions`; "auto" finds out.
        problem: a problem of conv2d to try after the small ones.
        timeout: seconds that one call may take, and loading the file; 10 and 60 if not given. Starting
            Python and importing installed packages is not counted, but ends after 60 too.
        run_all: execute all of a file's top-level code, not only imports, definitions and constants.
        python2: the file is written for Python 2.
        adapter: what calls the candidate, if it is a layer class: a function of the class and a
            `Problem` that returns dW, db, dA_prev; given as text if the candidate is.
        progress: called with the number of problems done and their total.
        operator: what it is the backward of: "conv2d", the name of one of `operators()`, one of a file
            ("scale.py:SCALE", which runs in a process of its own) or an `Operator`; by default found from its
            name.

    Returns:
        The verdict: `.ok`, `.failing`, `.first_divergence`, `.diagnosis`, `.operator`, `.mistakes`; `str` of
        it explains.

    Raises:
        CannotCall: no way of calling it works, so that there is no verdict; `.tried` has what was tried.
        CandidateError: it cannot be loaded.
        OperatorError: there is no such operator.

    >>> from convstep import conv2d_backward
    >>> check(conv2d_backward).ok
    True
    """
    check_type("convention", convention, str)
    if problem is not None:
        check_type("problem", problem, Problem)
    if operator is not None:
        check_type("operator", operator, str, Operator)
    options = {"run_all": run_all, "python2": python2, "adapter": adapter}
    with open_caller(candidate, options, timeout) as worker:
        return judged(worker, convention, problem, progress, operator)


def judged(
    worker: Caller,
    convention: str = AUTO,
    problem: Problem | None = None,
    progress: Progress | None = None,
    operator: str | Operator | None = None,
) -> Verdict | OperatorVerdict | PairVerdict:
    """The verdict on a candidate as what it is; see `check`, also for what is raised.

    What is called like another operator than a convolution is tried as that; all else is tried as conv2d.
    What is neither is held against its own forward.
    """
    with known(operator) as name:
        if name is None and problem is None and convention == AUTO and "--adapter" not in worker.flags:
            return _guessed(worker, progress)
        return _as_operator(worker, convention, problem, progress, name, numbers=True)


def _guessed(worker: Caller, progress: Progress | None) -> Verdict | OperatorVerdict | PairVerdict:
    """The verdict where nobody says what it is: its name does, or its numbers and its own forward."""
    held = against_forward(worker) if worker.candidate.engine else None
    if isinstance(held, PairVerdict):
        return held
    unknown = why_not(worker.candidate.name)
    if likely(worker.candidate) or (_speaks_of_conv(worker.candidate) and not unknown):
        return _as_named(worker, progress)
    found = None if unknown else _by_numbers(worker, progress)
    if found is not None and found.passed:
        return found
    held = held or against_forward(worker)
    if isinstance(held, PairVerdict) and (held.ok or found is None):
        # a convolution says more of one; else its arrays lie as those of no operator do
        pictures = not unknown and _PICTURES.search(held.held.forward)
        as_conv = _by_pictures(worker, progress) if pictures else None
        # what convolves twice has more gradients than one of its convolutions
        part = as_conv is not None and as_conv.ok and held.ok
        return held if as_conv is None or (part and len(held.held.ends) > _judged(as_conv)) else as_conv
    if found is not None:
        return found
    assert isinstance(held, Open)
    if (unknown or held.asks) and not _speaks_of_conv(worker.candidate):
        raise _unknown(worker.candidate, unknown, held)
    try:
        return _as_operator(worker, AUTO, None, progress, None, numbers=bool(unknown))
    except CannotCall:
        kind = worker.candidate.kind
        paired = held.paired and not _speaks_of_conv(worker.candidate)
        apart = kind != "class" and (unknown or kind == "autograd" or paired)
        if apart or worker.candidate.engine:  # its own reason says more
            raise _unknown(worker.candidate, unknown, held) from None
        raise


def _as_named(worker: Caller, progress: Progress | None) -> Verdict | OperatorVerdict | PairVerdict:
    """The verdict as what its name says, or by its own forward where that says more."""
    try:
        verdict = _as_operator(worker, AUTO, None, progress, None, numbers=True)
    except CannotCall:
        held = against_forward(worker)
        if isinstance(held, PairVerdict):
            return held
        raise
    if isinstance(verdict, Verdict) and (verdict.another or verdict.unfit):
        held = against_forward(worker)
        # what was not held against it, such as an update of the kernels, may be what is wrong
        needed = _judged(verdict) + verdict.ok
        if not isinstance(held, PairVerdict) or (held.ok and len(held.held.ends) < needed):
            return verdict
        known = any(one.bug is not None and one.id != FORWARD for one in verdict.diagnosis)
        return verdict if (known or verdict.ok or verdict.unfit) and not held.ok else held
    if isinstance(verdict, OperatorVerdict) and verdict.partly:
        held = against_forward(worker)  # which says more of a function that is another
        return held if isinstance(held, PairVerdict) and held.ok else verdict
    return verdict


def _judged(verdict: Verdict) -> int:
    """How many gradients a verdict is about."""
    return len({one.name for result in verdict.swept.results for one in result.grades})


def _unknown(candidate: Candidate, unknown: str, said: Open) -> CannotCall:
    """That nothing is known to hold it against: no operator, and not its own forward."""
    # what is filled in are sentences of ours, and none that has to be shortened
    why = tr("{unknown}, and {why}").format(unknown=unknown, why=said.why) if unknown else said.why
    sentence = tr("{name} cannot be called: {reason}").format(name=candidate.name, reason=why)
    return CannotCall(sentence, candidate)


def _by_numbers(worker: Caller, progress: Progress | None) -> OperatorVerdict | None:
    """The verdict as the operator that its numbers are of; None if they are of none."""
    try:
        return operator_verdict(worker, None, AUTO, progress)
    except CannotCall:
        return None


def _by_pictures(worker: Caller, progress: Progress | None) -> Verdict | None:
    """The verdict as the convolution whose numbers it has on a third of the problems; else None."""
    try:
        verdict = verdict_of(worker, AUTO, None, progress)
    except CannotCall:
        return None
    results = verdict.swept.results
    fitting = sum(any(found.kind == RIGHT for found in result.grades) for result in results)
    return verdict if 3 * fitting > len(results) else None


def _as_operator(
    worker: Caller,
    convention: str,
    problem: Problem | None,
    progress: Progress | None,
    operator: str | None,
    *,
    numbers: bool,
) -> Verdict | OperatorVerdict:
    """The verdict as what is named, or as conv2d; else, if these were not tried before, by its numbers."""
    named = operator not in (None, CONV2D)
    free = operator is None and problem is None and "--adapter" not in worker.flags
    if named or (free and likely(worker.candidate)):
        found = operator_verdict(worker, operator, convention, progress)
        if found is not None:
            return found
    guessed = free and convention == AUTO
    try:
        verdict = verdict_of(worker, convention, problem, progress)
        if guessed:
            _check_conv2d(verdict)
        return verdict
    except CannotCall as error:
        other = operator_verdict(worker, None, convention, progress) if free and numbers else None
        if other is not None:
            return other
        if not free or re.search(CONV, f"{error.candidate.name} {error.candidate.forward}".lower()):
            raise
        unknown = why_not(error.candidate.name) if guessed else ""
        raise CannotCall(
            tr(
                "{error}; if it is an operator of your own, name that with --operator FILE.py:NAME"
                if unknown and unknown in str(error)
                else "{error}; if it is no convolution, say what it is with --operator "
                "(`convstep operators` lists them)",
                error=error,
            ),
            error.candidate,
            error.tried,
        ) from None


def _check_conv2d(verdict: Verdict) -> None:
    """Refuse a verdict on what was taken for a convolution's for want of a name, if not one call returned.

    An exception is no proof of anything then, and `CannotCall` is raised.
    """
    candidate, results = verdict.swept.candidate, verdict.swept.results
    if any(result.outcome.kind == RETURNED for result in results):
        if _shows_nothing(verdict):
            raise CannotCall(
                tr(
                    "{name} cannot be called: in every way that was tried its gradients are other ones than "
                    "a convolution's, no known mistake makes them, and no forward is beside it that says "
                    "what it is meant to be; if it is a convolution's, say so with --operator {operator}",
                    name=candidate.name,
                    operator=CONV2D,
                ),
                candidate,
            )
        return
    unknown = why_not(candidate.name)
    if not unknown and _speaks_of_conv(candidate):
        return
    first = results[0]
    how = call_text(verdict.swept.call, candidate, first.right.problem) or problem_words(first)
    says = verdict.headline.removeprefix(f"{candidate.name} ").removesuffix(".")
    guess = tr("nothing says which operator it is; as {operator} it {says}", operator=CONV2D, says=says)
    said = tr("{name} cannot be called: {reason}", name=candidate.name, reason=unknown or guess)
    raise CannotCall(said, candidate, [Attempt.of(how, first.outcome)])


def _shows_nothing(verdict: Verdict) -> bool:
    """Whether a function without a forward shows nothing of a convolution whose kernel has several cells.

    A cell that is right shows it, as does what looks like one of its gradients, such as a sign or a factor.
    """
    swept = verdict.swept
    if verdict.ok or swept.candidate.forward or swept.candidate.kind != "function":
        return False
    returned = [result for result in swept.results if result.outcome.kind == RETURNED]
    wide = [one for one in returned if math.prod(one.right.problem.geometry.kernel_shape[1:3]) > 1]
    judged = [(one, found) for one in wide for found in one.grades if found.name != "db"]
    named = {name for one in verdict.diagnosis if one.id != UNKNOWN for name in one.gradients}
    plain = all(one.id in (UNKNOWN, "raises") or one.gradients for one in verdict.diagnosis)
    like = any(
        resemblance(name, [one for one, found in judged if (found.name, found.kind) == (name, WRONG)])
        for name in ("dW", "dA_prev")
    )
    return (
        bool(judged)
        and plain
        and not like
        and not any(
            found.name in named or found.kind == RIGHT or _has_right_cells(one, found.name)
            for one, found in judged
        )
    )


def _has_right_cells(result: Result, name: str) -> bool:
    """Whether more of a gradient's cells are right than would be by chance."""
    right, actual = result.right.gradients[name], result.outcome.gradients[name]
    return right.shape == actual.shape and bool(wrong_cells(name, result.right, actual).mean() < MOST_WRONG)


def _speaks_of_conv(candidate: Candidate) -> bool:
    """Whether its name, its forward's, its file's or its text says that it is a convolution's."""
    names = (candidate.name, candidate.forward, Path(candidate.file).stem)
    return (
        any(map(named_operators, names)) or re.search(f"{CONV}|im2col|filter", candidate.source) is not None
    )
