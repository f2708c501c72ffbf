"""What a candidate's own forward does, where it is not this convolution, and whether the backward fits it.

A backward is right if along a random direction its forward's outputs change as the gradient says. Another
forward is held against what people's do instead; where none is it, the candidate's own is asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from convstep.candidate.call.outcome import NAMES, RETURNED
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.grade import RIGHT, Grade, Result, problem_words, wrong_forwards
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import count
from convstep.candidate.diagnose.reproduce import wrong_gradients
from convstep.conv.forward import expected_forward
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.steps.cells import Array

NEAR = 4e-6
"""How far an output may be off, as a share of its size."""


@dataclass(frozen=True, slots=True)
class Form:
    """One thing that a forward may do instead of this convolution."""

    words: str
    """What it does: "it ignores the stride"."""
    changed: Callable[[Problem], Problem]
    """The problem of which it makes the convolution."""
    sound: bool = True
    """Whether somebody may want it: a layer that does it both ways is a layer, if another one."""
    straight: bool = False
    """Whether gradients go straight through what it does to the kernels."""


def _with(problem: Problem, **changes: Any) -> Problem:
    """A problem with some arrays or integers changed; its dZ is not used."""
    names = ("A_prev", "W", "b", "stride", "padding", "dilation", "groups")
    kept = {name: getattr(problem, name) for name in names}
    return Problem(**{**kept, "dZ": None, **changes})


def _kernels(words: str, change: Callable[[Array], Array], **how: bool) -> Form:
    return Form(words, lambda problem: _with(problem, W=change(problem.W)), **how)


def _mode(words: str, mode: Any) -> Form:
    """A form that pads with cells of the input."""

    def padded(problem: Problem) -> Problem:
        around = [(0, 0)] * (problem.A_prev.ndim - 3) + [*problem.padding, (0, 0)]
        return _with(problem, A_prev=np.pad(problem.A_prev, around, mode=mode), padding=0)

    return Form(words, padded)


def _columns(W: Array) -> Array:
    """Kernels flattened tap by tap, each read channel by channel."""
    return np.moveaxis(W.reshape(len(W), W.shape[3], *W.shape[1:3]), 1, 3)


def _taps(W: Array) -> Array:
    """Kernels flattened channel by channel, each read tap by tap."""
    return np.moveaxis(W, 3, 1).reshape(W.shape)


def _biases(words: str, times: Callable[[Problem], int]) -> Form:
    """A form that adds the bias not once, but another number of times."""

    def changed(problem: Problem) -> Problem:
        return problem if problem.b is None else _with(problem, b=problem.b * times(problem))

    return Form(words, changed)


def _channel(words: str, which: int) -> Form:
    def alone(problem: Problem) -> Problem:
        kept = np.zeros_like(problem.A_prev)
        kept[..., which] = problem.A_prev[..., which]
        return _with(problem, A_prev=kept)

    return Form(words, alone)


FORMS: tuple[Form, ...] = (
    _kernels("it is a true convolution: it rotates the kernel by 180 degrees", lambda W: np.flip(W, (1, 2))),
    Form("it ignores the stride", lambda problem: _with(problem, stride=1)),
    Form("it ignores the stride along H", lambda problem: _with(problem, stride=(1, problem.stride[1]))),
    Form("it ignores the stride along W", lambda problem: _with(problem, stride=(problem.stride[0], 1))),
    Form("it ignores the padding", lambda problem: _with(problem, padding=0)),
    _biases("it leaves the bias out", lambda problem: 0),
    _biases(
        "it adds the bias inside the sum, once for every cell of the kernel",
        lambda problem: int(np.prod(problem.W.shape[1:])),
    ),
    _biases("it adds the bias once for every input channel", lambda problem: problem.W.shape[3]),
    _biases(
        "it adds the bias once for every row and column of the kernel",
        lambda problem: problem.W.shape[1] * problem.W.shape[2],
    ),
    _biases("it subtracts the bias", lambda problem: -1),
    Form("its padding is always 1", lambda problem: _with(problem, padding=1)),
    Form("its padding is always 2", lambda problem: _with(problem, padding=2)),
    Form("its stride is always 2", lambda problem: _with(problem, stride=2)),
    Form("it ignores the dilation", lambda problem: _with(problem, dilation=1)),
    _kernels("it flips the kernel along H", lambda W: np.flip(W, 1)),
    _kernels("it flips the kernel along W", lambda W: np.flip(W, 2)),
    _kernels("it exchanges the kernel's rows and columns", lambda W: np.swapaxes(W, 1, 2)),
    _kernels(
        "its columns run channel by channel, its flattened kernel tap by tap (columns-order)",
        _columns,
        sound=False,
    ),
    _kernels(
        "its columns run tap by tap, its flattened kernel channel by channel (columns-order)",
        _taps,
        sound=False,
    ),
    _mode("it pads with the cells at the border", "edge"),
    _mode("it pads with a reflection of the input", "reflect"),
    _mode("it pads with a mirror image of the input", "symmetric"),
    _mode("it pads with the opposite side of the input", "wrap"),
    _kernels("it uses the kernel's signs in place of its values", np.sign, straight=True),
    _channel("it uses the first input channel alone", 0),
    _channel("it uses the last input channel alone", -1),
)
"""What people's forwards do, the commonest first."""


class Activation(NamedTuple):
    """What a forward applies to its output."""

    words: str
    """What it does; "" for nothing."""
    of: Callable[[Array], Array]
    """Its values."""
    slope: Callable[[Array], Array]
    """Its derivative there."""


def _leaky(slope: float, words: str = "it applies a leaky ReLU") -> Activation:
    return Activation(words, lambda z: np.where(z > 0, z, slope * z), lambda z: np.where(z > 0, 1.0, slope))


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


ACTIVATIONS: tuple[Activation, ...] = (
    Activation("", lambda z: z, np.ones_like),
    _leaky(0, "it applies a ReLU"),
    *map(_leaky, (0.01, 0.1, 0.2)),
    Activation("it applies tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    Activation("it applies a sigmoid", _sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
)
"""What may be made of the output."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All that a forward does instead: up to two forms and an activation."""

    forms: tuple[Form, ...]
    activation: Activation

    @property
    def words(self) -> str:
        """All of it, as the end of a sentence."""
        said = [*(form.words for form in self.forms), self.activation.words]
        return tr(" and ").join(tr(words) for words in said if words)

    def linear(self, problem: Problem, shape: tuple[int, ...], near: Problem | None = None) -> Array | None:
        """Its output before the activation, of a larger one the part that a loop over `shape` visits.

        None where it cannot be: a kernel larger than what is left, a reflection of too little. The problem
        lies next to `near` where slopes are asked for.
        """
        try:
            for form in self.forms:
                at = problem if near is None or not form.straight else near
                made = form.changed(at)
                problem = made if at is problem else _with(problem, W=made.W + problem.W - at.W)
        except ValueError:
            return None
        return expected_forward(problem)[..., : shape[-3], : shape[-2], :]

    def makes(self, given: Array, problem: Problem) -> bool:
        """Whether it gives what a candidate's forward returned."""
        linear = None if given.ndim != problem.dZ.ndim else self.linear(problem, given.shape)
        if linear is None or linear.shape != given.shape:
            return False
        Z = self.activation.of(linear)
        scale = NEAR * (1 + float(np.abs(Z).max(initial=0.0)))
        return bool(np.allclose(given, Z, rtol=0, atol=scale, equal_nan=True))


def wholes(plain: bool) -> Iterator[Whole]:
    """What forwards do, the simplest first; `plain`: with nothing but an activation open."""
    yield from (Whole((), activation) for activation in ACTIVATIONS[1:])
    if plain:
        return
    yield from (Whole((form,), activation) for activation in ACTIVATIONS for form in FORMS)
    yield from (Whole(pair, ACTIVATIONS[0]) for pair in itertools.combinations(FORMS, 2))


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


@dataclass(frozen=True, slots=True)
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


def own_forward(worker: Worker, swept: Swept) -> OwnForward | None:
    """What a candidate's own forward does, which may be asked; None if it is ours, or there is none."""
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
    return OwnForward(does.words if does is not None else "", follow, fits, note)


def right_for_it(swept: Swept) -> Swept:
    """The same sweep, the gradients that came back called right."""
    return replace(swept, results=tuple(_called_right(result) for result in swept.results))


def _called_right(result: Result) -> Result:
    judged = tuple(
        Grade(found.name, RIGHT, found.shape) if found.name in result.outcome.gradients else found
        for found in result.grades
    )
    return replace(result, grades=judged)


def _known_form(results: Sequence[Result], *, plain: bool) -> Whole | None:
    """The simplest known form that makes every output; `plain`: they are right but for an activation."""

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
