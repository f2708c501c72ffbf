from collections import namedtuple
import numpy as np

ConvCache = namedtuple("ConvCache", ["A_prev", "W", "b", "stride", "pad"])


def conv_backward(dZ, cache):
    A_prev, W, b, stride, pad = cache
    m, H, Wd, C = A_prev.shape
    f = W.shape[0]
    x = np.pad(A_prev.transpose(0, 3, 1, 2), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    w = W.transpose(3, 2, 0, 1)
    d = dZ.transpose(0, 3, 1, 2)
    v = np.lib.stride_tricks.sliding_window_view(x, (f, f), axis=(2, 3))[:, :, ::stride, ::stride]
    dW = np.einsum("nkhw,nchwij->ijck", d, v)
    dx = np.zeros_like(x)
    for i in range(d.shape[2]):
        for j in range(d.shape[3]):
            dx[:, :, i * stride:i * stride + f, j * stride:j * stride + f] += np.tensordot(d[:, :, i, j], w, 1)
    dA = dx[:, :, pad:pad + H, pad:pad + Wd]
    return dA.reshape(m, H, Wd, C), dW, dZ.sum(axis=(0, 1, 2)).reshape(b.shape)
