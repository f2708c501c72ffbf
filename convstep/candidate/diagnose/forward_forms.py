"""What people's forwards compute instead of this convolution: the same of changed arrays or integers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convstep.conv.forward import expected_forward
from convstep.conv.problem import Problem
from convstep.frozen import NamedTuple, frozen
from convstep.language import tr
from convstep.steps.cells import Array

CLOSE = 4e-6
"""How far an output may be off, as a share of its size."""


@frozen()
class Form:
    """One thing that a forward may do instead of this convolution."""

    words: str
    """What it does: "it ignores the stride"."""
    changed: Callable[[Problem], Problem]
    """The problem of which it makes the convolution."""
    sound: bool = True
    """Whether somebody may want it: a layer that does it both ways is a layer, if another one."""
    meant: bool = False
    """Whether who writes it means another function than this convolution."""
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


CROPPED = Form("it leaves out the last rows or columns of the output", lambda problem: problem)
"""What every form may do besides, so that no other is said where this alone explains all."""
FORMS: tuple[Form, ...] = (
    _kernels(
        "it is a true convolution: it rotates the kernel by 180 degrees",
        lambda W: np.flip(W, (1, 2)),
        meant=True,
    ),
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


@frozen()
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

        `near` is the problem that this one lies next to, where slopes are asked for. None where it cannot be:
        a kernel larger than what is left, a reflection of too little.
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
        scale = CLOSE * (1 + float(np.abs(Z).max(initial=0.0)))
        return bool(np.allclose(given, Z, rtol=0, atol=scale, equal_nan=True))


def wholes(plain: bool) -> Iterator[Whole]:
    """What forwards do, the simplest first; `plain` ones do nothing but an activation."""
    yield from (Whole((), activation) for activation in ACTIVATIONS[1:])
    if plain:
        return
    yield from (Whole((form,), activation) for activation in ACTIVATIONS for form in (CROPPED, *FORMS))
    yield from (Whole(pair, ACTIVATIONS[0]) for pair in itertools.combinations(FORMS, 2))
