"""Problem: the arrays and the geometry of one convolution, validated once at the edge."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.brief import array_text, lines, picture
from convstep.conv import validation
from convstep.conv.geometry import Geometry, Padding, Pair
from convstep.conv.layout import layout
from convstep.conv.recorded import Recorded, check_fits
from convstep.conv.validation import ProblemError as ProblemError
from convstep.steps.cells import Array
from convstep.steps.layout import Layout

if TYPE_CHECKING:
    from convstep.conv.nchw import NCHW

DZ_SEED = 20240
"""Seed of the standard-normal `dZ` that stands in when none is given."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Problem:
    """What one backward pass works on: `A_prev`, `W`, `b`, `dZ` and the geometry.

    Arrays are copied, made contiguous and read-only. float32 and float64 stay as they are
    (mixed arrays take the wider), integers become float64, float16 and bfloat16 float32.

    >>> import numpy as np
    >>> problem = Problem(np.ones((4, 5, 2)), np.ones((3, 2, 2, 2)), None, None, stride=2)
    >>> problem.dZ.shape, problem.total_steps
    ((2, 2, 3), 12)

    Raises:
        ProblemError: two shapes contradict each other, a number makes no sense, or a dtype
            is not numeric; the message is one sentence.
    """

    A_prev: Array
    """Input, `(H, W, C_in)` or `(N, H, W, C_in)`."""
    W: Array
    """Kernels, `(C_out, F_h, F_w, C_in // groups)`."""
    b: Array | None
    """Bias, `(C_out,)`, or None for a convolution without bias."""
    dZ: Array
    """Gradient of the loss by the output, `(H_out, W_out, C_out)` or with a leading `N`.

    None draws a standard normal from a fixed seed; see `dZ_drawn`."""
    stride: Pair
    """`(s_h, s_w)`; an int is taken for both."""
    padding: Padding
    """`((top, bottom), (left, right))`; also an int, `(h, w)`, "valid" or "same"."""
    dilation: Pair
    """`(d_h, d_w)`; an int is taken for both."""
    groups: int
    """Channel groups."""
    dZ_drawn: bool
    """True when `dZ` was not given and random numbers stand in for it."""
    geometry: Geometry
    """The same integers, with the index arithmetic on them."""
    recorded: Recorded | None = None
    """Gradients that somebody else computed for the same arrays; see `with_recorded`."""

    def __init__(
        self,
        A_prev: npt.ArrayLike,
        W: npt.ArrayLike,
        b: npt.ArrayLike | None,
        dZ: npt.ArrayLike | None,
        stride: int | Pair = 1,
        padding: int | Pair | Padding | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
    ) -> None:
        """Validate and normalise; see the class for shapes and errors."""
        given = {"A_prev": A_prev, "W": W, "b": b, "dZ": dZ}
        absent = [n for n in ("b", "dZ") if given[n] is None]
        arrays = {n: validation.array(n, a) for n, a in given.items() if n not in absent}
        geometry = validation.geometry(
            {name: values.shape for name, values in arrays.items()},
            validation.Hyperparameters(stride, padding, dilation, groups),
        )
        if dZ is None:
            arrays["dZ"] = _drawn_dZ(geometry, np.result_type(*arrays.values()))
        dtype = np.result_type(*arrays.values())
        for name in given:
            object.__setattr__(self, name, _frozen(arrays.get(name), dtype))
        for name in ("stride", "padding", "dilation", "groups"):
            object.__setattr__(self, name, getattr(geometry, name))
        object.__setattr__(self, "dZ_drawn", dZ is None)
        object.__setattr__(self, "geometry", geometry)

    @classmethod
    def from_cache(
        cls,
        dZ: npt.ArrayLike,
        cache: dict[str, Any],
        stride: int | Pair,
        padding: int | Pair | Padding | str,
        dilation: int | Pair = 1,
        groups: int = 1,
    ) -> Problem:
        """The problem behind the article's call `conv2d_backward(dZ, cache, stride, padding)`."""
        validation.check_type("cache", cache, Mapping)
        missing = [name for name in ("A_prev", "W") if name not in cache]
        if missing:
            raise ProblemError(
                f"the cache has no {missing[0]!r}; it needs 'A_prev' and 'W', and 'b' if there is a bias"
            )
        if dZ is None:
            raise ProblemError("dZ is None; pass the gradient of the loss with respect to the output Z")
        return cls(cache["A_prev"], cache["W"], cache.get("b"), dZ, stride, padding, dilation, groups)

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in ("A_prev", "W", "b", "dZ")}
        parts = [f"{name} {array_text(values)}" for name, values in given.items() if values is not None]
        if self.dZ_drawn:
            parts[-1] += " drawn at random"
        parts += [
            f"stride={validation.pair_text(self.stride)}",
            f"padding={validation.padding_text(self.padding)}",
            f"dilation={validation.pair_text(self.dilation)}",
            f"groups={self.groups}",
            str(self.dtype),
        ]
        if self.recorded is not None:
            parts.append(f"recorded {' '.join(self.recorded.gradients)}")
        return lines("Problem", parts)

    _repr_html_ = picture

    @property
    def cache(self) -> dict[str, Any]:
        """`{'A_prev', 'W', 'b'}` as `conv2d_backward` takes it."""
        return {"A_prev": self.A_prev, "W": self.W, "b": self.b}

    @property
    def numbers(self) -> tuple[Pair, Padding, Pair, int]:
        """`(stride, padding, dilation, groups)`, in the order in which `conv2d_backward` takes them."""
        return self.stride, self.padding, self.dilation, self.groups

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64: what gradients accumulate in."""
        return self.A_prev.dtype

    @property
    def total_steps(self) -> int:
        """Iterations of the loop."""
        return self.geometry.total_steps

    @property
    def layout(self) -> Layout:
        """The loops of the pass and the cells it writes: what a stop or a condition may name."""
        return layout(self.geometry, self.b is not None)

    @functools.cached_property
    def A_prev_pad(self) -> Array:
        """`A_prev` with its zeros around it, read-only."""
        padded = pad(self.A_prev, self.padding)
        padded.setflags(write=False)
        return padded

    def nchw(self, refuse: Collection[str] = ()) -> NCHW:
        """The arrays channels first, and the integers as most code takes them: what an adapter needs.

        >>> import numpy as np
        >>> problem = Problem(np.ones((4, 5, 2)), np.ones((3, 2, 2, 2)), None, None, stride=2)
        >>> n = problem.nchw()
        >>> n.x.shape, n.w.shape, n.dz.shape, n.stride, n.padding
        ((1, 2, 4, 5), (3, 2, 2, 2), (1, 3, 2, 2), 2, 0)
        >>> dW, db, dA_prev = n.gradients(n.x, n.w, None)  # the way back
        >>> dW.shape, db, dA_prev.shape
        ((3, 2, 2, 2), None, (4, 5, 2))

        Args:
            refuse: what the code under test cannot express, so that such a problem is refused, which does
                not count as wrong: "batch" (several samples), "pairs" (stride, padding or dilation that
                differ along H and W), "sides" (padding that differs on opposite sides), "rectangles"
                (kernels that are not square), "dilation", "groups".

        Raises:
            NotImplementedError: this problem has one of these.
            ValueError: `refuse` has another word.
        """
        from convstep.conv.nchw import nchw

        return nchw(self, refuse)

    def with_arrays(
        self,
        *,
        A_prev: npt.ArrayLike | None = None,
        W: npt.ArrayLike | None = None,
        b: npt.ArrayLike | None = None,
        dZ: npt.ArrayLike | None = None,
    ) -> Problem:
        """The same geometry on other arrays, ProblemError if they do not fit; without recorded gradients."""
        other = Problem(
            self.A_prev if A_prev is None else A_prev,
            self.W if W is None else W,
            self.b if b is None else b,
            self.dZ if dZ is None else dZ,
            *self.numbers,
        )
        object.__setattr__(other, "dZ_drawn", self.dZ_drawn and dZ is None)
        return other

    def mapped(self, change: Callable[[Array], Array], dZ: Array | None = None) -> Problem:
        """The same geometry on arrays that are made one by one of these, or of another `dZ`."""
        arrays = {"A_prev": self.A_prev, "W": self.W, "b": self.b, "dZ": self.dZ if dZ is None else dZ}
        return self.with_arrays(**{name: change(each) for name, each in arrays.items() if each is not None})

    def with_recorded(self, recorded: Recorded | None) -> Problem:
        """The same problem with gradients that somebody else computed, or none; ProblemError if misshapen."""
        if recorded is not None:
            validation.check_type("recorded", recorded, Recorded)
            check_fits(
                {name: values.shape for name, values in recorded.gradients.items()},
                {"W": self.W.shape, "A_prev": self.A_prev.shape}
                | ({} if self.b is None else {"b": self.b.shape}),
            )
        other = copy.copy(self)
        object.__setattr__(other, "recorded", recorded)
        return other

    def save(self, path: Any) -> None:
        """Write the problem as `.npz`, atomically; `load` gives it back bit for bit."""
        from convstep.conv import storage

        storage.save(self, path)

    @staticmethod
    def load(path: Any) -> Problem:
        """Read a `.npz` problem; ProblemError: the file is missing, damaged, or not a problem."""
        from convstep.conv import storage

        return storage.load(path)


def pad(A: Array, padding: Padding) -> Array:
    """A zero-padded copy along H and W. Shapes: `(…, H, W, C)` -> `(…, H + p, W + p, C)`."""
    (top, bottom), (left, right) = padding
    *lead, height, width, channels = A.shape
    padded = np.zeros((*lead, top + height + bottom, left + width + right, channels), A.dtype)
    padded[..., top : top + height, left : left + width, :] = A  # np.pad takes ten times as long
    return padded


def _drawn_dZ(geometry: Geometry, dtype: np.dtype[Any]) -> Array:
    full = (*geometry.lead, *geometry.output_shape)
    return np.random.default_rng(DZ_SEED).standard_normal(full).astype(dtype)


def _frozen(array: Array | None, dtype: np.dtype[Any]) -> Array | None:
    if array is None:
        return None
    copy = np.array(array, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy
