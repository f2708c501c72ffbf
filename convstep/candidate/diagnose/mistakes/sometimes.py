"""Mistakes that are met now and then, commonest first."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistake

BUGS = (
    mistake(
        "stride-one-axis",
        "the stride is applied to one axis only",
        "dW and dA_prev wrong when the stride of one axis is not 1",
        """
        One of the two window corners is multiplied by the stride and the other is not, or one axis' stride
        is used for both. Windows slide correctly along one axis and too slowly (or too fast) along the
        other. With stride 1, or a single row or column of output, nothing shows. Walk along i_h with i_w
        fixed, then along i_w with i_h fixed: only one of the walks is right.
        """,
        "dW dA_prev",
        """
        h_start, w_start = i_h, i_w * s_w  # ignored along H
        h_start, w_start = i_h * s_h, i_w  # ignored along W
        h_start, w_start = i_h * s_h, i_w * s_h  # the stride of H on both axes
        h_start, w_start = i_h * s_w, i_w * s_w  # the stride of W on both axes
        h_start, w_start = i_h * s_h, i_w * s_h
        CUT_DW
        CUT_DA  # the stride of H on both axes, windows cut off
        h_start, w_start = i_h * s_w, i_w * s_w
        CUT_DW
        CUT_DA  # the stride of W on both axes, windows cut off
        """,
        sources=("public course solutions",),
    ),
    mistake(
        "input-not-padded",
        "windows are sliced from the unpadded input",
        "dW wrong, or shapes clash, when the padding is larger than 0",
        """
        h_start and w_start are positions in the padded input. In A_prev the same numbers lie p rows and
        columns further on, and the last windows reach past its end, where a slice is silently shorter. Then
        shapes clash, or a window of one row is spread over the whole kernel. At padding 0 there is no
        difference.
        """,
        "dW",
        """
        a_slice = A_prev[i_n, h, w, c]  # windows cut off at the border raise
        a_slice = A_prev[i_n, h, w, c]
        CUT_DW  # windows are cut off at the border
        h = h_start + d_h * np.arange(f_h)[:, np.newaxis]
        w = w_start + d_w * np.arange(f_w)
        a_slice = A_prev[i_n, h, w, c]  # cells are taken by index
        t_h, t_w = (H_in - H_up) // d_h + 1, (W_in - W_up) // d_w + 1
        a_slice = A_prev[:, k_h * d_h:k_h * d_h + H_up, k_w * d_w:k_w * d_w + W_up, c]
        # correlated with dZ, cut to the kernel
        """,
    ),
    mistake(
        "dA-not-padded",
        "the accumulator of dA is not padded",
        "an error, or dA_prev shifted and cut at the border, when the padding is larger than 0",
        """
        Windows are counted in the padded input, but the array that collects their gradients has the input's
        own size. Everything lands p rows and columns too far down and right, and windows at the far border
        are cut: adding the whole kernel there raises, adding a cut kernel loses a part. At padding 0 it is
        right.
        """,
        "dA_prev",
        """
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
        """,
        sources=("survey",),
    ),
    mistake(
        "loop-range",
        "the loops do not cover dZ exactly",
        "the last (or first) rows and columns of dZ have no effect, or an index error",
        """
        Every value of dZ belongs to one window, so the loops must run over exactly dZ's rows and columns.
        Ranges taken from the input, from a size formula without the padding, or without its + 1, visit too
        many positions (an IndexError) or miss the last rows and columns. What is missed adds nothing to any
        gradient: put a single 1 into the last cell of dZ and see all gradients stay zero.
        """,
        "dW db dA_prev",
        """
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
        """,
        sources=("survey",),
    ),
    mistake(
        "dZ-channel-fixed",
        "one channel of dZ is used for all",
        "dW and db right in one channel only",
        """
        The loop runs over the filters, but the upstream value is always that of one channel. That channel's
        dW and db are right, every other filter gets a copy made from the wrong upstream gradient. With one
        filter, or equal channels in dZ (all ones), nothing shows.
        """,
        "dW db dA_prev",
        """
        dz = dZ[i_n, i_h, i_w, 0]  # the first channel
        dz = dZ[i_n, i_h, i_w, -1]  # the last channel
        """,
    ),
    mistake(
        "db-mean",
        "db is a mean instead of a sum",
        "db off by a constant ratio",
        """
        The bias is added at every output position, so its gradient is the sum of dZ over all of them. A
        mean is smaller by a factor that depends on the sizes alone: the number of positions, of samples, or
        of both. If the loss is averaged over the batch, dZ contains that factor already. Divide the two
        results: the ratio is the same in every channel.
        """,
        "db",
        """
        return dW, db / (N * H_out * W_out), dA_prev  # divided by N*H_out*W_out
        return dW, db / (H_out * W_out), dA_prev  # divided by H_out*W_out
        return dW, db / N, dA_prev  # divided by N
        """,
        sources=("kvfrans/notes#5",),
    ),
    mistake(
        "batch-one-sample",
        "one sample is used for the whole batch",
        "wrong if there is more than one sample",
        """
        The sample's index is fixed, the loop over samples is missing, or a buffer for one sample is shared
        by all. dW and db miss the other samples' share; dA_prev is filled for one of them, or receives the
        whole batch's sum. A batch of one hides it: test with two different samples.
        """,
        "dA_prev",
        """
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
        """,
        sources=("numpy-ml Conv2D._backward_naive",),
    ),
    mistake(
        "one-channel-only",
        "a channel index is fixed, or a channel loop is missing",
        "all channels but one are zero, or dA_prev lacks the other channels' part",
        """
        A channel's index is fixed or a loop over channels is missing. Either every filter's gradient is
        added to one filter and the others stay zero, or only one filter is processed and dA_prev lacks what
        the others send back; likewise for input channels. One channel in and out hides it. Look at which
        slices of dW along its first and last axis are zero.
        """,
        "dW db",
        """
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
        dA_prev_pad[i_n, h, w, c] += W[i_c, ..., :1] * dz
        # dW dA_prev: only the first input channel is processed
        c = slice(c_start + C_k - 1, c_start + C_k)
        dW[i_c, ..., -1:] += a_slice * dz
        dA_prev_pad[i_n, h, w, c] += W[i_c, ..., -1:] * dz
        # dW dA_prev: only the last input channel is processed
        a_slice = A_prev_pad[i_n, h, w, :1]  # dW: the first input channel is used for all
        """,
        sources=("neon#111",),
    ),
    mistake(
        "crop-offset",
        "the gradient is cropped from the wrong corner",
        "dA_prev shifted by the padding, right shape",
        """
        The result has the input's shape, but its first cell is a cell of the padding (or the crop is
        aligned to the far corner). Every gradient is attributed to a cell p rows and columns away. At
        padding 0 all these crops are the same. Put a single 1 into dZ and compare where the kernel's
        picture appears in dA_prev with the window the forward pass read.
        """,
        "dA_prev",
        """
        dA_prev = dA_prev_pad[:, :H_in, :W_in]  # the first H rows and W columns
        dA_prev = dA_prev_pad[:, -H_in:, -W_in:]  # the last H rows and W columns
        dA_prev = dA_prev_pad[:, :H_in, p_l:p_l + W_in]  # the first H rows
        dA_prev = dA_prev_pad[:, p_t:p_t + H_in, :W_in]  # the first W columns
        dA_prev = dA_prev_pad[:, -H_in:, p_l:p_l + W_in]  # the last H rows
        dA_prev = dA_prev_pad[:, p_t:p_t + H_in, -W_in:]  # the last W columns
        """,
    ),
    mistake(
        "pad-mode",
        "the input is not padded with zeros",
        "dW wrong in the taps that reach over the border, when the padding is larger than 0",
        """
        The forward pass read zeros around the input; this backward reads copies of the border, a mirror
        image, or ones. Taps that look into the padding collect gradient that should be zero. dA_prev and db
        do not read the input and are right, and so is everything at padding 0. Only the kernel's outer taps
        are wrong.
        """,
        "dW",
        """
        A_prev_pad = np.pad(A_prev, ((0, 0), (p_t, p_b), (p_l, p_r), (0, 0)), mode="edge")
        # the border repeated
        A_prev_pad = np.pad(A_prev, ((0, 0), (p_t, p_b), (p_l, p_r), (0, 0)), mode="reflect")
        # mirrored, the border once
        A_prev_pad = np.pad(A_prev, ((0, 0), (p_t, p_b), (p_l, p_r), (0, 0)), mode="symmetric")
        # mirrored, the border twice
        A_prev_pad = np.pad(A_prev, ((0, 0), (p_t, p_b), (p_l, p_r), (0, 0)), mode="wrap")
        # wrapped around
        A_prev_pad = np.pad(A_prev, ((0, 0), (p_t, p_b), (p_l, p_r), (0, 0)), constant_values=1)  # ones
        """,
    ),
    mistake(
        "kernel-transposed",
        "k_h and k_w are swapped",
        "dA_prev (or dW) wrong with the diagonal taps right; raises if the kernel is not square",
        """
        A transpose meant to rearrange channels swaps the kernel's rows and columns. Taps on the diagonal
        k_h = k_w are right, the others are taken from the mirrored tap. Kernels that are not square no
        longer fit their window and raise. Put a single 1 into dZ: dA_prev shows W on its side.
        """,
        "dA_prev",
        """
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
        """,
    ),
)
