import numpy as np


def maxpool_backward(dA, A_prev, f, stride):
    """
    dA: (m, n_H, n_W, n_C), A_prev: (m, n_H_prev, n_W_prev, n_C)
    f: window size, stride: step
    """
    grads = {}
    m, n_H, n_W, n_C = dA.shape
    dA_prev = np.zeros(A_prev.shape)
    for h in range(n_H):
        for w in range(n_W):
            r0, c0 = h * stride, w * stride
            window = A_prev[:, r0:r0 + f, c0:c0 + f, :]
            flat = window.reshape(m, f * f, n_C)
            # one-hot over the window, for every sample and channel
            onehot = np.arange(f * f)[None, :, None] == flat.argmax(axis=1)[:, None, :]
            dA_prev[:, r0:r0 + f, c0:c0 + f, :] += (onehot * dA[:, h, w, :][:, None, :]).reshape(m, f, f, n_C)
    grads["dA_prev"] = dA_prev
    return grads
