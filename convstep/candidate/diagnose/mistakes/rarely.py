"""Mistakes that are rare, or that the numbers of one call do not show."""

from __future__ import annotations

from convstep.candidate.diagnose.mistakes.bug import mistake

BUGS = (
    mistake(
        "state-kept",
        "the accumulators are not cleared between calls",
        "the second call's gradients contain the first's",
        """
        The arrays that collect the gradients outlive the call: attributes of a layer, globals, or a default
        argument. The first call is right, every later one adds to what the calls before left. Call twice
        with the same inputs: the second result must equal the first; here it is twice that.
        """,
        sources=("micrograd PR #102",),
        shown=(
            "self.dW += a_slice * dz  # self.dW is made once, in __init__",
            "self.dW = np.zeros_like(W)  # at the start of every backward",
        ),
        seen_by="calling twice",
    ),
    mistake(
        "mutates-input",
        "an input is changed in place",
        "dZ, A_prev or W differ after the call; later results are wrong",
        """
        In-place operators and assignments into a slice write to the caller's array. The call itself may
        return right gradients, and whoever uses dZ, A_prev or W afterwards gets wrong ones. Compare every
        input before and after the call; work on a copy, or write to a new array.
        """,
        sources=("caffe#2015",),
        shown=("dZ *= scale  # dZ is the caller's array", "dZ = dZ * scale"),
        seen_by="the inputs afterwards",
    ),
    mistake(
        "dZ-index-strided",
        "dZ is indexed with the stride",
        "an index error, or most of dZ without effect, when the stride is larger than 1",
        """
        The stride turns an output position into an input position; dZ is indexed by output positions and
        needs none. Multiplied there, it asks for rows that dZ does not have (an IndexError), or, in loops
        that step by the stride, it uses only every stride-th value and drops the others. At stride 1 it is
        right.
        """,
        "dW db dA_prev",
        """
        dz = dZ[i_n, i_h * s_h, i_w * s_w, i_c]  #
        for i_h in range(-(-H_out // s_h)):
        for i_w in range(-(-W_out // s_w)):
        dz = dZ[i_n, i_h * s_h, i_w * s_w, i_c]
        # every stride-th value, positions that dZ does not have are skipped
        for i_h in range(0, H_out, s_h):
        for i_w in range(0, W_out, s_w):  # the loops step over dZ by the stride
        """,
        sources=("survey",),
    ),
    mistake(
        "crop-wrong-axes",
        "the crop cuts the wrong axes",
        "dA_prev of the wrong shape, or empty",
        """
        Slices count axes from the left, so the crop for an array without a batch axis, or in another
        layout, cuts samples or channels. Height or width keeps its padding and the other axis loses
        entries, often all of them. At padding 0 it is right if the slice is guarded there. Print the shape
        before and after the crop.
        """,
        "dA_prev",
        """
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
        """,
        sources=("survey",),
    ),
    mistake(
        "batch-hardcoded",
        "a batch size is hard-coded",
        "any other batch size raises or is used in part",
        """
        The number of samples is a constant from the test at hand, in a range or a reshape. Smaller batches
        raise, larger ones raise in a reshape or leave the remaining samples out. With exactly that batch
        size everything is right. Take the size from A_prev.shape.
        """,
        "dW db dA_prev",
        """
        for i_n in range(2):  # a batch of 2; later samples are left out
        for i_n in range(1):  # a batch of 1; later samples are left out
        dZ = dZ.reshape(1, *dZ.shape[1:]); _, H_out, W_out, _ = dZ.shape  # a batch of 1; others raise
        dZ = dZ.reshape(2, *dZ.shape[1:]); _, H_out, W_out, _ = dZ.shape  # a batch of 2; others raise
        """,
        sources=("survey",),
    ),
    mistake(
        "db-shape",
        "db has the right values in the wrong shape",
        "db has the right values in a shape that is not b's",
        """
        Every number is right, but axes of length 1 were kept, or the values were repeated over rows,
        columns or samples. An update such as b -= rate * db may then broadcast b to a matrix, far from
        here. A db of (C_out,) is right, and (1, 1, 1, C_out) if b has that shape.
        """,
        "db",
        """
        return dW, db.reshape(-1, 1), dA_prev  # (C_out, 1)
        return dW, db.reshape(1, -1), dA_prev  # (1, C_out)
        return dW, db.reshape(1, 1, -1), dA_prev  # (1, 1, C_out)
        return dW, db.reshape(-1, 1, 1), dA_prev  # (C_out, 1, 1)
        return dW, db.reshape(-1, 1, 1, 1), dA_prev  # (C_out, 1, 1, 1)
        return dW, np.broadcast_to(db, (H_out, W_out, C_out)), dA_prev  # repeated over every position
        return dW, np.broadcast_to(db, dZ.shape), dA_prev  # repeated in the shape of dZ
        return dW, np.broadcast_to(db, (N, C_out)), dA_prev  # repeated for every sample
        return dW, np.broadcast_to(db, (C_out, C_out)), dA_prev  # repeated for every channel
        """,
        sources=("survey",),
    ),
    mistake(
        "wrong-order",
        "the gradients are returned in another order",
        "everything is wrong, and the shapes are permuted",
        """
        Each gradient is right, but not where the caller looks for it. The article returns dW, db, dA_prev;
        the courses return dA_prev, dW, db. Everything seems wrong, and the shapes are those of the other
        gradients. Compare the shapes with W, b and A_prev.
        """,
        shown=("return dA_prev, dW, db", "return dW, db, dA_prev"),
        seen_by="the order of what is returned",
    ),
    mistake(
        "forward-wrong",
        "the forward it is paired with is wrong",
        "the backward looks wrong everywhere, and so is Z",
        """
        A backward can be the exact derivative of its own forward and still differ from the reference,
        because that forward is not this convolution: the bias is inside the sum, the padding or the stride
        differs, or the cache holds changed arrays. Fix the forward first; check it alone on the same
        problem.
        """,
        sources=("deeplearning.ai t/209979",),
        shown=(
            "Z[i_n, i_h, i_w, i_c] = np.sum(a_slice * W[i_c] + b[i_c])",
            "Z[i_n, i_h, i_w, i_c] = np.sum(a_slice * W[i_c]) + b[i_c]",
        ),
        seen_by="its own forward",
    ),
    mistake(
        "dZ-rotated",
        "dZ is rotated",
        "dW alone wrong, right for a dZ that is the same turned around",
        """
        convolve2d turns its second argument by 180° before it slides it, so convolve2d(A_prev_pad, dZ)
        pairs every window with the value of dZ from the mirrored place. A forward that correlates needs dW
        as a correlation too: correlate2d(A_prev_pad, dZ). The shape is right and nothing is raised. A dZ of
        ones, or a single output position, hides it.
        """,
        "dW",
        """
        dz = dZ[i_n, -1 - i_h, -1 - i_w, i_c]  #
        dz = dZ[i_n, -1 - i_h, -1 - i_w, i_c]  # dA_prev: where dA_prev is made
        """,
        sources=("an old PyTorch tutorial",),
    ),
    mistake(
        "columns-order",
        "the columns of im2col and the kernel run in different orders",
        "dW and dA_prev scrambled within a filter; right for one channel",
        """
        im2col writes every window as one row, and the kernel is flattened to match. If one of them runs
        channel by channel and the other tap by tap, or filters and taps change places in a reshape, numbers
        meet that belong to different taps. Shapes fit and nothing is raised. With one channel and one
        filter it does not show. Reshape only into the axes that were flattened, in their order, and
        transpose after that.
        """,
        "dW dA_prev",
        """
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
        """,
        sources=("NHWC im2col layers",),
    ),
    mistake(
        "rows-order",
        "rows of im2col and of dZ run in different orders",
        "right for one sample, wrong for a batch",
        """
        In im2col a row is one window of one sample. If one matrix lists its rows sample by sample and the
        other place by place, or dZ is reshaped without moving its channels to the end first, windows meet
        the dZ of another place. Shapes fit and nothing is raised. Move the axes first, then reshape; test
        with a batch of two different samples and two filters.
        """,
        "dW dA_prev",
        """
        rows = columns[..., c].transpose(1, 2, 0, 3, 4, 5).reshape(N * H_out * W_out, f_h * f_w * C_k)
        # dW: columns by place, dZ by sample
        dcolumns[..., c] = drows.reshape(H_out, W_out, N, f_h, f_w, C_k).transpose(2, 0, 1, 3, 4, 5)
        # dA_prev: columns by place, dZ by sample, in dA_prev
        dZ_rows = dZ.transpose(1, 2, 0, 3).reshape(N * H_out * W_out, C_out)  # dZ by place, columns by sample
        dZ_rows = dZ.transpose(0, 3, 1, 2).reshape(C_out, -1).T
        # dZ (N, C, H, W) is reshaped to (C, …) as it is
        dZ_rows = dZ.transpose(0, 3, 1, 2).reshape(-1, C_out)
        # dZ (N, C, H, W) is reshaped to (…, C) as it is
        dZ_rows = dZ.reshape(C_out, -1).T  # dZ (N, H, W, C) is reshaped to (C, …) as it is
        """,
        sources=("code after a book",),
    ),
    mistake(
        "gradient-clipped",
        "gradients are clipped inside the backward",
        "right while gradients are small; not linear in dZ",
        """
        Values beyond a limit are cut off, or the gradient is scaled down to a norm, before it is returned.
        That belongs to the optimizer: the backward's result is then not the derivative, and layers below
        get a gradient that does not fit. Small gradients are right, which is why it passes most tests. Call
        it with dZ and with 10 * dZ: the second result must be ten times the first.
        """,
        "dW db dA_prev",
        """
        return np.clip(dW, -1, 1), np.clip(db, -1, 1), np.clip(dA_prev, -1, 1)  # values, at 1
        return np.clip(dW, -5, 5), np.clip(db, -5, 5), np.clip(dA_prev, -5, 5)  # values, at 5
        return np.clip(dW, -10, 10), np.clip(db, -10, 10), np.clip(dA_prev, -10, 10)  # values, at 10
        scale = lambda array: min(1 / np.linalg.norm(array), 1);
        return dW * scale(dW), db * scale(db), dA_prev * scale(dA_prev)
        # the norm of each, at 1
        scale = lambda array: min(5 / np.linalg.norm(array), 1);
        return dW * scale(dW), db * scale(db), dA_prev * scale(dA_prev)
        # the norm of each, at 5
        scale = lambda array: min(10 / np.linalg.norm(array), 1);
        return dW * scale(dW), db * scale(db), dA_prev * scale(dA_prev)
        # the norm of each, at 10
        norm = np.sqrt((dW**2).sum() + (db**2).sum() + (dA_prev**2).sum()); k = min(1 / norm, 1);
        return dW * k, db * k, dA_prev * k  # the norm of all three, at 1
        norm = np.sqrt((dW**2).sum() + (db**2).sum() + (dA_prev**2).sum()); k = min(5 / norm, 1);
        return dW * k, db * k, dA_prev * k  # the norm of all three, at 5
        norm = np.sqrt((dW**2).sum() + (db**2).sum() + (dA_prev**2).sum()); k = min(10 / norm, 1);
        return dW * k, db * k, dA_prev * k  # the norm of all three, at 10
        norm = np.sqrt((dW**2).sum() + (db**2).sum()); k = min(1 / norm, 1); return dW * k, db * k, dA_prev
        # dW db: the norm of dW and db together, at 1
        norm = np.sqrt((dW**2).sum() + (db**2).sum()); k = min(5 / norm, 1); return dW * k, db * k, dA_prev
        # dW db: the norm of dW and db together, at 5
        norm = np.sqrt((dW**2).sum() + (db**2).sum()); k = min(10 / norm, 1); return dW * k, db * k, dA_prev
        # dW db: the norm of dW and db together, at 10
        """,
        sources=("notebooks",),
    ),
)
