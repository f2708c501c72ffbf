"""The backward pass: walk the forward loop and add every iteration's contribution.

`conv2d_backward_steps` is the one readable loop. It is what runs, what the tests hold every
faster path against, and what the debugger's source pane shows. Only whoever wants nothing but the
gradients of a large layer, `conv2d_backward`, gets the loop's bits from `blocks`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy.typing as npt

from convstep.conv.blocks import exact_gradients
from convstep.conv.forward import conv2d_forward as conv2d_forward
from convstep.conv.geometry import Padding, Pair
from convstep.conv.problem import Problem
from convstep.conv.step import Gradients, Run, Step, quiet
from convstep.steps.cells import Array

Steps = Generator[Step, None, Gradients]

LOOP_UP_TO = 4096
"""Steps up to which `conv2d_backward` walks the loop: a few hundredths of a second."""


def conv2d_backward_steps(
    dZ: npt.ArrayLike,
    cache: dict[str, Any],
    stride: int | Pair,
    padding: int | Pair | Padding | str,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Steps:
    """The backward pass of a 2-D convolution, one iteration at a time.

    Args:
        dZ: gradient of the loss by the output, `(H_out, W_out, C_out)`, or with a leading `N`.
        cache: `{'A_prev', 'W', 'b'}` of the forward pass; `A_prev` is `(H, W, C_in)` or with
            a leading `N`, `W` is `(C_out, F_h, F_w, C_in // groups)`, `b` `(C_out,)` or None.
        stride: int or `(h, w)`.
        padding: int, `(h, w)`, `((top, bottom), (left, right))`, "valid" or "same".
        dilation: int or `(h, w)`.
        groups: channel groups.

    Yields:
        A `Step` after every iteration; its gradients are the live running arrays.

    Returns:
        `(dW, db, dA_prev)` when the generator is exhausted; they accumulate in the arrays'
        own dtype, float32 or float64.

    Raises:
        ProblemError: the shapes and numbers contradict each other (raised at the call).

    Source: the article's `conv2d_backward`; dilation, groups and batch as in `torch.nn.Conv2d`.
    """
    return _steps_of(Problem.from_cache(dZ, cache, stride, padding, dilation, groups))


def _steps_of(problem: Problem) -> Steps:
    run = Run.begin(problem)
    return _loop(
        run,
        run.samples(problem.A_prev_pad),
        problem.W,
        run.samples(problem.dZ),
        run.dW,
        run.db,
        run.samples(run.dA_prev_pad),
    )


def _loop(
    run: Run, A_prev_pads: Array, W: Array, dZs: Array, dW: Array, db: Array | None, dA_prev_pads: Array
) -> Steps:
    """The article's loop. Arrays of several samples are `(N, H, W, C)`; `W` is `(C_out, F_h, F_w, C_k)`."""
    n, h_o, w_o, c_o = dZs.shape
    (s_h, s_w), (d_h, d_w) = run.geometry.stride, run.geometry.dilation
    f_h, f_w = run.geometry.reach  # the kernel's size, with the gaps that dilation makes
    group = [run.geometry.channels(i_c) for i_c in range(c_o)]

    for i_n in range(n):
        A_prev_pad, dZ, dA_prev_pad = A_prev_pads[i_n], dZs[i_n], dA_prev_pads[i_n]
        for i_h in range(h_o):
            for i_w in range(w_o):
                for i_c in range(c_o):
                    h_lower = i_h * s_h
                    h_upper = h_lower + f_h
                    w_lower = i_w * s_w
                    w_upper = w_lower + f_w
                    x = input_slice = A_prev_pad[h_lower:h_upper:d_h, w_lower:w_upper:d_w, group[i_c]]
                    w = kernel_slice = W[i_c]
                    dz = dZ[i_h, i_w, i_c]
                    dW[i_c] += x * dz
                    dA_prev_pad[h_lower:h_upper:d_h, w_lower:w_upper:d_w, group[i_c]] += w * dz
                    if db is not None:
                        db[i_c] += dz
                    yield Step(run, i_n, i_h, i_w, i_c, input_slice, kernel_slice, dz)
    return run.gradients()


def conv2d_backward(
    dZ: npt.ArrayLike,
    cache: dict[str, Any],
    stride: int | Pair,
    padding: int | Pair | Padding | str,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Gradients:
    """The gradients of a 2-D convolution, with the bits of the loop of `conv2d_backward_steps`.

    Up to 4,096 steps (`LOOP_UP_TO`) that loop is what runs. Beyond, whole arrays are added at once, each
    cell's contributions in the loop's order: the same bits, many times faster. Only which of two NaN
    that meet leaves its sign and payload is the processor's choice there.

    Arguments, shapes and errors are those of `conv2d_backward_steps`.

    Returns:
        `(dW, db, dA_prev)`; `db` is None when there is no bias.

    >>> import numpy as np
    >>> A_prev, W, b = np.ones((3, 4, 1)), np.ones((2, 3, 3, 1)), np.zeros(2)
    >>> cache = conv2d_forward(A_prev, W, b, stride=1, padding=1)
    >>> dW, db, dA_prev = conv2d_backward(np.ones((3, 4, 2)), cache, stride=1, padding=1)
    >>> dW.shape, db.tolist(), dA_prev.shape
    ((2, 3, 3, 1), [12.0, 12.0], (3, 4, 1))
    """
    problem = Problem.from_cache(dZ, cache, stride, padding, dilation, groups)
    if problem.total_steps > LOOP_UP_TO:
        return exact_gradients(problem)
    steps = _steps_of(problem)
    with quiet():
        while True:
            try:
                next(steps)
            except StopIteration as finished:
                gradients: Gradients = finished.value
                return gradients
