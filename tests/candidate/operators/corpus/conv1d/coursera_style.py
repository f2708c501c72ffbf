import numpy as np


def zero_pad(X, pad):
    return np.pad(X, ((0, 0), (pad, pad), (0, 0)), 'constant', constant_values=0)


def conv1d_forward(A_prev, W, b, hparameters):
    """
    A_prev -- (m, n_W_prev, n_C_prev)
    W -- (f, n_C_prev, n_C)
    b -- (1, 1, n_C)
    """
    (m, n_W_prev, n_C_prev) = A_prev.shape
    (f, n_C_prev, n_C) = W.shape
    stride = hparameters['stride']
    pad = hparameters['pad']
    n_W = int((n_W_prev - f + 2 * pad) / stride) + 1
    Z = np.zeros((m, n_W, n_C))
    A_prev_pad = zero_pad(A_prev, pad)
    for i in range(m):
        for w in range(n_W):
            for c in range(n_C):
                a_slice = A_prev_pad[i, w * stride:w * stride + f, :]
                Z[i, w, c] = np.sum(a_slice * W[:, :, c]) + b[0, 0, c]
    cache = (A_prev, W, b, hparameters)
    return Z, cache


def conv1d_backward(dZ, cache):
    (A_prev, W, b, hparameters) = cache
    (m, n_W_prev, n_C_prev) = A_prev.shape
    (f, n_C_prev, n_C) = W.shape
    stride = hparameters['stride']
    pad = hparameters['pad']
    (m, n_W, n_C) = dZ.shape

    dA_prev = np.zeros((m, n_W_prev, n_C_prev))
    dW = np.zeros((f, n_C_prev, n_C))
    db = np.zeros((1, 1, n_C))
    A_prev_pad = zero_pad(A_prev, pad)
    dA_prev_pad = zero_pad(dA_prev, pad)

    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        da_prev_pad = dA_prev_pad[i]
        for w in range(n_W):
            for c in range(n_C):
                horiz_start = w * stride
                horiz_end = horiz_start + f
                a_slice = a_prev_pad[horiz_start:horiz_end, :]
                da_prev_pad[horiz_start:horiz_end, :] += W[:, :, c] * dZ[i, w, c]
                dW[:, :, c] += a_slice * dZ[i, w, c]
                db[:, :, c] += dZ[i, w, c]
        dA_prev[i, :, :] = da_prev_pad[pad:pad + n_W_prev, :]
    assert dA_prev.shape == (m, n_W_prev, n_C_prev)
    return dA_prev, dW, db
