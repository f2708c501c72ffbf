"""Convention: one way of calling a convolution's backward, and the layouts it speaks in.

Layouts are words: N sample, H row, W column, I input channel (C in the arrays without filters),
O filter. Ours are NHWC and OHWI; a convention's are the same axes in another order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.words import roles_of
from convstep.conv.geometry import Geometry, Pair
from convstep.conv.problem import Problem
from convstep.language import tr

Array = npt.NDArray[Any]


@dataclass(slots=True, eq=False)
class Inputs:
    """A problem's arrays in a convention's layout, and its integers; copies, free to be changed."""

    A_prev: Any
    """The input."""
    W: Any
    """The kernels."""
    b: Any
    """The bias; zeros where a convention must have one and the problem has none."""
    dZ: Any
    """The upstream gradient."""
    Z: Any
    """The forward's output; None where the convention does not pass it."""
    stride: Any
    """An int where both are equal and the convention allows it, else `(h, w)`."""
    padding: Any
    """The same; "same" or "valid" for `alx`."""
    dilation: Any
    """The same."""
    groups: int
    """Channel groups."""
    problem: Problem
    """The problem itself."""


Arguments = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Convention:
    """One way of calling a convolution's backward."""

    name: str
    """What `--convention` calls it."""
    call: str
    """The call as one would write it."""
    returns: tuple[str, ...]
    """The gradients in the order they come back."""
    A_layout: str
    """Axes of the input and of the upstream gradient."""
    W_layout: str
    """Axes of the kernels."""
    arguments: Callable[[Inputs, Candidate, Any], Arguments]
    """The call's arguments; the last one is a cache of the candidate's own forward, or None."""
    forward_names: tuple[str, ...] = ()
    """What the matching forward is called."""
    forward: Callable[[Inputs, Sequence[str]], Arguments] | None = None
    """The arguments of the matching forward, whose parameters are given."""
    square: bool = False
    """Whether kernels must be square."""
    pairs: bool = False
    """Whether stride may differ along the axes."""
    general: bool = False
    """Whether dilation and groups can be said."""
    column: bool = False
    """Whether its code makes db a column."""
    has_cache: bool = False
    """Whether the call takes a cache, which the candidate's own forward can make."""

    @property
    def lie(self) -> Layouts:
        """How its arrays lie."""
        return Layouts(self.A_layout, self.W_layout, "111O" if self.name in ("coursera", "alx") else "O")

    @property
    def batched(self) -> bool:
        """Whether arrays always have a batch axis."""
        return "N" in self.A_layout

    def cannot_say(self, geometry: Geometry, candidate: Candidate) -> str:
        """What of a geometry this call cannot express; "" if it can express all of it."""
        _, f_h, f_w, _ = geometry.kernel_shape
        (top, bottom), (left, right) = geometry.padding
        if geometry.batch is not None and not self.batched and self.name != "problem":
            return tr("a batch")
        if self.square and f_h != f_w:
            return tr("kernels that are not square")
        if not self.pairs and geometry.stride[0] != geometry.stride[1]:
            return tr("different strides along H and W")
        if self.general and not self.pairs and geometry.dilation[0] != geometry.dilation[1]:
            return tr("different dilation along H and W")
        extended = self.general or {"dilation", "groups"} <= set(candidate.parameters)
        if geometry.dilation != (1, 1) and not (extended and _takes(candidate, "dilation")):
            return tr("dilation")
        if geometry.groups != 1 and not (extended and _takes(candidate, "groups")):
            return tr("groups")
        if self.name == "problem":
            return ""
        if top != bottom or left != right:
            return tr("different padding on opposite sides")
        if self.name == "alx":
            known = alx_padding(geometry) is not None
            return "" if known else tr('padding other than its own "same" and "valid"')
        if self.name == "torch" and candidate.kind != "autograd":
            names = [each.name for each in fields(Inputs)]
            told, _ = self.arguments(Inputs(*names), candidate, None)  # type: ignore[arg-type]
            if "stride" not in told and geometry.stride != (1, 1):
                return tr("stride")
        if top != left and not (self.name == "torch" and self.pairs):
            return tr("different padding along H and W")
        return ""

    def inputs(self, problem: Problem, *, integers: bool = False) -> Inputs:
        """A problem's arrays as this convention lays them out.

        Args:
            problem: any problem that the convention can express.
            integers: pass `A_prev` and `W` as int64; their values must be whole numbers.
        """
        A_prev, W, b, dZ = problem.A_prev, problem.W, problem.b, problem.dZ
        if integers:
            A_prev, W = A_prev.astype(np.int64), W.astype(np.int64)
        if b is None and self.name not in ("torch", "problem"):
            b = np.zeros(W.shape[0], problem.dtype)
        geometry = problem.geometry
        padding: Any = one(tuple(top for top, _ in geometry.padding))
        if self.name == "alx":
            padding = alx_padding(geometry, rounded_up=True)
        elif self.name == "problem":
            padding = geometry.padding
        given = {"A_prev": A_prev, "W": W, "b": b, "dZ": dZ}
        given["Z"] = expected_forward(problem) if self.name == "article" else None
        out = (lambda name, array: np.array(array)) if self.name == "problem" else self.lie.theirs
        return Inputs(
            **{name: None if array is None else out(name, array) for name, array in given.items()},
            stride=geometry.stride if self.name == "alx" else one(geometry.stride),
            padding=padding,
            dilation=one(geometry.dilation),
            groups=geometry.groups,
            problem=problem,
        )

    def ours(self, name: str, array: Array, problem: Problem) -> Array:
        """A gradient in our layout; as it is where it has another number of axes.

        Args:
            name: "dW", "db" or "dA_prev".
            array: what came back.
            problem: what it was called with.
        """
        if name == "db":
            shapes: tuple[tuple[int, ...], ...] = ((1, 1, 1, array.size),)
            if self.column:
                shapes = (*shapes, (array.size, 1))
            if self.name == "problem":  # an adapter need not know in which shape the code behind it has b
                shapes = (*shapes, (array.size, 1), (1, array.size))
            return array.reshape(-1) if array.shape in shapes else array
        if name == "dA_prev" and self.name == "problem":
            return array
        return self.lie.ours(name, array, problem.geometry)


def alx_padding(geometry: Geometry, *, rounded_up: bool = False) -> str | None:
    """ALX's word for a padding: "valid", "same" by its own rule, or None for neither.

    Its "same" keeps the size at any stride: `p = ceil(((h - 1) * s + f - h) / 2)` on both sides.
    Where that is not a whole number, authors round differently, so it is not counted as "same", unless
    what is rounded up is wanted.
    """
    if geometry.padding == ((0, 0), (0, 0)):
        return "valid"
    height, width, _ = geometry.input_shape
    _, f_h, f_w, _ = geometry.kernel_shape
    for size, f, s, (before, after) in zip(
        (height, width), (f_h, f_w), geometry.stride, geometry.padding, strict=True
    ):
        twice = (size - 1) * s + f - size
        if (twice % 2 and not rounded_up) or not before == after == (twice + 1) // 2:
            return None
    return "same"


def flattened(result: Any) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """What a candidate returned as a flat tuple, and the names it gave, if it returned a dict.

    `dX, [dW, db]` becomes three values; a dict is taken by its keys' meaning, and what stands beside it
    is what it does not name.
    """
    if is_dataclass(result) and not isinstance(result, type):
        result = {each.name: getattr(result, each.name) for each in fields(result)}
    elif isinstance(result, tuple) and hasattr(result, "_asdict") and all(map(meaning, result._asdict())):
        result = result._asdict()
    if isinstance(result, Mapping):
        found = {meaning(str(key)): value for key, value in result.items()}
        found.pop("", None)
        return tuple(found.values()), tuple(found)
    if isinstance(result, (tuple, list)):
        flat: list[Any] = []
        held = [part for part in result if isinstance(part, Mapping)]
        if held and all(any(map(meaning, map(str, part))) for part in held):  # dX, {"dW": …, "db": …}
            labelled = {meaning(str(key)): value for part in held for key, value in part.items()}
            free = [name for name in ("dA_prev", "dW", "db") if name not in labelled]
            others = [part for part in result if not isinstance(part, Mapping)]
            labelled |= dict(zip(free, others, strict=False))
            labelled.pop("", None)
            return tuple(labelled.values()), tuple(labelled)
        for part in result:
            inner = isinstance(part, (tuple, list)) and any(hasattr(item, "shape") for item in part)
            flat += part if inner else [part]
        return tuple(flat), ()
    return (result,), ()


def meaning(key: str) -> str:
    """Which gradient a name stands for: "dW", "db", "dA_prev", or ""."""
    word = key.lower().strip("_").removeprefix("self").strip("_.")
    bare = re.sub(r"^(gradients?|grad|nabla|delta|d|g)_?(l_?d|loss_?d)?|_?grad(ient)?$", "", word)
    for said in (bare, word):
        for role, gradient in (("W", "dW"), ("b", "db"), ("A_prev", "dA_prev")):
            if role in roles_of(said) or said in _ALSO.get(role, ()):
                return gradient
    return ""


_ALSO = {"A_prev": ("aprev", "xprev", "adata", "xin")}


def named(
    convention: Convention,
    returned: Sequence[Array],
    labels: Sequence[str],
    problem: Problem,
    order: Sequence[str] | None = None,
) -> dict[str, Array]:
    """The returned arrays by name, in our layout.

    Args:
        convention: how it was called.
        returned: what came back.
        labels: names that came with it; may be empty.
        problem: what it was called with.
        order: another order than the convention's.
    """
    names = labels or order or convention.returns
    if not labels and len(returned) > len(names):
        names = convention.returns
    return {
        name: convention.ours(name, array, problem)
        for name, array in zip(names, returned, strict=False)
        if name
    }


def expected_forward(problem: Problem) -> Array:
    """The right Z of a problem, `(…, H_out, W_out, C_out)`: one matrix product a tap."""
    geometry = problem.geometry
    (s_h, s_w), (d_h, d_w) = geometry.stride, geometry.dilation
    h_out, w_out, c_out = geometry.output_shape
    _, f_h, f_w, c_k = geometry.kernel_shape
    A = problem.A_prev_pad.reshape(geometry.samples, *geometry.padded_shape)
    Z = np.zeros((geometry.samples, h_out, w_out, c_out), problem.dtype)
    per_group = c_out // geometry.groups
    for k_h in range(f_h):
        for k_w in range(f_w):
            seen = A[:, k_h * d_h :: s_h, k_w * d_w :: s_w][:, :h_out, :w_out]
            for group in range(geometry.groups):
                filters = slice(group * per_group, (group + 1) * per_group)
                kernel = problem.W[filters, k_h, k_w]
                Z[..., filters] += seen[..., group * c_k : (group + 1) * c_k] @ kernel.T
    if problem.b is not None:
        Z += problem.b
    return Z.reshape(problem.dZ.shape)


def one(pair: Pair | tuple[int, ...]) -> Any:
    """An int for a pair of equal ones."""
    return pair[0] if pair[0] == pair[1] else tuple(pair)


def _takes(candidate: Candidate, name: str) -> bool:
    """Whether a call can hand over dilation or groups."""
    if candidate.kind == "autograd" or "problem" in candidate.parameters or candidate.variadic:
        return True
    if len(candidate.parameters) == 1:
        return True
    return name in candidate.parameters or len(candidate.parameters) >= 8
