"""Mistakes that are met less often, in most code once at the most."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistake

BUGS = (
    mistake(
        "dZ-not-dilated",
        "no zeros are inserted into dZ",
        "dA_prev wrong, mostly too small, when the stride is larger than 1; dW too large",
        """
        As a transposed convolution, dA_prev slides the rotated kernel over dZ with stride 1. That works
        only if dZ's values lie as far apart as the windows did: stride - 1 zeros between neighbours.
        Without them the result is too small, or, filled up to the input's size, squeezed into a corner. The
        same holds for dW as a correlation of A_prev_pad with dZ. At stride 1 it is right.
        """,
        "dA_prev",
        """
        dZ_up = dZ  # filled up with zeros before the convolution
        dZ_up = dZ
        dA_prev = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r]  # dA_prev is too small
        dZ_up = dZ
        fits = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r][:, :H_in, :W_in];
        dA_prev = np.zeros(A_prev.shape); dA_prev[:, :fits.shape[1], :fits.shape[2]] = fits
        # placed at the top left of zeros
        dZ_up = dZ
        fits = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r][:, :H_in, :W_in];
        down, across = (H_in - fits.shape[1]) // 2, (W_in - fits.shape[2]) // 2;
        dA_prev = np.zeros(A_prev.shape);
        dA_prev[:, down:down + fits.shape[1], across:across + fits.shape[2]] = fits
        # placed in the middle of zeros
        dZ_up = dZ
        dA_prev = np.zeros(A_prev.shape); dA_prev[:] = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r]
        # too small for the array it is assigned to
        dZ_up = dZ
        dA_prev = dA_full[:, p_t:p_t + H_in, p_l:p_l + W_in]  # cut by [p:p+H] from too short an array
        dZ_up = dZ
        dW = dW_valid  # dW: dW is too large
        dZ_up = dZ
        dW = np.zeros(W.shape); dW[:] = dW_valid  # dW: dW too large for its array
        """,
        sources=("candle PR #2337",),
    ),
    mistake(
        "remainder-lost",
        "rows that no window reaches are not restored",
        "dA_prev too small or shifted, dW too large, when (H + 2p - f) % stride is not 0",
        """
        If (H + 2p - f) is not a multiple of the stride, the last rows of the padded input are in no window.
        The transposed form has only the rows that are in one: its result lacks the remainder. It must be
        added at the bottom and right as zeros, before the crop. Added elsewhere or after the crop, it
        shifts the gradient or loses its last rows. dW as a correlation is too large by the same number of
        taps. Sizes that tile exactly hide it.
        """,
        "dA_prev",
        """
        dA_prev = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r]  # dA_prev is too small
        fits = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r][:, :H_in, :W_in];
        dA_prev = np.zeros(A_prev.shape); dA_prev[:, :fits.shape[1], :fits.shape[2]] = fits
        # zeros at the end, after the crop
        fits = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r][:, :H_in, :W_in];
        dA_prev = np.zeros(A_prev.shape); dA_prev[:, H_in - fits.shape[1]:, W_in - fits.shape[2]:] = fits
        # zeros at the start, after the crop
        fits = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r][:, :H_in, :W_in];
        down, across = (H_in - fits.shape[1]) // 2, (W_in - fits.shape[2]) // 2;
        dA_prev = np.zeros(A_prev.shape);
        dA_prev[:, down:down + fits.shape[1], across:across + fits.shape[2]] = fits
        # zeros on both sides, after the crop
        dA_prev_pad[:, -H_full:, -W_full:] = dA_full  # zeros at the start, before the crop
        dA_prev = dA_full[:, p_t:p_t + H_in, p_l:p_l + W_in]  # cut by [p:p+H] from too short an array
        dA_prev = np.zeros(A_prev.shape); dA_prev[:] = dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r]
        # too small for the array it is assigned to
        dW = dW_valid  # dW: dW has too many taps
        dW = dW_valid[:, -f_h:, -f_w:]  # dW: dW's last taps are taken
        dW = np.zeros(W.shape); dW[:] = dW_valid  # dW: dW too large for its array
        """,
        sources=("backpack#30", "CMU10-714#6"),
    ),
    mistake(
        "axes-swapped",
        "H and W are swapped",
        "wrong or a crash when H and W differ; may be invisible on squares",
        """
        Rows are used where columns belong: in the window's corner, in the loops' ranges, in the strides, in
        the padding, in the kernel's size or in the crop. On a square input the loops still fit, and
        symmetric data even gives the right numbers. With H different from W, windows leave the array: an
        exception, or slices that are silently cut. Test with an input such as 7x10.
        """,
        "dW dA_prev",
        """
        h_start, w_start = i_w * s_h, i_h * s_w  # the window's corner
        h_start, w_start = i_w * s_h, i_h * s_w
        CUT_DW
        CUT_DA  # the window's corner, windows cut off
        h_start, w_start = i_w * s_w, i_h * s_h  # the window's corner with its stride
        h_start, w_start = i_w * s_w, i_h * s_h
        CUT_DW
        CUT_DA  # the window's corner with its stride, windows cut off
        h_start, w_start = i_h * s_w, i_w * s_h  # the strides
        h_start, w_start = i_h * s_w, i_w * s_h
        CUT_DW
        CUT_DA  # the strides, windows cut off
        (p_l, p_r), (p_t, p_b) = padding
        CUT_DW
        CUT_DA  # the paddings, windows cut off
        C_out, f_w, f_h, C_k = W.shape  # the kernel's height and width
        for i_h in range(W_out):
        for i_w in range(H_out):  # dW db dA_prev: the loops' ranges
        for i_w in range(H_out):  # dW db dA_prev: H_out in both loops
        for i_h in range(W_out):  # dW db dA_prev: W_out in both loops
        dA_prev = dA_prev_pad[:, p_t:p_t + W_in, p_l:p_l + H_in]  # dA_prev: the crop
        N, W_in, H_in, C_in = A_prev.shape  # dA_prev: the sizes of dA_prev
        """,
        sources=("np-conv2d PR #2", "NNPACK#15"),
    ),
    mistake(
        "dZ-transposed",
        "dZ is indexed by (i_w, i_h)",
        "wrong or an index error if H_out and W_out differ; invisible for symmetric dZ",
        """
        The window is right but the upstream value belongs to the mirrored place. Values on the diagonal i_h
        = i_w are right, and so is db, whose sum does not care about the order. If dZ is not square, the
        index leaves the array and raises, unless dZ was reshaped to (W_out, H_out) first.
        """,
        "dW dA_prev",
        """
        dz = dZ[i_n, i_w, i_h, i_c]  # dW db dA_prev:
        _, H_out, W_out, _ = dZ.shape; dZ = dZ.reshape(N, W_out, H_out, -1)
        dz = dZ[i_n, i_w, i_h, i_c]  # after a reshape to (W_out, H_out)
        dZ = dZ.transpose(0, 2, 1, 3).reshape(dZ.shape); _, H_out, W_out, _ = dZ.shape
        # transposed and read in the old shape
        dZ = dZ.transpose(0, 2, 1, 3); _, H_out, W_out, _ = dZ.shape  # dZ is transposed before the loops
        dZ = dZ.transpose(0, 2, 1, 3); _, H_out, W_out, _ = dZ.shape
        CUT_DW
        CUT_DA  # dZ is transposed before the loops, windows cut off
        """,
    ),
    mistake(
        "db-wrong-axes",
        "db is summed over the wrong axes",
        "db alone is wrong, mostly in its shape",
        """
        db has one number for each filter: dZ summed over everything but the channels. Which axes those are
        depends on the layout: (0, 1, 2) with channels last, (0, 2, 3) with channels first. Other axes leave
        samples, rows or columns standing, or sum the channels away. The wrong shape gives it away unless
        sizes happen to be equal or the result is broadcast into db.
        """,
        "db",
        """
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
        """,
        sources=("deeplearning4j#8280",),
    ),
    mistake(
        "averaged",
        "an average is taken that does not belong here",
        "a constant ratio in all gradients",
        """
        A convolution's backward only sums. The 1/N of a loss averaged over the batch comes in with dZ;
        dividing again makes the step N times too small. Dividing by the number of positions or of taps is
        the same slip. Directions are right, so training works, slowly. The ratio to the right gradient is
        one number for all cells.
        """,
        "dW db dA_prev",
        """
        return dW / N, db / N, dA_prev / N  # divided by N
        return dW / (H_out * W_out), db / (H_out * W_out), dA_prev / (H_out * W_out)  # divided by H_out*W_out
        return dW / (N * H_out * W_out), db / (N * H_out * W_out), dA_prev / (N * H_out * W_out)
        # divided by N*H_out*W_out
        return dW / (f_h * f_w), db / (f_h * f_w), dA_prev / (f_h * f_w)  # divided by F_h*F_w
        return dW / C_out, db / C_out, dA_prev / C_out  # divided by C_out
        return dW / C_in, db / C_in, dA_prev / C_in  # divided by C_in
        """,
        sources=("cTensor#3",),
    ),
    mistake(
        "integer-truncation",
        "fractions are lost in integer buffers",
        "gradients are whole numbers, too close to zero",
        """
        zeros_like takes over the type of its argument. If the input is an array of integers, so is the
        buffer, and every value stored in it loses its fraction. With += on a slice NumPy raises instead;
        cell by cell it truncates silently. With floating-point inputs nothing shows.
        """,
        "dW db dA_prev",
        """
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
        return dW.astype(W.dtype), db, dA_prev.astype(A_prev.dtype)
        # dW dA_prev: with integer inputs, at the end
        dW = np.zeros_like(W)
        dA_prev_pad = np.zeros_like(A_prev_pad)  # dW dA_prev: with integer inputs, += raises
        dW = np.zeros(W.shape, int)
        db = np.zeros(C_out, int)
        dA_prev_pad = np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in), int)
        dW[i_c] = dW[i_c] + a_slice * dz
        dA_prev_pad[i_n, h, w, c] = dA_prev_pad[i_n, h, w, c] + W[i_c] * dz
        db[i_c] = db[i_c] + dz  # at every step
        dA_prev_pad = np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in), int)
        w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w);
        dz_g, W_g = dZ[i_n, i_h, i_w].reshape(groups, -1), W.reshape(groups, -1, f_h, f_w, C_k);
        da_slice = np.einsum("go,gohwk->hwgk", dz_g, W_g).reshape(f_h, f_w, C_in);
        dA_prev_pad[i_n, h, w] = dA_prev_pad[i_n, h, w] + da_slice
        dA_prev_pad[i_n, h, w, c]  # dA_prev: at every window
        return np.trunc(dW), np.trunc(db), np.trunc(dA_prev)  # at the end
        return np.floor(dW), np.floor(db), np.floor(dA_prev)  # at the end, rounded down
        return np.round(dW), np.round(db), np.round(dA_prev)  # at the end, rounded
        dz = int(dZ[i_n, i_h, i_w, i_c])  # in dZ, before anything else
        """,
        sources=("numpy#16578",),
    ),
    mistake(
        "groups-ignored",
        "a group reads the wrong input channels",
        "dW and dA_prev wrong if there is more than one group",
        """
        In a grouped convolution a filter sees only its group's input channels: the block that starts at
        group * C_in / groups. Without that offset every filter uses the first block; with channels dealt
        out in turn, or the group found by i_c % groups, it uses others. Filters of the first group are
        right, and with groups = 1 all are.
        """,
        "dW dA_prev",
        """
        c_start = 0  # every group reads the first block
        c = slice(i_c // (C_out // groups), None, groups)  # channels are dealt out in turn
        c_start = i_c % groups * C_k  # a filter's group is i_c % groups
        c_start = i_c // (C_out // groups)  # the offset is the group's number
        """,
        sources=("pytorch#51430",),
    ),
    mistake(
        "dilation-ignored",
        "the window is dense although the convolution is dilated",
        "dW and dA_prev wrong when the dilation is larger than 1",
        """
        A dilated kernel looks at every dilation-th cell, so its window reaches over dilation * (f - 1) + 1
        rows. A dense slice of f rows has the right shape and the wrong cells: only the tap at (0, 0) is at
        its place. Nothing is raised, and at dilation 1 it is right.
        """,
        "dW dA_prev",
        """
        h = slice(h_start, h_start + f_h)
        w = slice(w_start, w_start + f_w)  #
        h = slice(h_start, h_start + f_h)  # along H only
        w = slice(w_start, w_start + f_w)  # along W only
        """,
    ),
)
