"""Mistakes that are met in most code once at the most, or that the numbers of one call do not show."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistakes

BUGS = mistakes("""
integer-truncation: fractions are lost in integer buffers  [numpy#16578]
    Every value that is stored in an array of integers loses its fraction. zeros_like makes one if its
    argument is one, which floating-point inputs hide; np.full(shape, 0) always does. With += on a slice
    NumPy raises instead; cell by cell it truncates silently.
  小数部分丢在了整数数组里:
    存进整数数组的每个值都会丢掉小数部分。参数是整数数组时 zeros_like 就会得到整数数组（输入是浮点数时看不出
    来）；np.full(shape, 0) 则总是这样。在切片上用 += 时 NumPy 会报错；逐个格子写入时则悄悄截断。
  dW db dA_prev:
    dW = np.zeros_like(W)
    dA_prev_pad = np.zeros_like(A_prev_pad)
    dW[i_c] = dW[i_c] + a_slice * dz
    dA_prev_pad[i_n, h, w, c] = dA_prev_pad[i_n, h, w, c] + W[i_c] * dz
    # dW dA_prev: with integer inputs, at every step | 输入是整数时，在每一步
    dA_prev_pad = np.zeros_like(A_prev_pad)
    w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w);
    dz_g, W_g = dZ[i_n, i_h, i_w].reshape(groups, -1), W.reshape(groups, -1, f_h, f_w, C_k);
    da_slice = np.einsum("go,gohwk->hwgk", dz_g, W_g).reshape(f_h, f_w, C_in);
    dA_prev_pad[i_n, h, w] = dA_prev_pad[i_n, h, w] + da_slice
    dA_prev_pad[i_n, h, w, c]  # dA_prev: with integer inputs, at every window | 输入是整数时，在每个窗口
    return dW.astype(W.dtype), db, dA_prev.astype(A_prev.dtype)
    # dW dA_prev: with integer inputs, at the end | 输入是整数时，在最后
    dW = np.zeros_like(W)
    dA_prev_pad = np.zeros_like(A_prev_pad)
    # dW dA_prev: with integer inputs, += raises | 输入是整数时，+= 报错
    dW = np.zeros(W.shape, int)
    db = np.zeros(C_out, int)
    dA_prev_pad = WHOLE_NUMBERS
    dW[i_c] = dW[i_c] + a_slice * dz
    dA_prev_pad[i_n, h, w, c] = dA_prev_pad[i_n, h, w, c] + W[i_c] * dz
    db[i_c] = db[i_c] + dz  # at every step | 在每一步
    dA_prev_pad = WHOLE_NUMBERS
    w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w);
    dz_g, W_g = dZ[i_n, i_h, i_w].reshape(groups, -1), W.reshape(groups, -1, f_h, f_w, C_k);
    da_slice = np.einsum("go,gohwk->hwgk", dz_g, W_g).reshape(f_h, f_w, C_in);
    dA_prev_pad[i_n, h, w] = dA_prev_pad[i_n, h, w] + da_slice
    dA_prev_pad[i_n, h, w, c]  # dA_prev: at every window | 在每个窗口
    return each np.trunc(@)  # at the end | 在最后
    return each np.floor(@)  # at the end, rounded down | 在最后，向下取整
    return each np.round(@)  # at the end, rounded | 在最后，四舍五入
    dz = int(dZ[i_n, i_h, i_w, i_c])  # in dZ, before anything else | 在 dZ 里，一开始就丢了
groups-ignored: a group uses channels of another group  [pytorch#51430]
    In a grouped convolution a filter sees only its group's input channels: the block that starts at group
    * C_in / groups. Without that offset every filter uses the first block; counted in filters, with
    channels or filters dealt out in turn, or with the group found by i_c % groups, it uses others; what is
    left over from a loop over the groups is the last one's. With groups = 1 all is right.
  一个组用了别的组的通道:
    分组卷积里，一个卷积核只看自己那一组的输入通道：从 group * C_in / groups 开始的那一块。没有这个偏移，
    每个卷积核都用第一块；如果偏移按卷积核数，如果通道或卷积核是轮流分配的，或者用 i_c % groups 求组号，用
    的就是别的通道；对各组的循环结束后剩下的，是最后一组的。groups = 1 时全都对。
  dW dA_prev:
    c_start = 0  # every group reads the first block | 每个组都读第一块
    c = slice(i_c // (C_out // groups), None, groups)  # channels are dealt out in turn | 通道轮流分给各组
    c_start = i_c % groups * C_k  # a filter's group is i_c % groups | 卷积核的组号取成了 i_c % groups
    c_start = i_c // (C_out // groups)  # the offset is the group's number | 偏移取成了组号
    c_start = i_c // (C_out // groups) * (C_out // groups)  # the offset counts filters | 偏移按卷积核数
    c_start = min(i_c // (C_out // groups) * (C_out // groups), C_in - C_k)
    # the offset counts filters, up to the last block | 偏移按卷积核数，最多到最后一块
    dz = dZ[i_n, i_h, i_w, i_c % (C_out // groups) * groups + i_c // (C_out // groups)]
    # dW db dA_prev: filters are dealt out in turn | 卷积核轮流分给各组
    last = drows.reshape(N, H_out, W_out, f_h, f_w, C_k); dcolumns[...] = np.tile(last, groups)
    # dA_prev: the last group's share goes to every group | 每个组都得到最后一组的那一份
dilation-ignored: the window is dense although the convolution is dilated
    A dilated kernel looks at every dilation-th cell, so its window reaches over dilation * (f - 1) + 1
    rows. A dense slice of f rows has the right shape and the wrong cells: only the tap at (0, 0) is at
    its place. Nothing is raised, and at dilation 1 it is right.
  卷积是膨胀的，窗口却是密的:
    膨胀的卷积核每隔 dilation 个格子看一个，所以它的窗口跨 dilation * (f - 1) + 1 行。连续取 f 行，形状是
    对的，格子却是错的：只有 (0, 0) 那个元素在正确的位置。不会报错，膨胀为 1 时是对的。
  dW dA_prev:
    h = slice(h_start, h_start + f_h)
    w = slice(w_start, w_start + f_w)  #
    h = slice(h_start, h_start + f_h)  # along H only | 只沿 H
    w = slice(w_start, w_start + f_w)  # along W only | 只沿 W
state-kept: the accumulators are not cleared between calls  [micrograd PR #102]
    The arrays that collect the gradients outlive the call: attributes of a layer, globals, or a default
    argument. The first call is right, every later one adds to what the calls before left. Call twice with
    the same inputs: the second result must equal the first.
  两次调用之间没有清空累加器:
    收集梯度的数组在调用之后还留着：层的属性、全局变量，或者默认参数。第一次调用是对的，之后每一次都加在前
    面留下的东西上。用同样的输入调用两次：第二次的结果应该等于第一次的。
  wrong:
    self.dW += a_slice * dz  # self.dW is made once, not in every backward
  right:
    self.dW = np.zeros_like(W)  # at the start of every backward
mutates-input: an input is changed in place  [caffe#2015]
    In-place operators and assignments into a slice write to the caller's array. The call itself may
    return right gradients, and whoever uses dZ, A_prev or W afterwards gets wrong ones. Compare every
    input before and after the call; work on a copy, or write to a new array.
  就地修改了输入:
    就地运算和对切片的赋值会写进调用者的数组。这次调用返回的梯度可能是对的，但之后再用 dZ、A_prev 或 W 的
    人得到的就是错的。比较每个输入在调用前后的值；请在副本上计算，或者写进新的数组。
  wrong:
    dZ *= scale  # dZ is the caller's array
  right:
    dZ = dZ * scale
dZ-index-strided: dZ is indexed with the stride  [survey]
    The stride turns an output position into an input position; dZ is indexed by output positions and
    needs none. Multiplied there, it asks for rows that dZ does not have (an IndexError), or, in loops
    that step by the stride, it uses only every stride-th value and drops the others. At stride 1 it is
    right.
  dZ 的下标乘了步幅:
    步幅把输出位置变成输入位置；dZ 本身就按输出位置存放，不需要步幅。乘上步幅，就会去取 dZ 没有的行
    （IndexError）；如果循环按步幅前进，就只用到每隔 stride 个的值，其余的都丢了。步幅为 1 时是对的。
  dW db dA_prev:
    dz = dZ[i_n, i_h * s_h, i_w * s_w, i_c]  #
    for i_h in range(-(-H_out // s_h)):
    for i_w in range(-(-W_out // s_w)):
    dz = dZ[i_n, i_h * s_h, i_w * s_w, i_c]
    # every stride-th value, positions that dZ does not have are skipped \
| 每隔 stride 个取一个值，dZ 没有的位置跳过
    for i_h in range(0, H_out, s_h):
    for i_w in range(0, W_out, s_w):  # the loops step over dZ by the stride | 循环在 dZ 上按步幅前进
crop-wrong-axes: the crop cuts the wrong axes  [survey]
    Slices count axes from the left, so the crop for an array without a batch axis, or in another layout,
    cuts samples or channels. Height or width keeps its padding and the other axis loses entries, often
    all of them. At padding 0 it is right if the slice is guarded there. Print the shape before and after
    the crop.
  裁剪切错了轴:
    切片从左边数轴，所以为没有批轴的数组写的裁剪，或者为别的布局写的裁剪，会切到样本或通道。高或宽仍然带着
    填充，另一个轴却少了一些，往往一个也不剩。如果填充为 0 时不裁剪，那时就是对的。请打印裁剪前后的形状。
  dA_prev:
    dA_prev = dA_prev_pad[p_t:-p_b, p_l:-p_r]  # N and H of NHWC | NHWC 的 N 和 H
    dA_prev = dA_prev_pad[:, :, p_t:-p_b, p_l:-p_r]  # W and C of NHWC | NHWC 的 W 和 C
    dA_prev = dA_prev_pad[:, p_l:-p_r, :, p_t:-p_b]  # C and H of NCHW | NCHW 的 C 和 H
    dA_prev = dA_prev_pad[p_t:-p_b, :, :, p_l:-p_r]  # N and C of NCHW | NCHW 的 N 和 C
    dA_prev = dA_prev_pad[p_t:-p_b or None, p_l:-p_r or None]
    # N and H of NHWC, if p > 0 | NHWC 的 N 和 H，当 p > 0
    dA_prev = dA_prev_pad[:, :, p_t:-p_b or None, p_l:-p_r or None]
    # W and C of NHWC, if p > 0 | NHWC 的 W 和 C，当 p > 0
    dA_prev = dA_prev_pad[:, p_l:-p_r or None, :, p_t:-p_b or None]
    # C and H of NCHW, if p > 0 | NCHW 的 C 和 H，当 p > 0
    dA_prev = dA_prev_pad[p_t:-p_b or None, :, :, p_l:-p_r or None]
    # N and C of NCHW, if p > 0 | NCHW 的 N 和 C，当 p > 0
    dA_prev = dA_prev_pad[p_t:p_t + H_in, p_l:p_l + W_in]
    # [p:p+H, p:p+W] of N and H of NHWC | 在 NHWC 的 N 和 H 上取 [p:p+H, p:p+W]
    dA_prev = dA_prev_pad[:, :, p_t:p_t + H_in, p_l:p_l + W_in]
    # [p:p+H, p:p+W] of W and C of NHWC | 在 NHWC 的 W 和 C 上取 [p:p+H, p:p+W]
    dA_prev = dA_prev_pad[:, p_l:p_l + W_in, :, p_t:p_t + H_in]
    # [p:p+H, p:p+W] of C and H of NCHW | 在 NCHW 的 C 和 H 上取 [p:p+H, p:p+W]
    dA_prev = dA_prev_pad[p_t:p_t + H_in, :, :, p_l:p_l + W_in]
    # [p:p+H, p:p+W] of N and C of NCHW | 在 NCHW 的 N 和 C 上取 [p:p+H, p:p+W]
batch-hardcoded: a batch size is hard-coded  [survey]
    The number of samples is a constant from the test at hand, in a range or a reshape. Smaller batches
    raise, larger ones raise in a reshape or leave the remaining samples out. With exactly that batch size
    everything is right. Take the size from A_prev.shape.
  批的大小写死了:
    样本数是写在 range 或 reshape 里的常数，取自手头的测试。批更小会报错；批更大，要么在 reshape 时报错，
    要么漏掉其余的样本。正好是那个大小时全都对。请从 A_prev.shape 取大小。
  dW db dA_prev:
    for i_n in range(2):  # a batch of 2; later samples are left out | 批为 2，后面的样本漏掉了
    for i_n in range(1):  # a batch of 1; later samples are left out | 批为 1，后面的样本漏掉了
    dZ = dZ.reshape(1, *dZ.shape[1:]); SIZES  # a batch of 1; others raise | 批为 1，别的大小报错
    dZ = dZ.reshape(2, *dZ.shape[1:]); SIZES  # a batch of 2; others raise | 批为 2，别的大小报错
db-shape: db has the right values in the wrong shape  [survey]
    Every number is right, but axes of length 1 were kept, or the values were repeated over rows, columns
    or samples. An update such as b -= rate * db may then broadcast b to a matrix, far from here. A db of
    (C_out,) is right, and (1, 1, 1, C_out) if b has that shape.
  db 的值是对的，形状不对:
    每个数都是对的，但保留了长度为 1 的轴，或者在行、列、样本上重复了这些值。之后 b -= rate * db 这样的更
    新可能把 b 广播成矩阵，出错的地方离这里很远。db 的形状应该是 (C_out,)；如果 b 是 (1, 1, 1, C_out)，那
    么 db 也可以是。
  db:
    return dW, db.reshape(-1, 1), dA_prev  # (C_out, 1)
    return dW, db.reshape(1, -1), dA_prev  # (1, C_out)
    return dW, db.reshape(1, 1, -1), dA_prev  # (1, 1, C_out)
    return dW, db.reshape(-1, 1, 1), dA_prev  # (C_out, 1, 1)
    return dW, db.reshape(-1, 1, 1, 1), dA_prev  # (C_out, 1, 1, 1)
    return dW, np.broadcast_to(db, (H_out, W_out, C_out)), dA_prev
    # repeated over every position | 在每个位置上重复
    return dW, np.broadcast_to(db, dZ.shape), dA_prev  # repeated in the shape of dZ | 重复成 dZ 的形状
    return dW, np.broadcast_to(db, (N, C_out)), dA_prev  # repeated for every sample | 对每个样本重复
    return dW, np.broadcast_to(db, (C_out, C_out)), dA_prev  # repeated for every channel | 对每个通道重复
wrong-order: the gradients are returned in another order
    Each gradient is right, but not where the caller looks for it. The article returns dW, db, dA_prev;
    the courses return dA_prev, dW, db. Everything seems wrong, and the shapes are those of the other
    gradients. Compare the shapes with W, b and A_prev.
  返回梯度的顺序不对:
    每个梯度都是对的，只是不在调用者要找的位置上。文章返回 dW, db, dA_prev；课程作业返回 dA_prev, dW, db。
    看起来全都错了，形状却是别的梯度的形状。把形状和 W、b、A_prev 的比一比。
  wrong:
    return dA_prev, dW, db
  right:
    return dW, db, dA_prev
forward-wrong: the forward it is paired with is wrong  [deeplearning.ai t/209979]
    A backward can be the exact derivative of its own forward and still differ from the reference, because
    that forward is not this convolution: the bias is inside the sum, the padding or the stride differs,
    or the cache holds changed arrays. Fix the forward first; check it alone on the same problem.
  与它配对的正向传播是错的:
    反向传播可以是它自己的正向传播的精确导数，却仍然和参考不同，因为那个正向传播算的不是这个卷积：偏置加在
    了求和里面，填充或步幅不一样，或者缓存里的数组被改过。先改正向传播；单独在同一个问题上检验它。
  wrong:
    Z[i_n, i_h, i_w, i_c] = np.sum(a_slice * W[i_c] + b[i_c])
  right:
    Z[i_n, i_h, i_w, i_c] = np.sum(a_slice * W[i_c]) + b[i_c]
dZ-rotated: dZ is rotated  [an old PyTorch tutorial]
    convolve2d turns its second argument by 180° before it slides it, so convolve2d(A_prev_pad, dZ) pairs
    every window with the value of dZ from the mirrored place. A forward that correlates needs dW as a
    correlation too: correlate2d(A_prev_pad, dZ). The shape is right and nothing is raised. A dZ of ones,
    or a single output position, hides it.
  dZ 被旋转了:
    convolve2d 在滑动之前先把第二个参数旋转 180°，所以 convolve2d(A_prev_pad, dZ) 给每个窗口配上的是 dZ 镜
    像位置的值。正向传播做的是互相关，dW 也就要用互相关：correlate2d(A_prev_pad, dZ)。形状是对的，也不报
    错。dZ 全是 1，或者只有一个输出位置时，看不出来。
  dW:
    dz = dZ[i_n, -1 - i_h, -1 - i_w, i_c]  #
    dz = dZ[i_n, -1 - i_h, -1 - i_w, i_c]  # dA_prev: where dA_prev is made | 算 dA_prev 的时候
mask-from-gradient: the mask of a ReLU is taken from the gradient  [ConvReLU layers]
    What a ReLU behind the convolution lets through is decided in the forward, by the sign of its output. Here
    the gradient is asked for its own sign: negative values are lost, and those of outputs that never passed
    come through. A dZ of ones hides the first. Keep the mask of the forward, Z > 0, and write dZ * mask.
  ReLU 的掩码取自梯度:
    卷积后面的 ReLU 让什么通过，是正向传播时由输出的符号决定的。这里看的却是梯度自己的符号：负的值丢了，没有通
    过的输出的值却通过了。dZ 全是 1 时看不出前一种错。请保留正向传播时的掩码 Z > 0，写成 dZ * mask。
  dW db dA_prev:
    dz = max(dZ[i_n, i_h, i_w, i_c], 0)  #
conjugate-missing: the conjugate of a transform is missing  [spectral layers]
    A correlation is the product of one Fourier transform with the conjugate of the other: for dW, of that
    of A_prev_pad with the conjugate of dZ's. Without the conjugate it is a convolution: dW[k] pairs dZ[i]
    with the input at k - i instead of k + i, and where that is negative, with the far end of the array, or
    with nothing. The shape is right and nothing is raised. With a single output position both are the same.
  少了傅里叶变换的共轭:
    互相关是一个傅里叶变换乘以另一个的共轭：对 dW 来说，是 A_prev_pad 的变换乘以 dZ 的变换的共轭。没有共
    轭，得到的就是卷积：dW[k] 里 dZ[i] 配的是 k - i 处的输入，而不是 k + i 处的；k - i 是负数时，配的是数组
    的另一端，或者什么也没有。形状是对的，也不报错。只有一个输出位置时两者相同。
  dW:
    at_h, at_w = d_h * np.arange(f_h) - h_start, d_w * np.arange(f_w) - w_start;
    a_slice = A_prev_pad[i_n, at_h[:, np.newaxis], at_w, c]
    # around the array's end | 绕过数组的末尾
    at_h, at_w = d_h * np.arange(f_h) - h_start, d_w * np.arange(f_w) - w_start;
    a_slice = A_prev_pad[i_n, at_h[:, np.newaxis], at_w, c];
    a_slice = a_slice * (at_h >= 0)[:, np.newaxis, np.newaxis] * (at_w >= 0)[:, np.newaxis]
    # with zeros beyond the array | 数组之外是零
columns-order: the columns of im2col and the kernel run in different orders  [NHWC im2col layers]
    im2col writes every window as one row, and the kernel is flattened to match. If one of them runs
    channel by channel and the other tap by tap, or filters and taps change places in a reshape, numbers
    meet that belong to different taps. Shapes fit and nothing is raised. With one channel and one filter
    it does not show. Reshape only into the axes that were flattened, in their order, and transpose after
    that.
  im2col 的列和卷积核展开的顺序不同:
    im2col 把每个窗口写成一行，卷积核要按同样的顺序展开。如果一边按通道、另一边按卷积核格子展开，或者
    reshape 时卷积核的编号和格子换了位置，遇到一起的数就属于不同的格子。形状相符，也不报错。只有一个通道、
    一个卷积核时看不出来。reshape 只能回到展开前的那些轴，按原来的顺序，然后再转置。
  dW dA_prev:
    rows = columns[..., c].transpose(0, 1, 2, 5, 3, 4).reshape(N * H_out * W_out, f_h * f_w * C_k)
    dcolumns[..., c] = drows.reshape(N, H_out, W_out, C_k, f_h, f_w).transpose(0, 1, 2, 4, 5, 3)
    # columns run channel by channel, kernels tap by tap | 列按通道展开，卷积核按格子展开
    dW[i_c] = dW_rows.reshape(-1, C_k, f_h, f_w).transpose(0, 2, 3, 1)
    W_rows = W[i_c].transpose(0, 3, 1, 2).reshape(-1, f_h * f_w * C_k)
    # columns run tap by tap, kernels channel by channel | 列按格子展开，卷积核按通道展开
    product = dW_rows.reshape(-1, f_h, f_w, C_k).transpose(3, 1, 2, 0);
    dW[i_c] = product.reshape(-1, C_k, f_h, f_w).transpose(0, 2, 3, 1)
    kernel = W[i_c].transpose(0, 3, 1, 2).reshape(C_k, f_h, f_w, -1);
    W_rows = kernel.transpose(3, 1, 2, 0).reshape(-1, f_h * f_w * C_k)
    # filters and taps change places in a reshape, filters first \
| reshape 时卷积核的编号和格子换了位置，编号在前
    dW[i_c] = dW_rows.reshape(f_h, f_w, C_k, -1).transpose(3, 0, 1, 2)
    W_rows = W[i_c].transpose(1, 2, 3, 0).reshape(-1, f_h * f_w * C_k)
    # filters and taps change places in a reshape, filters last \
| reshape 时卷积核的编号和格子换了位置，编号在后
rows-order: rows of im2col and of dZ run in different orders  [code after a book]
    In im2col a row is one window of one sample. If one matrix lists its rows sample by sample and the
    other place by place, or dZ is reshaped without moving its channels to the end first, windows meet the
    dZ of another place. Shapes fit and nothing is raised. Move the axes first, then reshape; test with a
    batch of two different samples and two filters.
  im2col 的行和 dZ 的行顺序不同:
    在 im2col 里，一行是一个样本的一个窗口。如果一个矩阵的行按样本排，另一个按位置排，或者 dZ 没有先把通道
    移到最后就 reshape，窗口就会遇上别的位置的 dZ。形状相符，也不报错。先移动轴，再 reshape；用两个不同的
    样本、两个卷积核来测试。
  dW dA_prev:
    rows = columns[..., c].transpose(1, 2, 0, 3, 4, 5).reshape(N * H_out * W_out, f_h * f_w * C_k)
    # dW: columns by place, dZ by sample | 列矩阵按位置排，dZ 按样本排
    dcolumns[..., c] = drows.reshape(H_out, W_out, N, f_h, f_w, C_k).transpose(2, 0, 1, 3, 4, 5)
    # dA_prev: columns by place, dZ by sample, in dA_prev | 列矩阵按位置排，dZ 按样本排，在 dA_prev 里
    dZ_rows = dZ.transpose(1, 2, 0, 3).reshape(N * H_out * W_out, C_out)
    # dZ by place, columns by sample | dZ 按位置排，列矩阵按样本排
    dZ_rows = dZ.transpose(0, 3, 1, 2).reshape(C_out, -1).T
    # dW db dA_prev: dZ (N, C, H, W) is reshaped to (C, …) as it is | dZ (N, C, H, W) 直接 reshape 成 (C, …)
    dZ_rows = dZ.transpose(0, 3, 1, 2).reshape(-1, C_out)
    # dW db dA_prev: dZ (N, C, H, W) is reshaped to (…, C) as it is | dZ (N, C, H, W) 直接 reshape 成 (…, C)
    dZ_rows = dZ.reshape(C_out, -1).T
    # dW db dA_prev: dZ (N, H, W, C) is reshaped to (C, …) as it is | dZ (N, H, W, C) 直接 reshape 成 (C, …)
gradient-clipped: gradients are clipped inside the backward  [notebooks]
    Values beyond a limit are cut off, or the gradient is scaled down to a norm, before it is returned.
    That belongs to the optimizer: the backward's result is then not the derivative, and layers below get
    a gradient that does not fit. Small gradients are right, which is why it passes most tests. Call it
    with dZ and with 10 * dZ: the second result must be ten times the first.
  反向传播里裁剪了梯度:
    返回之前，超过界限的值被截断，或者整个梯度被缩小到某个范数。这是优化器的事：这样一来，反向传播的结果就
    不再是导数，下面的层得到的梯度也对不上。小的梯度是对的，所以大多数测试都能通过。用 dZ 和 10 * dZ 各调
    用一次：第二个结果必须是第一个的十倍。
  dW db dA_prev:
    return each np.clip(@, -LIMIT, LIMIT)  # values, at LIMIT of 1 5 10 | 数值，界限 LIMIT
    scale = lambda array: min(LIMIT / np.linalg.norm(array), 1);
    return each @ * scale(@)  # the norm of each, at LIMIT of 1 5 10 | 各自的范数，界限 LIMIT
    norm = np.sqrt((dW**2).sum() + (db**2).sum() + (dA_prev**2).sum()); k = min(LIMIT / norm, 1);
    return each @ * k  # the norm of all three, at LIMIT of 1 5 10 | 三个合起来的范数，界限 LIMIT
    norm = np.sqrt((dW**2).sum() + (db**2).sum()); k = min(LIMIT / norm, 1); return dW * k, db * k, dA_prev
    # dW db: the norm of dW and db together, at LIMIT of 1 5 10 | dW 和 db 合起来的范数，界限 LIMIT
""")
