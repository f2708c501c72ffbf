import numpy as np


def conv_transpose_forward(A_prev, W, b, hparameters):
    """
    A_prev -- (m, n_H_prev, n_W_prev, n_C_prev)
    W -- (f, f, n_C_prev, n_C)
    b -- (1, 1, 1, n_C)
    hparameters -- "stride" and "pad"
    """
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride = hparameters["stride"]
    pad = hparameters["pad"]
    n_H = (n_H_prev - 1) * stride + f - 2 * pad
    n_W = (n_W_prev - 1) * stride + f - 2 * pad
    Z_pad = np.zeros((m, n_H + 2 * pad, n_W + 2 * pad, n_C))
    for i in range(m):
        for h in range(n_H_prev):
            for w in range(n_W_prev):
                for c in range(n_C):
                    vert, horiz = h * stride, w * stride
                    Z_pad[i, vert:vert + f, horiz:horiz + f, c] += np.dot(W[:, :, :, c], A_prev[i, h, w, :])
    Z = Z_pad[:, pad:pad + n_H, pad:pad + n_W, :] + b
    cache = (A_prev, W, b, hparameters)
    return Z, cache


def conv_transpose_backward(dZ, cache):
    (A_prev, W, b, hparameters) = cache
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride = hparameters["stride"]
    pad = hparameters["pad"]

    dA_prev = np.zeros(A_prev.shape)
    dW = np.zeros(W.shape)
    db = np.sum(dZ, axis=(0, 1, 2), keepdims=True)
    dZ_pad = np.pad(dZ, ((0, 0), (pad, pad), (pad, pad), (0, 0)), 'constant')

    for i in range(m):
        for h in range(n_H_prev):
            for w in range(n_W_prev):
                for c in range(n_C):
                    vert_start = h * stride
                    vert_end = vert_start + f
                    horiz_start = w * stride
                    horiz_end = horiz_start + f
                    dz_slice = dZ_pad[i, vert_start:vert_end, horiz_start:horiz_end, c]
                    dA_prev[i, h, w, :] += np.sum(W[:, :, :, c] * dz_slice[:, :, None], axis=(0, 1))
                    dW[:, :, :, c] += dz_slice[:, :, None] * A_prev[i, h, w, :]
    return dA_prev, dW, db
