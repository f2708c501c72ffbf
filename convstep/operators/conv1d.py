"""Convolution along one axis: the article's loop with one position less."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem


def conv1d_forward(x: Array, w: Array, b: Array, stride: int, padding: int) -> Array:
    """Each window times each filter.

    Args:
        x: `(N, C_in, L)`.
        w: `(C_out, C_in, K)`.
        b: `(C_out,)`.
        stride: between windows.
        padding: zeros at either end.

    Returns:
        `(N, C_out, L_out)`.
    """
    C_out, _, K = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    N, _, L_pad = x_pad.shape
    L_out = (L_pad - K) // stride + 1
    out = np.zeros((N, C_out, L_out))
    for i_n in range(N):
        for i_l in range(L_out):
            start = i_l * stride
            for i_c in range(C_out):
                out[i_n, i_c, i_l] = np.sum(x_pad[i_n, :, start : start + K] * w[i_c]) + b[i_c]
    return out


def conv1d_backward(
    dout: Array, x: Array, w: Array, b: Array, stride: int, padding: int
) -> tuple[Array, Array, Array]:
    """The forward's loop once more: what was read gets the other factor times `dout`.

    The arguments are the forward's, and dout as its output; dx, dw, db are as x, w, b.
    """
    N, C_in, L = x.shape
    C_out, _, K = w.shape
    _, _, L_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dx_pad = np.zeros(x_pad.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for i_n in range(N):
        for i_l in range(L_out):
            start = i_l * stride
            for i_c in range(C_out):
                dz = dout[i_n, i_c, i_l]
                dw[i_c] += x_pad[i_n, :, start : start + K] * dz
                dx_pad[i_n, :, start : start + K] += w[i_c] * dz
                db[i_c] += dz
    dx = dx_pad[:, :, padding : padding + L]
    return dx, dw, db


def all_filters_at_once(
    dout: Array, x: Array, w: Array, b: Array, stride: int, padding: int
) -> tuple[Array, Array, Array]:
    """The same with one product for all filters of a window; see `conv1d_backward`."""
    N, C_in, L = x.shape
    C_out, _, K = w.shape
    _, _, L_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dx_pad = np.zeros(x_pad.shape)
    dw = np.zeros(w.shape)
    for i_l in range(L_out):
        start = i_l * stride
        dz = dout[:, :, i_l]
        dw += np.tensordot(dz, x_pad[:, :, start : start + K], axes=(0, 0))
        dx_pad[:, :, start : start + K] += np.tensordot(dz, w, axes=(1, 0))
    db = dout.sum(axis=(0, 2))
    dx = dx_pad[:, :, padding : padding + L]
    return dx, dw, db


def tap_by_tap(
    dout: Array, x: Array, w: Array, b: Array, stride: int, padding: int
) -> tuple[Array, Array, Array]:
    """The same with one product for all windows of a tap; see `conv1d_backward`."""
    L, K, L_out = x.shape[2], w.shape[2], dout.shape[2]
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dx_pad = np.zeros(x_pad.shape)
    dw = np.zeros(w.shape)
    for i_k in range(K):
        taken = np.arange(L_out) * stride + i_k
        dw[:, :, i_k] = np.einsum("nol,ncl->oc", dout, x_pad[:, :, taken])
        dx_pad[:, :, taken] += np.einsum("nol,oc->ncl", dout, w[:, :, i_k])
    db = dout.sum(axis=(0, 2))
    dx = dx_pad[:, :, padding : padding + L]
    return dx, dw, db


def small() -> OperatorProblem:
    """One row of two channels, two filters of three taps."""
    x = np.array([[[1, 2, 0, -1, 3], [0, 1, -2, 1, 1]]], float)
    w = np.array([[[1, 0, -1], [2, 1, 0]], [[0, 1, 1], [-1, 0, 2]]], float)
    dout = np.array([[[1, -1], [2, 3]]], float)
    options = {"stride": 2, "padding": 0}
    return OperatorProblem({"x": x, "w": w, "b": np.array([1.0, 0.0])}, {"dout": dout}, options)


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, int, int, int, int, int, int, int], ...] = (
        # N, C_in, C_out, L, K, stride, padding
        ("stride 1", 2, 2, 3, 5, 3, 1, 0),
        ("one channel, one filter", 1, 1, 1, 4, 2, 1, 0),
        ("as many channels as filters", 2, 3, 3, 5, 3, 1, 0),
        ("windows overlap, stride 2", 2, 2, 3, 7, 3, 2, 0),
        ("a remainder is left over", 2, 2, 3, 6, 3, 2, 0),
        ("windows tile the row", 1, 2, 3, 6, 2, 2, 0),
        ("there are gaps between the windows", 1, 2, 3, 9, 2, 3, 0),
        ("two cells are left over", 1, 2, 2, 8, 3, 3, 0),
        ("the row is padded", 2, 2, 3, 5, 3, 1, 1),
        ("the row is padded, stride 2", 2, 2, 3, 6, 3, 2, 1),
        ("a kernel of one cell", 2, 2, 3, 4, 1, 1, 0),
        ("as many samples as filters and positions", 3, 2, 3, 5, 3, 1, 0),
    )
    for about, *sizes in told:
        yield _problem(rng, about, *sizes)
    while True:
        N, C_in, C_out, K, stride = (int(n) for n in rng.integers(1, 4, 5))
        padding = int(rng.integers(0, K))
        L = max(K + int(rng.integers(0, 6)) - 2 * padding, 1)
        L = L if L + 2 * padding >= K else K
        yield _problem(rng, "", N, C_in, C_out, L, K, stride, padding)


def _problem(
    rng: np.random.Generator,
    about: str,
    N: int,
    C_in: int,
    C_out: int,
    L: int,
    K: int,
    stride: int,
    padding: int,
) -> OperatorProblem:
    arrays = {
        "x": rng.standard_normal((N, C_in, L)),
        "w": rng.standard_normal((C_out, C_in, K)),
        "b": rng.standard_normal(C_out),
    }
    dout = rng.standard_normal((N, C_out, (L + 2 * padding - K) // stride + 1))
    return OperatorProblem(arrays, {"dout": dout}, {"stride": stride, "padding": padding}, about)


MISTAKES = Mistakes(
    """
stride-ignored: the stride is ignored
    The forward reads output i_l from the window that begins at i_l * stride. At i_l inputs and gradients are
    paired that never met. At stride 1 both are the same window, so a test at stride 1 passes.
  忽略了步幅:
    正向传播算第 i_l 个输出时，读的是从 i_l * stride 开始的窗口。从 i_l 开始的话，配在一起的是从没相遇过的输入和梯
    度。步幅为 1 时两个窗口相同，所以步幅为 1 的测试能通过。
  + start = i_l

tail-lost: the remainder of the stride is lost  [pytorch#15501; torch-mlir#655]
    Where the stride leaves cells over at the end, no window reads them: their gradient is 0, but they have one. A dx
    that is as long as the windows reach is too short.
  步幅剩下的尾巴丢了:
    步幅在末尾剩下的格子没有窗口读过：它们的梯度是 0，但梯度里得有它们。只做到窗口够得着的地方，dx 就短了。
  + dx = dx_pad[:, :, padding : padding + L][:, :, : (L_out - 1) * stride + K - padding]

  + dx = dx_pad[:, :, padding : (L_out - 1) * stride + K - padding]
  # and the padding is cut from what is left | 又从剩下的里面裁掉了填充

overwrite-dx: dx is assigned instead of added to
    A cell belongs to several windows and, in each, to several filters; its gradient is the sum of what they all send
    back. With = the last one wins.
  dx 被赋值，而不是累加:
    一个格子属于好几个窗口，在每个窗口里又对应好几个卷积核；它的梯度是它们传回来的所有东西之和。用 = 的话，最后一
    个说了算。
  + dx_pad[i_n, :, start : start + K] = w[i_c] * dz
  # the last window and the last filter win | 最后一个窗口和最后一个卷积核说了算
  - dx_pad[:, :, start : start + K] += np.tensordot(dz, w, axes=(1, 0))
  + dx_pad[:, :, start : start + K] = np.tensordot(dz, w, axes=(1, 0))
  # the last window wins | 最后一个窗口说了算
  - dx_pad[:, :, taken] += np.einsum("nol,oc->ncl", dout, w[:, :, i_k])
  + dx_pad[:, :, taken] = np.einsum("nol,oc->ncl", dout, w[:, :, i_k])
  # tap by tap, the last tap wins | 逐个抽头，最后一个抽头说了算

overwrite-dw: dw is assigned instead of added to
    A filter is used at every position of every sample; its gradient is the sum over all of them. With = the last
    position wins.
  dw 被赋值，而不是累加:
    一个卷积核用在每个样本的每个位置上；它的梯度是所有这些地方之和。用 = 的话，最后一个位置说了算。
  + dw[i_c] = x_pad[i_n, :, start : start + K] * dz
  # the last position of the last sample wins | 最后一个样本的最后一个位置说了算
  + dw = np.tensordot(dz, x_pad[:, :, start : start + K], axes=(0, 0))
  # the last position wins | 最后一个位置说了算
  + dw += np.tensordot(dz, x_pad[:, :, start : start + K], axes=(0, 0)) * (i_l == 0)
  # backwards, so that the first position wins | 倒着走，第一个位置说了算
  - dw[:, :, i_k] = np.einsum("nol,ncl->oc", dout, x_pad[:, :, taken])
  + dw[:, :, i_k] = np.einsum("nol,ncl->oc", dout, x_pad[:, :, taken]) * (i_k == K - 1)
  # the last tap alone is left | 只剩最后一个抽头

db-wrong-axis: db is summed over the wrong axes
    The bias of a filter is added at every position of every sample, so its gradient is the sum of dout over samples
    and positions: axes 0 and 2. Over others the shape is another, or, where sizes are alike, only the numbers.
  db 沿错误的轴求和:
    每个样本的每个位置都加了同一个卷积核的偏置，所以它的梯度是 dout 对样本和位置（第 0 和第 2 轴）求和。沿别的轴，
    形状就不对；尺寸相同时，只有数不对。
  + db = dout.sum(axis=(0, 1))
  # over samples and filters | 对样本和卷积核
  + db = dout.sum(axis=(1, 2))
  # over filters and positions | 对卷积核和位置
  + db = dout.sum(axis=1).ravel()
  # over filters, a number for each window | 对卷积核，每个窗口一个数
  + db = dout.sum(axis=0)
  # over samples only | 只对样本
  + db = dout.sum(axis=2)
  # over positions only | 只对位置
  + db = dout.sum()
  # over everything | 对全部

db-averaged: db is averaged where it should be summed  [deeplearning4j#8280; kvfrans/notes#5]
    The bias is added at every position of every sample, and all these move the loss: db is the sum of dout over
    samples and positions. A mean over the samples stands in dout already, if the loss put it there. Write
    dout.sum(axis=(0, 2)).
  db 该求和却取了平均:
    每个样本的每个位置都加了偏置，每一处都影响损失：db 是 dout 对样本和位置求和。对样本取平均是损失的事，如果损失里已经
    除过，它就在 dout 里。应该写 dout.sum(axis=(0, 2))。
  + db = dout.mean(axis=(0, 2))

  + db = dout.sum(axis=(0, 2)) / N
  # over the samples only | 只除以样本数
overwrite-db: db is assigned instead of added to
    Each position of each sample adds its dout to the bias of its filter. With = the last of them is what is left.
    Only with one sample and one position is it right. Write +=, or dout.sum(axis=(0, 2)).
  db 被赋值，而不是累加:
    每个样本的每个位置都把它的 dout 加到所属卷积核的偏置上。用 = 的话，只剩下最后一个。只有一个样本、一个位置时才是对
    的。应该写 +=，或 dout.sum(axis=(0, 2))。
  + db[i_c] = dz

  + db = dout[-1].sum(axis=1)
  # the last sample alone is left | 只剩最后一个样本
kernel-flipped: the kernel is turned round
    In the readable loop tap k of the kernel meets cell start + k, in the forward and in the backward. A kernel is
    turned round only where dx is computed as a full correlation of dout, and there once.
  卷积核被翻转了:
    在易读的循环里，核的第 k 个元素对应第 start + k 个格子，正向和反向都是。只有把 dx 写成 dout 的完整互相关时才要
    翻转，而且只翻一次。
  + dx_pad[i_n, :, start : start + K] += w[i_c, :, ::-1] * dz
  # in dx | 在 dx 里
  + dw[i_c] += x_pad[i_n, :, start : start + K][:, ::-1] * dz
  # in dw | 在 dw 里

padding-not-cropped: dx still has the padding
    dx_pad is as long as the padded row. What belongs to x begins at padding and is L long; the rest is the gradient of
    zeros that nobody gave.
  dx 里还留着填充:
    dx_pad 和填充之后的输入一样长。属于 x 的部分从 padding 开始，长为 L；其余是填充的零的梯度，没人要。
  + dx = dx_pad
  # all of it | 全部留着
  + dx = dx_pad[:, :, :L]
  # its beginning instead of its middle | 取的是开头，而不是中间
  + dx = dx_pad[:, :, padding:]
  # its end is left on | 末尾没有裁掉

padding-cropped-zero: [p:-p] is empty when the padding is 0
    In Python -0 is 0, so without padding the slice is [0:0]: empty, where all of it was meant. Write its end as
    padding + L.
  填充为 0 时 [p:-p] 是空的:
    在 Python 里 -0 就是 0，所以没有填充时切片是 [0:0]：本来要全部，得到的却是空的。终点请写成 padding + L。
  + dx = dx_pad[:, :, padding:-padding]

channels-swapped: channels and filters are confused
    w is (C_out, C_in, K): the first axis counts filters. Taken along the second, it still fits where there are as
    many channels as filters, and only there.
  通道和卷积核弄混了:
    w 的形状是 (C_out, C_in, K)：第一个轴数的是卷积核。沿第二个轴取，只有通道数和卷积核数相同时形状才碰巧对。
  + dx_pad[i_n, :, start : start + K] += w[:, i_c] * dz
  # in dx | 在 dx 里
  + dw[:, i_c] += x_pad[i_n, :, start : start + K] * dz
  # in dw | 在 dw 里
  - _, _, L_out = dout.shape
  + _, _, L_out = dout.shape
  + dout = dout.reshape(N, L_out, C_out).transpose(0, 2, 1)
  # dout is reshaped, and its filters are not moved | dout 变了形，却没有移动卷积核那个轴
  - dx_pad[:, :, start : start + K] += np.tensordot(dz, w, axes=(1, 0))
  + dx_pad[:, :, start : start + K] += np.tensordot(dz, w, axes=(1, 0)).reshape(N, K, C_in).transpose(0, 2, 1)
  # in dx, where channels and taps are put apart | 在 dx 里，分开通道和抽头的地方
  - dx_pad[:, :, start : start + K] += np.tensordot(dz, w, axes=(1, 0))
  + dx_pad[:, :, start : start + K] += np.einsum("nc,ock->nok", dz, w)
  # in dx, all filters at once | 在 dx 里，所有卷积核一次完成
  - dx = dx_pad[:, :, padding : padding + L]
  + dx = dx_pad[:, :, padding : padding + L]
  + dw = dw.reshape(C_out, K, C_in).transpose(0, 2, 1)
  # in dw, where channels and taps are put apart | 在 dw 里，分开通道和抽头的地方
  - dx = dx_pad[:, :, padding : padding + L]
  + dx = dx_pad[:, :, padding : padding + L]
  + dw = dw.reshape(C_out, -1).T.reshape(w.shape)
  # in dw, which is reshaped and not transposed | 在 dw 里，只变了形，没有转置
""",
    conv1d_backward,
    all_filters_at_once,
    tap_by_tap,
)

OPERATOR = Operator(
    name="conv1d",
    title="a convolution along one axis",
    forward=conv1d_forward,
    backward=conv1d_backward,
    gradients=("dx", "dw", "db"),
    axes={"x": "NCL", "w": "OCK", "b": "O", "out": "NOP"},
    torch="F.conv1d(x, w, b, stride, padding)",
    small=small,
    problems=problems,
    conventions=(
        Convention("NLC", {"x": "NLC", "w": "KCO", "out": "NPO"}),
        Convention("NLC, filters first", {"x": "NLC", "w": "OKC", "out": "NPO"}),
        Convention("numpy-ml", {"x": "NLC", "w": "KCO", "b": "11O", "out": "NPO"}),
        Convention("column of biases", {"b": "O1"}),
    ),
    called=r".*conv_?1_?d(?!.*transpose)|.*conv(olution)?_?1_?d|temporal_?conv",
    words={
        "x": "a a_prev input inputs inp z",
        "w": "weight weights kernel kernels filters",
        "b": "bias biases",
        "stride": "strides s",
        "padding": "pad p",
    },
    mistakes=MISTAKES,
)
