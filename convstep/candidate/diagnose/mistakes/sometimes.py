"""Mistakes that are met now and then, commonest first."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistakes

BUGS = mistakes("""
dZ-channel-fixed: one channel of dZ is used for all
    The loop runs over the filters, but the upstream value is always that of one channel. That channel's
    dW and db are right, every other filter gets a copy made from the wrong upstream gradient. With one
    filter, or equal channels in dZ (all ones), nothing shows.
  所有通道都用了 dZ 的同一个通道:
    循环遍历了卷积核，但上游的值总是取自同一个通道。那个通道的 dW 和 db 是对的，其余的卷积核都用了错误的上
    游梯度。只有一个卷积核，或者 dZ 的各个通道相同（例如全是 1）时，什么也看不出来。
  dW db dA_prev:
    dz = dZ[i_n, i_h, i_w, 0]  # the first channel | 第一个通道
    dz = dZ[i_n, i_h, i_w, -1]  # the last channel | 最后一个通道
db-mean: db is a mean instead of a sum  [kvfrans/notes#5]
    The bias is added at every output position, so its gradient is the sum of dZ over all of them. A mean
    is smaller by a factor that depends on the sizes alone: the number of positions, of samples, or of
    both. If the loss is averaged over the batch, dZ contains that factor already. Divide the two results:
    the ratio is the same in every channel.
  db 取了平均，而不是求和:
    偏置加在每个输出位置上，所以它的梯度是 dZ 在所有位置上的和。平均值小了一个只取决于尺寸的倍数：位置数、
    样本数，或者两者的乘积。如果损失在批上取了平均，dZ 里已经含有这个倍数。把两个结果相除：每个通道的比值
    都一样。
  db:
    return dW, db / (N * H_out * W_out), dA_prev  # divided by N*H_out*W_out | 除以了 N*H_out*W_out
    return dW, db / (H_out * W_out), dA_prev  # divided by H_out*W_out | 除以了 H_out*W_out
    return dW, db / N, dA_prev  # divided by N | 除以了 N
batch-one-sample: one sample is used for the whole batch  [numpy-ml Conv2D._backward_naive]
    The sample's index is fixed, the loop over samples is missing, a buffer for one sample is shared by
    all, or a line stands behind the loop instead of in it. A dW or db that is so misses the other samples'
    share; a dA_prev is filled for one of them, or receives the whole batch's sum. A batch of
    one hides it: test with two different samples.
  整个批都用了同一个样本:
    样本的下标写死了，少了对样本的循环，所有样本共用一个样本的数组，或者有一行放在了循环后面。这样的 dW 和
    db 缺少其余样本的部分；这样的 dA_prev 只填了一个样本，或者得到了整个批的和。
    批里只有一个样本时看不出来：请用两个不同的样本来测试。
  dA_prev:
    for i_n in range(1):  # dW db dA_prev: only the first sample is used | 只用了第一个样本
    for i_n in range(N - 1, N):  # dW db dA_prev: only the last sample is used | 只用了最后一个样本
    a_slice = A_prev_pad[0, h, w, c]
    # dW: windows of the first sample are used for all | 所有样本都用第一个样本的窗口
    dz = dZ[0, i_h, i_w, i_c]
    # dW db dA_prev: dZ of the first sample is used for all | 所有样本都用第一个样本的 dZ
    dA_prev_pad[0, h, w, c] += W[i_c] * dz
    # the batch's sum lands in the first sample | 整个批的和都加在第一个样本里
    dA_prev_pad[-1, h, w, c] += W[i_c] * dz
    # the batch's sum lands in the last sample | 整个批的和都加在最后一个样本里
    dA_prev_pad[:, h, w, c] += W[i_c] * dz  # the batch's sum lands in every sample | 每个样本里都是整个批的和
    for i_n in range(1):
    dA_prev = dA_prev_pad[0, p_t:p_t + H_in, p_l:p_l + W_in]
    # only the first sample's is returned, without a batch axis | 只返回了第一个样本的，没有批轴
    for i_n in range(N - 1, N):
    dA_prev = dA_prev_pad[-1, p_t:p_t + H_in, p_l:p_l + W_in]
    # only the last sample's is returned, without a batch axis | 只返回了最后一个样本的，没有批轴
one-channel-only: a channel index is fixed, or a channel loop is missing  [neon#111]
    A channel's index is fixed or a loop over channels is missing. Either every filter's gradient is added
    to one filter and the others stay zero, or only one filter is processed and dA_prev lacks what the
    others send back; likewise for input channels. One channel in and out hides it. If dW is wrong, look
    at which of its slices along the first and last axis are zero.
  通道的下标固定了，或者少了对通道的循环:
    通道的下标写死了，或者少了对通道的循环。要么所有卷积核的梯度都加到一个卷积核上，其余的一直是零；要么只
    处理了一个卷积核，dA_prev 缺少其余卷积核传回来的部分；输入通道也一样。输入和输出都只有一个通道时看不出
    来。如果 dW 错了，就沿它的第一个轴和最后一个轴，看看哪些切片是零。
  dW db:
    dW[0] += a_slice * dz
    db[0] += dz  # everything lands in the first filter | 全都加到了第一个卷积核上
    dW[-1] += a_slice * dz
    db[-1] += dz  # everything lands in the last filter | 全都加到了最后一个卷积核上
    for i_c in range(1):  # dW db dA_prev: only the first filter is processed | 只处理了第一个卷积核
    for i_c in range(C_out - 1, C_out):
    # dW db dA_prev: only the last filter is processed | 只处理了最后一个卷积核
    dA_prev_pad[i_n, h, w, c] += W[0] * dz
    # dA_prev: the first kernel is used for all | 所有通道都用第一个卷积核
    dA_prev_pad[i_n, h, w, c] += W[-1] * dz
    # dA_prev: the last kernel is used for all | 所有通道都用最后一个卷积核
    c = slice(c_start, c_start + 1)
    dW[i_c, ..., :1] += a_slice * dz
    dA_prev_pad[i_n, h, w, c] += W[i_c, ..., :1] * dz
    # dW dA_prev: only the first input channel is processed | 只处理了第一个输入通道
    c = slice(c_start + C_k - 1, c_start + C_k)
    dW[i_c, ..., -1:] += a_slice * dz
    dA_prev_pad[i_n, h, w, c] += W[i_c, ..., -1:] * dz
    # dW dA_prev: only the last input channel is processed | 只处理了最后一个输入通道
    a_slice = A_prev_pad[i_n, h, w, :1]
    # dW: the first input channel is used for all | 所有输入通道都用第一个
crop-offset: the gradient is cropped from the wrong corner
    The result has the input's shape, but is not cut out of dA_prev_pad where the input begins, p_t rows and
    p_l columns from its corner: every gradient is attributed to a cell some rows or columns away. Where
    both corners are the same, nothing shows. Put a single 1 into dZ and compare where the kernel's picture
    appears in dA_prev with the window the forward pass read.
  从错误的角开始裁剪:
    结果的形状和输入一样，却不是从 dA_prev_pad 里输入开始的地方（离角 p_t 行、p_l 列）裁出来的：每个梯度
    都算到了隔着几行或几列的格子上。两个角相同时，什么也看不出来。在 dZ 里只放一个 1，
    看看卷积核的样子出现在 dA_prev 的哪里，和正向传播读的窗口比一比。
  dA_prev:
    dA_prev = dA_prev_pad[:, :H_in, :W_in]  # the first H rows and W columns | 取了前 H 行、前 W 列
    dA_prev = dA_prev_pad[:, -H_in:, -W_in:]  # the last H rows and W columns | 取了后 H 行、后 W 列
    dA_prev = dA_prev_pad[:, :H_in, p_l:p_l + W_in]  # the first H rows | 取了前 H 行
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, :W_in]  # the first W columns | 取了前 W 列
    dA_prev = dA_prev_pad[:, -H_in:, p_l:p_l + W_in]  # the last H rows | 取了后 H 行
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, -W_in:]  # the last W columns | 取了后 W 列
    dA_prev = LONGER[:, p_l:p_l + H_in, p_l:p_l + W_in]  # by the padding of W on both axes | 都用 W 的填充
    dA_prev = LONGER[:, p_t:p_t + H_in, p_t:p_t + W_in]  # by the padding of H on both axes | 都用 H 的填充
    top, left = (f_h // 2, f_w // 2) if same else (0, 0);
    dA_prev = LONGER[:, top:top + H_in, left:left + W_in]
    # by f // 2, where the padding is "same" | 填充是 "same" 时用了 f // 2
    top, left = ((f_h - 1) // 2, (f_w - 1) // 2) if same else (0, 0);
    dA_prev = LONGER[:, top:top + H_in, left:left + W_in]
    # by (f - 1) // 2, where the padding is "same" | 填充是 "same" 时用了 (f - 1) // 2
    dA_prev = LONGER[:, p_b:p_b + H_in, p_r:p_r + W_in]  # by the padding of the far sides | 用了远端的填充
crop-ends-early: the crop ends where it would in the input  [ALX solutions]
    dA_prev_pad has p more rows than the input at either end, so what belongs to the input ends at p + H. A
    slice [p:H-p] cuts 2p rows too many off the end, and as many columns; often nothing is left. At padding
    0 it is right. Write the end as p + H.
  裁剪结束得太早，好像数组就是输入:
    dA_prev_pad 两头各比输入多 p 行，所以属于输入的部分到 p + H 为止。切片 [p:H-p] 在末尾多裁了 2p 行，列也
    一样；往往什么也不剩。填充为 0 时是对的。请把末尾写成 p + H。
  dA_prev:
    dA_prev = dA_prev_pad[:, p_t:H_in - p_b, p_l:W_in - p_r]
dZ-padded-by-p: dZ is padded by p instead of f - 1 - p  [blogs]
    As a correlation, dA_prev slides the rotated kernel over dZ with f - 1 - p zeros around it. With p zeros
    every gradient lies f - 1 - 2p cells away from where it belongs. Where f is 2p + 1, as with a 3x3
    kernel and padding 1, both are the same.
  dZ 的填充用了 p，而不是 f - 1 - p:
    写成互相关时，dA_prev 是让旋转过的卷积核在四周有 f - 1 - p 个零的 dZ 上滑动。如果只有 p 个零，每个梯度
    就离它该在的地方 f - 1 - 2p 格。f 等于 2p + 1 时（例如 3x3 的核、填充 1），两者相同。
  dA_prev:
    room = np.pad(dA_prev_pad, ((0, 0), (p_t, f_h), (p_l, f_w), (0, 0)));
    top, left = (d_h * (f_h - 1) if p_t else 0), (d_w * (f_w - 1) if p_l else 0);
    dA_prev = room[:, top:top + H_in, left:left + W_in]
    # where p > 0; else by f - 1 | 当 p > 0；否则用 f - 1
pad-mode: the input is not padded with zeros
    The forward pass read zeros around the input; this backward reads copies of the border, a mirror
    image, or ones. Taps that look into the padding collect gradient that should be zero; the others do not
    suffer, nor do dA_prev and db, which do not read the input, nor anything at padding 0. np.pad by
    itself pads with zeros.
  输入不是用零填充的:
    正向传播在输入周围读到的是零；这里的反向传播读到的是边界的复制、镜像，或者 1。伸进填充里的核元素因此得
    到了本来应该是零的梯度；其余的核元素不受影响，不读输入的 dA_prev 和 db 也不受影响，填充为 0
    时一概不受影响。np.pad 本来就是用零填充的。
  dW:
    A_prev_pad = np.pad(A_prev, AROUND, mode="edge")  # the border repeated | 重复边界
    A_prev_pad = np.pad(A_prev, AROUND, mode="reflect")  # mirrored, the border once | 镜像，边界不重复
    A_prev_pad = np.pad(A_prev, AROUND, mode="symmetric")  # mirrored, the border twice | 镜像，边界重复一次
    A_prev_pad = np.pad(A_prev, AROUND, mode="wrap")  # wrapped around | 首尾相接
    A_prev_pad = np.pad(A_prev, AROUND, constant_values=1)  # ones | 填 1
kernel-transposed: k_h and k_w are swapped
    A transpose meant to rearrange channels swaps the kernel's rows and columns. Taps on the diagonal k_h
    = k_w are right, the others are taken from the mirrored tap. Kernels that are not square no longer fit
    their window and raise. Put a single 1 into dZ: dA_prev must show
    W, and dW the window of A_prev; the wrong one lies on its side.
  k_h 和 k_w 互换了:
    本来想重新排列通道的转置，把卷积核的行和列换了。对角线 k_h = k_w 上的元素是对的，其余的取自镜像位置。
    不是正方形的卷积核放不进窗口，会报错。在 dZ 里只放一个 1：dA_prev 里应该看到 W，
    dW 里应该看到 A_prev 的窗口；错的那个是躺着的。
  dA_prev:
    dA_prev_pad[i_n, h, w, c] += W[i_c].transpose(1, 0, 2) * dz
    # the kernel that is added to dA_prev | 加到 dA_prev 上的卷积核
    return dW.transpose(0, 2, 1, 3), db, dA_prev  # dW: dW itself | dW 本身
    dA_prev_pad[i_n, h, w, c] += W[i_c].transpose(1, 0, 2).reshape(W[i_c].shape) * dz
    # transposed and read in the old shape | 转置之后按原来的形状读
    return dW.transpose(0, 2, 1, 3).reshape(W.shape), db, dA_prev
    # dW: dW itself, transposed and read in the old shape | dW 本身，转置之后按原来的形状读
    C_out, f_w, f_h, C_k = W.shape
    n_h, n_w, _ = dA_prev_pad[i_n, h, w, c].shape;
    dA_prev_pad[i_n, h, w, c] += W[i_c].transpose(1, 0, 2)[:n_h, :n_w] * dz
    # the window is transposed with the kernel | 窗口和卷积核一起转置了
dZ-not-dilated: no zeros are inserted into dZ  [candle PR #2337]
    As a transposed convolution, dA_prev slides the rotated kernel over dZ with stride 1. That works only
    if dZ's values lie as far apart as the windows did: stride - 1 zeros between neighbours. Without them
    the result is too small, or, filled up to the input's size, squeezed into a corner; with copies of the
    values in their place (np.repeat) every value is sent to several windows. The same holds for dW as a
    correlation of A_prev_pad with dZ. At stride 1 it is right.
  dZ 里没有插入零:
    写成转置卷积时，dA_prev 是让旋转过的卷积核以步幅 1 在 dZ 上滑动。只有 dZ 的值之间的距离和窗口之间的一
    样，这才成立：相邻的值之间要有 stride - 1 个零。没有这些零，结果就太小；如果补到输入的大小，就被挤在一
    个角上；如果用值的复制代替零（np.repeat），每个值就送到了好几个窗口。把 dW 写成 A_prev_pad 与 dZ 的互相
    关时也一样。步幅为 1 时是对的。
  dA_prev:
    dZ_up = dZ  # filled up with zeros before the convolution | 卷积之前用零补齐
    dZ_up = dZ
    dA_prev = INNER  # dA_prev is too small | dA_prev 太小
    dZ_up = dZ
    FITS; dA_prev[:, :fits.shape[1], :fits.shape[2]] = fits
    # placed at the top left of zeros | 放在全零数组的左上角
    dZ_up = dZ
    FITS; down, across = (H_in - fits.shape[1]) // 2, (W_in - fits.shape[2]) // 2;
    dA_prev[:, down:down + fits.shape[1], across:across + fits.shape[2]] = fits
    # placed in the middle of zeros | 放在全零数组的中间
    dZ_up = dZ
    INTO_ZEROS INNER  # too small for the array it is assigned to | 太小，放不进要赋值的数组
    dZ_up = dZ
    dA_prev = dA_full[:, p_t:p_t + H_in, p_l:p_l + W_in]
    # cut by [p:p+H] from too short an array | 用 [p:p+H] 从太短的数组里截取
    dZ_up = dZ.repeat(s_h, 1).repeat(s_w, 2); room = A_prev_pad.shape;
    dZ_up = dZ_up[:, :room[1] - d_h * (f_h - 1), :room[2] - d_w * (f_w - 1)]
    # dW dA_prev: copies in the place of zeros | 用复制代替了零
    dZ_up = dZ
    dW = dW_valid  # dW: dW is too large | dW 太大
    dZ_up = dZ
    dW = np.zeros(W.shape); dW[:] = dW_valid  # dW: dW too large for its array | dW 太大，放不进它的数组
remainder-lost: rows that no window reaches are not restored  [backpack#30; CMU10-714#6]
    If (H + 2p - f) is not a multiple of the stride, the last rows of the padded input are in no window.
    The transposed form has only the rows that are in one: its result lacks the remainder. It must be
    added at the bottom and right as zeros, before the crop. Added elsewhere or after the crop, it shifts
    the gradient or loses its last rows. dW as a correlation is too large by the same number of taps.
    Sizes that tile exactly hide it.
  没有窗口碰到的行没有补回来:
    如果 (H + 2p - f) 不是步幅的倍数，填充后的输入的最后几行就不在任何窗口里。转置卷积的写法只知道窗口里的
    行：它的结果缺少余下的部分，必须在裁剪之前用零补在下边和右边。补在别处，或者裁剪之后再补，梯度就会移
    位，或者丢掉最后几行。写成互相关的 dW 则会多出同样多的元素。尺寸正好整除时看不出来。
  dA_prev:
    dA_prev = INNER  # dA_prev is too small | dA_prev 太小
    FITS; dA_prev[:, :fits.shape[1], :fits.shape[2]] = fits
    # zeros at the end, after the crop | 裁剪之后在末尾补零
    FITS; dA_prev[:, H_in - fits.shape[1]:, W_in - fits.shape[2]:] = fits
    # zeros at the start, after the crop | 裁剪之后在开头补零
    FITS; down, across = (H_in - fits.shape[1]) // 2, (W_in - fits.shape[2]) // 2;
    dA_prev[:, down:down + fits.shape[1], across:across + fits.shape[2]] = fits
    # zeros on both sides, after the crop | 裁剪之后在两边补零
    dA_prev_pad[:, -H_full:, -W_full:] = dA_full  # zeros at the start, before the crop | 裁剪之前在开头补零
    dA_prev = dA_full[:, p_t:p_t + H_in, p_l:p_l + W_in]
    # cut by [p:p+H] from too short an array | 用 [p:p+H] 从太短的数组里截取
    INTO_ZEROS INNER  # too small for the array it is assigned to | 太小，放不进要赋值的数组
    dW = dW_valid  # dW: dW has too many taps | dW 的元素太多
    dW = dW_valid[:, -f_h:, -f_w:]  # dW: dW's last taps are taken | 取了 dW 末尾的元素
    dW = np.zeros(W.shape); dW[:] = dW_valid  # dW: dW too large for its array | dW 太大，放不进它的数组
axes-swapped: H and W are swapped  [np-conv2d PR #2; NNPACK#15]
    Rows are used where columns belong: in the window's corner, in the loops' ranges, in the strides or
    dilations, in the padding, in the kernel's size or in the crop. On a square input the loops still fit,
    and symmetric data even gives the right numbers. With H different from W, windows leave the array: an
    exception, or slices that are silently cut. Test with an input such as 7x10.
  H 和 W 互换了:
    该用列的地方用了行：窗口的左上角、循环的范围、步幅、膨胀、填充、卷积核的大小，或者裁剪。输入是正方形时循环照
    样合适，数据对称时连数都是对的。H 和 W 不同时，窗口会跑出数组：要么报错，要么切片悄悄变短。请用 7x10
    这样的输入来测试。
  dW dA_prev:
    h_start, w_start = i_w * s_h, i_h * s_w  # the window's corner (and with windows cut off) | 窗口的左上角
    h_start, w_start = i_w * s_w, i_h * s_h
    # the window's corner with its stride (and with windows cut off) | 窗口的左上角连同步幅
    h_start, w_start = i_h * s_w, i_w * s_h  # the strides (and with windows cut off) | 步幅
    h_start, w_start = i_h * s_w, i_w * s_h
    h = h_start + d_h * np.arange(f_h)[:, np.newaxis]
    w = w_start + d_w * np.arange(f_w)  # the strides, cells are taken by index | 步幅，逐个格子按下标取值
    (s_h, s_w), (d_w, d_h) = stride, dilation  # the dilations (and with windows cut off) | 膨胀
    (p_l, p_r), (p_t, p_b) = padding
    CUT  # the paddings, windows cut off | 填充，窗口被切掉
    C_out, f_w, f_h, C_k = W.shape  # the kernel's height and width | 卷积核的高和宽
    for i_h in range(W_out):
    for i_w in range(H_out):  # dW db dA_prev: the loops' ranges | 循环的范围
    for i_w in range(H_out):  # dW db dA_prev: H_out in both loops | 两层循环都用 H_out
    for i_h in range(W_out):  # dW db dA_prev: W_out in both loops | 两层循环都用 W_out
    dA_prev = dA_prev_pad[:, p_t:p_t + W_in, p_l:p_l + H_in]  # dA_prev: the crop | 裁剪
    N, W_in, H_in, C_in = A_prev.shape  # dA_prev: the sizes of dA_prev | dA_prev 的尺寸
dZ-transposed: dZ is indexed by (i_w, i_h)
    The window is right but the upstream value belongs to the mirrored place. Values on the diagonal i_h =
    i_w are where they belong, and db does not suffer: its sum does not care about the order. If dZ is not
    square, the index leaves the array and raises, unless dZ was reshaped to (W_out, H_out) first.
  dZ 按 (i_w, i_h) 取值:
    窗口是对的，但上游的值属于镜像的位置。对角线 i_h = i_w 上的值没有错位，db 不受影响，因为求和不在乎顺序。
    如果 dZ 不是正方形，下标会越界报错，除非 dZ 先被 reshape 成了 (W_out, H_out)。
  dW dA_prev:
    dz = dZ[i_n, i_w, i_h, i_c]  # dW db dA_prev:
    SIZES; dZ = dZ.reshape(N, W_out, H_out, -1)
    dz = dZ[i_n, i_w, i_h, i_c]  # after a reshape to (W_out, H_out) | reshape 成 (W_out, H_out) 之后
    dZ = dZ.transpose(0, 2, 1, 3).reshape(dZ.shape); SIZES
    # transposed and read in the old shape | 转置之后按原来的形状读
    dZ = dZ.transpose(0, 2, 1, 3); SIZES
    # dZ is transposed before the loops (and with windows cut off) | 循环之前转置了 dZ
db-wrong-axes: db is summed over the wrong axes  [deeplearning4j#8280]
    db has one number for each filter: dZ summed over everything but the channels. Which axes those are
    depends on the layout: (0, 1, 2) with channels last, (0, 2, 3) with channels first. Other axes leave
    samples, rows or columns standing, or sum the channels away. The wrong shape gives it away unless
    sizes happen to be equal or the result is broadcast into db.
  db 在错误的轴上求和:
    db 对每个卷积核有一个数：dZ 对通道以外的所有轴求和。是哪些轴取决于布局：通道在最后时是 (0, 1, 2)，通道
    在前时是 (0, 2, 3)。用了别的轴，要么留下了样本、行或列，要么把通道也加掉了。形状不对会暴露它，除非尺寸
    碰巧相等，或者结果被广播进了 db。
  db:
    return dW, dZ.sum(axis=(1, 2)), dA_prev  # not summed over samples | 没有对样本求和
    return dW, np.full(C_out, dZ.sum()), dA_prev
    # the sum over all channels in each of them | 每个通道里都是所有通道的和
    return dW, dZ.sum(), dA_prev  # summed over everything | 所有的轴都加在了一起
    return dW, dZ.sum(axis=(0, 2)), dA_prev  # not summed over rows | 没有对行求和
    return dW, dZ.sum(axis=(0, 1)), dA_prev  # not summed over columns | 没有对列求和
    return dW, dZ.sum(axis=0), dA_prev  # summed over samples only | 只对样本求和
    return dW, dZ.sum(axis=0).transpose(2, 0, 1), dA_prev
    # summed over samples only, channels first | 只对样本求和，通道在前
    return dW, dZ.sum(axis=(1, 2, 3)), dA_prev  # one number per sample | 每个样本一个数
    return dW, dZ.sum(axis=(0, 2, 3)), dA_prev  # one number per row | 每行一个数
    return dW, dZ.sum(axis=(0, 1, 3)), dA_prev  # one number per column | 每列一个数
    return dW, dZ.sum(axis=(0, 3)), dA_prev  # one number per position | 每个位置一个数
    return dW, dZ, dA_prev  # not summed at all | 完全没有求和
averaged: an average is taken that does not belong here  [cTensor#3]
    A convolution's backward only sums. The 1/N of a loss averaged over the batch comes in with dZ;
    dividing again makes a gradient N times too small. Dividing by the number of positions or of taps is the
    same slip. Directions are right, so training works, slowly. The ratio to the right gradient is one
    number for all cells.
  多取了一次平均:
    卷积的反向传播只求和。损失在批上取平均时的 1/N 已经在 dZ 里；再除一次，梯度就小了 N 倍。除以位置数或者
    核元素数也是同样的错误。方向是对的，所以训练能进行，只是很慢。与正确梯度的比值在所有格子上是同一个数。
  dW db dA_prev:
    return each @ / N  # divided by N | 除以了 N
    return each @ / (H_out * W_out)  # divided by H_out*W_out | 除以了 H_out*W_out
    return each @ / (N * H_out * W_out)  # divided by N*H_out*W_out | 除以了 N*H_out*W_out
    return each @ / (f_h * f_w)  # divided by F_h*F_w | 除以了 F_h*F_w
    return each @ / C_out  # divided by C_out | 除以了 C_out
    return each @ / C_in  # divided by C_in | 除以了 C_in
""")
