import numpy as np


def conv_backward(dZ, cache):
    (A_prev, W, b, hparameters) = cache
    stride = hparameters['stride']
    pad = hparameters['pad']
    m, H, Wd, _ = A_prev.shape
    f = W.shape[0]
    A_pad = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dA_pad = A_pad.copy()
    dW = np.zeros(W.shape)
    for i in range(m):
        for h in range(dZ.shape[1]):
            for w in range(dZ.shape[2]):
                for c in range(dZ.shape[3]):
                    r, q = h * stride, w * stride
                    dA_pad[i, r:r + f, q:q + f] += W[..., c] * dZ[i, h, w, c]
                    dW[..., c] += A_pad[i, r:r + f, q:q + f] * dZ[i, h, w, c]
    db = np.sum(dZ, axis=(1, 2, 3))
    return dA_pad[:, pad:pad + H, pad:pad + Wd], dW, db
