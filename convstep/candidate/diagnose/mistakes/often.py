"""The mistakes that people make most, commonest first."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistakes

BUGS = mistakes("""
crop-zero-slice: [p:-p] is empty when the padding is 0  [HIPS/autograd#431; most public course solutions]
    In Python -0 is 0, so with p = 0 the slice [p:-p] is [0:0]: empty, where the whole array was meant.
    Returned, it is a gradient without cells; assigned to dA_prev[i_n], it raises because shapes do not
    fit. With any padding it is right, which is why tests at padding 1 pass. Write the end of the slice as
    p + H.
  填充为 0 时 [p:-p] 是空的:
    在 Python 里 -0 就是 0，所以 p = 0 时切片 [p:-p] 就是 [0:0]：本来要整个数组，得到的却是空的。直接返
    回，就是一个没有格子的梯度；赋给 dA_prev[i_n]，就会因为形状不符而报错。只要有填充它就是对的，所以填充
    为 1 的测试能通过。切片的终点请写成 p + H。
  dA_prev:
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r]  # an empty array is returned | 返回了空数组
    INTO_ZEROS dA_prev_pad[:, p_t:-p_b, p_l:-p_r]  # assigning the empty array raises | 把空数组赋过去时报错
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:p_l + W_in]  # along H only | 只沿 H
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:-p_r]  # along W only | 只沿 W
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r] if p_t or p_l else dA_prev_pad
    # where one axis is padded and the other is not | 一个轴有填充，另一个没有时
    INTO_ZEROS dA_prev_pad[:, p_t:-p_b, p_l:-p_r] if p_t or p_l else dA_prev_pad
    # where one axis is padded and the other is not, assigning raises | 一个轴有填充，另一个没有时，赋值就报错
    INTO_ZEROS dA_prev_pad[:, p_t:-p_b if p_l else H_in + p_t, p_l:p_l + W_in]
    # along H only, where W is padded, assigning raises | 只沿 H，而 W 有填充，赋值时报错
    INTO_ZEROS dA_prev_pad[:, p_t:p_t + H_in, p_l:-p_r if p_t else W_in + p_l]
    # along W only, where H is padded, assigning raises | 只沿 W，而 H 有填充，赋值时报错
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r] if not p_t and not p_l else \
dA_prev_pad[:, p_t:p_t + H_in, p_l:p_l + W_in]
    # where nothing is padded, and rightly where the ends differ | 什么都不填充时；两端不同时则是对的
same-padding-off-by-one: the "same" padding is one too wide  [29 of 84 ALX solutions]
    The formula for "same" padding is meant to round up, but adds one also where the division leaves
    nothing to round, or where it has rounded up already. Every window then starts one row and one
    column too early, and the crop takes the same step, so shapes are right and nothing is raised. The
    result disagrees with the forward pass that produced dZ. Compare the padding with the one Z's size
    implies.
  "same" 填充多了一格:
    "same" 填充的公式本来是要向上取整，但在正好整除的地方，或者已经取整过的地方，也加了 1。于是每个窗口
    都早开始一行一列，裁剪也跟着挪了一格，所以形状是对的，也不报错。结果和产生 dZ 的正向传播对不上。把填
    充和 Z 的尺寸所要求的比一比。
  dW dA_prev:
    PADDING = np.add(padding, 1)  # always | 总是这样
    PADDING = np.add(padding, same)  # where the padding is "same" | 只要填充是 "same" 就是这样
    PADDING = [[((n - 1) * s + f - n) // 2 + 1] * 2 \
for n, s, f in zip(A_prev.shape[1:3], stride, W.shape[1:3])] if same else padding
    # and rightly where it rounds up | 该向上取整时则是对的
    PADDING = np.add(padding, [[1], [0]])  # along H only | 只沿 H
    PADDING = np.add(padding, [[0], [1]])  # along W only | 只沿 W
    PADDING = np.add(padding, same)
    for i_h in range((p_t + H_in + p_b - f_h) // s_h + 1):
    for i_w in range((p_l + W_in + p_r - f_w) // s_w + 1):
    # dW db dA_prev: where the padding is "same", and in the range of the loops \
| 只要填充是 "same"，循环的范围里也一样
stride-ignored: the stride is ignored  [Kulbear/deep-learning-coursera#34; enggen/Deep-Learning-Coursera#7]
    The forward pass reads output (i_h, i_w) from the window at (i_h * stride, i_w * stride). This
    backward takes the window at (i_h, i_w) instead, so inputs and upstream gradients are paired that
    never met. At stride 1 both are the same window, so tests at stride 1 pass. Compare the window's
    corner at i_h = 1 with the one the forward pass used.
  忽略了步幅:
    正向传播算 Z[i_h, i_w] 时，读的是从 (i_h * stride, i_w * stride) 开始的窗口。这里的反向传播却取了从
    (i_h, i_w) 开始的窗口，把从没相遇过的输入和上游梯度配在了一起。步幅为 1 时两个窗口相同，所以步幅为 1
    的测试都能通过。比较一下 i_h = 1 时窗口的左上角和正向传播用的那个。
  dW dA_prev:
    h_start, w_start = i_h, i_w
padding-hardcoded: a padding is hard-coded  [4 of 38 cs231n solutions]
    The number 1 is written where the padding belongs: when the arrays are padded, when the gradient is
    cropped, or both. The usual test uses padding 1 and passes. With less padding windows are shifted or
    real cells are cropped away; with more, windows leave the array or padding stays in the result.
  填充写死了:
    该用填充的地方写着 1：给数组加填充时、裁剪梯度时，或者两处都是。常见的测试填充为 1，能通过。填充更小
    时，窗口会移位，或者真正的格子被裁掉；填充更大时，窗口会跑出数组，或者填充留在结果里。
  dA_prev:
    dA_prev = dA_prev_pad[:, 1:-1, 1:-1]  # the crop | 裁剪
    INTO_ZEROS dA_prev_pad[:, 1:-1, 1:-1]  # the crop, whose assignment raises | 裁剪，赋值时报错
    PADDING = (1, 1), (1, 1)  # dW dA_prev: the padding of the array (and with windows cut off) | 数组的填充
    dA_prev_pad = np.zeros((N, H_in + 2, W_in + 2, C_in))
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r]
    # the padding of dA_prev_pad, but not the crop | dA_prev_pad 的填充，但不包括裁剪
    PADDING = (2, 2), (2, 2)  # dW dA_prev: a padding of 2 | 填充写成了 2
overwrite-dA: dA_prev is assigned instead of added to  [darknet#2570]
    An input cell belongs to several windows and, in each, to several filters; its gradient is the sum of
    what they all send back. With = the last write wins. If the filters are summed before the assignment,
    it shows only where windows overlap, that is, when the stride is smaller than the kernel. Where
    col2im loops over taps, the same slip is there.
  dA_prev 被赋值，而不是累加:
    一个输入格子属于好几个窗口，在每个窗口里又对应好几个卷积核；它的梯度是它们传回来的所有东西之和。用 =
    的话，最后一次写入说了算。如果先对卷积核求和再赋值，就只在窗口重叠的地方出错，也就是步幅小于卷积核时。
    col2im 对核元素循环时，同样的错误就出在那里。
  dA_prev:
    dA_prev_pad[i_n, h, w, c] = W[i_c] * dz
    # the last window and the last filter survive | 只剩最后一个窗口和最后一个卷积核
    w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w); dA_prev_pad[i_n, h, w] = 0
    # filters are summed, the last window survives | 对卷积核求了和，只剩最后一个窗口
    dA_prev_pad[:, h, w] = dcolumns[:, :, :, k_h, k_w]
    # in col2im, the first window survives | 在 col2im 里，只剩第一个窗口
    for i_w in range(W_out): before = dA_prev_pad.copy()
    dA_prev_pad[i_n, h, w, c] = before[i_n, h, w, c] + W[i_c] * dz
    # windows are summed, the last filter survives | 对窗口求了和，只剩最后一个卷积核
overwrite-dW: dW is assigned instead of added to  [dynet PR #612]
    A kernel is used at every output position, so its gradient is a sum over all of them. With = every
    window throws away what the earlier ones added, and only the last survives. The same happens per row
    or per sample if the assignment is one loop further out. With a single output position and one sample
    nothing shows. To see it, let dZ be a single 1 at its very beginning: dW is zero.
  dW 被赋值，而不是累加:
    同一个卷积核用在每个输出位置上，所以它的梯度是对所有位置求和。用 = 的话，每个窗口都扔掉前面窗口加上的
    东西，只剩最后一个。如果赋值写在外面一层循环，就会按行或按样本发生同样的事。只有一个输出位置、一个样本
    时看不出来。想看到它，就让 dZ 只有一个 1，放在最开头的位置：dW 会全是零。
  dW:
    dW[i_c] = a_slice * dz  # the last window survives | 只剩最后一个窗口
    for i_n in range(N): dW[...] = 0  # the last sample survives | 只剩最后一个样本
    for i_h in range(H_out): dW[...] = 0  # the last row survives | 只剩最后一行
    for i_n in range(N): before = dW.copy()
    dW[i_c] = before[i_c] + a_slice * dz
    # the last window of every sample survives | 每个样本只剩最后一个窗口
    for i_n in range(N): before = dW.copy()
    for i_h in range(H_out): dW[...] = before  # the last row of every sample survives | 每个样本只剩最后一行
    for i_h in range(H_out): before = dW.copy()
    dW[i_c] = before[i_c] + a_slice * dz  # the last window of every row survives | 每行只剩最后一个窗口
overwrite-db: db is assigned instead of added to
    A bias is added at every output position, so its gradient is the sum of dZ over all of them. With = it
    is the last value alone, or the sum of the last row or the last sample if the assignment is further
    out. Compare db with dZ.sum() over all axes but the channels.
  db 被赋值，而不是累加:
    偏置加在每个输出位置上，所以它的梯度是 dZ 在所有位置上的和。用 = 的话就只剩最后一个值；如果赋值写得更
    靠外，就是最后一行或最后一个样本的和。把 db 和 dZ 对通道以外所有轴的和比一比。
  db:
    db[i_c] = dz  # the last position survives | 只剩最后一个位置
    for i_n in range(N): db[...] = 0  # the last sample survives | 只剩最后一个样本
    for i_h in range(H_out): db[...] = 0  # the last row survives | 只剩最后一行
    for i_n in range(N): before = db.copy()
    db[i_c] = before[i_c] + dz  # the last position of every sample survives | 每个样本只剩最后一个位置
    for i_n in range(N): before = db.copy()
    for i_h in range(H_out): db[...] = before  # the last row of every sample survives | 每个样本只剩最后一行
    for i_h in range(H_out): before = db.copy()
    db[i_c] = before[i_c] + dz  # the last position of every row survives | 每行只剩最后一个位置
padding-not-cropped: the padded gradient is returned  [MP-SPDZ#1206]
    dA_prev_pad has a border of p cells on every side that belongs to no input cell. It must be cropped
    before it is returned. The inner part is right; the shape is too large by 2p, and at padding 0 nothing
    is wrong.
  返回了带填充的梯度:
    dA_prev_pad 每边有 p 格宽的边框，不属于任何输入格子，返回之前必须裁掉。中间的部分是对的；形状大了 2p，
    填充为 0 时没有问题。
  dA_prev:
    dA_prev = dA_prev_pad  #
    dA_prev = dA_prev_pad[:, p_t:, p_l:]  # cropped only at the top and left | 只裁了上边和左边
kernel-flipped: the kernel is rotated when it should not be, or not when it should  [numpy-ml#27]
    In the loop form, in col2im and in conv_transpose2d each window receives the kernel as it is. Only a
    correlation that slides the kernel over a padded dZ needs it rotated by 180°. Rotating it elsewhere, or
    forgetting it there, gives the right shape with every cell's share taken from the mirrored tap. A
    one-tap or symmetric kernel hides it: put a single 1 into dZ, and dA_prev must show W itself.
  卷积核不该旋转时旋转了，或者该旋转时没有旋转:
    写成循环、用 col2im 或 conv_transpose2d 时，每个窗口直接加上卷积核本身。只有让卷积核在填充过的 dZ 上
    滑动做互相关时，才要把它旋转 180°。别处旋转了，或者该旋转时忘了，形状是对的，但每个格子得到的是镜像位置的
    那一份。
    卷积核只有一个元素或者对称时看不出来：在 dZ 里只放一个 1，dA_prev 里应该看到 W 本身。
  dA_prev:
    dA_prev_pad[i_n, h, w, c] += W[i_c, ::-1, ::-1] * dz  # along both axes | 沿两个轴
    dA_prev_pad[i_n, h, w, c] += W[i_c, ::-1] * dz  # along H only | 只沿 H
    dA_prev_pad[i_n, h, w, c] += W[i_c, :, ::-1] * dz  # along W only | 只沿 W
dW-flipped: dW is rotated  [e2eml course 322]
    Correlation does not commute: with its arguments swapped, the same numbers come out in reverse order.
    dW[i_c, k_h, k_w] holds what belongs to the tap mirrored through the kernel's centre, so the shape,
    the mean and every norm are right. A convolution used for a correlation does the same. Compare with
    dW[:, ::-1, ::-1]. A kernel of one tap, or symmetric data, hides it.
  dW 被旋转了:
    互相关不满足交换律：交换两个参数，得到的是同样的数，顺序却反了。dW[i_c, k_h, k_w] 里放的是关于卷积核中
    心对称的那个元素的值，所以形状、均值和各种范数都是对的。该用互相关的地方用了卷积，也会这样。和 dW[:,
    ::-1, ::-1] 比一比。卷积核只有一个元素，或者数据对称时，看不出来。
  dW:
    dW[i_c] += a_slice[::-1, ::-1] * dz  # along both axes | 沿两个轴
    dW[i_c] += a_slice[::-1] * dz  # along H only | 只沿 H
    dW[i_c] += a_slice[:, ::-1] * dz  # along W only | 只沿 W
gradient-not-returned: the sum is made in one array, but another is returned  [survey]
    The array that is returned is never written to: the sum is an expression that nobody keeps, it goes
    into a copy (np.pad makes one), or it is not made at all. Shape and type are right and nothing is
    raised; the gradient is zero everywhere, whatever the inputs are.
  在一个数组里求和，返回的却是另一个:
    返回的数组从来没有写过：求和只是一个没有保存的表达式，或者加到了副本里（np.pad 会复制），或者根本没有
    求和。形状和类型都对，也不报错；不管输入是什么，梯度处处为零。
  dW db dA_prev:
    dW[i_c] + a_slice * dz
    db[i_c] + dz
    dA_prev_pad[i_n, h, w, c] + W[i_c] * dz  #
    dA_prev_pad[i_n, h, w, c] + W[i_c] * dz
    dA_prev = dA_prev_pad  # dA_prev: in the padded shape | 形状带着填充
starts-from-input: the accumulator starts as the input  [survey]
    A buffer of the right shape is made of the array whose gradient it will hold, and the contributions
    are added to the old values. The gradient is too large by exactly the input, cell by cell. Subtract
    the input from what came back: the rest is right. In dA_prev inputs of zero hide it. If the buffer is
    the padded input itself and no copy of it, dW is made of an input that changes meanwhile.
  累加器从输入开始:
    为了得到形状合适的数组，用了要求梯度的那个数组，贡献就加在了原来的值上。梯度正好多出了输入本身，逐格
    如此。从结果里减去输入：剩下的是对的。输入全是零时，dA_prev 里看不出来。如果用的就是填充后的输入本
    身，而不是副本，算 dW 时输入就在不断改变。
  dW db dA_prev:
    dA_prev_pad = A_prev_pad.astype(float)
    dW = W.astype(float)
    db = b.astype(float)  #
    dA_prev_pad = A_prev_pad.astype(float)
    a_slice = dA_prev_pad[i_n, h, w, c]
    # dW: the input itself, which dW reads while it changes | 就是输入本身，算 dW 时它正在改变
    dA_prev_pad = A_prev_pad.astype(float)
    a_slice = dA_prev_pad[i_n, h, w, c]
    dW[i_c] += (a_slice + W[i_c] * dz) * dz
    # dW: the input itself, which dW reads after it has changed | 就是输入本身，算 dW 时它已经改变
stride-one-axis: the stride is applied to one axis only  [public course solutions]
    One of the two window corners is multiplied by the stride and the other is not, or one axis' stride is
    used for both. Windows slide correctly along one axis and too slowly (or too fast) along the other.
    With stride 1, or a single row or column of output, nothing shows. Walk along i_h with i_w fixed, then
    along i_w with i_h fixed: only one of the walks is right.
  步幅只用在一个轴上:
    窗口左上角的两个坐标，一个乘了步幅，另一个没有乘；或者两个轴用了同一个轴的步幅。窗口沿一个轴移动得对，
    沿另一个轴移动得太慢（或太快）。步幅为 1，或者输出只有一行或一列时，什么也看不出来。固定 i_w 走一遍
    i_h，再固定 i_h 走一遍 i_w：只有一遍是对的。
  dW dA_prev:
    h_start, w_start = i_h, i_w * s_w  # ignored along H | 沿 H 忽略了
    h_start, w_start = i_h * s_h, i_w  # ignored along W | 沿 W 忽略了
    h_start, w_start = i_h * s_h, i_w * s_h
    # the stride of H on both axes (and with windows cut off) | 两个轴都用 H 的步幅
    h_start, w_start = i_h * s_w, i_w * s_w
    # the stride of W on both axes (and with windows cut off) | 两个轴都用 W 的步幅
input-not-padded: windows are sliced from the unpadded input
    h_start and w_start are positions in the padded input. In A_prev the same numbers lie p rows and
    columns further on, and the last windows reach past its end, where a slice is silently shorter. Then
    shapes clash, or a window of one row is spread over the whole kernel. At padding 0 there is no
    difference.
  窗口取自没有填充的输入:
    h_start 和 w_start 是填充之后的位置。在 A_prev 里，同样的数指的是再往后 p 行 p 列的格子，最后的窗口会
    越过边界，而切片只是悄悄变短。于是形状冲突，或者只有一行的窗口被广播到整个卷积核。填充为 0 时没有区
    别。
  dW:
    a_slice = A_prev[i_n, h, w, c]  # windows cut off at the border raise | 在边界处被切掉的窗口会报错
    a_slice = A_prev[i_n, h, w, c]
    CUT_DW  # windows are cut off at the border | 窗口在边界处被切掉
    h = h_start + d_h * np.arange(f_h)[:, np.newaxis]
    w = w_start + d_w * np.arange(f_w)
    a_slice = A_prev[i_n, h, w, c]  # cells are taken by index | 逐个格子按下标取值
    t_h, t_w = (H_in - H_up) // d_h + 1, (W_in - W_up) // d_w + 1
    a_slice = A_prev[:, k_h * d_h:k_h * d_h + H_up, k_w * d_w:k_w * d_w + W_up, c]
    # correlated with dZ, cut to the kernel | 与 dZ 做互相关，再截成卷积核的大小
dA-not-padded: the accumulator of dA is not padded  [survey]
    Windows are counted in the padded input, but the array that collects their gradients has the input's
    own size. Everything lands p rows and columns too far down and right, and windows at the far border
    are cut: adding the whole kernel there raises, adding a cut kernel loses a part. At padding 0 it is
    right.
  dA 的累加器没有填充:
    窗口的位置是按填充后的输入数的，收集它们的梯度的数组却只有输入那么大。所有东西都落在往下、往右 p 格的
    地方，靠近下边和右边的窗口会被切掉：把整个卷积核加上去会报错，加切过的卷积核会丢掉一部分。填充为 0 时
    是对的。
  dA_prev:
    dA_prev_pad = np.zeros(A_prev.shape)
    dA_prev = dA_prev_pad  # windows cut off at the border raise | 在边界处被切掉的窗口会报错
    dA_prev_pad = np.zeros(A_prev.shape)
    dA_prev = dA_prev_pad
    CUT_DA  # windows are cut off at the border | 窗口在边界处被切掉
    dA_prev_pad = np.zeros(A_prev.shape)
    dA_prev = dA_prev_pad
    h = h_start + d_h * np.arange(f_h)[:, np.newaxis]
    w = w_start + d_w * np.arange(f_w)  # cells are written by index | 逐个格子按下标写入
    dA_prev_pad = np.zeros(A_prev.shape)
    dA_prev = dA_prev_pad[:, p_t:H_in - p_b, p_l:W_in - p_r]
    CUT_DA
    # windows are cut off, and the result is cropped as if it were padded | 窗口被切掉，结果又当作有填充来裁剪
loop-range: the loops do not cover dZ exactly  [survey]
    Every value of dZ belongs to one window, so the loops must run over exactly dZ's rows and columns.
    Ranges taken from the input, from a size formula without the padding, or without its + 1, visit too
    many positions (an IndexError) or miss some. What is missed adds nothing: put a single 1 into a corner of
    dZ, then into the opposite one, and see whether the gradient stays zero.
  循环没有正好遍历 dZ:
    dZ 的每个值对应一个窗口，所以循环必须正好遍历 dZ 的行和列。如果范围取自输入，或者取自没有算填充、忘了
    + 1 的公式，就会多走一些位置（IndexError），或者漏掉一些。漏掉的部分什么也不会加：在 dZ 的一个角上放一个
    1，再放到对角上，看看梯度是不是一直是零。
  dW db dA_prev:
    for i_h in range((H_in - d_h * (f_h - 1) - 1) // s_h + 1):
    for i_w in range((W_in - d_w * (f_w - 1) - 1) // s_w + 1):
    # over H - f + 1, without the padding | 范围是 H - f + 1，没有算填充
    for i_h in range(H_out - f_h + 1):
    for i_w in range(W_out - f_w + 1):
    # over H_out - f + 1: dZ is taken for the input | 按 H_out - f + 1：把 dZ 当成了输入
    for i_h in range(H_in // s_h):
    for i_w in range(W_in // s_w):  # over H // stride | 范围是 H // stride
    for i_h in range(H_out - 1):
    for i_w in range(W_out - 1):  # stops one row and one column early | 少走一行一列
    for i_h in range(H_out - 1):  # stops one row early | 少走一行
    for i_w in range(W_out - 1):  # stops one column early | 少走一列
    for i_h in range(1, H_out):
    for i_w in range(1, W_out):  # starts at row 1 and column 1 | 从第 1 行第 1 列开始
    for i_h in range(1, H_out):  # starts at row 1 | 从第 1 行开始
    for i_w in range(1, W_out):  # starts at column 1 | 从第 1 列开始
    for i_h in range(H_in):
    for i_w in range(W_in):  # over the input's rows and columns | 范围是输入的行和列
""")
