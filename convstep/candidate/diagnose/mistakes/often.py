"""The mistakes that people make most, and those that are met now and then, commonest first."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistakes

BUGS = mistakes("""
crop-zero-slice: [p:-p] is empty when the padding is 0  [HIPS/autograd#431; most public course solutions]
    In Python -0 is 0, so with p = 0 the slice [p:-p] is [0:0]: empty, where the whole array was meant.
    Returned, it is a gradient without cells; assigned to dA_prev[i_n], it raises because shapes do not
    fit. With any padding it is right, which is why tests at padding 1 pass. Write the end of the slice as
    p + H.
  dA_prev:
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r]  # an empty array is returned
    INTO_ZEROS dA_prev_pad[:, p_t:-p_b, p_l:-p_r]  # assigning the empty array raises
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:p_l + W_in]  # along H only
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:-p_r]  # along W only
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r] if p_t or p_l else dA_prev_pad
    # where one axis is padded and the other is not
    INTO_ZEROS dA_prev_pad[:, p_t:-p_b, p_l:-p_r] if p_t or p_l else dA_prev_pad
    # where one axis is padded and the other is not, assigning raises
    INTO_ZEROS dA_prev_pad[:, p_t:-p_b if p_l else H_in + p_t, p_l:p_l + W_in]
    # along H only, where W is padded, assigning raises
    INTO_ZEROS dA_prev_pad[:, p_t:p_t + H_in, p_l:-p_r if p_t else W_in + p_l]
    # along W only, where H is padded, assigning raises
same-padding-off-by-one: the "same" padding is one too wide  [29 of 84 ALX solutions]
    The formula for "same" padding is meant to round up, but adds one also where the division leaves
    nothing to round. Every window then starts one row and one column too early, and the crop takes the
    same step, so shapes are right and nothing is raised. The result disagrees with the forward pass that
    produced dZ. Compare the padding with the one Z's size implies.
  dW dA_prev:
    PADDING = np.add(padding, 1)  # always
    PADDING = np.add(padding, np.any(padding))  # where there is padding at all
    PADDING = [[((n - 1) * s + f - n) // 2 + 1] * 2 \
for n, s, f in zip(A_prev.shape[1:3], stride, W.shape[1:3])] if np.any(padding) else padding
    # and rightly where it rounds up
    PADDING = np.add(padding, [[1], [0]])  # along H only
    PADDING = np.add(padding, [[0], [1]])  # along W only
    PADDING = np.add(padding, np.any(padding))
    for i_h in range((p_t + H_in + p_b - f_h) // s_h + 1):
    for i_w in range((p_l + W_in + p_r - f_w) // s_w + 1):
    # dW db dA_prev: where there is padding at all, and in the range of the loops
stride-ignored: the stride is ignored  [Kulbear/deep-learning-coursera#34; enggen/Deep-Learning-Coursera#7]
    The forward pass reads output (i_h, i_w) from the window at (i_h * stride, i_w * stride). This
    backward takes the window at (i_h, i_w) instead, so inputs and upstream gradients are paired that
    never met. At stride 1 both are the same window, so tests at stride 1 pass. Compare the window's
    corner at i_h = 1 with the one the forward pass used.
  dW dA_prev:
    h_start, w_start = i_h, i_w
padding-hardcoded: a padding is hard-coded  [4 of 38 cs231n solutions]
    The number 1 is written where the padding belongs: when the arrays are padded, when the gradient is
    cropped, or both. The usual test uses padding 1 and passes. With less padding windows are shifted or
    real cells are cropped away; with more, windows leave the array or padding stays in the result.
  dA_prev:
    dA_prev = dA_prev_pad[:, 1:-1, 1:-1]  # the crop
    INTO_ZEROS dA_prev_pad[:, 1:-1, 1:-1]  # the crop, whose assignment raises
    PADDING = (1, 1), (1, 1)  # dW dA_prev: the padding of the array (and with windows cut off)
    dA_prev_pad = np.zeros((N, H_in + 2, W_in + 2, C_in))
    dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r]  # the padding of dA_prev_pad, but not the crop
    PADDING = (2, 2), (2, 2)  # dW dA_prev: a padding of 2
overwrite-dA: dA_prev is assigned instead of added to  [darknet#2570]
    An input cell belongs to several windows and, in each, to several filters; its gradient is the sum of
    what they all send back. With = the last write wins. If the filters are summed before the assignment,
    it shows only where windows overlap, that is, when the stride is smaller than the kernel. In col2im
    the same slip is in the loop over taps.
  dA_prev:
    dA_prev_pad[i_n, h, w, c] = W[i_c] * dz  # the last window and the last filter survive
    w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w); dA_prev_pad[i_n, h, w] = 0
    # filters are summed, the last window survives
    dA_prev_pad[:, h, w] = dcolumns[:, :, :, k_h, k_w]  # in col2im, the first window survives
overwrite-dW: dW is assigned instead of added to  [dynet PR #612]
    A kernel is used at every output position, so its gradient is a sum over all of them. With = every
    window throws away what the earlier ones added, and only the last survives. The same happens per row
    or per sample if the assignment is one loop further out. With a single output position and one sample
    nothing shows. To see it, let dZ be a single 1 anywhere but at the end: dW is zero.
  dW:
    dW[i_c] = a_slice * dz  # the last window survives
    for i_n in range(N): dW[...] = 0  # the last sample survives
    for i_h in range(H_out): dW[...] = 0  # the last row survives
    for i_n in range(N): before = dW.copy()
    dW[i_c] = before[i_c] + a_slice * dz  # the last window of every sample survives
    for i_n in range(N): before = dW.copy()
    for i_h in range(H_out): dW[...] = before  # the last row of every sample survives
    for i_h in range(H_out): before = dW.copy()
    dW[i_c] = before[i_c] + a_slice * dz  # the last window of every row survives
overwrite-db: db is assigned instead of added to
    A bias is added at every output position, so its gradient is the sum of dZ over all of them. With = it
    is the last value alone, or the sum of the last row or the last sample if the assignment is further
    out. Compare db with dZ.sum() over all axes but the channels.
  db:
    db[i_c] = dz  # the last position survives
    for i_n in range(N): db[...] = 0  # the last sample survives
    for i_h in range(H_out): db[...] = 0  # the last row survives
    for i_n in range(N): before = db.copy()
    db[i_c] = before[i_c] + dz  # the last position of every sample survives
    for i_n in range(N): before = db.copy()
    for i_h in range(H_out): db[...] = before  # the last row of every sample survives
    for i_h in range(H_out): before = db.copy()
    db[i_c] = before[i_c] + dz  # the last position of every row survives
padding-not-cropped: the padded gradient is returned  [MP-SPDZ#1206]
    dA_prev_pad has a border of p cells on every side that belongs to no input cell. It must be cropped
    before it is returned. The inner part is right; the shape is too large by 2p, and at padding 0 nothing
    is wrong.
  dA_prev:
    dA_prev = dA_prev_pad  #
    dA_prev = dA_prev_pad[:, p_t:, p_l:]  # cropped only at the top and left
kernel-flipped: the kernel is rotated when it should not be, or not when it should  [numpy-ml#27]
    In the loop form each window receives the kernel as it is. Only the transposed-convolution form, which
    slides over a padded dZ, needs the kernel rotated by 180°. Rotating in the first or forgetting it in
    the second gives the right shape and the right total with every cell's share taken from the mirrored
    tap. A one-tap or symmetric kernel hides it: put a single 1 into dZ, and dA_prev must show W itself.
  dA_prev:
    dA_prev_pad[i_n, h, w, c] += W[i_c, ::-1, ::-1] * dz  # along both axes
    dA_prev_pad[i_n, h, w, c] += W[i_c, ::-1] * dz  # along H only
    dA_prev_pad[i_n, h, w, c] += W[i_c, :, ::-1] * dz  # along W only
dW-flipped: dW is rotated  [e2eml course 322]
    Correlation does not commute: with its arguments swapped, the same numbers come out in reverse order.
    dW[i_c, k_h, k_w] holds what belongs to the tap mirrored through the kernel's centre, so the shape,
    the mean and every norm are right. A convolution used for a correlation does the same. Compare with
    dW[:, ::-1, ::-1]. A kernel of one tap, or symmetric data, hides it.
  dW:
    dW[i_c] += a_slice[::-1, ::-1] * dz  # along both axes
    dW[i_c] += a_slice[::-1] * dz  # along H only
    dW[i_c] += a_slice[:, ::-1] * dz  # along W only
gradient-not-returned: the sum is made in one array, but another is returned  [survey]
    The array that is returned is never written to: the sum is an expression that nobody keeps, it goes
    into a copy (np.pad makes one), or it is not made at all. Shape and type are right and nothing is
    raised; the gradient is zero everywhere, whatever the inputs are.
  dW db dA_prev:
    dW[i_c] + a_slice * dz
    db[i_c] + dz
    dA_prev_pad[i_n, h, w, c] + W[i_c] * dz  #
    dA_prev_pad[i_n, h, w, c] + W[i_c] * dz
    dA_prev = dA_prev_pad  # dA_prev: in the padded shape
starts-from-input: the accumulator starts as a copy of the input  [survey]
    A buffer of the right shape is made by copying the array whose gradient it will hold, and the
    contributions are added to the old values. The gradient is too large by exactly the input, cell by
    cell. Subtract the input from what came back: the rest is right. With inputs of zero it does not show.
  dW db dA_prev:
    dA_prev_pad = A_prev_pad.astype(float)
    dW = W.astype(float)
    db = b.astype(float)
stride-one-axis: the stride is applied to one axis only  [public course solutions]
    One of the two window corners is multiplied by the stride and the other is not, or one axis' stride is
    used for both. Windows slide correctly along one axis and too slowly (or too fast) along the other.
    With stride 1, or a single row or column of output, nothing shows. Walk along i_h with i_w fixed, then
    along i_w with i_h fixed: only one of the walks is right.
  dW dA_prev:
    h_start, w_start = i_h, i_w * s_w  # ignored along H
    h_start, w_start = i_h * s_h, i_w  # ignored along W
    h_start, w_start = i_h * s_h, i_w * s_h  # the stride of H on both axes (and with windows cut off)
    h_start, w_start = i_h * s_w, i_w * s_w  # the stride of W on both axes (and with windows cut off)
input-not-padded: windows are sliced from the unpadded input
    h_start and w_start are positions in the padded input. In A_prev the same numbers lie p rows and
    columns further on, and the last windows reach past its end, where a slice is silently shorter. Then
    shapes clash, or a window of one row is spread over the whole kernel. At padding 0 there is no
    difference.
  dW:
    a_slice = A_prev[i_n, h, w, c]  # windows cut off at the border raise
    a_slice = A_prev[i_n, h, w, c]
    CUT_DW  # windows are cut off at the border
    h = h_start + d_h * np.arange(f_h)[:, np.newaxis]
    w = w_start + d_w * np.arange(f_w)
    a_slice = A_prev[i_n, h, w, c]  # cells are taken by index
    t_h, t_w = (H_in - H_up) // d_h + 1, (W_in - W_up) // d_w + 1
    a_slice = A_prev[:, k_h * d_h:k_h * d_h + H_up, k_w * d_w:k_w * d_w + W_up, c]
    # correlated with dZ, cut to the kernel
dA-not-padded: the accumulator of dA is not padded  [survey]
    Windows are counted in the padded input, but the array that collects their gradients has the input's
    own size. Everything lands p rows and columns too far down and right, and windows at the far border
    are cut: adding the whole kernel there raises, adding a cut kernel loses a part. At padding 0 it is
    right.
  dA_prev:
    dA_prev_pad = np.zeros(A_prev.shape)
    dA_prev = dA_prev_pad  # windows cut off at the border raise
    dA_prev_pad = np.zeros(A_prev.shape)
    dA_prev = dA_prev_pad
    CUT_DA  # windows are cut off at the border
    dA_prev_pad = np.zeros(A_prev.shape)
    dA_prev = dA_prev_pad
    h = h_start + d_h * np.arange(f_h)[:, np.newaxis]
    w = w_start + d_w * np.arange(f_w)  # cells are written by index
    dA_prev_pad = np.zeros(A_prev.shape)
    dA_prev = dA_prev_pad[:, p_t:H_in - p_b, p_l:W_in - p_r]
    CUT_DA  # windows are cut off, and the result is cropped as if it were padded
loop-range: the loops do not cover dZ exactly  [survey]
    Every value of dZ belongs to one window, so the loops must run over exactly dZ's rows and columns.
    Ranges taken from the input, from a size formula without the padding, or without its + 1, visit too
    many positions (an IndexError) or miss the last rows and columns. What is missed adds nothing to any
    gradient: put a single 1 into the last cell of dZ and see all gradients stay zero.
  dW db dA_prev:
    for i_h in range((H_in - d_h * (f_h - 1) - 1) // s_h + 1):
    for i_w in range((W_in - d_w * (f_w - 1) - 1) // s_w + 1):  # over H - f + 1, without the padding
    for i_h in range(H_out - f_h + 1):
    for i_w in range(W_out - f_w + 1):  # over H_out - f + 1: dZ is taken for the input
    for i_h in range(H_in // s_h):
    for i_w in range(W_in // s_w):  # over H // stride
    for i_h in range(H_out - 1):
    for i_w in range(W_out - 1):  # stops one row and one column early
    for i_h in range(H_out - 1):  # stops one row early
    for i_w in range(W_out - 1):  # stops one column early
    for i_h in range(1, H_out):
    for i_w in range(1, W_out):  # starts at row 1 and column 1
    for i_h in range(1, H_out):  # starts at row 1
    for i_w in range(1, W_out):  # starts at column 1
    for i_h in range(H_in):
    for i_w in range(W_in):  # over the input's rows and columns
dZ-channel-fixed: one channel of dZ is used for all
    The loop runs over the filters, but the upstream value is always that of one channel. That channel's
    dW and db are right, every other filter gets a copy made from the wrong upstream gradient. With one
    filter, or equal channels in dZ (all ones), nothing shows.
  dW db dA_prev:
    dz = dZ[i_n, i_h, i_w, 0]  # the first channel
    dz = dZ[i_n, i_h, i_w, -1]  # the last channel
db-mean: db is a mean instead of a sum  [kvfrans/notes#5]
    The bias is added at every output position, so its gradient is the sum of dZ over all of them. A mean
    is smaller by a factor that depends on the sizes alone: the number of positions, of samples, or of
    both. If the loss is averaged over the batch, dZ contains that factor already. Divide the two results:
    the ratio is the same in every channel.
  db:
    return dW, db / (N * H_out * W_out), dA_prev  # divided by N*H_out*W_out
    return dW, db / (H_out * W_out), dA_prev  # divided by H_out*W_out
    return dW, db / N, dA_prev  # divided by N
batch-one-sample: one sample is used for the whole batch  [numpy-ml Conv2D._backward_naive]
    The sample's index is fixed, the loop over samples is missing, or a buffer for one sample is shared by
    all. dW and db miss the other samples' share; dA_prev is filled for one of them, or receives the whole
    batch's sum. A batch of one hides it: test with two different samples.
  dA_prev:
    for i_n in range(1):  # dW db dA_prev: only the first sample is used
    for i_n in range(N - 1, N):  # dW db dA_prev: only the last sample is used
    a_slice = A_prev_pad[0, h, w, c]  # dW: windows of the first sample are used for all
    dz = dZ[0, i_h, i_w, i_c]  # dW db dA_prev: dZ of the first sample is used for all
    dA_prev_pad[0, h, w, c] += W[i_c] * dz  # the batch's sum lands in the first sample
    dA_prev_pad[-1, h, w, c] += W[i_c] * dz  # the batch's sum lands in the last sample
    dA_prev_pad[:, h, w, c] += W[i_c] * dz  # the batch's sum lands in every sample
    for i_n in range(1):
    dA_prev = dA_prev_pad[0, p_t:p_t + H_in, p_l:p_l + W_in]
    # only the first sample's is returned, without a batch axis
    for i_n in range(N - 1, N):
    dA_prev = dA_prev_pad[-1, p_t:p_t + H_in, p_l:p_l + W_in]
    # only the last sample's is returned, without a batch axis
one-channel-only: a channel index is fixed, or a channel loop is missing  [neon#111]
    A channel's index is fixed or a loop over channels is missing. Either every filter's gradient is added
    to one filter and the others stay zero, or only one filter is processed and dA_prev lacks what the
    others send back; likewise for input channels. One channel in and out hides it. Look at which slices
    of dW along its first and last axis are zero.
  dW db:
    dW[0] += a_slice * dz
    db[0] += dz  # everything lands in the first filter
    dW[-1] += a_slice * dz
    db[-1] += dz  # everything lands in the last filter
    for i_c in range(1):  # dW db dA_prev: only the first filter is processed
    for i_c in range(C_out - 1, C_out):  # dW db dA_prev: only the last filter is processed
    dA_prev_pad[i_n, h, w, c] += W[0] * dz  # dA_prev: the first kernel is used for all
    dA_prev_pad[i_n, h, w, c] += W[-1] * dz  # dA_prev: the last kernel is used for all
    c = slice(c_start, c_start + 1)
    dW[i_c, ..., :1] += a_slice * dz
    dA_prev_pad[i_n, h, w, c] += W[i_c, ..., :1] * dz  # dW dA_prev: only the first input channel is processed
    c = slice(c_start + C_k - 1, c_start + C_k)
    dW[i_c, ..., -1:] += a_slice * dz
    dA_prev_pad[i_n, h, w, c] += W[i_c, ..., -1:] * dz  # dW dA_prev: only the last input channel is processed
    a_slice = A_prev_pad[i_n, h, w, :1]  # dW: the first input channel is used for all
crop-offset: the gradient is cropped from the wrong corner
    The result has the input's shape, but its first cell is a cell of the padding (or the crop is aligned
    to the far corner). Every gradient is attributed to a cell p rows and columns away. At padding 0 all
    these crops are the same. Put a single 1 into dZ and compare where the kernel's picture appears in
    dA_prev with the window the forward pass read.
  dA_prev:
    dA_prev = dA_prev_pad[:, :H_in, :W_in]  # the first H rows and W columns
    dA_prev = dA_prev_pad[:, -H_in:, -W_in:]  # the last H rows and W columns
    dA_prev = dA_prev_pad[:, :H_in, p_l:p_l + W_in]  # the first H rows
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, :W_in]  # the first W columns
    dA_prev = dA_prev_pad[:, -H_in:, p_l:p_l + W_in]  # the last H rows
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, -W_in:]  # the last W columns
pad-mode: the input is not padded with zeros
    The forward pass read zeros around the input; this backward reads copies of the border, a mirror
    image, or ones. Taps that look into the padding collect gradient that should be zero. dA_prev and db
    do not read the input and are right, and so is everything at padding 0. Only the kernel's outer taps
    are wrong.
  dW:
    A_prev_pad = np.pad(A_prev, AROUND, mode="edge")  # the border repeated
    A_prev_pad = np.pad(A_prev, AROUND, mode="reflect")  # mirrored, the border once
    A_prev_pad = np.pad(A_prev, AROUND, mode="symmetric")  # mirrored, the border twice
    A_prev_pad = np.pad(A_prev, AROUND, mode="wrap")  # wrapped around
    A_prev_pad = np.pad(A_prev, AROUND, constant_values=1)  # ones
kernel-transposed: k_h and k_w are swapped
    A transpose meant to rearrange channels swaps the kernel's rows and columns. Taps on the diagonal k_h
    = k_w are right, the others are taken from the mirrored tap. Kernels that are not square no longer fit
    their window and raise. Put a single 1 into dZ: dA_prev shows W on its side.
  dA_prev:
    dA_prev_pad[i_n, h, w, c] += W[i_c].transpose(1, 0, 2) * dz  # the kernel that is added to dA_prev
    return dW.transpose(0, 2, 1, 3), db, dA_prev  # dW: dW itself
    dA_prev_pad[i_n, h, w, c] += W[i_c].transpose(1, 0, 2).reshape(W[i_c].shape) * dz
    # transposed and read in the old shape
    return dW.transpose(0, 2, 1, 3).reshape(W.shape), db, dA_prev
    # dW: dW itself, transposed and read in the old shape
    C_out, f_w, f_h, C_k = W.shape
    n_h, n_w, _ = dA_prev_pad[i_n, h, w, c].shape;
    dA_prev_pad[i_n, h, w, c] += W[i_c].transpose(1, 0, 2)[:n_h, :n_w] * dz
    # the window is transposed with the kernel
""")
