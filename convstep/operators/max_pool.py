"""Max pooling: the largest of each window, whose gradient goes back to where it came from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem, Pair


def max_pool_forward(x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """The largest number of each window.

    Args:
        x: `(N, C, H, W)`.
        size: `(f_h, f_w)` of a window.
        stride: `(s_h, s_w)` between windows.
        padding: `(p_h, p_w)` cells around x, smaller than any number.

    Returns:
        `(N, C, H_out, W_out)`.
    """
    (f_h, f_w), (s_h, s_w), (p_h, p_w) = size, stride, padding
    x_pad = np.pad(x, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)), constant_values=-np.inf)
    N, C, H_pad, W_pad = x_pad.shape
    H_out, W_out = (H_pad - f_h) // s_h + 1, (W_pad - f_w) // s_w + 1
    out = np.zeros((N, C, H_out, W_out))
    for i_n in range(N):
        for i_c in range(C):
            for i_h in range(H_out):
                for i_w in range(W_out):
                    h, w = i_h * s_h, i_w * s_w
                    out[i_n, i_c, i_h, i_w] = x_pad[i_n, i_c, h : h + f_h, w : w + f_w].max()
    return out


def max_pool_backward(dout: Array, x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """Each `dout` goes to the cell that was the largest of its window; of several, to the first.

    Args:
        dout: `(N, C, H_out, W_out)`.
        x: `(N, C, H, W)`, as the forward had it.
        size: `(f_h, f_w)`.
        stride: `(s_h, s_w)`.
        padding: `(p_h, p_w)`.

    Returns:
        dx, `(N, C, H, W)`.
    """
    (f_h, f_w), (s_h, s_w), (p_h, p_w) = size, stride, padding
    N, C, H, W = x.shape
    _, _, H_out, W_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)), constant_values=-np.inf)
    dx_pad = np.zeros(x_pad.shape)
    for i_n in range(N):
        for i_c in range(C):
            for i_h in range(H_out):
                for i_w in range(W_out):
                    h, w = i_h * s_h, i_w * s_w
                    window = x_pad[i_n, i_c, h : h + f_h, w : w + f_w]
                    k_h, k_w = np.unravel_index(window.argmax(), window.shape)
                    dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
    dx = dx_pad[:, :, p_h : p_h + H, p_w : p_w + W]
    return dx


def small() -> OperatorProblem:
    """One picture of whole numbers, 3x3 windows that overlap, one tie."""
    x = np.array([[[[1, 2, 0, 3, 1], [4, 0, 1, 2, 0], [2, 1, 5, 0, 2], [0, 3, 1, 5, 4]]]], float)
    dout = np.array([[[[1, 2], [3, 4]]]], float)
    return OperatorProblem({"x": x}, {"dout": dout}, {"size": (3, 3), "stride": (1, 2), "padding": (0, 0)})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, Pair, Pair, Pair, Pair, bool], ...] = (
        ("windows tile the picture", (4, 4), (2, 2), (2, 2), (0, 0), False),
        ("windows overlap", (3, 3), (2, 2), (1, 1), (0, 0), False),
        ("windows overlap, and the picture is not square", (5, 7), (3, 3), (2, 2), (0, 0), False),
        ("a row and a column are left over", (5, 5), (2, 2), (2, 2), (0, 0), False),
        ("there are gaps between the windows", (5, 5), (2, 2), (3, 3), (0, 0), False),
        ("largest numbers are tied", (4, 4), (2, 2), (2, 2), (0, 0), True),
        ("the picture is not square", (4, 6), (2, 2), (2, 2), (0, 0), False),
        ("windows are not square", (4, 6), (2, 3), (2, 3), (0, 0), False),
        ("the picture is padded", (4, 4), (3, 3), (2, 2), (1, 1), False),
        ("strides differ", (5, 6), (2, 2), (2, 1), (0, 0), False),
    )
    for about, sizes, size, stride, padding, tied in told:
        yield _problem(rng, about, sizes, size, stride, padding, tied)
    while True:
        size = _pair(rng, 1, 4)
        padding = int(rng.integers(0, size[0] // 2 + 1)), int(rng.integers(0, size[1] // 2 + 1))
        sizes = size[0] + int(rng.integers(0, 5)), size[1] + int(rng.integers(0, 5))
        yield _problem(rng, "", sizes, size, _pair(rng, 1, 4), padding, bool(rng.integers(0, 4) == 0))


def _pair(rng: np.random.Generator, low: int, high: int) -> Pair:
    return int(rng.integers(low, high)), int(rng.integers(low, high))


def _problem(
    rng: np.random.Generator, about: str, sizes: Pair, size: Pair, stride: Pair, padding: Pair, tied: bool
) -> OperatorProblem:
    """Random numbers, none of them twice unless they are to be tied."""
    shape = int(rng.integers(1, 3)), int(rng.integers(1, 4)), *sizes
    x = rng.integers(0, 3, shape).astype(float) if tied else rng.standard_normal(shape)
    out = (
        (sizes[0] + 2 * padding[0] - size[0]) // stride[0] + 1,
        (sizes[1] + 2 * padding[1] - size[1]) // stride[1] + 1,
    )
    dout = rng.standard_normal((*shape[:2], *out))
    return OperatorProblem(
        {"x": x}, {"dout": dout}, {"size": size, "stride": stride, "padding": padding}, about
    )


MISTAKES = mistakes(
    """
overwrite: the gradient is assigned instead of added  [FluxML/NNlib.jl#205; ahrefs/ocannl#512; 0809zheng/CS231n-assignment2019#19]
    A cell that is the largest of several windows gets the sum of what they send back. With = the last
    window wins. Where windows do not overlap there is only one, so the usual test, 2x2 windows at stride
    2, passes.
  梯度被赋值，而不是累加:
    一个格子如果是好几个窗口的最大值，它的梯度就是这些窗口传回来的总和。用 = 的话，最后一个窗口说了算。
    窗口不重叠时只有一个窗口，所以常见的测试（2x2 窗口、步幅 2）能通过。
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + dx_pad[i_n, i_c, h + k_h, w + k_w] = dout[i_n, i_c, i_h, i_w]
  # one cell at a time | 一次一个格子
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] = (window == window.max()) * dout[i_n, i_c, i_h, i_w]
  # the whole window, zeros too | 整个窗口，连同零
ties-all: every tied maximum gets all of dout  [mni-ml/framework PR#22]
    Where the largest number of a window stands there twice, each of the two cells gets the whole of dout, so
    that more flows back than came in. PyTorch gives it to the first of them. With real pictures ties are
    common: after a ReLU, half of the windows hold nothing but zeros.
  并列的最大值都得到了全部的 dout:
    窗口里的最大值出现两次时，两个格子都得到了整个 dout，传回去的比传进来的还多。PyTorch 只给其中的第一个。
    真实的图片里并列很常见：经过 ReLU 之后，很多窗口里全是零。
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + mask = window == window.max()
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += mask * dout[i_n, i_c, i_h, i_w]
""",
    max_pool_backward,
)

ALSO_RIGHT = mistakes(
    """
ties-share: tied maxima share dout evenly
    Where the largest number of a window stands there several times, any way of dividing dout among these cells
    is a subgradient. PyTorch gives all of it to the first.
  并列的最大值平分 dout:
    窗口里的最大值出现多次时，怎样把 dout 分给这些格子都是次梯度。PyTorch 把它全给第一个。
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + mask = window == window.max()
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += mask / mask.sum() * dout[i_n, i_c, i_h, i_w]
ties-last: of tied maxima the last gets dout
    Where the largest number of a window stands there several times, any way of dividing dout among these cells
    is a subgradient. PyTorch gives all of it to the first.
  并列的最大值里，最后一个得到 dout:
    窗口里的最大值出现多次时，怎样把 dout 分给这些格子都是次梯度。PyTorch 把它全给第一个。
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  + k_h, k_w = np.unravel_index(window.size - 1 - window[::-1, ::-1].argmax(), window.shape)
""",
    max_pool_backward,
)

OPERATOR = Operator(
    name="max-pool",
    title="max pooling",
    forward=max_pool_forward,
    backward=max_pool_backward,
    gradients=("dx",),
    axes={"x": "NCHW", "out": "NCHW"},
    torch="F.max_pool2d(x, size, stride, padding)",
    small=small,
    problems=problems,
    conventions=(Convention("NHWC", {"x": "NHWC", "out": "NHWC"}),),
    called=r"(?!.*(av(g|erage)|mean)).*pool",
    words={
        "x": "a_prev a input inputs inp img image",
        "size": "pool_size pool_shape kernel_shape kernel_size filter_size ksize f k pool window",
        "size[0]": "pool_height pool_h ph kh",
        "size[1]": "pool_width pool_w pw kw",
        "stride": "strides s",
        "padding": "pad p",
    },
    mistakes=MISTAKES,
    also_right=ALSO_RIGHT,
)
