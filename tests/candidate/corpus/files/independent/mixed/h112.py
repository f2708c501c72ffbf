import numpy as np


def conv_forward(A_prev, W, b, stride, pad):
    f = W.shape[0]
    A = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    n_H, n_W = (A.shape[1] - f) // stride + 1, (A.shape[2] - f) // stride + 1
    Z = np.zeros((len(A), n_H, n_W, W.shape[3]))
    for h in range(n_H):
        for w in range(n_W):
            Z[:, h, w] = np.tensordot(A[:, h * stride:h * stride + f, w * stride:w * stride + f], W, 3) + b.ravel()
    return Z, {"A_prev": A_prev, "W": W, "b": b, "stride": stride, "pad": pad}


def conv_backward(dZ, cache):
    A_prev, W, stride, pad = cache["A_prev"], cache["W"], cache["stride"], cache["pad"]
    f = W.shape[0]
    A = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dA, dW = np.zeros_like(A), np.zeros_like(W)
    _, n_H, n_W, n_C = dZ.shape
    for h in range(n_H):
        for w in range(n_W):
            top, left = w * stride, h * stride
            for c in range(n_C):
                g = dZ[:, h, w, c].reshape(-1, 1, 1, 1)
                dA[:, top:top + f, left:left + f] += W[..., c] * g
                dW[..., c] += (A[:, top:top + f, left:left + f] * g).sum(axis=0)
    return dA[:, pad:pad + A_prev.shape[1], pad:pad + A_prev.shape[2]], dW, dZ.sum(axis=(0, 1, 2)).reshape(cache["b"].shape)
