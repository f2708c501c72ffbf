"""A forward that is another function is named, and a backward that is right for it is called right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from convstep import conv2d_backward, conv2d_forward
from convstep.candidate.call.outcome import RETURNED, Outcome
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.grade import grade
from convstep.candidate.check.sweep import before_relu
from convstep.candidate.diagnose.diagnosis import diagnose
from convstep.candidate.diagnose.own_forward import OwnForward, own_forward, right_for_it
from convstep.candidate.notes import about_relu
from convstep.conv.problem import Problem
from tests.candidate.diagnose.test_observations import swept
from tests.strategies import some

Array = npt.NDArray[Any]
Layer = Callable[[Problem], tuple[Array, dict[str, Array]]]
PAD1 = ((1, 1), (1, 1))
CASES = [
    Case((4, 5), (3, 3), channels=2, filters=3, batch=2),
    Case((5, 5), (2, 2), (2, 2), PAD1, channels=3),
    Case((5, 6), (3, 3), (2, 2), PAD1),
    Case((4, 4), (1, 1), channels=2),
]


def convolution(problem: Problem, **changes: Any) -> tuple[Array, dict[str, Array]]:
    """Z and the gradients of this convolution on changed arrays."""
    names = ("A_prev", "W", "b", "stride", "padding")
    A_prev, W, b, stride, padding = (changes.get(name, getattr(problem, name)) for name in names)
    cache = conv2d_forward(A_prev, W, b, stride, padding)
    dZ = changes.get("dZ", problem.dZ)
    if dZ.shape != cache["Z"].shape:
        dZ = np.zeros(cache["Z"].shape)
    dW, db, dA_prev = conv2d_backward(dZ, cache, stride, padding)
    return cache["Z"], {"dW": dW, "db": np.asarray(db), "dA_prev": dA_prev}


def rotated(problem: Problem) -> tuple[Array, dict[str, Array]]:
    Z, made = convolution(problem, W=problem.W[:, ::-1, ::-1])
    return Z, made | {"dW": made["dW"][:, ::-1, ::-1]}


def binary(problem: Problem) -> tuple[Array, dict[str, Array]]:
    return convolution(problem, W=np.where(problem.W > 0, 1.0, -1.0))


def rectified(problem: Problem) -> tuple[Array, dict[str, Array]]:
    Z, _ = rotated(problem)
    turned = convolution(problem, W=problem.W[:, ::-1, ::-1], dZ=np.where(Z > 0, problem.dZ, 0))[1]
    return np.maximum(Z, 0), turned | {"dW": turned["dW"][:, ::-1, ::-1]}


def masked(problem: Problem) -> tuple[Array, dict[str, Array]]:
    Z, _ = convolution(problem)
    return np.maximum(Z, 0), convolution(problem, dZ=problem.dZ * (Z > 0))[1]


def border(problem: Problem) -> tuple[Array, dict[str, Array]]:
    (p, _), _ = problem.padding
    around = [(0, 0)] * (problem.A_prev.ndim - 3) + [(p, p), (p, p), (0, 0)]
    Z, made = convolution(problem, A_prev=np.pad(problem.A_prev, around, mode="edge"), padding=0)
    d = made["dA_prev"].copy()
    for axis in (-3, -2):
        d = np.moveaxis(d, axis, 0)
        for _ in range(p):
            d[1] += d[0]
            d[-2] += d[-1]
            d = d[1:-1]
        d = np.moveaxis(d, 0, axis)
    return Z, made | {"dA_prev": d}


def inside(problem: Problem) -> tuple[Array, dict[str, Array]]:
    assert problem.b is not None
    cells = problem.W[0].size
    Z, made = convolution(problem, b=problem.b * cells)
    return Z, made | {"db": made["db"] * cells}


def scaled(problem: Problem) -> tuple[Array, dict[str, Array]]:
    """No known form: three times the kernel, for some other reason."""
    Z, made = convolution(problem, W=3 * problem.W)
    return Z, made | {"dW": 3 * made["dW"]}


def curved(problem: Problem) -> tuple[Array, dict[str, Array]]:
    """Nor this, which is not even linear in the kernel."""
    Z, made = convolution(problem, W=problem.W**3)
    return Z, made | {"dW": made["dW"] * 3 * problem.W**2}


def unstrided(problem: Problem) -> tuple[Array, dict[str, Array]]:
    """Its windows do not move by the stride; its backward's do."""
    Z, _ = convolution(problem, stride=1)
    rows, columns = problem.dZ.shape[-3:-1]
    return Z[..., :rows, :columns, :], convolution(problem)[1]


def short(problem: Problem) -> tuple[Array, dict[str, Array]]:
    """Its loop ends one window early, as one over `range(H - f)` does."""
    Z, made = convolution(problem)
    return Z[..., :-1, :, :], made


def unlike(problem: Problem) -> tuple[Array, dict[str, Array]]:
    """A true convolution with the correlation's backward but for dW, which is the convolution's."""
    Z, made = rotated(problem)
    return Z, convolution(problem)[1] | {"dW": made["dW"]}


class Asked:
    """A candidate that answers in this process."""

    def __init__(self, layer: Layer) -> None:
        self.layer, self.calls = layer, 0

    def call(self, call: object, problem: Problem, *, fresh: bool = False) -> Outcome:
        """Z and the gradients."""
        self.calls += 1
        Z, gradients = self.layer(problem)
        return Outcome(RETURNED, gradients=gradients, Z=Z)


def looked_at(layer: Layer) -> tuple[OwnForward | None, list[str], int]:
    """What is found of a layer's forward, the ids of what is wrong, and how often it was called for it."""
    asked = Asked(layer)
    found = swept(*(grade(case, right_of(case), asked.call(None, right_of(case).problem)) for case in CASES))
    asked.calls = 0
    forward = own_forward(cast(Worker, asked), found)
    if forward is not None and forward.fits:
        found = right_for_it(found)
    return forward, [finding.id for finding in diagnose(found, forward)], asked.calls


@pytest.mark.parametrize(
    ("layer", "does"),
    [
        (rotated, "it is a true convolution: it rotates the kernel by 180 degrees"),
        (binary, "it uses the kernel's signs in place of its values"),
        (masked, "it applies a ReLU"),
        (rectified, "it is a true convolution: it rotates the kernel by 180 degrees and it applies a ReLU"),
        (border, "it pads with the cells at the border"),
        (inside, "it adds the bias inside the sum, once for every cell of the kernel"),
    ],
)
def test_a_backward_that_is_right_for_what_its_forward_does_is_right(layer: Layer, does: str) -> None:
    forward, wrong, calls = looked_at(layer)
    assert forward is not None
    assert (forward.does, forward.fits, wrong) == (does, True, [])
    assert forward.note.endswith(f"is not this convolution: {does}; the backward is right for it")
    assert calls == 0, "its outputs say it all"


@pytest.mark.parametrize("layer", some([curved, scaled]))
def test_a_forward_that_nobody_knows_is_asked_for_its_slopes(layer: Layer) -> None:
    forward, wrong, calls = looked_at(layer)
    assert forward is not None
    assert (forward.does, forward.fits, wrong) == ("", True, [])
    assert "its gradients are the slopes of that forward" in forward.note
    assert calls > 0

    def other(problem: Problem) -> tuple[Array, dict[str, Array]]:
        Z, made = layer(problem)
        return Z, made | {"dA_prev": made["dA_prev"] * (1 + 1e-3)}

    forward, wrong, _ = looked_at(other)
    assert forward is not None
    assert not forward.fits
    assert "forward-wrong" in wrong


@pytest.mark.parametrize(
    ("layer", "does"),
    [
        (unstrided, "it ignores the stride"),
        (short, "it leaves out the last rows or columns of the output"),
    ],
)
def test_a_forward_alone_that_differs_is_wrong_and_says_how(layer: Layer, does: str) -> None:
    forward, wrong, _ = looked_at(layer)
    assert forward is not None
    assert (forward.does, forward.fits, wrong) == (does, False, ["forward-wrong"])


def test_a_gradient_that_is_right_for_its_forward_is_not_accused() -> None:
    forward, wrong, _ = looked_at(unlike)
    assert forward is not None
    assert (forward.follow, forward.unfit, forward.fits, wrong) == (("dW",), ("dA_prev",), False, ["unknown"])


def test_of_a_plain_forward_nothing_is_said_and_nothing_asked() -> None:
    def turned(problem: Problem) -> tuple[Array, dict[str, Array]]:
        Z, made = convolution(problem)
        return Z, made | {"dW": made["dW"][:, ::-1, ::-1]}

    assert looked_at(convolution) == (None, [], 0)
    forward, wrong, calls = looked_at(turned)
    assert (forward, calls) == (None, 0)
    assert wrong


def test_a_backward_that_leaves_out_the_relu_of_its_forward_is_told_so() -> None:
    def bare(problem: Problem) -> tuple[Array, dict[str, Array]]:
        Z, made = convolution(problem)
        return np.maximum(Z, 0), made

    def halved(problem: Problem) -> tuple[Array, dict[str, Array]]:
        Z, made = masked(problem)
        return Z, {name: array / 2 for name, array in made.items()}

    def found(layer: Layer) -> str:
        asked = Asked(layer)
        every = (grade(case, right_of(case), asked.call(None, right_of(case).problem)) for case in CASES)
        return " ".join(about_relu(swept(*every, forward="conv")))

    assert found(bare).startswith("its own conv ends in a ReLU, and the backward leaves it out")
    assert found(convolution) == found(rotated) == ""
    assert "right neither with it nor without: what is said here is without it" in found(halved)


def test_a_backward_through_a_relu_is_held_against_what_the_relu_lets_through() -> None:
    def halved(problem: Problem) -> tuple[Array, dict[str, Array]]:
        Z, made = masked(problem)
        return Z, made | {"dW": made["dW"] / 2}

    for layer, ratio in ((halved, 0.5), (masked, 1)):
        asked = cast(Worker, Asked(layer))
        every = [
            grade(case, right_of(case), Asked(layer).call(None, right_of(case).problem)) for case in CASES
        ]
        plain = swept(*every, forward="conv")
        found = before_relu(asked, plain)
        assert (found is plain) == (ratio == 1)
        for result in found.results if ratio < 1 else ():
            assert not result.wrong("dA_prev")
            np.testing.assert_allclose(result.outcome.gradients["dW"], ratio * result.right.gradients["dW"])
