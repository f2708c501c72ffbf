"""The mistakes that people make most, commonest first."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistake

BUGS = (
    mistake(
        "crop-zero-slice",
        "[p:-p] is empty when the padding is 0",
        "dA_prev empty, or an error, at padding 0 only",
        """
        In Python -0 is 0, so with p = 0 the slice [p:-p] is [0:0]: empty, where the whole array was meant.
        Returned, it is a gradient without cells; assigned to dA_prev[i_n], it raises because shapes do not
        fit. With any padding it is right, which is why tests at padding 1 pass. Write the end of the slice
        as p + H.
        """,
        "dA_prev",
        """
        dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r]  # an empty array is returned
        dA_prev = np.zeros(A_prev.shape); dA_prev[:] = dA_prev_pad[:, p_t:-p_b, p_l:-p_r]
        # assigning the empty array raises
        dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:p_l + W_in]  # along H only
        dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:-p_r]  # along W only
        dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r] if p_t or p_l else dA_prev_pad
        # where one axis is padded and the other is not
        dA_prev = np.zeros(A_prev.shape);
        dA_prev[:] = dA_prev_pad[:, p_t:-p_b, p_l:-p_r] if p_t or p_l else dA_prev_pad
        # where one axis is padded and the other is not, assigning raises
        dA_prev = np.zeros(A_prev.shape);
        dA_prev[:] = dA_prev_pad[:, p_t:-p_b if p_l else H_in + p_t, p_l:p_l + W_in]
        # along H only, where W is padded, assigning raises
        dA_prev = np.zeros(A_prev.shape);
        dA_prev[:] = dA_prev_pad[:, p_t:p_t + H_in, p_l:-p_r if p_t else W_in + p_l]
        # along W only, where H is padded, assigning raises
        """,
        sources=("HIPS/autograd#431", "most public course solutions"),
    ),
    mistake(
        "same-padding-off-by-one",
        'the "same" padding is one too wide',
        "dA_prev and dW shifted by one cell, right shape, nothing raised",
        """
        The formula for "same" padding is meant to round up, but adds one also where the division leaves
        nothing to round. Every window then starts one row and one column too early, and the crop takes the
        same step, so shapes are right and nothing is raised. The result disagrees with the forward pass
        that produced dZ. Compare the padding with the one Z's size implies.
        """,
        "dW dA_prev",
        """
        (p_t, p_b), (p_l, p_r) = np.add(padding, 1)  # always
        (p_t, p_b), (p_l, p_r) = np.add(padding, np.any(padding))  # where there is padding at all
        (p_t, p_b), (p_l, p_r) = [[((n - 1) * s + f - n) // 2 + 1] * 2 for n, s, f in \
zip(A_prev.shape[1:3], stride, W.shape[1:3])] if np.any(padding) else padding \
# and rightly where it rounds up
        (p_t, p_b), (p_l, p_r) = np.add(padding, [[1], [0]])  # along H only
        (p_t, p_b), (p_l, p_r) = np.add(padding, [[0], [1]])  # along W only
        (p_t, p_b), (p_l, p_r) = np.add(padding, np.any(padding))
        for i_h in range((p_t + H_in + p_b - f_h) // s_h + 1):
        for i_w in range((p_l + W_in + p_r - f_w) // s_w + 1):
        # dW db dA_prev: where there is padding at all, and in the range of the loops
        """,
        sources=("29 of 84 ALX solutions",),
    ),
    mistake(
        "stride-ignored",
        "the stride is ignored",
        "dW and dA_prev wrong when the stride is larger than 1, right at stride 1",
        """
        The forward pass reads output (i_h, i_w) from the window at (i_h * stride, i_w * stride). This
        backward takes the window at (i_h, i_w) instead, so inputs and upstream gradients are paired that
        never met. At stride 1 both are the same window, so tests at stride 1 pass. Compare the window's
        corner at i_h = 1 with the one the forward pass used.
        """,
        "dW dA_prev",
        """
        h_start, w_start = i_h, i_w
        """,
        sources=("Kulbear/deep-learning-coursera#34", "enggen/Deep-Learning-Coursera#7"),
    ),
    mistake(
        "padding-hardcoded",
        "a padding is hard-coded",
        "right at padding 1 only",
        """
        The number 1 is written where the padding belongs: when the arrays are padded, when the gradient is
        cropped, or both. The usual test uses padding 1 and passes. With less padding windows are shifted or
        real cells are cropped away; with more, windows leave the array or padding stays in the result.
        """,
        "dA_prev",
        """
        dA_prev = dA_prev_pad[:, 1:-1, 1:-1]  # the crop
        dA_prev = np.zeros(A_prev.shape); dA_prev[:] = dA_prev_pad[:, 1:-1, 1:-1]
        # the crop, whose assignment raises
        (p_t, p_b), (p_l, p_r) = (1, 1), (1, 1)  # dW dA_prev: the padding of the array
        (p_t, p_b), (p_l, p_r) = (1, 1), (1, 1)
        CUT_DW
        CUT_DA  # dW dA_prev: the padding of the array, windows cut off
        dA_prev_pad = np.zeros((N, H_in + 2, W_in + 2, C_in))
        dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r]  # the padding of dA_prev_pad, but not the crop
        (p_t, p_b), (p_l, p_r) = (2, 2), (2, 2)  # dW dA_prev: a padding of 2
        """,
        sources=("4 of 38 cs231n solutions",),
    ),
    mistake(
        "overwrite-dA",
        "dA_prev is assigned instead of added to",
        "dA_prev wrong where windows or filters overlap, right if the stride is at least the kernel",
        """
        An input cell belongs to several windows and, in each, to several filters; its gradient is the sum
        of what they all send back. With = the last write wins. If the filters are summed before the
        assignment, it shows only where windows overlap, that is, when the stride is smaller than the
        kernel. In col2im the same slip is in the loop over taps.
        """,
        "dA_prev",
        """
        dA_prev_pad[i_n, h, w, c] = W[i_c] * dz  # the last window and the last filter survive
        w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w); dA_prev_pad[i_n, h, w] = 0
        # filters are summed, the last window survives
        dA_prev_pad[:, h, w] = dcolumns[:, :, :, k_h, k_w]  # in col2im, the first window survives
        """,
        sources=("darknet#2570",),
    ),
    mistake(
        "overwrite-dW",
        "dW is assigned instead of added to",
        "only the last window survives in dW; what earlier steps added is lost",
        """
        A kernel is used at every output position, so its gradient is a sum over all of them. With = every
        window throws away what the earlier ones added, and only the last survives. The same happens per row
        or per sample if the assignment is one loop further out. With a single output position and one
        sample nothing shows. To see it, let dZ be a single 1 anywhere but at the end: dW is zero.
        """,
        "dW",
        """
        dW[i_c] = a_slice * dz  # the last window survives
        for i_n in range(N):
            dW[...] = 0  # the last sample survives
        for i_h in range(H_out):
            dW[...] = 0  # the last row survives
        for i_n in range(N):
            before = dW.copy()
        dW[i_c] = before[i_c] + a_slice * dz  # the last window of every sample survives
        for i_n in range(N):
            before = dW.copy()
        for i_h in range(H_out):
            dW[...] = before  # the last row of every sample survives
        for i_h in range(H_out):
            before = dW.copy()
        dW[i_c] = before[i_c] + a_slice * dz  # the last window of every row survives
        """,
        sources=("dynet PR #612",),
    ),
    mistake(
        "overwrite-db",
        "db is assigned instead of added to",
        "db is only a part of dZ's sum: the last position, row or sample",
        """
        A bias is added at every output position, so its gradient is the sum of dZ over all of them. With =
        it is the last value alone, or the sum of the last row or the last sample if the assignment is
        further out. Compare db with dZ.sum() over all axes but the channels.
        """,
        "db",
        """
        db[i_c] = dz  # the last position survives
        for i_n in range(N):
            db[...] = 0  # the last sample survives
        for i_h in range(H_out):
            db[...] = 0  # the last row survives
        for i_n in range(N):
            before = db.copy()
        db[i_c] = before[i_c] + dz  # the last position of every sample survives
        for i_n in range(N):
            before = db.copy()
        for i_h in range(H_out):
            db[...] = before  # the last row of every sample survives
        for i_h in range(H_out):
            before = db.copy()
        db[i_c] = before[i_c] + dz  # the last position of every row survives
        """,
    ),
    mistake(
        "padding-not-cropped",
        "the padded gradient is returned",
        "dA_prev too large by 2p",
        """
        dA_prev_pad has a border of p cells on every side that belongs to no input cell. It must be cropped
        before it is returned. The inner part is right; the shape is too large by 2p, and at padding 0
        nothing is wrong.
        """,
        "dA_prev",
        """
        dA_prev = dA_prev_pad  #
        dA_prev = dA_prev_pad[:, p_t:, p_l:]  # cropped only at the top and left
        """,
        sources=("MP-SPDZ#1206",),
    ),
    mistake(
        "kernel-flipped",
        "the kernel is rotated when it should not be, or not when it should",
        "dA_prev wrong, its shape and mean right",
        """
        In the loop form each window receives the kernel as it is. Only the transposed-convolution form,
        which slides over a padded dZ, needs the kernel rotated by 180°. Rotating in the first or forgetting
        it in the second gives the right shape and the right total with every cell's share taken from the
        mirrored tap. A one-tap or symmetric kernel hides it: put a single 1 into dZ, and dA_prev must show
        W itself.
        """,
        "dA_prev",
        """
        dA_prev_pad[i_n, h, w, c] += W[i_c, ::-1, ::-1] * dz  # along both axes
        dA_prev_pad[i_n, h, w, c] += W[i_c, ::-1] * dz  # along H only
        dA_prev_pad[i_n, h, w, c] += W[i_c, :, ::-1] * dz  # along W only
        """,
        sources=("nntrainer#705", "numpy-ml#27"),
    ),
    mistake(
        "dW-flipped",
        "dW is rotated",
        "dW rotated by 180°, its mean right",
        """
        Correlation does not commute: with its arguments swapped, the same numbers come out in reverse
        order. dW[i_c, k_h, k_w] holds what belongs to the tap mirrored through the kernel's centre, so the
        shape, the mean and every norm are right. A convolution used for a correlation does the same.
        Compare with dW[:, ::-1, ::-1]. A kernel of one tap, or symmetric data, hides it.
        """,
        "dW",
        """
        dW[i_c] += a_slice[::-1, ::-1] * dz  # along both axes
        dW[i_c] += a_slice[::-1] * dz  # along H only
        dW[i_c] += a_slice[:, ::-1] * dz  # along W only
        """,
        sources=("e2eml course 322",),
    ),
    mistake(
        "gradient-not-returned",
        "the sum is made in one array, but another is returned",
        "a gradient of zeros",
        """
        The array that is returned is never written to: the sum is an expression that nobody keeps, it goes
        into a copy (np.pad makes one), or it is not made at all. Shape and type are right and nothing is
        raised; the gradient is zero everywhere, whatever the inputs are.
        """,
        "dW db dA_prev",
        """
        dW[i_c] + a_slice * dz
        db[i_c] + dz
        dA_prev_pad[i_n, h, w, c] + W[i_c] * dz  #
        dA_prev_pad[i_n, h, w, c] + W[i_c] * dz
        dA_prev = dA_prev_pad  # dA_prev: in the padded shape
        """,
        sources=("survey",),
    ),
    mistake(
        "starts-from-input",
        "the accumulator starts as a copy of the input",
        "a gradient is off by exactly its input: dA_prev by A_prev, dW by W, db by b",
        """
        A buffer of the right shape is made by copying the array whose gradient it will hold, and the
        contributions are added to the old values. The gradient is too large by exactly the input, cell by
        cell. Subtract the input from what came back: the rest is right. With inputs of zero it does not
        show.
        """,
        "dW db dA_prev",
        """
        dA_prev_pad = A_prev_pad.astype(float)
        dW = W.astype(float)
        db = b.astype(float)
        """,
        sources=("survey",),
    ),
)
