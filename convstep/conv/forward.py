"""The forward pass, as the article writes it; `backward.py` mirrors it line by line."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.geometry import Geometry, Padding, Pair
from convstep.conv.problem import Problem
from convstep.steps.cells import Array


def conv2d_forward(
    A_prev: npt.ArrayLike,
    W: npt.ArrayLike,
    b: npt.ArrayLike | None,
    stride: int | Pair,
    padding: int | Pair | Padding | str,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> dict[str, Any]:
    """2-D convolution: every output value is one `y = w * x + b` over its window.

    Args:
        A_prev: input, `(H, W, C_in)` or `(N, H, W, C_in)`.
        W: kernels, `(C_out, F_h, F_w, C_in // groups)`.
        b: bias, `(C_out,)`, or None.
        stride: int or `(h, w)`.
        padding: int, `(h, w)`, `((top, bottom), (left, right))`, "valid" or "same".
        dilation: int or `(h, w)`.
        groups: channel groups.

    Returns:
        The cache `{'Z', 'W', 'b', 'A_prev'}` that the backward pass needs;
        `Z` is `(H_out, W_out, C_out)` or `(N, H_out, W_out, C_out)`.

    Raises:
        ProblemError: the shapes and numbers contradict each other.

    >>> import numpy as np
    >>> conv2d_forward(np.ones((3, 4, 1)), np.ones((2, 3, 3, 1)), None, 1, 1)["Z"].shape
    (3, 4, 2)
    """
    problem = Problem(A_prev, W, b, None, stride, padding, dilation, groups)
    geometry = problem.geometry
    A_prev_pad = problem.A_prev_pad.reshape(geometry.samples, *geometry.padded_shape)
    Z = np.zeros((geometry.samples, *geometry.output_shape), problem.dtype)
    _loop(geometry, A_prev_pad, problem.W, problem.b, Z)
    return {"Z": Z.reshape(problem.dZ.shape), "W": problem.W, "b": problem.b, "A_prev": problem.A_prev}


def _loop(geometry: Geometry, A_prev_pads: Array, W: Array, b: Array | None, Zs: Array) -> None:
    """The article's loop. Arrays of several samples are `(N, H, W, C)`; `W` is `(C_out, F_h, F_w, C_k)`."""
    n, h_o, w_o, c_o = Zs.shape
    (s_h, s_w), (d_h, d_w) = geometry.stride, geometry.dilation
    f_h, f_w = geometry.reach  # the kernel's size, with the gaps that dilation makes
    group = [geometry.channels(i_c) for i_c in range(c_o)]

    for i_n in range(n):
        A_prev_pad, Z = A_prev_pads[i_n], Zs[i_n]
        for i_h in range(h_o):
            for i_w in range(w_o):
                for i_c in range(c_o):
                    h_lower = i_h * s_h
                    h_upper = h_lower + f_h
                    w_lower = i_w * s_w
                    w_upper = w_lower + f_w
                    x = input_slice = A_prev_pad[h_lower:h_upper:d_h, w_lower:w_upper:d_w, group[i_c]]
                    w = kernel_slice = W[i_c]
                    Z[i_h, i_w, i_c] = np.sum(x * w)
                    if b is not None:
                        Z[i_h, i_w, i_c] += b[i_c]


def expected_forward(problem: Problem) -> Array:
    """The right Z of a problem, `(…, H_out, W_out, C_out)`: one matrix product a tap."""
    geometry = problem.geometry
    c_out, f_h, f_w, c_k = geometry.kernel_shape
    A = problem.A_prev_pad.reshape(geometry.samples, *geometry.padded_shape)
    Z = np.zeros((geometry.samples, *geometry.output_shape), problem.dtype)
    per_group = c_out // geometry.groups
    for k_h in range(f_h):
        for k_w in range(f_w):
            seen = A[:, *geometry.tap(k_h, k_w)]
            for group in range(geometry.groups):
                filters = slice(group * per_group, (group + 1) * per_group)
                kernel = problem.W[filters, k_h, k_w]
                Z[..., filters] += seen[..., group * c_k : (group + 1) * c_k] @ kernel.T
    if problem.b is not None:
        Z += problem.b
    return Z.reshape(problem.dZ.shape)
