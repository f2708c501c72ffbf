"""Average pooling: the mean of each window, of which every cell has an equal share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem, Pair, random_pair
from convstep.operators.pooling import CROP, ONE_TURN, WORDS


def avg_pool_forward(x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """The mean of each window; cells of the padding are zeros, and count.

    Args:
        x: `(N, C, H, W)`.
        size: `(f_h, f_w)` of a window.
        stride: `(s_h, s_w)` between windows.
        padding: `(p_h, p_w)` rows and columns of zeros on each side of x.

    Returns:
        `(N, C, H_out, W_out)`.
    """
    (f_h, f_w), (s_h, s_w), (p_h, p_w) = size, stride, padding
    x_pad = np.pad(x, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    N, C, H_pad, W_pad = x_pad.shape
    H_out, W_out = (H_pad - f_h) // s_h + 1, (W_pad - f_w) // s_w + 1
    out = np.zeros((N, C, H_out, W_out))
    for i_n in range(N):
        for i_c in range(C):
            for i_h in range(H_out):
                for i_w in range(W_out):
                    h, w = i_h * s_h, i_w * s_w
                    out[i_n, i_c, i_h, i_w] = x_pad[i_n, i_c, h : h + f_h, w : w + f_w].mean()
    return out


def avg_pool_backward(dout: Array, x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """Each `dout`, as the output, is shared out equally among the cells of its window: dx, as x.

    Of x only the shape matters; the options are the forward's.
    """
    (f_h, f_w), (s_h, s_w), (p_h, p_w) = size, stride, padding
    N, C, H, W = x.shape
    _, _, H_out, W_out = dout.shape
    dx_pad = np.zeros((N, C, H + 2 * p_h, W + 2 * p_w))
    for i_n in range(N):
        for i_c in range(C):
            for i_h in range(H_out):
                for i_w in range(W_out):
                    h, w = i_h * s_h, i_w * s_w
                    share = dout[i_n, i_c, i_h, i_w] / (f_h * f_w)
                    dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += share
    dx = dx_pad[:, :, p_h : p_h + H, p_w : p_w + W]
    return dx


def _by_places(dout: Array, x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """One place of all windows after the other, as col2im goes."""
    (f_h, f_w), (s_h, s_w), (p_h, p_w) = size, stride, padding
    N, C, H, W = x.shape
    _, _, H_out, W_out = dout.shape
    dx_pad = np.zeros((N, C, H + 2 * p_h, W + 2 * p_w))
    for k_h, k_w in np.ndindex(size):
        rows = slice(k_h, k_h + s_h * (H_out - 1) + 1, s_h)
        columns = slice(k_w, k_w + s_w * (W_out - 1) + 1, s_w)
        dx_pad[:, :, rows, columns] += dout / (f_h * f_w)
    return dx_pad[:, :, p_h : p_h + H, p_w : p_w + W]


def _at_stride_1(dout: Array, x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """A pool at stride 1 whose other outputs are thrown away: their dout is 0."""
    (f_h, f_w), (s_h, s_w), (p_h, p_w) = size, stride, padding
    N, C, H, W = x.shape
    dx_pad = np.zeros((N, C, H + 2 * p_h, W + 2 * p_w))
    dout_wide = np.zeros((N, C, H + 2 * p_h - f_h + 1, W + 2 * p_w - f_w + 1))
    dout_wide[:, :, ::s_h, ::s_w] = dout
    for i_n, i_c, h, w in np.ndindex(dout_wide.shape):
        dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += dout_wide[i_n, i_c, h, w] / (f_h * f_w)
    return dx_pad[:, :, p_h : p_h + H, p_w : p_w + W]


def small() -> OperatorProblem:
    """One picture of whole numbers, 2x2 windows of which two overlap; each dout is four whole shares."""
    x = np.array([[[[1, 3, 0, 2], [4, 0, 1, 5], [2, 2, 3, 1]]]], float)
    dout = np.array([[[[4, 8, -4], [12, 0, 4]]]], float)
    return OperatorProblem({"x": x}, {"dout": dout}, {"size": (2, 2), "stride": (1, 1), "padding": (0, 0)})


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, Pair, Pair, Pair, Pair], ...] = (
        ("windows tile the picture", (4, 4), (2, 2), (2, 2), (0, 0)),
        ("windows overlap", (3, 3), (2, 2), (1, 1), (0, 0)),
        ("windows overlap, and the picture is not square", (5, 7), (3, 3), (2, 2), (0, 0)),
        ("a row and a column are left over", (5, 5), (2, 2), (2, 2), (0, 0)),
        ("there are gaps between the windows", (5, 5), (2, 2), (3, 3), (0, 0)),
        ("the picture is not square", (4, 6), (2, 2), (2, 2), (0, 0)),
        ("windows are not square", (4, 6), (2, 3), (2, 3), (0, 0)),
        ("windows are not square, and overlap", (5, 4), (3, 2), (1, 1), (0, 0)),
        ("the picture is padded", (4, 4), (3, 3), (2, 2), (1, 1)),
        ("the picture is padded at its sides only", (3, 4), (1, 3), (1, 2), (0, 1)),
        ("strides differ", (5, 6), (2, 2), (2, 1), (0, 0)),
        ("one window covers all", (3, 3), (3, 3), (1, 1), (0, 0)),
    )
    for about, sizes, size, stride, padding in told:
        yield _problem(rng, about, sizes, size, stride, padding)
    while True:
        size = random_pair(rng, 1, 4)
        padding = int(rng.integers(0, size[0] // 2 + 1)), int(rng.integers(0, size[1] // 2 + 1))
        sizes = size[0] + int(rng.integers(0, 5)), size[1] + int(rng.integers(0, 5))
        yield _problem(rng, "", sizes, size, random_pair(rng, 1, 4), padding)


def _problem(
    rng: np.random.Generator, about: str, sizes: Pair, size: Pair, stride: Pair, padding: Pair
) -> OperatorProblem:
    shape = int(rng.integers(1, 3)), int(rng.integers(1, 4)), *sizes
    out = (
        (sizes[0] + 2 * padding[0] - size[0]) // stride[0] + 1,
        (sizes[1] + 2 * padding[1] - size[1]) // stride[1] + 1,
    )
    return OperatorProblem(
        {"x": rng.standard_normal(shape)},
        {"dout": rng.standard_normal((*shape[:2], *out))},
        {"size": size, "stride": stride, "padding": padding},
        about,
    )


MISTAKES = Mistakes(
    """
overwrite: the gradient is assigned instead of added  [FluxML/NNlib.jl#205; FluxML/Flux.jl#1197]
    A cell that lies in several windows has a share of each of them, and its gradient is their sum. With = the
    last window wins. Where windows do not overlap there is only one, so the usual test, 2x2 windows at stride
    2, passes. Write +=.
  梯度被赋值，而不是累加:
    一个格子如果在好几个窗口里，就有每个窗口的一份，它的梯度是这些份的总和。用 = 的话，最后一个窗口说了算。窗口
    不重叠时只有一个窗口，所以常见的测试（2x2 窗口、步幅 2）能通过。应该写 +=。
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] = share

  - dx_pad[:, :, rows, columns] += dout / (f_h * f_w)
  + dx_pad[:, :, rows, columns] = dout / (f_h * f_w)
  # one place of all windows at a time | 一次处理所有窗口的同一个位置
  - dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += dout_wide[i_n, i_c, h, w] / (f_h * f_w)
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] = dout_wide[i_n, i_c, h, w] / (f_h * f_w)
  # at stride 1, with zeros between dout | 步幅为 1，dout 之间补零
not-divided: dout is not divided by the size of the window  [rasmusbergpalm/DeepLearnToolbox#129; deeplearning4j PR#1951]
    The mean of a 2x2 window moves by a quarter of what one of its cells moves, so a cell gets a quarter of dout.
    Undivided, every cell of the window gets all of it and the gradient is f_h * f_w times too large. Training
    still seems to work, with a larger learning rate below this layer. Write dout / (f_h * f_w).
  dout 没有除以窗口的大小:
    2x2 窗口里一个格子动一下，平均值只动四分之一，所以每个格子得到 dout 的四分之一。不除的话，窗口的每个格子都得到
    整个 dout，梯度大了 f_h * f_w 倍。训练看起来还能进行，只是这一层以下的学习率变大了。应该写
    dout / (f_h * f_w)。
  + share = dout[i_n, i_c, i_h, i_w]
divided-by-one-side: dout is divided by one side of the window instead of by its area
    A window has f_h * f_w cells, and each has one such part of the mean. Divided by f_h, every gradient is f_w
    times too large. Only a window that is one column wide hides it. Write dout / (f_h * f_w).
  dout 除以的是窗口的一条边，而不是面积:
    一个窗口有 f_h * f_w 个格子，每个格子占平均值的这么多分之一。只除以 f_h 的话，每个梯度都大了 f_w 倍。只有窗口
    宽度为一列时才看不出来。应该写 dout / (f_h * f_w)。
  + share = dout[i_n, i_c, i_h, i_w] / f_h

  + share = dout[i_n, i_c, i_h, i_w] / f_w
  # by the width | 除以宽度
divided-by-output-size: dout is divided by the number of windows instead of by the size of one
    H_out * W_out counts the means, not the numbers that one mean is taken of. The two agree where a picture of
    4x4 has 2x2 windows at stride 2, which is a common test. Write dout / (f_h * f_w).
  dout 除以的是窗口的个数，而不是一个窗口的大小:
    H_out * W_out 数的是有多少个平均值，而不是一个平均值由多少个数得来。4x4 的图片、2x2 窗口、步幅 2 时两者恰好
    相等，而这正是常见的测试。应该写 dout / (f_h * f_w)。
  + share = dout[i_n, i_c, i_h, i_w] / (H_out * W_out)

  - dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += dout_wide[i_n, i_c, h, w] / (f_h * f_w)
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += dout_wide[i_n, i_c, h, w] / dout_wide[0, 0].size
  # at stride 1, with zeros between dout | 步幅为 1，dout 之间补零
divided-twice: dout is divided by the size of the window twice
    The share is made already (by a helper that distributes dout, or by np.mean), and is divided once more where
    it is added. Every gradient is f_h * f_w times too small. Only 1x1 windows hide it. Divide in one place.
  dout 除了两次窗口的大小:
    每个格子的那一份已经算好了（由分配 dout 的辅助函数，或者由 np.mean），加上去的时候又除了一次。每个梯度都小了
    f_h * f_w 倍。只有 1x1 的窗口才看不出来。只在一处除。
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_w] += share / (f_h * f_w)
stride-ignored: the stride is left out where a window is placed
    The window of out[i_h, i_w] begins at row i_h * s_h and column i_w * s_w. Here it begins elsewhere, so that
    others get the gradient. With i_h, i_w it is right at stride 1; with i_h * f_h, i_w * f_w where windows tile
    the picture, as most do. Write h, w = i_h * s_h, i_w * s_w.
  放窗口时没有用步幅:
    out[i_h, i_w] 的窗口从第 i_h * s_h 行、第 i_w * s_w 列开始。这里却从别处开始，梯度给了别的格子。写成 i_h、i_w，
    步幅为 1 时是对的；写成 i_h * f_h、i_w * f_w，窗口正好铺满图片时是对的，而多数都是这样。应该写
    h, w = i_h * s_h, i_w * s_w。
  + h, w = i_h, i_w

  + h, w = i_h, i_w * s_w
  # in the rows | 在行上
  + h, w = i_h * s_h, i_w
  # in the columns | 在列上
  + h, w = i_h * f_h, i_w * f_w
  # the window's size stands for it | 用窗口的大小代替
square-window-assumed: what holds for rows is used for columns too, or the other way round
    The slice of the columns or the area is taken from f_h, or the step from s_h. It is right while windows and
    strides are the same both ways, and almost all tests have such. Otherwise cells are missing, or cells beyond
    the window get a share. Use f_w and s_w for columns and f_h * f_w for the area.
  行的大小也被用在了列上，或者反过来:
    列的切片或面积用了 f_h，或者列的步幅用了 s_h。窗口和步幅在两个方向上相同时没有问题，而几乎所有测试都是这样。否则
    要么少了一些格子，要么窗口外的格子也分到了一份。列要用 f_w 和 s_w，面积要用 f_h * f_w。
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_h] += share
  # in the slice | 在切片里
  + share = dout[i_n, i_c, i_h, i_w] / (f_h * f_h)
  # in the area | 在面积里
  + share = dout[i_n, i_c, i_h, i_w] / (f_h * f_h)
  + dx_pad[i_n, i_c, h : h + f_h, w : w + f_h] += share
  # in both | 两处都是
  + h, w = i_h * s_h, i_w * s_h
  # in the stride | 在步幅上
  + h, w = i_h * s_w, i_w * s_w
  # in the stride, the columns' for both | 在步幅上，两个方向都用了列的
  - h, w = i_h * s_h, i_w * s_w
  + h, w = i_h * s_h, i_h * s_h
  # the row's place for both | 两个方向都用了行的位置
first-window-only: only the first turn of a loop is made
"""
    + ONE_TURN
    + """\
rows-columns-swapped: rows and columns are swapped
    Height goes with rows, the axis before the last, and width with columns, the last. Swapped, everything is
    right as long as windows and strides are the same both ways, and where loops are swapped as long as dout is
    square. Write h with s_h and f_h, w with s_w and f_w.
  行和列弄反了:
    高对应行，即倒数第二个轴；宽对应列，即最后一个轴。弄反以后，只要窗口和步幅在两个方向上相同，结果都是对的；
    循环弄反了，则只要 dout 是正方形就是对的。应该让 h 配 s_h 和 f_h，w 配 s_w 和 f_w。
  + dx_pad[i_n, i_c, h : h + f_w, w : w + f_h] += share
  # of the window | 窗口的
  + h, w = i_h * s_w, i_w * s_h
  # of the stride | 步幅的
  + for i_h in range(W_out):
  +     for i_w in range(H_out):
  # of the loops | 循环的
"""
    + CROP,
    avg_pool_backward,
    _by_places,
    _at_stride_1,
)

OPERATOR = Operator(
    name="avg-pool",
    title="average pooling",
    forward=avg_pool_forward,
    backward=avg_pool_backward,
    gradients=("dx",),
    axes={"x": "NCHW", "out": "NCHW"},
    torch="F.avg_pool2d(x, size, stride, padding)",
    small=small,
    problems=problems,
    conventions=(Convention("NHWC", {"x": "NHWC", "out": "NHWC"}),),
    called=r"(?=.*(av(g|erage)|mean))(?!.*(conv|relu|un_?pool|global|adaptive|roi|pyramid|[13]_?d)).*pool",
    words=WORDS,
    mistakes=MISTAKES,
)
