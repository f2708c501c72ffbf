"""Mistakes that are met in most code once at the most, or that the numbers of one call do not show."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistakes

BUGS = mistakes("""
dZ-not-dilated: no zeros are inserted into dZ  [candle PR #2337]
    As a transposed convolution, dA_prev slides the rotated kernel over dZ with stride 1. That works only
    if dZ's values lie as far apart as the windows did: stride - 1 zeros between neighbours. Without them
    the result is too small, or, filled up to the input's size, squeezed into a corner. The same holds for
    dW as a correlation of A_prev_pad with dZ. At stride 1 it is right.
  dA_prev:
    dZ_up = dZ  # filled up with zeros before the convolution
    dZ_up = dZ
    dA_prev = INNER  # dA_prev is too small
    dZ_up = dZ
    FITS; dA_prev[:, :fits.shape[1], :fits.shape[2]] = fits  # placed at the top left of zeros
    dZ_up = dZ
    FITS; down, across = (H_in - fits.shape[1]) // 2, (W_in - fits.shape[2]) // 2;
    dA_prev[:, down:down + fits.shape[1], across:across + fits.shape[2]] = fits
    # placed in the middle of zeros
    dZ_up = dZ
    INTO_ZEROS INNER  # too small for the array it is assigned to
    dZ_up = dZ
    dA_prev = dA_full[:, p_t:p_t + H_in, p_l:p_l + W_in]  # cut by [p:p+H] from too short an array
    dZ_up = dZ
    dW = dW_valid  # dW: dW is too large
    dZ_up = dZ
    dW = np.zeros(W.shape); dW[:] = dW_valid  # dW: dW too large for its array
remainder-lost: rows that no window reaches are not restored  [backpack#30; CMU10-714#6]
    If (H + 2p - f) is not a multiple of the stride, the last rows of the padded input are in no window.
    The transposed form has only the rows that are in one: its result lacks the remainder. It must be
    added at the bottom and right as zeros, before the crop. Added elsewhere or after the crop, it shifts
    the gradient or loses its last rows. dW as a correlation is too large by the same number of taps.
    Sizes that tile exactly hide it.
  dA_prev:
    dA_prev = INNER  # dA_prev is too small
    FITS; dA_prev[:, :fits.shape[1], :fits.shape[2]] = fits  # zeros at the end, after the crop
    FITS; dA_prev[:, H_in - fits.shape[1]:, W_in - fits.shape[2]:] = fits
    # zeros at the start, after the crop
    FITS; down, across = (H_in - fits.shape[1]) // 2, (W_in - fits.shape[2]) // 2;
    dA_prev[:, down:down + fits.shape[1], across:across + fits.shape[2]] = fits
    # zeros on both sides, after the crop
    dA_prev_pad[:, -H_full:, -W_full:] = dA_full  # zeros at the start, before the crop
    dA_prev = dA_full[:, p_t:p_t + H_in, p_l:p_l + W_in]  # cut by [p:p+H] from too short an array
    INTO_ZEROS INNER  # too small for the array it is assigned to
    dW = dW_valid  # dW: dW has too many taps
    dW = dW_valid[:, -f_h:, -f_w:]  # dW: dW's last taps are taken
    dW = np.zeros(W.shape); dW[:] = dW_valid  # dW: dW too large for its array
axes-swapped: H and W are swapped  [np-conv2d PR #2; NNPACK#15]
    Rows are used where columns belong: in the window's corner, in the loops' ranges, in the strides, in
    the padding, in the kernel's size or in the crop. On a square input the loops still fit, and symmetric
    data even gives the right numbers. With H different from W, windows leave the array: an exception, or
    slices that are silently cut. Test with an input such as 7x10.
  dW dA_prev:
    h_start, w_start = i_w * s_h, i_h * s_w  # the window's corner (and with windows cut off)
    h_start, w_start = i_w * s_w, i_h * s_h  # the window's corner with its stride (and with windows cut off)
    h_start, w_start = i_h * s_w, i_w * s_h  # the strides (and with windows cut off)
    (p_l, p_r), (p_t, p_b) = padding
    CUT  # the paddings, windows cut off
    C_out, f_w, f_h, C_k = W.shape  # the kernel's height and width
    for i_h in range(W_out):
    for i_w in range(H_out):  # dW db dA_prev: the loops' ranges
    for i_w in range(H_out):  # dW db dA_prev: H_out in both loops
    for i_h in range(W_out):  # dW db dA_prev: W_out in both loops
    dA_prev = dA_prev_pad[:, p_t:p_t + W_in, p_l:p_l + H_in]  # dA_prev: the crop
    N, W_in, H_in, C_in = A_prev.shape  # dA_prev: the sizes of dA_prev
dZ-transposed: dZ is indexed by (i_w, i_h)
    The window is right but the upstream value belongs to the mirrored place. Values on the diagonal i_h =
    i_w are right, and so is db, whose sum does not care about the order. If dZ is not square, the index
    leaves the array and raises, unless dZ was reshaped to (W_out, H_out) first.
  dW dA_prev:
    dz = dZ[i_n, i_w, i_h, i_c]  # dW db dA_prev:
    SIZES; dZ = dZ.reshape(N, W_out, H_out, -1)
    dz = dZ[i_n, i_w, i_h, i_c]  # after a reshape to (W_out, H_out)
    dZ = dZ.transpose(0, 2, 1, 3).reshape(dZ.shape); SIZES  # transposed and read in the old shape
    dZ = dZ.transpose(0, 2, 1, 3); SIZES  # dZ is transposed before the loops (and with windows cut off)
db-wrong-axes: db is summed over the wrong axes  [deeplearning4j#8280]
    db has one number for each filter: dZ summed over everything but the channels. Which axes those are
    depends on the layout: (0, 1, 2) with channels last, (0, 2, 3) with channels first. Other axes leave
    samples, rows or columns standing, or sum the channels away. The wrong shape gives it away unless
    sizes happen to be equal or the result is broadcast into db.
  db:
    return dW, dZ.sum(axis=(1, 2)), dA_prev  # not summed over samples
    return dW, np.full(C_out, dZ.sum()), dA_prev  # the sum over all channels in each of them
    return dW, dZ.sum(), dA_prev  # summed over everything
    return dW, dZ.sum(axis=(0, 2)), dA_prev  # not summed over rows
    return dW, dZ.sum(axis=(0, 1)), dA_prev  # not summed over columns
    return dW, dZ.sum(axis=0), dA_prev  # summed over samples only
    return dW, dZ.sum(axis=0).transpose(2, 0, 1), dA_prev  # summed over samples only, channels first
    return dW, dZ.sum(axis=(1, 2, 3)), dA_prev  # one number per sample
    return dW, dZ.sum(axis=(0, 2, 3)), dA_prev  # one number per row
    return dW, dZ.sum(axis=(0, 1, 3)), dA_prev  # one number per column
    return dW, dZ.sum(axis=(0, 3)), dA_prev  # one number per position
    return dW, dZ, dA_prev  # not summed at all
averaged: an average is taken that does not belong here  [cTensor#3]
    A convolution's backward only sums. The 1/N of a loss averaged over the batch comes in with dZ;
    dividing again makes the step N times too small. Dividing by the number of positions or of taps is the
    same slip. Directions are right, so training works, slowly. The ratio to the right gradient is one
    number for all cells.
  dW db dA_prev:
    return each @ / N  # divided by N
    return each @ / (H_out * W_out)  # divided by H_out*W_out
    return each @ / (N * H_out * W_out)  # divided by N*H_out*W_out
    return each @ / (f_h * f_w)  # divided by F_h*F_w
    return each @ / C_out  # divided by C_out
    return each @ / C_in  # divided by C_in
integer-truncation: fractions are lost in integer buffers  [numpy#16578]
    zeros_like takes over the type of its argument. If the input is an array of integers, so is the
    buffer, and every value stored in it loses its fraction. With += on a slice NumPy raises instead; cell
    by cell it truncates silently. With floating-point inputs nothing shows.
  dW db dA_prev:
    dW = np.zeros_like(W)
    dA_prev_pad = np.zeros_like(A_prev_pad)
    dW[i_c] = dW[i_c] + a_slice * dz
    dA_prev_pad[i_n, h, w, c] = dA_prev_pad[i_n, h, w, c] + W[i_c] * dz
    # dW dA_prev: with integer inputs, at every step
    dA_prev_pad = np.zeros_like(A_prev_pad)
    w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w);
    dz_g, W_g = dZ[i_n, i_h, i_w].reshape(groups, -1), W.reshape(groups, -1, f_h, f_w, C_k);
    da_slice = np.einsum("go,gohwk->hwgk", dz_g, W_g).reshape(f_h, f_w, C_in);
    dA_prev_pad[i_n, h, w] = dA_prev_pad[i_n, h, w] + da_slice
    dA_prev_pad[i_n, h, w, c]  # dA_prev: with integer inputs, at every window
    return dW.astype(W.dtype), db, dA_prev.astype(A_prev.dtype)  # dW dA_prev: with integer inputs, at the end
    dW = np.zeros_like(W)
    dA_prev_pad = np.zeros_like(A_prev_pad)  # dW dA_prev: with integer inputs, += raises
    dW = np.zeros(W.shape, int)
    db = np.zeros(C_out, int)
    dA_prev_pad = WHOLE_NUMBERS
    dW[i_c] = dW[i_c] + a_slice * dz
    dA_prev_pad[i_n, h, w, c] = dA_prev_pad[i_n, h, w, c] + W[i_c] * dz
    db[i_c] = db[i_c] + dz  # at every step
    dA_prev_pad = WHOLE_NUMBERS
    w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w);
    dz_g, W_g = dZ[i_n, i_h, i_w].reshape(groups, -1), W.reshape(groups, -1, f_h, f_w, C_k);
    da_slice = np.einsum("go,gohwk->hwgk", dz_g, W_g).reshape(f_h, f_w, C_in);
    dA_prev_pad[i_n, h, w] = dA_prev_pad[i_n, h, w] + da_slice
    dA_prev_pad[i_n, h, w, c]  # dA_prev: at every window
    return each np.trunc(@)  # at the end
    return each np.floor(@)  # at the end, rounded down
    return each np.round(@)  # at the end, rounded
    dz = int(dZ[i_n, i_h, i_w, i_c])  # in dZ, before anything else
groups-ignored: a group reads the wrong input channels  [pytorch#51430]
    In a grouped convolution a filter sees only its group's input channels: the block that starts at group
    * C_in / groups. Without that offset every filter uses the first block; with channels dealt out in
    turn, or the group found by i_c % groups, it uses others. Filters of the first group are right, and
    with groups = 1 all are.
  dW dA_prev:
    c_start = 0  # every group reads the first block
    c = slice(i_c // (C_out // groups), None, groups)  # channels are dealt out in turn
    c_start = i_c % groups * C_k  # a filter's group is i_c % groups
    c_start = i_c // (C_out // groups)  # the offset is the group's number
dilation-ignored: the window is dense although the convolution is dilated
    A dilated kernel looks at every dilation-th cell, so its window reaches over dilation * (f - 1) + 1
    rows. A dense slice of f rows has the right shape and the wrong cells: only the tap at (0, 0) is at
    its place. Nothing is raised, and at dilation 1 it is right.
  dW dA_prev:
    h = slice(h_start, h_start + f_h)
    w = slice(w_start, w_start + f_w)  #
    h = slice(h_start, h_start + f_h)  # along H only
    w = slice(w_start, w_start + f_w)  # along W only
state-kept: the accumulators are not cleared between calls  [micrograd PR #102]
    The arrays that collect the gradients outlive the call: attributes of a layer, globals, or a default
    argument. The first call is right, every later one adds to what the calls before left. Call twice with
    the same inputs: the second result must equal the first; here it is twice that.
  wrong:
    self.dW += a_slice * dz  # self.dW is made once, in __init__
  right:
    self.dW = np.zeros_like(W)  # at the start of every backward
mutates-input: an input is changed in place  [caffe#2015]
    In-place operators and assignments into a slice write to the caller's array. The call itself may
    return right gradients, and whoever uses dZ, A_prev or W afterwards gets wrong ones. Compare every
    input before and after the call; work on a copy, or write to a new array.
  wrong:
    dZ *= scale  # dZ is the caller's array
  right:
    dZ = dZ * scale
dZ-index-strided: dZ is indexed with the stride  [survey]
    The stride turns an output position into an input position; dZ is indexed by output positions and
    needs none. Multiplied there, it asks for rows that dZ does not have (an IndexError), or, in loops
    that step by the stride, it uses only every stride-th value and drops the others. At stride 1 it is
    right.
  dW db dA_prev:
    dz = dZ[i_n, i_h * s_h, i_w * s_w, i_c]  #
    for i_h in range(-(-H_out // s_h)):
    for i_w in range(-(-W_out // s_w)):
    dz = dZ[i_n, i_h * s_h, i_w * s_w, i_c]
    # every stride-th value, positions that dZ does not have are skipped
    for i_h in range(0, H_out, s_h):
    for i_w in range(0, W_out, s_w):  # the loops step over dZ by the stride
crop-wrong-axes: the crop cuts the wrong axes  [survey]
    Slices count axes from the left, so the crop for an array without a batch axis, or in another layout,
    cuts samples or channels. Height or width keeps its padding and the other axis loses entries, often
    all of them. At padding 0 it is right if the slice is guarded there. Print the shape before and after
    the crop.
  dA_prev:
    dA_prev = dA_prev_pad[p_t:-p_b, p_l:-p_r]  # N and H of NHWC
    dA_prev = dA_prev_pad[:, :, p_t:-p_b, p_l:-p_r]  # W and C of NHWC
    dA_prev = dA_prev_pad[:, p_l:-p_r, :, p_t:-p_b]  # C and H of NCHW
    dA_prev = dA_prev_pad[p_t:-p_b, :, :, p_l:-p_r]  # N and C of NCHW
    dA_prev = dA_prev_pad[p_t:-p_b or None, p_l:-p_r or None]  # N and H of NHWC, if p > 0
    dA_prev = dA_prev_pad[:, :, p_t:-p_b or None, p_l:-p_r or None]  # W and C of NHWC, if p > 0
    dA_prev = dA_prev_pad[:, p_l:-p_r or None, :, p_t:-p_b or None]  # C and H of NCHW, if p > 0
    dA_prev = dA_prev_pad[p_t:-p_b or None, :, :, p_l:-p_r or None]  # N and C of NCHW, if p > 0
    dA_prev = dA_prev_pad[p_t:p_t + H_in, p_l:p_l + W_in]  # [p:p+H, p:p+W] of N and H of NHWC
    dA_prev = dA_prev_pad[:, :, p_t:p_t + H_in, p_l:p_l + W_in]  # [p:p+H, p:p+W] of W and C of NHWC
    dA_prev = dA_prev_pad[:, p_l:p_l + W_in, :, p_t:p_t + H_in]  # [p:p+H, p:p+W] of C and H of NCHW
    dA_prev = dA_prev_pad[p_t:p_t + H_in, :, :, p_l:p_l + W_in]  # [p:p+H, p:p+W] of N and C of NCHW
batch-hardcoded: a batch size is hard-coded  [survey]
    The number of samples is a constant from the test at hand, in a range or a reshape. Smaller batches
    raise, larger ones raise in a reshape or leave the remaining samples out. With exactly that batch size
    everything is right. Take the size from A_prev.shape.
  dW db dA_prev:
    for i_n in range(2):  # a batch of 2; later samples are left out
    for i_n in range(1):  # a batch of 1; later samples are left out
    dZ = dZ.reshape(1, *dZ.shape[1:]); SIZES  # a batch of 1; others raise
    dZ = dZ.reshape(2, *dZ.shape[1:]); SIZES  # a batch of 2; others raise
db-shape: db has the right values in the wrong shape  [survey]
    Every number is right, but axes of length 1 were kept, or the values were repeated over rows, columns
    or samples. An update such as b -= rate * db may then broadcast b to a matrix, far from here. A db of
    (C_out,) is right, and (1, 1, 1, C_out) if b has that shape.
  db:
    return dW, db.reshape(-1, 1), dA_prev  # (C_out, 1)
    return dW, db.reshape(1, -1), dA_prev  # (1, C_out)
    return dW, db.reshape(1, 1, -1), dA_prev  # (1, 1, C_out)
    return dW, db.reshape(-1, 1, 1), dA_prev  # (C_out, 1, 1)
    return dW, db.reshape(-1, 1, 1, 1), dA_prev  # (C_out, 1, 1, 1)
    return dW, np.broadcast_to(db, (H_out, W_out, C_out)), dA_prev  # repeated over every position
    return dW, np.broadcast_to(db, dZ.shape), dA_prev  # repeated in the shape of dZ
    return dW, np.broadcast_to(db, (N, C_out)), dA_prev  # repeated for every sample
    return dW, np.broadcast_to(db, (C_out, C_out)), dA_prev  # repeated for every channel
wrong-order: the gradients are returned in another order
    Each gradient is right, but not where the caller looks for it. The article returns dW, db, dA_prev;
    the courses return dA_prev, dW, db. Everything seems wrong, and the shapes are those of the other
    gradients. Compare the shapes with W, b and A_prev.
  wrong:
    return dA_prev, dW, db
  right:
    return dW, db, dA_prev
forward-wrong: the forward it is paired with is wrong  [deeplearning.ai t/209979]
    A backward can be the exact derivative of its own forward and still differ from the reference, because
    that forward is not this convolution: the bias is inside the sum, the padding or the stride differs,
    or the cache holds changed arrays. Fix the forward first; check it alone on the same problem.
  wrong:
    Z[i_n, i_h, i_w, i_c] = np.sum(a_slice * W[i_c] + b[i_c])
  right:
    Z[i_n, i_h, i_w, i_c] = np.sum(a_slice * W[i_c]) + b[i_c]
dZ-rotated: dZ is rotated  [an old PyTorch tutorial]
    convolve2d turns its second argument by 180° before it slides it, so convolve2d(A_prev_pad, dZ) pairs
    every window with the value of dZ from the mirrored place. A forward that correlates needs dW as a
    correlation too: correlate2d(A_prev_pad, dZ). The shape is right and nothing is raised. A dZ of ones,
    or a single output position, hides it.
  dW:
    dz = dZ[i_n, -1 - i_h, -1 - i_w, i_c]  #
    dz = dZ[i_n, -1 - i_h, -1 - i_w, i_c]  # dA_prev: where dA_prev is made
columns-order: the columns of im2col and the kernel run in different orders  [NHWC im2col layers]
    im2col writes every window as one row, and the kernel is flattened to match. If one of them runs
    channel by channel and the other tap by tap, or filters and taps change places in a reshape, numbers
    meet that belong to different taps. Shapes fit and nothing is raised. With one channel and one filter
    it does not show. Reshape only into the axes that were flattened, in their order, and transpose after
    that.
  dW dA_prev:
    rows = columns[..., c].transpose(0, 1, 2, 5, 3, 4).reshape(N * H_out * W_out, f_h * f_w * C_k)
    dcolumns[..., c] = drows.reshape(N, H_out, W_out, C_k, f_h, f_w).transpose(0, 1, 2, 4, 5, 3)
    # columns run channel by channel, kernels tap by tap
    dW[i_c] = dW_rows.reshape(-1, C_k, f_h, f_w).transpose(0, 2, 3, 1)
    W_rows = W[i_c].transpose(0, 3, 1, 2).reshape(-1, f_h * f_w * C_k)
    # columns run tap by tap, kernels channel by channel
    product = dW_rows.reshape(-1, f_h, f_w, C_k).transpose(3, 1, 2, 0);
    dW[i_c] = product.reshape(-1, C_k, f_h, f_w).transpose(0, 2, 3, 1)
    kernel = W[i_c].transpose(0, 3, 1, 2).reshape(C_k, f_h, f_w, -1);
    W_rows = kernel.transpose(3, 1, 2, 0).reshape(-1, f_h * f_w * C_k)
    # filters and taps change places in a reshape, filters first
    dW[i_c] = dW_rows.reshape(f_h, f_w, C_k, -1).transpose(3, 0, 1, 2)
    W_rows = W[i_c].transpose(1, 2, 3, 0).reshape(-1, f_h * f_w * C_k)
    # filters and taps change places in a reshape, filters last
rows-order: rows of im2col and of dZ run in different orders  [code after a book]
    In im2col a row is one window of one sample. If one matrix lists its rows sample by sample and the
    other place by place, or dZ is reshaped without moving its channels to the end first, windows meet the
    dZ of another place. Shapes fit and nothing is raised. Move the axes first, then reshape; test with a
    batch of two different samples and two filters.
  dW dA_prev:
    rows = columns[..., c].transpose(1, 2, 0, 3, 4, 5).reshape(N * H_out * W_out, f_h * f_w * C_k)
    # dW: columns by place, dZ by sample
    dcolumns[..., c] = drows.reshape(H_out, W_out, N, f_h, f_w, C_k).transpose(2, 0, 1, 3, 4, 5)
    # dA_prev: columns by place, dZ by sample, in dA_prev
    dZ_rows = dZ.transpose(1, 2, 0, 3).reshape(N * H_out * W_out, C_out)  # dZ by place, columns by sample
    dZ_rows = dZ.transpose(0, 3, 1, 2).reshape(C_out, -1).T  # dZ (N, C, H, W) is reshaped to (C, …) as it is
    dZ_rows = dZ.transpose(0, 3, 1, 2).reshape(-1, C_out)  # dZ (N, C, H, W) is reshaped to (…, C) as it is
    dZ_rows = dZ.reshape(C_out, -1).T  # dZ (N, H, W, C) is reshaped to (C, …) as it is
gradient-clipped: gradients are clipped inside the backward  [notebooks]
    Values beyond a limit are cut off, or the gradient is scaled down to a norm, before it is returned.
    That belongs to the optimizer: the backward's result is then not the derivative, and layers below get
    a gradient that does not fit. Small gradients are right, which is why it passes most tests. Call it
    with dZ and with 10 * dZ: the second result must be ten times the first.
  dW db dA_prev:
    return each np.clip(@, -LIMIT, LIMIT)  # values, at LIMIT of 1 5 10
    scale = lambda array: min(LIMIT / np.linalg.norm(array), 1);
    return each @ * scale(@)  # the norm of each, at LIMIT of 1 5 10
    norm = np.sqrt((dW**2).sum() + (db**2).sum() + (dA_prev**2).sum()); k = min(LIMIT / norm, 1);
    return each @ * k  # the norm of all three, at LIMIT of 1 5 10
    norm = np.sqrt((dW**2).sum() + (db**2).sum()); k = min(LIMIT / norm, 1); return dW * k, db * k, dA_prev
    # dW db: the norm of dW and db together, at LIMIT of 1 5 10
""")
