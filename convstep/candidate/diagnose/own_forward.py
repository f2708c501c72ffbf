"""What a candidate's own forward does, where it is not this convolution, and whether the backward fits it.

A backward is right if it is the gradient of its own forward: along a random direction, what the outputs
change by is what the gradient says. A forward that is another function than the reference's is held
against what people's forwards do instead; where none is it, the candidate's own is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.call.outcome import NAMES, RETURNED
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.grade import RIGHT, Grade, Result, problem_words, wrong_forwards
from convstep.candidate.check.limits import counted, outgrown
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import count
from convstep.candidate.diagnose.forward_forms import Whole, wholes
from convstep.candidate.diagnose.reproduce import wrong_gradients
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array

Forward = Callable[[Problem, Problem], Array | None]
"""What a forward makes of a problem that lies next to another one."""
Slope = Callable[[Array], Array]
"""The derivative of what is made of that output afterwards."""

ARRAYS = {"dA_prev": "A_prev", "dW": "W", "db": "b"}
"""By gradient, what it is the gradient of."""
STEP = 1e-5
"""How far a forward that is not linear is asked from where it stands."""
CLOSE = 1e-6
"""What counts as linear, and a tenth of what a slope may be off, as a share of the sizes that make it up."""
DIRECTIONS = 2
"""Along how many directions a slope is looked at where that costs no call."""


@frozen()
class OwnForward:
    """What is known of a forward that is not this convolution."""

    does: str
    """What it does instead; "" if that is not known."""
    follow: tuple[str, ...]
    """Gradients that are wrong for this convolution and right for what it does."""
    fits: bool
    """Whether all that came back is right for what it does, and somebody may want that."""
    note: str
    """What to say where they are."""
    unfit: tuple[str, ...] = ()
    """Of a forward that is meant to be another function, the gradients that are not right for it."""


def own_forward(worker: Worker, swept: Swept) -> OwnForward | None:
    """What a candidate's own forward does; None if it is this convolution, or there is none."""
    results = [result for result in swept.results if result.outcome.kind == RETURNED]
    asked = [result for result in results if result.outcome.Z is not None]
    wrong = wrong_gradients(results)
    differing = wrong_forwards(swept.results)
    if not asked or not (differing or wrong):
        return None
    does = _known_form([*differing, *asked], plain=not differing)
    if does is None and not differing:
        return None
    if does is not None and not all(form.sound for form in does.forms):
        return OwnForward(does.words, (), False, "")
    names = [name for name in NAMES if any(name in result.outcome.gradients for result in results)]
    forwards: list[tuple[Forward, Slope, int]] = []
    if does is not None:
        linear, slope = does.linear, does.activation.slope
        forwards.append((lambda moved, here: linear(moved, here.dZ.shape, here), slope, DIRECTIONS))
    if differing:
        forwards.append(
            (lambda moved, _: worker.call(swept.call, moved, fresh=swept.keeps_state).Z, np.ones_like, 1)
        )
    right = [
        name
        for name in names
        if wrong and any(all(_is_slope(name, result, *each) for result in results) for each in forwards)
    ]
    if not differing and right != names:
        return None
    follow = tuple(name for name in right if name in wrong)
    if does is not None:
        note = tr(
            "its own {forward} is not this convolution: {does}; the backward is right for it",
            forward=swept.candidate.forward or "forward",
            does=does.words,
        )
    else:
        note = tr(
            "its own {forward} is not this convolution, on {problems}, for example {problem}; the backward "
            "is right for it: its gradients are the slopes of that forward",
            forward=swept.candidate.forward or "forward",
            problems=count(len(differing)),
            problem=problem_words(differing[0]),
        )
    # PyTorch's backward is right for any forward: then it is the forward that is under test
    written = swept.candidate.kind == "autograd" or not swept.call.by_autograd(swept.candidate)
    fits = written and bool(follow) and right == names
    meant = written and does is not None and (does.activation.words or any(form.meant for form in does.forms))
    unfit = tuple(name for name in names if name not in right) if meant and not fits else ()
    return OwnForward(does.words if does is not None else "", follow, fits, note, unfit)


def right_for_it(swept: Swept) -> Swept:
    """The same sweep, the gradients that came back called right."""
    results = [_called_right(result) for result in swept.results]
    beyond = outgrown(results)
    return replace(swept, results=tuple(counted(beyond, results)), limits=(*swept.limits, *beyond))


def _called_right(result: Result) -> Result:
    judged = tuple(
        Grade(found.name, RIGHT, found.shape) if found.name in result.outcome.gradients else found
        for found in result.grades
    )
    return replace(result, grades=judged)


def _known_form(results: Sequence[Result], *, plain: bool) -> Whole | None:
    """The simplest known form that makes every output; of a `plain` one only the activation is open.

    The results have what the forward returned, those that say most first.
    """

    def makes(whole: Whole, result: Result) -> bool:
        given = result.outcome.Z
        return given is None or whole.makes(given, result.right.problem)

    with quiet():
        return next(
            (whole for whole in wholes(plain) if all(makes(whole, result) for result in results)), None
        )


def _is_slope(name: str, result: Result, forward: Forward, after: Slope, directions: int) -> bool:
    """Whether a gradient, where it came back, is the slope of a forward along random directions."""
    problem, gradient = result.right.problem, result.outcome.gradients.get(name)
    array = getattr(problem, ARRAYS[name])
    if gradient is None or array is None:
        return True
    if gradient.shape != array.shape:
        return False
    rng = np.random.default_rng(0)
    return all(
        _fits(name, problem, gradient * along, along, forward, after)
        for along in (rng.standard_normal(array.shape) for _ in range(directions))
    )


def _fits(name: str, problem: Problem, claimed: Array, along: Array, forward: Forward, after: Slope) -> bool:
    """Whether a forward's outputs change along a direction as a gradient says."""
    array, Z = getattr(problem, ARRAYS[name]), forward(problem, problem)
    if Z is None or Z.shape != problem.dZ.shape:
        return False
    for step in (1.0, STEP):  # exact where it is linear
        there = [problem.with_arrays(**{ARRAYS[name]: array + by * along}) for by in (step, -step)]
        up, down = (forward(moved, problem) for moved in there)
        if up is None or down is None or not up.shape == down.shape == Z.shape:
            return False
        terms = problem.dZ * after(Z) * (up - down) / (2 * step)
        if np.allclose(up + down, 2 * Z, rtol=0, atol=CLOSE * (1 + float(np.abs(Z).max(initial=0.0)))):
            break
    size = float(np.abs(terms).sum() + np.abs(claimed).sum())
    return abs(float(terms.sum()) - float(claimed.sum())) <= 10 * CLOSE * size
