"""Transposed convolution: its forward is what a convolution's backward does to dZ, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem, Pair, random_pair


def conv_transpose2d_forward(
    x: Array, w: Array, b: Array, stride: Pair, padding: Pair, output_padding: Pair
) -> Array:
    """Each cell of x adds a kernel, times its value, into its window of the output.

    Args:
        x: `(N, C_in, H, W)`.
        w: `(C_in, C_out, f_h, f_w)`.
        b: `(C_out,)`.
        stride: `(s_h, s_w)` between windows of the output.
        padding: `(p_h, p_w)` cells that are cut off around it.
        output_padding: `(o_h, o_w)` cells that are added at its bottom and right; fewer than the stride.

    Returns:
        `(N, C_out, (H - 1) * s_h - 2 * p_h + f_h + o_h, (W - 1) * s_w - 2 * p_w + f_w + o_w)`.
    """
    (s_h, s_w), (p_h, p_w), (o_h, o_w) = stride, padding, output_padding
    N, C_in, H, W = x.shape
    _, C_out, f_h, f_w = w.shape
    H_pad, W_pad = (H - 1) * s_h + f_h + o_h, (W - 1) * s_w + f_w + o_w
    out_pad = np.zeros((N, C_out, H_pad, W_pad))
    for i_n in range(N):
        for i_h in range(H):
            for i_w in range(W):
                top, left = i_h * s_h, i_w * s_w
                for i_c in range(C_in):
                    out_pad[i_n, :, top : top + f_h, left : left + f_w] += w[i_c] * x[i_n, i_c, i_h, i_w]
    return out_pad[:, :, p_h : H_pad - p_h, p_w : W_pad - p_w] + b[:, None, None]


def conv_transpose2d_backward(
    dout: Array, x: Array, w: Array, b: Array, stride: Pair, padding: Pair, output_padding: Pair
) -> tuple[Array, Array, Array]:
    """The forward's loop once more: where it added into a window, the window's gradient is read.

    The arguments are the forward's, and dout as its output; dx, dw, db are as x, w, b.
    """
    (s_h, s_w), (p_h, p_w), (o_h, o_w) = stride, padding, output_padding
    N, C_in, H, W = x.shape
    _, C_out, f_h, f_w = w.shape
    _, _, H_out, W_out = dout.shape
    H_pad, W_pad = (H - 1) * s_h + f_h + o_h, (W - 1) * s_w + f_w + o_w
    dout_pad = np.zeros((N, C_out, H_pad, W_pad))
    dout_pad[:, :, p_h : p_h + H_out, p_w : p_w + W_out] = dout
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    for i_n in range(N):
        for i_h in range(H):
            for i_w in range(W):
                top, left = i_h * s_h, i_w * s_w
                window = dout_pad[i_n, :, top : top + f_h, left : left + f_w]
                for i_c in range(C_in):
                    dw[i_c] += window * x[i_n, i_c, i_h, i_w]
                    dx[i_n, i_c, i_h, i_w] += np.sum(window * w[i_c])
    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db


def by_output_channel(
    dout: Array, x: Array, w: Array, b: Array, stride: Pair, padding: Pair, output_padding: Pair
) -> tuple[Array, Array, Array]:
    """The same with a loop over the channels of the output; see `conv_transpose2d_backward`."""
    (s_h, s_w), (p_h, p_w), (o_h, o_w) = stride, padding, output_padding
    N, C_in, H, W = x.shape
    _, C_out, f_h, f_w = w.shape
    _, _, H_out, W_out = dout.shape
    H_pad, W_pad = (H - 1) * s_h + f_h + o_h, (W - 1) * s_w + f_w + o_w
    dout_pad = np.zeros((N, C_out, H_pad, W_pad))
    dout_pad[:, :, p_h : p_h + H_out, p_w : p_w + W_out] = dout
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    for i_o in range(C_out):
        for k_h in range(f_h):
            for k_w in range(f_w):
                taps = dout_pad[:, i_o, k_h : k_h + H * s_h : s_h, k_w : k_w + W * s_w : s_w][:, :H, :W]
                dx += taps[:, None] * w[:, i_o, k_h, k_w, None, None]
                dw[:, i_o, k_h, k_w] = np.sum(x * taps[:, None], axis=(0, 2, 3))
    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db


def as_a_convolution(
    dout: Array, x: Array, w: Array, b: Array, stride: Pair, padding: Pair, output_padding: Pair
) -> tuple[Array, Array, Array]:
    """The same where the forward is a convolution over x with zeros between its cells and around them."""
    (s_h, s_w), (p_h, p_w) = stride, padding
    N, C_in, H, W = x.shape
    _, C_out, f_h, f_w = w.shape
    _, _, H_out, W_out = dout.shape
    top, left, turned = f_h - 1 - p_h, f_w - 1 - p_w, w[:, :, ::-1, ::-1]
    rows, columns = slice(top, top + (H - 1) * s_h + 1, s_h), slice(left, left + (W - 1) * s_w + 1, s_w)
    x_up = np.zeros((N, C_in, H_out + f_h - 1, W_out + f_w - 1))
    x_up[:, :, rows, columns] = x
    dx_up = np.zeros(x_up.shape)
    dw_turned = np.zeros(w.shape)
    for i_h in range(H_out):
        for i_w in range(W_out):
            grad = dout[:, :, i_h, i_w]
            window = x_up[:, :, i_h : i_h + f_h, i_w : i_w + f_w]
            dw_turned += np.einsum("no,nchw->cohw", grad, window)
            dx_up[:, :, i_h : i_h + f_h, i_w : i_w + f_w] += np.einsum("no,cohw->nchw", grad, turned)
    dw = dw_turned[:, :, ::-1, ::-1]
    dx = dx_up[:, :, rows, columns]
    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db


def small() -> OperatorProblem:
    """Two by two cells, stride 2, a kernel of 3x3: windows overlap by one row and one column."""
    x = np.array([[[[1, 2], [-1, 3]]]], float)
    w = np.array([[[[1, 0, 2], [0, 1, -1], [2, 1, 0]]]], float)
    dout = np.array(
        [[[[1, 0, 2, -1, 1], [2, 1, 0, 1, 0], [0, 3, 1, 0, 2], [1, 0, -2, 1, 1], [0, 1, 1, 2, 0]]]], float
    )
    options = {"stride": (2, 2), "padding": (0, 0), "output_padding": (0, 0)}
    return OperatorProblem({"x": x, "w": w, "b": np.array([1.0])}, {"dout": dout}, options)


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, tuple[int, int, int], Pair, Pair, Pair, Pair, Pair], ...] = (
        # N, C_in, C_out; sizes, kernel, stride, padding, output padding
        ("stride 1", (1, 2, 3), (2, 3), (2, 2), (1, 1), (0, 0), (0, 0)),
        ("one channel", (1, 1, 1), (2, 3), (3, 3), (2, 2), (0, 0), (0, 0)),
        ("windows overlap, stride 2", (2, 2, 3), (3, 2), (3, 3), (2, 2), (0, 0), (0, 0)),
        ("windows tile the output", (2, 2, 3), (2, 3), (2, 2), (2, 2), (0, 0), (0, 0)),
        ("there are gaps between the windows", (1, 2, 3), (2, 3), (2, 2), (3, 3), (0, 0), (0, 0)),
        ("the output is cropped", (2, 2, 3), (3, 4), (3, 3), (1, 1), (1, 1), (0, 0)),
        ("the output is cropped, stride 2", (2, 2, 3), (3, 4), (3, 3), (2, 2), (1, 1), (0, 0)),
        ("the output has a row and a column more", (2, 2, 3), (3, 4), (3, 3), (2, 2), (1, 1), (1, 1)),
        ("nothing is cropped, a row and a column more", (1, 2, 3), (3, 2), (3, 3), (2, 2), (0, 0), (1, 1)),
        ("the output has two columns more", (1, 2, 3), (2, 3), (3, 3), (3, 3), (1, 1), (0, 2)),
        ("as many channels in as out", (2, 3, 3), (2, 3), (3, 3), (1, 1), (0, 0), (0, 0)),
        ("the kernel is not square", (1, 2, 3), (3, 2), (2, 3), (1, 1), (0, 0), (0, 0)),
        ("strides differ", (1, 2, 3), (3, 2), (2, 2), (1, 2), (0, 0), (0, 0)),
    )
    for about, channels, sizes, size, stride, padding, more in told:
        yield _problem(rng, about, channels, sizes, size, stride, padding, more)
    while True:
        stride, size = random_pair(rng, 1, 4), random_pair(rng, 1, 4)
        padding = int(rng.integers(0, size[0])), int(rng.integers(0, size[1]))
        more = int(rng.integers(0, stride[0])), int(rng.integers(0, stride[1]))
        sizes = random_pair(rng, 2, 4)
        out = [
            (n - 1) * s + f - 2 * p + o
            for n, s, f, p, o in zip(sizes, stride, size, padding, more, strict=True)
        ]
        if min(out) > 0:
            channels = int(rng.integers(1, 3)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
            yield _problem(rng, "", channels, sizes, size, stride, padding, more)


def _problem(
    rng: np.random.Generator,
    about: str,
    channels: tuple[int, int, int],
    sizes: Pair,
    size: Pair,
    stride: Pair,
    padding: Pair,
    more: Pair,
) -> OperatorProblem:
    N, C_in, C_out = channels
    out = (
        (n - 1) * s + f - 2 * p + o for n, s, f, p, o in zip(sizes, stride, size, padding, more, strict=True)
    )
    arrays = {
        "x": rng.standard_normal((N, C_in, *sizes)),
        "w": rng.standard_normal((C_in, C_out, *size)),
        "b": rng.standard_normal(C_out),
    }
    options = {"stride": stride, "padding": padding, "output_padding": more}
    return OperatorProblem(arrays, {"dout": rng.standard_normal((N, C_out, *out))}, options, about)


MISTAKES = Mistakes(
    """
kernel-flipped: the kernel is turned round
    In the readable loop tap (k_h, k_w) of the kernel meets cell (top + k_h, left + k_w) of the window, in the forward and
    in the backward. A kernel is turned round only where the forward is written as a convolution of a spread x.
  卷积核被翻转了:
    在易读的循环里，核的元素 (k_h, k_w) 对应窗口的格子 (top + k_h, left + k_w)，正向和反向都是。只有把正向写成对撒开了
    的 x 做卷积时才要翻转。
  + dx[i_n, i_c, i_h, i_w] += np.sum(window * w[i_c, :, ::-1, ::-1])
  # in dx | 在 dx 里
  + dw[i_c] += window[:, ::-1, ::-1] * x[i_n, i_c, i_h, i_w]
  # in dw | 在 dw 里

stride-ignored: the stride is ignored
    Cell (i_h, i_w) of x was added into the window at (i_h * stride, i_w * stride) of the output. At stride 1 that is
    the window at (i_h, i_w), so a test at stride 1 passes.
  忽略了步幅:
    x 的格子 (i_h, i_w) 加进的是输出里从 (i_h * stride, i_w * stride) 开始的窗口。步幅为 1 时就是从 (i_h, i_w) 开始
    的，所以步幅为 1 的测试能通过。
  + top, left = i_h, i_w

  - dx = dx_up[:, :, rows, columns]
  + dx = dx_up[:, :, top : top + (H - 1) * s_h + 1, left : left + (W - 1) * s_w + 1]
  # the zeros between the cells stay in dx | 格子之间的零留在了 dx 里
padding-ignored: the padding is ignored
    Padding cuts rows and columns off the output, so cell (0, 0) of dout belongs to cell (p_h, p_w) of what the windows
    were added into.
  忽略了填充:
    填充把输出的边缘裁掉了，所以 dout 的格子 (0, 0) 对应的是窗口加进的那个数组的格子 (p_h, p_w)。
  + dout_pad[:, :, :H_out, :W_out] = dout

  - dout_pad = np.zeros((N, C_out, H_pad, W_pad))
  - dout_pad[:, :, p_h : p_h + H_out, p_w : p_w + W_out] = dout
  - dx = np.zeros(x.shape)
  + dout_pad = dout
  + H, W = (H_out - f_h) // s_h + 1, (W_out - f_w) // s_w + 1
  + dx = np.zeros((N, C_in, H, W))
  # only the windows that fit into dout are left | 只剩下放得进 dout 的窗口
output-padding-ignored: output_padding is forgotten  [pytorch/xla#2333; burn PR#4916]
    output_padding makes the output longer at the bottom and at the right. Those rows come from windows where padding
    is cut off, and always from the bias: without them dx, dw and db lack what they sent back.
  忘了 output_padding:
    output_padding 让输出的底边和右边变长。裁掉填充之后，那几行有一部分来自窗口，而且总有偏置：漏了它们，dx、dw
    和 db 就缺了它们传回来的那部分。
  + db = dout[:, :, : H_out - o_h, : W_out - o_w].sum(axis=(0, 2, 3))
  # in db | 在 db 里
  + dout_pad[:, :, p_h : p_h + H_out - o_h, p_w : p_w + W_out - o_w] = dout[:, :, : H_out - o_h, : W_out - o_w]
  # in dx and dw | 在 dx 和 dw 里
  + dout_pad[:, :, p_h : p_h + H_out - o_h, p_w : p_w + W_out - o_w] = dout[:, :, : H_out - o_h, : W_out - o_w]
  + db = dout[:, :, : H_out - o_h, : W_out - o_w].sum(axis=(0, 2, 3))
  # in all of them | 全都漏了
  + H_pad, W_pad = (H - 1) * s_h + f_h, (W - 1) * s_w + f_w
  # in the size, so that dout does not fit | 在大小里，所以 dout 放不下

db-wrong-axis: db is summed over the wrong axes
    The bias of an output channel is added at every position of every sample, so its gradient is the sum of dout over
    samples, rows and columns: axes 0, 2 and 3.
  db 沿错误的轴求和:
    每个样本的每个位置都加了同一个输出通道的偏置，所以它的梯度是 dout 对样本、行和列（第 0、2、3 轴）求和。
  + db = dout.sum(axis=(0, 1, 2))
  # over samples, channels and rows | 对样本、通道和行
  + db = dout.sum(axis=(1, 2, 3))
  # over channels, rows and columns | 对通道、行和列
  + db = dout.sum(axis=(0, 1, 3))
  # over samples, channels and columns | 对样本、通道和列
  + db = dout.sum(axis=(0, 2))
  # over samples and rows only | 只对样本和行
  + db = dout.sum(axis=(2, 3))
  # over rows and columns only | 只对行和列
  + db = dout.sum(axis=0)
  # over samples only | 只对样本
  + db = dout.sum()
  # over everything | 对全部

db-averaged: db is averaged where it should be summed  [deeplearning4j#8280; kvfrans/notes#5]
    The bias is added at every position of every sample, and all these move the loss: db is the sum of dout over
    samples, rows and columns. A mean over the samples stands in dout already, if the loss put it there. Write
    dout.sum(axis=(0, 2, 3)).
  db 该求和却取了平均:
    每个样本的每个位置都加了偏置，每一处都影响损失：db 是 dout 对样本、行和列求和。对样本取平均是损失的事，如果损失里已经
    除过，它就在 dout 里。应该写 dout.sum(axis=(0, 2, 3))。
  + db = dout.mean(axis=(0, 2, 3))

  + db = dout.sum(axis=(0, 2, 3)) / N
  # over the samples only | 只除以样本数
overwrite-db: db is assigned instead of added to
    Each position of each sample adds its dout to the bias of its filter. With = in a loop the last of them is what is
    left. Only with one sample and one position is it right. Write +=, or dout.sum(axis=(0, 2, 3)).
  db 被赋值，而不是累加:
    每个样本的每个位置都把它的 dout 加到所属卷积核的偏置上。循环里用 = 的话，只剩下最后一个。只有一个样本、一个位置时
    才是对的。应该写 +=，或 dout.sum(axis=(0, 2, 3))。
  + db = dout[-1, :, -1, -1].copy()
overwrite-dw: dw is assigned instead of added to
    A kernel was added once for every cell of x; its gradient is the sum over all of them. With = the last cell wins.
  dw 被赋值，而不是累加:
    x 的每个格子都把卷积核加进了输出一次；它的梯度是所有这些次之和。用 = 的话，最后一个格子说了算。
  + dw[i_c] = window * x[i_n, i_c, i_h, i_w]

  + dw[i_c] += window * x[i_n, i_c, i_h, i_w] * ((i_h, i_w) == (H - 1, W - 1))
  # of every sample the last cell wins | 每个样本最后一个格子说了算
  - dw[:, i_o, k_h, k_w] = np.sum(x * taps[:, None], axis=(0, 2, 3))
  + dw[:, i_o, k_h, k_w] = np.sum(x * taps[:, None], axis=(0, 2, 3)) * ((k_h, k_w) == (f_h - 1, f_w - 1))
  # the last tap alone is left | 只剩核的最后一个元素
  - dw_turned += np.einsum("no,nchw->cohw", grad, window)
  + dw_turned = np.einsum("no,nchw->cohw", grad, window)
  # as a convolution: the last cell of the output wins | 当作卷积：输出的最后一个格子说了算

overwrite-dx: dx is assigned instead of added to
    A cell of x was added into the output with every tap and every output channel of its kernel; its gradient is the
    sum over them. With = the last one wins.
  dx 被赋值，而不是累加:
    x 的一个格子乘以核的每个元素、每个输出通道，都加进了输出；它的梯度是所有这些之和。用 = 的话，最后一个说了算。
  + dx = taps[:, None] * w[:, i_o, k_h, k_w, None, None]
  # the last tap of the last channel wins | 最后一个通道的最后一个元素说了算
  + dx += taps[:, None] * w[:, i_o, k_h, k_w, None, None] * ((k_h, k_w) == (f_h - 1, f_w - 1))
  # of every channel the last tap wins | 每个通道最后一个元素说了算
  - for i_o in range(C_out):
  + for i_o in range(C_out):
  +     dx = np.zeros(x.shape)
  # the last channel of the output wins | 最后一个输出通道说了算
  - dx_up[:, :, i_h : i_h + f_h, i_w : i_w + f_w] += np.einsum("no,cohw->nchw", grad, turned)
  + dx_up[:, :, i_h : i_h + f_h, i_w : i_w + f_w] = np.einsum("no,cohw->nchw", grad, turned)
  # as a convolution: the last window wins | 当作卷积：最后一个窗口说了算

channels-swapped: channels in and out are confused
    w is (C_in, C_out, f_h, f_w): the other way round than for a convolution. Taken along the second axis, it still
    fits where there are as many channels in as out, and only there.
  输入和输出的通道弄混了:
    w 的形状是 (C_in, C_out, f_h, f_w)：和卷积的相反。沿第二个轴取，只有输入和输出的通道数相同时形状才碰巧对。
  - dx = np.zeros(x.shape)
  + dx = np.zeros(x.shape)
  + w = w.swapaxes(0, 1).reshape(w.shape)
  # in dx, where channels and taps are put together | 在 dx 里，把通道和核的元素拼在一起的地方
  - db = dout.sum(axis=(0, 2, 3))
  + db = dout.sum(axis=(0, 2, 3))
  + dx = dx.transpose(0, 2, 3, 1).reshape(x.shape)
  # dx is reshaped, and its channels are not moved | dx 变了形，却没有移动通道
  + dx[i_n, i_c, i_h, i_w] += np.sum(window * w[:, i_c])
  # in dx | 在 dx 里
  + dw[:, i_c] += window * x[i_n, i_c, i_h, i_w]
  # in dw | 在 dw 里
""",
    conv_transpose2d_backward,
    by_output_channel,
    as_a_convolution,
)

_TURNED: Mapping[str, tuple[int, ...]] = {"h": (), "w": ()}
_ONE_AXIS = {"x": "NCW", "w": "COw", "out": "NOQ"}


def _upsampled(sizes: Mapping[str, int], options: Mapping[str, Any]) -> Mapping[str, Any]:
    """A convolution without padding, of x with zeros between its cells, is this with almost all cut off."""
    return {"padding": (sizes["h"] - 1, sizes["w"] - 1), "output_padding": (0, 0)}


def _along_one_axis(sizes: Mapping[str, int], options: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"padding": (0, options["padding"][1]), "output_padding": (0, options["output_padding"][1])}


OPERATOR = Operator(
    name="conv-transpose2d",
    title="a transposed convolution",
    forward=conv_transpose2d_forward,
    backward=conv_transpose2d_backward,
    gradients=("dx", "dw", "db"),
    axes={"x": "NCHW", "w": "COhw", "b": "O", "out": "NOPQ"},
    torch="F.conv_transpose2d(x, w, b, stride, padding, output_padding)",
    small=small,
    problems=problems,
    conventions=(
        Convention("NHWC", {"x": "NHWC", "w": "hwOC", "out": "NPQO"}),
        Convention("NHWC, kernels as a convolution's", {"x": "NHWC", "w": "hwCO", "out": "NPQO"}),
        Convention("filters first", {"w": "OChw"}),
        Convention("numpy-ml", {"x": "NHWC", "w": "hwCO", "b": "111O", "out": "NPQO"}),
        Convention("upsampling, then a convolution", {"w": "OChw"}, blocks=_TURNED, options=_upsampled),
        Convention("along one axis", _ONE_AXIS, options=_along_one_axis),
        Convention("along one axis, filters first", {**_ONE_AXIS, "w": "OCw"}, options=_along_one_axis),
        Convention(
            "along one axis, upsampling, then a convolution",
            {**_ONE_AXIS, "w": "OCw"},
            blocks=_TURNED,
            options=_upsampled,
        ),
    ),
    called=r".*(conv\w*transpose|transposed?_?conv|deconv|(?<![a-z])up_?conv|(?<![a-z])t_?conv_?2?d?(?![a-z]))(?!.*3_?d)",
    words={
        "x": "a a_prev input inputs inp z",
        "w": "weight weights kernel kernels filters",
        "b": "bias biases",
        "stride": "strides s upsampling_factor",
        "padding": "pad p",
        "output_padding": "out_pad out_padding output_pad op",
    },
    mistakes=MISTAKES,
)
