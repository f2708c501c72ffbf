"""Small geometries, the call each convention makes of them, and what the reference answers."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from convstep import Problem, conv2d_backward, conv2d_forward
from tests.candidate.corpus.common import Array, Padding, Pair


@dataclass(frozen=True)
class Case:
    """The integers of one call; a padding of "same" is ALX's rule."""

    input: tuple[int, int, int]
    """`(H, W, C_in)`."""
    kernel: tuple[int, int, int]
    """`(F_h, F_w, C_out)`."""
    stride: Pair = (1, 1)
    padding: Pair | str = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    batch: int = 1
    integers: bool = False
    """Inputs and kernels are integers, dZ is not."""


SQUARE = (
    Case((3, 3, 1), (2, 2, 1)),
    Case((5, 4, 2), (3, 3, 2), (1, 1), (1, 1), batch=2),
    Case((4, 6, 2), (2, 2, 3), (2, 2), (0, 0), batch=2),
    Case((7, 5, 1), (3, 3, 2), (2, 2), (1, 1)),
    Case((6, 5, 2), (3, 3, 2), (2, 2), (1, 1)),
    Case((5, 7, 3), (2, 2, 2), (3, 3), (0, 0)),
    Case((4, 5, 1), (3, 3, 2), (1, 1), (2, 2), batch=2),
    Case((5, 3, 2), (1, 1, 3), (1, 1), (0, 0), batch=3),
    Case((8, 6, 2), (3, 3, 2), (3, 3), (2, 2)),
    Case((5, 6, 1), (4, 4, 2), (2, 2), (1, 1), batch=2),
    Case((4, 4, 2), (3, 3, 2), (1, 1), (1, 1)),
    Case((4, 5, 2), (2, 2, 2), (1, 1), (1, 1), integers=True),
)
"""Square kernels, one stride and one padding: what every convention but alx can call."""

RECTANGULAR = (
    Case((4, 5, 2), (2, 3, 2), batch=2),
    Case((6, 5, 1), (3, 1, 2), (2, 2), (1, 1)),
)
PAIRS = (
    Case((6, 5, 2), (2, 3, 2), (2, 1), (1, 0)),
    Case((5, 8, 2), (3, 2, 2), (1, 3), (0, 2), batch=2),
)
GROUPED = (
    Case((6, 5, 4), (2, 2, 4), groups=2),
    Case((7, 6, 2), (2, 3, 4), (1, 2), (1, 2), (2, 1), groups=2, batch=2),
    Case((7, 7, 1), (3, 2, 2), (2, 1), (1, 1), (1, 2)),
    Case((7, 7, 2), (2, 2, 2), (3, 2), (2, 0), (2, 2), batch=2),
)
ALX = (
    Case((3, 3, 1), (2, 2, 1), padding="valid"),
    Case((5, 4, 2), (3, 3, 2), padding="same", batch=2),
    Case((4, 5, 2), (3, 2, 2), padding="same"),
    Case((6, 5, 2), (2, 3, 2), (2, 2), "valid", batch=2),
    Case((4, 3, 1), (3, 3, 2), (2, 2), "same"),
    Case((5, 7, 1), (2, 2, 2), (3, 3), "valid"),
    Case((6, 5, 2), (3, 2, 3), (2, 1), "valid"),
    Case((3, 4, 2), (1, 3, 2), (1, 2), "same", batch=2),
    Case((5, 3, 2), (1, 1, 3), (1, 1), "same", batch=3),
    Case((4, 4, 2), (3, 3, 2), (1, 1), "valid"),
    Case((4, 6, 1), (4, 3, 2), (1, 1), "same", batch=2),
    Case((4, 5, 2), (2, 2, 2), (1, 1), "valid", integers=True),
)

CASES: dict[str, tuple[Case, ...]] = {
    "article": (
        *(case for case in SQUARE if case.batch == 1),
        Case((5, 4, 2), (3, 3, 2), (1, 1), (1, 1)),
        Case((4, 6, 2), (2, 2, 3), (2, 2), (0, 0)),
        Case((4, 5, 1), (3, 3, 2), (1, 1), (2, 2)),
        Case((5, 3, 2), (1, 1, 3)),
        Case((5, 6, 1), (4, 4, 2), (2, 2), (1, 1)),
    ),
    "coursera": SQUARE,
    "cs231n": SQUARE + RECTANGULAR,
    "alx": ALX,
    "torch": SQUARE + RECTANGULAR + PAIRS + GROUPED,
    "problem": tuple(case for case in SQUARE if not case.integers) + RECTANGULAR + PAIRS + GROUPED,
}
"""Per convention, what it can express."""


class Asked:
    """One case with its numbers, and the reference's gradients in the convention's layout."""

    def __init__(self, convention: str, case: Case, seed: int) -> None:
        """Draw the arrays and ask the reference."""
        self.convention = convention
        self.case = case
        self.A: Array
        self.W: Array
        draw = np.random.default_rng(seed)
        f_h, f_w, c_out = case.kernel
        self.padding = _numbers(case)
        shape = (c_out, f_h, f_w, case.input[2] // case.groups)
        if case.integers:
            self.A, self.W = draw.integers(-4, 5, (case.batch, *case.input)), draw.integers(-4, 5, shape)
        else:
            self.A, self.W = draw.standard_normal((case.batch, *case.input)), draw.standard_normal(shape)
        self.b = draw.standard_normal(c_out)
        geometry = case.stride, self.padding, case.dilation, case.groups
        self.Z: Array = conv2d_forward(self.A, self.W, self.b, *geometry)["Z"]
        self.dZ = draw.standard_normal(self.Z.shape)
        cache = {"A_prev": self.A, "W": self.W, "b": self.b}
        dW, db, dA = conv2d_backward(self.dZ, cache, *geometry)
        assert db is not None
        self.dW, self.db, self.dA = dW, db, dA

    def arguments(self) -> tuple[Any, ...]:
        """Fresh arguments for one call."""
        arguments = _ARGUMENTS[self.convention](self)
        # a copied Problem would be writable, and this one is new anyway
        return arguments if self.convention == "problem" else copy.deepcopy(arguments)

    def expected(self) -> tuple[Array, Array, Array]:
        """The three gradients in the order and the layout of the convention."""
        kernels = self.dW.transpose(1, 2, 3, 0)
        if self.convention == "article":
            return self.dW, self.db, self.dA[0]
        if self.convention == "problem":
            return self.dW, self.db, self.dA
        if self.convention in ("coursera", "alx"):
            return self.dA, kernels, self.db
        return _first(self.dA), self.dW.transpose(0, 3, 1, 2), self.db


def asked(convention: str) -> list[Asked]:
    """Every case of a convention."""
    return [Asked(convention, case, seed) for seed, case in enumerate(CASES[convention], start=20)]


def call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Array | None]:
    """The candidate's answer; an autograd Function runs forward and back, and gives its output too."""
    if not (isinstance(function, type) and issubclass(function, torch.autograd.Function)):
        return function(*arguments), None
    grad_output, *tensors = arguments
    leaves = [tensor.detach().requires_grad_() for tensor in tensors[:3]]
    output = function.apply(*leaves, *tensors[3:])  # type: ignore[no-untyped-call]
    return torch.autograd.grad(output, leaves, grad_output), output.detach().numpy()


def agrees(answer: Any, expected: tuple[Array, Array, Array]) -> bool:
    """Element by element; a bias gradient may have the shape `(1, 1, 1, C)`."""
    if not isinstance(answer, tuple) or len(answer) != 3:
        return False
    for given, right in zip(answer, expected, strict=True):
        array = np.asarray(given)
        if right.ndim == 1 and array.shape == (1, 1, 1, len(right)):
            array = array.reshape(-1)
        if array.shape != right.shape or not bool((np.abs(array - right) <= 1e-9).all()):
            return False
    return True


def unchanged(given: Any, before: Any) -> bool:
    """Whether two nested structures of arrays and numbers are equal."""
    if isinstance(given, (tuple, list)):
        return len(given) == len(before) and all(map(unchanged, given, before))
    if isinstance(given, dict):
        return given.keys() == before.keys() and all(unchanged(given[key], before[key]) for key in given)
    if isinstance(given, torch.Tensor):
        return bool(torch.equal(given, before))
    if isinstance(given, np.ndarray):
        return bool(np.array_equal(given, before))
    return isinstance(given, Problem) or bool(given == before)


def failure(function: Callable[..., Any], question: Asked) -> str:
    """What is wrong with a candidate in one case, called twice; "" if nothing is."""
    for turn in ("first", "second"):
        given, before = question.arguments(), question.arguments()
        try:
            with np.errstate(all="ignore"):
                answer, output = call(function, given)
        except Exception as error:
            return f"{turn} call raises {type(error).__name__}: {error}"
        if output is not None and not np.allclose(output, _first(question.Z)):
            return "its forward differs"
        if not agrees(answer, question.expected()):
            return f"{turn} call differs"
        if not unchanged(given, before):
            return f"{turn} call changes its arguments"
    return ""


def _numbers(case: Case) -> Padding:
    if not isinstance(case.padding, str):
        p_h, p_w = case.padding
    elif case.padding == "valid":
        p_h = p_w = 0
    else:
        p_h, p_w = (
            math.ceil(((cells - 1) * step + taps - cells) / 2)
            for cells, taps, step in zip(case.input[:2], case.kernel[:2], case.stride, strict=True)
        )
    return (p_h, p_h), (p_w, p_w)


def _first(array: Array) -> Array:
    """NHWC -> NCHW."""
    return array.transpose(0, 3, 1, 2)


def _article(of: Asked) -> tuple[Any, ...]:
    cache = {"Z": of.Z[0], "W": of.W, "b": of.b, "A_prev": of.A[0]}
    return of.dZ[0], cache, of.case.stride[0], of.padding[0][0]


def _coursera(of: Asked) -> tuple[Any, ...]:
    hparameters = {"stride": of.case.stride[0], "pad": of.padding[0][0]}
    return of.dZ, (of.A, of.W.transpose(1, 2, 3, 0), of.b.reshape(1, 1, 1, -1), hparameters)


def _cs231n(of: Asked) -> tuple[Any, ...]:
    conv_param = {"stride": of.case.stride[0], "pad": of.padding[0][0]}
    return _first(of.dZ), (_first(of.A), _first(of.W), of.b, conv_param)


def _alx(of: Asked) -> tuple[Any, ...]:
    kernels = of.W.transpose(1, 2, 3, 0)
    return of.dZ, of.A, kernels, of.b.reshape(1, 1, 1, -1), of.case.padding, of.case.stride


def _torch(of: Asked) -> tuple[Any, ...]:
    arrays = (of.dZ, of.A, of.W)
    tensors = [torch.tensor(np.ascontiguousarray(_first(array)), dtype=torch.float64) for array in arrays]
    stride, dilation = of.case.stride, of.case.dilation
    return (
        *tensors,
        torch.tensor(of.b),
        stride[0] if stride[0] == stride[1] else stride,
        (of.padding[0][0], of.padding[1][0]),
        dilation[0] if dilation[0] == dilation[1] else dilation,
        of.case.groups,
    )


def _problem(of: Asked) -> tuple[Any, ...]:
    case = of.case
    return (Problem(of.A, of.W, of.b, of.dZ, case.stride, of.padding, case.dilation, case.groups),)


_ARGUMENTS: dict[str, Callable[[Asked], tuple[Any, ...]]] = {
    "article": _article,
    "coursera": _coursera,
    "cs231n": _cs231n,
    "alx": _alx,
    "torch": _torch,
    "problem": _problem,
}
