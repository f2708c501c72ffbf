import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    Ho = 1 + (H + 2 * pad - HH) // stride
    Wo = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, Ho, Wo))
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    out[n, f, i, j] = np.sum(x_pad[n, :, i * stride:i * stride + HH, j * stride:j * stride + WW] * w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, F, Ho, Wo = dout.shape
    _, C, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    window = x_pad[n, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
                    db[f] += dout[n, f, i, j]
                    dw[f] += window * dout[n, f, i, j]
                    dx_pad[n, :, i * stride:i * stride + HH, j * stride:j * stride + WW] += w[f] * dout[n, f, i, j]
    dx = dx_pad[:, :, pad:pad + x.shape[2], pad:pad + x.shape[3]]
    return dx, dw, db


def conv_forward(A_prev, W, b, hparameters):
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride, pad = hparameters["stride"], hparameters["pad"]
    n_H = int((n_H_prev + 2 * pad - f) / stride) + 1
    n_W = int((n_W_prev + 2 * pad - f) / stride) + 1
    Z = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    s = A_prev_pad[i, h * stride:h * stride + f, w * stride:w * stride + f, :]
                    Z[i, h, w, c] = np.sum(s * W[:, :, :, c]) + float(b[0, 0, 0, c])
    cache = (A_prev, W, b, hparameters)
    return Z, cache


def conv_backward(dZ, cache):
    (A_prev, W, b, hparameters) = cache
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride = hparameters["stride"]
    pad = hparameters["pad"]
    (m, n_H, n_W, n_C) = dZ.shape
    dA_prev = np.zeros((m, n_H_prev, n_W_prev, n_C_prev))
    dW = np.zeros((f, f, n_C_prev, n_C))
    db = np.zeros((1, 1, 1, n_C))
    A_prev_pad = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dA_prev_pad = np.pad(dA_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        da_prev_pad = dA_prev_pad[i]
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    vert_start = h * stride
                    vert_end = vert_start + f
                    horiz_start = w * stride
                    horiz_end = horiz_start + f
                    a_slice = a_prev_pad[vert_start:vert_end, horiz_start:horiz_end, :]
                    da_prev_pad[vert_start:vert_end, horiz_start:horiz_end, :] += W[:, :, :, c] * dZ[i, h, w, c]
                    dW[:, :, :, c] += a_slice * dZ[i, h, w, c]
                    db[:, :, :, c] += dZ[i, h, w, c]
        dA_prev[i, :, :, :] = da_prev_pad[pad:-pad, pad:-pad, :]
    return dA_prev, dW, db


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    k, s = pool_param["size"], pool_param["stride"]
    Ho, Wo = 1 + (H - k) // s, 1 + (W - k) // s
    out = np.zeros((N, C, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = x[:, :, i * s:i * s + k, j * s:j * s + k].max(axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    k, s = pool_param["size"], pool_param["stride"]
    N, C, Ho, Wo = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    window = x[n, c, i * s:i * s + k, j * s:j * s + k]
                    mask = window == np.max(window)
                    dx[n, c, i * s:i * s + k, j * s:j * s + k] += mask * dout[n, c, i, j]
    return dx


def max_pool_argmax_forward(x):
    N, C, H, W = x.shape
    windows = x.reshape(N, C, H // 2, 2, W // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, C, H // 2, W // 2, 4)
    best = windows.argmax(axis=-1)
    out = windows.max(axis=-1)
    return out, (x.shape, best)


def max_pool_argmax_backward(dout, cache):
    shape, best = cache
    dx = np.zeros(shape)
    for n, c, i, j in np.ndindex(*dout.shape):
        di, dj = divmod(best[n, c, i, j], 2)
        dx[n, c, 2 * i + di, 2 * j + dj] = dout[n, c, i, j]
    return dx


def max_pool_fast_forward(x):
    N, C, H, W = x.shape
    xr = x.reshape(N, C, H // 2, 2, W // 2, 2)
    out = xr.max(axis=3).max(axis=4)
    return out, (x, xr, out)


def max_pool_fast_backward(dout, cache):
    x, xr, out = cache
    dxr = np.zeros_like(xr)
    mask = xr == out[:, :, :, None, :, None]
    dxr[mask] = np.broadcast_to(dout[:, :, :, None, :, None], dxr.shape)[mask]
    dxr /= mask.sum(axis=(3, 5), keepdims=True)
    return dxr.reshape(x.shape)


def avg_pool_forward(x, k, s):
    H, W = x.shape
    out = np.zeros(((H - k) // s + 1, (W - k) // s + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = x[i * s:i * s + k, j * s:j * s + k].mean()
    return out, (x, k, s)


def avg_pool_backward(dout, cache):
    x, k, s = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            dx[i * s:i * s + k, j * s:j * s + k] += dout[i, j] / (k * k)
    return dx


def global_pool_forward(x):
    out = x.mean(axis=(2, 3))
    return out, x.shape


def global_pool_backward(dout, cache):
    N, C, H, W = cache
    return np.broadcast_to(dout[:, :, None, None] / (H * W), cache).copy()


def conv1d_forward(x, w):
    n, k = len(x), len(w)
    y = np.array([np.dot(x[t:t + k], w) for t in range(n - k + 1)])
    return y, (x, w)


def conv1d_backward(dy, cache):
    x, w = cache
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    t = 0
    while t < len(dy):
        dx[t:t + len(w)] += dy[t] * w
        dw += dy[t] * x[t:t + len(w)]
        t += 1
    return dx, dw


def conv_taps_forward(x, w):
    C, H, W = x.shape
    F, _, K, _ = w.shape
    out = np.zeros((F, H - K + 1, W - K + 1))
    for i in range(K):
        for j in range(K):
            out += np.tensordot(w[:, :, i, j], x[:, i:i + H - K + 1, j:j + W - K + 1], axes=(1, 0))
    return out, (x, w)


def conv_taps_backward(dout, cache):
    x, w = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    F, ho, wo = dout.shape
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            dx[:, i:i + ho, j:j + wo] += np.tensordot(w[:, :, i, j], dout, axes=(0, 0))
            dw[:, :, i, j] = np.tensordot(dout, x[:, i:i + ho, j:j + wo], axes=((1, 2), (1, 2)))
    return dx, dw


def im2col(x, k):
    C, H, W = x.shape
    cols = np.zeros((C * k * k, (H - k + 1) * (W - k + 1)))
    n = 0
    for i in range(H - k + 1):
        for j in range(W - k + 1):
            cols[:, n] = x[:, i:i + k, j:j + k].ravel()
            n += 1
    return cols


def col2im(dcols, shape, k):
    C, H, W = shape
    dx = np.zeros(shape)
    n = 0
    for i in range(H - k + 1):
        for j in range(W - k + 1):
            dx[:, i:i + k, j:j + k] += dcols[:, n].reshape(C, k, k)
            n += 1
    return dx


def conv_im2col_forward(x, w):
    F, C, k, _ = w.shape
    x_cols = im2col(x, k)
    res = w.reshape(F, -1) @ x_cols
    out = res.reshape(F, x.shape[1] - k + 1, x.shape[2] - k + 1)
    return out, (x, w, x_cols)


def conv_im2col_backward(dout, cache):
    x, w, x_cols = cache
    F, C, k, _ = w.shape
    dres = dout.reshape(F, -1)
    dw = (dres @ x_cols.T).reshape(w.shape)
    dx_cols = w.reshape(F, -1).T @ dres
    dx = col2im(dx_cols, x.shape, k)
    return dx, dw


def upsample_forward(x):
    out = x.repeat(2, axis=0).repeat(2, axis=1)
    return out


def upsample_backward(dout):
    H, W = dout.shape
    dx = np.zeros((H // 2, W // 2))
    for i in range(H):
        for j in range(W):
            dx[i // 2, j // 2] += dout[i, j]
    return dx
