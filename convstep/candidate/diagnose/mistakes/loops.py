"""The readable backward passes that known mistakes are patches of: texts, which run.

Arrays have a batch axis; `W` is `(C_out, f_h, f_w, C_in // groups)`. All of them return the same
gradients. A line stands once in a loop, so that a patch can name it by its text.
"""

from __future__ import annotations

ARTICLE = """
def backward(dZ, A_prev, W, b, stride, padding, dilation, groups):
    (s_h, s_w), (d_h, d_w) = stride, dilation
    (p_t, p_b), (p_l, p_r) = padding
    N, H_in, W_in, C_in = A_prev.shape
    _, H_out, W_out, _ = dZ.shape
    C_out, f_h, f_w, C_k = W.shape
    A_prev_pad = zero_pad(A_prev, p_t, p_b, p_l, p_r)
    dW = np.zeros(W.shape)
    db = np.zeros(C_out)
    dA_prev_pad = np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in))
    for i_n in range(N):
        for i_h in range(H_out):
            for i_w in range(W_out):
                h_start, w_start = i_h * s_h, i_w * s_w
                h = slice(h_start, h_start + d_h * (f_h - 1) + 1, d_h)
                w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w)
                for i_c in range(C_out):
                    c_start = i_c // (C_out // groups) * C_k
                    c = slice(c_start, c_start + C_k)
                    a_slice = A_prev_pad[i_n, h, w, c]
                    dz = dZ[i_n, i_h, i_w, i_c]
                    dW[i_c] += a_slice * dz
                    db[i_c] += dz
                    dA_prev_pad[i_n, h, w, c] += W[i_c] * dz
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:p_l + W_in]
    return dW, db, dA_prev
"""
"""The article's: step by step."""

COLUMNS = """
def backward(dZ, A_prev, W, b, stride, padding, dilation, groups):
    (s_h, s_w), (d_h, d_w) = stride, dilation
    (p_t, p_b), (p_l, p_r) = padding
    N, H_in, W_in, C_in = A_prev.shape
    _, H_out, W_out, _ = dZ.shape
    C_out, f_h, f_w, C_k = W.shape
    A_prev_pad = zero_pad(A_prev, p_t, p_b, p_l, p_r)
    columns = np.zeros((N, H_out, W_out, f_h, f_w, C_in))
    for k_h in range(f_h):
        for k_w in range(f_w):
            h = slice(k_h * d_h, k_h * d_h + (H_out - 1) * s_h + 1, s_h)
            w = slice(k_w * d_w, k_w * d_w + (W_out - 1) * s_w + 1, s_w)
            columns[:, :, :, k_h, k_w] = A_prev_pad[:, h, w]
    dZ_rows = dZ.reshape(N * H_out * W_out, C_out)
    db = dZ_rows.sum(axis=0)
    dW = np.zeros(W.shape)
    dcolumns = np.zeros((N, H_out, W_out, f_h, f_w, C_in))
    for g in range(groups):
        c = slice(g * C_k, (g + 1) * C_k)
        i_c = slice(g * (C_out // groups), (g + 1) * (C_out // groups))
        rows = columns[..., c].reshape(N * H_out * W_out, f_h * f_w * C_k)
        dW_rows = dZ_rows[:, i_c].T @ rows
        dW[i_c] = dW_rows.reshape(-1, f_h, f_w, C_k)
        W_rows = W[i_c].reshape(-1, f_h * f_w * C_k)
        drows = dZ_rows[:, i_c] @ W_rows
        dcolumns[..., c] = drows.reshape(N, H_out, W_out, f_h, f_w, C_k)
    dA_prev_pad = np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in))
    for k_h in range(f_h):
        for k_w in range(f_w):
            h = slice(k_h * d_h, k_h * d_h + (H_out - 1) * s_h + 1, s_h)
            w = slice(k_w * d_w, k_w * d_w + (W_out - 1) * s_w + 1, s_w)
            dA_prev_pad[:, h, w] += dcolumns[:, :, :, k_h, k_w]
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:p_l + W_in]
    return dW, db, dA_prev
"""
"""With im2col and col2im: one matrix product, all windows at once."""

TRANSPOSED = """
def backward(dZ, A_prev, W, b, stride, padding, dilation, groups):
    (s_h, s_w), (d_h, d_w) = stride, dilation
    (p_t, p_b), (p_l, p_r) = padding
    N, H_in, W_in, C_in = A_prev.shape
    _, H_out, W_out, C_out = dZ.shape
    _, f_h, f_w, C_k = W.shape
    A_prev_pad = zero_pad(A_prev, p_t, p_b, p_l, p_r)
    dZ_up = np.zeros((N, (H_out - 1) * s_h + 1, (W_out - 1) * s_w + 1, C_out)); dZ_up[:, ::s_h, ::s_w] = dZ
    _, H_up, W_up, _ = dZ_up.shape
    db = dZ.sum(axis=(0, 1, 2))
    t_h, t_w = (A_prev_pad.shape[1] - H_up) // d_h + 1, (A_prev_pad.shape[2] - W_up) // d_w + 1
    dW_valid = np.zeros((C_out, t_h, t_w, C_k))
    around_h, around_w = d_h * (f_h - 1), d_w * (f_w - 1)
    dZ_pad = zero_pad(dZ_up, around_h, around_h, around_w, around_w)
    W_rotated = W[:, ::-1, ::-1]
    H_full, W_full = H_up + around_h, W_up + around_w
    dA_full = np.zeros((N, H_full, W_full, C_in))
    for i_c in range(C_out):
        c = slice(i_c // (C_out // groups) * C_k, (i_c // (C_out // groups) + 1) * C_k)
        dz = dZ_up[..., i_c, np.newaxis]
        dz_pad = dZ_pad[..., i_c, np.newaxis]
        for k_h in range(t_h):
            for k_w in range(t_w):
                a_slice = A_prev_pad[:, k_h * d_h:k_h * d_h + H_up, k_w * d_w:k_w * d_w + W_up, c]
                dW_valid[i_c, k_h, k_w] = (a_slice * dz).sum(axis=(0, 1, 2))
        for k_h in range(f_h):
            for k_w in range(f_w):
                dz_slice = dz_pad[:, k_h * d_h:k_h * d_h + H_full, k_w * d_w:k_w * d_w + W_full]
                dA_full[..., c] += W_rotated[i_c, k_h, k_w] * dz_slice
    dW = dW_valid[:, :f_h, :f_w]
    dA_prev_pad = np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in))
    dA_prev_pad[:, :H_full, :W_full] = dA_full
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:p_l + W_in]
    return dW, db, dA_prev
"""
"""As correlations: `dA_prev` of the spread, padded dZ with the rotated kernel, `dW` of the input with dZ."""

LOOPS = (ARTICLE, COLUMNS, TRANSPOSED)
"""A patch is one of the first that has all of its lines."""
