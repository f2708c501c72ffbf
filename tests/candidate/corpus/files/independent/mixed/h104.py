import numpy as np


class Cache:
    def __init__(self, A_prev, W, b, stride, pad):
        self.A_prev, self.W, self.b, self.stride, self.pad = A_prev, W, b, stride, pad


def conv_backward(dZ, cache):
    A_prev, W, stride, pad = cache.A_prev, cache.W, cache.stride, cache.pad
    dA_prev, dW = np.zeros(A_prev.shape), np.zeros(W.shape)
    fh, fw = W.shape[:2]
    border = ((0, 0), (pad, pad), (pad, pad), (0, 0))
    A_pad = np.pad(A_prev, border)
    dA_pad = np.pad(dA_prev, border)
    for h in range(dZ.shape[1]):
        for w in range(dZ.shape[2]):
            ys, xs = slice(h * stride, h * stride + fh), slice(w * stride, w * stride + fw)
            dW += np.tensordot(A_pad[:, ys, xs], dZ[:, h, w], axes=([0], [0]))
            dA_pad[:, ys, xs] += np.tensordot(dZ[:, h, w], W, axes=([1], [3]))
    db = dZ.sum(axis=(0, 1, 2))
    return dA_prev, dW, db
