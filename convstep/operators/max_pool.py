"""Max pooling: the largest of each window, whose gradient goes back to where it came from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem, Pair, random_pair
from convstep.operators.pooling import CROP, ONE_TURN, WORDS


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
    """Each `dout`, as the output, goes to the cell that was its window's largest; of several, to the first.

    The arguments are the forward's; dx is as x.
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


def _by_places(dout: Array, x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """One place of all windows after the other, as col2im goes."""
    (f_h, f_w), (s_h, s_w), (p_h, p_w) = size, stride, padding
    N, C, H, W = x.shape
    _, _, H_out, W_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)), constant_values=-np.inf)
    windows = sliding_window_view(x_pad, size, (2, 3))[:, :, ::s_h, ::s_w]
    largest = windows.reshape(N, C, H_out, W_out, f_h * f_w).argmax(-1)
    dx_pad = np.zeros(x_pad.shape)
    for place in range(f_h * f_w):
        k_h, k_w = divmod(place, f_w)
        rows = slice(k_h, k_h + s_h * (H_out - 1) + 1, s_h)
        columns = slice(k_w, k_w + s_w * (W_out - 1) + 1, s_w)
        dx_pad[:, :, rows, columns] += (place == largest) * dout
    return dx_pad[:, :, p_h : p_h + H, p_w : p_w + W]


def _at_stride_1(dout: Array, x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """A pool at stride 1 whose other outputs are thrown away: their dout is 0."""
    (f_h, f_w), (s_h, s_w), (p_h, p_w) = size, stride, padding
    N, C, H, W = x.shape
    _, _, H_out, W_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)), constant_values=-np.inf)
    dx_pad = np.zeros(x_pad.shape)
    dout_wide = np.zeros((N, C, H + 2 * p_h - f_h + 1, W + 2 * p_w - f_w + 1))
    dout_wide[:, :, ::s_h, ::s_w] = dout
    for i_n, i_c, h, w in np.ndindex(dout_wide.shape):
        window = x_pad[i_n, i_c, h : h + f_h, w : w + f_w]
        k_h, k_w = np.unravel_index(window.argmax(), window.shape)
        dx_pad[i_n, i_c, h + k_h, w + k_w] += dout_wide[i_n, i_c, h, w]
    return dx_pad[:, :, p_h : p_h + H, p_w : p_w + W]


def small() -> OperatorProblem:
    """One picture of whole numbers, 3x3 windows that overlap, one tie."""
    x = np.array([[[[1, 2, 0, 3, 1], [4, 0, 1, 2, 0], [2, 1, 5, 0, 2], [0, 3, 1, 5, 4]]]], float)
    dout = np.array([[[[1, 2], [3, 4]]]], float)
    return OperatorProblem({"x": x}, {"dout": dout}, {"size": (3, 3), "stride": (1, 2), "padding": (0, 0)})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, Pair, Pair, Pair, Pair, str], ...] = (
        ("windows tile the picture", (4, 4), (2, 2), (2, 2), (0, 0), ""),
        ("windows overlap", (3, 3), (2, 2), (1, 1), (0, 0), ""),
        ("windows overlap, and the picture is not square", (5, 7), (3, 3), (2, 2), (0, 0), ""),
        ("a row and a column are left over", (5, 5), (2, 2), (2, 2), (0, 0), ""),
        ("there are gaps between the windows", (5, 5), (2, 2), (3, 3), (0, 0), ""),
        ("largest numbers are tied", (4, 4), (2, 2), (2, 2), (0, 0), "tied"),
        ("the picture is not square", (4, 6), (2, 2), (2, 2), (0, 0), ""),
        ("windows are not square", (4, 6), (2, 3), (2, 3), (0, 0), ""),
        ("windows are not square, and overlap", (5, 4), (3, 2), (1, 1), (0, 0), ""),
        ("the picture is padded", (4, 4), (3, 3), (2, 2), (1, 1), ""),
        ("strides differ", (5, 6), (2, 2), (2, 1), (0, 0), ""),
        ("the picture is padded, and all of it is negative", (4, 5), (3, 3), (2, 2), (1, 1), "negative"),
    )
    for about, sizes, size, stride, padding, numbers in told:
        yield _problem(rng, about, sizes, size, stride, padding, numbers)
    while True:
        size = random_pair(rng, 1, 4)
        padding = int(rng.integers(0, size[0] // 2 + 1)), int(rng.integers(0, size[1] // 2 + 1))
        sizes = size[0] + int(rng.integers(0, 5)), size[1] + int(rng.integers(0, 5))
        stride, numbers = random_pair(rng, 1, 4), rng.choice(["tied", "negative", "", ""])
        yield _problem(rng, "", sizes, size, stride, padding, numbers)


def _problem(
    rng: np.random.Generator, about: str, sizes: Pair, size: Pair, stride: Pair, padding: Pair, numbers: str
) -> OperatorProblem:
    """Random numbers, none of them twice unless they are to be tied."""
    shape = int(rng.integers(1, 3)), int(rng.integers(1, 4)), *sizes
    x = rng.integers(0, 3, shape).astype(float) if numbers == "tied" else rng.standard_normal(shape)
    if numbers == "negative":
        x = -np.abs(x)
    out = [(n + 2 * p - f) // s + 1 for n, p, f, s in zip(sizes, padding, size, stride, strict=True)]
    dout = rng.standard_normal((*shape[:2], *out))
    options = {"size": size, "stride": stride, "padding": padding}
    return OperatorProblem({"x": x}, {"dout": dout}, options, about)


MISTAKES = Mistakes(
    """
overwrite: the gradient is assigned instead of added  [FluxML/NNlib.jl#205; ahrefs/ocannl#512; 0809zheng/CS231n-assignment2019#19]
    A cell that is the largest of several windows gets the sum of what they send back. With = the last
    window wins. Where windows do not overlap there is only one, so the usual test, 2x2 windows at stride
    2, passes. Write +=.
  梯度被赋值，而不是累加:
    一个格子如果是好几个窗口的最大值，它的梯度就是这些窗口传回来的总和。用 = 的话，最后一个窗口说了算。
    窗口不重叠时只有一个窗口，所以常见的测试（2x2 窗口、步幅 2）能通过。应该写 +=。
  + dx_pad[i_n, i_c, h + k_h, w + k_w] = dout[i_n, i_c, i_h, i_w]
  # one cell at a time | 一次一个格子
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] = (window == window.max()) * dout[i_n, i_c, i_h, i_w]
  # the whole window, zeros too | 整个窗口，连同零
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] = 0
  + k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  + dx_pad[i_n, i_c, h + k_h, w + k_w] = dout[i_n, i_c, i_h, i_w]
  # the whole window, zeros too, one of tied maxima | 整个窗口，连同零，并列的最大值取一个
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + mask = window == window.max()
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] = mask * dout[i_n, i_c, i_h, i_w] / mask.sum()
  # the whole window, zeros too, tied maxima share | 整个窗口，连同零，并列的最大值平分
  - dx_pad[:, :, rows, columns] += (place == largest) * dout
  + dx_pad[:, :, rows, columns] = (place == largest) * dout
  # one place of all windows at a time | 一次处理所有窗口的同一个位置
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout_wide[i_n, i_c, h, w]
  + dx_pad[i_n, i_c, h + k_h, w + k_w] = dout_wide[i_n, i_c, h, w]
  # at stride 1, with zeros between dout | 步幅为 1，dout 之间补零
ties-all: every tied maximum gets all of dout  [mni-ml/framework PR#22; 22 of 39 published CS231n solutions]
    Where the largest number of a window stands there twice, each of the two cells gets the whole of dout, so
    that more flows back than came in. PyTorch gives it to the first of them. With real pictures ties are
    common: after a ReLU, many windows hold nothing but zeros.
  并列的最大值都得到了全部的 dout:
    窗口里的最大值出现两次时，两个格子都得到了整个 dout，传回去的比传进来的还多。PyTorch 只给其中的第一个。
    真实的图片里并列很常见：经过 ReLU 之后，很多窗口里全是零。
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + mask = window == window.max()
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += mask * dout[i_n, i_c, i_h, i_w]
index-not-shifted: the place in the window is taken for a place in the picture
    argmax counts from the window's own corner. The window begins at row h and column w, so the cell is h + k_h,
    w + k_w. Unshifted, all gradients end up in the corner of the picture. One window at the top left is right.
  把窗口里的位置当成了图片里的位置:
    argmax 是从窗口自己的角上数的。窗口从第 h 行、第 w 列开始，所以那个格子是 h + k_h、w + k_w。不加上去的话，所有
    梯度都落到了图片的角上。只有左上角那一个窗口是对的。
  + dx_pad[i_n, i_c, k_h, k_w] += dout[i_n, i_c, i_h, i_w]
stride-ignored: the stride is left out where a window is placed
    The window of out[i_h, i_w] begins at row i_h * s_h and column i_w * s_w. Here it begins elsewhere, so that the
    largest number of another window is looked for, or gets its gradient. With i_h, i_w it is right at stride 1;
    with i_h * f_h, i_w * f_w where windows tile the picture, as most do. Write h, w = i_h * s_h, i_w * s_w.
  放窗口时没有用步幅:
    out[i_h, i_w] 的窗口从第 i_h * s_h 行、第 i_w * s_w 列开始。这里却从别处开始，找的是别的窗口的最大值，或者把梯度
    给了它。写成 i_h、i_w，步幅为 1 时是对的；写成 i_h * f_h、i_w * f_w，窗口正好铺满图片时是对的，而多数都是这样。
    应该写 h, w = i_h * s_h, i_w * s_w。
  + h, w = i_h, i_w

  + h, w = i_h, i_w * s_w
  # in the rows | 在行上
  + h, w = i_h * s_h, i_w
  # in the columns | 在列上
  + h, w = i_h * f_h, i_w * f_w
  # the window's size stands for it | 用窗口的大小代替
  + h, w = i_h * f_h, i_w * s_w
  # the window's size stands for it in the rows | 在行上用窗口的大小代替
  + h, w = i_h * s_h, i_w * f_w
  # the window's size stands for it in the columns | 在列上用窗口的大小代替
  + dx_pad[i_n, i_c, i_h + k_h, i_w + k_w] += dout[i_n, i_c, i_h, i_w]
  # where the gradient goes | 在梯度要去的位置
  + dx_pad[i_n, i_c, i_h * f_h + k_h, i_w * f_w + k_w] += dout[i_n, i_c, i_h, i_w]
  # where the gradient goes, and the window's size stands for it | 在梯度要去的位置，用窗口的大小代替
  + dx_pad[i_n, i_c, i_h * f_h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  # where the gradient goes, and the window's size stands for it in the rows | 在梯度要去的位置，行上用窗口的大小代替
  + dx_pad[i_n, i_c, h + k_h, i_w * f_w + k_w] += dout[i_n, i_c, i_h, i_w]
  # where the gradient goes, and the window's size stands for it in the columns | 在梯度要去的位置，列上用窗口的大小代替
square-window-assumed: what holds for rows is used for columns too, or the other way round
    The slice of the columns is taken from f_h, or an index is split by it, or the step from s_h. It is right while
    windows and strides are the same both ways, and almost all tests have such. Otherwise the largest number is
    looked for, or its gradient put, in the wrong columns. Use f_w and s_w for columns.
  行的大小也被用在了列上，或者反过来:
    列的切片用了 f_h，或者用它来拆下标，或者列的步幅用了 s_h。窗口和步幅在两个方向上相同时没有问题，而几乎所有测试都
    是这样。否则要么在错误的列里找最大值，要么把它的梯度放进了错误的列。列要用 f_w 和 s_w。
  - dx_pad[:, :, rows, columns] += (place == largest) * dout
  + dx_pad[:, :, rows, columns] += (k_h * f_h + k_w == largest) * dout
  # where a place is numbered | 给位置编号的地方
  + window = x_pad[i_n, i_c, h : h + f_h, w : w + f_h]

  + window = x_pad[i_n, i_c, h : h + f_w, w : w + f_w]
  # the width for the height | 宽被当成了高
  + k_h, k_w = divmod(window.argmax(), f_h)
  # in the index | 在下标上
  + h, w = i_h * s_h, i_w * s_h
  # in the stride | 在步幅上
  + h, w = i_h * s_w, i_w * s_w
  # in the stride, the columns' for both | 在步幅上，两个方向都用了列的
gradient-to-whole-window: all cells of the window get dout, not the largest alone
    Only the largest number of a window reaches the output; moving another one a little changes nothing. So its
    gradient is 0. What stands here is the backward of a sum. Multiply by the mask, window == window.max(), or
    find the one cell with argmax.
  窗口的所有格子都得到了 dout，而不只是最大的那个:
    窗口里只有最大的数传到了输出；别的数稍微动一下，什么也不变，所以它们的梯度是 0。这里写的是求和的反向。应该乘上
    掩码 window == window.max()，或者用 argmax 找到那一个格子。
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += dout[i_n, i_c, i_h, i_w]
mask-by-value-of-another-window: the mask compares a window with the largest number of something else
    A cell gets dout if it is the largest of this very window. Here what it is compared with, or the window that
    is looked at, is another one: the stride is left out of the slice of x alone, or the maximum is that of the
    whole picture or of the whole batch. A single window over a single picture is right.
  掩码把窗口与别处的最大值作了比较:
    一个格子是这个窗口自己的最大值时才得到 dout。这里比较的对象，或者所看的窗口，却是别的：只有 x 的切片漏掉了步幅，
    或者最大值取的是整张图片或整个批量的。只有一张图片、一个窗口时它是对的。
  + window = x_pad[i_n, i_c, i_h : i_h + f_h, i_w : i_w + f_w]
  # the stride is left out of the slice of x | x 的切片漏掉了步幅
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + mask = window == x_pad[i_n, i_c].max()
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += mask * dout[i_n, i_c, i_h, i_w]
  # the largest of the picture | 整张图片的最大值
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + mask = window == x_pad.max()
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += mask * dout[i_n, i_c, i_h, i_w]
  # the largest of the batch | 整个批量的最大值
  + window = x_pad[i_n, i_c, :f_h, :f_w]
  # the first window for all of them | 每次都用第一个窗口
  + window = x_pad[0, i_c, h : h + f_h, w : w + f_w]
  # the first sample for all of them | 每次都用第一个样本
  + window = x_pad[i_n, 0, h : h + f_h, w : w + f_w]
  # the first channel for all of them | 每次都用第一个通道
  + window = x_pad[i_n, i_c, i_h * f_h : i_h * f_h + f_h, i_w * f_w : i_w * f_w + f_w]
  # the window's size stands for the stride in the slice of x | x 的切片用窗口的大小代替了步幅
first-window-only: only the first turn of a loop is made  [riccardoandreoni0/CNN-from-scratch#1]
"""
    + ONE_TURN
    + """\
mask-times-input: dout is multiplied by the largest number as well
    The output is the largest number itself, so its slope is 1 and not its value: dout goes there as it is.
    It comes from window * mask where mask alone is meant. It shows unless the largest numbers are 1.
  dout 还乘上了最大值本身:
    输出就是最大的那个数，所以斜率是 1，而不是它的值：dout 原样传过去。这往往是把 mask 写成了 window * mask。只要
    最大值不是 1 就看得出来。
  + dx_pad[i_n, i_c, h + k_h, w + k_w] += window.max() * dout[i_n, i_c, i_h, i_w]

  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + mask = window == window.max()
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += mask * window * dout[i_n, i_c, i_h, i_w]
  # at every tied maximum | 每个并列的最大值处
max-for-dout: the largest number goes back in the place of dout
    The largest number is what the forward hands on; what goes back to its cell is the gradient from above, dout.
  传回去的是最大的数，而不是 dout:
    最大的数是前向往前传的；传回它那一格的应该是从上面来的梯度 dout。
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + dx_pad[i_n, i_c, h + k_h, w + k_w] += window.max()
rows-columns-swapped: rows and columns are swapped
    Height goes with rows, the axis before the last, and width with columns, the last. A window or a stride that
    is swapped is right as long as it is the same both ways; an index that is swapped is right on the diagonal of
    the window; loops that are swapped are right where dout is square. Write h with s_h and f_h, w with s_w and
    f_w.
  行和列弄反了:
    高对应行，即倒数第二个轴；宽对应列，即最后一个轴。窗口或步幅弄反了，只要两个方向上相同就是对的；下标弄反了，则
    只有窗口的对角线上是对的；循环弄反了，则 dout 是正方形时是对的。应该让 h 配 s_h 和 f_h，w 配 s_w 和 f_w。
  - dx_pad[:, :, rows, columns] += (place == largest) * dout
  + dx_pad[:, :, rows, columns] += (k_w * f_w + k_h == largest) * dout
  # where a place is numbered | 给位置编号的地方
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  + k_w, k_h = np.unravel_index(window.argmax(), window.shape)
  # of the index | 下标的
  + h, w = i_h * s_w, i_w * s_h
  # of the stride | 步幅的
  + window = x_pad[i_n, i_c, h : h + f_w, w : w + f_h]
  # of the window | 窗口的
  + window = x_pad[i_n, i_c, w : w + f_h, h : h + f_w]
  # of the window's place | 窗口位置的
  - window = x_pad[i_n, i_c, h : h + f_h, w : w + f_w]
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + window = x_pad[i_n, i_c, w : w + f_h, h : h + f_w]
  + mask = np.zeros(window.shape)
  + mask[np.unravel_index(window.argmax(), window.shape)] = 1
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += mask * dout[i_n, i_c, i_h, i_w]
  # of the window's place, whose mask is put where it belongs | 窗口位置的，掩码却放在了原处
  + for i_h in range(W_out):
  +     for i_w in range(H_out):
  # of the loops | 循环的
padded-with-zeros: the padding takes part as zeros
    Max pooling pads with something smaller than any number, so that a cell of the padding is never the largest.
    Zeros are the largest wherever all numbers of a window are negative, and dout then goes to a cell that is
    cut away. Without padding it is right. Pad with -np.inf.
  填充的零参与了比较:
    最大池化填充的是比任何数都小的值，所以填充的格子永远不会是最大的。窗口里的数全是负数时，零就成了最大的，dout 就
    进了后来要裁掉的格子。没有填充时它是对的。应该用 -np.inf 填充。
  + x_pad = np.pad(x, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))

  + x_pad = np.pad(x, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
  + windows = sliding_window_view(x_pad, size, (2, 3))[:, :, ::s_h, ::s_w]
  # all windows at once | 所有窗口一次完成
"""
    + CROP,
    max_pool_backward,
    _by_places,
    _at_stride_1,
)

ALSO_RIGHT = Mistakes(
    """
ties-share: tied maxima share dout equally
    Where the largest number of a window stands there several times, each of the cells gets an equal part of
    dout. As much flows back as came in, so this is a right choice too: the slope is undefined there. PyTorch
    gives all of it to the first, so that a comparison with it differs at ties.
  并列的最大值平分了 dout:
    窗口里的最大值出现好几次时，这几个格子各得 dout 的一等份。传回去的与传进来的一样多，所以这也是一种正确的选择：
    那里的斜率本来就没有定义。PyTorch 把它全给了第一个，所以与它比较时，并列处会不同。
  - k_h, k_w = np.unravel_index(window.argmax(), window.shape)
  - dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]
  + mask = window == window.max()
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += mask * dout[i_n, i_c, i_h, i_w] / mask.sum()
ties-last: of tied maxima the last gets dout
    Where the largest number of a window stands there several times, one of them gets dout: here the last, in
    PyTorch the first. As much flows back as came in, so this is a right choice too. It comes from >= where the
    largest is looked for in a loop.
  并列的最大值中最后一个得到 dout:
    窗口里的最大值出现好几次时，由其中一个得到 dout：这里是最后一个，PyTorch 里是第一个。传回去的与传进来的一样多，
    所以这也是一种正确的选择。循环找最大值时用了 >= 就会这样。
  + k_h, k_w = np.unravel_index(window.size - 1 - window[::-1, ::-1].argmax(), window.shape)
""",
    max_pool_backward,
)
"""What else is right where the largest number of a window is not the only one; to be said in a note."""

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
    called=r"(?!.*(av(g|erage)|mean|conv|relu|un_?pool|global|adaptive|roi|pyramid|[13]_?d)).*pool",
    words=WORDS,
    mistakes=MISTAKES,
    also_right=ALSO_RIGHT,
)
