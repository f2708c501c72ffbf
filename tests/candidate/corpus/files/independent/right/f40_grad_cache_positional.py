import numpy as np


def conv_forward(A_prev, W, b, hparameters):
    n_H0, n_W0 = A_prev.shape[1:3]
    f, s, p = W.shape[0], hparameters["stride"], hparameters["pad"]
    n_H, n_W = int((n_H0 - f + 2 * p) / s) + 1, int((n_W0 - f + 2 * p) / s) + 1
    Ap = np.pad(A_prev, ((0, 0), (p, p), (p, p), (0, 0)))
    Z = np.zeros((A_prev.shape[0], n_H, n_W, W.shape[3]))
    for h in range(n_H):
        for w in range(n_W):
            a = Ap[:, h * s:h * s + f, w * s:w * s + f, :, None]
            Z[:, h, w] = np.sum(a * W[None], axis=(1, 2, 3)) + b[0, 0, 0]
    # the padded input goes into the cache
    return Z, (Ap, W, b, hparameters)


def conv_backward(dZ, cache):
    A_prev_pad, W, b, hparameters = cache
    f, s, p = W.shape[0], hparameters["stride"], hparameters["pad"]
    dA = np.zeros(A_prev_pad.shape)
    dW = np.zeros(W.shape)
    for h in range(dZ.shape[1]):
        for w in range(dZ.shape[2]):
            for c in range(dZ.shape[3]):
                g = dZ[:, h, w, c][:, None, None, None]
                dA[:, h * s:h * s + f, w * s:w * s + f] += W[..., c] * g
                dW[..., c] += (A_prev_pad[:, h * s:h * s + f, w * s:w * s + f] * g).sum(0)
    if p:
        dA = dA[:, p:-p, p:-p, :]
    return dA, dW, dZ.sum(axis=(0, 1, 2)).reshape(1, 1, 1, -1)
