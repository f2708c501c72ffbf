"""What people's forwards do in place of this convolution.

Each form is this convolution of changed arrays or integers, so that what it returns and its gradients
follow from the exact ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.outcome import NAMES
from convstep.conv.blocks import exact_gradients
from convstep.conv.forward import expected_forward
from convstep.conv.problem import Problem
from convstep.language import tr

Array = npt.NDArray[Any]
Back = Mapping[str, Callable[[Array, Problem], Array]]

CLOSE = 4e-6
"""How far an output may be off, as a share of its size."""


@dataclass(frozen=True, slots=True)
class Form:
    """One thing that a forward may do instead of this convolution."""

    words: str
    """What it does: "it ignores the stride"."""
    changed: Callable[[Problem], Problem]
    """The problem of which it makes the convolution."""
    back: Back = field(default_factory=dict)
    """By gradient, how that problem's becomes the author's, where it is not the same."""
    sound: bool = True
    """Whether somebody may want it: a layer that does it both ways is a layer, if another one."""


@dataclass(frozen=True, slots=True)
class Activation:
    """What is made of a forward's output."""

    words: str
    """What it does; "" for nothing."""
    of: Callable[[Array], Array]
    """Its values."""
    slope: Callable[[Array], Array]
    """Its derivative there."""


def _with(problem: Problem, **changes: Any) -> Problem:
    """A problem of which some arrays or integers are changed; its dZ is of no account."""
    names = ("A_prev", "W", "b", "stride", "padding", "dilation", "groups")
    kept = {name: getattr(problem, name) for name in names}
    return Problem(**{**kept, "dZ": None, **changes})


def _kernels(words: str, change: Callable[[Array], Array], *, sound: bool = True) -> Form:
    """A form that takes the cells of the kernels in another order."""

    def back(dW: Array, problem: Problem) -> Array:
        cells = change(np.arange(problem.W.size).reshape(problem.W.shape))
        moved = np.zeros(problem.W.size, dW.dtype)
        moved[cells.ravel()] = dW.ravel()
        return moved.reshape(problem.W.shape)

    return Form(words, lambda problem: _with(problem, W=change(problem.W)), {"dW": back}, sound)


def _padded(problem: Problem, mode: Any) -> Problem:
    around = [(0, 0)] * (problem.A_prev.ndim - 3) + [*problem.padding, (0, 0)]
    return _with(problem, A_prev=np.pad(problem.A_prev, around, mode=mode), padding=0)


def _mode(mode: Any) -> Form:
    """A form that pads with cells of the input."""

    def back(dA: Array, problem: Problem) -> Array:
        cells = np.arange(problem.A_prev.size, dtype=np.float64).reshape(problem.A_prev.shape)
        taken = _padded(problem.with_arrays(A_prev=cells), mode).A_prev.astype(np.int64)
        sums = np.bincount(taken.ravel(), dA.ravel(), problem.A_prev.size)
        return np.asarray(sums).reshape(problem.A_prev.shape)

    return Form(MODES[mode], lambda problem: _padded(problem, mode), {"dA_prev": back})


def _columns(W: Array) -> Array:
    """Kernels flattened tap by tap, each read channel by channel."""
    return np.moveaxis(W.reshape(len(W), W.shape[3], *W.shape[1:3]), 1, 3)


def _taps(W: Array) -> Array:
    """Kernels flattened channel by channel, each read tap by tap."""
    return np.moveaxis(W, 3, 1).reshape(W.shape)


def _biases(words: str, times: Callable[[Problem], int]) -> Form:
    """A form that adds the bias another number of times than once."""

    def changed(problem: Problem) -> Problem:
        return problem if problem.b is None else _with(problem, b=problem.b * times(problem))

    return Form(words, changed, {"db": lambda db, problem: db * times(problem)})


def _channel(words: str, which: int) -> Form:
    def masked(array: Array, problem: Problem) -> Array:
        kept = np.zeros_like(array)
        kept[..., which] = array[..., which]
        return kept

    return Form(
        words,
        lambda problem: _with(problem, A_prev=masked(problem.A_prev, problem)),
        {"dA_prev": masked},
    )


MODES = {
    "edge": "it pads with the cells at the border",
    "reflect": "it pads with a reflection of the input",
    "symmetric": "it pads with a mirror image of the input",
    "wrap": "it pads with the opposite side of the input",
}
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
    *(_mode(mode) for mode in MODES),
    Form(
        "it uses the kernel's signs in place of its values",
        lambda problem: _with(problem, W=np.sign(problem.W)),
    ),
    _channel("it uses the first input channel alone", 0),
    _channel("it uses the last input channel alone", -1),
)
"""What people's forwards do, the commonest first."""


def _leaky(slope: float) -> Activation:
    return Activation(
        "it applies a leaky ReLU",
        lambda z: np.where(z > 0, z, slope * z),
        lambda z: np.where(z > 0, 1.0, slope),
    )


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


ACTIVATIONS: tuple[Activation, ...] = (
    Activation("", lambda z: z, np.ones_like),
    Activation("it applies a ReLU", lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    _leaky(0.01),
    _leaky(0.1),
    _leaky(0.2),
    Activation("it applies tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    Activation("it applies a sigmoid", _sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
)
"""What may be made of the output."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Up to two forms and an activation: all that a forward does."""

    forms: tuple[Form, ...]
    activation: Activation

    @property
    def words(self) -> str:
        """All of it, as the end of a sentence."""
        said = [form.words for form in self.forms] + [self.activation.words] * bool(self.activation.words)
        return tr(" and ").join(tr(words) for words in said)

    def problems(self, problem: Problem) -> list[Problem] | None:
        """The problem as each form leaves it; None where one cannot be."""
        chain = [problem]
        try:
            for form in self.forms:
                chain.append(form.changed(chain[-1]))
        except ValueError:  # a kernel larger than what is left, a reflection of too little
            return None
        return chain

    def Z(self, problem: Problem, shape: tuple[int, ...]) -> Array | None:
        """Before the activation; of a larger output the part that a loop over `shape` visits."""
        chain = self.problems(problem)
        if chain is None:
            return None
        Z = expected_forward(chain[-1])
        return Z[..., : shape[-3], : shape[-2], :]

    def makes(self, given: Array, problem: Problem) -> bool:
        """Whether it is what a candidate's forward returned."""
        linear = None if given.ndim != problem.dZ.ndim else self.Z(problem, given.shape)
        if linear is None or linear.shape != given.shape:
            return False
        Z = self.activation.of(linear)
        scale = CLOSE * (1 + float(np.abs(Z).max(initial=0.0)))
        return bool(np.allclose(given, Z, rtol=0, atol=scale, equal_nan=True))

    def gradients(self, problem: Problem) -> dict[str, Array] | None:
        """Its gradients, straight through where it takes signs; None where there are none."""
        chain, linear = self.problems(problem), self.Z(problem, problem.dZ.shape)
        if chain is None or linear is None or linear.shape != problem.dZ.shape:
            return None
        last = chain[-1]
        dZ = np.zeros(last.dZ.shape)
        dZ[..., : linear.shape[-3], : linear.shape[-2], :] = problem.dZ * self.activation.slope(linear)
        made = zip(NAMES, exact_gradients(last.with_arrays(dZ=dZ)), strict=True)
        found = {name: array for name, array in made if array is not None}
        for form, before in zip(self.forms[::-1], chain[-2::-1], strict=True):
            found = {
                name: form.back[name](array, before) if name in form.back else array
                for name, array in found.items()
            }
        return found


def wholes(plain: bool) -> Iterator[Whole]:
    """What forwards do, the simplest first.

    Args:
        plain: nothing but an activation, where that is all that is open.
    """
    for activation in ACTIVATIONS[1:]:
        yield Whole((), activation)
    if plain:
        return
    for activation in ACTIVATIONS:
        for form in FORMS:
            yield Whole((form,), activation)
    for pair in itertools.combinations(FORMS, 2):
        yield Whole(pair, ACTIVATIONS[0])
