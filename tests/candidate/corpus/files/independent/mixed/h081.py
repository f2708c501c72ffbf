import numpy as np


def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    s, p = hparameters["stride"], hparameters["pad"]
    fh, fw = W.shape[:2]
    A = np.pad(A_prev, ((0, 0), (p, p), (p, p), (0, 0)))
    dA, dW = np.zeros_like(A), np.zeros_like(W)
    kernel = np.squeeze(W) if W.shape[3] == 1 else W
    for i in range(dZ.shape[1]):
        for j in range(dZ.shape[2]):
            at = np.s_[:, i * s:i * s + fh, j * s:j * s + fw]
            dW += np.tensordot(A[at], dZ[:, i, j], axes=([0], [0]))
            dA[at] += np.tensordot(dZ[:, i, j], kernel, axes=([1], [3]))
    _, H, Wd, _ = A_prev.shape
    return dA[:, p:p + H, p:p + Wd], dW, dZ.sum(axis=(0, 1, 2)).reshape(b.shape)
